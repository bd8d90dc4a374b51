"""Nobody decides alone: what was tried by one who wanted to, with more of its kind. (domain rule
19)"""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from committees import actions
from committees.actions.errands import ANNOUNCING
from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
    Mandate,
    Meeting,
    Membership,
)
from committees.rules import quorum_sentence
from committees.who_sits import panel_in, panel_of, panels_of
from people.access import NotAllowed
from people.actions import say_same
from people.models import Account, Person
from post.errands import order
from post.models import OutboxMail
from post.outbox import send_due
from post.work import sweep
from programmes.models import ProgrammeRole
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    REFERENCE,
    MeetingFactory,
    MembershipFactory,
    Scene,
    answered_piece,
    cited_in,
    exam_board,
    found_in,
    give_mandate,
    scene,
)
from tests.evidence.factories import GiverFactory
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
)

pytestmark = pytest.mark.django_db

Role = Membership.Role
SOON, LATER = HELD + timedelta(hours=1), HELD + timedelta(days=1)


def told(template: str) -> set[object]:
    rows = OutboxMail.objects.filter(template=f"committees/{template}")
    return set(rows.values_list("to", flat=True))


def note(made: Scene, *people: Account, at: datetime = HELD) -> list[Attendance]:
    """The secretary notes that they are present."""
    return [
        actions.mark_present(meeting=made.meeting, person=user.person, by=made.secretary, at=at)
        for user in people
    ]


def come(made: Scene, *people: Account, at: datetime = HELD) -> None:
    """They say so themselves."""
    for user in people:
        actions.mark_present(meeting=made.meeting, person=user.person, by=user, at=at)


def contradict(attendance: Attendance, at: datetime = SOON) -> Contradiction:
    return actions.contradict(attendance=attendance, by=attendance.person.account, at=at)


def answer(made: Scene, said: Contradiction, *, was_there: bool, at: datetime = SOON) -> None:
    reason = "I sat beside them." if was_there else ""
    actions.answer_contradiction(
        contradiction=said, was_there=was_there, reason=reason, by=made.secretary, at=at
    )


def decided(*noted: str, quorum: int = 3) -> tuple[Scene, list[Attendance]]:
    """A decision with a quorum of three or two; the chair came, and the member, and the other
    member, unless the secretary noted them."""
    made = scene()
    give_mandate(made.committee, quorum=quorum, at=LONG_AGO)
    made.meeting = Meeting.objects.select_related("committee__mandate").get()
    made.freeze()
    made.judge(made.chair)
    made.judge(made.member)
    by_secretary = note(made, *(getattr(made, name) for name in noted))
    come(made, *(getattr(made, name) for name in {"chair", "member", "other_member"} - {*noted}))
    actions.open_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    made.open_judgements()
    made.decide()
    return made, by_secretary


def browser(by: Account) -> Client:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    return client


def page(by: Account, name: str, *args: object) -> str:
    with translation.override("en"):
        answered = browser(by).get(reverse(f"committees:{name}", args=args))
    return " ".join(answered.content.decode().split())


# --- Presence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["chair", "member", "coordinator", "auditor"])
def test_nobody_but_the_secretary_says_of_another_that_they_are_present(who: str) -> None:
    made = scene()
    by = getattr(made, who)

    with pytest.raises(NotAllowed):
        actions.mark_present(meeting=made.meeting, person=made.other_member.person, by=by, at=HELD)
    with pytest.raises(NotAllowed):
        actions.mark_absent(meeting=made.meeting, person=made.other_member.person, by=by, at=HELD)

    assert Attendance.objects.count() == 0


def test_the_chair_who_ticks_four_is_refused_on_the_page() -> None:
    made = scene()
    people = [made.chair, made.member, made.other_member, made.secretary]
    address = reverse("committees:attendance", args=[made.meeting.pk])

    answered = browser(made.chair).post(address, {"present": [str(user.pk) for user in people]})

    assert answered.status_code == 403
    assert Attendance.objects.count() == 0  # their own presence neither


