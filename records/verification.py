"""Proves that what was recorded is what stands there: events, sealed rows and stored files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.apps import apps
from django.db.models import QuerySet

from records.chain import event_seal, head_proof, name_of, seal_of
from records.models import Chain, Erasure, Event, Sealed


@dataclass
class Report:
    """What was checked and what was found; `erased` names what was lawfully removed."""

    events: int = 0
    rows: int = 0
    files: int = 0
    erased: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def verify() -> Report:
    """Check every chain, every sealed row against the last statement about it, and the bytes of
    every stored file. Reads each table once, in batches, and every file.

    People go on working meanwhile: what was written between two reads looks like a fault. So
    faults are looked for again, and only those that stay are reported.
    """
    first = _read_all()
    if not first.faults:
        return first
    again = _read_all()
    again.faults = [fault for fault in again.faults if fault in first.faults]
    return again


def _read_all() -> Report:
    rows = chain.from_iterable(
        model._default_manager.order_by("pk").iterator(chunk_size=500)
        for model in apps.get_models()
        if issubclass(model, Sealed)
    )
    return _compare(Chain.objects.all(), Event.objects.all(), rows)


def verify_chain(key: str, rows: Iterable[Sealed]) -> Report:
    """Check one chain against these rows: all that are there of those it states."""
    return _compare(Chain.objects.filter(key=key), Event.objects.filter(chain__key=key), rows)


def _compare(chains: QuerySet[Chain], events: QuerySet[Event], rows: Iterable[Sealed]) -> Report:
    report = Report()
    stated = _statements(chains, events, report)
    erased = frozenset(Erasure.objects.values_list("digest", flat=True))
    for row in rows:
        _row(row, stated, erased, report)
    report.faults += [f"{name}: removed" for name, seal in stated.items() if seal is not None]
    return report


def _statements(
    rows: QuerySet[Chain], events: QuerySet[Event], report: Report
) -> dict[str, str | None]:
    """The last statement about each row: its seal, or None where it was lawfully deleted."""
    stated: dict[str, str | None] = {}
    said_at: dict[str, tuple[datetime, int]] = {}
    chains = {chain.pk: chain for chain in rows}
    seen = dict.fromkeys(chains, 0)
    previous = dict.fromkeys(chains, "")
    for event in events.order_by("chain_id", "number").iterator(chunk_size=2000):
        report.events += 1
        chain = chains.get(event.chain_id)
        if chain is None:
            report.faults.append(f"event {event.pk}: its chain was removed")
            continue
        report.faults += [
            f"event {event.number} of {chain.key}: {fault}"
            for fault in _event_faults(event, chain, seen[chain.pk], previous[chain.pk])
        ]
        seen[chain.pk], previous[chain.pk] = event.number, event.seal
        moment = (event.recorded_at, event.number)
        for name, seal in event.statement.get("rows", {}).items():
            if name not in said_at or said_at[name] <= moment:
                stated[name], said_at[name] = seal, moment
    for chain in chains.values():
        if seen[chain.pk] != chain.length or previous[chain.pk] != chain.head:
            report.faults.append(f"{chain.key}: events were removed from its end")
        elif chain.proof != head_proof(chain):
            report.faults.append(f"{chain.key}: its head was altered")
    return stated


def _event_faults(event: Event, chain: Chain, last: int, previous: str) -> Iterator[str]:
    if event.number != last + 1:
        yield "events before it were removed"
    elif event.previous != previous:
        yield "does not follow the event before it"
    if event.seal != event_seal(event, chain.key):
        yield "altered or inserted"


def _row(
    row: Sealed, stated: dict[str, str | None], erased: frozenset[str], report: Report
) -> None:
    report.rows += 1
    name = name_of(row)
    seal = stated.pop(name, None)
    if seal is None:
        report.faults.append(f"{name}: inserted")
    elif seal != seal_of(row):
        report.faults.append(f"{name}: altered")
    faults = list(row.own_faults(erased))
    report.faults += [f"{name}: {fault}" for fault in faults]
    report.files += row.holds_bytes
    if not faults and getattr(row, "digest", None) in erased and not isinstance(row, Erasure):
        report.erased.append(name)
