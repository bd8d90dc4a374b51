"""Who asks cannot answer: not signed in, not at a mailbox of theirs, not as the human that they are
said to be, and not by a link that they opened. And to how many people somebody sends a question."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from pytest_django import Settings

from evidence.actions import feedback as actions
from evidence.actions.feedback import NEW_LINK_AFTER
from evidence.models import Feedback, FeedbackRequest, GiverRole
from people.access import NotAllowed
from people.actions import call_off_address, change_address, confirm_address, say_same
from people.models import Account, Address, Draft
from post.models import OutboxMail
from post.outbox import send_due
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import FeedbackFactory, GiverFactory
from tests.evidence.scenes import Scene, asked, link, page_of, scene, verbs
from tests.evidence.scenes import client as somebody
from tests.evidence.test_feedback_asking import ask
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

State = FeedbackRequest.State
WORDS = "She stayed calm when it was busy."


def the_asker(place: Scene) -> Account:
    return place.student


def another_account_of_the_asker(place: Scene) -> Account:
    """The account of before is closed: one human has one that is open."""
    other = AccountFactory()
    Account.objects.filter(pk=place.student.pk).update(is_active=False)
    say_same(one=place.student.person, other=other.person, reason="They said so.", by=None)
    return other


def somebody_said_to_be_them_through_a_third(place: Scene) -> Account:
    other = another_account_of_the_asker(place)
    third = AccountFactory()
    Account.objects.filter(pk=other.pk).update(is_active=False)
    say_same(one=other.person, other=third.person, reason="They said so.", by=None)
    return third


WHO_ASKS = [the_asker, another_account_of_the_asker, somebody_said_to_be_them_through_a_third]
each_who_asks = pytest.mark.parametrize("who", WHO_ASKS)


def noted_now(place: Scene, **traits: Any) -> Feedback:
    return FeedbackFactory(
        enrolment=place.enrolment,
        evidence=place.piece,
        noted=True,
        recorded_at=timezone.now(),
        **traits,
    )


def confirming(feedback: Feedback) -> str:
    return reverse("evidence:confirm", args=[feedback.confirmation_token])


# --- Signed in ------------------------------------------------------------------------------------


@each_who_asks
def test_who_asks_does_not_answer_signed_in(client: Client, who: Any) -> None:
    place = scene()
    question = asked(place)
    client.force_login(who(place))

    page = client.post(link(question), {**page_of(question), "text": WORDS})

    assert (page.status_code, page.templates[0].name) == (403, "evidence/answer/own.html")
    assert WORDS in page.text  # to be copied
    assert place.piece.current is not None
    assert place.piece.current.title not in page.text
    question.refresh_from_db()
    assert (question.state, Feedback.objects.count()) == (State.OPEN, 0)


@each_who_asks
def test_who_asks_does_not_decline_signed_in(client: Client, who: Any) -> None:
    place = scene()
    question = asked(place)
    client.force_login(who(place))

    page = client.post(link(question, "decline"), {"reason": "not_me"})

    question.refresh_from_db()
    assert (page.status_code, question.state, question.reason) == (403, State.OPEN, "")


@each_who_asks
def test_who_asks_does_not_write_along_in_the_draft(client: Client, who: Any) -> None:
    place = scene()
    question = asked(place)
    client.force_login(who(place))

    answer = client.post(link(question, "answer_draft"), {"text": WORDS})

    assert (answer.status_code, Draft.objects.count()) == (403, 0)


@each_who_asks
def test_who_asks_does_not_confirm_what_they_noted(client: Client, who: Any) -> None:
    place = scene()
    feedback = noted_now(place)
    client.force_login(who(place))

    page = client.post(confirming(feedback), {"confirmed": "yes", "role": "client"})

    assert (page.status_code, page.templates[0].name) == (403, "evidence/answer/own.html")
    assert Feedback.objects.get().confirmed is None


def test_who_noted_words_as_a_teacher_does_not_confirm_them(client: Client) -> None:
    place = scene()
    teacher = AccountFactory()
    feedback = noted_now(place, noted_by=teacher.person)
    client.force_login(teacher)

    page = client.post(confirming(feedback), {"confirmed": "yes", "role": "client"})

    assert (page.status_code, Feedback.objects.get().confirmed) == (403, None)


@pytest.mark.parametrize("action", ["answer", "decline"])
def test_the_action_refuses_who_asks_too(action: str) -> None:
    question = asked()
    words = {"text": WORDS} if action == "answer" else {}

    with pytest.raises(NotAllowed):
        getattr(actions, action)(question=question, by=question.evidence.owner.account, **words)

    assert verbs() == []


# --- A link that they opened ----------------------------------------------------------------------


@each_who_asks
def test_nobody_answers_by_a_link_that_who_asks_opened(client: Client, who: Any) -> None:
    place = scene()
    question = asked(place)
    old, by = link(question), who(place)
    client.force_login(by)
    opened = client.get(old)
    client.logout()

    page = client.post(old, {"text": WORDS}, headers={"accept-language": "en"})

    assert (opened.status_code, page.status_code) == (403, 410)
    assert (Feedback.objects.count(), "This link was replaced" in page.text) == (0, True)
    question.refresh_from_db()
    [mail] = OutboxMail.objects.all()
    assert (mail.template, mail.to) == ("evidence/request", question.person_id)
    event = Event.objects.get(verb="feedback.link_replaced")
    assert event.by == by
    assert client.post(link(question), {**page_of(question), "text": WORDS}).status_code == 302
    assert question.feedback.person == question.person


def test_who_opens_each_new_link_makes_one_mail_an_hour(client: Client) -> None:
    """Each link that they open is dead; who was asked has one that works within the hour."""
    place = scene()
    question = asked(place)
    client.force_login(place.student)
    opened = []

    for _each in range(5):
        opened.append(link(question))
        assert client.get(opened[-1]).status_code == 403
        send_due()
        question.refresh_from_db()

    mails = OutboxMail.objects.filter(about=question.pk)
    assert [mails.filter(state=state).count() for state in ("sent", "waiting")] == [1, 1]
    waiting = mails.get(state="waiting")
    gone = waiting.due_at - mails.get(state="sent").due_at
    assert gone == NEW_LINK_AFTER
    client.logout()
    page = client.get(opened[-1], headers={"accept-language": "en"})
    assert [client.get(old).status_code for old in opened] == [410] * 5
    assert "Look in your mail within the hour" in page.text
    mails.filter(pk=waiting.pk).update(due_at=timezone.now())
    assert send_due() == 1
    page = client.get(opened[-1], headers={"accept-language": "en"})
    assert "Look in your mail: there is a new link." in page.text
    assert client.get(link(question)).status_code == 200


def test_the_words_that_wait_under_the_new_link_are_told_of(client: Client) -> None:
    place = scene()
    question = asked(place)
    old = link(question)
    client.post(link(question, "answer_draft"), {**page_of(question), "text": WORDS})
    client.force_login(place.student)
    own = client.get(old, headers={"accept-language": "en"})
    client.logout()

    page = client.get(old, headers={"accept-language": "en"})

    assert "What you wrote is there already." in page.text
    assert place.piece.get_absolute_url() in own.text
    question.refresh_from_db()
    assert WORDS in client.get(link(question)).text


@pytest.mark.parametrize("name", ["decline", "answer_draft"])
def test_nobody_answers_by_a_link_to_which_who_asks_posted(client: Client, name: str) -> None:
    place = scene()
    question = asked(place)
    old = link(question)
    client.force_login(place.student)
    client.post(link(question, name), {"reason": "not_me", "text": WORDS})
    client.logout()

    page = client.post(old, {"text": WORDS})

    assert (page.status_code, Feedback.objects.count()) == (410, 0)
    [mail] = OutboxMail.objects.all()
    assert (mail.template, mail.to) == ("evidence/request", question.person_id)


@pytest.mark.parametrize("how", ["get", "post"])
@each_who_asks
def test_nobody_confirms_by_a_link_that_who_asks_opened(client: Client, who: Any, how: str) -> None:
    place = scene()
    feedback = noted_now(place)
    old, by = confirming(feedback), who(place)
    client.force_login(by)
    opened = getattr(client, how)(old, {"confirmed": "yes", "role": "client"})
    client.logout()

    page = client.post(
        old, {"confirmed": "yes", "role": "client"}, headers={"accept-language": "en"}
    )

    assert (opened.status_code, page.status_code) == (403, 410)
    assert (Feedback.objects.get().confirmed, "This link was replaced" in page.text) == (None, True)
    [mail] = OutboxMail.objects.all()
    assert (mail.template, mail.to) == ("evidence/confirmation", feedback.person_id)
    assert Event.objects.get(verb="feedback.link_replaced").by == by
    new = confirming(Feedback.objects.get())
    assert client.post(new, {"confirmed": "yes", "role": "client"}).status_code == 302
    assert Feedback.objects.current().get().confirmed is True


def test_a_confirmation_that_is_given_has_no_new_link(client: Client) -> None:
    place = scene()
    feedback = noted_now(place)
    client.post(confirming(feedback), {"confirmed": "no"})
    client.force_login(place.student)

    assert client.get(confirming(feedback)).status_code == 403
    assert OutboxMail.objects.filter(template="evidence/confirmation").count() == 0
    feedback.refresh_from_db()
    assert feedback.serial == 1


def test_opening_it_once_more_sends_no_second_mail(client: Client) -> None:
    place = scene()
    question = asked(place)
    client.force_login(place.student)

    for _time in range(3):
        client.get(link(question))

    assert OutboxMail.objects.count() == 1


def test_who_was_asked_finds_what_they_were_writing_under_the_new_link(client: Client) -> None:
    place = scene()
    question = asked(place)
    client.post(link(question, "answer_draft"), {"text": WORDS})

    client.force_login(place.student)
    opened = client.get(link(question))
    client.logout()

    question.refresh_from_db()
    assert (WORDS in opened.text, WORDS in client.get(link(question)).text) == (False, True)


@pytest.mark.parametrize("traits", [{"expired": True}, {"answered": True}, {"declined": True}])
def test_a_link_that_answers_nothing_is_not_replaced(
    client: Client, traits: dict[str, bool]
) -> None:
    place = scene()
    question = asked(place, **traits)
    if question.state == State.ANSWERED:
        FeedbackFactory(enrolment=place.enrolment, evidence=place.piece, request=question)
    client.force_login(place.student)

    assert client.get(link(question)).status_code == 403
    assert (OutboxMail.objects.count(), verbs()) == (0, [])


def test_whoever_else_opens_a_link_leaves_it_as_it_is(client: Client) -> None:
    place = scene()
    question = asked(place)

    for user in (AccountFactory(), place.enrolment.adviser):
        client.force_login(user)
        assert client.get(link(question)).status_code == 200

    assert verbs() == []
    with pytest.raises(NotAllowed):
        actions.replace_link(row=question, by=AccountFactory())
    with pytest.raises(NotAllowed):
        actions.replace_link(row=noted_now(place), by=AccountFactory())


# --- A mailbox of theirs --------------------------------------------------------------------------


def their_own(place: Scene) -> str:
    address = place.student.person.address()
    assert address
    return str(address)


def another_spelling(place: Scene) -> str:
    name, _at, domain = their_own(place).partition("@")
    return f"{name}+feedback@{domain.upper()}"


def one_of_before(place: Scene) -> str:
    before = their_own(place)
    new = change_address(person=place.student.person, address="new@home.example", by=place.student)
    confirm_address(address=new, by=place.student)
    return before


def one_that_waits(place: Scene) -> str:
    return str(
        change_address(person=place.student.person, address="other@home.example", by=place.student)
    )


def one_that_was_called_off(place: Scene) -> str:
    waits = one_that_waits(place)
    call_off_address(person=place.student.person, by=place.student)
    return waits


def of_another_that_is_them(place: Scene) -> str:
    before = GiverFactory(name="Their old name", address="before@home.example")
    say_same(one=place.student.person, other=before, reason="They said so.", by=None)
    return "before@home.example"


OWN = [
    their_own,
    another_spelling,
    one_of_before,
    one_that_waits,
    one_that_was_called_off,
    of_another_that_is_them,
]
each_of_their_own = pytest.mark.parametrize("own", OWN)


@each_of_their_own
@pytest.mark.parametrize("name", ["Cor Client", "Their old name"])
def test_nobody_asks_at_a_mailbox_of_their_own(own: Any, name: str) -> None:
    place = scene()
    address = own(place)

    with pytest.raises(NotPossible):
        ask(place, somebody(address, name))

    assert FeedbackRequest.objects.count() == 0


@each_of_their_own
def test_nobody_notes_words_of_who_reads_mail_at_a_mailbox_of_the_maker(own: Any) -> None:
    place = scene()
    address = own(place)

    with pytest.raises(NotPossible):
        actions.note(
            evidence=place.piece,
            enrolment=place.enrolment,
            speaker=somebody(address),
            given_on=timezone.localdate(),
            text=WORDS,
            on_whole=True,
            by=place.student,
        )

    assert Feedback.objects.count() == 0


@pytest.mark.tampers  # no address comes by itself to who has none of these
@each_of_their_own
def test_nothing_is_answered_from_a_mailbox_that_turns_out_to_be_the_askers(
    client: Client, own: Any
) -> None:
    place = scene()
    [question] = ask(place, somebody("client@shop.example"))
    address = own(place)
    Address.objects.filter(person=question.person).update(ended_at=timezone.now(), receives=False)
    Address.objects.create(
        person=question.person, address=address, source="school", recorded_at=timezone.now()
    )

    page = client.post(link(question), {**page_of(question), "text": WORDS})

    assert (page.status_code, WORDS in page.text) == (422, True)
    assert Feedback.objects.count() == 0


def test_a_mailbox_of_a_neighbour_at_the_same_domain_is_nobodys_but_theirs() -> None:
    place = scene()
    domain = their_own(place).partition("@")[2]

    [question] = ask(place, somebody(f"neighbour@{domain}", "Nel Neighbour"))

    assert actions.answer(question=question, text=WORDS).person == question.person


# --- How many -------------------------------------------------------------------------------------


def strangers(number: int, start: int = 0) -> list[Any]:
    return [somebody(f"s{n}@far.example", f"S {n}") for n in range(start, start + number)]


def test_nobody_asks_more_people_than_so_many_in_a_day(settings: Settings) -> None:
    settings.ASKED_A_DAY = 5
    place = scene()
    now = timezone.now()
    ask(place, *strangers(4), at=now)

    with pytest.raises(NotPossible, match="5"):
        ask(place, *strangers(2, start=4), at=now + timedelta(hours=1))
    ask(place, *strangers(1, start=4), at=now + timedelta(hours=1))
    with pytest.raises(NotPossible):
        ask(place, *strangers(1, start=5), at=now + timedelta(hours=23))
    ask(place, *strangers(4, start=5), at=now + timedelta(hours=24, minutes=1))

    assert FeedbackRequest.objects.count() == 9


def test_it_is_said_from_when_there_is_room_again(settings: Settings) -> None:
    settings.ASKED_A_DAY = 3
    place = scene()
    now = timezone.now()
    for n, minutes in enumerate((0, 10, 20)):
        ask(place, *strangers(1, start=n), at=now + timedelta(minutes=minutes))

    free_at = now + timedelta(days=1, minutes=11)

    with override("en"):
        said = date_format(timezone.localtime(free_at), "j F H:i")
        with pytest.raises(NotPossible, match=f"from {said} on"):
            ask(place, *strangers(2, start=3), at=now + timedelta(minutes=30))
        assert len(ask(place, *strangers(2, start=3), at=free_at)) == 2
        with pytest.raises(NotPossible, match="Choose fewer: what you wrote is kept"):
            ask(place, *strangers(4, start=5), at=free_at)


def test_forty_five_strangers_get_no_mail_in_a_row(settings: Settings) -> None:
    place = scene()
    refused = 0

    for n in range(45):
        try:
            ask(place, *strangers(1, start=n))
        except NotPossible:
            refused += 1

    assert (settings.ASKED_A_DAY, refused) == (20, 25)
    assert OutboxMail.objects.filter(template="evidence/request").count() == 20


def test_asking_and_withdrawing_makes_no_room(settings: Settings) -> None:
    settings.ASKED_A_DAY = 2
    place = scene()
    for n in range(2):
        [question] = ask(place, *strangers(1, start=n))
        actions.withdraw_request(question=question, by=place.student)

    with pytest.raises(NotPossible):
        ask(place, *strangers(1, start=2))


def test_who_notes_words_asks_too(settings: Settings) -> None:
    settings.ASKED_A_DAY = 2
    place = scene()

    def note(n: int) -> None:
        actions.note(
            evidence=place.piece,
            enrolment=place.enrolment,
            speaker=strangers(1, start=n)[0],
            given_on=timezone.localdate(),
            text=WORDS,
            on_whole=True,
            by=place.student,
        )

    ask(place, *strangers(1))
    note(1)
    with pytest.raises(NotPossible):
        note(2)
    with pytest.raises(NotPossible):
        ask(place, *strangers(1, start=3))


def test_of_one_student_another_is_not_the_judge(settings: Settings) -> None:
    settings.ASKED_A_DAY = 1
    ask(scene(), somebody())

    assert len(ask(scene(), somebody())) == 1


def test_what_is_refused_stands_in_the_form_and_is_found_again(
    client: Client, settings: Settings
) -> None:
    settings.ASKED_A_DAY = 0
    place = scene()
    client.force_login(place.student)
    url = reverse("evidence:ask", args=[place.piece.pk])
    about = f"{place.enrolment.pk}/{place.lines[0].pk}"
    newcomer = {"name": "Cor Client", "address": "c@shop.example", "role": GiverRole.CLIENT}
    data = {f"person0-{name}": value for name, value in newcomer.items()}
    data |= {"requirements": [about], "message": WORDS, "person0-language": "en"}

    refused = client.post(url, data)
    later = client.get(url)

    assert refused.status_code == 422
    assert "in 24 hours" in refused.text
    for page in (refused.text, later.text):
        assert (WORDS in page, "c@shop.example" in page) == (True, True)
    assert FeedbackRequest.objects.count() == 0
    settings.ASKED_A_DAY = 1
    assert client.post(url, data).status_code == 302


# --- A question that shows its piece no more ------------------------------------------------------


@pytest.mark.parametrize(
    ("traits", "shown"),
    [
        ({}, True),
        ({"answered": True}, True),
        ({"expired": True}, False),
        ({"answered": True, "expired": True}, False),
        ({"declined": True}, False),
        ({"withdrawn": True}, False),
    ],
)
def test_an_account_holder_sees_a_piece_as_long_as_its_question_shows_it(
    client: Client, traits: dict[str, bool], shown: bool
) -> None:
    place = scene()
    user = AccountFactory()
    asked(place, person=user, **traits)
    client.force_login(user)

    page = client.get(reverse("evidence:detail", args=[place.piece.pk]))

    assert page.status_code == (200 if shown else 404)


def test_a_receipt_says_no_more_of_a_piece_that_was_withdrawn(client: Client) -> None:
    place = scene()
    question = asked(place)
    client.post(link(question), {**page_of(question), "text": WORDS})
    before = client.get(link(question))
    place.piece.withdrawals.create(recorded_at=timezone.now())

    after = client.get(link(question))

    assert (WORDS in before.text, WORDS in after.text) == (True, False)