def test_who_says_it_themselves_gets_no_mail_and_who_is_noted_does_at_once() -> None:
    made = scene()

    come(made, made.chair, made.secretary)
    [noted] = note(made, made.member)
    note(made, made.member)  # nothing more happens

    assert told("noted_present") == {made.member.pk}
    mail = OutboxMail.objects.get(template="committees/noted_present")
    assert (mail.about, mail.due_at, mail.cause.verb if mail.cause else "") == (
        noted.pk, HELD, "member.present",
    )  # fmt: skip
    assert (noted.by_id, noted.is_own) == (made.secretary.pk, False)


def test_on_the_page_one_says_that_one_is_here_and_leaves() -> None:
    made = scene()
    client = browser(made.member)
    address = reverse("committees:own_presence", args=[made.meeting.pk])

    before = page(made.member, "meeting", made.meeting.pk)
    client.post(address, {"presence": "here"})
    there = page(made.member, "meeting", made.meeting.pk)
    client.post(address, {"presence": "left"})

    assert ("I am here" in before, "I leave" in there) == (True, True)
    row = Attendance.objects.get()
    assert (row.person_id, row.by_id, row.ended_at is None) == (
        made.member.pk, made.member.pk, False,
    )  # fmt: skip
    assert client.post(address, {"presence": "perhaps"}).status_code == 400
    assert browser(made.auditor).post(address, {"presence": "here"}).status_code == 403


def test_the_secretary_takes_nobody_away_who_came_meanwhile() -> None:
    made = scene()
    note(made, made.chair)
    drawn = {"before": [str(made.chair.pk)]}
    come(made, made.member)  # on their own device
    address = reverse("committees:attendance", args=[made.meeting.pk])

    browser(made.secretary).post(address, drawn | {"present": [str(made.other_member.pk)]})

    there = Attendance.objects.current().values_list("person", flat=True)
    assert set(there) == {made.member.pk, made.other_member.pk}


# --- "I was not there" ----------------------------------------------------------------------------


def test_who_contradicts_is_not_noted_again_by_way_of_leaving() -> None:
    made, [noted] = decided("other_member")
    contradict(noted)
    actions.mark_absent(
        meeting=made.meeting, person=made.other_member.person, by=made.secretary, at=SOON
    )

    with translation.override("en"), pytest.raises(NotPossible, match="first answer that"):
        note(made, made.other_member, at=SOON)

    come(made, made.other_member, at=SOON)  # their own word
    assert Attendance.objects.current().filter(person=made.other_member.pk).count() == 1


def test_said_before_the_announcement_it_holds_it_until_the_secretary_answered() -> None:
    made, [noted] = decided("other_member")

    said = contradict(noted)

    assert told("contradicted") == {made.secretary.pk}
    with translation.override("en"), pytest.raises(NotPossible, match="first the secretary"):
        made.announce()
    shown = page(made.chair, "decide", made.case.pk)
    assert "Announcing waits until the secretary has answered." in shown
    assert "Announce the decision" not in shown
    answer(made, said, was_there=True)
    made.announce()
    assert made.refreshed().state == Case.State.ANNOUNCED


def test_what_was_ordered_for_all_is_held_too() -> None:
    made, [noted] = decided("other_member")
    contradict(noted, at=timezone.now())

    errand = order(
        ANNOUNCING, about=made.meeting.pk, rows=[made.refreshed().standing.pk], by=made.chair
    )
    sweep()

    errand.refresh_from_db()
    assert (made.refreshed().state, errand.ended_at is None) == (Case.State.DECIDED, False)


@pytest.mark.parametrize("when", ["left before", "seat ended"])
def test_who_is_there_no_more_can_say_it_all_the_same(when: str) -> None:
    made, [noted] = decided("other_member", quorum=2)
    if when == "left before":
        actions.mark_absent(
            meeting=made.meeting, person=made.other_member.person, by=made.secretary, at=SOON
        )
    else:
        seat = made.committee.memberships.get(person=made.other_member.pk)
        actions.end_seat(seat=seat, by=made.coordinator, at=SOON)
    address = reverse("committees:contradict", args=[noted.pk])
    client = browser(made.other_member)

    asked = client.get(address)
    client.post(address)

    assert asked.status_code == 200
    assert Contradiction.objects.get().attendance == noted
    with pytest.raises(NotPossible):
        made.announce()


