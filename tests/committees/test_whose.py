"""A member who shares a mailbox with somebody who gave feedback says on record whose it is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.dossier import opened_judgements
from committees.models import Case, OwnWord
from committees.rules import Disclosure, Ground, Panel
from committees.who_sits import panel_of
from evidence.actions import confirm
from evidence.models import Feedback
from people.access import NotAllowed
from people.actions import say_same, take_back_same
from people.models import Address, Person
from programmes.actions import assign_adviser
from tests.committees.factories import (
    HELD,
    REFERENCE,
    MembershipFactory,
    Scene,
    answered_piece,
    findings_of,
    known_at_mailbox_of,
    scene,
)
from tests.evidence.factories import FeedbackFactory, GiverFactory
from tests.factories import AccountFactory, EnrolmentFactory, set_rules
from tests.people.factories import met

pytestmark = pytest.mark.django_db


def spoken_by(made: Scene, *people: Person, **words: object) -> list[Feedback]:
    """What each of these people says of one piece of the student."""
    said: dict[str, object] = {
        "enrolment": made.case.enrolment,
        "evidence": answered_piece(made.case.enrolment, made.requirement),
        "remarks": {made.requirement: "Calm."},
    }
    return [FeedbackFactory(person=one, **said | words) for one in people]


def frozen(*, givers_may_judge: bool = True, names: tuple[str, ...] = ("Jan Baas",)) -> Scene:
    """A set in which people spoke from the member's mailbox."""
    made = scene()
    set_rules(made.programme, givers_may_judge=givers_may_judge)
    spoken_by(made, *(known_at_mailbox_of(made.member, name) for name in names))
    made.freeze()
    return made


def panel(made: Scene) -> Panel:
    return panel_of(made.refreshed(), HELD)


def judge(made: Scene) -> None:
    findings = findings_of(made.case, "attained")
    actions.judge(case=made.case, findings=findings, motivation="Seen.", by=made.member, at=HELD)


def test_who_did_not_say_yet_is_disclosed_and_does_not_judge() -> None:
    made = frozen()

    with pytest.raises(NotAllowed):
        judge(made)

    assert panel(made).givers == {made.member.pk: Disclosure.MAILBOX}
    assert set(panel(made).unsaid) == {made.member.pk}


def test_who_says_that_it_is_not_theirs_judges_and_stays_disclosed() -> None:
    made = frozen()

    made.say_whose(made.member, is_theirs=False)
    judge(made)

    assert panel(made).givers == {made.member.pk: Disclosure.MAILBOX}
    assert panel(made).aside == {}


@pytest.mark.parametrize("first", [True, False])
def test_it_can_be_said_otherwise_and_the_last_word_counts(first: bool) -> None:
    made = frozen(givers_may_judge=False)

    made.say_whose(made.member, is_theirs=first)
    made.say_whose(made.member, is_theirs=not first)

    assert panel(made).aside == ({} if first else {made.member.pk: Ground.GAVE_FEEDBACK})
    assert list(OwnWord.objects.order_by("number").values_list("is_theirs", flat=True)) == [
        first,
        not first,
    ]


@pytest.mark.parametrize("mine", [0, 1])
def test_of_several_at_one_mailbox_each_is_asked_by_itself(mine: int) -> None:
    made = frozen(names=("Jan Baas", "Petra Klein"))
    givers = sorted(panel(made).unsaid[made.member.pk])

    actions.say_whose(
        case=made.case, giver=givers[1 - mine], is_theirs=False, by=made.member, at=HELD
    )
    assert panel(made).unsaid == {made.member.pk: frozenset({givers[mine]})}
    actions.say_whose(case=made.case, giver=givers[mine], is_theirs=True, by=made.member, at=HELD)

    said = OwnWord.objects.values_list("giver", "is_theirs")
    assert dict(said) == {givers[1 - mine]: False, givers[mine]: True}
    assert panel(made).givers == {made.member.pk: Disclosure.PERSON}


@pytest.mark.parametrize("givers_may_judge", [True, False])
def test_who_says_that_it_is_theirs_is_treated_as_who_gave_it(givers_may_judge: bool) -> None:
    made = frozen(givers_may_judge=givers_may_judge)

    made.say_whose(made.member, is_theirs=True)

    assert panel(made).givers == {made.member.pk: Disclosure.PERSON}
    ground = {} if givers_may_judge else {made.member.pk: Ground.GAVE_FEEDBACK}
    assert panel(made).aside == ground


