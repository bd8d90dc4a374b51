"""What the docstrings of `committees` say of queries."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from committees import access, agenda, record, snapshots, standing, who_sits
from committees.models import Case
from committees.rules import Panel
from records.refusals import NotPossible
from tests.committees.factories import HELD, Scene, scene

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def panel(made: Scene) -> Panel:
    return who_sits.panel_of(made.case, HELD)


# How many, of what, of a case whose judgements were opened.
COSTS: dict[str, tuple[int, Callable[[Scene], object]]] = {
    "role_of": (1, lambda made: access.role_of(made.chair, made.committee, HELD)),
    "sits_somewhere": (1, lambda made: access.sits_somewhere(made.chair, made.member.person)),
    "check_not_in_session": (1, lambda made: access.check_not_in_session(made.committee)),
    "panel_of": (1, panel),
    "panel_in": (1, lambda made: who_sits.panel_in(made.meeting, HELD)),
    "panels_of, none": (0, lambda made: who_sits.panels_of([], HELD)),
    "rows_for": (2, lambda made: agenda.rows_for(made.cases, viewer=made.chair, at=HELD)),
    "rows_for, none": (0, lambda made: agenda.rows_for([], viewer=made.chair, at=HELD)),
    "agenda_of": (5, lambda made: agenda.agenda_of(made.meeting, viewer=made.chair, at=HELD)),
    "mark_of": (2, lambda made: agenda.mark_of(made.meeting)),
    "read": (1, lambda made: snapshots.read(made.case)),
    "steps_of, that name nobody": (1, lambda made: record.steps_of(made.case)),
    "standing_on, of a first case": (
        2,
        lambda made: standing.standing_on(made.unit, made.case.enrolment_id),
    ),
    "waiting_for": (1, lambda made: standing.waiting_for(made.unit, [made.case.enrolment_id])),
    "preview": (18, lambda made: snapshots.preview(made.case, timezone.now())),
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
