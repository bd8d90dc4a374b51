"""A case's way from the agenda to the letter, through the actions."""

import pytest

from committees.models import Case
from tests.committees.factories import scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", Case.State.values)
def test_a_case_reaches_every_state(state: str) -> None:
    made = scene(state=state)

    assert made.refreshed().state == state
