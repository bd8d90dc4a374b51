"""Queries that are asked often: made and compiled once, and asked with other values each time.

Making and compiling a query of many parts takes longer than asking it. So a page that everybody
opens says of its queries, once, what changes in them: an id, a day, a moment.
"""

import inspect
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models
from django.db.models.query import ModelIterable

MOST_IDS = 20  # in a list of them, where a query says no other number
# Stand for what is given while a query is compiled; nothing has them. One for each place.
SOME_ID = UUID("5f1c8e0a-3b57-4c7e-9d21-6a0f4e8b2c00")
SOME_DAY = date(1584, 1, 1)
GIVEN_AS: "dict[Any, tuple[models.Field[Any, Any], Callable[[int], Any]]]" = {
    UUID: (models.UUIDField(), lambda place: UUID(int=SOME_ID.int + place)),
    date: (models.DateField(), lambda place: SOME_DAY + timedelta(days=place)),
    datetime: (
        models.DateTimeField(),
        lambda place: datetime(1585, 1, 1, tzinfo=UTC) + timedelta(days=place),
    ),
}

OF_ID: "models.UUIDField[Any, Any]" = models.UUIDField()
AS_WRITTEN = (models.UUIDField, models.DateTimeField)
Converters = dict[int, tuple[list[Callable[..., Any]], Any]]


def as_written(pk: UUID) -> Any:
    """Write an id as the database does, and as `PreparedQuery.tuples` gives it."""
    return OF_ID.get_db_prep_value(pk, connection)


class _Compiled(NamedTuple):
    sql: str
    parameters: tuple[Any, ...]
    places: dict[int, int]  # of a parameter: the place of what is given for it
    names: tuple[str, ...]
    compiler: Any
    converters: Converters
    converters_but_of_keys: Converters


@dataclass(frozen=True, slots=True)
class _Asked:
    """What Django makes rows of: a queryset, as far as it looks at one for that."""

    model: Any
    query: Any
    db: str
    _known_related_objects: dict[Any, Any]


class PreparedQuery:
    """A query in which ids, days and moments change. `make` gets these, as it annotates them (UUID,
    list[UUID] of so many at `most`, date or aware datetime), and returns the queryset; it is called
    once for each kind of database, so that all else in it must hold for ever. Raises RuntimeError
    where it does not use what it is given, or asks for a moment or an id that it was not given."""

    def __init__(
        self, make: Callable[..., models.QuerySet[Any, Any]], *, most: int = MOST_IDS
    ) -> None:
        self._make, self._most = make, most
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, *given: Any) -> list[Any]:
        """Read the rows about this, as the queryset gives them: instances with what is selected
        with them, or a dictionary each by `values`. One query."""
        compiled = self._compile()
        if not compiled.names:
            return self._instances(compiled, given)
        found = self._read(compiled, given, compiled.converters)
        return [dict(zip(compiled.names, row, strict=True)) for row in found]

    def tuples(self, *given: Any) -> list[list[Any]]:
        """Read the values of the rows about this, with ids and moments as the database writes them,
        fit to be compared: to make thousands of them takes longer than all else. One query."""
        compiled = self._compile()
        return self._read(compiled, given, compiled.converters_but_of_keys)

    def _read(
        self, compiled: _Compiled, given: Iterable[Any], converters: Converters
    ) -> list[list[Any]]:
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, self._filled(compiled, given))
            found = [list(row) for row in cursor.fetchall()]
        for place, (each, expression) in converters.items():
            for convert in each:
                for row in found:
                    row[place] = convert(row[place], expression, connection)
        return found

    def _instances(self, compiled: _Compiled, given: Iterable[Any]) -> list[Any]:
        filled = self._filled(compiled, given)
        # Copies, as what was compiled is of all threads.
        compiler = copy(compiled.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *_how, **_more: (compiled.sql, filled)
        compiler.get_converters = lambda _of: compiled.converters
        query = copy(compiled.compiler.query)
        query.get_compiler = lambda *_how, **_more: compiler
        asked: Any = _Asked(query.model, query, connection.alias, {})
        return list(ModelIterable(asked))

    def _filled(self, compiled: _Compiled, given: Iterable[Any]) -> tuple[Any, ...]:
        ready: list[Any] = []
        for (field, stand_ins), value in zip(self._takes, given, strict=True):
            values = [*value, *stand_ins[len(value) :]] if isinstance(value, list) else [value]
            if len(values) > len(stand_ins):
                raise ValueError(f"{len(values)} ids, and no more than {self._most} are asked for")
            ready += [field.get_db_prep_value(each, connection) for each in values]
        filled = list(compiled.parameters)
        for parameter, place in compiled.places.items():
            filled[parameter] = ready[place]
        return tuple(filled)

    @cached_property
    def _takes(self) -> "list[tuple[models.Field[Any, Any], list[Any]]]":
        """Tell of each thing that is given as what it is written, and what stands for it."""
        takes, place = [], 0
        for each in inspect.signature(self._make).parameters.values():
            is_list = each.annotation == list[UUID]
            field, stand_in = GIVEN_AS[UUID if is_list else each.annotation]
            places = range(place, place + (self._most if is_list else 1))
            takes.append((field, [stand_in(number) for number in places]))
            place = places.stop
        return takes

    def _compile(self) -> _Compiled:
        if connection.vendor in self._compiled:
            return self._compiled[connection.vendor]
        stand_ins = [each if len(each) > 1 else each[0] for _field, each in self._takes]
        query = self._make(*stand_ins).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        written = [
            field.get_db_prep_value(value, connection)
            for field, values in self._takes
            for value in values
        ]
        places = {
            number: written.index(value)
            for number, value in enumerate(parameters)
            if value in written
        }
        others = [value for number, value in enumerate(parameters) if number not in places]
        if set(places.values()) != set(range(len(written))) or any(
            isinstance(value, (UUID, date)) for value in others
        ):
            raise RuntimeError(f"{self._make.__name__} asks for something else than it was given")
        expressions = [expression for expression, _sql, _alias in compiler.select]
        converters = compiler.get_converters(expressions)
        self._compiled[connection.vendor] = compiled = _Compiled(
            sql,
            tuple(parameters),
            places,
            tuple(query.selected or ()),
            compiler,
            converters,
            {
                place: each
                for place, each in converters.items()
                if not isinstance(expressions[place].output_field, AS_WRITTEN)
            },
        )
        return compiled
