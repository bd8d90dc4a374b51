"""Erasing on a lawful ground: the content goes, live and wherever it was frozen, and a tombstone
stays. Who may order it is decided by the action that calls."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.chain import ChainEntry, append_many
from records.locking import under_lock
from records.models import (
    Correctable,
    Erasure,
    Part,
    Row,
    Sealed,
    kinds_of_part,
    name_of,
    new_salt,
)
from records.refusals import NotPossible

if TYPE_CHECKING:
    from people.models import Account


@dataclass(frozen=True, slots=True)
class Blanked:
    """What was removed in this transaction: the columns of a row, or bytes; with the key of the
    home chain on which that is stated, the digest that stays, and the sealed row that says
    something else now."""

    row: models.Model
    chain: str
    columns: tuple[str, ...] = ()
    digest: str = ""
    stated: Sealed | None = None


Blank = Callable[[models.Model], list[Blanked]]
COPIES: list[Blank] = []


def keeps_copies(blank: Blank) -> Blank:
    """Register a function that blanks what a room froze of a row."""
    COPIES.append(blank)
    return blank


def blank_copies(row: models.Model) -> list[Blanked]:
    """Blank what was frozen of this row, wherever; in the caller's transaction."""
    return [blanked for blank in COPIES for blanked in blank(row)]


@transaction.atomic
def erase(
    *,
    row: Row,
    columns: Collection[str] = (),
    ground: str,
    by: "Account | None",
    at: datetime | None = None,
) -> list[Erasure]:
    """Blank these columns of a sealed row or of a part of one (default: all that its model
    declares erasable), the same words in what it replaces and in what replaces it, and all that was
    frozen of them. Each row gets a new salt, so that nobody can try out what earlier statements
    were about. Raises NotPossible without a ground, for a column that is not erasable, and where
    nothing is left to erase."""
    whole = row.whole if isinstance(row, Part) else row
    asked = set(columns or row.erasable)
    if not isinstance(whole, Sealed) or not asked or not asked <= set(row.erasable):
        raise NotPossible(_("This is content that stays: it cannot be erased."))
    versions = _versions(whole)
    words = type(row)._base_manager.values(*asked).get(pk=row.pk)
    if not any(words.values()):
        raise NotPossible(_("Nothing is left here to erase."))
    blanked = _without(row, whole, asked)
    for version in versions:
        for other in _alike(row, version) if version != whole else ():
            same = [name for name in asked if words[name] and getattr(other, name) == words[name]]
            if same:
                blanked += _without(other, version, same)
    return record_erasures(blanked, ground=ground, by=by, at=at)


def _versions(whole: Sealed) -> list[Sealed]:
    """Lock this row until the end of the transaction, with those that it replaces and that replace
    it: nobody says the same once more meanwhile. From the first to the last, as whoever replaces a
    row locks it before. Two queries for each."""
    if not isinstance(whole, Correctable):
        return [under_lock(type(whole)._base_manager.all(), whole.pk)]
    first: Correctable = whole
    while first.replaces is not None:
        first = first.replaces
    versions: list[Sealed] = [under_lock(type(whole)._base_manager.all(), first.pk)]
    later = type(whole)._base_manager.select_for_update(of=("self",), no_key=True)
    while replacing := later.filter(replaces=versions[-1].pk).first():
        versions.append(replacing)
    return versions


def _alike(row: Row, version: Sealed) -> Iterable[Row]:
    """Find what is to this version as the row is to its own: it itself, or its parts of that
    kind. At most one query."""
    if isinstance(row, Part):
        return type(row)._base_manager.filter(**{row.part_of: version})
    return [cast(Row, version)]


def _without(row: Row, whole: Sealed, columns: Collection[str]) -> list[Blanked]:
    """Blank these columns of a row, which is this locked one or a part of it, and what was frozen
    of it."""
    blank = {
        field.name: _blank(field) for field in row._meta.concrete_fields if field.name in columns
    }
    type(row)._base_manager.filter(pk=row.pk).update(**blank)
    type(whole)._base_manager.filter(pk=whole.pk).update(salt=new_salt())
    return [Blanked(row, whole.chain, tuple(blank), stated=whole), *blank_copies(row)]


def blank_words(row: Sealed) -> None:
    """Blank what somebody wrote in this locked row, and in its parts, as they take it back in the
    caller's transaction, which states it. Nothing is erased on a ground, so no tombstone stays; the
    row gets a new salt, as there. A query, and one for each kind of part with words."""
    row.salt = new_salt()
    type(row)._base_manager.filter(pk=row.pk).update(salt=row.salt, **_blanks(type(row)))
    for relation, way in kinds_of_part(type(row)):
        part = relation.field.model
        if blanks := _blanks(part):
            part._base_manager.filter(**{way: row.pk}).update(**blanks)


def _blanks(model: type[models.Model]) -> dict[str, object]:
    """Return nothing for each column of this model that holds words."""
    words = getattr(model, "erasable", ())
    return {
        field.name: _blank(field) for field in model._meta.concrete_fields if field.name in words
    }


def _blank(field: models.Field) -> object:
    if field.null:
        return None
    return b"" if isinstance(field, models.BinaryField) else ""


@transaction.atomic
def record_erasures(
    blanked: Iterable[Blanked], *, ground: str, by: "Account | None", at: datetime | None = None
) -> list[Erasure]:
    """Write the tombstones of what the caller removes in the same transaction, and state them in
    one event on each home chain, with the rows as they are now. Raises NotPossible without a
    ground."""
    if not ground.strip():
        raise NotPossible(_("Say on which lawful ground the content is erased."))
    at = at or timezone.now()
    erasures: list[Erasure] = []
    stated: dict[str, list[Sealed]] = {}
    for one in blanked:
        erasure = Erasure(
            name=name_of(one.row),
            columns=list(one.columns),
            digest=one.digest,
            kept_on=one.chain,
            ground=ground.strip(),
            by=by,
            recorded_at=at,
        )
        erasures.append(erasure)
        stated.setdefault(one.chain, []).append(erasure)
        if one.stated is not None:
            stated[one.chain].append(one.stated)
    Erasure.objects.bulk_create(erasures)
    append_many(
        ChainEntry(key, "content.erased", by, at, rows=tuple(rows)) for key, rows in stated.items()
    )
    return erasures
