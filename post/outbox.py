"""Mail: a row in the transaction of the change; address, words and link found at sending.

Each room registers how the content of its mails is made from the row. A builder that returns None
says that the mail is no longer needed.
"""

import logging
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from post.bounces import sender_of
from post.models import OutboxMail
from post.recipients import Recipient, recipient
from post.replies import reply_in
from post.work import background, nudge, term
from records.models import Event

logger = logging.getLogger(__name__)

State, Trouble = OutboxMail.State, OutboxMail.Trouble

LEASE = timedelta(minutes=5)
BACK_OFF = [timedelta(minutes=n) for n in (1, 5, 30, 120, 720)]


@dataclass(frozen=True, slots=True)
class MailContent:
    """What a builder makes: the subject and the context of the two templates
    `mail/<template>.txt` and `mail/<template>.html`. `name` is in it already: the reader's.
    `address` is where it goes instead of where mail for its reader goes."""

    subject: str
    context: dict[str, Any] = field(default_factory=dict)
    address: str = ""


Builder = Callable[[OutboxMail], MailContent | None]
BUILDERS: dict[str, Builder] = {}


def mail(template: str) -> Callable[[Builder], Builder]:
    """Register the builder of this template's mails."""

    def keep(function: Builder) -> Builder:
        BUILDERS[template] = function
        return function

    return keep


def address_of(view_name: str, *args: Any) -> str:
    """Write the full address of a page, for a mail or on paper."""
    return settings.BASE_URL + reverse(view_name, args=args)


def queue(
    template: str,
    *,
    to: UUID,
    about: UUID,
    cause: Event | None,
    language: str | None = None,
    at: datetime | None = None,
    due_at: datetime | None = None,
) -> OutboxMail:
    """Put a mail in the outbox, in the caller's transaction, and nudge the sender on commit. `to`
    is a person's id, `about` the row that the mail is about, `cause` the event that made it
    needed; without `language` it speaks that of its reader. One query."""
    if template not in BUILDERS:
        raise KeyError(template)
    at = at or timezone.now()
    row = OutboxMail.objects.create(
        template=template,
        to=to,
        about=about,
        cause=cause,
        language=language,
        recorded_at=at,
        due_at=due_at or at,
    )
    nudge("outbox")
    return row


@background("outbox")
def send_due() -> int:
    """Send what is due, one claimed row at a time; returns how many were sent."""
    sent = 0
    for row in _claimed():
        sent += _send(row)
    return sent


@background("old mails")
def forget_old() -> int:
    """Forget mails that were sent, called off or given up long ago; returns how many."""
    return OutboxMail.objects.ended(before=term(timezone.now())).delete()[0]


def _claimed() -> Iterator[OutboxMail]:
    while True:
        now = timezone.now()
        with transaction.atomic():
            due = OutboxMail.objects.due(now).order_by("due_at")
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True, no_key=True)
            row = due.first()
            if row is None:
                return
            row.claimed_until = now + LEASE
            row.attempts += 1
            row.save(update_fields=["claimed_until", "attempts"])
        yield row


def _send(row: OutboxMail) -> bool:
    try:
        person = recipient(row.to)
        if person is None:
            return _finish(row, State.FAILED, Trouble.NO_ADDRESS)
        message = message_of(row, person)
        if message is None:
            return _finish(row, State.CANCELLED)
        message.send()
    except (OSError, smtplib.SMTPException) as fault:
        reply = reply_in(fault)
        if reply and reply.is_final:
            return _finish(row, State.FAILED, reply.trouble, fault=reply.named)
        return _put_off(row, Trouble.NO_ANSWER, fault)
    except Exception as fault:
        logger.exception("mail %s (%s) could not be made", row.id, row.template)
        return _put_off(row, Trouble.FAULT, fault)
    return _finish(row, State.SENT)


def message_of(row: OutboxMail, person: Recipient) -> EmailMultiAlternatives | None:
    """Make the mail as this person gets it, in the language of the row or else their own; None when
    it is no longer needed."""
    language = row.language or person.language
    with translation.override(language):
        content = BUILDERS[row.template](row)
        return _written(row, content, person, language) if content else None


def _written(
    row: OutboxMail, content: MailContent, person: Recipient, language: str
) -> EmailMultiAlternatives:
    context = {
        "institution": settings.INSTITUTION,
        "base_url": settings.BASE_URL,
        "subject": content.subject,
        "language": language,
        "name": person.name,
        "demo_mode": settings.DEMO,
        **content.context,
    }
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    message = EmailMultiAlternatives(
        subject=" ".join(content.subject.split()),
        body=render_to_string(f"mail/{row.template}.txt", context),
        from_email=sender_of(row) or None,
        to=[content.address or person.address],
        # Fixed, so that a mail sent twice after a crash is known for one.
        headers={
            "From": settings.DEFAULT_FROM_EMAIL,
            "Message-ID": f"<{row.id}@{host}>",
            "Auto-Submitted": "auto-generated",
            "Content-Language": language,
        },
    )
    message.attach_alternative(render_to_string(f"mail/{row.template}.html", context), "text/html")
    return message


def _finish(row: OutboxMail, state: OutboxMail.State, trouble: str = "", fault: str = "") -> bool:
    row.state, row.trouble, row.fault = state, trouble, fault or row.fault
    row.sent_at = timezone.now() if state == State.SENT else None
    row.claimed_until = None
    row.save(update_fields=["state", "trouble", "fault", "sent_at", "claimed_until"])
    return state == State.SENT


def _put_off(row: OutboxMail, trouble: str, fault: Exception) -> bool:
    """Try again later to send a mail; after the last time it is given up, for this reason."""
    reply = reply_in(fault)
    named = reply.named if reply else type(fault).__name__
    if row.attempts > len(BACK_OFF):
        return _finish(row, State.FAILED, reply.trouble if reply else trouble, fault=named)
    row.fault, row.claimed_until = named, None
    row.due_at = timezone.now() + BACK_OFF[row.attempts - 1]
    row.save(update_fields=["fault", "claimed_until", "due_at"])
    return False
