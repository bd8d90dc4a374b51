"""Work that is done after a change: rows are the truth, a nudge only hurries it.

Each room registers its pieces of work under a name. A piece looks in its own tables for what is
to be done, so that it can be run at any time, twice, or by two at once. After the commit of a
change it is nudged; what a nudge missed, the next sweep finds.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import close_old_connections, transaction

logger = logging.getLogger(__name__)

WORK: dict[str, Callable[[], int]] = {}
SWEEP_EVERY = 20  # seconds, embedded; Celery's beat has its own schedule

_wake = threading.Event()


def term(at: datetime) -> datetime:
    """What ended before this moment, and is no record, is kept no longer (KEPT_DAYS)."""
    return at - timedelta(days=settings.KEPT_DAYS)


def register(name: str) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Register a function that does what is to be done and returns how much that was."""

    def keep(function: Callable[[], int]) -> Callable[[], int]:
        WORK[name] = function
        return function

    return keep


def nudge(name: str) -> None:
    """Ask, once the transaction is committed, that this piece of work be done soon. A broker
    that is down is logged and nothing else: the sweep will come by."""
    transaction.on_commit(partial(_nudge, name), robust=True)


def _nudge(name: str) -> None:
    if settings.EMBEDDED:
        _wake.set()
    else:
        current_app.send_task("post.do_work", args=[name])


def sweep() -> int:
    """Do every piece of work once; a fault in one is logged and does not keep the others."""
    done = 0
    for name, function in WORK.items():
        try:
            done += function()
        except Exception:
            logger.exception("work %s failed; the next sweep tries again", name)
    return done


def start_sweeper() -> None:
    """Start the embedded installation's sweep thread."""
    threading.Thread(target=_sweep_on, name="sweep", daemon=True).start()


def _sweep_on() -> None:
    while True:
        _wake.wait(timeout=SWEEP_EVERY)
        _wake.clear()
        close_old_connections()
        sweep()
        close_old_connections()
