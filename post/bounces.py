"""What comes back. Each mail leaves under a sender of its own, made from its id under a key. A
report that it did not arrive (RFC 3464) comes to that address; what is not ours, or forged,
changes nothing.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.utils import getaddresses

from django.conf import settings
from django.db import transaction

from post.links import folded_token_for, id_in_folded
from post.models import OutboxMail
from post.replies import trouble_of

PURPOSE = "bounce"
# Where the address to which a mail came stands, whichever server delivers it.
TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def sender_of(mail: OutboxMail) -> str:
    """Tell the address to which a report on this mail comes; empty where the installation has
    none."""
    name, _at, domain = settings.RETURN_PATH.partition("@")
    return f"{name}+{folded_token_for(PURPOSE, mail.pk)}@{domain}" if name else ""


@transaction.atomic
def note_bounce(message: Message) -> OutboxMail | None:
    """Note that a mail did not arrive, where this message is a report of that which came to its
    sender's address; returns the mail. None where nothing changed: no such report, a mail that is
    no longer kept, or one of which it was known. At most three queries."""
    status = _failed_with(message)
    if status is None:
        return None
    ids = [pk for token in _tokens(message) if (pk := id_in_folded(PURPOSE, token))]
    sent = OutboxMail.objects.select_for_update(no_key=True).filter(state=OutboxMail.State.SENT)
    mail = sent.filter(pk__in=ids[:1]).first()
    if mail is not None:
        mail.state, mail.trouble = OutboxMail.State.FAILED, trouble_of(status)
        mail.fault = f"bounce {status}".strip()
        mail.save(update_fields=["state", "trouble", "fault"])
    return mail


def _tokens(message: Message) -> Iterator[str]:
    """Find what stands behind the plus in an address like RETURN_PATH to which this message
    came."""
    name, _at, domain = settings.RETURN_PATH.lower().partition("@")
    values = [str(value) for header in TO for value in message.get_all(header, [])]
    for _name, address in getaddresses(values):
        local, _at, host = address.lower().rpartition("@")
        if host == domain and local.startswith(f"{name}+"):
            yield local.removeprefix(f"{name}+")


def _failed_with(message: Message) -> str | None:
    """Find the status under which delivery failed for good, perhaps empty; None where this is no
    such report (a delay, an answer by itself, a letter)."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in _blocks(part):
                if str(block.get("Action", "")).strip().lower() == "failed":
                    found = STATUS.search(str(block.get("Status", "")))
                    return found[1] if found else ""
    return None


def _blocks(part: Message) -> list[Message]:
    """List the groups of fields of a report: one on the whole mail, one for each recipient."""
    payload = part.get_payload()
    return [block for block in payload if isinstance(block, Message)]
