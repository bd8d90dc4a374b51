from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from evidence.models import Evidence
from people.access import PersonRequest, allowed, signed_in
from people.drafts import Writing, find
from people.models import Account
from people.pages import before_writing, refusals_in
from people.sending import creates, let_again, sends
from portfolio import access, actions
from portfolio.advising import students_of, taught_by
from portfolio.behind import PIECES_ON_A_PAGE, pieces_of
from portfolio.coverage import EVERYTHING, WHOLE, Filter, draw, draw_lines
from portfolio.evidence_set import Frame
from portfolio.forms import (
    AcknowledgeForm,
    AgreementFormSet,
    CheckInForm,
    CoverageFilterForm,
    SetAsideForm,
    StudentsFilterForm,
    agreed,
)
from portfolio.kept import figures_of, figures_of_unit, with_kept
from portfolio.lines import coverage_in_words, line_page, live_coverage, live_line_page, under
from portfolio.loading import load
from portfolio.models import Agreement, CheckIn, SetAside
from portfolio.remark_text import ANY_ONE
from post.models import OutboxMail
from post.undoing import TOLD_FOR, UndoTime, time_to_undo, wait_of_mail
from programmes.models import Enrolment, Unit
from records.models import standing
from records.prepared import PreparedQuery
from records.refusals import NotPossible, why_not

STUDENTS_ON_A_PAGE = 50


def _visible(person: UUID, on: date, enrolment: UUID) -> QuerySet[Enrolment]:
    rows = Enrolment.objects.portfolio_visible_on(on, person).filter(pk=enrolment)
    return with_kept(rows.select_related("student", "programme__qualification", "programme__rules"))


def _last_of(enrolment: UUID) -> QuerySet[CheckIn]:
    rows = CheckIn.objects.current().filter(enrolment=enrolment)
    return rows.order_by("-held_on", "-recorded_at", "pk")[:1]


def _units_of(programme: UUID) -> QuerySet[Unit]:
    return Unit.objects.filter(programme=programme)


def _of_student(student: UUID, enrolment: UUID) -> QuerySet[Enrolment]:
    rows = Enrolment.objects.filter(pk=enrolment, student=student)
    return with_kept(rows.select_related("student"), of_units=True)


def _unit(programme: UUID, unit: UUID) -> QuerySet[Unit]:
    return Unit.objects.filter(pk=unit, programme=programme)


def _aside(enrolment: UUID, unit: UUID) -> QuerySet[SetAside]:
    rows = SetAside.objects.current().filter(enrolment=enrolment, unit=unit)
    return rows.select_related("evidence__current")


OWN = PreparedQuery(_of_student)
UNIT = PreparedQuery(_unit)
ASIDE = PreparedQuery(_aside)
VISIBLE = PreparedQuery(_visible)
LAST_CHECK_IN = PreparedQuery(_last_of)
UNITS = PreparedQuery(_units_of)


def _enrolment(request: PersonRequest, enrolment_id: UUID) -> Enrolment:
    for row in VISIBLE.rows(request.user.pk, timezone.localdate(), enrolment_id):
        return cast(Enrolment, row)
    raise Http404


def _addresses(
    request: PersonRequest, enrolment: Enrolment, unit: Unit | None = None
) -> dict[str, str]:
    """Return under which addresses the lines of a live coverage are, of all of it or of what counts
    for this unit, and the pieces. An address under that of the page is written from there: it
    stands in each line."""
    lines = under("portfolio:line", enrolment.pk, key=WHOLE)
    if unit is not None:
        lines = under("portfolio:set_aside_line", enrolment.pk, unit.pk, key=WHOLE)
    return {"at": lines.removeprefix(request.path), "pieces_at": _pieces_at()}


def _pieces_at() -> str:
    return under("evidence:detail", key=ANY_ONE)


@signed_in
@require_safe
def mine(request: PersonRequest) -> HttpResponse:
    """Go straight to the one portfolio that most students have; show a list where it is not one."""
    enrolments = list(
        Enrolment.objects.filter(student=request.user.pk).select_related("student", "programme")
    )
    if len(enrolments) == 1:
        return redirect("portfolio:coverage", enrolments[0].pk)
    return render(request, "portfolio/mine.html", {"enrolments": enrolments})


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def coverage(request: PersonRequest, enrolment_id: UUID) -> HttpResponse:
    """Show the whole coverage of an enrolment, or the part of it that the query asks for."""
    enrolment = _enrolment(request, enrolment_id)
    reading = figures_of(enrolment)
    is_student = enrolment.student_id == request.user.pk
    may_advise = not is_student and allowed(access.check_may_advise, request.user, enrolment)
    last = _last_check_in(enrolment) if is_student or may_advise else None
    filters = CoverageFilterForm(request.GET, reading.frame, last)
    context = {
        "enrolment": enrolment,
        "is_student": is_student,
        "may_advise": may_advise,
        "last_check_in": last,
        "units": UNITS.rows(enrolment.programme_id) if is_student else [],
        "filters": filters,
        "coverage": live_coverage(reading, filters.only),
    } | _addresses(request, enrolment)
    page = "portfolio/_coverage_filtered.html#shown" if request.htmx else "portfolio/coverage.html"
    return render(request, page, context)


