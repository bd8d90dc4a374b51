"""What stands behind a line of the coverage as HTML: remarks and pieces, from plain strings, as
pages draw twenty at a time and on paper all of them."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from people.days import day_text
from portfolio.coverage import Entry
from portfolio.evidence_set import PieceFact

ANY_ONE = UUID(int=0)  # stands for the id of a piece in an address


def remarks_text(entries: Iterable[Entry], pieces_at: str) -> SafeString:
    """Write remarks as the items of a list; their pieces stand under this address, if there is
    one."""
    removed, noted = gettext("(name removed)"), gettext("noted, not yet confirmed")
    earlier, new = gettext("about an earlier version"), gettext("new")
    text = []
    for entry in entries:
        words = f'<p class="remark-text">{escape(entry.words)}</p>' if entry.words else ""
        role = entry.role
        tags = (
            (f' <span class="tag dashed">{noted}</span>' if entry.is_noted else "")
            + (f' <span class="tag dashed">{earlier}</span>' if entry.is_earlier else "")
            + (f' <span class="tag accent">{new}</span>' if entry.is_new else "")
        )
        text.append(
            f'<li><div class="remark{" noted" if entry.is_noted else ""}">{words}'
            f'<p class="remark-by"><b>{escape(entry.giver) or removed}</b> '
            f'<span class="role {role}">{escape(role.label)}</span> '
            f"{day_text(entry.feedback.given_on)}{tags}</p>"
            f'<p class="remark-by">{_title(entry.piece, pieces_at)}</p></div></li>'
        )
    return _html("".join(text))


def piece_text(piece: PieceFact, pieces_at: str) -> SafeString:
    """Write the title of a piece, linked where there is an address under which the pieces are, and
    when it was."""
    return _html(f"{_title(piece, pieces_at)} {day_text(piece.happened_on, 'soft')}")


def pieces_text(pieces: Iterable[PieceFact], pieces_at: str, action: str, at: str) -> SafeString:
    """Write pieces as the items of a list, each with a button for what can be done with it, at this
    address of ANY_ONE."""
    before, after = at.split(str(ANY_ONE))
    return _html(
        "".join(
            [
                f'<li class="cluster apart"><span>{piece_text(piece, pieces_at)}</span> '
                f'<a class="button small" href="{before}{piece.id}{after}">{escape(action)}'
                f'<span class="visually-hidden">: {escape(piece.title)}</span></a></li>\n'
                for piece in pieces
            ]
        )
    )


def _title(piece: PieceFact, pieces_at: str) -> str:
    title = escape(piece.title)
    return f'<a href="{pieces_at}{piece.id}/">{title}</a>' if pieces_at else title


def _html(text: str) -> SafeString:
    return mark_safe(text)  # noqa: S308 - of our own words, and of what others wrote escaped above
