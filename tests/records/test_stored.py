"""What is held otherwise than it is written, and what belongs to nothing, is named."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from committees.models import (
    Attendance,
    Contradiction,
    Finding,
    Judgement,
    Membership,
    Recusal,
    Snapshot,
    SnapshotItem,
)
from evidence.models import Revision
from people.models import InstitutionRole
from records.chain import append, proof_of, sign_heads
from records.checkpoints import make_checkpoint
from records.models import Checkpoint, Event, Leaf
from records.stored import held_otherwise
from records.verification import kept_models, verify
from tests.committees.exported import announced
from tests.committees.factories import Scene
from tests.triggers import lifted

pytestmark = [pytest.mark.django_db, pytest.mark.tampers]
only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL holds each value in one way"
)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """Take back what the test did: at its end the database looks for what belongs to nothing."""
    point = transaction.savepoint()
    yield
    transaction.savepoint_rollback(point)


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def put(model: type[Model], column: str, value: str, which: str = "1 = 1") -> None:
    """Write what an expression of SQL gives into a column, behind the application's back."""
    run(f"UPDATE {model._meta.db_table} SET {column} = {value} WHERE {which}")


# What the application reads as it was, and finds no more, or sooner, or as if it had ended.
HELD_OTHERWISE: dict[str, tuple[type[Model], str, str]] = {
    "a seat ended by an empty text": (Membership, "ended_at", "''"),
    "a seat ended by a word": (Membership, "ended_at", "'never'"),
    "a presence ended by a number": (Attendance, "ended_at", "0"),
    "a revision known a day before": (Revision, "recorded_at", "recorded_at || '-23:59'"),
    "a moment as in ISO 8601": (Judgement, "recorded_at", "replace(recorded_at, ' ', 'T')"),
    "a moment with a fraction of nothing": (
        Membership,
        "recorded_at",
        "substr(recorded_at, 1, 19) || '.000000'",
    ),
    "a day without its zeros": (Revision, "happened_on", "'2026-1-5'"),
    "a judgement whose id has a dash": (
        Judgement,
        "id",
        "substr(id, 1, 8) || '-' || substr(id, 9)",
    ),
    "a set whose id is in capitals": (Snapshot, "id", "'ABCDEF' || upper(substr(id, 7))"),
    "findings with a name that stands there twice": (
        Judgement,
        "findings",
        "'{\"a\": 1, ' || substr(replace(findings, '{', '{\"a\": 2, '), 2)",
    ),
    "an event whose statement says a name twice": (
        Event,
        "statement",
        "'{\"rows\": {}, ' || substr(statement, 2)",
    ),
    "a text that is bytes": (Event, "verb", "CAST(verb AS BLOB)"),
    "a seat ended by what stands behind a NUL": (
        Membership,
        "ended_at",
        "'2026-01-01 00:00:00' || char(0) || 'x'",
    ),
    "a member with a tail behind a NUL": (Membership, "person_id", "person_id || char(0) || 'x'"),
    "a day with a tail behind a NUL": (Revision, "happened_on", "happened_on || char(0) || 'x'"),
    "an item whose source is in capitals": (SnapshotItem, "source", "upper(source)"),
    "a checkpoint without a moment": (
        Checkpoint,
        "recorded_at",
        "'2026-01-01 00:00:00' || char(0) || 'x'",
    ),
}


@only_sqlite
@pytest.mark.parametrize("what", HELD_OTHERWISE)
def test_what_is_held_otherwise_than_it_is_written_is_named(what: str) -> None:
    announced()
    assert verify().faults == []
    model, column, value = HELD_OTHERWISE[what]

    with lifted():
        put(model, column, value)

    named = [fault for fault in verify().faults if fault.startswith(model._meta.label_lower)]
    assert named


@only_sqlite
def test_what_the_application_writes_is_held_as_it_is_written() -> None:
    announced()

    found = {model: list(held_otherwise(model)) for model in (*kept_models(), Event, Leaf)}

    assert {model: rows for model, rows in found.items() if rows} == {}
    assert sum(model._base_manager.count() for model in found) > 100


@only_sqlite
@pytest.mark.parametrize("kind", ["a seat", "a recusal", "a role"])
def test_what_is_put_on_a_home_that_is_not_found_is_named(kind: str) -> None:
    made = announced()
    person = made.student.pk
    rows: dict[str, Callable[[], Model]] = {
        "a seat": lambda: Membership(
            committee=made.committee,
            person_id=person,
            role="member",
        ),
        "a recusal": lambda: Recusal(case=made.case, person_id=person, reason="No."),
        "a role": lambda: InstitutionRole(person_id=person, role="exam_board"),
    }
    row = rows[kind]()
    with lifted():
        type(row)._base_manager.bulk_create([row])
        way = str(row.home[1]).partition(".")[0]  # type: ignore[attr-defined]
        put(type(row), way, f"upper({way})", f"id = '{row.pk.hex}'")

    assert any(str(row.pk.hex) in fault for fault in verify().faults)


def _finding(made: Scene) -> Model:
    found = Finding.objects.filter(decision__case=made.case).earliest("pk")
    return Finding(decision_id=uuid.uuid4(), part=found.part, outcome=found.outcome, order=9)


