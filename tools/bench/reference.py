"""The URLconf of a measured run: that of the product, with a page to measure by."""

from django.http import HttpRequest, HttpResponse
from django.template import Context, engines
from django.urls import path

from config.urls import handler500, urlpatterns
from people.access import signed_in

__all__ = ["handler500", "urlpatterns"]

ROWS = [
    f"{number}: as many words as stand in a row of a page of this kind." for number in range(200)
]
PAGE = (
    "<!doctype html><html><head><title>Reference</title></head><body><main><ul>"
    '{% for row in rows %}<li class="row"><span class="words">{{ row }}</span></li>{% endfor %}'
    "</ul></main></body></html>"
)


@signed_in
def reference(_request: HttpRequest) -> HttpResponse:
    """Session and user are read, and 200 rows of one variable each are drawn: 20 kB."""
    template = engines["django"].from_string(PAGE).template  # type: ignore[attr-defined]
    return HttpResponse(template.render(Context({"rows": ROWS})))


urlpatterns = [path("reference/", reference), *urlpatterns]