def test_said_after_the_announcement_it_goes_to_the_exam_board() -> None:
    made, [noted] = decided("other_member")
    board, former = exam_board(), exam_board()
    former.person.institution_roles.update(ended_at=LONG_AGO)
    made.announce()

    said = contradict(noted)

    assert told("contradicted_exam_board") == {board.pk}
    assert "not answered yet" in page(board, "case_record", made.case.pk)
    assert page(board, "contradiction", said.pk).count("I was not there") == 1


def test_while_it_waits_for_an_answer_no_decision_is_replaced_either() -> None:
    made, [noted] = decided("other_member")
    made.announce()
    said = contradict(noted)

    with pytest.raises(NotPossible, match="eerst antwoordt de secretaris"):
        made.supersede()

    actions.answer_contradiction(
        contradiction=said, was_there=True, reason="They signed in.", by=made.secretary, at=LATER
    )
    assert made.supersede().number == 2


def test_said_before_the_announcement_the_exam_board_hears_what_the_secretary_holds() -> None:
    made, [noted, _] = decided("other_member", "member")
    board = exam_board()

    said = contradict(noted)
    before = told("contradicted_exam_board")
    answer(made, said, was_there=True)

    assert (before, told("contradicted_exam_board")) == (set(), {board.pk})
    assert told("contradiction_answered") == {made.other_member.pk}


def test_the_decision_of_too_few_is_set_back_and_taken_again() -> None:
    made, [noted] = decided("other_member")
    first = made.refreshed().standing
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=SOON)

    answer(made, contradict(noted), was_there=False)

    made.meeting.refresh_from_db()
    case = made.refreshed()
    assert (case.state, case.decision, made.meeting.state) == (
        Case.State.OPENED, None, Meeting.State.OPEN,
    )  # fmt: skip
    assert panel_in(made.meeting, LATER).present == frozenset()  # everybody says so anew
    assert "set the decision back" in page(made.auditor, "record_steps", case.pk)
    assert "no longer stands" in page(made.auditor, "case_record", case.pk)
    come(made, made.chair, made.member, made.other_member, at=LATER)
    second = actions.decide(
        case=case, findings=found_in(case, "attained"), motivation="All three of us.",
        cited=cited_in(case), by=made.chair, at=LATER,
    )  # fmt: skip
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=LATER)
    actions.announce(case=case, by=made.chair, at=LATER)
    assert (first.number, second.number) == (1, 2)
    assert made.refreshed().standing == second
    assert page(made.auditor, "case_record", case.pk).count("It was never announced.") == 1


@pytest.mark.parametrize("quorum", [2, 3])
def test_the_decision_of_enough_stands_without_who_was_not_there(quorum: int) -> None:
    made, [noted] = decided("other_member", quorum=quorum)

    answer(made, contradict(noted), was_there=False)

    expected = Case.State.DECIDED if quorum == 2 else Case.State.OPENED
    assert made.refreshed().state == expected
    assert Attendance.objects.current().filter(person=made.other_member.pk).count() == 0


def test_one_who_judged_and_was_not_there_takes_the_decision_along() -> None:
    made, [noted] = decided("member", quorum=2)

    answer(made, contradict(noted), was_there=False)

    assert made.refreshed().state == Case.State.OPENED


def test_a_leader_who_was_not_there_takes_the_decision_along() -> None:
    made, [noted] = decided("chair", quorum=2)

    answer(made, contradict(noted), was_there=False)

    assert made.refreshed().state == Case.State.OPENED


def test_of_two_who_say_so_nothing_is_set_back_before_both_are_answered() -> None:
    made, [first, second] = decided("member", "other_member", quorum=2)
    said = [contradict(first), contradict(second)]

    answer(made, said[1], was_there=False)
    between = made.refreshed().state
    answer(made, said[0], was_there=True)

    assert (between, made.refreshed().state) == (Case.State.DECIDED, Case.State.DECIDED)
    made.announce()


def test_of_two_who_say_so_both_are_counted_once_both_are_answered() -> None:
    made, [first, second] = decided("member", "other_member")
    said = [contradict(first), contradict(second)]

    answer(made, said[1], was_there=False)
    answer(made, said[0], was_there=True)

    assert made.refreshed().state == Case.State.OPENED


def test_what_was_announced_is_not_set_back() -> None:
    made, [noted] = decided("other_member")
    made.announce()

    answer(made, contradict(noted), was_there=False)

    assert made.refreshed().state == Case.State.ANNOUNCED


