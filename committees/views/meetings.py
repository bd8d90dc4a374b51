from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import check_chairs, check_prepares
from committees.agenda import agenda_of, mark_of
from committees.forms import AgendaForm, AttendanceForm, MeetingForm, UnitForm
from committees.models import Attendance, Case, Committee, Meeting, Membership
from committees.panels import moment_of, seats_of
from people.access import PersonRequest, allowed, signed_in
from programmes.models import Enrolment, Unit
from records.refusals import NotPossible


def visible_meeting(request: PersonRequest, pk: UUID | None = None, **where: UUID) -> Meeting:
    """A meeting that this person may see."""
    rows = Meeting.objects.visible_to(request.user).select_related("committee__programme")
    return get_object_or_404(rows, **({"pk": pk} if pk else where))


# --- On the projector: a page drawn large, that asks again by itself ------------------------------


def screen_mark(request: PersonRequest, **where: UUID) -> str:
    """The mark of what a large page is about to show; a window that asks again names that of what
    it has. Read before all else, so that no change goes unseen. Three queries; on a laptop none."""
    return mark_of(visible_meeting(request, **where)) if "large" in request.GET else ""


def window(request: PersonRequest, name: str) -> str:
    """The template of a page: as on a laptop, large, or what of that is renewed."""
    if "large" not in request.GET:
        return f"committees/{name}.html"
    return f"committees/{name}_large.html{'#room' if request.htmx else ''}"


