from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people.access import PersonRequest, allowed, signed_in
from people.changing import Change
from people.pages import WayBack, act_and_go_back, ask_page, refusals_in
from people.sending import changes, creates, once, sends
from post.models import OutboxMail
from programmes import actions
from programmes.access import (
    check_archive,
    check_draft_programme,
    check_may_make_programme,
    check_may_manage,
    check_not_archived,
    check_not_own,
    check_open,
)
from programmes.checklist import setup_of
from programmes.forms import CopyForm, ProgrammeForm, StudentsForm
from programmes.listing import LISTED_AT_A_TIME, listed_as
from programmes.models import Programme
from programmes.views.pages import grouped_page, in_any_state, managed_programme
from records.refusals import why_not


@signed_in
@require_GET
def programmes(request: PersonRequest) -> HttpResponse:
    rows = Programme.objects.visible_to(request.user).for_list(timezone.localdate())
    context = {
        "programmes": [row for row in rows if row.state != Programme.State.ARCHIVED],
        "archived": [row for row in rows if row.state == Programme.State.ARCHIVED],
        "may_make": allowed(check_may_make_programme, request.user),
    }
    return render(request, "programmes/programmes.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def programme_new(request: PersonRequest) -> HttpResponse:
    check_may_make_programme(request.user)
    form = ProgrammeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, reverse("programmes:list")) as sent:
                programme = actions.make_programme(**form.cleaned_data, by=request.user)
                sent.leads_to = programme.get_absolute_url()
            messages.success(request, _("The programme is made. See below what comes next."))
            return redirect(programme)
    title, label = _("New programme"), _("Make the programme")
    back = WayBack(reverse("programmes:list"), _("Programmes"))
    return grouped_page(request, form, title=title, label=label, back=back)


@signed_in
@require_GET
def programme(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show how a programme is set up, and what is still to do for it."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user).for_page(), pk=pk)
    setup = setup_of(programme, timezone.localdate())
    points = setup.points()
    manages = allowed(check_may_manage, request.user, programme)
    may_manage = manages and not why_not(check_not_archived, programme)
    form = StudentsForm(request.GET, label_suffix="")
    listed = form.listed(programme.enrolments.all(), setup.on)
    page = Paginator(listed, LISTED_AT_A_TIME).get_page(request.GET.get("page"))
    now = programme.enrolments.current(setup.on)
    query = request.GET.copy()
    query.pop("page", None)
    troubles = {}
    if manages:
        students = OutboxMail.objects.troubles_about(now.order_by().values("student"))
        troubles = students | OutboxMail.objects.troubles_about(
            [one.person_id for one in setup.roles]
        )
    context = {
        "troubles": troubles,
        "unreached": now.filter(student__in=troubles).select_related("student") if troubles else [],
        "form": form,
        "page": page,
        "students": listed_as(page.object_list),
        "query": query.urlencode(),
        "programme": programme,
        "setup": setup,
        "points": points,
        "to_do": sum(point.state == "todo" for point in points),
        "manages": manages,
        "may_manage": may_manage,
        "may_enrol": manages and not why_not(check_open, programme),
        "may_copy": manages and allowed(check_may_make_programme, request.user),
        "staying": [role for role in setup.roles if why_not(check_not_own, request.user, role)],
    }
    return render(request, "programmes/programme.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def programme_edit(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)

    def draw(data: QueryDict | None = None) -> ProgrammeForm:
        return ProgrammeForm(data, instance=Programme.objects.for_page().get(pk=pk))

    change = Change(request, draw, about=pk, last=lambda: programme)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.change_programme(programme=programme, **form.cleaned_data, by=request.user)
            messages.success(request, _("Saved."))
            return redirect(programme)
    return grouped_page(
        request, form, title=_("Title and house rules"), label=_("Save"), back=programme
    )


# --- From draft to archive, and to the next cohort ------------------------------------------------


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def programme_copy(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Copy a programme to the next cohort, as a draft."""
    programme = managed_programme(request, pk, in_any_state)
    check_may_make_programme(request.user)
    form = CopyForm(request.POST if request.method == "POST" else None, programme=programme)
    if form.is_valid():
        with refusals_in(form):
            with once(request, reverse("programmes:list")) as sent:
                copy = actions.copy_programme(
                    programme=programme, **form.cleaned_data, by=request.user
                )
                sent.leads_to = copy.get_absolute_url()
            messages.success(request, _("The copy is there. Look it through, and open it."))
            return redirect(copy)
    return grouped_page(
        request,
        form,
        title=_("Copy to the next cohort"),
        label=_("Make the copy"),
        back=programme,
        text=_(
            "Copied are the periods, a year on, the units, guidelines, house rules, teachers and "
            "coordinators. Students are not, nor committees: the exam board establishes one anew, "
            "with its procedure. The copy is a draft, which only its coordinators see until one of "
            "them opens it."
        ),
    )


@signed_in
@require_POST
@sends("what is open stays so")
def programme_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    return act_and_go_back(
        request,
        partial(actions.open_programme, programme=programme, by=request.user),
        done_text=_("The programme is open: students can be enrolled."),
        back=programme,
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def programme_remove(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask whether a draft is to be removed."""
    programme = managed_programme(request, pk, check_draft_programme)
    before = WayBack(reverse("programmes:list"), _("Programmes"))
    return ask_page(
        request,
        partial(actions.remove_programme, programme=programme, by=request.user),
        title=_("Remove %(name)s?") % {"name": programme},
        text=_(
            "The draft goes with all that was set up in it. Only its coordinators have seen it."
        ),
        label=_("Remove the draft"),
        done_text=_("The draft is removed."),
        back=programme if request.method == "GET" else before,
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is archived stays so")
def programme_archive(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk, check_open)
    return ask_page(
        request,
        partial(actions.archive_programme, programme=programme, by=request.user),
        title=_("Archive %(name)s?") % {"name": programme},
        text=_(
            "Everything in it stays, and students keep their portfolio. Nothing can be set up in "
            "it any more, until a coordinator brings it back."
        ),
        label=_("Archive the programme"),
        done_text=_("The programme is archived."),
        back=programme,
        check=lambda: check_archive(programme, timezone.localdate()),
    )


@signed_in
@require_POST
@sends("what was brought back is there")
def programme_bring_back(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    return act_and_go_back(
        request,
        partial(actions.bring_back_programme, programme=programme, by=request.user),
        done_text=_("The programme is back."),
        back=programme,
    )
