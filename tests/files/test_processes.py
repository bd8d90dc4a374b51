"""Several processes at the same files, and one that is killed: nothing is lost, nothing is left."""

import io
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.db import connections, transaction
from django.utils import timezone

from evidence.actions.pieces import (
    FILES_OF_EVIDENCE,
    Words,
    add_evidence,
    delete_evidence,
    revise_evidence,
)
from evidence.models import Attachment, Evidence
from files import cleaning, preparing
from files.keeping import KeptFile, forget, receive, take
from files.models import StoredFile, Upload
from files.preparing import LEASE, prepare_waiting, workroom
from files.sweeping import remove_workrooms
from people.models import Account
from records.refusals import NotPossible
from tests.evidence.factories import EvidenceFactory, attach, taken_in
from tests.factories import EnrolmentFactory
from tests.files.test_keeping import DAY, TEXT, in_storage, swept
from tests.files.test_preparing import photo
from tests.recorded import faults

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 200
PATIENCE = 300  # seconds
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def run() -> Iterator[Callable[..., BaseProcess]]:
    """Starts a function in a process of its own, with connections of its own."""
    started: list[BaseProcess] = []

    def start(work: Callable[..., None], *arguments: Any) -> BaseProcess:
        connections.close_all()
        process = FORK.Process(target=_alone, args=(work, *arguments))
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join(PATIENCE)


def _alone(work: Callable[..., None], *arguments: Any) -> None:
    """The process ends here, without passing through what pytest set up for its parent."""
    code = 1
    try:
        work(*arguments)
        code = 0
    finally:
        connections.close_all()
        os._exit(code)


def ended(*processes: BaseProcess) -> list[int | None]:
    for process in processes:
        process.join(PATIENCE)
    return [process.exitcode for process in processes]


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# --- At the same row ------------------------------------------------------------------------------


def naming(meet: Any, said: Any, owner: Account, piece: Evidence, files: list[UUID]) -> None:
    for number, file in enumerate(files):
        meet.wait(PATIENCE)
        try:
            with transaction.atomic():
                take([file], purpose=FILES_OF_EVIDENCE, by=owner)
                Attachment.objects.create(revision=piece.current, file_id=file, name="a.txt")
            said[number] = True
        except NotPossible:
            said[number] = False


def deleting(meet: Any, said: Any, owner: Account, files: list[UUID]) -> None:
    for number, file in enumerate(files):
        meet.wait(PATIENCE)
        with transaction.atomic():
            forget([StoredFile(pk=file)], by=owner)
        said[number] = not StoredFile.objects.filter(pk=file).exists()


def test_two_processes_name_and_delete_the_same_row(run: Callable[..., BaseProcess]) -> None:
    """Foreign keys are checked at the commit: no clash is left for it, and whoever comes second
    hears it in words."""
    piece = EvidenceFactory()
    kept = []
    for _ in range(ROUNDS):  # more than wait at a time
        kept.append(taken_in(piece.owner, TEXT).id)
        with transaction.atomic():
            take(kept[-1:], purpose=FILES_OF_EVIDENCE, by=piece.owner)
    meet = FORK.Barrier(2)
    named, deleted = FORK.Array("b", ROUNDS), FORK.Array("b", ROUNDS)

    codes = ended(
        run(naming, meet, named, piece.owner, piece, kept),
        run(deleting, meet, deleted, piece.owner, kept),
    )

    assert codes == [0, 0]
    was_named = [bool(one) for one in named[:]]
    assert [not one for one in deleted[:]] == was_named
    assert set(was_named) == {True, False}  # each was first at times
    left = set(StoredFile.objects.values_list("pk", flat=True))
    assert left == {key for key, there in zip(kept, was_named, strict=True) if there}
    assert left == set(Attachment.objects.values_list("file", flat=True))
    assert in_storage() == {StoredFile(pk=key).path for key in left}
    assert faults() == []


WORDS = Words(title="Helped", happened_on=timezone.localdate())


def revising(meet: Any, student: Account, piece: Evidence, files: list[KeptFile]) -> None:
    for number, file in enumerate(files):
        new = taken_in(student, TEXT)
        meet.wait(PATIENCE)
        with suppress(NotPossible):
            words = replace(WORDS, title=f"Helped {number}")
            revise_evidence(evidence=piece, words=words, files=[file, new], by=student)


def deleting_pieces(meet: Any, student: Account, pieces: list[Evidence]) -> None:
    for piece in pieces:
        meet.wait(PATIENCE)
        delete_evidence(evidence=piece, by=student)


