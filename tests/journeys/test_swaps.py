"""What is renewed in a page without leaving it: where the focus is then, and what is said."""

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from committees import actions
from files.keeping import prepare
from tests.committees.factories import HELD
from tests.committees.factories import Scene as Committee
from tests.committees.factories import scene as committee_scene
from tests.evidence.factories import AttachmentFactory
from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[..., "Page"]
Test = TypeVar("Test", bound=Callable[..., Any])
COVERED: set[tuple[str, str]] = set()


def covers(template: str, trigger: str) -> Callable[[Test], Test]:
    """Names the renewal that a test is about."""
    COVERED.add((template, trigger))
    return lambda test: test


def focus(page: "Page") -> str:
    return page.evaluate("document.activeElement.innerText || document.activeElement.name")


def says(page: "Page", words: str) -> None:
    page.locator(f"#live:text-is('{words}')").wait_for(state="attached")


def asks_again(page: "Page", seconds: int = 5) -> int:
    """Let this time go by in the page; returns the status with which it was answered."""
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request")) as asked:
        page.clock.run_for(seconds * 1000)
    asked.value.finished()
    page.clock.run_for(200)  # settling, and what is said on the next frame
    return asked.value.status


# --- Writing is kept ------------------------------------------------------------------------------


@covers("components/draft.html", "input delay:1s from:closest form")
def test_saving_leaves_the_focus_and_speaks_once_a_minute(enter: Enter) -> None:
    page = enter(scene().student, reverse("evidence:add"))
    page.evaluate(
        """() => {
            window.said = [];
            const saved = document.querySelector(".saved");
            const note = () => window.said.push(saved.innerText);
            new MutationObserver(note).observe(saved, {childList: true, characterData: true});
        }"""
    )
    page.focus("[name=title]")
    for words in ("Set", " the", " table"):
        with page.expect_response("**/draft/") as kept:
            page.keyboard.type(words)
        assert kept.value.status == 200
        page.wait_for_timeout(100)

    said = page.evaluate("window.said.filter(Boolean)")
    assert said == sorted(set(said)) != []  # each minute once
    assert all(re.fullmatch(r"Saved, \d\d:\d\d", text) for text in said)
    assert page.evaluate("document.activeElement.name") == "title"
    assert page.input_value("[name=title]") == "Set the table"
    assert page.get_attribute(".saved", "role") == "status"


# --- A part of the coverage -----------------------------------------------------------------------


@covers("portfolio/_coverage_filtered.html", "change, submit")
def test_a_filter_keeps_the_focus_and_says_how_much_is_left(enter: Enter) -> None:
    place = scene()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]))

    page.focus("[name=role]")
    with page.expect_response("**role=client**"):
        page.keyboard.type("cl")
    says(page, "3 requirements shown")
    assert page.evaluate("document.activeElement.name") == "role"

    page.focus("[name=thin]")
    with page.expect_response("**thin=**"):
        page.keyboard.press("Space")
    page.locator("li:text-is('only what is thin')").wait_for()
    assert page.evaluate("document.activeElement.name") == "thin"

    page.focus(".coverage-filters button")
    with page.expect_response("**thin=**"):
        page.keyboard.press("Enter")
    assert focus(page) == "Show"


# --- A file that is being prepared ----------------------------------------------------------------


@covers("evidence/_file.html", "every 4s")
def test_a_file_that_is_ready_says_so_and_keeps_the_focus(enter: Enter) -> None:
    place = scene()
    row = AttachmentFactory(revision=place.piece.current, file__waiting_photo=True)
    photo = io.BytesIO()
    Image.new("RGB", (60, 40)).save(photo, "JPEG")
    default_storage.save(row.file.path, photo)
    page = enter(place.student, "/")
    page.clock.install()
    page.goto(reverse("evidence:detail", args=[place.piece.pk]))
    page.focus(".file a")
    assert focus(page) == "Download the original"
    assert asks_again(page, 4) == 204
    assert focus(page) == "Download the original"

    prepare(row.file)
    assert asks_again(page, 4) == 200

    assert page.locator(".file img").count() == 1
    assert focus(page).startswith("Original")
    assert page.inner_text("#live") == f"{row.name} is ready."


# --- The projector --------------------------------------------------------------------------------


def sealed() -> Committee:
    made = committee_scene(students=2)
    made.freeze()
    for judge in (made.chair, made.member, made.other_member):
        made.judge(judge)
    made.open_meeting()
    return made


def on_screen(enter: Enter, made: Committee, name: str, key: object) -> "Page":
    page = enter(made.chair, "/")
    page.clock.install()
    page.goto(reverse(f"committees:{name}", args=[key]) + "?large=1")
    page.evaluate("document.getElementById('room').isTheSame = true")
    return page


def is_untouched(page: "Page") -> bool:
    return bool(page.evaluate("document.getElementById('room').isTheSame === true"))


@covers("committees/meeting_large.html", "every 5s")
def test_the_agenda_on_the_projector_follows(enter: Enter) -> None:
    made = sealed()
    page = on_screen(enter, made, "meeting", made.meeting.pk)
    student = made.student.name
    page.focus(f"#room a:text-is('{student}')")

    assert (asks_again(page), is_untouched(page)) == (204, True)
    actions.open_judgements(case=made.case, by=made.chair, at=HELD)
    assert (asks_again(page), is_untouched(page)) == (200, False)

    assert focus(page) == student
    assert page.inner_text("#live") == f"{student}: judgements opened"
    assert asks_again(page) == 204


@covers("committees/decide_large.html", "every 5s")
def test_a_case_on_the_projector_follows(enter: Enter) -> None:
    made = sealed()
    page = on_screen(enter, made, "decide", made.case.pk)
    page.focus("#room button")

    actions.open_judgements(case=made.case, by=made.chair, at=HELD)
    assert asks_again(page) == 200

    # The button is gone: the focus is where the judgements now are.
    assert page.evaluate("document.activeElement.id") == "room"
    assert page.locator("#room h2:text-is('Judgements')").count() == 1
    assert page.inner_text("#live") == "judgements opened"
    actions.mark_absent(meeting=made.meeting, person=made.other_member.person, by=made.secretary)
    assert asks_again(page) == 200
    assert page.inner_text("#live").startswith("2 of 3 voting members present")
    assert page.evaluate("document.activeElement.id") == "room"


def test_the_projector_takes_no_focus_and_waits_while_nobody_looks(enter: Enter) -> None:
    made = sealed()
    page = on_screen(enter, made, "meeting", made.meeting.pk)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.run_for(30_000)
    assert asked == []
    page.evaluate("delete document.hidden")
    actions.open_judgements(case=made.case, by=made.chair, at=HELD)
    assert asks_again(page) == 200

    assert page.evaluate("document.activeElement === document.body")


# --- All of them ----------------------------------------------------------------------------------


def renewals() -> set[tuple[str, str]]:
    """Whatever htmx does in our templates, by file and what starts it."""
    root = settings.BASE_DIR / "templates"
    found = set()
    for path in root.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(
            r"<\w[^>]*\bdata-hx-(?:get|post|put|patch|delete|swap-oob|boost)[^>]*>", text
        ):
            [trigger] = re.findall(r'data-hx-trigger="([^"]*)"', tag) or ["?"]
            found.add((str(path.relative_to(root)), trigger))
    return found


def test_every_renewal_is_looked_at() -> None:
    assert renewals() == COVERED
