"""The adviser's list: who is due for a check-in, who stands still."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from evidence.models import Evidence, Feedback
from people.models import Account
from portfolio.models import Agreement, CheckIn, Light
from programmes.models import Enrolment, Period

STANDS_STILL = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Student:
    """One student as their adviser's list shows them."""

    enrolment: Enrolment
    last_check_in: date | None
    light: Light | None
    unread: bool
    held: int  # check-ins in the period of today
    wanted: int  # what the house rules guide to in that period; 0 outside any period
    overdue: int  # agreements past their date and not done
    last_activity: datetime | None
    is_due: bool
    stands_still: bool

    @property
    def needs_me(self) -> bool:
        return self.is_due or self.stands_still or bool(self.overdue)


def _latest(rows: QuerySet, column: str) -> Subquery:
    return Subquery(rows.values(column)[:1])


def _count(rows: QuerySet) -> Coalesce:
    counted = rows.order_by().values("total_key").annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(counted), 0)


def students_of(adviser: Account, *, now: datetime, today: date) -> list[Student]:
    """List the adviser's current students: those who need them first, and of these whom they have
    not spoken for the longest time. One query."""
    check_ins = (
        CheckIn.objects.current()
        .filter(enrolment=OuterRef("pk"))
        .order_by("-held_on", "-recorded_at", "-pk")
    )
    period = Period.objects.current().filter(
        programme=OuterRef("programme"), starts_on__lte=today, ends_on__gte=today
    )
    rows = (
        Enrolment.objects.advised_by(adviser)
        .current(today)
        .select_related("student", "programme__rules")
        .annotate(
            last_check_in=_latest(check_ins, "held_on"),
            light=_latest(check_ins, "light"),
            last_id=_latest(check_ins, "pk"),
            last_read=_latest(check_ins, "acknowledgement__pk"),
            period_from=_latest(period, "starts_on"),
            period_until=_latest(period, "ends_on"),
            overdue=_count(
                Agreement.objects.open()
                .filter(check_in__enrolment=OuterRef("pk"), due_on__lt=today)
                .annotate(total_key=F("check_in__enrolment"))
            ),
            last_evidence=Subquery(
                Evidence.objects.filter(owner=OuterRef("student"))
                .order_by()
                .values("owner")
                .annotate(last=Max("recorded_at"))
                .values("last")
            ),
            last_feedback=Subquery(
                Feedback.objects.filter(enrolment=OuterRef("pk"))
                .order_by()
                .values("enrolment")
                .annotate(last=Max("recorded_at"))
                .values("last")
            ),
            held=_count(
                CheckIn.objects.current()
                .filter(
                    enrolment=OuterRef("pk"),
                    held_on__gte=OuterRef("period_from"),
                    held_on__lte=today,
                )
                .annotate(total_key=F("enrolment"))
            ),
        )
    )
    return sorted((_student(row, now, today) for row in rows), key=_urgency)


def taught_by(teacher: Account, *, today: date) -> QuerySet[Enrolment]:
    """List the current students of the programmes in which this person now teaches, by programme
    and name, without those they advise. One query."""
    advised = Enrolment.objects.advised_by(teacher)
    return (
        Enrolment.objects.portfolio_visible_to(teacher)
        .current(today)
        .exclude(student=teacher.pk)
        .exclude(pk__in=advised.values("pk"))
        .select_related("student", "programme")
        .order_by("programme__title", "programme__cohort", "student__name", "pk")
    )


def _student(row: Any, now: datetime, today: date) -> Student:
    """Tell how a student stands, from an enrolment with the annotations of `students_of`."""
    wanted = row.programme.rules.check_ins_per_period if row.period_from else 0
    by_now = 0
    if wanted:
        by_now = _turns(wanted, max(row.period_from, row.starts_on), row.period_until, today)
    moments = [moment for moment in (row.last_evidence, row.last_feedback) if moment]
    last = max(moments, default=None)
    return Student(
        enrolment=row,
        last_check_in=row.last_check_in,
        light=Light(row.light) if row.light else None,
        unread=bool(row.last_id and not row.last_read),
        held=row.held,
        wanted=wanted,
        overdue=row.overdue,
        last_activity=last,
        is_due=row.held < by_now,
        stands_still=now - (last or row.recorded_at) > STANDS_STILL,
    )


def _turns(wanted: int, first: date, last: date, today: date) -> int:
    """Count how many of the check-ins wanted in a period have had their turn: each has an equal
    share of the days, and is due from the middle of it."""
    if today < first:
        return 0
    passed, length = (today - first).days + 1, (last - first).days + 1
    return int(wanted * passed / length + 0.5)


def _urgency(student: Student) -> tuple[bool, date, str]:
    return (
        not student.needs_me,
        student.last_check_in or date.min,
        student.enrolment.student.name.casefold(),
    )
