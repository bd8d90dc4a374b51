from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render

from records.drafts import sent
from records.refusals import NotPossible


class RefusalMiddleware:
    """What cannot be done now, said on a page of its own: what the state of things refuses (409),
    what is too large to take in (413), and a database that stays locked (503), with what was
    typed, so that one tap tries again. Files cannot be kept in a page; it says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Before anything else reads the body: the check against forgery does."""
        return render(request, "413.html", status=413) if _is_too_large(request) else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotPossible):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        if not isinstance(exception, OperationalError) or "locked" not in str(exception):
            return None
        context = {"kept": sent(request), "had_files": bool(request.FILES)}
        response = render(request, "503.html", context, status=503)
        response["Retry-After"] = "5"
        return response


class PageCompressionMiddleware(GZipMiddleware):
    """Pages travel compressed, with a random length added so that their size tells nothing of what
    is secret in them. Files do not: most are compressed already, and are asked for in parts."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response


def _is_too_large(request: HttpRequest) -> bool:
    """Whether the body, its text or the number of its files is more than is taken in."""
    if int(request.headers.get("Content-Length") or 0) > settings.LARGEST_BODY:
        return True
    try:
        request.POST.keys()  # reads the body, if it is a form
    except (RequestDataTooBig, TooManyFilesSent):
        return True
    return False
