"""The body of a line of the coverage: a page of its own, which opens in place."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portfolio.behind import behind, entries_of
from portfolio.coverage import (
    EVERYTHING,
    WHOLE,
    Counts,
    Coverage,
    Entry,
    Filter,
    Line,
    draw_line,
)
from portfolio.evidence_set import EvidenceSet, Frame, PieceFact
from portfolio.kept import Figures
from records.prepared import MOST_IDS

AT_A_TIME = MOST_IDS  # remarks and pieces


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
    page = _page_asked(request, len(items))
    kept = items[max(0, page.start_index() - 1) : page.end_index()]
    part = replace(
        line,
        entries=tuple(item for item in kept if isinstance(item, Entry)),
        bare=tuple(item for item in kept if isinstance(item, PieceFact)),
    )
    found = (len(line.entries), len(items))
    return _shown(request, part, *found, only, pieces_at=pieces_at, back=back)


def live_coverage(reading: Figures, only: Filter = EVERYTHING) -> Coverage:
    """Show the coverage of an enrolment as it is now, with the newest remarks on the whole. At most
    two queries for those, and what `Figures.counts` takes."""
    return coverage_in_words(reading.counts(only), reading.frame, only)


def coverage_in_words(counts: Counts, frame: Frame, only: Filter = EVERYTHING) -> Coverage:
    """Show a coverage in these figures, with the newest remarks on the whole. At most two
    queries."""
    drawn = counts.coverage(frame, only)
    if not drawn.whole:
        return drawn
    newest = [UUID(key) for key in counts.newest]
    return replace(drawn, newest=tuple(entries_of(newest, only, counts.named)))


def live_line_page(
    request: HttpRequest,
    reading: Figures,
    key: str,
    only: Filter,
    *,
    pieces_at: str,
    back: tuple[str, str],
) -> HttpResponse:
    """Show one line of the coverage of an enrolment as it is now, as `line_page` does. At most
    five queries, and those of counting where a filter asks for it."""
    frame, counts = reading.frame, reading.counts(only)
    found = behind(reading.enrolment.student_id, frame, key, only, counts.named)
    return part_of_line_page(
        request, frame, counts, key, only, found, pieces_at=pieces_at, back=back
    )


class FoundBehind(Protocol):
    """What stands behind a line, found and not yet read: remarks, newest first, then the pieces
    without one."""

    @property
    def remarks(self) -> Sequence[Any]: ...

    @property
    def bare(self) -> Sequence[Any]: ...

    def part(self, start: int, most: int) -> tuple[list[Entry], list[PieceFact]]: ...


def part_of_line_page(
    request: HttpRequest,
    frame: Frame,
    counts: Counts,
    key: str,
    only: Filter,
    found: FoundBehind | None,
    *,
    pieces_at: str,
    back: tuple[str, str],
) -> HttpResponse:
    """Show of what was found behind a line the part that is asked for, as `line_page` does. What
    reading that part takes in queries. Raises Http404 where nothing can be there."""
    if found is None:
        raise Http404
    items = len(found.remarks) + len(found.bare)
    page = _page_asked(request, items)
    entries, bare = found.part(max(0, page.start_index() - 1), AT_A_TIME)
    fact = next((fact for fact in frame.requirements if fact.id == key), None)
    places = (process for task in frame.core_tasks for process in task.work_processes)
    line = Line(
        key,
        fact,
        tuple(process.code for process in places if key in process.requirements),
        counts.tallies[key].periods if fact else (),
        tuple(entries),
        tuple(bare),
    )
    said = len(found.remarks)
    return _shown(request, line, said, items, only, pieces_at=pieces_at, back=back)


def _shown(
    request: HttpRequest, line: Line, said: int, items: int, only: Filter, **context: Any
) -> HttpResponse:
    page = _page_asked(request, items)
    asked = request.GET.copy()
    asked["page"] = str(page.number + 1)
    context |= {
        "title": _title(line),
        "line": line,
        "said": said,
        "left": items - page.end_index(),
        "more": f"{request.path}?{asked.urlencode()}" if page.has_next() else "",
        "page": page,
        "query": only.query.removeprefix("?"),
        "only": only,
    }
    if not getattr(request, "htmx", False):
        return render(request, "portfolio/line.html", context)
    body = "portfolio/_line.html" if page.number == 1 else "portfolio/_line.html#items"
    return render(request, body, context)


def _page_asked(request: HttpRequest, items: int) -> Page:
    return Paginator(range(items), AT_A_TIME).get_page(request.GET.get("page"))


def _title(line: Line) -> str:
    if line.requirement is not None:
        return line.requirement.words
    return _("Remarks on the whole") if line.key == WHOLE else _("Without feedback yet")
