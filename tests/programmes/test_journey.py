"""From nothing to an enrolled student with a placement, writing only through the pages."""

from datetime import date

import pytest
from django.test import Client

from people.models import Account, InstitutionRole, Person
from post.models import OutboxMail
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Guideline,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Track,
    Unit,
)
from qualifications.models import CoreTask, Qualification
from records.models import Event
from tests.factories import (
    AccountFactory,
    CoreTaskFactory,
    InstitutionRoleFactory,
    QualificationFactory,
    RequirementFactory,
    WorkProcessFactory,
)

pytestmark = pytest.mark.django_db

RULES = {
    "check_ins_per_period": "1",
    "with_light": "on",
    "givers_may_judge": "on",
    "link_days": "14",
    "notice_working_days": "3",
    "closed_days": "2126-12-25 t/m 2126-12-26\r\n\r\n",
    "sector": "hbo",
}


@pytest.fixture
def qualification() -> Qualification:
    """B1-K1 with two work processes, B1-K2 with one; a requirement under each."""
    found = QualificationFactory(title="Software developer", code="25998")
    for order, processes in ((1, 2), (2, 1)):
        task = CoreTaskFactory(qualification=found, order=order)
        for number in range(1, processes + 1):
            RequirementFactory(under=WorkProcessFactory(core_task=task, order=number))
    return found


@pytest.fixture
def maker(client: Client) -> Account:
    role = InstitutionRole.Role.COORDINATOR
    person = InstitutionRoleFactory(role=role, person=AccountFactory(language="en")).person.account
    client.force_login(person)
    return person


def post(client: Client, path: str, **data: object) -> str:
    """Post a form that is right; returns where it leads."""
    page = client.get(path)
    assert page.status_code == 200
    response = client.post(path, data)
    errors = response.context["form"].errors if response.context else {}
    assert (response.status_code, errors) == (302, {})
    return response.headers["Location"]


def verbs(chain: str = "programme:") -> list[str]:
    """What was done, but that people became known."""
    events = Event.objects.filter(chain__key__startswith=chain).exclude(verb="person.added")
    return list(events.order_by("number").values_list("verb", flat=True))


