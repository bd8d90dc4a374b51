"""What would add most: where a set is thin, for the student's start page.

Words, never a score: no requirement outweighs another, and nothing has to be filled. (domain
rules 1 to 3)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from portfolio.coverage import Coverage, RequirementRow


@dataclass(frozen=True, slots=True)
class Gap:
    """A thin row. `is_shown` when something was laid against it, `is_heard` when somebody said
    something about that, noted remarks too; with both it is short of its guideline."""

    row: RequirementRow
    is_shown: bool
    is_heard: bool


def gaps_in(coverage: Coverage, most: int) -> list[Gap]:
    """List at most so many thin requirements of this coverage, each once: first those that were
    shown and of which nobody said anything, as one question is enough there; then those short of a
    guideline; then those not shown yet, in the order of the qualification. No query."""
    rows = [
        row
        for core_task in coverage.core_tasks
        for group in core_task.groups
        for row in group.rows
        if row.is_first
    ]
    return list(islice(_by_what_adds_most(rows), most))


def _by_what_adds_most(rows: list[RequirementRow]) -> Iterator[Gap]:
    silent = (row for row in rows if not (row.tally.is_empty or row.tally.is_heard))
    short = (row for row in rows if row.tally.is_heard and row.tally.is_short)
    empty = (row for row in rows if row.tally.is_empty)
    for row in chain(silent, short, empty):
        yield Gap(row, is_shown=not row.tally.is_empty, is_heard=row.tally.is_heard)
