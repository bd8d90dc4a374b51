"""What happens when the disk is full: nothing half is kept, and what was typed is not lost."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from records.locking import OUT_OF_ROOM, said_one_of

LONGEST_EXTENSION = 20
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(fault: BaseException) -> bool:
    """Tell whether this is a disk without room, of files or of the database."""
    is_of_files = isinstance(fault, OSError) and fault.errno in NO_ROOM
    return is_of_files or said_one_of(OUT_OF_ROOM, fault)


class UploadHandler(TemporaryFileUploadHandler):
    """Lets go of a file for which there is no room, and reads on: the fields after it too hold what
    somebody typed. The request then says so (`lacked_room`). Of who is not signed in nothing comes
    on the disk, as no form asks them for a file."""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise SkipFile
        with self._letting_go():
            super().new_file(field_name, _short(file_name), *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with self._letting_go():
            super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        with suppress(SkipFile), self._letting_go():
            return super().file_complete(file_size)

    @contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        except OSError as fault:
            if not is_full(fault):
                raise
            self.request.lacked_room = True  # type: ignore[union-attr]  # a request is there by now
            with suppress(OSError):  # what is left in memory has no room either
                self.file.close()
            raise SkipFile from fault


def _short(name: str) -> str:
    """Cut off an extension that is longer than any: the file of a while is called by it."""
    stem, dot, extension = name.rpartition(".")
    return f"{stem}{dot}{extension[:LONGEST_EXTENSION]}" if dot else name


def lacked_room(request: HttpRequest) -> bool:
    """Tell whether a file that came with this request was let go of."""
    return getattr(request, "lacked_room", False)