def test_who_says_so_does_not_count_until_they_come() -> None:
    made = scene(state=Case.State.FROZEN)
    come(made, made.chair)
    [noted] = note(made, made.member)

    contradict(noted, at=HELD)
    without = panel_of(made.refreshed(), HELD)
    with pytest.raises(NotPossible):
        note(made, made.member)
    come(made, made.member)
    panel = panel_of(made.refreshed(), HELD)

    with translation.override("en"):
        assert quorum_sentence(without) == ("1 member takes part, 2 are needed. (1 of 3 present.)")
    assert panel.has_quorum
    assert panel.contradicting == {made.member.pk}


def test_nobody_contradicts_themselves_another_or_twice() -> None:
    made = scene()
    come(made, made.chair)
    [noted] = note(made, made.member)
    own = Attendance.objects.get(person=made.chair.pk)

    for attendance, by in ((own, made.chair), (noted, made.other_member), (own, made.member)):
        with pytest.raises((NotPossible, NotAllowed)):
            actions.contradict(attendance=attendance, by=by, at=HELD)
    contradict(noted, at=HELD)
    with pytest.raises(NotPossible):
        contradict(noted, at=HELD)


def test_the_secretary_answers_once_with_a_reason_and_never_themselves() -> None:
    made = scene()
    [noted] = note(made, made.member)
    said = contradict(noted, at=HELD)
    words = {"contradiction": said, "was_there": True, "at": HELD}

    for by in (made.chair, made.member, made.coordinator, exam_board()):
        with pytest.raises(NotAllowed):
            actions.answer_contradiction(**words, reason="I know.", by=by)
    with pytest.raises(NotPossible):
        actions.answer_contradiction(**words, reason=" ", by=made.secretary)
    answer(made, said, was_there=True, at=HELD)
    with pytest.raises(NotPossible):
        answer(made, said, was_there=False, at=HELD)


def test_who_became_secretary_does_not_answer_themselves() -> None:
    made = scene()
    [noted] = note(made, made.member)
    said = contradict(noted, at=HELD)
    made.committee.memberships.filter(person=made.member.pk).update(role=Role.SECRETARY)

    with pytest.raises(NotAllowed):
        actions.answer_contradiction(
            contradiction=said, was_there=True, reason="So.", by=made.member, at=SOON
        )


def test_the_secretary_answers_on_the_page() -> None:
    made, [noted] = decided("other_member")
    said = contradict(noted)
    address = reverse("committees:contradiction", args=[said.pk])

    refused = browser(made.secretary).post(address, {"was_there": "yes", "reason": ""})
    by_chair = browser(made.chair).post(address, {"was_there": "yes", "reason": "So."})
    done = browser(made.secretary).post(address, {"was_there": "no", "reason": ""})

    assert (refused.status_code, by_chair.status_code, done.status_code) == (422, 403, 302)
    assert "Was not there: it was noted by mistake" in page(
        made.other_member, "contradiction", said.pk
    )
    assert "contradictions" in page(made.other_member, "meeting", made.meeting.pk)


@pytest.mark.parametrize(
    ("template", "subject", "words"),
    [
        ("noted_present", "It was noted that you are present", "Secretary noted that you are"),
        ("contradicted", "Other_Member says that they were not there", "Until you answer"),
        ("contradicted_exam_board", "A member of a committee says", "The secretary holds that"),
        ("contradiction_answered", "The secretary has answered", "go to the exam board"),
    ],
)
def test_each_mail_says_what_it_is_about_and_nothing_of_a_case(
    template: str, subject: str, words: str, mailoutbox: list[object]
) -> None:
    made, [noted] = decided("other_member")
    exam_board()
    said = contradict(noted)
    if template.endswith(("board", "answered")):
        answer(made, said, was_there=True)
    OutboxMail.objects.exclude(template=f"committees/{template}").cancel(timezone.now())
    OutboxMail.objects.update(language="en")

    send_due()

    [mail] = mailoutbox
    read = " ".join(f"{mail.subject} {mail.body}".split())  # type: ignore[attr-defined]
    assert mail.subject.startswith(subject)  # type: ignore[attr-defined]
    assert words in read
    assert made.student.name not in read