def _last_check_in(enrolment: Enrolment) -> CheckIn | None:
    """Find the last check-in. One query."""
    return next(iter(LAST_CHECK_IN.rows(enrolment.pk)), None)


def _part(request: PersonRequest, enrolment: Enrolment, frame: Frame) -> Filter:
    """Read which part of the coverage the query asks for, as on its page. At most two queries."""
    last = None
    if "new" in request.GET and allowed(access.check_may_read_check_ins, request.user, enrolment):
        last = _last_check_in(enrolment)
    return CoverageFilterForm(request.GET, frame, last).only


def _name_of(request: PersonRequest, enrolment: Enrolment) -> str:
    """Return what the page of the coverage is called for who looks at it."""
    if enrolment.student_id == request.user.pk:
        return _("My portfolio")
    return _("Portfolio of %(name)s") % {"name": enrolment.student.name}


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def line(request: PersonRequest, enrolment_id: UUID, key: str) -> HttpResponse:
    """Show what stands behind one line of the coverage."""
    enrolment = _enrolment(request, enrolment_id)
    reading = figures_of(enrolment)
    only = _part(request, enrolment, reading.frame)
    page = reverse("portfolio:coverage", args=[enrolment.pk])
    back = (page + only.query, _name_of(request, enrolment))
    return live_line_page(request, reading, key, only, pieces_at=_pieces_at(), back=back)


@signed_in
@require_safe
def in_full(request: PersonRequest, enrolment_id: UUID) -> HttpResponse:
    """Show the coverage with everything that stands behind its lines, for paper."""
    enrolment = _enrolment(request, enrolment_id)
    evidence_set = load(enrolment)
    only = _part(request, enrolment, evidence_set.frame)
    context = {
        "enrolment": enrolment,
        "name": _name_of(request, enrolment),
        "coverage": draw(evidence_set, only),
        "lines": draw_lines(evidence_set, only),
        "pieces_at": _pieces_at(),
    }
    return render(request, "portfolio/in_full.html", context)


@signed_in
@require_safe
def students(request: PersonRequest) -> HttpResponse:
    """List whom somebody advises, and whom else they teach; both so many at a time."""
    today = timezone.localdate()
    form = StudentsFilterForm(request.GET, label_suffix="")
    advised = students_of(request.user, now=timezone.now(), today=today)
    students = Paginator(form.listed(advised), STUDENTS_ON_A_PAGE).get_page(request.GET.get("page"))
    taught = Paginator(
        taught_by(request.user, today=today, words=form.words), STUDENTS_ON_A_PAGE
    ).get_page(request.GET.get("taught"))
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("taught", None)
    context = {
        "form": form,
        "students": students,
        "taught": taught,
        "advises": bool(advised),
        "query": query.urlencode(),
        "is_long": students.has_other_pages() or taught.has_other_pages(),
    }
    return render(request, "portfolio/students.html", context)


@signed_in
@require_safe
def check_ins(request: PersonRequest, enrolment_id: UUID) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    access.check_may_read_check_ins(request.user, enrolment)
    return _check_ins(request, enrolment)


def _check_ins(
    request: PersonRequest,
    enrolment: Enrolment,
    refused: tuple[CheckIn, AcknowledgeForm] | None = None,
) -> HttpResponse:
    """Show the list of check-ins; `refused` is a check-in with the form that was not right."""
    is_student = enrolment.student_id == request.user.pk
    now = timezone.now()
    shown = (
        enrolment.check_ins.filter(standing() | Q(taken_back_at__gte=now - TOLD_FOR))
        .select_related("by", "acknowledgement")
        .prefetch_related("agreements")
    )
    rows = [row for row in shown if row.taken_back_at is None]
    awaiting = [row for row in rows if is_student and not hasattr(row, "acknowledgement")]
    found = find(*(_word_key(row) for row in awaiting)) if awaiting else {}
    forms = {row.pk: AcknowledgeForm(auto_id=f"id_{row.pk}_%s") for row in awaiting}
    if refused:
        forms[refused[0].pk] = refused[1]
    drafts = {row.pk: _word(request, row, forms[row.pk], found) for row in awaiting}
    context = {
        "enrolment": enrolment,
        "is_student": is_student,
        "today": timezone.localdate(),
        "check_ins": [
            (row, forms.get(row.pk), drafts.get(row.pk), _time_to_undo(row, request.user, now))
            for row in rows
        ],
        "taken_back": [row for row in shown if row.taken_back_at is not None],
        "troubles": {}
        if is_student
        else OutboxMail.objects.troubles_about([row.pk for row in rows]),
    }
    status = 422 if refused else 200
    return render(request, "portfolio/check_ins.html", context, status=status)


