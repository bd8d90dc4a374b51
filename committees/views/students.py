"""What a student, and their adviser, see of a case."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from committees.access import check_may_announce, check_preview_letter
from committees.days import way_to_contest
from committees.dossier import decision_facts, frozen_context, set_context
from committees.models import Case
from committees.set_figures import frozen_pages
from committees.snapshots import preview
from committees.views.cases import case_with_panel
from committees.who_sits import mandate_of, moment_of, panel_shown
from people.access import PersonRequest, signed_in
from post.outbox import address_of
from programmes.models import Enrolment
from records.checkpoints import first_after
from records.models import Event


@signed_in
@require_safe
def mine(request: PersonRequest) -> HttpResponse:
    """List all own cases, the coming ones first."""
    cases = Case.objects.of_student(request.user).for_list().order_by("-meeting__held_at", "order")
    return render(request, "committees/mine.html", {"cases": cases})


@signed_in
@require_safe
def my_case(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what the committee will see, or sees: the frozen set is drawn by the code that draws it
    for the committee. (domain rule 10)"""
    case = Case.objects.of_student(request.user).for_page().filter(pk=pk).first()
    if case is None:
        return _no_longer(request, pk)
    now = timezone.now()
    context = {
        "case": case,
        "panel": panel_shown(case, moment_of(case.meeting, now)),
        "reference_has_passed": case.meeting.reference_at <= now,
    }
    if not case.has_set:
        left = preview(case, now)
        context |= set_context(case, left.evidence_set) | {"unanswered": left.unanswered}
    else:
        context |= frozen_context(case, frozen_pages(case))
    return render(request, "committees/my_case.html", context)


def _no_longer(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Say of a case that was taken off the agenda, or put there by a slip, that it is no more, to
    whose it was; 404 for anybody else. One query."""
    put = Event.objects.filter(chain__key=f"case:{pk}", verb="case.put_on_agenda").first()
    enrolment = put and put.statement["facts"]["enrolment"]
    enrolments = Enrolment.objects.filter(student=request.user.pk)
    get_object_or_404(enrolments, pk=enrolment)
    return render(request, "committees/no_longer.html", status=410)


@signed_in
@require_safe
def letter(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the decision, or what the committee asks before it decides, for the student and their
    adviser."""
    case = get_object_or_404(Case.objects.announced_to(request.user).for_page(), pk=pk)
    return _letter(request, case)


@signed_in
@require_safe
def letter_preview(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show the letter as student and adviser will read it, for whoever announces it."""
    case, panel = case_with_panel(request, pk)
    check_may_announce(request.user, panel)
    check_preview_letter(case)
    return _letter(request, case)


def _contested(case: Case) -> tuple[str, date]:
    """Tell before whom and until when a decision can be contested; of what is not announced yet, as
    if it were today."""
    if case.state == Case.State.ANNOUNCED:
        announcement = case.standing.announcement
        return announcement.body, announcement.last_day
    return way_to_contest(case.enrolment.programme.rules.sector, timezone.localdate())


def _letter(request: PersonRequest, case: Case) -> HttpResponse:
    context = {
        "case": case,
        "institution": settings.INSTITUTION,
        "is_student": case.enrolment.student_id == request.user.pk,
        "is_preview": case.state == Case.State.DECIDED,
        "decision": None,
    }
    if case.has_decision:
        context["body"], context["last_day"] = _contested(case)
        context["mandate"] = mandate_of(case)
        context["decision"] = decision_facts(case.standing, frozen_pages(case))
    if case.state == Case.State.ANNOUNCED:
        context["checkpoint"] = first_after(case.chain, case.standing.announcement.head)
        context["check_at"] = address_of("letter_check")
    return render(request, "committees/letter.html", context)
