import fcntl
import io
import json
import os
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import pyrage
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.text import slugify

from files.models import StoredFile, Upload
from files.storing import PART, sync_folder
from home.backups import (
    ABOUT,
    CHECKPOINTS,
    DATABASE,
    FILES,
    LAYOUT,
    MANIFEST,
    PROOF,
    BackupRefused,
    one_at_a_time,
    open_new,
)
from home.backups.databases import dump_database
from records.chain import canonical, proof_over
from records.kept import kept_checkpoints

ROUNDS = 5  # in which the database is taken again, where files went meanwhile


@dataclass
class Backup:
    """A backup that was made, and what is amiss with the files in it."""

    path: Path
    is_encrypted: bool
    # The SHA-256 (hex) of each by its name; of a file that went while it was made, none.
    members: dict[str, str | None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def make_backup(target: Path) -> Backup:
    """Write a backup of the installation to this file, or into this folder under a name with the
    moment; people go on working. It is there whole or not at all. Raises BackupRefused, and OSError
    where there is no room.

    The database is taken first, then the files that it names. Bytes are never changed, but they can
    go meanwhile, with what named them: then the database is taken again, so that it names nothing
    that is not in the backup, and nothing comes back that went before.
    """
    if not target.is_dir() and target.suffix not in (".tar", ".age"):
        raise BackupRefused(
            f"{target} is no folder that is there. Make it first, or name a file that ends in .tar "
            "(.age where it is encrypted)."
        )
    path = _path_in(target) if target.is_dir() else target
    backup = Backup(path, is_encrypted=bool(settings.BACKUP_KEYS))
    with (
        one_at_a_time() as place,
        _written(path) as out,
        tarfile.open(fileobj=out, mode="w|") as tar,
    ):
        _add_json(tar, backup, ABOUT, _about())
        for checkpoint in _take_together(tar, backup, place):
            with checkpoint.open("rb") as file:
                _add(tar, backup, CHECKPOINTS + checkpoint.name, file, checkpoint.stat().st_size)
        with place.open("rb") as file:
            _add(tar, backup, DATABASE, file, place.stat().st_size)
        manifest = _add_json(tar, backup, MANIFEST, backup.members)
        _add_json(tar, backup, PROOF, proof_over(f"backup {MANIFEST}", manifest))
    return backup


def _take_together(tar: tarfile.TarFile, backup: Backup, place: Path) -> list[Path]:
    """Take the database to this place, and add the files that it names; returns the checkpoints
    that it knows."""
    for _round in range(ROUNDS):
        checkpoints = kept_checkpoints()  # before the database, which then knows them all
        named = dump_database(place)
        missing = _add_files(tar, backup, named)
        if all(_is_named(path) for path in missing):
            break
    else:
        raise BackupRefused("Files go faster than they can be copied. Try again.")
    # Of a file that went between two rounds nothing is put back.
    for name in [name for name in backup.members if name.startswith(FILES)]:
        if name.removeprefix(FILES) not in named:
            backup.members[name] = None
    backup.faults = [f"{path}: the file is gone" for path in missing] + [
        f"{path}: the file's bytes are not those it was stored with"
        for path, digest in named.items()
        if backup.members.get(FILES + path, digest) != digest
    ]
    return checkpoints


def _path_in(folder: Path) -> Path:
    suffix = "tar.age" if settings.BACKUP_KEYS else "tar"
    now = datetime.now(UTC)
    return folder / f"{slugify(settings.INSTALLATION)}-{now:%Y%m%dT%H%M%SZ}.{suffix}"


def _about() -> dict[str, object]:
    """Tell what this is a backup of, and which migrations made its tables; proven by itself, so
    that a wrong key shows before all else is read."""
    migrations = MigrationRecorder(connection).applied_migrations()
    about: dict[str, object] = {
        "layout": LAYOUT,
        "installation": settings.INSTALLATION,
        "made_at": datetime.now(UTC).isoformat(),
        "database": connection.vendor,
        "migrations": sorted(f"{app}.{name}" for app, name in migrations),
    }
    return about | {"proof": proof_over(f"backup {ABOUT}", canonical(about))}


def _add_files(tar: tarfile.TarFile, backup: Backup, named: dict[str, str]) -> list[str]:
    """Add the files with these paths that are not in it yet; returns the paths of those that are
    not there."""
    missing = []
    for path in named:
        if FILES + path in backup.members:
            continue
        try:
            with default_storage.open(path) as file:
                _add(tar, backup, FILES + path, file, file.size)
        except FileNotFoundError:
            missing.append(path)
    return missing


def _is_named(path: str) -> bool:
    """Tell whether the database still names these bytes. Two queries at most, in this order: an
    upload that becomes a stored file between the two is seen in one."""
    pk = path.rpartition("/")[2]
    return (
        Upload.objects.filter(pk=pk).exists()
        or StoredFile.objects.filter(pk=pk, erased_at=None).exists()
    )


# --- Writing --------------------------------------------------------------------------------------


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hasher = file, sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self.hasher.update(chunk)
        return chunk


def _add(tar: tarfile.TarFile, backup: Backup, name: str, file: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    hashed = _Hashed(file)
    tar.addfile(info, hashed)
    backup.members[name] = hashed.hasher.hexdigest()


def _add_json(tar: tarfile.TarFile, backup: Backup, name: str, said: object) -> bytes:
    content = json.dumps(said, indent=1).encode()
    _add(tar, backup, name, io.BytesIO(content), len(content))
    return content


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write, for its owner only, that is there once all of it is on the disk."""
    if path.exists():
        raise BackupRefused(f"{path} is there already.")
    beside = path.with_name(path.name + PART)
    _remove_unfinished(beside)
    out = open_new(beside)
    try:
        with out:
            fcntl.flock(out, fcntl.LOCK_EX)
            if settings.BACKUP_KEYS:
                with _encrypted(out) as inner:
                    yield inner
            else:
                yield out
            out.flush()
            os.fsync(out.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.absolute().parent)


def _remove_unfinished(beside: Path) -> None:
    """Remove what was being written to this file, and to files named by a moment in its folder, by
    one that was killed: nobody holds its lock any more."""
    named = f"{slugify(settings.INSTALLATION)}-????????T??????Z.tar*{PART}"
    for path in {beside, *beside.parent.glob(named)}:
        if path.is_symlink() or not path.is_file():
            continue
        with suppress(OSError), path.open("rb") as file:  # it is locked, or another's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


@contextmanager
def _encrypted(out: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a pipe into age, which reads at its other end: nothing unencrypted is on the disk."""
    try:
        keys = [pyrage.x25519.Recipient.from_str(key) for key in settings.BACKUP_KEYS]
    except pyrage.RecipientError as fault:
        raise BackupRefused(f"BACKUP_KEYS: {fault}") from None
    read, write = os.pipe()

    def encrypt() -> None:
        with os.fdopen(read, "rb") as reader:
            try:
                pyrage.encrypt_io(reader, out, keys)
            except pyrage.EncryptError as fault:  # which tells the fault of `out` in words
                raise OSError(str(fault)) from None

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(encrypt)
        try:
            with os.fdopen(write, "wb") as inner:
                yield inner
        except BrokenPipeError:
            done.result()  # why nobody reads any more: a full disk, say
            raise
        done.result()
