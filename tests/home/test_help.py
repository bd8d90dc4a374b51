"""Help and privacy: for everybody, in plain words, found from every page."""

import re

import pytest
from django.test import Client

from home.help import TOPICS, Topic
from home.privacy import KINDS_OF_READERS
from tests.evidence.factories import FeedbackRequestFactory
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


def footer_of(page: str) -> list[str]:
    footer = page.partition('<footer class="colophon">')[2]
    return re.findall(r'href="([^"]+)"', footer)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.key)
def test_a_page_of_help_says_what_you_do_what_happens_and_what_nobody_can_do(
    client: Client, topic: Topic
) -> None:
    page = client.get(f"/help/{topic.key}/").content.decode()

    parts = re.findall(r'aria-labelledby="(\w+)".*?<[ou]l>(.*?)</[ou]l>', page, re.DOTALL)
    assert [name for name, _ in parts] == ["steps", "after", "never"]
    assert all(2 <= items.count("<li>") <= 6 for _, items in parts), parts


def test_the_index_leads_to_every_page_of_help(client: Client) -> None:
    page = client.get("/help/").content.decode()

    assert re.findall(r'href="/help/(\w+)/"', page) == [topic.key for topic in TOPICS]


def test_there_is_no_help_about_what_is_not_here(client: Client) -> None:
    assert client.get("/help/stranger/").status_code == 404


def test_the_privacy_page_says_of_everybody_what_they_see(client: Client) -> None:
    page = client.get("/privacy/").content.decode()

    assert page.count('<th scope="row">') == len(KINDS_OF_READERS)
    assert page.count("<td ") == 2 * len(KINDS_OF_READERS)


def test_every_page_leads_to_help_and_privacy(client: Client) -> None:
    question = FeedbackRequestFactory()
    for path in ("/accounts/login/", f"/evidence/answer/{question.token}/", "/nowhere/"):
        assert footer_of(client.get(path).content.decode()) == ["/help/", "/privacy/"]
    client.force_login(AccountFactory())

    assert footer_of(client.get("/").content.decode()) == ["/help/", "/privacy/"]


@pytest.mark.parametrize("path", ["/help/", "/privacy/", "/accounts/login/"])
def test_nothing_is_found_by_search_or_shown_in_a_preview(client: Client, path: str) -> None:
    page = client.get(path).content.decode()

    assert '<meta name="robots" content="noindex, nofollow">' in page
    assert "og:" not in page
    assert "twitter:" not in page
