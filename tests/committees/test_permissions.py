"""Who may do what when: every action by every role in every state, from the same set-up."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from committees import actions
from committees.models import Attendance, Case, Membership, Snapshot
from people.access import NotAllowed
from people.models import Account
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    AttendanceFactory,
    ContradictionFactory,
    MembershipFactory,
    Scene,
    cited_in,
    findings_of,
    found_in,
    give_mandate,
    scene,
)
from tests.factories import LONG_AGO, AccountFactory, EnrolmentFactory, InstitutionRoleFactory

pytestmark = pytest.mark.django_db

IN_SESSION = "frozen, in session"
STATES = [*Case.State.values, IN_SESSION]
PLANNED, FROZEN, OPENED, DECIDED, ANNOUNCED, DEFERRED = Case.State.values
AT = HELD + timedelta(hours=1)


def seats_given(made: Scene, by: Account) -> None:
    actions.give_seat(
        committee=made.committee,
        email="new@school.example",
        name="New",
        role=Membership.Role.MEMBER,
        by=by,
    )


def seat_ended(made: Scene, by: Account) -> None:
    actions.end_seat(seat=made.committee.memberships.get(person=made.other_member.pk), by=by)


def committee_made(made: Scene, by: Account) -> None:
    actions.make_committee(programme=made.programme, name="Another", by=by)


def mandate_given(made: Scene, by: Account) -> None:
    give_mandate(made.committee, by=by)


def noted(made: Scene) -> Attendance:
    """What the secretary noted of the member."""
    return AttendanceFactory(
        meeting=made.meeting, person=made.member, by=made.secretary, ended_at=LONG_AGO
    )


def contradicted(made: Scene, by: Account) -> None:
    actions.contradict(attendance=noted(made), by=by, at=AT)


def contradiction_answered(made: Scene, by: Account) -> None:
    said = ContradictionFactory(attendance=noted(made))
    actions.answer_contradiction(
        contradiction=said, was_there=True, reason="I saw them.", by=by, at=AT
    )


def meeting_planned(made: Scene, by: Account) -> None:
    soon = AT + timedelta(days=1)
    actions.plan_meeting(
        committee=made.committee, held_at=soon, reference_at=soon, place="", by=by, at=AT
    )


def case_put_on(made: Scene, by: Account) -> None:
    enrolment = EnrolmentFactory(programme=made.programme)
    actions.put_on_agenda(
        meeting=made.meeting, unit=made.unit, enrolments=[enrolment], by=by, at=LONG_AGO
    )


def findings(made: Scene) -> dict[str, str]:
    return findings_of(made.case, "attained") if has_set(made) else {}


def has_set(made: Scene) -> bool:
    return Snapshot.objects.filter(case=made.case).exists()


def judged(made: Scene, by: Account) -> None:
    actions.judge(case=made.case, findings=findings(made), motivation="Seen.", by=by, at=AT)


def decided(made: Scene, by: Account) -> None:
    actions.decide(
        case=made.case,
        findings=found_in(made.case, "attained") if has_set(made) else {},
        motivation="Seen.",
        cited=cited_in(made.case) if has_set(made) else [],
        by=by,
        at=AT,
    )


Act = Callable[[Scene, Account], object]
BOTH = ("chair", "secretary")
# Each action with who may do it, and in which states it can be done.
ACTIONS: dict[str, tuple[Act, tuple[str, ...], tuple[str, ...]]] = {
    "make_committee": (committee_made, ("coordinator",), (*STATES,)),
    "give_mandate": (mandate_given, ("exam board",), (*STATES,)),
    "give_seat": (seats_given, ("coordinator",), (*STATES,)),
    "end_seat": (seat_ended, ("coordinator",), (*STATES,)),
    "plan_meeting": (meeting_planned, BOTH, (*STATES,)),
    "put_on_agenda": (case_put_on, BOTH, (PLANNED, FROZEN)),
    "take_off_agenda": (
        lambda made, by: actions.take_off_agenda(case=made.case, by=by, at=AT),
        BOTH,
        (PLANNED,),
    ),
    "hurry_freezing": (
        lambda made, by: actions.hurry_freezing(meeting=made.meeting, by=by, at=AT),
        BOTH,
        (PLANNED,),
    ),
    "mark_present": (
        lambda made, by: actions.mark_present(
            meeting=made.meeting, person=made.chair.person, by=by, at=AT
        ),
        BOTH,
        (*STATES,),
    ),
    "mark_present, another": (
        lambda made, by: actions.mark_present(
            meeting=made.meeting, person=made.other_member.person, by=by, at=AT
        ),
        ("secretary",),
        (*STATES,),
    ),
    "mark_absent": (
        lambda made, by: actions.mark_absent(
            meeting=made.meeting, person=made.chair.person, by=by, at=AT
        ),
        ("chair",),  # who said it themselves
        (*STATES,),
    ),
    "note_presence": (
        lambda made, by: actions.note_presence(
            meeting=made.meeting,
            came=[made.secretary.person],
            left=[made.secretary.person],
            by=by,
            at=AT,
        ),
        ("secretary",),
        (*STATES,),
    ),
    "contradict": (contradicted, ("member",), (*STATES,)),
    "answer_contradiction": (contradiction_answered, ("secretary",), (*STATES,)),
    "note_leading": (
        lambda made, by: actions.note_leading(
            meeting=made.meeting, person=made.member.person, by=by, at=AT
        ),
        BOTH,
        (*STATES,),
    ),
    "open_meeting": (
        lambda made, by: actions.open_meeting(meeting=made.meeting, by=by, at=AT),
        ("chair",),
        (PLANNED, FROZEN),
    ),
    "close_meeting": (
        lambda made, by: actions.close_meeting(meeting=made.meeting, by=by, at=AT),
        ("chair",),
        (DECIDED, ANNOUNCED, DEFERRED),
    ),
    "judge": (judged, ("chair", "member"), (FROZEN, IN_SESSION)),
    "recuse": (
        lambda made, by: actions.recuse(case=made.case, reason="A neighbour.", by=by, at=AT),
        ("chair", "secretary", "member"),
        (FROZEN, IN_SESSION, OPENED),
    ),
    "open_judgements": (
        lambda made, by: actions.open_judgements(case=made.case, by=by, at=AT),
        ("chair",),
        (IN_SESSION,),
    ),
    "decide": (decided, ("chair",), (OPENED,)),
    "defer": (
        lambda made, by: actions.defer(case=made.case, reason="Show more.", by=by, at=AT),
        ("chair",),
        (IN_SESSION, OPENED),
    ),
    "announce": (
        lambda made, by: actions.announce(case=made.case, by=by, at=AT),
        ("chair",),
        (DECIDED,),
    ),
}


def people(made: Scene) -> dict[str, Account]:
    return {
        "chair": made.chair,
        "secretary": made.secretary,
        "member": made.member,
        "former member": MembershipFactory(committee=made.committee, ended=True).person.account,
        "coordinator": made.coordinator,
        "auditor": made.auditor,
        "exam board": InstitutionRoleFactory(role="exam_board").person.account,
        "adviser": made.adviser,
        "student": made.student,
        "stranger": AccountFactory(),
    }


def brought_to(state: str) -> Scene:
    """With chair and member present."""
    if state in (PLANNED, FROZEN):
        made = scene(state=state)
        for user in (made.chair, made.member):
            actions.mark_present(meeting=made.meeting, person=user.person, by=user, at=HELD)
        return made
    if state != IN_SESSION:
        return scene(state=state)
    made = scene(state=FROZEN)
    made.judge(made.member)
    made.judge(made.other_member)
    made.open_meeting()
    return made


class _Undo(Exception):
    pass


def outcome(act: Act, made: Scene, by: Account) -> str:
    try:
        with transaction.atomic():
            act(made, by)
            raise _Undo
    except _Undo:
        return "done"
    except NotAllowed:
        return "not allowed"
    except NotPossible:
        return "not possible"


@pytest.mark.parametrize("state", STATES)
def test_who_may_do_what_when(state: str) -> None:
    made = brought_to(state)
    expected, found = {}, {}
    for role, person in people(made).items():
        for name, (act, may, when) in ACTIONS.items():
            can = "done" if state in when else "not possible"
            expected[role, name] = can if role in may else "not allowed"
            found[role, name] = outcome(act, made, person)

    assert found == expected


def test_the_system_freezes_and_nobody_else_needs_to() -> None:
    made = scene()

    actions.freeze_case(case=made.case, at=AT)

    assert made.refreshed().state == FROZEN


@pytest.mark.parametrize("name", ["judge", "open_judgements", "decide", "defer", "announce"])
def test_who_stands_aside_does_nothing(name: str) -> None:
    made = brought_to(IN_SESSION)
    if name in ("decide", "announce"):
        made.open_judgements()
    actions.recuse(case=made.case, reason="A neighbour.", by=made.chair, at=AT)
    if name == "announce":
        decide_in_the_chairs_place(made)

    assert outcome(ACTIONS[name][0], made, made.chair) == "not allowed"
    if name != "judge":  # nobody leads in their place until the secretary notes who does
        assert outcome(ACTIONS[name][0], made, made.secretary) == "not allowed"
        note_member(made)
        assert outcome(ACTIONS[name][0], made, made.member) == "done"
        assert outcome(ACTIONS[name][0], made, made.other_member) == "not allowed"


def note_member(made: Scene) -> None:
    actions.note_leading(meeting=made.meeting, person=made.member.person, by=made.secretary, at=AT)


def decide_in_the_chairs_place(made: Scene) -> None:
    note_member(made)
    decided(made, made.member)
