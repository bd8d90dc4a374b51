"""What the pages show, and that they ask the database the same for one row and for thirty."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from people.models import Account
from programmes.models import Enrolment, Guideline
from tests.factories import (
    EnrolmentFactory,
    PeriodFactory,
    PersonFactory,
    PlacementFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    SupervisorFactory,
    UnitFactory,
    UnitPartFactory,
)
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db

CountQueries = Callable[[int], object]


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_of_programmes(
    coordinating: Client,
    coordinator: Account,
    number: int,
    django_assert_num_queries: CountQueries,
) -> None:
    for _ in range(number - 1):
        ProgrammeRoleFactory(person=coordinator, programme=EnrolmentFactory().programme)
    ProgrammeFactory()

    with django_assert_num_queries(5):
        page = coordinating.get("/programmes/")

    assert [one.student_count for one in page.context["programmes"]] == [1] * number


@pytest.mark.parametrize("number", [1, 30])
def test_the_set_up_page(
    coordinating: Client, place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    for step in range(number - 1):
        enrolment = EnrolmentFactory(programme=place.programme)
        SupervisorFactory.create_batch(2, placement=PlacementFactory(enrolment=enrolment))
        day = date(2027, 1, step + 1)
        PeriodFactory(programme=place.programme, starts_on=day, ends_on=day)
        unit = UnitFactory(programme=place.programme)
        UnitPartFactory(unit=unit, core_task=place.core_tasks[0])
        UnitPartFactory(unit=unit, work_process=place.work_processes[2])
        line = RequirementFactory(under=place.work_processes[0])
        Guideline.objects.create(programme=place.programme, requirement=line, people=2)
        ProgrammeRoleFactory(programme=place.programme, role="teacher")

    with django_assert_num_queries(22):
        page = coordinating.get(f"/programmes/{place.programme.pk}/")

    assert page.context["setup"].students.now == number
    shown = page.content.decode()
    for enrolment in Enrolment.objects.all():
        assert f'<a href="/programmes/enrolments/{enrolment.pk}/">{enrolment.student}</a>' in shown


@pytest.mark.parametrize("number", [1, 30, 300])
def test_the_students_of_a_programme(
    coordinating: Client, place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    EnrolmentFactory.create_batch(number - 1, programme=place.programme)

    with django_assert_num_queries(22):
        page = coordinating.get(f"/programmes/{place.programme.pk}/")

    assert page.context["setup"].students.now == number
    assert len(page.context["page"].object_list) == min(number, 50)
    assert len(page.content) < 65_000


def test_students_are_found_put_in_order_and_those_who_left_apart(
    coordinating: Client, place: Scene
) -> None:
    base = f"/programmes/{place.programme.pk}/"
    for name, adviser in (("Bo Lang", "Zoe"), ("Ana Kort", "Yves"), ("Cas Breed", None)):
        EnrolmentFactory(
            programme=place.programme,
            student__name=name,
            adviser_is=PersonFactory(name=adviser) if adviser else None,
        )
    EnrolmentFactory(
        programme=place.programme,
        student__name="Gone Away",
        starts_on=date(2025, 1, 1),
        ends_on=date(2026, 1, 1),
    )

    def names(query: str) -> list[str]:
        page = coordinating.get(base + query).context["students"]
        return [row.name for row in page]

    first = names("?sort=adviser")
    assert [name for name in first if name != place.enrolment.student.name] == [
        "Cas Breed",
        "Ana Kort",
        "Bo Lang",
    ]
    assert names("?q=yves") == names("?q=kort") == ["Ana Kort"]
    assert names("?over=on") == ["Gone Away"]
    assert "Gone Away" not in names("")
    assert "?over=on#students" in coordinating.get(base).text


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_of_an_enrolment(
    coordinating: Client, place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    for _ in range(number - 1):
        SupervisorFactory.create_batch(2, placement=PlacementFactory(enrolment=place.enrolment))

    with django_assert_num_queries(10):
        page = coordinating.get(f"/programmes/enrolments/{place.enrolment.pk}/")

    assert len(page.context["enrolment"].placements.all()) == number


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_of_all_guidelines(
    coordinating: Client, place: Scene, number: int, django_assert_num_queries: CountQueries
) -> None:
    RequirementFactory.create_batch(number - 1, under=place.work_processes[0])

    with django_assert_num_queries(9):
        page = coordinating.get(f"/programmes/{place.programme.pk}/guidelines/")

    rows = [
        (row["level"], str(row["target"]), row["guideline"] and row["guideline"].pieces)
        for _, under in page.context["core_tasks"]
        for row in under
    ]
    assert len(rows) == 7 + number
    assert rows[:2] == [("core_task", "B1-K1 Task 1", 3), ("work_process", "B1-K1-W1 Step 1", None)]


def test_what_is_used_offers_no_change(coordinating: Client, place: Scene) -> None:
    base = f"/programmes/{place.programme.pk}/"
    change = f'href="{base}units/{place.unit.pk}/"'

    before = coordinating.get(base).content.decode()
    place.put_on_an_agenda()
    after = coordinating.get(base).content.decode()

    assert (change in before, change in after) == (True, False)
    assert "On a committee's agenda: no longer changes" in after


def test_names_are_text_and_no_markup(coordinating: Client, place: Scene) -> None:
    place.enrolment.student.name = "<b>Noor</b>"
    place.enrolment.student.save()

    for path in (f"{place.programme.pk}/", f"enrolments/{place.enrolment.pk}/"):
        shown = coordinating.get(f"/programmes/{path}").content.decode()
        assert "&lt;b&gt;Noor&lt;/b&gt;" in shown
        assert "<b>Noor" not in shown
