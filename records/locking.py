"""What an action locks before it moves rows, and what the database says when it cannot."""

import sqlite3
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError, connection, models
from django.utils.translation import gettext as _

from records.refusals import NotPossible

AnyRow = TypeVar("AnyRow", bound=models.Model)

# By SQLSTATE of PostgreSQL: a deadlock, a lock that was not given in time; no room on the disk.
# By the primary result code of SQLite: the same.
BUSY = {"40P01", "55P03", sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
OUT_OF_ROOM = {"53100", sqlite3.SQLITE_FULL}


def under_lock(rows: "models.QuerySet[AnyRow]", pk: UUID) -> AnyRow:
    """Lock the row with this id until the end of the transaction, and return it as it is now.
    Raises NotPossible where somebody deleted it since it was looked up: two taps, two tabs. One
    query."""
    row = rows.select_for_update(of=("self",)).filter(pk=pk).first()
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
    if not isinstance(fault, DatabaseError):
        return False
    cause = fault.__cause__
    extended = getattr(cause, "sqlite_errorcode", None)
    code = getattr(cause, "sqlstate", None) if extended is None else extended & 0xFF
    return code in codes
