"""What the chair does with all cases of a meeting at once, each in a transaction of its own."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from committees import actions
from committees.access import check_chairs
from committees.agenda import agenda_of
from committees.models import Case
from committees.views.meetings import visible_meeting
from people.access import NotAllowed, PersonRequest, signed_in
from records.refusals import NotPossible


@signed_in
@require_POST
def judgements_open(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Of every case for which all judgements are in."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    check_chairs(request.user, meeting.committee, now)
    rows = agenda_of(meeting, viewer=request.user, at=now)
    cases = [row.case for row in rows if row.is_complete]
    if count := _each(request, cases, actions.open_judgements):
        text = ngettext(
            "The judgements of %(count)d case are open.",
            "The judgements of %(count)d cases are open.",
            count,
        )
        messages.success(request, text % {"count": count})
    return redirect("committees:meeting", meeting.pk)


@signed_in
@require_POST
def announce(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Every decision that was recorded and not yet announced."""
    meeting = visible_meeting(request, pk)
    check_chairs(request.user, meeting.committee, timezone.now())
    cases = meeting.cases.filter(state=Case.State.DECIDED).for_list()
    if count := _each(request, cases, actions.announce):
        text = ngettext(
            "%(count)d decision is announced. Student and adviser get a mail.",
            "%(count)d decisions are announced. Students and advisers get a mail.",
            count,
        )
        messages.success(request, text % {"count": count})
    return redirect("committees:meeting", meeting.pk)


def _each(request: PersonRequest, cases: Iterable[Case], action: Callable[..., Any]) -> int:
    """With how many of these cases it was done; of the others it is said why not."""
    count = 0
    for case in cases:
        try:
            action(case=case, by=request.user)
        except (NotPossible, NotAllowed) as refusal:
            messages.error(request, f"{case}: {refusal}")
        else:
            count += 1
    return count
