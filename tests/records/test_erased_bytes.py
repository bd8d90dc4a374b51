"""What is erased or deleted is gone from the bytes of the database's file: SQLite."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from people import actions
from people.models import Draft
from records.actions import erase
from tests.evidence.factories import FeedbackRequestFactory
from tests.people.factories import met

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the files are the server's own"),
]

SAID = "Quiet words about somebody. "


def in_file(text: str) -> bool:
    """Whether this stands in the file, once all that was written has come there."""
    path = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert cursor.fetchone()[0] == 0  # nobody was in its way
    log = path.with_name(path.name + "-wal")
    return text.encode() in path.read_bytes() + log.read_bytes()


def a_name() -> Callable[[], object]:
    person = met(SAID.strip(), "quiet@bakkerij.example")
    return lambda: actions.erase_person(person=person, ground="a request", by=None)


def a_long_text() -> Callable[[], object]:
    """Longer than a page of the file."""
    question = FeedbackRequestFactory(message=SAID * 500)
    return lambda: erase(row=question, ground="a request", by=None)


def a_row() -> Callable[[], object]:
    draft = Draft.objects.create(key="here", fields={"text": [SAID]})
    return lambda: draft.delete()


@pytest.mark.parametrize("write", [a_name, a_long_text, a_row])
def test_what_is_erased_is_gone_from_the_file(write: Callable[[], Callable[[], object]]) -> None:
    forget = write()
    assert in_file(SAID.strip())

    forget()

    assert not in_file(SAID.strip())


def test_it_does_not_depend_on_how_sqlite_was_built() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)
