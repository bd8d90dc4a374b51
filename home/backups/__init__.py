"""A backup is one file: a tar with the database, the files that it names and the checkpoints, all
as they were at one moment; encrypted with age where there are keys.

Its first member says what it is (ABOUT), its last but one the SHA-256 of each of the others
(MANIFEST), its last that who has the SEAL_KEY made it (PROOF): so one that was cut off or altered
is refused. The keys of the installation are not in it.
"""

import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from records.chain import canonical, signing_key
from records.checkpoints import A_CHECKPOINT

LAYOUT = 2  # 1: without a proof
ABOUT, MANIFEST, PROOF, DATABASE = "about.json", "manifest.json", "proof.json", "database"
FILES, CHECKPOINTS = "files/", "checkpoints/"  # before the name of each
ENCRYPTED = b"age-encryption.org/v1"  # how a file begins that age wrote


class BackupRefused(Exception):
    """A backup cannot be made or put back, and nothing was changed; says why, to who asked."""


def proof_over(name: str, content: bytes) -> dict[str, Any]:
    """Prove a member of a backup, as the record is proven: the number of the key that signs, and
    the HMAC-SHA-256 (hex) under it."""
    number = signing_key()
    return {"key_number": number, "proof": _proof(name, content, settings.SEAL_KEYS[number])}


def fault_of_proof(name: str, content: bytes, proof: object) -> str:
    """Say why this is not the proof of this member; nothing where it is."""
    match proof:
        case {"key_number": int(number), "proof": str(said)}:
            if number not in settings.SEAL_KEYS:
                return f"It is proven with SEAL_KEY {number}, which is not here."
            if hmac.compare_digest(
                said.encode(), _proof(name, content, settings.SEAL_KEYS[number]).encode()
            ):
                return ""
            return f"It was altered, or SEAL_KEY {number} is another than it was made with."
    return "It bears no proof of who made it."


def _proof(name: str, content: bytes, key: str) -> str:
    said = canonical(["backup", name, sha256(content).hexdigest()])
    return hmac.new(key.encode(), said, sha256).hexdigest()


def read_checkpoint(name: str, content: bytes) -> dict[str, Any]:
    """Read the file of a checkpoint. Raises ValueError where it is none, or of another number."""
    numbered = A_CHECKPOINT.fullmatch(name)
    match said := json.loads(content):
        case {
            "installation": str(),
            "number": int(number),
            "recorded_at": str(),
            "root": str(),
            "heads": dict(heads),
            "erased": list(erased),
        } if numbered is None or int(numbered[1]) == number:
            if all(map(_is_head, heads.values())) and all(map(_is_erased, erased)):
                return said
    raise ValueError(f"{name} is no checkpoint")


def _is_head(said: object) -> bool:
    match said:
        case [int(), str()]:
            return True
    return False


def _is_erased(said: object) -> bool:
    match said:
        case [str(), list(columns)]:
            return all(isinstance(column, str) for column in columns)
    return False


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
