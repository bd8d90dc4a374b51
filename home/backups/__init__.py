"""A backup is one file: a tar with the database, the files that it names and the checkpoints, all
as they were at one moment; encrypted with age where there are keys.

Its first member says what it is (ABOUT), its last but one the SHA-256 of each of the others
(MANIFEST; null where a file went while it was made, and is not put back), its last that who has the
SEAL_KEY made it (PROOF): so one that was cut off, altered or added to is refused. The keys of the
installation are not in it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings

LAYOUT = 3  # 1: without a proof; 2: what went while it was made is not in the manifest
ABOUT, MANIFEST, PROOF, DATABASE = "about.json", "manifest.json", "proof.json", "database"
FILES, CHECKPOINTS = "files/", "checkpoints/"  # before the name of each
ENCRYPTED = b"age-encryption.org/v1"  # how a file begins that age wrote


class BackupRefused(Exception):
    """A backup cannot be made or put back, and nothing was changed; says why, to who asked."""


@contextmanager
def one_at_a_time() -> Iterator[Path]:
    """Give a place under DATA_ROOT, where the installation's data are anyway, for the database on
    its way, which only its owner reads: one backup or restoring at a time. What one that was killed
    left there goes first."""
    folder = Path(settings.DATA_ROOT) / "backup"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("Another backup is being made or put back.") from None
        place = folder / DATABASE
        _remove_dump(place)
        try:
            yield place
        finally:
            _remove_dump(place)


def _remove_dump(place: Path) -> None:
    for name in ("", "-journal", "-wal", "-shm"):
        place.with_name(place.name + name).unlink(missing_ok=True)


def open_new(path: Path) -> IO[bytes]:
    """Open a file to write that is not there yet, for its owner only; goes through no link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")
