from collections.abc import Mapping

from django import template
from django.utils.translation import ngettext

from portfolio.coverage import GuidelineState

register = template.Library()


@register.filter
def at(links: Mapping[str, str], key: str) -> str:
    """What stands at this key; empty where nothing does: `{{ links|at:piece.id }}`."""
    return links.get(key, "")


@register.filter
def still_asked(state: GuidelineState) -> str:
    """What a guideline still asks, in words: "2 more pieces, 1 more person"."""
    parts = [
        (state.pieces, ngettext("%(n)s more piece", "%(n)s more pieces", state.pieces)),
        (state.people, ngettext("%(n)s more person", "%(n)s more people", state.people)),
        (state.roles, ngettext("%(n)s more role", "%(n)s more roles", state.roles)),
    ]
    return ", ".join(words % {"n": n} for n, words in parts if n)
