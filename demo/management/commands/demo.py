import os
import shutil
import sys
from argparse import ArgumentParser
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from demo.filling import fill
from demo.people import ACCOUNTS, PASSWORD
from post import work

# What a filled demo comes from: what happens in it, and the tables that hold it.
SOURCES = ("demo/*.py", "demo/told/*.toml", "*/migrations/*.py")


def _edition() -> str:
    files = sorted(file for pattern in SOURCES for file in settings.BASE_DIR.glob(pattern))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class Command(BaseCommand):
    help = "Set up the demo under DATA_ROOT, fill it once, and serve it on this machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--reset", action="store_true", help="start afresh")
        parser.add_argument("--no-serve", action="store_true", help="only set up and fill")

    def handle(self, *_: Any, port: int, reset: bool, no_serve: bool, **__: Any) -> None:
        if not settings.DEMO or connection.vendor != "sqlite":
            raise CommandError("The demo runs with DEMO=1, on its own embedded database.")
        settings.BASE_URL = f"http://127.0.0.1:{port}"
        filled = settings.DATA_ROOT / "filled"
        edition = _edition()
        if reset or not filled.exists() or filled.read_text() != edition:
            self._start_afresh()
        call_command("migrate", verbosity=0)
        if not filled.exists():
            self.stdout.write("Filling the demo ...")
            fill()
            work.sweep()
            filled.write_text(edition)
        if not no_serve:
            self._serve(port)

    def _start_afresh(self) -> None:
        """Take away what an earlier demo left: of an earlier version, or not finished."""
        connection.close()
        for name in ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "filled"):
            (settings.DATA_ROOT / name).unlink(missing_ok=True)
        for folder in (
            settings.DATA_ROOT / "mailbox",
            settings.FILES_ROOT,
            settings.CHECKPOINT_ROOT,
        ):
            shutil.rmtree(folder, ignore_errors=True)

    def _serve(self, port: int) -> None:
        connection.close()
        self.stdout.write(f"\nAccounts (password: {PASSWORD}):")
        for account in ACCOUNTS:
            self.stdout.write(f"  {account.address:28} {account.name}")
        self.stdout.flush()
        environment = os.environ | {"PORT": str(port), "BASE_URL": settings.BASE_URL}
        server = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "--config",
            "python:config.gunicorn",
        ]
        os.execve(sys.executable, server, environment)  # noqa: S606 - no shell is the point
