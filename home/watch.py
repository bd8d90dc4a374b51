"""The record is watched over: each day it is verified, put under a checkpoint, and its auditors are
told. A checkpoint also follows soon after something was announced, so that a letter can name the
one over it, and after something was erased, so that it is known outside the database."""

import logging
from datetime import timedelta

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
from records.verification import verify

logger = logging.getLogger(__name__)

DAY, SOON = timedelta(days=1), timedelta(minutes=1)
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
    return 1 if _covered() else 0


@background("watch over the record", is_daily=True)
def watch_over_the_record() -> int:
    """Verify the record where that is a day ago, put it under a checkpoint, and tell the auditors;
    returns how often. One query where it is not."""
    now = timezone.now()
    if Verification.objects.filter(recorded_at__gt=now - DAY).exists():
        return 0
    row = Verification.objects.create(recorded_at=now)
    report = verify(day=timezone.localdate(now).toordinal())
    row.events, row.rows, row.files = report.events, report.rows, report.files
    row.faults = report.faults[:TOLD_AT_MOST]
    row.ended_at = timezone.now()
    row.save()
    for fault in row.faults:
        logger.error("the record: %s", fault)
    _covered()
    roles = InstitutionRole.objects.current().filter(role=InstitutionRole.Role.AUDITOR)
    for person in roles.values_list("person", flat=True).distinct():
        queue("home/record", to=person, about=row.pk, cause=None)
    return 1


def _covered() -> Checkpoint | None:
    """Make a checkpoint where something moved, and write the files that are not there yet."""
    checkpoint = None
    try:
        checkpoint = make_checkpoint()
    except Contradicted as fault:  # `verify` names them all
        logger.error("no checkpoint was made: %s", fault)
    try:
        keep_in_files()
    except OSError:
        logger.exception("no file was written of a checkpoint; the next one tries again")
    return checkpoint


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