# --- Judgements asked -----------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["nobody", "not present", "aside", "the same human"])
def test_the_only_judgement_opens_nothing(second: str) -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.chair)
    if second != "nobody":
        made.judge(made.member)
    come(made, made.chair, made.other_member)
    if second != "not present":
        come(made, made.member)
    if second == "aside":
        actions.recuse(case=made.case, reason="A neighbour.", by=made.member, at=HELD)
    if second == "the same human":
        Account.objects.filter(pk=made.member.pk).update(is_active=False)
        say_same(one=made.chair.person, other=made.member.person, reason="Seen.", by=None)
    actions.open_meeting(meeting=made.meeting, by=made.chair, at=HELD)

    with translation.override("en"), pytest.raises(NotPossible, match="1 of the 2 judgements"):
        made.open_judgements()

    assert made.refreshed().state == Case.State.FROZEN


def test_as_many_as_the_procedure_asks() -> None:
    made = scene()
    give_mandate(made.committee, judgements_asked=3, at=LONG_AGO)
    made.freeze()
    for user in (made.chair, made.member):
        made.judge(user)
    made.open_meeting()

    with pytest.raises(NotPossible):
        made.open_judgements()
    made.judge(made.other_member)
    made.open_judgements()

    assert made.refreshed().state == Case.State.OPENED


def test_who_judged_and_left_does_not_count_for_the_decision() -> None:
    made = scene(state=Case.State.OPENED)
    actions.mark_absent(meeting=made.meeting, person=made.member.person, by=made.member, at=HELD)

    with translation.override("en"), pytest.raises(NotPossible, match="1 of the 2 judgements"):
        made.decide()


# --- The mandate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figures",
    [
        {"quorum": 1},
        {"judgements_asked": 1},
        {"quorum": 0, "judgements_asked": 0},
        {"quorum": 4},  # three have a voting seat
        {"judgements_asked": 4},
    ],
)
def test_figures_that_let_one_decide_or_nobody_are_refused(figures: dict[str, int]) -> None:
    made = scene()

    with pytest.raises(NotPossible):
        give_mandate(made.committee, **figures)

    assert Mandate.objects.count() == 1


@pytest.mark.parametrize("figure", ["quorum", "judgements_asked"])
def test_the_database_refuses_figures_under_two(figure: str) -> None:
    made = scene()
    words = {"quorum": 2, "judgements_asked": 2, figure: 1}

    with pytest.raises(IntegrityError), transaction.atomic():
        Mandate.objects.create(
            committee=made.committee, number=2, text="All.", procedure="So.",
            given_on=HELD.date(), **words,
        )  # fmt: skip


def set_up_by(by: Account) -> Committee:
    """A committee of three members that this coordinator made."""
    programme = ProgrammeFactory()
    ProgrammeRoleFactory(programme=programme, person=by, role=ProgrammeRole.Role.COORDINATOR)
    committee = actions.make_committee(programme=programme, name="New", by=by)
    for role, name in ((Role.CHAIR, "A"), (Role.MEMBER, "B"), (Role.MEMBER, "C")):
        actions.give_seat(
            committee=committee, email=f"{name}@school.example", name=name, role=role, by=by
        )
    return committee


def test_a_coordinator_gives_no_mandate() -> None:
    by = AccountFactory()

    with pytest.raises(NotAllowed):
        give_mandate(set_up_by(by), by=by)


def test_nor_does_a_coordinator_who_sits_in_the_exam_board() -> None:
    by, other = exam_board(), exam_board()
    committee = set_up_by(by)

    with pytest.raises(NotAllowed):
        give_mandate(committee, by=by)

    assert give_mandate(committee, by=other).number == 1


def test_nor_do_they_with_another_account() -> None:
    by, second = AccountFactory(), exam_board()
    committee = set_up_by(by)
    Account.objects.filter(pk=by.pk).update(is_active=False)
    say_same(one=by.person, other=second.person, reason="Seen.", by=None)

    with pytest.raises(NotAllowed):
        give_mandate(committee, by=second)


