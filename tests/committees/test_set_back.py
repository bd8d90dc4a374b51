"""What was set back and what waits for an answer: said to whoever has to do with it, where they
look. (domain rule 19)"""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from committees import actions
from committees.models import Attendance, Case, Contradiction, Decision, Leading, Meeting
from committees.who_sits import panel_in
from people.access import NotAllowed
from people.models import Account
from post.models import OutboxMail
from post.outbox import message_of
from post.recipients import recipient
from programmes.models import ProgrammeRole
from tests.committees.factories import (
    HELD,
    ContradictionFactory,
    Scene,
    cited_in,
    exam_board,
    found_in,
    scene,
)
from tests.committees.test_alone import (
    SOON,
    answer,
    browser,
    come,
    contradict,
    decided,
    note,
    page,
    told,
)
from tests.factories import ProgrammeRoleFactory

pytestmark = pytest.mark.django_db


def home_of(by: Account) -> str:
    with translation.override("en"):
        answered = browser(by).get(reverse("home:home"))
    return " ".join(answered.text.split())


def committees_of(by: Account) -> str:
    with translation.override("en"):
        answered = browser(by).get(reverse("committees:list"))
    return " ".join(answered.text.split())


def said(mail: OutboxMail) -> str:
    """The words of a mail in English; empty where it is no longer needed."""
    mail.language = "en"
    person = recipient(mail.to)
    assert person is not None
    message = message_of(mail, person)
    return " ".join(f"{message.subject} {message.body}".split()) if message else ""


def mail_of(template: str) -> OutboxMail:
    return OutboxMail.objects.get(template=f"committees/{template}")


def set_back() -> Scene:
    """A decision on what is not yet attained, of which the third was not there."""
    made, [noted] = decided("other_member")
    answer(made, contradict(noted), was_there=False)
    return made


# --- A decision that is set back ------------------------------------------------------------------


def test_the_secretary_reads_how_many_and_whose_decisions_no_longer_stand() -> None:
    made, [noted] = decided("other_member")
    said = contradict(noted)
    address = reverse("committees:contradiction", args=[said.pk])

    with translation.override("en"):
        answered = browser(made.secretary).post(
            address, {"was_there": "no", "reason": ""}, follow=True
        )

    [warned, kept] = [str(one) for one in answered.context["messages"]]
    assert warned.startswith(
        f"1 decision no longer stands, as too few decided: that on {made.case}."
    )
    assert kept == "Your answer is kept, and the member is told."
    assert "1 decision no longer stands" in page(made.secretary, "contradiction", said.pk)


def test_where_nothing_falls_nothing_is_said_of_it() -> None:
    made, [noted] = decided("other_member", quorum=2)
    said = contradict(noted)
    address = reverse("committees:contradiction", args=[said.pk])

    answered = browser(made.secretary).post(address, {"was_there": "no"}, follow=True)

    assert len(answered.context["messages"]) == 1
    assert "no longer stand" not in page(made.secretary, "contradiction", said.pk)
    assert told("set_back") == set()


def test_the_form_in_which_it_is_taken_again_tells_itself_from_that_of_before() -> None:
    """So that the same words, filled in already, are no form that was sent before."""
    made = set_back()
    come(made, made.other_member)

    shown = page(made.chair, "decide", made.case.pk)
    assert f'name="again" value="{Decision.objects.get().pk}"' in shown


def test_who_led_and_the_chair_get_a_mail_until_it_is_taken_again() -> None:
    made = set_back()

    assert told("set_back") == {made.chair.pk}
    mail = mail_of("set_back")
    words = said(mail)
    assert words.startswith("1 decision no longer stands: take it again")
    assert "What was recorded is filled in." in words
    assert made.student.name not in words
    come(made, made.other_member, at=SOON)
    actions.decide(
        case=made.case, findings=found_in(made.case, "attained"), motivation="All three.",
        cited=cited_in(made.case), by=made.chair, at=SOON,
    )  # fmt: skip
    assert said(mail) == ""


