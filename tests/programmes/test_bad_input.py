"""What is not right is said in words, answers 422, and writes nothing."""

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from people.models import Account, InstitutionRole
from post.models import OutboxMail
from programmes.forms import DaysField
from programmes.models import (
    Enrolment,
    Guideline,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Unit,
    UnitPart,
)
from records.models import Event
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    PeriodFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    QualificationFactory,
    UnitFactory,
    WorkProcessFactory,
)
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db

REQUIRED = "This field is required."
Data = Callable[[Scene], dict[str, object]]
KEPT = (
    Enrolment,
    Event,
    Guideline,
    OutboxMail,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Unit,
    UnitPart,
    Account,
)


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in KEPT]


def check(client: Client, path: str, data: dict[str, object], errors: dict[str, list[str]]) -> None:
    before = everything()

    response = client.post(path, data)

    assert (response.status_code, dict(response.context["form"].errors)) == (422, errors)
    assert everything() == before
    # What was filled in is still there.
    for name, value in data.items():
        assert response.context["form"].data[name] == str(value)


def period(**other: object) -> dict[str, object]:
    return {"name": "Spring", "starts_on": "2027-02-01", "ends_on": "2027-04-30", **other}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"name": [REQUIRED], "starts_on": [REQUIRED], "ends_on": [REQUIRED]}),
        (period(ends_on="2027-01-31"), {"ends_on": ["The end lies before the start."]}),
        (period(starts_on="soon"), {"starts_on": ["Enter a valid date."]}),
        (
            period(starts_on="2026-11-30"),
            {"__all__": ["These dates overlap with Period 1."]},
        ),
        (
            period(starts_on="2026-08-01", ends_on="2026-09-01"),
            {"__all__": ["These dates overlap with Period 1."]},
        ),
        (
            period(name="Period 1"),
            {"__all__": ["Another period of this programme has this name."]},
        ),
    ],
)
def test_a_period(
    coordinating: Client,
    place: Scene,
    data: dict[str, object],
    errors: dict[str, list[str]],
) -> None:
    # Of another programme, so that it is in nobody's way.
    PeriodFactory(name="Spring", starts_on=date(2027, 2, 1), ends_on=date(2027, 4, 30))

    check(coordinating, f"/programmes/{place.programme.pk}/periods/new/", data, errors)


def test_a_period_that_changes(coordinating: Client, place: Scene) -> None:
    other = PeriodFactory(
        programme=place.programme, starts_on=date(2027, 2, 1), ends_on=date(2027, 3, 1)
    )
    path = f"/programmes/{place.programme.pk}/periods/{place.period.pk}/"

    check(
        coordinating,
        path,
        {"name": place.period.name, "starts_on": "2026-09-01", "ends_on": "2027-02-01"},
        {"__all__": [f"These dates overlap with {other.name}."]},
    )
    check(
        coordinating,
        path,
        {"name": other.name, "starts_on": "2026-09-01", "ends_on": "2026-11-30"},
        {"__all__": ["Another period of this programme has this name."]},
    )


def test_a_period_that_has_begun_is_not_removed(coordinating: Client, place: Scene) -> None:
    before = everything()

    page = coordinating.post(f"/programmes/{place.programme.pk}/periods/{place.period.pk}/remove/")

    assert (page.status_code, str(page.context["in_use"])) == (
        409,
        "It has begun, and 1 student is in this programme in it. "
        "Its name and its days can still be changed.",
    )
    assert everything() == before


def unit(place: Scene, *parts: object, **other: object) -> dict[str, object]:
    return {"title": "Year 1", "purpose": "phase", "parts": [str(part) for part in parts], **other}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (
            lambda place: {},
            {"title": [REQUIRED], "purpose": [REQUIRED], "parts": ["Choose at least one part."]},
        ),
        (
            lambda place: unit(place, place.core_tasks[0].pk, place.work_processes[1].pk),
            {"__all__": ["B1-K1 is chosen as a whole: leave out B1-K1-W2, which belongs to it."]},
        ),
        (
            lambda place: unit(place, place.core_tasks[0].pk, title="Basics"),
            {"__all__": ["Another unit of this programme has this title."]},
        ),
    ],
)
def test_a_unit(
    coordinating: Client, place: Scene, data: Data, errors: dict[str, list[str]]
) -> None:
    UnitFactory(title="Year 1")  # of another programme
    filled = data(place)
    before = everything()

    response = coordinating.post(f"/programmes/{place.programme.pk}/units/new/", filled)

    form = response.context["form"]
    assert (response.status_code, dict(form.errors)) == (422, errors)
    assert form["parts"].value() == filled.get("parts", [])
    assert everything() == before


