"""What is said when something that everything stands on is not there now: a database that stays
locked or is away, a disk that is full. What was typed is kept on the page (503)."""

import logging

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.template.loader import render_to_string

from people.disk import let_go_for
from people.faults import LOCKED, LOST, WITHOUT_ROOM
from people.sending import Fields, sent

logger = logging.getLogger(__name__)

AGAIN_AFTER = {WITHOUT_ROOM: 600, LOCKED: 5, LOST: 30}  # seconds


class ForgeryCheck(CsrfViewMiddleware):
    """Gives the reason for which it refuses, and draws no page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def unavailable(request: HttpRequest, outage: str) -> HttpResponse:
    """Say what is not there now, on a page that is drawn without a query, with what was typed, so
    that one tap sends it again. Files cannot be kept in a page; it says so."""
    logger.error("503: %s", outage)
    kept = _kept(request)
    token = get_token(request) if kept is None else request.POST.get("csrfmiddlewaretoken", "")
    context = {
        "request": request,
        # That of the form as it was drawn: if it was done after all, it is known for the same.
        "csrf_token": token or get_token(request),
        "kept": kept,
        "had_files": (kept is not None and bool(request.FILES)) or bool(let_go_for(request)),
        "outage": outage,
    }
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(AGAIN_AFTER[outage])
    return response


def _kept(request: HttpRequest) -> Fields | None:
    """Find what was typed, where the form is one of ours: that is asked here for what failed before
    it was asked. None where there is nothing to be read."""
    try:
        if not getattr(request, "csrf_processing_done", False):
            check = ForgeryCheck(_no_view)
            if check.process_view(request, _no_view, (), {}):
                return None
        return sent(request)
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return None


def _no_view(request: HttpRequest) -> HttpResponse:
    """Stand for a view, where only the check before one is asked."""
    return HttpResponse()
