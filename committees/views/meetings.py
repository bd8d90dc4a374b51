from collections import Counter
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from committees import actions
from committees.access import (
    check_begin,
    check_close_meeting,
    check_day_has_come,
    check_established,
    check_fits,
    check_freeze,
    check_may_announce,
    check_may_lead,
    check_may_note_leading,
    check_may_open_meeting,
    check_may_prepare,
    check_may_undo_agenda,
    check_put_on_agenda,
    check_reference_has_passed,
    check_undo_agenda,
)
from committees.actions.errands import ANNOUNCING, OPENING
from committees.agenda import AgendaRow, agenda_and_panel, agenda_of, mark_of, rows_that
from committees.agenda_text import drawn_rows
from committees.days import is_early, notice_of
from committees.forms import (
    AgendaForm,
    AgendaUnitForm,
    AttendanceForm,
    LeadingForm,
    MeetingForm,
    ReasonForm,
)
from committees.models import Attendance, Case, Committee, Contradiction, Meeting
from committees.rules import Panel
from committees.standing import standing_of, waiting_for
from committees.who_sits import moment_of, panel_in
from people.access import PersonRequest, allowed, signed_in
from people.drafts import Writing
from people.models import Account, Person
from people.pages import act_and_go_back, before_writing, done, refusals_in
from people.sending import creates, let_again, once, sends
from post.errands import Progress, order, progress_of
from post.models import Errand, OutboxMail
from post.undoing import UndoTime, time_to_undo, wait_of_mail
from programmes.models import Enrolment, Unit
from records.prepared import PreparedQuery
from records.refusals import NotPossible, why_not

CASES_AT_A_TIME = 50


def visible_meeting(request: PersonRequest, pk: UUID) -> Meeting:
    """Find a meeting that this person may see, with its committee, programme and house rules, and
    mandate. One query."""
    if found := MEETING.rows(pk, request.user.pk):
        return found[0]
    raise Http404


def _meeting_seen(meeting: UUID, viewer: UUID) -> "QuerySet[Meeting]":
    rows = Meeting.objects.visible_to(Account(pk=viewer)).filter(pk=meeting).order_by()
    return rows.select_related("committee__programme__rules", "committee__mandate")


MEETING = PreparedQuery(_meeting_seen)


# --- On the projector: a page drawn large, that asks again by itself ------------------------------


def screen_mark(request: PersonRequest, **of: UUID) -> str:
    """Find the mark of what a large page is about to show (`mark_of`); a window that asks again
    names that of what it has. Read before all else, so that no change goes unseen. One query; on a
    laptop none."""
    if "large" not in request.GET:
        return ""
    if mark := mark_of(request.user, **of):
        return mark
    raise Http404


def window(request: PersonRequest, name: str) -> str:
    """Name the template of a page: as on a laptop, large, or what of that is renewed."""
    if "large" not in request.GET:
        return f"committees/{name}.html"
    return f"committees/{name}_large.html{'#room' if request.htmx else ''}"


# --- The meeting ----------------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def meeting_plan(request: PersonRequest, pk: UUID) -> HttpResponse:
    rows = Committee.objects.visible_to(request.user).select_related("programme")
    committee = get_object_or_404(rows, pk=pk)
    now = timezone.now()
    check_may_prepare(request.user, committee, now)
    before_writing(request, check_established, committee)
    form = MeetingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, committee.get_absolute_url()) as sent:
                made = actions.plan_meeting(
                    committee=committee, by=request.user, **form.cleaned_data
                )
                sent.leads_to = reverse("committees:agenda", args=[made.pk])
            text = _("The meeting is planned. Put students on its agenda until %(day)s.")
            messages.success(request, text % {"day": date_format(_last_day(made, now), "l j F Y")})
            return redirect("committees:agenda", made.pk)
    context = {"committee": committee, "form": form}
    status = 422 if form.errors else 200
    return render(request, "committees/meeting_plan.html", context, status=status)


def _last_day(meeting: Meeting, at: datetime) -> date:
    """Tell the last day on which students can be put on the agenda of a meeting, by the house rules
    of a moment."""
    notice = notice_of(meeting.committee.programme, at)
    return notice.last_day_to_tell(timezone.localdate(meeting.reference_at))


