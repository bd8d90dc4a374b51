"""What is renewed in a page without leaving it: where the focus is then, and what is said."""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from committees import actions
from committees.actions.errands import ANNOUNCING
from committees.models import Case
from evidence.models import Attachment
from files.preparing import prepare
from post import work
from post.errands import order
from tests.committees.factories import HELD, answered_piece
from tests.committees.factories import Scene as Committee
from tests.committees.factories import scene as committee_scene
from tests.evidence.factories import FeedbackFactory, attach
from tests.evidence.scenes import Scene as Evidence
from tests.evidence.scenes import scene
from tests.portfolio.factories import SetAsideFactory

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


# --- What opens in place --------------------------------------------------------------------------


def body_of(page: "Page", fold: str) -> "Page":
    """Opens a fold by the keyboard, and waits for what it holds."""
    page.focus(f"{fold} > summary")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request")):
        page.keyboard.press("Enter")
    page.wait_for_function(
        "fold => !document.querySelector(`${fold} > a`)", arg=f"{fold}[open][data-fetch]"
    )
    return page


def told() -> Evidence:
    """Of a student with 25 remarks on the first requirement, and four on the whole."""
    place = scene()
    for number in range(25):
        FeedbackFactory(
            enrolment=place.enrolment,
            evidence=place.piece,
            given_on=date(2026, 9, 1) + timedelta(days=number),
            remarks={place.lines[0]: f"Words {number}."}
            | ({None: f"Whole {number}."} if number < 4 else {}),
        )
    return place


@covers("portfolio/_coverage.html", "toggle")
@covers("portfolio/_line.html", "?")
def test_a_line_opens_in_place_once_and_shows_older_remarks(enter: Enter) -> None:
    place = told()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]))
    row = f"#requirement-{place.lines[0].pk}"
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/lines/" in one.url else None)

    body_of(page, row)
    says(page, "25 remarks")
    assert page.evaluate("document.activeElement.localName") == "summary"
    assert page.locator(f"{row} .remark").count() == 20
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator(f"{row} .remark >> nth=0").is_visible()
    assert len(asked) == 1

    page.focus(f"{row} .more a")
    with page.expect_response("**page=2**"):
        page.keyboard.press("Enter")
    page.wait_for_function(
        "row => document.querySelectorAll(`${row} .remark`).length === 25", arg=row
    )
    # The focus is where the older ones begin.
    older = page.locator(f"{row} ul.grid").nth(1)
    expect(older).to_be_focused()
    assert older.inner_text().startswith("Words 4.")
    assert page.locator(f"{row} .more").count() == 0


@covers("portfolio/_coverage.html", "?")
def test_all_remarks_on_the_whole_come_in_the_place_of_the_newest(enter: Enter) -> None:
    place = told()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]))
    whole = ".coverage-above details >> nth=0"

    assert page.locator(whole).locator(".remark").count() == 3
    page.focus(".coverage-above a[href$='/whole/']")
    with page.expect_response("**/whole/"):
        page.keyboard.press("Enter")

    says(page, "4 remarks")
    assert page.locator(whole).locator(".remark").count() == 4
    assert page.evaluate("document.activeElement.className").startswith("fold-body")


def test_without_a_network_a_line_keeps_its_link_and_says_so(enter: Enter) -> None:
    place = told()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]))
    row = f"#requirement-{place.lines[0].pk}"

    page.context.set_offline(True)
    page.click(f"{row} > summary")
    page.locator("#trouble:not([hidden])").wait_for()
    page.context.set_offline(False)
    page.click(f"{row} > summary")
    body_of(page, row)

    assert page.locator(f"{row} .remark").count() == 20
    assert page.locator("#trouble").is_hidden()


@covers("committees/_pieces.html", "?")
def test_pieces_of_a_set_open_in_place_and_older_ones_follow(enter: Enter) -> None:
    made = committee_scene(pieces=31)
    made.freeze()
    page = enter(made.member, reverse("committees:case", args=[made.case.pk]))

    body_of(page, ".shown-piece:first-child")
    says(page, "1 feedback")
    assert page.locator(".shown-piece .remark").count() == 1
    page.focus(".more a")
    with page.expect_response("**page=2**"):
        page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.shown-piece').length === 31")

    expect(page.locator(".shown-piece").last).to_be_focused()
    assert page.locator(".more").count() == 0


@covers("committees/_aside.html", "?")
def test_what_was_set_aside_follows_in_place(enter: Enter) -> None:
    made = committee_scene(pieces=1)
    enrolment, line = made.case.enrolment, made.requirement
    for _number in range(51):
        aside = answered_piece(enrolment, line)
        SetAsideFactory(enrolment=enrolment, unit=made.unit, evidence=aside)
    made.freeze()
    page = enter(made.member, reverse("committees:case", args=[made.case.pk]))
    rows = page.locator("[aria-labelledby=aside] .rows > li")

    assert rows.count() == 50
    page.focus("[aria-labelledby=aside] .more a")
    with page.expect_response("**/set-aside/?page=2"):
        page.keyboard.press("Enter")

    expect(rows).to_have_count(51)
    assert page.locator("[aria-labelledby=aside] .more").count() == 0


