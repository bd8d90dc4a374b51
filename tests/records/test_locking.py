"""What is locked is there, and what the database says is told by its code, in whatever words."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from people.identity import hold_who_is_who
from people.models import Account, Person
from records.locking import BUSY, OUT_OF_ROOM, is_away, said_one_of, under_lock
from records.models import Erasure
from records.refusals import NotPossible
from tests.factories import AccountFactory
from tests.strictness import HeldTooLate
from tests.test_structure import sources


@pytest.mark.django_db
def test_what_is_gone_is_refused_in_words() -> None:
    with pytest.raises(NotPossible, match="is er niet meer"), transaction.atomic():
        under_lock(Erasure.objects.all(), uuid4())


def lock_and_hold(account: Account) -> None:
    with transaction.atomic():
        under_lock(Account.objects.all(), account.pk)
        hold_who_is_who()


def lock_and_lock_somebody(account: Account) -> None:
    with transaction.atomic():
        under_lock(Account.objects.all(), account.pk)
        under_lock(Person.objects.all(), account.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("act", [lock_and_hold, lock_and_lock_somebody])
def test_who_is_who_is_not_held_after_a_row(act: Callable[[Account], None]) -> None:
    account = AccountFactory()
    with pytest.raises(HeldTooLate, match=r"after people\.Account"):
        act(account)

    with transaction.atomic():  # another transaction, in the right order
        hold_who_is_who()
        under_lock(Account.objects.all(), account.pk)
        under_lock(Person.objects.all(), account.pk)
        hold_who_is_who()


def fault(code: object) -> DatabaseError:
    """As Django raises it: the driver's own error is its cause. Its words say nothing."""
    cause = sqlite3.OperationalError("iets in een andere taal")
    if isinstance(code, int):
        cause.sqlite_errorcode = code
    else:
        cause.sqlstate = code  # type: ignore[attr-defined] # as psycopg's errors have
    error = OperationalError("iets in een andere taal")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("code", "busy", "full"),
    [
        (sqlite3.SQLITE_BUSY, True, False),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True, False),
        (sqlite3.SQLITE_LOCKED, True, False),
        (sqlite3.SQLITE_FULL, False, True),
        (sqlite3.SQLITE_CORRUPT, False, False),
        ("40P01", True, False),
        ("55P03", True, False),
        ("53100", False, True),
        ("57014", False, False),
        (None, False, False),
    ],
)
def test_the_code_decides(code: object, busy: bool, full: bool) -> None:
    error = fault(code)

    assert (said_one_of(BUSY, error), said_one_of(OUT_OF_ROOM, error)) == (busy, full)


@pytest.mark.parametrize(
    ("code", "away"),
    [
        (sqlite3.SQLITE_CANTOPEN, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_BUSY, False),
        (sqlite3.SQLITE_ERROR, False),
        ("57P01", True),
        ("08006", True),
        (None, True),
        ("55P03", False),
        ("42P01", False),
    ],
)
def test_a_database_that_is_away_is_known_by_its_code(code: object, away: bool) -> None:
    assert is_away(fault(code)) == away


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("database is locked"),
        DatabaseError("disk is full"),
        RuntimeError("the door is locked"),
        OperationalError("the server closed the connection"),
    ],
)
def test_words_decide_nothing(error: Exception) -> None:
    assert not is_away(error)
    assert (said_one_of(BUSY, error), said_one_of(OUT_OF_ROOM, error)) == (False, False)


@pytest.fixture
def other() -> Iterator[SimpleNamespace]:
    """A second connection to the same database."""
    copied = connections["default"].copy("default")
    with closing(copied):
        yield copied


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no row; see test_busy")
def test_who_is_locked_can_be_named_meanwhile(other: SimpleNamespace) -> None:
    """PostgreSQL asks for a row that is named at the commit of who names it, when they hold all
    else already: two people would wait for each other."""
    account = AccountFactory()
    with transaction.atomic():
        under_lock(type(account).objects.all(), account.pk)
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20ms'")
            cursor.execute(
                "SELECT id FROM people_account WHERE id = %s FOR KEY SHARE", [account.pk]
            )
            assert cursor.fetchone() == (account.pk,)
            with pytest.raises(OperationalError):
                cursor.execute(
                    "SELECT 1 FROM people_account WHERE id = %s FOR NO KEY UPDATE", [account.pk]
                )


def test_every_lock_lets_its_row_be_named() -> None:
    calls = [
        (path.name, call)
        for _room, path in sources()
        for call in re.findall(r"\.select_for_update\((.*)", path.read_text(encoding="utf-8"))
    ]

    assert len(calls) > 15
    assert [(name, call) for name, call in calls if "no_key=True" not in call] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no row; see test_busy")
def test_a_lock_that_is_not_given_is_known_for_one(other: SimpleNamespace) -> None:
    account = AccountFactory()
    with transaction.atomic():
        under_lock(type(account).objects.all(), account.pk)
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '20ms'")
            with pytest.raises(OperationalError) as raised:
                cursor.execute(
                    "SELECT 1 FROM people_account WHERE id = %s FOR UPDATE", [account.pk]
                )

    assert said_one_of(BUSY, raised.value)
