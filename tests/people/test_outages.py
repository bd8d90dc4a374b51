"""A database that is away and a disk that is full: said so (503), what was typed kept."""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from evidence import actions
from evidence.models import Evidence
from people import sessions
from people.models import Account
from tests.factories import AccountFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "title": "Tables <laid> for 'the' dinner",
    "kind": "act",
    "happened_on": "2026-11-02",
    "origin": "here",
    "reflection": "Keep calm.\nThat worked.",
}
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def browser() -> Client:
    """Of a student who is signed in; faults are answered, as by a server."""
    client = Client(raise_request_exception=False, headers=ENGLISH)
    account = EnrolmentFactory().student.account
    account.person.language = "en"
    account.person.save()
    client.force_login(account)
    return client


@contextmanager
def gone(tmp_path: Path) -> Iterator[None]:
    """Whoever wants the database finds none: no file, or nobody at its port."""
    connection.close()
    before = dict(connection.settings_dict)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nowhere = {"NAME": str(tmp_path / "gone" / "db")} if connection.vendor == "sqlite" else {}
    connection.settings_dict.update({"HOST": "127.0.0.1", "PORT": port} | nowhere)
    try:
        yield
    finally:
        connection.settings_dict.update(before)
        connection.close()


@contextmanager
def full() -> Iterator[None]:
    """The database's file cannot grow, as on a full disk, and no page in it is free."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    try:
        yield
    finally:
        connection.close()


def stop() -> None:
    """Let the server end this test's connection."""
    with closing(connections["default"].copy("default")) as other, other.cursor() as cursor:
        pid = connection.connection.info.backend_pid
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


def assert_kept(answer: object, title: str) -> None:
    assert (answer.status_code, f"<h1>{title}</h1>" in answer.text) == (503, True)
    assert int(answer["Retry-After"]) > 0
    assert 'value="Tables &lt;laid&gt; for &#x27;the&#x27; dinner"' in answer.text
    assert "Keep calm.\nThat worked." in answer.text
    assert "Send it again" in answer.text


def test_a_database_that_is_away_answers_with_what_was_typed(
    browser: Client, tmp_path: Path
) -> None:
    with gone(tmp_path):
        answer = browser.post("/evidence/add/", WORDS)
    kept = answer.context["kept"]
    again = browser.post("/evidence/add/", kept)

    assert_kept(answer, "We cannot get at your data right now")
    assert again.status_code == 302
    assert str(Evidence.objects.get()) == WORDS["title"]


@pytest.mark.parametrize("path", ["/", "/evidence/add/", "/accounts/login/", "/people/", "/admin/"])
def test_each_page_says_that_the_database_is_away(
    browser: Client, tmp_path: Path, path: str
) -> None:
    with gone(tmp_path):
        answer = browser.get(path)

    # Who is not known to be signed in may see the door, which asks the database nothing.
    assert (answer.status_code, "We cannot get at your data" in answer.text) == (503, True)


def test_a_page_that_asks_nothing_is_shown_without_a_database(tmp_path: Path) -> None:
    stranger = Client(headers=ENGLISH)
    with gone(tmp_path):
        answer = stranger.get("/help/")

    assert (answer.status_code, "<h1>Help</h1>" in answer.text) == (200, True)


def test_who_signs_in_meanwhile_is_told_and_no_password_is_kept(
    tmp_path: Path, django_user_model: type[Account]
) -> None:
    stranger = Client(raise_request_exception=False, headers=ENGLISH)
    with gone(tmp_path):
        answer = stranger.post(
            "/accounts/login/", {"login": "noor@school.example", "password": "a good password"}
        )

    assert answer.status_code == 503
    assert 'value="noor@school.example"' in answer.text
    assert "a good password" not in answer.text


