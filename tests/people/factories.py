from django.test import Client
from django.utils import timezone

from people import actions
from people.actions import Meant
from people.models import Account, Address, Person

PASSWORD = "goed wachtwoord"


def met(name: str, address: str, source: str = Address.Source.ASKER) -> Person:
    """Who is meant by this name at this address, as an asker or the school says it."""
    return actions.person_meant(Meant(name, address), source=Address.Source(source), by=None)


def registered(name: str, address: str) -> Account:
    return actions.register(email=address, name=name, by=None)


def been_here(account: Account) -> Account:
    """Who chose a password by the link of the invitation, and came in."""
    actions.note_mailbox(account=account)
    account.last_seen_on = timezone.localdate()
    account.save(update_fields=["last_seen_on"])
    return account


def device(account: Account) -> Client:
    """A browser in which somebody with this PASSWORD signed in."""
    client = Client()
    client.post("/accounts/login/", {"login": account.sign_in, "password": PASSWORD})
    return client
