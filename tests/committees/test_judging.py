"""Judging alone: sealed, written again, complete; and standing aside."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.models import Case, Judgement
from committees.snapshots import read
from committees.who_sits import panel_of
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import HELD, REFERENCE, Scene, findings_of, scene

pytestmark = pytest.mark.django_db

AT = REFERENCE + timedelta(days=1)


def judge(made: Scene, findings: dict[str, str], motivation: str = "Seen.") -> Judgement:
    return actions.judge(
        case=made.case, findings=findings, motivation=motivation, by=made.member, at=AT
    )


def test_written_again_the_last_counts_and_the_first_stays() -> None:
    made = scene(parts=2, state=Case.State.FROZEN)

    judge(made, findings_of(made.case, "attained"), "First.")
    judge(made, findings_of(made.case, "not_yet"), "Second.")

    rows = made.case.judgements.order_by("number")
    assert [(row.number, row.motivation) for row in rows] == [(1, "First."), (2, "Second.")]
    assert [row.motivation for row in made.case.judgements.standing()] == ["Second."]


def test_a_judgement_has_a_finding_for_each_part_and_a_motivation() -> None:
    made = scene(parts=2, state=Case.State.FROZEN)
    whole = findings_of(made.case, "attained")
    part = next(iter(whole))

    wrong = [
        ({}, "Seen."),
        ({part: "attained"}, "Seen."),
        (whole | {"another": "attained"}, "Seen."),
        (whole | {part: "excellent"}, "Seen."),
        (whole, "  "),
    ]
    for findings, motivation in wrong:
        with pytest.raises(NotPossible):
            judge(made, findings, motivation)

    assert made.case.judgements.count() == 0


def test_the_event_of_a_judgement_says_nothing_of_it() -> None:
    made = scene(state=Case.State.FROZEN)

    judgement = judge(made, findings_of(made.case, "not_yet"))

    event = Event.objects.get(verb="judgement.written")
    assert event.statement["facts"] == {"judgement": str(judgement.pk), "number": 1}
    assert list(event.statement["rows"]) == [f"committees.judgement:{judgement.pk}"]


def test_who_stands_aside_counts_no_more() -> None:
    made = scene(state=Case.State.OPENED)

    actions.recuse(case=made.case, reason=" A neighbour. ", by=made.member, at=HELD)

    panel = panel_of(made.refreshed(), HELD)
    assert [seat.person for seat in panel.judgements_in] == [made.chair.pk]
    assert {seat.person for seat in panel.counted} == {made.chair.pk, made.other_member.pk}
    recusal = made.case.recusals.get()
    assert (recusal.ground, recusal.reason) == ("own_request", "A neighbour.")


def test_a_request_to_stand_aside_has_a_reason() -> None:
    made = scene(state=Case.State.FROZEN)

    with pytest.raises(NotPossible):
        actions.recuse(case=made.case, reason=" ", by=made.member, at=AT)

    assert made.case.recusals.count() == 0


def test_whose_seat_ended_counts_no_more() -> None:
    made = scene(state=Case.State.FROZEN)
    judge(made, findings_of(made.case, "attained"))
    seat = made.committee.memberships.get(person=made.member.pk)

    actions.end_seat(seat=seat, by=made.coordinator, at=AT)

    panel = panel_of(made.refreshed(), HELD)
    assert panel.judgements_in == ()
    assert panel.seat_of(made.member.pk) is None


@pytest.mark.parametrize("late", ["opened", "deferred"])
def test_a_judgement_that_comes_too_late_keeps_what_was_written(client: Client, late: str) -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.chair)
    made.judge(made.other_member)
    made.open_meeting()
    if late == "opened":
        made.open_judgements()
    else:
        actions.defer(case=made.case, reason="More.", by=made.chair, at=HELD)
    client.force_login(made.member)
    part = read(made.case).evidence_set.frame.parts[0].id
    sent = {f"part_{part}": "attained", "motivation": "I saw her plan the work herself."}

    answered = client.post(reverse("committees:case", args=[made.case.pk]), sent)

    assert answered.status_code == 422
    assert "I saw her plan the work herself." in answered.text
    assert not made.case.judgements.filter(person=made.member.pk).exists()
