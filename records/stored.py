"""How SQLite holds what was written.

SQLite takes anything into any column, and what is read from it is made into the same value from
more than one text: an id from capitals, a moment from another zone, nothing from an empty text. The
record states values, and queries compare texts; so a row that is held otherwise than it is written
would be found by one and not by the other. PostgreSQL has types, and holds each value in one way.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, models

_DAY = "-".join(["[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2])
_SECOND = f"{_DAY} {':'.join(['[0-9]' * 2] * 3)}"
_WHOLE = "typeof({0}) = 'integer'"
_TEXT = "typeof({0}) = 'text'"
_BYTES = "length(CAST({0} AS BLOB))"  # what looks at a text ends at a NUL in it

# When the value of a column is held as it is written, by the kind of its field.
HELD_AS: dict[type[models.Field], str] = {
    models.UUIDField: f"{_TEXT} AND {_BYTES} = 32 AND {{0}} NOT GLOB '*[^0-9a-f]*'",
    models.DateTimeField: (
        f"{_TEXT} AND ({_BYTES} = 19 AND {{0}} GLOB '{_SECOND}' OR {_BYTES} = 26 AND"
        f" {{0}} GLOB '{_SECOND}.{'[0-9]' * 6}' AND {{0}} NOT GLOB '*.000000')"
    ),
    models.DateField: f"{_TEXT} AND {_BYTES} = 10 AND {{0}} GLOB '{_DAY}'",
    models.BooleanField: f"{_WHOLE} AND {{0}} IN (0, 1)",
    models.JSONField: f"{_TEXT} AND says_once({{0}})",
    models.IntegerField: _WHOLE,
    models.AutoField: _WHOLE,
    models.BinaryField: "typeof({0}) = 'blob'",
    models.CharField: _TEXT,
    models.TextField: _TEXT,
    models.FileField: _TEXT,
}


def held_otherwise(model: type[models.Model]) -> Iterator[str]:
    """Find the rows of this model of which a column is held otherwise than it is written: their
    names. One query on SQLite, which reads the whole table; none on PostgreSQL."""
    if connection.vendor != "sqlite":
        return
    table = connection.ops.quote_name(model._meta.db_table)
    right = " AND ".join(map(_is_right, model._meta.concrete_fields))
    key = connection.ops.quote_name(str(model._meta.pk.column))
    connection.ensure_connection()
    connection.connection.create_function("says_once", 1, _says_once, deterministic=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} FROM {table} WHERE NOT ({right}) ORDER BY {key}")  # noqa: S608 - columns of ours
        for (pk,) in cursor:
            yield f"{model._meta.label_lower}:{pk}"


def _is_right(field: models.Field) -> str:
    """Write the condition that the column of this field is held as it is written."""
    kind = field
    while isinstance(kind, models.ForeignKey):
        kind = kind.target_field
    written = next(HELD_AS[each] for each in type(kind).__mro__ if each in HELD_AS)
    column = connection.ops.quote_name(str(field.column))
    or_nothing = f"{column} IS NULL OR " if field.null else ""
    return f"({or_nothing}{written.format(column)})"


def _says_once(text: str) -> bool:
    """Tell whether this is JSON in which no name stands twice: of two the last is read."""
    try:
        json.loads(text, object_pairs_hook=_once)
    except ValueError:
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a name that stands there twice")
    return said
