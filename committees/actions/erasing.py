from datetime import datetime

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from committees.models import SnapshotItem
from evidence.models import Attachment, Feedback, Remark, Revision
from people.models import Account
from portfolio.models import CheckIn
from records.actions import Blanked, keeps_copies, record_erasures
from records.models import Erasure, Part
from records.refusals import NotPossible

# What a set says: an item freezes a row, or the whole of which it is a part.
FROZEN = (Revision, Attachment, Feedback, Remark, CheckIn)


@keeps_copies
def blank_items(row: Model) -> list[Blanked]:
    """Blank the items that froze this row, in whatever set. Two queries."""
    if not isinstance(row, FROZEN):
        return []
    source = row.whole if isinstance(row, Part) else row
    return _blank(SnapshotItem.objects.filter(source=source.pk))


@transaction.atomic
def erase_item(
    *, item: SnapshotItem, ground: str, by: Account | None, at: datetime | None = None
) -> list[Erasure]:
    """Remove the content of an item of a frozen set on a lawful ground; its hash, the date and
    the ground stay. Raises NotPossible for the frame, in which nobody is named and without which
    the set cannot be read, and for what was erased before."""
    if item.kind == "frame":
        raise NotPossible(_("The requirements of a set hold no personal data, and stay."))
    blanked = _blank(SnapshotItem.objects.filter(pk=item.pk))
    if not blanked:
        raise NotPossible(_("Nothing is left here to erase."))
    return record_erasures(blanked, ground=ground, by=by, at=at)


def _blank(items: QuerySet[SnapshotItem]) -> list[Blanked]:
    held = list(
        items.exclude(content=b"").select_related("snapshot").select_for_update(of=("self",))
    )
    SnapshotItem.objects.filter(pk__in=[item.pk for item in held]).update(content=b"", salt=b"")
    return [Blanked(item, item.snapshot.chain, SnapshotItem.erasable, item.digest) for item in held]
