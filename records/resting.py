"""What rests on a row that somebody set up, so that it can no longer be changed or removed.

Each room says it of its own rows, for the rows to its left; the room of the row asks it in one
place, in its `access`."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField as Yes
from django.db.models import Exists, ExpressionWrapper, Model, OuterRef, Q, QuerySet
from django.utils.functional import Promise

from records.refusals import NotPossible


@dataclass(frozen=True, slots=True)
class Use:
    """Something that rests on a row: in words fit to show, and the address of the page on which it
    is seen, or nothing."""

    words: str
    url: str = ""


class InUse(NotPossible):
    """Something rests on what was to be changed or removed: `uses` says what, and `instead` what
    can be done instead."""

    def __init__(self, uses: Sequence[Use], instead: str | Promise) -> None:
        super().__init__(" ".join([*(use.words for use in uses), str(instead)]))
        self.uses, self.instead = uses, instead


@dataclass(frozen=True, slots=True)
class Resting:
    """A kind of row that rests on another; see `rests_on`."""

    rows: Callable[[Any], QuerySet]
    words: Callable[[int], str]
    where: Callable[[Any], str]
    keeps: bool


RESTING: defaultdict[type[Model], list[Resting]] = defaultdict(list)


def rests_on(
    model: type[Model],
    rows: Callable[[Any], QuerySet],
    *,
    words: Callable[[int], str],
    where: Callable[[Any], str] = lambda row: "",
    keeps: bool = True,
) -> None:
    """Say, in the `ready` of an app, that rows rest on those of this model: `rows` finds those that
    rest on one, `words` says how many there are, `where` the address at which one sees them. Where
    they do not keep it as it is (`keeps`), it can still be changed, and only not be removed. What
    is asked of a list (`is_kept`) takes the outer reference to its id in place of the row."""
    RESTING[model].append(Resting(rows, words, where, keeps))


def check_removable(row: Model, instead: str | Promise, *uses: Use) -> None:
    """See that nothing rests on a row that is to be removed, nor is one of these `uses` found of
    it. Raises InUse. One query for each kind that can."""
    _check(row, RESTING[type(row)], instead, uses)


def check_changeable(row: Model, instead: str | Promise) -> None:
    """See that nothing rests on a row that keeps it as it is. Raises InUse. One query for each kind
    that can."""
    _check(row, [kind for kind in RESTING[type(row)] if kind.keeps], instead, ())


def _check(
    row: Model, kinds: Sequence[Resting], instead: str | Promise, uses: Sequence[Use]
) -> None:
    found = list(uses)
    for kind in kinds:
        if count := kind.rows(row).order_by().count():
            found.append(Use(kind.words(count), kind.where(row)))
    if found:
        raise InUse(found, instead)


def is_kept(model: type[Model]) -> ExpressionWrapper:
    """Tell, in a query on this model, whether anything rests on a row that keeps it as it is."""
    found = Q(pk__in=[])
    for kind in RESTING[model]:
        if kind.keeps:
            found |= Q(Exists(kind.rows(OuterRef("pk"))))
    return ExpressionWrapper(found, Yes())
