"""What happens to files that come in when they cannot be taken: nothing half is kept, and what was
typed is not lost."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest

from people.faults import outage_in

LONGEST_EXTENSION = 20


class UploadHandler(TemporaryFileUploadHandler):
    """Lets go of a file for which there is no room, or of which nobody can say now who sends it,
    and reads on: the fields after it too hold what somebody typed. The request then says so
    (`let_go_for`). Of who is not signed in nothing comes on the disk, as no form asks them for a
    file."""

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        with self._letting_go():
            user = getattr(self.request, "user", None)
            if user is None or not user.is_authenticated:
                raise SkipFile
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
        except Exception as fault:
            if (outage := outage_in(fault)) is None:
                raise
            self.request.let_go_for = outage  # type: ignore[union-attr]  # a request is there by now
            # What is left in memory has no room either, and there may be no file yet.
            with suppress(OSError, AttributeError):
                self.file.close()
            raise SkipFile from fault


def _short(name: str) -> str:
    """Cut off an extension that is longer than any: the file of a while is called by it."""
    stem, dot, extension = name.rpartition(".")
    return f"{stem}{dot}{extension[:LONGEST_EXTENSION]}" if dot else name


def let_go_for(request: HttpRequest) -> str | None:
    """Tell for want of what (people/faults.py) a file that came with this request was let go of;
    None where none was."""
    return getattr(request, "let_go_for", None)