def test_a_programme_from_nothing(
    client: Client, maker: Account, qualification: Qualification
) -> None:
    QualificationFactory(draft=True, title="Not published")
    choices = client.get("/programmes/new/").context["form"].fields["qualification"].choices
    assert [label for _, label in choices] == [
        "Choose a qualification",
        "Software developer (25998)",
    ]

    base = post(
        client,
        "/programmes/new/",
        title=" Software developer ",
        cohort="2026-2029",
        qualification=qualification.pk,
        **RULES,
    )

    programme = Programme.objects.get()
    assert base == f"/programmes/{programme.pk}/"
    assert (programme.title, programme.cohort, programme.qualification) == (
        "Software developer",
        "2026-2029",
        qualification,
    )
    assert (
        programme.rules.check_ins_per_period,
        programme.rules.with_light,
        programme.rules.committee_sees_check_ins,
        programme.rules.givers_may_judge,
        programme.rules.link_days,
        programme.rules.notice_working_days,
        programme.rules.closed_days,
        programme.rules.sector,
    ) == (1, True, False, True, 14, 3, [date(2126, 12, 25), date(2126, 12, 26)], "hbo")
    role = ProgrammeRole.objects.get()
    assert (role.person.account, role.role, role.ended_at) == (maker, "coordinator", None)
    assert verbs() == ["programme.made", "role.given"]

    # House rules.
    page = client.get(base + "edit/")
    assert "qualification" not in page.context["form"].fields
    assert page.context["form"]["closed_days"].value() == "2126-12-25 – 2126-12-26"
    rules = {
        "check_ins_per_period": "2",
        "committee_sees_check_ins": "on",
        "link_days": "28",
        "notice_working_days": "5",
        "closed_days": "2126-12-25",
        "sector": "mbo",
    }
    post(client, base + "edit/", title="Software developer", cohort="2026-2029", **rules)
    event = Event.objects.get(verb="programme.changed")
    assert event.statement["facts"] == {
        "check_ins_per_period": [1, 2],
        "with_light": [True, False],
        "link_days": [14, 28],
        "committee_sees_check_ins": [False, True],
        "givers_may_judge": [True, False],
        "notice_working_days": [3, 5],
        "closed_days": [["2126-12-25", "2126-12-26"], ["2126-12-25"]],
        "sector": ["hbo", "mbo"],
    }
    numbers = programme.house_rules.values_list("number", "link_days")
    assert list(numbers) == [(1, 14), (2, 28)]
    assert Programme.objects.get().rules == programme.house_rules.get(number=2)

    # Periods.
    for name, starts_on, ends_on in [
        ("Period 1", "2126-09-01", "2126-11-13"),
        ("Period 2", "2126-11-14", "2127-01-31"),
    ]:
        where = post(client, base + "periods/new/", name=name, starts_on=starts_on, ends_on=ends_on)
        assert where == base + "#periods"
    first, second = Period.objects.all()
    post(
        client,
        f"{base}periods/{first.pk}/",
        name="Autumn",
        starts_on="2126-09-02",
        ends_on="2126-11-13",
    )
    client.post(f"{base}periods/{second.pk}/remove/")
    current = Period.objects.current()
    assert list(current.values_list("name", "starts_on", "ends_on")) == [
        ("Autumn", date(2126, 9, 2), date(2126, 11, 13))
    ]
    assert Period.objects.count() == 3

    # Units.
    one, two = CoreTask.objects.order_by("order")
    first_step, second_step = one.work_processes.all()
    parts = [second_step.pk, two.pk, first_step.pk]
    post(client, base + "units/new/", title="All", purpose="phase", parts=parts)
    unit = Unit.objects.get()
    assert [part.target for part in unit.parts.all()] == [first_step, second_step, two]
    kept = unit.parts.get(core_task=two).pk
    page = client.get(f"{base}units/{unit.pk}/")
    assert page.context["form"].initial["parts"] == [
        str(first_step.pk),
        str(second_step.pk),
        str(two.pk),
    ]
    post(
        client,
        f"{base}units/{unit.pk}/",
        title="Whole",
        purpose="qualifying",
        parts=[one.pk, two.pk],
    )
    unit = Unit.objects.get()
    assert (unit.title, unit.purpose) == ("Whole", "qualifying")
    assert [part.target for part in unit.parts.current()] == [one, two]
    assert unit.parts.get(core_task=two).pk == kept
    assert unit.parts.count() == 4

    # Guidelines.
    requirement = qualification.requirements.earliest("text")
    for target, figures in [
        (one, {"pieces": 3, "people": 2, "roles": ""}),
        (first_step, {"pieces": "", "people": "", "roles": 2}),
        (requirement, {"pieces": 1, "people": "", "roles": ""}),
        (one, {"pieces": 4, "people": 2, "roles": ""}),
    ]:
        post(client, f"{base}guidelines/{target.pk}/", **figures)
    client.post(f"{base}guidelines/{first_step.pk}/end/")
    assert [
        (row.target, row.pieces, row.people, row.roles, row.ended_at is None)
        for row in Guideline.objects.order_by("recorded_at")
    ] == [
        (one, 3, 2, 0, False),
        (first_step, 0, 0, 2, False),
        (requirement, 1, 0, 0, True),
        (one, 4, 2, 0, True),
    ]

    # A teacher, whom nobody knew.
    where = post(
        client,
        base + "roles/new/",
        name="Tess Teacher",
        email=" Tess@School.example ",
        role="teacher",
    )
    assert where == base + "#people"
    teacher = ProgrammeRole.objects.get(role="teacher")
    assert (teacher.person.name, teacher.person.account.sign_in) == (
        "Tess Teacher",
        "tess@school.example",
    )
    invited = OutboxMail.objects.filter(template="people/invitation")
    assert [row.to for row in invited] == [teacher.person_id]
    client.post(f"{base}roles/{teacher.pk}/end/")
    teacher.refresh_from_db()
    assert teacher.ended_at is not None


