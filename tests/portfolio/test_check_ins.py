"""Check-ins: held by the adviser, read and answered by the student, with agreements."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from people.access import NotAllowed
from people.models import Account
from portfolio import actions
from portfolio.models import Acknowledgement, CheckIn
from post.models import OutboxMail
from post.outbox import send_due
from records.models import Event
from records.refusals import NotPossible
from tests.factories import set_rules
from tests.portfolio.factories import (
    AcknowledgementFactory,
    AgreementFactory,
    CheckInFactory,
    Scene,
    people_around,
    scene,
)

pytestmark = pytest.mark.django_db


def hold(place: Scene, **kwargs: Any) -> CheckIn:
    return actions.hold_check_in(
        **{
            "enrolment": place.enrolment,
            "held_on": timezone.localdate(),
            "light": "amber",
            "summary": "A good start.",
            "agreements": [],
            "by": place.adviser,
            **kwargs,
        }
    )


def events() -> list[tuple[str, str]]:
    rows = Event.objects.order_by("chain", "number").values_list("chain__key", "verb")
    return list(rows)


def signed_in(client: Client, user: Account) -> Client:
    client.force_login(user)
    return client


# --- Holding --------------------------------------------------------------------------------------


def test_a_check_in_is_kept_with_its_agreements_and_told() -> None:
    place = scene()
    at = datetime(2026, 10, 5, 14, tzinfo=timezone.get_current_timezone())
    day, due = date(2026, 10, 5), date(2026, 10, 20)

    held = hold(place, held_on=day, agreements=[("Ask a client", due)], at=at)

    held.refresh_from_db()
    assert (held.by, held.held_on, held.light, held.summary, held.recorded_at) == (
        place.adviser,
        day,
        "amber",
        "A good start.",
        at,
    )
    agreements = [(row.text, row.due_on, row.done_at) for row in held.agreements.all()]
    assert agreements == [("Ask a client", due, None)]
    assert events() == [(f"person:{place.student.pk}", "check_in.held")]
    statement = Event.objects.get().statement
    assert statement["facts"] == {"check_in": str(held.pk), "agreements": 1}
    queued = OutboxMail.objects.get()
    assert (queued.template, queued.to, queued.about, queued.cause) == (
        "portfolio/check_in",
        place.student.pk,
        held.pk,
        Event.objects.get(),
    )


def test_agreements_that_were_kept_are_finished_with_it() -> None:
    place = scene()
    kept, still_open = AgreementFactory.create_batch(2, check_in__enrolment=place.enrolment)

    held = hold(place, done=[kept])

    kept.refresh_from_db()
    still_open.refresh_from_db()
    assert (kept.done_at, still_open.done_at) == (held.recorded_at, None)
    assert [verb for _, verb in events()] == ["check_in.held", "agreement.done"]


@pytest.mark.parametrize(
    ("with_light", "light", "kept"),
    [(True, "green", True), (True, "", False), (False, "", True), (False, "green", False)],
)
def test_the_house_rules_say_whether_there_is_a_light(
    with_light: bool, light: str, kept: bool
) -> None:
    place = scene()
    set_rules(place.enrolment.programme, with_light=with_light)

    if kept:
        assert hold(place, light=light).light == light
    else:
        with pytest.raises(NotPossible):
            hold(place, light=light)

    assert CheckIn.objects.count() == int(kept)


def test_dates_must_be_possible() -> None:
    place = scene()
    today = timezone.localdate()

    with translation.override("en"):
        with pytest.raises(NotPossible, match="yet to come"):
            hold(place, held_on=today + timedelta(days=1))
        with pytest.raises(NotPossible, match="after the check-in"):
            hold(place, agreements=[("Too late", today - timedelta(days=1))])
    assert CheckIn.objects.count() == 0

    assert hold(place, agreements=[("Today", today)]).agreements.count() == 1


# --- Answering ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refused", "note", "verb"),
    [(False, "", "check_in.read"), (True, " I asked. ", "check_in.refused")],
)
def test_the_student_reads_or_sees_it_differently(refused: bool, note: str, verb: str) -> None:
    place = scene()
    check_in = CheckInFactory(enrolment=place.enrolment)

    actions.acknowledge(check_in=check_in, refused=refused, note=note, by=place.student)

    said = Acknowledgement.objects.get()
    assert (said.check_in, said.refused, said.note) == (check_in, refused, note.strip())
    assert events() == [(f"person:{place.student.pk}", verb)]


def test_seeing_it_differently_says_why() -> None:
    place = scene()
    check_in = CheckInFactory(enrolment=place.enrolment)

    with pytest.raises(NotPossible):
        actions.acknowledge(check_in=check_in, refused=True, note="  ", by=place.student)

    assert Acknowledgement.objects.count() == 0


def test_the_word_is_given_once() -> None:
    place = scene()
    check_in = CheckInFactory(enrolment=place.enrolment)

    for _ in range(2):
        actions.acknowledge(check_in=check_in, refused=False, note="", by=place.student)
    with pytest.raises(NotPossible):
        actions.acknowledge(check_in=check_in, refused=True, note="No", by=place.student)

    assert Acknowledgement.objects.get().refused is False
    assert [verb for _, verb in events()] == ["check_in.read"]


def test_an_agreement_is_done_once() -> None:
    place = scene()
    agreement = AgreementFactory(check_in__enrolment=place.enrolment)
    at = timezone.now()

    actions.finish(agreement=agreement, by=place.student, at=at)
    actions.finish(agreement=agreement, by=place.adviser, at=at + timedelta(days=1))

    agreement.refresh_from_db()
    assert agreement.done_at == at
    assert [verb for _, verb in events()] == ["agreement.done"]


# --- Who may --------------------------------------------------------------------------------------


def may(action: Any, by: Account) -> bool:
    try:
        action(by=by)
    except NotAllowed:
        return False
    return True


def test_who_holds_answers_and_finishes() -> None:
    place = scene()
    check_in = CheckInFactory(enrolment=place.enrolment)
    agreement = AgreementFactory(check_in=check_in)
    people = {name: user for name, user in people_around(place).items() if user}

    holds = {name for name, user in people.items() if may(lambda by: hold(place, by=by), user)}
    answers = {
        name
        for name, user in people.items()
        if may(
            lambda by: actions.acknowledge(check_in=check_in, refused=False, note="", by=by), user
        )
    }
    finishes = {
        name
        for name, user in people.items()
        if may(lambda by: actions.finish(agreement=agreement, by=by), user)
    }

    assert holds == {"adviser"}
    assert answers == {"student"}
    assert finishes == {"student", "adviser"}


# --- Pages ----------------------------------------------------------------------------------------


def test_the_adviser_holds_a_check_in_on_the_page(client: Client) -> None:
    place = scene()
    earlier = AgreementFactory(check_in__enrolment=place.enrolment)
    page = reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    signed_in(client, place.adviser)
    today = timezone.localdate().isoformat()

    shown = client.get(page)
    kept = client.post(
        page,
        {
            "held_on": today,
            "light": "green",
            "summary": "Well done.",
            "done": [str(earlier.pk)],
            "agreements-TOTAL_FORMS": "3",
            "agreements-INITIAL_FORMS": "0",
            "agreements-0-text": "",
            "agreements-0-due_on": "",
            "agreements-1-text": "Ask a peer",
            "agreements-1-due_on": today,
            "agreements-2-text": "",
            "agreements-2-due_on": "",
        },
    )

    assert earlier.text in shown.text
    assert (kept.status_code, kept.url) == (
        302,
        reverse("portfolio:check_ins", args=[place.enrolment.pk]),
    )
    held = place.enrolment.check_ins.exclude(pk=earlier.check_in_id).get()
    assert [row.text for row in held.agreements.all()] == ["Ask a peer"]
    earlier.refresh_from_db()
    assert earlier.done_at == held.recorded_at


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"light": ""}, "This field is required."),
        ({"summary": ""}, "This field is required."),
        ({"agreements-0-text": "Ask"}, "Say by when."),
        ({"agreements-0-due_on": "2030-01-01"}, "Say what you agreed."),
        ({"held_on": "2199-01-01"}, "yet to come"),
    ],
)
def test_what_is_not_right_comes_back_with_what_was_written(
    client: Client, changed: dict[str, str], complaint: str
) -> None:
    place = scene()
    data = {
        "held_on": timezone.localdate().isoformat(),
        "light": "green",
        "summary": "What we said",
        "agreements-TOTAL_FORMS": "1",
        "agreements-INITIAL_FORMS": "0",
        "agreements-0-text": "",
        "agreements-0-due_on": "",
        **changed,
    }

    answer = signed_in(client, place.adviser).post(
        reverse("portfolio:check_in_new", args=[place.enrolment.pk]), data
    )

    assert answer.status_code == 422
    assert complaint in answer.text
    assert changed.get("summary", "What we said") in answer.text
    assert CheckIn.objects.count() == 0


def test_somebody_elses_agreement_cannot_be_finished_along(client: Client) -> None:
    place = scene()
    theirs = AgreementFactory()
    data = {
        "held_on": timezone.localdate().isoformat(),
        "light": "green",
        "summary": "What we said",
        "done": [str(theirs.pk)],
        "agreements-TOTAL_FORMS": "0",
        "agreements-INITIAL_FORMS": "0",
    }

    answer = signed_in(client, place.adviser).post(
        reverse("portfolio:check_in_new", args=[place.enrolment.pk]), data
    )

    theirs.refresh_from_db()
    assert (answer.status_code, theirs.done_at) == (422, None)


def test_a_programme_without_lights_asks_none(client: Client) -> None:
    place = scene()
    set_rules(place.enrolment.programme, with_light=False)

    answer = signed_in(client, place.adviser).get(
        reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    )

    assert "light" not in answer.context["form"].fields
    assert 'name="light"' not in answer.text


def test_the_student_answers_on_the_page(client: Client) -> None:
    place = scene()
    first = CheckInFactory(enrolment=place.enrolment, held_on=date(2026, 9, 5))
    second = CheckInFactory(enrolment=place.enrolment, held_on=date(2026, 10, 5))
    signed_in(client, place.student)
    page = reverse("portfolio:check_ins", args=[place.enrolment.pk])

    shown = client.get(page)
    bad = client.post(reverse("portfolio:acknowledge", args=[first.pk]), {"word": "refused"})
    good = client.post(reverse("portfolio:acknowledge", args=[second.pk]), {"word": "read"})
    after = client.get(page)

    assert [row for row, *_ in shown.context["check_ins"]] == [second, first]
    assert [form is not None for _, form, *_ in shown.context["check_ins"]] == [True, True]
    assert bad.status_code == 422
    assert "Say in a few words what you see differently." in bad.text
    assert (good.status_code, good.url) == (302, page)
    assert [form is not None for _, form, *_ in after.context["check_ins"]] == [False, True]
    assert Acknowledgement.objects.get().check_in == second


def test_the_adviser_sees_what_the_student_said_of_it(client: Client) -> None:
    place = scene()
    check_in = CheckInFactory(enrolment=place.enrolment)
    AcknowledgementFactory(check_in=check_in, refusing=True)

    answer = signed_in(client, place.adviser).get(
        reverse("portfolio:check_ins", args=[place.enrolment.pk])
    )

    assert "I asked three times." in answer.text
    assert reverse("portfolio:acknowledge", args=[check_in.pk]) not in answer.text


def test_an_agreement_is_marked_as_done_with_one_press(client: Client) -> None:
    place = scene()
    agreement = AgreementFactory(check_in__enrolment=place.enrolment)
    signed_in(client, place.student)
    done = reverse("portfolio:agreement_done", args=[agreement.pk])

    looked = client.get(done)
    pressed = client.post(done)

    agreement.refresh_from_db()
    assert looked.status_code == 405
    assert (pressed.status_code, pressed.url) == (
        302,
        reverse("portfolio:check_ins", args=[place.enrolment.pk]),
    )
    assert agreement.done_at is not None


def test_pages_hold_each_id_once(client: Client) -> None:
    place = scene()
    CheckInFactory.create_batch(2, enrolment=place.enrolment)

    page = signed_in(client, place.student).get(
        reverse("portfolio:check_ins", args=[place.enrolment.pk])
    )

    found = ids(page.text)
    assert sorted(found) == sorted(set(found))
    assert len(found) > 10


def ids(html: str) -> list[str]:
    return [part.split('"')[0] for part in html.split(' id="')[1:]]


# --- Mail -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_mail_says_that_there_is_a_check_in_and_nothing_of_what_is_in_it(
    language: str,
) -> None:
    place = scene()
    place.student.person.language = language
    place.student.person.save()
    hold(place, summary="Private words", agreements=[("Secret deal", timezone.localdate())])

    send_due()

    (sent,) = mail.outbox
    (html, kind) = sent.alternatives[0]
    page = reverse("portfolio:check_ins", args=[place.enrolment.pk])
    with translation.override(language):
        subject = translation.gettext("%(name)s noted your check-in: read it")
    assert (sent.to, sent.subject) == (
        [place.student.sign_in],
        subject % {"name": place.adviser.name},
    )
    assert kind == "text/html"
    for body in (str(sent.body), str(html)):
        assert body.count(f"http://testserver{page}") == 1
        assert place.student.name in body
        assert "Private words" not in body
        assert "Secret deal" not in body


def test_no_mail_goes_out_once_it_was_read() -> None:
    place = scene()
    actions.acknowledge(check_in=hold(place), refused=False, note="", by=place.student)

    send_due()

    assert mail.outbox == []
    assert OutboxMail.objects.get().state == OutboxMail.State.CANCELLED
