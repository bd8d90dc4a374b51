from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from people.access import PersonRequest, allowed, signed_in
from people.changing import Change
from people.pages import WayBack, refusals_in
from people.sending import changes, creates, once
from post.models import OutboxMail
from programmes import actions
from programmes.access import check_may_make_programme, check_may_manage, check_not_own
from programmes.checklist import setup_of
from programmes.forms import ProgrammeForm, StudentsForm
from programmes.listing import LISTED_AT_A_TIME, listed_as
from programmes.models import Programme
from programmes.views.pages import grouped_page, managed_programme
from records.refusals import why_not


@signed_in
@require_GET
def programmes(request: PersonRequest) -> HttpResponse:
    rows = Programme.objects.visible_to(request.user)
    context = {
        "programmes": rows.for_list(timezone.localdate()),
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
    may_manage = allowed(check_may_manage, request.user, programme)
    form = StudentsForm(request.GET, label_suffix="")
    listed = form.listed(programme.enrolments.all(), setup.on)
    page = Paginator(listed, LISTED_AT_A_TIME).get_page(request.GET.get("page"))
    now = programme.enrolments.current(setup.on)
    query = request.GET.copy()
    query.pop("page", None)
    troubles = {}
    if may_manage:
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
        "may_manage": may_manage,
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
