"""Answering and declining by the link of a mail."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from evidence.actions import feedback as actions
from evidence.models import Attachment, Evidence, Feedback, FeedbackRequest, Remark
from files.preparing import prepare_waiting
from people.access import NotAllowed
from people.actions import change_address, confirm_address, rename
from people.drafts import keep
from people.models import Draft, Person
from post.models import OutboxMail
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import (
    AttachmentFactory,
    FeedbackRequestFactory,
    GiverFactory,
    RevisionFactory,
    attach,
    said_in,
    withdraw,
)
from tests.evidence.scenes import Scene, everything, people_around, scene, verbs
from tests.factories import AccountFactory, RequirementFactory

pytestmark = pytest.mark.django_db

State = FeedbackRequest.State
WORDS = "She stayed calm when"


def asked(place: Scene | None = None, **kwargs: Any) -> FeedbackRequest:
    place = place or scene()
    kwargs = {"language": "en", "on": place.lines[:2], **kwargs}
    return FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece, **kwargs)


def link(question: FeedbackRequest, name: str = "answer", *args: object) -> str:
    return reverse(f"evidence:{name}", args=[question.token, *args])


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
        actions.answer(question=question, text="Good.", **arguments)  # type: ignore[arg-type]

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


# --- The page -------------------------------------------------------------------------------------


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

    assert everything() == before


def test_sending_gives_feedback_and_shows_the_receipt_at_the_same_link(client: Client) -> None:
    question = asked()
    first, second = question.requirements.all()

    sent = client.post(
        link(question), {"text": "Calm.", "about": [str(first.pk)], f"on_{second.pk}": "Neat."}
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

    client.post(link(question), {"text": "Calm.", "about": ["whole"]})

    assert said_in(question.feedback) == [("Calm.", {None})]


def test_who_is_signed_in_as_who_was_asked_answers_in_their_own_name(client: Client) -> None:
    user = AccountFactory()
    question = asked(person=user)
    client.force_login(user)

    client.post(link(question), {"text": "Calm."})

    assert [event.by for event in Event.objects.all()] == [user]


def test_somebody_else_who_is_signed_in_answers_as_who_holds_the_link(client: Client) -> None:
    question = asked()
    client.force_login(AccountFactory())

    client.post(link(question), {"text": "Calm."})

    assert [(event.verb, event.by) for event in Event.objects.all()] == [("feedback.given", None)]
    assert question.feedback.person == question.person


def test_sending_twice_gives_one_feedback_and_a_receipt(client: Client) -> None:
    question = asked()

    first = client.post(link(question), {"text": "Calm."})
    second = client.post(link(question), {"text": "Calm."}, follow=True)

    assert first.status_code == 302
    assert second.status_code == 200
    assert second.templates[0].name == "evidence/answer/receipt.html"
    assert said_in(Feedback.objects.get()) == [("Calm.", {None})]
    assert verbs() == ["feedback.given"]


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

    def send(text: str) -> tuple[int, bool]:
        """The status, and whether the form is there still."""
        try:
            together.wait()
            page = Client().post(link(question), {"text": text}, follow=True)
            return page.status_code, 'name="text"' in page.content.decode()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        shown = list(threads.map(send, ["One.", "Two."]))

    assert shown == [(200, False)] * 2
    assert Feedback.objects.count() == 1
    assert verbs() == ["feedback.given"]


def test_an_empty_answer_is_refused_with_everything_kept(client: Client) -> None:
    place = scene()
    question = asked(place)

    response = client.post(link(question), {"text": "  ", "about": [str(place.lines[1].pk)]})

    assert response.status_code == 422
    form = response.context["form"]
    assert form.errors == {"text": ["Write in a few words what you saw or heard."]}
    assert [choice.data["selected"] for choice in form["about"].subwidgets] == [False, True, False]
    assert Feedback.objects.count() == 0


def test_a_text_that_is_too_long_is_refused_with_everything_kept(client: Client) -> None:
    question = asked()
    first = question.requirements.all()[0]
    long = "x" * 20_001

    response = client.post(link(question), {"text": "Calm.", f"on_{first.pk}": long})

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

    response = client.post(link(question), {"text": "Calm.", **added})

    assert response.status_code == 422
    assert Feedback.objects.count() == 0


def two_names_at_one_mailbox() -> tuple[Scene, FeedbackRequest]:
    """Jan was asked there by one student, and now Petra by another."""
    place = scene()
    GiverFactory(name="Jan Baas", address="info@shop.example")
    petra = GiverFactory(name="Petra Klein", address="info@shop.example")
    return place, asked(place, person=petra)


@pytest.mark.parametrize(
    ("chosen", "spoke_as"),
    [
        ({"who": "0"}, "Petra Klein"),
        ({"who": "1"}, "Jan Baas"),
        ({"who": "other", "name": " Ad  Smit "}, "Ad Smit"),
        ({"who": "other", "name": "jan baas"}, "jan baas"),
    ],
)
def test_of_several_names_at_a_mailbox_who_speaks_chooses_theirs(
    client: Client, chosen: dict[str, str], spoke_as: str
) -> None:
    _place, question = two_names_at_one_mailbox()

    unsaid = client.post(link(question), {"text": "Calm."})
    unnamed = client.post(link(question), {"text": "Calm.", "who": "other"})
    client.post(link(question), {"text": "Calm.", **chosen})

    assert (unsaid.status_code, [*unsaid.context["form"].errors]) == (422, ["who"])
    assert (unnamed.status_code, [*unnamed.context["form"].errors]) == (422, ["name"])
    feedback = question.feedback
    assert feedback.spoke_as == feedback.person.name == spoke_as
    assert feedback.person.named_at is not None
    assert (feedback.person == question.person) is (spoke_as == "Petra Klein")
    assert Person.objects.filter(name__iexact=spoke_as).count() == 1


def test_who_chooses_the_name_that_was_asked_is_who_was_asked(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()
    rename(person=question.person, name="Petra de Wit-Klein", by=None)
    before = Person.objects.count()

    client.post(link(question), {"text": "Calm.", "who": "0"})

    assert question.feedback.person == question.person
    assert Person.objects.count() == before


def test_who_was_known_there_before_is_nobody_to_speak_as(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()
    jan = Person.objects.get(name="Jan Baas")
    change_address(person=jan, address="jan@home.example", by=None)

    client.post(link(question), {"text": "Calm.", "name": "Jan Baas"})

    assert question.feedback.person not in (jan, question.person)
    assert question.feedback.spoke_as == "Jan Baas"


def test_the_names_at_a_mailbox_are_for_who_holds_the_link_alone(client: Client) -> None:
    place, question = two_names_at_one_mailbox()

    page = client.get(link(question)).content.decode()
    client.post(link(question), {"text": "Calm.", "who": "0"})
    client.force_login(place.student)
    shown = client.get(reverse("evidence:detail", args=[place.piece.pk])).content.decode()

    assert "Jan Baas" in page
    assert "Jan Baas" not in shown
    assert "Petra Klein" in shown


def test_a_name_and_a_role_are_put_right_where_one_answers(client: Client) -> None:
    question = asked(scene(), person__name="P. Klien")

    page = client.get(link(question))
    client.post(link(question), {"text": "Calm.", "name": "Petra Klein", "role": "supervisor"})

    assert "who" not in page.context["form"].fields
    feedback = question.feedback
    assert (feedback.spoke_as, feedback.role) == ("Petra Klein", "supervisor")
    assert (question.asked_as, question.role) == ("P. Klien", "client")
    assert feedback.person.name == "Petra Klein"


def test_who_has_an_account_goes_by_its_name_alone(client: Client) -> None:
    question = asked(scene(), person=AccountFactory(name="Tess Teacher"), asked_as="T.")

    page = client.get(link(question))
    client.post(link(question), {"text": "Calm.", "name": "Somebody else"})

    assert {"who", "name"}.isdisjoint(page.context["form"].fields)
    assert question.feedback.spoke_as == "Tess Teacher"


def test_nobody_answers_as_the_maker_of_the_piece(client: Client) -> None:
    place = scene()
    giver = GiverFactory(address="noor@school.example")
    change = change_address(
        person=place.student.person, address="noor@school.example", by=place.student
    )
    confirm_address(address=change, by=place.student)
    question = asked(place, person=giver)

    response = client.post(link(question), {"text": "Calm.", "who": "1"})

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

    client.post(link(question), {"text": "Calm.", **added})

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
    client.post(link(question), {"text": "Calm."})

    response = client.post(link(question, "decline"), {"reason": "not_me"}, follow=True)

    assert response.templates[0].name == "evidence/answer/receipt.html"
    assert verbs() == ["feedback.given"]


# --- Links that open nothing ----------------------------------------------------------------------


def flipped(token: str, place: int) -> str:
    return token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_a_link_is_unguessable(client: Client) -> None:
    question = asked()
    another = asked()
    token = question.token
    wrong = [
        *(flipped(token, place) for place in range(len(token))),
        token[:22] + another.token[22:],
        token[:-1],
        token[:20],
        token + "A",
        str(question.pk),
        "é" * len(token),
        "x",
    ]

    found = {
        token: client.get(reverse("evidence:answer", args=[token])).status_code
        for token in [token, *wrong]
    }

    assert found == {token: 200} | dict.fromkeys(wrong, 404)


def test_a_wrong_link_has_a_page_that_says_what_to_do(client: Client) -> None:
    question = asked()

    for method in (client.get, client.post):
        response = method(reverse("evidence:answer", args=[question.token[:-1]]))
        assert response.status_code == 404
        assert response.templates[0].name == "evidence/answer/unknown.html"


CLOSED = [
    ({"expired": True}, "expired", 410),
    ({"declined": True}, "declined", 200),
    ({"evidence__withdrawn": True}, "withdrawn", 410),
]


@pytest.mark.parametrize(("traits", "name", "status"), CLOSED)
def test_a_closed_link_says_why_and_shows_no_piece(
    client: Client, traits: dict[str, Any], name: str, status: int
) -> None:
    question = FeedbackRequestFactory(
        evidence__revision__title="The open day", message="Private", **traits
    )

    response = client.get(link(question))

    assert response.status_code == status
    assert response.templates[0].name == f"evidence/answer/{name}.html"
    page = response.content.decode()
    assert [text for text in ("The open day", "Private") if text in page] == []


@pytest.mark.parametrize(
    ("traits", "kept"), [({"expired": True}, [WORDS]), ({"declined": True}, [])]
)
def test_a_draft_is_there_to_copy_once_the_link_has_expired(
    client: Client, traits: dict[str, bool], kept: list[str]
) -> None:
    question = asked(**traits)
    keep(f"answer:{question.pk}:{question.serial}", {"text": [WORDS], "about": ["whole"]})
    keep(f"answer:{question.pk}:{question.serial + 1}", {"text": ["By another link."]})

    assert client.get(link(question)).context["kept"] == kept


def test_declining_forgets_the_draft_and_sending_one_to_a_closed_link_keeps_nothing(
    client: Client,
) -> None:
    question = asked()
    draft = link(question, "answer_draft")
    client.post(draft, {"text": WORDS})
    before = Draft.objects.count()

    client.post(link(question, "decline"))
    late = client.post(draft, {"text": WORDS})

    assert (before, late.status_code, Draft.objects.count()) == (1, 404, 0)


@pytest.mark.parametrize(("traits", "name", "status"), CLOSED)
def test_what_was_typed_while_the_link_closed_is_kept_on_the_page(
    client: Client, traits: dict[str, Any], name: str, status: int
) -> None:
    question = FeedbackRequestFactory(**traits)

    response = client.post(link(question), {"text": "Calm.", "on_x": "Neat.", "on_y": " "})

    assert response.status_code == status
    assert response.context["kept"] == ["Calm.", "Neat."]
    assert "Neat." in response.content.decode()
    assert Feedback.objects.count() == 0


def test_a_withdrawn_question_says_so_and_names_nobody(client: Client) -> None:
    question = asked()
    url = link(question)
    actions.withdraw_request(question=question, by=question.evidence.owner)

    response = client.get(url)

    assert response.status_code == 410
    assert response.templates[0].name == "evidence/answer/withdrawn.html"
    page = response.content.decode()
    assert [n for n in (question.evidence.owner.name, question.person.name) if n in page] == []
    assert client.post(url, {"text": "Calm."}).context["kept"] == ["Calm."]
    assert client.post(link(question, "decline"), {"reason": ""}).status_code == 302
    assert Feedback.objects.count() == 0


def test_a_receipt_shows_what_was_sent_until_the_link_expires(client: Client) -> None:
    now = timezone.now()
    for expires_at, is_shown in ((now + timedelta(days=1), True), (now, False)):
        question = asked(expires_at=expires_at)
        actions.answer(question=question, text="Calm.", at=now - timedelta(days=1))

        response = client.get(link(question))

        assert response.templates[0].name == "evidence/answer/receipt.html"
        assert ("Calm." in response.content.decode()) == is_shown


# --- Files ----------------------------------------------------------------------------------------


def text_file(question: FeedbackRequest) -> Attachment:
    file = attach(question.evidence, b"what was agreed\n")
    return Attachment.objects.get(file=file)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_the_files_of_the_piece_open_from_the_link(client: Client) -> None:
    question = asked()
    attachment = text_file(question)
    url = link(question, "answer_file", attachment.pk)

    assert url in client.get(link(question)).content.decode()
    response = client.get(url)

    assert content(response) == b"what was agreed\n"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")


def test_a_photo_is_shown_as_it_was_cleaned(client: Client) -> None:
    question = asked()
    photo = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(photo, "JPEG", comment=b"where it was")
    file = attach(question.evidence, photo.getvalue(), "desk.jpg")
    url = link(question, "answer_file", Attachment.objects.get(file=file).pk)

    assert (client.get(url).status_code, client.get(link(question)).status_code) == (409, 200)
    assert prepare_waiting() == 1

    shown = content(client.get(url))
    with Image.open(io.BytesIO(shown)) as image:
        assert (image.size, b"where it was" in shown) == ((40, 30), False)


def other_revision(question: FeedbackRequest, attachment: Attachment) -> str:
    other = AttachmentFactory(revision=RevisionFactory(evidence=question.evidence))
    return link(question, "answer_file", other.pk)


def other_piece(question: FeedbackRequest, attachment: Attachment) -> str:
    return link(question, "answer_file", AttachmentFactory().pk)


def forged(question: FeedbackRequest, attachment: Attachment) -> str:
    return reverse("evidence:answer_file", args=[flipped(question.token, 30), attachment.pk])


def expired(question: FeedbackRequest, attachment: Attachment) -> str:
    FeedbackRequest.objects.update(expires_at=timezone.now())
    return link(question, "answer_file", attachment.pk)


def answered(question: FeedbackRequest, attachment: Attachment) -> str:
    actions.answer(question=question, text="Calm.")
    return link(question, "answer_file", attachment.pk)


def withdrawn(question: FeedbackRequest, attachment: Attachment) -> str:
    url = link(question, "answer_file", attachment.pk)
    actions.withdraw_request(question=question, by=question.evidence.owner)
    return url


@pytest.mark.parametrize(
    "made", [other_revision, other_piece, forged, expired, answered, withdrawn]
)
def test_no_other_file_opens_and_none_from_a_closed_link(client: Client, made: Any) -> None:
    question = asked()
    attachment = text_file(question)
    assert content(client.get(link(question, "answer_file", attachment.pk))) == b"what was agreed\n"

    assert client.get(made(question, attachment)).status_code == 404


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


def test_who_has_an_account_finds_the_questions_that_await_them() -> None:
    user = AccountFactory()
    waiting = asked(person=user)
    for traits in ({"expired": True}, {"answered": True}, {"declined": True}, {"withdrawn": True}):
        asked(person=user, **traits)
    asked()

    now = timezone.now()
    found = FeedbackRequest.objects.awaiting_answer(now).filter(person=user.pk)

    assert list(found) == [waiting]
