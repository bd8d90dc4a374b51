"""What the start page shows: per role, what now. Each part is a fixed number of queries."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from committees.agenda import to_judge
from committees.models import Case, Committee, Contradiction, Meeting, Membership
from evidence.models import FeedbackRequest
from home.roles import Roles
from people.models import Account
from portfolio.advising import Student, students_of
from portfolio.cohort import Thin, thin_in
from portfolio.gaps import Gap, gaps_in
from portfolio.kept import figures_of, with_kept
from portfolio.models import Agreement, CheckIn
from post.errands import Progress, progress_of
from post.models import Errand, OutboxMail
from programmes.checklist import Setup, setups_of
from programmes.models import Enrolment, Programme
from qualifications.models import Qualification

MOST = 8  # of each thing; the page links on to the rest
# How long the exam board finds at its start what was answered to who was not at a meeting.
KEPT_IN_SIGHT = timedelta(days=30)
MOST_THIN = 3  # of a portfolio or a cohort; more is no longer what adds most


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A portfolio of somebody who studies, with what would add most to it."""

    enrolment: Enrolment
    gaps: list[Gap]


@dataclass(frozen=True, slots=True)
class Coordinated:
    """A programme of a coordinator: is it set up, and where does its cohort stand thin?"""

    setup: Setup
    thin: Thin


@dataclass(frozen=True, slots=True)
class Coming:
    """A meeting to come: how many of its cases wait for this person's judgement, and of how many
    the decision was set back and is taken again."""

    meeting: Meeting
    to_judge: int
    set_back: int


@dataclass(frozen=True, slots=True)
class Today:
    """Lists of rows; a part that is not this person's is empty. `None` where even the heading
    would mislead."""

    ordered: list[Progress] = field(default_factory=list)
    dealt_with: list[Progress] = field(default_factory=list)
    asked: Any = ()
    check_ins: Any = ()
    agreements: Any = ()
    waiting: Any = ()
    troubles: dict[UUID, OutboxMail] = field(default_factory=dict)
    cases: Any = ()
    portfolios: list[Portfolio] = field(default_factory=list)
    students: list[Student] | None = None
    to_answer: Any = ()
    meetings: Any = None
    programmes: list[Coordinated] | None = None
    drafts: Any = None
    not_there: Any = ()
    unestablished: Any = ()
    settled: Any = None


def today_for(user: Account, roles: Roles) -> Today:
    """Find all that waits for this person today. At most 35 queries for somebody with every role,
    however many rows, where their figures are kept: 16 of them for the programmes of a
    coordinator."""
    now, today = timezone.now(), timezone.localdate()
    errands = Errand.objects.visible_to(user)
    shown: dict[str, Any] = {
        "ordered": progress_of(errands.running()),
        "dealt_with": progress_of(errands.ended()),
    }
    if roles.asked:
        shown["asked"] = (
            FeedbackRequest.objects.awaiting_answer(now)
            .filter(person=user.pk)
            .select_related("evidence__owner", "revision")
            .order_by("expires_at")[:MOST]
        )
    if roles.studies:
        shown |= _studying(user, now)
        shown["portfolios"] = _portfolios(user, today)
    if roles.advises:
        students = students_of(user, now=now, today=today)
        shown["students"] = [student for student in students if student.needs_me][:MOST]
    if roles.sits:
        shown["meetings"] = _meetings(user, now)
    if roles.is_secretary:
        shown["to_answer"] = Contradiction.objects.to_answer_by(user).for_page()[:MOST]
    if roles.coordinates:
        shown["programmes"] = _coordinated(user, now)
    if roles.curriculum:
        drafts = Qualification.objects.filter(status=Qualification.Status.DRAFT)
        shown["drafts"] = drafts[:MOST]
    if roles.supervises:
        shown["not_there"] = Contradiction.objects.for_exam_board(now - KEPT_IN_SIGHT).order_by(
            "-recorded_at"
        )[:MOST]
        shown["unestablished"] = (
            Committee.objects.awaiting_mandate().select_related("programme").order_by("recorded_at")
        )[:MOST]
        settled = Case.objects.settled().for_record()
        shown["settled"] = settled.order_by("-meeting__held_at")[:MOST]
    return Today(**shown)


def _studying(user: Account, now: datetime) -> dict[str, Any]:
    """Find what waits for a student, in five queries once they are drawn."""
    unread = CheckIn.objects.current().filter(enrolment__student=user.pk, acknowledgement=None)
    open_agreements = Agreement.objects.open().filter(check_in__enrolment__student=user.pk)
    waiting = FeedbackRequest.objects.awaiting_answer(now).filter(evidence__owner=user.pk)
    coming = Case.objects.of_student(user).filter(meeting__held_at__gte=now)
    shown = waiting.select_related("revision").order_by("expires_at")[:MOST]
    return {
        "check_ins": unread.select_related("by")[:MOST],
        "agreements": open_agreements.select_related("check_in").order_by("due_on")[:MOST],
        "waiting": shown,
        "troubles": OutboxMail.objects.troubles_about([question.pk for question in shown]),
        "cases": coming.for_list().order_by("meeting__held_at")[:MOST],
    }


def _portfolios(user: Account, today: date) -> list[Portfolio]:
    """Find what is thin in the programmes in which this student is now. One query where their
    figures are kept; for each that is not, as `figures_of` and `Figures.counts` say."""
    rows = Enrolment.objects.filter(student=user.pk).current(today)
    enrolments = with_kept(rows.select_related("student"))
    return [Portfolio(row, gaps_in(figures_of(row).coverage(), MOST_THIN)) for row in enrolments]


def _coordinated(user: Account, now: datetime) -> list[Coordinated]:
    """Find how the programmes that somebody coordinates are set up. Twelve queries, where their
    cohorts were counted lately; else as `thin_in` says."""
    setups = setups_of(
        Programme.objects.coordinated_by(user).worked_on()[:MOST], timezone.localdate(now)
    )
    thin = thin_in([setup.programme for setup in setups], now, MOST_THIN)
    return [Coordinated(setup, thin[setup.programme.pk]) for setup in setups]


def _meetings(user: Account, now: datetime) -> list[Coming]:
    """Find the meetings to come in which somebody sits. Three queries, a fourth where sets are to
    be read; more as `panels_of` says."""
    sits = Membership.objects.current().filter(committee=OuterRef("committee"), person=user.pk)
    meetings = Meeting.objects.coming().filter(Exists(sits)).select_related("committee")
    coming = list(meetings.order_by("held_at")[:MOST])
    waiting = Counter(case.meeting_id for case in to_judge(user, coming, now))
    again = Case.objects.set_back().filter(meeting__in=coming)
    set_back = Counter(again.values_list("meeting", flat=True))
    return [Coming(row, waiting[row.pk], set_back[row.pk]) for row in coming]
