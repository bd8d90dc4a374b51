"""Who somebody is, and not the account or the seat with which they come, says what they may."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.access import check_may_judge
from committees.actions import freezing
from committees.models import Case, Decision, Deferral, Finding, Membership, SnapshotItem
from committees.rules import Ground
from committees.snapshots import read
from home.actions import erase_content
from people.access import NotAllowed, allowed
from people.actions import say_same, stop_access
from people.models import Account, InstitutionRole, Person
from programmes.actions import assign_adviser
from records.actions import erase
from records.refusals import NotPossible
from tests.committees.factories import (
    LONG_AGO,
    REFERENCE,
    Scene,
    known_at_mailbox_of,
    scene,
)
from tests.committees.test_whose import frozen, panel, spoken_by
from tests.evidence.factories import GiverFactory
from tests.factories import InstitutionRoleFactory, set_rules
from tests.people.factories import registered
from tests.people.test_races import at_once

pytestmark = pytest.mark.django_db


def seated_anew(made: Scene, account: Account) -> Account:
    """Another account of this human, established with a seat of its own, which has it alone from
    now on."""
    address = "anew@school.example"
    new = registered("Somebody Anew", address)
    actions.give_seat(
        committee=made.committee, email=address, name=new.name, role=Membership.Role.MEMBER,
        by=None, at=LONG_AGO,
    )  # fmt: skip
    stop_access(account=account, by=None)
    say_same(one=account.person, other=new.person, reason="They told me.", by=None)
    seat = Membership.objects.current().get(committee=made.committee, person=account.person)
    actions.end_seat(seat=seat, by=None, at=REFERENCE + timedelta(hours=2))
    return new


# --- Standing aside -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["member", "chair"])
def test_who_stood_aside_does_so_with_another_account(who: str) -> None:
    made = scene()
    made.freeze()
    account = getattr(made, who)
    actions.recuse(case=made.case, reason="My cousin.", by=account, at=REFERENCE)

    new = seated_anew(made, account)

    assert panel(made).aside == {new.pk: Ground.OWN_REQUEST}
    with pytest.raises(NotAllowed):
        made.judge(new)


def test_who_stood_aside_in_one_of_two_seats_does_so_in_both() -> None:
    made = scene()
    new = registered("Somebody Anew", "anew@school.example")
    actions.give_seat(
        committee=made.committee, email=new.sign_in, name=new.name, role="member",
        by=None, at=LONG_AGO,
    )  # fmt: skip
    made.freeze()
    actions.recuse(case=made.case, reason="My cousin.", by=made.member, at=REFERENCE)

    stop_access(account=made.member, by=None)
    say_same(one=made.member.person, other=new.person, reason="They told me.", by=None)

    assert panel(made).aside.keys() == {made.member.pk, new.pk}


def test_who_said_that_it_is_theirs_is_not_asked_anew_with_another_account() -> None:
    made = frozen(givers_may_judge=False)
    made.say_whose(made.member, is_theirs=True)

    new = seated_anew(made, made.member)

    assert (panel(made).aside, panel(made).unsaid) == ({new.pk: Ground.GAVE_FEEDBACK}, {})


def test_who_said_otherwise_with_another_account_is_believed_last() -> None:
    made = frozen(givers_may_judge=False)
    made.say_whose(made.member, is_theirs=True)
    new = seated_anew(made, made.member)
    [giver] = panel(made).said[new.pk]

    actions.say_whose(
        case=made.case, giver=giver, is_theirs=False, by=new, at=made.at + timedelta(minutes=1)
    )

    assert (panel(made).aside, panel(made).said) == ({}, {new.pk: {giver: False}})
    assert allowed(check_may_judge, new, panel(made))


def test_an_own_case_is_read_by_no_other_account_of_the_student(client: Client) -> None:
    made = scene(state="announced")
    board = registered("Somebody Anew", "anew@school.example")
    InstitutionRoleFactory(person=board.person, role=InstitutionRole.Role.EXAM_BOARD)
    client.force_login(board)
    address = reverse("committees:case_record", args=[made.case.pk])
    assert client.get(address).status_code == 200

    stop_access(account=made.student, by=None)
    say_same(one=made.student.person, other=board.person, reason="They told me.", by=None)

    assert client.get(address).status_code == 403


# --- Replacing a decision -------------------------------------------------------------------------


def decided(made: Scene, *judges: Account) -> Scene:
    for account in judges:
        made.judge(account)
    made.open_meeting(*judges)
    made.open_judgements()
    made.decide("not_yet")
    made.announce()
    return made


def test_who_never_said_whose_it_is_replaces_nothing() -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    spoken_by(made, known_at_mailbox_of(made.other_member))
    made.freeze()
    decided(made, made.chair, made.member)

    with pytest.raises(NotAllowed):
        made.supersede(second=made.other_member)


def test_of_two_who_replace_a_decision_one_has_no_part_in_the_set() -> None:
    made = scene()
    spoken_by(made, made.chair.person, made.member.person)
    made.freeze()
    decided(made, made.chair, made.member, made.other_member)

    with pytest.raises(NotAllowed, match=r"zonder|none"):
        made.supersede()
    made.supersede(second=made.other_member)


def test_nobody_without_access_replaces_a_decision() -> None:
    made = scene(state="announced")
    stop_access(account=made.member, by=None)

    with pytest.raises(NotAllowed):
        made.supersede()


def test_the_adviser_of_then_replaces_nothing() -> None:
    made = scene(state="announced")
    then, board = (
        InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account
        for _each in range(2)
    )
    enrolment = made.case.enrolment
    assign_adviser(enrolment=enrolment, adviser=then.person, by=None, at=REFERENCE)
    assign_adviser(enrolment=enrolment, adviser=made.coordinator.person, by=None, at=made.at)

    with pytest.raises(NotAllowed):
        made.supersede(by=then, second=board)


# --- Erasing somebody -----------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["planned", "frozen", "seat ended"])
def test_a_giver_at_the_mailbox_of_who_sits_is_not_erased_before_it_is_decided(when: str) -> None:
    made = scene()
    giver = known_at_mailbox_of(made.member)
    spoken_by(made, giver)
    if when != "planned":
        made.freeze()
    if when == "seat ended":
        seat = Membership.objects.get(committee=made.committee, person=made.member.person)
        actions.end_seat(seat=seat, by=None)

    with pytest.raises(NotPossible):
        erased(giver)

    assert Person.objects.get(pk=giver.pk).name == giver.name


def test_a_giver_elsewhere_is_erased() -> None:
    made = scene()
    giver = GiverFactory()
    spoken_by(made, giver)

    erased(giver)

    assert Person.objects.get(pk=giver.pk).name == ""


def erased(person: Person) -> None:
    board = InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account
    erase_content(what=f"people.person:{person.pk}", ground="Asked.", by=board)


# --- What was decided before ----------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Does something once the set was read and before it is frozen."""

    def do(act: Callable[[], Any]) -> None:
        read_it, left = freezing.set_that_counts, [act]

        def and_meanwhile(*args: Any, **with_it: Any) -> Any:
            found = read_it(*args, **with_it)
            if left:
                left.pop()()
            return found

        monkeypatch.setattr(freezing, "set_that_counts", and_meanwhile)

    return do


