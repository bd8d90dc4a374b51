"""Announcing: confirmed on one page, ordered for a moment, and to be called off until then."""

from datetime import date
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from committees import actions
from committees.actions.errands import ANNOUNCING, orders_in
from committees.days import way_to_contest
from committees.forms import AnnouncingForm
from committees.models import Case, Meeting
from committees.views.meetings import led_meeting, to_announce, visible_meeting
from people.access import PersonRequest, signed_in
from people.pages import act_and_go_back, done, refusals_in
from people.sending import creates, once, sends
from post.errands import progress_of
from post.models import Errand
from records.refusals import NotPossible


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def announce(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show each decision that can be announced, with its outcome, or only that of `case`; sent, it
    orders that exactly those that were shown are announced."""
    meeting, rows = led_meeting(request, pk)
    orders = progress_of(orders_in(meeting).order_by("recorded_at"))
    keys = [row.case.pk for row in to_announce(rows, orders)]
    if only := request.GET.get("case"):
        keys = [key for key in keys if str(key) == only]
    cases = _confirmed(keys)
    form = AnnouncingForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            shown = [case.decision_id for case in cases if case.decision_id]
            if sorted(map(str, shown)) != sorted(request.POST.getlist("decision")):
                raise NotPossible(
                    _("Something was decided or announced meanwhile. Look at the list once more.")
                )
            with once(request, meeting.get_absolute_url()):
                actions.order_announcing(
                    meeting=meeting, decisions=shown, by=request.user, due_at=form.moment()
                )
            return done(request, _("Ordered. Until then you can call it off."), meeting)
    context = {
        "meeting": meeting,
        "cases": cases,
        "form": form,
        "mails": sum(1 + (case.enrolment.adviser is not None) for case in cases),
        "last_day": _last_day(meeting),
    }
    status = 422 if form.errors else 200
    return render(request, "committees/announce.html", context, status=status)


def _confirmed(keys: list[UUID]) -> list[Case]:
    """Read the cases with what the page names of each, in the order of the agenda. Three queries,
    and one for the adviser of each."""
    rows = Case.objects.for_list().select_related("decision")
    findings = "decision__findings__part"
    whole = rows.prefetch_related(f"{findings}__core_task", f"{findings}__work_process")
    return list(whole.filter(pk__in=keys).order_by("order", "recorded_at"))


def _last_day(meeting: Meeting) -> date:
    """Tell until when a decision that is announced today can be contested."""
    sector = meeting.committee.programme.rules.sector
    return way_to_contest(sector, timezone.localdate())[1]


@signed_in
@require_POST
@sends("what was called off stays so")
def call_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Call off an order to announce, by whoever may announce there."""
    errand = get_object_or_404(Errand, pk=pk, what=ANNOUNCING)
    meeting = visible_meeting(request, errand.about)

    return act_and_go_back(
        request,
        lambda: actions.call_off_announcing(errand=errand, by=request.user),
        done_text=_("Called off: nobody saw anything of it."),
        back=meeting,
    )
