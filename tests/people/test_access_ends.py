"""Who is signed out, or stopped, is out at once on every device."""

import pytest
from django.test import Client

from people import actions
from people.models import Account, InstitutionRole
from records.models import Event
from records.refusals import NotPossible
from tests.factories import AccountFactory
from tests.people.factories import PASSWORD, been_here, device, met, registered

pytestmark = pytest.mark.django_db

INFO = "info@shop.example"


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


@pytest.fixture
def noor() -> Account:
    return AccountFactory(password=PASSWORD)


def test_signed_out_everywhere_all_devices_are_out_and_can_come_in_again(noor: Account) -> None:
    phone, laptop, other = device(noor), device(noor), device(AccountFactory(password=PASSWORD))
    assert (is_in(phone), is_in(laptop), is_in(other)) == (True, True, True)

    actions.sign_out_everywhere(account=noor, by=None)

    assert (is_in(phone), is_in(laptop), is_in(other)) == (False, False, True)
    assert is_in(device(noor))


def test_stopped_all_devices_are_out_and_cannot_come_in_until_access_is_given(
    noor: Account,
) -> None:
    phone, laptop = device(noor), device(noor)

    actions.stop_access(account=noor, by=None)

    assert (is_in(phone), is_in(laptop), is_in(device(noor))) == (False, False, False)
    actions.give_access(account=noor, by=None)
    assert (is_in(phone), is_in(device(noor))) == (False, True)


def test_access_is_stopped_and_given_once(noor: Account) -> None:
    for act in (actions.stop_access, actions.stop_access, actions.give_access, actions.give_access):
        act(account=noor, by=None)

    assert [event.verb for event in Event.objects.all()] == ["account.closed", "account.opened"]


def test_nobody_stops_their_own_access() -> None:
    boss = AccountFactory(is_superuser=True)

    with pytest.raises(NotPossible):
        actions.stop_access(account=boss, by=boss)

    assert Account.objects.get(pk=boss.pk).is_active


def test_one_signs_oneself_out_everywhere_from_ones_own_page(noor: Account) -> None:
    phone, laptop = device(noor), device(noor)

    assert phone.get("/me/sign-out/").status_code == 200
    assert is_in(laptop)
    phone.post("/me/sign-out/")

    assert (is_in(phone), is_in(laptop)) == (False, False)


def test_one_human_has_one_account_that_is_open() -> None:
    one, other = registered("Noor", "noor@school.example"), met("N. de Vries", "noor@home.example")
    actions.say_same(one=one.person, other=other, reason="She told me.", by=None)

    with pytest.raises(NotPossible):
        actions.invite_person(person=other, by=None)
    with pytest.raises(NotPossible):
        actions.register(email="noor@home.example", name="N. de Vries", by=None)
    actions.stop_access(account=one, by=None)
    actions.invite_person(person=other, by=None)
    with pytest.raises(NotPossible):
        actions.give_access(account=one, by=None)

    one.refresh_from_db()
    assert (one.is_active, Account.objects.get(pk=other.pk).is_active) == (False, True)


@pytest.mark.parametrize("more", ["a role", "rights"])
def test_an_address_that_waits_opens_no_door_into_what_was_given_later(more: str) -> None:
    noor = registered("Noor", "noor@school.example")
    waiting = actions.change_address(person=noor.person, address="else@where.example", by=None)

    if more == "a role":
        actions.give_role(person=noor.person, role=InstitutionRole.Role.EXAM_BOARD, by=None)
    else:
        actions.set_rights(account=noor, is_staff=True, is_superuser=True, by=None)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=waiting, by=None)


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        ((False, False), (False, False), True),
        ((True, True), (True, True), True),
        ((True, True), (True, False), True),
        ((True, False), (False, False), True),
        ((True, False), (True, True), False),
        ((False, True), (True, False), False),
    ],
)
def test_an_address_waits_in_vain_only_where_a_right_was_given(
    before: tuple[bool, bool], after: tuple[bool, bool], waits: bool
) -> None:
    noor = registered("Noor", "noor@school.example")
    is_staff, is_superuser = before
    actions.set_rights(account=noor, is_staff=is_staff, is_superuser=is_superuser, by=None)
    been_here(noor)
    waiting = actions.change_address(person=noor.person, address="else@where.example", by=None)

    is_staff, is_superuser = after
    actions.set_rights(account=noor, is_staff=is_staff, is_superuser=is_superuser, by=None)

    waiting.refresh_from_db()
    assert waiting.waits is waits


def test_who_is_invited_is_the_one_that_was_chosen() -> None:
    first, second = met("Jan Baas", INFO), met("Petra", INFO)
    actions.rename(person=second, name="Jan Baas", by=None)

    actions.invite_person(person=second, by=None)

    assert [account.pk for account in Account.objects.filter(pk__in=[first.pk, second.pk])] == [
        second.pk
    ]


@pytest.mark.parametrize("act", ["rename", "change_address", "invite_person"])
def test_nothing_is_done_with_who_was_erased(act: str) -> None:
    person = met("Jan Baas", INFO)
    actions.erase_person(person=person, ground="Asked.", by=None)
    more = {"rename": {"name": "Jan"}, "change_address": {"address": "jan@home.example"}}

    with pytest.raises(NotPossible):
        getattr(actions, act)(person=person, by=None, **more.get(act, {}))
