"""Uploads: a row before its bytes, gone where nothing names them; and what is left over goes."""

import io
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from evidence.models import Attachment
from files.filetypes import FileRefused
from files.keeping import MOST_WAITING, KeptFile, forget, lock, receive, take
from files.models import StoredFile, Upload, path_of
from files.preparing import workroom
from files.storing import PART, write
from files.sweeping import remove_expired, remove_strays, sweep
from people.models import Account
from records.refusals import NotPossible
from tests.evidence.factories import AttachmentFactory, EvidenceFactory, attach
from tests.factories import AccountFactory, EnrolmentFactory, PersonFactory
from tests.files.test_storing import little_room
from tests.recorded import faults

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TEXT = b"What I noted.\n"


def received(by: Account, content: bytes = TEXT, size: int | None = None) -> KeptFile:
    size = len(content) if size is None else size
    return receive(io.BytesIO(content), name="notes.txt", size=size, purpose="evidence", by=by)


def in_storage() -> set[str]:
    root = Path(default_storage.path(""))
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def swept(at: datetime) -> int:
    folders = [f"{number:02x}" for number in range(256)]
    return remove_expired(at) + sum(remove_strays(folder, at) for folder in folders)


# --- Taking in ------------------------------------------------------------------------------------


def test_an_upload_is_a_row_before_its_bytes() -> None:
    owner = AccountFactory()
    seen = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            seen.append(list(Upload.objects.values_list("owner", "size", "received", "digest")))
            return super().read(size)

    receive(Watched(TEXT), name="notes.txt", size=len(TEXT), purpose="evidence", by=owner)

    assert seen[-1] == [(owner.pk, len(TEXT), 0, "")]
    upload = Upload.objects.get()
    assert (upload.received, len(upload.digest), upload.media_type) == (14, 64, "text/plain")
    assert in_storage() == {upload.path}


@pytest.mark.parametrize(("content", "size"), [(b"", 0), (TEXT, 15), (b"<html>\x00", 7)])
def test_of_what_is_refused_nothing_is_left(content: bytes, size: int) -> None:
    with pytest.raises(FileRefused):
        received(AccountFactory(), content, size)

    assert (Upload.objects.count(), in_storage()) == (0, set())


def test_of_what_there_was_no_room_for_nothing_is_left() -> None:
    owner = AccountFactory()
    with little_room(8_000_000):  # the database has room
        kept = received(owner, b"x" * 2_000_000)
        with pytest.raises(OSError, match="too large"):
            receive(
                io.BytesIO(b"GIF89a" + b"x" * 9_000_000),
                name="a.gif",
                size=9_000_006,
                purpose="evidence",
                by=owner,
            )

    assert [row.pk for row in Upload.objects.all()] == [kept.id]
    assert in_storage() == {path_of(kept.id)}


