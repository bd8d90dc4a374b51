"""What the docstrings of `people` say of queries."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from people import access, actions, drafts, identity, unsent
from people.actions import Meant
from people.models import Account, Address, Identity, Person
from records.refusals import NotPossible
from tests.factories import AccountFactory, InstitutionRoleFactory
from tests.people.factories import met, registered

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db

INFO, SCHOOL = "info@bakkerij.example", "noor@school.example"

# How many, of what, for the coordinator, for Noor who has an account and for Jan who has none.
COSTS: dict[str, tuple[int, Callable[[Account, Person, Person], object]]] = {
    "has_role": (1, lambda by, noor, jan: access.has_role(by, "coordinator")),
    "check_may_administer": (1, lambda by, noor, jan: access.check_may_administer(by)),
    "check_may_look_after, two registered": (
        2 + 2,
        lambda by, noor, jan: access.check_may_look_after(by, noor),
    ),
    "check_may_say_same": (3, lambda by, noor, jan: access.check_may_say_same(by, noor, jan)),
    "check_may_look_after, one's own": (
        0,
        lambda by, noor, jan: access.check_may_look_after(by, by.person),
    ),
    "check_same": (2, lambda by, noor, jan: access.check_same(noor, jan, "Asked.")),
    "check_may_erase": (1, lambda by, noor, jan: access.check_may_erase(by)),
    "said_to_be": (1, lambda by, noor, jan: identity.said_to_be([noor.pk, jan.pk])),
    "check_one_account, of one": (1, lambda by, noor, jan: access.check_one_account(noor)),
    "address": (1, lambda by, noor, jan: noor.address()),
    "known_at_mailbox_of, an account": (
        0,
        lambda by, noor, jan: actions.known_at_mailbox_of(noor),
    ),
    "known_at_mailbox_of": (1, lambda by, noor, jan: actions.known_at_mailbox_of(jan)),
    "create_user": (
        3,
        lambda by, noor, jan: Account.objects.create_user("els@school.example", "Els"),
    ),
    "drafts.find": (1, lambda by, noor, jan: drafts.find("a", "b")),
    "drafts.forget_draft": (1, lambda by, noor, jan: drafts.forget_draft("a")),
    "drafts.forget_of": (1, lambda by, noor, jan: drafts.forget_of(noor.pk)),
    "kept_for": (1, lambda by, noor, jan: list(unsent.kept_for(by))),
    "unfounded_identities": (4, lambda by, noor, jan: list(identity.unfounded_identities())),
}


@pytest.mark.parametrize("what", COSTS)
def test_it_costs_what_is_said(
    what: str, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    by = InstitutionRoleFactory(role="coordinator").person.account
    met("Jan", INFO)
    registered("Noor", SCHOOL)
    people = Person.objects.select_related("account")
    noor, jan = people.get(name="Noor"), people.get(name="Jan")
    by, number = Account.objects.get(pk=by.pk), COSTS[what][0]
    access.has_role(by, access.Role.CURRICULUM)

    with django_assert_num_queries(number), suppress(access.NotAllowed, NotPossible):
        COSTS[what][1](by, noor, jan)


def test_who_is_known_is_found_by_one_query(
    django_assert_num_queries: "DjangoAssertNumQueries",
) -> None:
    jan = met("Jan", INFO)
    AccountFactory(sign_in=SCHOOL, name="Noor")

    for name, address, source in (
        ("jan", INFO, Address.Source.ASKER),
        ("Noor", SCHOOL, Address.Source.SCHOOL),
    ):
        with django_assert_num_queries(3):  # one, and its transaction
            found = actions.person_meant(Meant(name, address), source=source, by=None)

        assert (found == jan) is (address == INFO)


@pytest.mark.parametrize("count", [1, 30])
def test_deriving_costs_by_steps_and_not_by_people(
    count: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    people = [met(f"Jan {number}", INFO) for number in range(count + 1)]

    with django_assert_num_queries(12):
        identity.derive([people[0].pk], people[0].recorded_at)


@pytest.mark.tampers
@pytest.mark.parametrize("count", [1, 30])
def test_stating_who_counts_otherwise_costs_the_same_for_each_number(
    count: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    people = [met(f"Jan {number}", INFO) for number in range(count + 1)]
    Identity.objects.all().delete()

    with django_assert_num_queries(20):  # one for the figures that were counted with them
        identity.derive([people[0].pk], people[0].recorded_at)

    assert Identity.objects.count() == count
