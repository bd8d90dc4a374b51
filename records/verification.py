"""Proves that what was recorded is what stands there: events, sealed rows and stored files."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from itertools import chain
from typing import TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet

from records.chain import digest_of, proof_of, signing_key, statement_of
from records.models import Chain, Erasure, Event, Sealed, name_of

Keys = Mapping[int, str]


@dataclass
class Report:
    """What was checked and what was found; `erased` names what was lawfully removed. Without keys
    it is checked that all follows and fits, and not who wrote it."""

    with_keys: bool
    events: int = 0
    rows: int = 0
    files: int = 0
    older_heads: int = 0  # chains proven with another key than the one that signs: `sign_heads`
    erased: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stated:
    """The last statement about a row: on which chain, and its hash, or None where the row was
    lawfully deleted."""

    chain: str
    statement: str | None


Check = Callable[[], Iterable[str]]
CHECKS: list[Check] = []


def verifies(function: Check) -> Check:
    """Register what a room checks besides: of rows that are derived from sealed ones, whether they
    follow from them; answers with what does not."""
    CHECKS.append(function)
    return function


def sealed_models() -> list[type[Sealed]]:
    return [model for model in apps.get_models() if issubclass(model, Sealed)]


Of = TypeVar("Of", bound=Model)


def filled(models: Iterable[type[Of]]) -> list[type[Of]]:
    """Find those of these models of which there is a row, in one query."""
    by_table = {model._meta.db_table: model for model in models}
    asked = (
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608 - tables of ours
        for table in by_table
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [by_table[table] for (table,) in cursor.fetchall()]


def verify(keys: Keys | None = None) -> Report:
    """Check every chain, every sealed row against the last statement about it, the bytes of every
    stored file, and what is derived from sealed rows (`verifies`). Reads each table
    once, in batches, and every file. `keys` are the installation's own where nothing is said; with
    none at all, proofs are passed over.

    People go on working meanwhile: what was written between two reads looks like a fault. So
    faults are looked for again, and only those that stay are reported.
    """
    keys = settings.SEAL_KEYS if keys is None else keys
    first = verify_once(keys)
    if not first.faults:
        return first
    again = verify_once(keys)
    again.faults = [fault for fault in again.faults if fault in first.faults]
    return again


def verify_once(keys: Keys) -> Report:
    """Check all in one reading, for when nobody else works: what was written between two reads
    looks like a fault. Reads each table once, in batches, and every file."""
    rows = chain.from_iterable(
        model.for_sealing().order_by("pk").iterator(chunk_size=model.read_at_once)
        for model in filled(sealed_models())
    )
    report = _compare(Chain.objects.all(), Event.objects.all(), rows, keys)
    report.faults += [fault for check in CHECKS for fault in check()]
    return report


def verify_chain(key: str) -> Report:
    """Check one chain, with the installation's keys, and the rows whose home it is. Three queries,
    and one or more for each kind of row that is at home there."""
    return _compare(
        Chain.objects.filter(key=key),
        Event.objects.filter(chain__key=key),
        chain.from_iterable(model.at_home_on(key) for model in sealed_models()),
        settings.SEAL_KEYS,
    )


def _compare(
    chains: QuerySet[Chain], events: QuerySet[Event], rows: Iterable[Sealed], keys: Keys
) -> Report:
    report = Report(with_keys=bool(keys))
    stated = _statements(chains, events, keys, report)
    erased = frozenset(Erasure.objects.values_list("name", flat=True))
    for row in rows:
        _row(row, stated, erased, report)
    report.faults += [
        f"{name}: removed" for name, last in stated.items() if last.statement is not None
    ]
    return report


def _statements(
    rows: QuerySet[Chain], events: QuerySet[Event], keys: Keys, report: Report
) -> dict[str, Stated]:
    """Find the last statement about each row of which these events speak, in the order of its
    chain, and report what is wrong in these events and chains."""
    stated: dict[str, Stated] = {}
    chains = {chain.pk: chain for chain in rows}
    last: dict[int, Event] = {}
    for event in events.order_by("chain_id", "number").iterator(chunk_size=2000):
        report.events += 1
        chain = chains.get(event.chain_id)
        if chain is None:
            report.faults.append(f"event {event.pk}: its chain was removed")
            continue
        event.chain = chain
        report.faults += [
            f"event {event.number} of {chain.key}: {fault}"
            for fault in _event_faults(event, last.get(chain.pk), keys)
        ]
        last[chain.pk] = event
        for name, statement in event.statement.get("rows", {}).items():
            if name in stated and stated[name].chain != chain.key:
                report.faults.append(f"{name}: stated on {stated[name].chain} and {chain.key}")
            stated[name] = Stated(chain.key, statement)
    for chain in chains.values():
        report.older_heads += chain.key_number < signing_key()
        faults = _head_faults(chain, last.get(chain.pk), keys)
        report.faults += [f"{chain.key}: {fault}" for fault in faults]
    return stated


def _event_faults(event: Event, before: Event | None, keys: Keys) -> Iterator[str]:
    if event.number != (before.number if before else 0) + 1:
        yield "events before it were removed"
    elif event.previous != (before.digest if before else ""):
        yield "does not follow the event before it"
    if event.digest != digest_of(event):
        yield "altered or inserted"
    elif before and event.key_number < before.key_number:
        yield "proven with an older key than the event before it"
    else:
        yield from _proof_faults(event, keys, "altered or inserted")


def _head_faults(chain: Chain, last: Event | None, keys: Keys) -> Iterator[str]:
    if (chain.length, chain.head) != ((last.number, last.digest) if last else (0, "")):
        yield "events were removed from its end"
    else:
        yield from _proof_faults(chain, keys, "its head was altered")


def _proof_faults(row: Chain | Event, keys: Keys, fault: str) -> Iterator[str]:
    if keys and row.key_number not in keys:
        yield f"proven with key {row.key_number}, which is not here"
    elif keys and not compare_digest(row.proof, proof_of(row, keys[row.key_number])):
        yield fault


def _row(row: Sealed, stated: dict[str, Stated], erased: frozenset[str], report: Report) -> None:
    report.rows += 1
    name = name_of(row)
    last = stated.pop(name, None)
    if last is None or last.statement is None:
        report.faults.append(f"{name}: inserted")
    elif last.statement != statement_of(row):
        report.faults.append(f"{name}: altered")
    elif last.chain != row.chain:
        report.faults.append(f"{name}: stated on {last.chain}, which is not its home")
    report.faults += [f"{name}: {fault}" for fault in row.own_faults(erased)]
    report.files += row.holds_bytes
    if isinstance(row, Erasure) and row.name not in report.erased:
        report.erased.append(row.name)
