"""Whether the application stands, and what waits how long: for who watches over it."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, connection
from django.utils import timezone

from files.models import StoredFile
from post import broker
from post.models import Errand, OutboxMail

LEAST_ROOM = 200 * 1024 * 1024  # bytes on the disk of the files, below which it is not ready


@dataclass(frozen=True, slots=True)
class Health:
    """What is there, and for how many seconds the oldest mail and the oldest work have waited since
    their time came; None where that cannot be known. Without a broker all goes on, but slower."""

    database: bool
    files: bool
    broker: bool
    oldest_mail: float | None
    oldest_work: float | None

    @property
    def is_ready(self) -> bool:
        """Tell whether people can be served: database, with its tables, and files are there."""
        return self.database and self.files and self.oldest_mail is not None


def health() -> Health:
    """Look at all that the application stands on. Four queries, 2 s at most for the broker."""
    has_database = _answers_database()
    return Health(
        database=has_database,
        files=_takes_files(),
        broker=settings.EMBEDDED or broker.answers(),
        oldest_mail=_age(_oldest_mail) if has_database else None,
        oldest_work=_age(_oldest_work) if has_database else None,
    )


def room_for_files() -> int | None:
    """Tell how many bytes the disk of the files has left; None where a disk keeps none."""
    if not isinstance(default_storage, FileSystemStorage):
        return None
    found = os.statvfs(_folder())
    return found.f_bavail * found.f_frsize


def _answers_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _takes_files() -> bool:
    try:
        default_storage.exists("health")
        room = room_for_files()
    except Exception:  # whatever a storage elsewhere raises
        return False
    return room is None or (room >= LEAST_ROOM and os.access(_folder(), os.W_OK))


def _folder() -> Path:
    """Find the folder of the files, or that in which it will be made."""
    folder = Path(settings.FILES_ROOT)
    return next(each for each in (folder, *folder.parents) if each.exists())


def _age(find: Callable[[datetime], datetime | None]) -> float | None:
    now = timezone.now()
    with suppress(DatabaseError):
        since = find(now)
        return max(0.0, (now - since).total_seconds()) if since else 0.0
    return None


def _oldest_mail(now: datetime) -> datetime | None:
    waiting = OutboxMail.objects.filter(state=OutboxMail.State.WAITING, due_at__lte=now)
    return waiting.order_by("due_at").values_list("due_at", flat=True).first()


def _oldest_work(now: datetime) -> datetime | None:
    """Find since when the oldest errand or the oldest file to prepare waits."""
    errands = Errand.objects.unclaimed(now).order_by("recorded_at")
    files = StoredFile.objects.to_prepare(now).order_by("recorded_at")
    oldest = [rows.values_list("recorded_at", flat=True).first() for rows in (errands, files)]
    return min((since for since in oldest if since), default=None)
