from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import (
    check_may_judge,
    check_may_read,
    check_may_recuse,
    may_read_files,
    why_aside,
)
from committees.dossier import Neighbours, neighbours, set_context
from committees.forms import JudgementForm, ReasonForm, WhoseForm
from committees.models import Case
from committees.panels import moment_of, panel_of, panels_of
from committees.rules import Panel
from committees.snapshots import file_in, read
from files.serving import serve
from people.access import NotAllowed, PersonRequest, allowed, signed_in
from people.drafts import Writing
from records.refusals import NotPossible


def case_with_panel(request: PersonRequest, pk: UUID) -> tuple[Case, Panel]:
    """A case that this person may see, and the committee before it."""
    case = get_object_or_404(Case.objects.visible_to(request.user).for_page(), pk=pk)
    return case, panel_of(case, moment_of(case.meeting, timezone.now()))


def case_on_agenda(request: PersonRequest, pk: UUID) -> tuple[Case, Panel, Neighbours]:
    """The same, with the cases to go on to from here. One query more once there is an outcome."""
    rows = Case.objects.visible_to(request.user).filter(meeting__cases=pk)
    agenda = list(rows.for_list().select_related("enrolment__programme__qualification"))
    case = next((row for row in agenda if row.pk == pk), None)
    if case is None:
        raise Http404
    if not case.is_pending:
        case = Case.objects.for_page().get(pk=pk)
    panels = panels_of(agenda, moment_of(case.meeting, timezone.now()))
    return case, panels[case.pk], neighbours(case, agenda, panels, request.user)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def dossier(request: PersonRequest, pk: UUID, is_draft: bool = False) -> HttpResponse:
    """The frozen set, and beside it one's own judgement, sealed until the chair opens them."""
    case, panel, (before, after) = case_on_agenda(request, pk)
    check_may_read(request.user, panel)
    context: dict[str, Any] = {
        "case": case,
        "panel": panel,
        "before": before,
        "after": after,
        "asks_whose": request.user.pk in panel.unsaid
        and case.state in (Case.State.FROZEN, Case.State.OPENED),
        "may_recuse": case.state in (Case.State.FROZEN, Case.State.OPENED),
    }
    if not case.has_set:
        return render(request, "committees/dossier.html", context)
    frozen = read(case)
    shown = set_context(case, frozen.evidence_set, erased=frozen.erased, asked=request.GET)
    if request.htmx and request.method == "GET":
        return render(request, "portfolio/_coverage_filtered.html#shown", shown)
    earlier = case.judgements.filter(person=request.user.pk).order_by("-number").first()
    judges = allowed(check_may_judge, request.user, panel)
    form = draft = None
    if judges and case.state == Case.State.FROZEN:
        data = request.POST if request.method == "POST" else None
        form = JudgementForm(data, parts=frozen.evidence_set.frame.parts, earlier=earlier)
        draft = Writing(request, f"judgement:{case.pk}:{request.user.pk}", form)
    if request.method == "POST" or is_draft:
        check_may_judge(request.user, panel)
        if form is None or draft is None:
            raise NotPossible(_("The judgements have been opened: nobody writes one any more."))
        if is_draft:
            return draft.answer()
        if form.is_valid():
            actions.judge(
                case=case,
                findings=form.outcomes,
                motivation=form.cleaned_data["motivation"],
                by=request.user,
            )
            draft.forget()
            messages.success(
                request, _("Your judgement is kept, sealed until all are opened together.")
            )
            return redirect("committees:case", case.pk)
    unsaid = {str(giver) for giver in panel.unsaid.get(request.user.pk, ())}
    context["whose"] = sorted(
        {fact.name for fact in frozen.evidence_set.people if fact.id in unsaid and fact.name}
    )
    context |= shown | {"form": form, "draft": draft, "own": earlier, "judges": judges}
    status = 422 if form is not None and form.errors else 200
    return render(request, "committees/dossier.html", context, status=status)


@signed_in
@require_POST
def say_whose(request: PersonRequest, pk: UUID) -> HttpResponse:
    """A member's word on feedback that came from a mailbox of theirs."""
    case, panel = case_with_panel(request, pk)
    check_may_read(request.user, panel)
    form = WhoseForm(request.POST)
    if form.is_valid():
        with suppress(NotPossible):  # said before: the page says where things stand
            actions.say_whose(
                case=case, is_theirs=form.cleaned_data["whose"] == WhoseForm.MINE, by=request.user
            )
            messages.success(
                request, _("Your answer is kept: the committee and the record see it.")
            )
    return redirect("committees:case", case.pk)


@signed_in
@require_safe
def case_file(request: PersonRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """A file of the frozen set, and of nothing else."""
    own = Q(pk__in=Case.objects.of_student(request.user))
    seen = Q(pk__in=Case.objects.visible_to(request.user))
    rows = Case.objects.filter(own | seen).with_supervising(request.user).for_list()
    case = get_object_or_404(rows, pk=pk)
    panel = panel_of(case, timezone.now())
    if not may_read_files(request.user, case, panel):
        raise NotAllowed(why_aside(panel.aside[request.user.pk]))
    found = file_in(case, file)
    if found is None:
        raise Http404
    return serve(request, found[0], name=found[1])


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def recuse(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Stand aside from a case, at one's own request."""
    case, panel = case_with_panel(request, pk)
    check_may_recuse(request.user, panel)
    form = ReasonForm(
        request.POST if request.method == "POST" else None, label=_("Why do you stand aside?")
    )
    if form.is_valid():
        try:
            actions.recuse(case=case, reason=form.cleaned_data["reason"], by=request.user)
        except NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("You stand aside from this case."))
            return redirect("committees:meeting", case.meeting_id)
    status = 422 if form.errors else 200
    return render(request, "committees/recuse.html", {"case": case, "form": form}, status=status)
