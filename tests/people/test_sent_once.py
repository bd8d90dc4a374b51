"""A form that is sent again is done once: a double tap, an answer that never arrived, Back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from committees.models import Case, Committee, Meeting
from evidence.models import Evidence
from people import drafts
from people.models import Account, Draft, InstitutionRole, SentForm
from people.sending import once
from portfolio.models import CheckIn
from records.models import Event
from tests.committees import factories as committees
from tests.committees.factories import findings_of
from tests.evidence import scenes as pieces
from tests.evidence.scenes import asked, page_of
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
)
from tests.portfolio.factories import scene
from tests.portfolio.test_check_ins import hold
from tests.programmes import factories as programmes

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

    page = reverse("evidence:requirements", args=[Evidence.objects.get().pk])
    assert [(one.status_code, one["Location"]) for one in (first, again)] == [(302, page)] * 2
    assert [str(said) for said in get_messages(again.wsgi_request)] == [
        "Dit was al binnengekomen en is één keer bewaard."
    ]


def notes(name: str = "notes.txt", content: bytes = b"some notes") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ({}, 1),  # gone back, and sent again
        ({"title": "Helped again"}, 2),
        ({"uploads": notes()}, 2),
    ],
)
def test_the_page_drawn_anew_brings_the_same_words_once(
    student: Account, change: dict[str, Any], made: int
) -> None:
    send(student, reverse("evidence:add"), **PIECE)
    send(student, reverse("evidence:add"), OTHER_TOKEN, **{**PIECE, **change})

    assert Evidence.objects.count() == made


@pytest.mark.parametrize(
    ("file", "made"), [(notes(), 1), (notes("other.txt"), 2), (notes(content=b"more"), 2)]
)
def test_files_are_told_apart_by_name_and_size(
    student: Account, file: SimpleUploadedFile, made: int
) -> None:
    for token, upload in ((TOKEN, notes()), (OTHER_TOKEN, file)):
        upload.seek(0)
        send(student, reverse("evidence:add"), token, **PIECE, uploads=upload)

    assert Evidence.objects.count() == made


def test_the_same_words_of_somebody_else_are_theirs(student: Account) -> None:
    other = EnrolmentFactory().student.account
    for user, token in ((student, TOKEN), (other, OTHER_TOKEN)):
        send(user, reverse("evidence:add"), token, **PIECE)

    assert Evidence.objects.count() == 2


def test_ten_minutes_later_the_same_words_are_meant(student: Account) -> None:
    """But the form that was sent then is done for good."""
    send(student, reverse("evidence:add"), **PIECE)
    SentForm.objects.update(recorded_at=timezone.now() - timedelta(minutes=10))
    send(student, reverse("evidence:add"), TOKEN, **PIECE)
    assert Evidence.objects.count() == 1

    send(student, reverse("evidence:add"), OTHER_TOKEN, **PIECE)
    assert Evidence.objects.count() == 2


def test_who_deletes_a_piece_and_adds_the_same_means_it(student: Account) -> None:
    send(student, reverse("evidence:add"), **PIECE)
    send(student, reverse("evidence:delete", args=[Evidence.objects.get().pk]))
    send(student, reverse("evidence:add"), OTHER_TOKEN, **PIECE)

    assert Evidence.objects.count() == 1


def test_who_ends_a_seat_and_gives_it_again_means_it() -> None:
    made = committees.scene()
    user = ProgrammeRoleFactory(programme=made.programme).person.account
    path = reverse("committees:seat_give", args=[made.committee.pk])
    form = {"name": "Bo Vos", "email": "bo@school.example", "role": "member"}
    send(user, path, **form)
    seat = made.committee.memberships.get(person__account__sign_in="bo@school.example")
    send(user, reverse("committees:seat_end", args=[seat.pk]))
    send(user, path, OTHER_TOKEN, **form)

    seats = made.committee.memberships.filter(person=seat.person)
    assert [row.ended_at is None for row in seats.order_by("recorded_at")] == [False, True]


def test_what_is_kept_of_it_says_nothing_of_whom_or_what(student: Account) -> None:
    send(student, reverse("evidence:add"), **PIECE)

    row = SentForm.objects.get()
    kept = (row.mark, row.said, row.who)
    assert [len(mark) for mark in kept] == [64] * 3
    assert len(set(kept)) == 3
    assert str(student.pk) not in repr((*kept, row.leads_to))


def test_the_address_of_a_link_is_not_kept() -> None:
    question = asked()
    form = {"text": "Very calm.", "about": ["whole"], **page_of(question)}
    path = reverse("evidence:answer", args=[question.token])
    answers = [
        Client().post(path, {**form, "csrfmiddlewaretoken": token})
        for token in (TOKEN, OTHER_TOKEN)
    ]

    assert [(one.status_code, one["Location"]) for one in answers] == [(302, path)] * 2
    assert [row.leads_to for row in SentForm.objects.all()] == [""]


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


@pytest.mark.parametrize("change", ["add", "edit"])
def test_other_files_are_not_said_to_be_kept(student: Account, change: str) -> None:
    """The same form, of which the answer never arrived, with another file chosen."""
    path = reverse("evidence:add")
    if change == "edit":
        send(student, path, **PIECE)
        path = reverse("evidence:edit", args=[Evidence.objects.get().pk])
    said = []
    for name, content in (
        ("first.txt", b"some notes"),
        ("first.txt", b"same notes"),
        ("second.txt", b"some notes"),
        ("first.txt", b"some notes"),
    ):
        upload = SimpleUploadedFile(name, content)
        answer = send(student, path, OTHER_TOKEN, **PIECE, uploads=upload)
        said.append([str(each) for each in get_messages(answer.wsgi_request)])

    [_first, corrected, other, same] = said
    assert corrected[1:] == ["Niet bewaard, want pas nu meegekomen: first.txt. Voeg het hier toe."]
    assert other[0] == same[0] == "Dit was al binnengekomen en is één keer bewaard."
    assert other[1:] == ["Niet bewaard, want pas nu meegekomen: second.txt. Voeg het hier toe."]
    assert same[1:] == []


def test_an_outage_after_the_act_takes_the_act_back(
    student: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is forgotten with the act: what answers 503 was not done."""

    def away(*_given: object) -> None:
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