def _time_to_undo(check_in: CheckIn, user: Account, now: datetime) -> UndoTime | None:
    """Tell until when who held a check-in can take it back. A query where that was just now."""
    if check_in.by_id != user.pk or why_not(access.check_undo_check_in, check_in):
        return None
    return time_to_undo([check_in.pk], check_in.recorded_at, wait_of_mail(), now)


def _word_key(check_in: CheckIn) -> str:
    return f"acknowledge:{check_in.pk}:{check_in.enrolment.student_id}"


def _word(
    request: PersonRequest, check_in: CheckIn, form: AcknowledgeForm, found: Any = None
) -> Writing:
    """Return what the student is writing about a check-in, on whatever page that is."""
    path = reverse("portfolio:acknowledge", args=[check_in.pk])
    return Writing(request, _word_key(check_in), form, path=path, found=found)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def check_in_new(
    request: PersonRequest, enrolment_id: UUID, is_draft: bool = False
) -> HttpResponse:
    enrolment = _enrolment(request, enrolment_id)
    access.check_may_advise(request.user, enrolment)
    open_agreements = Agreement.objects.open().filter(check_in__enrolment=enrolment)
    form = CheckInForm(
        request.POST or None,
        with_light=enrolment.programme.rules.with_light,
        open_agreements=open_agreements,
    )
    formset = AgreementFormSet(request.POST or None, prefix="agreements")
    draft = Writing(request, f"check_in:{enrolment.pk}:{request.user.pk}", form, *formset)
    if is_draft:
        return draft.answer()
    if request.method == "POST" and all([form.is_valid(), formset.is_valid()]):
        with refusals_in(form):
            with draft.sending(reverse("portfolio:check_ins", args=[enrolment.pk])):
                held = actions.hold_check_in(
                    enrolment=enrolment,
                    held_on=form.cleaned_data["held_on"],
                    light=form.cleaned_data.get("light", ""),
                    summary=form.cleaned_data["summary"],
                    agreements=agreed(formset),
                    done=form.cleaned_data["done"],
                    by=request.user,
                )
                draft.keep_sent(held.pk)
            messages.success(request, _("Check-in kept. Your student gets a mail to read it."))
            return redirect("portfolio:check_ins", enrolment.pk)
    context = {
        "enrolment": enrolment,
        "form": form,
        "formset": formset,
        "draft": draft,
        "open_agreements": open_agreements,
        "last_check_in": _last_check_in(enrolment),
        "coverage": live_coverage(figures_of(enrolment)),
    } | _addresses(request, enrolment)
    status = 422 if request.method == "POST" else 200
    return render(request, "portfolio/check_in_new.html", context, status=status)


