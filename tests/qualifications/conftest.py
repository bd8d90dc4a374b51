from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from people.models import Account, InstitutionRole
from tests.qualifications.factories import person_with


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def curator(db: None) -> Account:
    return person_with(InstitutionRole.Role.CURRICULUM)


@pytest.fixture
def curating(client: Client, curator: Account) -> Client:
    """The browser of somebody with the curriculum role."""
    client.force_login(curator)
    return client
