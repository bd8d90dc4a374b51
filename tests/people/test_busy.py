"""A database that stays locked: what was typed is on the page, and one tap sends it again."""

import sqlite3
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from evidence.models import Evidence
from tests.factories import EnrolmentFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows, and waits"),
]

WORDS = {
    "title": "Tafels <gedekt> voor 'het' diner",
    "kind": "act",
    "happened_on": "2026-11-02",
    "origin": "here",
    "reflection": "Rustig blijven.\nDat lukte.",
}


@pytest.fixture
def student() -> Client:
    client = Client()
    client.force_login(EnrolmentFactory().student)
    return client


@pytest.fixture
def locked() -> Iterator[sqlite3.Connection]:
    """Another process writes and does not come to an end; ours waits a moment for it, not long."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_locked_database_answers_with_what_was_typed(
    student: Client, locked: sqlite3.Connection
) -> None:
    answer = student.post("/evidence/add/", WORDS)

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.context["kept"] == {name: [value] for name, value in WORDS.items()}
    page = answer.content.decode()
    assert 'value="Tafels &lt;gedekt&gt; voor &#x27;het&#x27; diner"' in page
    assert "Rustig blijven.\nDat lukte." in page
    assert Evidence.objects.count() == 0


def test_sent_again_it_is_kept(student: Client, locked: sqlite3.Connection) -> None:
    kept = student.post("/evidence/add/", WORDS).context["kept"]
    locked.execute("ROLLBACK")

    answer = student.post("/evidence/add/", dict(kept))

    assert answer.status_code == 302
    assert [str(piece) for piece in Evidence.objects.all()] == [WORDS["title"]]
