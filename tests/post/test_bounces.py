"""Reports of mails that did not arrive: RFC 3464, to the address that the mail was sent from."""

import io
import mailbox
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from post.bounces import sender_of
from post.models import OutboxMail
from post.outbox import queue, send_due
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.peers import MailServer

pytestmark = pytest.mark.django_db

REPORT = """\
From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Mon, 02 Mar 2026 10:00:00 +0100

Final-Recipient: rfc822; noor@school.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {status} said the server

--edge
Content-Type: message/rfc822-headers

Subject: Choose a new password

--edge--
"""


@pytest.fixture(autouse=True)
def return_path(settings: "Settings") -> None:
    settings.RETURN_PATH = "bounces@school.example"


@pytest.fixture
def sent(smtp_server: "MailServer") -> OutboxMail:
    person = AccountFactory(sign_in="noor@school.example")
    row = queue("people/password", to=person.pk, about=person.pk, cause=None)
    send_due()
    return row


def report(to: str, action: str = "failed", status: str = "5.1.1") -> bytes:
    return REPORT.format(to=to, action=action, status=status).encode()


def state_of(row: OutboxMail) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.trouble


def read(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    call_command("read_bounces", stdout=io.StringIO())


def test_each_mail_leaves_under_a_sender_of_its_own_and_shows_the_house(
    sent: OutboxMail, smtp_server: "MailServer", settings: "Settings"
) -> None:
    [sender], [message] = smtp_server.senders, smtp_server.messages

    assert sender == sender_of(sent)
    assert sender.startswith("bounces+")
    assert sender.endswith("@school.example")
    assert len(sender.partition("@")[0]) <= 64
    assert str(message["From"]) == settings.DEFAULT_FROM_EMAIL


def test_without_a_return_path_mail_leaves_under_the_address_of_the_house(
    smtp_server: "MailServer", settings: "Settings"
) -> None:
    settings.RETURN_PATH, settings.DEFAULT_FROM_EMAIL = "", "School <post@school.example>"
    person = AccountFactory()
    queue("people/password", to=person.pk, about=person.pk, cause=None)

    send_due()

    assert smtp_server.senders == ["post@school.example"]


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        ("5.1.1", "no_mailbox"),
        ("5.2.2", "full"),
        ("5.7.1", "refused"),
        ("4.4.7", "no_answer"),
        ("none", "refused"),
    ],
)
@pytest.mark.parametrize("as_it_came", [str, str.upper], ids=["as sent", "in capitals"])
def test_a_report_says_that_a_mail_did_not_arrive(
    sent: OutboxMail, monkeypatch: pytest.MonkeyPatch, status: str, trouble: str, as_it_came: type
) -> None:
    read(monkeypatch, report(as_it_came(sender_of(sent)), status=status))

    assert state_of(sent) == ("failed", trouble)


def test_a_report_by_its_delivery_is_known_too(
    sent: OutboxMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = report("undisclosed-recipients:;")
    header = f"Delivered-To: {sender_of(sent)}\n".encode()

    read(monkeypatch, header + content)

    assert state_of(sent) == ("failed", "no_mailbox")


def forged(sent: OutboxMail) -> bytes:
    local, _at, domain = sender_of(sent).partition("@")
    last = "a" if local[-4] != "a" else "b"
    return report(f"{local[:-4]}{last}{local[-3:]}@{domain}")


def of_another_key(sent: OutboxMail) -> bytes:
    return report(sender_of(OutboxMail()))


def elsewhere(sent: OutboxMail) -> bytes:
    return report(sender_of(sent).replace("@school.example", "@other.example"))


def delayed(sent: OutboxMail) -> bytes:
    return report(sender_of(sent), action="delayed", status="4.4.1")


def delivered(sent: OutboxMail) -> bytes:
    return report(sender_of(sent), action="delivered", status="2.0.0")


def away(sent: OutboxMail) -> bytes:
    message = EmailMessage()
    message["To"], message["Subject"] = sender_of(sent), "I am on holiday. Action: failed"
    message.set_content("Action: failed\nStatus: 5.1.1\n")
    return message.as_bytes()


def broken(sent: OutboxMail) -> bytes:
    return report(sender_of(sent)).partition(b"Final-Recipient")[0] + b"\xff\x00\xfe"


def empty(sent: OutboxMail) -> bytes:
    return b""


@pytest.mark.parametrize(
    "made", [forged, of_another_key, elsewhere, delayed, delivered, away, broken, empty]
)
def test_what_proves_no_failure_of_a_mail_of_ours_changes_nothing(
    sent: OutboxMail, monkeypatch: pytest.MonkeyPatch, made: "object"
) -> None:
    assert callable(made)

    read(monkeypatch, made(sent))

    assert state_of(sent) == ("sent", "")


def test_what_did_not_leave_yet_cannot_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    person = AccountFactory()
    row = queue("people/password", to=person.pk, about=person.pk, cause=None)

    read(monkeypatch, report(sender_of(row)))

    assert state_of(row) == ("waiting", "")


def test_a_folder_is_read_once_and_keeps_what_was_not_understood(
    sent: OutboxMail, tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "bounces", create=True)
    box.add(report(sender_of(sent)))
    box.add(away(sent))
    said = io.StringIO()

    call_command("read_bounces", str(tmp_path / "bounces"), stdout=said)
    call_command("read_bounces", str(tmp_path / "bounces"), stdout=said)

    assert said.getvalue() == "2 read, 1 noted.\n0 read, 0 noted.\n"
    assert state_of(sent) == ("failed", "no_mailbox")
    [left] = mailbox.Maildir(tmp_path / "bounces")
    assert (left["Subject"], left.get_subdir(), left.get_flags()) == (
        "I am on holiday. Action: failed",
        "cur",
        "S",
    )


def test_a_folder_that_is_no_maildir_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is no maildir"):
        call_command("read_bounces", str(tmp_path))
