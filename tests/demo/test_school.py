"""A school that was made up in bulk: its record proves it as it proves any other, the same seed
makes the same, and what is made can be worked with."""

from collections import Counter
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from committees.models import Case, Committee, Meeting
from demo import school
from demo.people import ACCOUNTS, PASSWORD
from evidence.actions import pieces
from evidence.models import (
    Evidence,
    Feedback,
    FeedbackRequest,
    Remark,
    RemarkRequirement,
    RequirementLink,
    Revision,
)
from people.models import Account, Identity, Person
from portfolio.coverage import draw
from portfolio.loading import load
from portfolio.models import CheckIn
from post.models import OutboxMail
from programmes.models import Enrolment, Programme
from qualifications.models import QualityRequirement
from records.models import Checkpoint, Event
from records.verification import verify
from tests.factories import PersonFactory
from tests.laid import laid_once
from tests.recorded import LARGEST, largest_event

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.school.making.OF_A_PROGRAMME", 3)


def make(seed: int = 1, *, students: int = 6, pieces: int = 2) -> None:
    made = school.generate(students=students, pieces=pieces, seed=seed, today=TODAY)
    assert len(list(made)) == 2


small = laid_once(make)


def likeness() -> dict[str, object]:
    """What is the same of two schools that were made from one seed."""
    return {
        "people": sorted(Person.objects.values_list("name", flat=True)),
        "titles": sorted(Revision.objects.values_list("title", "number", "happened_on")),
        "said": sorted(Remark.objects.values_list("text", flat=True)),
        "verbs": Counter(Event.objects.values_list("verb", flat=True)),
        "ids": set(Evidence.objects.values_list("pk", flat=True)),
    }


def test_nothing_of_it_is_amiss() -> None:
    small()

    report = verify()

    assert report.faults == []
    assert report.events == Event.objects.count() > 400
    assert Checkpoint.objects.get().chains == Event.objects.values("chain").distinct().count()
    assert largest_event() <= LARGEST
    assert not OutboxMail.objects.filter(state="waiting").exists()


def test_it_holds_what_was_asked_for() -> None:
    small()

    assert (Programme.objects.count(), Enrolment.objects.count()) == (2, 6)
    assert QualityRequirement.objects.count() == 100
    assert (Evidence.objects.count(), RequirementLink.objects.count()) == (12, 48)
    assert Feedback.objects.count() == 36
    assert RemarkRequirement.objects.count() == 36 * 4
    assert set(Feedback.objects.values_list("role", flat=True)) == {
        "client", "peer", "supervisor", "teacher",
    }  # fmt: skip
    assert FeedbackRequest.objects.filter(state="answered").count() == (
        Feedback.objects.filter(source="written").count()
    )
    assert {len(one.agreements.all()) for one in CheckIn.objects.all()} == {2}
    assert (Committee.objects.exclude(mandate=None).count(), Meeting.objects.count()) == (2, 2)
    assert set(Case.objects.values_list("state", flat=True)) == {"planned"}
    # Of each programme one client counts as another, at the same mailbox.
    assert Identity.objects.count() == 2


def test_a_larger_one_holds_some_of_everything() -> None:
    list(school.generate(students=2, pieces=40, seed=3, today=TODAY))

    assert verify().faults == []
    assert Counter(Revision.objects.values_list("number", flat=True)) == {1: 80, 2: 6}
    assert set(FeedbackRequest.objects.values_list("state", flat=True)) == {
        "open", "answered", "declined",
    }  # fmt: skip
    noted = Feedback.objects.filter(source="noted")
    assert set(noted.values_list("confirmation__confirmed", flat=True)) >= {True, None}
    assert {enrolment.set_asides.count() for enrolment in Enrolment.objects.all()} == {3}
    shown = Revision.objects.filter(
        number=1, evidence__owner=Account.objects.get(sign_in="student@demo.example").pk
    )
    days = set(shown.values_list("happened_on", flat=True))
    assert len(days) == 40
    assert (TODAY - min(days)).days > 270
    assert 5 < (TODAY - max(days)).days < 30


