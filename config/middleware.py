"""What stands around all requests: the id by which the lines of one are found, and what is measured
of each."""

import re
import uuid
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.signals import request_finished
from django.db import connection
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from config.logs import request_id

# As web servers and proxies make them: a UUID or figures of sixteen. Nothing else comes in a line.
WELL_FORMED = re.compile(r"[0-9a-f-]{16,64}", re.IGNORECASE)


class RequestIdMiddleware:
    """Gives each request an id, or keeps that of a proxy of ours, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        own = given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        request_id.set(own)  # until it has ended: Django writes of this one after all middleware
        response = self.get_response(request)
        response["X-Request-ID"] = own
        return response


@receiver(request_finished)
def _forget_request_id(**_: object) -> None:
    """Let no line of the server about what is no request bear the id of the one before it."""
    request_id.set("-")


class MeasureMiddleware:
    """Counts each answer, with its time and its queries, where somebody may fetch that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from home.measures import Queries, measure  # once the apps are there

        begun, queries = perf_counter(), Queries()
        with connection.execute_wrapper(queries):
            response = self.get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else "-"
        measure(view, request.method or "", response.status_code, perf_counter() - begun, queries)
        return response