def check_in_form() -> dict[str, str]:
    return {
        "held_on": timezone.localdate().isoformat(),
        "light": "green",
        "summary": "Goed bezig.",
        "agreements-TOTAL_FORMS": "0",
        "agreements-INITIAL_FORMS": "0",
    }


def test_a_check_in_is_held_once() -> None:
    place = scene()
    path = reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    for _time in range(3):
        assert send(place.adviser, path, **check_in_form()).status_code == 302

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
        assert answers[0]["Location"] == answers[1]["Location"], path


def test_it_costs_two_queries(rf: RequestFactory) -> None:
    request = rf.post("/", {"csrfmiddlewaretoken": TOKEN})
    request.user = AnonymousUser()
    with CaptureQueriesContext(connection) as queries, once(request):
        pass

    words = [query["sql"].split()[0] for query in queries.captured_queries]
    held = ["SELECT"] * (connection.vendor == "postgresql")
    # The outer two: a transaction, in a test.
    assert words == ["SAVEPOINT", *held, "SELECT", "INSERT", "RELEASE"]


# --- Each kind ------------------------------------------------------------------------------------

MADE = {"name": "Bo Vos", "email": "bo@school.example"}


def in_a_programme(name: str) -> tuple[Account, str, dict[str, Any]]:
    made = programmes.scene()
    user = ProgrammeRoleFactory(programme=made.programme).person.account
    of: dict[str, tuple[Any, dict[str, Any]]] = {
        "role_new": (made.programme.pk, {**MADE, "role": "teacher"}),
        "student_new": (made.programme.pk, {**MADE, "starts_on": "2026-09-01"}),
        "placement_new": (
            made.enrolment.pk,
            {
                **{"workplace": "Shop", "starts_on": "2026-09-01", "ends_on": "2026-12-01"},
                **{"first_name": "Cor", "first_email": "cor@shop.example"},
            },
        ),
        "period_new": (
            made.programme.pk,
            {"name": "Late", "starts_on": "2126-09-01", "ends_on": "2126-11-13"},
        ),
    }
    if name == "supervisor_new":
        keys = [made.enrolment.pk, made.placement.pk]
        return user, reverse("programmes:supervisor_new", args=keys), MADE
    key, form = of[name]
    return user, reverse(f"programmes:{name}", args=[key]), form


