from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import (
    check_judge,
    check_may_judge,
    check_may_read,
    check_may_read_files,
    check_may_recuse,
    check_may_say_whose,
    check_recuse,
    check_say_whose,
)
from committees.dossier import Neighbours, neighbours, set_context
from committees.forms import JudgementForm, ReasonForm, WhoseForm
from committees.models import Case
from committees.rules import Panel
from committees.snapshots import FrozenSet, file_in, read
from committees.who_sits import moment_of, panel_of, panels_of
from files.serving import serve
from people.access import PersonRequest, allowed, signed_in
from people.drafts import Writing
from people.pages import WayBack, before_writing, done, refusals_in
from records.refusals import NotPossible, why_not


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
        "asks_whose": request.user.pk in panel.unsaid and not why_not(check_say_whose, case),
        "has_said": request.user.pk in panel.said
        and not why_not(check_say_whose, case, again=True),
        "may_recuse": not why_not(check_recuse, request.user, case, panel),
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
    if judges and not why_not(check_judge, case):
        data = request.POST if request.method == "POST" else None
        form = JudgementForm(data, parts=frozen.evidence_set.frame.parts, earlier=earlier)
        draft = Writing(request, f"judgement:{case.pk}:{request.user.pk}", form)
    if request.method == "POST" or is_draft:
        check_may_judge(request.user, panel)
        if form is None or draft is None:
            raise NotPossible(why_not(check_judge, case))
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
    if context["asks_whose"]:
        context["whose"] = _names_in(frozen, panel.unsaid[request.user.pk])
    context |= shown | {"form": form, "draft": draft, "own": earlier, "judges": judges}
    status = 422 if form is not None and form.errors else 200
    return render(request, "committees/dossier.html", context, status=status)


def _names_in(frozen: FrozenSet, givers: Iterable[UUID]) -> list[str]:
    """Under which names these people speak in the set."""
    asked = {str(giver) for giver in givers}
    return sorted({fact.name for fact in frozen.evidence_set.people if fact.id in asked} - {""})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def say_whose(request: PersonRequest, pk: UUID) -> HttpResponse:
    """A member's word on feedback that came from a mailbox of theirs; until the decision it can be
    said otherwise."""
    case, panel = case_with_panel(request, pk)
    check_may_say_whose(request.user, panel)
    before_writing(request, check_say_whose, case, again=request.user.pk not in panel.unsaid)
    form = WhoseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            is_theirs = form.cleaned_data["whose"] == WhoseForm.MINE
            actions.say_whose(case=case, is_theirs=is_theirs, by=request.user)
            still_reads = allowed(check_may_read, request.user, panel_of(case, timezone.now()))
            return done(
                request,
                _("Your answer is kept: the committee and the record see it."),
                WayBack(reverse("committees:case", args=[case.pk]), str(case))
                if still_reads
                else case.meeting,
            )
    words = case.own_words.standing().filter(person=request.user.pk)
    said = dict(words.values_list("giver", "is_theirs"))
    context = {
        "case": case,
        "whose": _names_in(read(case), panel.unsaid.get(request.user.pk) or said),
        "has_said": request.user.pk not in panel.unsaid,
        "is_theirs": any(said.values()),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "committees/whose.html", context, status=status)


@signed_in
@require_safe
def case_file(request: PersonRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """A file of the frozen set, and of nothing else."""
    own = Q(pk__in=Case.objects.of_student(request.user))
    seen = Q(pk__in=Case.objects.visible_to(request.user))
    rows = Case.objects.filter(own | seen).with_supervising(request.user).for_list()
    case = get_object_or_404(rows, pk=pk)
    panel = panel_of(case, moment_of(case.meeting, timezone.now()))
    check_may_read_files(request.user, case, panel)
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
    before_writing(request, check_recuse, request.user, case, panel)
    form = ReasonForm(
        request.POST if request.method == "POST" else None, label=_("Why do you stand aside?")
    )
    if form.is_valid():
        with refusals_in(form):
            actions.recuse(case=case, reason=form.cleaned_data["reason"], by=request.user)
            return done(request, _("You stand aside from this case."), case.meeting)
    status = 422 if form.errors else 200
    return render(request, "committees/recuse.html", {"case": case, "form": form}, status=status)
