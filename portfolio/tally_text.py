"""The figures of a line of the coverage as HTML.

A page draws one for each of a hundred lines and more, so this is one text made from plain strings;
what does not change between lines is looked up once.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from evidence.models import GiverRole
from portfolio.coverage import PeriodCount, RoleCount, Tally

MANY = 3  # pieces from which a period's box is filled


def tally_text(tally: Tally, *, narrowed: bool, periods_in_words: bool) -> SafeString:
    """Write what stands behind a line; of nothing a word, another where a filter `narrowed` the
    set. The periods are drawn, and said in words where nothing else on the page says them."""
    if tally.is_empty:
        nothing = gettext("nothing of this part") if narrowed else gettext("nothing yet")
        return _html(f'<span class="nothing">{nothing}</span>')
    counts = (
        _count(tally.pieces, ngettext("piece", "pieces", tally.pieces)),
        _count(tally.remarks, ngettext("remark", "remarks", tally.remarks), tally.noted),
        _count(tally.people, ngettext("person", "people", tally.people), tally.unconfirmed),
    )
    language = get_language()
    return _html(
        f'<span class="tally"><span class="counts">{"".join(counts)}</span>'
        f'<span class="roles">{"".join(_role(item, language) for item in tally.roles)}</span>'
        f"{strip_text(tally.periods, in_words=periods_in_words)}"
        f"{_latest(tally.latest, language)}</span>"
    )


def strip_text(periods: Iterable[PeriodCount], *, in_words: bool = True) -> SafeString:
    """Draw in which periods something was shown: a box for each."""
    shown = list(periods)
    boxes = "".join(map(_box, shown))
    spoken = f'role="img" title="{escape(in_periods(shown))}"' if in_words else 'aria-hidden="true"'
    return _html(f'<span class="strip" {spoken}>{boxes}</span>') if shown else _html("")


def in_periods(periods: Iterable[PeriodCount]) -> str:
    """Write in which periods something was shown, for example "Autumn: 2, Winter: 1"; empty where
    nothing was."""
    return ", ".join(
        f"{item.period.name if item.period else gettext('outside the periods')}: {item.count}"
        for item in periods
        if item.count
    )


def _html(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308 - of numbers, our own words and names escaped above


def _box(item: PeriodCount) -> str:
    if not item.count:
        return "<i></i>"
    return f"<b>{item.count}</b>" if item.count >= MANY else f"<i>{item.count}</i>"


def _count(number: int, unit: str, noted: int = 0) -> str:
    zero = "" if number else ' class="zero"'
    apart = f" <small>{gettext('+%(n)s noted') % {'n': noted}}</small>" if noted else ""
    return f"<span{zero}><b>{number}</b> {unit}{apart}</span>"


def _role(item: RoleCount, language: str | None) -> str:
    if not item.people:
        return "<i></i>"
    people = f" <b>{item.people}</b>" if item.people > 1 else ""
    return f'<span class="role {item.role}">{_label(item.role, language)}{people}</span>'


@lru_cache(maxsize=64)
def _label(role: GiverRole, language: str | None) -> str:
    return escape(role.label)


@lru_cache(maxsize=4096)
def _latest(day: date | None, language: str | None) -> str:
    if day is None:
        return ""
    return f'<span class="latest">{gettext("latest")} <b>{date_format(day, "j F Y")}</b></span>'
