"""Bytes into the storage: all of them or none."""

import io
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from files.storing import PART, remove_bytes, write

CONTENT = b"What I noted. " * 200_000  # several chunks


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """No file of this process becomes longer, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=["disk", "object_store"])
def storage(request: pytest.FixtureRequest) -> str:
    if request.param == "object_store":
        request.getfixturevalue("object_store")
    return str(request.param)


def test_what_is_written_is_there_with_its_digest_and_size(storage: str) -> None:
    file = io.BytesIO(CONTENT)
    file.read(10)  # from its beginning, wherever it stands

    digest, size = write("ab/file", file)

    assert (digest, size) == (sha256(CONTENT).hexdigest(), len(CONTENT))
    with default_storage.open("ab/file") as kept:
        assert kept.read() == CONTENT
    assert default_storage.listdir("ab") == ([], ["file"])


@pytest.mark.parametrize("room", [0, 10, 1_500_000])
def test_of_a_full_disk_nothing_half_is_left(room: int) -> None:
    write("ab/before", io.BytesIO(b"before"))

    with little_room(room), pytest.raises(OSError, match="too large"):
        write("ab/file", io.BytesIO(CONTENT))

    assert default_storage.listdir("ab") == ([], ["before"])


def test_a_source_that_ends_in_a_fault_leaves_nothing(storage: str) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 1_000_000:
                raise ConnectionResetError
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        write("ab/file", Broken(CONTENT))

    assert not default_storage.exists("ab/file")


def test_no_path_is_written_twice_on_a_store(object_store: None) -> None:
    write("ab/file", io.BytesIO(b"mine"))

    with pytest.raises(FileExistsError):
        write("ab/file", io.BytesIO(b"theirs"))

    with default_storage.open("ab/file") as kept:
        assert (kept.read(), default_storage.listdir("ab")[1]) == (b"mine", ["file"])


def test_it_is_synced_before_it_has_its_name_and_its_folder_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[tuple[str, bool]] = []
    target = Path(default_storage.path("ab/file"))
    sync = os.fsync

    def noted(handle: int) -> None:
        done.append((Path(f"/proc/self/fd/{handle}").resolve().name, target.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)

    write("ab/file", io.BytesIO(CONTENT))

    root = target.parent.parent
    assert done == [
        (root.parent.name, False),
        (root.name, False),
        ("file" + PART, False),
        ("ab", True),
    ]


def test_what_is_removed_goes_with_what_was_being_written(storage: str) -> None:
    write("ab/file", io.BytesIO(b"whole"))
    if storage == "disk":
        Path(default_storage.path("ab/file" + PART)).write_bytes(b"ha")

    remove_bytes("ab/file")
    remove_bytes("ab/file")

    assert default_storage.listdir("ab") == ([], [])


@pytest.mark.django_db
def test_what_the_database_acknowledges_is_there_after_a_power_cut() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        else:
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone() == (2,)  # FULL
