"""Noting what was said, and confirming it by the link of a mail."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from evidence.actions import feedback as actions
from evidence.models import Confirmation, Evidence, Feedback, GiverRole
from people.access import NotAllowed
from people.actions import change_address, confirm_address
from portfolio.models import Acknowledgement
from post.models import OutboxMail
from post.outbox import BUILDERS
from post.recipients import recipient
from records.models import Event
from records.refusals import NotPossible
from records.verification import verify
from tests.evidence.factories import (
    FeedbackFactory,
    GiverFactory,
    confirm,
    said_in,
    withdraw,
)
from tests.evidence.scenes import Scene, everything, people_around, scene, verbs
from tests.evidence.scenes import client as somebody
from tests.factories import AccountFactory, EnrolmentFactory, RequirementFactory
from tests.portfolio.factories import AcknowledgementFactory
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


def note(place: Scene, **kwargs: Any) -> Feedback:
    arguments = {
        "evidence": place.piece,
        "enrolment": place.enrolment,
        "speaker": somebody(),
        "given_on": timezone.localdate(),
        "place": "In the shop",
        "text": "You kept calm.",
        "requirements": place.lines[:1],
        "by": place.student,
        **kwargs,
    }
    return actions.note(**arguments)


def noted(place: Scene | None = None, **kwargs: Any) -> Feedback:
    place = place or scene()
    now = timezone.now()
    kwargs = {"remarks": {None: ""}, "recorded_at": now, **kwargs}
    return FeedbackFactory(enrolment=place.enrolment, evidence=place.piece, noted=True, **kwargs)


def link(feedback: Feedback) -> str:
    return reverse("evidence:confirm", args=[feedback.confirmation_token])


# --- Noting ---------------------------------------------------------------------------------------


def test_a_note_says_who_said_what_when_and_where_and_who_noted_it() -> None:
    place = scene()
    now = timezone.now()
    day = timezone.localdate(now) - timedelta(days=2)

    feedback = note(place, given_on=day, text=" You kept calm. ", at=now)

    feedback.refresh_from_db()
    assert (feedback.source, feedback.noted_by) == (Feedback.Source.NOTED, place.student.person)
    assert (feedback.place, feedback.given_on) == ("In the shop", day)
    assert (feedback.spoke_as, feedback.role) == ("Cor Client", GiverRole.CLIENT)
    assert str(feedback.person.address()) == "client@shop.example"
    assert (feedback.revision, feedback.recorded_at) == (place.piece.current, now)
    assert said_in(feedback) == [("You kept calm.", {place.lines[0]})]
    assert feedback.confirmed is None


def test_the_speaker_is_asked_to_confirm_and_the_event_holds_ids_only() -> None:
    place = scene()

    feedback = note(place)

    mail = OutboxMail.objects.get()
    assert (mail.template, mail.language) == ("evidence/confirmation", "en")
    assert (mail.to, mail.about) == (feedback.person.pk, feedback.pk)
    person = recipient(mail.to)
    assert person is not None
    assert person.address == "client@shop.example"
    event = Event.objects.get(verb="feedback.noted")
    assert (event.verb, event.by) == ("feedback.noted", place.student)
    assert event.chain.key == place.piece.chain
    assert event.statement["facts"] == {
        "feedback": str(feedback.pk),
        "evidence": str(place.piece.pk),
        "person": str(feedback.person.pk),
        "revision": str(place.piece.current.pk),  # type: ignore[union-attr]  # it has one
    }


def test_a_note_can_be_about_the_whole() -> None:
    place = scene()

    feedback = note(place, requirements=place.lines[:1], on_whole=True)
    only = note(place, requirements=[])

    assert said_in(feedback) == [("You kept calm.", {None, place.lines[0]})]
    assert said_in(only) == [("You kept calm.", {None})]


def test_what_a_teacher_notes_of_their_own_words_is_confirmed_by_it() -> None:
    place = scene()
    adviser = place.enrolment.adviser
    assert adviser is not None

    feedback = note(place, speaker=somebody(adviser.account.sign_in), by=adviser)

    assert Feedback.objects.get().confirmed is True
    assert feedback.person.account == adviser.account
    assert verbs() == ["feedback.noted", "feedback.confirmed"]
    assert OutboxMail.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "  "},
        {"given_on": timezone.localdate() + timedelta(days=2)},
    ],
)
def test_a_note_needs_words_and_a_day_that_was(wrong: dict[str, Any]) -> None:
    place = scene()

    with pytest.raises(NotPossible):
        note(place, **wrong)

    assert Feedback.objects.count() == 0


def test_nobody_is_noted_about_their_own_piece() -> None:
    place = scene()
    adviser = place.enrolment.adviser

    for by in (place.student, adviser):
        with pytest.raises(NotPossible):
            note(place, speaker=somebody(place.student.sign_in), by=by)


def test_a_note_is_about_what_the_piece_shows_in_this_programme() -> None:
    place = scene(lines=6)
    other = RequirementFactory(under=place.lines[0].places.get().work_process)

    for wrong in (
        {"requirements": [other]},
        {"requirements": place.lines},
        {"enrolment": EnrolmentFactory(student=place.student)},
    ):
        with pytest.raises(NotPossible):
            note(place, **wrong)


def test_nothing_is_noted_about_a_withdrawn_piece() -> None:
    place = scene()
    withdraw(place.piece)

    with pytest.raises(NotPossible):
        note(place)


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", True),
        ("adviser", True),
        ("teacher", True),
        ("coordinator", False),
        ("teacher elsewhere", False),
        ("fellow student", False),
        ("asked", False),
    ],
)
def test_who_may_note(who: str, may: bool) -> None:
    place = scene()
    by = people_around(place)[who]

    if may:
        assert note(place, by=by).noted_by_id == by.pk
    else:
        with pytest.raises(NotAllowed):
            note(place, by=by)


# --- The page to note -----------------------------------------------------------------------------


def form(place: Scene, /, **kwargs: Any) -> dict[str, Any]:
    return {
        "text": "You kept calm.",
        "requirements": [f"{place.enrolment.pk}/{place.lines[0].pk}"],
        "given_on": "2026-10-01",
        "place": "In the shop",
        "known": "",
        "person-name": "Cor Client",
        "person-address": "cor@shop.example",
        "person-role": "client",
        "person-language": "en",
        **kwargs,
    }


def test_the_page_notes_a_new_person(client: Client) -> None:
    place = scene()
    client.force_login(place.student)

    response = client.post(reverse("evidence:note", args=[place.piece.pk]), form(place))

    assert response["Location"] == reverse("evidence:detail", args=[place.piece.pk]) + "#feedback"
    feedback = Feedback.objects.get()
    assert (feedback.person.name, feedback.role) == ("Cor Client", GiverRole.CLIENT)
    assert str(feedback.given_on) == "2026-10-01"
    assert said_in(feedback) == [("You kept calm.", {place.lines[0]})]


def test_what_was_noted_of_a_piece_withdrawn_meanwhile_comes_back_with_the_refusal(
    client: Client,
) -> None:
    place = scene()
    client.force_login(place.student)
    withdraw(place.piece)

    response = client.post(reverse("evidence:note", args=[place.piece.pk]), form(place))

    assert response.status_code == 422
    page = response.content.decode()
    assert ("You kept calm." in page, "was withdrawn" in page) == (True, True)


def test_the_page_notes_somebody_who_is_known_about_the_whole(client: Client) -> None:
    place = scene()
    adviser = place.enrolment.adviser
    assert adviser is not None
    client.force_login(place.student)
    whole = [f"{place.enrolment.pk}/whole"]
    nobody = {"person-name": "", "person-address": "", "person-role": ""}

    client.post(
        reverse("evidence:note", args=[place.piece.pk]),
        form(place, known=str(adviser.pk), requirements=whole, **nobody),
    )

    feedback = Feedback.objects.get()
    assert (feedback.person.account, feedback.role) == (adviser.account, GiverRole.TEACHER)
    assert said_in(feedback) == [("You kept calm.", {None})]


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"text": " "}, {"text"}),
        ({"given_on": "soon"}, {"given_on"}),
        ({"place": ""}, {"place"}),
        ({"requirements": []}, {"requirements"}),
        ({"requirements": ["whole"]}, {"requirements"}),
        ({"known": "somebody"}, {"known"}),
        ({"person-address": "nowhere"}, {"__all__"}),
        ({"given_on": "2100-01-01"}, {"__all__"}),
    ],
)
def test_a_bad_note_is_refused_with_everything_kept(
    client: Client, wrong: dict[str, Any], fields: set[str]
) -> None:
    place = scene()
    client.force_login(place.student)

    response = client.post(reverse("evidence:note", args=[place.piece.pk]), form(place, **wrong))

    assert response.status_code == 422
    assert set(response.context["form"].errors) == fields
    assert 'value="Cor Client"' in response.content.decode()
    assert Feedback.objects.count() == 0


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("adviser", 200), ("teacher", 200), ("fellow student", 404)],
)
def test_who_gets_the_page_to_note(client: Client, who: str, status: int) -> None:
    place = scene()
    person = people_around(place)[who]
    assert person is not None
    client.force_login(person)

    assert client.get(reverse("evidence:note", args=[place.piece.pk])).status_code == status


# --- Confirming -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "verb"), [(True, "confirmed"), (False, "denied")])
def test_the_speakers_word_stands_beside_the_note(said: bool, verb: str) -> None:
    feedback = noted()
    now = timezone.now()

    actions.confirm(feedback=feedback, confirmed=said, at=now)

    word = Confirmation.objects.get()
    assert (word.feedback, word.confirmed, word.recorded_at) == (feedback, said, now)
    assert Feedback.objects.get().confirmed is said
    assert verbs() == [f"feedback.{verb}"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_the_word_on_a_note_is_given_once(first: bool, second: bool) -> None:
    feedback = noted()
    actions.confirm(feedback=feedback, confirmed=first)

    with pytest.raises(NotPossible):
        actions.confirm(feedback=feedback, confirmed=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        Confirmation.objects.create(feedback=feedback, confirmed=second)

    assert [word.confirmed for word in Confirmation.objects.all()] == [first]


def test_a_word_on_a_note_that_was_put_right_is_no_word_on_the_note() -> None:
    feedback = noted()
    actions.confirm(feedback=feedback, confirmed=True, name="Somebody Else")

    with pytest.raises(NotPossible):
        actions.confirm(feedback=feedback, confirmed=False)

    word = Confirmation.objects.get()
    assert (word.confirmed, word.feedback.replaces) == (True, feedback)


def test_written_feedback_has_no_confirmation_link() -> None:
    feedback = FeedbackFactory()

    assert Feedback.objects.from_token(feedback.confirmation_token) is None


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("link", True),
        ("asked", True),
        ("owner", False),
        ("adviser", False),
        ("teacher", False),
        ("coordinator", False),
        ("fellow student", False),
    ],
)
def test_who_may_confirm(who: str, may: bool) -> None:
    place = scene()
    by = people_around(place)[who]
    giver = by.person if who == "asked" and by else AccountFactory()
    feedback = noted(place, person=giver)

    if may:
        actions.confirm(feedback=feedback, confirmed=True, by=by)
        assert [event.by for event in Event.objects.all()] == [by]
    else:
        with pytest.raises(NotAllowed):
            actions.confirm(feedback=feedback, confirmed=True, by=by)


def too_late() -> Feedback:
    return noted(recorded_at=timezone.now() - Feedback.CONFIRM_WITHIN)


def of_a_withdrawn_piece() -> Feedback:
    feedback = noted()
    withdraw(Evidence.objects.get())
    return Feedback.objects.get(pk=feedback.pk)


@pytest.mark.parametrize("made", [too_late, of_a_withdrawn_piece])
def test_a_note_is_confirmed_within_its_time(client: Client, made: Any) -> None:
    feedback = made()

    with pytest.raises(NotPossible):
        actions.confirm(feedback=feedback, confirmed=True)
    response = client.get(link(feedback))
    posted = client.post(link(feedback), {"confirmed": "yes"}, follow=True)

    assert (response.status_code, posted.status_code) == (410, 410)
    assert feedback.remarks.get().text not in response.content.decode()
    assert Confirmation.objects.count() == 0


def test_the_page_shows_what_was_noted_and_by_whom(client: Client) -> None:
    place = scene()
    feedback = noted(place, remarks={place.lines[0]: ""}, text="You kept calm.")

    response = client.get(link(feedback))

    assert response.status_code == 200
    page = response.content.decode()
    shown = [
        "You kept calm.",
        place.lines[0].words,
        place.student.name,
        feedback.person.name,
        str(place.enrolment.programme),
        feedback.place,
    ]
    assert [text for text in shown if text not in page] == []


@pytest.mark.parametrize(("word", "said"), [("yes", True), ("no", False)])
def test_one_tap_confirms_or_denies_and_the_link_says_so_afterwards(
    client: Client, word: str, said: bool
) -> None:
    feedback = noted()

    sent = client.post(link(feedback), {"confirmed": word})
    again = client.post(link(feedback), {"confirmed": "no" if said else "yes"}, follow=True)

    assert (sent.status_code, sent["Location"]) == (302, link(feedback))
    assert again.status_code == 200
    assert again.context["row"].confirmed is said
    assert '<button class="button primary"' not in again.content.decode()
    assert Feedback.objects.get().confirmed is said
    assert Event.objects.count() == 1


def test_a_post_without_a_word_changes_nothing(client: Client) -> None:
    feedback = noted()
    before = everything()

    for data in ({}, {"confirmed": "maybe"}, {"confirmed": ""}):
        assert client.post(link(feedback), data).status_code == 422

    assert everything() == before


def test_reading_changes_nothing(client: Client) -> None:
    feedback = noted()
    before = everything()

    statuses = [client.get(link(feedback)).status_code, client.head(link(feedback)).status_code]

    assert (statuses, everything()) == ([200, 200], before)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_to_confirm_speaks_the_language_of_its_mail_also_after_the_answer(
    client: Client, language: str
) -> None:
    feedback = noted()
    with translation.override(language):
        content = BUILDERS["evidence/confirmation"](OutboxMail(about=feedback.pk))
    assert content is not None
    path = content.context["link"].removeprefix(settings.BASE_URL)
    other = {"accept-language": "en" if language == "nl" else "nl"}

    pages = [
        client.get(path, headers=other),
        client.post(path, {"confirmed": "yes"}, headers=other, follow=True),
    ]

    assert [f'<html lang="{language}">' in page.content.decode() for page in pages] == [True, True]


def test_a_link_to_confirm_is_unguessable(client: Client) -> None:
    feedback, another = noted(), noted()
    token = feedback.confirmation_token
    wrong = [
        token[:22] + another.confirmation_token[22:],
        token[:-1],
        token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
        "x",
    ]

    found = {
        each: client.get(reverse("evidence:confirm", args=[each])).status_code
        for each in [token, *wrong]
    }

    assert found == {token: 200} | dict.fromkeys(wrong, 404)


def test_the_link_to_answer_does_not_confirm_and_the_other_way_round(client: Client) -> None:
    feedback = FeedbackFactory(noted=True, asked=True, recorded_at=timezone.now())
    assert feedback.request is not None

    crossed = [
        reverse("evidence:confirm", args=[feedback.request.token]),
        reverse("evidence:answer", args=[feedback.confirmation_token]),
    ]

    assert [client.get(url).status_code for url in crossed] == [404, 404]


@pytest.mark.parametrize(
    ("right", "spoke_as", "role"),
    [
        ({"name": "Petra de Wit"}, "Petra de Wit", "client"),
        ({"role": "supervisor"}, "P. Wit", "supervisor"),
        ({"name": " Petra  de Wit ", "role": "teacher"}, "Petra de Wit", "teacher"),
    ],
)
def test_who_confirms_puts_their_name_and_role_right(
    client: Client, right: dict[str, str], spoke_as: str, role: str
) -> None:
    place = scene()
    feedback = noted(place, person__name="P. Wit", remarks={None: "", place.lines[0]: "Neat."})

    sent = client.post(link(feedback), {"confirmed": "yes", **right})
    page = client.get(link(feedback))

    [counts] = Feedback.objects.current()
    assert (sent.status_code, page.status_code, page.context["row"]) == (302, 200, counts)
    assert (counts.replaces, counts.confirmed) == (feedback, True)
    assert (counts.spoke_as, counts.role) == (spoke_as, role)
    assert (counts.given_on, counts.place, counts.noted_by_id, counts.revision_id) == (
        feedback.given_on,
        feedback.place,
        feedback.noted_by_id,
        feedback.revision_id,
    )
    said = [
        [(each.text, each.on_whole, {*each.requirements.all()}) for each in row.remarks.all()]
        for row in (feedback, counts)
    ]
    assert said[0] == said[1]
    feedback.refresh_from_db()
    assert (feedback.spoke_as, feedback.role, feedback.confirmed) == ("P. Wit", "client", None)
    assert [verb for verb in verbs() if verb.startswith("feedback.")] == [
        "feedback.put_right",
        "feedback.confirmed",
    ]


def test_what_is_right_is_confirmed_as_it_stands(client: Client) -> None:
    feedback = noted(person__name="Petra de Wit")

    client.post(link(feedback), {"confirmed": "yes", "name": "", "role": feedback.role})

    assert [*Feedback.objects.all()] == [feedback]


def test_what_is_denied_is_put_right_in_nothing(client: Client) -> None:
    feedback = noted()

    client.post(link(feedback), {"confirmed": "no", "name": "Ad Smit", "role": "teacher"})

    [row] = Feedback.objects.all()
    assert (row.confirmed, row.spoke_as, row.role) == (False, feedback.spoke_as, "client")


def test_nobody_confirms_under_the_name_of_the_maker(client: Client) -> None:
    place = scene()
    giver = GiverFactory(name="P. Wit", address="noor@school.example")
    change = change_address(
        person=place.student.person, address="noor@school.example", by=place.student
    )
    confirm_address(address=change, by=place.student)
    feedback = noted(place, person=giver)

    page = client.post(link(feedback), {"confirmed": "yes", "name": place.student.name})

    assert (page.status_code, [*page.context["form"].errors]) == (422, ["name"])
    assert Feedback.objects.get().confirmed is None


@pytest.mark.parametrize("number", [1, 5])
def test_the_page_to_confirm_takes_the_same_number_of_queries(
    client: Client, django_assert_num_queries: Any, number: int
) -> None:
    place = scene(lines=number)
    feedback = noted(place, remarks=dict.fromkeys(place.lines, ""))

    url = link(feedback)
    with django_assert_num_queries(5):
        response = client.get(url)

    assert len(response.context["remarks"][0]["about"]) == number


def test_own_words_stand_under_the_own_name_whatever_was_typed() -> None:
    place = scene()
    adviser = people_around(place)["adviser"]
    assert adviser is not None

    feedback = note(place, speaker=somebody(adviser.sign_in, "Jan Baas"), by=adviser)

    assert (feedback.spoke_as, feedback.person_id) == (adviser.name, adviser.pk)


@pytest.mark.parametrize("has_account", [False, True])
def test_a_link_to_confirm_opens_nothing_once_mail_goes_elsewhere(
    client: Client, has_account: bool
) -> None:
    place = scene()
    speaker = AccountFactory().person if has_account else GiverFactory()
    feedback, said = noted(place, person=speaker), noted(place, person=speaker)
    actions.confirm(feedback=said, confirmed=True)
    old = link(feedback)
    OutboxMail.objects.all().delete()

    by = getattr(speaker, "account", None)
    row = change_address(person=speaker, address="new@shop.example", by=by)
    if has_account:
        assert client.get(old).status_code == 200
        confirm_address(address=row, by=by)

    replaced = client.get(old, {"language": "en"})
    assert [replaced.status_code, client.get(link(feedback)).status_code] == [410, 200]
    assert "This link was replaced" in replaced.text
    assert feedback.evidence.current.title not in replaced.text
    mails = OutboxMail.objects.filter(template="evidence/confirmation")
    assert [(mail.about, mail.to) for mail in mails] == [(feedback.pk, speaker.pk)]


@pytest.mark.tampers
@pytest.mark.parametrize("part", [Confirmation, Acknowledgement])
def test_a_second_word_where_one_is_given_is_named(part: type[Model]) -> None:
    """Who has the database takes away what keeps there from being two; any reader reads one."""
    if part is Confirmation:
        word: Model = confirm(FeedbackFactory())
    else:
        word = AcknowledgementFactory()
    record_what_was_made()
    assert verify().faults == []
    table = part._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
        cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM {table}_before")
        owner = f"{word.whole._meta.label_lower}:{word.whole.pk}"  # type: ignore[attr-defined]
        word.pk = uuid4()
        word.save(force_insert=True)
        found = verify().faults
        transaction.set_rollback(True)

    assert f"{owner}: has more than one {part._meta.label_lower}" in found
