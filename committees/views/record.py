from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from committees.access import check_reads_record
from committees.dossier import decision_facts, frozen_context, in_words, replaced_decisions
from committees.forms import RecordSearchForm
from committees.models import Case
from committees.panels import moment_of, panel_of, panel_shown
from committees.record import KINDS, steps_of
from committees.rules import quorum_sentence
from people.access import PersonRequest, signed_in, with_role
from programmes.models import SUPERVISING
from records.verification import verify_chain


@with_role(*SUPERVISING)
@require_safe
def record(request: PersonRequest) -> HttpResponse:
    """The cases with an outcome, newest meeting first."""
    form = RecordSearchForm(request.GET or None, label_suffix="")
    cases = Case.objects.visible_to(request.user).settled().for_list()
    found = form.found_in(cases) if form.is_bound else cases
    page = Paginator(found.order_by("-meeting__held_at", "order", "pk"), 50).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode()}
    return render(request, "committees/record.html", context)


@signed_in
@require_safe
def case_record(request: PersonRequest, pk: UUID) -> HttpResponse:
    """How the decision on a case came about, and whether its record stands untouched."""
    case = get_object_or_404(Case.objects.visible_to(request.user).for_page(), pk=pk)
    panel = panel_of(case, moment_of(case.meeting, timezone.now()))
    check_reads_record(request.user, case, panel)
    judgements = case.judgements.select_related("person").order_by("person__name", "number")
    shown_panel = panel_shown(case, panel)
    context = {
        "case": case,
        "panel": shown_panel,
        "quorum": quorum_sentence(shown_panel),
        "steps": steps_of(case),
        "report": verify_chain(case.chain),
        "recusals": case.recusals.select_related("person").order_by("recorded_at"),
        "written": judgements.count(),
        "judgements": [],
        "decision": None,
        "replaced": [],
    }
    if case.has_set:
        frozen, shown = frozen_context(case)
        snapshot = case.snapshots.latest("number")
        titles = frozen.titles()
        parts = frozen.evidence_set.frame.parts
        context |= shown | {
            "snapshot": snapshot,
            "items": [
                (KINDS[item.kind], titles.get(item.digest, ""), item.digest, not item.content)
                for item in snapshot.items.all()
            ],
        }
        if case.is_opened:
            context["judgements"] = judgements
            context["parts"] = [
                (part.title, [(row, in_words(row.findings.get(part.id))) for row in judgements])
                for part in parts
            ]
        if case.has_decision:
            context["decision"] = decision_facts(case.standing, frozen)
            context["replaced"] = replaced_decisions(case, frozen)
    return render(request, "committees/case_record.html", context)