@pytest.mark.parametrize("change", [{"received": 99}, {"digest": "ab"}])
def test_the_database_refuses_an_upload_that_cannot_be(change: dict[str, object]) -> None:
    upload = Upload.objects.create(
        owner=PersonFactory(), purpose="evidence", name="a", size=10, expires_at=timezone.now()
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        Upload.objects.filter(pk=upload.pk).update(**change)


# --- Naming ---------------------------------------------------------------------------------------


def test_what_is_taken_has_its_bytes_under_its_own_id_and_verifies() -> None:
    owner = AccountFactory()
    first, second = received(owner), received(owner)

    with transaction.atomic():
        files = take([first.id, second.id], purpose="evidence", by=owner)

    assert set(files) == {first.id, second.id}
    assert in_storage() == {path_of(first.id), path_of(second.id)}
    assert (Upload.objects.count(), faults()) == (0, [])


def another(owner: Account) -> KeptFile:
    return received(AccountFactory())


def unfinished(owner: Account) -> KeptFile:
    row = Upload.objects.create(
        owner_id=owner.pk, purpose="evidence", name="a.txt", size=9, expires_at=timezone.now() + DAY
    )
    return KeptFile(row.pk, row.name, row.size)


def of_another_purpose(owner: Account) -> KeptFile:
    kept = received(owner)
    Upload.objects.update(purpose="letter")
    return kept


def erased(owner: Account) -> KeptFile:
    file = attach(EvidenceFactory(owner=owner), TEXT)
    StoredFile.objects.update(erased_at=timezone.now())
    return KeptFile(file.pk, "notes.txt", file.size)


@pytest.mark.tampers
@pytest.mark.parametrize("made", [another, unfinished, of_another_purpose, erased])
def test_what_is_not_yours_whole_and_here_cannot_be_named(
    made: Callable[[Account], KeptFile],
) -> None:
    owner = AccountFactory()
    kept = made(owner)

    with pytest.raises(NotPossible, match=r"niet meer|no longer"), transaction.atomic():
        take([kept.id], purpose="evidence", by=owner)

    assert StoredFile.objects.filter(erased_at=None).count() == 0


def test_only_what_no_row_names_is_forgotten() -> None:
    piece = EvidenceFactory()
    file, other = attach(piece, TEXT), attach(piece, TEXT)
    Attachment.objects.filter(file=other).delete()

    with transaction.atomic():
        forget([file, other], by=piece.owner)

    assert [row.pk for row in StoredFile.objects.all()] == [file.pk]
    assert faults() == []


def test_who_names_a_file_of_another_locks_it_first() -> None:
    file = attach(EvidenceFactory(), TEXT)

    with transaction.atomic():
        AttachmentFactory(file=lock([file.pk])[file.pk])

    assert Attachment.objects.filter(file=file).count() == 2


# --- What is left over ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_nothing_names_goes_after_its_term(settings: object) -> None:
    owner = EnrolmentFactory().student
    named, left = attach(EvidenceFactory(owner=owner), TEXT), received(owner)
    now = timezone.now()

    assert (swept(now), swept(now + 6 * DAY)) == (0, 0)
    assert swept(now + 8 * DAY) == 1

    assert (Upload.objects.count(), in_storage()) == (0, {named.path})
    assert left.id != named.pk


@pytest.mark.parametrize("part", ["", PART])
def test_bytes_that_no_row_names_go_once_they_are_old(part: str) -> None:
    file = attach(EvidenceFactory(), TEXT)
    stray = path_of(uuid4()) + part
    write(stray, io.BytesIO(b"left by a process that was killed"))
    now = timezone.now()

    assert (swept(now), swept(now + 6 * DAY)) == (0, 0)
    assert swept(now + 8 * DAY) == 1

    assert in_storage() == {file.path}


def test_what_is_not_ours_stays() -> None:
    write("ab/lost+found", io.BytesIO(b"of somebody else"))

    assert swept(timezone.now() + 99 * DAY) == 0
    assert in_storage() == {"ab/lost+found"}


@pytest.mark.tampers
def test_bytes_of_an_erased_file_that_were_left_go_at_once() -> None:
    file = attach(EvidenceFactory(), TEXT)
    StoredFile.objects.update(erased_at=timezone.now())

    assert swept(timezone.now()) == 1
    assert (StoredFile.objects.get().pk, in_storage()) == (file.pk, set())


def test_the_sweep_looks_in_one_folder_at_a_time() -> None:
    for number in range(256):
        path = f"{number:02x}/{uuid4()}"
        write(path, io.BytesIO(b"x"))
        os.utime(default_storage.path(path), (0, 0))

    assert (sweep(), len(in_storage())) == (1, 255)


@pytest.mark.parametrize(("claimed", "removed"), [(DAY, 0), (-DAY, 1), (None, 1)])
def test_the_sweep_removes_what_was_left_in_a_workroom(
    claimed: timedelta | None, removed: int
) -> None:
    """Of a file in hand, of one whose process was killed, and of one that is gone."""
    file = attach(EvidenceFactory(), TEXT)
    if claimed:
        until = timezone.now() + claimed
        StoredFile.objects.update(preparation="in_hand", claimed_until=until)
    folder = workroom() / f"{file.pk if claimed else uuid4()}.abc"
    folder.mkdir(parents=True)
    (folder / "source").write_bytes(TEXT)
    (workroom() / "lost+found").mkdir()

    assert sweep() == removed

    there = {path.name for path in workroom().iterdir()}
    assert there == {"lost+found", *([] if removed else [folder.name])}


@pytest.mark.parametrize(
    ("name", "age", "removed"),
    [("tmpab.upload.jpg", 2 * DAY, 1), ("tmpab.upload.jpg", DAY / 2, 0), ("notes", 2 * DAY, 0)],
)
def test_the_sweep_removes_what_requests_that_never_ended_left(
    name: str, age: timedelta, removed: int, settings: Settings, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "incoming")
    left = tmp_path / "incoming" / name
    assert sweep() == 0  # nothing came in yet
    left.parent.mkdir()
    left.write_bytes(TEXT)
    then = (timezone.now() - age).timestamp()
    os.utime(left, (then, then))

    assert (sweep(), left.exists()) == (removed, not removed)


# --- A full disk, on a page -----------------------------------------------------------------------

WORDS = {"title": "Helped", "kind": "act", "happened_on": "2026-09-02", "origin": "here"}


@pytest.mark.parametrize("size", [2_000_000, 4_000_000], ids=["in memory", "on disk"])
def test_a_full_disk_answers_with_what_was_typed(size: int, client: Client) -> None:
    """Small files fail where they are kept, large ones already while they come in."""
    client.force_login(EnrolmentFactory(student__language="en").student)
    file = io.BytesIO(b"GIF89a" + b"x" * size)
    file.name = "film.gif"

    with little_room(1_500_000):
        answer = client.post("/evidence/add/", {**WORDS, "uploads": file, "place": "Kitchen"})

    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "600")
    assert "There is no room right now" in page
    assert "choose them again" in page
    assert answer.context["kept"] == {
        name: [v] for name, v in {**WORDS, "place": "Kitchen"}.items()
    }
    assert (Upload.objects.count(), in_storage()) == (0, set())


