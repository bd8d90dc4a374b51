"""A prepared query says the same as the query that it was made from."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Exists, F, OuterRef, QuerySet
from pytest_django import DjangoAssertNumQueries

from evidence.models import Evidence
from people.models import Account
from records.prepared import PreparedQuery
from tests.evidence.factories import EvidenceFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def pieces_of(owner: UUID) -> QuerySet[Any, Any]:
    """With a text, a moment, an id and a truth: each written otherwise by each database."""
    has_account = Exists(Account.objects.filter(pk=OuterRef("owner")))
    rows = Evidence.objects.filter(owner=owner).order_by("pk")
    return rows.values("pk", "recorded_at", title=F("current__title"), has_account=has_account)


def test_it_says_the_same(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    pieces = [EvidenceFactory() for _each in range(2)]
    prepared = PreparedQuery(pieces_of)

    for piece in pieces:
        expected = list(pieces_of(piece.owner_id))
        with django_assert_num_queries(1):
            found = prepared.rows(piece.owner_id)
        assert found == expected
        assert [list(map(type, row.values())) for row in found] == [
            list(map(type, row.values())) for row in expected
        ]
    assert prepared.rows(uuid4()) == []


def test_it_is_made_once() -> None:
    made = []

    def make(owner: UUID) -> QuerySet[Any, Any]:
        made.append(owner)
        return pieces_of(owner)

    prepared = PreparedQuery(make)
    prepared.rows(uuid4())
    prepared.rows(uuid4())

    assert len(made) == 1
