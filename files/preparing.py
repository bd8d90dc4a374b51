"""Preparing files for other people's eyes: claimed one by one, by whatever process has time."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from files import cleaning
from files.filetypes import ALLOWED, Kind
from files.models import StoredFile, digest_of_file
from files.storing import remove_bytes, write
from post.work import background
from records.chain import append

logger = logging.getLogger(__name__)

State = StoredFile.Preparation
LEASE = timedelta(minutes=10)  # longer than any preparation takes (files/cleaning.py)
AGAIN_AFTER = timedelta(minutes=1)  # where it was not the file's fault
MOST_ATTEMPTS = 3
AT_ONCE = 50  # files in one run, so that other work gets its turn


@background("preparation", takes_long=True)
def prepare_waiting() -> int:
    """Prepare the files that wait for it; returns how many became ready."""
    _give_up()
    return sum(map(prepare, claimed()))


def _give_up() -> None:
    """Say that it failed of those whose every attempt ended with the process that made it. One
    query."""
    gone = StoredFile.objects.to_prepare(timezone.now()).filter(attempts__gte=MOST_ATTEMPTS)
    gone.order_by().update(
        preparation=State.FAILED, fault=StoredFile.Fault.GIVEN_UP, claimed_until=None
    )


def claimed() -> Iterator[StoredFile]:
    """Claim one file after the other, for who goes through them. The attempt counts before the
    work begins, so that a file that kills its process lets the others go first, and is given up
    in the end."""
    for _number in range(AT_ONCE):
        now = timezone.now()
        with transaction.atomic():
            due = StoredFile.objects.to_prepare(now).filter(attempts__lt=MOST_ATTEMPTS)
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True, no_key=True)
            row = due.first()
            if row is None:
                return
            row.preparation, row.claimed_until = State.IN_HAND, now + LEASE
            row.attempts += 1
            row.save(update_fields=["preparation", "claimed_until", "attempts"])
        yield row


def workroom() -> Path:
    """Return the folder in which files are prepared, each in a folder of its own, which bears the
    id of its row: the sweep removes what a process that was killed left there
    (files/sweeping.py)."""
    return settings.DATA_ROOT / "preparing"


def prepare(row: StoredFile) -> bool:
    """Make the cleaned version of a photo, video or recording: upright, without place or device.
    Returns False when that failed, or when somebody else was first or the file has gone since;
    and where it is not the file's fault (a full disk, say): then it is tried again in a while,
    after the others."""
    try:
        workroom().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{row.pk}.", dir=workroom()) as folder:
            source, target = Path(folder, "source"), Path(folder, "target")
            _copy(row, source)
            clean = cleaning.clean_image if row.kind == Kind.IMAGE else cleaning.clean_media
            file_type = clean(source, target, ALLOWED[row.media_type])
            cleaned = StoredFile(
                owner_id=row.owner_id,
                cleaned_from=row,
                media_type=file_type.media_type,
                kind=file_type.kind,
                preparation=State.READY,
            )
            with target.open("rb") as file:
                cleaned.digest, cleaned.size = write(cleaned.path, file)
    except cleaning.CleaningFailed as failure:
        _settle(row, State.FAILED, fault=failure.fault)
        return False
    except OSError:
        logger.exception("file %s could not be prepared now; it is tried again", row.pk)
        mine = StoredFile.objects.filter(pk=row.pk, attempts=row.attempts)
        mine.filter(preparation=State.IN_HAND).update(
            attempts=max(row.attempts - 1, 0), claimed_until=timezone.now() + AGAIN_AFTER
        )
        return False
    if not _keep(row, cleaned):
        remove_bytes(cleaned.path)
        return False
    return True


def _copy(row: StoredFile, target: Path) -> None:
    """Copy the stored bytes of this file to `target`. Raises CleaningFailed where they are not
    there as they came in."""
    try:
        with default_storage.open(row.path) as kept, target.open("wb") as copy:
            shutil.copyfileobj(kept, copy)
    except FileNotFoundError as fault:
        raise cleaning.CleaningFailed(StoredFile.Fault.LOST) from fault
    with target.open("rb") as copied:
        if digest_of_file(copied) != row.digest:
            raise cleaning.CleaningFailed(StoredFile.Fault.LOST)


@transaction.atomic
def _keep(row: StoredFile, cleaned: StoredFile) -> bool:
    """Keep the cleaned version of a file, which is there from now on; tells whether the file still
    waited for it, and keeps nothing where it did not."""
    still = StoredFile.objects.select_for_update(no_key=True).filter(
        pk=row.pk, attempts=row.attempts, preparation__in=StoredFile.PENDING, erased_at=None
    )
    if not still.exists():
        return False
    cleaned.recorded_at = timezone.now()
    cleaned.save(force_insert=True)
    _settle(row, State.READY)
    append(row.chain, "file.prepared", by=None, rows=[cleaned])
    return True


def _settle(row: StoredFile, state: StoredFile.Preparation, fault: str = "") -> None:
    """Let go of a file that is still this process's own, if it is there. One query."""
    StoredFile.objects.filter(
        pk=row.pk, attempts=row.attempts, preparation__in=StoredFile.PENDING
    ).update(preparation=state, claimed_until=None, fault=fault)
