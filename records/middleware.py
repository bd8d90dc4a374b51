from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from records.refusals import NotPossible


class RefusalMiddleware:
    """What cannot be done now, said on a page of its own: what the state of things refuses (409),
    and a database that stays locked (503), with what was typed, so that one tap tries again.
    Files cannot be kept in a page; it says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotPossible):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        if not isinstance(exception, OperationalError) or "locked" not in str(exception):
            return None
        kept = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in ("csrfmiddlewaretoken", "password")
            for value in values
        ]
        response = render(
            request, "503.html", {"kept": kept, "had_files": bool(request.FILES)}, status=503
        )
        response["Retry-After"] = "5"
        return response
