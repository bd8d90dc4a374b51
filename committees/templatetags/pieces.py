from collections.abc import Iterable

from django import template
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from committees.dossier import PieceRow
from evidence.models import GiverRole

register = template.Library()


@register.simple_tag
def lines_of_pieces(rows: Iterable[PieceRow], at: str) -> SafeString:
    """Write pieces as lines, of which each opens what stands under this address:
    `{% lines_of_pieces pieces pieces_at %}`. One text: a template for each took longer than the
    rest of its page."""
    read_on = gettext("Read on")
    roles = {role: f' <span class="role {role}">{escape(role.label)}</span>' for role in GiverRole}
    text = [
        f'<details class="fold shown-piece" data-fetch><summary>'
        f"<span>{escape(row.piece.title)}</span>"
        f'<span class="end">{date_format(row.piece.happened_on, "j F Y")} · {escape(row.kind)} · '
        f"{_spoke(row.people)}{''.join([roles[role] for role in row.roles])}"
        f"{_files(len(row.piece.files))}</span></summary>"
        f'<a href="{at}{row.piece.id}/">{read_on}</a></details>\n'
        for row in rows
    ]
    return mark_safe("".join(text))  # noqa: S308 - of our own words, and what is escaped above


def _spoke(people: int) -> str:
    words = ngettext("%(counter)s person spoke:", "%(counter)s people spoke:", people)
    return words % {"counter": people}


def _files(number: int) -> str:
    words = ngettext("%(counter)s file", "%(counter)s files", number) % {"counter": number}
    return f" · {words}" if number else ""
