"""What every page keeps to, whoever asks: each address of the URLconf is asked in the filled demo.

A page that is added is asked too, so that nobody has to think of it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import CharField, F, JSONField, TextField, Value
from django.db.models.functions import Concat, Substr
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from committees.models import SnapshotItem
from demo.people import PASSWORD
from people.models import Account
from tests.everywhere import Place, browser, undone
from tests.journeys.states import NOBODY, NOOR, STRANGER
from tests.test_access import rules
from tests.test_structure import ROOMS
from tests.triggers import lifted

pytestmark = [
    pytest.mark.usefixtures("the_demo"),
    pytest.mark.django_db,
    pytest.mark.any_database,
]

# What reading may write, each with its reason.
WRITES = {
    "people_attempt": "a link that opens nothing is counted",
    "people_draft": "what somebody wrote goes along where its link is replaced",
    "django_session": "a message is shown once",
}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "manifest-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def read(answer: HttpResponse) -> HttpResponse:
    if answer.streaming:
        b"".join(answer)  # a file is closed when it was read
    return answer


def closed_to_others(places: list[Place]) -> list[Place]:
    """Those that need an account."""
    doors = rules()
    return [one for one in places if not (doors[one.name] or "").startswith(("public", "link"))]


# --- Headers --------------------------------------------------------------------------------------


def amiss_in(answer: HttpResponse) -> Iterator[str]:
    said = answer.headers
    policy = said.get("Content-Security-Policy", "")
    is_file = policy.startswith("sandbox")
    if not is_file and set(re.split(r"; ?", policy)) != POLICY:
        yield f"policy: {policy}"
    if is_file and "script-src" in policy:
        yield f"policy of a file: {policy}"
    for name, expected in (
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ):
        if said.get(name) != expected:
            yield f"{name}: {said.get(name)}"
    if "Access-Control-Allow-Origin" in said:
        yield "open to scripts of other sites"


def test_no_other_site_frames_a_page_or_runs_a_script_in_it(somewhere: list[Place]) -> None:
    """Nor guesses a type, nor reads where somebody came from; on refusals too."""
    clients = {who: browser(who) for who in {*(one.who for one in somewhere), NOBODY, STRANGER}}
    found, statuses = [], Counter[int]()
    for place in somewhere:
        for who in {place.who, NOBODY, STRANGER}:
            answer = read(undone(lambda w=who, p=place: clients[w].get(p.path)))
            statuses[answer.status_code] += 1
            found += [f"{place} as {who}: {what}" for what in amiss_in(answer)]

    assert found == []
    assert {200, 302, 403, 404} <= set(statuses)


def test_no_page_holds_a_script_or_style_of_its_own(somewhere: list[Place]) -> None:
    """So that the policy stands as strict as it is: nothing written in a page is ever run."""
    found, looked = [], 0
    for place in somewhere:
        answer = undone(lambda p=place: browser(p.who).get(p.path))
        if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
            read(answer)
            continue
        looked += answer.status_code == 200
        inside = re.findall(
            r"<script(?![^>]*\bsrc=)|<style|<[^>]+ on[a-z]+=|\bstyle=|javascript:", answer.text
        )
        found += [f"{place}: {what}" for what in inside]

    assert looked > 50
    assert found == []


# --- Forms ----------------------------------------------------------------------------------------


def test_no_form_is_taken_that_another_site_made(somewhere: list[Place]) -> None:
    """Not even one that is open to everybody."""
    found = {}
    for place in somewhere:
        client = Client(enforce_csrf_checks=True)
        if place.who:
            client.force_login(Account.objects.get(person__name=place.who))
        answer = read(undone(lambda p=place, c=client: c.post(p.path, {"x": "y"})))
        if answer.status_code not in (403, 405):
            found[place.name] = answer.status_code

    assert found == {}


def test_reading_changes_nothing(somewhere: list[Place]) -> None:
    """So that no link, no picture in a mail and no program that opens what it finds does."""
    changed: Counter[str] = Counter()
    for place in somewhere:
        client = browser(place.who)
        cache.clear()
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            read(client.get(place.path))
            transaction.set_rollback(True)
        for query in queries:
            match = re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"(\w+)\"", query["sql"])
            if match and match[1] not in WRITES:
                changed[f"{place.name}: {match[0]}"] += 1

    assert changed == {}


# --- Others' pages --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_gets_nothing(somewhere: list[Place], method: str) -> None:
    found = {}
    for place in closed_to_others(somewhere):
        answer = undone(lambda p=place: getattr(Client(), method)(p.path))
        asked_in = answer.status_code == 302 and re.match("/(accounts|admin)/login/", answer.url)
        if not asked_in and answer.status_code not in (403, 405):
            found[place.name] = answer.status_code

    assert found == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_with_an_account_gets_nothing_of_others(
    somewhere: list[Place], method: str
) -> None:
    """Of what an address names by an id: it is not found, or not theirs."""
    client, found, looked = browser(STRANGER), {}, 0
    doors = rules()
    for place in closed_to_others(somewhere):
        if not re.search(r"/[0-9a-f-]{36}/", place.path) or place.who == STRANGER:
            continue
        looked += 1
        answer = read(undone(lambda p=place: getattr(client, method)(p.path)))
        if answer.status_code not in (403, 404, 405):
            found[place.name] = (answer.status_code, doors[place.name])

    assert looked > 60
    assert found == {}


# --- Words of people ------------------------------------------------------------------------------

MARKUP = "<u>"


def with_markup(value: Any) -> Any:
    """The same, in which each text of several words begins with markup."""
    if isinstance(value, dict):
        return {key: with_markup(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_markup(each) for each in value]
    return MARKUP + value if isinstance(value, str) and " " in value else value


def write_markup() -> set[str]:
    """Put markup before all texts of several words that the database holds, and into frozen sets;
    returns the names of the columns."""
    written = set()
    for model in apps.get_models():
        if model._meta.app_label not in ROOMS:
            continue
        for field in model._meta.concrete_fields:
            rows = model._base_manager.all()
            if isinstance(field, CharField | TextField) and not field.choices:
                longest = field.max_length or 100_000
                told = Substr(Concat(Value(MARKUP), F(field.name)), 1, longest)
                changed = rows.filter(**{f"{field.name}__contains": " "}).update(
                    **{field.name: told}
                )
            elif isinstance(field, JSONField):
                changed = 0
                for pk, value in list(rows.values_list("pk", field.name)):
                    changed += rows.filter(pk=pk).update(**{field.name: with_markup(value)})
            else:
                continue
            if changed:
                written.add(f"{model._meta.label}.{field.name}")
    for item in SnapshotItem.objects.exclude(content=b""):
        told = json.dumps(with_markup(json.loads(bytes(item.content)))).encode()
        SnapshotItem.objects.filter(pk=item.pk).update(content=told)
    return written


@pytest.mark.tampers
def test_what_people_write_is_text_and_no_markup(somewhere: list[Place]) -> None:
    """Names, titles, reflections, feedback, motivations and what a file brought, on every page."""
    with lifted():
        written = write_markup()
    found, shown = [], 0
    for place in somewhere:
        answer = undone(lambda p=place: browser_of(p.who).get(p.path))
        if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
            read(answer)
            continue
        shown += "&lt;u&gt;" in answer.text
        if MARKUP in answer.text:
            at = answer.text.index(MARKUP)
            found.append(f"{place}: {answer.text[max(at - 80, 0) : at + 40]}")

    assert len(written) > 30
    assert shown > 40
    assert found == []


def browser_of(name: str) -> Client:
    """A browser of this person, whose name may have got markup."""
    client = Client(raise_request_exception=False)
    if name:
        client.force_login(Account.objects.get(person__name__in=[name, MARKUP + name]))
    return client


# --- Where one is sent on -------------------------------------------------------------------------

ELSEWHERE = (
    "https://far.example/",
    "//far.example/",
    "/\\far.example",
    "\\\\far.example",
    "///far.example",
    "https:far.example",
    "http://testserver@far.example/",
    "http://testserver.far.example/",
    "javascript:alert(1)",
    " //far.example",
    "\t//far.example",
)


def where(answer: HttpResponse) -> str:
    return str(answer.headers.get("Location", ""))


@pytest.mark.parametrize("there", ELSEWHERE)
def test_nobody_is_sent_on_to_another_site(there: str) -> None:
    """After signing in, after the password once more, after choosing a language, signing out."""
    account = Account.objects.get(person__name=NOOR)
    client = Client()
    words = {"login": account.sign_in, "password": PASSWORD, "next": there}
    signed_in = client.post("/accounts/login/", words)
    once_more = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": there})
    language = client.post(reverse("set_language"), {"language": "nl", "next": there})
    out = client.post("/accounts/logout/", {"next": there})

    found = [where(each) for each in (signed_in, once_more, language, out)]
    assert [each.status_code for each in (signed_in, once_more, language, out)] == [302] * 4
    assert [path for path in found if not re.fullmatch(r"/(?![/\\])[\w/-]*", path)] == []


def test_one_is_sent_on_within_the_house() -> None:
    """As the test before this would not notice."""
    account = Account.objects.get(person__name=NOOR)
    words = {"login": account.sign_in, "password": PASSWORD, "next": "/evidence/"}

    assert where(Client().post("/accounts/login/", words)) == "/evidence/"
