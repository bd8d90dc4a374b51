"""Who sees which page in which state; a status alone says who is kept out, never what is shown."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees import actions
from committees.models import Attendance, Case
from files.models import StoredFile
from people.models import Account, InstitutionRole
from tests.committees.factories import (
    HELD,
    REFERENCE,
    AttendanceFactory,
    ContradictionFactory,
    MembershipFactory,
    Scene,
    answered_piece,
    scene,
)
from tests.evidence.factories import attach
from tests.factories import AccountFactory, EnrolmentFactory, InstitutionRoleFactory
from tests.laid import laid_once

pytestmark = pytest.mark.django_db

BYTES = b"What I noted at the desk.\n"
PLANNED, FROZEN, OPENED, DECIDED, ANNOUNCED, DEFERRED = Case.State.values

SEATS = ("chair", "secretary", "member", "aside")
OUTSIDE = ("former member", "adviser", "student", "other student", "stranger")


@laid_once
def with_file(state: str) -> Scene:
    """A case in this state, where the student's piece has a file."""
    made = scene()
    attach(made.student.person.evidence.get(), BYTES)
    return made.bring_to(state)


def people(made: Scene) -> dict[str, Account]:
    """Everybody; "aside" is a member who asked to stand aside, where that could be asked."""
    aside = MembershipFactory(committee=made.committee).person.account
    if made.refreshed().state in (FROZEN, OPENED):
        actions.recuse(case=made.case, reason="A neighbour.", by=aside, at=REFERENCE)
    exam_board = InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account
    return {
        "chair": made.chair,
        "secretary": made.secretary,
        "member": made.member,
        "aside": aside,
        "former member": MembershipFactory(committee=made.committee, ended=True).person.account,
        "coordinator": made.coordinator,
        "auditor": made.auditor,
        "exam board": exam_board,
        "adviser": made.adviser,
        "student": made.student,
        "other student": EnrolmentFactory(programme=made.programme).student,
        "stranger": AccountFactory(),
    }


def address(page: str, made: Scene) -> str:
    case = made.case
    return {
        "list": lambda: reverse("committees:list"),
        "new": lambda: reverse("committees:new") + f"?programme={made.programme.pk}",
        "committee": lambda: reverse("committees:committee", args=[made.committee.pk]),
        "mandate_give": lambda: reverse("committees:mandate_give", args=[made.committee.pk]),
        "contradict": lambda: reverse("committees:contradict", args=[noted(made).pk]),
        "contradiction": lambda: reverse(
            "committees:contradiction", args=[ContradictionFactory(attendance=noted(made)).pk]
        ),
        "seat_end": lambda: reverse(
            "committees:seat_end", args=[made.committee.memberships.get(person=made.member.pk).pk]
        ),
        "meeting_plan": lambda: reverse("committees:meeting_plan", args=[made.committee.pk]),
        "meeting": lambda: reverse("committees:meeting", args=[made.meeting.pk]),
        "agenda": lambda: reverse("committees:agenda", args=[made.meeting.pk]),
        "file": lambda: reverse("committees:file", args=[case.pk, StoredFile.objects.get().pk]),
        "line": lambda: reverse("committees:line", args=[case.pk, made.requirement.pk]),
        "piece": lambda: reverse(
            "committees:piece", args=[case.pk, made.student.person.evidence.get().pk]
        ),
        "mine": lambda: reverse("committees:mine"),
        "record": lambda: reverse("committees:record"),
    }.get(page, lambda: reverse(f"committees:{page}", args=[case.pk]))()


def noted(made: Scene) -> Attendance:
    """What the secretary noted of the member, who has left."""
    return AttendanceFactory(
        meeting=made.meeting, person=made.member, by=made.secretary, ended_at=HELD
    )


def of(status: int, *roles: str) -> dict[str, int]:
    return dict.fromkeys(roles, status)