@signed_in
@require_safe
@vary_on_headers("HX-Request")
def meeting(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the agenda, who is present, and where each case stands; large for a projector, where
    only what the room needs is left."""
    mark = screen_mark(request, meeting=pk)
    if mark and mark == request.GET.get("mark"):
        return HttpResponse(status=204)
    return _meeting_page(request, visible_meeting(request, pk), mark=mark)


def _opening(data: QueryDict | None = None) -> ReasonForm:
    """Make the form that asks why a meeting is opened before the planned day."""
    return ReasonForm(data, label=_("Why is it opened earlier?"))


def _meeting_page(
    request: PersonRequest,
    meeting: Meeting,
    *,
    mark: str = "",
    opening: ReasonForm | None = None,
) -> HttpResponse:
    """Show the page of a meeting; 422 where the form with which it is opened has errors."""
    now = timezone.now()
    viewer, is_large = request.user, "large" in request.GET
    prepares = allowed(check_may_prepare, viewer, meeting.committee, now)
    rows, panel = agenda_and_panel(meeting, viewer=viewer, at=now)
    page = Paginator(rows, CASES_AT_A_TIME).get_page(request.GET.get("page"))
    leads = allowed(check_may_lead, viewer, panel)
    may_take_off = prepares and any(row.case.state == Case.State.PLANNED for row in rows)
    states = Counter(row.case.state for row in rows)
    pending = sum(states[state] for state in Case.PENDING)
    day_has_come = not why_not(check_day_has_come, meeting, now)
    awaited = rows_that(rows, lambda row: row.awaits_viewer)
    of_row: dict[str, Any] = {
        "prepares": prepares,
        "may_take_off": may_take_off,
        "is_open": meeting.state == Meeting.State.OPEN,
        "reference_has_passed": not why_not(check_reference_has_passed, meeting, now),
        "csrf_token": get_token(request),
    }
    if not is_large:
        told = rows and (prepares or panel.announces(viewer.pk))
        mails = TROUBLES.rows(meeting.pk) if told else []
        of_row |= _troubles(mails)
    template = "committees/_agenda_row_large.html" if is_large else "committees/_agenda_row.html"
    alone = {pk for name in ("troubles", "adviser_troubles") for pk in of_row.get(name, ())}
    context = of_row | {
        "meeting": meeting,
        "mark": mark,
        "page": page,
        "units": drawn_rows(template, page, of_row, alone=alone),
        "rows": rows,
        "panel": panel,
        "is_closed": meeting.state == Meeting.State.CLOSED,
    }
    if not is_large:
        said = contradictions_of(meeting)
        ordered = progress_of(ORDERED.rows(meeting.pk))
        announcing = [each for each in ordered if each.errand.what == ANNOUNCING]
        context |= {
            "ordered": [each for each in ordered if each.errand.by_id == viewer.pk],
            "announcing": announcing if panel.announces(viewer.pk) else [],
            "next": next(iter(awaited), None),
            "awaited": len(awaited),
            "undoable": _undoable(meeting, rows, viewer, now) if prepares else [],
            "sits": panel.seat_of(viewer.pk) is not None,
            "is_present": viewer.pk in panel.present,
            "noted": next(iter(NOTED_OF.rows(meeting.pk, viewer.pk)), None),
            "contradictions": said,
            "to_answer": _to_answer(said, viewer),
            "again": _decided_again(rows),
            "day_has_come": day_has_come,
            "form": _attendance(meeting, panel)
            if panel.notes(viewer.pk) and day_has_come
            else None,
            "leading": LeadingForm(panel=panel)
            if panel.may_be_noted and allowed(check_may_note_leading, viewer, panel)
            else None,
            "leads": leads,
            "may_begin": allowed(check_may_open_meeting, viewer, meeting, panel, now),
            "last_day": _last_day(meeting, now),
            "takes_students": not why_not(check_put_on_agenda, meeting, now),
            "opening": (opening or _opening()) if is_early(meeting, now) else None,
            "may_announce": allowed(check_may_announce, viewer, panel),
            "may_open": bool(rows) and not why_not(check_begin, meeting),
            "stays_open_for": why_not(check_close_meeting, meeting, pending),
            "may_freeze": prepares
            and not why_not(check_freeze, meeting, states[Case.State.PLANNED], now),
            "opens": len(rows_that(rows, lambda row: row.opens)),
            "announces": len(to_announce(rows, announcing)),
            "decided": states[Case.State.DECIDED],
            "to_freeze": states[Case.State.PLANNED] if of_row["reference_has_passed"] else 0,
            "frozen": len(rows) - states[Case.State.PLANNED],
            "fast": rows_that(rows, lambda row: row.goes_fast and row.is_up),
        }
    status = 422 if opening is not None and opening.errors else 200
    return render(request, window(request, "meeting"), context, status=status)


def to_announce(rows: list[AgendaRow], orders: list[Progress]) -> list[AgendaRow]:
    """Find the cases whose decision is this person's to announce, and of which that is not ordered
    yet."""
    ordered = {item.row for order in orders for item in order.items}
    theirs = rows_that(rows, lambda row: row.announces)
    return [row for row in theirs if row.case.decision_id not in ordered]


def _undoable(
    meeting: Meeting, rows: list[AgendaRow], user: Account, at: datetime
) -> list[tuple[UUID, UndoTime]]:
    """Find what this person put on the agenda and can still undo: one case of each time. No query
    but of what was put there just now; there two for each time."""
    wait = wait_of_mail()
    times = {row.case.recorded_at: row.case for row in rows if row.case.recorded_at > at - wait}
    found = []
    for sent_at, case in times.items():
        together = [row.case for row in rows if row.case.recorded_at == sent_at]
        keys = [each.pk for each in together]
        if allowed(check_may_undo_agenda, user, case) and not why_not(
            check_undo_agenda, meeting, together, at
        ):
            undo = time_to_undo(keys, sent_at, wait, at)
            found += [(case.pk, undo)] if undo else []
    return found


def _troubles(mails: list[OutboxMail]) -> dict[str, dict[UUID, OutboxMail]]:
    """Tell of which cases the last mail to the student, and that to the adviser, did not arrive."""
    to_advisers = [mail for mail in mails if mail.template.endswith("_adviser")]
    to_students = [mail for mail in mails if mail not in to_advisers]
    return {
        "troubles": {mail.about: mail for mail in to_students},
        "adviser_troubles": {mail.about: mail for mail in to_advisers},
    }


# What the page asks each time, made once.


def _mails_not_arrived(meeting: UUID) -> "QuerySet[OutboxMail]":
    cases = Case.objects.filter(meeting=meeting).order_by().values("pk")
    return OutboxMail.objects.filter(about__in=cases).troubles().order_by("recorded_at")


def _ordered_here(meeting: UUID) -> "QuerySet[Errand]":
    return Errand.objects.running().filter(about=meeting).select_related("by")


def _noted_of(meeting: UUID, member: UUID) -> "QuerySet[Attendance]":
    """Find what the secretary noted of a member, while they can contradict it, the last first."""
    noted = Attendance.objects.filter(meeting=meeting, person=member, contradiction=None)
    return noted.exclude(by=member).select_related("by").order_by("-recorded_at")


def _said_themselves(meeting: UUID) -> QuerySet:
    rows = Attendance.objects.current().filter(meeting=meeting, by=F("person"))
    return rows.values("person")


def _contradicted_in(meeting: UUID) -> "QuerySet[Contradiction]":
    rows = Contradiction.objects.filter(attendance__meeting=meeting).for_page()
    return rows.order_by("attendance__person__name", "attendance__person", "recorded_at")


TROUBLES, ORDERED = PreparedQuery(_mails_not_arrived), PreparedQuery(_ordered_here)
NOTED_OF, CONTRADICTIONS = PreparedQuery(_noted_of), PreparedQuery(_contradicted_in)
SAID_THEMSELVES = PreparedQuery(_said_themselves)


def _attendance(meeting: Meeting, panel: Panel) -> AttendanceForm:
    """Make the form in which the secretary notes who came. One query."""
    own = {row["person"] for row in SAID_THEMSELVES.rows(meeting.pk)}
    return AttendanceForm(seats=panel.seats, present=panel.present, own=own)


def contradictions_of(meeting: Meeting) -> list[Contradiction]:
    """Find who says that they were not there, by name. One query."""
    return CONTRADICTIONS.rows(meeting.pk)


def _to_answer(said: list[Contradiction], user: Account) -> list[Contradiction]:
    """Find what of this waits for the answer of who looks at the page. One query where something
    was not answered yet."""
    asked = [row.pk for row in said if not hasattr(row, "answer")]
    if not asked:
        return []
    theirs = set(Contradiction.objects.to_answer_by(user).filter(pk__in=asked).values_list("pk"))
    return [row for row in said if (row.pk,) in theirs]


def _decided_again(rows: list[AgendaRow]) -> list[AgendaRow]:
    """Find the cases that are to be decided again, as the decision was set back. One query where
    judgements were opened."""
    opened = [row.case.pk for row in rows if row.case.state == Case.State.OPENED]
    if not opened:
        return []
    again = set(Case.objects.set_back().filter(pk__in=opened).values_list("pk", flat=True))
    return [row for row in rows if row.case.pk in again]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def agenda(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Put students on the agenda for one unit: first which unit, where there are several, then
    who."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_may_prepare(request.user, meeting.committee, now)
    units = list(meeting.committee.programme.units.all())
    unit_form = AgendaUnitForm(request.GET or None, programme=meeting.committee.programme)
    unit = unit_form.cleaned_data["unit"] if unit_form.is_valid() else None
    if len(units) == 1:
        unit = units[0]
    free, attained = _free_for(meeting, unit) if unit else ([], [])
    form = AgendaForm(request.POST if request.method == "POST" else None, enrolments=free)
    of = unit.pk if unit else ""
    draft = Writing(request, f"agenda:{meeting.pk}:{of}:{request.user.pk}", form)
    if unit and form.is_valid():
        with refusals_in(form):
            with draft.sending(meeting.get_absolute_url()):
                made = actions.put_on_agenda(
                    meeting=meeting,
                    unit=unit,
                    enrolments=form.cleaned_data["enrolments"],
                    by=request.user,
                )
                draft.keep_sent(made[0].pk)
            text = ngettext(
                "%(count)d student is on the agenda, and gets a mail.",
                "%(count)d students are on the agenda, and get a mail.",
                len(made),
            )
            return done(request, text % {"count": len(made)}, meeting)
    context = {
        "meeting": meeting,
        "has_units": bool(units),
        "unit_form": unit_form if len(units) > 1 else None,
        "unit": unit,
        "form": form,
        "has_students": bool(free),
        "attained": attained,
        "last_day": _last_day(meeting, now),
        "why_not": why_not(check_put_on_agenda, meeting, now),
    }
    status = 422 if form.errors else 200
    return render(request, "committees/agenda.html", context, status=status)


def _free_for(meeting: Meeting, unit: Unit) -> tuple[list[Enrolment], list[Enrolment]]:
    """Find the enrolments of the programme that can be put on the agenda for this unit; and of the
    others those that attained every part of it."""
    kept = ENROLLED.rows(meeting.committee.programme_id)
    parts = list(unit.parts.current())
    keys = [row.pk for row in kept]
    waiting, stands = waiting_for(unit, keys), standing_of(keys, [unit.pk])
    fits = partial(check_fits, meeting, unit, waiting=waiting, stands=stands, parts=parts)
    free = [row for row in kept if not why_not(fits, row)]
    attained = [
        row
        for row in kept
        if (found := stands.get((row.pk, unit.pk))) and found.attained and not found.left_of(parts)
    ]
    return free, attained


def _enrolled(programme: UUID) -> "QuerySet[Enrolment]":
    rows = Enrolment.objects.filter(programme=programme).select_related("student")
    return rows.order_by("student__name")


ENROLLED = PreparedQuery(_enrolled)


@signed_in
@require_POST
@sends("who is off the agenda stays so")
def take_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    rows = Case.objects.visible_to(request.user).for_list()
    case = get_object_or_404(rows, pk=pk)
    return act_and_go_back(
        request,
        lambda: actions.take_off_agenda(case=case, by=request.user),
        done_text=_("%(student)s is off the agenda.") % {"student": case.enrolment.student},
        back=case.meeting,
    )


@signed_in
@require_POST
@sends("what was taken back stays so")
def undo_agenda(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take a case off with those put on the agenda together with it, and go to the form on which
    they are chosen."""
    case = get_object_or_404(Case.objects.visible_to(request.user).for_list(), pk=pk)
    try:
        actions.undo_agenda(case=case, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect(case.meeting)
    let_again(request)
    messages.success(request, _("Taken back: no mail was sent."))
    return redirect(f"{reverse('committees:agenda', args=[case.meeting_id])}?unit={case.unit_id}")


@signed_in
@require_POST
@sends("asks for what goes first, and only that")
def freeze(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Let the sets of one meeting that wait for it be frozen before those of others."""
    meeting = visible_meeting(request, pk)
    return act_and_go_back(
        request,
        lambda: actions.hurry_freezing(meeting=meeting, by=request.user),
        done_text=_("These sets go first: frozen once their files are prepared, in a few minutes."),
        back=meeting,
    )


@signed_in
@require_POST
@sends("who was noted last leads")
def leading(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Note which present member leads where the chair does not."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    panel = panel_in(meeting, now)
    check_may_note_leading(request.user, panel)
    form = LeadingForm(request.POST, panel=panel)
    if not form.is_valid():
        messages.error(request, _("Choose a voting member who is present."))
        return redirect(meeting)
    person = Person.objects.get(pk=form.cleaned_data["person"])
    return act_and_go_back(
        request,
        lambda: actions.note_leading(meeting=meeting, person=person, by=request.user),
        done_text=_("%(person)s leads in the chair's place.") % {"person": person},
        back=meeting,
    )


@signed_in
@require_POST
@sends("a meeting opens once")
def meeting_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Open a meeting, before the planned day with a reason."""
    meeting = visible_meeting(request, pk)
    form = _opening(request.POST) if is_early(meeting, timezone.now()) else None
    if form is not None and not form.is_valid():
        now = timezone.now()
        check_may_open_meeting(request.user, meeting, panel_in(meeting, now), now)
        return _meeting_page(request, meeting, opening=form)
    reason = form.cleaned_data["reason"] if form is not None else ""
    return act_and_go_back(
        request,
        lambda: actions.open_meeting(meeting=meeting, by=request.user, reason=reason),
        done_text=_("The meeting is open."),
        back=meeting,
    )


@signed_in
@require_POST
@sends("a meeting closes once")
def meeting_close(request: PersonRequest, pk: UUID) -> HttpResponse:
    meeting = visible_meeting(request, pk)
    return act_and_go_back(
        request,
        lambda: actions.close_meeting(meeting=meeting, by=request.user),
        done_text=_("The meeting is closed."),
        back=meeting,
    )


# --- For all cases at once: see committees/actions/errands.py -------------------------------------


@signed_in
@require_POST
@sends("an errand that runs is found again")
def judgements_open_all(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Order that the judgements are opened of every case that this person leads and for which all
    are in."""
    meeting, rows = led_meeting(request, pk)
    return _order(
        request, OPENING, meeting, [row.case.pk for row in rows_that(rows, lambda row: row.opens)]
    )


def led_meeting(request: PersonRequest, pk: UUID) -> tuple[Meeting, list[AgendaRow]]:
    """Find a meeting and its agenda, for the chair and for who was noted to lead in their place: in
    which cases they do differs, as one of them can stand aside."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_may_announce(request.user, panel_in(meeting, moment_of(meeting, now)))
    return meeting, agenda_of(meeting, viewer=request.user, at=now)


def _order(request: PersonRequest, what: str, meeting: Meeting, cases: list[UUID]) -> HttpResponse:
    try:
        errand = order(what, about=meeting.pk, rows=cases, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("committees:meeting", meeting.pk)
    return redirect("errand", errand.pk)