def test_a_unit_of_another_qualification(coordinating: Client, place: Scene) -> None:
    foreign = WorkProcessFactory().pk
    before = everything()

    response = coordinating.post(
        f"/programmes/{place.programme.pk}/units/new/", unit(place, foreign)
    )

    assert (response.status_code, dict(response.context["form"].errors)) == (
        422,
        {"parts": [f"Select a valid choice. {foreign} is not one of the available choices."]},
    )
    assert everything() == before


def test_a_unit_on_an_agenda_is_not_changed(coordinating: Client, place: Scene) -> None:
    place.put_on_an_agenda()
    path = f"/programmes/{place.programme.pk}/units/{place.unit.pk}/"
    said = (
        "It is on the agenda of a committee 1 time. "
        "Add another unit for what is decided from now on; this one stays."
    )
    before = everything()

    page = coordinating.get(path)
    post = coordinating.post(path, unit(place, place.core_tasks[0].pk))
    removal = coordinating.post(path + "remove/")

    assert (page.status_code, post.status_code) == (409, 409)
    assert said in page.content.decode()
    assert (removal.status_code, str(removal.context["in_use"])) == (409, said)
    assert everything() == before


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"__all__": ["Ask for at least one piece, person or role."]}),
        (
            {"pieces": 0, "people": 0},
            {"__all__": ["Ask for at least one piece, person or role."]},
        ),
        (
            {"pieces": -1, "people": 100, "roles": 6},
            {
                "pieces": ["Ensure this value is greater than or equal to 0."],
                "people": ["Ensure this value is less than or equal to 99."],
                "roles": ["Ensure this value is less than or equal to 5."],
            },
        ),
        ({"pieces": "many"}, {"pieces": ["Enter a whole number."]}),
    ],
)
def test_a_guideline(
    coordinating: Client, place: Scene, data: dict[str, object], errors: dict[str, list[str]]
) -> None:
    path = f"/programmes/{place.programme.pk}/guidelines/{place.work_processes[0].pk}/"

    check(coordinating, path, data, errors)


def test_a_role(coordinating: Client, place: Scene) -> None:
    path = f"/programmes/{place.programme.pk}/roles/new/"
    teacher = place.teacher.person.account
    AccountFactory(sign_in="gone@school.example", name="Gé", is_active=False)

    check(
        coordinating,
        path,
        {"name": "", "email": "not an address", "role": "dean"},
        {
            "name": [REQUIRED],
            "email": ["Enter a valid email address."],
            "role": ["Select a valid choice. dean is not one of the available choices."],
        },
    )
    check(
        coordinating,
        path,
        {"name": teacher.name, "email": teacher.sign_in.upper(), "role": "teacher"},
        {"__all__": [f"{teacher.name} has this role already: teacher."]},
    )
    check(
        coordinating,
        path,
        {"name": "Gé", "email": "gone@school.example", "role": "teacher"},
        {"__all__": ["The account of Gé is closed."]},
    )


def test_ones_own_role_as_coordinator(
    coordinating: Client, coordinator: Account, place: Scene
) -> None:
    role = ProgrammeRole.objects.get(person=coordinator.pk)
    as_teacher = ProgrammeRoleFactory(programme=place.programme, person=coordinator, role="teacher")
    setup = coordinating.get(f"/programmes/{place.programme.pk}/").text
    before = everything()

    assert [f"/roles/{each.pk}/end/" in setup for each in (as_teacher, role)] == [
        True,
        False,
    ]

    page = coordinating.post(f"/programmes/{place.programme.pk}/roles/{role.pk}/end/", follow=True)

    assert [str(message) for message in page.context["messages"]] == [
        "You cannot end your own role: another coordinator can."
    ]
    assert everything() == before


def student(**other: object) -> dict[str, object]:
    return {"name": "Noor", "email": "noor@school.example", "starts_on": "2026-09-01", **other}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (
            lambda place: {},
            {"name": [REQUIRED], "email": [REQUIRED], "starts_on": [REQUIRED]},
        ),
        (
            lambda place: student(
                name=place.enrolment.student.name,
                email=f" {place.enrolment.student.account.sign_in.upper()} ",
            ),
            {"__all__": ["{student} is in this programme already."]},
        ),
        (
            lambda place: student(adviser_name="Noor", adviser_email="NOOR@school.example"),
            {"__all__": ["This is the student: nobody is their own adviser."]},
        ),
        (
            lambda place: student(adviser_name="Ada"),
            {"adviser_email": ["Fill in both the name and the address."]},
        ),
        (
            lambda place: student(adviser_email="ada@school.example"),
            {"adviser_name": ["Fill in both the name and the address."]},
        ),
        (
            lambda place: student(adviser_name="Ada", adviser_email="ada"),
            {"adviser_email": ["Enter a valid email address."]},
        ),
        (
            lambda place: student(
                known_adviser=place.teacher.person.account.pk,
                adviser_name="Ada",
                adviser_email="ada@school.example",
            ),
            {"known_adviser": ["Choose somebody or fill in somebody, not both."]},
        ),
        (
            lambda place: student(known_adviser=place.enrolment.student.pk),
            {
                "known_adviser": [
                    "Select a valid choice. That choice is not one of the available choices."
                ]
            },
        ),
        (
            lambda place: student(name="N" * 121),
            {"name": ["Ensure this value has at most 120 characters (it has 121)."]},
        ),
    ],
)
def test_a_student(
    coordinating: Client, place: Scene, data: Data, errors: dict[str, list[str]]
) -> None:
    name = place.enrolment.student.name
    said = {field: [text.format(student=name) for text in texts] for field, texts in errors.items()}

    check(coordinating, f"/programmes/{place.programme.pk}/students/new/", data(place), said)