@signed_in
@require_POST
@sends("what was taken back stays so")
def undo_check_in(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take a check-in back, and go to the form with its words."""
    rows = CheckIn.objects.current().filter(by=request.user.pk).select_related("enrolment")
    check_in = get_object_or_404(rows, pk=pk)
    try:
        actions.undo_check_in(check_in=check_in, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("portfolio:check_ins", check_in.enrolment_id)
    let_again(request)
    messages.success(request, _("Taken back: no mail was sent."))
    return redirect("portfolio:check_in_new", check_in.enrolment_id)


@signed_in
@require_POST
@creates
def acknowledge(request: PersonRequest, pk: UUID, is_draft: bool = False) -> HttpResponse:
    rows = (
        CheckIn.objects.current()
        .filter(enrolment__student=request.user.pk)
        .select_related("enrolment__student", "enrolment__programme")
    )
    check_in = get_object_or_404(rows, pk=pk)
    form = AcknowledgeForm(request.POST, auto_id=f"id_{check_in.pk}_%s")
    draft = _word(request, check_in, form)
    if is_draft:
        return draft.answer(reverse("portfolio:check_ins", args=[check_in.enrolment_id]))
    if form.is_valid():
        with refusals_in(form, "note"):
            with draft.sending(reverse("portfolio:check_ins", args=[check_in.enrolment_id])):
                actions.acknowledge(
                    check_in=check_in,
                    refused=form.cleaned_data["word"] == "refused",
                    note=form.cleaned_data["note"],
                    by=request.user,
                )
            messages.success(request, _("Thank you. Your adviser can see that you read it."))
            return redirect("portfolio:check_ins", check_in.enrolment_id)
    return _check_ins(request, check_in.enrolment, refused=(check_in, form))


@signed_in
@require_POST
@sends("an agreement is done once")
def agreement_done(request: PersonRequest, pk: UUID) -> HttpResponse:
    visible = Enrolment.objects.portfolio_visible_to(request.user)
    rows = Agreement.objects.filter(check_in__enrolment__in=visible)
    agreement = get_object_or_404(rows.select_related("check_in__enrolment"), pk=pk)
    actions.finish(agreement=agreement, by=request.user)
    messages.success(request, _("Marked as done."))
    return redirect("portfolio:check_ins", agreement.check_in.enrolment_id)


def _own(request: PersonRequest, enrolment_id: UUID, unit_id: UUID) -> tuple[Enrolment, Unit]:
    for enrolment in OWN.rows(request.user.pk, enrolment_id):
        for unit in UNIT.rows(enrolment.programme_id, unit_id):
            return enrolment, unit
    raise Http404


def _pieces_page(ids: list[str], asked: str | None) -> Page:
    return Paginator(ids, PIECES_ON_A_PAGE).get_page(asked)


@signed_in
@require_safe
def set_aside(request: PersonRequest, enrolment_id: UUID, unit_id: UUID) -> HttpResponse:
    """Show what would count for this unit today, what would not, and why."""
    enrolment, unit = _own(request, enrolment_id, unit_id)
    aside = ASIDE.rows(enrolment.pk, unit.pk)
    found = figures_of_unit(enrolment, unit, [row.evidence_id for row in aside])
    counting = _pieces_page(found.counting, request.GET.get("page"))
    unanswered = _pieces_page(found.unanswered, request.GET.get("silent"))
    context = {
        "enrolment": enrolment,
        "unit": unit,
        "counting": pieces_of([UUID(pk) for pk in counting]),
        "counting_page": counting,
        "set_aside_at": reverse("portfolio:set_aside_piece", args=[enrolment.pk, unit.pk, ANY_ONE]),
        "ask_at": reverse("evidence:ask", args=[ANY_ONE]),
        "unanswered": pieces_of([UUID(pk) for pk in unanswered]),
        "unanswered_page": unanswered,
        "set_asides": aside,
        "coverage": coverage_in_words(found.counts, found.frame),
    } | _addresses(request, enrolment, unit)
    return render(request, "portfolio/set_aside.html", context)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def set_aside_line(
    request: PersonRequest, enrolment_id: UUID, unit_id: UUID, key: str
) -> HttpResponse:
    """Show what stands behind one line of what would count for this unit."""
    enrolment, unit = _own(request, enrolment_id, unit_id)
    counting = load(enrolment, unit=unit).that_counts()
    page = reverse("portfolio:set_aside", args=[enrolment.pk, unit.pk])
    back = (page, _("What would count for “%(unit)s”") % {"unit": unit})
    return line_page(request, counting, key, EVERYTHING, pieces_at=_pieces_at(), back=back)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def set_aside_piece(
    request: PersonRequest,
    enrolment_id: UUID,
    unit_id: UUID,
    evidence_id: UUID,
    is_draft: bool = False,
) -> HttpResponse:
    enrolment, unit = _own(request, enrolment_id, unit_id)
    pieces = Evidence.objects.kept().filter(owner=request.user.pk).select_related("current")
    piece = get_object_or_404(pieces, pk=evidence_id)
    before_writing(request, access.check_set_aside, piece, unit, enrolment)
    form = SetAsideForm(request.POST or None)
    draft = Writing(request, f"set_aside:{unit.pk}:{piece.pk}:{request.user.pk}", form)
    if is_draft:
        return draft.answer()
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            with draft.sending(reverse("portfolio:set_aside", args=[enrolment.pk, unit.pk])):
                actions.set_aside(
                    enrolment=enrolment,
                    unit=unit,
                    evidence=piece,
                    reason=form.cleaned_data["reason"],
                    by=request.user,
                )
            text = _("Set aside. You can take it back until the reference date.")
            messages.success(request, text)
            return redirect("portfolio:set_aside", enrolment.pk, unit.pk)
    context = {"enrolment": enrolment, "unit": unit, "piece": piece, "form": form, "draft": draft}
    status = 422 if request.method == "POST" else 200
    return render(request, "portfolio/set_aside_piece.html", context, status=status)


@signed_in
@require_POST
@sends("a piece is taken back once")
def take_back(request: PersonRequest, pk: UUID) -> HttpResponse:
    rows = SetAside.objects.current().filter(enrolment__student=request.user.pk)
    row = get_object_or_404(rows.select_related("enrolment"), pk=pk)
    actions.take_back(row=row, by=request.user)
    let_again(request)
    messages.success(request, _("This piece counts again."))
    return redirect("portfolio:set_aside", row.enrolment_id, row.unit_id)
