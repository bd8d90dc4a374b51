"""The drafts of all rooms: each has the door of its page, and only its writer finds it again."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from committees.models import Case
from people.drafts import Mark
from people.models import Account, Draft
from tests.committees.factories import exam_board
from tests.committees.factories import scene as committee_scene
from tests.evidence.factories import EvidenceFactory, FeedbackRequestFactory
from tests.evidence.scenes import people_around as people_around_piece
from tests.evidence.scenes import scene as piece_scene
from tests.factories import AccountFactory
from tests.portfolio.factories import CheckInFactory
from tests.portfolio.factories import people_around as people_around_portfolio
from tests.portfolio.factories import scene as portfolio_scene

pytestmark = pytest.mark.django_db

WORDS = "Half a sentence that"


@dataclass
class Desk:
    """Where a draft is kept, on which page it is found again, in which field; and who is about."""

    name: str
    args: list[Any]
    page: str
    field: str
    people: dict[str, Any]

    @property
    def address(self) -> str:
        return reverse(self.name, args=self.args)


def of_a_piece(name: str, field: str) -> Callable[[], Desk]:
    def make() -> Desk:
        place = piece_scene()
        people = people_around_piece(place)
        del people["link"]
        args = [] if name == "add" else [place.piece.pk]
        page = reverse(f"evidence:{name}", args=args)
        return Desk(f"evidence:{name}_draft", args, page, field, people)

    return make


def of_an_answer() -> Desk:
    place = piece_scene()
    question = FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines[:2], language="en"
    )
    page = reverse("evidence:answer", args=[question.token])
    people = {"link": None}
    return Desk("evidence:answer_draft", [question.token], page, "text", people)


def of_a_portfolio(name: str, field: str) -> Callable[[], Desk]:
    def make() -> Desk:
        place = portfolio_scene()
        enrolment = place.enrolment.pk
        people = people_around_portfolio(place)
        if name == "check_in":
            args, page = [enrolment], reverse("portfolio:check_in_new", args=[enrolment])
        elif name == "acknowledge":
            args = [CheckInFactory(enrolment=place.enrolment).pk]
            page = reverse("portfolio:check_ins", args=[enrolment])
        else:
            piece = EvidenceFactory(owner=place.student, on=[place.a])
            args = [enrolment, place.unit.pk, piece.pk]
            page = reverse("portfolio:set_aside_piece", args=args)
        return Desk(f"portfolio:{name}_draft", args, page, field, people)

    return make


def of_a_case(name: str, field: str, state: str) -> Callable[[], Desk]:
    def make() -> Desk:
        made = committee_scene(state=state)
        people = {
            "chair": made.chair,
            "secretary": made.secretary,
            "member": made.member,
            "coordinator": made.coordinator,
            "auditor": made.auditor,
            "exam board": exam_board(),
            "adviser": made.adviser,
            "student": made.student,
            "stranger": AccountFactory(),
            "anonymous": None,
        }
        args = [made.case.pk]
        page = reverse(f"committees:{'case' if name == 'judgement' else 'decide'}", args=args)
        if name == "mandate_give":
            args = [made.committee.pk]
            page = reverse("committees:mandate_give", args=args)
        return Desk(f"committees:{name}_draft", args, page, field, people)

    return make


# Who keeps a draft there (200), or is told that they may not (403); all others get 404, and who
# is not signed in is sent to the door.
DESKS: dict[str, tuple[Callable[[], Desk], dict[str, int]]] = {
    "evidence:add_draft": (
        of_a_piece("add", "context"),
        dict.fromkeys(["adviser", "teacher", "coordinator", "teacher elsewhere", "asked"], 403)
        | {"owner": 200, "fellow student": 200},
    ),
    "evidence:edit_draft": (
        of_a_piece("edit", "context"),
        {"owner": 200, "adviser": 403, "teacher": 403},
    ),
    "evidence:ask_draft": (
        of_a_piece("ask", "message"),
        {"owner": 200, "adviser": 403, "teacher": 403},
    ),
    "evidence:note_draft": (
        of_a_piece("note", "text"),
        {"owner": 200, "adviser": 200, "teacher": 200},
    ),
    "evidence:answer_draft": (of_an_answer, {"link": 200}),
    "portfolio:check_in_draft": (
        of_a_portfolio("check_in", "summary"),
        {"adviser": 200, "student": 403, "teacher": 403},
    ),
    "portfolio:acknowledge_draft": (of_a_portfolio("acknowledge", "note"), {"student": 200}),
    "portfolio:set_aside_draft": (of_a_portfolio("set_aside", "reason"), {"student": 200}),
    "committees:mandate_give_draft": (
        of_a_case("mandate_give", "text", Case.State.PLANNED),
        {"exam board": 200}
        | dict.fromkeys(["chair", "secretary", "member", "coordinator", "auditor"], 403),
    ),
    "committees:judgement_draft": (
        of_a_case("judgement", "motivation", Case.State.FROZEN),
        {"chair": 200, "member": 200, "secretary": 403, "auditor": 403, "exam board": 403},
    ),
    "committees:decide_draft": (
        of_a_case("decide", "motivation", Case.State.OPENED),
        {"chair": 200, "member": 403, "secretary": 403, "auditor": 403, "exam board": 403},
    ),
    "committees:defer_draft": (
        of_a_case("defer", "reason", Case.State.OPENED),
        {"chair": 200, "member": 403, "secretary": 403, "auditor": 403, "exam board": 403},
    ),
}
each_desk = pytest.mark.parametrize("name", DESKS)


def as_(client: Client, user: Account | None) -> None:
    client.logout()
    if user:
        client.force_login(user)


def test_every_draft_of_the_urlconf_is_here() -> None:
    found = {
        f"{room}:{name}"
        for room, (_prefix, resolver) in get_resolver().namespace_dict.items()
        for name in resolver.reverse_dict
        if isinstance(name, str) and name.endswith("_draft")
    }

    assert found == set(DESKS)


@each_desk
def test_who_keeps_a_draft(client: Client, name: str) -> None:
    make, answers = DESKS[name]
    desk = make()
    found = {}
    for who, user in desk.people.items():
        as_(client, user)
        found[who] = client.post(desk.address, {desk.field: f"{WORDS} {who}"}).status_code

    others = dict.fromkeys(desk.people, 404) | {"anonymous": 302} if len(desk.people) > 1 else {}
    expected = {who: status for who, status in others.items() if who in desk.people} | answers
    assert found == expected
    kept = sorted(draft.fields[desk.field] for draft in Draft.objects.all())
    assert kept == sorted([f"{WORDS} {who}"] for who, status in answers.items() if status == 200)


@each_desk
def test_a_draft_is_found_again_by_its_writer_only(client: Client, name: str) -> None:
    make, answers = DESKS[name]
    desk = make()
    writers = [who for who, status in answers.items() if status == 200]
    as_(client, desk.people[writers[0]])
    before = client.get(desk.page)

    saved = client.post(desk.address, {desk.field: WORDS, "csrfmiddlewaretoken": "x", "other": "y"})

    assert saved.status_code == 200
    assert json.loads(saved["HX-Trigger"])["saved"]["mark"].startswith(str(Draft.objects.get().pk))
    assert Draft.objects.get().fields == {desk.field: [WORDS]}
    after = client.get(desk.page)
    assert (WORDS in before.text, WORDS in after.text) == (False, True)
    for who in writers[1:]:
        as_(client, desk.people[who])
        answer = client.get(desk.page)
        assert (who, answer.status_code, WORDS in answer.text) == (who, 200, False)


@each_desk
def test_starting_over_forgets_the_draft(client: Client, name: str) -> None:
    make, answers = DESKS[name]
    desk = make()
    as_(client, desk.people[next(who for who, status in answers.items() if status == 200)])
    client.post(desk.address, {desk.field: "Other words", "draft": str(Mark(uuid4()))})
    client.post(desk.address, {desk.field: WORDS, "draft": str(Mark(uuid4()))})

    answer = client.post(desk.address, {"start_over": "yes", "draft": mark_on(client, desk)})

    assert (answer.status_code, answer.url) == (302, desk.page)
    assert WORDS not in client.get(desk.page).text
    assert [draft.fields for draft in Draft.objects.all()] == [{desk.field: ["Other words"]}]


def mark_on(client: Client, desk: Desk, page: str = "") -> str:
    """What the page says of the draft that it shows."""
    text = client.get(page or desk.page).text
    form = rf'name="draft" value="([^"]+)" data-place="[^"]+">\s*<span [^>]*"{desk.address}"'
    [mark] = re.findall(form, text)
    return mark


def shows(page: str, words: str) -> bool:
    """Whether a field of this page holds these words."""
    return f"{words}</textarea>" in page or f'value="{words}"' in page


@each_desk
def test_two_devices_each_keep_their_words(client: Client, name: str) -> None:
    make, answers = DESKS[name]
    desk = make()
    as_(client, desk.people[next(who for who, status in answers.items() if status == 200)])
    phone, laptop = mark_on(client, desk), mark_on(client, desk)

    def types(mark: str, words: str) -> str:
        return client.post(desk.address, {desk.field: words, "draft": mark}).text

    alone = types(phone, "Typed on the phone")
    told = types(laptop, "Typed on the laptop")

    assert ("another draft" in alone, "Typed on the phone" in told) == (False, True)
    page = client.get(desk.page).text
    assert shows(page, "Typed on the laptop")
    assert "<q>Typed on the phone</q>" in page
    other = re.search(r'class="other-draft">.*?href="([^"]+)"', page)
    assert other is not None
    chosen = client.get(other[1]).text
    assert shows(chosen, "Typed on the phone")
    # What goes on with one leaves the other as it is.
    types(mark_on(client, desk, other[1]), "Typed on the phone, and on")
    assert sorted(draft.fields[desk.field][0] for draft in Draft.objects.all()) == [
        "Typed on the laptop",
        "Typed on the phone, and on",
    ]
