"""A student has the working days of the house rule between being told and being frozen."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from committees import actions
from committees.days import Notice
from committees.models import Case
from people.models import Person
from records.refusals import NotPossible
from tests.committees.factories import HELD, REFERENCE, Scene, scene
from tests.factories import EnrolmentFactory, set_rules

MONDAY = date(2026, 10, 19)
AUTUMN = frozenset(date(2026, 10, 19) + timedelta(days=n) for n in range(5))


@pytest.mark.parametrize(
    ("notice", "told_on", "first"),
    [
        (Notice(), MONDAY, date(2026, 10, 27)),  # Tuesday to Monday lie between
        (Notice(), date(2026, 10, 23), date(2026, 10, 31)),  # told on a Friday
        (Notice(), date(2026, 10, 24), date(2026, 10, 31)),  # on a Saturday
        (Notice(), date(2026, 10, 25), date(2026, 10, 31)),  # on a Sunday
        (Notice(5, AUTUMN), date(2026, 10, 16), date(2026, 10, 31)),  # a week's holiday
        (Notice(1), MONDAY, date(2026, 10, 21)),
        (Notice(0), MONDAY, MONDAY),
    ],
)
def test_the_first_reference_date_that_would_do(notice: Notice, told_on: date, first: date) -> None:
    assert notice.first_reference(told_on) == first


@given(
    st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    st.integers(0, 30),
    st.frozensets(st.dates(date(2025, 10, 1), date(2027, 4, 1)), max_size=40),
)
def test_the_last_day_is_the_last_that_is_in_time(
    reference_on: date, working_days: int, closed: frozenset[date]
) -> None:
    notice = Notice(working_days, closed)

    last = notice.last_day_to_tell(reference_on)

    assert notice.first_reference(last) <= reference_on
    assert notice.first_reference(last + timedelta(days=1)) > reference_on


def put_on(made: Scene, at: datetime) -> list[Case]:
    enrolment = EnrolmentFactory(programme=made.programme)
    return actions.put_on_agenda(
        meeting=made.meeting, unit=made.unit, enrolments=[enrolment], by=made.secretary, at=at
    )


# The reference moment of the scene is Monday 2 November 2026, 13:00 in Amsterdam: five working
# days, from Monday 26 to Friday 30 October, lie between it and Sunday the 25th.
@pytest.mark.django_db
@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 10, 25, 23, 0, tzinfo=UTC),  # Monday in Amsterdam
        datetime(2026, 10, 28, 9, tzinfo=UTC),
        REFERENCE,
        HELD - timedelta(hours=1),
    ],
)
def test_a_late_case_goes_to_the_next_meeting(at: datetime) -> None:
    made = scene()
    first = Notice().first_reference(timezone.localdate(at))

    with translation.override("en"), pytest.raises(NotPossible) as refusal:
        put_on(made, at)

    assert f"{first.day} {first:%B %Y} or later" in str(refusal.value)


@pytest.mark.django_db
def test_in_time_it_is_put_on() -> None:
    made = scene()

    (case,) = put_on(made, datetime(2026, 10, 25, 21, tzinfo=UTC))

    assert case.state == Case.State.PLANNED


@pytest.mark.django_db
@pytest.mark.parametrize("days", [-1, 0])
def test_a_reference_date_in_the_past_is_refused(days: int) -> None:
    made = scene()

    with translation.override("en"), pytest.raises(NotPossible, match="in the past"):
        actions.plan_meeting(
            committee=made.committee, held_at=HELD, reference_at=REFERENCE + timedelta(days=days),
            place="", by=made.secretary, at=REFERENCE,
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("held_at", "reason"), [("2126-01-01T12:00", "in the past"), ("2025-12-31T12:00", "after the")]
)
def test_what_was_typed_of_a_meeting_that_cannot_be_planned_is_kept(
    client: Client, held_at: str, reason: str
) -> None:
    made = scene()
    Person.objects.filter(pk=made.secretary.pk).update(language="en")
    client.force_login(made.secretary)
    typed = {"held_at": held_at, "reference_at": "2026-01-01T12:00", "place": "Room 7"}

    answer = client.post(reverse("committees:meeting_plan", args=[made.committee.pk]), typed)

    assert answer.status_code == 422
    assert reason in answer.text
    assert 'value="Room 7"' in answer.text


@pytest.mark.django_db
def test_planning_says_the_last_day(client: Client) -> None:
    made = scene()
    Person.objects.filter(pk=made.secretary.pk).update(language="en")
    client.force_login(made.secretary)
    words = {"held_at": "2127-01-22T13:00", "reference_at": "2127-01-13T13:00", "place": ""}

    with translation.override("en"):
        answer = client.post(
            reverse("committees:meeting_plan", args=[made.committee.pk]), words, follow=True
        )

    body = " ".join(answer.content.decode().split())
    last = Notice().last_day_to_tell(date(2127, 1, 13))
    assert f"{last.day} January 2127" in body


@pytest.mark.django_db
def test_the_notice_is_that_of_the_house_rules_of_the_moment() -> None:
    made = scene()
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    set_rules(made.programme, at=before + timedelta(hours=1), notice_working_days=30)

    assert len(put_on(made, before)) == 1
    with pytest.raises(NotPossible):
        put_on(made, before + timedelta(hours=2))


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True)])
def test_who_is_enrolled_on_the_reference_date_fits(client: Client, days: int, fits: bool) -> None:
    made = scene()
    soon = timezone.now() + timedelta(days=30)
    type(made.meeting).objects.update(reference_at=soon, held_at=soon + timedelta(days=7))
    made.meeting.refresh_from_db()
    over = timezone.localdate(soon) + timedelta(days=days)
    enrolment = EnrolmentFactory(programme=made.programme, ends_on=over)
    client.force_login(made.secretary)

    page = client.get(reverse("committees:agenda", args=[made.meeting.pk])).text
    with nullcontext() if fits else pytest.raises(NotPossible, match=enrolment.student.name):
        actions.put_on_agenda(
            meeting=made.meeting, unit=made.unit, enrolments=[enrolment], by=made.secretary
        )

    assert (f'value="{enrolment.pk}"' in page) == fits


@pytest.mark.django_db
def test_the_page_says_that_it_is_too_late(client: Client) -> None:
    made = scene()
    Person.objects.filter(pk=made.secretary.pk).update(language="en")
    client.force_login(made.secretary)
    type(made.meeting).objects.update(
        reference_at=timezone.now() + timedelta(days=2), held_at=timezone.now() + timedelta(days=9)
    )

    with translation.override("en"):
        body = client.get(reverse("committees:agenda", args=[made.meeting.pk])).content.decode()

    assert "Put them on the agenda of a next meeting" in body
