"""The working days that a student has between being told and the freezing of the set: by the house
rule, Monday to Friday less the days on which the house is closed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from programmes.models import Programme

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """How many working days lie between, and which days the house is closed."""

    working_days: int = 5
    closed_days: Collection[date] = ()

    def first_reference(self, told_on: date) -> date:
        """The first day on which a set can be frozen of a student who is told on this day: after
        so many whole working days."""
        day, left = told_on, self.working_days
        while left:
            day += ONE_DAY
            left -= self._is_worked(day)
        return day + ONE_DAY if self.working_days else told_on

    def last_day_to_tell(self, reference_on: date) -> date:
        """The last day on which a student can be told whose set is frozen on this day."""
        day, left = reference_on, self.working_days
        while left:
            day -= ONE_DAY
            left -= self._is_worked(day)
        return day - ONE_DAY if self.working_days else reference_on

    def _is_worked(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed_days


def notice_of(programme: Programme, at: datetime) -> Notice:
    """By the house rules of this moment; see `Version.as_of`."""
    rules = programme.rules.as_of(at)
    return Notice(rules.notice_working_days, frozenset(rules.closed_days))
