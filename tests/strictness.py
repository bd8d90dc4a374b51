"""What makes a test fail beside its own assertions."""

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.base import FilterExpression

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


# --- Undefined template variables -----------------------------------------------------------------


class UndefinedVariable(AssertionError):
    pass


class Undefined(str):
    """Stands for an undefined variable in a template (see tests/settings.py), and raises where the
    template is ours: those of Django and allauth rely on undefined variables being empty."""

    def __bool__(self) -> bool:
        # Django asks for its truth in FilterExpression.resolve, right after a look-up failed.
        caller = sys._getframe(1)
        if caller.f_code is FilterExpression.resolve.__code__:
            expression = caller.f_locals["self"]
            while caller.f_back and caller.f_code.co_name != "render_annotated":
                caller = caller.f_back
            origin = getattr(caller.f_locals.get("self"), "origin", None)
            if origin and Path(str(origin.name)).is_relative_to(settings.BASE_DIR / "templates"):
                raise UndefinedVariable(f"{expression.token} in {origin.template_name}")
        return False
