"""People who walk through the product in a browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format
from pytest_django import Settings

from people.models import Account, Person
from post import work
from tests.filled import lay_demo

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

    from tests.peers import MailServer

PASSWORD = "fietsbel-op-zolder"


class Clock:
    """The application's clock, which can be put forward; server and test share it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        real = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: real() + self.ahead)

    def forward(self, **ahead: float) -> None:
        self.ahead += timedelta(**ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@dataclass
class Walker:
    """Somebody with a browser and a mailbox of their own."""

    name: str
    address: str
    page: "Page"
    post: "MailServer"

    def mail(self, path: str) -> str:
        """The link with this path in the newest mail to this person; it holds just one link, in
        plain text and in HTML the same."""
        work.sweep()
        for message in reversed(self.post.messages):
            plain = message.get_body(("plain",)).get_content()
            if message["to"] == self.address and path in plain:
                html = unescape(message.get_body(("html",)).get_content())
                [link] = set(re.findall(r"http://[^\s<>\"]+", plain))
                assert f'href="{link}"' in html
                return link
        subjects = [str(m["subject"]) for m in self.post.messages if m["to"] == self.address]
        raise AssertionError(f"no mail with {path!r} to {self.address}; got {subjects}")

    def open_mail(self, path: str) -> None:
        self.goto(self.mail(path))

    def choose_password(self) -> None:
        self.open_mail("/accounts/password/reset/key/")
        self.page.fill("[name=password1]", PASSWORD)
        self.page.fill("[name=password2]", PASSWORD)
        self.page.press("[name=password2]", "Enter")
        self.page.wait_for_url("**/done/**")

    def sign_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.page.fill("[name=login]", self.address)
        self.page.fill("[name=password]", PASSWORD)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url(re.compile(r"^[^?]*(?<!login/)$"))

    def come_in(self) -> "Walker":
        self.choose_password()
        self.sign_in()
        return self

    def goto(self, path: str) -> None:
        answer = self.page.goto(path) or self.page.reload()  # nothing is fetched for a place in it
        assert answer is not None
        assert answer.status == 200, (path, answer.status)

    def follow(self, part: str) -> None:
        """Follow the first link whose address holds this."""
        self.page.locator(f"main a[href*='{part}']").first.click()
        self.page.wait_for_load_state()

    def unfold(self) -> None:
        """Open everything that is folded and holds something."""
        folds = self.page.locator("main details:not([open], .thin)")
        folds.evaluate_all("all => all.forEach(fold => { fold.open = true; })")
        self.page.wait_for_function(
            "() => !document.querySelector('main details[data-fetch][open] > a')"
        )

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"main [name='{name}']", value)

    def choose(self, name: str, value: str) -> None:
        """A radio button, a checkbox or an option, by its value."""
        found = self.page.locator(f"main [name='{name}'][value='{value}']")
        if found.count():
            found.check()
        else:
            self.page.select_option(f"main [name='{name}']", value)

    def send(self, part: str = "") -> None:
        """Press the main button of the page, or that of the form that goes to an address with
        this in it."""
        form = f"main form[action*='{part}']" if part else "main form[method=post]"
        buttons = self.page.locator(f"{form} button.primary")
        button = buttons.first if buttons.count() else self.page.locator(f"{form} button").last
        with self.page.expect_navigation() as gone:
            button.click()
        assert gone.value is not None
        assert gone.value.status == 200, self.page.inner_text("main")

    def reads(self, words: str) -> bool:
        return words in self.page.inner_text("main")


@pytest.fixture
def walker(new_page: "Callable[..., Page]", smtp_server: "MailServer") -> Callable[..., Walker]:
    """Makes a person; on a phone's width where asked."""

    def make(name: str, **options: object) -> Walker:
        address = f"{name.split()[0].lower()}@school.example"
        return Walker(name, address, new_page(**options), smtp_server)

    return make


@pytest.fixture
def page_of(new_page: "Callable[..., Page]", live_server: "LiveServer") -> "Callable[..., Page]":
    """Opens a page, still blank, for somebody who is signed in already, or for nobody."""

    def open_for(user: Account | None, **options: object) -> "Page":
        page = new_page(**options)
        if user is None:
            return page
        client = Client()
        client.force_login(user)
        value = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
        return page

    return open_for


@pytest.fixture
def enter(page_of: "Callable[..., Page]") -> "Callable[[Account | None, str], Page]":
    """Opens a page as this person, who is signed in already and reads English; or as nobody."""

    def open_as(user: Account | None, path: str, **options: object) -> "Page":
        Person.objects.filter(pk=user and user.pk).update(language="en")
        page = page_of(user, **options)
        page.goto(path)
        return page

    return open_as


@pytest.fixture
def filled(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The demo, as somebody finds it who has just started it."""
    settings.DEMO = True
    settings.EMAIL_BACKEND = "demo.mailbox.EmailBackend"
    with transaction.atomic():
        lay_demo(tmp_path_factory)
    work.sweep()


def in_local(moment: datetime) -> str:
    """As a browser's field for date and time takes it."""
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def day(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d")


def spoken(moment: datetime, how: str) -> str:
    """As a page in Dutch says it."""
    with translation.override("nl"):
        return date_format(timezone.localtime(moment), how)
