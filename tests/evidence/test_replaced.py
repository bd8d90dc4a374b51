"""What was put differently later: the later row counts, the earlier stays on record."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.models import Evidence, Feedback
from portfolio.loading import load
from post.models import OutboxMail
from post.outbox import BUILDERS
from tests.evidence.factories import FeedbackFactory
from tests.evidence.scenes import Scene, scene
from tests.factories import LONG_AGO

pytestmark = pytest.mark.django_db

LATER = LONG_AGO + timedelta(days=1)


def put_differently(place: Scene) -> tuple[Feedback, Feedback]:
    given = {"enrolment": place.enrolment, "evidence": place.piece}
    line = place.lines[0]
    first = FeedbackFactory(**given, noted=True, remarks={line: "Too hasty"})
    return first, FeedbackFactory(
        **given,
        person=first.person,
        replaces=first,
        remarks={line: "Well considered"},
        recorded_at=LATER,
    )


def on_the_page_of_the_piece(place: Scene, client: Client) -> str:
    client.force_login(place.student)
    return client.get(reverse("evidence:detail", args=[place.piece.pk])).content.decode()


def on_the_coverage(place: Scene, client: Client) -> str:
    client.force_login(place.student)
    return client.get(reverse("portfolio:in_full", args=[place.enrolment.pk])).content.decode()


def in_the_set(place: Scene, client: Client) -> str:
    return str(load(place.enrolment).feedback)


@pytest.mark.parametrize("shown", [on_the_page_of_the_piece, on_the_coverage, in_the_set])
def test_only_the_later_words_are_read(
    shown: Callable[[Scene, Client], str], client: Client
) -> None:
    place = scene()
    put_differently(place)

    text = shown(place, client)

    assert ("Well considered" in text, "Too hasty" in text) == (True, False)


def test_before_it_was_put_differently_the_earlier_words_count() -> None:
    place = scene()
    first, second = put_differently(place)

    then = load(place.enrolment, as_of=LATER - timedelta(microseconds=1))
    now = load(place.enrolment, as_of=LATER)

    assert [item.id for item in then.feedback] == [str(first.pk)]
    assert [item.id for item in now.feedback] == [str(second.pk)]
    assert list(Feedback.objects.current()) == [second]


def test_it_counts_once() -> None:
    place = scene()
    put_differently(place)

    [piece] = Evidence.objects.for_list(timezone.now()).filter(pk=place.piece.pk)

    assert piece.remarks == 1


def test_what_was_replaced_is_no_longer_asked_to_be_confirmed(client: Client) -> None:
    place = scene()
    first, _ = put_differently(place)

    answer = client.get(reverse("evidence:confirm", args=[first.confirmation_token]))

    assert answer.status_code == 404
    assert BUILDERS["evidence/confirmation"](OutboxMail(about=first.pk)) is None


def test_nothing_is_replaced_twice() -> None:
    place = scene()
    first, _ = put_differently(place)

    with pytest.raises(IntegrityError), transaction.atomic():
        FeedbackFactory(enrolment=place.enrolment, evidence=place.piece, replaces=first)
