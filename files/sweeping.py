"""What is left over goes: uploads that expired, and bytes that no row names."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from files.models import StoredFile, Upload
from files.storing import PART, remove_bytes
from post.work import background

AT_ONCE = 200


@background("files")
def sweep() -> int:
    """Remove what is left over: of the 256 folders of the storage one, drawn by lot, is looked
    through."""
    now = timezone.now()
    return remove_expired(now) + remove_strays(f"{secrets.randbelow(256):02x}", now)


def remove_expired(at: datetime) -> int:
    """Remove uploads that nothing came to name before this moment; returns how many. One that is
    being named now is left to who names it."""
    with transaction.atomic():
        rows = Upload.objects.filter(expires_at__lte=at)
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        expired = list(rows.order_by("expires_at")[:AT_ONCE])
        Upload.objects.filter(pk__in=[row.pk for row in expired]).delete()
        for row in expired:
            transaction.on_commit(partial(remove_bytes, row.path), robust=True)
    return len(expired)


def remove_strays(folder: str, at: datetime) -> int:
    """Remove the bytes in this folder of the storage that no row names; returns how many. A process
    that was killed left them. They go once they are as old as an upload becomes: by then whoever
    was to name them has ended. Bytes of an erased file go at once. Two queries for each 200
    names."""
    try:
        names = [name for name in default_storage.listdir(folder)[1] if _id_in(name)]
    except FileNotFoundError:
        return 0
    old = at - timedelta(days=settings.UPLOAD_DAYS)
    removed = 0
    for start in range(0, len(names), AT_ONCE):
        few = {name: _id_in(name) for name in names[start : start + AT_ONCE]}
        # In this order: an upload that becomes a stored file between the two is seen in one.
        named = set(Upload.objects.filter(pk__in=few.values()).values_list("pk", flat=True))
        kept = dict(StoredFile.objects.filter(pk__in=few.values()).values_list("pk", "erased_at"))
        for name, key in few.items():
            if key in named or (key in kept and kept[key] is None):
                continue
            path = f"{folder}/{name}"
            with suppress(FileNotFoundError):  # another sweep came by
                if key in kept or default_storage.get_modified_time(path) < old:
                    remove_bytes(path)
                    removed += 1
    return removed


def _id_in(name: str) -> UUID | None:
    """Find the id that a name in the storage bears; None for what is not ours."""
    try:
        return UUID(name.removesuffix(PART))
    except ValueError:
        return None
