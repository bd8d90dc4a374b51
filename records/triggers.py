"""The database itself refuses to change what is append-only, on SQLite and PostgreSQL.

Installed idempotently after every migrate: a table that SQLite rebuilds silently loses its
triggers. They read no other table, and on PostgreSQL cover TRUNCATE.
"""

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from records.models import AppendOnly, Sealed

FUNCTION = "bewijskracht_refuse"


def protected() -> list[type[AppendOnly]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def install(using: str = "default") -> None:
    """Give every append-only table its triggers anew."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
        for model in protected():
            if model._meta.db_table in tables:
                for statement in dropping(model, connection) + creating(model, connection):
                    cursor.execute(statement)


def _names(model: type[AppendOnly]) -> dict[str, str]:
    table = model._meta.db_table
    return {event: f"{table}_no_{event}" for event in ("update", "delete", "truncate")}


def dropping(model: type[AppendOnly], connection: BaseDatabaseWrapper) -> list[str]:
    """List the statements that take the triggers of this table away."""
    table = connection.ops.quote_name(model._meta.db_table)
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    return [f'DROP TRIGGER IF EXISTS "{name}"{on}' for name in _names(model).values()]


def _changeable(model: type[AppendOnly]) -> set[str]:
    """List the columns of this model that may change, with the salt of what is stated: a new one,
    without which nobody can try out what an erased row said."""
    return {*model.changeable, *(["salt"] if issubclass(model, Sealed) else [])}


def creating(model: type[AppendOnly], connection: BaseDatabaseWrapper) -> list[str]:
    """List the statements that give this table its triggers."""
    table = connection.ops.quote_name(model._meta.db_table)
    names = _names(model)
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    conditions = []
    for field in model._meta.concrete_fields:
        column = connection.ops.quote_name(field.column)
        if field.column in _changeable(model):
            continue
        condition = f"OLD.{column} {differs} NEW.{column}"
        if field.column in model.released:
            condition = f"({condition} AND NEW.{column} IS NOT NULL)"
        if field.column in (*model.erasable, *model.with_person):
            condition = f"({condition} AND NEW.{column} IS NOT NULL AND length(NEW.{column}) > 0)"
        conditions.append(condition)
    changed = " OR ".join(conditions)
    if connection.vendor == "postgresql":
        act = f"EXECUTE FUNCTION {FUNCTION}()"
        statements = [
            f'CREATE TRIGGER "{names["update"]}" BEFORE UPDATE ON {table} '
            f"FOR EACH ROW WHEN ({changed}) {act}",
            f'CREATE TRIGGER "{names["truncate"]}" BEFORE TRUNCATE ON {table} '
            f"FOR EACH STATEMENT {act}",
        ]
        if not model.deletable:
            statements.append(
                f'CREATE TRIGGER "{names["delete"]}" BEFORE DELETE ON {table} FOR EACH ROW {act}'
            )
        return statements
    act = f"BEGIN SELECT RAISE(ABORT, '{model._meta.db_table} is append-only'); END"
    statements = [
        f'CREATE TRIGGER "{names["update"]}" BEFORE UPDATE ON {table} '
        f"FOR EACH ROW WHEN {changed} {act}"
    ]
    if not model.deletable:
        statements.append(
            f'CREATE TRIGGER "{names["delete"]}" BEFORE DELETE ON {table} FOR EACH ROW {act}'
        )
    return statements
