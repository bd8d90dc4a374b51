"""Plain text from what publishers put in their texts."""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<(/?[a-z!][\w-]*+)[^<>]*+>", re.IGNORECASE)
_INLINE = frozenset(["a", "b", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u"])


def plain_lines(markup: str) -> tuple[str, ...]:
    """Return the lines of a text, without tags, entities, empty lines and superfluous white space.

    HTML may be escaped once or twice. A block begins a line of its own, and an item of an HTML list
    a line with a dash. "<" before anything but a letter stays what it is: less than.
    """
    for _layer in range(2):
        markup = html.unescape(_TAG.sub(_untagged, markup))
    lines = (" ".join(line.split()) for line in markup.splitlines())
    return tuple(line for line in lines if line)


def _untagged(match: re.Match[str]) -> str:
    tag = match[1].lower()
    if tag == "li":
        return "\n- "
    return "" if tag.lstrip("/") in _INLINE else "\n"
