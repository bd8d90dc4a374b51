"""What the docstrings of `evidence` say of queries."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from evidence import access, asking
from evidence.access.feedback import (
    asks,
    check_another,
    check_answer,
    check_not_too_many,
    check_remind,
)
from evidence.access.pieces import is_unasked
from evidence.models import Evidence, FeedbackRequest
from people.access import NotAllowed
from records.refusals import NotPossible
from tests.evidence.factories import FeedbackFactory, FeedbackRequestFactory
from tests.evidence.scenes import Scene, scene
from tests.factories import PersonFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def question(place: Scene) -> FeedbackRequest:
    return FeedbackRequest.objects.select_related("evidence").get()


def frames(place: Scene) -> list[asking.QuestionFrame]:
    today = timezone.localdate()
    return asking.frames(place.piece, seen_by=place.student, on=today)


# How many, of what, about a piece that somebody was asked about and another spoke of.
COSTS: dict[str, tuple[int, Callable[[Scene], object]]] = {
    "frames": (3, frames),
    "suggestions, with the frames of one enrolment": (
        3 + 3 + 1,
        lambda place: asking.suggestions(place.piece, frames(place), at=timezone.now()),
    ),
    "for_list": (1, lambda place: list(Evidence.objects.for_list(timezone.now()))),
    "for_page": (2, lambda place: list(Evidence.objects.for_page())),
    "current_links": (1, lambda place: list(place.piece.current_links())),
    "check_may_note": (1, lambda place: access.check_may_note(place.student, place.piece)),
    "check_may_add": (1, lambda place: access.check_may_add(place.student, timezone.now())),
    "is_unasked, where nobody was asked": (
        1,
        lambda place: is_unasked(place.piece),
    ),
    "check_requirement": (
        1,
        lambda place: access.check_requirement(
            place.lines[0], place.piece.owner_id, timezone.now()
        ),
    ),
    "check_answer, with the question": (
        2,
        lambda place: check_answer(question(place), timezone.now()),
    ),
    "check_remind, with the question": (
        2,
        lambda place: check_remind(question(place), timezone.now()),
    ),
    "check_another": (
        2,
        lambda place: check_another(PersonFactory.build(), place.piece, timezone.now()),
    ),
    "check_not_too_many": (
        2,
        lambda place: check_not_too_many(place.student, 1, timezone.now()),
    ),
    "asks, with the question": (
        2,
        lambda place: asks(place.student, question(place), timezone.now()),
    ),
}


@pytest.mark.parametrize("what", COSTS)
def test_it_costs_what_is_said(
    what: str, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    place = scene()
    FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece)
    FeedbackFactory(enrolment=place.enrolment, evidence=place.piece)
    count, act = COSTS[what]

    with django_assert_num_queries(count), suppress(NotAllowed, NotPossible):
        act(place)
