"""Ids of a group in one text, as the database writes them: to make thousands of them takes longer
than all else."""

from typing import Any

from django.db import connection
from django.db.models import Aggregate, TextField


class Joined(Aggregate):
    """The ids of a group in one text, as the database writes them, between commas."""

    output_field = TextField()
    template = "%(function)s(%(expressions)s%(after)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", after="", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, function="STRING_AGG", after="::text, ','", **context
        )


def written(pk: str) -> str:
    """Write an id as the database joins it."""
    return pk if connection.vendor == "postgresql" else pk.replace("-", "")
