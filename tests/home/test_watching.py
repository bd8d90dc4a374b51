"""Whether it stands, and what is measured: told to who watches over it, with nothing of anybody."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from home import health as looking
from post import errands
from post.models import Errand, OutboxMail
from post.outbox import queue
from tests.evidence import scenes
from tests.factories import AccountFactory
from tests.peers import OwnRedis
from tests.people.test_outages import gone

TOKEN = "a-token-of-the-tests"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def ready(client: Client) -> tuple[int, dict[str, object]]:
    answer = client.get("/health/ready")
    return answer.status_code, answer.json()


def measured(client: Client) -> dict[tuple[str, ...], float]:
    return in_exposition(client.get("/metrics", headers=BEARER).text)


def in_exposition(text: str) -> dict[tuple[str, ...], float]:
    """Each measure by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- Whether it stands ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_alive_asks_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/health/live").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_a_database_it_is_alive_and_not_ready(client: Client, tmp_path: Path) -> None:
    with gone(tmp_path):
        live = client.get("/health/live").status_code
        status, found = ready(client)

    assert (live, status) == (200, 503)
    assert (found["database"], found["oldest_mail"]) == (False, None)
    assert ready(client)[0] == 200


@pytest.mark.django_db
def test_what_is_there_is_ready(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        status, found = ready(client)

    assert status == 200
    assert found == {
        "database": True,
        "files": True,
        "broker": True,
        "oldest_mail": 0.0,
        "oldest_work": 0.0,
    }


@pytest.mark.django_db
@pytest.mark.needs_redis_server
@pytest.mark.parametrize("trouble", ["kill", "hang"])
def test_without_a_broker_it_is_ready_and_says_so(
    client: Client, own_redis: OwnRedis, trouble: str
) -> None:
    before = ready(client)
    getattr(own_redis, trouble)()
    begun = time.monotonic()
    status, found = ready(client)

    assert before[1]["broker"] is True
    assert (status, found["broker"]) == (200, False)
    assert time.monotonic() - begun < 2


@pytest.mark.django_db
def test_without_room_for_files_it_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "LEAST_ROOM", 1 << 62)

    status, found = ready(client)

    assert (status, found["files"]) == (503, False)


@pytest.mark.django_db
def test_the_oldest_mail_and_work_say_how_long_they_wait(client: Client) -> None:
    account, now = AccountFactory(), timezone.now()
    long_ago = now - timedelta(hours=2)
    queue("people/password", to=account.pk, about=account.pk, cause=None, at=long_ago)
    queue(
        "people/password",
        to=account.pk,
        about=account.pk,
        cause=None,
        due_at=now + timedelta(days=1),
    )
    what = next(iter(errands.KINDS_OF_ERRAND))
    Errand.objects.create(
        what=what, about=account.pk, by=account, recorded_at=now - timedelta(hours=1)
    )

    found = ready(client)[1]

    assert 7200 <= found["oldest_mail"] < 7260
    assert 3600 <= found["oldest_work"] < 3660
    OutboxMail.objects.update(state=OutboxMail.State.SENT)
    assert ready(client)[1]["oldest_mail"] == 0


# --- What is measured -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}]
)
def test_what_is_measured_is_closed_without_the_token(
    client: Client, settings: Settings, headers: dict[str, str]
) -> None:
    settings.METRICS_TOKEN = TOKEN

    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("given", [{}, {"authorization": "Bearer "}, BEARER])
def test_where_no_token_was_set_nobody_reads_it(client: Client, given: dict[str, str]) -> None:
    assert client.get("/metrics", headers=given).status_code == 404


@pytest.mark.django_db
def test_each_answer_is_counted_by_view_and_status(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    client = Client()
    link = scenes.link(scenes.asked())
    before = measured(client)

    client.get(link)
    client.post(link, {})
    client.get("/nowhere/")
    after = measured(client)

    def more(*name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    requests = "bewijskracht_requests_total"
    assert more(requests, "GET", "200", "evidence:answer") == 1
    assert more(requests, "POST", "422", "evidence:answer") == 1
    assert more(requests, "GET", "404", "-") == 1
    assert more("bewijskracht_request_seconds_count", "evidence:answer") == 2
    assert more("bewijskracht_queries_total", "evidence:answer") > 4
    assert more("bewijskracht_query_seconds_total", "evidence:answer") > 0


@pytest.mark.django_db
def test_what_is_the_case_is_measured_and_nothing_of_anybody(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    client = Client()
    question = scenes.asked()
    client.get(scenes.link(question))

    found = measured(client)
    text = client.get("/metrics", headers=BEARER).text

    assert found["bewijskracht_up", "database"] == 1
    assert found["bewijskracht_oldest_seconds", "mail"] == 0
    assert found["bewijskracht_files_free_bytes",] > 0
    assert question.token not in text
    assert question.person.name not in text


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_measures_say_so(settings: Settings, tmp_path: Path) -> None:
    settings.METRICS_TOKEN = TOKEN
    with gone(tmp_path):
        found = measured(Client())

    assert found["bewijskracht_up", "database"] == 0
    assert ("bewijskracht_oldest_seconds", "mail") not in found


@pytest.fixture
def served(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """The application in two processes of a web server, as an installation has it."""
    if connection.vendor != "sqlite":
        pytest.skip("one database is enough")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
        "FILES_ROOT": str(tmp_path / "files"),
        "METRICS_TOKEN": TOKEN,
        "METRICS_DIR": str(tmp_path / "metrics"),
        "BASE_URL": "http://127.0.0.1",
    }
    server = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*server, "--workers", "2", "--no-control-socket"],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.any_database
def test_what_two_processes_count_is_added_up(served: str) -> None:
    def get(path: str) -> str:
        wanted = urllib.request.Request(
            served + path, headers={"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
        )
        with urllib.request.urlopen(wanted, timeout=30) as answer:
            return str(answer.read().decode())

    end = time.monotonic() + 60
    while True:
        try:
            assert json.loads(get("/health/ready"))["database"] is True
            break
        except OSError:
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.2)
    for _ in range(40):
        get("/health/live")

    counted = ("bewijskracht_requests_total", "GET", "200", "home:live")
    assert [in_exposition(get("/metrics"))[counted] for _ in range(8)] == [40] * 8
