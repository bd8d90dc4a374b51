"""The adviser's list: who is due for a check-in, who stands still."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from evidence.models import Evidence, Feedback
from people.models import Account
from portfolio.models import Agreement, CheckIn, Light
from programmes.models import Enrolment, Period, ProgrammeRole
from records.prepared import PreparedQuery, as_written

STANDS_STILL = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Student:
    """One student as their adviser's list shows them: their enrolment by its id, and what its
    programme is called."""

    enrolment: UUID
    name: str
    programme: str
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


class Held(NamedTuple):
    """A check-in: when it was held, its light, and what the student answered, if they did."""

    on: date
    light: str
    answered: object


def students_of(adviser: Account, *, now: datetime, today: date) -> list[Student]:
    """List the adviser's current students: those who need them first, and of these whom they have
    not spoken for the longest time. Four queries."""
    rows = ADVISED_STUDENTS.rows(adviser.pk, today)
    periods = {row["programme"]: row for row in PERIODS_OF_TODAY.rows(today)} if rows else {}
    overdue = {row["of"]: row["number"] for row in OVERDUE.rows(adviser.pk, today)} if rows else {}
    held: dict[Any, list[Held]] = {}
    for enrolment, *check_in in CHECK_INS_HELD.tuples(adviser.pk) if rows else ():
        held.setdefault(enrolment, []).append(Held(*check_in))
    students = [
        _student(
            row,
            held.get(as_written(row["pk"]), []),
            periods.get(row["programme"]),
            overdue.get(row["pk"], 0),
            now,
            today,
        )
        for row in rows
    ]
    return sorted(students, key=_urgency)


def _advised(adviser: UUID, today: date) -> QuerySet[Any, Any]:
    evidence = Evidence.objects.filter(owner=OuterRef("student")).order_by("-recorded_at")
    given = Feedback.objects.filter(enrolment=OuterRef("pk"), taken_back_at=None)
    feedback = given.order_by("-recorded_at")
    return (
        Enrolment.objects.advised_by(Account(pk=adviser))
        .current(today)
        .values(
            "pk",
            "programme",
            "starts_on",
            "recorded_at",
            name=F("student__name"),
            title=F("programme__title"),
            cohort=F("programme__cohort"),
            wanted=F("programme__rules__check_ins_per_period"),
            last_evidence=Subquery(evidence.values("recorded_at")[:1]),
            last_feedback=Subquery(feedback.values("recorded_at")[:1]),
        )
    )


def _periods_of(today: date) -> QuerySet[Any, Any]:
    now = Period.objects.current().filter(starts_on__lte=today, ends_on__gte=today)
    return now.values("programme", "starts_on", "ends_on")


def _of_whom_they_advise(adviser: UUID, enrolment: str) -> dict[str, Any]:
    by = f"{enrolment}__adviser_assignments__"
    return {f"{by}adviser": adviser, f"{by}ended_at": None}


def _check_ins(adviser: UUID) -> QuerySet[Any, Any]:
    """The last check-in of each comes first."""
    rows = CheckIn.objects.current().filter(**_of_whom_they_advise(adviser, "enrolment"))
    rows = rows.order_by("-held_on", "-recorded_at", "-pk")
    return rows.values("enrolment", "held_on", "light", "acknowledgement")


def _overdue(adviser: UUID, today: date) -> QuerySet[Any, Any]:
    rows = Agreement.objects.open().filter(
        due_on__lt=today, **_of_whom_they_advise(adviser, "check_in__enrolment")
    )
    return rows.order_by().values(of=F("check_in__enrolment")).annotate(number=Count("pk"))


ADVISED_STUDENTS = PreparedQuery(_advised)
PERIODS_OF_TODAY = PreparedQuery(_periods_of)
CHECK_INS_HELD = PreparedQuery(_check_ins)
OVERDUE = PreparedQuery(_overdue)


@dataclass(frozen=True, slots=True)
class Taught:
    """A student whom somebody teaches and does not advise: their enrolment by its id, and what its
    programme is called."""

    enrolment: UUID
    name: str
    programme: str


def taught_by(teacher: Account, *, today: date, words: str = "") -> list[Taught]:
    """List the current students of the programmes in which this person now teaches, by programme
    and name, without those they advise; with words, those in whose name each of them stands. One
    query."""
    asked = words.casefold().split()
    return [
        Taught(UUID(str(pk)), name, f"{title} {cohort}")
        for pk, name, title, cohort in TAUGHT_STUDENTS.tuples(teacher.pk, today)
        if not asked or all(word in name.casefold() for word in asked)
    ]


def _taught(teacher: UUID, today: date) -> QuerySet[Any, Any]:
    teaches = ProgrammeRole.objects.current().filter(
        person=teacher, role=ProgrammeRole.Role.TEACHER
    )
    return (
        Enrolment.objects.current(today)
        .filter(programme__in=teaches.values("programme"))
        .exclude(student=teacher)
        .exclude(pk__in=Enrolment.objects.advised_by(Account(pk=teacher)).values("pk"))
        .order_by("programme__title", "programme__cohort", "student__name", "pk")
        .values(
            "pk", name=F("student__name"), title=F("programme__title"), of=F("programme__cohort")
        )
    )


TAUGHT_STUDENTS = PreparedQuery(_taught)


def _student(
    row: Any, check_ins: list[Held], period: Any, overdue: int, now: datetime, today: date
) -> Student:
    """Tell how a student stands, from an enrolment of ADVISED_STUDENTS, with its check-ins, the
    last one first, and the period of today, if there is one."""
    wanted = row["wanted"] if period else 0
    held = by_now = 0
    if period:
        first = period["starts_on"]
        held = sum(first <= each.on <= today for each in check_ins)
        by_now = _turns(wanted, max(first, row["starts_on"]), period["ends_on"], today)
    moments = [moment for moment in (row["last_evidence"], row["last_feedback"]) if moment]
    last = max(moments, default=None)
    last_held = check_ins[0] if check_ins else None
    return Student(
        enrolment=row["pk"],
        name=row["name"],
        programme=f"{row['title']} {row['cohort']}",
        last_check_in=last_held.on if last_held else None,
        light=Light(last_held.light) if last_held and last_held.light else None,
        unread=last_held is not None and last_held.answered is None,
        held=held,
        wanted=wanted,
        overdue=overdue,
        last_activity=last,
        is_due=held < by_now,
        stands_still=now - (last or row["recorded_at"]) > STANDS_STILL,
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
        student.name.casefold(),
    )
