"""What stands in the logs: what happened, where in the code and in which request, and nothing of
whom. No live link, no address and no name comes into a line, at any level and whoever wrote it.

All records of a process are made here, before any handler sees them. The address of a page becomes
the name of its view; of what is put into a message only numbers, ids and words of code stay; a
fault is told by its kind and its place, since its words may repeat what somebody wrote.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db.models import Model
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404, resolve
from gunicorn.glogging import Logger

from records.locking import BUSY, is_away, said_one_of

request_id: ContextVar[str] = ContextVar("request_id", default="-")

HIDDEN = "…"
KEPT = (int, float, Decimal, date, timedelta, UUID, type(None))
PHRASES = {status.phrase for status in HTTPStatus}
# As a word of code is written: the name of a task, of a template, of a module.
WORD = re.compile(r"[a-z0-9_][a-z0-9_.:/+-]{0,79}")
DOTTED = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,40}){1,4}")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
URL = re.compile(r"\b([a-z][a-z0-9+.-]*)://[^\s'\"<>]*", re.IGNORECASE)
PATH = re.compile(r"(?<![\w./:<…])/[^\s'\"<>,;)]*")
MAIL = re.compile(r"[^\s@<>'\"(),:;=]+@[^\s@<>'\"(),:;=]+")
QUOTED = re.compile(r"(?<!\w)(['\"])(?:(?!\1).)*\1(?!\w)")
PLACE = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])"
)
LONG = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z0-9])[\w-]{24,}(?![\w-])")

# Answered with a page, and told in one line: nothing went wrong in the code.
ANSWERED = (Http404, PermissionDenied, BadRequest, SuspiciousOperation, MultiPartParserError)


# --- What may stand in a line ---------------------------------------------------------------------


def clean(text: str) -> str:
    """Take out of a text what may be a link, an address or a token, and what it quotes."""
    text = URL.sub(rf"\1://{HIDDEN}", text)
    text = MAIL.sub(HIDDEN, text)
    text = QUOTED.sub(HIDDEN, text)
    text = PATH.sub(lambda found: page_at(found[0]), text)
    text = PLACE.sub(HIDDEN, text)
    text = LONG.sub(lambda found: found[0] if UUID_TEXT.fullmatch(found[0]) else HIDDEN, text)
    return text.replace("\r", "").replace("\n", "\\n")


def page_at(path: str) -> str:
    """Tell the name of the view at this address; nothing of an address that has none."""
    if settings.ROOT_URLCONF not in sys.modules:  # while the application starts
        return f"/{HIDDEN}"
    try:
        return resolve(path.partition("?")[0]).view_name or f"/{HIDDEN}"
    except Resolver404:
        return f"/{HIDDEN}"


def _is_ours(logger: str) -> bool:
    """Tell whether one of our rooms writes: what it puts into a message was looked through."""
    return settings.configured and logger.partition(".")[0] in settings.INSTALLED_APPS


def _is_of_code(value: str, *, ours: bool) -> bool:
    """Tell whether this is a word of code. Of a library only a module that is here, or a name in a
    room of ours: anything else may be somebody's name, or a code."""
    if value in PHRASES or UUID_TEXT.fullmatch(value):
        return True
    if ours:
        return WORD.fullmatch(value) is not None
    if "." in value and value in sys.modules:
        return True
    return DOTTED.fullmatch(value) is not None and _is_ours(value)


def _shown(value: Any, *, ours: bool) -> Any:
    """Give what stands in a message for a value."""
    if isinstance(value, KEPT):
        return value
    if isinstance(value, BaseException):
        return kind_of(value)
    if isinstance(value, Model):
        return f"{value._meta.label_lower} {value.pk}"
    if isinstance(value, type):
        return value.__name__
    if not isinstance(value, str):
        return HIDDEN
    if value.startswith("/"):
        return page_at(value)
    return value if _is_of_code(value, ours=ours) else HIDDEN


def _message(message: object, args: Any, *, ours: bool) -> str:
    if not isinstance(message, str):
        return str(_shown(message, ours=ours))
    if isinstance(args, tuple) and len(args) == 1 and isinstance(args[0], Mapping) and args[0]:
        args = {name: _shown(value, ours=ours) for name, value in args[0].items()}
    elif args:
        args = tuple(_shown(value, ours=ours) for value in args)
    try:
        return clean(message % args if args else message)
    except (TypeError, ValueError, KeyError):
        return clean(message)


def kind_of(fault: BaseException) -> str:
    """Name a fault, with the code of a system or a database, and without its words."""
    code = getattr(fault, "errno", None) or getattr(fault.__cause__, "sqlstate", None)
    code = code or getattr(fault.__cause__, "sqlite_errorname", None)
    name = type(fault).__qualname__
    return f"{name} {code}" if code else name


def trace_of(fault: BaseException) -> str:
    """Tell where a fault came about, and which it followed upon, each by its kind."""
    return "".join(_traced(fault, set())).rstrip()


def _traced(fault: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(fault))
    before = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if before is not None and id(before) not in seen:
        yield from _traced(before, seen)
        yield "\nwhereupon:\n\n"
    yield from traceback.format_tb(fault.__traceback__)
    yield f"{kind_of(fault)}\n"


class CleanRecord(logging.LogRecord):
    """A line of a log, of which nothing needs to be taken out any more."""

    def __init__(
        self,
        name: str,
        level: int,
        pathname: str,
        lineno: int,
        msg: object,
        args: Any,
        exc_info: Any,
        func: str | None = None,
        sinfo: str | None = None,
        **kwargs: Any,
    ) -> None:
        fault = exc_info[1] if exc_info else None
        # Django says the words of what it finds suspicious.
        said = name if name.startswith("django.security.") and not args else msg
        text = _message(said, args, ours=_is_ours(name))
        if fault is not None and (isinstance(fault, ANSWERED) or is_outage(fault)):
            text, fault, exc_info = f"{text} ({kind_of(fault)})", None, None
        super().__init__(name, level, pathname, lineno, text, (), exc_info, func, sinfo, **kwargs)
        self.request_id = request_id.get()
        if fault is not None:
            self.exc_text = trace_of(fault)


def is_outage(fault: BaseException) -> bool:
    """Tell whether a database was away or locked: which the code can do nothing about."""
    return is_away(fault) or said_one_of(BUSY, fault)


logging.setLogRecordFactory(CleanRecord)


# --- How a line is written ------------------------------------------------------------------------


class LineFormatter(logging.Formatter):
    """Writes a line to be read."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")


class JsonFormatter(logging.Formatter):
    """Writes a line to be searched: one JSON object, its trace too."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
            "status": getattr(record, "status_code", None),
            "trace": record.exc_text,
        }
        return json.dumps({name: value for name, value in line.items() if value is not None})


def formatter() -> logging.Formatter:
    return JsonFormatter() if settings.LOG_JSON else LineFormatter()


class ServerLogger(Logger):
    """The web server's own lines, written as ours are."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(formatter())
