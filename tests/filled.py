"""The demo, filled once for all tests of a run."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from demo.filling import fill
from post import work
from tests.laid import Laid, once_a_run, rows_now
from tests.words import marked_translations


def lay_demo(folders: pytest.TempPathFactory) -> None:
    """As it is when it was just filled, with its mail still to be sent."""
    once_a_run("demo", _fill, folders).put_in()


def _fill() -> Laid:
    """While translations are marked: what is kept must not be translated when it is written."""
    with transaction.atomic(), marked_translations():
        before = rows_now()
        fill()
        made = Laid.since(before, None)
        assert made
        transaction.set_rollback(True)
    return made


@contextmanager
def demo_in(
    folders: pytest.TempPathFactory,
    within: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Iterator[dict[str, Any]]:
    """What the settings are in which it is read; it goes with the block."""
    folder = folders.mktemp("demo")
    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder / "files"},
    }
    kept: dict[str, Any] = {
        "DEMO": True,
        "DATA_ROOT": folder,
        "FILES_ROOT": folder / "files",
        "CHECKPOINT_ROOT": folder / "checkpoints",
        "EMAIL_BACKEND": "demo.mailbox.EmailBackend",
        "STORAGES": {
            "default": files,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }
    with transaction.atomic():
        with override_settings(**kept):
            lay_demo(folders)
            with within():
                work.sweep()
        yield kept
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def _filled(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    """A module may say within what its mail is sent (`SENT_WITHIN`)."""
    within = getattr(request.module, "SENT_WITHIN", nullcontext)
    with django_db_blocker.unblock(), demo_in(tmp_path_factory, within) as kept:
        yield kept


@pytest.fixture
def filled_demo(_filled: dict[str, Any], _own_files: None) -> Iterator[None]:
    with override_settings(**_filled):
        yield
