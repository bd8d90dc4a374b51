"""Links are not guessed: wrong ones are counted, and a right one opens whatever others tried."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from people.models import Attempt
from people.signing_in import WRONG_LINKS
from post.links import token_for
from tests.evidence.factories import FeedbackFactory
from tests.evidence.scenes import asked, link, page_of

pytestmark = pytest.mark.django_db

MOST = WRONG_LINKS[0].often


def guessed() -> str:
    return token_for("a guess", uuid4(), 1)


def guess_at_an_answer(client: Client) -> int:
    return client.get(reverse("evidence:answer", args=[guessed()])).status_code


def guess_at_a_confirmation(client: Client) -> int:
    return client.get(reverse("evidence:confirm", args=[guessed()])).status_code


def guess_at_an_address(client: Client) -> int:
    return client.get(reverse("address_confirm", args=[guessed()])).status_code


def guess_at_a_file(client: Client) -> int:
    return client.get(reverse("evidence:answer_file", args=[guessed(), uuid4()])).status_code


def guess_by_sending(client: Client) -> int:
    return client.post(reverse("evidence:answer", args=[guessed()]), {"text": "x"}).status_code


def guess_by_a_draft(client: Client) -> int:
    return client.post(reverse("evidence:answer_draft", args=[guessed()])).status_code


GUESSES = [
    guess_at_an_answer,
    guess_at_a_confirmation,
    guess_at_an_address,
    guess_at_a_file,
    guess_by_sending,
    guess_by_a_draft,
]


@pytest.mark.parametrize("guess", GUESSES)
def test_wrong_links_are_refused_after_so_many(
    client: Client, guess: Callable[[Client], int]
) -> None:
    found = [guess(client) for _number in range(MOST + 3)]

    assert found == [404] * MOST + [429] * 3
    assert Attempt.objects.count() == MOST  # however many follow


def test_wrong_links_of_all_kinds_count_together(client: Client) -> None:
    for number in range(MOST):
        GUESSES[number % len(GUESSES)](client)

    assert {guess(client) for guess in GUESSES} == {429}


def test_a_right_link_opens_whatever_others_tried_and_counts_for_nothing(client: Client) -> None:
    question, noted = asked(), FeedbackFactory(noted=True, recorded_at=timezone.now())
    for _number in range(MOST + 1):
        guess_at_an_answer(client)
    before = Attempt.objects.count()

    for _number in range(3):
        assert client.get(link(question)).status_code == 200
    page = client.get(reverse("evidence:confirm", args=[noted.confirmation_token]))

    assert (page.status_code, Attempt.objects.count()) == (200, before)
    assert client.post(link(question), {**page_of(question), "text": "Calm."}).status_code == 302


def test_who_is_elsewhere_is_not_kept_from_a_broken_link(client: Client) -> None:
    for _number in range(MOST + 1):
        guess_at_an_answer(client)

    elsewhere = Client(REMOTE_ADDR="192.0.2.7")

    assert guess_at_an_answer(elsewhere) == 404


def test_after_a_while_guesses_count_no_more(client: Client) -> None:
    for _number in range(MOST):
        guess_at_an_answer(client)
    ago = timezone.now() - WRONG_LINKS[0].within - timedelta(seconds=1)
    Attempt.objects.update(recorded_at=ago)

    assert guess_at_an_answer(client) == 404
