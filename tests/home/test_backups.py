"""A backup is whole, belongs together and goes back onto an empty machine, or is refused."""

import fcntl
import io
import json
import os
import resource
import shutil
import sqlite3
import tarfile
import threading
import uuid
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pyrage
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from pytest_django import Settings

from evidence.models import Evidence, Remark, Revision
from files.keeping import erase_file
from files.models import StoredFile, Upload
from files.storing import remove_bytes
from home.actions import erase_content, to_erase_again
from home.backups import BackupRefused, making, one_at_a_time, restoring
from home.backups.databases import empty_database
from home.backups.restoring import restore_backup
from home.watch import watch_over_the_record
from people.actions import give_role, register
from people.models import Account, InstitutionRole, Person
from records.chain import append, proof_over
from records.checkpoints import make_checkpoint
from records.kept import erased_since, keep_in_files, kept_checkpoints
from records.models import Chain, Checkpoint, Event, Leaf, Verification, name_of
from records.verification import verify
from tests.committees.factories import Scene, scene
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, attach, taken_in
from tests.factories import AccountFactory
from tests.recorded import record_what_was_made
from tests.triggers import lifted

pytestmark = pytest.mark.django_db(transaction=True)

EMPTY = {"files", "checkpoints", *(f"{number:02x}" for number in range(256))}  # folders
WORDS = b"Wat ik deed, en hoe het ging."


@pytest.fixture
def decided() -> Scene:
    made = scene(state="announced")
    record_what_was_made()
    return made


@pytest.fixture
def pieces() -> list[Evidence]:
    """Two, with a file each; recorded, and under a checkpoint."""
    made = [EvidenceFactory(revision__title=f"Piece {number}") for number in range(2)]
    for number, piece in enumerate(made):
        attach(piece, WORDS + str(number).encode())
    record_what_was_made()
    watch_over_the_record()
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "kept.tar"


