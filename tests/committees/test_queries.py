"""Agenda and dossier take the same number of queries for 1 and for 30 rows."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from committees.models import Case
from committees.snapshots import file_in
from people.models import Account
from tests.committees.factories import Scene, scene
from tests.evidence.factories import attach

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

Queries = Callable[[int], AbstractContextManager[object]]


def visit(
    client: Client, queries: Queries, count: int, by: Account, page: str, *args: object
) -> str:
    client.force_login(by)
    address = reverse(f"committees:{page}", args=args)
    with queries(count):
        answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("students", [1, 30])
def test_agenda(client: Client, django_assert_num_queries: Queries, students: int) -> None:
    made = scene(students=students)
    made.freeze()
    made.judge(made.member)

    body = visit(client, django_assert_num_queries, 14, made.secretary, "meeting", made.meeting.pk)

    assert body.count("/committees/cases/") >= students


@pytest.mark.parametrize("students", [1, 30])
def test_agenda_once_opened(
    client: Client, django_assert_num_queries: Queries, students: int
) -> None:
    made = scene(students=students, state=Case.State.OPENED)

    visit(client, django_assert_num_queries, 15, made.chair, "meeting", made.meeting.pk)


@pytest.mark.parametrize("students", [1, 30])
def test_committees(client: Client, django_assert_num_queries: Queries, students: int) -> None:
    made = scene(students=students)
    made.freeze()

    visit(client, django_assert_num_queries, 9, made.member, "list")


@pytest.mark.parametrize("pieces", [1, 30])
def test_dossier(client: Client, django_assert_num_queries: Queries, pieces: int) -> None:
    made = frozen(pieces)

    body = visit(client, django_assert_num_queries, 9, made.member, "case", made.case.pk)

    assert body.count("shown-piece") == pieces


def frozen(pieces: int) -> Scene:
    made = scene(pieces=pieces)
    made.freeze()
    return made


@pytest.mark.parametrize("pieces", [1, 30])
def test_the_student_reads_at_the_same_cost(
    client: Client, django_assert_num_queries: Queries, pieces: int
) -> None:
    made = frozen(pieces)

    visit(client, django_assert_num_queries, 6, made.student, "my_case", made.case.pk)


@pytest.mark.parametrize("pieces", [1, 30])
def test_deciding(client: Client, django_assert_num_queries: Queries, pieces: int) -> None:
    made = scene(pieces=pieces, state=Case.State.OPENED)

    visit(client, django_assert_num_queries, 10, made.chair, "decide", made.case.pk)


@pytest.mark.parametrize("pieces", [1, 30])
def test_case_record(client: Client, django_assert_num_queries: Queries, pieces: int) -> None:
    made = scene(pieces=pieces, state=Case.State.ANNOUNCED)

    visit(client, django_assert_num_queries, 9, made.auditor, "case_record", made.case.pk)


@pytest.mark.parametrize("students", [1, 30])
def test_record(client: Client, django_assert_num_queries: Queries, students: int) -> None:
    made = scene(students=students, state=Case.State.DECIDED)

    visit(client, django_assert_num_queries, 7, made.auditor, "record")


@pytest.mark.parametrize("pieces", [1, 30])
def test_a_file_is_found_without_reading_its_set(
    django_assert_num_queries: Queries, pieces: int
) -> None:
    made = scene(pieces=pieces)
    files = [attach(piece, b"What I noted.\n") for piece in made.student.person.evidence.all()]
    made.freeze()

    with django_assert_num_queries(1):
        found = file_in(made.case, files[-1].pk)

    assert found == (files[-1], "notes.txt")
