"""What leaves for a sink of faults: the kind, the place, the request; nothing of anybody."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import reports

# A view that fails, a job that fails, a fault that is logged; each with a name, an address and a
# token at hand. What is answered, and an outage, is no fault.
SCRIPT = """
import logging
import django
django.setup()
import sentry_sdk
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, InterfaceError
from django.test import Client
from unittest.mock import patch
from post import work

TOKEN = "AbCdefghijklmnopqrstuvwxyz0123456789abcdefg"
def fail(*given, **more):
    name = "Noor Bakker"
    raise ValueError(f"{name} <noor@school.example> {TOKEN}")
def forbid(*given, **more):
    raise PermissionDenied("Noor Bakker")
client = Client(raise_request_exception=False, headers={"user-agent": "Noor Bakker"})
words = {"name": "Noor Bakker", "email": "noor@school.example"}
for failing in (fail, forbid):
    with patch("evidence.views.answers.question_of", failing):
        client.post(f"/evidence/answer/{TOKEN}/?who=noor@school.example", words)
work.WORK = {"one": fail}
work.sweep()
try:
    fail()
except ValueError:
    logging.getLogger("other").exception("for %s at %s", "Noor Bakker", "noor@school.example")
logging.getLogger("other").error("no trace for %s", "Noor Bakker")
sentry_sdk.flush(10)
"""


@pytest.fixture
def sink() -> Iterator[tuple[str, list[str]]]:
    """A sink on loopback: its address, and what came in."""
    came: list[str] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            came.append((gzip.decompress(body) if is_packed else body).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_given: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", came
    server.shutdown()
    server.server_close()


def test_a_report_tells_the_fault_and_nothing_of_anybody(sink: tuple[str, list[str]]) -> None:
    dsn, came = sink
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SENTRY_DSN": dsn,
        "RELEASE": "1.2",
        "DEMO": "",
    }

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    told = "\n".join(came)
    events = [
        json.loads(line)
        for envelope in came
        for line in envelope.splitlines()
        if '"exception"' in line or '"logentry"' in line
    ]
    kinds = [
        (
            event.get("transaction", ""),
            [fault["type"] for fault in event.get("exception", {}).get("values", [])],
        )
        for event in events
    ]
    for secret in ("Noor", "Bakker", "noor@", "AbCdefghijkl", "127.0.0.1"):
        assert secret not in told
        assert secret not in done.stderr
    assert ("/evidence/answer/{token}/", ["ValueError"]) in kinds
    assert sum(types == ["ValueError"] for _place, types in kinds) == 3
    assert sum(types == [] for _place, types in kinds) == 1
    assert len(events) == 4
    assert {event["release"] for event in events} == {"1.2"}


def test_a_sink_without_the_library_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured, match="requirements-reports"):
        reports.start("http://key@127.0.0.1:1/1", "")
