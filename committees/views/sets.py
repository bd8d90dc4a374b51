"""The parts of a case's set that open on demand, each a page of its own: a line of the coverage,
the pieces, one of them; and all of it at once, for paper."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from committees.access import check_may_read
from committees.dossier import (
    PIECES_AT_A_TIME,
    aside_page,
    piece_rows,
    pieces_page,
    set_context,
    shown_pieces,
)
from committees.models import Case
from committees.set_figures import FrozenPages, frozen_pages
from committees.snapshots import number_of_piece, preview, read
from committees.who_sits import moment_of, panel_of
from people.access import NotAllowed, PersonRequest, signed_in
from people.models import Account
from portfolio.coverage import draw_lines
from portfolio.evidence_set import EvidenceSet, FileFact, PieceFact
from portfolio.forms import CoverageFilterForm
from portfolio.lines import line_page, part_of_line_page, under
from records.prepared import PreparedQuery


class Places(TypedDict):
    """Where a line leads: the address of the pieces, and the way back."""

    pieces_at: str
    back: tuple[str, str]


@dataclass(frozen=True)
class OpenedSet:
    """The set of a case, for somebody who may read it: frozen, or, for the student, as it would be
    frozen now; where its files are; and the page on which they read it."""

    case: Case
    page: str

    @cached_property
    def pages(self) -> FrozenPages | None:
        """The frozen set, of which so much is read as is shown; None before there is one."""
        return frozen_pages(self.case) if self.case.has_set else None

    @cached_property
    def to_be(self) -> EvidenceSet:
        """The set as it would be frozen. At most 19 queries."""
        return preview(self.case, timezone.now()).evidence_set

    @property
    def file_address(self) -> Callable[[PieceFact, FileFact], str]:
        if not self.case.has_set:
            return lambda piece, file: reverse("evidence:file", args=[piece.id, file.id])
        return lambda piece, file: reverse("committees:file", args=[self.case.pk, file.file])

    @property
    def back(self) -> tuple[str, str]:
        return self.page, _("The set of %(student)s") % {"student": self.case.enrolment.student}

    @property
    def pieces_at(self) -> str:
        return under("committees:piece", self.case.pk, key=UUID(int=0))


def _opened(request: PersonRequest, pk: UUID) -> OpenedSet:
    """Open the set for who may come in by a page that shows it: the student's own, the dossier, or
    the record of who supervises."""
    case = next(iter(READABLE.rows(pk, request.user.pk)), None)
    if case is None:
        raise Http404
    page = _page_of(request, case)
    if not case.has_set and page != "my_case":
        raise Http404  # until the reference date the set is the student's
    return OpenedSet(case, reverse(f"committees:{page}", args=[case.pk]))


def _readable(case: UUID, viewer: UUID) -> "QuerySet[Case]":
    user = Account(pk=viewer)
    own = Q(pk__in=Case.objects.of_student(user))
    seen = Q(pk__in=Case.objects.visible_to(user))
    return Case.objects.filter(own | seen, pk=case).with_supervising(user).for_page()


READABLE = PreparedQuery(_readable)  # of every line and piece that is opened


def _page_of(request: PersonRequest, case: Case) -> str:
    """Name the page on which this person reads the set. Raises NotAllowed for who stands aside."""
    if case.enrolment.student_id == request.user.pk:
        return "my_case"
    try:
        check_may_read(request.user, panel_of(case, moment_of(case.meeting, timezone.now())))
    except NotAllowed:
        if not case.is_supervised:
            raise
        return "case_record"
    return "case"


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def line(request: PersonRequest, pk: UUID, key: str) -> HttpResponse:
    """Show what stands behind one line of the coverage."""
    opened = _opened(request, pk)
    pages = opened.pages
    around = pages.around if pages else opened.to_be
    only = CoverageFilterForm(request.GET, around.frame, around.last_check_in).only
    address, words = opened.back
    places: Places = {"pieces_at": opened.pieces_at, "back": (address + only.query, words)}
    if pages is None:
        return line_page(request, around, key, only, **places)
    found, counts = pages.behind(key, only), pages.counts(only)
    return part_of_line_page(request, pages.frame, counts, key, only, found, **places)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def pieces(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the pieces as lines, so many at a time."""
    opened, asked = _opened(request, pk), request.GET.get("page")
    context = {
        "case": opened.case,
        "pieces": pieces_page(opened.pages, asked)
        if opened.pages
        else Paginator(piece_rows(opened.to_be), PIECES_AT_A_TIME).get_page(asked),
        "pieces_at": opened.pieces_at,
        "back": opened.back,
        "more": True,
    }
    name = "_pieces" if request.htmx else "pieces"
    return render(request, f"committees/{name}.html", context)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def set_aside(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what the student set aside, so much at a time."""
    opened = _opened(request, pk)
    if opened.pages is None:
        raise Http404  # its page shows all of it
    rows = aside_page(opened.pages, request.GET.get("page"))
    context = {"case": opened.case, "set_aside": rows, "back": opened.back, "more": True}
    name = "_aside" if request.htmx else "aside"
    return render(request, f"committees/{name}.html", context)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def piece(request: PersonRequest, pk: UUID, piece: UUID) -> HttpResponse:
    """Show one piece in full, with the feedback on it."""
    opened = _opened(request, pk)
    pages = opened.pages
    holds = pages.with_piece(number_of_piece(opened.case, piece)) if pages else opened.to_be
    found = shown_pieces(holds, str(piece), address=opened.file_address)
    if not found:
        raise Http404
    # It opens within the set, under a heading of it, or stands by itself.
    name, level = ("_piece", 3) if request.htmx else ("piece", 2)
    context = {"shown": found[0], "back": opened.back, "level": level}
    return render(request, f"committees/{name}.html", context)


@signed_in
@require_safe
def in_full(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the coverage with what stands behind its lines, and every piece, for paper."""
    opened = _opened(request, pk)
    frozen = read(opened.case) if opened.case.has_set else None
    whole = frozen.evidence_set if frozen else opened.to_be
    context = set_context(opened.case, whole) | {
        "erased": frozen.erased if frozen else 0,
        "case": opened.case,
        "back": opened.back,
        "is_student": opened.case.enrolment.student_id == request.user.pk,
        "lines": draw_lines(whole),
        "shown": shown_pieces(whole, address=opened.file_address),
    }
    return render(request, "committees/in_full.html", context)
