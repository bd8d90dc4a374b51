"""What a programme holds: periods, units, guidelines, roles."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from people.access import PersonRequest, signed_in
from people.changing import Change
from people.pages import address_at, ask_page, done, refusals_in
from people.sending import changes, creates, once, sends
from programmes import actions
from programmes.access import check_change_unit, check_remove_period, check_remove_unit
from programmes.forms import GuidelineForm, PeriodForm, RoleForm, UnitForm
from programmes.models import Guideline, Period, Programme
from programmes.views.pages import grouped_page, in_any_state, managed_programme
from qualifications.models import CoreTask, QualityRequirement, WorkProcess

# --- Periods --------------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def period_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    form = PeriodForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, address_at(programme, "periods")):
                actions.add_period(programme=programme, **form.cleaned_data, by=request.user)
            return done(request, _("The period is added."), programme, "periods")
    title, label = _("Add a period"), _("Add the period")
    return grouped_page(request, form, title=title, label=label, back=programme)


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def period_edit(request: PersonRequest, pk: UUID, period_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    period = get_object_or_404(programme.periods, pk=period_id)

    def standing() -> Period:  # a change writes another row
        return Period.objects.get(pk=period.pk).standing()

    def draw(data: QueryDict | None = None) -> PeriodForm:
        return PeriodForm(data, instance=standing())

    change = Change(request, draw, about=pk, last=standing)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.change_period(period=standing(), **form.cleaned_data, by=request.user)
            return done(request, _("The period is changed."), programme, "periods")
    return grouped_page(request, form, title=_("Change a period"), label=_("Save"), back=programme)


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def period_remove(request: PersonRequest, pk: UUID, period_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    period = get_object_or_404(programme.periods, pk=period_id)
    return ask_page(
        request,
        partial(actions.remove_period, period=period, by=request.user),
        title=_("Remove %(name)s?") % {"name": period.name},
        text=_("Evidence from these months stays; it then falls outside the periods."),
        label=_("Remove the period"),
        done_text=_("The period is removed."),
        back=programme,
        part="periods",
        check=lambda: check_remove_period(period, timezone.localdate()),
    )


# --- Units ----------------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def unit_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    form = UnitForm(
        request.POST if request.method == "POST" else None, core_tasks=programme.core_tasks()
    )
    if form.is_valid():
        with refusals_in(form):
            with once(request, address_at(programme, "units")):
                actions.add_unit(programme=programme, **form.cleaned_data, by=request.user)
            return done(request, _("The unit is added."), programme, "units")
    title, label = _("Add a unit of decision"), _("Add the unit")
    return grouped_page(request, form, title=title, label=label, back=programme)


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def unit_edit(request: PersonRequest, pk: UUID, unit_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    unit = get_object_or_404(programme.units.for_list(), pk=unit_id)
    check_change_unit(unit)

    def draw(data: QueryDict | None = None) -> UnitForm:
        now = programme.units.for_list().get(pk=unit_id)
        return UnitForm(data, instance=now, core_tasks=programme.core_tasks())

    change = Change(request, draw, about=unit_id, last=lambda: unit)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.change_unit(unit=unit, **form.cleaned_data, by=request.user)
            return done(request, _("The unit is changed."), programme, "units")
    title = _("Change a unit of decision")
    return grouped_page(request, form, title=title, label=_("Save"), back=programme)


@signed_in
@require_http_methods(["GET", "POST"])
@sends("what is removed is not there a second time")
def unit_remove(request: PersonRequest, pk: UUID, unit_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    unit = get_object_or_404(programme.units, pk=unit_id)
    return ask_page(
        request,
        partial(actions.remove_unit, unit=unit, by=request.user),
        title=_("Remove %(name)s?") % {"name": unit.title},
        text=_("No committee can then decide about it. The qualification itself stays as it is."),
        label=_("Remove the unit"),
        done_text=_("The unit is removed."),
        back=programme,
        part="units",
        check=lambda: check_remove_unit(unit),
    )


# --- Guidelines -----------------------------------------------------------------------------------


@signed_in
@require_GET
def guidelines(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show everything on which a guideline can be set, with those that are."""
    programme = managed_programme(request, pk)
    context = {"programme": programme, "core_tasks": _with_guidelines(programme)}
    return render(request, "programmes/guidelines.html", context)


