"""The gallery shows every component, and what forms draw is fit for people who cannot see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.signals import template_rendered

from demo.gallery import gallery_context
from people.models import Account, Person


class Page(HTMLParser):
    """The ids, labels and descriptions of a page, and the texts of its title and heading."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.described: set[str] = set()
        self.fields: set[str] = set()
        self.texts: dict[str, str] = {}
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.open = tag
        if "id" in given:
            self.ids.append(given["id"])
        self.described.update(given.get("aria-describedby", "").split())
        if tag == "label":
            self.labelled.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields.add(given["id"])

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.setdefault(self.open, data.strip())


@pytest.fixture
def request_of_somebody(rf: RequestFactory) -> HttpRequest:
    request = rf.get("/gallery/")
    request.user = Account(person=Person(name="Noor Bakker"))
    return request


@contextmanager
def templates_drawn() -> Iterator[set[str]]:
    drawn: set[str] = set()

    def note(sender: Any, template: Any, **kwargs: Any) -> None:
        drawn.add(template.name)

    template_rendered.connect(note)
    yield drawn
    template_rendered.disconnect(note)


def test_gallery_shows_every_component(request_of_somebody: HttpRequest) -> None:
    folder = settings.BASE_DIR / "templates"
    components = {str(path.relative_to(folder)) for path in folder.glob("components/*.html")}

    with templates_drawn() as drawn:
        render_to_string(
            "demo/gallery.html",
            {
                **gallery_context(),
                "demo_mode": True,
                "messages": [Message(constants.SUCCESS, "Kept")],
                "navigation": [{"url": "/", "label": "Home", "current": True, "context": ""}],
            },
            request_of_somebody,
        )

    assert {name for name in drawn if name.startswith("components/")} == components


@pytest.mark.parametrize("form", ["form", "wrong_form"])
def test_every_field_has_a_label_and_no_description_is_missing(form: str) -> None:
    page = Page(str(gallery_context()[form]))

    assert page.fields - page.labelled == set()
    assert page.described - set(page.ids) == set()
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("code", ["400", "403", "404", "413", "500"])
def test_an_error_page_of_the_framework_needs_no_context(code: str) -> None:
    page = Page(render_to_string(f"{code}.html"))

    assert page.texts["title"] == f"{page.texts['h1']} · Bewijskracht"


def test_a_refusal_says_its_reason() -> None:
    page = render_to_string("403.html", {"exception": "The judgements are still sealed."})

    assert page.count("The judgements are still sealed.") == 1
