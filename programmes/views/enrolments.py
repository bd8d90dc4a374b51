from functools import partial
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from people.access import PersonRequest, allowed, check_may_administer, signed_in
from people.changing import Change
from people.pages import ask_page, done, refusals_in
from people.sending import changes, creates, once, sends
from post.models import OutboxMail
from programmes import actions
from programmes.access import check_open, check_remove_enrolment, check_remove_placement
from programmes.forms import (
    AdviserForm,
    EnrolForm,
    EnrolmentForm,
    NewPlacementForm,
    PersonForm,
    PlacementForm,
)
from programmes.models import Enrolment, Placement, Supervisor
from programmes.views.pages import grouped_page, managed_enrolment, managed_programme


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def student_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk, check_open)
    form = EnrolForm(request.POST if request.method == "POST" else None, programme=programme)
    if form.is_valid():
        with refusals_in(form):
            with once(request, programme.get_absolute_url()) as sent:
                enrolment = actions.enrol(programme=programme, **form.cleaned_data, by=request.user)
                sent.leads_to = enrolment.get_absolute_url()
            text = _("%(name)s is enrolled. Add a placement where there is one.")
            return done(request, text % {"name": enrolment.student.name}, enrolment)
    return grouped_page(
        request,
        form,
        title=_("Enrol a student"),
        label=_("Enrol"),
        back=programme,
        text=_("Somebody without an account gets an invitation by e-mail."),
    )


@signed_in
@require_GET
def enrolment(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = get_object_or_404(Enrolment.objects.managed_by(request.user).for_setup(), pk=pk)
    people = [person.pk for person in (enrolment.student, enrolment.adviser) if person]
    context = {
        "enrolment": enrolment,
        "is_over": enrolment.is_over(timezone.localdate()),
        "looks_after_people": allowed(check_may_administer, request.user),
        "troubles": OutboxMail.objects.troubles_about(people),
    }
    return render(request, "programmes/enrolment.html", context)


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def adviser_edit(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)

    def draw(data: QueryDict | None = None) -> AdviserForm:
        now = managed_enrolment(request, pk)
        return AdviserForm(data, programme=now.programme, now=now.adviser)

    change = Change(request, draw, about=pk, last=lambda: enrolment)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                assignment = actions.assign_adviser(
                    enrolment=enrolment, **form.cleaned_data, by=request.user
                )
            text = _("%(name)s is the adviser from now on.") % {"name": assignment.adviser.name}
            return done(request, text, enrolment)
    return grouped_page(
        request,
        form,
        title=_("Who advises %(name)s?") % {"name": enrolment.student.name},
        label=_("Save"),
        back=enrolment,
        text=_("The current adviser then no longer sees this student's portfolio.")
        if enrolment.adviser
        else "",
    )


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def enrolment_edit(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)

    def draw(data: QueryDict | None = None) -> EnrolmentForm:
        return EnrolmentForm(data, instance=managed_enrolment(request, pk))

    change = Change(request, draw, about=pk, last=lambda: enrolment)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.change_enrolment(enrolment=enrolment, **form.cleaned_data, by=request.user)
            return done(request, _("Saved."), enrolment)
    return grouped_page(
        request,
        form,
        title=_("From when until when is %(name)s in this programme?")
        % {"name": enrolment.student.name},
        label=_("Save"),
        back=enrolment,
        text=_(
            "After the last day the adviser and the teachers no longer see the portfolio. The "
            "student keeps it."
        ),
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def enrolment_remove(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    named = {"name": enrolment.student.name}

    def remove() -> None:
        actions.remove_enrolment(enrolment=enrolment, by=request.user)

    return ask_page(
        request,
        remove,
        title=_("Remove the enrolment of %(name)s?") % named,
        text=_(
            "For somebody who was enrolled by mistake: the adviser and the placements go too. The "
            "account stays."
        ),
        label=_("Remove the enrolment"),
        done_text=_("%(name)s is no longer in this programme.") % named,
        back=enrolment if request.method == "GET" else enrolment.programme,
        part="students",
        check=lambda: check_remove_enrolment(enrolment),
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("who advises no longer does not do so a second time")
def adviser_end(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    if enrolment.adviser is None:
        return redirect(enrolment)
    return ask_page(
        request,
        partial(actions.end_adviser, enrolment=enrolment, by=request.user),
        title=_("Does %(name)s no longer advise %(student)s?")
        % {"name": enrolment.adviser.name, "student": enrolment.student.name},
        text=_("They then no longer see this student's portfolio. What they did stays."),
        label=_("End"),
        done_text=_("Nobody advises this student now."),
        back=enrolment,
    )


# --- Placements -----------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def placement_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    form = NewPlacementForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, enrolment.get_absolute_url()):
                actions.add_placement(enrolment=enrolment, **form.cleaned_data, by=request.user)
            return done(request, _("The placement is added."), enrolment)
    return grouped_page(
        request,
        form,
        title=_("Add a placement for %(name)s") % {"name": enrolment.student.name},
        label=_("Add the placement"),
        back=enrolment,
    )


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def placement_edit(request: PersonRequest, pk: UUID, placement_id: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    placement = get_object_or_404(enrolment.placements, pk=placement_id)

    def draw(data: QueryDict | None = None) -> PlacementForm:
        return PlacementForm(data, instance=Placement.objects.get(pk=placement_id))

    change = Change(request, draw, about=placement_id, last=lambda: placement)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.change_placement(placement=placement, **form.cleaned_data, by=request.user)
            return done(request, _("The placement is changed."), enrolment)
    title = _("Change the placement")
    return grouped_page(request, form, title=title, label=_("Save"), back=enrolment)


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def placement_remove(request: PersonRequest, pk: UUID, placement_id: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    placement = get_object_or_404(enrolment.placements.select_related("enrolment"), pk=placement_id)
    return ask_page(
        request,
        partial(actions.remove_placement, placement=placement, by=request.user),
        title=_("Remove the placement at %(workplace)s?") % {"workplace": placement.workplace},
        text=_("Its supervisors go too. The student is then no longer offered their names."),
        label=_("Remove the placement"),
        done_text=_("The placement is removed."),
        back=enrolment,
        part="placements",
        check=lambda: check_remove_placement(placement),
    )


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def supervisor_new(request: PersonRequest, pk: UUID, placement_id: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    placement = get_object_or_404(enrolment.placements, pk=placement_id)
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, enrolment.get_absolute_url()):
                actions.add_supervisor(
                    placement=placement, contact=form.cleaned_data["person"], by=request.user
                )
            return done(request, _("The supervisor is added."), enrolment)
    return grouped_page(
        request,
        form,
        title=_("Add a supervisor at %(workplace)s") % {"workplace": placement.workplace},
        label=_("Add the supervisor"),
        back=enrolment,
        text=_("Gives feedback by a link in an e-mail, without an account."),
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("a supervisor leaves a placement once")
def supervisor_end(request: PersonRequest, pk: UUID, supervisor_id: UUID) -> HttpResponse:
    enrolment = managed_enrolment(request, pk)
    supervisor = get_object_or_404(
        Supervisor.objects.current(), placement__enrolment=enrolment, pk=supervisor_id
    )
    return ask_page(
        request,
        partial(actions.end_supervisor, supervisor=supervisor, by=request.user),
        title=_("Is %(name)s no longer a supervisor?") % {"name": supervisor.person.name},
        text=_("The student is then no longer offered this name. Feedback that was given stays."),
        label=_("End"),
        done_text=_("This supervisor no longer belongs to the placement."),
        back=enrolment,
    )
