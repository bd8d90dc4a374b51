"""The six tasks that somebody does without help who sees the product for the first time.

Each goes by what stands on the page, in Dutch, from the start page of the demo's account (who
gives feedback: from the mailbox), and is done within its time. The time is that of the
keystroke-level model (Card, Moran and Newell, 1980), with what the machine took on top: at most
half a second a page, as it runs other tests at the same time; Lighthouse measures the pages.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from PIL import Image

from committees import actions as committees
from committees.models import Case, Judgement, Meeting
from evidence.models import Attachment, Feedback, FeedbackRequest
from people.models import Account
from portfolio.models import Agreement, CheckIn
from post import work
from tests.evidence.factories import said_in
from tests.journeys.conftest import day, spoken

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.django_db(transaction=True)

LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

# Seconds, of the keystroke-level model.
POINT = 1.1
HAND = {"laptop": 0.4, "phone": 0}  # from keys to pointer and back
THINK = 1.35  # before each choice
KEY = {"laptop": 0.28, "phone": 0.6}
WORDS_IN_A_SECOND = 4
LONGEST_WAIT = 0.5


class Newcomer:
    """Somebody at a page they do not know. `seconds` is what it has taken them until now."""

    def __init__(self, page: "Page", device: str) -> None:
        self.page, self.device = page, device
        self.seconds = 0.0
        self.read_of(page.get_by_role("heading", level=1))

    def read_of(self, *texts: "Locator") -> None:
        words = [word for text in texts for word in text.inner_text().split()]
        self.seconds += len(words) / WORDS_IN_A_SECOND

    def _point_at(self, target: "Locator") -> None:
        away = target.evaluate(
            """target => {
                 const {top, bottom} = target.getBoundingClientRect();
                 const away = Math.max(-top, bottom - innerHeight, 0);
                 return Math.ceil(away / innerHeight);
               }"""
        )
        self.seconds += away * POINT + THINK + POINT

    def press(self, role: Any, name: str, *, within: "Locator | Page | None" = None) -> None:
        """Press the first that has this role and name, once its words are read; where that leads
        to a page, read what it is."""
        target = (within or self.page).get_by_role(role, name=name).first
        self.seconds += len(name.split()) / WORDS_IN_A_SECOND
        self._point_at(target)
        here, began = self.page.url, time.monotonic()
        target.click()
        self.page.wait_for_load_state()
        self.seconds += min(time.monotonic() - began, LONGEST_WAIT)
        if self.page.url.partition("#")[0] != here.partition("#")[0]:
            self.read_of(self.page.get_by_role("heading", level=1))

    def tick(self, words: str, *, within: "Locator | None" = None) -> None:
        """Press what stands beside a box or a circle."""
        self.seconds += len(words.split()) / WORDS_IN_A_SECOND
        choice = (within or self.page).get_by_label(words).first
        self._point_at(choice)
        choice.check()

    def unfold(self, words: str) -> None:
        self._point_at(fold := self.page.locator("summary", has_text=words))
        fold.click()

    def write(self, label: str, text: str) -> None:
        """Into the field with this label; a day is typed as eight figures."""
        field = self.page.get_by_label(label).and_(self.page.locator("input, textarea")).first
        self.seconds += len(label.split()) / WORDS_IN_A_SECOND
        self._point_at(field)
        field.fill(text)
        self.seconds += 2 * HAND[self.device] + len(text) * KEY[self.device]

    def take_a_photo(self, label: str, photo: Path) -> None:
        """Two more taps: in the camera itself, on the shutter and on what it took."""
        field = self.page.get_by_label(label)
        self.seconds += len(label.split()) / WORDS_IN_A_SECOND + THINK + 2 * POINT
        self._point_at(field)
        field.set_input_files(photo)


@pytest.fixture
def newcomer(
    new_page: "Callable[..., Page]", page_of: "Callable[..., Page]"
) -> "Callable[..., Newcomer]":
    """Somebody on the start page, signed in as one of the demo's accounts; or at another page."""

    def arrive(key: str = "", *, at: str = "/", device: str = "laptop") -> Newcomer:
        look = PHONE if device == "phone" else LAPTOP
        address = f"{key}@demo.example"
        page = page_of(Account.objects.get(sign_in=address), **look) if key else new_page(**look)
        page.goto(at)
        return Newcomer(page, device)

    return arrive


