"""What a slow network does, or none at all, to who writes and sends."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from committees.models import Recusal
from evidence import actions
from evidence.models import Evidence
from people.models import Draft
from tests.committees.factories import scene as committee_scene
from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[..., "Page"]


def state(page: "Page", button: str) -> list[str | None]:
    """The label of a button, whether it can be pressed, and what was said."""
    return page.evaluate(
        """selector => {
            const button = document.querySelector(selector);
            const said = document.getElementById("live").innerText;
            return [button.innerText, button.getAttribute("aria-disabled"), said];
        }""",
        button,
    )


def leave(page: "Page") -> list[str]:
    """Try to leave by a link; returns what the browser asked, to which the answer is to stay."""
    asked: list[str] = []

    def stay(dialog: "Dialog") -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.click(".brand", no_wait_after=True)
    page.wait_for_timeout(300)
    page.remove_listener("dialog", stay)
    return asked


def test_a_button_says_what_happens_and_sends_once(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    add = actions.add_evidence

    def add_slowly(**words: Any) -> Evidence:
        calls.append(words)
        time.sleep(1)
        return add(**words)

    monkeypatch.setattr(actions, "add_evidence", add_slowly)
    page = enter(scene().student, reverse("evidence:add"))
    page.fill("[name=title]", "Set the table")
    page.evaluate(
        """() => addEventListener("submit", (event) => setTimeout(() => {
            const said = document.getElementById("live").innerText;
            const { submitter } = event;
            sessionStorage.busy = [submitter.innerText, submitter.ariaDisabled, said];
        }, 100))"""
    )

    page.focus(button := "main button.primary")
    with page.expect_navigation():
        for _impatient in range(3):
            page.keyboard.press("Enter")

    assert page.evaluate("sessionStorage.busy") == "Keeping…,true,Keeping…"
    assert len(calls) == Evidence.objects.filter(current__title="Set the table").count() == 1
    page.go_back()
    assert state(page, button) == ["Keep it", None, ""]


def test_a_page_that_comes_back_as_it_was_can_be_sent_again(enter: Enter) -> None:
    made = committee_scene()
    made.freeze()
    path = reverse("committees:recuse", args=[made.case.pk])
    page = enter(made.member, path)
    page.route(f"**{path}", lambda route: route.fulfill(status=204))  # and the page stays
    page.fill("[name=reason]", "He is my neighbour.")

    page.focus(button := "main button.danger")
    with page.expect_response(f"**{path}"):
        page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert state(page, button) == ["Please wait…", "true", "Please wait…"]
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert state(page, button)[:2] == ["Stand aside", None]
    page.unroute(f"**{path}")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert Recusal.objects.count() == 1


def test_words_that_could_not_be_saved_are_saved_once_there_is_a_network(enter: Enter) -> None:
    page = enter(scene().student, reverse("evidence:add"))

    page.context.set_offline(True)
    page.fill("[name=title]", "Set the table")
    page.locator("#trouble").wait_for()
    assert page.inner_text("#trouble").startswith("That did not reach us.")
    assert page.input_value("[name=title]") == "Set the table"
    assert page.evaluate("document.activeElement.name") == "title"
    page.keyboard.press("Enter")  # sends nothing, and stays where the words are
    page.locator("#live:has-text('That did not reach us.')").wait_for(state="attached")
    page.context.set_offline(False)
    page.locator(".saved:not(:empty)").wait_for()

    assert not page.locator("#trouble").is_visible()
    assert [draft.fields["title"] for draft in Draft.objects.all()] == [["Set the table"]]
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert Evidence.objects.filter(current__title="Set the table").count() == 1


def test_trouble_is_in_sight_wherever_somebody_writes(enter: Enter) -> None:
    page = enter(scene().student, reverse("evidence:add"), viewport={"width": 360, "height": 600})
    page.locator("main details").evaluate_all("all => all.map(e => e.open = true)")

    page.context.set_offline(True)
    page.fill("[name=reflection]", "I learned to plan.")
    page.locator("#trouble").wait_for()

    box = page.locator("#trouble").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 600 - box["height"]


def test_a_session_that_ended_is_said(enter: Enter) -> None:
    page = enter(scene().student, reverse("evidence:add"))
    Session.objects.all().delete()

    page.fill("[name=title]", "Set the table")

    page.locator("#signed-out").wait_for()
    assert page.inner_text("#signed-out").startswith("You are no longer signed in.")
    assert not page.locator("#trouble").is_visible()


def test_a_filter_that_does_not_arrive_says_so(enter: Enter) -> None:
    place = scene()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]))
    page.route("**thin=**", lambda route: route.abort())

    page.check("[name=thin]")

    page.locator("#trouble").wait_for()
    assert page.locator("details.coverage-row").count() == 3


def test_leaving_warns_only_for_what_would_be_lost(enter: Enter, tmp_path: Path) -> None:
    path = reverse("evidence:add")
    page = enter(scene().student, path)
    photo = tmp_path / "table.jpg"
    photo.write_bytes(b"not looked at")

    page.fill("[name=title]", "Set the table")
    assert (leave(page), page.url.endswith(path)) == (["beforeunload"], True)
    page.locator(".saved:not(:empty)").wait_for()
    page.set_input_files("[name=uploads]:not([capture])", photo)
    with page.expect_response("**/draft/"):
        page.keyboard.type("!")
    page.wait_for_timeout(100)
    assert leave(page) == ["beforeunload"]  # a draft keeps no file
    page.set_input_files("[name=uploads]:not([capture])", [])
    assert leave(page) == []
    page.wait_for_url("**/")

    page.goto(path)
    assert page.input_value("[name=title]").startswith("Set the table")
    assert leave(page) == []


def test_sending_does_not_warn(enter: Enter) -> None:
    path = reverse("evidence:add")
    page = enter(scene().student, path)
    asked: list[str] = []

    def go(dialog: "Dialog") -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", go)

    page.fill("[name=title]", "Set the table")
    with page.expect_navigation():
        page.click("main button.primary")

    assert asked == []
    assert Evidence.objects.filter(current__title="Set the table").count() == 1
