"""What factories make stands in no event; a test that verifies lets it be recorded first."""

from django.conf import settings
from django.db import transaction
from django.db.models import Max, TextField
from django.db.models.functions import Cast, Length

from records.chain import ChainEntry, append_many
from records.models import Event, Sealed, name_of
from records.verification import sealed_models, verify_once


def record_what_was_made() -> None:
    """State each sealed row that no event stated yet, on its home chain."""
    statements = Event.objects.values_list("statement", flat=True)
    stated = {name for statement in statements for name in statement.get("rows", {})}
    left: dict[str, list[Sealed]] = {}
    for model in sealed_models():
        for row in model.for_sealing():
            if name_of(row) not in stated:
                left.setdefault(row.chain, []).append(row)
    with transaction.atomic():
        append_many(
            ChainEntry(key, "made.by_a_factory", None, rows=tuple(rows))
            for key, rows in left.items()
        )


def faults() -> list[str]:
    """What verification finds, less that factories made rows which stand in no event; a file is
    always taken in."""
    found = verify_once(settings.SEAL_KEYS).faults
    return [
        fault for fault in found if fault.startswith("files.") or not fault.endswith(": inserted")
    ]


LARGEST = 20_000  # bytes of what an event states; all else in it is of one size


def largest_event() -> int:
    """How many bytes the largest statement of an event takes, of ids, hashes and figures. One
    query."""
    said = Length(Cast("statement", TextField()))
    return Event.objects.aggregate(largest=Max(said))["largest"] or 0
