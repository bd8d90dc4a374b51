"""What the exam board lets a committee decide is replaced and never changed: a decision stays under
the mandate it was taken under."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import Case, Mandate
from committees.who_sits import panel_of, panel_sealed
from people.models import Account, InstitutionRole, Person
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import HELD, Scene, scene
from tests.factories import InstitutionRoleFactory

pytestmark = pytest.mark.django_db

OLD, NEW = "Decides on all units of this programme.", "Decides on the basic part."


def give(made: Scene, **other: object) -> Mandate:
    words = {"text": NEW, "given_on": date(2026, 11, 10), "quorum": 3, "at": HELD}
    return actions.give_mandate(committee=made.committee, by=made.coordinator, **words | other)


def exam_board() -> Account:
    return InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account


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

    assert panel_sealed(made.refreshed().deferral).mandate == made.committee.mandate.pk


def test_the_quorum_of_a_moment_is_that_of_the_mandate_of_then() -> None:
    made = scene(state=Case.State.FROZEN)
    later = HELD + timedelta(days=1)
    give(made, given_on=HELD.date(), at=later)

    quorums = [panel_of(made.refreshed(), at).quorum for at in (HELD, later)]

    assert quorums == [2, 3]


def test_the_record_says_who_noted_it() -> None:
    made = scene()

    mandate = give(made, text=f" {NEW} ", given_on=date(2026, 11, 8))

    event = Event.objects.get(chain__key=made.committee.chain)
    assert (mandate.text, mandate.number, event.verb, event.by) == (
        NEW, 2, "mandate.given", made.coordinator,
    )  # fmt: skip
    facts = {"mandate": str(mandate.pk), "given_on": "2026-11-08", "quorum": 3}
    assert event.statement["facts"] == facts
    assert list(made.committee.mandates.values_list("quorum", flat=True)) == [2, 3]


def test_a_day_that_is_still_to_come_is_refused() -> None:
    made = scene()
    on_the_day = give(made, given_on=HELD.date())

    with pytest.raises(NotPossible):
        give(made, given_on=HELD.date() + timedelta(days=1))
    with pytest.raises(NotPossible):
        actions.make_committee(
            programme=made.programme, name="Another", text=NEW, quorum=2,
            given_on=HELD.date() + timedelta(days=1), by=made.coordinator, at=HELD,
        )  # fmt: skip

    assert Mandate.objects.latest("number") == on_the_day


def test_in_session_the_mandate_stands() -> None:
    made = scene(state=Case.State.ANNOUNCED)

    with pytest.raises(NotPossible, match="in session"), translation.override("en"):
        give(made, given_on=HELD.date())
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)

    assert give(made, given_on=HELD.date()).number == 2


def test_nobody_decides_alone() -> None:
    made = scene()

    with pytest.raises(IntegrityError), transaction.atomic():
        give(made, given_on=HELD.date(), quorum=1)


def test_the_exam_board_gives_it_on_its_page() -> None:
    made, board = scene(), exam_board()
    key = made.committee.pk
    data = {"text": NEW, "given_on": "2026-08-25", "quorum": "3"}

    before = visit(board, "mandate_give", key)
    refused = visit(board, "mandate_give", key, data | {"quorum": "1"})
    tomorrow = visit(board, "mandate_give", key, data | {"given_on": "2199-01-01"})
    after = visit(board, "mandate_give", key, data)

    assert OLD in before
    assert "greater than or equal to 2" in refused
    assert "still to come" in tomorrow
    assert "decides under this mandate from now on" in after
    assert "25 August 2026" in after
    assert "Given on 20 August 2026, with a quorum of 2" in after
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

    assert offered == {"coordinator": True, "exam board": True, "chair": False, "auditor": False}
