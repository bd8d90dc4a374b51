from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import (
    check_announce,
    check_defer,
    check_in_session,
    check_may_announce,
    check_may_lead,
    check_may_read,
)
from committees.actions.errands import ordered_for
from committees.agenda import Beside, agenda_of, next_up
from committees.dossier import (
    Citing,
    SetBack,
    citing_in,
    decision_facts,
    decisions_set_back,
    opened_judgements,
)
from committees.forms import DecisionForm, ReasonForm
from committees.models import Case, Outcome
from committees.rules import Accord, Panel, accord, obstacles, quorum_sentence
from committees.snapshots import FrozenSet, read
from committees.views.cases import case_on_agenda, case_with_panel
from committees.views.meetings import screen_mark, window
from committees.who_sits import panel_sealed
from committees.workflow import check_move
from people.access import PersonRequest, allowed, signed_in
from people.drafts import Writing, find
from people.models import Draft
from people.pages import WayBack, act_and_go_back, done, refusals_in
from people.sending import creates, sends
from records.refusals import NotPossible, why_not


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@creates
def decide(
    request: PersonRequest, pk: UUID, is_draft: bool = False, finds: bool = False
) -> HttpResponse:
    """Show a case in the meeting: judgements opened together, side by side, and the decision. Who
    `finds` what the motivation rests on is shown another part of the set, and all they typed."""
    mark = screen_mark(request, case=pk)
    if mark and mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    before = _before(request, pk)
    if before is None:
        return redirect("committees:case", pk)
    case, frozen = before.case, before.frozen
    form, draft = _recording(request, before, request.POST if request.method == "POST" else None)
    if request.method == "POST" or is_draft:
        check_may_lead(request.user, before.panel)
        if form is None or draft is None:
            raise NotPossible(why_not(check_move, case, Case.State.DECIDED))
        if is_draft:
            return draft.answer()
        if finds:
            form = DecisionForm(frozen=frozen)
            form.type_in(request.POST)
            if request.htmx:
                context = {"case": case, "citing": _citing(request, form, frozen)}
                return render(request, "committees/_citing.html", context)
        elif form.is_valid():
            with refusals_in(form):
                with draft.sending(_back(case).get_absolute_url()):
                    actions.decide(
                        case=case,
                        findings=form.findings,
                        motivation=form.cleaned_data["motivation"],
                        cited=form.cleaned_data["cited"],
                        by=request.user,
                    )
                return _go_on(request, case)
    return _shown(request, before, form, draft, mark=mark)


@dataclass(frozen=True, slots=True)
class Before:
    """A case as it lies before who sits in the committee: with the cases beside it, its set, the
    judgements once they were opened, the decisions that were set back, newest first, and what this
    person typed before."""

    case: Case
    panel: Panel
    beside: Beside
    frozen: FrozenSet
    opened: dict[str, Any]
    set_back: list[SetBack]
    kept: dict[str, list[Draft]]

    @property
    def again(self) -> SetBack | None:
        """The decision that was set back last, while it is to be taken again."""
        return next(iter(self.set_back), None) if self.case.is_pending else None


def _before(request: PersonRequest, pk: UUID) -> Before | None:
    """Find the case with all that its page in the meeting is drawn from; None while there is no
    set."""
    case, panel, beside = case_on_agenda(request, pk)
    check_may_read(request.user, panel)
    if not case.has_set:
        return None
    frozen = read(case)
    opened = _opened(case, panel, frozen)
    writes = case.is_pending and allowed(check_may_lead, request.user, panel)
    kept = find(_decision_key(request, case), _deferral_key(request, case)) if writes else {}
    set_back = [] if "large" in request.GET else decisions_set_back(case, frozen)
    return Before(case, panel, beside, frozen, opened, set_back, kept)


def _recording(
    request: PersonRequest, before: Before, data: QueryDict | None
) -> tuple[DecisionForm | None, Writing | None]:
    """Make the form of the decision and its draft, for who leads, once the judgements were
    opened; it comes filled in with the decision that was set back."""
    leads = allowed(check_may_lead, request.user, before.panel)
    if not leads or why_not(check_move, before.case, Case.State.DECIDED):
        return None, None
    form = DecisionForm(
        data,
        frozen=before.frozen,
        agreed=before.opened["agreed"],
        earlier=before.again.decision if before.again else None,
    )
    key = _decision_key(request, before.case)
    path = reverse("committees:decide", args=[before.case.pk])
    return form, Writing(request, key, form, path=path, found=before.kept)


def _shown(
    request: PersonRequest,
    before: Before,
    form: DecisionForm | None,
    draft: Writing | None,
    *,
    mark: str = "",
    deferring: tuple[ReasonForm, Writing] | None = None,
) -> HttpResponse:
    """Show the page of a case in the meeting; 422 where one of its forms has errors."""
    case, frozen = before.case, before.frozen
    context = before.opened | _state(request, before, deferring)
    context["evidence_set"] = frozen.evidence_set
    # Nobody writes what will be refused; who sent it keeps it.
    is_offered = form is not None and (request.method == "POST" or not context["lacks"])
    context |= {"draft": draft, "mark": mark, "again": before.again}
    context |= {"form": form if is_offered else None, "withheld": form and not is_offered}
    agreed = set((before.opened["agreed"] or {}).values())
    context["all_attained"] = agreed == {Outcome.ATTAINED} and before.again is None
    if case.has_decision:
        context["decision"] = decision_facts(case.standing, frozen)
    if form is not None and is_offered:
        context["citing"] = _citing(request, form, frozen)
    forms = [each for each in (form, context["defer_form"]) if each is not None]
    status = 422 if any(each.is_bound and each.errors for each in forms) else 200
    return render(request, window(request, "decide"), context, status=status)


