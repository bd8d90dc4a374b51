"""Is everything set up? What a programme holds, and in words what is there and what is missing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    prefetch_related_objects,
)
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Guideline,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Unit,
)
from qualifications.models import CoreTask
from records.prepared import MOST_IDS, PreparedQuery

NAMED = 3  # names in a sentence; the rest is counted


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the checklist. `state` is "done", "todo" or "optional"; `url` is where it is
    done, or empty."""

    state: str
    text: str
    action: str = ""
    url: str = ""


@dataclass(slots=True)
class Students:
    """How many are in a programme `now`, and how many are `over`; and of those of now the names of
    who have no adviser, no placement now or later, or one without a supervisor."""

    now: int = 0
    over: int = 0
    unadvised: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    unsupervised: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setup:
    programme: Programme
    on: date
    periods: Sequence[Period]
    units: Sequence[Unit]
    guidelines: Sequence[Guideline]
    roles: Sequence[ProgrammeRole]
    students: Students
    core_tasks: Sequence[CoreTask]

    def points(self) -> list[Point]:
        """List the points of the checklist: what is still to do first, then in the order in which a
        programme is set up. No query."""
        points = [self._periods(), self._units(), self._guidelines(), self._teachers()]
        return sorted([*points, *self._students()], key=lambda point: point.state != "todo")

    def to_do(self) -> list[Point]:
        """List the points of the checklist that are still to do. No query."""
        return [point for point in self.points() if point.state == "todo"]

    def _point(self, state: str, text: str, action: str = "", view: str = "") -> Point:
        url = reverse(f"programmes:{view}", args=[self.programme.pk]) if view else ""
        return Point(state, text, action, url)

    def _periods(self) -> Point:
        if not self.periods:
            text = _("There are no periods yet.")
        elif (last := max(period.ends_on for period in self.periods)) < self.on:
            text = _("The last period ended on %(day)s.") % {"day": date_format(last, "j F Y")}
        else:
            count = len(self.periods)
            text = ngettext(
                "%(count)d period, until %(day)s.", "%(count)d periods, until %(day)s.", count
            )
            return self._point("done", text % {"count": count, "day": date_format(last, "j F Y")})
        return self._point("todo", text, _("Add a period"), "period_new")

    def _units(self) -> Point:
        if not self.units:
            text = _("There is no unit of decision yet.")
        elif missing := list(self._undecided()):
            text = _("Not in any qualifying unit yet: %(codes)s.") % {"codes": ", ".join(missing)}
        else:
            count = len(self.units)
            text = ngettext(
                "%(count)d unit of decision; together they cover the qualification.",
                "%(count)d units of decision; together they cover the qualification.",
                count,
            )
            return self._point("done", text % {"count": count})
        return self._point("todo", text, _("Add a unit"), "unit_new")

    def _undecided(self) -> Iterator[str]:
        """Find the codes of what no qualifying unit is about."""
        decided = {
            part.target
            for unit in self.units
            if unit.purpose == Unit.Purpose.QUALIFYING
            for part in unit.parts.all()
        }
        for core_task in self.core_tasks:
            if core_task in decided:
                continue
            processes = core_task.work_processes.all()
            left = [process.code for process in processes if process not in decided]
            if len(left) == len(processes):
                yield core_task.code
            else:
                yield from left

    def _guidelines(self) -> Point:
        count = len(self.guidelines)
        if not count:
            text = _("There are no guidelines: the overview of evidence then shows facts only.")
            return self._point("optional", text, _("Set a guideline"), "guidelines")
        text = ngettext("%(count)d guideline.", "%(count)d guidelines.", count)
        return self._point("done", text % {"count": count})

    def _teachers(self) -> Point:
        count = sum(role.role == ProgrammeRole.Role.TEACHER for role in self.roles)
        if not count:
            text = _("There are no teachers: only advisers see portfolios.")
            return self._point("optional", text, _("Add somebody"), "role_new")
        return self._point(
            "done", ngettext("%(count)d teacher.", "%(count)d teachers.", count) % {"count": count}
        )

    def _students(self) -> Iterator[Point]:
        count = self.students.now
        if self.programme.state == Programme.State.DRAFT:
            text = _("Students can be enrolled once the programme is open.")
            yield Point("todo", text, _("Open it"), "#state")
            return
        if not count:
            text = _("There are no students yet.")
            yield self._point("todo", text, _("Enrol a student"), "student_new")
            return
        text = ngettext("%(count)d student.", "%(count)d students.", count)
        yield self._point("done", text % {"count": count})
        yield self._all_students(
            self.students.unadvised,
            _("Every student has an adviser."),
            _("Without an adviser: %(names)s."),
        )
        yield self._all_students(
            self.students.unplaced,
            _("Every student has a placement, now or soon."),
            _("Without a placement: %(names)s."),
        )
        yield self._all_students(
            self.students.unsupervised,
            _("Every placement has a supervisor."),
            _("With a placement without a supervisor: %(names)s."),
        )

    def _all_students(self, lacking: list[str], all_well: str, names_them: str) -> Point:
        if not lacking:
            return Point("done", all_well)
        names = ", ".join(lacking[:NAMED])
        if (more := len(lacking) - NAMED) > 0:
            names = _("%(names)s and %(more)d more") % {"names": names, "more": more}
        return Point("todo", names_them % {"names": names}, _("See the students"), "#students")


