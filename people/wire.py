"""What comes over the wire, before any view looks at it. Whatever no browser sends is refused here,
in one place, and reaches no form, no database and no name of a file."""

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

NUL: Final = "\0"  # PostgreSQL has no place for it
_LENGTH: Final = re.compile(r"[0-9]{1,18}")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_readable_type(application: Application) -> Application:
    """Wrap a WSGI application, so that a content type that cannot be read, or in another encoding
    than UTF-8, is none at all: Django reads it where nothing yet answers for a fault."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _is_readable(environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = ""
        return application(environ, start_response)

    return guarded


def _is_readable(content_type: str) -> bool:
    try:
        _kind, said = parse_header_parameters(content_type)
        return codecs.lookup(said.get("charset", "utf-8")).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def check_readable(request: HttpRequest) -> None:
    """Refuse a request of a length that is no number, and one with a NUL in its address or its
    cookies. Reads no body."""
    if not _LENGTH.fullmatch(request.META.get("CONTENT_LENGTH") or "0"):
        request.META["CONTENT_LENGTH"] = "0"  # for whoever writes the answer
        raise BadRequest("the length of the body is no number")
    _check_no_nul([request.path, *_all(request.GET), *_all(request.COOKIES)])


def check_names(request: HttpRequest) -> None:
    """Refuse a form with a NUL in the name of a field; in a value the form itself says it. Reads
    the body."""
    _check_no_nul([*request.POST, *request.FILES])


def announced(request: HttpRequest) -> int:
    """Return how many bytes the body of a readable request has, as was announced."""
    return int(request.META.get("CONTENT_LENGTH") or 0)


def _all(sent: Any) -> list[str]:
    """List the names and the values in this."""
    values = sent.lists() if hasattr(sent, "lists") else ((name, [sent[name]]) for name in sent)
    return [text for name, texts in values for text in (name, *texts)]


def _check_no_nul(texts: Iterable[str]) -> None:
    if any(NUL in text for text in texts):
        raise BadRequest("a character that nobody types")
