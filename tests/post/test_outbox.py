"""The outbox: what is queued with a change is sent once, over real SMTP, and not kept."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.utils import timezone

from post import outbox
from post.models import OutboxMail
from post.outbox import BUILDERS, MailContent, queue, send_due
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from people.models import Account
    from tests.peers import MailServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> "Account":
    return AccountFactory(sign_in="noor@school.example", name="Noor")


@pytest.fixture
def waiting(person: "Account") -> OutboxMail:
    return queue("people/password", person.sign_in, language="en", account=person.pk)


@pytest.fixture
def broken() -> Iterator[None]:
    """A builder that fails, as one with a fault would."""

    def build(ids: dict[str, str]) -> MailContent:
        raise ValueError(ids)

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


def test_a_mail_is_sent_once(waiting: OutboxMail, smtp_server: "MailServer") -> None:
    send_due()
    send_due()

    waiting.refresh_from_db()
    assert (waiting.state, len(smtp_server.messages)) == ("sent", 1)


def test_a_mail_speaks_the_language_of_its_reader(
    person: "Account", smtp_server: "MailServer"
) -> None:
    for language in ("nl", "en"):
        queue("people/password", person.sign_in, language=language, account=person.pk)

    send_due()

    assert [mail["subject"] for mail in smtp_server.messages] == [
        "Een nieuw wachtwoord kiezen",
        "Choose a new password",
    ]
    assert [mail["content-language"] for mail in smtp_server.messages] == ["nl", "en"]


def test_a_mail_waits_until_it_is_due(person: "Account", smtp_server: "MailServer") -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    queue("people/password", person.sign_in, language="nl", due_at=tomorrow, account=person.pk)

    assert (send_due(), smtp_server.messages) == (0, [])


def test_a_mail_that_is_no_longer_needed_is_not_sent(
    person: "Account", waiting: OutboxMail, smtp_server: "MailServer"
) -> None:
    person.is_active = False
    person.save()

    send_due()

    waiting.refresh_from_db()
    assert (waiting.state, smtp_server.messages) == ("cancelled", [])


def test_a_mail_goes_when_the_change_does_not(person: "Account") -> None:
    with transaction.atomic():
        queue("people/password", person.sign_in, language="nl", account=person.pk)
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
    person: "Account", smtp_server: "MailServer", caplog: pytest.LogCaptureFixture
) -> None:
    bad = queue("tests/broken", person.sign_in, language="nl", secret="none")
    queue("people/password", person.sign_in, language="nl", account=person.pk)

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


def test_an_unknown_template_is_refused_at_once(person: "Account") -> None:
    with pytest.raises(KeyError):
        queue("people/nothing", person.sign_in, language="nl")