@pytest.fixture
def another_machine(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """From `enter` on, an empty database and empty folders stand in the place of ours."""
    return tmp_path / "another"


SETTINGS = ("DATA_ROOT", "FILES_ROOT", "CHECKPOINT_ROOT", "STORAGES")


class Machine:
    """A machine on which nothing is yet: a database and folders of its own."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.ours = connection.settings_dict["NAME"]
        self.our_settings = {name: getattr(settings, name) for name in SETTINGS}
        folder.mkdir()
        if connection.vendor == "sqlite":
            self.name = str(folder / "db.sqlite3")
        else:
            self.name = f"test_bewijskracht_{uuid.uuid4().hex[:12]}"
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{self.name}"')

    def remove(self) -> None:
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def enter(self) -> None:
        own = dict(self.settings.STORAGES["default"])
        if "location" in own["OPTIONS"]:
            own["OPTIONS"] = {"location": self.folder / "files"}
        storages = {**self.settings.STORAGES, "default": own}
        places = (self.folder, *(self.folder / name for name in ("files", "checkpoints")), storages)
        self._stand(self.name, dict(zip(SETTINGS, places, strict=True)))

    def leave(self) -> None:
        self._stand(self.ours, self.our_settings)

    def _stand(self, database: str, places: dict[str, object]) -> None:
        connection.close()
        connection.settings_dict["NAME"] = database
        for name, place in places.items():
            setattr(self.settings, name, place)


@pytest.fixture
def machine(tmp_path: Path, settings: Settings) -> Iterator[Machine]:
    made = Machine(tmp_path / "another", settings)
    yield made
    made.leave()
    made.remove()


def everything() -> dict[str, object]:
    """What a restored installation has to have."""
    return {
        "chains": dict(Chain.objects.values_list("key", "head")),
        "titles": sorted(Revision.objects.values_list("title", flat=True)),
        "files": {file.path: bytes_of(file) for file in StoredFile.objects.all()},
    }


def bytes_of(kept: StoredFile | Upload) -> bytes:
    with default_storage.open(kept.path) as file:
        return file.read()


def board() -> Account:
    account = register(email="board@school.example", name="Exam board", by=None)
    give_role(person=account.person, role=InstitutionRole.Role.EXAM_BOARD, by=None)
    return account


def key_pair(folder: Path) -> tuple[str, Path]:
    """A public age key, and the file of the one that opens, as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    path = folder / "key.txt"
    path.write_text(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public()), path


# --- There and back -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_an_empty_machine_has_all_of_it_and_the_record_holds(
    is_encrypted: bool,
    decided: Scene,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key, identity = key_pair(tmp_path)
    settings.BACKUP_KEYS = [key] if is_encrypted else []
    before = everything()
    call_command("backup", str(target))
    assert (WORDS in target.read_bytes()) != is_encrypted
    assert target.stat().st_mode & 0o077 == 0
    settings.BACKUP_KEYS = []

    machine.enter()
    call_command("restore", str(target), identity=identity if is_encrypted else None)

    said = capsys.readouterr().out
    assert "the database and 2 files" in said
    assert "All is as it was recorded" in said
    assert everything() == before
    assert [path.name for path in Path(settings.CHECKPOINT_ROOT).iterdir()] == [
        "checkpoint-000001.json"
    ]
    assert not [path for path in (settings.DATA_ROOT / "backup").iterdir() if path.name != "lock"]
    # It goes on from there: numbers follow, and the record cannot be changed.
    EvidenceFactory()
    assert [fault for fault in verify().faults if not fault.endswith(": inserted")] == []
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Event.objects.filter(number=1).update(verb="forged")


@pytest.mark.tampers  # the storage forgets what it had when another stands in its place
@pytest.mark.usefixtures("object_store")
def test_a_storage_that_knows_no_paths_is_read_and_written_too(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    before = everything()
    call_command("backup", str(target))

    machine.enter()
    call_command("restore", str(target))

    assert everything() == before


def test_into_a_folder_it_is_named_by_the_moment(pieces: list[Evidence], tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()

    call_command("backup", str(folder))

    [path] = folder.iterdir()
    assert path.match("bewijskracht-????????T??????Z.tar")


def test_no_key_of_the_installation_is_in_it(
    pieces: list[Evidence], target: Path, settings: Settings
) -> None:
    call_command("backup", str(target))

    content = target.read_bytes()
    keys = [settings.SECRET_KEY, settings.LINK_KEY, *settings.SEAL_KEYS.values()]
    assert [key for key in keys if key.encode() in content] == []


def test_it_goes_where_migrate_made_the_tables(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    before = everything()
    call_command("backup", str(target))

    machine.enter()
    call_command("migrate", verbosity=0)
    call_command("restore", str(target))

    assert everything() == before


# --- While people go on working -------------------------------------------------------------------


def test_writes_go_on_and_what_comes_back_belongs_together(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    stopped = threading.Event()
    written: list[int] = []

    def write_on() -> None:
        while not stopped.is_set():
            attach(EvidenceFactory(), WORDS)
            record_what_was_made()
            written.append(1)
        connections.close_all()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        while not written:
            pass
        call_command("backup", str(target))
    finally:
        stopped.set()
        writer.join()

    machine.enter()
    restore_backup(target)

    faults = verify().faults
    assert [fault for fault in faults if not fault.endswith(": inserted")] == []
    assert StoredFile.objects.count() > 2


def during(monkeypatch: pytest.MonkeyPatch, happens: object) -> None:
    """Let something happen once, after the database was taken and before its files are."""
    dump, left = making.dump_database, [happens]

    def dump_and_go_on(place: Path) -> dict[str, str]:
        named = dump(place)
        if left:
            left.pop()()
        return named

    monkeypatch.setattr(making, "dump_database", dump_and_go_on)


def test_what_is_erased_after_the_database_was_taken_does_not_come_back(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = StoredFile.objects.order_by("recorded_at").first()
    during(monkeypatch, lambda: erase_file(file=file, ground="Asked.", by=None))

    call_command("backup", str(target))
    machine.enter()
    call_command("restore", str(target))

    assert StoredFile.objects.get(pk=file.pk).erased_at is not None
    assert not default_storage.exists(file.path)


def test_what_is_erased_after_its_bytes_were_copied_is_not_put_back_either(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other file is gone before its own were, so that the database is taken once more."""
    files = list(StoredFile.objects.all())
    add = making._add

    def add_and_erase(tar: object, backup: object, name: str, *rest: object) -> None:
        add(tar, backup, name, *rest)
        if name.startswith("files/"):
            for file in files:
                erase_file(file=file, ground="Asked.", by=None)

    monkeypatch.setattr(making, "_add", add_and_erase)

    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        assert len([name for name in tar.getnames() if name.startswith("files/")]) == 1
    machine.enter()
    call_command("restore", str(target))

    assert [default_storage.exists(file.path) for file in files] == [False, False]


def test_an_upload_that_waits_to_be_named_comes_along(
    target: Path, machine: Machine, settings: Settings
) -> None:
    kept = taken_in(AccountFactory(), WORDS)

    call_command("backup", str(target))
    machine.enter()
    restore_backup(target)

    assert bytes_of(Upload.objects.get(pk=kept.id)) == WORDS


@pytest.mark.tampers
@pytest.mark.parametrize("harm", ["gone", "altered"])
def test_a_file_that_is_not_as_it_was_stored_is_named_and_the_rest_is_kept(
    harm: str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = StoredFile.objects.first()
    if harm == "gone":
        remove_bytes(file.path)
    else:
        Path(default_storage.path(file.path)).write_bytes(WORDS.upper() + b"0")

    with pytest.raises(CommandError, match="1 file not as stored"):
        call_command("backup", str(target))
    assert f"FAULT: {file.path}: the file" in capsys.readouterr().out

    machine.enter()
    with pytest.raises(CommandError, match="1 fault, in"):
        call_command("restore", str(target))
    assert f"FAULT: {name_of(file)}: the file" in capsys.readouterr().out


# --- Since ----------------------------------------------------------------------------------------


def test_what_was_erased_since_is_named_with_the_command_that_erases_it_again(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    by = board()
    call_command("backup", str(target))
    revision = pieces[0].current
    erase_content(what=name_of(revision), columns=["title"], ground="Asked.", by=by)
    make_checkpoint()
    keep_in_files()
    lost = Checkpoint.objects.get(number=2)
    outside = settings.CHECKPOINT_ROOT

    machine.enter()
    shutil.copytree(outside, settings.CHECKPOINT_ROOT)
    with pytest.raises(CommandError, match="1 time something was erased"):
        call_command("restore", str(target))

    said = capsys.readouterr().out
    assert f"ERASED SINCE: manage.py erase_content {name_of(revision)} --column title" in said
    assert "After that the record went on, which is lost." in said
    assert sorted(path.name for path in Path(settings.CHECKPOINT_ROOT).iterdir()) == [
        "checkpoint-000001.json",
        f"lost-checkpoint-000002-{lost.root[:12]}.json",
    ]
    assert Revision.objects.get(pk=revision.pk).title == "Piece 0"
    with lifted():
        Verification.objects.all().delete()
    watch_over_the_record()
    found = Verification.objects.get()
    assert [fault for fault in found.faults if "lost since a backup was put back" in fault]


def erased_after(target: Path, piece: Evidence, machine: Machine, settings: Settings) -> Revision:
    """Make a backup, erase a title after it, and come to an empty machine with the checkpoints that
    were kept outside."""
    by = board()
    call_command("backup", str(target))
    revision = piece.current
    erase_content(what=name_of(revision), columns=["title"], ground="Asked.", by=by)
    make_checkpoint()
    keep_in_files()
    outside = settings.CHECKPOINT_ROOT
    machine.enter()
    shutil.copytree(outside, settings.CHECKPOINT_ROOT)
    return revision


@pytest.mark.parametrize("content", ["", "[1]", '{"number": 9}'])
def test_a_checkpoint_that_cannot_be_read_is_named_and_the_rest_goes_on(
    content: str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    revision = erased_after(target, pieces[0], machine, settings)
    (Path(settings.CHECKPOINT_ROOT) / "checkpoint-000009.json").write_text(content)
    with pytest.raises(CommandError, match="1 time something was erased"):
        call_command("restore", str(target))

    said = capsys.readouterr().out
    assert "FAULT: checkpoint-000009.json: cannot be read" in said
    assert f"ERASED SINCE: manage.py erase_content {name_of(revision)} --column title" in said


@pytest.mark.parametrize("change", [{"heads": {}, "erased": []}, {"erased": []}])
def test_a_checkpoint_that_was_altered_lets_no_restoring_pass(
    change: dict[str, object],
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    erased_after(target, pieces[0], machine, settings)
    path = Path(settings.CHECKPOINT_ROOT) / "checkpoint-000002.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(CommandError, match="not all is as it was"):
        call_command("restore", str(target))

    assert "FAULT: checkpoint-000002.json: It was altered" in capsys.readouterr().out


def test_what_was_erased_since_is_named_at_each_restoring_and_its_commands_work_in_their_order(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A person with their address and the feedback they gave, and a title; not a piece that was
    made after the backup, which is not here."""
    by = board()
    feedback = FeedbackFactory(evidence=pieces[0], asked=True, remarks={None: "Well done."})
    remark = feedback.remarks.get()
    record_what_was_made()
    call_command("backup", str(target))
    later = EvidenceFactory()
    record_what_was_made()
    for row in (pieces[0].current, feedback.person, remark, later.current):
        erase_content(what=name_of(row), ground="Asked.", by=by)
    make_checkpoint()
    keep_in_files()
    outside = settings.CHECKPOINT_ROOT

    machine.enter()
    shutil.copytree(outside, settings.CHECKPOINT_ROOT)
    with pytest.raises(CommandError, match="3 times something was erased"):
        call_command("restore", str(target))
    first = [line for line in capsys.readouterr().out.splitlines() if "ERASED SINCE" in line]
    second = anew(machine, target, capsys)

    assert second == first
    assert f"erase_content {name_of(feedback.person)}" in first[0]
    assert {line.split()[4] for line in first[1:]} == {
        name_of(pieces[0].current),
        name_of(remark),
    }
    for line in first:
        arguments = line.removeprefix("ERASED SINCE: manage.py ").split()
        call_command(*arguments, "--ground", "Asked.", "--by", "board@school.example")
    assert not Person.objects.exclude(name="").filter(pk=feedback.person_id).exists()
    assert not Remark.objects.exclude(text="").exists()
    again = to_erase_again(erased_since())
    assert (again.erased, again.refused) == ([], [])


def anew(machine: Machine, target: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Put the backup back once more, where the checkpoints are those that the first one left;
    returns what was erased since."""
    empty_database()
    for file in Path(default_storage.path("")).rglob("*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(CommandError, match="3 times something was erased"):
        call_command("restore", str(target))
    return [line for line in capsys.readouterr().out.splitlines() if "ERASED SINCE" in line]


@pytest.mark.tampers
def test_a_backup_in_which_something_was_removed_is_found_by_the_checkpoints_outside(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its own checkpoints were made anew, by who has the key."""
    outside = settings.CHECKPOINT_ROOT
    with transaction.atomic():
        append("case:1", "thing.done", by=None)
    make_checkpoint()
    keep_in_files()
    with lifted():
        Leaf.objects.all().delete()
        Checkpoint.objects.all().delete()
        Event.objects.filter(chain__key="case:1").delete()
        Chain.objects.filter(key="case:1").delete()
    make_checkpoint()
    settings.CHECKPOINT_ROOT = outside.with_name("new")
    keep_in_files()
    call_command("backup", str(target))

    machine.enter()
    shutil.copytree(outside, settings.CHECKPOINT_ROOT)
    with pytest.raises(CommandError, match=r"fault.* and 1 chain of which something is lost"):
        call_command("restore", str(target))

    said = capsys.readouterr().out
    assert "FAULT: root " in said
    assert "LOST: case:1: 1 step, all that there was, until" in said


@pytest.mark.tampers  # what the scene does is dated before the first checkpoint
def test_what_was_decided_since_is_lost_and_goes_on_being_named(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also once the record went on where the backup left it, under checkpoints of its own."""
    made = scene(state="frozen")
    record_what_was_made()
    call_command("backup", str(target))
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()
    made.decide()
    made.announce()
    lost = Chain.objects.get(key=made.case.chain).length
    make_checkpoint()
    keep_in_files()
    outside = settings.CHECKPOINT_ROOT

    machine.enter()
    shutil.copytree(outside, settings.CHECKPOINT_ROOT)
    with pytest.raises(CommandError, match="chains of which something is lost") as refusal:
        call_command("restore", str(target))
    assert refusal.value.returncode == 1
    lost -= Chain.objects.get(key=made.case.chain).length
    named = f"LOST: {made.case.chain}: {lost} steps, after "
    assert named in capsys.readouterr().out
    assert lost == 5

    with transaction.atomic():
        append(made.case.chain, "thing.done", by=None)
    make_checkpoint()
    keep_in_files()
    with pytest.raises(CommandError, match="chains of which something is lost"):
        call_command("verify_records", since=str(settings.CHECKPOINT_ROOT))
    assert named in capsys.readouterr().out


def test_with_another_key_it_says_that_first_and_names_no_fault(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("backup", str(target))
    machine.enter()
    settings.SEAL_KEYS, ours = {1: "another key"}, settings.SEAL_KEYS

    try:
        with pytest.raises(CommandError, match="SEAL_KEY, or SEAL_KEYS, is another"):
            call_command("restore", str(target), unproven=True)
        assert "FAULT" not in capsys.readouterr().out
    finally:
        settings.SEAL_KEYS = ours
    call_command("verify_records")


# --- What is refused ------------------------------------------------------------------------------


def refuses(target: Path, identity: Path | None = None) -> str:
    """The reason; and nothing of it is left."""
    with pytest.raises(CommandError) as refusal:
        call_command("restore", str(target), identity=identity)
    assert connection.introspection.table_names() == []
    left = [path.name for path in Path(default_storage.path("")).parent.rglob("*")]
    assert {*left} <= {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "backup", "lock"} | EMPTY
    return str(refusal.value)


@pytest.mark.parametrize("is_encrypted", [False, True])
@pytest.mark.parametrize("left", [0, 0.3, 0.9, 0.999])
def test_a_backup_that_was_cut_off_is_refused(
    left: float,
    is_encrypted: bool,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    tmp_path: Path,
) -> None:
    key, identity = key_pair(tmp_path)
    settings.BACKUP_KEYS = [key] if is_encrypted else []
    call_command("backup", str(target))
    content = target.read_bytes()
    end = content.rindex(b'"database"') if not is_encrypted and left > 0.99 else len(content) * left
    target.write_bytes(content[: int(end)])

    machine.enter()

    assert refuses(target, identity).startswith("Nothing was put back. This")


def rewritten(target: Path, name: str, content: bytes) -> None:
    """Put other bytes into a member of a backup."""
    with tarfile.open(target) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(target, "w") as tar:
        for member, was in members:
            now = content if member.name == name else was
            member.size = len(now)
            tar.addfile(member, io.BytesIO(now))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("about.json", {"installation": "elsewhere"}),
        ("about.json", {"database": "oracle"}),
        ("about.json", {"migrations": ["records.9999_to_come"]}),
        ("about.json", {"layout": 4}),
        ("database", None),
        ("checkpoints/checkpoint-000001.json", None),
        ("files", None),
        ("manifest.json", {"database": "0" * 64}),
    ],
)
def test_a_backup_of_another_or_altered_is_refused(
    name: str,
    says: dict[str, object] | None,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
) -> None:
    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        if name == "files":
            name = f"files/{StoredFile.objects.first().path}"
        was = tar.extractfile(name).read()
    now = json.dumps(json.loads(was) | says).encode() if says else was[:-1] + b"!"
    rewritten(target, name, now)

    machine.enter()

    assert "Nothing was put back. " in refuses(target)


def forged(
    target: Path,
    changes: dict[str, bytes],
    *,
    added: bool = False,
    is_proven: bool = False,
    is_listed: bool = True,
) -> None:
    """Put other bytes into members of a backup, and list them, as whoever can write where it lies;
    or, proven, as who has the SEAL_KEY too."""
    with tarfile.open(target) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}
    assert added or set(changes) <= set(members)
    last = {name: members.pop(name) for name in ("manifest.json", "proof.json")}
    members |= changes
    if is_listed and "manifest.json" not in changes:
        last["manifest.json"] = json.dumps(
            {name: sha256(content).hexdigest() for name, content in members.items()}
        ).encode()
        members.pop("manifest.json", None)
    last["manifest.json"] = members.pop("manifest.json", last["manifest.json"])
    if is_proven:
        last["proof.json"] = json.dumps(
            proof_over("backup manifest.json", last["manifest.json"])
        ).encode()
    with tarfile.open(target, "w") as tar:
        for name, content in (members | last).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("about.json", b"[]"),
        ("about.json", b"null"),
        ("about.json", b'"text"'),
        ("about.json", b"[" * 100_000),
        ("about.json", "migrations"),
        ("manifest.json", b"[]"),
        ("manifest.json", b'["database"]'),
        ("manifest.json", b"null"),
        ("checkpoints/checkpoint-000009.json", b"{}"),
        ("checkpoints/checkpoint-000009.json", b"nothing"),
        ("checkpoints/checkpoint-000009.json", "another number"),
        ("checkpoints/checkpoint-\u0661\u0661\u0661\u0661\u0661\u0661.json", "another number"),
    ],
)
def test_what_reads_as_something_else_is_refused_also_where_it_is_proven(
    name: str,
    content: bytes | str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
) -> None:
    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        about = json.load(tar.extractfile("about.json"))
        checkpoint = tar.extractfile("checkpoints/checkpoint-000001.json").read()
    if content == "migrations":
        content = json.dumps(about | {"migrations": 3}).encode()
    elif content == "another number":
        content = checkpoint
    forged(target, {name: content}, added=True, is_proven=True)

    machine.enter()

    assert "This is no whole backup" in refuses(target)


def test_a_file_of_no_row_is_named(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("backup", str(target))
    path = StoredFile(pk=uuid.uuid4()).path
    forged(target, {f"files/{path}": WORDS}, added=True, is_proven=True)

    machine.enter()
    with pytest.raises(CommandError, match="1 file without a row"):
        call_command("restore", str(target))

    assert f"FAULT: {path}: a file without a row" in capsys.readouterr().out


def test_what_is_altered_and_listed_anew_is_refused_unless_that_is_asked(
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("backup", str(target))
    forged(target, {f"files/{StoredFile.objects.first().path}": WORDS.upper() + b"!"})

    machine.enter()

    assert "This backup is not proven. It was altered" in refuses(target)
    with pytest.raises(CommandError, match="1 fault, in"):
        call_command("restore", str(target), unproven=True)
    assert "UNPROVEN: It was altered, or SEAL_KEY 1 is another" in capsys.readouterr().out


@pytest.mark.tampers  # another key stands there until the end
@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({1: "another key"}, "SEAL_KEY 1 is another than it was made with"),
        ({2: "a later key"}, "proven with SEAL_KEY 1, which is not here"),
    ],
)
def test_that_a_key_is_wrong_shows_before_all_else(
    keys: dict[int, str],
    why: str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call_command("backup", str(target))
    monkeypatch.setattr(settings, "SEAL_KEYS", keys)
    monkeypatch.setattr(restoring, "write", None)  # no file is written

    machine.enter()

    assert why in refuses(target)


def test_a_backup_without_any_proof_is_refused(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    """As a backup of before, which was proven by nothing."""
    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        about = json.load(tar.extractfile("about.json"))
    del about["proof"]
    forged(target, {"about.json": json.dumps(about | {"layout": 1}).encode()})

    machine.enter()

    assert "It bears no proof" in refuses(target)


@pytest.mark.parametrize("junk", ["bytes", "another database"])
def test_what_is_no_database_of_ours_is_refused_and_nothing_stays(
    junk: str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    tmp_path: Path,
) -> None:
    content = b"no database" * 1000
    if junk == "another database":
        other = sqlite3.connect(tmp_path / "other.sqlite3")
        other.execute("CREATE TABLE notes (words text)")
        other.close()
        content = (tmp_path / "other.sqlite3").read_bytes()
    call_command("backup", str(target))
    forged(target, {"database": content}, is_proven=True)

    machine.enter()

    assert "Nothing was put back. " in refuses(target)


def added(target: Path, name: str, content: bytes) -> None:
    """Put a member into a backup, before its manifest, which stays as it was."""
    with tarfile.open(target) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar]
    info = tarfile.TarInfo(name)
    info.size = len(content)
    with tarfile.open(target, "w") as tar:
        for member, was in [*members[:-2], (info, content), *members[-2:]]:
            tar.addfile(member, io.BytesIO(was))


@pytest.mark.parametrize("is_other", [False, True])
@pytest.mark.parametrize("kind", ["database", "about.json", "checkpoints/", "files/"])
def test_a_name_that_stands_in_it_twice_is_refused(
    kind: str,
    is_other: bool,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
) -> None:
    """Also where the later one is the one that the manifest names."""
    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        name = next(name for name in tar.getnames() if name.startswith(kind))
        was = tar.extractfile(name).read()
    if is_other:
        rewritten(target, name, was.replace(b"1", b"2"))
    added(target, name, was)

    machine.enter()

    assert "Nothing was put back. " in refuses(target)


@pytest.mark.parametrize("kind", ["files/", "checkpoints/"])
def test_what_its_manifest_does_not_name_is_refused(
    kind: str, pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    call_command("backup", str(target))
    name, content = f"files/{StoredFile(pk=uuid.uuid4()).path}", WORDS
    if kind == "checkpoints/":
        with tarfile.open(target) as tar:
            said = json.load(tar.extractfile("checkpoints/checkpoint-000001.json"))
        name = "checkpoints/checkpoint-000009.json"
        content = json.dumps(said | {"number": 9}).encode()
    added(target, name, content)

    machine.enter()

    assert "cut off, or altered" in refuses(target)


@pytest.mark.parametrize("at", ["at once", "after the end", "far behind"])
@pytest.mark.parametrize("tail", [b"PK\3\4 something else", b"\0" * 600 + b"1"])
def test_what_stands_behind_its_end_is_refused(
    at: str, tail: bytes, pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    call_command("backup", str(target))
    with tarfile.open(target) as tar:
        last = tar.getmembers()[-1]
    whole = target.read_bytes()
    end = last.offset_data + -(-last.size // 512) * 512
    assert whole[end:].strip(b"\0") == b""
    kept = {"at once": whole[:end], "after the end": whole, "far behind": whole + b"\0" * 300_000}
    target.write_bytes(kept[at] + tail)

    machine.enter()

    assert "cut off, or altered" in refuses(target)


def test_zeros_behind_its_end_are_no_matter(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    """A tape, or a disk, has blocks of its own."""
    call_command("backup", str(target))
    target.write_bytes(target.read_bytes() + b"\0" * 100_000)
    machine.enter()

    call_command("restore", str(target))

    assert StoredFile.objects.count() == len(pieces)


@pytest.mark.parametrize("other", ["another moment", "nothing"])
def test_a_checkpoint_that_stands_there_and_says_something_else_is_named(
    other: str,
    pieces: list[Evidence],
    target: Path,
    machine: Machine,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It stays: it may be the true one."""
    call_command("backup", str(target))
    name = "checkpoint-000001.json"
    [ours] = kept_checkpoints()
    said = json.loads(ours.read_bytes())
    machine.enter()
    there = Path(settings.CHECKPOINT_ROOT) / name
    there.parent.mkdir(parents=True, exist_ok=True)
    if other == "another moment":
        content = json.dumps(said | {"recorded_at": "2020-01-01T00:00:00+00:00"})
    else:
        content = ""
    there.write_text(content)

    with pytest.raises(CommandError, match="1 checkpoint here is not as in the backup"):
        call_command("restore", str(target))

    assert f"FAULT: {name}: stands in CHECKPOINT_ROOT, stays there" in capsys.readouterr().out
    assert there.read_text() == content


@pytest.mark.parametrize("path", ["/etc/passwd", "../../outside", "files/../../outside"])
def test_a_member_with_another_name_is_written_nowhere(
    path: str, target: Path, machine: Machine, settings: Settings, tmp_path: Path
) -> None:
    call_command("backup", str(target))
    with tarfile.open(target, "a") as tar:
        info = tarfile.TarInfo(path)
        info.size = len(WORDS)
        tar.addfile(info, io.BytesIO(WORDS))
    there = set(tmp_path.rglob("*outside*"))

    machine.enter()

    assert "cut off, or altered" in refuses(target)
    assert set(tmp_path.rglob("*outside*")) == there


def test_without_the_right_key_it_does_not_open(
    target: Path, machine: Machine, settings: Settings, tmp_path: Path
) -> None:
    settings.BACKUP_KEYS = [key_pair(tmp_path)[0]]
    call_command("backup", str(target))
    _key, another = key_pair(tmp_path)

    machine.enter()

    assert "--identity" in refuses(target)
    assert "does not open" in refuses(target, another)


@pytest.mark.parametrize("what", ["database", "files"])
def test_it_goes_over_nothing_that_is_there(
    what: str, target: Path, machine: Machine, settings: Settings
) -> None:
    call_command("backup", str(target))
    machine.enter()
    call_command("migrate", verbosity=0)
    if what == "database":
        AccountFactory()
    else:
        default_storage.save("ab/notes.txt", io.BytesIO(WORDS))

    with pytest.raises(BackupRefused, match="empty one" if what == "database" else "files already"):
        restore_backup(target)


def test_a_folder_that_is_not_there_does_not_become_a_file(tmp_path: Path) -> None:
    for name in ("backups", "backups.d"):
        with pytest.raises(CommandError, match="is no folder that is there"):
            call_command("backup", str(tmp_path / name))
        assert not (tmp_path / name).exists()


def test_a_backup_is_never_written_over_another(target: Path) -> None:
    target.write_bytes(b"yesterday")

    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", str(target))

    assert target.read_bytes() == b"yesterday"


def test_two_are_not_made_at_once(target: Path) -> None:
    with one_at_a_time(), pytest.raises(CommandError, match="Another backup"):
        call_command("backup", str(target))


def test_what_one_that_was_killed_was_writing_goes_with_the_next(
    pieces: list[Evidence], tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    killed = folder / "bewijskracht-20260101T010101Z.tar.age.part"
    under_way = folder / "bewijskracht-20260102T010101Z.tar.part"
    others = folder / "notes.part"
    for path in (killed, under_way, others):
        path.write_bytes(WORDS)

    with under_way.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        call_command("backup", str(folder))

    assert not killed.exists()
    assert under_way.exists()
    assert others.exists()


def test_it_is_written_through_no_link(
    pieces: list[Evidence], target: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(WORDS)
    Path(f"{target}.part").symlink_to(elsewhere)

    with pytest.raises(CommandError, match="No backup was made"):
        call_command("backup", str(target))

    assert elsewhere.read_bytes() == WORDS


def test_the_database_on_its_way_is_its_owners_only_and_goes_also_after_a_kill(
    pieces: list[Evidence],
    target: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = Path(settings.DATA_ROOT) / "backup"
    folder.mkdir(exist_ok=True)
    for name in ("database", "database-journal"):
        (folder / name).write_bytes(WORDS)
    modes: list[int] = []
    during(
        monkeypatch,
        lambda: modes.extend(path.stat().st_mode & 0o777 for path in (folder, folder / "database")),
    )

    call_command("backup", str(target))

    assert modes == [0o700, 0o600]
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_where_there_is_no_room_for_the_database_it_says_so(
    pieces: list[Evidence], target: Path, settings: Settings, tmp_path: Path
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(CommandError, match="No backup was made"):
            call_command("backup", str(target))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.glob("kept*")) == []
    left = (Path(settings.DATA_ROOT) / "backup").iterdir()
    assert [path.name for path in left] == ["lock"]


def killed_while(step: str, target: Path) -> None:
    """Put a backup back in a process that ends at once, without a word, when this is called the
    second time (or, of the database, after it was put there)."""
    connection.close()
    if (child := os.fork()) == 0:
        done = getattr(restoring, step)
        calls: list[int] = []

        def end(*arguments: object) -> object:
            calls.append(1)
            if step == "write" and len(calls) == 2:
                os._exit(9)
            found = done(*arguments)
            if step != "write":
                os._exit(9)
            return found

        setattr(restoring, step, end)
        try:
            restore_backup(target)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_what_a_restoring_left_that_was_killed_goes_with_the_next(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    before = everything()
    call_command("backup", str(target))
    machine.enter()
    killed_while("write", target)
    assert restoring._has_files()

    call_command("restore", str(target))

    assert everything() == before
    assert [path.name for path in (settings.DATA_ROOT / "backup").iterdir()] == ["lock"]
    if connection.vendor == "sqlite":
        assert Path(connection.settings_dict["NAME"]).stat().st_mode & 0o777 == 0o600


def test_a_database_that_a_killed_restoring_put_there_is_emptied_by_hand(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    """Somebody may have worked in it since."""
    before = everything()
    call_command("backup", str(target))
    machine.enter()
    killed_while("put_database_back", target)

    with pytest.raises(CommandError, match="A restoring before this one was ended"):
        call_command("restore", str(target))
    assert everything() == before
    empty_database()
    call_command("restore", str(target))

    assert everything() == before


def test_a_file_that_no_restoring_placed_stays(
    pieces: list[Evidence], target: Path, machine: Machine, settings: Settings
) -> None:
    call_command("backup", str(target))
    machine.enter()
    killed_while("write", target)
    default_storage.save("ab/notes.txt", io.BytesIO(WORDS))

    with pytest.raises(BackupRefused, match="files already"):
        restore_backup(target)

    assert default_storage.exists("ab/notes.txt")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_where_there_is_no_room_nothing_is_left(
    is_encrypted: bool,
    pieces: list[Evidence],
    target: Path,
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.BACKUP_KEYS = [key_pair(tmp_path)[0]] if is_encrypted else []
    for _each in range(5):
        attach(EvidenceFactory(), os.urandom(900_000).hex().encode())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, limits[1]))
    try:
        with pytest.raises(CommandError, match="No backup was made"):
            call_command("backup", str(target))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert list(tmp_path.glob("kept*")) == []