@pytest.mark.parametrize("act", ["gave a seat", "ended a seat", "sits"])
def test_nor_does_who_gave_or_ended_a_seat_or_has_one(act: str) -> None:
    made, board = scene(), exam_board()
    committee = made.committee
    if act == "sits":
        MembershipFactory(committee=committee, person=board)
    else:
        ProgrammeRoleFactory(
            programme=made.programme, person=board, role=ProgrammeRole.Role.COORDINATOR
        )
        seat = actions.give_seat(
            committee=committee, email="new@school.example", name="New", role=Role.MEMBER,
            by=board if act == "gave a seat" else made.coordinator,
        )  # fmt: skip
        if act == "ended a seat":
            actions.end_seat(seat=seat, by=board)

    with pytest.raises(NotAllowed):
        give_mandate(committee, by=board)


def test_without_a_mandate_nobody_meets() -> None:
    by = AccountFactory()
    committee = set_up_by(by)
    chair = committee.memberships.get(role=Role.CHAIR).person.account
    now = timezone.now()

    def plan() -> Meeting:
        return actions.plan_meeting(
            committee=Committee.objects.get(pk=committee.pk), held_at=now + timedelta(days=9),
            reference_at=now + timedelta(days=2), place="", by=chair,
        )  # fmt: skip

    with pytest.raises(NotPossible):
        plan()
    assert (
        browser(chair).get(reverse("committees:meeting_plan", args=[committee.pk])).status_code
        == 409
    )
    give_mandate(committee, by=exam_board(), at=timezone.now())
    assert plan().mandate == Mandate.objects.get()


@pytest.mark.parametrize("before", [timedelta(0), timedelta(seconds=1), timedelta(days=365)])
def test_no_reference_moment_is_set_in_the_past(before: timedelta) -> None:
    made = scene()

    with pytest.raises(NotPossible):
        actions.plan_meeting(
            committee=made.committee, held_at=HELD + timedelta(days=9), reference_at=HELD - before,
            place="", by=made.chair, at=HELD,
        )  # fmt: skip


# --- Who sits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seat", "mandate", "sits"),
    [
        (LONG_AGO, None, True),  # with the first one
        (REFERENCE - timedelta(days=2), None, False),
        (REFERENCE - timedelta(days=2), REFERENCE - timedelta(days=3), False),
        (REFERENCE - timedelta(days=2), REFERENCE - timedelta(days=1), True),
        (REFERENCE - timedelta(days=2), REFERENCE + timedelta(days=1), False),
        (REFERENCE + timedelta(days=1), REFERENCE + timedelta(days=2), False),
    ],
)
def test_who_votes_sits_once_the_exam_board_established_the_committee_with_them(
    seat: datetime, mandate: datetime | None, sits: bool
) -> None:
    made = scene(state=Case.State.FROZEN)
    late = MembershipFactory(committee=made.committee, recorded_at=seat).person.account
    if mandate:
        give_mandate(made.committee, at=mandate)

    panel = panel_of(made.refreshed(), HELD)

    assert panel.may_judge(late.pk) == sits
    assert (late.pk in {one.person for one in panel_in(made.meeting, HELD).seats}) == sits
    status = browser(late).get(reverse("committees:case", args=[made.case.pk])).status_code
    assert status == (200 if sits else 403)


def test_a_new_secretary_sits_at_once() -> None:
    made = scene(state=Case.State.FROZEN)
    late = MembershipFactory(
        committee=made.committee, role=Role.SECRETARY, recorded_at=REFERENCE
    ).person.account

    assert panel_of(made.refreshed(), HELD).seat_of(late.pk) is not None


def test_who_sits_differs_by_meeting() -> None:
    made = scene()
    seat = REFERENCE + timedelta(days=1)
    late = MembershipFactory(committee=made.committee, recorded_at=seat).person.account
    give_mandate(made.committee, at=seat)
    later = MeetingFactory(
        committee=made.committee,
        held_at=HELD + timedelta(days=30),
        reference_at=REFERENCE + timedelta(days=30),
    )
    other = Case.objects.create(
        meeting=later, enrolment=scene().case.enrolment, unit=made.unit, recorded_at=HELD
    )
    cases = Case.objects.for_list().filter(pk__in=[made.case.pk, other.pk])

    panels = panels_of(list(cases), HELD)

    found = {pk: len(panel.seats) for pk, panel in panels.items()}
    assert found == {made.case.pk: 4, other.pk: 5}
    assert {pk: panel.may_judge(late.pk) for pk, panel in panels.items()} == {
        made.case.pk: False,
        other.pk: True,
    }
    assert {panel.quorum for panel in panels.values()} == {2, 3}


