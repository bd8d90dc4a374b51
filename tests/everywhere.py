"""Each address of the URLconf, in the filled demo, for who has business there."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import chain
from os.path import commonpath
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import Resolver404, URLResolver, get_resolver, resolve, reverse
from pytest_django import DjangoDbBlocker

from people.models import Account
from post import work
from tests.filled import demo_in
from tests.journeys.states import (
    ADMINISTRATOR,
    ADVISER,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    MEMBER,
    NOBODY,
    NOOR,
    PARTS,
    SECRETARY,
    STRANGER,
    TEACHER,
    beside_the_demo,
)
from tests.test_access import rules

PEOPLE = (
    *(NOBODY, STRANGER, NOOR, ADVISER, TEACHER, COORDINATOR),
    *(CHAIR, SECRETARY, MEMBER, AUDITOR, ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the URLconf, with its arguments, and who has business there."""

    name: str
    path: str
    who: str


@pytest.fixture(scope="module")
def _the_demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    with django_db_blocker.unblock(), demo_in(tmp_path_factory) as kept:
        with override_settings(**kept):
            beside_the_demo()
            work.sweep()
        yield kept


@pytest.fixture
def the_demo(_the_demo: dict[str, Any], _own_files: None) -> Iterator[None]:
    with override_settings(**_the_demo):
        yield


def browser(who: str) -> Client:
    client = Client(raise_request_exception=False)
    if who:
        client.force_login(Account.objects.get(person__name=who))
    return client


def undone(ask: Callable[[], HttpResponse]) -> HttpResponse:
    """Ask, and let nothing that came of it stay."""
    cache.clear()
    with transaction.atomic():
        answer = ask()
        transaction.set_rollback(True)
    return answer


def places() -> list[Place]:
    """Find each address of the URLconf for who has business there: in the states of all pages, in
    the links and forms of those, and for what is left, with the arguments of the address that is
    most like it."""
    found: dict[tuple[str, str], Place] = {}
    for state in chain.from_iterable(part.values() for part in PARTS.values()):
        if (state.view, state.who) not in found and not state.first:
            path = reverse(state.view, args=state.of())
            found[state.view, state.who] = Place(state.view, path, state.who)
    names = {place.name for place in found.values()}
    for place in {place.name: place for place in found.values()}.values():
        answer = undone(lambda place=place: browser(place.who).get(place.path))
        for path in linked(answer):
            name = named(path)
            if name and name not in names:
                names.add(name)
                found[name, place.who] = Place(name, path, place.who)
    known = list(found.values())
    return known + [like(name, known) for name in our_routes() if name not in names]


def our_routes() -> dict[str, str]:
    """Find the route of each name of the URLconf that is no closed one, nor the support desk's."""
    closed = {name for name, rule in rules().items() if rule and rule.startswith("closed")}
    return {
        name: route
        for name, route in routes(get_resolver().url_patterns, "", [])
        if name not in closed and not name.startswith("admin:")
    }


def routes(patterns: list[Any], before: str, spaces: list[str]) -> Iterator[tuple[str, str]]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            deeper = [*spaces, each.namespace] if each.namespace else spaces
            yield from routes(each.url_patterns, route, deeper)
        elif each.name:
            yield ":".join([*spaces, each.name]), route


def linked(answer: HttpResponse) -> list[str]:
    if answer.streaming:
        b"".join(answer)  # a file is closed when it was read
        return []
    found = re.findall(r'(?:href|action|formaction|src|data-[\w-]+)="(/[^"#]*)"', answer.text)
    return [urlsplit(unescape(path)).path for path in found]


def named(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def like(name: str, known: list[Place]) -> Place:
    route = our_routes()[name]
    nearest = max(known, key=lambda one: len(commonpath([resolve(one.path).route, route])))
    given = resolve(nearest.path).captured_kwargs
    made_up = {"uuid": UUID(int=0), "int": 1}
    args = [
        given.get(argument, made_up.get(kind, "x"))
        for kind, argument in re.findall(r"<(?:(\w+):)?(\w+)>", route)
    ]
    return Place(name, reverse(name, args=args), nearest.who)


@pytest.fixture(scope="module")
def somewhere(_the_demo: dict[str, Any]) -> list[Place]:
    """One place for each name of the URLconf."""
    with override_settings(**_the_demo):
        found = places()
    return list({place.name: place for place in reversed(found)}.values())
