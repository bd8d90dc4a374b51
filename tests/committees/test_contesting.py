"""Before whom and until which day a decision can be contested: said in the letter, and sealed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.days import Body, way_to_contest
from committees.models import Case, Supersession
from people.models import InstitutionRole, Person
from tests.committees.factories import HELD, Scene, scene
from tests.factories import InstitutionRoleFactory, set_rules

Ground = Supersession.Ground


@pytest.mark.parametrize(
    ("sector", "ground", "body", "last_day"),
    [
        ("mbo", "", Body.EXAM_BOARD, date(2026, 11, 23)),
        ("mbo", Ground.RECTIFICATION, Body.EXAM_BOARD, date(2026, 11, 23)),
        ("mbo", Ground.OBJECTION, Body.APPEALS_COMMITTEE, date(2026, 11, 23)),
        ("mbo", Ground.APPEAL, Body.APPEALS_COMMITTEE, date(2026, 11, 23)),
        ("hbo", "", Body.APPEALS_COLLEGE, date(2026, 12, 21)),
        ("hbo", Ground.OBJECTION, Body.APPEALS_COLLEGE, date(2026, 12, 21)),
    ],
)
def test_the_way_is_that_of_the_sector(
    sector: str, ground: str, body: Body, last_day: date
) -> None:
    assert way_to_contest(sector, date(2026, 11, 9), ground) == (body, last_day)


def letter(made: Scene, page: str = "letter") -> str:
    by = made.student if page == "letter" else made.chair
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    with translation.override("en"):
        answer = client.get(reverse(f"committees:{page}", args=[made.case.pk]))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.django_db
def test_the_day_is_that_of_sending_where_the_school_is() -> None:
    made = scene(state=Case.State.DECIDED)
    just_past_midnight = datetime(2026, 11, 9, 23, 30, tzinfo=UTC)  # the 10th in Amsterdam

    actions.announce(case=made.case, by=made.chair, at=just_past_midnight)

    announcement = made.refreshed().decision.announcement
    assert (announcement.body, announcement.last_day) == (Body.EXAM_BOARD, date(2026, 11, 24))
    assert "<strong>until Tuesday 24 November 2026</strong>" in letter(made)


@pytest.mark.django_db
def test_the_sector_is_that_of_the_house_rules_of_the_moment() -> None:
    made = scene(state=Case.State.DECIDED)
    set_rules(made.programme, at=HELD + timedelta(days=1), sector="hbo")

    announcement = actions.announce(case=made.case, by=made.chair, at=HELD + timedelta(hours=1))

    assert announcement.body == Body.EXAM_BOARD


@pytest.mark.django_db
def test_the_preview_says_that_the_period_starts_at_the_announcement() -> None:
    made = scene(state=Case.State.DECIDED)

    assert "The period starts on the day of the announcement." in letter(made, "letter_preview")


@pytest.mark.django_db
def test_after_an_objection_the_letter_leads_on() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    board = [
        InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account
        for _ in range(2)
    ]

    made.supersede(by=board[0], second=board[1], ground=Ground.OBJECTION)

    assert "You can appeal to the appeals committee for examinations" in letter(made)
    assert "You can object to the exam board" not in letter(made)
