from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.models import SnapshotItem
from people.models import Account
from records.actions import record_erasure
from records.chain import append
from records.models import Erasure
from records.refusals import NotPossible


@transaction.atomic
def erase_item(
    *, item: SnapshotItem, ground: str, by: Account | None, at: datetime | None = None
) -> Erasure:
    """Remove the content of an item of a frozen set on a lawful ground; its hash, the date and
    the ground stay. Ordered outside the pages, by who runs the installation. Raises NotPossible
    for the frame, in which nobody is named and without which the set cannot be read."""
    at = at or timezone.now()
    if item.kind == "frame":
        raise NotPossible(_("The requirements of a set hold no personal data, and stay."))
    erasure = record_erasure(digest=item.digest, ground=ground, by=by, at=at)
    SnapshotItem.objects.filter(pk=item.pk).update(content=b"", salt=b"")
    facts = {"item": item.pk}
    append(item.snapshot.case.chain, "item.erased", by=by, at=at, facts=facts)
    return erasure