def _with_guidelines(programme: Programme) -> list[tuple[CoreTask, list[dict[str, Any]]]]:
    """List each core task with itself and all under it, in order: the target, its level and its
    guideline or None."""
    on = {guideline.target.pk: guideline for guideline in programme.current_guidelines()}

    def row(level: str, target: CoreTask | WorkProcess | QualityRequirement) -> dict[str, Any]:
        return {"level": level, "target": target, "guideline": on.get(target.pk)}

    tree = []
    for core_task in programme.core_tasks(with_requirements=True):
        rows = [row("core_task", core_task)]
        for work_process in core_task.work_processes.all():
            rows.append(row("work_process", work_process))
            rows += [row("requirement", place.requirement) for place in work_process.places.all()]
        tree.append((core_task, rows))
    return tree


@signed_in
@require_http_methods(["GET", "POST"])
@changes
def guideline_edit(request: PersonRequest, pk: UUID, target_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    target, guideline = _target(programme, target_id)

    def standing() -> Guideline | None:
        return _target(managed_programme(request, pk), target_id)[1]

    def draw(data: QueryDict | None = None) -> GuidelineForm:
        return GuidelineForm(data, initial=GuidelineForm.showing(standing()))

    change = Change(request, draw, about=target_id, last=standing)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.set_guideline(
                    programme=programme, target=target, **form.cleaned_data, by=request.user
                )
            return done(request, _("The guideline is set."), programme, "guidelines")
    context = {"programme": programme, "target": target, "guideline": guideline, "form": form}
    status = 422 if form.errors else 200
    return render(request, "programmes/guideline.html", context, status=status)


@signed_in
@require_POST
@sends("a guideline ends once")
def guideline_end(request: PersonRequest, pk: UUID, target_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk)
    guideline = _target(programme, target_id)[1]
    if guideline:
        actions.end_guideline(guideline=guideline, by=request.user)
    return done(request, _("The guideline is ended."), programme, "guidelines")


def _target(
    programme: Programme, pk: UUID
) -> tuple[CoreTask | WorkProcess | QualityRequirement, Guideline | None]:
    """Find what a guideline can be on, with the one that is. Raises Http404 for anything else."""
    target = programme.target(pk)
    if target is None:
        raise Http404
    current = programme.current_guidelines()
    return target, next((one for one in current if one.target == target), None)


# --- Teachers and coordinators --------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "POST"])
@creates
def role_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    programme = managed_programme(request, pk, in_any_state)
    form = RoleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, address_at(programme, "people")):
                given = actions.give_role(programme=programme, **form.cleaned_data, by=request.user)
            text = _("%(name)s is added.") % {"name": given.person.name}
            return done(request, text, programme, "people")
    return grouped_page(
        request,
        form,
        title=_("Add a teacher or coordinator"),
        label=_("Add"),
        back=programme,
        text=_("Somebody without an account gets an invitation by e-mail."),
    )


@signed_in
@require_http_methods(["GET", "POST"])
@sends("a role ends once")
def role_end(request: PersonRequest, pk: UUID, role_id: UUID) -> HttpResponse:
    programme = managed_programme(request, pk, in_any_state)
    role = get_object_or_404(programme.current_roles(), pk=role_id)
    return ask_page(
        request,
        partial(actions.end_role, role=role, by=request.user),
        title=_("End the role of %(name)s?") % {"name": role.person.name},
        text=_("As %(role)s they then see nothing of this programme any more. What they did stays.")
        % {"role": role.get_role_display()},
        label=_("End the role"),
        done_text=_("The role is ended."),
        back=programme,
        part="people",
    )
