"""What a phone's width changes in how the coverage is opened."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


@pytest.mark.parametrize(
    ("size", "script", "part", "folded"),
    [
        (PHONE, True, "", True),
        (PHONE, True, "?thin=on", False),
        (PHONE, True, "#requirement-{line}", False),
        (PHONE, False, "", False),
        (LAPTOP, True, "", False),
    ],
)
def test_on_a_phone_the_coverage_is_folded_by_work_process(
    enter: "Callable[..., Page]", size: dict[str, int], script: bool, part: str, folded: bool
) -> None:
    place = scene()
    line = place.lines[1].pk
    address = reverse("portfolio:coverage", args=[place.enrolment.pk])

    page = enter(
        place.student, address + part.format(line=line), viewport=size, java_script_enabled=script
    )

    assert page.locator(f"#requirement-{line} .words").is_visible() is not folded