def _citing(request: PersonRequest, form: DecisionForm, frozen: FrozenSet) -> Citing:
    chosen = form["cited"].value() or ()
    q, page = request.POST.get("q", ""), request.POST.get("page", "")
    return citing_in(frozen, chosen, q=q, page=page)


def _opened(case: Case, panel: Panel, frozen: FrozenSet) -> dict[str, Any]:
    """Show the judgements side by side, and the findings on which all agree; nothing while
    sealed."""
    if not case.is_opened:
        return {"opened": None, "agreement": None, "agreed": None}
    opened = opened_judgements(case, panel, frozen.evidence_set.frame.parts)
    found = [row.findings for _seat, row in opened.judges]
    lie = accord(found)
    agreed = found[0] if lie == Accord.UNANIMOUS else None
    return {"opened": opened, "agreement": lie, "agreed": agreed}


def _decision_key(request: PersonRequest, case: Case) -> str:
    """Name the key under which the decision that somebody writes is kept."""
    return f"decision:{case.pk}:{request.user.pk}"


def _deferral_key(request: PersonRequest, case: Case) -> str:
    return f"deferral:{case.pk}:{request.user.pk}"


def _deferring(
    request: PersonRequest, case: Case, kept: dict[str, list[Draft]] | None = None
) -> tuple[ReasonForm, Writing]:
    """Make the form on the case's page that is sent to an address of its own, and its draft."""
    path = reverse("committees:defer", args=[case.pk])
    label = _("What does the committee ask the student to show?")
    data = request.POST if request.path.startswith(path) else None
    form = ReasonForm(data, label=label, longest=20_000)
    return form, Writing(request, _deferral_key(request, case), form, path=path, found=kept)


def _state(
    request: PersonRequest, before: Before, deferring: tuple[ReasonForm, Writing] | None = None
) -> dict[str, Any]:
    """Tell where the case stands, and what this person can do about it."""
    case, panel = before.case, before.panel
    leads = allowed(check_may_lead, request.user, panel)
    may_announce = allowed(check_may_announce, request.user, panel)
    in_session = not why_not(check_in_session, case.meeting)
    found = obstacles(panel) if case.is_pending else []
    if deferring is None and leads and not why_not(check_defer, case):
        deferring = _deferring(request, case, before.kept)
    defer_form, defer_draft = deferring or (None, None)
    return {
        "case": case,
        "panel": panel if case.outcome is None else panel_sealed(case.outcome),
        "before": before.beside[0],
        "after": before.beside[1],
        "leads": leads,
        "may_announce": may_announce,
        "announces": may_announce and not why_not(check_announce, case, panel),
        "ordered_for": ordered_for(case) if may_announce else None,
        "held": may_announce and case.state == Case.State.DECIDED and panel.contradicting,
        "prepares": panel.prepares(request.user.pk),
        "in_session": in_session,
        "quorum": quorum_sentence(panel),
        "obstacles": found,
        "lacks": found if in_session else [_("The meeting is not open."), *found],
        "set_back": before.set_back,
        "defer_form": defer_form,
        "deferring": defer_draft,
    }


def _go_on(request: PersonRequest, case: Case) -> HttpResponse:
    """Go on from a recorded decision to the next case; after the last one to announcing."""
    rows = agenda_of(case.meeting, viewer=request.user, at=timezone.now())
    if following := next_up(rows):
        text = _("The decision on %(student)s is recorded. This is the next case.")
        messages.success(request, text % {"student": case.enrolment.student})
        return redirect("committees:decide", following.pk)
    messages.success(request, _("The decision is recorded. Announce it when you are ready."))
    if sum(row.case.state == Case.State.DECIDED for row in rows) > 1:
        return redirect("committees:meeting", case.meeting_id)
    return redirect("committees:decide", case.pk)


def _back(case: Case, query: str = "") -> WayBack:
    """Return the way back to the case in the meeting."""
    return WayBack(reverse("committees:decide", args=[case.pk]) + query, str(case))


@signed_in
@require_POST
@sends("judgements are opened once")
def judgements_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    case, _panel = case_with_panel(request, pk)
    return act_and_go_back(
        request,
        lambda: actions.open_judgements(case=case, by=request.user),
        done_text=_("The judgements are open."),
        back=_back(case, "?large=1" if "large" in request.GET else ""),
    )


@signed_in
@require_POST
@creates
def defer(request: PersonRequest, pk: UUID, is_draft: bool = False) -> HttpResponse:
    case, panel = case_with_panel(request, pk)
    form, draft = _deferring(request, case)
    if is_draft:
        check_may_lead(request.user, panel)
        return draft.answer(_back(case).url)
    if form.is_valid():
        with refusals_in(form):
            with draft.sending(_back(case).get_absolute_url()):
                actions.defer(case=case, reason=form.cleaned_data["reason"], by=request.user)
            text = _("The case is deferred. Student and adviser get a mail.")
            return done(request, text, _back(case))
    before = _before(request, pk)
    if before is None:
        return redirect("committees:case", pk)
    return _shown(request, before, *_recording(request, before, None), deferring=(form, draft))
