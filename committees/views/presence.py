from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from committees import actions
from committees.access import (
    check_answer_contradiction,
    check_contradict,
    check_may_answer_contradiction,
    check_may_contradict,
)
from committees.forms import AttendanceForm, ContradictionForm, OwnPresenceForm
from committees.models import Attendance, Case, Contradiction, Meeting
from committees.views.meetings import visible_meeting
from committees.who_sits import panel_in
from people.access import PersonRequest, allowed, signed_in
from people.models import Person
from people.pages import (
    Page,
    WayBack,
    act_and_go_back,
    ask_page,
    before_writing,
    done,
    refusals_in,
)
from people.sending import creates, once, sends
from records.refusals import why_not


@signed_in
@require_POST
@sends("what was said last of oneself holds, and all is on record")
def own_presence(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Say of oneself that one is present now, or has left."""
    meeting = visible_meeting(request, pk)
    form = OwnPresenceForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    is_here = form.cleaned_data["presence"] == OwnPresenceForm.HERE
    mark: Callable[..., object] = actions.mark_present if is_here else actions.mark_absent
    return act_and_go_back(
        request,
        lambda: mark(meeting=meeting, person=request.user.person, by=request.user),
        done_text=_("You are present.") if is_here else _("You have left."),
        back=meeting,
    )


@signed_in
@require_POST
@sends("what was noted last holds, and all is on record")
def attendance(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Note of others who came and who left."""
    meeting, now = visible_meeting(request, pk), timezone.now()
    form = AttendanceForm(request.POST, seats=panel_in(meeting, now).seats, present=())
    if not form.is_valid():
        messages.error(request, _("Somebody you ticked has no seat any more: look again."))
        return redirect(meeting)

    def note() -> None:
        people = Person.objects.in_bulk(form.came | form.left)
        came, left = [people[pk] for pk in form.came], [people[pk] for pk in form.left]
        actions.note_presence(meeting=meeting, came=came, left=left, by=request.user)

    return act_and_go_back(request, note, done_text=_("Attendance is noted."), back=meeting)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what was noted is contradicted once")
def contradict(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask a member of whom the secretary noted that they were present whether they were not."""
    rows = Attendance.objects.select_related("meeting__committee", "by", "contradiction")
    noted = get_object_or_404(rows, pk=pk, person=request.user.pk)
    check_may_contradict(request.user, noted)
    before_writing(request, check_contradict, noted)
    meeting = noted.meeting
    is_announced = meeting.cases.filter(state=Case.State.ANNOUNCED).exists()
    named = {
        "name": noted.by.name,
        "committee": meeting.committee,
        "day": date_format(timezone.localtime(meeting.held_at), "j F Y"),
        "moment": date_format(timezone.localtime(noted.recorded_at), "j F Y, H:i"),
    }
    noted_so = _(
        "On %(moment)s %(name)s noted that you are present at the meeting of the %(committee)s of "
        "%(day)s."
    )
    follows = (
        _(
            "A decision of this meeting has been announced: what you say goes to the exam board "
            "too. Nothing more is announced until the secretary has answered."
        )
        if is_announced
        else _(
            "If you say that you were not, nothing of this meeting is announced until the "
            "secretary has answered."
        )
    )
    return ask_page(
        request,
        lambda: actions.contradict(attendance=noted, by=request.user),
        title=_("Were you not there?"),
        text=f"{noted_so % named} {follows}",
        label=_("I was not there"),
        done_text=_(
            "It is on record that you were not there. The secretary and the exam board get a mail."
        )
        if is_announced
        else _("It is on record that you were not there. The secretary gets a mail."),
        back=_meeting_or_list(request, meeting),
    )


def _meeting_or_list(request: PersonRequest, meeting: Meeting) -> Page:
    """Return the way back to a meeting for who still sees it, else to the committees. One
    query."""
    if Meeting.objects.visible_to(request.user).filter(pk=meeting.pk).exists():
        day = date_format(timezone.localtime(meeting.held_at), "l j F Y")
        return WayBack(meeting.get_absolute_url(), _("Meeting of %(day)s") % {"day": day})
    return WayBack(reverse("committees:list"), _("Committees"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def contradiction(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what a member said who was not there, with the secretary's answer; until there is one,
    ask for it."""
    rows = Contradiction.objects.visible_to(request.user).for_page()
    said = get_object_or_404(rows, pk=pk)
    may_answer = allowed(check_may_answer_contradiction, request.user, said, timezone.now())
    form = None
    if request.method == "POST":
        check_may_answer_contradiction(request.user, said, timezone.now())
    if request.method == "POST" or (may_answer and not why_not(check_answer_contradiction, said)):
        data = request.POST if request.method == "POST" else None
        form = ContradictionForm(data, name=said.attendance.person.name)
    if form is not None and form.is_valid():
        with refusals_in(form):
            with once(request, said.get_absolute_url()):
                answered = actions.answer_contradiction(
                    contradiction=said, by=request.user, **form.cleaned_data
                )
            if answered.set_back:
                messages.warning(request, _set_back_in_words(answered.set_back))
            return done(request, _("Your answer is kept, and the member is told."), said)
    again = Case.objects.visible_to(request.user).set_back().for_list()
    meeting = said.attendance.meeting
    context = {
        "said": said,
        "meeting": meeting,
        "back": _meeting_or_list(request, meeting),
        "again": again.filter(meeting=meeting),
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "committees/contradiction.html", context, status=status)


def _set_back_in_words(cases: list[Case]) -> str:
    """Say how many decisions were set back, and whose."""
    return ngettext(
        "%(count)d decision no longer stands, as too few decided: that on %(names)s. The committee "
        "decides again; chair and who recorded it get a mail.",
        "%(count)d decisions no longer stand, as too few decided: those on %(names)s. The "
        "committee decides again; chair and who recorded them get a mail.",
        len(cases),
    ) % {"count": len(cases), "names": "; ".join(str(case) for case in cases)}
