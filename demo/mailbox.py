"""The demo's mailbox. Only the demo keeps what it sends: a file a mail, under DATA_ROOT."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage as OutgoingMail
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[OutgoingMail]) -> int:
        folder().mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}-{uuid4().hex[:8]}.eml"
            (folder() / name).write_bytes(message.message().as_bytes())
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that the demo sent; `name` is its place in the mailbox's address."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["subject"])

    @property
    def to(self) -> str:
        return str(self.message["to"])

    @property
    def language(self) -> str:
        return str(self.message["Content-Language"])

    @property
    def text(self) -> str:
        body = self.message.get_body(preferencelist=("plain",))
        return str(body.get_content()) if body else ""


def folder() -> Path:
    return settings.DATA_ROOT / "mailbox"


def kept_mails() -> list[KeptMail]:
    """All that the demo sent, newest first."""
    return [_read(file) for file in sorted(folder().glob("*.eml"), reverse=True)]


def kept_mail(name: str) -> KeptMail | None:
    return next((_read(file) for file in folder().glob("*.eml") if file.stem == name), None)


def _read(file: Path) -> KeptMail:
    message = message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default)
    return KeptMail(file.stem, message)