def test_it_stands_on_the_home_of_who_sits_and_on_the_page_of_the_meeting() -> None:
    made, [noted] = decided("other_member")
    before = home_of(made.chair), page(made.chair, "meeting", made.meeting.pk)

    answer(made, contradict(noted), was_there=False)
    home, meeting = home_of(made.chair), page(made.chair, "meeting", made.meeting.pk)

    for words in before:
        assert "no longer stand" not in words
    assert "1 decision no longer stands: the committee decides again" in home
    assert "1 decision no longer stands" in meeting
    decide = reverse("committees:decide", args=[made.case.pk])
    card = meeting.partition("The committee decides again:")[2].partition("</div>")[0]
    assert f'<a href="{decide}">{made.student.name}</a>' in card


def test_the_case_says_that_it_was_decided_before_by_whom_and_why_it_no_longer_stands() -> None:
    made = set_back()

    shown = page(made.member, "decide", made.case.pk)

    assert "Decided before, on 9 November 2026: no longer stands" in shown
    assert "Other_Member was noted as present, and was not there." in shown
    assert "Answered by Secretary, 9 November 2026, 14:00" in shown
    assert "9 November 2026, 13:00, Chair" in shown
    assert "Chair, Member, Other_Member" in shown
    assert "The set shows it." in shown
    recused = made.other_member
    actions.recuse(case=made.case, reason="A neighbour.", by=recused, at=SOON)
    refused = browser(recused).get(reverse("committees:decide", args=[made.case.pk]))
    assert (refused.status_code, "The set shows it." in refused.text) == (403, False)


@pytest.mark.tampers
def test_the_form_comes_filled_in_with_what_was_recorded_and_loses_nothing_typed_since() -> None:
    made = scene(students=1, parts=2)
    made.freeze()
    made.judge(made.chair)
    made.judge(made.member)
    come(made, made.chair, made.member)
    actions.open_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    made.open_judgements()
    first = made.decide("attained", "not_yet")
    [noted] = Attendance.objects.filter(person=made.member.pk)
    Attendance.objects.filter(pk=noted.pk).update(by=made.secretary.pk)
    noted.refresh_from_db()
    answer(made, contradict(noted), was_there=False)
    come(made, made.member, at=SOON)
    address = reverse("committees:decide", args=[made.case.pk])
    client = browser(made.chair)

    form = client.get(address).context["form"]

    [done, open_] = first.findings.all()
    assert form["motivation"].value() == first.motivation
    assert form["cited"].value() == first.cited
    assert form[f"part_{done.part_id}"].value() == "attained"
    assert form[f"part_{open_.part_id}"].value() == "not_yet"
    assert form[f"part_{open_.part_id}_show"].value() == "Show it to a client."
    assert "Filled in: what was recorded on 9 November 2026, 13:00." in page(
        made.chair, "decide", made.case.pk
    )
    client.post(f"{address}draft/", {"motivation": "Typed since."})
    found = client.get(address).context["form"]
    assert found["motivation"].value() == "Typed since."
    assert found[f"part_{done.part_id}"].value() == "attained"


# --- Without quorum -------------------------------------------------------------------------------


def test_without_quorum_the_page_says_at_the_top_what_is_missing_and_offers_no_form() -> None:
    made = scene(state=Case.State.OPENED)
    address = reverse("committees:decide", args=[made.case.pk])
    before = page(made.chair, "decide", made.case.pk)
    browser(made.chair).post(f"{address}draft/", {"motivation": "Half a"})
    for user in (made.member, made.other_member):
        actions.mark_absent(meeting=made.meeting, person=user.person, by=user, at=HELD)

    shown = page(made.chair, "decide", made.case.pk)
    sent = browser(made.chair).post(address, {"motivation": "Typed all the same."})

    assert "Record the decision" in before
    assert "Record the decision" not in shown
    assert shown.index("The committee cannot decide now.") < shown.index("The frozen set")
    assert "1 member takes part, 2 are needed. (1 of 3 present.)" in shown
    assert "What you wrote is kept." in shown
    assert (sent.status_code, "Typed all the same." in sent.text) == (422, True)
    come(made, made.member, made.other_member, at=timezone.now())
    assert "Half a" in page(made.chair, "decide", made.case.pk)