def test_a_form_from_elsewhere_is_not_made_one_of_ours(tmp_path: Path) -> None:
    """Nobody is asked to send again, with a token of ours, what another site sent."""
    forged = Client(enforce_csrf_checks=True, raise_request_exception=False, headers=ENGLISH)
    forged.force_login(EnrolmentFactory().student.account)

    with gone(tmp_path):
        answer = forged.post("/evidence/add/", WORDS)

    assert (answer.status_code, answer.context["kept"]) == (503, None)
    assert "Tables" not in answer.text


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite is no server that can stop")
@pytest.mark.parametrize("moment", ["before it writes", "while it writes"])
def test_a_server_that_stops_meanwhile_answers_with_what_was_typed(
    browser: Client, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    add, save = actions.add_evidence, Evidence.save

    def add_late(**given: object) -> object:
        stop()
        return add(**given)

    def save_last(self: Evidence, *given: object, **more: object) -> None:
        save(self, *given, **more)
        stop()

    if moment == "before it writes":
        monkeypatch.setattr(actions, "add_evidence", add_late)
    else:
        monkeypatch.setattr(Evidence, "save", save_last)

    answer = browser.post("/evidence/add/", WORDS)

    assert_kept(answer, "We cannot get at your data right now")
    assert Evidence.objects.count() == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="of SQLite, see test_busy")
def test_a_lock_that_is_not_given_answers_with_what_was_typed(browser: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        patience = cursor.fetchone()[0]
        cursor.execute("SET lock_timeout = '100ms'")
    with closing(connections["default"].copy("default")) as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("LOCK TABLE evidence_evidence IN ACCESS EXCLUSIVE MODE")
        answer = browser.post("/evidence/add/", WORDS)
        other.rollback()

    assert patience == "15s"
    assert_kept(answer, "It is too busy right now")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's own disk cannot be filled")
def test_a_database_without_room_answers_with_what_was_typed(browser: Client) -> None:
    with full():
        answers = [
            browser.post("/evidence/add/", WORDS | {"context": "x" * 3_000}) for _ in range(9)
        ]

    assert_kept(answers[-1], "There is no room right now")


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_answers_with_what_was_typed(
    browser: Client, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def fail(**_given: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(actions, "add_evidence", fail)

    assert_kept(browser.post("/evidence/add/", WORDS), "There is no room right now")


CHOOSE_AGAIN = "A page cannot keep files: choose them again afterwards."


@pytest.mark.parametrize("size", [10, 3_000_000])  # kept in memory, and on the disk
def test_a_database_that_is_away_answers_a_form_with_files_too(tmp_path: Path, size: int) -> None:
    """Who sends a file is asked while it is read; the words after it are read all the same."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers=ENGLISH)
    client.force_login(EnrolmentFactory().student.account)
    token = client.get("/evidence/add/").context["csrf_token"]
    upload = SimpleUploadedFile("film.txt", b"x" * size)
    form = {"uploads": upload, "csrfmiddlewaretoken": str(token), **WORDS}
    with gone(tmp_path):
        answer = client.post("/evidence/add/", form)

    assert_kept(answer, "We cannot get at your data right now")
    assert CHOOSE_AGAIN in answer.text


def test_a_file_that_cannot_be_made_is_no_fault_of_who_sends_it(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", fail)
    upload = SimpleUploadedFile("film.txt", b"x" * 3_000_000)
    answer = browser.post("/evidence/add/", {"uploads": upload, **WORDS})

    assert_kept(answer, "There is no room right now")
    assert CHOOSE_AGAIN in answer.text


@pytest.mark.parametrize(
    ("fault", "status"),
    [(lambda: OSError(errno.ENOSPC, "full"), 503), (lambda: RuntimeError("ours"), 500)],
)
def test_what_fails_outside_of_a_view_is_told_apart(
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[], Exception],
    status: int,
) -> None:
    def fail(_self: SessionStore) -> None:
        raise fault()

    monkeypatch.setattr(SessionStore, "load", fail)

    assert browser.get(reverse("home:home")).status_code == status


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite is no server that can stop")
def test_a_server_that_stops_before_a_session_is_kept_is_no_session_that_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = AccountFactory()
    account.set_password("a good password")
    account.save()
    save, stranger = SessionStore.save, Client(raise_request_exception=False, headers=ENGLISH)

    def save_late(self: SessionStore, must_create: bool = False) -> None:
        if not must_create:
            stop()
        save(self, must_create)

    monkeypatch.setattr(SessionStore, "save", save_late)
    form = {"login": account.sign_in, "password": "a good password"}
    answer = stranger.post("/accounts/login/", form)

    assert answer.status_code == 503
    assert f'value="{account.sign_in}"' in answer.text


def test_a_session_that_was_ended_meanwhile_stays_one(browser: Client) -> None:
    store = sessions.SessionStore(browser.cookies["sessionid"].value)
    store.load()
    Session.objects.all().delete()

    with pytest.raises(UpdateError):
        store.save()
