"""Answering and declining: what is said, by whom and when."""

from typing import Any

import pytest
from django.utils import timezone

from evidence.actions import feedback as actions
from evidence.models import Evidence, Feedback, FeedbackRequest, Remark
from people.access import NotAllowed
from post.models import OutboxMail
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import (
    RevisionFactory,
    said_in,
    withdraw,
)
from tests.evidence.scenes import asked, people_around, scene, verbs
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

State = FeedbackRequest.State


# --- What an answer says --------------------------------------------------------------------------


def test_an_answer_is_tied_to_the_question_and_to_what_the_giver_saw() -> None:
    question = asked()
    later = RevisionFactory(evidence=question.evidence)
    Evidence.objects.filter(pk=question.evidence.pk).update(current=later)
    now = timezone.now()

    feedback = actions.answer(question=question, text=" Calm and clear. ", at=now)

    feedback.refresh_from_db()
    assert said_in(feedback) == [("Calm and clear.", {None})]
    assert feedback.revision == question.revision != later
    assert (feedback.request, feedback.person, feedback.role, feedback.enrolment) == (
        question,
        question.person,
        question.role,
        question.enrolment,
    )
    assert (feedback.source, feedback.noted_by) == (Feedback.Source.WRITTEN, None)
    assert (feedback.recorded_at, feedback.given_on) == (now, timezone.localdate(now))
    question.refresh_from_db()
    assert (question.state, question.settled_at) == (State.ANSWERED, now)


def test_an_answer_tells_the_student_and_writes_an_event_with_ids_only() -> None:
    question = asked()

    feedback = actions.answer(question=question, text="Secret words")

    mail = OutboxMail.objects.get()
    assert (mail.template, mail.language) == ("evidence/given", None)
    assert (mail.to, mail.about) == (question.evidence.owner.pk, feedback.pk)
    event = Event.objects.get()
    assert (event.verb, event.by) == ("feedback.given", None)
    assert event.chain.key == question.evidence.chain
    assert event.statement["facts"] == {
        "feedback": str(feedback.pk),
        "evidence": str(question.evidence.pk),
        "person": str(question.person.pk),
        "revision": str(question.revision.pk),
        "files": [],
        "wordings": [],
    }


def test_one_text_is_said_of_each_requirement_that_was_tapped() -> None:
    question = asked()
    first, second = question.requirements.all()

    feedback = actions.answer(question=question, text="Good.", about=[first, second])

    assert said_in(feedback) == [("Good.", {first, second})]


def test_a_text_without_a_tap_is_about_the_whole() -> None:
    feedback = actions.answer(question=asked(), text="Good.")

    assert said_in(feedback) == [("Good.", {None})]


def test_the_whole_can_be_tapped_beside_a_requirement() -> None:
    question = asked()
    first = question.requirements.all()[0]

    feedback = actions.answer(question=question, text="Good.", about=[first], on_whole=True)

    assert said_in(feedback) == [("Good.", {first, None})]


def test_words_for_each_requirement_need_no_text() -> None:
    question = asked()
    first, second = question.requirements.all()

    feedback = actions.answer(question=question, own={first: " Neat. ", second: "  "})

    assert said_in(feedback) == [("Neat.", {first})]


def test_a_text_beside_words_for_requirements_is_about_the_whole() -> None:
    question = asked()
    first = question.requirements.all()[0]

    feedback = actions.answer(question=question, text="Good.", own={first: "Neat."})

    assert said_in(feedback) == [("Good.", {None}), ("Neat.", {first})]


def test_own_words_win_at_a_requirement_and_the_text_stands_at_the_others() -> None:
    question = asked()
    first, second = question.requirements.all()

    feedback = actions.answer(
        question=question, text="Good.", about=[first, second], own={first: "Neat."}
    )

    assert said_in(feedback) == [("Good.", {second}), ("Neat.", {first})]


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"text": " \n "},
        {"on_whole": True},
        {"tapped": True},
        {"own": "  "},
        {"own": "Neat.", "on_whole": True},
    ],
)
def test_an_answer_without_words_for_what_it_is_about_is_refused(nothing: dict[str, Any]) -> None:
    question = asked()
    first = question.requirements.all()[0]
    arguments = dict(nothing)
    if arguments.pop("tapped", False):
        arguments["about"] = [first]
    if "own" in arguments:
        arguments["own"] = {first: arguments["own"]}

    with pytest.raises(NotPossible):
        actions.answer(question=question, **arguments)

    question.refresh_from_db()
    assert (question.state, Feedback.objects.count()) == (State.OPEN, 0)


@pytest.mark.parametrize("way", ["about", "own"])
def test_only_what_was_asked_is_answered(way: str) -> None:
    place = scene()
    question = asked(place)
    other = place.lines[2]
    arguments = {"about": [other]} if way == "about" else {"own": {other: "Neat."}}

    with pytest.raises(NotPossible):
        actions.answer(question=question, text="Good.", **arguments)  # type: ignore[arg-type]  # of a table

    assert Remark.objects.count() == 0


# --- Who and when ---------------------------------------------------------------------------------

ACTIONS = {
    "answer": lambda question, by=None: actions.answer(question=question, text="Good.", by=by),
    "decline": lambda question, by=None: actions.decline(question=question, by=by),
}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("link", True),
        ("asked", True),
        ("owner", False),
        ("adviser", False),
        ("teacher", False),
        ("coordinator", False),
        ("teacher elsewhere", False),
        ("fellow student", False),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_who_may_answer_and_decline(action: str, who: str, may: bool) -> None:
    place = scene()
    by = people_around(place)[who]
    asked_person = AccountFactory() if who != "asked" else by
    question = asked(place, person=asked_person)

    if may:
        ACTIONS[action](question, by)
        assert [event.by for event in Event.objects.all()] == [by]
    else:
        with pytest.raises(NotAllowed):
            ACTIONS[action](question, by)


@pytest.mark.parametrize(
    ("traits", "may"),
    [
        ({}, True),
        ({"expired": True}, False),
        ({"answered": True}, False),
        ({"declined": True}, False),
        ({"withdrawn": True}, False),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_only_an_open_question_is_answered_or_declined(
    action: str, traits: dict[str, bool], may: bool
) -> None:
    question = asked(**traits)

    if may:
        ACTIONS[action](question)
    else:
        with pytest.raises(NotPossible):
            ACTIONS[action](question)

    assert Event.objects.count() == int(may)


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_answers_about_a_withdrawn_piece(action: str) -> None:
    question = asked()
    withdraw(question.evidence)

    with pytest.raises(NotPossible):
        ACTIONS[action](FeedbackRequest.objects.get())


def test_declining_tells_the_student_why() -> None:
    question = asked()

    actions.decline(question=question, reason=FeedbackRequest.Reason.NOT_SEEN)

    question.refresh_from_db()
    assert (question.state, question.reason) == (State.DECLINED, "not_seen")
    assert [mail.template for mail in OutboxMail.objects.all()] == ["evidence/declined"]
    assert verbs() == ["feedback.declined"]