def test_what_was_said_of_one_says_nothing_of_another_who_turns_up_later() -> None:
    made = scene()
    second = GiverFactory(name="Petra Klein")
    spoken_by(made, known_at_mailbox_of(made.member), second)
    made.freeze()
    made.say_whose(made.member, is_theirs=False)
    assert panel(made).unsaid == {}

    Address.objects.create(
        person=second,
        address=made.member.sign_in,
        source=Address.Source.SCHOOL,
        receives=False,
        confirmed_at=HELD,
    )

    assert panel(made).unsaid == {made.member.pk: frozenset({second.pk})}
    with pytest.raises(NotAllowed):
        judge(made)


def test_the_page_names_who_it_is_about_and_takes_the_answer(client: Client) -> None:
    made = frozen(names=("Jan Baas", "Petra Klein"))
    client.force_login(made.member)
    path = reverse("committees:case", args=[made.case.pk])

    say = reverse("committees:say_whose", args=[made.case.pk])
    first, second = panel(made).unsaid[made.member.pk]

    asked = client.get(path).text
    one = client.post(say, {"giver": first, "whose": "others"})
    between = client.get(path).text
    other = client.post(say, {"giver": second, "whose": "others"})
    after = client.get(path).text

    assert all(name in asked for name in ("Jan Baas", "Petra Klein"))
    assert [text.count('name="giver"') for text in (asked, between, after)] == [2, 1, 0]
    assert ['name="motivation"' in text for text in (asked, between, after)] == [False, False, True]
    assert (one.headers["Location"], other.headers["Location"]) == (say, path)
    words = OwnWord.objects.filter(case=made.case, person=made.member.pk)
    assert [word.is_theirs for word in words] == [False, False]


@pytest.mark.parametrize("sent", [{}, {"whose": "mine"}, {"giver": "x", "whose": "mine"}])
def test_what_says_nothing_of_anybody_is_refused(client: Client, sent: dict[str, str]) -> None:
    made = frozen()
    client.force_login(made.member)

    answered = client.post(reverse("committees:say_whose", args=[made.case.pk]), sent)

    assert answered.status_code == 422
    assert OwnWord.objects.count() == 0


@pytest.mark.parametrize("who", ["student", "chair"])
def test_nobody_is_said_to_be_who_is_not_asked_about(client: Client, who: str) -> None:
    made = frozen()
    client.force_login(made.member)
    sent = {"giver": getattr(made, who).pk, "whose": "mine"}

    answered = client.post(reverse("committees:say_whose", args=[made.case.pk]), sent)

    assert answered.status_code == 422
    assert OwnWord.objects.count() == 0


def test_nobody_says_it_once_the_committee_has_spoken() -> None:
    made = frozen()
    [giver] = panel(made).unsaid[made.member.pk]
    made.open_meeting()
    actions.defer(case=made.case, reason="Show more.", by=made.chair, at=HELD)

    with pytest.raises(NotAllowed):
        actions.say_whose(case=made.case, giver=giver, is_theirs=False, by=made.member, at=HELD)


def test_nobody_else_is_asked(client: Client) -> None:
    made = frozen()
    client.force_login(made.chair)
    path = reverse("committees:say_whose", args=[made.case.pk])

    with pytest.raises(NotAllowed):
        actions.say_whose(
            case=made.case, giver=made.member.pk, is_theirs=False, by=made.chair, at=HELD
        )

    assert client.get(path).status_code == client.post(path, {"whose": "mine"}).status_code == 403


def test_who_stands_aside_on_another_ground_is_not_asked(client: Client) -> None:
    made = frozen()
    actions.recuse(case=made.case, reason="A neighbour.", by=made.member, at=HELD)
    client.force_login(made.member)

    assert client.get(reverse("committees:say_whose", args=[made.case.pk])).status_code == 403
    with pytest.raises(NotAllowed):
        made.say_whose(made.member, is_theirs=False)


