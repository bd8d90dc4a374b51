"""Components of the house's own words, drawn once in each language: lists have many of the same."""

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language


def drawn(component: str, **words: str) -> SafeString:
    """Draw a component that is given words of our own only, none of anybody's."""
    text = _in_language(component, get_language(), **words)
    return mark_safe(text)  # noqa: S308 - drawn by the template, which escapes


@lru_cache(maxsize=256)
def _in_language(component: str, language: str | None, **words: str) -> str:
    return render_to_string(f"components/{component}.html", {"count": None, **words}).strip()
