"""A prepared query says the same as the query that it was made from."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evidence.models import Evidence
from people.models import Account
from records.prepared import MOST_IDS, PreparedQuery
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


def of_a_day(owner: UUID, some: list[UUID], until: date) -> QuerySet[Evidence]:
    rows = Evidence.objects.filter(owner=owner, current__happened_on__lte=until, pk__in=some)
    return rows.with_withdrawal().select_related("owner", "current").order_by("pk")


def test_it_gives_rows_with_what_is_selected_with_them(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    owner = EvidenceFactory().owner
    pieces = [EvidenceFactory(owner=owner) for _each in range(3)]
    some = [piece.pk for piece in pieces[:2]]
    prepared = PreparedQuery(of_a_day)
    today = timezone.localdate()

    expected = list(of_a_day(owner.pk, some, today))
    prepared.rows(uuid4(), [], today)
    with django_assert_num_queries(1):
        found = prepared.rows(owner.pk, some, today)
        shown = [(row.owner.name, row.current.title, row.withdrawn_at) for row in found]

    assert found == expected
    assert [vars(row.current)["happened_on"] for row in found] == [
        row.current.happened_on for row in expected
    ]
    assert shown == [(owner.name, row.current.title, None) for row in expected]
    assert len(found) == 2
    assert prepared.rows(owner.pk, some, date(2001, 1, 1)) == []


def test_no_more_ids_than_there_is_room_for() -> None:
    prepared = PreparedQuery(of_a_day)

    with pytest.raises(ValueError, match="no more than 20"):
        prepared.rows(uuid4(), [uuid4()] * (MOST_IDS + 1), timezone.localdate())


def of_somebody_once(_owner: UUID) -> QuerySet[Evidence]:
    return Evidence.objects.filter(owner=UUID(int=1))


def test_what_would_stay_what_it_was_is_refused() -> None:
    with pytest.raises(RuntimeError, match="of_somebody_once"):
        PreparedQuery(of_somebody_once).rows(uuid4())
