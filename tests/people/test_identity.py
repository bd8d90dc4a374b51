"""Who counts as one with whom, now and as of a past moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation

from people import actions
from people.access import NotAllowed
from people.identity import at_mailboxes_of, counted_as, derive, said_to_be, unfounded_identities
from people.models import Account, Identity, InstitutionRole, Person, SamePerson
from records.models import Event, name_of
from records.refusals import NotPossible
from records.verification import verify
from tests.factories import AccountFactory, InstitutionRoleFactory
from tests.people.factories import been_here, met, registered

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


INFO = "info@bakkerij.example"


def distinct(*people: Person, at: datetime | None = None) -> int:
    return len(set(everybody(*people, at=at).values()))


def everybody(*people: Person | Account, at: datetime | None = None) -> dict[UUID, UUID]:
    """As whom each counts, who counts as themselves too."""
    pks = [one.pk for one in people]
    return {pk: pk for pk in pks} | counted_as(pks, at or timezone.now())


def same(one: Person, other: Person, reason: str = "Asked them.") -> SamePerson:
    return actions.say_same(one=one, other=other, reason=reason, by=None)


# --- A mailbox in common --------------------------------------------------------------------------


def test_two_names_at_one_mailbox_count_as_one_until_they_named_themselves() -> None:
    jan, petra = met("Jan Baas", INFO), met("Petra Klein", "Info@bakkerij.example")
    assert jan != petra
    assert distinct(jan, petra) == 1

    actions.say_who(person=petra, name="Petra Klein")
    assert distinct(jan, petra) == 1  # Jan may still be anybody

    actions.say_who(person=jan, name="jan  baas")
    assert distinct(jan, petra) == 2
    assert Identity.objects.current().count() == 0


def test_somebody_named_by_others_counts_as_the_first_at_their_mailbox_who_named_themselves() -> (
    None
):
    jan, petra, third = (met(name, INFO) for name in ("Jan", "Petra", "Somebody"))

    actions.say_who(person=petra, name="Petra")

    assert everybody(jan, third) == {jan.pk: petra.pk, third.pk: petra.pk}


def test_other_mailboxes_are_other_people() -> None:
    people = [met("Jan", f"jan{number}@bakkerij.example") for number in range(3)]

    assert distinct(*people) == 3


def test_two_mailboxes_with_somebody_between_them_join_all_who_are_only_named() -> None:
    """The same human at two mailboxes, of whom a coordinator says so."""
    jan, petra = met("Jan", INFO), met("Petra", INFO)
    jan_elsewhere, piet = met("Jan", "winkel@bakker.example"), met("Piet", "winkel@bakker.example")

    same(jan, jan_elsewhere)

    assert distinct(jan, petra, jan_elsewhere, piet) == 1


def test_who_gets_an_account_stands_for_those_named_at_that_mailbox() -> None:
    jan = met("Jan", "petra@bakkerij.example")

    petra = registered("Petra", "petra@bakkerij.example")

    assert everybody(jan, petra) == {jan.pk: petra.pk, petra.pk: petra.pk}


def test_an_address_that_waits_for_its_mailbox_joins_nobody() -> None:
    jan, noor = met("Jan", INFO), registered("Noor", "noor@school.example")

    actions.change_address(person=noor.person, address=INFO, by=noor)

    assert distinct(jan, noor.person) == 2
    assert [row.mailbox for row in at_mailboxes_of([noor.pk])] == ["noor@school.example"]


# --- Said and taken back --------------------------------------------------------------------------


def test_two_are_said_to_be_one_and_two_again() -> None:
    jan, johan = met("Jan", "jan@a.example"), met("Johan", "johan@b.example")

    statement = same(jan, johan)
    assert distinct(jan, johan) == 1
    assert said_to_be([jan.pk, johan.pk])[johan.pk] == {jan.pk, johan.pk}

    actions.take_back_same(statement=statement, by=None)
    assert distinct(jan, johan) == 2
    assert said_to_be([jan.pk])[jan.pk] == {jan.pk}
    verbs = Event.objects.filter(chain__key=johan.chain).values_list("verb", flat=True)
    assert list(verbs) == ["person.added", "person.same", "person.not_same"]


def test_a_chain_of_three_falls_apart_where_it_is_cut() -> None:
    one, two, three = (met("Jan", f"jan@{place}.example") for place in "abc")
    first, second = same(one, two), same(three, two)
    assert distinct(one, two, three) == 1
    assert said_to_be([one.pk])[one.pk] == {one.pk, two.pk, three.pk}

    actions.take_back_same(statement=first, by=None)

    assert distinct(one, two, three) == 2
    assert distinct(two, three) == 1
    actions.take_back_same(statement=second, by=None)
    assert distinct(one, two, three) == 3


def test_taken_back_twice_is_one_event() -> None:
    statement = same(met("Jan", "jan@a.example"), met("Johan", "johan@b.example"))

    actions.take_back_same(statement=statement, by=None)
    actions.take_back_same(statement=statement, by=None)

    assert Event.objects.filter(verb="person.not_same").count() == 2  # one on each chain


def test_a_past_count_comes_out_as_it_was() -> None:
    start = timezone.now()
    jan, johan = met("Jan", "jan@a.example"), met("Johan", "johan@b.example")
    moments = [start + timedelta(hours=number) for number in range(1, 3)]
    statement = actions.say_same(one=jan, other=johan, reason="Asked.", by=None, at=moments[0])
    actions.take_back_same(statement=statement, by=None, at=moments[1])

    def count(moment: datetime) -> int:
        return distinct(jan, johan, at=moment)

    minute = timedelta(minutes=1)
    assert [count(moments[0] - minute), count(moments[0]), count(moments[1] - minute)] == [2, 1, 1]
    assert count(moments[1]) == 2


def test_nothing_that_names_somebody_is_rewritten() -> None:
    jan, johan = met("Jan", "jan@a.example"), met("Johan", "johan@b.example")
    before = list(Person.objects.order_by("pk").values()), jan.address(), johan.address()

    same(jan, johan)

    after = list(Person.objects.order_by("pk").values()), jan.address(), johan.address()
    assert after == before


def refused(one: Person, other: Person, reason: str) -> str:
    with pytest.raises(NotPossible) as refusal:
        same(one, other, reason)
    assert SamePerson.objects.count() == 0
    return str(refusal.value)


def test_what_cannot_be_said() -> None:
    jan, noor = met("Jan", "jan@a.example"), registered("Noor", "noor@school.example")
    other = registered("Nora", "nora@school.example")

    assert "choose two" in refused(jan, jan, "Asked.")
    assert "how you know" in refused(jan, noor.person, "  ")
    assert "stop the access" in refused(noor.person, other.person, "Asked.")
    actions.stop_access(account=other, by=None)
    assert same(other.person, noor.person)


def test_it_is_not_said_twice_whichever_comes_first() -> None:
    jan, johan = met("Jan", "jan@a.example"), met("Johan", "johan@b.example")
    same(jan, johan)

    for pair in ((jan, johan), (johan, jan)):
        with pytest.raises(NotPossible):
            same(*pair)

    assert SamePerson.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "may"), [("coordinator", True), ("administrator", True), ("teacher", False)]
)
def test_who_may_say_it(who: str, may: bool) -> None:
    by = AccountFactory(is_superuser=who == "administrator")
    if who == "coordinator":
        InstitutionRoleFactory(person=by, role=InstitutionRole.Role.COORDINATOR)
    jan, johan = met("Jan", "jan@a.example"), met("Johan", "johan@b.example")

    if may:
        actions.say_same(one=jan, other=johan, reason="Asked.", by=by)
    else:
        with pytest.raises(NotAllowed):
            actions.say_same(one=jan, other=johan, reason="Asked.", by=by)

    assert SamePerson.objects.exists() is may


CHAINS: dict[str, tuple[tuple[int, int], ...]] = {
    "themselves": ((0, 1),),
    "who is said to be them": ((0, 2), (2, 1)),
    "who is said to be somebody who is": ((0, 2), (2, 3), (3, 1)),
}


@pytest.mark.parametrize("who", ["coordinator", "administrator"])
@pytest.mark.parametrize("which", CHAINS)
def test_nobody_says_of_themselves_who_they_are_or_takes_it_back(which: str, who: str) -> None:
    """The last statement of each chain: two made it one, before who it is about comes to it."""
    by = AccountFactory(is_superuser=who == "administrator")
    InstitutionRoleFactory(person=by, role=InstitutionRole.Role.COORDINATOR)
    others = [met(name, f"{name}@a.example") for name in ("Jan", "Johan", "Joop")]
    people = [by.person, *others]
    *before, (one, other) = CHAINS[which]
    for pair in before:
        same(*(people[number] for number in pair))

    with pytest.raises(NotAllowed, match="a colleague"):
        actions.say_same(one=people[one], other=people[other], reason="Asked.", by=by)
    said = same(people[one], people[other])
    with pytest.raises(NotAllowed, match="a colleague"):
        actions.take_back_same(statement=said, by=by)

    assert SamePerson.objects.current().count() == len(CHAINS[which])
    colleague = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR).person.account
    actions.take_back_same(statement=said, by=colleague)
    assert SamePerson.objects.current().count() == len(before)


def test_who_counts_as_oneself_by_a_mailbox_is_oneself() -> None:
    by = registered("Noor", "noor@school.example")
    InstitutionRoleFactory(person=by, role=InstitutionRole.Role.COORDINATOR)
    at_home = met("Noor", INFO)
    same(by.person, at_home)
    there, johan = met("Jan", INFO), met("Johan", "johan@b.example")
    assert distinct(by.person, there) == 1

    with pytest.raises(NotAllowed, match="a colleague"):
        actions.say_same(one=there, other=johan, reason="Asked.", by=by)


def test_counting_asks_once_however_many(django_assert_num_queries: object) -> None:
    people: list[UUID] = [met("Jan", f"jan{number}@a.example").pk for number in range(30)]

    with django_assert_num_queries(1):  # type: ignore[operator]  # of a table
        counted = counted_as(people, timezone.now())

    assert counted == {}


# --- Called otherwise -----------------------------------------------------------------------------


def test_a_name_of_before_leads_to_the_same_person() -> None:
    jan = met("Jan Bas", INFO)
    actions.rename(person=jan, name="Jan Baas", by=None)

    assert met(" jan BAS", INFO) == jan
    assert met("Jan Baas", INFO) == jan
    assert met("Petra", INFO) != jan


def test_of_two_who_had_a_name_the_one_who_has_it_is_meant() -> None:
    first = met("Jan", INFO)
    actions.rename(person=first, name="Johan", by=None)
    first.refresh_from_db()
    second = actions.say_who(person=first, name="Jan")

    assert second != first
    assert met("Jan", INFO) == second


def test_who_went_by_one_name_at_one_mailbox_stays_one_when_one_row_is_renamed() -> None:
    noor = been_here(registered("Noor", "noor@school.example"))
    actions.confirm_address(
        address=actions.change_address(person=noor.person, address="noor@home.example", by=None),
        by=None,
    )
    there = met("Noor", "noor@school.example", "school")
    assert distinct(noor.person, there) == 1

    actions.rename(person=noor.person, name="Noor Visser", by=None)

    assert distinct(noor.person, there) == 1


# --- Verified -------------------------------------------------------------------------------------


@pytest.mark.tampers
def test_a_row_that_does_not_follow_is_reported() -> None:
    jan, petra, els = met("Jan", INFO), met("Petra", INFO), met("Els", "els@a.example")
    assert list(unfounded_identities()) == []

    row = Identity.objects.current().get()
    Identity.objects.filter(pk=row.pk).update(counts_as=els)
    assert verify().faults == [f"{name_of(row)}: altered", f"{name_of(row)}: does not follow"]

    Identity.objects.all().delete()
    assert verify().faults == [
        f"{name_of(row)}: removed",
        f"{name_of(petra)}: without the identity that follows",
    ]

    derive([jan.pk], timezone.now())
    added = Identity.objects.create(person=els, counts_as=jan)
    assert verify().faults == [
        f"{name_of(row)}: removed",
        f"{name_of(added)}: inserted",
        f"{name_of(added)}: does not follow",
    ]


@pytest.mark.tampers
def test_who_is_gone_is_named_and_the_others_are_verified() -> None:
    jan, petra, els = met("Jan", INFO), met("Petra", INFO), met("Els", "els@a.example")
    same(jan, els)
    Identity.objects.filter(person=petra).update(ended_at=timezone.now())

    with transaction.atomic():  # what points at them keeps it from being committed
        Person.objects.filter(pk=els.pk)._raw_delete("default")  # type: ignore[attr-defined]
        found = verify().faults
        transaction.set_rollback(True)

    assert f"{name_of(els)}: gone, and known by an address or a statement" in found
    assert f"{name_of(els)}: removed" in found
    assert f"{name_of(petra)}: without the identity that follows" in found


@pytest.mark.tampers
def test_an_account_of_another_person_is_named() -> None:
    """Who has the database takes the constraint away first."""
    account, other = registered("Noor", "noor@school.example"), met("Els", "els@a.example")
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            connection.check_constraints()
            cursor.execute(
                "ALTER TABLE people_account DROP CONSTRAINT an_account_bears_the_id_of_its_person"
            )
        Account.objects.filter(pk=account.pk).update(person=other)
        found = verify().faults
        transaction.set_rollback(True)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert found == [f"people.account:{account.pk}: belongs to another person"]


def ended() -> tuple[SamePerson, Identity]:
    """A statement that was taken back, and who counted as whom by it."""
    statement = same(met("Jan", "jan@a.example"), met("Johan", "johan@b.example"))
    actions.take_back_same(statement=statement, by=None)
    assert (SamePerson.objects.current().count(), Identity.objects.current().count()) == (0, 0)
    return SamePerson.objects.get(), Identity.objects.get()


@pytest.mark.tampers
@pytest.mark.parametrize("column", ["recorded_at", "ended_at"])
@pytest.mark.parametrize("number", [0, 1], ids=["statement", "identity"])
def test_what_has_ended_is_still_proven(number: int, column: str) -> None:
    row = ended()[number]
    assert verify().faults == []

    earlier = getattr(row, column) - timedelta(days=1)
    type(row)._base_manager.filter(pk=row.pk).update(**{column: earlier})

    assert verify().faults == [f"{name_of(row)}: altered"]


@pytest.mark.tampers
@pytest.mark.parametrize("number", [0, 1], ids=["statement", "identity"])
def test_what_has_ended_is_not_removed_or_added_unseen(number: int) -> None:
    row = ended()[number]
    type(row)._base_manager.filter(pk=row.pk).delete()
    assert verify().faults == [f"{name_of(row)}: removed"]

    row.pk = uuid4()
    row.save(force_insert=True)
    assert f"{name_of(row)}: inserted" in verify().faults


@pytest.mark.parametrize("count", [1, 30])
def test_verifying_them_is_one_reading(
    count: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    for number in range(count):
        met(f"Jan {number}", INFO)

    with django_assert_num_queries(4):
        assert list(unfounded_identities()) == []
