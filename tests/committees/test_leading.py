"""Who opens, decides and defers is present: the chair, or the member whom the secretary notes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import Case, Leading, Meeting
from committees.who_sits import panel_sealed
from people.access import NotAllowed
from people.models import Account, Person
from records.refusals import NotPossible
from tests.committees.factories import HELD, AttendanceFactory, Scene, cited_in, found_in, scene

pytestmark = pytest.mark.django_db


def present(made: Scene, *people: Account) -> None:
    for user in people:
        actions.mark_present(meeting=made.meeting, person=user.person, by=user, at=HELD)


def note(made: Scene, user: Account) -> None:
    actions.note_leading(meeting=made.meeting, person=user.person, by=made.secretary, at=HELD)


def opened(made: Scene, by: Account) -> Meeting:
    return actions.open_meeting(meeting=made.meeting, by=by, at=HELD)


def test_a_chair_who_is_not_present_opens_nothing() -> None:
    made = scene(state=Case.State.FROZEN)
    present(made, made.member)

    for user in (made.chair, made.member, made.secretary):
        with pytest.raises(NotAllowed):
            opened(made, user)
    present(made, made.chair)

    assert opened(made, made.chair).state == Meeting.State.OPEN


def test_the_member_whom_the_secretary_notes_leads_to_the_letter() -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.member)
    made.judge(made.other_member)
    present(made, made.member, made.other_member)
    note(made, made.member)

    opened(made, made.member)
    actions.open_judgements(case=made.case, by=made.member, at=HELD)
    with pytest.raises(NotAllowed):
        actions.defer(case=made.case, reason="More.", by=made.chair, at=HELD)
    decision = actions.decide(
        case=made.case, findings=found_in(made.case, "attained"), motivation="Seen.",
        cited=cited_in(made.case), by=made.member, at=HELD,
    )  # fmt: skip
    actions.close_meeting(meeting=made.meeting, by=made.member, at=HELD)
    actions.announce(case=made.case, by=made.member, at=HELD)

    leader = panel_sealed(decision).leader
    assert leader is not None
    assert leader.person == decision.by_id == made.member.pk


def test_the_chair_who_comes_late_leads_from_then() -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.member)
    made.judge(made.other_member)
    present(made, made.member, made.other_member)
    note(made, made.member)
    opened(made, made.member)

    present(made, made.chair)

    with pytest.raises(NotAllowed):
        actions.open_judgements(case=made.case, by=made.member, at=HELD)
    actions.open_judgements(case=made.case, by=made.chair, at=HELD)


@pytest.mark.tampers
def test_announcing_after_the_meeting_asks_no_presence() -> None:
    made = scene(state=Case.State.DECIDED)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    made.meeting.attendances.update(ended_at=HELD)

    actions.announce(case=made.case, by=made.chair, at=HELD + timedelta(hours=1))

    assert made.refreshed().state == Case.State.ANNOUNCED


@pytest.mark.parametrize("who", ["chair", "secretary", "other_member", "adviser"])
def test_only_a_voting_member_who_is_present_is_noted(who: str) -> None:
    made = scene()
    present(made, made.chair, made.secretary, made.member)

    with pytest.raises(NotPossible):
        note(made, getattr(made, who))


def test_one_leads_at_a_time_and_it_stays_on_record() -> None:
    made = scene()
    present(made, made.member, made.other_member)

    note(made, made.member)
    note(made, made.other_member)

    rows = Leading.objects.order_by("ended_at")
    assert {(row.person_id, row.ended_at) for row in rows} == {
        (made.member.pk, HELD),
        (made.other_member.pk, None),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Leading.objects.create(meeting=made.meeting, person=made.member.person)


# --- Before the planned day -----------------------------------------------------------------------


def test_opening_before_the_planned_day_asks_for_a_reason_that_is_kept() -> None:
    made = scene()
    early = HELD - timedelta(days=1)

    for reason in ("", "  "):
        with translation.override("en"), pytest.raises(NotPossible, match="9 November 2026"):
            actions.open_meeting(meeting=made.meeting, by=made.chair, reason=reason, at=early)
    meeting = actions.open_meeting(
        meeting=made.meeting, by=made.chair, reason=" All are here. ", at=early
    )

    assert (meeting.early_reason, meeting.opened_at) == ("All are here.", early)


def test_on_the_day_no_reason_is_asked_nor_kept() -> None:
    made = scene()
    AttendanceFactory(
        meeting=made.meeting, person=made.chair, recorded_at=HELD - timedelta(hours=3)
    )

    meeting = actions.open_meeting(
        meeting=made.meeting, by=made.chair, reason="For nothing.", at=HELD - timedelta(hours=2)
    )

    assert meeting.early_reason == ""


@pytest.mark.tampers
def test_letter_and_record_say_the_real_day_and_the_record_why() -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.chair)
    made.judge(made.member)
    present(made, made.chair, made.member, made.other_member)
    early = HELD - timedelta(days=3)
    made.meeting.attendances.update(recorded_at=early)
    actions.open_meeting(meeting=made.meeting, by=made.chair, reason="All are here.", at=early)
    made.open_judgements()
    made.decide()
    made.announce()
    client = Client()

    pages = {}
    for user, name in ((made.student, "letter"), (made.auditor, "case_record")):
        Person.objects.filter(pk=user.pk).update(language="en")
        client.force_login(user)
        with translation.override("en"):
            answer = client.get(reverse(f"committees:{name}", args=[made.case.pk]))
        pages[name] = " ".join(answer.content.decode().split())

    assert "meeting of 6 November 2026" in pages["letter"]
    assert "6 November 2026" in pages["case_record"]
    assert "All are here." in pages["case_record"]


def test_the_page_lets_the_secretary_note_who_leads() -> None:
    made = scene()
    present(made, made.member)
    client = Client()
    client.force_login(made.secretary)
    page = reverse("committees:meeting", args=[made.meeting.pk])

    Person.objects.filter(pk=made.secretary.pk).update(language="en")
    with translation.override("en"):
        before = client.get(page).content.decode()
    client.post(
        reverse("committees:leading", args=[made.meeting.pk]), {"person": str(made.member.pk)}
    )
    after = client.get(page).content.decode()

    assert "nobody yet: the chair is not present" in before
    assert "nobody yet" not in after
    assert Leading.objects.get().person == made.member.person


def test_the_page_says_why_it_opened_early() -> None:
    made = scene()
    Meeting.objects.update(held_at="2126-11-09T12:00Z")
    client = Client()
    client.force_login(made.chair)
    page = reverse("committees:meeting", args=[made.meeting.pk])
    address = reverse("committees:meeting_open", args=[made.meeting.pk])

    for reason in ("", "x" * 501):
        answer = client.post(address, {"reason": reason})
        assert (answer.status_code, reason in answer.text) == (422, True)
    assert Meeting.objects.get().state == Meeting.State.PLANNED
    client.post(address, {"reason": "All are here."})

    assert Meeting.objects.get().state == Meeting.State.OPEN
    assert "All are here." in client.get(page).content.decode()
