"""What makes a test fail beside its own assertions."""

import ipaddress
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import ERROR
from django.core.handlers.base import BaseHandler
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

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


# --- What a view says of itself is so -------------------------------------------------------------


class NotAsDeclared(AssertionError):
    pass


@pytest.fixture(scope="session", autouse=True)
def _what_is_declared_is_so() -> Iterator[None]:
    """A view that says that it creates did so `once`, and one that says that it changes compared
    what stands with what it had shown, wherever what was sent was done: it answered by leading on,
    and refused nothing. A test that sends a form without a version sends it as drawn just now."""
    from people import changing, sending

    answer, check = BaseHandler.get_response, changing.Change._check
    new_form, before = sending.new_form, sending.SentBefore.__init__
    guarded: dict[int, set[str]] = {}  # by thread

    def note(kind: str) -> None:
        guarded.setdefault(threading.get_ident(), set()).add(kind)

    def answer_watched(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
        guarded[threading.get_ident()] = set()
        response = answer(self, request)
        match = request.resolver_match
        kind = getattr(match and match.func, "what_it_sends", "")
        was_done = request.method == "POST" and response.status_code == 302
        guards = (sending.CREATES, sending.CHANGES)
        if not was_done or kind not in guards or match.kwargs.get("is_draft"):
            return response
        if kind not in guarded[threading.get_ident()] and not _is_refused(request, response):
            raise NotAsDeclared(f"{match.view_name} {kind}, and did so without asking")
        return response

    def new_form_noted(*args: Any) -> Any:
        note(sending.CREATES)
        return new_form(*args)

    def before_noted(self: Any, *args: Any) -> None:
        note(sending.CREATES)
        note(sending.CHANGES)
        before(self, *args)

    def check_noted(self: changing.Change) -> None:
        note(sending.CHANGES)
        if changing.VERSION in self.request.POST:
            check(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseHandler, "get_response", answer_watched)
        patch.setattr(sending, "new_form", new_form_noted)
        patch.setattr(sending.SentBefore, "__init__", before_noted)
        patch.setattr(changing.Change, "_check", check_noted)
        yield


def _is_refused(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Tell whether somebody is led to a door, or to a page that says why not."""
    doors = [
        reverse(name) for name in ("account_login", "account_reauthenticate", "details_address")
    ]
    to = response.headers["Location"].partition("?")[0]
    said = getattr(request, "_messages", None)
    texts = said._queued_messages if said is not None else []
    return to in doors or any(text.level == ERROR for text in texts)