@pytest.mark.usefixtures("filled")
def test_everybody_does_their_task_in_time(
    newcomer: "Callable[..., Newcomer]", tmp_path: Path
) -> None:
    Image.new("RGB", (1200, 1600), (120, 160, 90)).save(photo := tmp_path / "scherm.jpg")
    taken = {}

    student = newcomer("student", device="phone")
    keeps_a_photo_and_asks_a_supervisor(student, photo)
    taken["student"] = (student, 60)

    work.sweep()
    supervisor = newcomer(at="/mailbox/", device="phone")
    answers_from_the_mailbox(supervisor)
    taken["supervisor"] = (supervisor, 90)

    adviser = newcomer("adviser")
    finds_who_needs_them_and_holds_a_check_in(adviser)
    taken["adviser"] = (adviser, 180)

    member = newcomer("member")
    judges_a_case(member)
    taken["member"] = (member, 300)

    the_meeting_begins()
    chair = newcomer("chair")
    takes_a_consent_case_to_decision(chair)
    taken["chair"] = (chair, 60)

    auditor = newcomer("auditor")
    finds_who_judged_what_and_when(auditor)
    taken["auditor"] = (auditor, 60)

    late = {who: person.seconds for who, (person, most) in taken.items() if person.seconds > most}
    assert late == {}


def keeps_a_photo_and_asks_a_supervisor(noor: Newcomer, photo: Path) -> None:
    noor.press("link", "Bewijs toevoegen")
    noor.take_a_photo("Foto maken", photo)
    noor.write("Wat heb je gedaan of gemaakt?", "Inlogscherm getest")
    noor.press("button", "Bewaren")
    folds = noor.page.locator("main summary")
    noor.read_of(*folds.all()[:4])  # until the one that fits
    noor.unfold("Test software")
    noor.tick("Je bedenkt tests die passen bij de eisen")
    noor.press("button", "Bewaren en feedback vragen")
    noor.tick("Bas Kuiper")
    noor.press("button", "Vraag versturen")

    question = FeedbackRequest.objects.get(revision__title="Inlogscherm getest")
    assert question.person.name == "Bas Kuiper"
    assert question.role == "supervisor"
    assert question.state == "open"
    assert Attachment.objects.get(revision=question.revision).name == "scherm.jpg"


def answers_from_the_mailbox(bas: Newcomer) -> None:
    text = "Noor testte precies. Volgende keer ook de traagste telefoon."
    bas.press("link", "Noor de Vries vraagt om feedback: Inlogscherm getest")
    mail = bas.page.locator("main .prose").inner_text().partition("http")[0]
    bas.seconds += len(mail.split()) / WORDS_IN_A_SECOND
    bas.press("link", "/evidence/answer/")
    bas.read_of(*bas.page.locator("main header p").all())
    bas.write("Wat was er te zien of te horen?", text)
    bas.tick("Je bedenkt tests die passen bij de eisen")
    bas.press("button", "Feedback versturen")

    feedback = Feedback.objects.get(evidence__current__title="Inlogscherm getest")
    assert feedback.person.name == "Bas Kuiper"
    [(words, [line])] = said_in(feedback)
    assert (words, line and line.words[:16]) == (text, "Je bedenkt tests")


def finds_who_needs_them_and_holds_a_check_in(karim: Newcomer) -> None:
    before = timezone.now()
    summary = (
        "Yara is weer beter. Ze wil eerst laten zien dat ze een planning kan maken en bewaken."
    )
    agreed = "Een planning maken voor de webwinkel en hem bespreken met Sanne"
    needs = karim.page.get_by_role("region", name="Studenten die je nodig hebben")
    karim.read_of(needs)
    karim.press("link", "Yara el Amrani", within=needs)
    karim.read_of(*karim.page.locator(".coverage-process > summary").all())
    karim.press("link", "Voortgangsgesprek voeren")
    karim.write("Waar ging het gesprek over?", summary)
    karim.tick("Er moet iets verbeteren")
    karim.write("Afspraak", agreed)
    karim.write("Uiterlijk op", day(timezone.now() + timedelta(days=14)))
    karim.press("button", "Voortgangsgesprek bewaren")

    check_in = CheckIn.objects.get(recorded_at__gte=before)
    assert check_in.enrolment.student.name == "Yara el Amrani"
    assert (check_in.summary, check_in.light) == (summary, "amber")
    assert [row.text for row in Agreement.objects.filter(check_in=check_in)] == [agreed]


