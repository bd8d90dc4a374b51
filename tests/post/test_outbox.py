"""The outbox: what is queued with a change is sent once, over real SMTP, and not kept."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from people.models import Account, Address, Person
from post import outbox
from post.models import OutboxMail
from post.outbox import BUILDERS, MailContent, queue, send_due
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.peers import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Account:
    return AccountFactory(sign_in="noor@school.example", name="Noor")


@pytest.fixture
def waiting(person: Account) -> OutboxMail:
    return queue("people/password", to=person.pk, about=person.pk, cause=None, language="en")


@pytest.fixture
def broken() -> Iterator[None]:
    """A builder that fails, as one with a fault would."""

    def build(row: OutboxMail) -> MailContent:
        raise ValueError(row)

    BUILDERS["tests/broken"] = build
    yield
    del BUILDERS["tests/broken"]


def test_a_mail_arrives_in_plain_text_and_html_with_one_link(
    waiting: OutboxMail, smtp_server: "MailServer", settings: "SettingsWrapper"
) -> None:
    assert send_due() == 1

    [mail] = smtp_server.messages
    plain = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert mail["to"] == "noor@school.example"
    assert mail["message-id"] == f"<{waiting.pk}@school.example>"
    assert plain.count(f"{settings.BASE_URL}/accounts/") == 1
    assert f'href="{settings.BASE_URL}/accounts/' in html


def test_address_name_and_language_are_those_of_the_moment_of_sending(
    person: Account, smtp_server: "MailServer"
) -> None:
    queue("people/password", to=person.pk, about=person.pk, cause=None)
    Address.objects.filter(person=person.pk).update(address="new@school.example")
    Person.objects.filter(pk=person.pk).update(name="Noor New", language="en")

    send_due()

    [mail] = smtp_server.messages
    assert (mail["to"], mail["content-language"]) == ("new@school.example", "en")
    assert "Hello Noor New," in mail.get_body(("plain",)).get_content()


def test_a_mail_to_whom_no_address_is_known_is_not_tried_again_and_says_why(
    person: Account, smtp_server: "MailServer"
) -> None:
    row = queue("people/password", to=uuid.uuid4(), about=person.pk, cause=None)

    assert (send_due(), send_due(), smtp_server.messages) == (0, 0, [])

    row.refresh_from_db()
    assert (row.state, row.trouble, row.attempts) == ("failed", "no_address", 1)


def test_a_mail_can_be_called_off_until_a_sender_holds_it(
    person: Account, smtp_server: "MailServer"
) -> None:
    now = timezone.now()
    free, held = (
        queue("people/password", to=person.pk, about=person.pk, cause=None) for _ in range(2)
    )
    OutboxMail.objects.filter(pk=held.pk).update(claimed_until=now + timedelta(minutes=1))

    assert OutboxMail.objects.filter(about=person.pk).cancel(now) == 1

    states = [OutboxMail.objects.get(pk=row.pk).state for row in (free, held)]
    assert (states, send_due(), smtp_server.messages) == (["cancelled", "waiting"], 0, [])


def test_a_mail_is_sent_once(waiting: OutboxMail, smtp_server: "MailServer") -> None:
    send_due()
    send_due()

    waiting.refresh_from_db()
    assert (waiting.state, len(smtp_server.messages)) == ("sent", 1)


def test_a_mail_speaks_the_language_of_its_reader(
    person: Account, smtp_server: "MailServer"
) -> None:
    for language in ("nl", "en"):
        queue("people/password", to=person.pk, about=person.pk, cause=None, language=language)

    send_due()

    assert [mail["subject"] for mail in smtp_server.messages] == [
        "Een nieuw wachtwoord kiezen",
        "Choose a new password",
    ]
    assert [mail["content-language"] for mail in smtp_server.messages] == ["nl", "en"]


def test_a_mail_waits_until_it_is_due(person: Account, smtp_server: "MailServer") -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    queue("people/password", to=person.pk, about=person.pk, cause=None, due_at=tomorrow)

    assert (send_due(), smtp_server.messages) == (0, [])


def test_a_mail_that_is_no_longer_needed_is_not_sent(
    person: Account, waiting: OutboxMail, smtp_server: "MailServer"
) -> None:
    person.is_active = False
    person.save()

    send_due()

    waiting.refresh_from_db()
    assert (waiting.state, smtp_server.messages) == ("cancelled", [])


def test_a_mail_goes_when_the_change_does_not(person: Account) -> None:
    with transaction.atomic():
        queue("people/password", to=person.pk, about=person.pk, cause=None)
        transaction.set_rollback(True)

    assert OutboxMail.objects.count() == 0


def test_a_server_that_is_down_puts_a_mail_off_and_then_gives_it_up(
    waiting: OutboxMail, settings: "SettingsWrapper"
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody answers there
    seen = []
    for _ in range(len(outbox.BACK_OFF) + 1):
        OutboxMail.objects.update(due_at=timezone.now())
        send_due()
        waiting.refresh_from_db()
        seen.append((waiting.state, waiting.attempts, waiting.fault))

    assert seen[0] == ("waiting", 1, "ConnectionRefusedError")
    assert seen[-1] == ("failed", 6, "ConnectionRefusedError")


@pytest.mark.usefixtures("broken")
def test_one_mail_that_cannot_be_made_does_not_keep_the_others(
    person: Account, smtp_server: "MailServer", caplog: pytest.LogCaptureFixture
) -> None:
    bad = queue("tests/broken", to=person.pk, about=person.pk, cause=None)
    queue("people/password", to=person.pk, about=person.pk, cause=None)

    assert send_due() == 1

    bad.refresh_from_db()
    assert (bad.state, bad.fault) == ("waiting", "ValueError")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_row_that_another_sender_holds_is_left_alone(
    waiting: OutboxMail, smtp_server: "MailServer"
) -> None:
    OutboxMail.objects.update(claimed_until=timezone.now() + timedelta(minutes=1))

    assert (send_due(), smtp_server.messages) == (0, [])


def test_a_row_whose_sender_died_is_taken_up_again(
    waiting: OutboxMail, smtp_server: "MailServer"
) -> None:
    OutboxMail.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))

    assert send_due() == 1


def test_an_unknown_template_is_refused_at_once(person: Account) -> None:
    with pytest.raises(KeyError):
        queue("people/nothing", to=person.pk, about=person.pk, cause=None)


@pytest.mark.parametrize(
    ("state", "trouble", "days", "stays"),
    [
        ("sent", "", 61, False),
        ("cancelled", "", 61, False),
        ("failed", "full", 61, False),
        ("waiting", "", 61, True),
        ("sent", "", 59, True),
        ("failed", "full", 59, True),
    ],
)
def test_what_has_ended_is_forgotten_after_the_term(
    waiting: OutboxMail,
    settings: "SettingsWrapper",
    state: str,
    trouble: str,
    days: int,
    stays: bool,
) -> None:
    settings.KEPT_DAYS = 60
    at = timezone.now() - timedelta(days=days)
    OutboxMail.objects.update(state=state, trouble=trouble, due_at=at)

    outbox.forget_old()

    assert OutboxMail.objects.exists() is stays
