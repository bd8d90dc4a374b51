"""A broker that is away or hangs costs a moment, and no act: the sweep finds what it missed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from evidence.models import Evidence
from people.models import Account
from post import broker, work
from post.models import OutboxMail
from post.outbox import queue
from tests.factories import AccountFactory, EnrolmentFactory
from tests.peers import MailServer, OwnRedis

pytestmark = pytest.mark.needs_redis_server

COSTS = 2.0  # seconds, at most, for whoever comes first
PIECE = {
    "title": "Tables laid for a dinner",
    "kind": "act",
    "happened_on": "2026-11-02",
    "origin": "here",
    "reflection": "Keep calm.",
}


def never_started(redis: OwnRedis) -> None:
    redis.kill()


def killed_after_it_answered(redis: OwnRedis) -> None:
    assert broker.send("post.do_work", "outbox")
    redis.kill()


def hanging(redis: OwnRedis) -> None:
    assert broker.send("post.do_work", "outbox")
    redis.hang()


TROUBLES = [never_started, killed_after_it_answered, hanging]


@pytest.fixture
def silent(settings: Settings, own_redis: OwnRedis) -> Iterator[None]:
    """A socket that takes connections where Redis was, and never says a word."""
    own_redis.kill()
    with socket.create_server(("127.0.0.1", own_redis.port)):
        yield


def mailed(person: Account) -> OutboxMail:
    with transaction.atomic():
        return queue("people/password", to=person.pk, about=person.pk, cause=None)


# --- Nobody's act fails ---------------------------------------------------------------------------


def acts(client: Client) -> dict[str, Callable[[], tuple[int, bool]]]:
    """Acts of a student, each with its answer and whether it was done."""
    student = EnrolmentFactory().student.account
    student.set_password("a good password")
    student.save()

    def sign_in() -> tuple[int, bool]:
        words = {"login": student.sign_in, "password": "a good password"}
        answer = client.post("/accounts/login/", words)
        return answer.status_code, "_auth_user_id" in client.session

    def add_a_piece() -> tuple[int, bool]:
        client.force_login(student)
        answer = client.post("/evidence/add/", PIECE)
        return answer.status_code, Evidence.objects.exists()

    def forget_the_password() -> tuple[int, bool]:
        client.logout()
        answer = client.post("/accounts/password/reset/", {"email": student.sign_in})
        return answer.status_code, OutboxMail.objects.exists()

    return {"sign in": sign_in, "add": add_a_piece, "reset": forget_the_password}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_act_is_done_and_says_so_while_the_broker_is_away(
    client: Client, own_redis: OwnRedis, trouble: Callable[[OwnRedis], None]
) -> None:
    ordered = acts(client)
    trouble(own_redis)

    found, took = {}, {}
    for name, act in ordered.items():
        begun = time.monotonic()
        found[name] = act()
        took[name] = time.monotonic() - begun

    assert found == dict.fromkeys(ordered, (302, True))
    assert {name: seconds for name, seconds in took.items() if seconds > COSTS} == {}


@pytest.mark.django_db(transaction=True)
def test_each_act_is_done_while_something_listens_and_never_answers(
    client: Client, silent: None
) -> None:
    ordered = acts(client)

    begun = time.monotonic()
    found = {name: act() for name, act in ordered.items()}

    assert found == dict.fromkeys(ordered, (302, True))
    assert time.monotonic() - begun < len(ordered) * COSTS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_only_the_first_waits_for_a_broker_that_is_away(
    own_redis: OwnRedis, trouble: Callable[[OwnRedis], None]
) -> None:
    person = AccountFactory()
    trouble(own_redis)
    mailed(person)

    begun = time.monotonic()
    for _ in range(20):
        mailed(person)

    assert time.monotonic() - begun < COSTS
    assert OutboxMail.objects.count() == 21


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wrong", [ValueError, ConnectionError, redis.RedisError])
def test_a_fault_after_the_commit_is_logged_and_nothing_else(
    wrong: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def failing() -> None:
        raise wrong("of ours")

    with transaction.atomic():
        work.after_commit(failing)
        work.after_commit(done.append, "the next")

    assert done == ["the next"]
    assert [record.message for record in caplog.records] == ["failing failed after a commit"]


def test_nothing_is_left_for_after_a_commit_in_another_way() -> None:
    """`robust=True` is not enough: Django itself stumbles over a fault in a partial."""
    found = [
        str(path.relative_to(django_settings.BASE_DIR))
        for room in django_settings.BASE_DIR.iterdir()
        if (room / "__init__.py").exists() and room.name not in ("tests", "tools")
        for path in room.rglob("*.py")
        if "transaction.on_commit(" in path.read_text(encoding="utf-8")
    ]

    assert found == ["post/work.py"]


# --- The breaker ----------------------------------------------------------------------------------


def test_a_broker_that_is_back_is_told_again(
    own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "breaker", broker.Breaker(rest=0.2))
    own_redis.kill()
    away = [broker.send("post.do_work", "outbox") for _ in range(3)]
    own_redis.start()

    time.sleep(0.3)

    assert away == [False] * 3
    assert [broker.send("post.do_work", "outbox") for _ in range(3)] == [True] * 3
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.llen("celery") == 3


def test_a_broker_that_goes_on_is_told_again(
    own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "breaker", broker.Breaker(rest=0.2))
    own_redis.hang()
    away = broker.send("post.do_work", "outbox"), broker.answers()
    own_redis.go_on()

    time.sleep(0.3)

    assert away == (False, False)
    assert broker.send("post.do_work", "outbox")
    assert broker.answers()


def test_after_a_rest_one_asks_and_the_others_wait_for_what_comes_of_it() -> None:
    breaker = broker.Breaker(rest=0.1)
    breaker.failed()
    resting = breaker.lets_through()
    time.sleep(0.15)

    assert (resting, [breaker.lets_through() for _ in range(3)]) == (False, [True, False, False])
    breaker.answered()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


# --- However long it is away ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_mail_goes_out_while_the_broker_is_away(
    own_redis: OwnRedis, smtp_server: MailServer, tmp_path: Path
) -> None:
    """The clock, in a process of its own as in an installation, sweeps in the broker's place."""
    own_redis.kill()
    row = mailed(AccountFactory(sign_in="noor@school.example"))
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{name}",
        "EMAIL_URL": f"smtp://{smtp_server.hostname}:{smtp_server.port}",
        "FILES_ROOT": str(tmp_path / "files"),
        "REDIS_URL": own_redis.url,
    }
    if connection.vendor == "postgresql":
        url = urlsplit(os.environ["TEST_DATABASE_URL"])
        environment["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()
    clock = [sys.executable, "-m", "celery", "--app", "config", "beat"]
    process = subprocess.Popen(
        [*clock, "--schedule", str(tmp_path / "beat")],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + work.SWEEP_EVERY + 40
        while row.state != OutboxMail.State.SENT and time.monotonic() < end:
            time.sleep(0.1)
            row.refresh_from_db()
    finally:
        process.kill()
        process.wait()

    assert [message["To"] for message in smtp_server.messages] == ["noor@school.example"]
    assert row.state == OutboxMail.State.SENT
