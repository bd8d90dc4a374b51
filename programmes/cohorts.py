"""From one cohort to the next: days and names, a year on."""

import re
from datetime import date

YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def a_year_on(day: date) -> date:
    """Return the same day of the next year; for 29 February the last day of that month."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def in_words_a_year_on(words: str) -> str:
    """Write each year in these words a year on: "2026-2029" becomes "2027-2030"."""
    return YEAR.sub(lambda year: str(int(year[0]) + 1), words)
