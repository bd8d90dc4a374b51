"""The database as one file, as of one moment, while people go on working; and back again."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.client import DatabaseClient

from files.models import StoredFile, Upload
from files.storing import PART, sync_folder
from home.backups import BackupRefused, open_new
from records.verification import filled

# The files whose bytes are there, as both databases understand it.
NAMED = (
    f"SELECT id, digest FROM {StoredFile._meta.db_table} WHERE erased_at IS NULL "  # noqa: S608 - tables of ours
    f"UNION ALL SELECT id, digest FROM {Upload._meta.db_table} WHERE digest <> ''"
)
DEBIAN = "/usr/lib/postgresql/{major}/bin"


def dump_database(to: Path) -> dict[str, str]:
    """Write the database to this file, and return the files that it names at that moment: the
    SHA-256 (hex) of each by its path in the storage. Nobody waits for it. Raises BackupRefused
    where it cannot be written."""
    to.unlink(missing_ok=True)
    open_new(to).close()  # both write into an empty file that is there
    rows = _dump_sqlite(to) if connection.vendor == "sqlite" else _dump_postgresql(to)
    return {StoredFile(pk=UUID(str(pk))).path: digest for pk, digest in rows}


def _dump_sqlite(to: Path) -> list[tuple[str, str]]:
    """In one go: step by step it would begin anew after each write of somebody else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(to)])
    except DatabaseError as fault:
        raise BackupRefused(f"The database could not be copied to {to}: {fault}.") from None
    with closing(sqlite3.connect(to)) as copy:
        return copy.execute(NAMED).fetchall()


def _dump_postgresql(to: Path) -> list[tuple[UUID, str]]:
    """What is read here and what pg_dump reads is one snapshot."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(NAMED)
        rows = cursor.fetchall()
        cursor.execute("SELECT pg_export_snapshot()")
        [[snapshot]] = cursor.fetchall()
        _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={to}")
        return rows


def is_empty() -> bool:
    """Tell whether nobody wrote anything in this database: no tables, or as `migrate` leaves it."""
    tables = set(connection.introspection.table_names())
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table in tables and model not in (ContentType, Permission)
    ]
    return not models or not filled(models)


def check_dump(dump: Path, migrations: list[str]) -> None:
    """Raise BackupRefused unless this is a database whose tables these migrations made. Of
    PostgreSQL only pg_restore can tell."""
    if connection.vendor != "sqlite":
        return
    try:
        with closing(sqlite3.connect(f"{dump.as_uri()}?mode=ro", uri=True)) as copy:
            [[is_whole]] = copy.execute("PRAGMA quick_check(1)").fetchall()
            made = copy.execute("SELECT app, name FROM django_migrations").fetchall()
    except (sqlite3.Error, ValueError) as fault:
        raise BackupRefused(f"There is no database of ours in it: {fault}.") from None
    if is_whole != "ok" or sorted(f"{app}.{name}" for app, name in made) != migrations:
        raise BackupRefused("The database in it is not the one it tells of.")


def empty_database() -> None:
    """Let go of what a restoring put into this database, which was empty."""
    if connection.vendor == "sqlite":
        connection.close()
        target = Path(connection.settings_dict["NAME"])
        for name in (PART, "", "-wal", "-shm", "-journal"):
            target.with_name(target.name + name).unlink(missing_ok=True)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)} CASCADE")


def named_files() -> set[str]:
    """List the paths of the files that the database names. One query."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED)
        return {StoredFile(pk=UUID(str(pk))).path for pk, _digest in cursor.fetchall()}


def put_database_back(dump: Path) -> None:
    """Put a dump in the place of this database, which is empty: all of it or nothing."""
    connection.close()
    if connection.vendor == "sqlite":
        _put_sqlite(dump, Path(connection.settings_dict["NAME"]))
    else:
        # In an empty one `migrate` may have made the tables.
        options = (
            "--clean",
            "--if-exists",
            "--single-transaction",
            "--no-owner",
            "--no-privileges",
        )
        _run("pg_restore", *options, "--dbname", last=[str(dump)])


def _put_sqlite(dump: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(target.name + PART)
    beside.unlink(missing_ok=True)
    with dump.open("rb") as read, open_new(beside) as written:
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())
    for name in ("-wal", "-shm", "-journal"):  # of the empty one
        target.with_name(target.name + name).unlink(missing_ok=True)
    beside.rename(target)
    sync_folder(target.parent)


def _run(name: str, *options: str, last: list[str] | None = None) -> None:
    """Run a program of PostgreSQL on this database, whose name follows the options."""
    arguments, environment = DatabaseClient.settings_to_cmd_args_env(
        connection.settings_dict, list(options)
    )
    command = [_program(name), *arguments[1:], *(last or [])]
    done = subprocess.run(  # noqa: S603 - from the settings and ourselves
        command, env=os.environ | (environment or {}), capture_output=True, text=True
    )
    if done.returncode:
        raise BackupRefused(f"{name}: {done.stderr.strip()}")


def _program(name: str) -> str:
    """Find this program in the version of the server: on PATH, or where Debian has each version."""
    connection.ensure_connection()
    major = connection.pg_version // 10_000  # type: ignore[attr-defined]  # of PostgreSQL's only
    for folder in (*os.get_exec_path(), DEBIAN.format(major=major)):
        if path := shutil.which(name, path=folder):
            said = subprocess.run([path, "--version"], capture_output=True, text=True)  # noqa: S603 - found
            if said.stdout.partition(") ")[2].split(".")[0] == str(major):
                return path
    raise BackupRefused(
        f"There is no {name} of PostgreSQL {major}, as the server is. On Debian: "
        f"apt-get install postgresql-client-{major}"
    )
