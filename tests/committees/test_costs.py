"""What the docstrings of `committees` say of queries."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from committees import access, agenda, record, snapshots, standing, who_sits
from committees.models import Case
from committees.rules import Disclosure, Panel
from people.actions import say_same
from people.identity import said_to_be
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    Scene,
    answered_piece,
    exam_board,
    known_at_mailbox_of,
    scene,
)
from tests.evidence.factories import FeedbackFactory, GiverFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def panel(made: Scene) -> Panel:
    return who_sits.panel_of(made.case, HELD)


# How many, of what, of a case whose judgements were opened.
COSTS: dict[str, tuple[int, Callable[[Scene], object]]] = {
    "role_of": (1, lambda made: access.role_of(made.chair, made.committee, HELD)),
    "sits_somewhere": (1, lambda made: access.sits_somewhere(made.chair, made.member.person)),
    "panel_of": (1, panel),
    "panel_in": (1, lambda made: who_sits.panel_in(made.meeting, HELD)),
    "panels_of, none": (0, lambda made: who_sits.panels_of([], HELD)),
    "rows_for": (2, lambda made: agenda.rows_for(made.cases, viewer=made.chair, at=HELD)),
    "rows_for, none": (0, lambda made: agenda.rows_for([], viewer=made.chair, at=HELD)),
    "agenda_of, and its programme": (
        6,
        lambda made: agenda.agenda_of(made.meeting, viewer=made.chair, at=HELD),
    ),
    "mark_of": (1, lambda made: agenda.mark_of(made.chair, meeting=made.meeting.pk)),
    "read": (1, lambda made: snapshots.read(made.case)),
    "steps_of, that name nobody": (1, lambda made: record.steps_of(made.case)),
    "standing_on, of a first case": (
        2,
        lambda made: standing.standing_on(made.unit, made.case.enrolment_id),
    ),
    "waiting_for": (1, lambda made: standing.waiting_for(made.unit, [made.case.enrolment_id])),
    "preview": (17, lambda made: snapshots.preview(made.case, timezone.now())),
}


@pytest.mark.parametrize("what", COSTS)
def test_it_costs_what_is_said(
    what: str, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    made = scene(state=Case.State.OPENED)
    made.cases = list(Case.objects.for_list().filter(meeting=made.meeting))
    count, act = COSTS[what]

    with django_assert_num_queries(count), suppress(NotPossible):
        act(made)


def test_asking_who_may_give_a_mandate_costs_what_is_said(
    django_assert_num_queries: "DjangoAssertNumQueries",
) -> None:
    made, board = scene(), exam_board()
    with CaptureQueriesContext(connection) as said:
        said_to_be([board.pk])

    with django_assert_num_queries(3 + len(said)):
        access.check_may_give_mandate(board, made.committee)


def tied(made: Scene, givers: int, *, how: str) -> None:
    """In every set so many people spoke who may be the member: known at a mailbox of theirs, and
    each said to be somebody from elsewhere; with a word on each of them, where that was asked."""
    known = [known_at_mailbox_of(made.member, f"Giver{number}") for number in range(givers)]
    if how != "at a mailbox":
        say_same(one=made.member.person, other=GiverFactory(), reason="I know them.", by=None)
        for giver in known:
            say_same(one=giver, other=GiverFactory(), reason="I know them.", by=None)
    for case in made.cases:
        piece = answered_piece(case.enrolment, made.requirement)
        for giver in known:
            FeedbackFactory(
                enrolment=case.enrolment,
                evidence=piece,
                person=giver,
                remarks={made.requirement: "Calm."},
            )
    made.freeze()
    if how == "said on record":
        made.say_whose(made.member, is_theirs=False)


# Who is there, and what was said of whose it is; and eight for who is said to be whom.
TIES = {"at a mailbox": 2, "said to be somebody": 10, "said on record": 10}


@pytest.mark.parametrize("givers", [1, 30])
@pytest.mark.parametrize("how", TIES)
def test_ties_cost_the_same_however_many(
    how: str, givers: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    made = scene()
    tied(made, givers, how=how)
    case = made.refreshed()

    with django_assert_num_queries(TIES[how]):
        found = who_sits.panel_of(case, HELD)

    words = found.said if how == "said on record" else found.unsaid
    assert len(words[made.member.pk]) == givers


@pytest.mark.parametrize("cases", [1, 30])
@pytest.mark.parametrize("how", TIES)
def test_ties_cost_the_same_for_a_whole_agenda(
    how: str, cases: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    made = scene(students=cases)
    tied(made, 2, how=how)
    rows = list(Case.objects.for_list().filter(meeting=made.meeting))

    with django_assert_num_queries(TIES[how]):
        found = who_sits.panels_of(rows, HELD)

    assert len(found) == cases
    assert {panel.givers[made.member.pk] for panel in found.values()} == {Disclosure.MAILBOX}
