from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def at(links: Mapping[str, str], key: str) -> str:
    """What stands at this key; empty where nothing does: `{{ links|at:piece.id }}`."""
    return links.get(key, "")
