"""One decision takes the place of another: by two people, for a reason; the earlier one stays."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import Case, Decision, Snapshot, Supersession
from committees.who_sits import panel_sealed
from people.access import NotAllowed
from people.models import Account, InstitutionRole, Person, SamePerson
from post.models import OutboxMail
from records.refusals import NotPossible
from records.verification import verify_chain
from tests.committees.factories import HELD, LONG_AGO, MembershipFactory, Scene, scene
from tests.evidence.factories import FeedbackFactory, GiverFactory
from tests.factories import AccountFactory, InstitutionRoleFactory, set_rules

pytestmark = pytest.mark.django_db

Ground = Supersession.Ground


def exam_board() -> Account:
    return InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account


def announced(*outcomes: str) -> Scene:
    made = scene(state=Case.State.OPENED)
    made.decide(*(outcomes or ("not_yet",)))
    made.announce()
    return made


def test_the_new_decision_stands_and_the_earlier_stays() -> None:
    made = announced()
    earlier = made.refreshed().decision

    decision = made.supersede()

    case = made.refreshed()
    assert (case.state, case.decision) == (Case.State.ANNOUNCED, decision)
    assert list(Decision.objects.standing()) == [decision]
    assert [row.number for row in case.decisions.order_by("number")] == [1, 2]
    assert decision.supersession.earlier == earlier
    assert (decision.supersession.by, decision.supersession.second) == (
        made.chair.person,
        made.member.person,
    )
    assert panel_sealed(decision) == panel_sealed(earlier)
    assert decision.announcement.head != earlier.announcement.head
    assert verify_chain(case.chain).faults == []
    assert OutboxMail.objects.filter(template="committees/decision").count() == 2


def test_it_can_be_replaced_once_more_and_one_stands() -> None:
    made = announced()
    made.supersede()

    third = made.supersede("not_yet", reason="The first was right.")

    assert list(Decision.objects.standing()) == [third]
    assert third.number == 3
    assert third.supersession.earlier.number == 2


# Who with whom, on which ground; whether they may.
PAIRS: dict[str, tuple[str, str, str, bool]] = {
    "two members put an error right": ("chair", "member", "rectification", True),
    "a member and the exam board too": ("member", "board", "rectification", True),
    "two of the exam board too": ("board", "other board", "rectification", True),
    "nobody alone": ("chair", "chair", "rectification", False),
    "not with the secretary, who has no vote": ("chair", "secretary", "rectification", False),
    "not with somebody outside": ("chair", "stranger", "rectification", False),
    "not with somebody whose seat has ended": ("chair", "former member", "rectification", False),
    "not with who stood aside": ("chair", "aside", "rectification", False),
    "not by who stood aside": ("aside", "chair", "rectification", False),
    "not with the adviser": ("chair", "adviser", "rectification", False),
    "not with the student": ("chair", "student", "rectification", False),
    "not with the auditor": ("chair", "auditor", "rectification", False),
    "objection is for the exam board": ("board", "other board", "objection", True),
    "objection is not for the committee": ("chair", "member", "objection", False),
    "objection is for two of the exam board": ("board", "chair", "objection", False),
    "objection is not for one": ("board", "board", "objection", False),
    "appeal is for the exam board": ("other board", "board", "appeal", True),
    "appeal is not for the committee": ("member", "chair", "appeal", False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_who_may_replace_a_decision(pair: str) -> None:
    made = scene(state=Case.State.OPENED)
    actions.recuse(case=made.case, reason="A neighbour.", by=made.other_member, at=HELD)
    made.decide("not_yet")
    made.announce()
    people = {
        "chair": made.chair,
        "member": made.member,
        "aside": made.other_member,
        "secretary": made.secretary,
        "adviser": made.adviser,
        "student": made.student,
        "auditor": made.auditor,
        "stranger": AccountFactory(),
        "former member": MembershipFactory(committee=made.committee, ended=True).person.account,
        "board": exam_board(),
        "other board": exam_board(),
    }
    by, second, ground, may = PAIRS[pair]

    def act() -> Decision:
        return made.supersede(by=people[by], second=people[second], ground=Ground(ground))

    if may:
        assert act().supersession.ground == ground
    else:
        with pytest.raises(NotAllowed):
            act()
        assert Supersession.objects.count() == 0


def test_an_exam_board_member_who_advises_the_student_stands_aside() -> None:
    made = announced()
    adviser = InstitutionRoleFactory(
        person=made.adviser.person, role=InstitutionRole.Role.EXAM_BOARD
    ).person.account

    with pytest.raises(NotAllowed, match=str(adviser)):
        made.supersede(by=exam_board(), second=adviser, ground=Ground.APPEAL)


@pytest.mark.parametrize(
    "state", [state for state in Case.State.values if state != Case.State.ANNOUNCED]
)
def test_only_what_was_announced_is_replaced(state: str) -> None:
    made = scene(state=state)
    has_set = Snapshot.objects.filter(case=made.case).exists()
    words: dict[str, Any] = {} if has_set else {"findings": {}, "cited": []}
    if not has_set:
        with pytest.raises(NotPossible):
            actions.supersede(
                case=made.case, earlier=uuid4(), motivation="", reason="An error.",
                ground=Ground.RECTIFICATION,
                by=made.chair, second=made.member, at=HELD, **words,
            )  # fmt: skip
    else:
        with pytest.raises(NotPossible):
            made.supersede()


def test_it_needs_a_reason_findings_and_no_later_case_with_the_committee() -> None:
    made = announced()
    wrongs: list[dict[str, Any]] = [
        {"reason": "  "},
        {"findings": {}},
        {"motivation": ""},
        {"cited": []},
    ]
    for wrong in wrongs:
        with pytest.raises(NotPossible):
            made.supersede(**wrong)
    later = made.again()
    later.freeze()

    with translation.override("en"), pytest.raises(NotPossible, match="later case"):
        made.supersede()


def test_the_database_refuses_what_makes_no_sense() -> None:
    made = announced()
    made.supersede()
    first, second = Decision.objects.order_by("number")
    words = {"ground": "appeal", "reason": "Slipped in.", "by_id": made.chair.pk}

    for wrong in (
        {"decision": second, "earlier": first, "second_id": made.member.pk},  # replaced already
        {"decision": first, "earlier": first, "second_id": made.member.pk},
        {"decision": first, "earlier": second, "second_id": made.chair.pk},
        {"decision": first, "earlier": second, "second_id": made.member.pk, "reason": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Supersession.objects.create(**words | wrong)


def test_a_case_has_a_decision_exactly_once_it_was_decided() -> None:
    scene(state=Case.State.DECIDED)

    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.update(decision=None)


def test_a_case_without_a_decision_points_at_none() -> None:
    decided = scene(state=Case.State.DECIDED)
    other = scene()

    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=other.case.pk).update(decision=uuid4())
    assert decided.refreshed().decision is not None


def read(made: Scene, by: Account, page: str) -> str:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    answer = client.get(reverse(f"committees:{page}", args=[made.case.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_letter_and_record_follow_the_one_that_stands_and_say_why() -> None:
    made = announced()
    made.supersede(motivation="It was there all along.", reason="Ticked in the wrong row.")

    with translation.override("en"):
        letter = read(made, made.student, "letter")
        record = read(made, made.auditor, "case_record")
        room = read(made, made.member, "decide")

    for page in (letter, record, room):
        assert "It was there all along." in page
    assert "Ticked in the wrong row." in letter
    assert "Show it to a client." not in letter  # asked by the earlier one
    assert "The set shows it." not in letter
    for words in ("Ticked in the wrong row.", "The set shows it.", "Show it to a client."):
        assert words in record
    earlier = Decision.objects.get(number=1)
    assert earlier.announcement.head in record
    assert earlier.announcement.head not in letter


def said_to_be(account: Account, other: Person) -> None:
    """A coordinator says that these two are one human; both can sign in, as before it was said."""
    one, two = sorted((account.person, other), key=lambda person: person.pk)
    SamePerson.objects.create(one=one, other=two, reason="They told me.")


def test_two_accounts_of_one_human_are_no_two_people() -> None:
    made = announced()
    one, other = exam_board(), exam_board()
    said_to_be(one, other.person)

    with pytest.raises(NotAllowed):
        made.supersede(by=one, second=other)


@pytest.mark.parametrize("stale", ["the first", "none of this case"])
def test_a_decision_that_was_replaced_meanwhile_is_not_replaced_again(stale: str) -> None:
    made = announced()
    first = made.refreshed().decision_id
    made.supersede()

    with translation.override("en"), pytest.raises(NotPossible, match="meanwhile"):
        made.supersede(earlier=first if stale == "the first" else uuid4())


@pytest.mark.parametrize("who", ["of the exam board", "member of now", "who sat"])
def test_where_givers_do_not_judge_they_replace_nothing(who: str) -> None:
    made = scene()
    piece = made.student.person.evidence.get()
    giver = GiverFactory(name="Jan Baas")
    FeedbackFactory(
        enrolment=made.case.enrolment, evidence=piece, person=giver,
        remarks={made.requirement: "Calm."},
    )  # fmt: skip
    made.bring_to(Case.State.ANNOUNCED)
    set_rules(made.programme, at=LONG_AGO, givers_may_judge=False)
    by = {"of the exam board": exam_board, "member of now": late_member(made)}
    account = made.chair if who == "who sat" else by[who]()
    said_to_be(account, giver)
    board = who == "of the exam board"

    with pytest.raises(NotAllowed):
        made.supersede(
            by=account,
            second=exam_board() if board else made.member,
            ground=Ground.APPEAL if board else Ground.RECTIFICATION,
        )


def late_member(made: Scene) -> Callable[[], Account]:
    """Gives a seat that somebody got after the decision."""
    return lambda: MembershipFactory(committee=made.committee).person.account


@pytest.mark.parametrize("who", ["student", "adviser"])
def test_who_is_said_to_be_the_student_or_adviser_has_a_part_in_it(who: str) -> None:
    made = announced()
    board = exam_board()
    said_to_be(board, getattr(made, who).person)

    with pytest.raises(NotAllowed):
        made.supersede(by=board, second=exam_board())
