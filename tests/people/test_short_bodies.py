"""A body that breaks off is refused whole: half a sentence is not what somebody said."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.urls import reverse

from evidence.models import Feedback, FeedbackRequest, Remark
from people.models import Draft
from tests.evidence.factories import FeedbackRequestFactory
from tests.evidence.scenes import page_of

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "You kept calm, but you did not ask what the client wanted."
BOUNDARY = "edge"


@pytest.fixture
def question() -> FeedbackRequest:
    return FeedbackRequestFactory()


@pytest.fixture
def gunicorn(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The server of an installation, on the database of this test; returns where it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        url = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "FILES_ROOT": str(tmp_path),
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn"]
    with subprocess.Popen(
        [*command, "config.wsgi"],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        while b"Ready" not in process.stdout.readline():
            assert process.poll() is None
        yield f"127.0.0.1:{port}"
        process.terminate()


@pytest.fixture(params=["live server", "gunicorn"])
def server(request: pytest.FixtureRequest) -> str:
    if request.param == "gunicorn":
        return request.getfixturevalue("gunicorn")
    live: LiveServer = request.getfixturevalue("live_server")
    return urlsplit(live.url).netloc


def urlencoded(fields: dict[str, str]) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", urlencode(fields).encode()


def multipart(fields: dict[str, str]) -> tuple[str, bytes]:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return f"multipart/form-data; boundary={BOUNDARY}", (
        "".join(parts) + f"--{BOUNDARY}--\r\n"
    ).encode()


def status_of(server: str, path: str, kind: str, body: bytes, announced: int) -> int:
    """Post this much, saying how long it would be, as the browser of somebody by link."""
    host, port = server.split(":")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n"
        f"Cookie: csrftoken={'a' * 32}\r\nX-CSRFToken: {'a' * 32}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {announced}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as peer:
        peer.sendall(head.encode() + body)
        peer.shutdown(socket.SHUT_WR)
        answer = peer.makefile("rb").readline()
    return int(answer.split()[1])


@pytest.mark.parametrize("form", [urlencoded, multipart])
def test_half_an_answer_is_no_answer(
    server: str, question: FeedbackRequest, form: Callable[[dict[str, str]], tuple[str, bytes]]
) -> None:
    path = reverse("evidence:answer", args=[question.token])
    kind, body = form({**page_of(question), "about": "whole", "text": WORDS})
    half = body[: body.index(b"calm") + 4]

    short = status_of(server, path, kind, half, announced=len(body))

    question.refresh_from_db()
    assert (short, question.state, Feedback.objects.count()) == (400, "open", 0)

    whole = status_of(server, path, kind, body, announced=len(body))

    assert whole == 302
    assert Remark.objects.get().text == WORDS


@pytest.mark.parametrize("form", [urlencoded, multipart])
def test_half_a_draft_does_not_replace_what_was_kept(
    server: str, question: FeedbackRequest, form: Callable[[dict[str, str]], tuple[str, bytes]]
) -> None:
    path = reverse("evidence:answer_draft", args=[question.token])
    kind, body = form({"text": WORDS})

    kept = status_of(server, path, kind, body, announced=len(body))
    short = status_of(server, path, kind, body[:-20], announced=len(body))

    assert (kept, short) == (200, 400)
    assert Draft.objects.get().fields == {"text": [WORDS]}


def test_who_breaks_off_without_a_word_more_leaves_nothing(
    server: str, question: FeedbackRequest
) -> None:
    path = reverse("evidence:decline", args=[question.token])
    kind, body = urlencoded({"reason": "not_seen"})

    short = status_of(server, path, kind, body[:0], announced=len(body))
    time.sleep(0.1)

    question.refresh_from_db()
    assert (short, question.state) == (400, "open")