def judges_a_case(fatma: Newcomer) -> None:
    why = "Klanten, collega's en begeleiders zeggen hetzelfde: Noor plant, ontwerpt, bouwt en test."
    fatma.press("link", spoken(the_coming_meeting().held_at, "j F"))
    fatma.press("link", "Set van Noor de Vries lezen")
    shown = fatma.page.get_by_role("region", name="Per kwaliteitseis")
    fatma.read_of(*shown.locator("summary .words").all())
    for words in (
        "Je vraagt door tot je precies weet",
        "Je vergelijkt meer oplossingen",
        "Je bouwt wat is afgesproken",
        "Je test precies",
        "Je vraagt gebruikers en collega's",
    ):
        fatma.unfold(words)
        said = shown.locator("details[open]", has=fatma.page.locator("summary", has_text=words))
        fatma.read_of(said.last.locator(".remark").first)
    judgement = fatma.page.get_by_role("region", name="Mijn oordeel")
    fatma.read_of(judgement.locator("p").first)
    for number in range(1, 6):
        fatma.tick("behaald", within=judgement.get_by_role("group", name=f"B1-K1-W{number}"))
    fatma.write("Waarom vind je dat?", why)
    fatma.press("button", "Mijn oordeel bewaren")

    judgement = Judgement.objects.get(
        case__enrolment__student__name="Noor de Vries", person__name="Fatma Yilmaz", motivation=why
    )
    assert list(judgement.findings.values()) == ["attained"] * 5


def the_coming_meeting() -> Meeting:
    coming = Meeting.objects.exclude(state=Meeting.State.CLOSED)
    return coming.get(committee__name="Besliscommissie Software")


def the_meeting_begins() -> None:
    """With a quorum."""
    meeting = the_coming_meeting()
    chair = Account.objects.get(person__name="Ruud van Dijk")
    committees.open_meeting(meeting=meeting, by=chair, reason="Iedereen kan vandaag.")
    for name in ("Fatma Yilmaz", "Hakan Demir", "Anneke Smit"):
        present = Account.objects.get(person__name=name)
        committees.mark_present(meeting=meeting, person=present.person, by=present)


def takes_a_consent_case_to_decision(ruud: Newcomer) -> None:
    why = "Zes mensen die elkaar niet kennen, zien hetzelfde: Fleur kan dit zelf."
    ruud.press("link", spoken(the_coming_meeting().held_at, "j F"))
    ruud.press("button", "De oordelen openen")
    work.sweep()
    ruud.press("link", "Terug")
    ruud.press("link", "Fleur van Leeuwen", within=ruud.page.get_by_role("region", name="Kan snel"))
    ruud.write("Motivering", why)
    ruud.tick("Na drie weken gebruik verbeterd")
    ruud.press("button", "Beslissing vastleggen")

    case = Case.objects.get(enrolment__student__name="Fleur van Leeuwen", state="decided")
    assert case.decision.by.name == "Ruud van Dijk"
    assert case.decision.motivation == why
    assert [row.outcome for row in case.decision.findings.all()] == ["attained"] * 5
    assert len(case.decision.cited) == 1


def finds_who_judged_what_and_when(joost: Newcomer) -> None:
    joost.write("Student", "Lina")
    joost.press("button", "Zoeken")
    joost.press("link", "Lina Öztürk")
    joost.press("link", "Oordelen")
    judgements = joost.page.get_by_role("region", name="Oordelen")
    joost.read_of(judgements)

    told = judgements.inner_text()
    rows = Judgement.objects.filter(case__enrolment__student__name="Lina Öztürk")
    assert rows.count() == 3
    for row in rows:
        moment = spoken(row.recorded_at, "j F Y, H:i")
        assert f"{row.person.name} {moment}" in told.replace("\n", " ")
        assert row.motivation in told
    assert told.count("behaald") == 15
