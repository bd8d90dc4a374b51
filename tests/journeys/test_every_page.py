"""Every page of the filled demo, found by following its links as each of its people."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import resolve
from pytest_django import Settings

from home.demo.filling import fill
from home.demo.people import ACCOUNTS
from people.models import User
from records import work

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
# What a link may lead to that is no page: files, and Django's own desk.
NO_PAGES = {"evidence:file", "evidence:file_original", "committees:file"}


@pytest.fixture
def filled(settings: Settings) -> None:
    settings.DEMO = True
    settings.EMAIL_BACKEND = "home.mailbox.EmailBackend"
    fill()
    work.sweep()


def links_on(page: "Page") -> list[str]:
    hrefs = page.locator("a[href]").evaluate_all("all => all.map(link => link.href)")
    addresses = [urlsplit(href) for href in hrefs]
    here = urlsplit(page.url).netloc
    return [f"{url.path}?{url.query}" for url in addresses if url.netloc == here]


def view_of(link: str) -> str:
    return resolve(urlsplit(link).path).view_name


def walk(page: "Page", start: str, look: Callable[[str], None]) -> set[str]:
    """Visit one page of each view that can be reached by links; returns the views' names."""
    seen: dict[str, str] = {view_of(start): start}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        look(path)
        for link in links_on(page):
            name = view_of(link)
            if name not in seen and name not in NO_PAGES and not link.startswith("/admin/"):
                seen[name] = link
                waiting.append(link)
    return set(seen)


def faults_on(page: "Page") -> list[str]:
    found = [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
    ]
    width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if width[0] > width[1]:
        found.append(f"wider than the screen: {width}")
    return found


@pytest.mark.usefixtures("filled")
def test_every_page_is_there_and_open_to_everybody(
    new_page: "Callable[..., Page]", client: Client, live_server: "LiveServer"
) -> None:
    faults: dict[str, list[str]] = {}
    reached: set[str] = set()
    looks = [
        {"viewport": PHONE, "color_scheme": "light"},
        {"viewport": LAPTOP, "color_scheme": "dark"},
    ]
    for number, account in enumerate(ACCOUNTS[:-1]):
        client.force_login(User.objects.get(email=account.address))
        page = new_page(**looks[number % 2])
        cookie = client.cookies["sessionid"].value
        site = live_server.url
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])

        def look(path: str, page: "Page" = page, who: str = account.key) -> None:
            if found := faults_on(page):
                faults[f"{who} {path}"] = found

        reached |= walk(page, "/", look)

    assert faults == {}
    assert reached >= {
        "home:home",
        "home:mailbox",
        "home:mail",
        "evidence:list",
        "evidence:add",
        "evidence:detail",
        "evidence:ask",
        "portfolio:coverage",
        "portfolio:students",
        "portfolio:check_ins",
        "programmes:programme",
        "qualifications:qualification",
        "committees:meeting",
        "committees:case",
        "committees:my_case",
        "committees:case_record",
    }
