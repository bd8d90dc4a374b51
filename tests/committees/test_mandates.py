"""What the exam board establishes of a committee is replaced and never changed: a meeting is held
under the mandate of its reference moment."""

from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import Case, Mandate
from committees.who_sits import panel_in, panel_of, panel_sealed
from people.models import Account, Person
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    REFERENCE,
    Scene,
    exam_board,
    give_mandate,
    scene,
)

pytestmark = pytest.mark.django_db

OLD, NEW = "Decides on all units of this programme.", "Decides on the basic part."


def give(made: Scene, **other: object) -> Mandate:
    return give_mandate(made.committee, **{"text": NEW, **other})


def visit(by: Account, page: str, key: object, data: dict[str, object] | None = None) -> str:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    address = reverse(f"committees:{page}", args=[key])
    with translation.override("en"):
        answer = client.get(address) if data is None else client.post(address, data, follow=True)
    return " ".join(answer.content.decode().split())


def test_a_decision_stays_under_its_mandate() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    first = made.committee.mandate

    second = give(made, at=HELD + timedelta(days=1))

    decision = made.refreshed().standing
    assert first is not None
    assert (panel_sealed(decision).mandate, made.refreshed().meeting.committee.mandate) == (
        first.pk,
        second,
    )
    for by, page in ((made.student, "letter"), (made.auditor, "case_record")):
        read = visit(by, page, made.case.pk)
        assert ("20 August 2026" in read, OLD in read, NEW in read) == (True, True, False)
    corrected = made.supersede(at=HELD + timedelta(days=2))
    assert panel_sealed(corrected).mandate == first.pk


def test_a_deferral_names_its_mandate_too() -> None:
    made = scene(state=Case.State.DEFERRED)

    assert panel_sealed(made.refreshed().deferral).mandate == made.committee.mandate_id


@pytest.mark.parametrize(
    ("at", "figures"),
    [
        (REFERENCE - timedelta(days=1), (3, 3)),
        (REFERENCE, (3, 3)),
        (REFERENCE + timedelta(seconds=1), (2, 2)),
        (HELD, (2, 2)),
    ],
)
def test_a_meeting_is_held_under_the_mandate_of_its_reference_moment(
    at: datetime, figures: tuple[int, int]
) -> None:
    made = scene(state=Case.State.FROZEN)

    give(made, judgements_asked=3, at=at)

    panels = (panel_of(made.refreshed(), HELD), panel_in(made.refreshed().meeting, HELD))
    for panel in panels:
        assert (panel.quorum, panel.judgements_asked) == figures


def test_the_record_says_who_gave_it() -> None:
    made, board = scene(), exam_board()

    mandate = give(made, text=f" {NEW} ", given_on=date(2026, 11, 8), by=board)

    event = Event.objects.get(chain__key=made.committee.chain)
    assert (mandate.text, mandate.number, event.verb, event.by) == (NEW, 2, "mandate.given", board)
    facts = {
        "mandate": str(mandate.pk), "given_on": "2026-11-08", "quorum": 3, "judgements_asked": 2,
    }  # fmt: skip
    assert event.statement["facts"] == facts
    assert list(made.committee.mandates.values_list("quorum", flat=True)) == [2, 3]


def test_a_day_that_is_still_to_come_is_refused() -> None:
    made = scene()
    on_the_day = give(made, given_on=HELD.date())

    with pytest.raises(NotPossible):
        give(made, given_on=HELD.date() + timedelta(days=1))

    assert Mandate.objects.latest("number") == on_the_day


def test_the_exam_board_gives_it_on_its_page() -> None:
    made, board = scene(), exam_board()
    key = made.committee.pk
    data = {
        "text": NEW, "procedure": "So.", "given_on": "2026-08-25", "quorum": "3",
        "judgements_asked": "2",
    }  # fmt: skip

    before = visit(board, "mandate_give", key)
    refused = [
        visit(board, "mandate_give", key, data | {figure: "1"})
        for figure in ("quorum", "judgements_asked")
    ]
    tomorrow = visit(board, "mandate_give", key, data | {"given_on": "2199-01-01"})
    after = visit(board, "mandate_give", key, data)

    assert OLD in before
    assert ["greater than or equal to 2" in page for page in refused] == [True, True]
    assert "still to come" in tomorrow
    assert "The committee is established, with the members that it has now." in after
    assert "25 August 2026" in after
    assert "Given on 20 August 2026, with a quorum of 2 and 2 judgements asked" in after
    assert Mandate.objects.count() == 2


def test_who_may_not_is_not_offered_it() -> None:
    made = scene()

    offered = {
        name: "New mandate" in visit(by, "committee", made.committee.pk)
        for name, by in {
            "coordinator": made.coordinator,
            "exam board": exam_board(),
            "chair": made.chair,
            "auditor": made.auditor,
        }.items()
    }

    assert offered == {"coordinator": False, "exam board": True, "chair": False, "auditor": False}
