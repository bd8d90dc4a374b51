"""What the motivation of a decision can point at in the frozen set, a part at a time."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from committees.snapshots import FrozenSet

GROUPS_AT_A_TIME = 12


@dataclass(frozen=True, slots=True)
class Citable:
    """A piece, or feedback on one: the digest of its item, how it is called, and whether it was
    chosen."""

    digest: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Citing:
    """Pieces, each with the feedback on it, among which was searched for `q`; and apart what was
    chosen before and is not among them."""

    q: str
    page: Page
    groups: tuple[tuple[Citable, ...], ...]
    chosen: tuple[Citable, ...]


def citing_in(frozen: FrozenSet, chosen: Collection[str], *, q: str = "", page: str = "") -> Citing:
    """The pieces whose title, or the name of somebody who spoke of them, holds every word of `q`,
    so many at a time. No query."""
    asked = _folded(q).split()
    found = [
        choices
        for title, choices in frozen.citable()
        if all(word in _folded(" ".join([title, *dict(choices).values()])) for word in asked)
    ]
    shown = Paginator(found, GROUPS_AT_A_TIME).get_page(page)
    groups = tuple(
        tuple(Citable(digest, words, digest in chosen) for digest, words in choices)
        for choices in shown.object_list
    )
    here = {item.digest for group in groups for item in group}
    titles = frozen.titles()
    return Citing(
        q,
        shown,
        groups,
        tuple(
            Citable(digest, titles[digest], is_chosen=True)
            for digest in chosen
            if digest in titles and digest not in here
        ),
    )


def _folded(text: str) -> str:
    """Without capitals and accents."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(one for one in apart if not unicodedata.combining(one)).casefold()
