"""Events and what verification finds when one was touched behind the application's back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from records import verification
from records.actions import record_erasure
from records.chain import append
from records.models import Chain, Erasure, Event
from records.triggers import lifted
from records.verification import verify
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


def write(count: int, key: str = "case:1") -> list[Event]:
    return [append(key, f"thing.{n}", by=None, facts={"n": n}) for n in range(count)]


def test_events_follow_each_other_in_their_own_chain() -> None:
    first, second = write(2)
    [other] = write(1, key="case:2")

    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert (first.previous, second.previous, other.previous) == ("", first.seal, "")
    assert Chain.objects.get(key="case:1").head == second.seal


def test_untouched_events_verify() -> None:
    append("case:1", "thing.done", by=AccountFactory(), at=timezone.now() - timedelta(days=400))
    write(3)

    report = verify()

    assert (report.events, report.faults) == (4, [])


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
    Chain.objects.update(length=2, head=last.seal)


def insert() -> None:
    last = Event.objects.get(number=3)
    Event.objects.create(
        chain=last.chain, number=4, verb="thing.made-up", previous=last.seal, seal="0" * 64
    )


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


def test_a_sealed_row_that_no_event_stated_was_inserted() -> None:
    row = Erasure.objects.create(digest="ab", ground="made up")

    assert verify().faults == [f"records.erasure:{row.pk}: inserted"]


def test_a_sealed_row_that_says_something_else_was_altered() -> None:
    row = record_erasure(digest="ab", ground="a request", by=None)
    with lifted():
        Erasure.objects.update(ground="another ground")

    assert verify().faults == [f"records.erasure:{row.pk}: altered"]


def test_a_sealed_row_that_is_gone_was_removed() -> None:
    row = record_erasure(digest="ab", ground="a request", by=None)
    name = f"records.erasure:{row.pk}"
    with lifted():
        Erasure.objects.all().delete()

    assert verify().faults == [f"{name}: removed"]


def test_a_row_that_was_lawfully_deleted_is_not_missed() -> None:
    row = record_erasure(digest="ab", ground="a request", by=None)
    with lifted():
        Erasure.objects.all().delete()
    with transaction.atomic():
        append("erasures", "taken.back", by=None, removed=[row])

    assert verify().faults == []


def test_another_key_proves_nothing(settings: "object") -> None:
    write(1)
    settings.SEAL_KEY = "another key"  # type: ignore[attr-defined]

    assert verify().faults == [
        "event 1 of case:1: altered or inserted",
        "case:1: its head was altered",
    ]


@pytest.mark.django_db(transaction=True)
def test_who_works_on_meanwhile_causes_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is written between the reading of events and of rows was not inserted."""
    read_events = verification._statements
    written: list[Erasure] = []

    def and_meanwhile(*args: Any) -> Any:
        stated = read_events(*args)
        if not written:
            written.append(record_erasure(digest="ab", ground="a request", by=None))
        return stated

    monkeypatch.setattr(verification, "_statements", and_meanwhile)

    assert (verify().faults, len(written)) == ([], 1)
