"""For who watches over the application: whether it stands, and what is measured."""

import hmac
from dataclasses import asdict

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from home.health import health
from home.measures import exposition
from people.access import public


@public("whether the process answers, which asks nothing")
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("live\n", content_type="text/plain")


@public("whether database and files are there, and how long the oldest mail and work wait")
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 503 where nothing can be done here. Without a broker everything can."""
    found = health()
    return JsonResponse(asdict(found), status=200 if found.is_ready else 503)


@public("asks for a token of its own, and is not there where none was set")
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    wanted = settings.METRICS_TOKEN
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
