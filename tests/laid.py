"""What takes long to make is made once by each process, or once by the first process of a run; its
rows and files are put back."""

import fcntl
import os
import pickle
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

P = ParamSpec("P")
Made = TypeVar("Made")
Table = tuple[str, tuple[str, ...]]  # its name and its columns
Rows = dict[Table, dict[tuple[Any, ...], None]]  # in the order in which the database has them


def once_a_run(name: str, make: Callable[[], Made], folders: pytest.TempPathFactory) -> Made:
    """For what can be pickled: the others wait for the first, and read what it made."""
    folder = folders.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    file = folder / name
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_bytes(pickle.dumps(make()))
    found: Made = pickle.loads(file.read_bytes())
    return found


def laid_once(make: Callable[P, Made]) -> Callable[P, Made]:
    """For a function that makes rows through factories and actions. A test that calls it twice, or
    that commits and so lets things happen after that, has it made anew; so has one that gives it
    rows of its own, or had made what stands in its place."""
    kept: dict[object, Laid] = {}

    @wraps(make)
    def lay(*args: P.args, **kwargs: P.kwargs) -> Made:
        key = (args, *sorted(kwargs.items()))
        own = any(isinstance(value, Model) for value in (*args, *kwargs.values()))
        if own or not connection.in_atomic_block:
            return make(*args, **kwargs)
        if key not in kept:
            before = rows_now()
            made = make(*args, **kwargs)
            if laid := Laid.since(before, made):
                kept[key] = laid
            return made
        try:
            with transaction.atomic():
                return kept[key].put_back()
        except IntegrityError:
            return make(*args, **kwargs)

    return lay


@dataclass(frozen=True, slots=True)
class Laid:
    made: Any
    rows: Rows
    files: dict[Path, bytes]

    @classmethod
    def since(cls, before: Rows, made: object) -> "Laid | None":
        """None where rows that were there before were changed."""
        after = rows_now()
        if any(table.keys() - after[name].keys() for name, table in before.items()):
            return None
        rows = {
            table: new
            for table, now in after.items()
            if (new := {row: None for row in now if row not in before[table]})
        }
        root = Path(settings.FILES_ROOT)
        files = {
            path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }
        return cls(deepcopy(made), rows, files)

    def put_back(self) -> Any:
        with connection.cursor() as cursor:
            for (name, columns), rows in self.rows.items():
                into = ", ".join(map(connection.ops.quote_name, columns))
                values = ", ".join(["%s"] * len(columns))
                cursor.executemany(
                    f"INSERT INTO {connection.ops.quote_name(name)} ({into}) VALUES ({values})",
                    list(rows),
                )
        for path, content in self.files.items():
            file = Path(settings.FILES_ROOT) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return deepcopy(self.made)

    def put_in(self) -> Any:
        """Put it back where it was never made: what is numbered goes on after it."""
        made = self.put_back()
        models = [model for model in apps.get_models() if model._meta.managed]
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
        return made


def rows_now() -> Rows:
    models = [model._meta for model in apps.get_models(include_auto_created=True)]
    tables = [
        (meta.db_table, tuple(field.column for field in meta.local_concrete_fields))
        for meta in models
        if meta.managed and not meta.proxy
    ]
    return {table: _rows_of(table) for table in tables}


def _rows_of(table: Table) -> dict[tuple[Any, ...], None]:
    """As the database keeps them: of what is computed, SQLite's driver converts nothing."""
    name, columns = table
    quoted = map(connection.ops.quote_name, columns)
    kept = ", ".join(f"COALESCE({column}, NULL)" for column in quoted)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {kept} FROM {connection.ops.quote_name(name)}")
        return dict.fromkeys(cursor.fetchall())
