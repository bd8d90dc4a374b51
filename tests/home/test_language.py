"""No untranslated word on any page: the filled demo, walked by its links as each of its people,
with the answers to forms sent as they stand and to blank ones, all mails and all errors."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.html import escape
from pytest_django import Settings

from committees.actions import (
    answer_contradiction,
    contradict,
    give_seat,
    make_committee,
    mark_present,
    note_leading,
    open_meeting,
)
from committees.models import Case, Meeting, Membership
from demo.mailbox import kept_mails
from demo.people import ACCOUNTS
from evidence.models import FeedbackRequest
from home.watch import watch_over_the_record
from people import actions
from people.models import Account, Address, Person
from post import outbox, work
from post.models import OutboxMail
from post.recipients import recipient
from programmes.models import Programme
from tests.journeys.states import WORDS, State, beside_the_demo
from tests.journeys.test_states import asked, every_state
from tests.people.factories import been_here
from tests.words import (
    END,
    MARKED,
    READ,
    START,
    Known,
    marked,
    marked_translations,
    stored_texts,
    untranslated,
)
from tools import translations

NAMES = ["Bewijs", "kracht", "Bewijskracht", "Demoschool", "NL", "EN", "Nederlands", "English"]
# In the gallery, and nowhere else.
SAMPLES = ["Fatima el Amrani", "Joris de Wit", "Noor Bakker", "Hanneke Visser"]
SAMPLES += ["P1", "P2", "P3", "P4", "P5", "success", "info", "warning", "error"]
# The title of a qualification in a dossier's file, which is not in the database until imported.
SAMPLES += ["Werkplaatsbegeleider (voorbeeld)"]
FILES = {"evidence:file", "evidence:file_original", "evidence:answer_file", "committees:file"}
SAME_FOR_ALL = {"home:help", "home:help_topic", "home:privacy", "demo:mailbox", "demo:mail"}
# Sending these ends the walk of who sends them.
LEAVES = {"set_language", "account_logout"}
UNMARKED = 'alt="Search"'  # in a template of Django's, for the support desk only
OWN = ["home:home", "account_change_password", "account_logout"]
OPEN = [
    "account_login",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_inactive",
    "demo:gallery",
    "home:help",
    "letter_check",
    "demo:mailbox",
]
ADDRESS = re.compile(r"\b(?:u|uw|uzelf|je|jij|jou|jouw|jezelf)\b", re.IGNORECASE)
MONTHS = re.compile(rf"\b\d{{1,2}} {START}(\w+){END} \d{{4}}")
MONTHS_IN = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}
SIZES = re.compile(rf"\d([.,])\d+{START}?\s?[KMG]B")
STATIC = django_settings.BASE_DIR / "static"
# Attributes that scripts keep for themselves, or that choose things.
UNSEEN = {"sending", "sent", "undo", "filter", "words", "opens", "wasClosed", "hxTrigger"}
UNSEEN |= {"forgets", "place"}

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
SENT_WITHIN = marked_translations


class Parts(HTMLParser):
    """The links of a page, and its forms that are posted, as a browser would send them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._open: tuple[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form" and given.get("method", "").lower() == "post":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "")
        if self._form is None or not (name or tag == "option"):
            return
        if tag == "button":
            self._form.buttons.append((name, value))
        elif tag in {"select", "textarea"}:
            self._open = (name, "")
        elif tag == "option" and self._open and "selected" in given:
            self._form.fields.append((self._open[0], value))
        elif tag == "input" and (kind not in {"checkbox", "radio"} or "checked" in given):
            self._form.fields.append((name, value))
            if kind == "hidden":
                self._form.hidden.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open = (self._open[0], self._open[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._form and self._open:
            self._form.fields.append(self._open)
        if tag in {"select", "textarea"}:
            self._open = None
        elif tag == "form":
            self._form = None


@dataclass
class Form:
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def posts(self) -> Iterator[dict[str, list[str]]]:
        """What each of its buttons sends: blank, and as it stands."""
        for button in self.buttons or [None]:
            for fields in (self.hidden, self.fields):
                sent = defaultdict(list)
                for name, value in [*fields, *([button] if button else [])]:
                    sent[name].append(value)
                yield dict(sent)

    @property
    def shape(self) -> frozenset[str]:
        return frozenset(name for name, _ in [*self.fields, *self.buttons])


@dataclass
class Walk:
    """Looks at every page it comes by; `faults` says which words, and where first."""

    known: Known
    language: str
    most: int = 2
    sends: bool = True
    faults: dict[str, str] = field(default_factory=dict)
    views: Counter[str] = field(default_factory=Counter)
    sent: set[tuple[str, str, frozenset[str]]] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)

    def visit(self, client: Client, who: str, *starts: str) -> None:
        waiting, counts = list(starts), Counter[str]()
        seen = set(starts)
        while waiting:
            path = waiting.pop(0)
            response = client.get(path)
            self.views[view_of(path)] += 1
            if not (page := self.look(response, f"{who} {path}")):
                continue
            for link in page.links:
                name, target = view_of(link), urljoin(path, link).partition("#")[0]
                if urlsplit(target).netloc or not name or name in FILES or target in seen:
                    continue
                if counts[name] < self.most and not (name in SAME_FOR_ALL and self.views[name]):
                    counts[name] += 1
                    seen.add(target)
                    waiting.append(target)
            for form in page.forms if self.sends else []:
                self.send(client, who, path, form)

    def send(self, client: Client, who: str, path: str, form: Form) -> None:
        """Each kind of form once for each person; what it changes is undone."""
        target = urlsplit(urljoin(path, form.action)).path
        kind = (who, view_of(target), form.shape)
        if kind in self.sent or kind[1] in LEAVES or not kind[1]:
            return
        self.sent.add(kind)
        self.views[kind[1]] += 1
        for data in form.posts():
            with transaction.atomic():
                sender = Client()
                sender.cookies.load({name: one.value for name, one in client.cookies.items()})
                self.look(sender.post(target, data, follow=True), f"{who} {path} -> {target}")
                transaction.set_rollback(True)

    def look(self, response: HttpResponse, where: str) -> Parts | None:
        if "html" not in response.get("Content-Type", ""):
            return None
        self.statuses[response.status_code] += 1
        html = response.content.decode()
        self.read(html, where)
        return Parts(html)

    def read(self, html: str, where: str) -> None:
        html = html.replace(UNMARKED, "")
        if "/mailbox/" not in where:
            self.texts.append(html)
        if "<html" in html and f'<html lang="{self.language}"' not in html:
            self.faults.setdefault("another language", where)
        for words in untranslated(html, self.known):
            self.faults.setdefault(words, where)


def view_of(link: str) -> str:
    try:
        return resolve(urlsplit(link).path).view_name
    except Resolver404:
        return ""


@pytest.fixture
def known(filled_demo: None) -> Iterator[Known]:
    """What people wrote in the demo; while its pages are read with their translations marked."""
    with marked_translations():
        yield known_now()


def known_now() -> Known:
    people = Account.objects.all()
    names = [name for person in people for name in (person.get_short_name(), person.sign_in)]
    addresses = Address.objects.values_list("address", flat=True)
    return Known([*stored_texts(of_people=True), *NAMES, *SAMPLES, *names, *addresses])


def signed_in(person: Account) -> Client:
    client = Client()
    client.force_login(person)
    return client


def people_walking() -> Iterator[tuple[str, Account]]:
    """Each account of the demo, and a student with a decision."""
    for account in ACCOUNTS:
        yield account.key, Account.objects.get(sign_in=account.address)
    decided = Case.objects.filter(state=Case.State.ANNOUNCED).first()
    assert decided is not None
    yield "decided", decided.enrolment.student.account


def links_of_mails() -> list[str]:
    """The pages behind the links in the mails that need no account."""
    texts = "".join(kept.text for kept in kept_mails())
    links = {urlsplit(link).path for link in re.findall(r"http://testserver/\S+", texts)}
    opened = {"evidence:answer", "evidence:confirm", "account_reset_password_from_key"}
    return sorted(link for link in links if view_of(link) in opened)


def own_words(text: str) -> str:
    """What a page or mail says itself, without what people wrote."""
    return " ".join(part[1:-1] for part in MARKED.findall(text))


def test_nothing_that_is_kept_was_translated_when_it_was_written(known: Known) -> None:
    assert [text for text in stored_texts() if START in text] == []


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_page_holds_an_untranslated_word(known: Known, language: str) -> None:
    """What is sent, and more than one page of a view, in one language: both come from the same
    templates, and that no translation is missing is checked apart (tools/translations.py)."""
    Person.objects.update(language=language)
    FeedbackRequest.objects.update(language=language)
    whole = language == "nl"
    walk = Walk(known, language, most=2 if whole else 1, sends=whole)
    for who, person in people_walking():
        walk.visit(signed_in(person), who, *map(reverse, OWN))
        if person.is_staff:
            walk.visit(signed_in(person), who, reverse("admin:index"))
    visitor = Client()
    visitor.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
    unknown = reverse("evidence:answer", args=["unknown"])
    walk.visit(visitor, "link", *map(reverse, OPEN), *links_of_mails(), unknown)

    assert walk.faults == {}
    assert walk.statuses[422] > 50 or not whole
    pages = "".join(walk.texts)  # but for mails, which have a language of their own
    assert set(MONTHS.findall(pages)) <= set(MONTHS_IN[language].split())
    assert set(SIZES.findall(pages)) == {"," if language == "nl" else "."}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_state_of_a_page_holds_an_untranslated_word(known: Known, language: str) -> None:
    """Every named page is among them (tests/journeys/test_states.py)."""
    beside_the_demo()
    work.sweep()
    walk, states = Walk(known_now(), language), dict(every_state())
    for name, state in states.items():
        with transaction.atomic():
            walk.known.add(typed_in(state))
            walk.look(asked(state, language), name)
            transaction.set_rollback(True)

    assert walk.faults == {}
    assert sum(walk.statuses.values()) == len(states)


def typed_in(state: State) -> list[str]:
    """What its reader types, which comes back on the page."""
    sent = state.send() if callable(state.send) else state.send or {}
    query = state.query() if callable(state.query) else state.query
    looked_for = parse_qs(query.removeprefix("?")).get("q", [])
    return [
        WORDS,
        *looked_for,
        *(value for value in sent.values() if isinstance(value, str) and " " in value),
    ]


@pytest.mark.tampers  # decisions are set back by hand
@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_mail_holds_an_untranslated_word(known: Known, language: str) -> None:
    walk = Walk(known, language)
    sent = set()
    for template, subject, html, text in mails_in(language):
        sent.add(template)
        for part in (html, *(f"<p>{escape(line)}</p>" for line in [subject, *text.splitlines()])):
            walk.read(part, template)

    assert walk.faults == {}
    assert sent == set(outbox.BUILDERS)


def mails_in(language: str) -> Iterator[tuple[str, str, str, str]]:
    """Every mail of the demo that is still of use, and those of which it has none."""
    somebody = Account.objects.filter(last_seen_on=None).first()
    question = FeedbackRequest.objects.awaiting_answer(timezone.now()).first()
    assert somebody is not None
    assert question is not None
    outbox.queue("people/invitation", to=somebody.pk, about=somebody.pk, cause=None)
    outbox.queue("people/password", to=somebody.pk, about=somebody.pk, cause=None)
    waits, moved = map(been_here, Account.objects.exclude(pk=somebody.pk).order_by("sign_in")[:2])
    actions.change_address(person=waits.person, address="one@new.example", by=None)
    new = actions.change_address(person=moved.person, address="two@new.example", by=None)
    actions.confirm_address(address=new, by=None)
    # Files stay where rows are rolled back, and another test would find them to be of no row.
    with TemporaryDirectory() as folder, override_settings(CHECKPOINT_ROOT=folder):
        watch_over_the_record()
    somebody_was_not_there()
    too_few_decided()
    a_committee_waits()
    outbox.queue("evidence/reminder", to=question.person.pk, about=question.pk, cause=None)
    for row in OutboxMail.objects.order_by("-recorded_at"):
        row.language, person = language, recipient(row.to)
        assert person is not None
        if made := outbox.message_of(row, person):
            html = str(made.alternatives[0].content)
            yield row.template, made.subject, html, str(made.body)


def somebody_was_not_there() -> None:
    """Two members say so of the coming meeting, and one is answered; another stands in for the
    chair."""
    meeting = Meeting.objects.coming().filter(committee__name="Besliscommissie Software").get()
    anneke, hakan, fatma = (
        Account.objects.get(person__name=name)
        for name in ("Anneke Smit", "Hakan Demir", "Fatma Yilmaz")
    )
    chair = Account.objects.get(person__name="Ruud van Dijk")
    open_meeting(meeting=meeting, by=chair, reason="Iedereen kan vandaag.")
    for member in (hakan, fatma):
        noted = mark_present(meeting=meeting, person=member.person, by=anneke)
        said = contradict(attendance=noted, by=member)
    answer_contradiction(contradiction=said, was_there=True, reason="Zij sprak.", by=anneke)
    note_leading(meeting=meeting, person=fatma.person, by=anneke)


def too_few_decided() -> None:
    """A decision no longer stands, on a unit of which nobody waits again."""
    again = Case.objects.waiting().filter(enrolment=OuterRef("enrolment"), unit=OuterRef("unit"))
    case = Case.objects.filter(~Exists(again), state=Case.State.ANNOUNCED).order_by("pk")[0]
    Case.objects.filter(pk=case.pk).update(state=Case.State.OPENED, decision=None)
    led = Account.objects.get(person__name="Ruud van Dijk")
    outbox.queue("committees/set_back", to=led.pk, about=case.meeting_id, cause=None)


def a_committee_waits() -> None:
    """Of two members, for the mandate of the exam board; who sits in another hears of its own."""
    seat = Membership.objects.current().exclude(committee__mandate=None)[0]
    about = seat.committee.mandate_id
    assert about is not None
    outbox.queue("committees/established", to=seat.person_id, about=about, cause=None)
    name = "Besliscommissie Software"
    programme = Programme.objects.exclude(committees__name=name).order_by("pk")[0]
    made = make_committee(programme=programme, name=name, by=None)
    for name in ("Ruud van Dijk", "Fatma Yilmaz"):
        person = Person.objects.get(name=name)
        address = Address.objects.current().filter(person=person, receives=True)[0].address
        give_seat(committee=made, email=address, name=name, role="member", by=None)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_error_holds_an_untranslated_word(
    known: Known, rf: RequestFactory, language: str
) -> None:
    request, walk = rf.get("/"), Walk(known, language)
    for template in sorted((django_settings.BASE_DIR / "templates").glob("[45]*.html")):
        context = {"words": [], "reason": "", "request": request}
        with translation.override(language):
            walk.read(render_to_string(template.name, context), template.name)

    assert walk.faults == {}
    assert len(walk.texts) == 9


@pytest.mark.tampers  # as above
def test_who_comes_by_a_link_or_a_letter_is_called_neither_u_nor_je(known: Known) -> None:
    """A fellow student would be "je" and an employer "u": what reads both addresses nobody."""
    visitor, said = Client(), {}
    letters = reverse("letter_check")
    for path in [*links_of_mails(), letters, reverse("home:help_topic", args=["giver"])]:
        if not path.startswith("/accounts/"):
            said[path] = visitor.get(path).content.decode()
            said[f"{path}, sent"] = visitor.post(path).content.decode()
    for template, subject, _html, text in mails_in("nl"):
        if template in {"evidence/request", "evidence/reminder", "evidence/confirmation"}:
            said[template] = subject + text

    assert len(said) > 15
    called = {where: ADDRESS.findall(own_words(text)) for where, text in said.items()}
    assert {where: words for where, words in called.items() if words} == {}


def test_neither_does_any_other_text_that_only_they_read() -> None:
    """Also of links in states that the demo has none of; but who opens a link that they asked for
    themselves is the student."""
    theirs = re.compile(
        r"templates/(evidence/answer/(?!own\.)|mail/evidence/(re|confirm)|committees/check\.)"
    )
    texts = [
        form
        for message in translations.read()
        if message.id and all(theirs.match(place) for place, _ in message.locations)
        for form in translations.forms(message.string)
    ]

    assert len(texts) > 40
    assert [text for text in texts if ADDRESS.search(text)] == []


def test_a_word_that_somebody_forgot_to_translate_is_found_on_its_page(
    known: Known, settings: Settings, tmp_path: Path
) -> None:
    forgetful = tmp_path / "home" / "privacy.html"
    forgetful.parent.mkdir()
    [engine] = settings.TEMPLATES
    source = (engine["DIRS"][0] / "home" / "privacy.html").read_text("utf-8")
    begin = "{% block content %}"
    forgetful.write_text(source.replace(begin, f"{begin}<p>Forgotten</p>"), "utf-8")
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    walk = Walk(known, "nl")

    walk.look(Client().get(reverse("home:privacy")), "privacy")

    assert walk.faults == {"Forgotten": "privacy"}


@pytest.mark.parametrize(
    "made",
    [
        "<p>Opslaan</p>",
        '<img alt="Picture">',
        '<input type="submit" value="Send">',
        f"<p>{marked('Role')}: student</p>",
        "<p>Noor Bakker schreef</p>",
    ],
)
def test_a_word_that_nobody_translated_is_found(made: str) -> None:
    assert untranslated(made, Known(["Noor Bakker"])) != []


def test_translated_words_and_those_of_people_are_left_alone() -> None:
    made = f"<p title='{marked('Role')}'>{marked('%(name)s wrote on %(day)s')}</p>" % {
        "name": "Noor Bakker",
        "day": 3,
    }

    assert untranslated(made, Known(["Noor Bakker"])) == []


def test_what_a_script_says_comes_from_the_page() -> None:
    """It has no words of its own, and reads only attributes that the walk reads too."""
    script = "".join(path.read_text("utf-8") for path in sorted((STATIC / "js").glob("*.js")))
    said = re.findall(r"(?:announce\(|(?:textContent|innerText|title|innerHTML) = )(\S+)", script)
    names = set(re.findall(r"dataset\.(\w+)", script))

    assert [words for words in said if words[0] in "'\"`" and words != '"";'] == []
    assert {f"data-{name.lower()}" for name in names - UNSEEN} <= READ
