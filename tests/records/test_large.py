"""Verification of a large record: a few thousand events at once, and no more memory for more."""

import time
import tracemalloc
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from records import verification
from records.chain import beginning, digest_of, sign, statement_of
from records.checkpoints import make_checkpoint
from records.models import Chain, Erasure, Event, name_of

pytestmark = pytest.mark.django_db


def write_in_bulk(chains: int, *, events: int = 10) -> None:
    """Chains as `append` would write them, each with as many events, which state a row each."""
    now = timezone.now()
    made = [Chain(key=f"case:{uuid4()}", head=beginning()) for _each in range(chains)]
    for chain in made:
        sign(chain, chain)
    Chain.objects.bulk_create(made)
    rows, written = [], []
    for chain in made:
        for number in range(1, events + 1):
            row = Erasure(
                name=f"a.row:{uuid4()}", columns=[], kept_on=chain.key, ground="Asked.",
                recorded_at=now,
            )  # fmt: skip
            event = Event(
                chain=chain, number=number, verb="thing.done", recorded_at=now,
                statement={"rows": {name_of(row): statement_of(row)}}, previous=chain.head,
            )  # fmt: skip
            event.digest = digest_of(event)
            sign(event, chain)
            chain.length, chain.head = number, event.digest
            rows.append(row)
            written.append(event)
        sign(chain, chain)
    Erasure.objects.bulk_create(rows)
    Event.objects.bulk_create(written)
    Chain.objects.bulk_update(made, ["length", "head", "proof"])


def looked_at() -> tuple[int, int, int]:
    """How many events were verified, with how many queries and how many bytes at most."""
    tracemalloc.start()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report = verification.verify_once({1: "seal-key-of-the-tests"})
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.faults == []
    return report.events, len(queries), most


def test_a_record_of_many_chains_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "EVENTS_AT_ONCE", 200)
    write_in_bulk(50)
    make_checkpoint()
    looked_at()
    first, few, little = looked_at()

    write_in_bulk(150)
    make_checkpoint()
    then, many, much = looked_at()

    assert (first, then) == (500, 2000)
    assert many <= few * 4
    # What grows with four times as much: the keys and the heads of the chains, and nothing else.
    assert much < little * 3


def test_a_thousand_events_take_as_long_in_a_larger_record() -> None:
    def cost() -> float:
        started = time.process_time()
        report = verification.verify_once({1: "seal-key-of-the-tests"})
        return (time.process_time() - started) / report.events

    write_in_bulk(300)
    cost()  # what is loaded once
    small = cost()
    write_in_bulk(1200)

    assert cost() < small * 2


def test_a_long_chain_is_verified_in_few_queries() -> None:
    write_in_bulk(1, events=10)
    _events, few, _most = looked_at()
    write_in_bulk(1, events=1000)

    events, many, _most = looked_at()

    assert (events, many) == (1010, few)
