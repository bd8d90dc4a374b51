"""What the chair orders for all cases of a meeting at once: see committees/actions/errands.py."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from committees.access import check_chairs
from committees.actions.errands import ANNOUNCING, OPENING
from committees.agenda import agenda_of
from committees.models import Case, Meeting
from committees.views.meetings import visible_meeting
from people.access import PersonRequest, signed_in
from post.errands import order
from records.refusals import NotPossible


@signed_in
@require_POST
def judgements_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Of every case for which all judgements are in."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_chairs(request.user, meeting.committee, now)
    rows = agenda_of(meeting, viewer=request.user, at=now)
    return _order(request, OPENING, meeting, [row.case.pk for row in rows if row.is_complete])


@signed_in
@require_POST
def announce(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Every decision that was recorded and not yet announced."""
    meeting = visible_meeting(request, pk)
    check_chairs(request.user, meeting.committee, timezone.now())
    decided = meeting.cases.filter(state=Case.State.DECIDED)
    return _order(request, ANNOUNCING, meeting, list(decided.values_list("pk", flat=True)))


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
