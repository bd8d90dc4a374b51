"""A backup is one file: a tar with the database, the files that it names and the checkpoints, all
as they were at one moment; encrypted with age where there are keys.

Its first member says what it is (ABOUT), its last the SHA-256 of each of the others (MANIFEST), so
that one which was cut off, or altered without that, is refused. The keys of the installation are
not in it.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

LAYOUT = 1
ABOUT, MANIFEST, DATABASE = "about.json", "manifest.json", "database"
FILES, CHECKPOINTS = "files/", "checkpoints/"  # before the name of each
A_CHECKPOINT = re.compile(r"checkpoint-\d{6,}\.json")
ENCRYPTED = b"age-encryption.org/v1"  # how a file begins that age wrote


class BackupRefused(Exception):
    """A backup cannot be made or put back, and nothing was changed; says why, to who asked."""


def kept_checkpoints() -> list[Path]:
    """List the files of checkpoints in CHECKPOINT_ROOT, by their numbers."""
    folder = Path(settings.CHECKPOINT_ROOT)
    found = folder.iterdir() if folder.exists() else ()
    return sorted(path for path in found if A_CHECKPOINT.fullmatch(path.name))


@contextmanager
def one_at_a_time() -> Iterator[Path]:
    """Give a place under DATA_ROOT, where the installation's data are anyway, for the database on
    its way: one backup or restoring at a time. What one that was killed left there goes first."""
    folder = Path(settings.DATA_ROOT) / "backup"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("Another backup is being made or put back.") from None
        place = folder / DATABASE
        place.unlink(missing_ok=True)
        try:
            yield place
        finally:
            place.unlink(missing_ok=True)
