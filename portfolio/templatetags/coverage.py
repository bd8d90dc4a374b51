from collections.abc import Iterable, Mapping

from django import template
from django.utils.safestring import SafeString

from portfolio.coverage import Filter, GuidelineState, PeriodCount, RequirementRow, Tally
from portfolio.tally_text import in_periods, rows_text, still_asked_text, strip_text, tally_text

register = template.Library()


@register.filter
def at(found: Mapping[str, object], key: str) -> object:
    """Return what stands at this key; empty where nothing does: `{{ links|at:piece.id }}`."""
    return found.get(key, "")


@register.simple_tag
def tally(counted: Tally, only: Filter, *, line: bool = False) -> SafeString:
    """Write the figures of a part of the coverage, `{% tally group.tally coverage.only %}`, or of a
    `line`, whose body says in words in which periods it was shown."""
    return tally_text(counted, narrowed=only.narrows, periods_in_words=not line)


@register.simple_tag
def rows(of: Iterable[RequirementRow], only: Filter, at: str) -> SafeString:
    """Write the lines of a work process, of which each opens what stands under this address:
    `{% rows group.rows coverage.only at %}`."""
    return rows_text(of, only, at)


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
