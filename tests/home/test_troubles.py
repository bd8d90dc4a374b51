"""Whoever caused a mail reads, where they caused it, that it did not arrive and what to do."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees.models import Case
from people.models import Account, Person
from post.models import OutboxMail
from tests.committees.factories import scene
from tests.evidence.factories import FeedbackFactory, FeedbackRequestFactory
from tests.portfolio.factories import CheckInFactory

pytestmark = pytest.mark.django_db

# Who looks, where, whom the mail is for, about which row, and their name.
Place = tuple[Account, str, UUID, UUID, str]


def asked_at_the_piece() -> Place:
    question = FeedbackRequestFactory()
    page = reverse("evidence:detail", args=[question.evidence_id])
    giver = question.person
    return question.evidence.owner.account, page, giver.pk, question.pk, giver.name


def asked_at_the_start() -> Place:
    by, _page, *rest = asked_at_the_piece()
    return (by, reverse("home:home"), *rest)


def noted() -> Place:
    feedback = FeedbackFactory(noted=True, remarks={None: "Good"}, recorded_at=timezone.now())
    page = reverse("evidence:detail", args=[feedback.evidence_id])
    giver = feedback.person
    return feedback.evidence.owner.account, page, giver.pk, feedback.pk, giver.name


def a_student_of_the_programme() -> Place:
    made = scene()
    page = reverse("programmes:programme", args=[made.programme.pk])
    return (made.coordinator, page, *invited(made.student))


def a_coordinator_of_the_programme() -> Place:
    made = scene()
    page = reverse("programmes:programme", args=[made.programme.pk])
    return (made.coordinator, page, *invited(made.coordinator))


def the_student_of_an_enrolment() -> Place:
    made = scene()
    page = reverse("programmes:enrolment", args=[made.case.enrolment_id])
    return (made.coordinator, page, *invited(made.student))


def the_adviser_of_an_enrolment() -> Place:
    made = scene()
    page = reverse("programmes:enrolment", args=[made.case.enrolment_id])
    return (made.coordinator, page, *invited(made.adviser))


def a_member_of_the_committee() -> Place:
    made = scene()
    page = reverse("committees:committee", args=[made.committee.pk])
    return (made.coordinator, page, *invited(made.member))


def a_student_on_the_agenda() -> Place:
    made = scene()
    page = reverse("committees:meeting", args=[made.meeting.pk])
    return made.secretary, page, made.student.pk, made.case.pk, made.student.name


def the_adviser_of_a_student_on_the_agenda() -> Place:
    made = scene(state=Case.State.ANNOUNCED)
    OutboxMail.objects.all().delete()
    page = reverse("committees:meeting", args=[made.meeting.pk])
    return made.secretary, page, made.adviser.pk, made.case.pk, "the adviser"


def announced_in_the_chairs_place() -> Place:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.member)
    made.judge(made.other_member)
    made.open_meeting(made.member, made.other_member)
    page = reverse("committees:meeting", args=[made.meeting.pk])
    return made.member, page, made.student.pk, made.case.pk, made.student.name


def held_a_check_in() -> Place:
    made = scene()
    check_in = CheckInFactory(enrolment=made.case.enrolment, by=made.adviser.person)
    page = reverse("portfolio:check_ins", args=[made.case.enrolment_id])
    return made.adviser, page, made.student.pk, check_in.pk, made.student.name


def invited(account: Account) -> tuple[UUID, UUID, str]:
    return account.pk, account.pk, account.name


PLACES = [
    asked_at_the_piece,
    asked_at_the_start,
    noted,
    a_student_of_the_programme,
    a_coordinator_of_the_programme,
    the_student_of_an_enrolment,
    the_adviser_of_an_enrolment,
    a_member_of_the_committee,
    a_student_on_the_agenda,
    the_adviser_of_a_student_on_the_agenda,
    announced_in_the_chairs_place,
    held_a_check_in,
]


def read(client: Client, by: Account, page: str) -> str:
    Person.objects.filter(pk=by.pk).update(language="en")
    client.force_login(by)
    return " ".join(client.get(page).content.decode().replace("&#x27;", "'").split())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("trouble", "why", "advice"),
    [
        ("no_mailbox", "the address does not exist.", "Ask {} which address is right."),
        ("full", "the mailbox is full.", "Try again later, or tell {} in another way."),
    ],
)
def test_a_mail_that_did_not_arrive_is_said_where_it_was_caused(
    client: Client, place: Callable[[], Place], trouble: str, why: str, advice: str
) -> None:
    by, page, to, about, name = place()
    OutboxMail.objects.all().delete()
    to_adviser = place is the_adviser_of_a_student_on_the_agenda
    template = "committees/decision_adviser" if to_adviser else "committees/decision"
    row = OutboxMail.objects.create(template=template, to=to, about=about)
    before = read(client, by, page)
    OutboxMail.objects.filter(pk=row.pk).update(state="failed", trouble=trouble)

    after = read(client, by, page)

    said = f"The mail to {name} did not arrive: {why}"
    assert (before.count(said), after.count(said)) == (0, 1)
    assert advice.format(name) in after
