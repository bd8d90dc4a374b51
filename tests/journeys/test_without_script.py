"""The main tasks in a browser that runs no script: real forms, and words that come back."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from PIL import Image

from committees.models import Case
from evidence.models import Evidence, Feedback, FeedbackRequest
from portfolio.models import CheckIn
from post import work
from programmes.models import Enrolment
from tests.committees.factories import scene as committee_scene
from tests.evidence.factories import (
    FeedbackRequestFactory,
    said_in,
)
from tests.evidence.scenes import scene
from tests.factories import AccountFactory, ProgrammeRoleFactory
from tests.journeys.conftest import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[..., "Page"]
PLAIN = {"java_script_enabled": False}
NOTHING = "   "  # enough for the browser, not for the server


def fill_in(page: "Page", **fields: str) -> None:
    for name, words in fields.items():
        page.fill(f"main [name='{name}']", words)


def press(page: "Page", selector: str, status: int = 200) -> None:
    with page.expect_navigation() as gone:
        page.click(selector)
    assert gone.value is not None
    assert gone.value.status == status, page.inner_text("main")


def unfold(page: "Page", selector: str) -> None:
    page.click(f"{selector} > summary >> nth=0")


def test_evidence_is_kept_and_feedback_asked(enter: Enter, tmp_path: Path) -> None:
    place = scene()
    photo = tmp_path / "table.jpg"
    Image.new("RGB", (60, 40)).save(photo)
    page = enter(place.student, reverse("evidence:add"), **PLAIN)

    page.set_input_files("[name=uploads]:not([capture])", photo)
    fill_in(page, title=NOTHING)
    unfold(page, "details:has([name=context])")
    fill_in(page, context="For forty guests.")
    press(page, "main button.primary", 422)
    assert page.input_value("[name=context]") == "For forty guests."
    assert page.locator("[name=kept]").is_checked()
    fill_in(page, title="Set the table")
    press(page, "main button.primary")

    fill_in(page, q=place.lines[1].text)
    press(page, "main [name=search]")
    page.check(f"[name=chosen][value='{place.lines[1].pk}']")
    fill_in(page, **{f"why-{place.lines[1].pk}": "I chose the plates."})
    press(page, "main button.primary")
    piece = Evidence.objects.get(current__title="Set the table")
    assert [(link.requirement, link.why) for link in piece.current_links()] == [
        (place.lines[1], "I chose the plates.")
    ]
    assert piece.current.attachments.count() == 1

    page.locator("[name=requirements]").check()
    fill_in(page, message="Was it on time?")
    press(page, "main button.primary", 422)  # of whom?
    assert page.input_value("[name=message]") == "Was it on time?"
    unfold(page, "details:has([name$='-name'])")
    page.fill("[name$='-name'] >> nth=0", "Henk Brouwer")
    page.fill("[name$='-address'] >> nth=0", "henk@shop.example")
    page.select_option("[name$='-role'] >> nth=0", "client")
    press(page, "main button.primary")
    question = FeedbackRequest.objects.get(evidence=piece)
    assert (question.person.name, question.message) == ("Henk Brouwer", "Was it on time?")

    press(page, "main a[href$='/withdraw/']")
    press(page, "main button.danger")
    assert list(Evidence.objects.kept()) == [place.piece]


def test_a_question_is_answered_and_another_declined(new_page: Callable[..., "Page"]) -> None:
    place = scene()
    question, other = FeedbackRequestFactory.create_batch(
        2, enrolment=place.enrolment, evidence=place.piece, on=place.lines, language="en"
    )
    page = new_page(**PLAIN)

    page.goto(reverse("evidence:answer", args=[question.token]))
    page.check(f"[name=about][value='{place.lines[1].pk}']")
    fill_in(page, text=NOTHING)
    press(page, "main button.primary", 422)
    assert page.is_checked(f"[name=about][value='{place.lines[1].pk}']")
    fill_in(page, text="She stayed calm.")
    press(page, "main button.primary")
    assert "She stayed calm." in page.inner_text("main")
    page.goto(reverse("evidence:answer", args=[other.token]))
    unfold(page, "details:has([name=reason])")
    press(page, "[name=reason] >> nth=0")

    assert said_in(Feedback.objects.get()) == [("She stayed calm.", {place.lines[1]})]
    other.refresh_from_db()
    assert other.state == FeedbackRequest.State.DECLINED


def test_a_check_in_is_held_and_read(enter: Enter) -> None:
    enrolment = scene().enrolment
    page = enter(enrolment.adviser, reverse("portfolio:check_in_new", args=[enrolment.pk]), **PLAIN)

    page.check("[name=light][value=amber]")
    fill_in(page, summary=NOTHING, **{"agreements-0-text": "Ask a client."})
    press(page, "main form button.primary", 422)
    assert page.is_checked("[name=light][value=amber]")
    assert page.input_value("[name=agreements-0-text]") == "Ask a client."
    fill_in(page, summary="A good start.", **{"agreements-0-due_on": "2040-01-01"})
    press(page, "main form button.primary")
    held = CheckIn.objects.get()
    assert (held.light, held.summary, held.agreements.count()) == ("amber", "A good start.", 1)

    page = enter(enrolment.student, reverse("portfolio:check_ins", args=[enrolment.pk]), **PLAIN)
    page.locator("[name=word]").first.check()
    press(page, "form[action$='/acknowledge/'] button.primary")
    assert CheckIn.objects.filter(acknowledgement__isnull=False).count() == 1


def test_a_coverage_is_filtered_and_offers_nothing_that_needs_a_script(enter: Enter) -> None:
    place = scene()
    page = enter(place.student, reverse("portfolio:coverage", args=[place.enrolment.pk]), **PLAIN)

    page.check("[name=thin]")
    press(page, ".coverage-filters button")
    assert "only what is thin" in page.inner_text("#coverage-shown")
    assert page.locator("[data-print]").count() == 1
    assert not page.locator("[data-print]").is_visible()
    unfold(page, "details.coverage-row")
    press(page, "details.coverage-row > a")
    assert "Helped a client" in page.inner_text(".coverage-body")
    press(page, ".head a")
    assert page.locator("details.coverage-row").count() == 3


def test_a_case_from_judgement_to_announcement(enter: Enter) -> None:
    made = committee_scene(state=Case.State.FROZEN)
    made.judge(made.chair)
    dossier = reverse("committees:case", args=[made.case.pk])
    page = enter(made.member, dossier, **PLAIN)
    unfold(page, "details.shown-piece")
    press(page, "details.shown-piece > a")
    assert "Works with care." in page.inner_text("main")
    press(page, ".head a")
    page.locator("[name^=part_]").first.check()
    fill_in(page, motivation=NOTHING)
    press(page, "main form[method=post] button.primary", 422)
    assert page.locator("[name^=part_]").first.is_checked()
    fill_in(page, motivation="Seen by a client.")
    press(page, "main form[method=post] button.primary")
    made.open_meeting()

    screen = reverse("committees:meeting", args=[made.meeting.pk]) + "?large=1"
    chair = enter(made.chair, screen, **PLAIN)
    press(chair, "nav a:text-is('Refresh')")
    press(chair, "#room a")
    press(chair, "form[action*='/open/'] button")
    assert "attained" in chair.inner_text("#room")
    press(chair, "a:text-is('For the laptop')")
    fill_in(chair, motivation="Everybody saw it.", q="xyzzy")
    press(chair, "button:has-text('Find')")
    assert "No piece and no name holds these words." in chair.inner_text("#citing")
    assert chair.input_value("[name=motivation]") == "Everybody saw it."
    fill_in(chair, q="helped")
    press(chair, "button:has-text('Find')")
    press(chair, "form[action$='/decide/'] button.primary", 422)  # resting on what?
    assert chair.input_value("[name=motivation]") == "Everybody saw it."
    chair.locator("[name=cited]").first.check()
    press(chair, "form[action$='/decide/'] button.primary")
    press(chair, "section[aria-labelledby=decision] a[href*='/announce/']")
    press(chair, "main form button.primary")
    work.sweep()

    assert made.refreshed().state == Case.State.ANNOUNCED


def test_standing_aside_and_enrolling(enter: Enter) -> None:
    made = committee_scene(state=Case.State.FROZEN)
    page = enter(made.member, reverse("committees:recuse", args=[made.case.pk]), **PLAIN)
    fill_in(page, reason="He is my neighbour.")
    press(page, "main button.danger")
    coordinator = made.coordinator
    page = enter(coordinator, reverse("programmes:student_new", args=[made.programme.pk]), **PLAIN)
    fill_in(page, name="Noor de Vries", email="no address @school.example")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    press(page, "main button.primary", 422)
    assert page.input_value("[name=name]") == "Noor de Vries"
    fill_in(page, email="noor@school.example")
    press(page, "main button.primary")

    assert [each.reason for each in made.case.recusals.all()] == ["He is my neighbour."]
    assert Enrolment.objects.filter(student__account__sign_in="noor@school.example").count() == 1


def test_signing_in_the_language_the_tour_and_the_way_out(new_page: Callable[..., "Page"]) -> None:
    person = AccountFactory(sign_in="els@school.example", password=PASSWORD, language="nl")
    ProgrammeRoleFactory(person=person)
    page = new_page(**PLAIN)

    page.goto("/accounts/login/")
    fill_in(page, login=person.sign_in, password="fout")
    press(page, "main button.primary")
    assert page.input_value("[name=login]") == person.sign_in
    fill_in(page, password=PASSWORD)
    press(page, "main button.primary")
    press(page, "[name=language][value=en]")
    assert page.inner_text("h1").startswith("Hello ")
    press(page, ".tour button")
    assert page.locator(".tour").count() == 0
    unfold(page, "details.menu")
    press(page, "details.menu form button")

    page.goto("/")
    assert "/accounts/login/" in page.url