EVERYBODY = (*SEATS, *OUTSIDE, "coordinator", "auditor", "exam board")
SAT = ("chair", "secretary", "member")  # when it was decided; "aside" came after
SUPERVISORS = ("auditor", "exam board")
READERS = (*SAT, "student", *SUPERVISORS)
# A page, a state, and what everybody who is not named gets: 404.
PAGES: list[tuple[str, str, dict[str, int]]] = [
    ("list", PLANNED, of(200, *EVERYBODY)),
    ("mine", PLANNED, of(200, *EVERYBODY)),
    ("new", PLANNED, of(200, "coordinator") | of(403, *SUPERVISORS)),
    ("committee", PLANNED, of(200, *SEATS, "coordinator", *SUPERVISORS)),
    (
        "mandate_give",
        PLANNED,
        of(200, "exam board") | of(403, *SEATS, "coordinator", "auditor"),
    ),
    ("seat_end", PLANNED, of(200, "coordinator") | of(403, *SEATS, *SUPERVISORS)),
    (
        "meeting_plan",
        PLANNED,
        of(200, "chair", "secretary") | of(403, "member", "aside", "coordinator", *SUPERVISORS),
    ),
    ("contradict", PLANNED, of(200, "member")),
    ("contradiction", PLANNED, of(200, *SEATS, *SUPERVISORS)),
    ("meeting", PLANNED, of(200, *SEATS, *SUPERVISORS)),
    ("meeting", ANNOUNCED, of(200, *SEATS, *SUPERVISORS)),
    ("agenda", PLANNED, of(200, "chair", "secretary") | of(403, "member", "aside", *SUPERVISORS)),
    ("case", PLANNED, of(200, *SEATS) | of(403, *SUPERVISORS)),
    ("case", FROZEN, of(200, *SAT) | of(403, "aside", *SUPERVISORS)),
    ("case", ANNOUNCED, of(200, *SEATS) | of(403, *SUPERVISORS)),
    ("file", PLANNED, {}),
    (
        "file",
        FROZEN,
        of(200, "chair", "secretary", "member", "student", *SUPERVISORS) | of(403, "aside"),
    ),
    *(
        (page, state, expected)
        for page in ("line", "piece")
        for state, expected in (
            (PLANNED, of(200, "student")),
            (FROZEN, of(200, *READERS) | of(403, "aside")),
            (ANNOUNCED, of(200, *READERS, "aside")),
        )
    ),
    ("pieces", FROZEN, of(200, *READERS) | of(403, "aside")),
    ("set_aside", FROZEN, of(200, *READERS) | of(403, "aside")),
    ("in_full", FROZEN, of(200, *READERS) | of(403, "aside")),
    ("recuse", FROZEN, of(200, *SAT) | of(409, "aside") | of(403, *SUPERVISORS)),
    ("decide", FROZEN, of(200, *SAT) | of(403, "aside", *SUPERVISORS)),
    ("decide", OPENED, of(200, *SAT) | of(403, "aside", *SUPERVISORS)),
    ("my_case", PLANNED, of(200, "student")),
    ("my_case", FROZEN, of(200, "student")),
    ("my_case", ANNOUNCED, of(200, "student")),
    ("letter", FROZEN, {}),
    ("letter", DECIDED, {}),
    ("letter", ANNOUNCED, of(200, "student", "adviser")),
    ("letter", DEFERRED, of(200, "student", "adviser")),
    ("case_record", FROZEN, of(200, *SUPERVISORS) | of(403, *SEATS)),
    (
        "case_record",
        OPENED,
        of(200, *SUPERVISORS) | of(403, *SEATS),
    ),
    ("case_record", ANNOUNCED, of(200, *SAT, *SUPERVISORS) | of(403, "aside")),
    *(
        (page, state, expected)
        for page in ("record_integrity", "record_items", "record_steps")
        for state, expected in (
            (OPENED, of(200, *SUPERVISORS) | of(403, *SEATS)),
            (ANNOUNCED, of(200, *SAT, *SUPERVISORS) | of(403, "aside")),
        )
    ),
    ("record_items", PLANNED, of(403, *SEATS)),
    ("record", ANNOUNCED, of(403, *EVERYBODY) | of(200, *SUPERVISORS)),
]


@pytest.mark.parametrize(
    ("page", "state", "expected"), PAGES, ids=[f"{page} {state}" for page, state, _ in PAGES]
)
def test_who_sees_the_page(page: str, state: str, expected: dict[str, int]) -> None:
    made = with_file(state)
    found = {}
    for role, person in people(made).items():
        client = Client()
        client.force_login(person)
        answer = client.get(address(page, made))
        found[role] = answer.status_code
        if answer.streaming:
            assert b"".join(answer) == BYTES  # type: ignore[arg-type]  # no asynchronous one

    assert found == of(404, *EVERYBODY) | expected


@pytest.mark.parametrize("page", sorted({page for page, _, _ in PAGES}))
def test_who_is_not_signed_in_is_asked_to(page: str, client: Client) -> None:
    made = with_file(ANNOUNCED)
    there = address(page, made)

    answer = client.get(there)

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_the_members_adviser_does_not_read_their_students_set(client: Client) -> None:
    made = scene()
    MembershipFactory(committee=made.committee, person=made.adviser)
    made.freeze()
    client.force_login(made.adviser)

    answer = client.get(reverse("committees:case", args=[made.case.pk]))

    assert answer.status_code == 403
    recusals = made.case.recusals.values_list("person", "ground")
    assert list(recusals) == [(made.adviser.pk, "adviser")]


def test_a_new_adviser_stands_aside_from_that_moment(client: Client) -> None:
    made = scene(state=FROZEN)
    client.force_login(made.member)
    page = reverse("committees:case", args=[made.case.pk])
    before = client.get(page).status_code
    assignment = made.case.enrolment.adviser_assignments.get()
    assignment.ended_at = REFERENCE
    assignment.save()
    made.case.enrolment.adviser_assignments.create(adviser=made.member.person)

    assert (before, client.get(page).status_code) == (200, 403)


def test_a_file_is_served_as_it_was_frozen(client: Client) -> None:
    made = with_file(FROZEN)
    client.force_login(made.member)

    answer = client.get(address("file", made))

    assert b"".join(answer) == BYTES  # type: ignore[arg-type]  # no asynchronous one
    assert answer["Content-Disposition"] == 'attachment; filename="notes.txt"'


def test_a_file_that_is_not_in_the_set_is_not_served(client: Client) -> None:
    made = with_file(FROZEN)
    other = b"Not in the set.\n"
    file = attach(answered_piece(made.case.enrolment, made.requirement), other, "other.txt")
    client.force_login(made.member)

    answer = client.get(reverse("committees:file", args=[made.case.pk, file.pk]))

    assert answer.status_code == 404


def test_who_sat_after_the_meeting_closed_reads_neither_the_set_nor_its_files(
    client: Client,
) -> None:
    made = with_file(ANNOUNCED)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    late = MembershipFactory(committee=made.committee, recorded_at=timezone.now()).person.account
    client.force_login(late)
    pages = ("case", "pieces", "set_aside", "piece", "line", "in_full", "file")
    pages += ("case_record", "record_steps")

    found = {page: client.get(address(page, made)).status_code for page in pages}

    assert found == dict.fromkeys(pages, 403)
