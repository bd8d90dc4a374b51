"""Two at the same moment, each in a transaction of their own: PostgreSQL."""

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from evidence.actions import feedback
from people import actions
from people.identity import counted_as
from people.models import Account, InstitutionRole, Person, SamePerson
from records.refusals import NotPossible
from tests.evidence.factories import FeedbackFactory, FeedbackRequestFactory
from tests.people.factories import been_here, met, registered

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite writes one at a time"),
]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each answered, or the refusal or the deadlock that it met."""
    start = threading.Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        start.wait()
        try:
            answers[number] = act()
        except (NotPossible, OperationalError) as refusal:
            answers[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def distinct(people: list[Person]) -> int:
    pks = [one.pk for one in people]
    return len(set(({pk: pk for pk in pks} | counted_as(pks, timezone.now())).values()))


def test_one_address_registered_twice_is_one_account() -> None:
    for number in range(5):
        address = f"noor{number}@school.example"
        one, other = at_once(*[lambda address=address: registered("Noor", address)] * 2)

        assert one == other
        assert Account.objects.filter(sign_in=address).count() == 1
        assert Person.objects.filter(addresses__address=address).count() == 1


def test_one_address_under_two_names_is_one_account() -> None:
    for number in range(5):
        address = f"noor{number}@school.example"
        names = ("Noor", "N. de Vries")
        acts = [lambda name=name, address=address: registered(name, address) for name in names]
        answers = at_once(*acts)  # whoever comes second is told the name of the first

        assert [isinstance(answer, NotPossible) for answer in answers].count(True) == 1
        assert Account.objects.filter(sign_in=address).count() == 1


def test_an_address_that_two_confirm_is_the_way_in_of_one() -> None:
    for number in range(5):
        both = [
            been_here(registered(f"Noor {one}", f"noor{number}{one}@a.example")) for one in range(2)
        ]
        new = f"new{number}@a.example"
        rows = [actions.change_address(person=one.person, address=new, by=None) for one in both]

        answers = at_once(
            *[lambda row=row: actions.confirm_address(address=row, by=None) for row in rows]
        )

        assert [isinstance(answer, NotPossible) for answer in answers].count(True) == 1
        assert Account.objects.filter(sign_in=new).count() == 1


def test_two_are_said_to_be_one_once_from_either_side() -> None:
    for number in range(5):
        jan, johan = (met(name, f"{name}{number}@a.example") for name in ("Jan", "Johan"))
        answers = at_once(
            *[
                lambda one=one, other=other: actions.say_same(
                    one=one, other=other, reason="Asked.", by=None
                )
                for one, other in ((jan, johan), (johan, jan))
            ]
        )

        assert [isinstance(answer, NotPossible) for answer in answers].count(True) == 1
        assert SamePerson.objects.filter(one__in=[jan, johan]).count() == 1


def test_statements_made_at_once_about_a_chain_count_all_as_one() -> None:
    for number in range(15):
        people = [met("Jan", f"jan{number}@{place}.example") for place in "abcd"]
        pairs = list(pairwise(people))
        at_once(
            *[
                lambda one=one, other=other: actions.say_same(
                    one=one, other=other, reason="Asked.", by=None
                )
                for one, other in pairs
            ]
        )

        assert distinct(people) == 1


def test_two_who_are_named_at_one_mailbox_at_once_count_as_one() -> None:
    for number in range(10):
        address = f"info{number}@bakkerij.example"
        names = ("Jan", "Petra")
        people = at_once(*[lambda name=name, address=address: met(name, address) for name in names])

        assert distinct(people) == 1


def test_one_name_at_one_mailbox_is_one_person() -> None:
    for number in range(10):
        address = f"info{number}@bakkerij.example"
        people = at_once(*[lambda address=address: met("Jan", address)] * 3)

        assert len({one.pk for one in people}) == 1


def test_one_name_that_two_say_is_theirs_is_one_person() -> None:
    for number in range(5):
        asked = [met(name, f"info{number}@bakkerij.example") for name in ("Jan", "Petra")]

        said = at_once(
            *[lambda one=one: actions.say_who(person=one, name="Piet Post") for one in asked]
        )

        assert said[0] == said[1]
        assert Person.objects.filter(name="Piet Post", pk__in=[one.pk for one in said]).count() == 1


def deadlocks(answers: list[Any]) -> list[OperationalError]:
    return [answer for answer in answers if isinstance(answer, OperationalError)]


def test_taking_back_and_naming_wait_for_nobody_who_waits() -> None:
    for number in range(15):
        jan, johan = (met(name, f"{name}{number}@a.example") for name in ("Jan", "Johan"))
        statement = actions.say_same(one=jan, other=johan, reason="Asked.", by=None)

        assert not deadlocks(
            at_once(
                lambda statement=statement: actions.take_back_same(statement=statement, by=None),
                lambda jan=jan: actions.rename(person=jan, name="Jan Baas", by=None),
            )
        )


def test_answering_and_moving_wait_for_nobody_who_waits() -> None:
    for number in range(15):
        jan = met("Jan", f"jan{number}@a.example")
        question = FeedbackRequestFactory(person=jan)

        assert not deadlocks(
            at_once(
                lambda question=question: feedback.answer(
                    question=question, text="Well done.", on_whole=True, name="Jan Baas"
                ),
                lambda jan=jan, number=number: actions.change_address(
                    person=jan, address=f"new{number}@a.example", by=None
                ),
            )
        )


def test_confirming_and_moving_wait_for_nobody_who_waits() -> None:
    for number in range(15):
        jan = met("Jan", f"jan{number}@a.example")
        noted = FeedbackFactory(person=jan, noted=True)

        assert not deadlocks(
            at_once(
                lambda noted=noted: feedback.confirm(
                    feedback=noted, confirmed=True, name="Jan Baas"
                ),
                lambda jan=jan, number=number: actions.change_address(
                    person=jan, address=f"new{number}@a.example", by=None
                ),
            )
        )


def test_a_role_and_a_statement_wait_for_nobody_who_waits() -> None:
    for number in range(15):
        jan = registered("Jan", f"jan{number}@a.example").person
        johan = met("Johan", f"johan{number}@a.example")

        assert not deadlocks(
            at_once(
                lambda jan=jan: actions.give_role(
                    person=jan, role=InstitutionRole.Role.AUDITOR, by=None
                ),
                lambda jan=jan, johan=johan: actions.say_same(
                    one=jan, other=johan, reason="Asked.", by=None
                ),
            )
        )
