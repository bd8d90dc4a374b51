"""Nobody puts their words over what they did not see."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from committees.models import Case, Judgement
from evidence.models import Evidence, RequirementLink
from people.drafts import find
from people.models import Account, Draft
from programmes.models import Enrolment, Guideline, Period, Placement, Programme, Unit
from records.models import Event
from tests.committees import factories as committees
from tests.evidence import scenes as pieces
from tests.factories import (
    AccountFactory,
    InstitutionRoleFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    WorkProcessFactory,
)
from tests.programmes import factories as programmes

pytestmark = pytest.mark.django_db


@dataclass
class Tab:
    """A page with a form, opened by somebody, that is still as it was drawn."""

    user: Account
    path: str
    version: str = field(init=False)

    def __post_init__(self) -> None:
        self.user.person.language = "en"
        self.user.person.save()
        shown = self._browser().get(self.path)
        assert shown.status_code == 200
        self.version = version_in(shown)

    def _browser(self) -> Client:
        client = Client()
        client.force_login(self.user)
        return client

    def send(self, **form: Any) -> HttpResponse:
        return self._browser().post(self.path, {**form, "version": self.version})


def version_in(page: HttpResponse) -> str:
    [version] = re.findall(r'name="version" value="(\w{32})"', page.content.decode())
    return version


def words_of(page: HttpResponse) -> str:
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    return " ".join(unescape(text).split())


# --- Each kind: who changes what, to one thing and to another -------------------------------------

Kind = tuple[Account, str, dict[str, Any], dict[str, Any], Callable[[], Any]]


def of_a_programme(name: str) -> Kind:
    made = programmes.scene()
    user = ProgrammeRoleFactory(programme=made.programme).person.account
    key = made.programme.pk
    if name == "programme_edit":
        rules = {"check_ins_per_period": 1, "link_days": 14, "sector": "mbo"}
        form = {"cohort": 2026, "notice_working_days": 5, **rules}
        one, other = {**form, "title": "Care"}, {**form, "title": "Nursing"}
        return user, address(name, key), one, other, lambda: Programme.objects.get().title
    if name == "period_edit":
        form = {"starts_on": "2126-09-01", "ends_on": "2126-11-13"}
        one, other = {**form, "name": "Care"}, {**form, "name": "Nursing"}
        path = address(name, key, made.period.pk)
        return user, path, one, other, lambda: Period.objects.get(pk=made.period.pk).standing().name
    if name == "unit_edit":
        form = {"purpose": "phase", "parts": [str(made.work_processes[0].pk)]}
        one, other = {**form, "title": "Care"}, {**form, "title": "Nursing"}
        path = address(name, key, made.unit.pk)
        return user, path, one, other, lambda: Unit.objects.get(pk=made.unit.pk).title
    if name == "guideline_edit":
        path = address(name, key, made.core_tasks[0].pk)
        now = Guideline.objects.current()
        return user, path, {"pieces": 7}, {"pieces": 8}, lambda: now.get().pieces
    if name == "placement_edit":
        form = {"starts_on": "2026-09-01", "ends_on": "2026-11-13"}
        one, other = {**form, "workplace": "Care"}, {**form, "workplace": "Nursing"}
        path = address(name, made.enrolment.pk, made.placement.pk)
        return user, path, one, other, lambda: Placement.objects.get().workplace
    path = address(name, made.enrolment.pk)
    if name == "enrolment_edit":
        form = {"starts_on": "2026-09-01"}
        one, other = {**form, "ends_on": "2127-02-03"}, {**form, "ends_on": "2127-02-04"}
        return user, path, one, other, lambda: Enrolment.objects.get().ends_on
    teachers = ProgrammeRoleFactory.create_batch(2, programme=made.programme, role="teacher")
    one, other = ({"known_adviser": str(role.person_id)} for role in teachers)
    return user, path, one, other, lambda: str(Enrolment.objects.get().adviser)


def address(name: str, *keys: object) -> str:
    return reverse(f"programmes:{name}", args=keys)


def of_a_name(name: str) -> Kind:
    user = AccountFactory()
    path = reverse("details_name")
    person = user.person
    if name == "person_name":
        user = InstitutionRoleFactory(role="coordinator").person.account
        path = reverse("home:person_name", args=[person.pk])

    def now() -> str:
        person.refresh_from_db()
        return person.name

    return user, path, {"name": "Care"}, {"name": "Nursing"}, now


def of_a_qualification(_name: str) -> Kind:
    user = InstitutionRoleFactory(role="curriculum").person.account
    process = WorkProcessFactory()
    line = RequirementFactory(under=process)
    path = reverse("qualifications:wording", args=[process.pk])

    def now() -> str:
        line.refresh_from_db()
        return line.plain

    return user, path, {str(line.pk): "Care"}, {str(line.pk): "Nursing"}, now


def of_a_piece(_name: str) -> Kind:
    place = pieces.scene()
    form = {"kind": "act", "happened_on": "2026-09-02", "origin": "here"}
    one, other = {**form, "title": "Care"}, {**form, "title": "Nursing"}
    path = reverse("evidence:edit", args=[place.piece.pk])
    return place.student, path, one, other, lambda: Evidence.objects.get().current.title


def of_a_committee(name: str) -> Kind:
    made = committees.scene(state=Case.State.FROZEN)
    if name == "mandate_give":
        user = committees.exam_board()
        form = {
            **{"procedure": "All judge.", "quorum": 2, "judgements_asked": 2},
            "given_on": f"{date(2026, 8, 20)}",
        }
        path = reverse("committees:mandate_give", args=[made.committee.pk])
        one, other = {**form, "text": "Care"}, {**form, "text": "Nursing"}
        mandates = made.committee.mandates.order_by("number")
        return user, path, one, other, lambda: mandates.last().text
    parts = {f"part_{part}": "attained" for part in committees.findings_of(made.case, "")}
    one, other = {**parts, "motivation": "Care"}, {**parts, "motivation": "Nursing"}
    path = reverse("committees:case", args=[made.case.pk])
    mine = Judgement.objects.order_by("number")
    return made.member, path, one, other, lambda: mine.last() and mine.last().motivation


SCENES = {
    of_a_programme: [
        *("programme_edit", "period_edit", "unit_edit", "guideline_edit", "placement_edit"),
        *("enrolment_edit", "adviser_edit"),
    ],
    of_a_name: ["details_name", "person_name"],
    of_a_qualification: ["wording"],
    of_a_piece: ["edit"],
    of_a_committee: ["mandate_give", "judgement"],
}
EACH = pytest.mark.parametrize(
    ("make", "name"), [(make, name) for make, names in SCENES.items() for name in names]
)


@EACH
def test_a_second_tab_replaces_nothing_that_it_did_not_show(
    make: Callable[[str], Kind], name: str
) -> None:
    user, path, one, other, now = make(name)
    first, second = Tab(user, path), Tab(user, path)

    assert first.send(**one).status_code == 302
    stands, events = now(), Event.objects.count()
    stale = second.send(**other)

    assert stale.status_code == 422
    assert (now(), Event.objects.count()) == (stands, events)
    text = words_of(stale)
    assert "Something else stands here now." in text
    assert "Nothing was changed now." in text
    assert "Here now:" in text
    second.version = version_in(stale)
    assert second.send(**other).status_code == 302
    assert now() != stands


@EACH
def test_what_stands_already_is_told_to_nobody(make: Callable[[str], Kind], name: str) -> None:
    user, path, one, _other, now = make(name)
    first, second = Tab(user, path), Tab(user, path)
    first.send(**one)
    stands = now()

    assert second.send(**one).status_code == 302
    assert now() == stands


def test_both_texts_stand_beside_each_other_with_when_and_who() -> None:
    user, path, one, other, _now = of_a_programme("programme_edit")
    colleague = ProgrammeRoleFactory(programme=Programme.objects.get()).person.account
    stale = Tab(colleague, path)
    Tab(user, path).send(**one)
    page = stale.send(**other)

    text = words_of(page)
    assert f"{user.name} changed this on " in text
    assert "Here now: Care" in text
    assert page.context["form"]["title"].value() == "Nursing"
    assert "check_ins_per_period" not in page.context["form"].errors


def test_the_same_person_reads_that_it_was_them() -> None:
    user, path, one, other, _now = of_a_committee("judgement")
    second = Tab(user, path)
    Tab(user, path).send(**one)

    text = words_of(second.send(**other))
    assert "You changed this on " in text
    assert "in another tab or on another device" in text
    assert Judgement.objects.count() == 1


def test_a_form_that_says_no_version_shows_none() -> None:
    """A page of before, or a program."""
    user, path, one, _other, now = of_a_programme("period_edit")
    before, tab = now(), Tab(user, path)
    tab.version = ""
    stale = tab.send(**one)

    assert (stale.status_code, now()) == (422, before)
    tab.version = version_in(stale)
    assert tab.send(**one).status_code == 302


def test_another_mistake_keeps_the_version_that_was_shown() -> None:
    user, path, one, other, now = of_a_programme("period_edit")
    first, second = Tab(user, path), Tab(user, path)
    first.send(**one)
    refused = second.send(**{**other, "ends_on": ""})
    assert version_in(refused) == second.version

    assert second.send(**other).status_code == 422
    assert now() == "Care"


def test_to_and_fro_is_meant() -> None:
    """The same words a minute later are no form that was sent before."""
    user, path, one, other, now = of_a_committee("judgement")
    for form in (one, other, one):
        assert Tab(user, path).send(**form, csrfmiddlewaretoken="a" * 64).status_code == 302

    assert now() == "Care"


def test_what_was_typed_over_one_version_is_not_sent_over_another() -> None:
    user, path, one, other, now = of_a_committee("mandate_give")
    tab = Tab(user, path)
    tab._browser().post(f"{path}draft/", {**other, "version": tab.version})
    Draft.objects.update(key=Draft.objects.get().key.replace(str(user.pk), "aside"))
    Tab(user, path).send(**one)
    Draft.objects.update(key=Draft.objects.get().key.replace("aside", str(user.pk)))

    found_again = Tab(user, path)
    assert found_again.version == tab.version
    assert found_again.send(**other).status_code == 422
    assert now() == "Care"
    assert find(Draft.objects.get().key)


# --- Lines that are laid, each by itself ----------------------------------------------------------


def laid_at(tab: Tab) -> list[str]:
    return re.findall(r'name="present" value="([\w-]+)"', tab._browser().get(tab.path).text)


def test_lines_of_two_tabs_are_laid_both() -> None:
    place = pieces.scene()
    RequirementLink.objects.all().delete()
    path = reverse("evidence:requirements", args=[place.piece.pk])
    tabs = [Tab(place.student, path) for _line in range(2)]
    for tab, line in zip(tabs, place.lines[:2], strict=True):
        assert tab.send(chosen=[str(line.pk)]).status_code == 302

    laid = RequirementLink.objects.current().values_list("requirement", flat=True)
    assert set(laid) == {line.pk for line in place.lines[:2]}


def test_a_why_is_not_put_over_another_that_was_not_seen() -> None:
    place = pieces.scene(lines=1)
    line = str(place.lines[0].pk)
    path = reverse("evidence:requirements", args=[place.piece.pk])
    first, second = Tab(place.student, path), Tab(place.student, path)
    present = laid_at(first)
    form = {"chosen": [line], "present": present}
    assert first.send(**form, **{f"why-{line}": "Care"}).status_code == 302
    stale = second.send(**form, **{f"why-{line}": "Nursing"})

    assert stale.status_code == 422
    assert "Here now: Care" in words_of(stale)
    assert RequirementLink.objects.current().get().why == "Care"
    second.version = version_in(stale)
    assert second.send(**form, **{f"why-{line}": "Nursing"}).status_code == 302
    assert RequirementLink.objects.current().get().why == "Nursing"


def test_a_line_that_was_taken_off_is_not_laid_again_unseen() -> None:
    place = pieces.scene(lines=1)
    line = str(place.lines[0].pk)
    path = reverse("evidence:requirements", args=[place.piece.pk])
    first, second = Tab(place.student, path), Tab(place.student, path)
    present = laid_at(first)
    first.send(present=present)
    stale = second.send(chosen=[line], present=present)

    assert stale.status_code == 422
    assert "Since then this was taken off." in words_of(stale)
    assert not RequirementLink.objects.current().exists()
