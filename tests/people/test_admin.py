"""The support desk: what it changes goes through the actions."""

import pytest
from django.core.management import call_command
from django.test import Client

from people.models import Account, InstitutionRole
from records.models import Event
from records.verification import verify
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(AccountFactory(is_staff=True, is_superuser=True))
    return client


def verbs() -> list[str]:
    return list(Event.objects.values_list("verb", flat=True))


def change(desk: Client, account: Account, **flags: bool) -> int:
    """The answer to the desk's form about this account, as its boxes were left."""
    boxes = {name: "on" for name, is_set in flags.items() if is_set}
    return desk.post(f"/admin/people/account/{account.pk}/change/", boxes).status_code


def rights(account: Account) -> tuple[bool, bool, bool]:
    account = Account.objects.get(pk=account.pk)
    return account.is_active, account.is_staff, account.is_superuser


def test_who_becomes_staff_or_administrator_stands_in_the_record(desk: Client) -> None:
    noor = AccountFactory()

    assert change(desk, noor, is_active=True, is_staff=True) == 302
    assert rights(noor) == (True, True, False)
    assert change(desk, noor, is_active=True, is_staff=True, is_superuser=True) == 302
    assert rights(noor) == (True, True, True)
    assert change(desk, noor, is_active=True) == 302
    assert rights(noor) == (True, False, False)

    events = Event.objects.filter(chain__key=noor.person.chain)
    assert [(event.verb, event.statement["facts"]) for event in events] == [
        ("account.rights", {"is_staff": True, "is_superuser": False}),
        ("account.rights", {"is_staff": True, "is_superuser": True}),
        ("account.rights", {"is_staff": False, "is_superuser": False}),
    ]


def test_access_is_stopped_and_given_by_its_actions(desk: Client) -> None:
    noor, phone = AccountFactory(), Client()
    phone.force_login(noor)

    change(desk, noor)
    assert (rights(noor)[0], phone.get("/me/").status_code) == (False, 302)
    change(desk, noor, is_active=True)

    assert rights(noor)[0]
    assert verbs() == ["account.closed", "account.opened"]


def test_what_one_act_refuses_undoes_the_other(desk: Client) -> None:
    boss = Account.objects.get(is_superuser=True)

    assert change(desk, boss, is_superuser=True) == 409  # not active, and no staff

    assert rights(boss) == (True, True, True)
    assert verbs() == []


def test_a_sign_in_is_to_look_at(desk: Client) -> None:
    noor = AccountFactory(sign_in="noor@school.example")

    desk.post(
        f"/admin/people/account/{noor.pk}/change/",
        {"sign_in": "mine@home.example", "is_active": "on"},
    )

    assert Account.objects.get(pk=noor.pk).sign_in == "noor@school.example"


@pytest.mark.parametrize("model", ["account", "person", "institutionrole"])
def test_nobody_is_made_or_deleted_here(desk: Client, model: str) -> None:
    role = InstitutionRole.objects.create(person=AccountFactory().person, role="auditor")
    row = role.pk if model == "institutionrole" else role.person_id
    path = f"/admin/people/{model}"

    answers = [
        desk.post(f"{path}/add/", {"name": "Noor"}).status_code,
        desk.post(f"{path}/{row}/delete/", {"post": "yes"}).status_code,
    ]

    assert (answers, desk.get(f"{path}/").status_code) == ([403, 403], 200)
    assert InstitutionRole.objects.filter(pk=role.pk, person__account__isnull=False).exists()


def test_the_first_administrator_stands_in_the_record() -> None:
    call_command("createsuperuser", sign_in="Boss@school.example", interactive=False, verbosity=0)

    boss = Account.objects.get(sign_in="boss@school.example")
    [event] = Event.objects.all()
    assert (event.verb, event.chain.key, event.by) == ("person.registered", boss.person.chain, None)
    assert event.statement["facts"] == {"is_staff": True, "is_superuser": True}
    assert verify().faults == []


@pytest.mark.parametrize(("staff", "status"), [(True, 200), (False, 302)])
def test_the_desk_is_for_staff(client: Client, staff: bool, status: int) -> None:
    client.force_login(AccountFactory(is_staff=staff, is_superuser=staff))

    assert client.get("/admin/").status_code == status