# --- Nobody coordinates and leads -----------------------------------------------------------------


def coordinate(made: Scene, user: Account, **dates: datetime) -> None:
    ProgrammeRoleFactory(
        programme=made.programme, person=user, role=ProgrammeRole.Role.COORDINATOR, **dates
    )


def as_themselves(made: Scene) -> None:
    coordinate(made, made.chair)


def with_another_account(made: Scene) -> None:
    other = GiverFactory()
    say_same(one=made.chair.person, other=other, reason="Seen.", by=None)
    ProgrammeRoleFactory(
        programme=made.programme, person=other, role=ProgrammeRole.Role.COORDINATOR
    )


def until_yesterday(made: Scene) -> None:
    coordinate(made, made.chair, ended_at=HELD - timedelta(days=1))


@pytest.mark.parametrize("how", [as_themselves, with_another_account, until_yesterday])
@pytest.mark.parametrize("step", ["meeting", "opening", "decision", "announcing", "closing"])
def test_nobody_coordinates_and_leads_the_same_case(step: str, how: object) -> None:
    state = {
        "meeting": Case.State.FROZEN,
        "opening": Case.State.FROZEN,
        "decision": Case.State.OPENED,
    }.get(step, Case.State.DECIDED)
    made = scene(state=state)
    if state == Case.State.FROZEN:
        made.judge(made.chair)
        made.judge(made.member)
        come(made, made.chair, made.member, made.other_member)
    if step == "opening":
        actions.open_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    how(made)  # type: ignore[operator]

    def act(by: Account) -> object:
        case = made.case
        if step == "meeting":
            return actions.open_meeting(meeting=made.meeting, by=by, at=HELD)
        if step == "opening":
            return actions.open_judgements(case=case, by=by, at=HELD)
        if step == "decision":
            return actions.decide(
                case=case, findings=found_in(case, "attained"), motivation="Seen.",
                cited=cited_in(case), by=by, at=HELD,
            )  # fmt: skip
        if step == "announcing":
            return actions.announce(case=case, by=by, at=HELD)
        return actions.close_meeting(meeting=made.meeting, by=by, at=HELD)

    with translation.override("en"), pytest.raises(NotAllowed, match="You coordinate this"):
        act(made.chair)
    actions.note_leading(
        meeting=made.meeting, person=made.member.person, by=made.secretary, at=HELD
    )
    act(made.member)


def test_who_coordinated_before_the_meeting_was_planned_leads() -> None:
    made = scene(state=Case.State.DECIDED)
    coordinate(made, made.chair, ended_at=LONG_AGO - timedelta(days=1))
    other = ProgrammeRoleFactory(person=made.chair, role=ProgrammeRole.Role.COORDINATOR)

    made.announce()

    assert other.programme != made.programme
    assert made.refreshed().state == Case.State.ANNOUNCED


def test_who_coordinates_is_not_noted_as_leading_and_may_sit() -> None:
    made = scene(state=Case.State.FROZEN)
    coordinate(made, made.member)
    come(made, made.member, made.other_member)

    with translation.override("en"), pytest.raises(NotPossible, match="coordinates this programme"):
        actions.note_leading(
            meeting=made.meeting, person=made.member.person, by=made.secretary, at=HELD
        )

    made.judge(made.member)
    assert panel_of(made.refreshed(), HELD).counts(made.member.pk)


# --- All of it together ---------------------------------------------------------------------------


def test_a_coordinator_in_the_chair_decides_nothing_alone() -> None:
    """Whatever of it they do themselves is refused."""
    made = scene()
    coordinate(made, made.chair)
    answered_piece(made.case.enrolment, made.requirement)
    made.freeze()
    made.judge(made.chair)
    come(made, made.chair)

    for person in (made.member.person, made.other_member.person, made.secretary.person):
        with pytest.raises(NotAllowed):
            actions.mark_present(meeting=made.meeting, person=person, by=made.chair, at=HELD)
    for act in (
        lambda: give_mandate(made.committee, by=made.chair),
        lambda: actions.open_meeting(meeting=made.meeting, by=made.chair, at=HELD),
        lambda: actions.open_judgements(case=made.case, by=made.chair, at=HELD),
        lambda: actions.announce(case=made.case, by=made.chair, at=HELD),
    ):
        with pytest.raises((NotAllowed, NotPossible)):
            act()

    verbs = Event.objects.filter(chain__key=made.case.chain).values_list("verb", flat=True)
    assert "judgements.opened" not in verbs


