"""At the reference date the set of a case is frozen: what the committee reads from then on."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import check_prepares
from committees.actions.judging import record_conflicts
from committees.actions.locking import locked
from committees.models import Case, Snapshot, SnapshotItem
from committees.panels import panel_of
from committees.preview import set_that_counts
from committees.snapshots import freeze
from committees.workflow import move
from evidence.models import Attachment
from files.keeping import prepare
from files.models import StoredFile
from people.models import Account
from portfolio.evidence_set import EvidenceSet
from post.work import register
from records.chain import append
from records.refusals import NotPossible

logger = logging.getLogger(__name__)


@register("freezing")
def freeze_due_cases() -> int:
    """Freeze the sets of all cases whose reference moment has passed; returns how many. A fault
    in one is logged and does not keep the others."""
    frozen = 0
    for case in Case.objects.due_for_freezing(timezone.now()):
        try:
            freeze_case(case=case, by=None)
        except NotPossible:  # somebody else was first
            continue
        except Exception:
            logger.exception("case %s could not be frozen; the next sweep tries again", case.pk)
            continue
        frozen += 1
    return frozen


def freeze_case(*, case: Case, by: Account | None, at: datetime | None = None) -> Snapshot:
    """Freeze the set as it stood at the reference moment, by the system (None) or by chair or
    secretary. Files that still wait for it are prepared first, before the transaction. Raises
    NotPossible before that moment, and when the set was frozen already."""
    at = at or timezone.now()
    case = Case.objects.for_list().get(pk=case.pk)
    if by is not None:
        check_prepares(by, case.meeting.committee, at)
    if at < case.meeting.reference_at:
        raise NotPossible(_("The set is frozen at the reference date, not before."))
    evidence_set = set_that_counts(case, as_of=case.meeting.reference_at)
    if _prepare_files(evidence_set):
        evidence_set = set_that_counts(case, as_of=case.meeting.reference_at)
    return _freeze(case, evidence_set, by=by, at=at)


def _prepare_files(evidence_set: EvidenceSet) -> int:
    """Prepare what others cannot see yet; how many files became ready."""
    waiting = [file.id for piece in evidence_set.pieces for file in piece.files if not file.digest]
    files = StoredFile.objects.filter(
        pk__in=Attachment.objects.filter(pk__in=waiting).values("file"),
        preparation=StoredFile.Preparation.WAITING,
    )
    return sum(map(prepare, files))


@transaction.atomic
def _freeze(case: Case, evidence_set: EvidenceSet, *, by: Account | None, at: datetime) -> Snapshot:
    case = locked(case)
    move(case, Case.State.FROZEN)
    snapshot, items = freeze(case, evidence_set, at=at)
    snapshot.save(force_insert=True)
    SnapshotItem.objects.bulk_create(items)
    facts = {"snapshot": snapshot.pk, "reference_at": case.meeting.reference_at}
    append(case.chain, "set.frozen", by=by, at=at, rows=[case, snapshot], facts=facts)
    record_conflicts(case, panel_of(case, at), at=at)
    return snapshot
