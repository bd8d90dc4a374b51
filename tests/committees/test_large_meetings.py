"""What the pages of a meeting ask of the database, and how large they become, with 1, 30 and 300
cases."""

import re
from datetime import timedelta

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from committees import actions
from committees.forms import BoxesOfMany
from committees.models import Case, Meeting
from people.models import Account, Person
from tests.committees.factories import REFERENCE, Scene, findings_of, scene
from tests.factories import LONG_AGO, EnrolmentFactory

pytestmark = pytest.mark.django_db

SIZES = (1, 30, 300)
LARGEST = 80_000  # bytes of HTML, before compression


def planned(cases: int) -> Scene:
    """A meeting to come with so many cases, and as many students more to choose from."""
    made = scene(pieces=0)
    enrolments = EnrolmentFactory.create_batch(2 * cases - 1, programme=made.programme)
    made.cases += actions.put_on_agenda(
        meeting=made.meeting,
        unit=made.unit,
        enrolments=enrolments[: cases - 1],
        by=made.secretary,
        at=LONG_AGO,
    )
    held_at = timezone.now() + timedelta(days=40)
    Meeting.objects.update(held_at=held_at, reference_at=held_at - timedelta(days=7))
    return made


def visit(by: Account, page: str, key: object, query: str = "") -> tuple[str, int]:
    """What is answered, in English, and in how many queries."""
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse(f"committees:{page}", args=[key]) + query)
    assert answer.status_code == 200
    return answer.text, len(asked)


@pytest.mark.any_database
@pytest.mark.parametrize("cases", SIZES)
def test_the_pages_of_a_meeting_stay_small(cases: int) -> None:
    made = planned(cases)

    found = {
        name: visit(made.secretary, page, made.meeting.pk, query)
        for name, (page, query) in {
            "meeting": ("meeting", ""),
            "its last page": ("meeting", "?page=100"),
            "large": ("meeting", "?large=1"),
            "agenda": ("agenda", ""),
        }.items()
    }

    assert {name: asked for name, (_body, asked) in found.items()} == QUERIES
    sizes = {name: len(body.encode()) for name, (body, _asked) in found.items()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
    rows = {name: body.count('<th scope="row">') for name, (body, _asked) in found.items()}
    shown = min(cases, 50)
    assert rows == {"meeting": shown, "its last page": shown, "large": shown, "agenda": 0}
    assert found["agenda"][0].count('type="checkbox"') == cases


QUERIES = {"meeting": 13, "its last page": 13, "large": 9, "agenda": 12}


def test_each_case_stands_once_on_a_page_and_under_its_own_name() -> None:
    made = planned(60)

    pages = [visit(made.secretary, "meeting", made.meeting.pk, f"?page={n}")[0] for n in (1, 2)]

    named = [
        re.findall(r'<th scope="row">\s*<a href="([^"]+)">([^<]+)</a>', page) for page in pages
    ]
    assert [len(rows) for rows in named] == [50, 10]
    cases = Case.objects.filter(meeting=made.meeting).select_related("enrolment__student")
    assert named[0] + named[1] == [
        (reverse("committees:case", args=[case.pk]), case.enrolment.student.name) for case in cases
    ]
    assert ("Later on the agenda" in pages[0], "Earlier on the agenda" in pages[1]) == (True, True)


def test_a_name_is_written_as_it_is_whatever_stands_in_it() -> None:
    made = scene(students=2)
    Person.objects.filter(pk=made.student.pk).update(name="<b>Bo</b> & \uf8f0 Co")

    body, _asked = visit(made.secretary, "meeting", made.meeting.pk)

    assert "<b>Bo" not in body
    assert body.count("&lt;b&gt;Bo&lt;/b&gt; &amp; \uf8f0 Co") == 2  # and on the button


def test_what_is_said_of_one_case_stands_with_that_one_only() -> None:
    made = scene(students=3, state=Case.State.FROZEN)
    first, second, third = made.cases
    for case, by in ((first, made.member), (second, made.member), (second, made.chair)):
        findings = findings_of(case, "attained")
        actions.judge(case=case, findings=findings, motivation="Yes.", by=by, at=REFERENCE)
    actions.recuse(case=third, reason="A neighbour.", by=made.member, at=REFERENCE)

    body, _asked = visit(made.member, "meeting", made.meeting.pk)

    rows = re.findall(r"<tr>.*?</tr>", body, re.DOTALL)[-3:]
    assert ["Yours is in." in row for row in rows] == [True, True, False]
    assert ["You stand aside." in row for row in rows] == [False, False, True]


@pytest.mark.parametrize("chosen", [[], ["b"], ["a<b", "c"]])
def test_boxes_of_many_are_drawn_as_others(chosen: list[str]) -> None:
    choices = [("a<b", "L & <x>"), ("b", "B"), ("c", "C")]

    class Boxes(forms.Form):
        many = forms.MultipleChoiceField(
            choices=choices, widget=BoxesOfMany(attrs={"class": "framed"})
        )
        few = forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple(attrs={"class": "framed"})
        )

    form = Boxes({"many": chosen, "few": chosen})
    many, few = (" ".join(str(form[name]).split()) for name in ("many", "few"))
    assert many.replace("many", "few") == few
