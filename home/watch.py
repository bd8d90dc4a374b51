"""The record is watched over: each day it is verified, put under a checkpoint, and its auditors are
told. A checkpoint also follows soon after something was announced, so that a letter can name the
one over it, and after something was erased, so that it is known outside the database."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.models import Announcement
from people.models import InstitutionRole
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail, queue
from post.work import background
from records.checkpoints import Contradicted, keep_in_files, make_checkpoint
from records.models import Checkpoint, Erasure, Verification
from records.verification import faults_since_kept, verify

logger = logging.getLogger(__name__)

DAY, SOON = timedelta(days=1), timedelta(minutes=1)
ENDS_WITHIN = timedelta(hours=1)
TOLD_AT_MOST = 100  # faults kept and mailed


@background("checkpoints")
def cover_what_was_announced() -> int:
    """Make a checkpoint where a decision was announced since the last one, or something erased, at
    most one a minute; returns how many. Three queries where there is nothing to do. The first one
    is the day's."""
    last = Checkpoint.objects.last()
    now = timezone.now()
    if last is None or last.recorded_at > now - SOON:
        return 0
    asked = (Announcement.objects.all(), Erasure.objects.all())
    if not any(rows.filter(recorded_at__gt=last.recorded_at).exists() for rows in asked):
        return 0
    checkpoint, faults = _covered()
    for fault in faults:
        logger.error("the record: %s", fault)
    return 1 if checkpoint else 0


@background("watch over the record", is_daily=True)
def watch_over_the_record() -> int:
    """Verify the record where that is a day ago, put it under a checkpoint, and tell the auditors;
    returns how often. One that did not end within an hour was broken off, and counts as none. One
    query where there is nothing to do."""
    now = timezone.now()
    done = Q(ended_at__isnull=False) | Q(recorded_at__gt=now - ENDS_WITHIN)
    if Verification.objects.filter(done, recorded_at__gt=now - DAY).exists():
        return 0
    row = Verification.objects.create(recorded_at=now)
    row.faults = [*_found(row, now), *_not_covered()][:TOLD_AT_MOST]
    row.ended_at = timezone.now()
    row.save()
    for fault in row.faults:
        logger.error("the record: %s", fault)
    roles = InstitutionRole.objects.current().filter(role=InstitutionRole.Role.AUDITOR)
    for person in roles.values_list("person", flat=True).distinct():
        queue("home/record", to=person, about=row.pk, cause=None)
    return 1


def _found(row: Verification, now: datetime) -> list[str]:
    """Verify, and compare with the checkpoints that were kept in files; counts in the row what was
    read. What does not end is told as any other fault."""
    try:
        report = verify(day=timezone.localdate(now).toordinal())
        row.events, row.rows, row.files = report.events, report.rows, report.files
        return [*faults_since_kept(), *report.faults]
    except Exception as fault:
        logger.exception("verification did not end")
        return [f"verification did not end ({type(fault).__name__})"]


def _not_covered() -> list[str]:
    """Put a checkpoint over it; whatever is in the way is told."""
    try:
        return _covered()[1]
    except Exception as fault:
        logger.exception("no checkpoint was made")
        return [f"no checkpoint was made ({type(fault).__name__})"]


def _covered() -> tuple[Checkpoint | None, list[str]]:
    """Make a checkpoint where something moved, and write the files that are not there yet; returns
    it, and what is wrong in the files that are."""
    checkpoint, faults = None, []
    try:
        checkpoint = make_checkpoint()
    except Contradicted as fault:  # `verify` names them all
        logger.error("no checkpoint was made: %s", fault)
    try:
        faults = keep_in_files()
    except OSError:
        logger.exception("no file was written of a checkpoint; the next one tries again")
    return checkpoint, faults


@mail("home/record")
def record(row: OutboxMail) -> MailContent | None:
    """Tell an auditor what a day's verification found, and the root to keep: no name is in it, and
    whoever keeps the mail can show later that nothing was removed since."""
    verification = Verification.objects.filter(pk=row.about).first()
    if verification is None:
        return None
    count = len(verification.faults)
    subject = (
        ngettext(
            "The record does not hold: %(count)d fault",
            "The record does not hold: %(count)d faults",
            count,
        )
        % {"count": count}
        if count
        else _("The record holds")
    )
    context = {
        "verification": verification,
        "checkpoint": Checkpoint.objects.last(),
        "link": address_of("home:home"),
    }
    return MailContent(subject, context)
