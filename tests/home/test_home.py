"""The start page: what now, per role, in a fixed number of queries."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from committees.models import Case
from evidence.models import FeedbackRequest
from people.models import InstitutionRole, User
from portfolio.models import Agreement, CheckIn
from programmes.models import Enrolment
from tests.committees.factories import MeetingFactory, MembershipFactory
from tests.evidence.factories import FeedbackRequestFactory, GiverFactory
from tests.factories import (
    EnrolmentFactory,
    InstitutionRoleFactory,
    ProgrammeRoleFactory,
    QualificationFactory,
    UnitFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

# Session, person, roles for the page and for the navigation, and the parts of the page.
QUERIES_OF_EVERYBODY = 4
QUERIES_WITH_EVERY_ROLE = 14


def check_in(enrolment: Enrolment, agreements: int = 1) -> CheckIn:
    row = CheckIn.objects.create(
        enrolment=enrolment, by=UserFactory(), held_on=timezone.localdate(), summary="Goed."
    )
    for number in range(agreements):
        Agreement.objects.create(
            check_in=row, text=f"Afspraak {number}", due_on=timezone.localdate()
        )
    return row


def with_every_role(rows: int) -> User:
    """Somebody who does everything here, with this many rows of each thing."""
    person = UserFactory(name="Noor de Vries")
    for role in InstitutionRole.Role:
        InstitutionRoleFactory(user=person, role=role)
    giver = GiverFactory(user=person)
    soon = timezone.now() + timedelta(days=3)
    for _ in range(rows):
        enrolment = EnrolmentFactory(student=person)
        check_in(enrolment)
        EnrolmentFactory(adviser_is=person)
        ProgrammeRoleFactory(user=person)
        QualificationFactory(draft=True)
        FeedbackRequestFactory(giver=giver, expires_at=soon)
        seat = MembershipFactory(user=person)
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


@pytest.mark.parametrize("rows", [1, 30])
def test_the_start_page_costs_the_same_for_one_row_and_for_thirty(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    client.force_login(with_every_role(rows))

    with django_assert_num_queries(QUERIES_WITH_EVERY_ROLE):
        answer = client.get("/")

    assert answer.status_code == 200


def test_somebody_without_a_role_sees_a_quiet_page(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(UserFactory(name="Noor de Vries"))

    with django_assert_num_queries(QUERIES_OF_EVERYBODY):
        page = client.get("/").content.decode()

    assert "Noor" in page
    assert "<h2" not in page


def test_a_student_finds_what_waits(client: Client) -> None:
    enrolment = EnrolmentFactory()
    check_in(enrolment)
    client.force_login(enrolment.student)

    page = client.get("/").content.decode()

    assert "Afspraak 0" in page
    assert f"/portfolio/{enrolment.pk}/check-ins/" in page


def test_somebody_asked_for_feedback_finds_the_question(client: Client) -> None:
    question: FeedbackRequest = FeedbackRequestFactory(
        giver=GiverFactory(user=UserFactory()), expires_at=timezone.now() + timedelta(days=3)
    )
    client.force_login(question.giver.user)

    assert f"/evidence/answer/{question.token}/" in client.get("/").content.decode()


def test_others_find_nothing_of_it(client: Client) -> None:
    enrolment = EnrolmentFactory()
    check_in(enrolment)
    for person in (UserFactory(), EnrolmentFactory().student):
        client.force_login(person)

        assert "Afspraak 0" not in client.get("/").content.decode()
