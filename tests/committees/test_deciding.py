"""Opening together, deciding on the set, deferring, announcing."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from committees import actions
from committees.models import Case, Decision, Finding, Outcome
from committees.rules import Disclosure, Found
from committees.snapshots import read
from committees.who_sits import panel_sealed
from post.models import OutboxMail
from records.models import Chain, Event
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    MeetingFactory,
    Scene,
    answered_piece,
    cited_in,
    findings_of,
    found_in,
    give_mandate,
    scene,
)
from tests.factories import LONG_AGO, UnitPartFactory, WorkProcessFactory

pytestmark = pytest.mark.django_db


def decide(made: Scene, **other: object) -> Decision:
    words = {
        "findings": found_in(made.case, Outcome.ATTAINED),
        "motivation": "The set shows it.",
        "cited": cited_in(made.case),
    }
    return actions.decide(case=made.case, by=made.chair, at=HELD, **words | other)  # type: ignore[arg-type]  # of mixed values


def frozen_with_judgements(*judges: str) -> Scene:
    made = scene(state=Case.State.FROZEN)
    for name in judges:
        made.judge(getattr(made, name))
    return made


def test_without_quorum_nothing_is_opened() -> None:
    made = frozen_with_judgements("chair", "member")
    made.open_meeting(made.chair, made.secretary)

    with pytest.raises(NotPossible):
        made.open_judgements()

    assert made.refreshed().state == Case.State.FROZEN


@pytest.mark.parametrize("judges", [(), ("chair",)])
def test_without_the_judgements_asked_nothing_is_opened(judges: tuple[str, ...]) -> None:
    made = frozen_with_judgements(*judges)
    made.open_meeting()

    with pytest.raises(NotPossible):
        made.open_judgements()


def test_someone_who_judges_has_no_other_part_in_the_set() -> None:
    made = scene()
    for user in (made.member, made.other_member):
        answered_piece(made.case.enrolment, made.requirement, person=user)
    made.freeze()
    made.judge(made.member)
    made.judge(made.other_member)
    made.open_meeting()

    with pytest.raises(NotPossible):
        made.open_judgements()

    made.judge(made.chair)
    made.open_judgements()
    assert made.refreshed().state == Case.State.OPENED


def test_who_left_does_not_count_for_the_decision() -> None:
    made = scene(state=Case.State.OPENED)
    for user in (made.member, made.other_member):
        actions.mark_absent(meeting=made.meeting, person=user.person, by=user, at=HELD)

    with pytest.raises(NotPossible):
        decide(made)


def test_an_adviser_of_now_does_not_count_and_is_recorded() -> None:
    made = scene(state=Case.State.OPENED)
    enrolment = made.case.enrolment
    enrolment.adviser_assignments.update(ended_at=HELD)
    enrolment.adviser_assignments.create(adviser=made.other_member.person, recorded_at=HELD)

    decide(made)

    other = made.other_member.pk
    assert dict(made.case.recusals.values_list("person", "ground")) == {other: "adviser"}
    panel = panel_sealed(made.refreshed().decision)
    assert dict(panel.aside) == {other: "adviser"}
    assert {seat.person for seat in panel.counted} == {made.chair.pk, made.member.pk}


def test_a_decision_needs_findings_a_motivation_and_what_it_rests_on() -> None:
    made = scene(state=Case.State.OPENED)
    frozen = made.case.snapshot
    person = frozen.items.filter(kind="person").first()
    assert person is not None

    wrongs: list[dict[str, object]] = [
        {"findings": {}},
        {"motivation": " "},
        {"cited": []},
        {"cited": ["0" * 64]},
        {"cited": [person.digest]},
    ]
    for wrong in wrongs:
        with pytest.raises(NotPossible):
            decide(made, **wrong)

    assert made.refreshed().state == Case.State.OPENED
    assert Decision.objects.count() == 0


def test_a_decision_keeps_what_was_found_and_on_which_set() -> None:
    made = scene(pieces=2, state=Case.State.OPENED)
    frozen = read(made.case)
    cited = [frozen.digests[frozen.evidence_set.feedback[1].id], *cited_in(made.case)]

    decision = decide(made, cited=[*cited, cited[0]], motivation=" Twice seen. ")

    decision.refresh_from_db()
    assert decision.snapshot == made.case.snapshot
    assert [(row.part, row.outcome, row.to_show) for row in decision.findings.all()] == [
        (made.unit.parts.get(), "attained", "")
    ]
    assert (decision.motivation, decision.cited) == ("Twice seen.", cited)
    assert made.refreshed().state == Case.State.DECIDED


def test_a_committee_may_differ_from_its_members() -> None:
    made = scene(state=Case.State.OPENED)

    decision = decide(made, findings=found_in(made.case, "not_yet"))

    assert decision.findings.get().outcome == "not_yet"


def test_deferring_needs_a_reason_and_no_quorum() -> None:
    made = frozen_with_judgements()
    made.open_meeting(made.chair)

    with pytest.raises(NotPossible):
        actions.defer(case=made.case, reason=" ", by=made.chair, at=HELD)
    actions.defer(case=made.case, reason=" Show it to a client. ", by=made.chair, at=HELD)

    case = made.refreshed()
    assert (case.state, case.deferral.reason) == (Case.State.DEFERRED, "Show it to a client.")
    assert told("deferral") == {
        ("committees/deferral", made.student.pk),
        ("committees/deferral_adviser", made.adviser.pk),
    }


def told(what: str) -> set[tuple[str, UUID]]:
    rows = OutboxMail.objects.filter(template__startswith=f"committees/{what}")
    return set(rows.values_list("template", "to"))


def test_an_announcement_carries_the_head_of_the_chain() -> None:
    made = scene(state=Case.State.DECIDED)
    head = Chain.objects.get(key=made.case.chain).head

    made.announce()

    case = made.refreshed()
    assert case.decision.announcement.head == head
    assert Event.objects.get(verb="decision.made").digest == head
    assert told("decision") == {
        ("committees/decision", made.student.pk),
        ("committees/decision_adviser", made.adviser.pk),
    }


def test_a_meeting_closes_when_every_case_has_an_outcome() -> None:
    made = scene(students=2, state=Case.State.OPENED)
    first, second = made.cases

    actions.defer(case=first, reason="Show more.", by=made.chair, at=HELD)
    with pytest.raises(NotPossible):
        actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    made.cases = [second]
    made.decide()
    closed = actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    made.announce()

    assert closed.state == "closed"
    assert made.refreshed().state == Case.State.ANNOUNCED


def test_in_a_closed_meeting_nobody_comes_or_goes() -> None:
    made = scene(state=Case.State.DECIDED)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)

    for mark in (actions.mark_present, actions.mark_absent):
        with pytest.raises(NotPossible):
            mark(meeting=made.meeting, person=made.chair.person, by=made.chair, at=HELD)


def test_only_who_sits_in_the_committee_is_present() -> None:
    made = scene()

    with pytest.raises(NotPossible):
        actions.mark_present(
            meeting=made.meeting, person=made.adviser.person, by=made.secretary, at=HELD
        )


def test_after_a_deferral_a_later_meeting_takes_up_a_new_case() -> None:
    made = scene(state=Case.State.FROZEN)
    reference_at = HELD + timedelta(days=30)
    later = actions.plan_meeting(
        committee=made.committee, held_at=reference_at, reference_at=reference_at, place="",
        by=made.secretary, at=LONG_AGO,
    )  # fmt: skip

    def put_on() -> list[Case]:
        return actions.put_on_agenda(
            meeting=later, unit=made.unit, enrolments=[made.case.enrolment], by=made.secretary,
            at=HELD,
        )  # fmt: skip

    with pytest.raises(NotPossible):
        put_on()
    made.open_meeting()
    actions.defer(case=made.case, reason="Show more.", by=made.chair, at=HELD)

    (new,) = put_on()
    assert (new.state, new.order) == (Case.State.PLANNED, 1)


def test_a_committee_stays_in_its_programme() -> None:
    made, other = scene(), scene()

    for unit, enrolment in (
        (other.unit, made.case.enrolment),
        (made.unit, other.case.enrolment),
    ):
        with pytest.raises(NotPossible):
            actions.put_on_agenda(
                meeting=made.meeting, unit=unit, enrolments=[enrolment], by=made.secretary,
                at=LONG_AGO,
            )  # fmt: skip


def test_the_sets_are_not_frozen_after_the_meeting() -> None:
    made = scene()

    with pytest.raises(NotPossible):
        actions.plan_meeting(
            committee=made.committee, held_at=HELD, reference_at=HELD + timedelta(seconds=1),
            place="", by=made.secretary,
        )  # fmt: skip


def test_a_case_off_the_agenda_is_gone_and_its_chain_says_so() -> None:
    made = scene()
    case = made.case

    actions.take_off_agenda(case=case, by=made.secretary)

    assert not Case.objects.filter(pk=case.pk).exists()
    last = Event.objects.filter(chain__key=case.chain).latest("number")
    assert (last.verb, last.statement["rows"]) == (
        "case.taken_off_agenda",
        {f"committees.case:{case.pk}": None},
    )


@pytest.mark.parametrize("state", [Case.State.PLANNED, Case.State.OPENED, Case.State.DECIDED])
def test_a_student_waits_for_one_case_on_a_unit(state: str) -> None:
    made = scene()
    made.bring_to(state)
    later = MeetingFactory(committee=made.committee)

    with translation.override("en"), pytest.raises(NotPossible, match="waits for a decision"):
        actions.put_on_agenda(
            meeting=later, unit=made.unit, enrolments=[made.case.enrolment], by=made.secretary,
            at=LONG_AGO,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            meeting=later, enrolment=made.case.enrolment, unit=made.unit, recorded_at=HELD
        )


def test_what_is_not_yet_attained_is_still_to_be_shown() -> None:
    made = scene(parts=2, state=Case.State.OPENED)
    first, second = findings_of(made.case, "")

    for to_show in ("", "  \n"):
        with translation.override("en"), pytest.raises(NotPossible, match="still to be shown"):
            decide(made, findings={first: Found("attained"), second: Found("not_yet", to_show)})
    decision = decide(
        made,
        findings={
            second: Found("not_yet", " A talk with a client. ", HELD.date()),
            first: Found("attained", "Passed over.", HELD.date()),
        },
    )

    assert list(decision.findings.values_list("part", "outcome", "to_show", "due_on")) == [
        (UUID(first), "attained", "", None),
        (UUID(second), "not_yet", "A talk with a client.", HELD.date()),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "attained", "to_show": "Something."},
        {"outcome": "attained", "due_on": HELD.date()},
        {"outcome": "not_yet"},
        {"outcome": "failed", "to_show": "Something."},
    ],
)
def test_the_database_refuses_a_finding_that_makes_no_sense(wrong: dict[str, object]) -> None:
    made = scene(state=Case.State.DECIDED)
    more = UnitPartFactory(unit=made.unit, work_process=WorkProcessFactory())

    with pytest.raises(IntegrityError), transaction.atomic():
        Finding.objects.create(decision=Decision.objects.get(), part=more, order=2, **wrong)


@pytest.mark.tampers
def test_who_sat_is_read_from_the_decision_and_never_live() -> None:
    made = scene()
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    made.bring_to(Case.State.OPENED)
    actions.recuse(case=made.case, reason="A neighbour.", by=made.other_member, at=HELD)
    made.committee.memberships.filter(person=made.chair.pk).update(recorded_at=LONG_AGO)
    made.decide()
    before = panel_sealed(made.refreshed().decision)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)

    give_mandate(made.committee, quorum=3, judgements_asked=3, at=HELD)
    made.committee.memberships.exclude(person=made.chair.pk).update(ended_at=HELD)
    made.meeting.attendances.update(ended_at=HELD)

    assert panel_sealed(made.refreshed().decision) == before
    assert before.quorum == 2
    assert {seat.name for seat in before.seats} == {"Chair", "Secretary", "Member", "Other_Member"}
    assert dict(before.aside) == {made.other_member.pk: "own_request"}
    assert dict(before.givers) == {made.member.pk: Disclosure.PERSON}
    assert before.present == {made.chair.pk, made.member.pk, made.other_member.pk}
    assert before.judged == {made.chair.pk, made.member.pk}


@pytest.mark.tampers
def test_who_sat_is_kept_with_a_deferral_too() -> None:
    made = scene(state=Case.State.DEFERRED)
    made.committee.memberships.update(ended_at=HELD)

    panel = panel_sealed(made.refreshed().deferral)

    assert panel.present == {made.chair.pk, made.member.pk, made.other_member.pk}
    assert len(panel.seats) == 4
