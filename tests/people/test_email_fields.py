"""An address stands in one place, and what one signs in with in another; nowhere else."""

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import models
from django.test import Client

from tests.factories import AccountFactory
from tests.test_structure import ROOMS


def test_the_email_fields_of_the_house_are_these() -> None:
    """Found by their kind, or by their name."""
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in ROOMS
        for field in model._meta.concrete_fields
        if isinstance(field, models.EmailField)
        or {"email", "mail", "address"} & set(field.name.split("_"))
    }

    assert found == {"people.Address.address", "people.Account.sign_in"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "email/",
        "signup/",
        "confirm-email/",
        "confirm-email/x/",
        "password/set/",
        "login/code/confirm/",
    ],
)
def test_the_pages_of_the_other_table_are_closed(client: Client, path: str) -> None:
    client.force_login(AccountFactory())

    for ask in (client.get, client.post):
        assert ask(f"/accounts/{path}").status_code == 403
    assert EmailAddress.objects.count() == 0
