"""What other rooms ask of programmes, units and enrolments."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.utils import timezone

from people.models import Account
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Programme,
    ProgrammeRole,
    Track,
    Unit,
)
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    PlacementFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    SupervisorFactory,
    UnitPartFactory,
)
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db

CountQueries = Callable[[int], object]


def test_the_requirements_of_a_unit(place: Scene, django_assert_num_queries: CountQueries) -> None:
    first, second, third = place.requirements
    # One line also stands under a work process that is no part, and counts once.
    first.places.create(work_process=place.work_processes[1], order=2)
    RequirementFactory()

    def requirements() -> set[str]:
        with django_assert_num_queries(1):
            found = [str(one.pk) for one in place.unit.requirements()]
        assert len(found) == len(set(found))
        return set(found)

    assert requirements() == {str(first.pk)}
    UnitPartFactory(unit=place.unit, core_task=place.core_tasks[1])
    assert requirements() == {str(first.pk), str(third.pk)}
    place.unit.parts.update(ended_at=timezone.now())
    UnitPartFactory(unit=place.unit, core_task=place.core_tasks[0])
    assert requirements() == {str(first.pk), str(second.pk)}
    place.unit.parts.update(ended_at=timezone.now())
    assert requirements() == set()


def test_the_requirements_of_an_enrolment(
    place: Scene, django_assert_num_queries: CountQueries
) -> None:
    elective, earlier = RequirementFactory(), RequirementFactory()
    for line, ended_at in ((elective, None), (earlier, timezone.now())):
        Track.objects.create(
            enrolment=place.enrolment,
            qualification=line.qualification,
            recorded_at=LONG_AGO,
            ended_at=ended_at,
        )

    with django_assert_num_queries(1):
        found = {one.pk for one in place.enrolment.requirements()}

    assert found == {one.pk for one in [*place.requirements, elective]}


def test_current_supervisors_are_those_of_the_placements_of_the_day(
    place: Scene, django_assert_num_queries: CountQueries
) -> None:
    second = SupervisorFactory(placement=place.placement, person__name="Aart")
    SupervisorFactory(placement=place.placement, ended_at=timezone.now())
    later = PlacementFactory(
        enrolment=place.enrolment, starts_on=date(2027, 2, 1), ends_on=date(2027, 6, 30)
    )
    third = SupervisorFactory(placement=later)
    SupervisorFactory(placement=PlacementFactory())

    def on(day: date) -> list[str]:
        with django_assert_num_queries(1):
            return [
                f"{one} {one.placement.workplace}"
                for one in place.enrolment.current_supervisors(day)
            ]

    workplace = place.placement.workplace
    both = [f"Aart {workplace}", f"{place.supervisor} {workplace}"]
    assert (on(date(2026, 9, 1)), on(date(2027, 1, 31))) == (both, both)
    assert on(date(2027, 2, 1)) == [f"{third} {later.workplace}"]
    assert on(date(2027, 7, 1)) == []
    assert second.placement == place.placement


@pytest.mark.parametrize("number", [1, 30])
def test_a_list_of_enrolments_takes_the_same_queries(
    place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    EnrolmentFactory.create_batch(number - 1, programme=place.programme)

    with django_assert_num_queries(2):
        rows = [
            (row.student.name, row.adviser and row.adviser.name, row.programme.qualification.title)
            for row in Enrolment.objects.for_list()
        ]

    assert len(rows) == number


@pytest.mark.parametrize("number", [1, 30])
def test_a_list_of_units_takes_the_same_queries(
    place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    for _ in range(number - 1):
        unit = Unit.objects.create(programme=place.programme, title=str(_))
        UnitPartFactory(unit=unit, core_task=place.core_tasks[0])
    place.put_on_an_agenda()

    with django_assert_num_queries(2):
        rows = [
            (unit.title, unit.is_used, [part.target.code for part in unit.parts.all()])
            for unit in place.programme.units.for_list()
        ]

    assert len(rows) == number
    assert [row for row in rows if row[1]] == [("Basics", True, ["B1-K1-W1"])]


def test_possible_advisers_teach_or_advise_here_now(place: Scene) -> None:
    adviser = EnrolmentFactory(programme=place.programme, adviser_is=AccountFactory(name="Aart"))
    gone = ProgrammeRoleFactory(
        programme=place.programme, role=ProgrammeRole.Role.TEACHER, ended_at=timezone.now()
    )
    ProgrammeRoleFactory(programme=place.programme)  # coordinates
    ProgrammeRoleFactory(
        programme=place.programme, role=ProgrammeRole.Role.TEACHER, person__is_active=False
    )
    ProgrammeRoleFactory(role=ProgrammeRole.Role.TEACHER)  # elsewhere

    assert list(place.programme.possible_advisers()) == [
        adviser.adviser,
        place.teacher.person,
    ]
    assert gone.person not in place.programme.possible_advisers()


def test_the_adviser_of_now_among_earlier_ones(place: Scene) -> None:
    AdviserAssignment.objects.update(ended_at=timezone.now())
    assert Enrolment.objects.get(pk=place.enrolment.pk).adviser is None

    latest = AdviserAssignment.objects.create(
        enrolment=place.enrolment, adviser=AccountFactory().person
    )
    assert Enrolment.objects.get(pk=place.enrolment.pk).adviser == latest.adviser


# Days until the last day of the enrolment, and who then sees the portfolio.
@pytest.mark.parametrize(
    ("last_day", "seen_by"),
    [
        (None, ["student", "adviser", "teacher"]),
        (0, ["student", "adviser", "teacher"]),
        (-1, ["student"]),
    ],
)
def test_a_portfolio_is_seen_by_adviser_and_teachers_until_it_is_over(
    place: Scene, last_day: int | None, seen_by: list[str]
) -> None:
    teacher = ProgrammeRoleFactory(programme=place.programme, role=ProgrammeRole.Role.TEACHER)
    adviser = AccountFactory()
    AdviserAssignment.objects.update(ended_at=timezone.now())
    AdviserAssignment.objects.create(enrolment=place.enrolment, adviser=adviser.person)
    if last_day is not None:
        end = timezone.localdate() + timedelta(days=last_day)
        Enrolment.objects.update(ends_on=end, starts_on=end - timedelta(days=30))
    people: dict[str, Account] = {
        "student": place.enrolment.student,
        "adviser": adviser,
        "teacher": teacher.person.account,
        "coordinator": ProgrammeRoleFactory(programme=place.programme).person.account,
        "teacher elsewhere": ProgrammeRoleFactory(role=ProgrammeRole.Role.TEACHER).person.account,
        "fellow student": EnrolmentFactory(programme=place.programme).student,
    }

    found = [
        who
        for who, person in people.items()
        if Enrolment.objects.portfolio_visible_to(person).filter(pk=place.enrolment.pk)
    ]

    assert found == seen_by


def test_an_adviser_who_teaches_nothing_sees_only_their_own_students(place: Scene) -> None:
    own = EnrolmentFactory(programme=place.programme)
    adviser = own.adviser
    assert adviser is not None

    assert list(Enrolment.objects.portfolio_visible_to(adviser)) == [own]
    assert list(Enrolment.objects.managed_by(adviser)) == []
    assert list(Programme.objects.visible_to(adviser)) == []
