"""What is measured, for a Prometheus to fetch: requests, queries, what waits, room for files.

Several processes answer for one installation: what they count is added up from the files in which
each keeps its own (`METRICS_DIR`), whichever of them is asked.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.db.models import Count
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from home.health import health, room_for_files
from post.models import OutboxMail

METHODS = {"GET", "HEAD", "POST"}
SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

REQUESTS = Counter(
    "bewijskracht_requests", "Requests that were answered", ["view", "method", "status"]
)
DURATIONS = Histogram(
    "bewijskracht_request_seconds", "How long an answer took", ["view"], buckets=SECONDS
)
QUERIES = Counter("bewijskracht_queries", "Queries of the database", ["view"])
QUERY_SECONDS = Counter("bewijskracht_query_seconds", "Time spent in queries", ["view"])


@dataclass(slots=True)
class Queries:
    """Counts the queries of a request, as a wrapper around each."""

    number: int = 0
    seconds: float = field(default=0.0)

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        begun = perf_counter()
        try:
            return execute(*given)
        finally:
            self.number += 1
            self.seconds += perf_counter() - begun


def measure(view: str, method: str, status: int, seconds: float, queries: Queries) -> None:
    """Count an answer, under the name of its view: an address may hold a link."""
    REQUESTS.labels(view, method if method in METHODS else "other", status).inc()
    DURATIONS.labels(view).observe(seconds)
    QUERIES.labels(view).inc(queries.number)
    QUERY_SECONDS.labels(view).inc(queries.seconds)


def exposition() -> bytes:
    """Write all that is measured, as Prometheus reads it. Five queries."""
    registry = CollectorRegistry()
    registry.register(State())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
        return generate_latest(registry)
    return generate_latest(registry) + generate_latest(REGISTRY)


class State:
    """What is the case now, as it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = health()
        up = GaugeMetricFamily("bewijskracht_up", "Whether it is there", labels=["what"])
        for what in ("database", "files", "broker"):
            up.add_metric([what], float(getattr(found, what)))
        yield up
        ages = GaugeMetricFamily(
            "bewijskracht_oldest_seconds", "How long the oldest waits", labels=["what"]
        )
        for what, age in (("mail", found.oldest_mail), ("work", found.oldest_work)):
            if age is not None:
                ages.add_metric([what], age)
        yield ages
        room = room_for_files() if found.files else None
        if room is not None:
            yield GaugeMetricFamily("bewijskracht_files_free_bytes", "Room for files", value=room)
        if found.database:
            mails = GaugeMetricFamily("bewijskracht_mails", "Mails kept", labels=["state"])
            states = OutboxMail.objects.order_by().values_list("state").annotate(Count("pk"))
            for state, number in states:
                mails.add_metric([state], number)
            yield mails
