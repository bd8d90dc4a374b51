"""A chain over the chains: what is gone, put back, or brought from elsewhere is named."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from records.chain import append, beginning, digest_of, sign
from records.checkpoints import (
    Contradicted,
    first_after,
    leaf_hash,
    levels,
    make_checkpoint,
    path_of,
)
from records.kept import faults_since_kept, keep_in_files, set_lost_checkpoints_aside
from records.models import Chain, Checkpoint, Event, Leaf
from records.verification import checkpoint_faults, faults_since, verify
from tests.triggers import lifted

pytestmark = pytest.mark.django_db


def write(*keys: str) -> None:
    for key in keys:
        append(key, "thing.done", by=None)


def made(at: datetime | None = None) -> Checkpoint:
    checkpoint = make_checkpoint(at)
    assert checkpoint is not None
    return checkpoint


# --- The tree -------------------------------------------------------------------------------------


def rfc_6962(leaves: list[bytes]) -> bytes:
    """The root as section 2.1 defines it, by halves."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + rfc_6962(leaves[:half]) + rfc_6962(leaves[half:])).digest()


@given(st.integers(1, 70), st.data())
def test_the_root_is_that_of_the_standard_and_each_leaf_leads_to_it(
    count: int, data: st.DataObject
) -> None:
    leaves = [leaf_hash(number) for number in range(count)]
    tree = levels(leaves)
    place = data.draw(st.integers(0, count - 1))

    found = leaves[place]
    for side, beside in path_of(place, tree):
        pair = (bytes.fromhex(beside), found) if side == "left" else (found, bytes.fromhex(beside))
        found = sha256(b"\x01" + b"".join(pair)).digest()

    assert found == tree[-1][0] == rfc_6962(leaves)


# --- Making ---------------------------------------------------------------------------------------


def test_each_stands_upon_the_one_before_and_says_what_moved() -> None:
    write("case:1", "case:2")
    first = made()
    write("case:2", "case:3")
    second = made()

    assert (first.number, first.previous, first.chains) == (1, "", 2)
    assert (second.number, second.previous, second.chains) == (2, first.root, 3)
    moved = second.leaves.order_by("key").values_list("key", "length")
    assert list(moved) == [("case:2", 2), ("case:3", 1)]
    assert Leaf.objects.filter(is_last=True).count() == 3
    assert verify().faults == []


def test_where_nothing_moved_none_is_made() -> None:
    assert make_checkpoint() is None
    write("case:1")
    made()

    assert make_checkpoint() is None


def test_the_first_that_covers_what_came_after_an_event_is_found() -> None:
    write("case:1")
    first = made()
    write("case:1", "case:1")
    second = made()
    write("case:1", "case:1")
    heads = Event.objects.order_by("number").values_list("digest", flat=True)

    found = [first_after("case:1", head) for head in heads]

    assert found == [second, second, None, None, None]
    assert first_after("case:2", heads[0]) is None
    assert first.leaves.get().length == 1


def test_it_is_kept_in_a_file_that_says_it_all(settings: Settings) -> None:
    write("case:1")
    checkpoint = made()
    keep_in_files()

    [path] = Path(settings.CHECKPOINT_ROOT).iterdir()
    kept = json.loads(path.read_bytes())
    assert path.name == "checkpoint-000001.json"
    assert (kept["root"], kept["installation"]) == (checkpoint.root, settings.INSTALLATION)
    assert kept["heads"] == {"case:1": [1, Chain.objects.get().head]}


def test_what_a_full_disk_kept_from_being_written_is_written_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("records.kept.write_whole", full)
    write("case:1")
    made()
    with pytest.raises(OSError, match="No space"):
        keep_in_files()
    monkeypatch.undo()
    write("case:1")
    made()
    keep_in_files()

    files = sorted(path.name for path in Path(settings.CHECKPOINT_ROOT).iterdir())
    assert files == ["checkpoint-000001.json", "checkpoint-000002.json"]


