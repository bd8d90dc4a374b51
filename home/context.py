from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import pgettext

from home.roles import Roles, roles_here


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the navigation; `context` is the programme or committee, where it matters."""

    url: str
    label: str
    current: bool
    context: str = ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Find what every page's frame needs. One query for a signed-in person, when the page draws
    it."""
    frame: dict[str, Any] = {
        "demo_mode": settings.DEMO,
        "institution": settings.INSTITUTION,
        "navigation": [],
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        frame["navigation"] = SimpleLazyObject(
            lambda: navigation(roles_here(request), request.path)
        )
    return frame


def navigation(roles: Roles, path: str) -> list[Item]:
    """List the places that this person has to do with, in the order of the rooms."""
    places = [(reverse(name), label, context) for name, label, context in _places(roles)]
    # The longest address that the path begins with is where one is.
    here = max((url for url, *_ in places if path.startswith(url)), key=len, default="")
    return [Item(url, label, url == here, context or "") for url, label, context in places]


def _places(roles: Roles) -> Iterator[tuple[str, str, str | None]]:
    if roles.studies:
        yield "portfolio:mine", pgettext("navigation", "Portfolio"), roles.studies_in
        yield "evidence:list", pgettext("navigation", "Evidence"), None
        yield "committees:mine", pgettext("navigation", "Decisions"), None
    if roles.advises or roles.teaches:
        yield "portfolio:students", pgettext("navigation", "Students"), roles.advises_in
    if roles.sits or roles.coordinates or roles.supervises:
        yield "committees:list", pgettext("navigation", "Committees"), roles.sits_on
    if roles.coordinates or roles.makes_programmes or roles.supervises:
        yield "programmes:list", pgettext("navigation", "Programmes"), roles.coordinates_in
    if roles.curriculum or roles.makes_programmes or roles.supervises:
        yield "qualifications:qualifications", pgettext("navigation", "Qualifications"), None
    if roles.looks_after_people:
        yield "home:people", pgettext("navigation", "People"), None
    if roles.supervises:
        yield "committees:record", pgettext("navigation", "Record of decisions"), None
