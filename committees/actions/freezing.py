"""At the reference moment the set of a case is frozen: what the committee reads from then on."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from committees.access import (
    check_asks_something,
    check_freeze,
    check_may_prepare,
    check_prepared,
    check_reference_has_passed,
)
from committees.actions.judging import record_conflicts
from committees.models import Case, Meeting, Snapshot, SnapshotFile, SnapshotItem
from committees.rules import Panel
from committees.snapshots import freeze, set_that_counts
from committees.standing import standing_on
from committees.who_sits import panel_in, panel_of
from committees.workflow import locked, move
from evidence.models import Attachment
from files.keeping import lock
from files.models import StoredFile
from people.models import Account
from portfolio.evidence_set import EvidenceSet
from post.work import background, nudge
from records.chain import append
from records.models import Chain
from records.refusals import NotPossible

logger = logging.getLogger(__name__)


@background("freezing")
def freeze_due_cases() -> int:
    """Freeze the sets of all cases whose reference moment has passed; returns how many. A fault
    in one is logged and does not keep the others."""
    frozen = 0
    for case in Case.objects.due_for_freezing(timezone.now()):
        try:
            freeze_case(case=case)
        except NotPossible:  # it waits for files, or somebody else was first
            continue
        except Exception:
            logger.exception("case %s could not be frozen; the next sweep tries again", case.pk)
            continue
        frozen += 1
    return frozen


@transaction.atomic
def hurry_freezing(*, meeting: Meeting, by: Account, at: datetime | None = None) -> int:
    """Let the sets of this meeting that are still to be frozen go before those of others; returns
    how many. Raises NotAllowed, and NotPossible before the reference moment and when all are
    frozen. Four queries."""
    at = at or timezone.now()
    check_may_prepare(by, meeting.committee, at)
    planned = meeting.cases.filter(state=Case.State.PLANNED)
    check_freeze(meeting, planned.count(), at)
    hurried = planned.update(hurried_at=at)
    nudge("preparation")
    nudge("freezing")
    return hurried


def freeze_case(*, case: Case, at: datetime | None = None) -> Snapshot:
    """Freeze the set as it stood at the reference moment. Raises NotPossible in the minute after
    that moment and before it, while files are being prepared (two hours at most, after which the
    set says so of them), when the set was frozen already, and
    when nothing of the unit is left to ask."""
    at = at or timezone.now()
    case = Case.objects.for_list().get(pk=case.pk)
    read_at = _heads(case)
    check_reference_has_passed(case.meeting, at - Case.SETTLES_IN)
    # What keeps it waiting is asked before the set is read, which takes long.
    moment, waits = case.meeting.reference_at, at < case.waits_at_most_until
    parts = case.unit.parts.as_of(moment)
    check_asks_something(standing_on(case.unit, case.enrolment_id), parts)
    if waits:
        check_prepared(_still_unprepared(case))
    evidence_set = set_that_counts(case, as_of=moment)
    waiting = _unprepared(evidence_set)
    if waiting != case.waits_for:
        Case.objects.filter(pk=case.pk).update(waits_for=waiting)
    if waits:
        check_prepared(len(waiting))
    try:
        return _freeze(case, *_written(case, evidence_set, at), read_at, at=at)
    except _Changed:
        return _freeze_held(case, evidence_set, at=at)


class _Changed(Exception):
    """Something was written of the student, or of an earlier case, while their set was read; or
    somebody came to sit, or left."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A set as it is to be kept, unsaved, and the committee that sits, which it names."""

    panel: Panel
    snapshot: Snapshot
    items: list[SnapshotItem]
    files: list[SnapshotFile]


def _written(case: Case, evidence_set: EvidenceSet, at: datetime) -> tuple[EvidenceSet, _Written]:
    """Write a set as it is to be kept: of a thousand pieces that takes a second, in which nobody
    is to wait. At most eight queries."""
    panel = panel_in(case.meeting, at)
    return evidence_set, _Written(panel, *freeze(case, evidence_set, panel, at=at))


@transaction.atomic
def _freeze_held(case: Case, evidence_set: EvidenceSet, *, at: datetime) -> Snapshot:
    """Read the set again while nobody writes of the student, and freeze it: so nobody who goes on
    writing keeps their set from being frozen. `evidence_set` is as it was read before."""
    lock(_files_of(evidence_set))
    read_at = _heads(case, is_held=True)
    again = set_that_counts(case, as_of=case.meeting.reference_at)
    return _freeze(case, *_written(case, again, at), read_at, at=at)


def _files_of(evidence_set: EvidenceSet) -> set[UUID]:
    """List the stored files that are shown in the set."""
    files = (file for piece in evidence_set.pieces for file in piece.files)
    return {UUID(file.file) for file in files if file.file}


def _heads(case: Case, *, is_held: bool = False) -> dict[str, str]:
    """Find the heads of the chains on which every change of what the set is read from is stated,
    whatever is erased of it too: the student's, and those of earlier cases on the unit, of which
    the set says what was decided. `is_held` until the end of the transaction. Two queries."""
    earlier = Case.objects.filter(enrolment=case.enrolment_id, unit=case.unit_id)
    keys = {case.enrolment.student.chain, *(row.chain for row in earlier.exclude(pk=case.pk))}
    chains = Chain.objects.filter(key__in=keys).order_by("key")
    if is_held:
        chains = chains.select_for_update(no_key=True)
    return dict(chains.values_list("key", "head"))


def _unprepared(evidence_set: EvidenceSet) -> list[str]:
    """List the files of the set of which it is not known yet whether others can see them: the ids
    of their attachments."""
    files = (file for piece in evidence_set.pieces for file in piece.files)
    return [file.id for file in files if file.state in StoredFile.PENDING]


def _still_unprepared(case: Case) -> int:
    """Count the files for which the set waited when it was last read, and which still are not
    prepared. One query, none where it waited for none."""
    rows = Attachment.objects.filter(pk__in=case.waits_for, file__erased_at=None)
    return rows.filter(file__preparation__in=StoredFile.PENDING).count()


@transaction.atomic
def _freeze(
    case: Case,
    evidence_set: EvidenceSet,
    written: _Written,
    read_at: dict[str, str],
    *,
    at: datetime,
) -> Snapshot:
    """Freeze the set as it was read and written. Raises _Changed where the heads are not `read_at`
    any more, or others sit. Files are locked before chains, as by everybody."""
    lock(_files_of(evidence_set))
    if _heads(case, is_held=True) != read_at or panel_in(case.meeting, at) != written.panel:
        raise _Changed
    case = locked(case)
    move(case, Case.State.FROZEN)
    snapshot = written.snapshot
    snapshot.save(force_insert=True)
    SnapshotItem.objects.bulk_create(written.items)
    SnapshotFile.objects.bulk_create(written.files)
    facts = {
        "snapshot": snapshot.pk,
        "reference_at": case.meeting.reference_at,
        "unprepared": _unprepared(evidence_set),
    }
    append(case.chain, "set.frozen", by=None, at=at, rows=[case, snapshot], facts=facts)
    record_conflicts(case, panel_of(case, at), at=at)
    nudge("set figures")
    return snapshot
