"""Under which name and in which role somebody answers by a link."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.models import Feedback, FeedbackRequest
from people.actions import change_address, confirm_address, rename
from people.models import Person
from tests.evidence.factories import (
    GiverFactory,
)
from tests.evidence.scenes import Scene, asked, link, page_of, scene
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


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

    words = {"text": "Calm.", "role": "teacher"}
    unsaid = client.post(link(question), {**page_of(question), **words})
    unnamed = client.post(link(question), {**page_of(question), **words, "who": "other"})
    client.post(link(question), {**page_of(question), **words, **chosen})

    assert (unsaid.status_code, [*unsaid.context["form"].errors]) == (422, ["who"])
    assert (unnamed.status_code, [*unnamed.context["form"].errors]) == (422, ["name"])
    feedback = question.feedback
    assert (question.role, feedback.role) == ("client", "teacher")
    assert feedback.spoke_as == feedback.person.name == spoke_as
    assert feedback.person.named_at is not None
    assert (feedback.person == question.person) is (spoke_as == "Petra Klein")
    assert Person.objects.filter(name__iexact=spoke_as).count() == 1


def test_who_answers_chooses_a_role_and_is_told_when_their_name_is_needed(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()

    page = client.get(link(question)).text
    refused = client.post(link(question), {**page_of(question), "text": "Calm.", "who": "0"})

    [label] = re.findall(r'<label for="id_name">(.*?)</label>', page)
    assert label == "Your name, where it is not above or not right"
    assert refused.context["form"].errors == {"role": ["Choose a role."]}
    assert '<a href="#id_role">In which role?</a> Choose a role.' in refused.text


@pytest.mark.parametrize(
    "chosen", [{"who": "0"}, {"who": "1"}, {"who": "other", "name": "Ad Smit"}]
)
def test_of_several_names_nobody_gets_the_role_of_who_was_asked_unsaid(
    client: Client, chosen: dict[str, str]
) -> None:
    _place, question = two_names_at_one_mailbox()

    page = client.get(link(question))
    unsaid = client.post(link(question), {**page_of(question), "text": "Calm.", **chosen})

    form = page.context["form"]
    assert (form["role"].value(), form["role"].help_text) == (
        None,
        "Petra Klein was asked as client.",
    )
    assert page.text.index('name="role"') < page.text.index('name="text"')
    assert (unsaid.status_code, [*unsaid.context["form"].errors]) == (422, ["role"])
    assert Feedback.objects.count() == 0


def test_who_chooses_the_name_that_was_asked_is_who_was_asked(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()
    rename(person=question.person, name="Petra de Wit-Klein", by=None)
    before = Person.objects.count()

    sent = {**page_of(question), "text": "Calm.", "who": "0", "role": "client"}
    client.post(link(question), sent)

    assert question.feedback.person == question.person
    assert Person.objects.count() == before


def test_who_was_known_there_before_is_nobody_to_speak_as(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()
    jan = Person.objects.get(name="Jan Baas")
    change_address(person=jan, address="jan@home.example", by=None)

    client.post(
        link(question),
        {**page_of(question), "text": "Calm.", "name": "Jan Baas", "is_another": "on"},
    )

    assert question.feedback.person not in (jan, question.person)
    assert question.feedback.spoke_as == "Jan Baas"


def test_the_names_at_a_mailbox_are_for_who_holds_the_link_alone(client: Client) -> None:
    place, question = two_names_at_one_mailbox()

    page = client.get(link(question)).content.decode()
    sent = {**page_of(question), "text": "Calm.", "who": "0", "role": "client"}
    client.post(link(question), sent)
    client.force_login(place.student)
    shown = client.get(reverse("evidence:detail", args=[place.piece.pk])).content.decode()

    assert "Jan Baas" in page
    assert "Jan Baas" not in shown
    assert "Petra Klein" in shown


def test_a_name_and_a_role_are_put_right_where_one_answers(client: Client) -> None:
    question = asked(scene(), person__name="P. Klien")

    page = client.get(link(question))
    client.post(
        link(question),
        {**page_of(question), "text": "Calm.", "name": "Petra Klein", "role": "supervisor"},
    )

    assert "who" not in page.context["form"].fields
    feedback = question.feedback
    assert (feedback.spoke_as, feedback.role) == ("Petra Klein", "supervisor")
    assert feedback.person == question.person
    assert (question.asked_as, question.role) == ("P. Klien", "client")
    assert feedback.person.name == "Petra Klein"


@pytest.mark.parametrize("named_at", [None, timezone.now()])
@pytest.mark.parametrize("is_another", [False, True])
def test_a_name_spelt_otherwise_is_no_second_person(
    client: Client, named_at: datetime | None, is_another: bool
) -> None:
    question = asked(scene(), person__name="P. Klien", person__named_at=named_at)
    before = Person.objects.count()
    another = {"is_another": "on"} if is_another else {}

    client.post(
        link(question), {**page_of(question), "text": "Calm.", "name": "Petra Klein", **another}
    )

    feedback = question.feedback
    assert feedback.spoke_as == "Petra Klein"
    assert (feedback.person != question.person) is is_another
    assert Person.objects.count() == before + is_another


def test_a_name_of_several_is_put_right(client: Client) -> None:
    _place, question = two_names_at_one_mailbox()
    jan, before = Person.objects.get(name="Jan Baas"), Person.objects.count()

    client.post(
        link(question),
        {**page_of(question), "text": "Calm.", "who": "1", "name": "Jan Baars", "role": "client"},
    )

    assert (question.feedback.person, question.feedback.spoke_as) == (jan, "Jan Baars")
    assert Person.objects.count() == before


def test_who_is_somebody_else_says_who(client: Client) -> None:
    question = asked(scene())

    page = client.post(link(question), {**page_of(question), "text": "Calm.", "is_another": "on"})

    assert (page.status_code, [*page.context["form"].errors]) == (422, ["name"])


def test_who_has_an_account_goes_by_its_name_alone(client: Client) -> None:
    question = asked(scene(), person=AccountFactory(name="Tess Teacher"), asked_as="T.")

    page = client.get(link(question))
    client.post(link(question), {**page_of(question), "text": "Calm.", "name": "Somebody else"})

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

    response = client.post(
        link(question), {**page_of(question), "text": "Calm.", "who": "1", "role": "client"}
    )

    assert response.status_code == 422
    name = place.student.name
    refusal = f"{name} has an account here: sign in to answer as {name}."
    assert response.context["form"].non_field_errors() == [refusal]
    assert Feedback.objects.count() == 0
