"""Take the triggers of the record away: to empty its tables after a test, and to prove that a
change behind the application's back is found."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from records.models import AppendOnly
from records.triggers import creating, dropping, protected

Models = Iterable[type[AppendOnly]]
Statements = Callable[[type[AppendOnly], BaseDatabaseWrapper], list[str]]


def remove(models: Models | None = None) -> None:
    """Take the triggers away, of all append-only tables or of those of these models."""
    _run(dropping, models)


@contextmanager
def lifted(models: Models | None = None) -> Iterator[None]:
    remove(models)
    try:
        yield
    finally:
        _run(creating, models)


def _run(statements: Statements, models: Models | None) -> None:
    with connection.cursor() as cursor:
        for model in protected() if models is None else models:
            for statement in statements(model, connection):
                cursor.execute(statement)