def test_a_seed_makes_one_school() -> None:
    found = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            make(seed)
            found.append(likeness())
            transaction.set_rollback(True)

    first, again, other = found

    assert first == again
    assert first["titles"] != other["titles"]
    assert first["people"] != other["people"]


def test_the_coverage_of_a_student_counts_what_was_made() -> None:
    small()
    enrolment = Enrolment.objects.select_related("student").order_by("pk")[0]
    denied = Feedback.objects.filter(enrolment=enrolment, confirmation__confirmed=False)

    drawn = draw(load(enrolment))

    rows = [
        row
        for task in drawn.core_tasks
        for group in task.groups
        for row in group.rows
        if row.is_first
    ]
    assert len(rows) == 100
    said = sum(row.tally.remarks + row.tally.noted for row in rows)
    assert said == (2 * 3 - denied.count()) * 4
    assert drawn.unanswered == 0


def test_an_adviser_sees_their_students(client: Client, settings: Settings) -> None:
    small()
    settings.DEMO = True
    own = Enrolment.objects.filter(
        adviser_assignments__adviser__account__sign_in="adviser@demo.example"
    )
    names = sorted(own.values_list("student__name", flat=True))
    assert len(names) == 3

    signed_in = client.post(
        "/accounts/login/", {"login": "adviser@demo.example", "password": PASSWORD}
    )
    page = client.get("/portfolio/students/").content.decode()

    assert signed_in.status_code == 302
    assert sorted(name for name in names if name in page) == names


def test_the_accounts_of_the_demo_are_among_them() -> None:
    small()

    own = {account.address for account in ACCOUNTS}
    assert own <= set(Account.objects.values_list("sign_in", flat=True))
    student = Account.objects.get(sign_in="student@demo.example")
    assert Enrolment.objects.get(student=student.pk).adviser.name == "Karim Haddad"


def test_more_can_be_given_to_a_student_and_they_can_go_on() -> None:
    small()
    student = Account.objects.get(sign_in="student@demo.example")
    enrolment = Enrolment.objects.get(student=student.pk)

    school.give_pieces(enrolment, 30)
    pieces.add_evidence(words=pieces.Words("Of today", TODAY), by=student)

    assert Evidence.objects.filter(owner=student.pk).count() == 33
    assert Feedback.objects.filter(enrolment=enrolment).count() == 32 * 3
    assert verify().faults == []


# --- Where it is refused --------------------------------------------------------------------------


def test_it_goes_on_where_it_was_broken_off() -> None:
    making = school.generate(students=6, pieces=1, seed=5, today=TODAY)
    next(making)
    making.close()
    assert Programme.objects.count() == 1

    out = StringIO()
    list(school.generate(students=6, pieces=1, seed=5, today=TODAY))

    assert out.getvalue() == ""
    assert (Programme.objects.count(), Enrolment.objects.count()) == (2, 6)
    assert verify().faults == []


def test_a_database_with_anything_else_in_it_is_refused(settings: Settings) -> None:
    settings.DEMO = True
    PersonFactory()

    with pytest.raises(CommandError, match="not empty"):
        call_command("generate_school", students=1, pieces=1)


def test_a_school_that_is_complete_is_refused(settings: Settings) -> None:
    settings.DEMO = True
    small()

    with pytest.raises(CommandError, match="checkpoint"):
        call_command("generate_school", students=9, pieces=1)
    assert Enrolment.objects.count() == 6


def test_the_command_runs_in_a_demo_only(settings: Settings) -> None:
    with pytest.raises(CommandError, match="DEMO=1"):
        call_command("generate_school")
    assert not Person.objects.exists()

    settings.DEMO = True
    out = StringIO()
    call_command("generate_school", students=2, pieces=1, seed=4, stdout=out)

    assert "2 students" in out.getvalue()
    assert PASSWORD in out.getvalue()
    assert Enrolment.objects.count() == 2
