"""The chair takes a case on which all agree to an announced decision, with the keyboard alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from committees.models import Case
from tests.committees.factories import scene
from tests.journeys.conftest import PASSWORD, Walker

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)


def tab_to(page: "Page", selector: str) -> None:
    """Press Tab until this has the focus."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} is not reached")


def enter(page: "Page") -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_consent_case_to_its_announcement(walker: Callable[..., Walker]) -> None:
    made = scene().bring_to(Case.State.FROZEN)
    made.judge(made.chair)
    made.judge(made.member)
    made.judge(made.other_member)
    made.open_meeting()
    made.chair.email, made.chair.language = "ruud@school.example", "en"
    made.chair.set_password(PASSWORD)
    made.chair.save()
    ruud = walker("Ruud van Dijk")
    ruud.sign_in()
    page = ruud.page
    ruud.goto(reverse("committees:meeting", args=[made.meeting.pk]))

    tab_to(page, "form[action$='/judgements/'] button")
    enter(page)
    tab_to(page, "#fast ~ ul a")
    enter(page)
    assert page.evaluate("document.activeElement.name") == "motivation"
    page.keyboard.type("Everybody saw it.")
    tab_to(page, "[name=cited]")
    page.keyboard.press("Space")
    tab_to(page, "form[action$='/decide/'] button.primary")
    enter(page)
    assert ruud.reads("Everybody saw it.")
    tab_to(page, "form[action$='/announce/'] button")
    enter(page)

    assert made.refreshed().state == Case.State.ANNOUNCED
    assert page.inner_text("#live") == "The decision is announced. Student and adviser get a mail."
