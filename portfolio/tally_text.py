"""The figures of a line of the coverage as HTML.

A page draws one for each of a hundred lines and more, so this is one text made from plain strings;
what does not change between lines is looked up once.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from evidence.models import GiverRole
from portfolio.coverage import (
    Filter,
    GuidelineState,
    PeriodCount,
    RequirementRow,
    Tally,
)

MANY = 3  # pieces from which a period's box is filled


def rows_text(rows: Iterable[RequirementRow], only: Filter, at: str) -> SafeString:
    """Write lines, each with its figures and the link to what stands behind it, under this
    address."""
    query, narrowed = escape(only.query), only.narrows
    read_on = gettext("Read on")
    text = []
    for row in rows:
        key = row.requirement.id
        thin = " thin" if row.tally.is_empty else ""
        name = f' id="requirement-{key}"' if row.is_first else ""
        text.append(
            f'<details class="coverage-row{thin}" data-fetch{name}><summary>'
            f'<span class="words">{escape(row.requirement.words)}</span>'
            f"{tally_text(row.tally, narrowed=narrowed, periods_in_words=False)}"
            f'</summary><a href="{at}{key}/{query}">{read_on}</a></details>\n'
        )
    return _html("".join(text))


def tally_text(tally: Tally, *, narrowed: bool, periods_in_words: bool) -> SafeString:
    """Write what stands behind a line, after a quiet mark where a guideline is set; of nothing a
    word, another where a filter `narrowed` the set. The periods are drawn, and said in words where
    nothing else on the page says them."""
    mark = _guideline(tally.guideline) if tally.guideline else ""
    if tally.is_empty:
        nothing = gettext("nothing of this part") if narrowed else gettext("nothing yet")
        return _html(f'{mark}<span class="nothing">{nothing}</span>')
    language = get_language()
    roles = "".join([_role(role, people, language) for role, people in tally.roles])
    return _html(
        f'{mark}<span class="tally"><span class="counts">'
        f"{_count('pieces', tally.pieces, 0, language)}"
        f"{_count('remarks', tally.remarks, tally.noted, language)}"
        f"{_count('people', tally.people, tally.unconfirmed, language)}</span>"
        f'<span class="roles">{roles}</span>'
        f"{strip_text(tally.periods, in_words=periods_in_words)}"
        f"{_latest(tally.latest, language)}</span>"
    )


def _guideline(state: GuidelineState) -> str:
    if state.met:
        return f'<span class="guideline met">{gettext("Guideline met")}</span>'
    asks = gettext("The guideline still asks:")
    return f'<span class="guideline">{asks} {still_asked_text(state)}</span>'


def still_asked_text(state: GuidelineState) -> str:
    """Write what a guideline still asks: "2 more pieces, 1 more person"."""
    parts = [
        (state.pieces, ngettext("%(n)s more piece", "%(n)s more pieces", state.pieces)),
        (state.people, ngettext("%(n)s more person", "%(n)s more people", state.people)),
        (state.roles, ngettext("%(n)s more role", "%(n)s more roles", state.roles)),
    ]
    return ", ".join(words % {"n": n} for n, words in parts if n)


def strip_text(periods: Iterable[PeriodCount], *, in_words: bool = True) -> SafeString:
    """Draw in which periods something was shown: a box for each."""
    shown = list(periods)
    boxes = "".join([_box(item.pieces) for item in shown])
    spoken = f'role="img" title="{escape(in_periods(shown))}"' if in_words else 'aria-hidden="true"'
    return _html(f'<span class="strip" {spoken}>{boxes}</span>') if shown else _html("")


def in_periods(periods: Iterable[PeriodCount]) -> str:
    """Write in which periods something was shown, for example "Autumn: 2, Winter: 1"; empty where
    nothing was."""
    return ", ".join(
        f"{item.period.name if item.period else gettext('outside the periods')}: {item.pieces}"
        for item in periods
        if item.pieces
    )


def _html(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308 - of numbers, our own words and names escaped above


def _box(pieces: int) -> str:
    if not pieces:
        return "<i></i>"
    return f"<b>{pieces}</b>" if pieces >= MANY else f"<i>{pieces}</i>"


# What is written the same in many lines is written once; in each language apart.


UNITS: dict[str, Callable[[int], str]] = {
    "pieces": lambda number: ngettext("piece", "pieces", number),
    "remarks": lambda number: ngettext("remark", "remarks", number),
    "people": lambda number: ngettext("person", "people", number),
}


@lru_cache(maxsize=4096)
def _count(unit: str, number: int, noted: int, language: str | None) -> str:
    zero = "" if number else ' class="zero"'
    apart = f" <small>{gettext('+%(n)s noted') % {'n': noted}}</small>" if noted else ""
    return f"<span{zero}><b>{number}</b> {UNITS[unit](number)}{apart}</span>"


@lru_cache(maxsize=4096)
def _role(role: GiverRole, number: int, language: str | None) -> str:
    if not number:
        return "<i></i>"
    people = f" <b>{number}</b>" if number > 1 else ""
    return f'<span class="role {role}">{escape(role.label)}{people}</span>'


@lru_cache(maxsize=4096)
def _latest(day: date | None, language: str | None) -> str:
    if day is None:
        return ""
    return f'<span class="latest">{gettext("latest")} <b>{date_format(day, "j F Y")}</b></span>'
