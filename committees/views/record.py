from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from committees.access import check_export, check_may_export, check_may_read_record
from committees.dossier import (
    decision_facts,
    decisions_set_back,
    frozen_context,
    outcome_in_words,
    replaced_decisions,
)
from committees.export import export
from committees.forms import ExportForm, RecordSearchForm
from committees.models import Case, Recusal
from committees.record import KINDS, bound_by, steps_of
from committees.rules import Panel, judgements_sentence, quorum_sentence
from committees.set_figures import frozen_pages
from committees.snapshots import read
from committees.views.meetings import contradictions_of
from committees.who_sits import mandate_of, moment_of, panel_shown
from people.access import PersonRequest, allowed, signed_in, with_role
from people.models import Account
from people.sending import sends
from programmes.models import SUPERVISING
from records.checkpoints import first_after
from records.models import Checkpoint
from records.prepared import PreparedQuery
from records.verification import verify_chain

ITEMS_AT_A_TIME = 50


@with_role(*SUPERVISING)
@require_safe
def record(request: PersonRequest) -> HttpResponse:
    """List the cases with an outcome, newest meeting first."""
    form = RecordSearchForm(request.GET or None, label_suffix="")
    cases = Case.objects.visible_to(request.user).settled().for_record()
    found = form.found_in(cases) if form.is_bound else cases
    page = Paginator(found.order_by("-meeting__held_at", "order", "pk"), 50).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode()}
    return render(request, "committees/record.html", context)


def _readable(request: PersonRequest, pk: UUID) -> tuple[Case, Panel]:
    """Find a case of which this person may read the record, and the committee before it."""
    case = next(iter(IN_RECORD.rows(pk, request.user.pk)), None)
    if case is None:
        raise Http404
    panel = panel_shown(case, moment_of(case.meeting, timezone.now()))
    check_may_read_record(request.user, case, panel)
    return case, panel


def _in_record(case: UUID, viewer: UUID) -> "QuerySet[Case]":
    rows = Case.objects.visible_to(Account(pk=viewer)).filter(pk=case)
    return rows.with_supervising(Account(pk=viewer)).for_page()


IN_RECORD = PreparedQuery(_in_record)


@signed_in
@require_safe
def case_record(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show how the decision on a case came about; the steps, and the set's pieces, open on
    demand."""
    case, panel = _readable(request, pk)
    judgements = list(case.judgements.select_related("person").order_by("person__name", "number"))
    context = {
        "case": case,
        "panel": panel,
        "quorum": quorum_sentence(panel),
        "judged": judgements_sentence(panel),
        "contradictions": contradictions_of(case.meeting),
        "aside": [
            (seat, Recusal.Ground(panel.aside[seat.person]).label) for seat in panel.standing_aside
        ],
        "written": len(judgements),
        "may_export": case.state in Case.SETTLED and allowed(check_may_export, case),
        "judgements": [],
        "decision": None,
        "replaced": [],
        "set_back": [],
    }
    if case.has_set:
        frozen = frozen_pages(case)
        context |= frozen_context(case, frozen)
        context["items"] = frozen.first["items"]
        context["bound_by"] = bound_by(frozen.terms)
        if case.is_opened:
            context["judgements"] = judgements
            context["parts"] = [
                (
                    part.title,
                    [(row, outcome_in_words(row.findings.get(part.id))) for row in judgements],
                )
                for part in frozen.frame.parts
            ]
        if case.has_decision:
            context["mandate"] = mandate_of(case)
            context["decision"] = decision_facts(case.standing, frozen)
            context["replaced"] = replaced_decisions(case, frozen)
        context["set_back"] = decisions_set_back(case, frozen)
    return render(request, "committees/case_record.html", context)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def record_steps(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show who did what when in a case, and why somebody stood aside in their own words."""
    case, _panel = _readable(request, pk)
    page = "_steps" if request.htmx else "record_steps"
    context = {
        "case": case,
        "steps": steps_of(case),
        "recusals": case.recusals.exclude(reason="").select_related("person"),
    }
    return render(request, f"committees/{page}.html", context)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def record_integrity(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show whether a case's record stands untouched."""
    case, _panel = _readable(request, pk)
    page = "_integrity" if request.htmx else "record_integrity"
    context = {"case": case, "report": verify_chain(case.chain), "checkpoint": _covering(case)}
    return render(request, f"committees/{page}.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("reads, and sends the archive as often as it is asked for")
def case_export(request: PersonRequest, pk: UUID) -> HttpResponseBase:
    """Send all that was recorded of a case, as an archive that proves itself, to who asks for
    it."""
    case, _panel = _readable(request, pk)
    check_may_export(case)
    check_export(case)
    form = ExportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        archive = export(case, form.cleaned_data["root"], by=request.user, at=timezone.now())
        name = f"{slugify(case.enrolment.student.name)}-{str(case.pk)[:8]}.zip"
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
        }
        return StreamingHttpResponse(archive, headers=headers)
    status = 422 if form.is_bound else 200
    context = {"case": case, "form": form}
    return render(request, "committees/case_export.html", context, status=status)


def _covering(case: Case) -> Checkpoint | None:
    """Find the first checkpoint over what was announced. One query where something was."""
    if case.state != Case.State.ANNOUNCED:
        return None
    return first_after(case.chain, case.standing.announcement.head)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def record_items(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what the manifest of the frozen set names, so many at a time."""
    case, _panel = _readable(request, pk)
    if not case.has_set:
        raise Http404
    frozen = read(case)
    titles = frozen.titles()
    page = Paginator(frozen.items, ITEMS_AT_A_TIME).get_page(request.GET.get("page"))
    items = [
        (KINDS.get(item.kind, item.kind), titles.get(item.digest, ""), item.digest, item.is_removed)
        for item in page
    ]
    context = {"case": case, "items": items, "page": page, "more": bool(request.htmx)}
    body = "#items" if request.htmx else ""
    return render(request, f"committees/record_items.html{body}", context)
