"""What makes a test fail beside its own assertions."""

import ipaddress
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet

# --- The network is closed ------------------------------------------------------------------------


class NetworkClosed(AssertionError):
    pass


def _refuse_far(host: object) -> None:
    if host in ("localhost", b"localhost", None):
        return
    try:
        near = ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        near = False
    if not near:
        raise NetworkClosed(f"a test reached for {host!r}")


@pytest.fixture(scope="session", autouse=True)
def _network_closed() -> Iterator[None]:
    """Only this machine's loopback and Unix sockets answer."""
    look_up = socket.getaddrinfo

    def guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
        def connect_near(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _refuse_far(address[0])
            return connect(self, address)

        return connect_near

    def look_up_near(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_far(host)
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", look_up_near)
        yield


# --- Who is who is held first ---------------------------------------------------------------------


WHO = "who is who"
HERE = str(Path(__file__).parent)


class HeldTooLate(AssertionError):
    pass


@pytest.fixture(scope="session", autouse=True)
def _who_is_who_is_held_first() -> Iterator[None]:
    """Nobody comes to hold who is who, or to lock people without holding it, while they have a row
    or a chain locked for which a holder may wait: on PostgreSQL two would wait for each other now
    and then. The transaction of a test itself, and one that a test opens, does not count. Who
    skips what is locked waits for nobody, and whoever holds who is who locks no errand."""
    from people import identity  # once the apps are there

    enter, lock, hold = transaction.Atomic.__enter__, QuerySet.select_for_update, identity.hold
    locked: dict[int, list[str]] = {}  # by thread

    def mine() -> list[str]:
        return locked.setdefault(threading.get_ident(), [])

    def enter_noted(self: transaction.Atomic) -> None:
        if sys._getframe(1).f_code.co_filename.startswith(HERE):
            self._from_testcase = True
        blocks = transaction.get_connection(self.using).atomic_blocks
        if all(block._from_testcase for block in blocks):
            mine().clear()
        enter(self)

    def lock_noted(self: QuerySet, *args: Any, **kwargs: Any) -> QuerySet:
        label = self.model._meta.label
        if label == "people.Person" and mine() and mine()[0] not in (WHO, label):
            raise HeldTooLate(f"people are locked after {', '.join(mine())}")
        if not kwargs.get("skip_locked") and label != "post.Errand":
            mine().append(label)
        return lock(self, *args, **kwargs)

    def hold_noted(name: str) -> None:
        if mine() and mine()[0] != WHO:
            raise HeldTooLate(f"{name} is held after {', '.join(mine())} was locked")
        mine().append(name)
        hold(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction.Atomic, "__enter__", enter_noted)
        patch.setattr(QuerySet, "select_for_update", lock_noted)
        patch.setattr(identity, "hold", hold_noted)
        yield
