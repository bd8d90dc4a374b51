"""The adviser's list: who is due, who stands still, who comes first."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from people.models import Account
from portfolio.advising import STANDS_STILL, Student, Taught, students_of, taught_by
from portfolio.models import Light
from programmes.models import AdviserAssignment, Enrolment, Programme, ProgrammeRole
from tests.evidence.factories import EvidenceFactory, FeedbackFactory
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    PeriodFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    set_rules,
)
from tests.portfolio.factories import AcknowledgementFactory, AgreementFactory, CheckInFactory

pytestmark = pytest.mark.django_db

# In a period of a hundred days, on its fiftieth.
FIRST = date(2026, 9, 1)
LAST = FIRST + timedelta(days=99)
TODAY = FIRST + timedelta(days=49)
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)


@pytest.fixture
def adviser() -> Account:
    return AccountFactory()


@pytest.fixture
def programme() -> Programme:
    programme = ProgrammeFactory(rules={"check_ins_per_period": 2})
    PeriodFactory(programme=programme, starts_on=FIRST, ends_on=LAST)
    return programme


@pytest.fixture
def enrolment(adviser: Account, programme: Programme) -> Enrolment:
    """ShownAndSaid something yesterday, so that nothing but check-ins is at stake."""
    enrolment = EnrolmentFactory(programme=programme, adviser_is=adviser, starts_on=FIRST)
    EvidenceFactory(owner=enrolment.student, recorded_at=NOW - timedelta(days=1))
    return enrolment


def listed(adviser: Account, today: date = TODAY, now: datetime = NOW) -> Student:
    (student,) = students_of(adviser, now=now, today=today)
    return student


# --- Who is due -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "held", "due"),
    [
        # Two check-ins in a hundred days: due from the middle of each half.
        (1, 0, False),
        (24, 0, False),
        (25, 0, True),
        (25, 1, False),
        (74, 1, False),
        (75, 1, True),
        (75, 2, False),
        (100, 1, True),
        (100, 2, False),
    ],
)
def test_a_check_in_is_due_from_the_middle_of_its_share_of_the_period(
    adviser: Account, enrolment: Enrolment, day: int, held: int, due: bool
) -> None:
    CheckInFactory.create_batch(held, enrolment=enrolment, held_on=FIRST)
    today = FIRST + timedelta(days=day - 1)

    student = listed(adviser, today=today)

    assert (student.held, student.wanted, student.is_due) == (held, 2, due)


def test_check_ins_of_another_period_are_not_held_in_this_one(
    adviser: Account, enrolment: Enrolment
) -> None:
    CheckInFactory(enrolment=enrolment, held_on=FIRST - timedelta(days=1))

    student = listed(adviser)

    assert (student.held, student.is_due) == (0, True)
    assert student.last_check_in == FIRST - timedelta(days=1)


def test_nothing_is_due_outside_a_period_or_where_none_are_wanted(
    adviser: Account, enrolment: Enrolment, programme: Programme
) -> None:
    outside = listed(adviser, today=LAST + timedelta(days=1))
    set_rules(programme, check_ins_per_period=0)

    assert (outside.wanted, outside.is_due) == (0, False)
    assert listed(adviser).is_due is False


def test_who_starts_late_has_the_time_that_is_left(adviser: Account, enrolment: Enrolment) -> None:
    enrolment.starts_on = TODAY
    enrolment.save()

    assert listed(adviser).is_due is False
    assert listed(adviser, today=TODAY - timedelta(days=1)).is_due is False
    assert listed(adviser, today=LAST).is_due is True


# --- What else calls ------------------------------------------------------------------------------


def test_the_last_check_in_is_shown_with_its_light_and_whether_it_was_read(
    adviser: Account, enrolment: Enrolment
) -> None:
    first = CheckInFactory(enrolment=enrolment, held_on=FIRST, light=Light.RED)
    AcknowledgementFactory(check_in=first)
    read = listed(adviser)
    CheckInFactory(enrolment=enrolment, held_on=TODAY, light=Light.GREEN)
    unread = listed(adviser)

    assert (read.last_check_in, read.light, read.unread) == (FIRST, Light.RED, False)
    assert (unread.last_check_in, unread.light, unread.unread) == (TODAY, Light.GREEN, True)


def test_without_a_check_in_there_is_no_light_and_nothing_unread(
    adviser: Account, enrolment: Enrolment
) -> None:
    student = listed(adviser)

    assert (student.last_check_in, student.light, student.unread) == (None, None, False)


def test_agreements_past_their_date_are_counted_until_they_are_done(
    adviser: Account, enrolment: Enrolment
) -> None:
    check_in = CheckInFactory(enrolment=enrolment, held_on=TODAY)
    yesterday = TODAY - timedelta(days=1)
    AgreementFactory(check_in=check_in, due_on=TODAY)
    AgreementFactory(check_in=check_in, due_on=yesterday, done=True)
    before = listed(adviser)
    AgreementFactory.create_batch(2, check_in=check_in, due_on=yesterday)
    after = listed(adviser)

    assert (before.overdue, before.needs_me) == (0, False)
    assert (after.overdue, after.needs_me) == (2, True)


@pytest.mark.parametrize(
    ("silence", "still"),
    [(STANDS_STILL, False), (STANDS_STILL + timedelta(seconds=1), True)],
)
def test_who_shows_nothing_for_four_weeks_stands_still(
    adviser: Account, programme: Programme, silence: timedelta, still: bool
) -> None:
    enrolment = EnrolmentFactory(
        programme=programme, adviser_is=adviser, recorded_at=NOW - 2 * STANDS_STILL
    )
    EvidenceFactory(owner=enrolment.student, recorded_at=NOW - silence)

    student = listed(adviser)

    assert (student.stands_still, student.last_activity) == (still, NOW - silence)


def test_feedback_that_comes_in_is_activity(adviser: Account, programme: Programme) -> None:
    enrolment = EnrolmentFactory(programme=programme, adviser_is=adviser)
    FeedbackFactory(enrolment=enrolment, recorded_at=NOW)

    student = listed(adviser)

    assert (student.stands_still, student.last_activity) == (False, NOW)


def test_who_is_new_does_not_stand_still_yet(adviser: Account, programme: Programme) -> None:
    EnrolmentFactory(programme=programme, adviser_is=adviser, recorded_at=NOW)

    student = listed(adviser)

    assert (student.stands_still, student.last_activity) == (False, None)


# --- The list -------------------------------------------------------------------------------------


def test_who_needs_me_comes_first_and_then_whom_i_have_not_spoken_for_longest(
    adviser: Account, programme: Programme
) -> None:
    def student(name: str, *, active: bool, spoken: date | None) -> None:
        enrolment = EnrolmentFactory(
            programme=programme, adviser_is=adviser, student__name=name, starts_on=TODAY
        )
        when = NOW if active else NOW - 2 * STANDS_STILL
        EvidenceFactory(owner=enrolment.student, recorded_at=when)
        if spoken:
            CheckInFactory(enrolment=enrolment, held_on=spoken)

    student("Calm", active=True, spoken=None)
    student("Spoken", active=False, spoken=TODAY)
    student("spoken before", active=False, spoken=FIRST)
    student("Zoë never", active=False, spoken=None)
    student("ann never", active=False, spoken=None)

    found = students_of(adviser, now=NOW, today=TODAY)

    assert [student.name for student in found] == [
        "ann never",
        "Zoë never",
        "spoken before",
        "Spoken",
        "Calm",
    ]


def test_only_whom_i_now_advise_and_who_still_learns_is_listed(
    adviser: Account, programme: Programme
) -> None:
    EnrolmentFactory(programme=programme)
    EnrolmentFactory(programme=programme, adviser_is=adviser, ends_on=TODAY - timedelta(days=1))
    former = EnrolmentFactory(programme=programme, adviser_is=adviser)
    AdviserAssignment.objects.filter(enrolment=former).update(ended_at=NOW)
    last_day = EnrolmentFactory(programme=programme, adviser_is=adviser, ends_on=TODAY)

    found = students_of(adviser, now=NOW, today=TODAY)

    assert [student.enrolment for student in found] == [last_day.pk]


def test_a_teacher_finds_the_students_of_the_programme_whom_they_do_not_advise(
    adviser: Account, programme: Programme
) -> None:
    today = date.today()  # noqa: DTZ011 - what visible_to compares with
    teaching = {"programme": programme, "person": adviser, "role": ProgrammeRole.Role.TEACHER}
    ProgrammeRoleFactory(**teaching)
    EnrolmentFactory(programme=programme, adviser_is=adviser)
    EnrolmentFactory(programme=programme, student=adviser)
    EnrolmentFactory(programme=programme, ends_on=today - timedelta(days=1))
    EnrolmentFactory()
    taught = EnrolmentFactory(programme=programme)

    row = Taught(taught.pk, taught.student.name, str(programme))
    assert taught_by(adviser, today=today) == [row]
    assert taught_by(adviser, today=today, words=taught.student.name.upper()) == [row]
    assert taught_by(adviser, today=today, words="nobody") == []
    assert taught_by(AccountFactory(), today=today) == []


@pytest.mark.parametrize("students", [1, 30])
def test_the_list_takes_four_queries(
    adviser: Account,
    programme: Programme,
    students: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(students):
        enrolment = EnrolmentFactory(programme=programme, adviser_is=adviser)
        EvidenceFactory(owner=enrolment.student)
        check_in = CheckInFactory(enrolment=enrolment)
        AgreementFactory(check_in=check_in)
        FeedbackFactory(enrolment=enrolment, recorded_at=LONG_AGO)

    with django_assert_num_queries(4):
        found = students_of(adviser, now=NOW, today=TODAY)

    assert len(found) == students
