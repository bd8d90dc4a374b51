"""What every test stands on: which tests run where, a database and files of their own."""

import gc
import os
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client, TransactionTestCase
from django.utils import translation
from pytest_django import Settings

from people.models import Account, Person
from records.models import Event
from records.triggers import protected
from records.verification import filled, verify_once
from tests.recorded import LARGEST, largest_event
from tests.triggers import lifted

pytest_plugins = ["tests.strictness", "tests.peers", "tests.filled", "tests.everywhere"]

hypothesis.settings.register_profile("steady", deadline=None, print_blob=True)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks that follow from what a test uses, set before `-m` chooses among them."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if "new_page" in used:
            item.add_marker("browser")
            item.add_marker("needs_chromium")
        if used & {"db", "transactional_db", "live_server"} or item.get_closest_marker("django_db"):
            item.add_marker("database")


def pytest_collection_finish() -> None:
    """What stands there before the first test stays: looking through it for garbage time and again
    took a tenth of the suite."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _drop(connection: BaseDatabaseWrapper, name: str, verbosity: int) -> None:
    """Also when a server's thread or a worker, on its way out, still holds a connection."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {connection.ops.quote_name(name)} WITH (FORCE)")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database for each run and each worker, so that two runs never meet. On SQLite a file, as
    in an installation: in memory, threads would share one connection's locks."""
    for each in connections.all():
        if each.vendor == "sqlite":
            name = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        else:
            name = f"test_bewijskracht_{uuid.uuid4().hex[:12]}"
            each.creation._destroy_test_db = partial(_drop, each)
        each.settings_dict["TEST"]["NAME"] = name


@pytest.fixture(scope="session", autouse=True)
def _filled_tables_emptied() -> Iterator[None]:
    """A test that commits ends by emptying the tables that it filled, which append-only ones
    refuse. Django would empty all, and then lay again what stands there after a migration."""

    def empty(_case: TransactionTestCase) -> None:
        models = filled(
            model
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed and model not in (ContentType, Permission)
        )
        with transaction.atomic(), lifted(models=set(models) & set(protected())):
            with connection.cursor() as cursor:
                for model in models:
                    cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
            connection.check_constraints()  # PostgreSQL makes no trigger before that

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_ROOT = tmp_path
    settings.FILES_ROOT = tmp_path / "files"
    settings.CHECKPOINT_ROOT = tmp_path / "checkpoints"
    storage = {**settings.STORAGES["default"], "OPTIONS": {"location": settings.FILES_ROOT}}
    settings.STORAGES = {**settings.STORAGES, "default": storage}


@pytest.fixture
def waits(settings: Settings) -> None:
    """Let mails and announcements wait as in a school (tests/settings)."""
    settings.UNDO_SECONDS, settings.QUESTION_UNDO_SECONDS = 600, 60
    settings.ANNOUNCE_SECONDS = 600


@pytest.fixture
def object_store(settings: Settings, _own_files: None) -> None:
    """Files are kept in a storage that knows no paths."""
    own = {"BACKEND": "tests.files.stores.ObjectStore", "OPTIONS": {}}
    settings.STORAGES = {**settings.STORAGES, "default": own}


@pytest.fixture(scope="session", autouse=True)
def _people_sign_in() -> Iterator[None]:
    """A test may sign a person in: it is their account that comes in."""
    force_login = Client.force_login

    def sign_in(client: Client, somebody: Account | Person, backend: str | None = None) -> None:
        account = somebody.account if isinstance(somebody, Person) else somebody
        force_login(client, account, backend)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", sign_in)
        yield


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """Not the language of who was answered last by a client of an earlier test."""
    translation.deactivate()


@pytest.fixture(scope="session")
def found_samples() -> Path | None:
    """The folder of real dossiers and files, or None where it is absent."""
    default = django_settings.BASE_DIR.parent / "shared" / "data"
    folder = Path(os.environ.get("SAMPLES") or default)
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def samples(found_samples: Path | None) -> Path:
    """The folder of real dossiers and files; the test is skipped where it is absent."""
    if found_samples is None:
        pytest.skip("no samples: SAMPLES names no folder and ../shared/data is absent")
    return found_samples


@pytest.fixture(autouse=True)
def _lawful_acts_look_lawful(request: pytest.FixtureRequest, _own_files: None) -> Iterator[None]:
    """After each test with a database the record verifies: nothing that the application did looks
    like tampering, unless the test says that it tampers; and no event is large. What factories made
    without an event is not its business; nor is a demo that was filled before, of which one test
    verifies all."""
    node = request.node
    if not node.get_closest_marker("database") or node.get_closest_marker("tampers"):
        yield
        return
    request.getfixturevalue("db")
    was_filled = Event.objects.exists()
    yield
    if not was_filled and Event.objects.exists():
        assert largest_event() <= LARGEST
        faults = verify_once(django_settings.SEAL_KEYS).faults
        made = [fault.removesuffix("inserted") for fault in faults if fault.endswith(": inserted")]
        assert [fault for fault in faults if not fault.startswith(tuple(made))] == []