# --- While somebody waits for an answer -----------------------------------------------------------


def test_the_secretary_finds_at_the_start_and_among_committees_what_waits_for_an_answer() -> None:
    made, [noted] = decided("other_member")
    before = home_of(made.secretary), committees_of(made.secretary)

    said = contradict(noted)
    link = f'<a href="{said.get_absolute_url()}">Other_Member says: I was not there</a>'
    home, listed = home_of(made.secretary), committees_of(made.secretary)
    on_the_meeting = page(made.secretary, "meeting", made.meeting.pk)

    assert [link in words for words in before] == [False, False]
    assert [link in words for words in (home, listed, on_the_meeting)] == [True, True, True]
    assert ("Nothing waits for you." in before[1], "Nothing waits for you." in listed) == (
        True, False,
    )  # fmt: skip
    for other in (made.chair, made.other_member):
        assert link not in home_of(other) + committees_of(other)
        assert "Waits for your answer" not in page(other, "meeting", made.meeting.pk)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=SOON)
    assert (link in home_of(made.secretary), link in committees_of(made.secretary)) == (True, True)
    answer(made, said, was_there=True)
    assert link not in home_of(made.secretary) + committees_of(made.secretary)


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("was_there", [True, False])
def test_the_exam_board_finds_it_at_the_start(announced: bool, was_there: bool) -> None:
    made, [noted] = decided("other_member")
    board, now = exam_board(), timezone.now()
    before = home_of(board)
    if announced:
        made.announce()

    said = contradict(noted, at=now)
    link = f'<a href="{said.get_absolute_url()}">Other_Member says: I was not there</a>'
    waiting = home_of(board)
    answer(made, said, was_there=was_there, at=now)
    answered = home_of(board)

    assert (link in before, link in waiting) == (False, True)
    assert (link in answered) == (announced or was_there)


def test_what_was_answered_long_ago_is_out_of_the_exam_boards_sight() -> None:
    made, [noted] = decided("other_member")
    answer(made, contradict(noted), was_there=True)
    made.announce()

    sight = {
        days: Contradiction.objects.for_exam_board(SOON + timedelta(days=days)).count()
        for days in (-1, 1)
    }

    assert sight == {-1: 1, 1: 0}


def test_the_exam_board_gets_one_mail_for_one_thing_that_says_which() -> None:
    made, [noted, other] = decided("other_member", "member")
    board = exam_board()
    answer(made, contradict(other), was_there=True)  # before the announcement
    held = said(mail_of("contradicted_exam_board"))
    OutboxMail.objects.all().delete()
    made.announce()

    later = contradict(noted)
    after = said(mail_of("contradicted_exam_board"))
    answer(made, later, was_there=True)
    both = said(mail_of("contradicted_exam_board"))

    assert told("contradicted_exam_board") == {board.pk}
    announced, not_announced, holds = (
        "A decision of this meeting had been announced by then.",
        "No decision of this meeting had been announced by then.",
        "The secretary holds that they were there.",
    )
    found = [
        [words in mail for words in (announced, not_announced, holds)]
        for mail in (held, after, both)
    ]
    assert found == [[False, True, True], [True, False, False], [True, False, True]]


@pytest.mark.tampers
def test_each_who_disputes_is_named_once_with_the_answer_and_not_among_the_present() -> None:
    made = scene()
    [first] = note(made, made.member)
    actions.mark_absent(meeting=made.meeting, person=made.member.person, by=made.secretary, at=HELD)
    [second] = note(made, made.member, at=SOON)
    come(made, made.chair)

    said = contradict(first)  # the second still stands
    while_open = page(made.chair, "meeting", made.meeting.pk)
    present = panel_in(made.meeting, SOON).present
    ContradictionFactory(attendance=second, recorded_at=SOON)
    answer(made, said, was_there=False)
    shown = page(made.chair, "meeting", made.meeting.pk)

    assert present == {made.chair.pk}
    facts = while_open.partition("<dt>Present</dt>")[2].partition("</dd>")[0]
    assert ("Chair" in facts, "Member" in facts) == (True, False)
    assert "not answered yet" in while_open
    disputed = shown.partition("Disputes being present")[2].partition("</dd>")[0]
    assert disputed.count("Member") == 1
    assert "the secretary: was not there" in disputed


