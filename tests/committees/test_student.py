"""No surprise: the student sees beforehand what would count, and then exactly what the committee
reads; the letter afterwards."""

from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import ContextList
from django.urls import reverse
from django.utils import timezone

from committees import actions
from committees.models import Case
from people.models import Account, Person
from portfolio.models import SetAside
from tests.committees.factories import Scene, answered_piece, scene
from tests.evidence.factories import EvidenceFactory, RevisionFactory
from tests.factories import LONG_AGO, set_rules

pytestmark = pytest.mark.django_db


def page(person: Account, name: str, made: Scene) -> tuple[str, ContextList]:
    Person.objects.filter(pk=person.pk).update(language="en")
    client = Client()
    client.force_login(person)
    answer = client.get(reverse(f"committees:{name}", args=[made.case.pk]))
    assert answer.status_code == 200
    return answer.content.decode(), answer.context


def coming() -> Scene:
    """A scene whose reference date lies ahead."""
    made = scene()
    made.meeting.reference_at = timezone.now() + timedelta(days=1)
    made.meeting.held_at = timezone.now() + timedelta(days=2)
    made.meeting.save()
    return made


SET = ("coverage", "evidence_set", "at", "pieces_at", "check_ins", "erased")


def test_the_student_sees_what_the_committee_sees() -> None:
    made = scene(pieces=3, parts=2)
    aside = answered_piece(made.case.enrolment, made.requirement, revision__title="Old work")
    SetAside.objects.create(
        enrolment=made.case.enrolment, unit=made.unit, evidence=aside, reason="Too old.",
        recorded_at=LONG_AGO,
    )  # fmt: skip
    made.freeze()

    (own, own_context), (_, theirs) = (
        page(made.student, "my_case", made),
        page(made.member, "case", made),
    )

    assert {name: own_context[name] for name in SET} == {name: theirs[name] for name in SET}
    assert list(own_context["pieces"]) == list(theirs["pieces"])
    assert len(own_context["pieces"]) == 3
    assert "This is exactly what the committee reads." in own
    assert "Too old." in own
    assert [name in own for name in ("You left this out", "Set aside by the student")] == [
        True,
        False,
    ]


def test_beforehand_the_student_sees_what_is_left_out_and_why() -> None:
    made = coming()
    line, enrolment = made.requirement, made.case.enrolment
    EvidenceFactory(owner=made.student, on=[line], revision__title="Not answered yet")
    aside = answered_piece(enrolment, line, revision__title="Old work")
    SetAside.objects.create(
        enrolment=enrolment, unit=made.unit, evidence=aside, reason="Too old.", recorded_at=LONG_AGO
    )

    body, context = page(made.student, "my_case", made)

    assert [piece.title for piece in context["unanswered"]] == ["Not answered yet"]
    assert len(context["pieces"]) == 1
    for words in ("Not answered yet", "Old work", "Too old.", "if the set were frozen now"):
        assert words in body
    assert reverse("portfolio:set_aside", args=[enrolment.pk, made.unit.pk]) in body


def test_the_preview_is_what_is_frozen_then() -> None:
    made = coming()
    answered_piece(made.case.enrolment, made.requirement)
    _, before = page(made.student, "my_case", made)
    made.meeting.reference_at = timezone.now()
    made.meeting.save()
    actions.freeze_case(case=made.case, at=timezone.now() + Case.SETTLES_IN)

    _, after = page(made.student, "my_case", made)

    for what in ("pieces", "set_aside", "check_ins"):
        assert list(after[what]) == list(before[what])
    assert after["coverage"] == before["coverage"]
    assert after["evidence_set"].frame == before["evidence_set"].frame


def test_the_student_sees_who_sits_there_and_who_stands_aside() -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    made.freeze()

    body, _ = page(made.student, "my_case", made)

    for name in ("Chair", "Secretary", "Member", "Other_Member"):
        assert name in body
    assert body.count("(stands aside)") == 1


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (Case.State.PLANNED, "planned"),
        (Case.State.FROZEN, "with the committee"),
        (Case.State.DECIDED, "with the committee"),
        (Case.State.ANNOUNCED, "decided"),
        (Case.State.DEFERRED, "the committee has a question"),
    ],
)
def test_the_list_says_where_it_stands_and_no_more(state: str, shown: str, client: Client) -> None:
    made = scene(state=state)
    Person.objects.filter(pk=made.student.pk).update(language="en")
    client.force_login(made.student)

    body = client.get(reverse("committees:mine")).content.decode()

    assert shown in body
    assert made.unit.title in body
    assert (reverse("committees:letter", args=[made.case.pk]) in body) == (
        state in (Case.State.ANNOUNCED, Case.State.DEFERRED)
    )


def test_the_letter_says_what_was_decided_on_what_and_how_to_object() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    case = made.refreshed()

    body, _ = page(made.student, "letter", made)

    for words in (
        "Bewijskracht",
        made.student.name,
        str(made.programme),
        made.programme.qualification.title,
        made.unit.title,
        case.unit.parts.get().target.title,
        "attained",
        "The set shows it.",
        made.student.person.evidence.get().current.title,  # type: ignore[union-attr]  # it has a revision
        made.committee.name,
        "20 August 2026",
        made.committee.mandate.text,
        "object to the exam board",
        case.decision.announcement.head,
    ):
        assert words in body


def test_the_letter_of_a_deferral_says_what_is_asked_and_finds_nothing() -> None:
    made = scene(state=Case.State.DEFERRED)

    body, context = page(made.adviser, "letter", made)

    assert "Show it once more." in body
    assert context["decision"] is None


def test_a_letter_is_no_longer_the_former_advisers() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    made.case.enrolment.adviser_assignments.update(ended_at=timezone.now())

    client = Client()
    client.force_login(made.adviser)

    assert client.get(reverse("committees:letter", args=[made.case.pk])).status_code == 404


@pytest.mark.parametrize("revised", [False, True])
def test_everybody_reads_that_a_giver_saw_an_earlier_version(revised: bool) -> None:
    made = scene()
    piece = made.student.person.evidence.get()
    if revised:
        piece.current = RevisionFactory(evidence=piece, number=2)
        piece.save()
    made.bring_to(Case.State.ANNOUNCED)

    shown = [
        page(person, name, made)[0].count("about an earlier version")
        for person, name in (
            (made.member, "in_full"),
            (made.student, "in_full"),
            (made.auditor, "in_full"),
        )
    ]

    # At its requirement, and at its piece.
    assert shown == [2 if revised else 0] * 3
