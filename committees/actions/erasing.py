from datetime import datetime

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from committees.models import Deferral, Finding, Snapshot, SnapshotItem
from committees.set_figures import let_go
from committees.snapshots import fact_of
from evidence.models import Attachment, Feedback, Remark, RequirementLink, Revision
from people.models import Account, Person
from portfolio.models import CheckIn, SetAside
from records.actions import Blanked, keeps_copies, record_erasures
from records.models import Erasure
from records.refusals import NotPossible


@keeps_copies
def blank_items(row: Model) -> list[Blanked]:
    """Blank the items that hold words of this row, in whatever set. Three queries at most."""
    return _blank(items_of(row))


def items_of(row: Model) -> QuerySet[SnapshotItem]:
    """Find the items that hold words of this row: those that froze it, the whole of which it is a
    part, or the piece that was laid or set aside with it."""
    items = SnapshotItem.objects.all()
    match row:
        case Person():
            return items.filter(kind__in=("person", "member"), source=row.pk)
        case Revision() | Feedback() | CheckIn() | Finding() | Deferral():
            return items.filter(source=row.pk)
        case Attachment() | Remark():
            return items.filter(source=row.whole.pk)
        case RequirementLink():
            laid = (str(row.requirement_id), row.recorded_at)
            pieces = _of_piece(items.filter(kind="piece"), row).exclude(content=b"")
            return items.filter(pk__in=[item.pk for item in pieces if laid in _laid_in(item)])
        case SetAside():
            own = {"case__enrolment": row.enrolment_id, "case__unit": row.unit_id}
            sets = Snapshot.objects.filter(**own, case__meeting__reference_at__gte=row.recorded_at)
            if row.ended_at:
                sets = sets.filter(case__meeting__reference_at__lt=row.ended_at)
            return _of_piece(items.filter(kind="set_aside", snapshot__in=sets), row)
    return items.none()


def _of_piece(
    items: QuerySet[SnapshotItem], row: RequirementLink | SetAside
) -> QuerySet[SnapshotItem]:
    return items.filter(source__in=Revision.objects.filter(evidence=row.evidence_id).values("pk"))


def _laid_in(item: SnapshotItem) -> set[tuple[str, datetime | None]]:
    """List what a piece was laid against, and when, as this item says."""
    piece = fact_of(item.kind, bytes(item.content))
    return {(laid.requirement, laid.recorded_at) for laid in piece.laid}


@transaction.atomic
def erase_item(
    *, item: SnapshotItem, ground: str, by: Account | None, at: datetime | None = None
) -> list[Erasure]:
    """Remove the content of an item of a frozen set on a lawful ground; its hash, the date and
    the ground stay. Raises NotPossible for the frame and the terms, in which nobody is named and
    without which the set cannot be read, and for what was erased before."""
    if item.kind in ("frame", "terms"):
        raise NotPossible(_("The requirements of a set hold no personal data, and stay."))
    blanked = _blank(SnapshotItem.objects.filter(pk=item.pk))
    if not blanked:
        raise NotPossible(_("Nothing is left here to erase."))
    return record_erasures(blanked, ground=ground, by=by, at=at)


def _blank(items: QuerySet[SnapshotItem]) -> list[Blanked]:
    held = list(
        items.exclude(content=b"")
        .select_related("snapshot")
        .select_for_update(of=("self",), no_key=True)
    )
    SnapshotItem.objects.filter(pk__in=[item.pk for item in held]).update(content=b"", salt=b"")
    if held:
        let_go({item.snapshot_id for item in held})
    return [Blanked(item, item.snapshot.chain, SnapshotItem.erasable, item.digest) for item in held]
