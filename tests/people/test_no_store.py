"""What is about somebody is kept by no browser and no proxy, unless a view says otherwise."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.evidence.factories import FeedbackRequestFactory
from tests.evidence.scenes import page_of
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("page", ["home:home", "evidence:list", "committees:list"])
def test_a_page_of_somebody_is_not_stored(client: Client, page: str) -> None:
    client.force_login(AccountFactory())

    answer = client.get(reverse(page))

    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")


def test_a_page_by_link_is_not_stored_whatever_comes_of_it(client: Client) -> None:
    question = FeedbackRequestFactory()
    address = reverse("evidence:answer", args=[question.token])

    answers = [
        client.get(address),
        client.post(address, {}),
        client.post(address, {**page_of(question), "text": "Well done.", "about": ["whole"]}),
        client.get(address),
        client.get(reverse("evidence:answer", args=["x"])),
    ]

    assert [answer.status_code for answer in answers] == [200, 422, 302, 200, 404]
    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}


@pytest.mark.parametrize("address", ["/evidence/", "/nowhere/", "/admin/"])
def test_a_refusal_is_not_stored_either(client: Client, address: str) -> None:
    client.force_login(AccountFactory())

    assert "no-store" in client.get(address)["Cache-Control"]
