"""One student's way, from an official dossier to a motivated decision and its record.

Everything is written through a browser; mails go over a real SMTP server. On the published dossier
of crebo 25498 where the samples are, else on the project's own small one.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from PIL import Image

from people.models import Account
from post import work
from tests.journeys.conftest import PASSWORD, Clock, Walker, day, in_local

pytestmark = [pytest.mark.main_journey, pytest.mark.django_db(transaction=True)]

OWN = settings.BASE_DIR / "qualifications" / "samples" / "dossier-klein.xml"


@pytest.fixture
def dossier(found_samples: Path | None) -> tuple[Path, str, str]:
    """The file, the crebo, and a word of one of its requirements."""
    published = found_samples and found_samples / "nl-kd" / "2755_Dienstverlening.xml"
    if published and published.exists():
        return published, "25498", "materialen"
    return OWN, "99901", "gereedschap"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "tafel gedekt.jpg"
    image = Image.new("RGB", (640, 400), (120, 160, 90))
    exif = Image.Exif()
    exif[0x010F] = "Telefoon van Noor"
    image.save(path, exif=exif)
    return path


def test_from_a_dossier_to_a_motivated_decision(
    walker: Callable[..., Walker], clock: Clock, dossier: tuple[Path, str, str], photo: Path
) -> None:
    Account.objects.create_superuser("beheer@school.example", "Beheer", PASSWORD)
    admin = walker("Beheer")
    admin.sign_in()
    people_are_registered(admin)
    mirjam = walker("Mirjam Postma").come_in()

    qualification_is_published(mirjam, *dossier[:2])
    programme = programme_is_set_up(mirjam, dossier[1])
    student_is_enrolled(mirjam, programme)

    noor = walker("Noor de Vries", viewport={"width": 360, "height": 740}).come_in()
    evidence = evidence_is_kept(noor, photo, dossier[2])
    feedback_is_asked(noor, evidence)
    feedback_is_given(walker, noor, evidence)
    spoken_feedback_is_noted(walker, noor, evidence)

    karim = walker("Karim Haddad").come_in()
    portfolio = check_in_is_held(karim, noor)
    coverage_shows(noor, portfolio)

    committee = committee_is_made(mirjam, programme)
    committee_is_established(walker("Hilde Brandsma").come_in(), committee)
    anneke = walker("Anneke Smit").come_in()
    meeting = meeting_is_planned(anneke, committee)
    student_sees_what_will_count(noor)
    clock.forward(days=9, hours=1)
    work.sweep()  # the reference moment has come
    karim.sign_in()

    fatma = walker("Fatma Yilmaz").come_in()
    ruud = walker("Ruud van Dijk").come_in()
    case = members_judge_alone([fatma, ruud], karim, meeting)
    clock.forward(days=7)
    anneke.sign_in()
    ruud.sign_in()
    decision_is_recorded(anneke, ruud, meeting, case)
    noor.sign_in()
    decision_is_read(noor, case)

    joost = walker("Joost Meijer").come_in()
    record_is_read(joost, case)
    records_verify()


# --- 1. Qualification and programme ---------------------------------------------------------------


def people_are_registered(admin: Walker) -> None:
    for name, roles in (
        ("Mirjam Postma", ["curriculum", "coordinator"]),
        ("Hilde Brandsma", ["exam_board"]),
        ("Joost Meijer", ["auditor"]),
    ):
        admin.goto("/people/new/")
        admin.page.fill("[name=name]", name)
        admin.page.fill("[name=email]", f"{name.split()[0].lower()}@school.example")
        admin.send()
        for role in roles:
            admin.page.click("a[href$='/roles/new/']")
            admin.page.check(f"[name=role][value={role}]")
            admin.send()


def qualification_is_published(mirjam: Walker, path: Path, crebo: str) -> None:
    mirjam.goto("/qualifications/import/")
    mirjam.page.set_input_files("[name=file]", path)
    mirjam.send()
    assert mirjam.reads(crebo)

    mirjam.page.click(f"main button[name=code][value='{crebo}']")
    mirjam.page.wait_for_url(re.compile(r"/qualifications/[0-9a-f-]{36}/$"))
    if mirjam.page.locator("main form[action*='merge']").count():
        mirjam.send("merge")
    mirjam.send("publish")


def programme_is_set_up(mirjam: Walker, crebo: str) -> str:
    today = timezone.now()
    mirjam.goto("/programmes/new/")
    mirjam.fill(title="Dienstverlening", cohort="2026-2028")
    choice = mirjam.page.locator(f"[name=qualification] option:has-text('{crebo}')")
    mirjam.choose("qualification", choice.get_attribute("value") or "")
    mirjam.send()
    path = mirjam.page.url
    for number, (start, end) in enumerate([(-60, -1), (0, 60)], start=1):
        mirjam.goto(f"{path}periods/new/")
        mirjam.fill(
            name=f"Periode {number}",
            starts_on=day(today + timedelta(days=start)),
            ends_on=day(today + timedelta(days=end)),
        )
        mirjam.send()
    mirjam.goto(f"{path}units/new/")
    mirjam.fill(title="Basisdeel")
    mirjam.page.locator("main [name=parts]").nth(1).check()
    mirjam.page.locator("main [name=parts]").nth(2).check()
    mirjam.send()
    mirjam.goto(f"{path}guidelines/")
    mirjam.unfold()
    mirjam.page.locator("main a[href*='/guidelines/']").nth(1).click()
    mirjam.fill(pieces="2", people="2", roles="2")
    mirjam.send()
    return path


def student_is_enrolled(mirjam: Walker, programme: str) -> None:
    today = timezone.now()
    mirjam.goto(f"{programme}students/new/")
    mirjam.fill(
        name="Noor de Vries",
        email="noor@school.example",
        starts_on=day(today - timedelta(days=60)),
        adviser_name="Karim Haddad",
        adviser_email="karim@school.example",
    )
    mirjam.send()
    mirjam.goto(programme)
    mirjam.follow("/programmes/enrolments/")
    enrolment = mirjam.page.url
    mirjam.goto(f"{enrolment}placements/new/")
    mirjam.fill(
        workplace="Zorghuis De Linde",
        starts_on=day(today - timedelta(days=30)),
        ends_on=day(today + timedelta(days=60)),
        first_name="Bas Kuiper",
        first_email="bas@school.example",
        second_name="Sanne Mulder",
        second_email="sanne@school.example",
    )
    mirjam.send()
    assert mirjam.reads("Bas Kuiper")


# --- 2. Evidence ----------------------------------------------------------------------------------


def evidence_is_kept(noor: Walker, photo: Path, word: str) -> str:
    noor.goto("/evidence/add/")
    noor.unfold()
    noor.fill(title="Tafels gedekt voor het buurtdiner", place="Zorghuis De Linde")
    noor.choose("kind", "act")
    noor.page.set_input_files("[name=uploads]", photo)
    noor.send()
    noor.page.wait_for_url("**/requirements/**")
    evidence = noor.page.url.partition("requirements/")[0]

    noor.page.fill("[name=q]", word)
    boxes = noor.page.locator("main [name=chosen]:visible")
    boxes.first.check()
    noor.page.fill("[name=q]", "")
    noor.unfold()
    for number in (3, 6):
        noor.page.locator("main [name=chosen]").nth(number).check()
    noor.send()
    assert noor.page.url == f"{evidence}ask/"
    return evidence


def feedback_is_asked(noor: Walker, evidence: str) -> None:
    noor.goto(f"{evidence}ask/")
    for box in noor.page.locator("main [name=requirements]").all():
        box.check()
    noor.page.locator("main label:has-text('Bas Kuiper') [name=known]").check()
    noor.unfold()
    noor.page.fill("[name$='-name'] >> nth=0", "Henk Brouwer")
    noor.page.fill("[name$='-address'] >> nth=0", "henk@school.example")
    noor.page.select_option("[name$='-role'] >> nth=0", "client")
    noor.send()
    noor.goto(f"{evidence}ask/")
    noor.page.locator("main [name=requirements]").first.check()
    noor.unfold()
    noor.page.fill("[name$='-name'] >> nth=0", "Daan Visser")
    noor.page.fill("[name$='-address'] >> nth=0", "daan@school.example")
    noor.page.select_option("[name$='-role'] >> nth=0", "peer")
    noor.send()


# --- 3. Feedback ----------------------------------------------------------------------------------


def feedback_is_given(walker: Callable[..., Walker], noor: Walker, evidence: str) -> None:
    phone = {"width": 360, "height": 740}
    bas = walker("Bas Kuiper", viewport=phone)
    bas.open_mail("/evidence/answer/")
    assert bas.reads("Noor de Vries")
    assert bas.reads("Tafels gedekt voor het buurtdiner")
    assert (
        bas.page.locator("main img").evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        == 640
    )
    bas.fill(text="Alles stond op tijd klaar en op de goede plek.")
    bas.page.locator("main [name=about]").nth(0).check()
    bas.page.locator("main [name=about]").nth(1).check()
    bas.send()

    henk = walker("Henk Brouwer", viewport=phone)
    henk.open_mail("/evidence/answer/")
    henk.fill(text="Het zag er feestelijk uit. Dank je wel.")
    henk.send()

    daan = walker("Daan Visser", viewport=phone)
    daan.open_mail("/evidence/answer/")
    daan.unfold()
    daan.page.locator("main textarea[name^='on_']").first.fill("Je koos het goede servies.")
    daan.send()

    noor.open_mail("/evidence/")
    noor.goto(evidence)
    for words in (
        "Alles stond op tijd klaar",
        "Het zag er feestelijk uit",
        "Je koos het goede servies",
    ):
        assert noor.reads(words)


def spoken_feedback_is_noted(walker: Callable[..., Walker], noor: Walker, evidence: str) -> None:
    noor.goto(f"{evidence}note/")
    noor.page.locator("main label:has-text('Sanne Mulder') [name=known]").check()
    noor.fill(
        text="Ze zei dat ik rustig bleef toen het druk werd.",
        given_on=day(timezone.now()),
        place="In de keuken",
    )
    noor.page.locator("main [name=requirements]").first.check()
    noor.send()

    sanne = walker("Sanne Mulder", viewport={"width": 360, "height": 740})
    sanne.open_mail("/evidence/confirm/")
    assert sanne.reads("rustig bleef toen het druk werd")
    sanne.page.locator("main button[value=yes]").click()
    sanne.page.wait_for_load_state()


# --- 4. The set -----------------------------------------------------------------------------------


def check_in_is_held(karim: Walker, noor: Walker) -> str:
    karim.goto("/portfolio/students/")
    karim.page.locator("main a:has-text('Noor de Vries')").first.click()
    karim.page.wait_for_url(re.compile(r"/portfolio/[0-9a-f-]{36}/$"))
    portfolio = karim.page.url
    karim.goto(f"{portfolio}check-ins/new/")
    karim.choose("light", "amber")
    karim.fill(summary="Een mooi begin. Laat ook zien hoe je samenwerkt.")
    karim.page.fill("[name='agreements-0-text']", "Vraag een klant om feedback.")
    karim.page.fill("[name='agreements-0-due_on']", day(timezone.now() + timedelta(days=14)))
    karim.send()

    noor.open_mail("/check-ins/")
    assert noor.reads("Laat ook zien hoe je samenwerkt")
    noor.send("acknowledge")
    return portfolio


def coverage_shows(noor: Walker, portfolio: str) -> None:
    noor.goto(portfolio)
    noor.unfold()
    assert noor.reads("Alles stond op tijd klaar")
    assert noor.reads("Sanne Mulder")
    width = noor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360


# --- 5. The decision ------------------------------------------------------------------------------


def committee_is_made(mirjam: Walker, programme: str) -> str:
    key = programme.rstrip("/").rpartition("/")[2]
    mirjam.goto(f"/committees/new/?programme={key}")
    mirjam.fill(name="Besliscommissie Dienstverlening")
    mirjam.send()
    committee = mirjam.page.url
    for name, role in (
        ("Ruud van Dijk", "chair"),
        ("Anneke Smit", "secretary"),
        ("Fatma Yilmaz", "member"),
        ("Karim Haddad", "member"),
    ):
        mirjam.goto(committee)
        mirjam.page.fill("form[action*='seats'] [name=name]", name)
        mirjam.page.fill(
            "form[action*='seats'] [name=email]", f"{name.split()[0].lower()}@school.example"
        )
        mirjam.choose("role", role)
        mirjam.send("seats/")
    return committee


def committee_is_established(hilde: Walker, committee: str) -> None:
    hilde.goto(f"{committee}mandate/")
    hilde.fill(
        text="Namens de examencommissie beslissen over het basisdeel.",
        procedure="Ieder oordeelt eerst alleen.",
        quorum="2",
        judgements_asked="2",
        given_on=day(timezone.now() - timedelta(days=90)),
    )
    hilde.send()


def meeting_is_planned(anneke: Walker, committee: str) -> str:
    now = timezone.now()
    anneke.goto(f"{committee}meetings/new/")
    anneke.fill(
        held_at=in_local(now + timedelta(days=16)),
        place="Lokaal 2.14",
        reference_at=in_local(now + timedelta(days=9)),
    )
    anneke.send()
    meeting = anneke.page.url.partition("agenda/")[0]
    if anneke.page.locator("main select[name=unit]").count():
        anneke.page.select_option("main select[name=unit]", index=1)
        anneke.page.locator("main form button").first.click()
        anneke.page.wait_for_load_state()
    anneke.page.locator("main [name=enrolments]").first.check()
    anneke.send()
    return meeting


def student_sees_what_will_count(noor: Walker) -> None:
    noor.goto("/committees/mine/")
    noor.follow("/mine/")
    assert noor.reads("Tafels gedekt voor het buurtdiner")


def members_judge_alone(members: list[Walker], karim: Walker, meeting: str) -> str:
    case = ""
    for number, member in enumerate(members):
        member.goto(meeting)
        member.follow("/committees/cases/")
        case = member.page.url
        member.unfold()
        assert member.reads("Alles stond op tijd klaar")
        for part in member.page.locator("main fieldset:has([name^='part_'])").all():
            part.locator("[value=attained]").check()
        member.fill(motivation=f"Eigen oordeel {number}: overtuigend en door velen gezien.")
        member.send()
    assert not members[1].reads("Eigen oordeel 0")
    answer = karim.page.goto(case)  # the adviser stands aside
    assert answer is not None
    assert answer.status == 403
    return case


def decision_is_recorded(anneke: Walker, ruud: Walker, meeting: str, case: str) -> None:
    anneke.goto(meeting)
    anneke.page.get_by_label("Fatma Yilmaz").check()
    anneke.send("attendance")
    ruud.goto(meeting)
    ruud.send("/present/")
    ruud.send("/open/")
    ruud.goto(f"{case}decide/")
    assert not ruud.reads("Eigen oordeel 0")
    ruud.send("/open/")
    ruud.goto(f"{case}decide/")
    assert ruud.reads("Eigen oordeel 0")
    assert ruud.reads("Eigen oordeel 1")
    for part in ruud.page.locator("main fieldset:has([name^='part_'])").all():
        part.locator("[value=attained]").check()
    ruud.fill(motivation="De set laat zien dat Noor zorgvuldig en gastvrij werkt.")
    ruud.page.locator("main [name=cited]").first.check()
    ruud.send("decide")
    ruud.goto(f"{case}decide/")
    ruud.follow("/announce/")
    ruud.send()
    work.sweep()  # it is announced at the moment for which it was ordered


def decision_is_read(noor: Walker, case: str) -> None:
    noor.open_mail("/letter/")
    assert noor.reads("De set laat zien dat Noor zorgvuldig en gastvrij werkt.")
    assert noor.reads("Tafels gedekt voor het buurtdiner")


# --- 6. The record --------------------------------------------------------------------------------


def record_is_read(joost: Walker, case: str) -> None:
    joost.goto("/committees/record/")
    joost.follow("/record/")
    for words in ("Fatma Yilmaz", "Ruud van Dijk", "Karim Haddad", "Eigen oordeel 0"):
        assert joost.reads(words), words


def records_verify() -> None:
    said = StringIO()
    call_command("verify_records", stdout=said)  # raises where anything was touched
    assert "All is as it was recorded" in said.getvalue()
