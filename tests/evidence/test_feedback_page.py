"""The feedback that a piece shows, to whom."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.models import Evidence, FeedbackRequest
from evidence.views.feedback import feedback_context
from people.models import Account
from tests.evidence.factories import (
    FeedbackFactory,
    FeedbackRequestFactory,
    RevisionFactory,
    confirm,
    withdraw,
)
from tests.evidence.scenes import Scene, people_around, scene
from tests.factories import AccountFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db


def feedback(place: Scene, **kwargs: Any) -> Any:
    return FeedbackFactory(enrolment=place.enrolment, evidence=place.piece, **kwargs)


def question(place: Scene, **kwargs: Any) -> FeedbackRequest:
    return FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece, **kwargs)


def opened(client: Client, place: Scene, by: Account | None = None) -> Any:
    client.force_login(by or place.student)
    return client.get(reverse("evidence:detail", args=[place.piece.pk]))


def test_remarks_stand_at_their_requirement_newest_first_and_the_whole_apart(
    client: Client,
) -> None:
    place = scene()
    first, second, _third = place.lines
    old, new = date(2026, 9, 1), date(2026, 10, 1)
    feedback(place, given_on=old, text="Old", remarks={second: "", first: "Own words"})
    feedback(place, given_on=new, text="New", remarks={second: "", None: ""})

    context = opened(client, place).context

    assert [remark.text for remark in context["whole"]] == ["New"]
    assert [
        (group["line"], [remark.text for remark in group["remarks"]])
        for group in context["on_requirements"]
    ] == [(first, ["Own words"]), (second, ["New", "Old"])]


def test_a_remark_says_who_in_which_role_when_and_how(client: Client) -> None:
    place = scene()
    written = feedback(place, remarks={None: ""}, given_on=date(2026, 10, 1))

    page = opened(client, place).content.decode()

    shown = [
        written.remarks.get().text,
        written.person.name,
        'class="role client"',
        "1 October 2026",
    ]
    assert [text for text in shown if text not in page] == []
    assert "not confirmed yet" not in page


@pytest.mark.parametrize(
    ("said", "shown"),
    [(None, "not confirmed yet"), (True, "confirmed"), (False, "denied: does not count")],
)
def test_noted_feedback_says_where_it_stands(client: Client, said: bool | None, shown: str) -> None:
    place = scene()
    noted = feedback(place, noted=True, remarks={None: ""})
    if said is not None:
        confirm(noted, said=said)

    page = opened(client, place).content.decode()

    assert f"noted by {place.student.name}" in page
    tags = ["not confirmed yet", "confirmed</span>", "denied: does not count"]
    assert shown in page
    assert len([tag for tag in tags if tag in page]) == 1


def test_feedback_on_an_earlier_version_says_so(client: Client) -> None:
    place = scene()
    feedback(place, remarks={None: ""})
    assert "about an earlier version" not in opened(client, place).content.decode()
    later = RevisionFactory(evidence=place.piece)
    Evidence.objects.filter(pk=place.piece.pk).update(current=later)

    assert "about an earlier version" in opened(client, place).content.decode()


def test_questions_that_wait_or_were_declined_are_shown(client: Client) -> None:
    place = scene()
    now = timezone.now()
    fresh = question(place, recorded_at=now)
    stale = question(place, recorded_at=now - timedelta(days=2))
    gone = question(place, expired=True)
    no = question(place, declined=True)
    question(place, answered=True)
    question(place, withdrawn=True)

    shown = opened(client, place).context["questions"]

    assert {each["row"]: (each["open"], each["remindable"]) for each in shown} == {
        fresh: (True, False),
        stale: (True, True),
        gone: (False, False),
        no: (False, False),
    }


def buttons(page: str, place: Scene, asked: FeedbackRequest) -> set[str]:
    urls = {
        "ask": reverse("evidence:ask", args=[place.piece.pk]),
        "note": reverse("evidence:note", args=[place.piece.pk]),
        "remind": reverse("evidence:remind", args=[asked.pk]),
        "withdraw": reverse("evidence:withdraw_question", args=[asked.pk]),
    }
    return {name for name, url in urls.items() if f'"{url}"' in page}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("owner", {"ask", "note", "remind", "withdraw"}),
        ("adviser", {"note"}),
        ("teacher", {"note"}),
    ],
)
def test_each_gets_their_own_buttons(client: Client, who: str, expected: set[str]) -> None:
    place = scene()
    asked = question(place, person__name="Cor Client")
    written = feedback(place, remarks={None: ""})

    page = opened(client, place, people_around(place)[who]).content.decode()

    assert buttons(page, place, asked) == expected
    assert [text for text in (written.remarks.get().text, "Cor Client") if text not in page] == []


@pytest.mark.parametrize("page", ["ask", "note", "edit", "requirements", "withdraw"])
def test_nobody_begins_a_form_of_a_withdrawn_piece(client: Client, page: str) -> None:
    place = scene()
    client.force_login(place.student)
    address = reverse(f"evidence:{page}", args=[place.piece.pk])
    before = client.get(address).status_code
    withdraw(place.piece)

    assert (before, client.get(address).status_code) == (200, 409)


@pytest.mark.parametrize("page", ["ask", "note", "edit"])
def test_what_was_typed_before_it_was_withdrawn_is_there_still(client: Client, page: str) -> None:
    place = scene()
    client.force_login(place.student)
    address = reverse(f"evidence:{page}", args=[place.piece.pk])
    withdraw(place.piece)

    answer = client.post(address, dict.fromkeys(("message", "text", "title"), "Typed on the bus."))

    assert answer.status_code == 422
    assert "Typed on the bus." in answer.text


def test_a_withdrawn_piece_has_no_buttons(client: Client) -> None:
    place = scene()
    asked = question(place)
    withdraw(place.piece)

    assert buttons(opened(client, place).content.decode(), place, asked) == set()


def test_who_was_asked_with_an_account_sees_their_own_question_and_words_only(
    client: Client,
) -> None:
    place = scene()
    user = AccountFactory(language="en")
    feedback(place, person=user, text="My own words", remarks={None: ""})
    feedback(place, person__name="Another Giver", text="Words of another", remarks={None: ""})
    question(place, person__name="Someone Asked")
    mine = question(place, person=user)

    page = opened(client, place, user).content.decode()

    assert reverse("evidence:answer", args=[mine.token]) in page
    assert "My own words" in page
    hidden = ["Words of another", "Another Giver", "Someone Asked"]
    assert [text for text in hidden if text in page] == []


def test_nobody_else_meets_the_link_of_a_question(client: Client) -> None:
    place = scene()
    asked = question(place)

    pages = [
        opened(client, place, people_around(place)[who]).content.decode()
        for who in ("owner", "adviser", "teacher")
    ]

    assert [asked.token in page for page in pages] == [False, False, False]


def test_the_frame_of_another_programme_is_not_in_sight(client: Client) -> None:
    place = scene()
    other = EnrolmentFactory(student=place.student)
    FeedbackFactory(
        enrolment=other, evidence=place.piece, text="Said elsewhere", remarks={None: ""}
    )
    FeedbackRequestFactory(enrolment=other, evidence=place.piece, person__name="Asked Elsewhere")
    hidden = ["Said elsewhere", "Asked Elsewhere"]
    assert [t for t in hidden if t not in opened(client, place).content.decode()] == []

    page = opened(client, place, place.enrolment.adviser).content.decode()

    assert [text for text in hidden if text in page] == []


@pytest.mark.parametrize("number", [1, 30])
def test_the_feedback_takes_the_same_number_of_queries_for_one_and_thirty_remarks(
    client: Client, django_assert_num_queries: Any, number: int
) -> None:
    place = scene()
    for _each in range(number):
        feedback(place, noted=True, remarks={place.lines[0]: "", None: ""})
        question(place)
    request = opened(client, place).wsgi_request
    piece = Evidence.objects.for_page().get()

    with django_assert_num_queries(5):
        context = feedback_context(request, piece, in_full=True)
        render_to_string("evidence/_feedback.html", {**context, "piece": piece}, request)

    assert len(context["whole"]) == len(context["questions"]) == number
    assert len(context["on_requirements"][0]["remarks"]) == number