def test_what_was_replaced_while_a_set_is_read_stands_in_it(
    meanwhile: Callable[[Callable[[], Any]], None],
) -> None:
    made = scene(parts=2, state="opened")
    made.decide("not_yet", "not_yet")
    made.announce()
    again = made.again()
    meanwhile(lambda: made.supersede("attained", "not_yet"))

    again.freeze()

    frame = read(again.case).evidence_set.frame
    assert len(frame.parts) == 1
    assert [each.outcome for row in frame.earlier for each in row.findings].count("attained") == 1


@pytest.mark.parametrize("what", [Deferral, Finding])
def test_what_was_erased_while_a_set_is_read_is_not_in_it(
    what: type[Deferral] | type[Finding], meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    made = scene(state="deferred" if what is Deferral else "opened")
    if what is Finding:
        made.decide("not_yet")
        made.announce()
    again = made.again()
    row = what.objects.get()
    meanwhile(lambda: erase(row=row, ground="Asked.", by=None))

    again.freeze()

    asked = SnapshotItem.objects.filter(snapshot__case=again.case, source=row.pk)
    assert not asked.exclude(content=b"").exists()


# --- Two at once ----------------------------------------------------------------------------------


def end_seat(made: Scene) -> None:
    seat = Membership.objects.get(committee=made.committee, person=made.member.person)
    actions.end_seat(seat=seat, by=None, at=made.at)


def leave(made: Scene) -> None:
    actions.mark_absent(meeting=made.meeting, person=made.member.person, by=made.member, at=made.at)


def advise(made: Scene) -> None:
    assign_adviser(enrolment=made.case.enrolment, adviser=made.member.person, by=None, at=made.at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one at a time")
@pytest.mark.parametrize("act", [end_seat, leave, advise])
def test_nobody_decides_beside_what_is_dated_before(act: Callable[[Scene], None]) -> None:
    made = scene()
    made.freeze()
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting(made.chair, made.member)
    made.open_judgements()
    is_done = threading.Event()

    def leaves_meanwhile() -> None:
        with transaction.atomic():
            act(made)
            is_done.set()
            time.sleep(0.3)

    def decides() -> Decision:
        is_done.wait(10)
        return made.decide()

    _left, answer = at_once(leaves_meanwhile, decides)

    assert isinstance(answer, NotPossible)
    assert made.refreshed().state == Case.State.OPENED
