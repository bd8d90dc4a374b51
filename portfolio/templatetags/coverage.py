from collections.abc import Iterable, Mapping

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString

from portfolio.advising import Student
from portfolio.coverage import Coverage, Entry, GuidelineState, Line, PeriodCount, RequirementRow
from portfolio.evidence_set import PieceFact
from portfolio.remark_text import piece_text, pieces_text, remarks_text
from portfolio.student_text import students_text
from portfolio.tally_text import in_periods, still_asked_text, strip_text, tasks_text

register = template.Library()


@register.simple_tag
def tasks(coverage: Coverage, at: str) -> SafeString:
    """Write what must be shown, in figures; each line opens what stands under this address:
    `{% tasks coverage at %}`."""
    return tasks_text(coverage, at)


@register.simple_tag
def tasks_in_full(coverage: Coverage, lines: Mapping[str, Line], pieces_at: str) -> SafeString:
    """Write what must be shown, in figures, each line open on what stands behind it:
    `{% tasks_in_full coverage lines pieces_at %}`."""
    template = get_template("portfolio/_line.html")

    def body(row: RequirementRow) -> str:
        line = lines[row.requirement.id]
        context = {"line": line, "pieces_at": pieces_at, "more": "", "left": 0}
        return template.render(context | {"said": len(line.entries)})

    return tasks_text(coverage, "", body)


@register.simple_tag
def remarks(entries: Iterable[Entry], pieces_at: str) -> SafeString:
    """Write remarks as the items of a list, with their pieces under this address, or without links
    where it is empty: `{% remarks line.entries pieces_at %}`."""
    return remarks_text(entries, pieces_at)


@register.simple_tag
def piece(of: PieceFact, pieces_at: str) -> SafeString:
    """Write a piece as the coverage names it: `{% piece piece pieces_at %}`."""
    return piece_text(of, pieces_at)


@register.simple_tag
def pieces(of: Iterable[PieceFact], pieces_at: str, action: str, at: str) -> SafeString:
    """Write pieces as the items of a list, each with a button: `{% pieces counting pieces_at action
    set_aside_at %}`."""
    return pieces_text(of, pieces_at, action, at)


@register.simple_tag
def students_listed(students: Iterable[Student], at: str) -> SafeString:
    """Write the students of an adviser as rows of a table: `{% students_listed students "../" %}`.
    Their portfolios stand under this address."""
    return students_text(students, at)


@register.filter
def strip(periods: Iterable[PeriodCount]) -> SafeString:
    """Draw in which periods something was shown, as boxes: `{{ coverage.periods|strip }}`."""
    return strip_text(periods)


@register.filter
def in_words(periods: Iterable[PeriodCount]) -> str:
    """Write in which periods something was shown: "Autumn: 2, Winter: 1"."""
    return in_periods(periods)


@register.filter
def still_asked(state: GuidelineState) -> str:
    """Write what a guideline still asks, in words: "2 more pieces, 1 more person"."""
    return still_asked_text(state)
