"""The days that the house rules set: how long before the freezing of the set a student is told, and
until when a decision can be contested."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from committees.models import Announcement, Meeting, Supersession
from programmes.models import HouseRules, Programme

Body = Announcement.Body
Sector = HouseRules.Sector

ONE_DAY = timedelta(days=1)
SOON = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Notice:
    """The working days that a student has between being told and the freezing of the set, Monday to
    Friday, less the days on which the house is closed."""

    working_days: int = 5
    closed_days: Collection[date] = ()

    def first_reference(self, told_on: date) -> date:
        """Tell the first day on which a set can be frozen of a student who is told on this day:
        after so many whole working days."""
        day, left = told_on, self.working_days
        while left:
            day += ONE_DAY
            left -= self._is_worked(day)
        return day + ONE_DAY if self.working_days else told_on

    def last_day_to_tell(self, reference_on: date) -> date:
        """Tell the last day on which a student can be told whose set is frozen on this day."""
        day, left = reference_on, self.working_days
        while left:
            day -= ONE_DAY
            left -= self._is_worked(day)
        return day - ONE_DAY if self.working_days else reference_on

    def _is_worked(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed_days


def first_day_of_mandates(today: date) -> date:
    """Tell the first day on which a mandate that is noted on this day can have been given: a year
    typed wrong is older."""
    return date(today.year - 2, 1, 1)


def is_early(meeting: Meeting, at: datetime) -> bool:
    """Tell whether the day for which a meeting is planned is still to come."""
    return timezone.localdate(at) < timezone.localdate(meeting.held_at)


def begins_soon(meeting: Meeting, at: datetime) -> bool:
    """Tell whether a meeting begins within two hours: who is concerned hears of it at once."""
    return meeting.held_at <= at + SOON


def notice_of(programme: Programme, at: datetime) -> Notice:
    """Tell how long ahead a student of this programme is told, by the house rules of this moment;
    see `Version.as_of`."""
    rules = programme.rules.as_of(at)
    return Notice(rules.notice_working_days, frozenset(rules.closed_days))


# In mbo objection to the exam board comes first; who objected or appealed goes on to the appeals
# committee. Two weeks after sending, in hbo six.
DAYS: dict[str, int] = {Sector.MBO: 14, Sector.HBO: 42}


def way_to_contest(sector: str, sent_on: date, ground: str = "") -> tuple[Body, date]:
    """Tell to which body, and until which day (of which the whole counts), one can go with a
    decision that was sent on this local day; `ground` is that of the supersession, where it
    replaced another."""
    last_day = sent_on + timedelta(days=DAYS[sector])
    if sector == Sector.HBO:
        return Body.APPEALS_COLLEGE, last_day
    contested = (Supersession.Ground.OBJECTION, Supersession.Ground.APPEAL)
    return Body.APPEALS_COMMITTEE if ground in contested else Body.EXAM_BOARD, last_day
