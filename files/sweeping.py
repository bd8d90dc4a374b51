"""What is left over goes: uploads that expired, bytes that no row names, and what processes that
were killed left in temporary folders."""

import secrets
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from files.keeping import remove_uploads
from files.models import StoredFile, Upload
from files.preparing import workroom
from files.storing import PART, remove_bytes
from post.work import background

AT_ONCE = 200
REQUEST = timedelta(days=1)  # longer than any takes


@background("files")
def sweep() -> int:
    """Remove what is left over: of the 256 folders of the storage one, drawn by lot, is looked
    through."""
    now = timezone.now()
    by_lot = f"{secrets.randbelow(256):02x}"
    in_folders = remove_workrooms(now) + remove_incoming(now)
    return remove_expired(now) + remove_strays(by_lot, now) + in_folders


def remove_expired(at: datetime) -> int:
    """Remove uploads that nothing came to name before this moment; returns how many."""
    rows = Upload.objects.filter(expires_at__lte=at)
    return remove_uploads(rows.order_by("expires_at")[:AT_ONCE])


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


def remove_workrooms(at: datetime) -> int:
    """Remove the folders in which files were prepared that nobody has in hand at this moment, with
    the originals in them; returns how many. One query where there are any."""
    # Before the query: a folder is made once its file is claimed.
    folders = {path: _id_in(path.stem) for path in _in(workroom())}
    in_hand = StoredFile.objects.filter(pk__in=folders.values(), claimed_until__gt=at)
    held = set(in_hand.values_list("pk", flat=True)) if folders else set()
    left = [path for path, key in folders.items() if key and key not in held]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def remove_incoming(at: datetime) -> int:
    """Remove uploads of which the request never ended, where the folder in which they wait is ours
    (FILE_UPLOAD_TEMP_DIR), after a day; returns how many."""
    removed = 0
    for path in _in(Path(settings.FILE_UPLOAD_TEMP_DIR)) if settings.FILE_UPLOAD_TEMP_DIR else ():
        with suppress(FileNotFoundError):  # its request ended
            if ".upload" in path.name and path.stat().st_mtime < (at - REQUEST).timestamp():
                path.unlink()
                removed += 1
    return removed


def _in(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def _id_in(name: str) -> UUID | None:
    """Find the id that a name in the storage bears; None for what is not ours."""
    try:
        return UUID(name.removesuffix(PART))
    except ValueError:
        return None
