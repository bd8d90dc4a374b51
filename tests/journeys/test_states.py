"""Every page in every state: well made, open to everybody, in both languages."""

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from home.demo.filling import fill
from people.models import User
from records import work
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
def filled(settings: Settings) -> None:
    settings.DEMO = True
    settings.EMAIL_BACKEND = "home.mailbox.EmailBackend"
    fill()
    beside_the_demo()
    work.sweep()


def asked(state: State, language: str) -> HttpResponse:
    """The page in this state, as its reader gets it."""
    client = Client()
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
    if state.who:
        reader = User.objects.get(name=state.who)
        reader.language = language
        reader.save(update_fields=["language"])
        client.force_login(reader)
    answer = state.ask(client)
    assert answer.status_code == state.status
    return answer


def test_every_named_page_is_there_in_some_state() -> None:
    named = {name for name in rules() if not name.startswith("admin:")}
    shown = {state.view for part in PARTS.values() for state in part.values()}

    assert shown | set(NO_PAGES) == {name for name in named if "<" not in name}
    assert shown & set(NO_PAGES) == set()


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
    if (part.clientWidth <= 1 || !part.innerText?.trim()) return false;
    return (hides(style.overflowX) && part.scrollWidth > part.clientWidth + 1)
      || (hides(style.overflowY) && part.scrollHeight > part.clientHeight + 1);
  }).map((part) => part.outerHTML.slice(0, 160))"""
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

    def faults(self, language: str) -> set[str]:
        """What is wrong with the page that is shown, at each width, in each theme, closed and with
        all folds open, and with text at twice its size."""
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

        in_dutch = language == "nl"
        self.page.evaluate(Axe().axe_script)
        look(360, ALL_RULES if in_dutch else NO_COLOURS)
        if in_dutch:
            look(360, COLOURS, theme="dark")
        look(320)
        self.page.evaluate(UNFOLD)
        look(320)
        if in_dutch:
            look(1280, ALL_RULES, theme="dark")
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
    # Without motion, so that no colour is looked at on its way to another.
    screen = Screen(new_page(reduced_motion="reduce"), live_server.url)
    faults: dict[str, list[str]] = {}
    for language in ("nl", "en"):
        for name, state in PARTS[part].items():
            screen.show(asked(state, language))
            if state.press:
                screen.page.click(state.press)
            if found := screen.faults(language):
                faults[f"{name}, {language}"] = sorted(found)
    assert faults == {}
