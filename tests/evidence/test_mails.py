"""The mails about feedback and accounts, over a real SMTP server."""

from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format

from evidence.actions import feedback as actions
from evidence.models import Evidence, FeedbackRequest
from people.actions import change_address, confirm_address, register
from post.models import OutboxMail
from post.outbox import BUILDERS, queue, send_due
from tests.evidence.factories import (
    FeedbackFactory,
    FeedbackRequestFactory,
    confirm,
    withdraw,
)
from tests.evidence.scenes import Scene, scene
from tests.evidence.scenes import client as somebody
from tests.factories import AccountFactory
from tests.peers import MailServer

pytestmark = pytest.mark.django_db

TITLE = 'Tables & "chairs"'


def place() -> Scene:
    made = scene(lines=2)
    made.piece.revisions.model.objects.create(
        evidence=made.piece, number=2, title=TITLE, happened_on=timezone.localdate()
    )
    Evidence.objects.filter(pk=made.piece.pk).update(current=made.piece.revisions.latest("number"))
    return made


def asked(message: str = "") -> FeedbackRequest:
    made = place()
    [question] = actions.ask(
        evidence=made.piece,
        enrolment=made.enrolment,
        people=[somebody()],
        requirements=made.lines,
        message=message,
        by=made.student,
    )
    return question


def parts(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of a mail."""
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content(), html.get_content()


class Reader(HTMLParser):
    """What an HTML mail says, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.language = ""
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if tag == "a":
            self.links.append(values["href"] or "")
        if tag == "html":
            self.language = values["lang"] or ""


def only_link(message: EmailMessage) -> str:
    """The one link of a mail, the same in both parts; checks the frame that all mails share."""
    plain, html = parts(message)
    reader = Reader(html)
    [link] = reader.links
    assert plain.split().count(link) == 1
    assert {"table", "img", "script"} & set(reader.tags) == set()
    assert reader.tags.count("h1") == 1
    assert "{" not in plain
    return link


def on_site(link: str) -> str:
    assert link.startswith(settings.BASE_URL)
    return urlsplit(link).path


# --- Who is asked ---------------------------------------------------------------------------------


def test_a_question_arrives_with_a_link_that_works(client: Client, smtp_server: MailServer) -> None:
    question = asked(message="What about <the> ending?")

    assert send_due() == 1
    [message] = smtp_server.messages

    assert message["To"] == "client@shop.example"
    student = question.evidence.owner.name
    assert message["Subject"] == f"{student} asks for your feedback: {TITLE}"
    page = client.get(on_site(only_link(message)))
    assert page.status_code == 200
    assert page.context["row"] == question
    plain, html = parts(message)
    with translation.override("en"):
        until = date_format(timezone.localtime(question.expires_at), "j F Y")
    programme = question.enrolment.programme.title
    wanted = [
        "Cor Client",
        student,
        programme,
        until,
        *(line.words for line in question.requirements.all()),
    ]
    assert [text for text in wanted if text not in plain] == []
    assert [text for text in wanted if text not in html] == []
    assert (TITLE in plain, "What about <the> ending?" in plain) == (True, True)
    assert ("Tables &amp; &quot;chairs&quot;" in html, "&lt;the&gt;" in html) == (True, True)
    assert Reader(html).language == "en"


def test_a_mail_is_in_the_language_that_was_chosen(smtp_server: MailServer) -> None:
    FeedbackRequestFactory(language="nl")
    question = FeedbackRequest.objects.get()
    queue(
        "evidence/request",
        to=question.person.pk,
        about=question.pk,
        cause=None,
        language=question.language,
    )

    send_due()

    assert Reader(parts(smtp_server.messages[0])[1]).language == "nl"


def test_a_reminder_holds_the_same_link(smtp_server: MailServer) -> None:
    question = asked()
    later = timezone.now() + timedelta(hours=25)
    actions.remind(question=question, by=question.evidence.owner, at=later)
    OutboxMail.objects.update(due_at=timezone.now())

    assert send_due() == 2

    first, second = smtp_server.messages
    subjects = sorted([first["Subject"], second["Subject"]], key=len)
    assert subjects[1] == f"Reminder: {subjects[0]}"
    assert only_link(first) == only_link(second)


def test_somebody_who_spoke_is_asked_to_confirm_and_the_mail_holds_no_word_of_it(
    client: Client, smtp_server: MailServer
) -> None:
    made = place()
    feedback = actions.note(
        evidence=made.piece,
        enrolment=made.enrolment,
        speaker=somebody(),
        given_on=timezone.localdate(),
        text="You kept calm.",
        by=made.student,
    )

    send_due()

    [message] = smtp_server.messages
    assert message["To"] == "client@shop.example"
    assert message["Subject"] == f"{made.student.name} asks: did you say this about {TITLE}?"
    assert client.get(on_site(only_link(message))).context["row"] == feedback
    assert [part for part in parts(message) if "You kept calm." in part] == []


@pytest.mark.parametrize(
    ("given_by", "why"),
    [
        ("asker", "{student} filled in your address."),
        ("school", "the school filled in your address."),
        ("self", "you gave this address yourself."),
    ],
)
def test_a_question_says_who_gave_the_address_to_which_it_goes(given_by: str, why: str) -> None:
    giver = None
    if given_by == "self":
        giver = register(email="client@shop.example", name="Cor Client", by=None, language="en")
    question = asked()
    if given_by != "asker":
        row = change_address(person=question.person, address="right@shop.example", by=giver)
        if giver:
            confirm_address(address=row, by=giver)

    send_due()

    student = question.evidence.owner.name
    assert f"You get this mail because {why.format(student=student)}" in mail.outbox[-1].body


# --- Who asked ------------------------------------------------------------------------------------


def test_the_student_hears_who_gave_feedback_and_not_what(smtp_server: MailServer) -> None:
    question = asked()
    actions.answer(question=question, text="You kept calm.")

    assert send_due() == 1  # the question itself is no longer needed

    [message] = smtp_server.messages
    assert message["To"] == question.evidence.owner.account.sign_in
    assert message["Subject"] == f"Cor Client gave feedback: {TITLE}"
    url = reverse("evidence:detail", args=[question.evidence.pk])
    assert only_link(message) == f"{settings.BASE_URL}{url}#feedback"
    assert [part for part in parts(message) if "You kept calm." in part] == []


@pytest.mark.parametrize(("reason", "shown"), [("not_seen", True), ("", False)])
def test_the_student_hears_who_declined_and_perhaps_why(
    smtp_server: MailServer, reason: str, shown: bool
) -> None:
    question = asked()
    actions.decline(question=question, reason=reason)

    assert send_due() == 1

    [message] = smtp_server.messages
    assert message["Subject"] == f"Cor Client does not give feedback: {TITLE}"
    url = reverse("evidence:detail", args=[question.evidence.pk])
    assert only_link(message) == f"{settings.BASE_URL}{url}#feedback"
    assert ["I have not seen this" in part.replace("&#x27;", "'") for part in parts(message)] == [
        shown,
        shown,
    ]


# --- What is no longer needed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traits", "needed"),
    [
        ({}, True),
        ({"expired": True}, False),
        ({"answered": True}, False),
        ({"declined": True}, False),
        ({"withdrawn": True}, False),
        ({"evidence__withdrawn": True}, False),
    ],
)
@pytest.mark.parametrize("template", ["evidence/request", "evidence/reminder"])
def test_a_question_that_cannot_be_answered_needs_no_mail(
    template: str, traits: dict[str, bool], needed: bool
) -> None:
    question = FeedbackRequestFactory(**traits)

    content = BUILDERS[template](OutboxMail(about=question.pk))

    assert (content is not None) is needed


