import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, cast
from uuid import UUID

import pyrage
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from files.models import StoredFile, digest_of_file
from files.serving import CHUNK
from files.storing import remove_bytes, write
from home.backups import (
    ABOUT,
    CHECKPOINTS,
    DATABASE,
    ENCRYPTED,
    FILES,
    LAYOUT,
    MANIFEST,
    PROOF,
    BackupRefused,
    one_at_a_time,
    open_new,
)
from home.backups.databases import (
    check_dump,
    empty_database,
    is_empty,
    named_files,
    put_database_back,
)
from records.chain import canonical, fault_of_proof
from records.kept import A_CHECKPOINT, KeptCheckpoint, write_whole

CUT_OFF = "This is no whole backup: it was cut off, or altered."


@dataclass
class Restored:
    """What was put back: as of which moment (ISO 8601), how many files, what is amiss with those,
    which checkpoints were there already and say something else, and why it is not proven, where
    that was asked."""

    made_at: str
    files: int
    faults: list[str]
    other_checkpoints: list[str]
    unproven: str


def restore_backup(
    source: Path, identity: Path | None = None, *, unproven: bool = False
) -> Restored:
    """Put a backup back into an installation that is empty, opened with the age key in this file
    where it is encrypted. Files and checkpoints come first, the database once all is known to be
    whole; what is refused leaves nothing. One that does not bear the proof of our key is refused
    unless `unproven`. Verifying is left to the caller. Raises BackupRefused."""
    with one_at_a_time() as place:
        mark = _Mark(place.with_name("restoring"))
        if not is_empty() and mark.path.exists():
            raise BackupRefused(
                "A restoring before this one was ended when the database was there already: empty "
                "the database (what it placed besides goes by itself), and put it back once more."
            )
        if not is_empty():
            raise BackupRefused("This database is not empty: a backup goes into an empty one.")
        mark.clear()
        if _has_files():
            raise BackupRefused("There are files already: a backup goes where there are none.")
        placing = _Placing(place, mark, takes_unproven=unproven)
        try:
            with _opened(source, identity) as stream:
                placing.read(stream)
            check_dump(place, placing.about["migrations"])
            _put_database(place, placing.about["migrations"])
        except BaseException:
            mark.clear()
            raise
        mark.remove()
    strange = sorted(set(placing.files) - named_files())
    faults = [f"{path}: a file without a row" for path in strange]
    return Restored(
        placing.about["made_at"],
        len(placing.files),
        faults,
        placing.other_checkpoints,
        placing.unproven,
    )


def _put_database(dump: Path, migrations: list[str]) -> None:
    """Put the database in its place and bring it to this version, or leave an empty one."""
    try:
        put_database_back(dump)
        made = MigrationRecorder(connection).applied_migrations()
        if sorted(f"{app}.{name}" for app, name in made) != migrations:
            raise BackupRefused("The database in it is not the one it tells of.")
        call_command("migrate", interactive=False, verbosity=0)
    except BaseException as fault:
        empty_database()
        if isinstance(fault, DatabaseError):
            raise BackupRefused(f"The database in it does not open: {fault}") from None
        raise


def _has_files() -> bool:
    try:
        folders, files = default_storage.listdir("")
    except FileNotFoundError:
        return False
    return bool(files) or any(default_storage.listdir(folder)[1] for folder in folders)


class _Mark:
    """Says on the disk what a restoring places, each before it is there, until all of it is: the
    next one clears what one that was killed left, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str) -> None:
        """Say that this member is placed."""
        with self.path.open("a") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())

    def clear(self) -> None:
        """Remove what was placed, where nothing in the database names it."""
        said = self.path.read_text() if self.path.exists() else ""
        whole = said[: said.rfind("\n") + 1]  # of the rest nothing was placed yet
        for line in whole.splitlines():
            if line.startswith(FILES):
                remove_bytes(line.removeprefix(FILES))
            else:
                target = Path(settings.CHECKPOINT_ROOT) / line.removeprefix(CHECKPOINTS)
                target.unlink(missing_ok=True)
        self.remove()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


class _Measured:
    """What is read from a stream: how much, and until where it is more than zeros."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.read_until, self.filled_until = stream, 0, 0

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        if filled := len(content.rstrip(b"\0")):
            self.filled_until = self.read_until + filled
        self.read_until += len(content)
        return content