def _contradiction(_made: Scene) -> Model:
    return Contradiction(attendance_id=uuid.uuid4())


@only_sqlite
@pytest.mark.parametrize("make", [_finding, _contradiction])
def test_what_belongs_to_nothing_is_named(make: Callable[[Scene], Model]) -> None:
    row = make(announced())
    with lifted():
        type(row)._base_manager.bulk_create([row])

    label = row._meta.label_lower
    assert f"{label}:{row.pk}: inserted, of what is not there" in verify().faults


@only_sqlite
def test_a_part_that_stands_there_twice_is_named() -> None:
    made = announced()
    finding = Finding.objects.filter(decision__case=made.case).earliest("pk")
    table = Finding._meta.db_table

    with lifted([Finding]):
        run(f"CREATE TABLE twice AS SELECT * FROM {table}")
        run("INSERT INTO twice SELECT * FROM twice WHERE id = %s", finding.pk.hex)
        run("UPDATE twice SET outcome = 'not_yet', to_show = 'More.' WHERE rowid = 1")
        run(f"ALTER TABLE {table} RENAME TO once")
        run(f"ALTER TABLE twice RENAME TO {table}")
        faults = verify().faults
        run(f"ALTER TABLE {table} RENAME TO twice")
        run(f"ALTER TABLE once RENAME TO {table}")

    assert f"committees.decision:{finding.decision_id}: altered" in faults


# --- Checkpoints that are not the last ------------------------------------------------------------


def two_checkpoints() -> tuple[Checkpoint, Checkpoint]:
    made = []
    for number in range(2):
        append("case:1", "thing.done", by=None)
        append("case:2", "thing.done", by=None)
        made.append(make_checkpoint(timezone.now() + timedelta(minutes=number)))
    first, second = made
    assert first is not None
    assert second is not None
    assert verify().faults == []
    return first, second


@pytest.mark.parametrize("column", ["recorded_at", "chains", "installation", "moved"])
def test_an_older_checkpoint_that_says_something_else_is_named(column: str) -> None:
    first, _second = two_checkpoints()
    other = {
        "recorded_at": first.recorded_at - timedelta(days=300),
        "chains": 3,
        "installation": "another",
        "moved": "0" * 64,
    }

    with lifted():
        Checkpoint.objects.filter(pk=first.pk).update(**{column: other[column]})

    assert any(fault.startswith("checkpoint 1: ") for fault in verify().faults)


@pytest.mark.parametrize("how", ["added", "removed", "moved", "altered"])
def test_a_leaf_that_an_older_checkpoint_was_not_made_with_is_named(how: str) -> None:
    first, second = two_checkpoints()
    leaf = Leaf.objects.get(checkpoint=first, key="case:1")

    with lifted():
        if how == "added":
            Leaf.objects.create(checkpoint=first, key="case:0", length=1, head="0" * 64)
        elif how == "removed":
            Leaf.objects.filter(pk=leaf.pk).delete()
        elif how == "moved":
            Leaf.objects.filter(pk=leaf.pk).update(checkpoint=second)
        else:
            Leaf.objects.filter(pk=leaf.pk).update(head="0" * 64)

    faults = verify().faults
    assert "checkpoint 1: its leaves are not those that it was made with" in faults


# --- A key that was replaced ----------------------------------------------------------------------


def test_who_still_has_a_replaced_key_writes_nothing_that_holds(settings: Settings) -> None:
    now = timezone.now()
    append("case:1", "thing.done", by=None, at=now - timedelta(hours=6))
    both = {1: settings.SEAL_KEYS[1], 2: "the next one, which is long enough to be a key"}
    settings.SEAL_KEYS = both
    make_checkpoint(now - timedelta(hours=5))
    assert verify().faults == []

    settings.SEAL_KEYS = {1: both[1]}
    append("case:new", "thing.done", by=None, at=now)
    settings.SEAL_KEYS = both
    faults = verify().faults
    sign_heads()

    assert faults == ["event 1 of case:new: proven with key 1, which was replaced by then"]
    assert verify().faults == faults


def test_what_was_under_way_when_a_key_was_replaced_is_no_fault(settings: Settings) -> None:
    both = {1: settings.SEAL_KEYS[1], 2: "the next one, which is long enough to be a key"}
    settings.SEAL_KEYS = both
    append("case:1", "thing.done", by=None)
    make_checkpoint()

    settings.SEAL_KEYS = {1: both[1]}
    append("case:new", "thing.done", by=None)
    settings.SEAL_KEYS = both

    assert verify().faults == []


def test_a_checkpoint_with_a_replaced_key_is_named(settings: Settings) -> None:
    both = {1: settings.SEAL_KEYS[1], 2: "the next one, which is long enough to be a key"}
    settings.SEAL_KEYS = both
    append("case:1", "thing.done", by=None)
    make_checkpoint()
    append("case:1", "thing.done", by=None)
    second = make_checkpoint(timezone.now() + timedelta(minutes=1))
    assert second is not None

    second.key_number = 1
    second.proof = proof_of(second, both[1])
    with lifted():
        second.save(update_fields=["key_number", "proof"])

    assert "checkpoint 2: proven with an older key than the one before it" in verify().faults
