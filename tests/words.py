"""Finds words on a page that no translation made.

While `marked_translations` holds, each translated text stands between two marks that no person
types. What values a text is filled with stands outside them, and must be somebody's own words.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.utils import translation
from django.utils.safestring import SafeData, mark_safe
from django.utils.translation import trans_real

from people import days, drawn
from portfolio import tally_text

START, END = "\ue000", "\ue001"
# What a translated text leaves open, and its markup: never between the marks.
OPEN = re.compile(r"(%\(\w+\)[a-z]|%[sdi%]|\{\w*\}|<[^>]+>)")
MARKED = re.compile(f"{START}[^{START}{END}]*{END}")
# Addresses, and what seals, digests and the codes of letters look like.
NO_WORD = re.compile(
    r"https?://\S+|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\b[0-9a-f]{4}(?: [0-9a-f]{4}){4}\b"
)
WORD = re.compile(r"[^\W\d_]+")
READ = {
    "alt",
    "aria-description",
    "aria-label",
    "aria-valuetext",
    "data-announce",
    "data-busy",
    "data-gone",
    "data-hx-confirm",
    "data-left",
    "data-news",
    "data-none",
    "data-some",
    "label",
    "placeholder",
    "title",
}


def marked(text: str) -> str:
    parts = OPEN.split(text)
    parts[::2] = [f"{START}{part}{END}" if part.strip() else part for part in parts[::2]]
    whole = "".join(parts)
    return mark_safe(whole) if isinstance(text, SafeData) else whole


@contextmanager
def marked_translations() -> Iterator[None]:
    """Marks what is translated; what has no translation in the language of now stays bare."""

    def marking(name: str, key_of: Callable[..., Any]) -> Callable[..., str]:
        original = getattr(trans_real, name)

        def translate(*args: Any) -> str:
            text = original(*args)
            language = translation.get_language() or "en"
            known = language == "en" or key_of(*args) in trans_real.translation(language)._catalog
            return marked(text) if known else text

        return translate

    keys: dict[str, Callable[..., Any]] = {
        "gettext": lambda text: text.replace("\r\n", "\n"),
        "pgettext": lambda context, text: f"{context}\x04{text}",
        "ngettext": lambda one, many, number: (one, 0),
        "npgettext": lambda context, one, many, number: (f"{context}\x04{one}", 0),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, key_of in keys.items():
            patch.setattr(translation._trans, name, marking(name, key_of), raising=False)
        forget_words()
        yield
    forget_words()


def forget_words() -> None:
    """What was said before is looked up again, as it is said now."""
    tally_text._role.cache_clear()
    tally_text._count.cache_clear()
    tally_text._latest.cache_clear()
    days._written.cache_clear()
    drawn._in_language.cache_clear()


class Texts(HTMLParser):
    """All texts of a page that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.language = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        self._silent += tag in {"script", "style"}
        self.found += [value for name, value in given.items() if name in READ]
        if (tag == "input" and given.get("type") in {"submit", "reset", "button"}) or (
            tag == "meta" and given.get("name") == "description"
        ):
            self.found.append(given.get("value") or given.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


class Known:
    """Whole texts that people wrote, and names: what may stand on a page as it is."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.by_first_word: dict[str, set[str]] = defaultdict(set)
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            for line in [text, *text.splitlines()]:
                flat = " ".join(line.split())
                if first := WORD.search(flat):
                    self.by_first_word[first[0]].add(flat[first.start() :])

    def unknown_in(self, text: str) -> str:
        """The first word that begins no known text, with all that follows; empty if there is
        none."""
        place = 0
        while word := WORD.search(text, place):
            rest = text[word.start() :]
            ends = [
                len(known)
                for known in self.by_first_word[word[0]]
                if (rest.startswith(known) and not re.match(r"[^\W_]", rest[len(known) :]))
                or (rest.endswith("…") and known.startswith(rest[:-1].rstrip()))
            ]
            if not ends:
                return rest
            place = word.start() + max(ends)
        return ""


def untranslated(html: str, known: Known) -> list[str]:
    """The texts of a page that are neither translated nor known."""
    page = Texts()
    page.feed(html.replace("<wbr>", ""))  # where a word may break, it is one
    bare = (NO_WORD.sub("", MARKED.sub("\n", text)) for text in page.found)
    segments = (" ".join(part.split()) for text in bare for part in text.split("\n"))
    return [rest for segment in segments if (rest := known.unknown_in(segment))]


def stored_texts(*, of_people: bool = False) -> Iterator[str]:
    """All texts in the database; or only those that people wrote, without keys and choices."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.CharField | models.TextField | models.JSONField):
                continue
            if of_people and (field.choices or model._meta.app_label not in ROOMS):
                continue
            for value in model._default_manager.values_list(field.attname, flat=True).distinct():
                for text in _texts_in(value):
                    if not of_people or not isinstance(field, models.JSONField) or " " in text:
                        yield text


ROOMS = {"committees", "portfolio", "evidence", "programmes", "qualifications", "people", "records"}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value.startswith(("{", "[")):
            try:
                yield from _texts_in(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)