def test_a_file_that_goes_with_one_piece_and_comes_into_another(
    run: Callable[..., BaseProcess],
) -> None:
    """Both lock the files before the chain, so that neither waits for what waits for it."""
    student = EnrolmentFactory().student
    files = [taken_in(student, TEXT) for _ in range(ROUNDS // 4)]
    pieces = [add_evidence(words=WORDS, files=[file], by=student) for file in files]
    other = add_evidence(words=WORDS, by=student)
    meet = FORK.Barrier(2)

    codes = ended(
        run(revising, meet, student, other, files),
        run(deleting_pieces, meet, student, pieces),
    )

    assert codes == [0, 0]
    assert [piece.pk for piece in Evidence.objects.all()] == [other.pk]
    named = set(Attachment.objects.values_list("file", flat=True))
    assert set(StoredFile.objects.values_list("pk", flat=True)) == named
    assert faults() == []


def adding_and_deleting(meet: Any, student: Account) -> None:
    """Ten pieces with the very same photo and text, every second of them deleted again."""
    for number in range(10):
        files = [taken_in(student, photo(), "photo.jpg"), taken_in(student, TEXT)]
        meet.wait(PATIENCE)
        piece = add_evidence(words=WORDS, files=files, by=student)
        prepare_waiting()
        if number % 2:
            delete_evidence(evidence=piece, by=student)


def test_racing_equal_files_lose_nothing_and_leave_nothing(run: Callable[..., BaseProcess]) -> None:
    students = [EnrolmentFactory().student for _ in range(3)]
    meet = FORK.Barrier(len(students))

    codes = ended(*(run(adding_and_deleting, meet, student) for student in students))

    assert codes == [0, 0, 0]
    prepare_waiting()
    files = StoredFile.objects.all()
    assert len(files) == 3 * 5 * 3  # of each piece the photo, what is shown of it, and the text
    assert {file.preparation for file in files} == {"ready"}
    assert in_storage() == {file.path for file in files}
    assert (swept(timezone.now() + 8 * DAY), faults()) == (0, [])


# --- Killed ---------------------------------------------------------------------------------------


def sleeping(*_: Any, **__: Any) -> None:
    Path(default_storage.path("asleep")).touch()
    time.sleep(PATIENCE)


def asleep() -> bool:
    return default_storage.exists("asleep")


def preparing_and_sleeping(module: Any, name: str) -> None:
    """Prepares what waits, and never comes back from this function."""
    setattr(module, name, sleeping)
    prepare_waiting()


@pytest.mark.parametrize(
    ("module", "name", "strays"),
    [
        (cleaning, "clean_image", 0),
        (preparing, "write", 0),
        (preparing, "_keep", 1),  # its bytes are there, the row that names them is not
    ],
    ids=["while it is cleaned", "before it is written", "before it has a row"],
)
def test_a_preparing_process_that_is_killed_loses_nothing(
    module: Any, name: str, strays: int, run: Callable[..., BaseProcess]
) -> None:
    first = attach(EvidenceFactory(), photo(), "photo.jpg")
    second = attach(EvidenceFactory(), photo(), "photo.jpg")
    victim = run(preparing_and_sleeping, module, name)
    until(asleep)

    victim.kill()
    ended(victim)
    default_storage.delete("asleep")
    left = [path.stem for path in workroom().iterdir()]
    others = prepare_waiting()
    first.refresh_from_db()
    state = (first.preparation, first.attempts)
    assert remove_workrooms(timezone.now()) == 0  # it may live
    StoredFile.objects.filter(pk=first.pk).update(claimed_until=timezone.now() - LEASE)

    assert (state, others) == (("in_hand", 1), 1)
    assert left == [str(first.pk)] * (1 - strays)
    assert remove_workrooms(timezone.now()) == 1 - strays
    assert prepare_waiting() == 1
    assert list(workroom().iterdir()) == []
    assert swept(timezone.now() + 8 * DAY) == strays
    shown = StoredFile.objects.filter(cleaned_from__in=[first, second])
    assert in_storage() == {file.path for file in [first, second, *shown]}
    assert (len(shown), faults()) == (2, [])


class Endless(io.BytesIO):
    """A film of which the end never comes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 2_000_000:
            sleeping()
        return super().read(size)


def receiving(owner: Account) -> KeptFile:
    film = Endless(b"GIF89a" + b"x" * 4_000_000)
    return receive(film, name="film.gif", size=4_000_006, purpose=FILES_OF_EVIDENCE, by=owner)


def test_an_upload_whose_process_is_killed_leaves_nothing(run: Callable[..., BaseProcess]) -> None:
    owner = EnrolmentFactory().student
    default_storage.save("before", io.BytesIO(b""))
    victim = run(receiving, owner)
    until(asleep)

    victim.kill()
    ended(victim)
    default_storage.delete("asleep")
    [upload] = Upload.objects.all()
    half = in_storage()
    swept(timezone.now() + timedelta(days=1))

    assert half == {"before", f"{upload.path}.part"}
    assert (upload.digest, in_storage()) == ("", half)
    assert swept(timezone.now() + 8 * DAY) == 1
    assert (Upload.objects.count(), in_storage()) == (0, {"before"})