class _Placing:
    """Goes through a backup, from its first member to its last, and puts each in its place."""

    def __init__(self, place: Path, mark: _Mark, *, takes_unproven: bool) -> None:
        self.place = place  # of the database
        self.mark = mark
        self.takes_unproven = takes_unproven
        self.unproven = ""  # why it is
        self.about: dict[str, Any] = {}
        self.found: dict[str, str] = {}  # the SHA-256 (hex) of each member by its name
        self.files: list[str] = []
        self.other_checkpoints: list[str] = []

    def read(self, stream: IO[bytes]) -> None:
        """Raise BackupRefused unless all is there that the manifest names, as it was, and nothing
        else."""
        manifest = proof = None
        end = 0  # of the last member
        measured = _Measured(stream)
        with tarfile.open(fileobj=cast(IO[bytes], measured), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                end = member.offset_data + member.size
                if content is None or proof is not None or member.name in self.found:
                    raise BackupRefused(CUT_OFF)
                with TemporaryFile(dir=self.place.parent) as file:
                    shutil.copyfileobj(content, file)
                    file.seek(0)
                    if member.name == PROOF and manifest is not None:
                        proof = file.read()
                    elif manifest is not None:
                        raise BackupRefused(CUT_OFF)
                    elif member.name == MANIFEST:
                        manifest = file.read()
                    else:
                        self.found[member.name] = self._put(member.name, file)
        while measured.read(CHUNK):
            pass
        if measured.filled_until > end:  # behind where a reader of tar stops
            raise BackupRefused(CUT_OFF)
        if manifest is None or (proof is None and self.about["layout"] > 1):
            raise BackupRefused(CUT_OFF)
        self._check_proof(MANIFEST, manifest, json.loads(proof) if proof is not None else None)
        self._check_manifest(json.loads(manifest))

    def _check_proof(self, name: str, content: bytes, proof: object) -> None:
        """Raise BackupRefused where this member does not bear our proof, unless that was asked."""
        if fault := fault_of_proof(f"backup {name}", content, proof):
            if not self.takes_unproven:
                raise BackupRefused(
                    f"This backup is not proven. {fault} With --unproven it is put back all the "
                    "same; whoever could write where it lay may have altered it."
                )
            self.unproven = self.unproven or fault

    def _check_manifest(self, manifest: object) -> None:
        """Raise BackupRefused unless all is there that it names, as it was, and nothing else."""
        if not isinstance(manifest, dict) or manifest.get(DATABASE) is None:
            raise BackupRefused(CUT_OFF)
        gone = {name for name in self.found if name.startswith(FILES) and not manifest.get(name)}
        there, named = (
            {name: digest for name, digest in said.items() if name not in gone}
            for said in (self.found, manifest)
        )
        if there != named or (self.about["layout"] > 2 and not gone <= set(manifest)):
            raise BackupRefused(CUT_OFF)
        for name in gone:  # went while the backup was made
            path = name.removeprefix(FILES)
            remove_bytes(path)
            self.files.remove(path)

    def _put(self, name: str, file: IO[bytes]) -> str:
        """Put a member in its place; returns its SHA-256 (hex)."""
        if name.startswith(FILES) and self.about:
            path = StoredFile(pk=UUID(name.rpartition("/")[2])).path
            if name != FILES + path:
                raise BackupRefused(CUT_OFF)
            self.files.append(path)
            self.mark.add(name)
            return write(path, file)[0]
        if not self.about:
            if name != ABOUT:
                raise BackupRefused("This is no backup.")
            about = json.load(file)
            self.about = _checked_about(about)
            proven = {key: value for key, value in about.items() if key != "proof"}
            self._check_proof(ABOUT, canonical(proven), about.get("proof"))
        elif name == DATABASE:
            with open_new(self.place) as out:
                shutil.copyfileobj(file, out)
        elif A_CHECKPOINT.fullmatch(name.removeprefix(CHECKPOINTS)):
            content = file.read()
            said = KeptCheckpoint.parse(name.removeprefix(CHECKPOINTS), content)
            target = Path(settings.CHECKPOINT_ROOT) / name.removeprefix(CHECKPOINTS)
            if not target.exists():
                self.mark.add(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, content)
            elif not _says(target, said):  # which of both is true, verification says
                self.other_checkpoints.append(target.name)
        else:
            raise BackupRefused(CUT_OFF)
        file.seek(0)
        return digest_of_file(file)


def _says(path: Path, said: KeptCheckpoint) -> bool:
    """Tell whether the file of a checkpoint says this, under whichever of our keys."""
    try:
        return KeptCheckpoint.parse(path.name, path.read_bytes()) == said
    except ValueError:
        return False


def _checked_about(said: object) -> dict[str, Any]:
    """Read what a backup says of itself. Raises BackupRefused where it is not for this
    installation, its database or its version."""
    match said:
        case {
            "layout": int(),
            "installation": str(),
            "made_at": str(),
            "database": str(),
            "migrations": list(migrations),
        } if all(isinstance(name, str) for name in migrations):
            about = cast(dict[str, Any], said)
        case _:
            raise BackupRefused(CUT_OFF)
    if about["layout"] > LAYOUT:
        raise BackupRefused("A newer version made this backup: install that first.")
    if about["installation"] != settings.INSTALLATION:
        raise BackupRefused(
            f"This is a backup of {about['installation']}; INSTALLATION says that this is "
            f"{settings.INSTALLATION}."
        )
    if about["database"] != connection.vendor:
        raise BackupRefused(f"This backup is for {about['database']}, not for {connection.vendor}.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := set(migrations) - known:
        raise BackupRefused(
            f"A newer version made this backup: it knows {', '.join(sorted(unknown))}."
        )
    return about


# --- Reading --------------------------------------------------------------------------------------


@contextmanager
def _opened(source: Path, identity: Path | None) -> Iterator[IO[bytes]]:
    """Give what the backup holds, to be read once. Raises BackupRefused where it cannot be read to
    its end."""
    with source.open("rb") as file:
        is_encrypted = file.read(len(ENCRYPTED)) == ENCRYPTED
        file.seek(0)
        try:
            if is_encrypted:
                with _decrypted(file, _identities(identity)) as stream:
                    yield stream
            else:
                yield file
        except (tarfile.TarError, EOFError, ValueError, KeyError, RecursionError):
            raise BackupRefused(CUT_OFF) from None


def _identities(path: Path | None) -> list[pyrage.x25519.Identity]:
    """Read the keys of a file as age-keygen writes it."""
    if path is None:
        raise BackupRefused("This backup is encrypted: --identity names the file of the key.")
    lines = [line.strip() for line in path.read_text().splitlines()]
    try:
        return [
            pyrage.x25519.Identity.from_str(line)
            for line in lines
            if line and not line.startswith("#")
        ]
    except pyrage.IdentityError as fault:
        raise BackupRefused(f"{path}: {fault}") from None


@contextmanager
def _decrypted(file: IO[bytes], keys: list[pyrage.x25519.Identity]) -> Iterator[IO[bytes]]:
    """Give a pipe out of age, read to its end: only there it is known that nothing was cut off."""
    read, write_end = os.pipe()

    def decrypt() -> None:
        with os.fdopen(write_end, "wb") as out:
            pyrage.decrypt_io(file, out, keys)

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(decrypt)
        try:
            with os.fdopen(read, "rb") as stream:
                yield stream
                while stream.read(1024 * 1024):
                    pass
        except tarfile.TarError:
            if isinstance(fault := done.exception(), pyrage.DecryptError):
                raise BackupRefused(f"This backup does not open: {fault}") from None
            raise
        try:
            done.result()
        except (pyrage.DecryptError, OSError) as fault:  # the latter where a part of it is cut off
            raise BackupRefused(f"{CUT_OFF} {fault}") from None