def test_a_student_from_name_to_placement(
    client: Client, maker: Account, qualification: Qualification
) -> None:
    base = post(
        client,
        "/programmes/new/",
        title="T",
        cohort="C",
        qualification=qualification.pk,
        **RULES,
    )

    page = post(
        client,
        base + "students/new/",
        name=" Noor Bakker ",
        email="Noor@Student.example",
        starts_on="2026-09-01",
        adviser_name="Ada Adviser",
        adviser_email="ADA@school.example",
    )

    enrolment = Enrolment.objects.get()
    assert page == f"/programmes/enrolments/{enrolment.pk}/"
    assert (enrolment.student.name, enrolment.student.account.sign_in, enrolment.starts_on) == (
        "Noor Bakker",
        "noor@student.example",
        date(2026, 9, 1),
    )
    assert Track.objects.get().qualification == qualification
    assert enrolment.adviser == Person.objects.get(account__sign_in="ada@school.example")
    invited = set(OutboxMail.objects.values_list("to", flat=True))
    assert invited == {enrolment.adviser.pk, enrolment.student.pk}

    # Who advises here already can be chosen for the next student, who is known already.
    known = AccountFactory(name="Own Name", sign_in="known@student.example")
    post(
        client,
        base + "students/new/",
        name="own name",
        email="known@student.example",
        starts_on="2026-09-01",
        known_adviser=enrolment.adviser.pk,
    )
    other = Enrolment.objects.get(student=known.pk)
    assert (other.student.name, other.adviser) == ("Own Name", enrolment.adviser)

    # A placement with two supervisors, and a third later.
    post(
        client,
        page + "placements/new/",
        workplace="Bakery",
        starts_on="2026-09-01",
        ends_on="2027-01-31",
        first_name="Sanne",
        first_email="Sanne@bakery.example",
        second_name="Mo",
        second_email="mo@bakery.example",
    )
    placement = Placement.objects.get()
    post(
        client,
        f"{page}placements/{placement.pk}/supervisors/new/",
        name="Kim",
        email="kim@bakery.example",
    )
    client.post(f"{page}supervisors/{Supervisor.objects.get(person__name='Mo').pk}/end/")
    post(
        client,
        f"{page}placements/{placement.pk}/",
        workplace="The Bakery",
        starts_on="2026-09-01",
        ends_on="2026-12-31",
    )
    placement.refresh_from_db()
    assert (placement.workplace, placement.ends_on) == ("The Bakery", date(2026, 12, 31))
    assert [
        (row.person.name, str(row.person.address()), row.ended_at is None)
        for row in Supervisor.objects.order_by("person__name")
    ] == [
        ("Kim", "kim@bakery.example", True),
        ("Mo", "mo@bakery.example", False),
        ("Sanne", "sanne@bakery.example", True),
    ]
    assert Account.objects.filter(sign_in__endswith="@bakery.example").count() == 0

    # Another adviser; the enrolment ends, and goes on after all.
    post(client, page + "adviser/", adviser_name="Bo", adviser_email="bo@school.example")
    assert [
        (row.adviser.name, row.ended_at is None)
        for row in AdviserAssignment.objects.filter(enrolment=enrolment).order_by("recorded_at")
    ] == [("Ada Adviser", False), ("Bo", True)]
    for last_day, kept in [("2026-10-01", date(2026, 10, 1)), ("", None)]:
        post(client, page + "edit/", starts_on="2026-09-01", ends_on=last_day)
        enrolment.refresh_from_db()
        assert enrolment.ends_on == kept

    assert verbs() == ["programme.made", "role.given"]
    assert verbs(enrolment.chain) == [
        "person.registered",
        "student.enrolled",
        "adviser.assigned",
        "placement.added",
        "supervisor.added",
        "supervisor.added",
        "supervisor.added",
        "supervisor.ended",
        "placement.changed",
        "adviser.assigned",
        "enrolment.ended",
        "enrolment.resumed",
    ]


def test_no_name_address_or_title_stands_in_an_event(
    client: Client, maker: Account, qualification: Qualification
) -> None:
    base = post(
        client,
        "/programmes/new/",
        title="Secret title",
        cohort="Secret cohort",
        qualification=qualification.pk,
        **RULES,
    )
    page = post(
        client,
        base + "students/new/",
        name="Secret name",
        email="secret@student.example",
        starts_on="2026-09-01",
    )
    post(
        client,
        page + "placements/new/",
        workplace="Secret workplace",
        starts_on="2026-09-01",
        ends_on="2027-01-31",
        first_name="Secret supervisor",
        first_email="secret@bakery.example",
    )

    told = [str(statement) for statement in Event.objects.values_list("statement", flat=True)]
    assert len(told) >= 5
    assert [statement for statement in told if "secret" in statement.lower()] == []
