"""A coordinator copies a programme to the next cohort, mends it, and opens it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from people.models import Account, InstitutionRole
from programmes.models import Programme
from tests.factories import InstitutionRoleFactory, ProgrammeRoleFactory
from tests.programmes.factories import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[[Account, str], "Page"]


def press(page: "Page", name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def follow(page: "Page", name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name=name).first.click()


def test_a_programme_goes_to_the_next_cohort(enter: Enter) -> None:
    place = scene()
    Programme.objects.update(title="Software", cohort="2026-2029")
    role = ProgrammeRoleFactory(programme=place.programme)
    InstitutionRoleFactory(person=role.person, role=InstitutionRole.Role.COORDINATOR)
    auditor = InstitutionRoleFactory(role=InstitutionRole.Role.AUDITOR).person.account

    page = enter(role.person.account, place.programme.get_absolute_url())
    follow(page, "Copy to the next cohort")
    assert page.input_value("main [name=cohort]") == "2027-2030"
    press(page, "Make the copy")
    copy = Programme.objects.get(cohort="2027-2030")
    assert page.url.endswith(copy.get_absolute_url())
    assert "This is a draft" in page.inner_text("main")
    assert place.enrolment.student.name not in page.inner_text("main")
    year = place.period.starts_on.year + 1
    assert str(year) in page.inner_text("section[aria-labelledby=periods]")

    # A mistake is mended: the period of the copy goes, that of before stays.
    follow(page, f"Remove {place.period.name}")
    press(page, "Remove the period")
    assert list(copy.periods.current()) == []
    assert list(place.programme.periods.current()) == [place.period]

    # Nobody else sees it until it is opened.
    others = enter(auditor, "/programmes/")
    assert "2027-2030" not in others.inner_text("main")
    press(page, "Open the programme")
    others.reload()
    assert "2027-2030" in others.inner_text("main")
    assert page.get_by_role("link", name="Enrol a student").first.is_visible()
