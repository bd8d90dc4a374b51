"""What would count for a unit; setting a piece aside and taking it back."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evidence.models import Evidence, RequirementLink
from people.access import NotAllowed
from people.models import Account
from portfolio import actions
from portfolio.models import SetAside
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import EvidenceFactory, FeedbackFactory
from tests.factories import UnitFactory
from tests.portfolio.factories import Scene, SetAsideFactory, people_around, scene

pytestmark = pytest.mark.django_db


def answered(place: Scene, **words: Any) -> Evidence:
    piece = EvidenceFactory(owner=place.student, on=[place.a], **words)
    FeedbackFactory(enrolment=place.enrolment, evidence=piece, remarks={place.a: ""})
    return piece


def put_aside(place: Scene, piece: Evidence, **kwargs: Any) -> SetAside:
    return actions.set_aside(
        **{
            "enrolment": place.enrolment,
            "unit": place.unit,
            "evidence": piece,
            "reason": "Somebody else did most of it.",
            "by": place.student,
            **kwargs,
        }
    )


def verbs() -> list[str]:
    return list(Event.objects.order_by("number").values_list("verb", flat=True))


# --- Actions --------------------------------------------------------------------------------------


def test_a_piece_is_set_aside_with_a_reason_and_taken_back() -> None:
    place = scene()
    piece = answered(place)

    row = put_aside(place, piece, reason=" Not mine. ")
    again = put_aside(place, piece, reason="Another reason")
    actions.take_back(row=row, by=place.student)
    actions.take_back(row=row, by=place.student)

    row.refresh_from_db()
    assert (again, row.reason) == (row, "Not mine.")
    assert row.ended_at is not None
    assert verbs() == ["evidence.set_aside", "evidence.taken_back"]
    assert Event.objects.first().statement["facts"] == {
        "evidence": str(piece.pk),
        "unit": str(place.unit.pk),
    }
    assert put_aside(place, piece).pk != row.pk


def test_what_does_not_belong_to_the_unit_is_not_set_aside() -> None:
    place = scene()
    piece = answered(place)
    other_line = EvidenceFactory(owner=place.student, on=[place.d])
    no_longer = answered(place)
    RequirementLink.objects.filter(evidence=no_longer).update(ended_at=no_longer.recorded_at)
    theirs = EvidenceFactory(on=[place.a])
    withdrawn = EvidenceFactory(owner=place.student, on=[place.a], withdrawn=True)

    for refused in (other_line, no_longer, theirs, withdrawn):
        with pytest.raises(NotPossible):
            put_aside(place, refused)
    with pytest.raises(NotPossible):
        put_aside(place, piece, unit=UnitFactory())
    with pytest.raises(NotPossible):
        put_aside(place, piece, reason="  ")

    assert SetAside.objects.count() == 0
    assert put_aside(place, piece).evidence == piece


def may(action: Any, by: Account) -> bool:
    try:
        action(by)
    except NotAllowed:
        return False
    return True


def test_only_the_student_sets_aside_and_takes_back() -> None:
    place = scene()
    piece = answered(place)
    row = SetAsideFactory(enrolment=place.enrolment, unit=place.unit)
    people = {name: user for name, user in people_around(place).items() if user}

    setting = {n for n, u in people.items() if may(lambda by: put_aside(place, piece, by=by), u)}
    taking = {n for n, u in people.items() if may(lambda by: actions.take_back(row=row, by=by), u)}

    assert setting == {"student"}
    assert taking == {"student"}


# --- Pages ----------------------------------------------------------------------------------------


def test_the_page_says_what_counts_what_does_not_yet_and_what_was_set_aside(
    client: Client,
) -> None:
    place = scene()
    counting = answered(place)
    waiting = EvidenceFactory(owner=place.student, on=[place.a])
    aside = answered(place)
    SetAsideFactory(
        enrolment=place.enrolment, unit=place.unit, evidence=aside, reason="It was group work."
    )
    EvidenceFactory(owner=place.student, on=[place.d])
    client.force_login(place.student)

    page = client.get(reverse("portfolio:set_aside", args=[place.enrolment.pk, place.unit.pk]))

    context = page.context
    assert [piece.id for piece in context["counting"]] == [str(counting.pk)]
    assert [piece.id for piece in context["unanswered"]] == [str(waiting.pk)]
    assert [row.evidence for row in context["set_asides"]] == [aside]
    assert "It was group work." in page.text
    assert context["coverage"].core_tasks[0].tally.pieces == 1


def test_the_student_sets_aside_and_takes_back_on_the_page(client: Client) -> None:
    place = scene()
    piece = answered(place)
    client.force_login(place.student)
    keys = [place.enrolment.pk, place.unit.pk]
    page = reverse("portfolio:set_aside_piece", args=[*keys, piece.pk])
    back = reverse("portfolio:set_aside", args=keys)

    asked = client.get(page)
    empty = client.post(page, {"reason": " "})
    done = client.post(page, {"reason": "Not mine."})
    row = SetAside.objects.get()
    looked = client.get(reverse("portfolio:take_back", args=[row.pk]))
    taken = client.post(reverse("portfolio:take_back", args=[row.pk]))

    assert piece.current.title in asked.text
    assert empty.status_code == 422
    assert (done.status_code, done.url) == (302, back)
    assert (row.evidence, row.reason) == (piece, "Not mine.")
    assert looked.status_code == 405
    assert (taken.status_code, taken.url) == (302, back)
    assert not SetAside.objects.current().exists()


def test_a_piece_that_does_not_belong_there_says_so(client: Client) -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.d])
    client.force_login(place.student)
    keys = [place.enrolment.pk, place.unit.pk, piece.pk]

    answer = client.post(reverse("portfolio:set_aside_piece", args=keys), {"reason": "No"})

    assert answer.status_code == 422
    assert "This piece does not belong to this unit." in answer.text
