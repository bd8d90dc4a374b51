"""Preparing: claimed one by one, given up where a file kills whoever tries it."""

import errno
import io
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image

from evidence.models import Attachment
from files import cleaning, preparing
from files.filetypes import FileType
from files.keeping import forget
from files.models import StoredFile
from files.preparing import LEASE, MOST_ATTEMPTS, claimed, prepare, prepare_waiting, workroom
from files.storing import remove_bytes
from tests.evidence.factories import EvidenceFactory, attach
from tests.files.test_keeping import in_storage
from tests.recorded import faults

pytestmark = pytest.mark.django_db


def photo(colour: str = "navy") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(file, "JPEG")
    return file.getvalue()


def waiting(content: bytes = photo()) -> StoredFile:
    return attach(EvidenceFactory(), content, "photo.jpg")


def killed_while(file: StoredFile) -> None:
    """Somebody claims the next file, which is this one, and is never heard of again; its time
    passes."""
    [row] = islice(claimed(), 1)
    assert row == file
    StoredFile.objects.filter(pk=file.pk).update(claimed_until=timezone.now() - LEASE)


def state_of(file: StoredFile) -> tuple[str, int, str]:
    row = StoredFile.objects.get(pk=file.pk)
    return row.preparation, row.attempts, row.fault


def test_equal_files_have_versions_of_their_own() -> None:
    files = [waiting(), waiting()]

    assert prepare_waiting() == 2

    shown = [StoredFile.objects.get(cleaned_from=file) for file in files]
    assert shown[0].digest == shown[1].digest
    assert in_storage() == {file.path for file in [*files, *shown]}
    assert [file.chain for file in shown] == [file.chain for file in files]
    assert faults() == []


def test_a_file_in_hand_is_taken_by_nobody_else_until_its_time_is_over() -> None:
    file = waiting()
    [row] = islice(claimed(), 1)

    assert (state_of(file), prepare_waiting()) == (("in_hand", 1, ""), 0)
    StoredFile.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert prepare_waiting() == 1

    assert state_of(row) == ("ready", 2, "")


def test_a_file_that_kills_who_tries_it_lets_others_go_first_and_is_given_up() -> None:
    bad, good = waiting(), waiting()
    for _ in range(MOST_ATTEMPTS):
        StoredFile.objects.filter(pk=good.pk).update(preparation="failed", fault="lost")
        killed_while(bad)
        StoredFile.objects.filter(pk=good.pk).update(preparation="waiting", fault="")
        assert next(claimed()) == good
        StoredFile.objects.filter(pk=good.pk).update(
            preparation="waiting", claimed_until=None, attempts=0
        )

    assert prepare_waiting() == 1

    assert state_of(bad) == ("failed", MOST_ATTEMPTS, "given_up")
    assert state_of(good) == ("ready", 1, "")


def test_a_damaged_file_fails_at_once_and_says_why() -> None:
    file = waiting(photo()[:200])

    assert (prepare_waiting(), prepare_waiting()) == (0, 0)

    assert state_of(file) == ("failed", 1, "damaged_image")


def removed(file: StoredFile) -> None:
    remove_bytes(file.path)


def replaced(file: StoredFile) -> None:
    remove_bytes(file.path)
    default_storage.save(file.path, io.BytesIO(photo("red")))


@pytest.mark.tampers
@pytest.mark.parametrize("tamper", [removed, replaced])
def test_what_is_not_there_as_it_came_in_is_shown_to_nobody(tamper: object) -> None:
    file = waiting()
    tamper(file)  # type: ignore[operator]  # of a table

    assert prepare_waiting() == 0

    assert (state_of(file), StoredFile.objects.count()) == (("failed", 1, "lost"), 1)


def no_fault(*_: object) -> None:
    """It is cleaned as ever."""


def damaged(*_: object) -> None:
    raise cleaning.CleaningFailed(StoredFile.Fault.DAMAGED_IMAGE)


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_the_fault_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    file = waiting()
    with monkeypatch.context() as patch:
        patch.setattr(cleaning, "_save_still", full)
        for _ in range(MOST_ATTEMPTS + 1):
            assert prepare_waiting() == 0
            in_a_minute()
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "write", full)
        assert prepare_waiting() == 0
    before = (state_of(file), in_storage(), prepare_waiting())
    in_a_minute()

    assert prepare_waiting() == 1
    assert before == (("in_hand", 0, ""), {file.path}, 0)


def in_a_minute() -> None:
    """The files that were to be tried again are due."""
    StoredFile.objects.filter(preparation="in_hand").update(claimed_until=timezone.now())


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EACCES])
def test_a_file_for_which_there_is_no_room_keeps_no_other_waiting(
    fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = (waiting() for _ in range(3))
    copy = preparing._copy

    def too_large(row: StoredFile, target: Path) -> None:
        if row.pk == first.pk:
            raise OSError(fault, "not this one")
        copy(row, target)

    monkeypatch.setattr(preparing, "_copy", too_large)

    assert prepare_waiting() == len(others)
    assert [state_of(file)[0] for file in (first, *others)] == ["in_hand", "ready", "ready"]


def test_who_comes_second_leaves_nothing() -> None:
    file = waiting()
    [row] = islice(claimed(), 1)
    late = StoredFile.objects.get(pk=row.pk)

    assert (prepare(row), prepare(late)) == (True, False)

    assert in_storage() == {file.path, StoredFile.objects.get(cleaned_from=file).path}


def test_what_was_deleted_meanwhile_leaves_no_version() -> None:
    file = waiting()
    [row] = islice(claimed(), 1)
    Attachment.objects.filter(file=file).delete()
    with transaction.atomic():
        forget([file], by=None)

    assert prepare(row) is False

    assert in_storage() == {file.path}  # which go with the deletion, after its commit


@pytest.mark.parametrize("fault", [no_fault, damaged, full])
def test_a_file_deleted_while_it_is_in_hand_keeps_no_other_waiting(
    fault: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = waiting(), waiting()
    clean = cleaning.clean_image

    def deleted_meanwhile(source: Path, target: Path, file_type: FileType) -> FileType:
        if StoredFile.objects.filter(pk=first.pk).exists():
            Attachment.objects.filter(file=first).delete()
            forget([first], by=None)
            fault()
        return clean(source, target, file_type)

    monkeypatch.setattr(cleaning, "clean_image", deleted_meanwhile)

    assert prepare_waiting() == 1

    assert state_of(second) == ("ready", 1, "")
    assert not StoredFile.objects.filter(pk=first.pk).exists()
    assert list(workroom().iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"preparation": "in_hand"},
        {"claimed_until": timezone.now()},
        {"preparation": "failed"},
        {"fault": "lost"},
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(change: dict[str, object]) -> None:
    file = waiting()

    with pytest.raises(IntegrityError), transaction.atomic():
        StoredFile.objects.filter(pk=file.pk).update(**change)
