"""The same form from several taps or tabs at the same moment, each drawn by itself: PostgreSQL."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse

from evidence.models import Evidence
from people.models import Account, SentForm
from portfolio.models import CheckIn
from tests.factories import EnrolmentFactory
from tests.people.test_races import at_once
from tests.people.test_sent_once import PIECE, check_in_form, in_a_programme, send
from tests.portfolio.factories import scene

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one at a time"),
]

TOKENS = [character * 64 for character in "abcd"]


def four_at_once(user: Account, path: str, form: dict[str, str]) -> list[HttpResponse]:
    """Send four drawings of a form at the same moment; all lead to the same page."""
    answers = at_once(*[lambda token=token: send(user, path, token, **form) for token in TOKENS])
    assert [answer.status_code for answer in answers] == [302] * 4
    assert len({answer["Location"] for answer in answers}) == 1
    return answers


def test_four_check_ins_are_one() -> None:
    place = scene()
    path = reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    four_at_once(place.adviser, path, check_in_form())

    assert CheckIn.objects.count() == 1
    assert SentForm.objects.count() == 1


def test_four_pieces_are_one_and_all_lead_to_it() -> None:
    answers = four_at_once(EnrolmentFactory().student.account, reverse("evidence:add"), PIECE)

    piece = Evidence.objects.get()
    assert answers[0]["Location"] == reverse("evidence:requirements", args=[piece.pk])


def test_what_the_action_would_refuse_a_second_time_is_no_error() -> None:
    user, path, form = in_a_programme("student_new")
    answers = four_at_once(user, path, form)

    assert answers[0]["Location"].startswith(reverse("programmes:list"))
