"""The record is watched over: each day it is verified, put under a checkpoint, and its auditors are
told. A checkpoint also follows soon after something was announced, so that a letter can name the
one over it, and after something was erased, so that it is known outside the database."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.models import Announcement
from people.models import InstitutionRole
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail, queue
from post.work import background
from records.checkpoints import UNDER_WAY, Contradicted, make_checkpoint
from records.kept import (
    faults_since_kept,
    keep_in_files,
    kept_checkpoints,
    lost_since,
    read_kept,
)
from records.models import Chain, Checkpoint, Erasure, Leaf, Verification
from records.verification import guarded, in_parts, verify

logger = logging.getLogger(__name__)

DAY, SOON = timedelta(days=1), timedelta(minutes=1)
ENDS_WITHIN = timedelta(hours=1)
TOLD_AT_MOST = 100  # faults kept and mailed
NO_CHECKPOINT = "no checkpoint was made"


@background("checkpoints")
def cover_what_was_announced() -> int:
    """Make a checkpoint where a decision was announced, or something erased, that none covers, at
    most one a minute; returns how many. Five queries at most where there is nothing to do. The
    first one is the day's; so is each while a chain is not as it was covered."""
    last = Checkpoint.objects.last()
    now = timezone.now()
    if last is None or last.recorded_at > now - SOON or not _is_uncovered(last.recorded_at):
        return 0
    told = Verification.objects.filter(recorded_at__gt=now - DAY).first()
    if told is not None and any(fault.startswith(NO_CHECKPOINT) for fault in told.faults):
        return 0
    try:
        checkpoint, faults = _covered()
    except Contradicted:
        return _verify_and_tell(now)  # at once, and then each day
    for fault in faults:
        logger.error("the record: %s", fault)
    return 1 if checkpoint else 0


def _is_uncovered(last: datetime) -> bool:
    """Tell whether a chain went on since the last checkpoint, of that moment, on which a decision
    was announced or something erased about then or later: what was under way is dated before."""
    about = last - UNDER_WAY
    cases = Announcement.objects.filter(recorded_at__gt=about).values_list("decision__case")
    erasures = Erasure.objects.filter(recorded_at__gt=about).values_list("kept_on", flat=True)
    keys = {*(f"case:{case}" for (case,) in cases.distinct()), *erasures.distinct()}
    covered = Leaf.objects.filter(key=OuterRef("key"), length__gte=OuterRef("length"))
    chains = Chain.objects.filter(~Exists(covered))
    return any(chains.filter(key__in=part).exists() for part in in_parts(sorted(keys)))


@background("watch over the record", is_daily=True)
def watch_over_the_record() -> int:
    """Verify the record where that is a day ago, put it under a checkpoint, and tell the auditors;
    returns how often. One that did not end within an hour was broken off, and counts as none. One
    query where there is nothing to do."""
    now = timezone.now()
    done = Q(ended_at__isnull=False) | Q(recorded_at__gt=now - ENDS_WITHIN)
    if Verification.objects.filter(done, recorded_at__gt=now - DAY).exists():
        return 0
    return _verify_and_tell(now)


def _verify_and_tell(now: datetime) -> int:
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
    read. What does not end is told as any other fault, beside what the others found."""
    found: list[str] = []
    try:
        report = verify(day=timezone.localdate(now).toordinal())
        row.events, row.rows, row.files = report.events, report.rows, report.files
    except Exception as fault:
        logger.exception("verification did not end")
        found.append(f"verification did not end ({type(fault).__name__})")
    else:
        found += report.faults
    found += guarded("what is lost since a backup was put back", _lost())
    return [*guarded("the files of checkpoints", faults_since_kept()), *found]


def _lost() -> Iterator[str]:
    """Say that something is lost since a backup was put back, for as long as the files of what was
    covered then lie there."""
    lost = lost_since(read_kept(kept_checkpoints(is_lost=True), []))
    if lost:
        yield (
            f"{len(lost)} chains of which something is lost since a backup was put back: "
            "verify_records --since names them"
        )


def _not_covered() -> list[str]:
    """Put a checkpoint over it; whatever is in the way is told."""
    try:
        return _covered()[1]
    except Contradicted:  # `verify` names them all
        return [f"{NO_CHECKPOINT}: a chain is not as it was covered"]
    except Exception as fault:
        logger.exception("no checkpoint was made")
        return [f"{NO_CHECKPOINT} ({type(fault).__name__})"]


def _covered() -> tuple[Checkpoint | None, list[str]]:
    """Make a checkpoint where something moved, and write the files that are not there yet; returns
    it, and what is wrong in the files that are. Raises Contradicted once the files are written."""
    faults: list[str] = []
    try:
        return make_checkpoint(), faults
    finally:
        try:
            faults += keep_in_files()
        except OSError:
            logger.exception("no file was written of a checkpoint; the next one tries again")


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
