"""What was erased after a backup was made is here again once that is put back: the commands that
erase it anew, in an order in which each of them works."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from committees.models import SnapshotItem
from files.models import StoredFile
from home.actions import erase_named, row_named
from people.models import Person
from records.models import Erasure, name_of
from records.refusals import NotPossible

Named = tuple[str, Sequence[str]]  # a row by its name in the record, and its columns


@dataclass
class Again:
    """What is to be erased again, in this order, and what cannot be, with the reason."""

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
