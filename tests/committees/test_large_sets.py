"""How large the pages of a set become, and what they ask of the database, with 1, 30 and 300
pieces of three feedbacks on four requirements each, against a hundred requirements."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from committees.models import Case
from committees.snapshots import fact_of
from people.models import Account
from post.errands import do_ordered
from tests.committees.factories import Scene, answered_piece, cited_in, findings_of, scene
from tests.factories import UnitPartFactory
from tests.portfolio.large import hundred_lines, lay

pytestmark = pytest.mark.django_db

SIZES = (1, 30, 300)
LARGEST = 150_000  # bytes of HTML, before compression


def large(pieces: int, state: str) -> Scene:
    made = scene(pieces=0)
    qualification = made.programme.qualification
    own = [task.pk for task in qualification.core_tasks.all()]
    lines = hundred_lines(made.programme)
    for task in qualification.core_tasks.exclude(pk__in=own):
        UnitPartFactory(unit=made.unit, core_task=task)
    lay(made.case.enrolment, lines, pieces)
    return made.bring_to(state)


def visit(by: Account, page: str, *args: object, room: str = "committees") -> tuple[str, int]:
    """What is answered, and in how many queries."""
    client = Client()
    client.force_login(by)
    fact_of.cache_clear()
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse(f"{room}:{page}", args=args))
    assert answer.status_code == 200
    return answer.text, len(asked)


@pytest.mark.parametrize("pieces", SIZES)
def test_the_pages_of_a_set_stay_small(pieces: int) -> None:
    made = large(pieces, Case.State.FROZEN)
    made.judge(made.chair)
    case = made.case.pk
    frozen = {
        "case": visit(made.member, "case", case),
        "my_case": visit(made.student, "my_case", case),
        "case_record": visit(made.auditor, "case_record", case),
        "coverage": visit(made.student, "coverage", made.case.enrolment.pk, room="portfolio"),
    }
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()
    frozen["decide"] = visit(made.chair, "decide", case)

    assert {page: asked for page, (_, asked) in frozen.items()} == QUERIES
    sizes = {page: len(body.encode()) for page, (body, _) in frozen.items()}
    assert {page: size for page, size in sizes.items() if size > LARGEST} == {}
    shown = min(pieces, 30)
    for page in ("case", "my_case", "case_record"):
        body = frozen[page][0]
        assert (body.count("shown-piece"), body.count("coverage-row")) == (shown, 101)
    assert frozen["coverage"][0].count("coverage-row") == 101
    assert frozen["decide"][0].count('type="checkbox"') == 4 * min(pieces, 12)


QUERIES = {"case": 9, "my_case": 6, "case_record": 8, "coverage": 17, "decide": 10}


def reads(act: Callable[[], object]) -> int:
    """How often the contents of a set were read, whatever is kept of them."""
    with CaptureQueriesContext(connection) as asked:
        act()
    contents = [
        each["sql"] for each in asked if '"committees_snapshotitem"."content"' in each["sql"]
    ]
    return sum("ORDER BY" in sql for sql in contents)


def test_no_page_of_a_case_reads_its_set_twice() -> None:
    made = scene(pieces=3, state=Case.State.FROZEN)
    case = made.case.pk
    judged = {f"part_{part}": value for part, value in findings_of(made.case, "attained").items()}
    piece = made.student.person.evidence.all()[0].pk
    clients = {}
    for name in ("member", "student", "auditor", "chair"):
        clients[name] = Client()
        clients[name].force_login(getattr(made, name))

    def gets(who: str, page: str, *args: object) -> Callable[[], object]:
        return lambda: clients[who].get(reverse(f"committees:{page}", args=[case, *args]))

    def posts(who: str, page: str, **data: object) -> Callable[[], object]:
        address = reverse(f"committees:{page}", args=[case])
        return lambda: clients[who].post(address, data)

    pages = {
        "case": gets("member", "case"),
        "judging": posts("member", "case", motivation="Seen.", **judged),
        "line": gets("member", "line", made.requirement.pk),
        "pieces": gets("member", "pieces"),
        "piece": gets("member", "piece", piece),
        "in_full": gets("member", "in_full"),
        "my_case": gets("student", "my_case"),
        "case_record": gets("auditor", "case_record"),
        "record_items": gets("auditor", "record_items"),
        "decide": gets("chair", "decide"),
    }
    found = {page: reads(act) for page, act in pages.items()}
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()
    announcing = reverse("committees:announce", args=[made.meeting.pk])
    cited = {"motivation": "So.", "cited": cited_in(made.case), **judged}
    found["finding"] = reads(posts("chair", "decide_find", q="piece"))
    found["deciding"] = reads(posts("chair", "decide", **cited))
    found["announcing"] = reads(lambda: clients["chair"].get(announcing))
    confirmed = {"decision": str(made.refreshed().decision_id), "when": "soon"}
    found["ordering"] = reads(lambda: clients["chair"].post(announcing, confirmed))
    do_ordered()
    found["letter"] = reads(gets("student", "letter"))

    assert made.refreshed().state == Case.State.ANNOUNCED
    assert {page: count for page, count in found.items() if count > 1} == {}
    assert found["case"] == found["judging"] == found["deciding"] == 1
    assert found["announcing"] == 0


def test_the_older_pieces_come_in_parts() -> None:
    made = large(30, Case.State.FROZEN)
    extra = scene(pieces=0)
    lay(extra.case.enrolment, [extra.requirement] * 4, 0)
    client = Client()
    client.force_login(made.member)
    address = reverse("committees:pieces", args=[made.case.pk])

    whole = client.get(address).text
    part = client.get(address, headers={"hx-request": "true"}).text

    assert whole.count(part.strip()) == 1
    assert ("<html" in whole, "<html" in part) == (True, False)
    assert len(re.findall("shown-piece", part)) == 30


def test_a_title_is_written_as_it_is_whatever_stands_in_it() -> None:
    made = scene(pieces=0)
    answered_piece(made.case.enrolment, made.requirement, revision__title="<b>Bo</b> & Co")
    made.bring_to(Case.State.FROZEN)

    body, _asked = visit(made.member, "pieces", made.case.pk)

    assert "<b>Bo" not in body
    assert "<span>&lt;b&gt;Bo&lt;/b&gt; &amp; Co</span>" in body
