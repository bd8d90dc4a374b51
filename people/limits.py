"""How often something may be tried. Counted in the database, so that a bound holds for all
processes, whatever else is away. What is tried is kept under a key that names nobody, for a day."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from people.models import Attempt
from post.work import background
from records.locking import hold

LONGEST = timedelta(days=1)  # within which anything is counted


class TooOften(Exception):
    """The same was tried too often in a short while: answered with 429."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so often within so long, which is LONGEST at most."""

    often: int
    within: timedelta


@transaction.atomic
def attempt(bounds: Mapping[str, Collection[Rate]]) -> list[Attempt]:
    """Count one attempt at each of these names; returns what `give_back` takes. Raises TooOften,
    and counts nothing, where one of them was tried as often as it may be. Two queries for each
    name, and one."""
    now = timezone.now()
    keys = {_key(name): rates for name, rates in bounds.items()}
    for key, rates in sorted(keys.items()):  # in one order, so that two never wait for each other
        hold(key)
        if _is_full(key, rates, now):
            raise TooOften
    return Attempt.objects.bulk_create(Attempt(key=key, recorded_at=now) for key in keys)


def check_rates(bounds: Mapping[str, Collection[Rate]]) -> None:
    """Raise TooOften where one of these names was tried as often as it may be; counts nothing. A
    query for each."""
    now = timezone.now()
    if any(_is_full(_key(name), rates, now) for name, rates in bounds.items()):
        raise TooOften


def _is_full(key: str, rates: Collection[Rate], now: datetime) -> bool:
    recent = {
        f"number_{place}": Count("pk", filter=Q(recorded_at__gt=now - rate.within))
        for place, rate in enumerate(rates)
    }
    found = Attempt.objects.filter(key=key, recorded_at__gt=now - LONGEST).aggregate(**recent)
    return any(found[f"number_{place}"] >= rate.often for place, rate in enumerate(rates))


def give_back(attempts: Iterable[Attempt]) -> None:
    """Count these no more: what was tried was right. One query."""
    Attempt.objects.filter(pk__in=[each.pk for each in attempts]).delete()


@background("attempts")
def sweep() -> int:
    """Forget the attempts that no bound counts any more; returns how many."""
    return Attempt.objects.filter(recorded_at__lte=timezone.now() - LONGEST).delete()[0]


def _key(name: str) -> str:
    return salted_hmac("people.limits", name, algorithm="sha256").hexdigest()
