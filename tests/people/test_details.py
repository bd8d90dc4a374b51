"""One's own name and address."""

import pytest
from django.test import Client

from people import actions
from people.models import Account
from post.models import OutboxMail
from records.models import Event
from tests.factories import AccountFactory, InstitutionRoleFactory
from tests.people.factories import PASSWORD, met

pytestmark = pytest.mark.django_db


@pytest.fixture
def noor(client: Client) -> Account:
    """Signed in."""
    account = AccountFactory(
        name="Noor", sign_in="noor@school.example", password=PASSWORD, language="en"
    )
    client.post("/accounts/login/", {"login": account.sign_in, "password": PASSWORD})
    return account


def once_more(client: Client, password: str = PASSWORD) -> None:
    """The password, typed before the page of the address opens."""
    client.post("/accounts/reauthenticate/?next=/me/address/", {"password": password})


def address_of(account: Account) -> str:
    return str(account.person.address())


@pytest.mark.parametrize("path", ["/me/", "/me/name/", "/me/address/", "/me/sign-out/"])
def test_it_is_for_who_is_signed_in(client: Client, path: str) -> None:
    for method in (client.get, client.post):
        assert method(path).status_code in (302, 405)
        assert "/accounts/login/" in client.get(path).url


def test_the_page_says_where_mail_goes_and_what_waits(client: Client, noor: Account) -> None:
    waiting = actions.change_address(person=noor.person, address="noor@home.example", by=noor)

    page = client.get("/me/").content.decode()

    assert "noor@school.example" in page
    assert "noor@home.example" in page
    assert "Open the link in the mail" in page
    OutboxMail.objects.filter(about=waiting.pk).update(
        state=OutboxMail.State.FAILED, trouble=OutboxMail.Trouble.NO_MAILBOX
    )
    assert "The mail to Noor did not arrive" in client.get("/me/").content.decode()


def test_one_is_called_as_one_chose(client: Client, noor: Account) -> None:
    assert client.post("/me/name/", {"name": "  "}).status_code == 422

    client.post("/me/name/", {"name": "Noor de  Vries"})

    noor.person.refresh_from_db()
    assert noor.person.name == "Noor de Vries"
    [event] = Event.objects.filter(verb="person.named")
    assert (event.by, event.chain.key) == (noor, noor.person.chain)
    assert "Noor" not in str(event.statement)


def test_ones_own_address_is_changed_and_confirmed(client: Client, noor: Account) -> None:
    once_more(client)
    client.post("/me/address/", {"address": "Noor@Home.example"})
    [row] = noor.person.addresses.current().filter(receives=False)
    assert (row.address, row.source) == ("noor@home.example", "self")
    assert address_of(noor) == "noor@school.example"

    client.post(f"/address/{row.token}/")

    assert address_of(noor) == "noor@home.example"


@pytest.mark.parametrize("is_coordinator", [False, True])
def test_who_else_is_known_at_the_new_address_is_told_to_who_looks_after_them_only(
    client: Client, noor: Account, is_coordinator: bool
) -> None:
    met("Petra Klein", "info@shop.example")
    if is_coordinator:
        InstitutionRoleFactory(person=noor.person, role="coordinator")
    once_more(client)

    page = client.post("/me/address/", {"address": "info@shop.example"}, follow=True)

    told = "Mail for Petra Klein goes to this address too." in page.content.decode()
    assert told is is_coordinator


def test_what_is_refused_stands_in_the_form(client: Client, noor: Account) -> None:
    AccountFactory(sign_in="els@school.example")
    once_more(client)

    for typed in ("els@school.example", "noor@school.example", "no address"):
        answer = client.post("/me/address/", {"address": typed})
        assert (answer.status_code, typed in answer.content.decode()) == (422, True)

    assert noor.person.addresses.count() == 1


def test_a_session_that_was_left_open_changes_no_address(client: Client, noor: Account) -> None:
    """Its password is asked for, and only then what was sent is done."""
    opened, sent = client.get("/me/address/"), client.post("/me/address/", {"address": "x@y.nl"})

    assert [answer.url.partition("?")[0] for answer in (opened, sent)] == [
        "/accounts/reauthenticate/"
    ] * 2
    assert noor.person.addresses.count() == 1
    once_more(client, "fout")
    assert noor.person.addresses.count() == 1
    once_more(client)
    assert noor.person.addresses.filter(address="x@y.nl", receives=False).count() == 1
