"""Real peers: services that may be absent, a mail server, a browser."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings as django_settings
from pytest_django import Settings

from config.celery import app as celery_app
from post import broker

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

# --- Services that may be absent ------------------------------------------------------------------

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


@cache
def chromium() -> str | None:
    """The one without a window first: it takes two thirds of the time of the whole."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@cache
def redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


NEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "needs_chromium": (
        chromium,
        "Chromium is not installed: apt-get install chromium-headless-shell",
    ),
    "needs_java": (
        lambda: shutil.which("java"),
        "Java is not installed: apt-get install default-jre-headless",
    ),
    "needs_redis": (
        redis_answers,
        "no Redis answers on 127.0.0.1:6379: apt-get install redis-server",
    ),
    "needs_redis_server": (
        lambda: shutil.which("redis-server"),
        "Redis is not installed: apt-get install redis-server",
    ),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (present, reason) in NEEDS.items():
        if item.get_closest_marker(marker) and not present():
            if os.environ.get("REQUIRE_SERVICES") == "1":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


# --- A Redis of one's own, to take away and to hang -----------------------------------------------


class OwnRedis:
    """A Redis server on a port of its own, which it keeps when it is started again."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < end, "Redis does not start"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """Let it answer nobody, with its connections open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def own_redis(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    """This is a school's installation, with a Redis of this test's own, which runs."""
    server = OwnRedis()
    settings.EMBEDDED, settings.REDIS_URL = False, server.url
    monkeypatch.setattr(celery_app.conf, "broker_url", server.url)
    monkeypatch.setattr(broker, "breaker", broker.Breaker())
    server.start()
    yield server
    server.kill()


# --- A real mail server ---------------------------------------------------------------------------


class MailServer(Controller):
    """An SMTP server on loopback that keeps what it is given, in the order of arrival, with the
    sender of its envelope. `to_sender`, `to_recipient` and `to_content` say what it answers
    instead of yes (such as "550 5.1.1 Unknown"); `pause` is how many seconds it thinks first."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.senders: list[str] = []
        self.asked: list[str] = []  # for whom mail was offered, taken or not
        self.to_sender = self.to_recipient = self.to_content = ""
        self.pause = 0.0
        # Bound here, so that the system chooses a port that is free.
        self.socket = socket.create_server(("127.0.0.1", 0))
        super().__init__(self, hostname="127.0.0.1", port=self.socket.getsockname()[1])

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.socket)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked.append(address)
        await asyncio.sleep(self.pause)
        if not self.to_recipient:
            envelope.rcpt_tos.append(address)
        return self.to_recipient or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_content:
            return self.to_content
        # Lines end on the way as the protocol asks, at rest as Python expects.
        content = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        self.senders.append(envelope.mail_from or "")
        self.messages.append(message_from_bytes(content, EmailMessage, policy=policy.default))
        return "250 OK"


@pytest.fixture
def smtp_server(settings: Settings) -> Iterator[MailServer]:
    """Mail goes to a real SMTP server; `smtp_server.messages` holds what arrived."""
    server = MailServer()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    yield server
    server.stop()


# --- A real browser -------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What walks the whole demo takes minutes: it goes first, so that no worker is left alone with
    it at the end."""

    def walks(item: pytest.Item) -> bool:
        used = set(getattr(item, "fixturenames", ()))
        return "answers" in used or {"filled", "new_page"} <= used

    items.sort(key=lambda item: not walks(item))


# Pictures of the pages on which a test failed.
PICTURES = django_settings.BASE_DIR / "var" / "failures"
failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[failed] = report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium, one for each worker."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread, which Django would take for asynchronous code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def new_page(
    browser: "Browser",
    live_server: "LiveServer",
    settings: Settings,
    request: pytest.FixtureRequest,
) -> "Iterator[Callable[..., Page]]":
    """Opens a page as somebody else: each has cookies of its own. Takes the arguments of
    Playwright's `new_context`. A script error or a refused script or style fails the test."""
    settings.BASE_URL = live_server.url
    pages: list[Page] = []
    faults: list[str] = []

    def open_page(**options: Any) -> "Page":
        context = browser.new_context(
            **{
                "base_url": live_server.url,
                "locale": "nl-NL",
                "timezone_id": django_settings.TIME_ZONE,
                **options,
            }
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda said: (
                faults.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        pages.append(page)
        return page

    yield open_page
    for number, page in enumerate(pages, start=1):
        if request.node.stash.get(failed, False):
            page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png", full_page=True)
        page.context.close()
    assert faults == []


@pytest.fixture
def page(new_page: "Callable[..., Page]") -> "Page":
    return new_page()
