"""The rows of one's own list of evidence as HTML: from plain strings, as a page has fifty."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from people.days import day_text
from people.drawn import drawn
from qualifications.models import Qualification

ANY_PIECE = UUID(int=0)  # stands for the id of a piece in an address


def list_text(pieces: Iterable[Any]) -> SafeString:
    """Write pieces that were read `for_list` as the items of a list, each with a link under the
    address of the page."""
    before, after = reverse("evidence:requirements", args=[ANY_PIECE]).split(str(ANY_PIECE))
    choose, of_which = gettext("Choose what it shows"), gettext("for %(title)s")
    withdrawn = drawn("tag", text=gettext("withdrawn"), kind="dashed", icon="")
    text = []
    for piece in pieces:
        title = escape(piece.current.title)
        tags: str = withdrawn if piece.withdrawn_at else ""
        if piece.waiting:
            tags += drawn("tag", text=_open(piece.waiting), kind="", icon="clock")
        facts: str = day_text(piece.current.happened_on)
        facts += f"<span>{escape(piece.current.get_kind_display())}</span>"
        if piece.requirements:
            facts += f"<span>{_laid(piece)}</span>"
        elif not piece.withdrawn_at:
            facts += (
                f'<a href="{before}{piece.pk}{after}">{choose}<span class="visually-hidden"> '
                f"{of_which % {'title': title}}</span></a>"
            )
        if piece.remarks:
            facts += f"<span>{_remarks(piece.remarks)}</span>"
        text.append(
            f'<li class="stack tight"><div class="cluster"><a class="piece-title" '
            f'href="{piece.pk}/">{title}</a>{tags}</div>'
            f'<div class="piece-facts">{facts}</div></li>\n'
        )
    return mark_safe("".join(text))  # noqa: S308 - our own words; those of others escaped above


def _open(count: int) -> str:
    words = ngettext("%(count)s question open", "%(count)s questions open", count)
    return words % {"count": count}


def _laid(piece: Any) -> str:
    words = ngettext("%(count)s requirement", "%(count)s requirements", piece.requirements)
    if piece.framework == Qualification.Framework.OUTCOMES:
        words = ngettext("%(count)s indicator", "%(count)s indicators", piece.requirements)
    return words % {"count": piece.requirements}


def _remarks(count: int) -> str:
    return ngettext("%(count)s remark", "%(count)s remarks", count) % {"count": count}
