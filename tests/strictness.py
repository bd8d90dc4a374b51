"""What makes a test fail beside its own assertions."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

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