def test_a_student_of_before_is_in_the_programme_still(coordinating: Client, place: Scene) -> None:
    Enrolment.objects.update(ends_on=date(2026, 10, 1))

    check(
        coordinating,
        f"/programmes/{place.programme.pk}/students/new/",
        student(name=place.enrolment.student.name, email=place.enrolment.student.account.sign_in),
        {"__all__": [f"{place.enrolment.student.name} is in this programme already."]},
    )


def test_an_adviser(coordinating: Client, place: Scene) -> None:
    path = f"/programmes/enrolments/{place.enrolment.pk}/adviser/"

    check(coordinating, path, {}, {"known_adviser": ["Choose an adviser, or fill in who it is."]})
    check(
        coordinating,
        path,
        {
            "adviser_name": place.enrolment.student.name,
            "adviser_email": place.enrolment.student.account.sign_in,
        },
        {"__all__": ["This is the student: nobody is their own adviser."]},
    )


def test_the_days_of_an_enrolment(coordinating: Client, place: Scene) -> None:
    path = f"/programmes/enrolments/{place.enrolment.pk}/edit/"

    check(
        coordinating,
        path,
        {"starts_on": "2026-09-01", "ends_on": "2026-08-31"},
        {"ends_on": ["The end lies before the start."]},
    )


def placement(**other: object) -> dict[str, object]:
    return {
        "workplace": "Bakery",
        "starts_on": "2026-09-01",
        "ends_on": "2027-01-31",
        "first_name": "Sanne",
        "first_email": "sanne@bakery.example",
        **other,
    }


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (
            lambda place: {},
            {
                key: [REQUIRED]
                for key in ["workplace", "starts_on", "ends_on", "first_name", "first_email"]
            },
        ),
        (
            lambda place: placement(ends_on="2026-08-31"),
            {"ends_on": ["The end lies before the start."]},
        ),
        (
            lambda place: placement(second_name="Mo"),
            {"second_email": ["Fill in both the name and the address."]},
        ),
        (
            lambda place: placement(second_name="sanne", second_email="SANNE@bakery.example"),
            {"__all__": ["sanne@bakery.example is a supervisor at this placement already."]},
        ),
        (
            lambda place: placement(
                first_name=place.enrolment.student.name,
                first_email=place.enrolment.student.account.sign_in,
            ),
            {"__all__": ["This is the student's own address, not a supervisor's."]},
        ),
        (
            lambda place: placement(starts_on="2027-07-02", ends_on="2027-08-01"),
            {"__all__": ["The placement starts after the enrolment has ended."]},
        ),
    ],
)
def test_a_placement(
    coordinating: Client, place: Scene, data: Data, errors: dict[str, list[str]]
) -> None:
    Enrolment.objects.update(ends_on=date(2027, 7, 1))

    path = f"/programmes/enrolments/{place.enrolment.pk}/placements/new/"
    check(coordinating, path, data(place), errors)


def test_a_placement_that_changes(coordinating: Client, place: Scene) -> None:
    check(
        coordinating,
        f"/programmes/enrolments/{place.enrolment.pk}/placements/{place.placement.pk}/",
        {"workplace": "Bakery", "starts_on": "2026-09-02", "ends_on": "2026-09-01"},
        {"ends_on": ["The end lies before the start."]},
    )


def test_one_more_supervisor(coordinating: Client, place: Scene) -> None:
    base = f"/programmes/enrolments/{place.enrolment.pk}/placements/{place.placement.pk}/"
    path = base + "supervisors/new/"
    student = place.enrolment.student
    name, here = place.supervisor.person.name, str(place.supervisor.person.address())

    check(
        coordinating,
        path,
        {"name": name.upper(), "email": here.upper()},
        {"__all__": [f"{here} is a supervisor at this placement already."]},
    )
    check(
        coordinating,
        path,
        {"name": student.name, "email": student.account.sign_in},
        {"__all__": ["This is the student's own address, not a supervisor's."]},
    )


