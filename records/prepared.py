"""Queries that are asked often: made and compiled once, and asked with another id each time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models

# Stands for the id while a query is compiled; nothing has it.
SOME_ID = UUID("5f1c8e0a-3b57-4c7e-9d21-6a0f4e8b2c93")


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    parameters: tuple[Any, ...]
    names: tuple[str, ...]
    converters: dict[int, tuple[list[Callable[..., Any]], Any]]
    converters_but_of_ids: dict[int, tuple[list[Callable[..., Any]], Any]]
    stand_in: Any  # as this database writes SOME_ID


class PreparedQuery:
    """A query of values about one id. `make` gets the id and returns the rows, by `values`; it is
    called once for each kind of database, so that all else in it must hold for ever: no moment and
    no person. Making and compiling a query of many parts takes longer than asking it."""

    def __init__(self, make: Callable[[UUID], models.QuerySet[Any, Any]]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, of: UUID) -> list[dict[str, Any]]:
        """Read the rows about this id. One query."""
        compiled = self._compile()
        found = self._read(compiled, of, compiled.converters)
        return [dict(zip(compiled.names, row, strict=True)) for row in found]

    def tuples(self, of: UUID) -> list[list[Any]]:
        """Read the values of the rows about this id, with ids as the database writes them: to make
        thousands of them takes longer than all else. One query."""
        compiled = self._compile()
        return self._read(compiled, of, compiled.converters_but_of_ids)

    def _read(
        self, compiled: _Compiled, of: UUID, converters: dict[int, tuple[list[Any], Any]]
    ) -> list[list[Any]]:
        about = models.UUIDField().get_db_prep_value(of, connection)
        given = [about if each == compiled.stand_in else each for each in compiled.parameters]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, given)
            found = [list(row) for row in cursor.fetchall()]
        for place, (each, expression) in converters.items():
            for convert in each:
                for row in found:
                    row[place] = convert(row[place], expression, connection)
        return found

    def _compile(self) -> _Compiled:
        if connection.vendor in self._compiled:
            return self._compiled[connection.vendor]
        query = self._make(SOME_ID).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        expressions = [expression for expression, _sql, _alias in compiler.select]
        converters = compiler.get_converters(expressions)
        self._compiled[connection.vendor] = compiled = _Compiled(
            sql,
            tuple(parameters),
            tuple(query.selected or ()),
            converters,
            {
                place: each
                for place, each in converters.items()
                if not isinstance(expressions[place].output_field, models.UUIDField)
            },
            models.UUIDField().get_db_prep_value(SOME_ID, connection),
        )
        return compiled
