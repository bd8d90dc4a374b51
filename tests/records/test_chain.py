"""Events and what verification finds when one was touched behind the application's back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import JSONField, Value
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from records import verification
from records.chain import (
    ChainEntry,
    append,
    append_many,
    beginning,
    canonical,
    digest_of,
    proof_of,
    sign_heads,
    statement_of,
)
from records.checkpoints import make_checkpoint
from records.models import Chain, Checkpoint, Erasure, Event, name_of, new_salt
from records.verification import verify
from tests.factories import AccountFactory, ProgrammeFactory
from tests.recorded import faults, record_what_was_made
from tests.triggers import lifted

pytestmark = pytest.mark.django_db

KEYS = dict(django_settings.SEAL_KEYS)


def tombstone(**words: Any) -> Erasure:
    """A sealed row with its event."""
    row = unstated(**words)
    with transaction.atomic():
        append(row.chain, "content.erased", by=None, rows=[row])
    return row


def unstated(**words: Any) -> Erasure:
    """A sealed row that no event stated."""
    said = {"name": "a.row:1", "columns": [], "kept_on": "erasures", "ground": "a request"}
    return Erasure.objects.create(**said | words)


def write(count: int, key: str = "case:1") -> list[Event]:
    return [append(key, f"thing.{n}", by=None, facts={"n": n}) for n in range(count)]


def test_events_follow_each_other_in_their_own_chain() -> None:
    first, second = write(2)
    [other] = write(1, key="case:2")

    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert (first.previous, second.previous, other.previous) == (
        beginning(),
        first.digest,
        beginning(),
    )
    assert Chain.objects.get(key="case:1").head == second.digest


def test_untouched_events_verify() -> None:
    append("case:1", "thing.done", by=AccountFactory(), at=timezone.now() - timedelta(days=400))
    write(3)

    report = verify()

    assert (report.events, faults()) == (4, [])


@pytest.mark.django_db(transaction=True)
def test_an_event_is_written_in_the_transaction_of_its_change() -> None:
    with pytest.raises(RuntimeError):
        append("case:1", "thing.done", by=None)


def alter() -> None:
    Event.objects.filter(number=2).update(verb="thing.else")


def alter_statement() -> None:
    Event.objects.filter(number=2).update(statement={"rows": {}, "facts": {"n": 9}})


def redate() -> None:
    Event.objects.filter(number=2).update(recorded_at=timezone.now() - timedelta(days=1))


def remove_middle() -> None:
    Event.objects.filter(number=2).delete()


def remove_last() -> None:
    Event.objects.filter(number=3).delete()


def remove_last_and_shorten_the_chain() -> None:
    Event.objects.filter(number=3).delete()
    last = Event.objects.get(number=2)
    Chain.objects.update(length=2, head=last.digest)


def insert() -> None:
    last = Event.objects.get(number=3)
    Event.objects.create(
        chain=last.chain, number=4, verb="thing.made-up", previous=last.digest, digest="0" * 64,
        key_number=1, proof="0" * 64,
    )  # fmt: skip


@pytest.mark.tampers
@pytest.mark.parametrize(
    ("touch", "faults"),
    [
        (alter, ["event 2 of case:1: altered or inserted"]),
        (alter_statement, ["event 2 of case:1: altered or inserted"]),
        (redate, ["event 2 of case:1: altered or inserted"]),
        (remove_middle, ["event 3 of case:1: events before it were removed"]),
        (remove_last, ["case:1: events were removed from its end"]),
        (remove_last_and_shorten_the_chain, ["case:1: its head was altered"]),
        (
            insert,
            [
                "event 4 of case:1: altered or inserted",
                "case:1: events were removed from its end",
            ],
        ),
    ],
)
def test_a_touched_event_is_found(touch: Callable[[], None], faults: list[str]) -> None:
    write(3)
    with lifted():
        touch()

    assert verify().faults == faults


# Whatever somebody wrote there, it is named.
ODD: dict[str, tuple[Callable[[], object], str]] = {
    "a statement that is a list": (
        lambda: Event.objects.filter(number=2).update(statement=[]),
        "event 2 of case:1: cannot be read (AttributeError)",
    ),
    "a statement that is nothing": (
        lambda: Event.objects.filter(number=2).update(statement=Value(None, JSONField())),
        "event 2 of case:1: cannot be read (AttributeError)",
    ),
    "rows that are a list": (
        lambda: Event.objects.filter(number=2).update(statement={"rows": []}),
        "event 2 of case:1: cannot be read (AttributeError)",
    ),
    "a row that says a number": (
        lambda: Event.objects.filter(number=2).update(statement={"rows": {"a.row:1": 7}}),
        "event 2 of case:1: states nothing of a.row:1",
    ),
    "a row of no kind": (
        lambda: Event.objects.filter(number=2).update(statement={"rows": {"a.row:1": "0"}}),
        "a.row:1: cannot be read (LookupError)",
    ),
    "a row without a kind": (
        lambda: Event.objects.filter(number=2).update(statement={"rows": {"?": "0"}}),
        "?: cannot be read (ValueError)",
    ),
    "a row with no id": (
        lambda: Event.objects.filter(number=2).update(
            statement={"rows": {"records.erasure:1": "0"}}
        ),
        "records.erasure:1: cannot be read (ValidationError)",
    ),
    "the proof of an event": (
        lambda: Event.objects.filter(number=2).update(proof="é" * 64),
        "event 2 of case:1: altered or inserted",
    ),
    "the proof of a head": (
        lambda: Chain.objects.filter(key="case:1").update(proof="é" * 64),
        "case:1: its head was altered",
    ),
    "the proof of a checkpoint": (
        lambda: Checkpoint.objects.update(proof="é" * 64),
        "checkpoint 1: altered or inserted",
    ),
}


@pytest.mark.tampers
@pytest.mark.parametrize("what", ODD)
def test_what_cannot_be_read_is_named_and_the_others_are_verified(what: str) -> None:
    change, fault = ODD[what]
    write(3)
    row = tombstone()
    make_checkpoint()
    with lifted():
        change()
        Erasure.objects.update(ground="another ground")

    found = verify().faults

    assert fault in found
    assert f"records.erasure:{row.pk}: altered" in found


@pytest.mark.tampers
def test_a_row_that_cannot_be_read_is_named_and_those_beside_it_are_verified() -> None:
    one, other = ProgrammeFactory().rules, ProgrammeFactory().rules
    record_what_was_made()
    with lifted(), connection.cursor() as cursor:
        table = type(one)._meta.db_table
        cursor.execute(f"UPDATE {table} SET closed_days = %s", ['["never"]'])
        type(other).objects.filter(pk=other.pk).update(closed_days=[])
        type(other).objects.filter(pk=other.pk).update(notice_working_days=1)

    assert verify().faults == [
        f"{name_of(other)}: altered",
        f"{name_of(one)}: cannot be read (ValueError)",
    ]


@pytest.mark.tampers
def test_a_check_that_falls_over_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def falls_over() -> Iterator[str]:
        yield "a fault before it"
        raise KeyError("?")

    monkeypatch.setattr(verification, "CHECKS", [falls_over])

    assert verify().faults == [
        "a fault before it",
        f"{__name__}.falls_over: cannot be read (KeyError)",
    ]


def test_a_sealed_row_that_no_event_stated_was_inserted() -> None:
    row = unstated()

    assert verify().faults == [f"records.erasure:{row.pk}: inserted"]


@pytest.mark.tampers
def test_a_sealed_row_that_says_something_else_was_altered() -> None:
    row = tombstone()
    with lifted():
        Erasure.objects.update(ground="another ground")

    assert verify().faults == [f"records.erasure:{row.pk}: altered"]


@pytest.mark.tampers
def test_a_sealed_row_that_is_gone_was_removed() -> None:
    row = tombstone()
    name = f"records.erasure:{row.pk}"
    with lifted():
        Erasure.objects.all().delete()

    assert verify().faults == [f"{name}: removed"]


def test_a_row_that_was_lawfully_deleted_is_not_missed() -> None:
    row = tombstone()
    with transaction.atomic():
        append("erasures", "taken.back", by=None, removed=[row])
    with lifted():
        Erasure.objects.all().delete()

    assert verify().faults == []


def test_what_is_deleted_already_cannot_be_stated_as_removed() -> None:
    """It has no id any more: what would be stated is nothing."""
    row = tombstone()

    with transaction.atomic():
        with lifted():
            row.delete()
        with pytest.raises(RuntimeError, match="before it is deleted"):
            append("erasures", "taken.back", by=None, removed=[row])
        transaction.set_rollback(True)


@pytest.mark.parametrize("how", ["rows", "removed"])
def test_a_row_is_stated_on_its_home_chain_only(how: str) -> None:
    row = tombstone()

    with pytest.raises(RuntimeError, match="is at home on erasures, not on case:1"):
        append("case:1", "thing.done", by=None, **{how: [row]})


@pytest.mark.tampers
def test_a_statement_on_another_chain_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    row = tombstone()
    monkeypatch.setattr(Erasure, "chain", "case:1")
    append("case:1", "thing.done", by=None, rows=[row])
    monkeypatch.undo()

    assert verify().faults == [
        f"records.erasure:{row.pk}: stated on case:1, not its home",
    ]


def test_the_last_event_counts_whatever_its_clock_said() -> None:
    row = tombstone()
    with lifted():
        Erasure.objects.update(ground="another ground")
    append("erasures", "said.anew", by=None, at=row.recorded_at - timedelta(days=9), rows=[row])

    assert verify().faults == []


def test_an_event_is_never_from_before_the_one_ahead_of_it() -> None:
    now = timezone.now()
    [first] = append_many([ChainEntry("case:1", "one", None, now)])

    late, alone = append_many(
        [
            ChainEntry("case:1", "two", None, now - timedelta(seconds=2)),
            ChainEntry("case:2", "two", None, now - timedelta(seconds=2)),
        ]
    )
    both = append_many(
        [
            ChainEntry("case:2", "three", None, now + timedelta(seconds=1)),
            ChainEntry("case:2", "four", None, now),
        ]
    )

    assert (first.recorded_at, late.recorded_at) == (now, now)
    assert alone.recorded_at == now - timedelta(seconds=2)
    assert [event.recorded_at for event in both] == [now + timedelta(seconds=1)] * 2
    assert verify().faults == []


def test_the_same_content_says_something_else_under_another_salt() -> None:
    row = tombstone()
    before = statement_of(row)
    row.salt = new_salt()

    assert (len(row.salt), statement_of(row) == before) == (32, False)


@pytest.mark.parametrize("value", [b"bytes", memoryview(b"bytes"), {1}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical({"value": value})


# --- Many chains at once --------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize(("begun", "queries"), [(True, 5), (False, 6)])
def test_many_chains_cost_what_one_does(
    count: int, begun: bool, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    keys = [f"case:{n}" for n in range(count)]
    if begun:
        append_many(ChainEntry(key, "case.begun", None) for key in keys)

    with django_assert_num_queries(queries):
        events = append_many(ChainEntry(key, "thing.done", None, facts={"n": 1}) for key in keys)

    assert [event.chain.key for event in events] == keys
    assert verify().faults == []


@pytest.mark.parametrize("count", [1, 30])
def test_rows_are_read_once_a_kind(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [unstated(name=f"a.row:{n}") for n in range(count)]
    append("erasures", "begun", by=None)

    with django_assert_num_queries(6):
        append("erasures", "content.erased", by=None, rows=rows)

    assert verify().faults == []


def test_two_entries_on_one_chain_follow_each_other() -> None:
    first, other, second = append_many(
        ChainEntry(key, "thing.done", None) for key in ("case:1", "case:2", "case:1")
    )

    assert (first.number, other.number, second.number) == (1, 1, 2)
    assert second.previous == first.digest
    assert verify().faults == []


# --- Many rows at once ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "states"), [(0, [0]), (80, [80]), (81, [80, 1]), (200, [80] * 2 + [40])]
)
def test_an_event_states_so_many_rows_and_further_ones_the_others(
    count: int, states: list[int]
) -> None:
    rows = [unstated(name=f"a.row:{n}") for n in range(count)]

    first = append("erasures", "content.erased", by=None, rows=rows, facts={"n": 1})

    events = list(Event.objects.order_by("number"))
    assert events[0] == first
    assert [len(event.statement["rows"]) for event in events] == states
    assert [event.statement.get("facts") for event in events] == [
        {"n": 1},
        *[None] * len(states[1:]),
    ]
    assert len({(event.verb, event.recorded_at) for event in events}) == 1
    assert verify().faults == []


def test_of_entries_with_many_rows_the_first_event_of_each_is_told() -> None:
    rows = [unstated(name=f"a.row:{n}") for n in range(100)]

    told = append_many(
        [
            ChainEntry("erasures", "one", None, rows=rows),
            ChainEntry("erasures", "two", None, removed=rows),
            ChainEntry("case:1", "three", None),
        ]
    )
    with lifted():
        Erasure.objects.all().delete()

    places = [(event.verb, event.number) for event in told]
    assert places == [("one", 1), ("two", 3), ("three", 1)]
    assert [len(event.statement["rows"]) for event in told] == [80, 80, 0]
    assert verify().faults == []


# --- Keys -----------------------------------------------------------------------------------------


@pytest.mark.tampers
def test_another_key_proves_nothing(settings: Settings) -> None:
    write(1)
    settings.SEAL_KEYS = {1: "another key"}

    assert verify().faults == [
        "event 1 of case:1: altered or inserted",
        "case:1: its head was altered",
    ]


def test_the_newest_key_signs_and_the_earlier_ones_go_on_proving(settings: Settings) -> None:
    write(2)
    write(1, key="case:2")
    settings.SEAL_KEYS = {**settings.SEAL_KEYS, 2: "a second key"}
    [event] = write(1)

    assert event.key_number == 2
    assert dict(Chain.objects.values_list("key", "key_number")) == {"case:1": 2, "case:2": 1}
    assert verify().faults == []
    settings.SEAL_KEYS = {2: "a second key"}
    assert verify().faults == [
        "event 1 of case:1: proven with key 1, which is not here",
        "event 2 of case:1: proven with key 1, which is not here",
        "event 1 of case:2: proven with key 1, which is not here",
        "case:2: proven with key 1, which is not here",
    ]
    settings.SEAL_KEYS = KEYS | {2: "a second key"}


@pytest.mark.tampers
def test_an_earlier_key_writes_no_more_where_a_newer_one_wrote(settings: Settings) -> None:
    """Who got hold of a key that was replaced, and writes past the code."""
    settings.SEAL_KEYS = {**KEYS, 2: "a second key"}
    write(1)
    chain = Chain.objects.get()
    event = Event(
        chain=chain, number=2, verb="case.moved", recorded_at=timezone.now(), statement={},
        previous=chain.head, key_number=1,
    )  # fmt: skip
    event.digest = digest_of(event)
    event.proof = proof_of(event, KEYS[1])
    event.save(force_insert=True)
    chain.length, chain.head, chain.key_number = 2, event.digest, 1
    chain.proof = proof_of(chain, KEYS[1])
    chain.save()

    assert verify().faults == [
        "event 2 of case:1: proven with an older key than the event before it"
    ]


def test_while_a_key_is_replaced_no_chain_goes_back_to_the_old_one(settings: Settings) -> None:
    """Some processes sign with the new key, others still with the old one."""
    settings.SEAL_KEYS, settings.SEAL_SIGNS = {**KEYS, 2: "a second key"}, 1
    write(1)
    settings.SEAL_SIGNS = 0
    write(1)
    settings.SEAL_SIGNS = 1
    write(1)

    assert list(Event.objects.order_by("number").values_list("key_number", flat=True)) == [1, 2, 2]
    assert verify().faults == []


def test_who_was_not_handed_the_new_key_writes_nothing_on_its_chains(settings: Settings) -> None:
    settings.SEAL_KEYS = {**KEYS, 2: "a second key"}
    write(1)
    settings.SEAL_KEYS = KEYS

    with pytest.raises(LookupError, match="key 2"), transaction.atomic():
        write(1)

    settings.SEAL_KEYS = {**KEYS, 2: "a second key"}
    assert (Event.objects.count(), verify().faults) == (1, [])


def test_heads_are_signed_anew_once_a_key_was_replaced(settings: Settings) -> None:
    write(2)
    write(1, key="case:2")
    settings.SEAL_KEYS = {**KEYS, 2: "a second key"}
    before = verify().older_heads

    assert sign_heads() == (2, [])

    assert set(Chain.objects.values_list("key_number", flat=True)) == {2}
    report = verify()
    assert (before, report.older_heads, report.faults) == (2, 0, [])


@pytest.mark.tampers
@pytest.mark.parametrize("column", ["length", "head", "proof"])
def test_a_head_that_was_altered_is_not_signed_anew(column: str, settings: Settings) -> None:
    write(2)
    write(1, key="case:2")
    with lifted():
        Chain.objects.filter(key="case:2").update(**{column: 7 if column == "length" else "0" * 64})
    settings.SEAL_KEYS = {**KEYS, 2: "a second key"}

    assert sign_heads() == (1, ["case:2"])

    numbers = dict(Chain.objects.values_list("key", "key_number"))
    assert numbers == {"case:1": 2, "case:2": 1}
    assert verify().older_heads == 1


def test_without_a_key_all_that_follows_is_checked_and_the_report_says_so() -> None:
    write(3)

    with_keys, without = verify(), verify({})

    assert (with_keys.with_keys, without.with_keys) == (True, False)
    assert (with_keys.events, without.events) == (3, 3)
    assert without.faults == []


@pytest.mark.tampers
@pytest.mark.parametrize("touch", [alter, alter_statement, redate, remove_middle, remove_last])
def test_without_a_key_a_clumsy_hand_is_found(touch: Callable[[], None]) -> None:
    write(3)
    with lifted():
        touch()

    assert verify({}).faults == verify().faults != []


@pytest.mark.tampers
def test_without_a_key_a_record_that_was_written_anew_looks_whole() -> None:
    """What only the key shows: all hashes were calculated again."""
    write(1)
    with lifted():
        event = Event.objects.get()
        event.verb = "thing.else"
        event.digest = digest_of(event)
        event.save()
        Chain.objects.update(head=event.digest)

    assert verify({}).faults == []
    assert verify().faults == [
        "event 1 of case:1: altered or inserted",
        "case:1: its head was altered",
    ]


@pytest.mark.django_db(transaction=True)
def test_who_works_on_meanwhile_causes_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is written between the reading of events and of rows was not inserted."""
    tombstone()
    read_events = verification._Part._of_chains
    written: list[Erasure] = []

    def and_meanwhile(*args: Any) -> Iterator[str]:
        yield from read_events(*args)
        if not written:
            written.append(tombstone())

    monkeypatch.setattr(verification._Part, "_of_chains", and_meanwhile)

    assert (verify().faults, len(written)) == ([], 1)