def test_who_stands_aside_by_their_word_takes_it_back_from_the_agenda(client: Client) -> None:
    made = frozen(givers_may_judge=False)
    Person.objects.filter(pk=made.member.pk).update(language="en")
    client.force_login(made.member)
    path = reverse("committees:say_whose", args=[made.case.pk])
    case = reverse("committees:case", args=[made.case.pk])

    [giver] = panel(made).unsaid[made.member.pk]

    said = client.post(path, {"giver": giver, "whose": "mine"}, follow=True)
    assert said.request["PATH_INFO"] == reverse("committees:meeting", args=[made.meeting.pk])
    assert path in said.text
    assert client.get(case).status_code == 403
    again = client.get(path).text
    back = client.post(path, {"giver": giver, "whose": "others"}, follow=True)

    assert "You said that it is yours." in again
    assert "Jan Baas" in again
    assert (back.request["PATH_INFO"], back.status_code) == (case, 200)
    assert path in back.text


# --- What was noted -------------------------------------------------------------------------------


def noted(*, by: str = "student", givers_may_judge: bool = False) -> tuple[Scene, Feedback]:
    """A set in which this person noted what the member is said to have said."""
    made = scene()
    set_rules(made.programme, givers_may_judge=givers_may_judge)
    [said] = spoken_by(
        made,
        made.member.person,
        noted=True,
        noted_by=getattr(made, by).person,
        recorded_at=REFERENCE - timedelta(days=1),
    )
    made.freeze()
    return made, said


def test_what_was_noted_ties_nobody_before_they_said_that_it_is_theirs() -> None:
    made, _said = noted()

    assert panel(made).aside == {}
    assert set(panel(made).unsaid) == {made.member.pk}
    made.say_whose(made.member, is_theirs=False)
    judge(made)
    assert panel(made).givers == {}


@pytest.mark.parametrize("how", ["confirms", "says so", "confirms under another name"])
def test_who_said_what_was_noted_stands_aside(how: str) -> None:
    made, said = noted()

    if how == "says so":
        made.say_whose(made.member, is_theirs=True)
    else:
        name = {} if how == "confirms" else {"name": "M. Ember"}
        confirm(feedback=said, confirmed=True, by=made.member, at=REFERENCE, **name)

    assert panel(made).aside == {made.member.pk: Ground.GAVE_FEEDBACK}
    assert panel(made).unsaid == {}


def test_who_denies_what_was_noted_has_no_part_in_the_set() -> None:
    made, said = noted()

    confirm(feedback=said, confirmed=False, by=made.member, at=REFERENCE)

    assert (panel(made).aside, panel(made).givers, panel(made).unsaid) == ({}, {}, {})
    judge(made)


def test_a_student_who_notes_words_of_every_member_keeps_none_from_judging() -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    members = (made.chair, made.member, made.other_member)
    spoken_by(made, *(one.person for one in members), noted=True)
    made.freeze()

    for one in members:
        made.say_whose(one, is_theirs=False)
        made.judge(one)

    assert panel(made).can_be_independent


def test_who_noted_what_somebody_else_said_is_disclosed_and_judges() -> None:
    made, _said = noted(by="other_member")
    made.judge(made.other_member)
    made.open_meeting(made.chair, made.other_member)

    assert panel(made).givers[made.other_member.pk] == Disclosure.NOTED
    assert panel(made).may_judge(made.other_member.pk)
    assert not panel(made).is_independent
    made.judge(made.chair)
    assert panel(made).is_independent


# --- Said to be one ------------------------------------------------------------------------------


def test_who_was_said_to_be_a_giver_is_free_when_that_is_taken_back() -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    jan = GiverFactory(name="Jan Baas")
    spoken_by(made, jan)
    same = say_same(one=jan, other=made.member.person, reason="I know them.", by=None)
    made.freeze()
    assert panel(made).aside == {made.member.pk: Ground.GAVE_FEEDBACK}

    take_back_same(statement=same, by=None)

    assert panel(made).aside == {}
    judge(made)


