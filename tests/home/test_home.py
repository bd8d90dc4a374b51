"""The start page: what now, per role, in a fixed number of queries."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import pgettext
from pytest_django import DjangoAssertNumQueries

from committees.models import Case, Membership
from evidence.models import FeedbackRequest
from home.context import navigation
from home.help import topic_of
from home.roles import Roles, roles_of
from home.tour import TOURS, Tour
from people.models import Account, InstitutionRole, Person
from portfolio.cohort import keep_cohorts
from portfolio.kept import keep_figures
from portfolio.models import Agreement, CheckIn
from programmes.models import Enrolment, Programme
from tests.committees.factories import MeetingFactory, MembershipFactory
from tests.evidence.factories import (
    AttachmentFactory,
    EvidenceFactory,
    FeedbackFactory,
    FeedbackRequestFactory,
)
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    PeriodFactory,
    PersonFactory,
    ProgrammeRoleFactory,
    QualificationFactory,
    RequirementFactory,
    SupervisorFactory,
    UnitFactory,
    UnitPartFactory,
    WorkProcessFactory,
)
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db

# Session, person, roles for the page and for the navigation, and the parts of the page.
QUERIES_OF_EVERYBODY = 5
QUERIES_WITH_EVERY_ROLE = 34


def check_in(enrolment: Enrolment, agreements: int = 1) -> CheckIn:
    row = CheckIn.objects.create(
        enrolment=enrolment, by=PersonFactory(), held_on=timezone.localdate(), summary="Goed."
    )
    for number in range(agreements):
        Agreement.objects.create(
            check_in=row, text=f"Afspraak {number}", due_on=timezone.localdate()
        )
    return row


def with_a_portfolio(enrolment: Enrolment) -> None:
    """A piece with a file and a remark."""
    process = WorkProcessFactory(core_task__qualification=enrolment.programme.qualification)
    line = RequirementFactory(under=process)
    piece = EvidenceFactory(owner=enrolment.student, on=[line])
    AttachmentFactory(revision=piece.current)
    FeedbackFactory(enrolment=enrolment, evidence=piece, remarks={line: ""})


def with_everything_set_up(programme: Programme) -> None:
    process = WorkProcessFactory(core_task__qualification=programme.qualification)
    UnitPartFactory(unit__programme=programme, work_process=process)
    PeriodFactory(programme=programme)
    SupervisorFactory(placement__enrolment=EnrolmentFactory(programme=programme))


def with_every_role(rows: int) -> Account:
    """Somebody who does everything here, with this many rows of each thing."""
    person = AccountFactory(name="Noor de Vries")
    for role in InstitutionRole.Role:
        InstitutionRoleFactory(person=person, role=role)
    giver = person.person
    soon = timezone.now() + timedelta(days=3)
    for _ in range(rows):
        enrolment = EnrolmentFactory(student=person)
        with_a_portfolio(enrolment)
        check_in(enrolment)
        EnrolmentFactory(adviser_is=person)
        with_everything_set_up(ProgrammeRoleFactory(person=person).programme)
        QualificationFactory(draft=True)
        FeedbackRequestFactory(person=giver, expires_at=soon)
        for role in (Membership.Role.CHAIR, Membership.Role.SECRETARY):
            MembershipFactory(person=person, role=role)
        seat = MembershipFactory(person=person)
        meeting = MeetingFactory(
            committee=seat.committee, held_at=soon, reference_at=timezone.now()
        )
        unit = UnitFactory(programme=seat.committee.programme)
        other = EnrolmentFactory(programme=seat.committee.programme)
        for whose in (enrolment, other):
            Case.objects.create(
                meeting=meeting, enrolment=whose, unit=unit, recorded_at=timezone.now()
            )
    return person


@pytest.mark.tampers  # a factory's file has no bytes
@pytest.mark.parametrize("rows", [1, 30])
def test_the_start_page_costs_the_same_for_one_row_and_for_thirty(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    client.force_login(with_every_role(rows))
    record_what_was_made()
    keep_figures()
    keep_cohorts()
    client.get("/")  # and so the frames are at hand

    with django_assert_num_queries(QUERIES_WITH_EVERY_ROLE):
        answer = client.get("/")

    assert answer.status_code == 200


def test_somebody_without_a_role_sees_a_quiet_page(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(AccountFactory(name="Noor de Vries"))

    with django_assert_num_queries(QUERIES_OF_EVERYBODY):
        page = client.get("/").content.decode()

    assert "Noor" in page
    assert "<h2" not in page


def test_the_navigation_names_the_programme_or_committee_where_there_is_one() -> None:
    enrolment, seat = EnrolmentFactory(), MembershipFactory()
    roles = roles_of(enrolment.student.account)
    assert [(item.label, item.context) for item in navigation(roles, "/evidence/")][:2] == [
        (pgettext("navigation", "Portfolio"), str(enrolment.programme)),
        (pgettext("navigation", "Evidence"), ""),
    ]
    assert roles_of(seat.person.account).sits_on == seat.committee.name

    EnrolmentFactory(student=enrolment.student)
    MembershipFactory(person=seat.person.account)

    assert roles_of(enrolment.student.account).studies_in is None
    assert roles_of(seat.person.account).sits_on is None


def test_a_student_finds_what_waits(client: Client) -> None:
    enrolment = EnrolmentFactory()
    check_in(enrolment)
    client.force_login(enrolment.student)

    page = client.get("/").content.decode()

    assert "Afspraak 0" in page
    assert f"/portfolio/{enrolment.pk}/check-ins/" in page


def test_a_student_finds_what_adds_most(client: Client) -> None:
    enrolment = EnrolmentFactory(student__language="en")
    process = WorkProcessFactory(core_task__qualification=enrolment.programme.qualification)
    silent, heard, *_ = [RequirementFactory(under=process, text=f"line {n}.") for n in range(5)]
    EvidenceFactory(owner=enrolment.student, on=[silent])
    piece = EvidenceFactory(owner=enrolment.student, on=[heard])
    FeedbackFactory(enrolment=enrolment, evidence=piece, remarks={heard: ""})
    client.force_login(enrolment.student)

    page = client.get("/").content.decode()

    assert re.findall(r"line \d", page) == ["line 0", "line 2", "line 3"]
    assert page.count("nobody has said anything about it yet") == 1
    assert page.count("Nobody has seen this of you yet") == 2
    assert f"/portfolio/{enrolment.pk}/#requirement-{silent.pk}" in page


def test_a_coordinator_finds_what_is_to_do(client: Client) -> None:
    role = ProgrammeRoleFactory(person__language="en")
    client.force_login(role.person.account)

    page = client.get("/").content.decode()

    assert "There are no periods yet." in page
    assert "There are no students yet." in page
    assert "Everything is set up." not in page


def test_a_coordinator_whose_programme_is_set_up_reads_so(client: Client) -> None:
    role = ProgrammeRoleFactory(person__language="en")
    with_everything_set_up(role.programme)
    client.force_login(role.person.account)

    assert "Everything is set up." in client.get("/").content.decode()


def test_a_coordinator_finds_where_the_cohort_is_thin(client: Client) -> None:
    role = ProgrammeRoleFactory(person__language="en")
    process = WorkProcessFactory(core_task__qualification=role.programme.qualification)
    heard, _silent = [RequirementFactory(under=process, text=f"line {n}.") for n in range(2)]
    for _ in range(5):
        enrolment = EnrolmentFactory(programme=role.programme)
        piece = EvidenceFactory(owner=enrolment.student, on=[heard])
        FeedbackFactory(enrolment=enrolment, evidence=piece, remarks={heard: ""})
    client.force_login(role.person.account)

    page = client.get("/").content.decode()

    assert re.findall(r"line \d", page) == ["line 1"]
    assert "0 of 5" in page


def test_an_auditor_searches_from_the_start_page(client: Client) -> None:
    client.force_login(InstitutionRoleFactory(role=InstitutionRole.Role.AUDITOR).person.account)

    page = client.get("/").content.decode()

    assert '<form class="filters" method="get" action="/committees/record/">' in page


def test_an_administrator_finds_what_to_look_after(client: Client) -> None:
    administrator = AccountFactory(is_staff=True, is_superuser=True)
    client.force_login(administrator)
    shown = client.get("/").content.decode()
    section = shown[shown.index('aria-labelledby="administering"') :]
    places = re.findall(r'href="(/[^"]*)"', section[: section.index("</section>")])

    assert places == ["/people/", "/admin/"]
    assert [client.get(place).status_code for place in places] == [200, 200]

    client.force_login(AccountFactory())
    assert "administering" not in client.get("/").content.decode()


def test_everybody_changes_their_password_by_way_of_the_account_menu(client: Client) -> None:
    person = AccountFactory(password="fietsbel-op-zolder")
    client.force_login(person)
    menu = re.search(r'<ul class="menu-list">.*?</ul>', client.get("/").content.decode(), re.S)
    assert menu is not None
    assert re.findall(r'href="([^"]*)"', menu[0]) == ["/me/"]
    main = client.get("/me/").content.decode().partition("<main")[2]
    links = re.findall(r'href="(/accounts/[^"]*)"', main)

    assert links == ["/accounts/password/change/"]
    words = {"oldpassword": "fietsbel-op-zolder"}
    words |= dict.fromkeys(("password1", "password2"), "lekke-band-in-mei")
    client.post(links[0], words)
    person.refresh_from_db()
    assert person.check_password("lekke-band-in-mei")


def test_a_tour_stands_there_until_its_person_closes_it(client: Client) -> None:
    student, other = EnrolmentFactory().student, EnrolmentFactory().student
    client.force_login(student)
    assert "/tour/student/close/" in client.get("/").content.decode()

    answer = client.post("/tour/student/close/", follow=True)

    assert answer.redirect_chain == [("/", 302)]
    assert "/tour/" not in answer.content.decode()
    client.force_login(student)  # a new session
    assert "/tour/" not in client.get("/").content.decode()
    client.force_login(other)
    assert "/tour/student/close/" in client.get("/").content.decode()


def test_who_has_several_roles_gets_one_tour_after_the_other(client: Client) -> None:
    person = with_every_role(1)
    client.force_login(person)
    found = []
    while match := re.search(r"/tour/(\w+)/close/", client.get("/").content.decode()):
        found.append(match[1])
        client.post(match[0])

    assert found == [tour.key for tour in TOURS if tour.key != "teacher"]
    person.refresh_from_db()
    assert person.closed_tours == found


@pytest.mark.parametrize("role", Membership.Role.values)
def test_who_sits_in_a_committee_gets_the_tour_and_the_help_of_their_seat(
    client: Client, role: str
) -> None:
    person = MembershipFactory(role=role).person
    Person.objects.update(language="en")
    client.force_login(Account.objects.get(pk=person.pk))

    page = client.get("/").text

    assert f"/tour/{role}/close/" in page
    assert f'href="/help/{role}/"' in page
    assert ("Read a file and judge it alone" in page) == (role != Membership.Role.SECRETARY)
    client.post(f"/tour/{role}/close/")
    assert "/tour/" not in client.get("/").text


def test_a_tour_that_is_not_there_cannot_be_closed(client: Client) -> None:
    client.force_login(AccountFactory())

    assert client.post("/tour/stranger/close/").status_code == 404
    assert client.get("/tour/student/close/").status_code == 405


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.key)
def test_every_tour_has_a_few_steps_and_a_page_of_help(tour: Tour) -> None:
    assert 3 <= len(tour.steps) <= 4
    assert topic_of(tour.key) is not None
    assert tour.role in Roles.__dataclass_fields__


def test_somebody_asked_for_feedback_finds_the_question(client: Client) -> None:
    question: FeedbackRequest = FeedbackRequestFactory(
        person=AccountFactory(), expires_at=timezone.now() + timedelta(days=3)
    )
    client.force_login(question.person.account)

    assert f"/evidence/answer/{question.token}/" in client.get("/").content.decode()


def test_others_find_nothing_of_it(client: Client) -> None:
    enrolment = EnrolmentFactory()
    check_in(enrolment)
    for person in (AccountFactory(), EnrolmentFactory().student):
        client.force_login(person)

        assert "Afspraak 0" not in client.get("/").content.decode()
