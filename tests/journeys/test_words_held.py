"""What somebody typed is held in the browser until the server is known to have it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from evidence.models import Evidence, Feedback, FeedbackRequest
from people.models import Draft
from tests.evidence.factories import FeedbackRequestFactory
from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[..., "Page"]
HELD = "Object.keys(localStorage).filter(key => key.startsWith('words ')).length"
NOTICE = "[data-held]:not([hidden])"


def lose(page: "Page") -> None:
    """Let everything that is sent be lost, while the browser believes that it is online."""
    page.route(
        "**/*",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )


def question() -> FeedbackRequest:
    place = scene()
    return FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines[:2], language="en"
    )


def test_who_loses_the_network_while_sending_finds_every_word(enter: Enter) -> None:
    address = reverse("evidence:answer", args=[question().token])
    page = enter(None, address)
    lose(page)
    page.fill("[name=text]", "She listened well.")

    with page.expect_event("requestfailed", lambda sent: sent.is_navigation_request()):
        page.click("main button.primary", no_wait_after=True)
    page.unroute("**/*")
    page.goto(address)

    assert page.input_value("[name=text]") == ""
    assert "She listened well." in page.inner_text(NOTICE)
    page.click(f"{NOTICE} button[value=put_back]")
    assert page.input_value("[name=text]") == "She listened well."
    assert page.evaluate("document.activeElement.name") == "text"
    with page.expect_navigation():
        page.click("main button.primary")
    assert Feedback.objects.count() == 1
    assert page.evaluate(HELD) == 0


def test_what_the_server_has_is_held_no_longer(enter: Enter) -> None:
    page = enter(scene().student, reverse("evidence:add"))

    page.fill("[name=title]", "Set the table")
    assert page.evaluate(HELD) == 1
    page.locator(".saved:not(:empty)").wait_for()
    assert page.evaluate(HELD) == 0

    page.press("[name=title]", "End")
    page.type("[name=title]", " nicely")
    assert page.evaluate(HELD) == 1
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.evaluate(HELD) == 0  # as it arrived, with no draft of it
    assert "arrived" not in page.evaluate("document.cookie")
    assert (Evidence.objects.filter(current__title="Set the table nicely").count()) == 1
    assert Draft.objects.count() == 0


def test_what_is_thrown_away_is_gone(enter: Enter) -> None:
    page = enter(scene().student, address := reverse("evidence:add"))
    lose(page)
    page.fill("[name=title]", "Set the table")
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(address)

    page.click(f"{NOTICE} button[value=let_go]")

    assert (page.locator(NOTICE).count(), page.evaluate(HELD)) == (0, 0)
    assert page.input_value("[name=title]") == ""


@pytest.mark.parametrize("end", ["signing out", "48 hours", "the end of the link"])
def test_nothing_is_held_beyond(end: str, enter: Enter) -> None:
    asked = question()
    by_link = end == "the end of the link"
    address = reverse("evidence:answer", args=[asked.token]) if by_link else reverse("evidence:add")
    page = enter(None if by_link else asked.evidence.owner, address)
    lose(page)
    page.fill("[name=text]" if by_link else "[name=title]", "Some words of mine")
    assert page.evaluate(HELD) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(reverse("home:home"))
    page.unroute("**/*")
    assert page.evaluate(HELD) == 1

    if end == "signing out":
        page.click(".account-name")
        with page.expect_navigation():
            page.click("[data-forgets] button")
    elif by_link:
        FeedbackRequest.objects.update(expires_at=timezone.now())
        page.goto(address)
    else:
        page.evaluate(
            """at => { for (const key of Object.keys(localStorage)) {
                localStorage[key] = JSON.stringify({...JSON.parse(localStorage[key]), at});
            } }""",
            (time.time() - 48 * 3600 - 1) * 1000,
        )
        page.reload()

    assert page.evaluate(HELD) == 0


def test_nobody_else_at_the_browser_is_shown_them(enter: Enter) -> None:
    place = scene()
    page = enter(place.student, address := reverse("evidence:add"))
    lose(page)
    page.fill("[name=title]", "Set the table")
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    assert page.locator(NOTICE).count() == 1

    page.context.clear_cookies()
    page.goto(reverse("home:home"))
    held = page.evaluate("Object.entries(localStorage).flat().join(' ')")

    assert page.locator(NOTICE).count() == 0
    assert str(place.student.pk) not in held
