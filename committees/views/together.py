"""What who leads orders for all cases of a meeting at once: see committees/actions/errands.py."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from committees.access import check_announces
from committees.actions.errands import ANNOUNCING, OPENING
from committees.agenda import AgendaRow, agenda_of
from committees.models import Meeting
from committees.panels import moment_of, panel_in
from committees.views.meetings import visible_meeting
from people.access import PersonRequest, signed_in
from post.errands import order
from records.refusals import NotPossible


@signed_in
@require_POST
def judgements_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Of every case that this person leads and for which all judgements are in."""
    meeting, rows = _led(request, pk)
    return _order(request, OPENING, meeting, [row.case.pk for row in rows if row.opens])


@signed_in
@require_POST
def announce(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Every decision that was recorded, not yet announced, and is this person's to announce."""
    meeting, rows = _led(request, pk)
    return _order(request, ANNOUNCING, meeting, [row.case.pk for row in rows if row.announces])


def _led(request: PersonRequest, pk: UUID) -> tuple[Meeting, list[AgendaRow]]:
    """A meeting and its agenda, for the chair and for who was noted to lead in their place: in
    which cases they do differs, as one of them can stand aside."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_announces(request.user, panel_in(meeting, moment_of(meeting, now)))
    return meeting, agenda_of(meeting, viewer=request.user, at=now)


def _order(request: PersonRequest, what: str, meeting: Meeting, cases: list[UUID]) -> HttpResponse:
    try:
        errand = order(what, about=meeting.pk, rows=cases, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("committees:meeting", meeting.pk)
    if errand.by_id != request.user.pk:
        messages.info(request, _("%(name)s ordered this just now.") % {"name": errand.by})
        return redirect("committees:meeting", meeting.pk)
    return redirect("errand", errand.pk)
