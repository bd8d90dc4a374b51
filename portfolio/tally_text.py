"""The lines of the coverage as HTML, with their figures.

A page draws more than a hundred of them, so this is one text made from plain strings; what does not
change between lines is looked up once.
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
    Coverage,
    GuidelineState,
    PeriodCount,
    RequirementRow,
    Tally,
)

MANY = 3  # pieces from which a period's box is filled


def tasks_text(
    coverage: Coverage, at: str, body: Callable[[RequirementRow], str] | None = None
) -> SafeString:
    """Write core tasks, work processes and lines, each with its figures. A line has the link to
    what stands behind it, under this address; or stands open on its `body`, where there is one."""
    only = coverage.only
    closed = "" if only.is_on else " data-closed-small"
    fetched = _fetched(at, escape(only.query)) if body is None else None
    text, qualification = [], ""
    for task in coverage.core_tasks:
        of = task.core_task
        if of.qualification and of.qualification != qualification:
            text.append(f'<p class="kicker">{escape(of.qualification)}</p>\n')
        qualification = of.qualification
        tally = tally_text(task.tally, narrowed=only.narrows)
        text.append(
            f'<details class="coverage-task" open><summary>{_named("h3", of.code, of.title)}'
            f"{tally}</summary>\n"
        )
        for group in task.groups:
            process = group.work_process
            tally = tally_text(group.tally, narrowed=only.narrows)
            text.append(
                f'<details class="coverage-process" open{closed}><summary>'
                f"{_named('h4', process.code, process.title)}{tally}</summary>\n"
            )
            for row in group.rows:
                fold, inside = fetched(row) if fetched else (" open", body(row) if body else "")
                thin = " thin" if row.tally.is_empty else ""
                name = f' id="requirement-{row.requirement.id}"' if row.is_first else ""
                tally = tally_text(row.tally, narrowed=only.narrows, periods_in_words=False)
                text.append(
                    f'<details class="coverage-row{thin}"{fold}{name}><summary>'
                    f'<span class="words">{escape(row.requirement.words)}</span>'
                    f"{tally}</summary>{inside}</details>\n"
                )
            text.append("</details>\n")
        text.append("</details>\n")
    return _html("".join(text))


def _fetched(at: str, query: str) -> Callable[[RequirementRow], tuple[str, str]]:
    read_on = gettext("Read on")
    return lambda row: (
        " data-fetch",
        f'<a href="{at}{row.requirement.id}/{query}">{read_on}</a>',
    )


def _named(heading: str, code: str, title: str) -> str:
    return (
        f'<{heading} class="words"><span class="code">{escape(code)}</span> '
        f"{escape(title)}</{heading}>"
    )


def tally_text(tally: Tally, *, narrowed: bool, periods_in_words: bool = True) -> SafeString:
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
    return f"<i{zero}><b>{number}</b> {UNITS[unit](number)}{apart}</i>"


@lru_cache(maxsize=4096)
def _role(role: GiverRole, number: int, language: str | None) -> str:
    if not number:
        return "<i></i>"
    people = f" <b>{number}</b>" if number > 1 else ""
    return f'<i class="{role}">{escape(role.label)}{people}</i>'


@lru_cache(maxsize=4096)
def _latest(day: date | None, language: str | None) -> str:
    if day is None:
        return ""
    return f'<span class="latest">{gettext("latest")} <b>{date_format(day, "j F Y")}</b></span>'
