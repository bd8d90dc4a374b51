"""Writing that was interrupted: on another phone, and after a session that ended."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from evidence.models import Feedback
from people.models import Draft, Person
from portfolio.models import CheckIn
from tests.evidence.factories import FeedbackRequestFactory
from tests.evidence.scenes import scene
from tests.journeys.conftest import PASSWORD, Walker

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 360, "height": 740}


def is_saved(page: "Page") -> None:
    page.locator("main .saved:not(:empty)").wait_for()


def test_half_an_answer_is_found_on_another_phone_and_sent(
    new_page: "Callable[..., Page]", walker: Callable[..., Walker]
) -> None:
    place = scene()
    question = FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines, language="en"
    )
    link = reverse("evidence:answer", args=[question.token])
    first = new_page(viewport=PHONE)
    first.goto(link)
    first.fill("main [name=text]", "She stayed calm when")
    first.locator("main [name=about]").nth(1).check()
    is_saved(first)
    assert first.inner_text("main .saved").startswith("Saved, ")
    assert first.evaluate("document.activeElement.name") == "about"
    first.context.close()

    second = walker("Bas Kuiper", viewport=PHONE)
    second.goto(link)
    assert second.reads("Found again")
    assert second.page.input_value("main [name=text]") == "She stayed calm when"
    assert second.page.locator("main [name=about]").nth(1).is_checked()
    second.fill(text="She stayed calm when it was busy.")
    second.send()

    feedback = Feedback.objects.get()
    assert [(remark.requirement, remark.words) for remark in feedback.remarks.all()] == [
        (place.lines[1], "She stayed calm when it was busy.")
    ]
    assert Draft.objects.count() == 0


def test_a_check_in_outlives_the_session_in_which_it_was_written(
    walker: Callable[..., Walker],
) -> None:
    enrolment = scene().enrolment
    adviser = enrolment.adviser
    assert adviser is not None
    Person.objects.filter(pk=adviser.pk).update(language="en")
    account = adviser.account
    account.sign_in = "karim@school.example"
    account.set_password(PASSWORD)
    account.save()
    karim = walker("Karim Haddad")
    karim.sign_in()
    karim.goto(reverse("portfolio:check_in_new", args=[enrolment.pk]))
    karim.choose("light", "amber")
    karim.fill(summary="We looked at the whole set together.")
    Session.objects.all().delete()

    karim.send()  # to the door
    karim.page.fill("[name=login]", adviser.account.sign_in)
    karim.page.fill("[name=password]", PASSWORD)
    karim.page.press("[name=password]", "Enter")
    karim.page.wait_for_url("**/unsent/**")
    assert karim.reads("This was not sent yet")
    assert karim.page.input_value("main textarea") == "We looked at the whole set together."
    assert CheckIn.objects.count() == 0
    karim.send()

    assert karim.reads("We looked at the whole set together.")
    assert [check_in.light for check_in in CheckIn.objects.all()] == ["amber"]
    assert Draft.objects.count() == 0
