"""The demo, filled once for all tests of a module."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from demo.filling import fill
from post import work


@contextmanager
def demo_in(
    folder: Path, within: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[dict[str, Any]]:
    """What the settings were when it was filled; it goes with the block."""
    files = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder / "files"},
    }
    kept: dict[str, Any] = {
        "DEMO": True,
        "DATA_ROOT": folder,
        "FILES_ROOT": folder / "files",
        "EMAIL_BACKEND": "demo.mailbox.EmailBackend",
        "STORAGES": {
            "default": files,
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
    }
    with transaction.atomic():
        with override_settings(**kept), within():
            fill()
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
    """A module may say within what it is filled (`FILL_WITHIN`)."""
    within = getattr(request.module, "FILL_WITHIN", nullcontext)
    with django_db_blocker.unblock(), demo_in(tmp_path_factory.mktemp("demo"), within) as kept:
        yield kept


@pytest.fixture
def filled_demo(_filled: dict[str, Any], _own_files: None) -> Iterator[None]:
    with override_settings(**_filled):
        yield
