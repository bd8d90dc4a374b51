"""The body of a line of the coverage: a page of its own, which opens in place."""

from collections.abc import Iterable
from dataclasses import replace

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portfolio.coverage import WHOLE, Entry, Filter, Line, draw_line
from portfolio.evidence_set import EvidenceSet, PieceFact

AT_A_TIME = 20  # remarks and pieces


def under(name: str, *args: object, key: object) -> str:
    """Return the address under which the things of a URL stand whose last argument is their key, of
    which `key` is an example."""
    return reverse(name, args=[*args, key]).removesuffix(f"{key}/")


def line_page(
    request: HttpRequest,
    evidence_set: EvidenceSet,
    key: str,
    only: Filter,
    *,
    pieces_at: str,
    back: tuple[str, str],
) -> HttpResponse:
    """Show one line of the coverage of this set, so many remarks and pieces at a time: for htmx
    what goes into the fold, or under what stands there already; else a whole page that leads `back`
    (an address and its words). The pieces stand under the address `pieces_at`. Raises Http404 for a
    key that the coverage does not have. No query."""
    line = draw_line(evidence_set, key, only)
    if line is None:
        raise Http404
    items: list[Entry | PieceFact] = [*line.entries, *line.bare]
    page = Paginator(items, AT_A_TIME).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked["page"] = str(page.number + 1)
    context = {
        "title": _title(line),
        "line": _part(line, page.object_list),
        "said": len(line.entries),
        "left": len(items) - page.end_index(),
        "more": f"{request.path}?{asked.urlencode()}" if page.has_next() else "",
        "page": page,
        "query": only.query.removeprefix("?"),
        "only": only,
        "pieces_at": pieces_at,
        "back": back,
    }
    if not getattr(request, "htmx", False):
        return render(request, "portfolio/line.html", context)
    body = "portfolio/_line.html" if page.number == 1 else "portfolio/_line.html#items"
    return render(request, body, context)


def _title(line: Line) -> str:
    if line.requirement is not None:
        return line.requirement.words
    return _("Remarks on the whole") if line.key == WHOLE else _("Without feedback yet")


def _part(line: Line, items: Iterable[Entry | PieceFact]) -> Line:
    kept = list(items)
    return replace(
        line,
        entries=tuple(item for item in kept if isinstance(item, Entry)),
        bare=tuple(item for item in kept if isinstance(item, PieceFact)),
    )
