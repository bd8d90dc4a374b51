"""What happens when the disk is full: nothing half is kept, and what was typed is not lost."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from records.locking import OUT_OF_ROOM, said_one_of

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_full(fault: BaseException) -> bool:
    """Tell whether this is a disk without room, of files or of the database."""
    is_of_files = isinstance(fault, OSError) and fault.errno in NO_ROOM
    return is_of_files or said_one_of(OUT_OF_ROOM, fault)


class UploadHandler(TemporaryFileUploadHandler):
    """Lets go of a file for which there is no room, and reads on: the fields after it too hold what
    somebody typed. The request then says so (`lacked_room`)."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        with self._letting_go():
            super().new_file(*args, **kwargs)

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


def lacked_room(request: HttpRequest) -> bool:
    """Tell whether a file that came with this request was let go of."""
    return getattr(request, "lacked_room", False)