def test_a_note_that_was_confirmed_needs_no_mail() -> None:
    feedback = FeedbackFactory(noted=True, recorded_at=timezone.now())
    row = OutboxMail(about=feedback.pk)
    assert BUILDERS["evidence/confirmation"](row) is not None

    confirm(feedback)

    assert BUILDERS["evidence/confirmation"](row) is None


@pytest.mark.parametrize(
    "template", ["evidence/given", "evidence/declined", "evidence/confirmation"]
)
def test_what_a_withdrawn_piece_was_asked_needs_no_mail(template: str) -> None:
    feedback = FeedbackFactory(noted=True, asked=True, recorded_at=timezone.now())
    about = feedback.request_id if template == "evidence/declined" else feedback.pk
    row = OutboxMail(about=about)
    assert BUILDERS[template](row) is not None

    withdraw(Evidence.objects.get())

    assert BUILDERS[template](row) is None


# --- Accounts -------------------------------------------------------------------------------------


def invited() -> str:
    return register(email="new@school.example", name="Nel New", by=None, language="en").sign_in


def forgot(client: Client) -> str:
    user = AccountFactory(
        language="en", sign_in="old@school.example", name="Olaf Old", password="goed wachtwoord"
    )
    client.post(reverse("account_reset_password"), {"email": user.sign_in})
    return user.sign_in


@pytest.mark.parametrize(
    ("made", "subject"),
    [
        (invited, "Bewijskracht made an account for you: choose a password"),
        (forgot, "Choose a new password"),
    ],
)
def test_a_mail_about_an_account_leads_to_choosing_a_password(
    client: Client, smtp_server: MailServer, made: Any, subject: str
) -> None:
    address = made(client) if made is forgot else made()

    assert send_due() == 1

    [message] = smtp_server.messages
    assert (message["To"], message["Subject"]) == (address, subject)
    response = client.get(on_site(only_link(message)), follow=True)
    assert response.status_code == 200
    assert 'name="password1"' in response.content.decode()