def of_the_institution(name: str) -> tuple[Account, str, dict[str, Any]]:
    user = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR).person.account
    if name == "programme_new":
        key = ProgrammeFactory().qualification_id
        rules = {"check_ins_per_period": 1, "link_days": 14, "sector": "mbo"}
        form = {"title": "Care", "cohort": 2026, "qualification": key, "notice_working_days": 5}
        return user, reverse("programmes:programme_new"), {**form, **rules}
    if name == "person_new":
        return user, reverse("home:person_new"), {**MADE, "language": "en"}
    other = AccountFactory().person
    if name == "person_address":
        form = {"address": "new@school.example"}
        return user, reverse("home:person_address", args=[other.pk]), form
    boss = AccountFactory(is_superuser=True)
    return boss, reverse("home:role_new", args=[other.pk]), {"role": "curriculum"}


def of_a_piece(name: str) -> tuple[Account, str, dict[str, Any]]:
    place = pieces.scene()
    chosen = [f"{place.enrolment.pk}/{place.lines[0].pk}"]
    if name == "note":
        given = {"text": "Calm.", "given_on": "2026-10-01", "place": "Shop", "known": ""}
        person = {"name": "Cor", "address": "cor@shop.example", "role": "client", "language": "en"}
        form = {**given, **{f"person-{field}": value for field, value in person.items()}}
    else:
        assert place.enrolment.adviser is not None
        form = {"known": [str(place.enrolment.adviser.pk)], "message": "Please"}
    path = reverse(f"evidence:{name}", args=[place.piece.pk])
    return place.student, path, {"requirements": chosen, **form}


def in_a_committee(name: str) -> tuple[Account, str, dict[str, Any]]:
    state = Case.State.OPENED if name in ("decide", "defer") else Case.State.FROZEN
    made = committees.scene(state=state)
    if name == "seat_give":
        user = ProgrammeRoleFactory(programme=made.programme).person.account
        path = reverse("committees:seat_give", args=[made.committee.pk])
        return user, path, {**MADE, "role": "member"}
    path = reverse(f"committees:{name}", args=[made.case.pk])
    if name == "recuse":
        return made.member, path, {"reason": "A neighbour."}
    if name == "defer":
        return made.chair, path, {"reason": "Show it to a client."}
    parts = {f"part_{part}": "attained" for part in findings_of(made.case, "")}
    cited = {"cited": committees.cited_in(made.case), "motivation": "The set shows it."}
    return made.chair, path, parts | cited


SCENES = {
    in_a_programme: ["role_new", "student_new", "placement_new", "period_new", "supervisor_new"],
    of_the_institution: ["programme_new", "person_new", "person_address", "role_new"],
    of_a_piece: ["ask", "note"],
    in_a_committee: ["seat_give", "recuse", "defer", "decide"],
}


@pytest.mark.parametrize(
    ("make", "name"), [(make, name) for make, names in SCENES.items() for name in names]
)
def test_gone_back_and_sent_again_it_is_done_once_and_leads_to_the_same_page(
    make: Callable[[str], tuple[Account, str, dict[str, Any]]], name: str
) -> None:
    user, path, form = make(name)
    first = send(user, path, **form)
    events = Event.objects.count()
    again = send(user, path, OTHER_TOKEN, **form)

    assert (first.status_code, again.status_code) == (302, 302)
    assert again["Location"] == first["Location"]
    assert Event.objects.count() == events
    assert SentForm.objects.count() == 1