def setup_of(programme: Programme, on: date) -> Setup:
    """Return the set-up of a programme as it is on this day. Nine queries, however much it holds,
    where its qualification is at hand."""
    return _setups([programme], on)[0]


def setups_of(programmes: QuerySet[Programme], on: date) -> list[Setup]:
    """Return the set-up of each of these programmes as it is on this day. Ten queries, however many
    they are."""
    return _setups(list(programmes.select_related("qualification")), on)


def _setups(programmes: list[Programme], on: date) -> list[Setup]:
    on_what = ["core_task", "work_process", "requirement"]
    guidelines = Guideline.objects.current().select_related(*on_what)
    roles = (
        ProgrammeRole.objects.current()
        .select_related("person__account")
        .order_by("role", "person__name")
    )
    prefetch_related_objects(
        programmes,
        Prefetch("periods", Period.objects.current()),
        Prefetch("units", Unit.objects.for_list()),
        Prefetch("guidelines", guidelines, "guidelines_now"),
        Prefetch("roles", roles, "roles_now"),
        "qualification__core_tasks__work_processes",
    )
    students = _students(programmes, on)
    return [_setup(programme, students[programme.pk], on) for programme in programmes]


LACKS = ("unadvised", "unplaced", "unsupervised")


def _counts(on: date, programmes: list[UUID]) -> QuerySet[Any, Any]:
    rows = Enrolment.objects.filter(programme__in=programmes).order_by().values("programme")
    return rows.annotate(all=Count("pk"), over=Count("pk", filter=Q(ends_on__lt=on)))


def _lacking(on: date, programmes: list[UUID]) -> QuerySet[Any, Any]:
    coming = Placement.objects.filter(ends_on__gte=on, enrolment=OuterRef("pk"))
    supervised = Supervisor.objects.current().filter(placement=OuterRef("pk"))
    advised = AdviserAssignment.objects.current().filter(enrolment=OuterRef("pk"))
    rows = Enrolment.objects.filter(programme__in=programmes).current(on)
    lacking = rows.annotate(
        unadvised=~Exists(advised),
        unplaced=~Exists(coming),
        unsupervised=Exists(coming.filter(~Exists(supervised))),
    )
    lacking = lacking.filter(Q(unadvised=True) | Q(unplaced=True) | Q(unsupervised=True))
    return lacking.values("programme", "student__name", *LACKS)


COUNTS_OF_STUDENTS = PreparedQuery(_counts)
WHO_LACKS = PreparedQuery(_lacking)


def _students(programmes: list[Programme], on: date) -> defaultdict[UUID, Students]:
    """Count the students of these programmes, and name those who lack something. Two queries for
    each MOST_IDS of them."""
    found: defaultdict[UUID, Students] = defaultdict(Students)
    for start in range(0, len(programmes), MOST_IDS):
        ids = [programme.pk for programme in programmes[start : start + MOST_IDS]]
        for row in COUNTS_OF_STUDENTS.rows(on, ids):
            found[row["programme"]] = Students(row["all"] - row["over"], row["over"])
        for row in WHO_LACKS.rows(on, ids):
            for kind in LACKS:
                if row[kind]:
                    getattr(found[row["programme"]], kind).append(row["student__name"])
    return found


def _setup(programme: Any, students: Students, on: date) -> Setup:
    """Return the set-up of a programme that was read with all that `_setups` fetches."""
    return Setup(
        programme=programme,
        on=on,
        periods=programme.periods.all(),
        units=programme.units.all(),
        guidelines=programme.guidelines_now,
        roles=programme.roles_now,
        students=students,
        core_tasks=programme.qualification.core_tasks.all(),
    )