# --- How much waits -------------------------------------------------------------------------------


def test_of_one_person_so_many_uploads_wait_and_the_oldest_make_way() -> None:
    owner, other = AccountFactory(), AccountFactory()
    theirs = received(other)

    kept = [received(owner).id for _number in range(MOST_WAITING + 5)]

    here = Upload.objects.filter(owner=owner.person).order_by("recorded_at")
    assert [row.pk for row in here] == kept[5:]
    assert Upload.objects.filter(pk=theirs.id).exists()


@pytest.mark.parametrize(("bound", "left"), [(10, 1), (14 * 2, 2), (14 * 3 + 1, 3)])
def test_of_one_person_so_many_bytes_wait(
    bound: int, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("files.keeping.MOST_BYTES_WAITING", bound)
    owner = AccountFactory()

    kept = [received(owner).id for _number in range(5)]

    here = Upload.objects.order_by("recorded_at")
    assert [row.pk for row in here] == kept[-left:]


def test_what_makes_way_goes_with_its_bytes_and_what_is_named_stays(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    monkeypatch.setattr("files.keeping.MOST_WAITING", 1)
    owner = AccountFactory()
    named = received(owner)
    [file] = take([named.id], purpose="evidence", by=owner).values()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        first, second = received(owner), received(owner)

    assert in_storage() == {file.path, path_of(second.id)}
    assert not Upload.objects.filter(pk=first.id).exists()


@pytest.mark.parametrize("path", ["account_login", "evidence:add", "home:help"])
def test_of_who_is_not_signed_in_no_file_comes_on_the_disk(
    path: str, client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    written: list[object] = []
    open_file = NamedTemporaryFile

    def noted(**kwargs: object) -> object:
        written.append(kwargs)
        return open_file(**kwargs)  # type: ignore[call-overload]  # as it came

    film = SimpleUploadedFile("film.mp4", b"x" * 3_000_000)
    with patch("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", noted):
        client.post(reverse(path), {"title": "Words", "uploads": film})
    assert written == []
    client.force_login(EnrolmentFactory().student)
    film.seek(0)

    with patch("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", noted):
        client.post(reverse("evidence:add"), {"title": "Words", "uploads": film})
    assert len(written) == 1
