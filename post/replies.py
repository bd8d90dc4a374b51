"""What a mail server says of a mail: at sending in a reply, later in a report that comes back."""

import re
import smtplib
from dataclasses import dataclass

from post.models import OutboxMail

Trouble = OutboxMail.Trouble

STATUS = re.compile(rb"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# What follows the class in a status of RFC 3463 and its registry: the address is none, or no more.
NO_MAILBOX = {"1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1"}
FULL = "2.2"


@dataclass(frozen=True, slots=True)
class Reply:
    """Why the server did not take the mail; `named` is the fault with its numbers, without the
    server's words, which may repeat what was sent."""

    trouble: OutboxMail.Trouble
    is_final: bool
    named: str


def reply_in(fault: Exception) -> Reply | None:
    """Find what the server said of this recipient or this mail; None where it did not get that far:
    a connection that failed, a sign-in or a sender that was refused, which is our own affair."""
    match fault:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            [(code, words)] = recipients.values()
        case smtplib.SMTPDataError(smtp_code=code, smtp_error=words):
            pass
        case _:
            return None
    found = STATUS.match(words if isinstance(words, bytes) else words.encode())
    status = found[0].decode() if found else ""
    named = f"{type(fault).__name__} {code} {status}".strip()
    # Without a status of its own a reply says little more than yes, no, and too much (RFC 5321).
    status = status or ("5.2.2" if code == 552 else f"{code // 100}.0.0")
    return Reply(trouble_of(status), 500 <= code < 600, named)


def trouble_of(status: str) -> OutboxMail.Trouble:
    """Tell the trouble that a status like 5.1.1 (RFC 3463) stands for once nobody tries again."""
    kind, _dot, detail = status.partition(".")
    if detail == FULL:
        return Trouble.FULL
    if kind == "4":
        return Trouble.NO_ANSWER
    return Trouble.NO_MAILBOX if detail in NO_MAILBOX else Trouble.REFUSED
