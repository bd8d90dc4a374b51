"""Is everything set up? The checklist says in words what is there and what is missing."""

from datetime import date

import pytest

from programmes.checklist import Point, setup_of
from programmes.models import AdviserAssignment, Placement, Programme, ProgrammeRole, Supervisor
from tests.factories import (
    EnrolmentFactory,
    PlacementFactory,
    ProgrammeFactory,
    SupervisorFactory,
    UnitFactory,
    UnitPartFactory,
)
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db

DAY = date(2026, 10, 5)


def points(programme: Programme, on: date = DAY) -> list[Point]:
    return setup_of(Programme.objects.get(pk=programme.pk), on).points()


def texts(programme: Programme, state: str, on: date = DAY) -> list[str]:
    return [point.text for point in points(programme, on) if point.state == state]


def test_nothing_is_there() -> None:
    programme = ProgrammeFactory()
    base = f"/programmes/{programme.pk}/"

    assert points(programme) == [
        Point("todo", "There are no periods yet.", "Add a period", base + "periods/new/"),
        Point("todo", "There is no unit of decision yet.", "Add a unit", base + "units/new/"),
        Point("todo", "There are no students yet.", "Enrol a student", base + "students/new/"),
        Point(
            "optional",
            "There are no guidelines: the overview of evidence then shows facts only.",
            "Set a guideline",
            base + "guidelines/",
        ),
        Point(
            "optional",
            "There are no teachers: only advisers see portfolios.",
            "Add somebody",
            base + "roles/new/",
        ),
    ]


def test_everything_is_there(place: Scene) -> None:
    for task in place.core_tasks:
        UnitPartFactory(unit=UnitFactory(programme=place.programme), core_task=task)

    assert texts(place.programme, "todo") + texts(place.programme, "optional") == []
    assert texts(place.programme, "done") == [
        "1 period, until 30 November 2026.",
        "3 units of decision; together they cover the qualification.",
        "1 guideline.",
        "1 teacher.",
        "1 student.",
        "Every student has an adviser.",
        "Every student has a placement, now or soon.",
        "Every placement has a supervisor.",
    ]


def test_the_last_period_is_over(place: Scene) -> None:
    assert "The last period ended on 30 November 2026." in texts(
        place.programme, "todo", date(2026, 12, 1)
    )
    assert "The last period ended on 30 November 2026." not in texts(
        place.programme, "todo", date(2026, 11, 30)
    )


def test_what_no_qualifying_unit_is_about(place: Scene) -> None:
    def missing() -> str:
        return texts(place.programme, "todo")[0]

    assert missing() == "Not in any qualifying unit yet: B1-K1-W2, B1-K2."
    UnitPartFactory(unit=place.unit, core_task=place.core_tasks[1])
    assert missing() == "Not in any qualifying unit yet: B1-K1-W2."
    # A unit at the end of a phase decides about no part of the diploma.
    phase = UnitFactory(programme=place.programme, purpose="phase")
    UnitPartFactory(unit=phase, work_process=place.work_processes[1])
    assert missing() == "Not in any qualifying unit yet: B1-K1-W2."
    UnitPartFactory(unit=place.unit, work_process=place.work_processes[1])
    assert texts(place.programme, "todo") == []


def test_students_without_adviser_placement_or_supervisor(place: Scene) -> None:
    UnitPartFactory(unit=place.unit, work_process=place.work_processes[1])
    UnitPartFactory(unit=place.unit, core_task=place.core_tasks[1])
    for name in ("Bo", "Cas", "Dee", "Eva"):
        EnrolmentFactory(programme=place.programme, student__name=name)
    AdviserAssignment.objects.filter(enrolment__student__name__in=["Bo", "Eva"]).delete()
    past = PlacementFactory(
        enrolment__programme=place.programme,
        enrolment__student__name="Fay",
        ends_on=date(2026, 10, 4),
    )
    Supervisor.objects.all().update(ended_at=DAY.isoformat() + "T00:00Z")

    student = place.enrolment.student.name
    assert texts(place.programme, "todo") == [
        "Without an adviser: Bo, Eva.",
        "Without a placement: Bo, Cas, Dee and 2 more.",
        f"With a placement without a supervisor: {student}.",
    ]
    SupervisorFactory(placement=place.placement)
    Placement.objects.filter(pk=past.pk).update(ends_on=DAY)
    SupervisorFactory(placement=past)
    assert texts(place.programme, "todo") == [
        "Without an adviser: Bo, Eva.",
        "Without a placement: Bo, Cas, Dee and 1 more.",
    ]


def test_who_has_left_is_no_longer_asked_after(place: Scene) -> None:
    for name, ends_on in (("Gone", date(2026, 10, 4)), ("Here", DAY)):
        EnrolmentFactory(programme=place.programme, student__name=name, ends_on=ends_on)

    setup = setup_of(place.programme, DAY)

    assert (setup.students.now, setup.students.over) == (2, 1)
    assert "Without a placement: Here." in [point.text for point in setup.points()]


def test_teachers_who_stopped_do_not_count(place: Scene) -> None:
    ProgrammeRole.objects.update(ended_at=DAY.isoformat() + "T00:00Z")

    assert texts(place.programme, "optional") == [
        "There are no teachers: only advisers see portfolios."
    ]
