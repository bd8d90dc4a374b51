"""A form whose answer never arrived is sent again, and is done once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from committees.models import Committee, Meeting
from evidence.models import Evidence
from people import drafts
from people.models import Account, Draft, SentForm
from portfolio.models import CheckIn
from tests.committees import factories as committees
from tests.factories import EnrolmentFactory, ProgrammeRoleFactory
from tests.portfolio.factories import scene
from tests.portfolio.test_check_ins import hold

pytestmark = pytest.mark.django_db

TOKEN, OTHER_TOKEN = "a" * 64, "b" * 64
PIECE = {"title": "Helped", "kind": "act", "happened_on": "2026-09-02", "origin": "here"}


@pytest.fixture
def student() -> Account:
    return EnrolmentFactory().student.account


def send(user: Account, path: str, token: str = TOKEN, **fields: Any) -> HttpResponse:
    """Send a form as a browser that knows no more of what went before."""
    client = Client()
    client.force_login(user)
    return client.post(path, {**fields, "csrfmiddlewaretoken": token})


def test_the_same_form_is_done_once_and_says_so(student: Account) -> None:
    path = reverse("evidence:add")
    first = send(student, path, **PIECE)
    again = send(student, path, **PIECE)

    assert Evidence.objects.count() == 1
    assert (first.status_code, first["Location"]) == (
        302,
        reverse("evidence:requirements", args=[Evidence.objects.get().pk]),
    )
    assert (again.status_code, again["Location"]) == (302, reverse("evidence:list"))
    assert [str(said) for said in get_messages(again.wsgi_request)] == [
        "Dit was al binnengekomen en is één keer bewaard."
    ]


@pytest.mark.parametrize("change", [{"token": OTHER_TOKEN}, {"title": "Helped again"}])
def test_another_form_is_another_act(student: Account, change: dict[str, str]) -> None:
    """As drawn another time, or with other words, as after going back."""
    send(student, reverse("evidence:add"), **PIECE)
    send(student, reverse("evidence:add"), **{**PIECE, **change})

    assert Evidence.objects.count() == 2


def test_what_was_refused_is_not_sent(student: Account) -> None:
    path = reverse("evidence:add")
    assert send(student, path, **{**PIECE, "title": ""}).status_code == 422
    assert SentForm.objects.count() == 0
    assert send(student, path, **PIECE).status_code == 302


def test_files_chosen_anew_make_it_no_other_form(student: Account) -> None:
    for _time in range(2):
        upload = SimpleUploadedFile("notes.txt", b"some notes")
        send(student, reverse("evidence:add"), **PIECE, uploads=upload)

    assert Evidence.objects.count() == 1


def test_an_outage_after_the_act_takes_the_act_back(
    student: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is forgotten with the act: what answers 503 was not done."""

    def away(key: str) -> None:
        raise OperationalError("server closed the connection") from _Silent()

    drafts.keep(f"evidence:{student.pk}", {"title": ["Helped"]})
    with monkeypatch.context() as patch:
        patch.setattr(drafts, "forget_draft", away)
        answer = send(student, reverse("evidence:add"), **PIECE)

    assert answer.status_code == 503
    assert Evidence.objects.count() == 0
    assert Draft.objects.count() == 1
    # Its page sends the very form, so that it is known if it was done after all.
    assert f'value="{TOKEN}"' in answer.content.decode()
    assert send(student, reverse("evidence:add"), **PIECE).status_code == 302
    assert (Evidence.objects.count(), Draft.objects.count()) == (1, 0)


class _Silent(Exception):
    """As PostgreSQL's driver says that it heard nothing more."""

    sqlstate = None


def test_a_check_in_is_held_once() -> None:
    place = scene()
    path = reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    form = {
        "held_on": timezone.localdate().isoformat(),
        "light": "green",
        "summary": "Goed bezig.",
        "agreements-TOTAL_FORMS": "0",
        "agreements-INITIAL_FORMS": "0",
    }
    for _time in range(3):
        assert send(place.adviser, path, **form).status_code == 302

    assert CheckIn.objects.count() == 1


def test_a_form_on_another_page_leads_to_that_page_again() -> None:
    """What is only sent to its address cannot be read there."""
    place = scene()
    check_in = hold(place)
    path = reverse("portfolio:acknowledge", args=[check_in.pk])
    answers = [send(place.student, path, word="read") for _time in range(2)]

    page = reverse("portfolio:check_ins", args=[place.enrolment.pk])
    assert [(one.status_code, one["Location"]) for one in answers] == [(302, page)] * 2


def test_a_meeting_is_planned_once() -> None:
    made = committees.scene()
    before, now = Meeting.objects.count(), timezone.localtime()
    form = {
        "held_at": f"{now + timedelta(days=30):%Y-%m-%dT%H:%M}",
        "reference_at": f"{now + timedelta(days=20):%Y-%m-%dT%H:%M}",
        "place": "Lokaal 2.14",
    }
    path = reverse("committees:meeting_plan", args=[made.committee.pk])
    for _time in range(2):
        assert send(made.secretary, path, **form).status_code == 302

    assert Meeting.objects.count() == before + 1


def test_the_sweep_forgets_what_was_sent_long_ago(student: Account) -> None:
    send(student, reverse("evidence:add"), **PIECE)
    SentForm.objects.update(recorded_at=timezone.now() - timedelta(days=61))
    drafts.sweep()

    assert SentForm.objects.count() == 0


def test_what_a_coordinator_makes_is_made_once() -> None:
    made = committees.scene()
    programme = made.programme
    user = ProgrammeRoleFactory(programme=programme).person.account
    parts = [task.pk for task in programme.core_tasks()]
    forms: list[tuple[Any, str, dict[str, Any]]] = [
        (programme.units, "unit_new", {"title": "All of it", "purpose": "phase", "parts": parts}),
        (
            programme.periods,
            "period_new",
            {"name": "Autumn", "starts_on": "2126-09-01", "ends_on": "2126-11-13"},
        ),
    ]
    sends = [
        (rows, reverse(f"programmes:{name}", args=[programme.pk]), form)
        for rows, name, form in forms
    ]
    path = reverse("committees:new") + f"?programme={programme.pk}"
    sends.append((Committee.objects.filter(programme=programme), path, {"name": "The second"}))
    for rows, path, form in sends:
        before = rows.count()
        answers = [send(user, path, **form) for _time in range(2)]

        assert [answer.status_code for answer in answers] == [302, 302], path
        assert rows.count() == before + 1, path
        assert answers[1]["Location"] == programme.get_absolute_url()


def test_it_costs_two_queries_and_a_savepoint(rf: RequestFactory) -> None:
    request = rf.post("/", {"csrfmiddlewaretoken": TOKEN})
    with CaptureQueriesContext(connection) as queries, drafts.once(request, "/"):
        pass

    words = [query["sql"].split()[0] for query in queries.captured_queries]
    inner = ["SELECT", "SAVEPOINT", "INSERT", "RELEASE"]
    assert words == ["SAVEPOINT", *inner, "RELEASE"]  # the outer two: a transaction, in a test
