"""Days for machines and for people. Lists have many, and the same ones time and again."""

from datetime import date, datetime
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localdate
from django.utils.translation import get_language


def day_text(of: date, kind: str = "") -> SafeString:
    """Write a day, or that of a moment here, in the language of now; `kind` is a class of the
    element."""
    day = localdate(of) if isinstance(of, datetime) else of
    return mark_safe(_written(day, kind, get_language()))  # noqa: S308 - figures and our own words


@lru_cache(maxsize=4096)
def _written(day: date, kind: str, language: str | None) -> str:
    attributes = f' class="{kind}"' if kind else ""
    return f'<time{attributes} datetime="{day.isoformat()}">{date_format(day, "j F Y")}</time>'
