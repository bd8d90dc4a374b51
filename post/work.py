"""Work that is done after a change: rows are the truth, a nudge only hurries it.

Each room registers its pieces of work under a name. A piece looks in its own tables for what is
to be done, so that it can be run at any time, twice, or by two at once. After the commit of a
change it is nudged; what a nudge missed, the next sweep finds.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import close_old_connections, transaction

from post import broker

logger = logging.getLogger(__name__)

WORK: dict[str, Callable[[], int]] = {}
TAKES_LONG: list[str] = []
DAILY: list[str] = []
SWEEP_EVERY = 20  # seconds, without a broker; Celery's beat has its own schedule

_wakes: list[threading.Event] = []  # of the threads that sweep


def term(at: datetime) -> datetime:
    """Tell the moment before which what ended, and is no record, is kept no longer (KEPT_DAYS)."""
    return at - timedelta(days=settings.KEPT_DAYS)


def background(
    name: str, *, takes_long: bool = False, is_daily: bool = False
) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Register a function that does what is to be done and returns how much that was. What is daily
    sees for itself whether its day has come; a sweep leaves it to its own timer."""

    def keep(function: Callable[[], int]) -> Callable[[], int]:
        WORK[name] = function
        if takes_long:
            TAKES_LONG.append(name)
        if is_daily:
            DAILY.append(name)
        return function

    return keep


def after_commit(function: Callable[..., object], *args: Any) -> None:
    """Call this once the transaction is committed. A fault in it is logged and nothing else: what
    was done was done, and who did it is not told otherwise."""

    def call() -> None:
        try:
            function(*args)
        except Exception:
            logger.exception("%s failed after a commit", function.__name__)

    transaction.on_commit(call)


def nudge(name: str) -> None:
    """Ask, once the transaction is committed, that this piece of work be done soon. Where no broker
    takes it, the sweep will come by."""
    after_commit(_nudge, name)


def _nudge(name: str) -> None:
    if settings.EMBEDDED:
        for wake in _wakes:
            wake.set()
    else:
        broker.send("post.do_work", name)


def sweep(names: Iterable[str] | None = None) -> int:
    """Do every piece of work once, but for what is daily, or those with these names; a fault in one
    is logged and does not keep the others."""
    done = 0
    for name in [name for name in WORK if name not in DAILY] if names is None else names:
        try:
            done += WORK[name]()
        except Exception:
            logger.exception("work %s failed; the next sweep tries again", name)
    return done


def stand_in() -> list[threading.Thread]:
    """Start threads that sweep for as long as no broker hands out the sweeps: mail goes out, and
    sets are frozen, however long it is away."""
    return start_sweepers(is_needed=lambda: not broker.answers())


def start_sweepers(is_needed: Callable[[], bool] = lambda: True) -> list[threading.Thread]:
    """Start threads that sweep, as often as it is needed then: one for each piece of work that
    takes long or is daily, and one for all others, so that no mail waits for a film."""
    slow = [name for name in (*TAKES_LONG, *DAILY) if name in WORK]
    threads = []
    for names in [[name for name in WORK if name not in slow], *([name] for name in slow)]:
        wake = threading.Event()
        _wakes.append(wake)
        threads.append(
            threading.Thread(target=_sweep_on, args=(names, wake, is_needed), daemon=True)
        )
        threads[-1].start()
    return threads


def _sweep_on(names: Collection[str], wake: threading.Event, is_needed: Callable[[], bool]) -> None:
    while True:
        wake.wait(timeout=SWEEP_EVERY)
        wake.clear()
        if not is_needed():
            continue
        close_old_connections()
        sweep(names)
        close_old_connections()
