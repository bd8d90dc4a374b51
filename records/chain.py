"""Chains of events under keyed seals.

Each event seals itself and the one before it with an HMAC whose key is not in the database; the
chain's head is proven in the same way, so that neither a changed, nor an inserted, nor a cut-off
event goes unseen. An event can carry statements about sealed rows: the seal of each row's content
at that moment, or null when the row was lawfully deleted.
"""

import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from records.models import Chain, Event, Sealed

if TYPE_CHECKING:
    from people.models import Account


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no white space; aware moments in UTC, ids and dates as text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    ).encode()


def keyed(purpose: str, content: bytes) -> str:
    """HMAC-SHA-256 (hex) of the content under the installation's seal key."""
    return hmac.new(
        settings.SEAL_KEY.encode(), purpose.encode() + b"\0" + content, sha256
    ).hexdigest()


def name_of(row: Any) -> str:
    """How a statement names a row: "app.model:pk"."""
    return f"{row._meta.label_lower}:{row.pk}"


def seal_of(row: Sealed) -> str:
    """The seal of the row's content as it is in memory."""
    return keyed(name_of(row), canonical(row.content_to_seal()))


def event_seal(event: Event, chain_key: str) -> str:
    """What the event's seal must be."""
    return keyed(
        "event",
        canonical(
            {
                "id": event.pk,
                "chain": chain_key,
                "number": event.number,
                "verb": event.verb,
                "by": event.by_id,
                "recorded_at": event.recorded_at,
                "statement": event.statement,
                "previous": event.previous,
            }
        ),
    )


def head_proof(chain: Chain) -> str:
    """What the chain's proof must be."""
    return keyed("head", canonical({"key": chain.key, "length": chain.length, "head": chain.head}))


def append(
    key: str,
    verb: str,
    *,
    by: "Account | None",
    at: datetime | None = None,
    rows: Iterable[Sealed] = (),
    removed: Iterable[Sealed] = (),
    facts: dict[str, Any] | None = None,
) -> Event:
    """Write the next event of the chain `key`, inside the caller's transaction.

    `rows` are stated as they are in the database now (they must have been saved), `removed` as
    lawfully deleted; `facts` hold ids and figures, never content. Locks the chain's head. Costs
    four queries, and one for each kind of row stated.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its change")
    Chain.objects.get_or_create(key=key, defaults={"proof": head_proof(Chain(key=key))})
    chain = Chain.objects.select_for_update().get(key=key)
    stated: dict[str, str | None] = {name_of(row): seal_of(fresh) for row, fresh in _fresh(rows)}
    stated |= dict.fromkeys(map(name_of, removed))
    event = Event(
        chain=chain,
        number=chain.length + 1,
        verb=verb,
        by_id=by.pk if by else None,
        recorded_at=at or timezone.now(),
        statement={"rows": stated} | ({"facts": json.loads(canonical(facts))} if facts else {}),
        previous=chain.head,
    )
    event.seal = event_seal(event, key)
    event.save(force_insert=True)
    chain.length, chain.head = event.number, event.seal
    chain.proof = head_proof(chain)
    chain.save(update_fields=["length", "head", "proof"])
    return event


def _fresh(rows: Iterable[Sealed]) -> Iterable[tuple[Sealed, Sealed]]:
    """Each row with itself as the database holds it, one query a kind: what is sealed is what
    was stored, not what the caller's object happened to hold (a date given as text, say)."""
    by_model: dict[type[Sealed], list[Sealed]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, kept in by_model.items():
        stored = model._default_manager.in_bulk([row.pk for row in kept])
        for row in kept:
            yield row, stored[row.pk]
