"""Where a cohort stands thin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evidence.actions.pieces import withdraw_evidence
from portfolio.cohort import FEWEST, OLDEST, count_cohort, keep_cohorts, thin_in
from portfolio.kept import keep_figures
from portfolio.models import Cohort
from programmes.models import Enrolment, Programme
from qualifications.models import QualityRequirement
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackFactory,
    RequirementLinkFactory,
    confirm,
    withdraw,
)
from tests.factories import (
    LONG_AGO,
    EnrolmentFactory,
    ProgrammeFactory,
    RequirementFactory,
    WorkProcessFactory,
)
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def cohort(students: int = FEWEST) -> tuple[list[Enrolment], list[QualityRequirement]]:
    """Students of a programme, and its requirements "line 0" to "line 3"."""
    programme = ProgrammeFactory()
    process = WorkProcessFactory(core_task__qualification=programme.qualification)
    lines = [RequirementFactory(under=process, text=f"line {number}") for number in range(4)]
    return [EnrolmentFactory(programme=programme) for _ in range(students)], lines


def hear(enrolment: Enrolment, *lines: QualityRequirement, **given: object) -> None:
    piece = EvidenceFactory(owner=enrolment.student, on=list(lines))
    FeedbackFactory(enrolment=enrolment, evidence=piece, remarks=dict.fromkeys(lines, ""), **given)


def thin(programme: Programme, most: int = 10) -> list[tuple[str, int, int]]:
    found = thin_in([programme], NOW, most)[programme.pk]
    assert found.at == NOW
    return [(line.words, line.heard, line.students) for line in found.lines]


def test_the_fewest_come_first_then_the_order_of_the_qualification() -> None:
    students, lines = cohort()
    for student in students:
        hear(student, lines[1])
    hear(students[0], lines[0])
    hear(students[0], lines[0])

    programme = students[0].programme
    assert thin(programme) == [("line 2", 0, 5), ("line 3", 0, 5), ("line 0", 1, 5)]
    assert thin(programme, most=1) == [("line 2", 0, 5)]


def test_what_was_denied_withdrawn_or_laid_no_longer_does_not_count() -> None:
    students, lines = cohort()
    hear(students[0], lines[0])
    hear(students[1], lines[1], noted=True)
    hear(students[2], lines[2])
    hear(students[3], lines[3])
    noted = students[1].feedback.get()
    confirm(noted, said=False)
    for piece in students[2].student.evidence.all():
        withdraw(piece)
    students[3].student.evidence.get().links.update(ended_at=LONG_AGO)

    heard = {words: number for words, number, _ in thin(students[0].programme)}
    assert heard == {"line 0": 1, "line 1": 0, "line 2": 0, "line 3": 0}


def test_what_was_put_differently_counts_where_it_is_now() -> None:
    students, lines = cohort()
    hear(students[0], lines[0])
    said = students[0].feedback.get()
    RequirementLinkFactory(evidence=said.evidence, requirement=lines[1])
    FeedbackFactory(
        enrolment=students[0], evidence=said.evidence, replaces=said, remarks={lines[1]: ""}
    )

    heard = {words: number for words, number, _ in thin(students[0].programme)}
    assert heard == {"line 0": 0, "line 1": 1, "line 2": 0, "line 3": 0}


def test_a_small_cohort_is_left_in_peace() -> None:
    students, lines = cohort(FEWEST - 1)
    hear(students[0], lines[0])

    assert thin(students[0].programme) == []


def test_before_the_first_feedback_nothing_is_thin() -> None:
    students, _lines = cohort()

    assert thin(students[0].programme) == []


def test_what_was_counted_lately_is_shown_with_its_moment() -> None:
    students, lines = cohort()
    programme = students[0].programme
    hear(students[0], lines[0])

    first = keep_cohorts()
    hear(students[1], lines[1])
    [at] = Cohort.objects.values_list("counted_at", flat=True)
    lately = thin_in([programme], at + OLDEST - timedelta(seconds=1), 10)[programme.pk]
    too_late = thin_in([programme], at + OLDEST, 10)[programme.pk]

    assert (first, keep_cohorts()) == (1, 0)
    assert (lately.at, too_late.at) == (at, at + OLDEST)
    assert [line.heard for line in lately.lines] == [0, 0, 0, 1]
    assert [line.heard for line in too_late.lines] == [0, 0, 1, 1]


def test_figures_of_a_student_that_are_kept_are_used_as_long_as_they_hold() -> None:
    students, lines = cohort()
    for student in students:
        hear(student, lines[1])
    record_what_was_made()
    keep_figures()
    kept = thin(students[0].programme)
    piece = students[0].student.evidence.get()
    withdraw_evidence(evidence=piece, by=students[0].student.account)

    assert kept == [("line 0", 0, 5), ("line 2", 0, 5), ("line 3", 0, 5)]
    assert ("line 1", 4, 5) in thin(students[0].programme)


@pytest.mark.parametrize("number", [1, 30])
def test_many_programmes_cost_as_much_as_one(
    number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    programmes = []
    for _ in range(number):
        students, lines = cohort(FEWEST)
        hear(students[0], lines[0])
        programmes.append(students[0].programme)
    keep_cohorts()

    with django_assert_num_queries(2):
        found = thin_in(programmes, timezone.now(), 3)

    assert [len(thin.lines) for thin in found.values()] == [3] * number


@pytest.mark.parametrize("students", [5, 30])
def test_a_cohort_costs_the_same_for_few_and_many_whose_figures_are_kept(
    students: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    enrolments, lines = cohort(students)
    for enrolment in enrolments:
        hear(enrolment, lines[1])
    record_what_was_made()
    keep_figures()

    with django_assert_num_queries(2):
        found = count_cohort(enrolments[0].programme, timezone.now())

    assert [heard for _line, heard in found.thin] == [0, 0, 0]
