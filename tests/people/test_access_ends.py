"""Who is signed out, or stopped, is out at once on every device."""

import pytest
from django.test import Client

from people import actions
from people.models import Account
from records.models import Event
from records.refusals import NotPossible
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

PASSWORD = "goed wachtwoord"


def device(account: Account) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": account.sign_in, "password": PASSWORD})
    return client


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