@covers("committees/case_record.html", "load")
@covers("committees/case_record.html", "toggle")
@covers("committees/record_items.html", "?")
def test_a_record_is_checked_by_itself_and_names_its_items(enter: Enter) -> None:
    made = committee_scene(pieces=20, state=Case.State.ANNOUNCED)
    page = enter(made.auditor, reverse("committees:case_record", args=[made.case.pk]))

    page.locator(".message.success").wait_for()
    assert "are as they were recorded" in page.inner_text(".message.success")
    page.locator("#live", has_text="Checked just now").wait_for(state="attached")
    page.locator("td", has_text="announced the decision").wait_for()
    assert page.evaluate("document.activeElement === document.body")
    body_of(page, "#snapshot ~ details")
    assert page.locator("#snapshot ~ details li").count() == 50
    page.focus(".more a")
    with page.expect_response("**page=2**"):
        page.keyboard.press("Enter")
    page.wait_for_function("() => !document.querySelector('#snapshot ~ details .more')")
    # A frame, the terms, 4 members, 20 pieces, 20 feedbacks, 20 who gave it, the student.
    assert page.locator("#snapshot ~ details li").count() == 67


# --- What a motivation rests on -------------------------------------------------------------------


@covers("committees/_decision_form.html", "input changed delay:300ms")
@covers("committees/_decision_form.html", "?")
@covers("committees/_citing.html", "?")
def test_what_was_chosen_stays_while_one_looks_for_more(enter: Enter) -> None:
    made = committee_scene(pieces=13, state=Case.State.OPENED)
    page = enter(made.chair, reverse("committees:decide", args=[made.case.pk]))
    page.fill("[name=motivation]", "Half a")
    page.locator("[name=cited]").first.check()
    chosen = page.locator("[name=cited]").first.get_attribute("value")

    page.focus("[name=q]")
    with page.expect_response("**/find/"):
        page.keyboard.type("xyzzy")
    says(page, "0 pieces found")
    assert page.evaluate("document.activeElement.name") == "q"
    assert page.locator("[name=cited]:checked").get_attribute("value") == chosen
    assert page.locator("[name=cited]").count() == 1

    page.fill("[name=q]", "")
    says(page, "13 pieces found")
    page.focus("#citing button:has-text('Older')")
    with page.expect_response("**/find/"):
        page.keyboard.press("Enter")
    page.locator("#citing button:has-text('Newer')").wait_for()
    assert page.locator("[name=cited]:checked").get_attribute("value") == chosen
    expect(page.locator("#citing")).to_be_focused()

    page.focus("[name=q]")
    with page.expect_response("**/find/"):
        page.keyboard.press("Enter")
    assert page.url.endswith("/decide/")
    assert page.input_value("[name=motivation]") == "Half a"


# --- A file that is being prepared ----------------------------------------------------------------


@covers("evidence/_file.html", "every 4s")
def test_a_file_that_is_ready_says_so_and_keeps_the_focus(enter: Enter) -> None:
    place = scene()
    photo = io.BytesIO()
    Image.new("RGB", (60, 40)).save(photo, "JPEG")
    file = attach(place.piece, photo.getvalue(), "photo.jpg")
    row = Attachment.objects.get(file=file)
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
    expect(page.locator("#live")).to_have_text(f"{row.name} is ready.")


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
    expect(page.locator("#live")).to_have_text(f"{student}: judgements opened")
    assert asks_again(page) == 204


@covers("people/errand.html", "every {% if progress.is_waiting %}20s{% else %}2s{% endif %}")
def test_what_was_ordered_says_how_far_it_is(page_of: "Callable[..., Page]") -> None:
    made = committee_scene(state=Case.State.DECIDED)
    errand = order(
        ANNOUNCING, about=made.meeting.pk, rows=[made.refreshed().standing.pk], by=made.chair
    )
    page = page_of(made.chair)
    page.clock.install()
    page.goto(reverse("errand", args=[errand.pk]))
    back = page.locator("main a.button")
    back.focus()
    begun = page.inner_text("#progress")

    work.sweep()
    asks_again(page, seconds=2)

    assert page.inner_text("#progress") != begun
    assert page.evaluate("document.activeElement.matches('main a.button')")
    assert page.locator("#progress[data-hx-get]").count() == 0


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
    expect(page.locator("#live")).to_have_text("judgements opened")
    actions.mark_absent(meeting=made.meeting, person=made.other_member.person, by=made.other_member)
    assert asks_again(page) == 200
    expect(page.locator("#live")).to_contain_text("(2 of 3 present.)")
    assert page.evaluate("document.activeElement.id") == "room"


def test_the_projector_takes_no_focus_and_waits_while_nobody_looks(enter: Enter) -> None:
    made = sealed()
    page = on_screen(enter, made, "meeting", made.meeting.pk)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/static/" not in one.url else None)

    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.run_for(30_000)
    assert asked == []
    page.evaluate("delete document.hidden")
    actions.open_judgements(case=made.case, by=made.chair, at=HELD)
    assert asks_again(page) == 200

    assert page.evaluate("document.activeElement === document.body")


# --- All of them ----------------------------------------------------------------------------------


def renewals() -> set[tuple[str, str]]:
    """Whatever htmx does in our templates, by file and what starts it; a fold that fetches what it
    holds is started by its toggling."""
    root = settings.BASE_DIR / "templates"
    found = set()
    for path in root.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(
            r"<\w[^>]*\bdata-hx-(?:get|post|put|patch|delete|swap-oob|boost)[^>]*>", text
        ):
            [trigger] = re.findall(r'data-hx-trigger="([^"]*)"', tag) or ["?"]
            found.add((str(path.relative_to(root)), trigger))
        if re.search(r"<details[^>]*\bdata-fetch", text):
            found.add((str(path.relative_to(root)), "toggle"))
    return found


def test_every_renewal_is_looked_at() -> None:
    assert renewals() == COVERED