def test_a_programme(client: Client) -> None:
    role = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR, person__language="en")
    client.force_login(role.person.account)
    here = ProgrammeFactory()
    draft, elective = QualificationFactory(draft=True), QualificationFactory(kind="elective")
    numbers = {
        "check_ins_per_period": 2,
        "link_days": 28,
        "notice_working_days": 5,
        "sector": "mbo",
    }
    not_one = "Select a valid choice. That choice is not one of the available choices."

    check(
        client,
        "/programmes/new/",
        {},
        {key: [REQUIRED] for key in ["title", "cohort", "qualification", *numbers]},
    )
    for wrong in (draft.pk, elective.pk):
        check(
            client,
            "/programmes/new/",
            {"title": "T", "cohort": "C", "qualification": wrong, **numbers},
            {"qualification": [not_one]},
        )
    check(
        client,
        "/programmes/new/",
        {
            "title": here.title,
            "cohort": here.cohort,
            "qualification": here.qualification_id,
            **numbers,
        },
        {"__all__": ["There is already a programme with this title and cohort."]},
    )
    check(
        client,
        "/programmes/new/",
        {
            "title": "T",
            "cohort": "C",
            "qualification": here.qualification_id,
            "check_ins_per_period": 11,
            "link_days": 0,
            "notice_working_days": 31,
            "sector": "wo",
        },
        {
            "check_ins_per_period": ["Ensure this value is less than or equal to 10."],
            "link_days": ["Ensure this value is greater than or equal to 1."],
            "notice_working_days": ["Ensure this value is less than or equal to 30."],
            "sector": ["Select a valid choice. wo is not one of the available choices."],
        },
    )


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("2026-12-25", [25]),
        (" 2026-12-26\r\n\r\n2026-12-25\n2026-12-26", [25, 26]),
        ("2026-12-24 - 2026-12-26", [24, 25, 26]),
        ("2026-12-24–2026-12-26", [24, 25, 26]),
        ("2026-12-24 t/m 2026-12-24", [24]),
        ("", []),
    ],
)
def test_days_are_typed_one_a_line_or_from_the_first_to_the_last(
    typed: str, days: list[int]
) -> None:
    assert DaysField(required=False).clean(typed) == [date(2026, 12, day) for day in days]


@pytest.mark.parametrize(
    "typed",
    [
        "Christmas",
        "2026-12-25 Christmas",
        "2026-12-26 - 2026-12-25",
        "2026-12-24 - ",
        "2026-01-01 - 2026-12-31",
        "2026-12-24 - 2026-12-25 - 2026-12-26",
        "2026-02-30",
    ],
)
def test_what_is_no_day_is_named(coordinating: Client, place: Scene, typed: str) -> None:
    said = (
        f"“{typed.strip()}” is not a day, nor the first and last of at most 60 days. Write for "
        "example 2026-04-27, or 2026-12-21 – 2027-01-01."
    )
    check(
        coordinating,
        f"/programmes/{place.programme.pk}/edit/",
        {
            "title": "T",
            "cohort": "C",
            "check_ins_per_period": 2,
            "link_days": 28,
            "notice_working_days": 5,
            "sector": "mbo",
            "closed_days": typed,
        },
        {"closed_days": [said]},
    )


def test_another_title_for_a_programme(coordinating: Client, place: Scene) -> None:
    other = ProgrammeFactory()

    check(
        coordinating,
        f"/programmes/{place.programme.pk}/edit/",
        {
            "title": other.title,
            "cohort": other.cohort,
            "check_ins_per_period": 2,
            "link_days": 28,
            "notice_working_days": 5,
            "sector": "mbo",
        },
        {"__all__": ["There is already a programme with this title and cohort."]},
    )


def test_fields_added_by_hand_change_nothing(coordinating: Client, place: Scene) -> None:
    other = QualificationFactory()

    response = coordinating.post(
        f"/programmes/{place.programme.pk}/edit/",
        {
            "title": "New title",
            "cohort": "2030",
            "check_ins_per_period": 2,
            "link_days": 28,
            "notice_working_days": 5,
            "sector": "mbo",
            "qualification": other.pk,
            "recorded_at": "2020-01-01",
        },
    )

    assert response.status_code == 302
    changed = Programme.objects.get(pk=place.programme.pk)
    assert (changed.title, changed.qualification, changed.recorded_at) == (
        "New title",
        place.programme.qualification,
        place.programme.recorded_at,
    )


def test_the_same_student_in_another_programme(coordinating: Client, place: Scene) -> None:
    elsewhere = EnrolmentFactory()

    response = coordinating.post(
        f"/programmes/{place.programme.pk}/students/new/",
        student(name=elsewhere.student.name, email=elsewhere.student.account.sign_in),
    )

    assert response.status_code == 302
    assert elsewhere.student.enrolments.count() == 2
