from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from committees.access import check_erase_person
from committees.actions import erase_item
from committees.models import SnapshotItem
from files.keeping import erase_file
from files.models import StoredFile
from people.access import check_may_erase
from people.actions import erase_person
from people.identity import hold_who_is_who
from people.models import Account, Person
from records.actions import erase
from records.models import Erasure, Row, name_of
from records.refusals import NotPossible


def erase_content(
    *,
    what: str,
    columns: Collection[str] = (),
    ground: str,
    by: Account,
    at: datetime | None = None,
) -> list[Erasure]:
    """Erase content on a lawful ground, live and frozen at once. `what` names a row as the record
    does ("evidence.revision:…", "files.storedfile:…"; with `columns`, only those; "people.person:…"
    with all addresses and the account), or is the SHA-256 (hex) of an item of a frozen set. Raises
    NotAllowed, and NotPossible for what is not there, stays, or was erased before, and for a person
    of whom a case waits."""
    check_may_erase(by)
    return erase_named(what=what, columns=columns, ground=ground, by=by, at=at)


def erase_named(
    *,
    what: str,
    columns: Collection[str] = (),
    ground: str,
    by: Account | None,
    at: datetime | None = None,
) -> list[Erasure]:
    """Erase as `erase_content` does, where it was seen before that it may be."""
    row = row_named(what)
    if isinstance(row, Person):
        return _erase_person(row, ground=ground, by=by, at=at)
    if isinstance(row, StoredFile):
        return erase_file(file=row, ground=ground, by=by, at=at)
    if isinstance(row, SnapshotItem):
        return erase_item(item=row, ground=ground, by=by, at=at)
    if isinstance(row, Row):
        return erase(row=row, columns=columns, ground=ground, by=by, at=at)
    raise NotPossible(_("Nothing that can be erased is kept under %(what)s.") % {"what": what})


@transaction.atomic
def _erase_person(
    person: Person, *, ground: str, by: Account | None, at: datetime | None
) -> list[Erasure]:
    """Erase somebody, while nobody says who they are or gets a seat."""
    hold_who_is_who()
    check_erase_person(person)
    return erase_person(person=person, ground=ground, by=by, at=at)


def row_named(what: str) -> models.Model | None:
    """Find a row by its name in the record, or an item of a frozen set by its SHA-256 (hex); None
    where there is none. One query."""
    label, colon, pk = what.partition(":")
    if not colon:
        return SnapshotItem.objects.filter(digest=what).first()
    try:
        return apps.get_model(label)._base_manager.filter(pk=pk).first()
    except (LookupError, ValueError, ValidationError):
        return None


# --- What a backup brought back -------------------------------------------------------------------

Named = tuple[str, Sequence[str]]  # a row by its name in the record, and its columns


@dataclass
class Again:
    """What is to be erased again, in an order in which each works, and what cannot be, with the
    reason."""

    erased: list[Named] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def to_erase_again(erased: Iterable[Named]) -> Again:
    """Find what of this is here and not erased: what goes by itself, persons first, without what
    goes with that. It is erased to see it, and that is rolled back: a few queries for each."""
    again = Again()
    refused: list[tuple[Named, str]] = []
    with transaction.atomic():
        for name, columns in sorted(erased, key=_rank):
            if _is_done(name, columns):
                continue
            try:
                with transaction.atomic():
                    erase_named(what=name, columns=columns, ground="Erased before.", by=None)
            except NotPossible as why:
                refused.append(((name, columns), str(why)))
            else:
                row = row_named(name)
                whole = isinstance(row, Person | StoredFile | SnapshotItem)
                again.erased.append((name, () if whole else columns))
        again.refused = [(one[0], why) for one, why in refused if not _is_done(*one)]
        transaction.set_rollback(True)
    return again


def _rank(named: Named) -> int:
    """With a person much goes, with a row its copies in frozen sets."""
    labels = [model._meta.label_lower for model in (Person, StoredFile)]
    label = named[0].partition(":")[0]
    if label == SnapshotItem._meta.label_lower:
        return len(labels) + 1
    return labels.index(label) if label in labels else len(labels)


def _is_done(name: str, columns: Sequence[str]) -> bool:
    """Tell whether nothing of this is here: it was made after the backup, or is erased."""
    row = row_named(name)
    if row is None or name_of(row) != name:
        return True
    blanked = list(Erasure.objects.filter(name=name).values_list("columns", flat=True))
    return bool(blanked) and {*columns} <= {column for each in blanked for column in each}
