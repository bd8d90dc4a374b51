"""The main tasks with the keyboard alone. Whatever has the focus on the way is seen to have it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from committees.models import Case
from evidence.models import Evidence, Feedback, FeedbackRequest
from portfolio.models import CheckIn
from post import work
from programmes.models import Enrolment, ProgrammeRole
from tests.committees.factories import scene as committee_scene
from tests.evidence.factories import (
    FeedbackRequestFactory,
    said_in,
)
from tests.evidence.scenes import scene

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.django_db(transaction=True)

Enter = Callable[..., "Page"]

# What is wrong with how the focus can be seen; nothing where all is well. An edge of a pixel may
# be cut off: outlines fall between pixels. (WCAG 2.2: 2.4.7 focus visible, 2.4.11 not obscured)
FAULT = """() => {
    const focused = document.activeElement;
    if (focused === document.body) return "";
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(focused);
    if ((outlineStyle === "none" || parseFloat(outlineWidth) < 2) && boxShadow === "none")
        return "no outline";
    const box = focused.getClientRects()[0];
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    if (right - left < 8 || bottom - top < Math.min(8, box.height / 2)) return "out of sight";
    const seen = [top + 4, (top + bottom) / 2, bottom - 4].map(
        (y) => document.elementFromPoint((left + right) / 2, y));
    const is_on_top = (found) => found && (focused.contains(found) || found.contains(focused));
    return seen.some(is_on_top) ? "" : `covered by ${seen[1]?.outerHTML.slice(0, 80)}`;
}"""


def tab_to(page: "Page", selector: str, most: int = 60) -> None:
    """Press Tab until this has the focus; fails where the focus cannot be seen on the way."""
    faults = []
    for _press in range(most):
        page.keyboard.press("Tab")
        if fault := page.evaluate(FAULT):
            faults.append(f"{page.evaluate('document.activeElement.outerHTML')[:120]}: {fault}")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            assert faults == []
            return
    raise AssertionError(f"{selector} is not reached")


def fill_in(page: "Page", **fields: str) -> None:
    """Type in these fields, in their order."""
    for name, words in fields.items():
        tab_to(page, f"[name='{name}']")
        page.keyboard.type(words)


def tick(page: "Page", selector: str) -> None:
    """Choose with the space bar."""
    tab_to(page, selector)
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.checked")


def unfold(page: "Page", selector: str) -> None:
    tab_to(page, f"{selector} > summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")


def follow(page: "Page", selector: str) -> None:
    """Go to a link or a button, and press Enter."""
    tab_to(page, selector)
    enter_key(page)


def enter_key(page: "Page") -> None:
    with page.expect_navigation() as gone:
        page.keyboard.press("Enter")
    assert gone.value is not None
    assert gone.value.status == 200, page.inner_text("main")


def test_a_student_keeps_evidence_and_asks_for_feedback(enter: Enter, tmp_path: Path) -> None:
    place = scene()
    photo = tmp_path / "table.jpg"
    Image.new("RGB", (60, 40)).save(photo)
    page = enter(place.student, reverse("evidence:list"))

    follow(page, f"main a[href='{reverse('evidence:add')}']")
    tab_to(page, "[name=uploads]:not([capture])")
    page.locator(":focus").set_input_files(photo)
    fill_in(page, title="Set the table")
    follow(page, "main button.primary")
    fill_in(page, q=place.lines[0].text)
    tick(page, "[name=chosen]")
    fill_in(page, **{f"why-{place.lines[0].pk}": "I chose the plates."})
    follow(page, "main button.primary")
    assert page.url.endswith("/ask/")
    assert page.locator("[name=requirements]").is_checked()
    unfold(page, "details:has([name$='-name'])")
    tab_to(page, "[name$='-name']")
    page.keyboard.type("Henk Brouwer")
    tab_to(page, "[name$='-address']")
    page.keyboard.type("henk@shop.example")
    tab_to(page, "[name$='-role']")
    page.keyboard.type("cl")
    follow(page, "main button.primary")

    piece = Evidence.objects.get(current__title="Set the table")
    [link] = piece.current_links()
    assert (link.requirement, link.why) == (place.lines[0], "I chose the plates.")
    assert piece.current.attachments.count() == 1
    question = FeedbackRequest.objects.get(evidence=piece)
    assert (question.person.name, question.role) == ("Henk Brouwer", "client")


def test_a_supervisor_answers_from_a_mail(new_page: "Callable[..., Page]") -> None:
    place = scene()
    question, other = FeedbackRequestFactory.create_batch(
        2, enrolment=place.enrolment, evidence=place.piece, on=place.lines, language="en"
    )
    page = new_page()

    page.goto(reverse("evidence:answer", args=[question.token]))
    fill_in(page, text="She stayed calm.")
    tick(page, "[name=about]")
    follow(page, "main button.primary")
    page.goto(reverse("evidence:answer", args=[other.token]))
    unfold(page, "details:has([name=reason])")
    follow(page, "[name=reason]")

    assert said_in(Feedback.objects.get()) == [("She stayed calm.", {place.lines[0]})]
    other.refresh_from_db()
    assert other.state == FeedbackRequest.State.DECLINED


def test_an_adviser_holds_a_check_in(enter: Enter) -> None:
    enrolment = scene().enrolment
    page = enter(enrolment.adviser, reverse("portfolio:students"))
    new_year = date(timezone.localdate().year + 1, 1, 1)  # typed alike in any order

    follow(page, f"main a[href$='/{enrolment.pk}/']")
    follow(page, "main a[href$='/check-ins/new/']")
    fill_in(page, summary="A good start.")
    tab_to(page, "[name=light]")
    page.keyboard.press("ArrowDown")
    fill_in(page, **{"agreements-0-text": "Ask a client."})
    tab_to(page, "[name=agreements-0-due_on]")
    page.keyboard.type(f"{new_year:%d%m%Y}")
    follow(page, "main form button.primary")

    held = CheckIn.objects.get()
    assert (held.light, held.summary) == ("amber", "A good start.")
    [agreement] = held.agreements.all()
    assert (agreement.text, agreement.due_on) == ("Ask a client.", new_year)


def test_a_member_judges_one_case_and_stands_aside_from_another(enter: Enter) -> None:
    made = committee_scene(students=2)
    made.freeze()
    first, second = made.cases
    page = enter(made.member, reverse("committees:meeting", args=[made.meeting.pk]))

    follow(page, f"table a[href^='{reverse('committees:case', args=[first.pk])}']")
    unfold(page, "details.coverage-row")
    page.locator(".coverage-row .remark-text:text-is('Works with care.')").wait_for()
    unfold(page, "details.shown-piece")
    page.locator(".shown-piece .remark-text:text-is('Works with care.')").wait_for()
    tick(page, "[name^=part_]")
    fill_in(page, motivation="Seen by a client.")
    follow(page, "main button.primary")
    expect(page.locator("#live")).to_have_text(
        "Your judgement is kept, sealed until all are opened together."
    )
    follow(page, f"main nav a[href='{reverse('committees:case', args=[second.pk])}']")
    follow(page, "main a[href$='/recuse/']")
    fill_in(page, reason="He is my neighbour.")
    follow(page, "main button.danger")

    assert [each.motivation for each in first.judgements.all()] == ["Seen by a client."]
    assert [each.reason for each in second.recusals.all()] == ["He is my neighbour."]


def test_a_chair_takes_a_consent_case_to_its_announcement(enter: Enter) -> None:
    made = committee_scene(state=Case.State.FROZEN)
    for judge in (made.chair, made.member, made.other_member):
        made.judge(judge)
    made.open_meeting()
    page = enter(made.chair, reverse("committees:meeting", args=[made.meeting.pk]))

    follow(page, "form[action$='/judgements/'] button")
    work.sweep()
    page.wait_for_selector("main:has-text('The judgements of 1 case are open.')")
    follow(page, "main a.button")
    follow(page, "#fast ~ ul a")
    assert page.evaluate("document.activeElement.name") == "motivation"
    page.keyboard.type("Everybody saw it.")
    tick(page, "[name=cited]")
    follow(page, "form[action$='/decide/'] button.primary")
    assert "Everybody saw it." in page.inner_text("main")
    follow(page, "section[aria-labelledby=decision] a[href*='/announce/']")
    follow(page, "main form button.primary")
    work.sweep()

    assert made.refreshed().state == Case.State.ANNOUNCED
    expect(page.locator("#live")).to_have_text("Ordered. Until then you can call it off.")


def test_a_coordinator_enrols_a_student_and_gives_a_role(enter: Enter) -> None:
    made = committee_scene()
    page = enter(made.coordinator, reverse("programmes:programme", args=[made.programme.pk]))

    follow(page, "main a[href$='/students/new/']")
    fill_in(page, name="Noor de Vries", email="noor@school.example")
    tab_to(page, "[name=known_adviser]")
    page.keyboard.type("Adv")
    follow(page, "main button.primary")
    page.goto(reverse("programmes:programme", args=[made.programme.pk]))
    follow(page, "main a[href$='/roles/new/']")
    fill_in(page, name="Els Bakker", email="els@school.example")
    tab_to(page, "[name=role]")
    page.keyboard.press("ArrowRight")
    follow(page, "main button.primary")

    enrolment = Enrolment.objects.get(student__account__sign_in="noor@school.example")
    assert (enrolment.programme, enrolment.adviser) == (made.programme, made.adviser.person)
    role = ProgrammeRole.objects.get(person__account__sign_in="els@school.example")
    assert (role.programme, role.role) == (made.programme, "coordinator")


def test_an_auditor_finds_a_decision_and_its_record(enter: Enter) -> None:
    made = committee_scene(students=2, state=Case.State.ANNOUNCED)
    page = enter(made.auditor, reverse("committees:record"))

    tab_to(page, "[name=q]")
    page.keyboard.type(made.student.name)
    enter_key(page)
    assert page.locator("main tbody tr").count() == 1
    follow(page, "main a[href$='/record/']")

    assert made.student.name in page.inner_text("h1")
    assert "The set shows it." in page.inner_text("main")


def test_what_stays_in_sight_covers_no_focus(enter: Enter) -> None:
    place = scene(lines=12)
    made = committee_scene(pieces=6)
    made.freeze()
    looks = [
        (place.student, reverse("evidence:add")),
        (place.student, reverse("evidence:requirements", args=[place.piece.pk])),
        (made.member, reverse("committees:case", args=[made.case.pk])),
    ]

    faults = {}
    for person, path in looks:
        page = enter(person, path, viewport={"width": 1280, "height": 500})
        page.locator("main details:not([open])").evaluate_all("all => all.map(e => e.open = true)")
        page.wait_for_function("() => !document.querySelector('main details[data-fetch] > a')")
        for key, times in (("Tab", 25), ("Shift+Tab", 15)):
            page.evaluate("document.activeElement.blur()")
            for _press in range(times):
                page.keyboard.press(key)
                if fault := page.evaluate(FAULT):
                    where = page.evaluate("document.activeElement.outerHTML")[:120]
                    faults[f"{path} {key} {where}"] = fault
    assert faults == {}
