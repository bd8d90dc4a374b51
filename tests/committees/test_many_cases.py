"""A meeting with many cases: for a projector, opened and announced together, and one after the
other to a decision."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.actions.errands import ANNOUNCING
from committees.models import Case, Decision
from people.models import Account, Person
from post.errands import do_ordered, order
from post.models import Errand, ErrandItem
from tests.committees.factories import HELD, REFERENCE, Scene, cited_in, findings_of, scene
from tests.committees.test_page_access import EVERYBODY, of, people

pytestmark = pytest.mark.django_db

PLANNED, FROZEN, OPENED, DECIDED, ANNOUNCED, DEFERRED = Case.State.values
Queries = Callable[[int], AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def browser(by: Account) -> Client:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    return client


def page(by: Account, name: str, key: object, tail: str = "") -> str:
    answer = browser(by).get(reverse(f"committees:{name}", args=[key]) + tail)
    assert answer.status_code == 200
    return answer.content.decode()


def post(
    by: Account, name: str, key: object, data: dict[str, object] | None = None
) -> tuple[str, str]:
    """Where the answer leads, and what is read there."""
    client = browser(by)
    answer = client.post(reverse(f"committees:{name}", args=[key]), data or {}, follow=True)
    [(place, status)] = answer.redirect_chain
    assert status == 302
    return place, answer.content.decode()


def states(made: Scene) -> list[str]:
    return [Case.objects.get(pk=case.pk).state for case in made.cases]


def judged(students: int = 2) -> Scene:
    """A meeting in session, with all judgements in and sealed."""
    made = scene(students=students)
    made.freeze()
    for judge in (made.chair, made.member, made.other_member):
        made.judge(judge, words="Seen by members.")
    made.open_meeting()
    return made


def decision(case: Case) -> dict[str, object]:
    findings = findings_of(case, "attained")
    named: dict[str, object] = {f"part_{part}": finding for part, finding in findings.items()}
    return named | {"motivation": "Decided together.", "cited": cited_in(case)}


def all_decided() -> dict[str, object]:
    """What the page that confirms an announcement sends: all decisions that stand, and soon."""
    standing = Decision.objects.standing().values_list("pk", flat=True)
    return {"decision": list(map(str, standing)), "when": "soon"}


# --- Who may --------------------------------------------------------------------------------------


MEMBERS = ("secretary", "member", "aside", "auditor", "exam board")
BY_ALL = of(404, *EVERYBODY) | of(403, *MEMBERS)
POSTS = [
    ("judgements_open_all", FROZEN, BY_ALL | of(302, "chair")),
]


@pytest.mark.parametrize(("name", "state", "expected"), POSTS, ids=[name for name, *_ in POSTS])
def test_who_does_it_for_all_cases(name: str, state: str, expected: dict[str, int]) -> None:
    made = scene(state=state)
    address = reverse(f"committees:{name}", args=[made.meeting.pk])

    found = {role: browser(by).post(address).status_code for role, by in people(made).items()}

    assert found == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [(OPENED, of(409, "chair")), (DECIDED, of(200, "chair")), (ANNOUNCED, of(409, "chair"))],
)
def test_who_looks_at_the_letter_before_it_is_sent(state: str, expected: dict[str, int]) -> None:
    made = scene(state=state)
    address = reverse("committees:letter_preview", args=[made.case.pk])
    aside = {} if state == OPENED else of(403, "aside")

    found = {role: browser(by).get(address).status_code for role, by in people(made).items()}

    assert found == of(404, *EVERYBODY) | of(403, *MEMBERS) | aside | expected


# --- All at once ----------------------------------------------------------------------------------


def test_the_complete_cases_are_opened_together_and_the_refused_are_named() -> None:
    made = scene(students=3, state=FROZEN)
    made.judge(made.chair)
    made.judge(made.member)
    complete, _awaited, refused = made.cases
    findings = findings_of(complete, "attained")
    for case in (complete, refused):
        actions.judge(
            case=case, findings=findings, motivation="Yes.", by=made.other_member, at=REFERENCE
        )
    made.open_meeting()

    place, first = post(made.chair, "judgements_open_all", made.meeting.pk)
    before = states(made)
    for member in (made.member, made.other_member):
        actions.recuse(case=refused, reason="A neighbour.", by=member, at=HELD)
    do_ordered()
    read = browser(made.chair).get(place).content.decode()

    assert place == reverse("errand", args=[Errand.objects.get().pk])
    assert (before, states(made)) == ([FROZEN] * 3, [OPENED, FROZEN, FROZEN])
    assert "0 of 2 dealt with." in first
    assert "2 of 2 dealt with. The judgements of 1 case are open. 1 was not done." in read
    assert read.count(f"<strong>{refused}</strong>") == 1
    assert f"{made.committee}, 9 November 2026</a>" in read


@pytest.mark.parametrize("by_whom", ["chair", "other_member"])
def test_whose_right_to_the_cases_has_ended_reads_no_name_of_them_any_more(by_whom: str) -> None:
    made = scene(students=2, state=DECIDED)
    by = getattr(made, by_whom)
    rows = [decision.pk for decision in Decision.objects.all()]
    errand = order(ANNOUNCING, about=made.meeting.pk, rows=rows, by=by)
    path = reverse("errand", args=[errand.pk])
    before = browser(by).get(path).text

    made.committee.memberships.filter(person=by.pk).update(ended_at=HELD)

    after = browser(by).get(path).text
    assert [str(case) in before for case in made.cases] == [True, True]
    assert [str(case) in after for case in made.cases] == [False, False]


def led_by_member() -> Scene:
    """A meeting in session in which the member leads, for the chair is not there."""
    made = scene(students=2, state=FROZEN)
    for judge in (made.chair, made.member, made.other_member):
        made.judge(judge)
    made.open_meeting(made.member, made.other_member)
    return made


def test_who_leads_in_the_chairs_place_opens_and_announces_all() -> None:
    made = led_by_member()
    offered = {
        by: "Open the judgements of 2 cases" in page(by, "meeting", made.meeting.pk)
        for by in (made.member, made.other_member, made.chair)
    }
    large = page(made.member, "decide", made.case.pk, "?large=1")

    post(made.member, "judgements_open_all", made.meeting.pk)
    do_ordered()
    opened = states(made)
    for case in made.cases:
        post(made.member, "decide", case.pk, decision(case))
    before = page(made.member, "meeting", made.meeting.pk)
    post(made.member, "announce", made.meeting.pk, all_decided())
    do_ordered()

    assert offered == {made.member: True, made.other_member: False, made.chair: False}
    assert "Open the judgements" in large
    assert opened == [OPENED, OPENED]
    assert "Announce 2 decisions" in before
    assert states(made) == [ANNOUNCED, ANNOUNCED]


def test_each_orders_the_cases_that_they_lead() -> None:
    made = judged(students=2)
    actions.note_leading(
        meeting=made.meeting, person=made.member.person, by=made.secretary, at=HELD
    )
    actions.recuse(case=made.cases[1], reason="A neighbour.", by=made.chair, at=HELD)

    post(made.chair, "judgements_open_all", made.meeting.pk)
    do_ordered()
    by_chair = states(made)
    post(made.member, "judgements_open_all", made.meeting.pk)
    do_ordered()

    assert (by_chair, states(made)) == ([OPENED, FROZEN], [OPENED, OPENED])
    assert not ErrandItem.objects.filter(state=ErrandItem.State.REFUSED).exists()


def test_a_chair_who_is_not_present_is_told_that_nothing_can_be_done() -> None:
    made = led_by_member()

    place, read = post(made.chair, "judgements_open_all", made.meeting.pk)

    assert place == reverse("committees:meeting", args=[made.meeting.pk])
    assert "There is nothing to be done here now." in read


def test_only_opened_cases_on_which_all_agree_can_go_fast() -> None:
    made = judged()
    actions.judge(
        case=made.cases[0],
        findings=findings_of(made.cases[0], "not_yet"),
        motivation="Not seen.",
        by=made.member,
        at=REFERENCE,
    )
    before = page(made.chair, "meeting", made.meeting.pk)
    made.open_judgements()

    answer = browser(made.chair).get(reverse("committees:meeting", args=[made.meeting.pk]))

    assert "Can go fast" not in before
    assert [row.case for row in answer.context["fast"]] == [made.cases[1]]
    assert "Can go fast" not in page(made.member, "meeting", made.meeting.pk)


def test_a_decision_leads_to_the_next_case_and_the_last_to_announcing() -> None:
    made = judged(students=2)
    made.open_judgements()
    first, second = made.cases

    on, read = post(made.chair, "decide", first.pk, decision(first))
    end, _read = post(made.chair, "decide", second.pk, decision(second))
    post(made.chair, "announce", made.meeting.pk, all_decided())
    do_ordered()
    ordered = Errand.objects.get(what=ANNOUNCING)
    after = browser(made.chair).get(reverse("errand", args=[ordered.pk])).content.decode()

    assert on == reverse("committees:decide", args=[second.pk])
    assert "This is the next case." in read
    assert end == reverse("committees:meeting", args=[made.meeting.pk])
    assert "2 decisions are announced." in after
    assert states(made) == [ANNOUNCED, ANNOUNCED]


def test_the_letter_is_looked_at_before_it_is_sent() -> None:
    made = scene(state=DECIDED)

    read = page(made.chair, "letter_preview", made.case.pk)

    assert "Preview, not announced yet" in read
    assert "The set shows it." in read
    assert states(made) == [DECIDED]


# --- The projector --------------------------------------------------------------------------------


def test_the_projector_shows_nothing_of_sealed_judgements() -> None:
    made = judged()

    sealed = page(made.chair, "decide", made.case.pk, "?large=1")
    made.open_judgements()
    opened = page(made.chair, "decide", made.case.pk, "?large=1")

    assert ("attained" in sealed, "attained" in opened) == (False, True)
    assert 'name="motivation"' not in opened


def test_from_case_to_case_it_stays_large() -> None:
    made = judged()
    following = reverse("committees:decide", args=[made.cases[1].pk]) + "?large=1"

    assert following in page(made.chair, "meeting", made.meeting.pk, "?large=1")
    assert following in page(made.chair, "decide", made.cases[0].pk, "?large=1")
    opened = browser(made.chair).post(
        reverse("committees:judgements_open", args=[made.cases[1].pk]) + "?large=1"
    )
    assert opened["Location"] == following


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("students", "name", "count"),  # with a case after it, that is read too
    [(1, "meeting", 10), (30, "meeting", 10), (1, "decide", 9), (30, "decide", 10)],
)
def test_large_pages_cost_the_same(
    django_assert_num_queries: Queries, students: int, name: str, count: int
) -> None:
    made = scene(students=students, state=OPENED)
    key = made.meeting.pk if name == "meeting" else made.case.pk
    client = browser(made.chair)

    with django_assert_num_queries(count):
        answer = client.get(reverse(f"committees:{name}", args=[key]), {"large": "1"})

    assert answer.status_code == 200


def test_the_projector_follows_the_meeting_and_asks_in_vain_at_little_cost(
    django_assert_num_queries: Queries,
) -> None:
    made = judged()
    client = browser(made.member)
    pages = [("meeting", made.meeting.pk), ("decide", made.case.pk)]

    def again(name: str, key: object, mark: str) -> HttpResponse:
        address = reverse(f"committees:{name}", args=[key])
        return client.get(address, {"large": "1", "mark": mark}, headers={"HX-Request": "true"})

    marks = {}
    for name, key in pages:
        marks[name] = mark_in(page(made.member, name, key, "?large=1"))
        with django_assert_num_queries(3):
            assert again(name, key, marks[name]).status_code == 204
    actions.open_judgements(case=made.case, by=made.chair, at=HELD)

    for name, key in pages:
        fresh = again(name, key, marks[name])
        read = fresh.content.decode()
        assert (fresh.status_code, read.strip()[:14]) == (200, '<div id="room"')
        assert "judgements opened" in read
        assert again(name, key, mark_in(read)).status_code == 204


def test_a_closed_meeting_is_asked_for_no_more() -> None:
    made = scene(state=ANNOUNCED)
    before = page(made.member, "meeting", made.meeting.pk, "?large=1")
    actions.close_meeting(meeting=made.meeting, by=made.chair)

    assert "every 5s" in before
    for name, key in (("meeting", made.meeting.pk), ("decide", made.case.pk)):
        assert "every 5s" not in page(made.member, name, key, "?large=1")


def mark_in(page: str) -> str:
    [mark] = re.findall(r"large=1&amp;(?:page=1&amp;)?mark=(\w+)", page)
    return mark
