from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.chain import append
from records.models import Erasure
from records.refusals import NotPossible

if TYPE_CHECKING:
    from people.models import Account


@transaction.atomic
def record_erasure(
    *, digest: str, ground: str, by: "Account | None", at: datetime | None = None
) -> Erasure:
    """The tombstone of content that the caller removes in the same transaction: its digest, date
    and ground stay. Raises NotPossible without a ground, or when it was erased before."""
    if not ground.strip():
        raise NotPossible(_("Say on which lawful ground the content is erased."))
    if Erasure.objects.filter(digest=digest).exists():
        raise NotPossible(_("This content was erased before."))
    at = at or timezone.now()
    erasure = Erasure.objects.create(digest=digest, ground=ground.strip(), recorded_at=at)
    append("erasures", "content.erased", by=by, at=at, rows=[erasure])
    return erasure