@pytest.mark.parametrize("through_a_third", [False, True])
def test_who_is_known_beside_somebody_said_to_be_a_giver_is_asked(through_a_third: bool) -> None:
    """Not they themselves are said to be the giver, but somebody known at a mailbox of theirs."""
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    giver = met("Mieke Jansen", "mieke@home.example")
    spoken_by(made, giver)
    known = known_at_mailbox_of(made.member, "Mieke")
    third = met("M. J.", "mj@elsewhere.example") if through_a_third else giver
    say_same(one=known, other=third, reason="I know them.", by=None)
    if through_a_third:
        say_same(one=third, other=giver, reason="I know them.", by=None)
    made.freeze()

    assert set(panel(made).unsaid) == {made.member.pk}
    with pytest.raises(NotAllowed):
        judge(made)


def test_a_judgement_from_before_a_tie_was_known_does_not_count_until_it_is_explained() -> None:
    made = scene()
    giver = GiverFactory(name="Petra Klein")
    spoken_by(made, giver)
    made.freeze()
    made.judge(made.member)
    made.judge(made.chair)
    made.judge(made.other_member, outcome="not_yet")
    made.open_meeting()
    made.open_judgements()

    Address.objects.create(
        person=giver,
        address=made.other_member.sign_in,
        source=Address.Source.SCHOOL,
        receives=False,
        confirmed_at=HELD,
    )

    shown = opened_judgements(made.refreshed(), panel(made), ())
    assert {seat.person for seat, _row in shown.judges} == {made.member.pk, made.chair.pk}
    made.say_whose(made.other_member, is_theirs=False)
    shown = opened_judgements(made.refreshed(), panel(made), ())
    assert len(shown.judges) == 3


@pytest.mark.parametrize("tie", ["adviser", "giver"])
def test_who_gets_a_seat_after_the_decision_stands_aside_as_before_it(tie: str) -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    late = made.adviser if tie == "adviser" else AccountFactory(name="Late")
    if tie == "giver":
        answered_piece(made.case.enrolment, made.requirement, person=late)
    made.bring_to(Case.State.ANNOUNCED)
    MembershipFactory(committee=made.committee, person=late)

    assert panel(made).aside == {late.pk: tie if tie == "adviser" else Ground.GAVE_FEEDBACK}


# --- Once the committee has spoken ----------------------------------------------------------------


@pytest.mark.parametrize("state", [Case.State.DECIDED, Case.State.ANNOUNCED, Case.State.DEFERRED])
@pytest.mark.parametrize("tie", ["a mailbox", "said to be", "adviser"])
def test_what_turns_out_later_changes_nothing_of_what_was_decided(tie: str, state: str) -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    giver = made.student.person.evidence.get().feedback.get().person
    made.bring_to(state)
    before = panel(made)

    if tie == "adviser":
        assign_adviser(enrolment=made.case.enrolment, adviser=made.member.person, by=None)
    elif tie == "said to be":
        say_same(one=giver, other=made.member.person, reason="I know them.", by=None)
    else:
        Address.objects.create(
            person=giver, address=made.member.sign_in, source=Address.Source.SCHOOL,
            receives=False, confirmed_at=HELD,
        )  # fmt: skip

    after = panel(made)
    assert (after.aside, after.givers, after.unsaid) == (before.aside, before.givers, {})
    assert [seat.person for seat in after.judgements_in] == [
        seat.person for seat in before.judgements_in
    ]


# --- In another frame -----------------------------------------------------------------------------


@pytest.mark.parametrize("tie", ["gave", "shares a mailbox", "noted", "noted for somebody else"])
def test_what_was_said_in_the_frame_of_another_enrolment_ties_as_well(tie: str) -> None:
    """The set takes all feedback on its pieces, whatever somebody was asked it for."""
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    other = EnrolmentFactory(student=made.student.person)
    giver = made.member.person
    if tie == "shares a mailbox":
        giver = known_at_mailbox_of(made.member)
    elif tie == "noted for somebody else":
        giver = GiverFactory()
    note: dict[str, object] = {}
    if tie.startswith("noted"):
        note = {"noted": True, "noted_by": made.member.person if "else" in tie else other.student}
    spoken_by(made, giver, enrolment=other, **note)
    made.freeze()

    found = panel(made)
    assert (made.member.pk in found.aside) is (tie == "gave")
    assert (made.member.pk in found.unsaid) is (tie in ("shares a mailbox", "noted"))
    assert (found.givers[made.member.pk] == Disclosure.NOTED) is ("else" in tie)
