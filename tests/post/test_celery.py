import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection, transaction
from pytest_django import Settings

from config.celery import app
from post import broker as post_broker
from post.models import OutboxMail
from post.outbox import queue
from tests.factories import AccountFactory
from tests.peers import REDIS_URL, MailServer, OwnRedis

PATIENCE = 60  # seconds; a worker starts in about three


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A corner of the running Redis that is this test's own; returns the prefix of its keys."""
    prefix = f"test-{uuid.uuid4().hex}:"
    settings.EMBEDDED = False
    monkeypatch.setattr(app.conf, "broker_url", REDIS_URL)
    monkeypatch.setattr(app.conf, "broker_transport_options", {"global_keyprefix": prefix})
    yield prefix
    app.pool.force_close_all()
    with redis.Redis.from_url(REDIS_URL) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


@contextmanager
def working(redis_url: str, prefix: str, smtp_server: MailServer, tmp_path: Path) -> Iterator[Path]:
    """A Celery worker in a process of its own, started as an installation does; gives its log."""
    name, log = connection.settings_dict["NAME"], tmp_path / "worker.log"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{name}",
        "EMAIL_URL": f"smtp://{smtp_server.hostname}:{smtp_server.port}",
        "FILES_ROOT": str(tmp_path / "files"),
        "LOG_LEVEL": "INFO",
        "REDIS_URL": redis_url,
        "REDIS_PREFIX": prefix,
    }
    if connection.vendor == "postgresql":
        url = urlsplit(os.environ["TEST_DATABASE_URL"])
        environment["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
    command = [sys.executable, "-m", "celery", "--app", "config", "worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--concurrency", "1"],
            cwd=django_settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            until(lambda: " ready." in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield log
        finally:
            process.terminate()
            code = process.wait(PATIENCE)
            print(log.read_text())  # shown where the test fails
    assert code == 0


@pytest.fixture
def worker(
    transactional_db: None, broker: str, smtp_server: MailServer, tmp_path: Path
) -> Iterator[Path]:
    with working(REDIS_URL, broker, smtp_server, tmp_path) as log:
        yield log


@pytest.mark.needs_redis
def test_a_change_nudges_a_worker_to_send_its_mail(worker: Path, smtp_server: MailServer) -> None:
    person = AccountFactory(sign_in="student@school.example")

    with transaction.atomic():
        row = queue("people/password", to=person.pk, about=person.pk, cause=None)

    until(lambda: OutboxMail.objects.get(pk=row.pk).state != OutboxMail.State.WAITING)
    row.refresh_from_db()
    assert row.state == OutboxMail.State.SENT
    assert [message["To"] for message in smtp_server.messages] == ["student@school.example"]
    assert "Task post.do_work" in worker.read_text()


@pytest.mark.needs_redis_server
def test_a_worker_is_nudged_again_once_its_broker_is_back(
    transactional_db: None, own_redis: OwnRedis, smtp_server: MailServer, tmp_path: Path
) -> None:
    person = AccountFactory(sign_in="student@school.example")
    with working(own_redis.url, "", smtp_server, tmp_path):
        own_redis.kill()
        time.sleep(1)
        own_redis.start()

        def is_mailed() -> bool:
            """One nudge may come before the worker is back: what it misses, the next brings."""
            post_broker.breaker.answered()
            with transaction.atomic():
                queue("people/password", to=person.pk, about=person.pk, cause=None)
            time.sleep(1)
            return bool(smtp_server.messages)

        until(is_mailed)


def test_a_worker_reads_json_alone() -> None:
    """Who can write to Redis orders work that there is, and runs no code of their own."""
    assert (set(app.conf.accept_content), app.conf.task_serializer) == ({"json"}, "json")
