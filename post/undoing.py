"""What somebody sends takes effect at once, and its mail waits: so long it can be undone, while
nothing rests on it.

Each room undoes its own kinds of what is sent, in an action of its own, with an event. Here stands
what they share: how long a mail waits, whether it still does, and what rooms further right say of
what rests on a row."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from post.models import OutboxMail, OutboxQuerySet
from post.work import nudge
from records.models import Sealed
from records.refusals import NotPossible

TOLD_FOR = timedelta(days=7)  # so long a list says that something was taken back

Rests = Callable[[Sealed, datetime, datetime], None]
WHAT_RESTS: list[Rests] = []


def says_what_rests(check: Rests) -> Rests:
    """Register a check of a room that can rest on what rooms to its left sent: of the row, when it
    was sent, and now. It raises NotPossible."""
    WHAT_RESTS.append(check)
    return check


def check_nothing_rests(row: Sealed, sent_at: datetime, at: datetime) -> None:
    """Refuse to undo what another room relies on. Queries as the registered checks."""
    for check in WHAT_RESTS:
        check(row, sent_at, at)


def wait_of_mail() -> timedelta:
    """Tell how long the mail of what somebody sends waits (UNDO_SECONDS)."""
    return timedelta(seconds=settings.UNDO_SECONDS)


def wait_of_question() -> timedelta:
    """Tell how long the mail of a question waits (QUESTION_UNDO_SECONDS), for which somebody may
    be standing by."""
    return timedelta(seconds=settings.QUESTION_UNDO_SECONDS)


@dataclass(frozen=True, slots=True)
class UndoTime:
    """Until when what was sent can be undone, and how many seconds are left, for a page."""

    until: datetime
    seconds: int


def time_to_undo(
    about: Collection[UUID], sent_at: datetime, wait: timedelta, at: datetime
) -> UndoTime | None:
    """Tell until when what was sent at a moment can be undone; None once it cannot, as time passed
    or a mail about one of these rows is on its way. No query once the time has passed, else
    one."""
    until = sent_at + wait
    if at >= until or any(_is_on_its_way(mail, at) for mail in _mails(about, sent_at)):
        return None
    return UndoTime(until, int((until - at).total_seconds()))


def call_off_mails(
    about: Collection[UUID], sent_at: datetime, wait: timedelta, at: datetime
) -> None:
    """Call off, in the caller's transaction, the mails about these rows of what was sent at a
    moment. Raises NotPossible as soon as one is on its way, or the time has passed. Two queries."""
    mails = list(_mails(about, sent_at).select_for_update(no_key=True).order_by("pk"))
    if at >= sent_at + wait or any(_is_on_its_way(mail, at) for mail in mails):
        raise NotPossible(_("This cannot be undone any more: the time for it has passed."))
    OutboxMail.objects.filter(pk__in=[mail.pk for mail in mails]).cancel(at)


def _mails(about: Collection[UUID], sent_at: datetime) -> OutboxQuerySet:
    rows = OutboxMail.objects.filter(about__in=about, recorded_at__gte=sent_at)
    return rows.exclude(state=OutboxMail.State.CANCELLED)


def _is_on_its_way(mail: OutboxMail, at: datetime) -> bool:
    is_claimed = mail.claimed_until is not None and mail.claimed_until >= at
    return mail.state != OutboxMail.State.WAITING or mail.due_at <= at or is_claimed


def send_now(about: Collection[UUID], sent_at: datetime, at: datetime) -> int:
    """Let the mails of what was sent go at once; returns how many. One query."""
    mails = OutboxMail.objects.filter(about__in=about, recorded_at__gte=sent_at)
    sent = mails.unclaimed(at).filter(due_at__gt=at).update(due_at=at)
    nudge("outbox")
    return sent
