"""Who may give and end roles in the institution, and what registering somebody does."""

import pytest

from people import actions
from people.access import NotAllowed
from people.models import Account, Address, InstitutionRole, Person
from post.models import OutboxMail
from records.models import Event
from records.refusals import NotPossible
from tests.factories import AccountFactory, InstitutionRoleFactory
from tests.people.factories import met
from tests.recorded import faults

pytestmark = pytest.mark.django_db

Role = InstitutionRole.Role


def actor(who: str) -> Account | None:
    if who == "the system":
        return None
    if who in Role.values:
        return InstitutionRoleFactory(role=who).person.account
    return AccountFactory(is_superuser=who == "administrator", is_staff=who != "anybody")


ACTORS = [
    ("the system", True),
    ("administrator", True),
    ("staff", False),
    ("anybody", False),
    (Role.EXAM_BOARD, False),
    (Role.COORDINATOR, False),
]


@pytest.mark.parametrize(("who", "may"), ACTORS)
def test_who_may_give_a_role(who: str, may: bool) -> None:
    by, person = actor(who), AccountFactory()

    if may:
        actions.give_role(person=person.person, role=Role.AUDITOR, by=by)
    else:
        with pytest.raises(NotAllowed):
            actions.give_role(person=person.person, role=Role.AUDITOR, by=by)

    assert person.person.institution_roles.current().exists() is may


@pytest.mark.parametrize(("who", "may"), ACTORS)
def test_who_may_end_a_role(who: str, may: bool) -> None:
    by, role = actor(who), InstitutionRoleFactory(role=Role.AUDITOR)

    if may:
        actions.end_role(role=role, by=by)
    else:
        with pytest.raises(NotAllowed):
            actions.end_role(role=role, by=by)

    assert InstitutionRole.objects.current().filter(pk=role.pk).exists() is not may


def test_a_role_given_twice_is_one_role_and_one_event() -> None:
    person = AccountFactory()

    first = actions.give_role(person=person.person, role=Role.AUDITOR, by=None)
    second = actions.give_role(person=person.person, role=Role.AUDITOR, by=None)

    assert first == second
    assert [event.verb for event in Event.objects.all()] == ["role.given"]
    assert faults() == []


def test_somebody_known_is_not_registered_again() -> None:
    known = AccountFactory(sign_in="noor@school.example", name="Noor")

    found = actions.register(email=" Noor@School.example", name=" noor ", by=None)

    assert (found, found.name) == (known, "Noor")
    assert OutboxMail.objects.count() == 0


@pytest.mark.parametrize("typed", ["noor@school.example", "Noor+x@School.example"])
def test_the_school_is_told_whose_account_an_address_is(typed: str) -> None:
    AccountFactory(sign_in="noor@school.example", name="Noor Visser")

    for say in (
        lambda: actions.register(email=typed, name="Els", by=None),
        lambda: met("Els", typed, Address.Source.SCHOOL),
    ):
        with pytest.raises(NotPossible, match="Noor Visser"):
            say()

    assert Person.objects.count() == 1
    assert met("Els", typed).name == "Noor Visser"  # an asker is not told
