from uuid import UUID

from django.db.models import QuerySet
from django.forms import model_to_dict
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from committees import actions
from committees.access import check_established, check_may_give_mandate, check_may_prepare
from committees.agenda import rows_for
from committees.forms import CommitteeForm, MandateForm, SeatForm
from committees.models import Case, Committee, Contradiction, Meeting, Membership
from committees.rules import is_attainable
from committees.who_sits import coordinating_in
from people.access import PersonRequest, allowed, signed_in
from people.changing import Change
from people.drafts import Writing
from people.pages import ask_page, before_writing, done, form_page, refusals_in
from people.sending import changes, creates, once, sends
from post.models import OutboxMail
from programmes.access import check_may_manage, check_open
from programmes.models import Programme
from records.refusals import why_not


@signed_in
@require_safe
def committee_list(request: PersonRequest) -> HttpResponse:
    """Show the committees, what waits for my answer, and the meetings to come with how many
    judgements they await of me."""
    committees = Committee.objects.visible_to(request.user).select_related("programme")
    meetings = (
        Meeting.objects.visible_to(request.user)
        .coming()
        .select_related("committee__programme")
        .order_by("held_at")
    )
    cases = Case.objects.filter(meeting__in=meetings).for_list()
    rows = rows_for(cases, viewer=request.user, at=timezone.now())
    to_answer = list(Contradiction.objects.to_answer_by(request.user).for_page())
    coming = [
        {
            "meeting": meeting,
            "to_answer": sum(said.attendance.meeting_id == meeting.pk for said in to_answer),
            "cases": sum(row.case.meeting_id == meeting.pk for row in rows),
            "awaited": sum(row.case.meeting_id == meeting.pk and row.awaits_viewer for row in rows),
        }
        for meeting in meetings
    ]
    programmes = Programme.objects.coordinated_by(request.user).filter(state=Programme.State.OPEN)
    context = {
        "committees": committees,
        "coming": coming,
        "programmes": programmes,
        "to_answer": to_answer,
    }
    return render(request, "committees/list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def committee_new(request: PersonRequest) -> HttpResponse:
    """Make a new committee for the programme that the query names."""
    try:
        key = UUID(request.GET.get("programme", ""))
    except ValueError:
        key = None
    programme = get_object_or_404(Programme.objects.visible_to(request.user), pk=key)
    check_may_manage(request.user, programme)
    before_writing(request, check_open, programme)
    form = CommitteeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, programme.get_absolute_url()) as sent:
                made = actions.make_committee(
                    programme=programme, by=request.user, **form.cleaned_data
                )
                sent.leads_to = made.get_absolute_url()
            return done(request, _("The committee is there. Now give its members a seat."), made)
    return form_page(
        request,
        form,
        title=_("New committee"),
        text=_(
            "Its members get their seats in the next step. Then the exam board gives it its "
            "mandate, and it can meet."
        ),
        label=_("Make the committee"),
        back=programme,
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@changes
def mandate_give(request: PersonRequest, pk: UUID, is_draft: bool = False) -> HttpResponse:
    """Establish a committee under a mandate; the form begins with the one that holds."""
    committee = _committee(request, pk)
    check_may_give_mandate(request.user, committee)
    fields = ("text", "procedure", "quorum", "judgements_asked")

    def draw(data: QueryDict | None = None) -> MandateForm:
        now = _committee(request, pk).mandate
        return MandateForm(data, initial=model_to_dict(now, fields) if now else None)

    change = Change(
        request,
        draw,
        about=pk,
        last=lambda: _committee(request, pk).mandate,
        leaves_out=["given_on"],
    )
    form = change.form
    draft = Writing(request, f"mandate:{committee.pk}:{request.user.pk}", form)
    if is_draft:
        return draft.answer()
    if form.is_valid():
        with refusals_in(form):
            with draft.sending(committee.get_absolute_url()), change.over_nothing_unseen():
                actions.give_mandate(committee=committee, by=request.user, **form.cleaned_data)
            text = _("The committee is established, with the members that it has now.")
            return done(request, text, committee)
    voting = list(_voting(committee))
    context = {
        "committee": committee,
        "voting": voting,
        "coordinating": coordinating_in(committee, voting),
        "form": form,
        "draft": draft,
    }
    status = 422 if form.errors else 200
    return render(request, "committees/mandate.html", context, status=status)


def _voting(committee: Committee) -> QuerySet[Membership]:
    """Find who votes in a committee now."""
    seats = committee.memberships.current().filter(role__in=Membership.VOTING)
    return seats.select_related("person").order_by("person__name")


@signed_in
@require_safe
def committee(request: PersonRequest, pk: UUID) -> HttpResponse:
    return _committee_page(request, _committee(request, pk), SeatForm())


def _committee(request: PersonRequest, pk: UUID) -> Committee:
    rows = Committee.objects.visible_to(request.user).select_related("programme", "mandate")
    return get_object_or_404(rows, pk=pk)


def _committee_page(request: PersonRequest, committee: Committee, form: SeatForm) -> HttpResponse:
    seats = committee.memberships.select_related("person").order_by("person__name")
    now = [seat for seat in seats if seat.ended_at is None]
    may_manage = allowed(check_may_manage, request.user, committee.programme)
    people, mandate = [seat.person_id for seat in now], committee.mandate
    context = {
        "committee": committee,
        "troubles": OutboxMail.objects.troubles_about(people) if may_manage else {},
        "seats": sorted(now, key=lambda seat: Membership.Role.values.index(seat.role)),
        "former": [seat for seat in seats if seat.ended_at is not None],
        "is_attainable": mandate is None
        or is_attainable(mandate.quorum, mandate.judgements_asked, sum(seat.votes for seat in now)),
        "waiting": [
            seat
            for seat in now
            if seat.votes and (mandate is None or seat.recorded_at > mandate.recorded_at)
        ],
        "coordinating": coordinating_in(committee, now),
        "may_manage": may_manage,
        "may_give_mandate": allowed(check_may_give_mandate, request.user, committee),
        "earlier_mandates": committee.mandates.order_by("-number")[1:],
        "may_plan": allowed(check_may_prepare, request.user, committee, timezone.now())
        and not why_not(check_established, committee),
        "meetings": Meeting.objects.visible_to(request.user).filter(committee=committee),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "committees/committee.html", context, status=status)


@signed_in
@require_POST
@creates
def seat_give(request: PersonRequest, pk: UUID) -> HttpResponse:
    committee = _committee(request, pk)
    form = SeatForm(request.POST)
    check_may_manage(request.user, committee.programme)
    if form.is_valid():
        with refusals_in(form):
            with once(request, committee.get_absolute_url()):
                seat = actions.give_seat(committee=committee, by=request.user, **form.cleaned_data)
            text = _("%(person)s has a seat.") % {"person": seat.person}
            return done(request, text, committee)
    return _committee_page(request, committee, form)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("a seat ends once")
def seat_end(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask whether a seat is to end; then it ends today."""
    seat = get_object_or_404(
        Membership.objects.current().select_related("person", "committee__programme"),
        pk=pk,
        committee__in=Committee.objects.visible_to(request.user),
    )
    check_may_manage(request.user, seat.committee.programme)
    named = {"name": seat.person.name}
    return ask_page(
        request,
        lambda: actions.end_seat(seat=seat, by=request.user),
        title=_("End the seat of %(name)s?") % named,
        text=_(
            "From now on they see no more cases and judge none. What they wrote stays on record, "
            "and does not count for cases without a decision."
        ),
        label=_("End this seat"),
        done_text=_("The seat of %(name)s has ended.") % named,
        back=seat.committee,
    )