@pytest.mark.parametrize("who", ["chair", "member"])
def test_nobody_coordinates_and_replaces_the_decision(who: str) -> None:
    made = scene(state=Case.State.ANNOUNCED)
    coordinate(made, getattr(made, who), recorded_at=HELD + timedelta(days=1))

    with translation.override("en"), pytest.raises(NotAllowed, match="coordinates"):
        made.supersede("not_yet")

    assert made.refreshed().standing.number == 1


# --- Before the meeting ---------------------------------------------------------------------------


@pytest.mark.parametrize("before", [timedelta(days=20), timedelta(days=1)])
@pytest.mark.parametrize("who", ["member", "secretary"])
def test_nobody_is_present_before_the_day_of_the_meeting(before: timedelta, who: str) -> None:
    made = scene(state=Case.State.FROZEN)
    by = getattr(made, who)

    for mark in (actions.mark_present, actions.mark_absent):
        with translation.override("en"), pytest.raises(NotPossible, match="9 November 2026"):
            mark(meeting=made.meeting, person=made.member.person, by=by, at=HELD - before)

    assert Attendance.objects.count() == 0
    midnight = HELD.replace(hour=23) - timedelta(days=1)  # in Amsterdam the day has begun
    come(made, made.member, at=midnight)
    assert panel_in(made.meeting, HELD).present == {made.member.pk}


def test_before_the_day_the_page_offers_no_presence() -> None:
    made = scene()
    offered = page(made.member, "meeting", made.meeting.pk)
    noting = page(made.secretary, "meeting", made.meeting.pk)
    Meeting.objects.update(held_at=timezone.now() + timedelta(days=2))

    member, secretary = (
        page(user, "meeting", made.meeting.pk) for user in (made.member, made.secretary)
    )

    assert ("I am here" in offered, "Note attendance" in noting) == (True, True)
    assert ("I am here" in member, "Note attendance" in secretary) == (False, False)
    assert "you say here that you are present" in member


def test_the_chair_who_opens_it_earlier_is_there_by_that_and_then_others_can_be() -> None:
    made = scene()
    early = HELD - timedelta(days=2)

    with pytest.raises(NotAllowed):
        actions.open_meeting(meeting=made.meeting, by=made.member, reason="Now.", at=early)
    actions.open_meeting(meeting=made.meeting, by=made.chair, reason="All are here.", at=early)
    come(made, made.member, at=early)

    there = panel_in(made.meeting, early)
    assert (there.present, there.leads(made.chair.pk)) == ({made.chair.pk, made.member.pk}, True)
    assert Attendance.objects.get(person=made.chair.pk).is_own


def test_who_came_on_the_day_says_so_anew_where_it_opens_on_the_next() -> None:
    made = scene(state=Case.State.FROZEN)
    come(made, made.chair, made.member, made.other_member)
    come(made, made.chair, made.member, at=LATER)

    actions.open_meeting(meeting=made.meeting, by=made.chair, at=LATER)

    there = {made.chair.pk, made.member.pk}
    assert panel_in(made.meeting, LATER).present == there
    come(made, made.other_member, at=LATER)
    assert panel_in(made.meeting, LATER).present == there | {made.other_member.pk}


def test_who_said_it_themselves_is_taken_away_by_nobody_else() -> None:
    made = scene()
    come(made, made.chair)
    note(made, made.member)
    drawn = {"before": [str(made.chair.pk), str(made.member.pk)]}
    address = reverse("committees:attendance", args=[made.meeting.pk])

    answered = browser(made.secretary).post(address, drawn, follow=True)
    shown = page(made.secretary, "meeting", made.meeting.pk)

    assert panel_in(made.meeting, timezone.now()).present == {made.chair.pk, made.member.pk}
    assert "Chair said so themselves: only they say that they leave." in answered.text
    assert "say themselves that they leave: Chair." in shown
    browser(made.secretary).post(address, {"before": [str(made.member.pk)]})
    assert panel_in(made.meeting, timezone.now()).present == {made.chair.pk}
