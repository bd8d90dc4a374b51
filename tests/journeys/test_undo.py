"""Sent, and undone: with and without script, with an account and by a link, over real mail."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from evidence.models import Feedback, FeedbackRequest
from people.models import Draft
from post.models import OutboxMail
from post.outbox import send_due
from tests.evidence.factories import FeedbackRequestFactory
from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.peers import MailServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("waits")]

Enter = Callable[..., "Page"]
by_script = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


def press(page: "Page", button: str) -> None:
    with page.expect_navigation():
        page.click(button)


def time_goes_by() -> None:
    """Whatever waits is due."""
    OutboxMail.objects.filter(state="waiting").update(due_at=timezone.now())


@by_script
def test_who_answered_by_a_link_takes_it_back_and_finds_the_words(
    script: bool, enter: Enter, smtp_server: "MailServer"
) -> None:
    place = scene()
    asked = FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines[:2], language="en"
    )
    page = enter(None, reverse("evidence:answer", args=[asked.token]), java_script_enabled=script)
    page.fill("[name=text]", "She listened well.")
    press(page, "main button.primary")
    line = page.inner_text(".undo")
    assert ("left" if script else "until") in line
    assert Feedback.objects.count() == 1

    assert send_due() == 0
    press(page, ".undo button")

    assert page.input_value("[name=text]") == "She listened well."
    assert not Feedback.objects.filter(taken_back_at__isnull=True).exists()
    time_goes_by()
    send_due()
    assert smtp_server.messages == []


@by_script
def test_a_no_by_mistake_is_taken_back_and_answered_after_all(script: bool, enter: Enter) -> None:
    place = scene()
    asked = FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines[:2], language="en"
    )
    page = enter(None, reverse("evidence:answer", args=[asked.token]), java_script_enabled=script)
    page.locator("main details").evaluate_all("all => all.map(each => each.open = true)")
    press(page, f"main form[action$='{reverse('evidence:decline', args=[asked.token])}'] button")
    asked.refresh_from_db()
    assert asked.state == FeedbackRequest.State.DECLINED

    press(page, ".undo button")
    page.fill("[name=text]", "I saw it after all.")
    press(page, "main button.primary")

    assert Feedback.objects.count() == 1
    assert Draft.objects.exclude(key__startswith="sent:").count() == 0


def test_the_mail_of_what_was_undone_is_never_sent_and_that_of_what_was_not_is(
    enter: Enter, smtp_server: "MailServer"
) -> None:
    place = scene()
    page = enter(place.student, reverse("evidence:ask", args=[place.piece.pk]))

    def ask(name: str) -> None:
        page.goto(reverse("evidence:ask", args=[place.piece.pk]))
        page.locator("main details").evaluate_all("all => all.map(each => each.open = true)")
        page.locator("[name=requirements]").first.check()
        page.fill("[name=person0-name]", name)
        page.fill("[name=person0-address]", f"{name.split()[0].lower()}@outside.example")
        page.select_option("[name=person0-role]", index=1)
        press(page, "main button.primary")

    ask("Jan Jansen")
    press(page, ".undo button >> nth=0")
    ask("Piet Pieters")
    assert send_due() == 0

    time_goes_by()
    send_due()

    assert [mail["To"] for mail in smtp_server.messages] == ["piet@outside.example"]
    states = OutboxMail.objects.filter(template="evidence/request").values_list("state", flat=True)
    assert sorted(states) == ["cancelled", "sent"]
