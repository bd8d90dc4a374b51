from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import (
    check_ask_whose,
    check_judge,
    check_may_judge,
    check_may_read,
    check_may_read_files,
    check_may_recuse,
    check_may_say_whose,
    check_recuse,
)
from committees.agenda import Beside, case_seen, placed
from committees.dossier import frozen_context
from committees.forms import JudgementForm, ReasonForm, WhoseForm
from committees.models import Case, Meeting
from committees.rules import Panel
from committees.set_figures import frozen_pages
from committees.snapshots import file_in, names_in_set
from committees.who_sits import moment_of, panel_of
from files.serving import serve
from people.access import PersonRequest, allowed, signed_in
from people.changing import Change
from people.drafts import Writing
from people.models import Account
from people.pages import WayBack, before_writing, done, refusals_in
from people.sending import changes, creates, once, sends
from records.refusals import NotPossible, why_not


def case_with_panel(request: PersonRequest, pk: UUID) -> tuple[Case, Panel]:
    """Find a case that this person may see, and the committee before it."""
    case = get_object_or_404(Case.objects.visible_to(request.user).for_page(), pk=pk)
    return case, panel_of(case, moment_of(case.meeting, timezone.now()))


def case_on_agenda(request: PersonRequest, pk: UUID) -> tuple[Case, Panel, Beside]:
    """Find a case that this person may see, the committee before it, and the cases to go on to from
    here. Queries as `placed`, and one."""
    case = case_seen(pk, request.user)
    if case is None:
        raise Http404
    return case, *placed(case, request.user, moment_of(case.meeting, timezone.now()))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@changes
def dossier(request: PersonRequest, pk: UUID, is_draft: bool = False) -> HttpResponse:
    """Show the frozen set, and beside it one's own judgement, sealed until the chair opens them."""
    case, panel, (before, after) = case_on_agenda(request, pk)
    check_may_read(request.user, panel)
    asks = not why_not(check_ask_whose, request.user, case, panel)
    context: dict[str, Any] = {
        "case": case,
        "panel": panel,
        "before": before,
        "after": after,
        "asks_whose": asks and request.user.pk in panel.unsaid,
        "has_said": asks and request.user.pk in panel.said,
        "may_recuse": not why_not(check_recuse, request.user, case, panel),
    }
    if not case.has_set:
        return render(request, "committees/dossier.html", context)
    pages = frozen_pages(case)
    shown = frozen_context(case, pages, asked=request.GET)
    if request.htmx and request.method == "GET":
        return render(request, "portfolio/_coverage_filtered.html#shown", shown)
    mine = case.judgements.filter(person=request.user.pk).order_by("-number")
    judges = allowed(check_may_judge, request.user, panel)
    form = draft = change = None
    if judges and (request.method == "POST" or not why_not(check_judge, case)):
        parts = pages.frame.parts
        change = Change(
            request,
            lambda data=None: JudgementForm(data, parts=parts, earlier=mine.first()),
            about=case.pk,
            last=mine.first,
        )
        form = change.form
        draft = Writing(request, f"judgement:{case.pk}:{request.user.pk}", form)
    if request.method == "POST" or is_draft:
        check_may_judge(request.user, panel)
        if change is None or draft is None:
            raise NotPossible(why_not(check_judge, case))
        if is_draft:
            return draft.answer()
        form = change.form
        if form.is_valid():
            with refusals_in(form):
                with (
                    draft.sending(_case_page(case).get_absolute_url()),
                    change.over_nothing_unseen(),
                ):
                    actions.judge(
                        case=case,
                        findings=form.outcomes,
                        motivation=form.cleaned_data["motivation"],
                        by=request.user,
                    )
                text = _("Your judgement is kept, sealed until all are opened together.")
                return done(request, text, _case_page(case))
    if context["asks_whose"]:
        context["whose"] = _whose(case, dict.fromkeys(panel.unsaid[request.user.pk]))
    own = mine.first() if form is None else form.earlier
    context |= shown | {"form": form, "draft": draft, "own": own, "judges": judges}
    status = 422 if form is not None and form.errors else 200
    return render(request, "committees/dossier.html", context, status=status)


def _whose(case: Case, said: Mapping[UUID, bool | None]) -> list[tuple[UUID, str, bool | None]]:
    """List each of these givers by the name under which they speak in the set, and what was said of
    them last. One query."""
    names = names_in_set(case, said)
    rows = [(giver, names.get(giver, ""), word) for giver, word in said.items()]
    return sorted(rows, key=lambda row: (row[2] is not None, row[1], row[0]))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("of each giver the last word holds, and all are on record")
def say_whose(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask a member's word on what may be theirs in the set, giver by giver; until the judgements
    are opened it can be said otherwise."""
    case, panel = case_with_panel(request, pk)
    check_may_say_whose(request.user, panel)
    before_writing(request, check_ask_whose, request.user, case, panel)
    form = WhoseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            actions.say_whose(
                case=case,
                giver=form.cleaned_data["giver"],
                is_theirs=form.cleaned_data["whose"] == WhoseForm.MINE,
                by=request.user,
            )
            return done(
                request,
                _("Your answer is kept: the committee and the record see it."),
                _back_to(request.user, case, panel_of(case, timezone.now())),
            )
    unsaid, said = panel.unsaid.get(request.user.pk, ()), panel.said.get(request.user.pk, {})
    context = {
        "case": case,
        "whose": _whose(case, {**dict.fromkeys(unsaid), **said}),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "committees/whose.html", context, status=status)


def _back_to(user: Account, case: Case, panel: Panel) -> WayBack | Meeting:
    """Tell where somebody goes on who said of a giver whether they are theirs: to the next that is
    asked, to the case, or, where they stand aside now, to the meeting."""
    if user.pk in panel.unsaid:
        return WayBack(reverse("committees:say_whose", args=[case.pk]), str(case))
    return _case_page(case) if allowed(check_may_read, user, panel) else case.meeting


def _case_page(case: Case) -> WayBack:
    return WayBack(reverse("committees:case", args=[case.pk]), str(case))


@signed_in
@require_safe
def case_file(request: PersonRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """Send a file of the frozen set, and of nothing else."""
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
@creates
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
            with once(request, case.meeting.get_absolute_url()):
                actions.recuse(case=case, reason=form.cleaned_data["reason"], by=request.user)
            return done(request, _("You stand aside from this case."), case.meeting)
    status = 422 if form.errors else 200
    return render(request, "committees/recuse.html", {"case": case, "form": form}, status=status)
