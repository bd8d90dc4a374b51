"""Mails that are refused, at once or for now, and what whoever caused them reads."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from post.models import OutboxMail
from post.outbox import BACK_OFF, queue, send_due
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from pytest_django import Settings

    from people.models import Account
    from tests.peers import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> "Account":
    return AccountFactory(sign_in="noor@school.example", name="Noor")


def mail_to(person: "Account", **fields: object) -> OutboxMail:
    row = queue("people/password", to=person.pk, about=person.pk, cause=None)
    OutboxMail.objects.filter(pk=row.pk).update(**fields)
    return row


def sent_until_it_ends(row: OutboxMail) -> OutboxMail:
    for _ in range(len(BACK_OFF) + 2):
        OutboxMail.objects.update(due_at=timezone.now())
        send_due()
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("step", "answer", "trouble", "fault"),
    [
        ("recipient", "550 5.1.1 Unknown user", "no_mailbox", "SMTPRecipientsRefused 550 5.1.1"),
        ("recipient", "550 5.2.1 Disabled", "no_mailbox", "SMTPRecipientsRefused 550 5.2.1"),
        ("recipient", "556 5.1.10 Null MX", "no_mailbox", "SMTPRecipientsRefused 556 5.1.10"),
        ("recipient", "552 5.2.2 Over quota", "full", "SMTPRecipientsRefused 552 5.2.2"),
        ("recipient", "552 Too much", "full", "SMTPRecipientsRefused 552"),
        ("recipient", "550 5.7.1 No", "refused", "SMTPRecipientsRefused 550 5.7.1"),
        ("recipient", "550 noor@school.example?", "refused", "SMTPRecipientsRefused 550"),
        ("content", "554 5.7.1 Spam", "refused", "SMTPDataError 554 5.7.1"),
    ],
)
def test_what_a_server_refuses_for_good_is_not_tried_again(
    smtp_server: "MailServer",
    person: "Account",
    step: str,
    answer: str,
    trouble: str,
    fault: str,
) -> None:
    setattr(smtp_server, f"to_{step}", answer)

    row = sent_until_it_ends(mail_to(person))

    assert (row.state, row.trouble, row.fault) == ("failed", trouble, fault)
    assert (row.attempts, smtp_server.asked) == (1, ["noor@school.example"])


@pytest.mark.parametrize(
    ("step", "answer", "trouble"),
    [
        ("recipient", "450 4.2.1 Come back later", "no_answer"),
        ("recipient", "452 4.2.2 Full for now", "full"),
        ("recipient", "450 Later", "no_answer"),
        ("content", "451 4.3.0 Busy", "no_answer"),
        ("sender", "550 5.7.1 Who are you?", "no_answer"),
    ],
)
def test_what_a_server_refuses_for_now_is_tried_again_and_then_given_up(
    smtp_server: "MailServer", person: "Account", step: str, answer: str, trouble: str
) -> None:
    setattr(smtp_server, f"to_{step}", answer)
    row = mail_to(person)

    send_due()
    row.refresh_from_db()
    assert (row.state, row.trouble, row.attempts) == ("waiting", "", 1)
    assert row.due_at - timezone.now() > timedelta(seconds=50)

    sent_until_it_ends(row)
    assert (row.state, row.trouble, row.attempts) == ("failed", trouble, len(BACK_OFF) + 1)


def test_a_mail_that_was_refused_for_now_arrives_later(
    smtp_server: "MailServer", person: "Account"
) -> None:
    row = mail_to(person)
    smtp_server.to_recipient = "450 4.7.1 Greylisted"
    send_due()
    smtp_server.to_recipient = ""

    sent_until_it_ends(row)

    assert (row.state, row.trouble, len(smtp_server.messages)) == ("sent", "", 1)


def test_a_server_that_does_not_answer_in_time_is_asked_again(
    smtp_server: "MailServer", person: "Account", settings: "Settings"
) -> None:
    settings.EMAIL_TIMEOUT, smtp_server.pause = 0.2, 0.6
    row = mail_to(person)

    assert send_due() == 0

    row.refresh_from_db()
    assert (row.state, row.fault) == ("waiting", "SMTPServerDisconnected")


# --- What whoever caused it reads -----------------------------------------------------------------


def test_a_trouble_lasts_until_another_mail_about_the_same_goes_out(person: "Account") -> None:
    other = AccountFactory()
    failed = mail_to(person, state="failed", trouble="full")
    mail_to(other, state="sent")

    assert OutboxMail.objects.troubles_about([person.pk, other.pk]) == {person.pk: failed}

    again = mail_to(person)
    assert OutboxMail.objects.troubles_about([person.pk, other.pk]) == {}

    OutboxMail.objects.filter(pk=again.pk).update(state="failed", trouble="no_mailbox")
    assert OutboxMail.objects.troubles_about([person.pk, other.pk]) == {person.pk: again}
