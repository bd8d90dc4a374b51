"""A check-in that another replaces counts no longer, wherever check-ins are read."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from home.roles import roles_of
from home.today import today_for
from portfolio.advising import students_of
from portfolio.models import CheckIn
from post.models import OutboxMail
from post.outbox import BUILDERS
from tests.portfolio.factories import AgreementFactory, CheckInFactory, Scene, scene

pytestmark = pytest.mark.django_db


def held_again(place: Scene) -> tuple[CheckIn, CheckIn]:
    first = CheckInFactory(
        enrolment=place.enrolment, summary="Slip of the pen", light="red", held_on=date(2026, 10, 2)
    )
    AgreementFactory(check_in=first, text="Agreed by mistake")
    second = CheckInFactory(
        enrolment=place.enrolment, summary="As we said it", light="green", replaces=first
    )
    return first, second


def test_the_list_shows_the_later_one(client: Client) -> None:
    place = scene()
    held_again(place)
    client.force_login(place.student)

    page = client.get(reverse("portfolio:check_ins", args=[place.enrolment.pk])).content.decode()

    assert ("As we said it" in page, "Slip of the pen" in page) == (True, False)


def test_the_adviser_counts_it_once_and_follows_what_is_agreed_now() -> None:
    place = scene()
    held_again(place)

    [student] = students_of(place.adviser, now=timezone.now(), today=date(2026, 11, 1))

    assert (student.last_check_in, student.light) == (date(2026, 10, 1), "green")
    assert (student.held, student.overdue) == (1, 0)


def test_the_student_is_asked_to_read_the_later_one_only(client: Client) -> None:
    place = scene()
    first, second = held_again(place)
    client.force_login(place.student)

    today = today_for(place.student, roles_of(place.student))
    read = client.post(reverse("portfolio:acknowledge", args=[first.pk]), {"word": "read"})

    assert (list(today.check_ins), list(today.agreements)) == ([second], [])
    assert read.status_code == 404
    assert BUILDERS["portfolio/check_in"](OutboxMail(about=first.pk)) is None
    assert BUILDERS["portfolio/check_in"](OutboxMail(about=second.pk)) is not None
