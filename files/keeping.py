"""Files under the name of their own hash, their preparation for other people's eyes, and their
erasure."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from files import cleaning
from files.filetypes import ALLOWED, FileType, Kind, detect, safe_name
from files.models import StoredFile
from post.work import nudge, register
from records.actions import Blanked, record_erasures
from records.chain import append
from records.models import Erasure, name_of
from records.refusals import NotPossible

if TYPE_CHECKING:
    from people.models import Account

PREPARED = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)

CHUNK = 1024 * 1024
PREPARATIONS = 3  # tries before a file is said to have failed


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """Bytes that are in the storage, not yet in the database."""

    digest: str
    size: int
    file_type: FileType
    name: str


def keep_bytes(file: IO[bytes], *, name: str, size: int) -> KeptBytes:
    """Look at the file, hash it and copy it into the storage, outside any transaction.

    `name` is what the user calls it; only a cleaned form is kept, for showing. Raises
    FileRefused when the type is not allowed or the file is too large.
    """
    file_type = detect(file, size)
    file.seek(0)
    digest = StoredFile.digest_of(file)
    path = StoredFile(digest=digest).path
    if not default_storage.exists(path):
        file.seek(0)
        default_storage.save(path, File(file))
    return KeptBytes(digest, size, file_type, safe_name(name, file_type))


def record(kept: KeptBytes, *, by: "Account | None", at: datetime | None = None) -> StoredFile:
    """The row of these bytes, made and stated if it was not there yet; in the
    caller's transaction. Documents and text need no preparation: they are only ever downloaded.
    One query, or about eight for a new row."""
    existing = StoredFile.objects.filter(digest=kept.digest).first()
    if existing:
        return existing
    row = StoredFile(
        digest=kept.digest,
        size=kept.size,
        media_type=kept.file_type.media_type,
        kind=kept.file_type.kind,
        recorded_at=at or timezone.now(),
    )
    if kept.file_type.kind not in PREPARED:
        row.shown, row.preparation = row, StoredFile.Preparation.READY
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # somebody else kept the same bytes at the same moment
        return StoredFile.objects.get(digest=kept.digest)
    append(row.chain, "file.kept", by=by, at=at, rows=[row])
    if row.shown is None:
        nudge("preparation")
    return row


def forget(row: StoredFile, *, by: "Account | None", at: datetime | None = None) -> bool:
    """Remove a file that nothing refers to any more, with its derivative; in the caller's
    transaction. False, and nothing happens, while something does."""
    shown = row.shown if row.shown_id != row.pk else None
    if not _forgotten(row, by, at):
        return False
    if shown is not None:  # unless another photo was cleaned to the very same bytes
        _forgotten(shown, by, at)
    return True


def _forgotten(row: StoredFile, by: "Account | None", at: datetime | None) -> bool:
    path = row.path
    try:
        with transaction.atomic():
            append(row.chain, "file.removed", by=by, at=at, removed=[row])
            StoredFile.objects.filter(pk=row.pk).update(shown=None)
            row.delete()
    except (ProtectedError, IntegrityError):
        return False
    transaction.on_commit(partial(default_storage.delete, path), robust=True)
    return True


@register("preparation")
def prepare_waiting() -> int:
    """Prepare the files that wait for it; returns how many became ready."""
    waiting = StoredFile.objects.filter(preparation=StoredFile.Preparation.WAITING)
    return sum(map(prepare, waiting.order_by("recorded_at")[:50]))


def prepare(row: StoredFile) -> bool:
    """Make the cleaned derivative of a photo, video or recording: upright, without place or
    device. False when that failed; after PREPARATIONS tries the file is said to have failed, and
    its owner still has the original."""
    file_type = ALLOWED[row.media_type]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        try:
            with default_storage.open(row.path) as kept, source.open("wb") as copy:
                shutil.copyfileobj(kept, copy, CHUNK)
            clean = cleaning.clean_image if row.kind == Kind.IMAGE else cleaning.clean_media
            cleaned_type = clean(source, target, file_type)
            with target.open("rb") as cleaned:
                digest = StoredFile.digest_of(cleaned)
                cleaned.seek(0)
                path = StoredFile(digest=digest).path
                if not default_storage.exists(path):
                    default_storage.save(path, File(cleaned))
        except (cleaning.CleaningFailed, OSError) as fault:
            return _preparation_failed(row, fault)
        size = target.stat().st_size
    with transaction.atomic():
        shown, is_new = StoredFile.objects.get_or_create(
            digest=digest,
            defaults={
                "size": size,
                "media_type": cleaned_type.media_type,
                "kind": cleaned_type.kind,
            },
        )
        if is_new:
            append(shown.chain, "file.prepared", by=None, rows=[shown])
        # What is cleaned is shown as it is, also where its bytes came in as an upload before.
        ready = {"shown": shown, "preparation": StoredFile.Preparation.READY}
        StoredFile.objects.filter(pk__in=[row.pk, shown.pk]).update(**ready)
    row.refresh_from_db()
    return True


def _preparation_failed(row: StoredFile, fault: Exception) -> bool:
    row.attempts += 1
    row.note = str(fault)[:300] if isinstance(fault, cleaning.CleaningFailed) else ""
    if isinstance(fault, cleaning.CleaningFailed) or row.attempts >= PREPARATIONS:
        row.preparation = StoredFile.Preparation.FAILED
    row.save(update_fields=["attempts", "note", "preparation"])
    return False


@transaction.atomic
def erase_file(
    *, file: StoredFile, ground: str, by: "Account | None", at: datetime | None = None
) -> list[Erasure]:
    """Remove a stored file's bytes on a lawful ground, as they came in and as others see them;
    the rows, and whatever names them, stay. Raises NotPossible for what was erased before."""
    shown = file.shown or file
    versions = StoredFile.objects.filter(Q(pk__in=[file.pk, shown.pk]) | Q(shown=shown))
    names = {name_of(each): each for each in versions}
    for name in Erasure.objects.filter(name__in=names).values_list("name", flat=True):
        del names[name]
    left = names.values()
    if not left:
        raise NotPossible(_("Nothing is left here to erase."))
    for each in left:
        transaction.on_commit(partial(default_storage.delete, each.path), robust=True)
    blanked = [Blanked(each, each.chain, digest=each.digest) for each in left]
    return record_erasures(blanked, ground=ground, by=by, at=at)