def test_of_a_full_disk_none_stays_out_and_nothing_is_left(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest comes first: what was not written is at the end, where it is looked for."""
    for _time in range(4):
        write("case:1")
        made()
    synced, sync = [], os.fsync

    def fills_up(place: int) -> None:
        synced.append(place)
        if len(synced) > 2:  # a file and its folder, and half of the next
            raise OSError(28, "No space left on device")
        sync(place)

    monkeypatch.setattr("records.kept.os.fsync", fills_up)
    with pytest.raises(OSError, match="No space"):
        keep_in_files()
    folder = Path(settings.CHECKPOINT_ROOT)
    assert [path.name for path in sorted(folder.iterdir())] == ["checkpoint-000001.json"]
    monkeypatch.undo()
    keep_in_files()

    assert [path.name for path in sorted(folder.iterdir())] == [
        f"checkpoint-00000{number}.json" for number in range(1, 5)
    ]


def test_one_that_is_gone_from_among_the_others_is_named_and_written_anew(
    settings: Settings,
) -> None:
    for _time in range(3):
        write("case:1")
        made()
    keep_in_files()
    gone = Path(settings.CHECKPOINT_ROOT) / "checkpoint-000002.json"
    content = gone.read_bytes()
    gone.unlink()

    assert list(faults_since_kept()) == [f"{gone.name}: not there"]
    assert keep_in_files() == []
    assert gone.read_bytes() == content
    assert list(faults_since_kept()) == []


def test_a_file_of_any_number_costs_nothing(settings: Settings) -> None:
    write("case:1")
    made()
    keep_in_files()
    far = Path(settings.CHECKPOINT_ROOT) / "checkpoint-99999999999.json"
    far.write_text("")

    faults = list(faults_since_kept())

    assert faults == [
        f"{far.name}: cannot be read (JSONDecodeError)",
        "checkpoint-000002.json: not there",
    ]


def test_what_a_killed_one_left_goes(settings: Settings) -> None:
    folder = Path(settings.CHECKPOINT_ROOT)
    folder.mkdir(exist_ok=True)
    old, new = folder / "checkpoint-000001.jsonab.part", folder / "checkpoint-000001.jsoncd.part"
    for path in (old, new):
        path.write_text("{")
    os.utime(old, (0, 0))

    keep_in_files()

    assert list(folder.iterdir()) == [new]


A_FILE: dict[str, object] = {
    "installation": "school",
    "number": 1,
    "recorded_at": "2026-11-01T00:00:00+00:00",
    "root": "0" * 64,
    "heads": {},
    "erased": [],
    "proof": {},
}
WRONG: list[tuple[str, object]] = [
    ("number", 2),
    ("number", "1"),
    ("recorded_at", "2026-11-01T00:00:00"),
    ("recorded_at", "yesterday"),
    ("heads", []),
    ("heads", {"case:1": 1}),
    ("erased", [1]),
    ("erased", [[1, []]]),
]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        *(json.dumps(A_FILE | {name: value}) for name, value in WRONG),
    ],
)
def test_what_is_no_file_of_a_checkpoint_is_named_by_each_who_reads_it(
    content: str, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(settings.CHECKPOINT_ROOT) / "checkpoint-000001.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)

    with pytest.raises(CommandError, match="1 fault"):
        call_command("verify_records", since=str(path.parent))
    assert f"FAULT: {path.name}: cannot be read" in capsys.readouterr().out
    with pytest.raises(CommandError) as refused:
        call_command("verify_records", since=str(path))
    assert (refused.value.returncode, "is no file of a checkpoint" in str(refused.value)) == (
        2,
        True,
    )
    assert set_lost_checkpoints_aside() == []
    assert path.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"heads": {}},
        {"erased": [["evidence.revision:1", ["title"]]]},
        {"recorded_at": "2026-01-01T00:00:00+00:00"},
        {"installation": "elsewhere"},
        {"previous": "0" * 64},
        {"chains": 7},
        {"proof": None},
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_named_and_not_believed(
    change: dict[str, object], settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    write("case:1")
    made()
    keep_in_files()
    path = Path(settings.CHECKPOINT_ROOT) / "checkpoint-000001.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))

    [fault] = faults_since_kept()
    assert fault.startswith(f"{path.name}: It ")
    with pytest.raises(CommandError) as found:
        call_command("verify_records", since=str(path))
    assert (found.value.returncode, f"FAULT: {fault}" in capsys.readouterr().out) == (1, True)
    [kept_beside] = keep_in_files()
    assert kept_beside.startswith(f"{path.name}: not of the checkpoint 1")
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.tampers
def test_a_folder_that_was_emptied_is_told(settings: Settings) -> None:
    for _time in range(3):
        write("case:1")
        made(timezone.now() - timedelta(hours=2))
    assert list(faults_since_kept()) == ["checkpoint-000001.json to 000003.json: not there"]
    keep_in_files()
    assert list(faults_since_kept()) == []


# --- What it shows --------------------------------------------------------------------------------


def rewritten(key: str, count: int) -> None:
    """Write a chain anew, with the key, of so many events; as who has all of the database."""
    chain = Chain.objects.get(key=key)
    chain.events.all().delete()
    chain.length, chain.head = 0, beginning()
    sign(chain, chain)
    chain.save()
    for _number in range(count):
        append(key, "thing.forged", by=None)


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("count", "fault"),
    [
        (3, "event 2 of case:1: not the one that checkpoint 1 covers"),
        (1, "case:1: put back: checkpoint 1 covers 2 events"),
        (0, "case:1: put back: checkpoint 1 covers 2 events"),
    ],
)
def test_a_chain_written_anew_with_the_key_is_named(count: int, fault: str) -> None:
    write("case:1", "case:1", "case:2")
    made()
    assert verify().faults == []

    with lifted():
        rewritten("case:1", count)

    assert verify().faults == [fault]


@pytest.mark.tampers
def test_a_chain_that_is_gone_is_named_and_no_root_is_put_over_that() -> None:
    write("case:1", "case:2")
    made()
    write("case:2")

    with lifted():
        Event.objects.filter(chain__key="case:1").delete()
        Chain.objects.filter(key="case:1").delete()

    assert verify().faults == ["case:1: gone with all that it said; checkpoint 1 covers it"]
    with pytest.raises(Contradicted, match="case:1"):
        make_checkpoint()


@pytest.mark.tampers
@pytest.mark.parametrize("what", ["none", "an earlier one", "two"])
def test_which_head_is_the_last_is_not_relied_upon(what: str) -> None:
    write("case:1", "case:2")
    made()
    write("case:1")
    made()
    first, second = Leaf.objects.filter(key="case:1").order_by("length")
    with lifted():
        Leaf.objects.filter(pk=first.pk).update(is_last=what != "none")
        Leaf.objects.filter(pk=second.pk).update(is_last=what == "two")
    fault = "case:1: another head than its last is marked as the last that is covered, or none"
    assert verify().faults == [fault]

    assert make_checkpoint() is None
    write("case:1")
    third = made()

    moved = third.leaves.values_list("key", "length")
    assert list(moved) == [("case:1", 3)]
    with lifted():
        Leaf.objects.filter(pk__in=[first.pk, second.pk]).update(is_last=False)
    assert verify().faults == []


@pytest.mark.tampers
def test_a_chain_written_anew_to_the_same_length_gets_no_root_over_it() -> None:
    write("case:1", "case:2")
    made()
    with lifted():
        rewritten("case:1", 1)

    with pytest.raises(Contradicted, match="case:1"):
        make_checkpoint()


@pytest.mark.tampers
def test_a_chain_that_is_gone_with_its_leaves_is_missed_by_the_root() -> None:
    write("case:1", "case:2")
    kept = made()

    with lifted():
        Leaf.objects.filter(key="case:1").delete()
        Event.objects.filter(chain__key="case:1").delete()
        Chain.objects.filter(key="case:1").delete()

    fault = "checkpoint 1: its root is not that of what it covers"
    leaves = "checkpoint 1: its leaves are not those that it was made with"
    assert verify().faults == [fault, leaves]
    assert list(faults_since(kept.root)) == [fault]


@pytest.mark.tampers
def test_a_database_that_was_put_back_does_not_have_the_root_that_somebody_kept() -> None:
    write("case:1")
    made()
    write("case:1")
    kept = made()

    with lifted():
        kept.leaves.all().delete()
        Checkpoint.objects.filter(pk=kept.pk).delete()

    [fault] = faults_since(kept.root)
    assert fault.startswith(f"root {kept.root[:12]}: no checkpoint here has it.")


@pytest.mark.tampers
def test_a_chain_from_another_installation_with_the_same_key_is_named(settings: Settings) -> None:
    ours, settings.INSTALLATION = settings.INSTALLATION, "elsewhere"
    write("case:1")
    settings.INSTALLATION = ours

    assert verify().faults == ["event 1 of case:1: begins in another installation"]
    assert verify({}).faults == ["event 1 of case:1: begins in another installation"]


@pytest.mark.tampers
def test_what_is_dated_before_a_checkpoint_that_should_cover_it_is_named() -> None:
    write("case:1")
    made()

    append("case:2", "thing.done", by=None, at=timezone.now() - timedelta(days=1))

    fault = "event 1 of case:2: dated before checkpoint 1, which does not cover it"
    assert verify().faults == [fault]


def test_what_was_under_way_when_a_checkpoint_was_made_is_no_fault() -> None:
    write("case:1")
    made()

    append("case:2", "thing.done", by=None, at=timezone.now() - timedelta(minutes=1))

    assert verify().faults == []


def test_a_clock_that_was_ahead_once_is_no_fault_for_ever() -> None:
    """What comes after the next checkpoint shows that the one before it was made earlier."""
    write("case:1")
    made(timezone.now() + timedelta(days=1))
    write("case:2")
    [fault] = verify().faults
    assert fault == "event 1 of case:2: dated before checkpoint 1, which does not cover it"

    made()
    write("case:3")

    assert verify().faults == []


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("root", "0" * 64, "checkpoint 1: altered or inserted"),
        ("installation", "elsewhere", "checkpoint 1: of another installation, elsewhere"),
        ("chains", 7, "checkpoint 1: its root is not that of what it covers"),
        ("number", 7, "checkpoint 7: does not follow the one before it"),
    ],
)
def test_a_checkpoint_that_was_altered_is_named(column: str, value: object, fault: str) -> None:
    write("case:1")
    made()

    with lifted():
        Checkpoint.objects.update(**{column: value})

    assert fault in verify().faults


@pytest.mark.tampers
def test_checkpoints_that_were_removed_from_between_are_missed() -> None:
    for _each in range(3):
        write("case:1")
        made()

    with lifted():
        second = Checkpoint.objects.get(number=2)
        second.leaves.all().delete()
        second.delete()

    assert "checkpoint 3: does not follow the one before it" in list(checkpoint_faults({}))


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture
def files(settings: Settings) -> Path:
    """The files of two checkpoints."""
    write("case:1", "case:2")
    made()
    write("case:2")
    made()
    keep_in_files()
    return Path(settings.CHECKPOINT_ROOT)


@pytest.mark.parametrize("kept", ["root", "checkpoint-000002.json", "."])
def test_since_a_checkpoint_all_is_there(
    kept: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Checkpoint.objects.get(number=1).root

    call_command("verify_records", since=root if kept == "root" else str(files / kept))

    said = capsys.readouterr().out
    assert "All is as it was recorded" in said
    assert "not covered" in said or "after it" in said


@pytest.mark.tampers
@pytest.mark.parametrize("kept", ["root", "checkpoint-000001.json", "."])
def test_since_a_checkpoint_what_is_gone_is_named(
    kept: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Checkpoint.objects.get(number=1).root
    with lifted():
        Leaf.objects.filter(key="case:1").delete()
        Event.objects.filter(chain__key="case:1").delete()
        Chain.objects.filter(key="case:1").delete()

    with pytest.raises(CommandError):
        call_command("verify_records", since=root if kept == "root" else str(files / kept))

    said = capsys.readouterr().out
    number = 2 if kept == "." else 1
    assert f"FAULT: checkpoint {number}: its root is not that of what it covers" in said
    names = "FAULT: case:1: not there as checkpoint 1 covers it"
    assert (names in said) == (kept != "root")


def test_since_alone_means_the_folder_that_is_configured(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_records", "--since")
    named = capsys.readouterr().out
    (files / "checkpoint-000002.json").unlink()
    (files / "checkpoint-000001.json").unlink()

    with pytest.raises(CommandError, match="holds no checkpoint"):
        call_command("verify_records", "--since")
    assert "the last of these checkpoints" in named


def test_a_root_may_have_white_space(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = Checkpoint.objects.get(number=1).root

    call_command("verify_records", since=f" {root[:32].upper()}\n{root[32:]} ")

    assert "All is as it was recorded" in capsys.readouterr().out


@pytest.mark.parametrize("kept", ["CHECKPOINT_ROOT", "0" * 63, "g" * 64, "/not/there", "a file"])
def test_what_is_no_checkpoint_is_refused_as_such(
    kept: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not called a fault in the record."""
    if kept == "a file":
        (files / "notes.json").write_text("{}")
        kept = str(files / "notes.json")

    with pytest.raises(CommandError) as refusal:
        call_command("verify_records", since=kept)

    assert refusal.value.returncode == 2
    assert kept in str(refusal.value)
    assert "FAULT" not in capsys.readouterr().out


def test_the_chain_of_an_event_is_in_its_digest() -> None:
    """No event can be brought to another chain."""
    write("case:1", "case:2")
    first, second = Event.objects.select_related("chain").order_by("chain__key")

    first.chain = second.chain

    assert digest_of(first) != first.digest


def test_events_follow_each_other_from_the_beginning_of_the_installation() -> None:
    write("case:1", "case:1", "case:1")
    events = list(Event.objects.order_by("number"))

    assert events[0].previous == beginning()
    assert all(later.previous == earlier.digest for earlier, later in pairwise(events))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="on SQLite one writes at a time anyway")
def test_two_who_make_one_at_the_same_moment_make_one_each() -> None:
    """Of four at once one is made, as nothing moved for the others; none falls over."""

    def make() -> int | None:
        try:
            checkpoint = make_checkpoint()
            return checkpoint.number if checkpoint else None
        finally:
            connections.close_all()

    for number in (1, 2):
        with transaction.atomic():
            write("case:1", "case:2")
        with ThreadPoolExecutor(4) as threads:
            made_by = [threads.submit(make) for _time in range(4)]
            found = [each.result() for each in made_by]
        assert sorted(found, key=str) == [number, None, None, None]
    assert verify().faults == []