@pytest.mark.parametrize("announced", [True, False])
def test_who_says_so_reads_of_which_meeting_and_whether_the_exam_board_hears_of_it(
    announced: bool,
) -> None:
    made, [noted] = decided("other_member")
    if announced:
        made.announce()
    address = reverse("committees:contradict", args=[noted.pk])
    asked = page(made.other_member, "contradict", noted.pk)

    with translation.override("en"):
        answered = browser(made.other_member).post(address, follow=True)

    assert "of 9 November 2026." in asked
    assert ("goes to the exam board too" in asked) == announced
    [message] = [str(one) for one in answered.context["messages"]]
    assert ("the exam board get a mail" in message) == announced
    meeting = reverse("committees:meeting", args=[made.meeting.pk])
    assert answered.redirect_chain == [(meeting, 302)]
    said = page(made.other_member, "contradiction", Contradiction.objects.get().pk)
    assert f'<a href="{meeting}">' in said
    assert ("the exam board was told" in said) == announced


def test_who_has_no_seat_any_more_lands_among_the_committees() -> None:
    made, [noted] = decided("other_member")
    seat = made.committee.memberships.get(person=made.other_member.pk)
    actions.end_seat(seat=seat, by=made.coordinator, at=SOON)

    answered = browser(made.other_member).post(reverse("committees:contradict", args=[noted.pk]))

    assert answered.headers["Location"] == reverse("committees:list")
    said = page(made.other_member, "contradiction", Contradiction.objects.get().pk)
    assert reverse("committees:meeting", args=[made.meeting.pk]) not in said


# --- Who stands in for the chair ------------------------------------------------------------------


def test_who_is_noted_as_leading_gets_a_mail_until_somebody_else_is() -> None:
    made = scene()
    come(made, made.member, made.other_member)

    for user in (made.member, made.other_member):
        actions.note_leading(meeting=made.meeting, person=user.person, by=made.secretary, at=HELD)

    mails = OutboxMail.objects.filter(template="committees/leads")
    words = {mail.to: said(mail) for mail in mails}
    assert words[made.member.pk] == ""
    assert words[made.other_member.pk].startswith("You stand in for the chair of a meeting")


def test_a_chair_who_left_names_nobody() -> None:
    made = scene(state=Case.State.FROZEN)
    ProgrammeRoleFactory(
        programme=made.programme, person=made.chair, role=ProgrammeRole.Role.COORDINATOR
    )
    come(made, made.chair, made.member)
    words = {"meeting": made.meeting, "person": made.member.person, "by": made.chair, "at": HELD}

    actions.note_leading(**words)
    actions.mark_absent(meeting=made.meeting, person=made.chair.person, by=made.chair, at=HELD)
    with pytest.raises(NotAllowed):
        actions.note_leading(**words)

    assert Leading.objects.count() == 1
    refused = browser(made.chair).post(
        reverse("committees:leading", args=[made.meeting.pk]), {"person": str(made.member.pk)}
    )
    assert refused.status_code == 403
    assert "Who stands in for the chair?" not in page(made.chair, "meeting", made.meeting.pk)
    assert "Who stands in for the chair?" in page(made.secretary, "meeting", made.meeting.pk)


@pytest.mark.tampers
def test_the_record_says_when_a_decision_was_announced_not_when_the_meeting_is_planned() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    Meeting.objects.update(held_at=HELD + timedelta(days=25))

    listed, home = (
        browser(made.auditor).get(reverse(name)).text for name in ("committees:record", "home:home")
    )

    for words in (listed, home):
        assert "9 November 2026" in words
        assert "4 December 2026" not in words
