"""Every page of the filled demo, found by following its links as each of its people."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import resolve

from demo.people import ACCOUNTS
from people.models import Account

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

# What a link may lead to that is no page: files, and Django's own desk.
NO_PAGES = {"evidence:file", "evidence:file_original", "committees:file"}


def links_on(page: "Page") -> list[str]:
    hrefs = page.locator("a[href]").evaluate_all("all => all.map(link => link.href)")
    addresses = [urlsplit(href) for href in hrefs]
    here = urlsplit(page.url).netloc
    return [f"{url.path}?{url.query}" for url in addresses if url.netloc == here]


def view_of(link: str) -> str:
    return resolve(urlsplit(link).path).view_name


def walk(page: "Page", start: str) -> set[str]:
    """Visit one page of each view that can be reached by links; returns the views' names."""
    seen: dict[str, str] = {view_of(start): start}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        for link in links_on(page):
            name = view_of(link)
            if name not in seen and name not in NO_PAGES and not link.startswith("/admin/"):
                seen[name] = link
                waiting.append(link)
    return set(seen)


@pytest.mark.usefixtures("filled")
def test_every_page_is_reached_by_links(page_of: "Callable[..., Page]") -> None:
    reached: set[str] = set()
    for account in ACCOUNTS[:-1]:
        page = page_of(Account.objects.get(sign_in=account.address))
        reached |= walk(page, "/")

    # With the style sheets themselves, the same on each page, which test_states leaves out.
    page.goto("/")
    assert [rule["id"] for rule in Axe().run(page).response["violations"]] == []
    assert reached >= {
        "home:home",
        "demo:mailbox",
        "demo:mail",
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
