"""Uploads, the files they become, and how both go."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from files.filetypes import ALLOWED, FileRefused, detect, safe_name
from files.models import PREPARED, StoredFile, Upload
from files.storing import remove_bytes, write
from post.work import after_commit, nudge
from records.actions import Blanked, record_erasures
from records.chain import ChainEntry, append, append_many
from records.locking import under_lock
from records.models import Erasure
from records.refusals import NotPossible

if TYPE_CHECKING:
    from people.models import Account


# Of one person so many uploads, and so many bytes of them, wait to be named: three full forms. Of
# more the oldest make way, so that nobody is kept from adding a file.
MOST_WAITING = 60
MOST_BYTES_WAITING = 3 * settings.LARGEST_BODY


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A whole file that can be named: the id of an upload or of a stored file, and how its owner
    calls it."""

    id: UUID
    name: str
    size: int


def receive(
    file: IO[bytes],
    *,
    name: str,
    size: int,
    purpose: str,
    by: "Account",
    at: datetime | None = None,
) -> KeptFile:
    """Take in a whole file of `by`, outside any transaction: a row, then its bytes, then what they
    are. It expires unless it is named (`take`). `name` is what the user calls it; only a cleaned
    form is kept, for showing.

    Raises FileRefused when the type is not allowed, the file is too large or did not arrive whole,
    and OSError when the storage cannot take it; nothing of it is left then. Three queries.
    """
    at = at or timezone.now()
    file_type = detect(file, size, name)
    _make_room(by, size)
    upload = Upload.objects.create(
        owner_id=by.pk,
        purpose=purpose,
        name=safe_name(name, file_type),
        size=size,
        recorded_at=at,
        expires_at=at + timedelta(days=settings.UPLOAD_DAYS),
    )
    try:
        upload.digest, upload.received = write(upload.path, file)
        if upload.received != size:
            raise FileRefused(
                _("This file did not arrive whole. Nothing of it was kept. Choose it again.")
            )
    except BaseException:
        remove_bytes(upload.path)
        upload.delete()
        raise
    upload.media_type = file_type.media_type
    upload.save(update_fields=["digest", "received", "media_type"])
    return KeptFile(upload.pk, upload.name, size)


def _make_room(owner: "Account", size: int) -> None:
    """Let the oldest uploads go that would be too many, or too large together, with one of this
    size. One query, and two where some go."""
    over, waiting, total = [], 1, size
    for row in Upload.objects.filter(owner_id=owner.pk).order_by("-recorded_at", "-pk"):
        waiting, total = waiting + 1, total + row.size
        if waiting > MOST_WAITING or total > MOST_BYTES_WAITING:
            over.append(row.pk)
    if over:
        remove_uploads(Upload.objects.filter(pk__in=over))


@transaction.atomic
def remove_uploads(rows: QuerySet[Upload]) -> int:
    """Remove these uploads with their bytes; returns how many. One that is being named now is left
    to who names it."""
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, no_key=True)
    removed = list(rows)
    Upload.objects.filter(pk__in=[row.pk for row in removed]).delete()
    for row in removed:
        after_commit(remove_bytes, row.path)
    return len(removed)


def uploads_of(owner: "Account", purpose: str, ids: Iterable[UUID]) -> list[KeptFile]:
    """Return the whole uploads with these ids that this person can still name. One query."""
    rows = Upload.objects.filter(owner_id=owner.pk, purpose=purpose, pk__in=ids).exclude(digest="")
    return [KeptFile(row.pk, row.name, row.size) for row in rows]


def lock(ids: Iterable[UUID]) -> dict[UUID, StoredFile]:
    """Return the stored files that are there, locked until the end of the transaction: nobody
    deletes them before who names them is done. Who also writes on a chain locks files first. One
    query."""
    rows = StoredFile.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return {row.pk: row for row in rows}


def take(
    ids: Iterable[UUID], *, purpose: str, by: "Account", at: datetime | None = None
) -> dict[UUID, StoredFile]:
    """Return the files of `by` with these ids, locked, for rows of the caller's transaction that
    name them: uploads become stored files, stated on the chain of their owner; what is stored
    already is named once more. Raises NotPossible where one is gone. Two queries, or about nine
    with uploads among them."""
    ids = set(ids)
    uploads = list(
        Upload.objects.select_for_update(no_key=True)
        .filter(owner_id=by.pk, purpose=purpose, pk__in=ids)
        .exclude(digest="")
        .order_by("pk")
    )
    stored = lock(ids)  # before the chain, as whoever deletes does
    at = at or timezone.now()
    own = [row for row in stored.values() if row.owner_id == by.pk and row.erased_at is None]
    if len(uploads) + len(own) < len(ids):
        raise NotPossible(_("A file is no longer here. Choose it again."))
    if uploads:
        made = StoredFile.objects.bulk_create([_stored(upload, at) for upload in uploads])
        Upload.objects.filter(pk__in=[upload.pk for upload in uploads]).delete()
        append(made[0].chain, "files.kept", by=by, at=at, rows=made)
        if any(file.is_pending for file in made):
            nudge("preparation")
        stored |= {row.pk: row for row in made}
    return stored


def _stored(upload: Upload, at: datetime) -> StoredFile:
    kind = ALLOWED[upload.media_type].kind
    state = StoredFile.Preparation
    return StoredFile(
        pk=upload.pk,
        owner_id=upload.owner_id,
        digest=upload.digest,
        size=upload.size,
        media_type=upload.media_type,
        kind=kind,
        preparation=state.WAITING if kind in PREPARED else state.READY,
        recorded_at=at,
    )


def forget(
    files: Iterable[StoredFile], *, by: "Account | None", at: datetime | None = None
) -> None:
    """Remove those of these files that no row names any more, each with its cleaned version, in
    the caller's transaction. About six queries a file."""
    removed: dict[str, list[StoredFile]] = defaultdict(list)
    for row in lock(file.pk for file in files).values():
        versions = _versions(row)
        with suppress(ProtectedError):
            StoredFile.objects.filter(pk=row.pk).delete()
            removed[row.chain] += versions
    append_many(
        ChainEntry(key, "files.removed", by, at, removed=tuple(rows))
        for key, rows in removed.items()
    )
    for rows in removed.values():
        _remove_on_commit(rows)


@transaction.atomic
def erase_file(
    *, file: StoredFile, ground: str, by: "Account | None", at: datetime | None = None
) -> list[Erasure]:
    """Remove the bytes of a stored file in every version, on a lawful ground; its rows, and
    whatever names them, stay. Raises NotPossible without a ground, and for what was erased
    before."""
    original = under_lock(StoredFile.objects.all(), file.cleaned_from_id or file.pk)
    at = at or timezone.now()
    if original.erased_at is not None:
        raise NotPossible(_("Nothing is left here to erase."))
    rows = _versions(original)
    StoredFile.objects.filter(pk__in=[row.pk for row in rows]).update(erased_at=at)
    _remove_on_commit(rows)
    blanked = [Blanked(row, row.chain, digest=row.digest) for row in rows]
    return record_erasures(blanked, ground=ground, by=by, at=at)


def _versions(original: StoredFile) -> list[StoredFile]:
    return [original, *StoredFile.objects.filter(cleaned_from=original.pk)]


def _remove_on_commit(rows: Iterable[StoredFile]) -> None:
    """Remove the bytes of these rows once the transaction is committed. What a fault keeps here,
    the sweep finds (files/sweeping.py)."""
    for row in rows:
        after_commit(remove_bytes, row.path)
