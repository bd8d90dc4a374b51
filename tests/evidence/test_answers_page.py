"""The page of a link to answer: what it shows, and what comes of what is sent."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.actions import feedback as actions
from evidence.models import Evidence, Feedback, FeedbackRequest
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import (
    AttachmentFactory,
    GiverFactory,
    RevisionFactory,
    said_in,
)
from tests.evidence.scenes import asked, everything, link, page_of, scene, verbs
from tests.factories import AccountFactory, RequirementFactory

pytestmark = pytest.mark.django_db

State = FeedbackRequest.State


def test_the_page_says_who_asks_what_and_shows_the_piece_as_it_was_asked_about(
    client: Client,
) -> None:
    place = scene()
    seen = RevisionFactory(
        evidence=place.piece, title="The open day", place="Town hall", context="Sixty visitors"
    )
    question = asked(place, revision=seen, message="What about the talk?")
    later = RevisionFactory(evidence=place.piece, title="Quite another title")
    Evidence.objects.filter(pk=place.piece.pk).update(current=later)

    page = client.get(link(question)).content.decode()

    shown = [
        place.student.name,
        question.person.name,
        str(place.enrolment.programme),
        "What about the talk?",
        "The open day",
        "Town hall",
        "Sixty visitors",
        *(line.words for line in question.requirements.all()),
    ]
    assert [text for text in shown if text not in page] == []
    assert "Quite another title" not in page
    assert place.lines[2].words not in page


def test_the_page_shows_the_reflection_to_nobody(client: Client) -> None:
    place = scene()
    seen = RevisionFactory(evidence=place.piece, title="Seen", reflection="I was so nervous")
    question = asked(place, revision=seen)

    page = client.get(link(question)).content.decode()

    assert "Seen" in page
    assert "I was so nervous" not in page


def test_a_requirement_is_asked_in_plain_words(client: Client) -> None:
    place = scene(lines=0)
    line = RequirementFactory(text="verricht handelingen", plain="Does what was agreed")
    question = asked(place, on=[line])

    page = client.get(link(question)).content.decode()

    assert "Does what was agreed" in page
    assert "verricht handelingen" not in page


@pytest.mark.parametrize(
    ("cookie", "account", "expected"),
    [(None, None, "en"), ("nl", None, "nl"), (None, "nl", "nl")],
)
def test_the_page_speaks_the_language_of_the_mail_unless_another_was_chosen(
    client: Client, cookie: str | None, account: str | None, expected: str
) -> None:
    question = asked(language="en")
    if cookie:
        client.cookies["django_language"] = cookie
    if account:
        client.force_login(AccountFactory(language=account))

    page = client.get(link(question), headers={"accept-language": "nl"}).content.decode()

    assert f'<html lang="{expected}">' in page


def test_a_language_that_was_chosen_on_the_page_of_a_link_stays(client: Client) -> None:
    question = asked(language="en")
    page = client.get(link(question)).content.decode()
    assert f'<input type="hidden" name="next" value="{link(question)}">' in page

    client.post("/language/", {"language": "nl", "next": link(question)})

    assert '<html lang="nl">' in client.get(link(question)).content.decode()
    question.refresh_from_db()
    assert question.language == "en"  # who holds the link changes nothing of the question


def test_reading_changes_nothing(client: Client) -> None:
    question = asked(person=AccountFactory())
    AttachmentFactory(revision=question.revision)
    before = everything()

    for method in (client.get, client.head):
        for url in (link(question), link(question), link(question)[:-2] + "/"):
            assert method(url).status_code in (200, 404)
        assert method(link(question, "decline")).status_code == 405

    # But that a wrong link was tried.
    assert everything() | {"people.Attempt": []} == before


def test_sending_gives_feedback_and_shows_the_receipt_at_the_same_link(client: Client) -> None:
    question = asked()
    first, second = question.requirements.all()

    sent = client.post(
        link(question),
        {
            **page_of(question),
            "text": "Calm.",
            "about": [str(first.pk)],
            f"on_{second.pk}": "Neat.",
        },
    )

    assert (sent.status_code, sent["Location"]) == (302, link(question))
    assert said_in(question.feedback) == [("Calm.", {first}), ("Neat.", {second})]
    receipt = client.get(link(question))
    assert receipt.status_code == 200
    page = receipt.content.decode()
    shown = ["Calm.", "Neat.", first.words, second.words, question.evidence.owner.name]
    assert [text for text in shown if text not in page] == []


def test_the_whole_is_tapped_on_the_page(client: Client) -> None:
    question = asked()

    client.post(link(question), {**page_of(question), "text": "Calm.", "about": ["whole"]})

    assert said_in(question.feedback) == [("Calm.", {None})]


def test_who_is_signed_in_as_who_was_asked_answers_in_their_own_name(client: Client) -> None:
    user = AccountFactory()
    question = asked(person=user)
    client.force_login(user)

    client.post(link(question), {**page_of(question), "text": "Calm."})

    assert [event.by for event in Event.objects.all()] == [user]


def test_somebody_else_who_is_signed_in_answers_as_who_holds_the_link(client: Client) -> None:
    question = asked()
    client.force_login(AccountFactory())

    client.post(link(question), {**page_of(question), "text": "Calm."})

    assert [(event.verb, event.by) for event in Event.objects.all()] == [("feedback.given", None)]
    assert question.feedback.person == question.person


def test_sending_twice_gives_one_feedback_and_a_receipt(client: Client) -> None:
    question = asked()

    first = client.post(link(question), {**page_of(question), "text": "Calm."})
    second = client.post(link(question), {**page_of(question), "text": "Calm."}, follow=True)

    assert first.status_code == 302
    assert second.status_code == 200
    assert second.templates[0].name == "evidence/answer/receipt.html"
    assert said_in(Feedback.objects.get()) == [("Calm.", {None})]
    assert verbs() == ["feedback.given"]


def test_an_answer_that_lost_its_race_says_so_and_keeps_its_words(client: Client) -> None:
    question = asked()
    client.post(link(question), {**page_of(question), "text": "Calm."})
    page = client.post(link(question), {**page_of(question), "text": "Calm, and quick."})

    assert page.status_code == 409
    assert page.context["lost"] == ["Calm, and quick."]
    assert "Yours was not kept" in page.content.decode()
    assert said_in(Feedback.objects.get()) == [("Calm.", {None})]


def test_an_answer_that_was_overtaken_gives_no_second_feedback() -> None:
    question = asked()
    stale = FeedbackRequest.objects.get()
    actions.answer(question=question, text="Calm.")

    with pytest.raises(NotPossible):
        actions.answer(question=stale, text="Twice.")

    assert said_in(Feedback.objects.get()) == [("Calm.", {None})]


@pytest.mark.django_db(transaction=True)
def test_two_who_send_at_once_give_one_feedback() -> None:
    question = asked()
    together = Barrier(2)

    def send(text: str) -> tuple[int, bool, bool]:
        """The status, whether the form is there still, and whether the words are on the page."""
        try:
            together.wait()
            page = Client().post(link(question), {**page_of(question), "text": text}, follow=True)
            shown = page.content.decode()
            return page.status_code, 'name="text"' in shown, text in shown
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        shown = list(threads.map(send, ["One.", "Two."]))

    # The one that lost says so, and keeps its words.
    assert sorted(shown) == [(200, False, True), (409, False, True)]
    assert Feedback.objects.count() == 1
    assert verbs() == ["feedback.given"]


def test_an_empty_answer_is_refused_with_everything_kept(client: Client) -> None:
    place = scene()
    question = asked(place)

    response = client.post(
        link(question), {**page_of(question), "text": "  ", "about": [str(place.lines[1].pk)]}
    )

    assert response.status_code == 422
    form = response.context["form"]
    assert form.errors == {"text": ["Write in a few words what you saw or heard."]}
    assert [choice.data["selected"] for choice in form["about"].subwidgets] == [False, True, False]
    assert Feedback.objects.count() == 0


def test_a_text_that_is_too_long_is_refused_with_everything_kept(client: Client) -> None:
    question = asked()
    first = question.requirements.all()[0]
    long = "x" * 20_001

    response = client.post(
        link(question), {**page_of(question), "text": "Calm.", f"on_{first.pk}": long}
    )

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [f"on_{first.pk}"]
    page = response.content.decode()
    assert long in page
    assert "Calm." in page
    assert '<details class="fold" open>' in page


@pytest.mark.parametrize("way", ["about", "own"])
def test_a_requirement_added_by_hand_is_refused(client: Client, way: str) -> None:
    place = scene()
    question = asked(place)
    other = place.lines[2]
    added = {"about": [str(other.pk)]} if way == "about" else {f"on_{other.pk}": "Neat."}

    response = client.post(link(question), {**page_of(question), "text": "Calm.", **added})

    assert response.status_code == 422
    assert Feedback.objects.count() == 0


def test_other_fields_added_by_hand_change_nothing(client: Client) -> None:
    place = scene()
    question = asked(place)
    other = AccountFactory()
    added = {
        "giver": GiverFactory().pk,
        "person": GiverFactory().pk,
        "source": "noted",
        "noted_by": other.pk,
        "given_on": "2020-01-01",
        "recorded_at": "2020-01-01",
        "state": "open",
        "revision": RevisionFactory().pk,
        "enrolment": scene().enrolment.pk,
    }

    client.post(link(question), {**page_of(question), "text": "Calm.", **added})

    feedback = question.feedback
    assert (feedback.person, feedback.role, feedback.source) == (
        question.person,
        "client",
        "written",
    )
    assert (feedback.noted_by, feedback.given_on) == (None, timezone.localdate())
    assert (feedback.revision, feedback.enrolment) == (question.revision, question.enrolment)


def test_declining_takes_one_tap(client: Client) -> None:
    question = asked()

    response = client.post(link(question, "decline"), {"reason": "not_me"}, follow=True)

    assert response.templates[0].name == "evidence/answer/declined.html"
    assert "This isn&#x27;t me" in response.content.decode()
    question.refresh_from_db()
    assert (question.state, question.reason) == (State.DECLINED, "not_me")


@pytest.mark.parametrize(
    ("reason", "state"), [("", State.DECLINED), ("because of the state", State.OPEN)]
)
def test_a_reason_is_one_of_those_offered_or_none(
    client: Client, reason: str, state: FeedbackRequest.State
) -> None:
    question = asked()

    client.post(link(question, "decline"), {"reason": reason})

    question.refresh_from_db()
    assert (question.state, question.reason) == (state, "")


def test_declining_twice_or_after_answering_says_where_things_stand(client: Client) -> None:
    question = asked()
    client.post(link(question), {**page_of(question), "text": "Calm."})

    response = client.post(link(question, "decline"), {"reason": "not_me"}, follow=True)

    assert response.templates[0].name == "evidence/answer/receipt.html"
    assert verbs() == ["feedback.given"]


# --- Figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 5])
def test_the_page_takes_the_same_number_of_queries_for_one_and_five_requirements(
    client: Client, django_assert_num_queries: Any, number: int
) -> None:
    place = scene(lines=number)
    question = asked(place, on=place.lines)
    for _file in range(number):
        AttachmentFactory(revision=question.revision)
    client.get(link(question))

    with django_assert_num_queries(6):
        response = client.get(link(question))

    assert len(response.context["form"].own_fields()) == number
    assert len(response.context["attachments"]) == number


def test_who_is_signed_in_is_led_to_their_other_questions(client: Client) -> None:
    user = AccountFactory(language="en")
    first, second = asked(person=user), asked(person=user)
    asked(person=user, expired=True)
    asked()
    way = f'<a href="{reverse("home:home")}#asked">1 other question waits for an answer</a>'

    by_link = client.get(link(first)).text
    client.force_login(user)
    signed_in = client.get(link(first)).text
    thanked = client.post(link(first), {**page_of(first), "text": "Calm."}, follow=True).text
    last = client.get(link(second)).text

    assert [way in page for page in (by_link, signed_in, thanked, last)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_who_has_an_account_finds_the_questions_that_await_them() -> None:
    user = AccountFactory()
    waiting = asked(person=user)
    for traits in ({"expired": True}, {"answered": True}, {"declined": True}, {"withdrawn": True}):
        asked(person=user, **traits)
    asked()

    now = timezone.now()
    found = FeedbackRequest.objects.awaiting_answer(now).filter(person=user.pk)

    assert list(found) == [waiting]
