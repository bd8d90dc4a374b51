"""The record: how a decision came about, in words, and whether it stands untouched."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import Case, Decision
from committees.record import WORDS, steps_of
from people.models import Person
from records.models import Event
from records.verification import verify_chain
from tests.committees.factories import (
    HELD,
    Scene,
    answered_piece,
    known_at_mailbox_of,
    scene,
)
from tests.evidence.factories import FeedbackFactory
from tests.triggers import lifted

pytestmark = pytest.mark.django_db


def read(made: Scene, page: str = "case_record", *args: object) -> str:
    Person.objects.filter(pk=made.auditor.pk).update(language="en")
    client = Client()
    client.force_login(made.auditor)
    answer = client.get(reverse(f"committees:{page}", args=[made.case.pk, *args]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_tells_how_the_decision_came_about() -> None:
    made = scene()
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    made.bring_to(Case.State.OPENED)
    actions.recuse(case=made.case, reason="A neighbour.", by=made.secretary, at=HELD)
    made.decide()
    made.announce()
    case = made.refreshed()

    body = read(made)

    assert "Checked just now" in read(made, "record_integrity")
    for page in ("record_integrity", "record_steps"):
        assert reverse(f"committees:{page}", args=[case.pk]) in body
    steps = read(made, "record_steps")
    assert "Works with care." in read(made, "line", made.requirement.pk)
    for words in (
        "Seen often.",
        "The set shows it.",
        f"{made.secretary.name}: at their own request",
        case.snapshot.digest,
        case.decision.announcement.head,
    ):
        assert words in body
    for words in (
        "A neighbour.",
        "froze the set",
        "opened the judgements",
        "announced the decision",
        "the system",
    ):
        assert words in steps


def test_the_steps_are_in_order_and_in_words() -> None:
    made = scene(state=Case.State.ANNOUNCED)

    with translation.override("en"):
        steps = [(step.who, step.what) for step in steps_of(made.case)]

    chair, member = made.chair.name, made.member.name
    assert steps == [
        (made.secretary.name, "put the case on the agenda"),
        ("the system", "froze the set"),
        (chair, "wrote a judgement"),
        (member, "wrote a judgement"),
        (chair, "opened the judgements"),
        (chair, "recorded the decision"),
        (chair, "announced the decision"),
    ]


def test_every_verb_of_a_case_has_words() -> None:
    for state in (Case.State.ANNOUNCED, Case.State.DEFERRED):
        made = scene(state=state)
        if state == Case.State.ANNOUNCED:
            made.supersede()
        actions.erase_item(
            item=made.case.snapshot.items.filter(kind="piece")[0],
            ground="Asked for.",
            by=made.coordinator,
        )
    made = scene(state=Case.State.FROZEN)
    actions.recuse(case=made.case, reason="A neighbour.", by=made.member, at=HELD)

    shared = scene()
    FeedbackFactory(
        enrolment=shared.case.enrolment,
        evidence=answered_piece(shared.case.enrolment, shared.requirement),
        person=known_at_mailbox_of(shared.member),
        remarks={shared.requirement: "Calm."},
    )
    shared.freeze()
    shared.say_whose(shared.member, is_theirs=False)

    fallen = scene(state=Case.State.DECIDED)
    fallen.meeting.attendances.exclude(person=fallen.chair.pk).update(by=fallen.secretary.person)
    for noted in fallen.meeting.attendances.exclude(person=fallen.chair.pk):
        said = actions.contradict(attendance=noted, by=noted.person.account, at=HELD)
        actions.answer_contradiction(
            contradiction=said, was_there=False, reason="", by=fallen.secretary, at=HELD
        )

    verbs = set(Event.objects.filter(chain__key__startswith="case:").values_list("verb", flat=True))

    assert verbs == set(WORDS)


def test_before_the_opening_only_that_judgements_exist() -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.member, words="Sealed words.")

    body = read(made)

    assert "1 judgement was written; it is sealed" in body
    assert "Sealed words." not in body


@pytest.mark.tampers
def test_it_says_so_when_something_was_changed() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    decision = made.refreshed().decision
    with lifted():
        Decision.objects.filter(pk=decision.pk).update(motivation="Rewritten.")

    body = read(made, "record_integrity")

    assert "changed behind the application" in body
    assert f"committees.decision:{decision.pk}: altered" in body


@pytest.mark.tampers
def test_one_chain_is_checked_by_itself() -> None:
    made, other = scene(state=Case.State.ANNOUNCED), scene(state=Case.State.ANNOUNCED)
    with lifted():
        Decision.objects.filter(case=other.case).update(motivation="Rewritten.")

    report = verify_chain(made.case.chain)

    assert (report.events, report.faults) == (7, [])
    assert report.rows == 6  # case, snapshot, two judgements, decision, announcement


def test_the_list_holds_cases_with_an_outcome_and_can_be_searched(client: Client) -> None:
    made = scene(state=Case.State.ANNOUNCED)
    scene(state=Case.State.OPENED)
    deferred = scene(state=Case.State.DEFERRED)
    client.force_login(made.auditor)

    def found(**asked: object) -> set[object]:
        answer = client.get(reverse("committees:record"), asked)
        return {case.pk for case in answer.context["page"]}

    both = {made.case.pk, deferred.case.pk}
    name = made.student.name
    Person.objects.filter(pk=made.student.pk).update(name="Jonas Ångström")
    assert found() == both
    assert found(q="jonas") == {made.case.pk}
    assert found(q=name) == {deferred.case.pk}
    assert found(programme=made.programme.pk) == {made.case.pk}
    assert found(since="2026-11-09", until="2026-11-09") == both
    assert found(until="2026-11-08") == set()
    assert found(since="2026-11-10") == set()
    assert found(since="no date") == both
