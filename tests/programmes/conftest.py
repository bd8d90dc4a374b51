from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from people.models import Account
from tests.factories import ProgrammeRoleFactory
from tests.programmes.factories import Scene, scene


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def place(db: None) -> Scene:
    return scene()


@pytest.fixture
def coordinator(place: Scene) -> Account:
    return ProgrammeRoleFactory(programme=place.programme, person__language="en").person.account


@pytest.fixture
def coordinating(client: Client, coordinator: Account) -> Client:
    """The browser of a coordinator of the programme."""
    client.force_login(coordinator)
    return client
