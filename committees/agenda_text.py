"""The rows of an agenda as HTML. Many are alike but for whose case it is: what they say is drawn
once of each kind, by the template of a row, and put under each name."""

from collections.abc import Hashable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from itertools import groupby
from typing import Any, cast
from uuid import UUID

from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from committees.agenda import AgendaRow
from programmes.models import Unit

# Stand for a case and a name while a row is drawn; nothing has them.
ANY_CASE, ANY_NAME = UUID("5a0d3f62-8f5e-4b0b-9d5e-0c1f7a3b6e00"), "\uf8f0"


def drawn_rows(
    template: str,
    rows: Iterable[AgendaRow],
    context: Mapping[str, Any],
    *,
    alone: Iterable[UUID] = (),
) -> list[tuple[Unit, list[SafeString]]]:
    """Draw rows of one meeting by unit, in their order, each by this template, which gets `row` and
    the context. `alone` are the cases of which the context says more than of others."""
    drawing = _Drawing(template, context, frozenset(alone))
    return [
        (unit, [drawing.row(row) for row in of_unit])
        for unit, of_unit in groupby(rows, key=lambda row: row.case.unit)
    ]


class _Drawing:
    def __init__(self, template: str, context: Mapping[str, Any], alone: frozenset[UUID]) -> None:
        self.template = get_template(template)
        self.context = dict(context)
        self.alone = alone
        self.drawn: dict[Hashable, SafeString] = {}

    def row(self, row: AgendaRow) -> SafeString:
        if row.case.pk in self.alone:
            return self._draw(row)
        kind = (row.kind, tuple(row.attained), len(row.case.waits_for))
        if kind not in self.drawn:
            case = copy(row.case)
            case.pk = ANY_CASE
            self.drawn[kind] = self._draw(replace(row, case=case, name=ANY_NAME))
        text = self.drawn[kind].replace(str(ANY_CASE), str(row.case.pk))
        return mark_safe(text.replace(ANY_NAME, escape(row.name)))  # noqa: S308 - escaped here

    def _draw(self, row: AgendaRow) -> SafeString:
        """Draw a row by the template, which escapes it."""
        return cast(SafeString, self.template.render(self.context | {"row": row}))