# --- The meeting ----------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def meeting_plan(request: PersonRequest, pk: UUID) -> HttpResponse:
    rows = Committee.objects.visible_to(request.user).select_related("programme")
    committee = get_object_or_404(rows, pk=pk)
    check_prepares(request.user, committee, timezone.now())
    form = MeetingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        meeting = actions.plan_meeting(committee=committee, by=request.user, **form.cleaned_data)
        messages.success(request, _("The meeting is planned. Now put students on its agenda."))
        return redirect("committees:agenda", meeting.pk)
    context = {"committee": committee, "form": form}
    status = 422 if form.errors else 200
    return render(request, "committees/meeting_plan.html", context, status=status)


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def meeting(request: PersonRequest, pk: UUID) -> HttpResponse:
    """The agenda, who is present, and where each case stands; large for a projector, where only
    what the room needs is left."""
    mark = screen_mark(request, pk=pk)
    if mark and mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    meeting, now = visible_meeting(request, pk), timezone.now()
    at = moment_of(meeting, now)
    prepares = allowed(check_prepares, request.user, meeting.committee, now)
    rows = agenda_of(meeting, viewer=request.user, at=now)
    seats = seats_of([meeting.committee_id], at)[meeting.committee_id]
    present = set(
        Attendance.objects.as_of(at).filter(meeting=meeting).values_list("person", flat=True)
    )
    is_planned = meeting.state == Meeting.State.PLANNED
    planned = [row for row in rows if row.case.state == Case.State.PLANNED]
    context = {
        "meeting": meeting,
        "mark": mark,
        "rows": rows,
        "present": [seat for seat in seats if seat.person in present],
        "next": next((row for row in rows if row.awaits_viewer), None),
        "awaited": sum(row.awaits_viewer for row in rows),
        "form": AttendanceForm(seats=seats, present=present),
        "prepares": prepares,
        "chairs": allowed(check_chairs, request.user, meeting.committee, now),
        "is_planned": is_planned,
        "is_open": meeting.state == Meeting.State.OPEN,
        "is_closed": meeting.state == Meeting.State.CLOSED,
        "reference_has_passed": meeting.reference_at <= now,
        "may_take_off": prepares and bool(planned),
        "may_freeze": prepares and bool(planned) and meeting.reference_at <= now,
        "pending": sum(row.case.is_pending for row in rows),
        "complete": sum(row.is_complete for row in rows),
        "decided": sum(row.case.state == Case.State.DECIDED for row in rows),
        "fast": [row for row in rows if row.goes_fast and row.is_up],
    }
    return render(request, window(request, "meeting"), context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def agenda(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Put students on the agenda for one unit: first which unit, where there are several, then
    who."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_prepares(request.user, meeting.committee, now)
    units = list(meeting.committee.programme.units.all())
    unit_form = UnitForm(request.GET or None, programme=meeting.committee.programme)
    unit = unit_form.cleaned_data["unit"] if unit_form.is_valid() else None
    if len(units) == 1:
        unit = units[0]
    free = _free_for(meeting, unit) if unit else Enrolment.objects.none()
    form = AgendaForm(request.POST if request.method == "POST" else None, enrolments=free)
    if unit and form.is_valid() and _put_on(request, meeting, unit, form):
        return redirect("committees:meeting", meeting.pk)
    context = {
        "meeting": meeting,
        "has_units": bool(units),
        "unit_form": unit_form if len(units) > 1 else None,
        "unit": unit,
        "form": form,
        "has_students": bool(free),
        "reference_has_passed": meeting.reference_at <= now,
    }
    status = 422 if form.errors else 200
    return render(request, "committees/agenda.html", context, status=status)


def _put_on(request: PersonRequest, meeting: Meeting, unit: Unit, form: AgendaForm) -> bool:
    try:
        made = actions.put_on_agenda(
            meeting=meeting,
            unit=unit,
            enrolments=form.cleaned_data["enrolments"],
            by=request.user,
        )
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    text = ngettext(
        "%(count)d student is on the agenda, and gets a mail.",
        "%(count)d students are on the agenda, and get a mail.",
        len(made),
    )
    messages.success(request, text % {"count": len(made)})
    return True


def _free_for(meeting: Meeting, unit: Unit) -> QuerySet[Enrolment]:
    """The enrolments of the programme that do not wait for a decision on this unit already."""
    waiting = Case.objects.filter(unit=unit).exclude(
        state__in=(Case.State.ANNOUNCED, Case.State.DEFERRED)
    )
    rows = Enrolment.objects.filter(programme=meeting.committee.programme_id)
    return (
        rows.current(timezone.localdate(meeting.reference_at))
        .exclude(pk__in=waiting.values("enrolment"))
        .select_related("student", "programme")
        .order_by("student__name")
    )


@signed_in
@require_POST
def take_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    rows = Case.objects.visible_to(request.user).for_list()
    case = get_object_or_404(rows, pk=pk)
    try:
        actions.take_off_agenda(case=case, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        text = _("%(student)s is off the agenda.") % {"student": case.enrolment.student}
        messages.success(request, text)
    return redirect("committees:meeting", case.meeting_id)


@signed_in
@require_POST
def freeze(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Freeze the sets that wait for it, of one meeting."""
    meeting = visible_meeting(request, pk)
    frozen = 0
    try:
        for case in meeting.cases.filter(state=Case.State.PLANNED):
            actions.freeze_case(case=case, by=request.user)
            frozen += 1
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    if frozen:
        text = ngettext("%(count)d set is frozen.", "%(count)d sets are frozen.", frozen)
        messages.success(request, text % {"count": frozen})
    return redirect("committees:meeting", meeting.pk)


@signed_in
@require_POST
def attendance(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Who is present now: what was ticked is, the others are not."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_prepares(request.user, meeting.committee, now)
    seats = seats_of([meeting.committee_id], now)[meeting.committee_id]
    form = AttendanceForm(request.POST, seats=seats, present=())
    if form.is_valid():
        ticked = set(form.cleaned_data["present"])
        try:
            for seat in Membership.objects.current().filter(committee=meeting.committee):
                mark = actions.mark_present if seat.person_id in ticked else actions.mark_absent
                mark(meeting=meeting, person=seat.person, by=request.user)
        except NotPossible as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Attendance is noted."))
    return redirect("committees:meeting", meeting.pk)


@signed_in
@require_POST
def meeting_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    return _change(
        request, visible_meeting(request, pk), actions.open_meeting, _("The meeting is open.")
    )


@signed_in
@require_POST
def meeting_close(request: PersonRequest, pk: UUID) -> HttpResponse:
    meeting = visible_meeting(request, pk)
    return _change(request, meeting, actions.close_meeting, _("The meeting is closed."))


def _change(request: PersonRequest, meeting: Meeting, action: Any, done: str) -> HttpResponse:
    try:
        action(meeting=meeting, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("committees:meeting", meeting.pk)
