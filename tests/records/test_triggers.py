"""The database itself refuses to change what is append-only."""

import pytest
from django.db import DatabaseError, connection, transaction

from records.models import AppendOnly
from records.triggers import install, protected
from tests.triggers import remove

pytestmark = pytest.mark.django_db


def triggers() -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("model", protected(), ids=lambda model: model.__name__)
def test_every_append_only_table_has_its_triggers(model: type[AppendOnly]) -> None:
    table = model._meta.db_table
    expected = {f"{table}_no_update"}
    if not model.deletable:
        expected.add(f"{table}_no_delete")
    if connection.vendor == "postgresql":
        expected.add(f"{table}_no_truncate")

    assert {name for name in triggers() if name.startswith(f"{table}_no_")} == expected


@pytest.mark.parametrize("model", protected(), ids=lambda model: model.__name__)
def test_what_may_change_is_named_by_columns_that_exist(model: type[AppendOnly]) -> None:
    columns = {field.column for field in model._meta.concrete_fields}

    assert {*model.changeable, *model.erasable} - columns == set()


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as refusal:
        return "append-only" in str(refusal)
    return False


@pytest.fixture
def erasure() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_erasure "
            "(id, recorded_at, salt, name, columns, digest, kept_on, ground) VALUES ("
            "'11111111111111111111111111111111', '2026-01-01 00:00:00+00', 'aa', "
            "'a.row:1', '[]', 'ab', 'erasures', 'x')"
        )


@pytest.mark.usefixtures("erasure")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_erasure SET ground = 'y'",
        "UPDATE records_erasure SET ground = ''",
        "DELETE FROM records_erasure",
    ],
)
def test_a_change_is_refused(sql: str) -> None:
    assert refused(sql)


@pytest.mark.usefixtures("erasure")
def test_a_new_salt_is_no_change() -> None:
    assert not refused("UPDATE records_erasure SET salt = 'bb'")


@pytest.mark.usefixtures("erasure")
def test_writing_the_same_again_is_no_change() -> None:
    assert not refused("UPDATE records_erasure SET ground = 'x'")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_emptying_a_table_is_refused() -> None:
    assert refused("TRUNCATE records_erasure CASCADE")


def test_installing_twice_leaves_the_same_triggers() -> None:
    before = triggers()

    install()

    assert triggers() == before != set()


def test_what_is_removed_is_installed_again() -> None:
    before = triggers()
    remove()
    assert triggers() == set()

    install()

    assert triggers() == before
