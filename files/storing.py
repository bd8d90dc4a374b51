"""Bytes into the storage: all of them or none, and there after a power cut."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

PART = ".part"  # after the name of what is being written


def write(path: str, file: IO[bytes]) -> tuple[str, int]:
    """Keep the file, from its beginning, under this path; returns its SHA-256 (hex) and size.

    On a file system the bytes are written beside, synced and renamed, so that a path holds a whole
    file or none; an object store gets one put, which is the same. The path is of one writer: it
    names the id of a row. Raises OSError (the disk is full, say) with nothing left of it.
    """
    file.seek(0)
    seen = _Seen(file)
    if isinstance(default_storage, FileSystemStorage):
        _write_beside(Path(default_storage.path(path)), seen)
    else:
        _put(path, file, seen)
    return seen.hasher.hexdigest(), seen.size


def remove_bytes(path: str) -> None:
    """Remove what is under this path, and what was being written to it."""
    default_storage.delete(path)
    if isinstance(default_storage, FileSystemStorage):
        Path(default_storage.path(path + PART)).unlink(missing_ok=True)


class _Seen:
    """The chunks of a file, hashed and counted as they pass."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hasher, self.size = file, sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.file.read(1024 * 1024):
            self.hasher.update(chunk)
            self.size += len(chunk)
            yield chunk


def _put(path: str, file: IO[bytes], seen: _Seen) -> None:
    for _chunk in seen:
        pass
    file.seek(0)
    if (name := default_storage.save(path, File(file))) != path:  # it never writes over another
        default_storage.delete(name)
        raise FileExistsError(path)


def _write_beside(target: Path, seen: _Seen) -> None:
    _make_folder(target.parent)
    beside = target.with_name(target.name + PART)
    try:
        with beside.open("wb") as out:
            for chunk in seen:
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        beside.rename(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in this folder be there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
