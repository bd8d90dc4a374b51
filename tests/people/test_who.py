"""Who is meant by a name and an address, and who somebody says they are."""

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from people import actions
from people.actions import Meant, known_at_mailbox_of
from people.identity import counted_as
from people.models import Address, Person
from records.models import Event
from tests.factories import AccountFactory
from tests.people.factories import met, registered

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db

INFO = "info@bakkerij.example"


def names() -> list[str]:
    return list(Person.objects.order_by("recorded_at").values_list("name", flat=True))


# --- Who is meant ---------------------------------------------------------------------------------


def test_the_same_name_at_the_same_mailbox_is_the_same_person() -> None:
    jan = met("Jan Baas", INFO)

    spelt = [met(" jan  BAAS ", INFO), met("Jan Baas", "INFO+stage@bakkerij.example")]

    assert spelt == [jan, jan]
    assert jan.addresses.count() == 1


def test_another_name_at_the_same_mailbox_is_somebody_else() -> None:
    """Two students ask two people at one address."""
    jan, petra = met("Jan Baas", INFO), met("Petra Klein", INFO)

    assert (jan.name, petra.name) == ("Jan Baas", "Petra Klein")
    assert names() == ["Jan Baas", "Petra Klein"]


@pytest.mark.parametrize("typed", ["Noor", "N. de Vries", "Somebody else"])
def test_the_mailbox_of_an_account_is_its_persons_own(typed: str) -> None:
    noor = registered("Noor", "noor@school.example")

    assert met(typed, "Noor+stage@school.example") == noor.person
    assert Person.objects.get(pk=noor.pk).name == "Noor"


def test_of_two_accounts_at_one_mailbox_the_one_with_this_very_address_is_meant() -> None:
    AccountFactory(name="Noor", sign_in="noor@school.example")
    second = AccountFactory(name="Noor too", sign_in="noor+2@school.example")

    assert met("Anybody", "noor+2@school.example") == second.person


def test_who_typed_a_name_learns_nothing(
    django_assert_num_queries: "DjangoAssertNumQueries",
) -> None:
    """What comes back is read by nobody but the machine; it costs the same for whoever is known,
    and the name of who is known stays."""
    met("Jan", "jan@a.example")
    registered("Noor", "noor@school.example")

    for typed in (Meant("Jan", "jan@a.example"), Meant("X", "noor@school.example")):
        with django_assert_num_queries(3):  # two of them the transaction's own
            actions.person_meant(typed, source=Address.Source.ASKER, by=None)

    assert names() == ["Jan", "Noor"]


def test_the_school_names_who_was_only_typed() -> None:
    jan = met("jan baas", INFO)
    assert jan.named_at is None

    known = met("Jan Baas", INFO, Address.Source.SCHOOL)

    assert known == jan
    jan.refresh_from_db()
    assert (jan.name, jan.named_at is not None) == ("Jan Baas", True)


def test_an_address_that_waits_and_one_of_before_lead_to_nobody() -> None:
    noor = registered("Noor", "noor@school.example")
    actions.change_address(person=noor.person, address="noor@home.example", by=noor)
    jan = met("Jan", "jan@old.example")
    actions.change_address(person=jan, address="jan@new.example", by=None)

    assert met("Noor", "noor@home.example") != noor.person
    assert met("Petra", "jan@old.example") != jan
    assert met("Jan", "jan@new.example") == jan
    # Whoever reads it now is somebody else, and counts as one with them until more is known.
    other = met("Jan", "jan@old.example")
    assert other != jan
    assert counted_as([other.pk], timezone.now()) == {other.pk: jan.pk}


# --- Who somebody says they are -------------------------------------------------------------------


def test_the_names_at_a_mailbox_are_for_who_reads_its_mail() -> None:
    jan, petra, noor = met("Jan", INFO), met("Petra", INFO), registered("Noor", "noor@s.example")
    met("Somebody", "other@bakkerij.example")

    assert known_at_mailbox_of(petra) == [petra, jan]
    assert known_at_mailbox_of(noor.person) == [noor.person]


def test_somebody_says_they_are_another_at_this_mailbox() -> None:
    jan, petra = met("Jan", INFO), met("Petra", INFO)

    said = actions.say_who(person=jan, name=" petra ")

    assert said == petra
    petra.refresh_from_db()
    jan.refresh_from_db()
    assert (petra.named_at is not None, jan.named_at) == (True, None)


def test_somebody_says_they_are_nobody_known_here() -> None:
    jan = met("Jan", INFO)

    said = actions.say_who(person=jan, name="Piet Post")

    assert said not in (jan, None)
    address = said.address()
    assert address is not None
    assert (said.name, address.address, address.source) == ("Piet Post", INFO, "self")
    assert said.named_at is not None


def test_who_has_an_account_is_who_they_are() -> None:
    noor = registered("Noor", "noor@school.example")

    assert actions.say_who(person=noor.person, name="Petra") == noor.person
    assert names() == ["Noor"]


def test_without_a_name_nothing_is_said() -> None:
    jan = met("Jan", INFO)

    assert actions.say_who(person=jan, name="  ") == jan
    jan.refresh_from_db()
    assert jan.named_at is None
    assert [event.verb for event in Event.objects.all()] == ["person.added"]


def test_a_name_said_once_is_one_event() -> None:
    jan = met("Jan", INFO)

    actions.say_who(person=jan, name="Jan")
    jan.refresh_from_db()
    named_at = jan.named_at
    actions.say_who(person=jan, name="Jan", at=timezone.now())

    jan.refresh_from_db()
    assert jan.named_at == named_at
    assert [event.verb for event in Event.objects.all()] == ["person.added", "person.named"]


def test_who_puts_right_a_name_by_which_others_called_them_stays_one() -> None:
    first, second = met("Petra Klein", INFO), met("P. Klein", INFO)

    said = actions.say_who(person=second, chosen=first.pk, name="P. Klein")
    account = registered("Petra Klein", INFO)

    assert said == first == account.person
    counted = counted_as([first.pk, second.pk], timezone.now())
    assert counted.get(second.pk, second.pk) == counted.get(first.pk, first.pk)
