"""Two tabs, and the way back: nothing is sent twice, and nothing is replaced unseen."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from evidence.models import Evidence
from people.models import Account
from programmes.models import Programme
from tests.factories import EnrolmentFactory, ProgrammeRoleFactory
from tests.programmes.factories import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[[Account, str], "Page"]


def send(page: "Page") -> None:
    with page.expect_navigation():
        page.locator("main form button.primary").click()


def test_back_and_send_again_adds_one_piece(enter: Enter) -> None:
    page = enter(EnrolmentFactory().student.account, reverse("evidence:add"))
    page.fill("main [name=title]", "Helped in the shop")
    page.locator("main [name=kind]").first.check()
    send(page)
    leads_to = page.url
    page.go_back()
    page.wait_for_load_state()
    page.fill("main [name=title]", "Helped in the shop")  # where the browser did not put it back
    page.locator("main [name=kind]").first.check()
    send(page)

    assert page.url == leads_to
    assert "This had come in already, and is kept once." in page.inner_text("body")
    assert Evidence.objects.count() == 1


def test_a_second_tab_shows_both_texts_and_puts_its_own_there_when_told(enter: Enter) -> None:
    place = scene()
    user = ProgrammeRoleFactory(programme=place.programme).person.account
    path = reverse("programmes:programme_edit", args=[place.programme.pk])
    page = enter(user, path)
    second = page.context.new_page()
    second.goto(path)
    page.fill("main [name=title]", "Care")
    send(page)
    second.fill("main [name=title]", "Nursing")
    send(second)

    assert second.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert second.input_value("main [name=title]") == "Nursing"
    assert second.inner_text("main .stands").split("\n")[-1] == "Care"
    assert Programme.objects.get().title == "Care"
    send(second)
    assert Programme.objects.get().title == "Nursing"
