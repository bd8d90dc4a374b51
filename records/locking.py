"""What an action locks before it moves rows, and what the database says when it cannot, or when it
is not there."""

import sqlite3
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connection, models
from django.utils.translation import gettext as _

from records.refusals import NotPossible

AnyRow = TypeVar("AnyRow", bound=models.Model)

# By SQLSTATE of PostgreSQL: a deadlock, a lock that was not given in time; no room on the disk.
# By the primary result code of SQLite: the same.
BUSY = {"40P01", "55P03", sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
OUT_OF_ROOM = {"53100", sqlite3.SQLITE_FULL}
# It stops, starts or takes no more connections; its file cannot be opened, read or written.
AWAY = {
    *("08000", "08001", "08003", "08004", "08006", "57P01", "57P02", "57P03", "53300"),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY),
}


def under_lock(rows: "models.QuerySet[AnyRow]", pk: UUID) -> AnyRow:
    """Lock the row with this id until the end of the transaction, and return it as it is now.
    Raises NotPossible where somebody deleted it since it was looked up: two taps, two tabs. Rows
    that name it can be written meanwhile, as under every lock here (`no_key`): their writer would
    wait for us at their commit, with what we may go on to wait for. One query."""
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotPossible(_("This is no longer here: it has been removed already."))
    return row


def hold(name: str) -> None:
    """Wait for whoever holds this name, and hold it until the end of the caller's transaction.
    Before any row or chain is locked: who holds a name may wait for one. One query on PostgreSQL;
    on SQLite one writes at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def said_one_of(codes: Iterable[object], fault: BaseException) -> bool:
    """Tell whether the database's driver gave one of these codes; Django's errors carry the
    driver's."""
    return isinstance(fault, DatabaseError) and _code_in(fault) in codes


def is_away(fault: BaseException) -> bool:
    """Tell whether the database was not there, or went away meanwhile. PostgreSQL's driver, which
    then heard nothing from it, gives no code."""
    if not isinstance(fault, InterfaceError | OperationalError):
        return False
    said_nothing = hasattr(fault.__cause__, "sqlstate") and _code_in(fault) is None
    return said_nothing or said_one_of(AWAY, fault)


def _code_in(fault: BaseException) -> object:
    extended = getattr(fault.__cause__, "sqlite_errorcode", None)
    return getattr(fault.__cause__, "sqlstate", None) if extended is None else extended & 0xFF
