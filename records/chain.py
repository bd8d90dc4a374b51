"""Chains of events: who did what when, each event upon the one before it.

An event has a digest, a SHA-256 over all that it says and over the digest before it, which anyone
can follow, down to which installation this is; and a proof of that digest under a key that is not
in the database, without which nobody can write. The chain's head is proven in the same way, so that
neither a changed, nor an inserted, nor a cut-off event goes unseen. An event can carry statements
about sealed rows: a salted hash of each row's content at that moment, or null when the row was
lawfully deleted.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from records.models import Chain, Checkpoint, Event, PlainRow, Sealed, Signed, name_of

if TYPE_CHECKING:
    from people.models import Account

# --- Hashes and proofs ----------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)


def canonical(value: Any) -> bytes:
    """Write a value as JSON with sorted keys and no white space; aware moments in UTC, ids and
    dates as text. Raises TypeError for what has no such form."""
    return _ENCODER.encode(value).encode()


def row_in_full(row: Sealed) -> bytes:
    """Write a row's name, its salt and its content as they are in memory."""
    return canonical([name_of(row), row.salt, row.content_to_seal()])


def statement_of(row: Sealed | PlainRow) -> str:
    """Compute what is stated of a row: the SHA-256 (hex) of it in full."""
    if isinstance(row, PlainRow):
        return sha256(canonical([row.name, row.salt, row.content])).hexdigest()
    return sha256(row_in_full(row)).hexdigest()


def event_in_full(event: Event) -> bytes:
    """Write all that an event says, its chain and place included."""
    said = {
        "chain": event.chain.key,
        "number": event.number,
        "verb": event.verb,
        "by": event.by_id,
        "recorded_at": event.recorded_at,
        "statement": event.statement,
        "previous": event.previous,
    }
    return canonical(said)


def digest_of(event: Event) -> str:
    """Compute what the event's digest must be: the SHA-256 (hex) of all that it says."""
    return sha256(event_in_full(event)).hexdigest()


def beginning() -> str:
    """Compute what a chain begins upon: the SHA-256 (hex) of which installation this is, so that
    none can be brought here from another one, whatever key it has."""
    return sha256(canonical(["chains of", settings.INSTALLATION])).hexdigest()


def proof_of(row: Signed, key: str) -> str:
    """Compute what the proof of an event, a head or a checkpoint must be: the HMAC-SHA-256 (hex)
    under this key."""
    said: Any
    match row:
        case Chain():
            said = [row.key, row.length, row.head]
        case Event():
            said = row.digest
        case Checkpoint():
            said = [
                row.number,
                row.installation,
                row.recorded_at,
                row.chains,
                row.previous,
                row.root,
                row.moved,
            ]
    return hmac.new(key.encode(), canonical([row._meta.label_lower, said]), sha256).hexdigest()


def proof_over(what: str, content: bytes) -> dict[str, Any]:
    """Prove a file of ours that is kept outside the database, as the record is proven: the number
    of the key that signs, and the HMAC-SHA-256 (hex) under it. `what` says what it is."""
    number = signing_key()
    return {"key_number": number, "proof": _proof(what, content, settings.SEAL_KEYS[number])}


def fault_of_proof(what: str, content: bytes, proof: object) -> str:
    """Say why this is not the proof of this file; nothing where it is."""
    match proof:
        case {"key_number": int(number), "proof": str(said)}:
            if number not in settings.SEAL_KEYS:
                return f"It is proven with SEAL_KEY {number}, which is not here."
            ours = _proof(what, content, settings.SEAL_KEYS[number])
            if compare_digest(said.encode(), ours.encode()):
                return ""
            return f"It was altered, or SEAL_KEY {number} is another than it was made with."
    return "It bears no proof of who made it."


def _proof(what: str, content: bytes, key: str) -> str:
    said = canonical([what, sha256(content).hexdigest()])
    return hmac.new(key.encode(), said, sha256).hexdigest()


def sign(row: Signed, upon: Signed | None = None) -> None:
    """Give the row its proof, under the key that signs, and never under an older one than the row
    `upon` which it stands bears already: where keys are being replaced, some processes sign with
    the new one before others. Raises LookupError where that one is not here."""
    row.key_number = max(signing_key(), (upon and upon.key_number) or 0)
    if row.key_number not in settings.SEAL_KEYS:
        raise LookupError(f"{upon} is proven with key {row.key_number}, which is not here")
    row.proof = proof_of(row, settings.SEAL_KEYS[row.key_number])


def signing_key() -> int:
    """Return the number of the key that signs: the one named, else the highest."""
    return settings.SEAL_SIGNS or max(settings.SEAL_KEYS)


@transaction.atomic
def sign_heads() -> tuple[int, list[str]]:
    """Sign the heads of all chains that bear an older key than the one that signs, so that who has
    an older one can write none of them anew; returns how many, and the keys of the chains whose
    head does not bear its proof, which are left as they are. Two queries for each thousand
    chains."""
    wrong: list[str] = []
    signed = 0
    older = (
        Chain.objects.select_for_update(no_key=True)
        .filter(key_number__lt=signing_key())
        .order_by("key")
    )
    done = ""
    while chains := list(older.filter(key__gt=done)[:1000]):
        done = chains[-1].key
        for chain in chains:
            key = settings.SEAL_KEYS.get(chain.key_number)
            if key and compare_digest(chain.proof.encode(), proof_of(chain, key).encode()):
                sign(chain, chain)
                signed += 1
            else:
                wrong.append(chain.key)
        Chain.objects.bulk_update(chains, ["key_number", "proof"])
    return signed, wrong


# --- Writing --------------------------------------------------------------------------------------

ROWS_AT_ONCE = 80  # that one event states, so that none becomes larger than about 15 kB


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """What is to be written on the chain `key`; see `append`."""

    key: str
    verb: str
    by: "Account | None"
    at: datetime | None = None
    rows: Iterable[Sealed] = ()
    removed: Iterable[Sealed] = ()
    facts: Mapping[str, Any] | None = None


def append(
    key: str,
    verb: str,
    *,
    by: "Account | None",
    at: datetime | None = None,
    rows: Iterable[Sealed] = (),
    removed: Iterable[Sealed] = (),
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """Write the next event of the chain `key`, inside the caller's transaction, and return it.

    `rows` are stated as they are in the database now (they must have been saved), `removed` as
    lawfully deleted (they must not have been yet); `facts` hold ids and figures, never content.
    Raises RuntimeError for a row whose home is another chain. Locks the chain's head. Queries as
    `append_many`.
    """
    [event] = append_many([ChainEntry(key, verb, by, at, rows, removed, facts)])
    return event


def append_many(entries: Iterable[ChainEntry]) -> list[Event]:
    """Write an event for each entry, in this order, inside the caller's transaction, and return
    them; where an entry has more rows than ROWS_AT_ONCE, further events of its verb state the
    others. Who writes on several chains writes all at once: their heads are locked in the order of
    their keys, so that no two wait for each other. An event is never from before the one ahead of
    it, whatever the clock of its caller says: it waited for that one. Five queries for any number
    of chains (on SQLite for each few hundred), six where one begins, and those of
    `Sealed.for_sealing` for each kind of row that is stated."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an event is written in the transaction of its change")
    entries = [
        replace(entry, rows=tuple(entry.rows), removed=tuple(entry.removed)) for entry in entries
    ]
    chains = _locked({entry.key for entry in entries})
    stored = _stored(row for entry in entries for row in entry.rows)
    now, ahead = timezone.now(), _last_moments(chains.values())
    written = []
    for entry in entries:
        at = entry.at or now
        at = ahead[entry.key] = max(at, ahead.get(entry.key, at))
        written.append([_link(chains[entry.key], part, stored, at) for part in _parts(entry)])
    for chain in chains.values():
        sign(chain, chain)
    Event.objects.bulk_create(event for events in written for event in events)
    Chain.objects.bulk_update(chains.values(), ["length", "head", "key_number", "proof"])
    return [first for first, *_further in written]


def _parts(entry: ChainEntry) -> Iterator[ChainEntry]:
    """Divide an entry into what one event states: the facts with the first rows, then the
    others."""
    rows, removed = tuple(entry.rows), tuple(entry.removed)
    for start in range(0, max(len(rows), len(removed), 1), ROWS_AT_ONCE):
        few = slice(start, start + ROWS_AT_ONCE)
        facts = None if start else entry.facts
        yield replace(entry, rows=rows[few], removed=removed[few], facts=facts)


def _locked(keys: set[str]) -> dict[str, Chain]:
    """Lock the chains with these keys, made where they are not there yet, and return them by
    key."""
    chains = Chain.objects.filter(key__in=keys)
    missing = sorted(keys.difference(chains.values_list("key", flat=True)))
    new = [Chain(key=key, head=beginning()) for key in missing]
    for chain in new:
        sign(chain, chain)
    if new:  # somebody else may make the same at this moment
        Chain.objects.bulk_create(new, ignore_conflicts=True)
    return {chain.key: chain for chain in chains.select_for_update(no_key=True).order_by("key")}


def _last_moments(chains: Iterable[Chain]) -> dict[str, datetime]:
    """Find when the last event of each of these locked chains was, by key. One query."""
    last = Event.objects.filter(chain__in=chains, number=F("chain__length"))
    return dict(last.values_list("chain__key", "recorded_at"))


def _stored(rows: Iterable[Sealed]) -> dict[str, Sealed]:
    """Find each row by name as the database holds it, read once for each kind: what is stated is
    what was stored, not what the caller's object happened to hold (a date given as text, say)."""
    ids: dict[type[Sealed], set[Any]] = {}
    for row in rows:
        ids.setdefault(type(row), set()).add(row.pk)
    return {
        name_of(row): row
        for model, kept in ids.items()
        for row in model.for_sealing().filter(pk__in=kept)
    }


def _link(chain: Chain, entry: ChainEntry, stored: Mapping[str, Sealed], at: datetime) -> Event:
    """Make the next event of this chain, unsaved; the chain's head moves to it."""
    kept = {name: stored[name] for name in map(name_of, entry.rows)}
    gone = {name_of(row): row for row in entry.removed}
    for name, row in (kept | gone).items():
        if row.chain != chain.key:
            raise RuntimeError(f"{name} is at home on {row.chain}, not on {chain.key}")
    statement: dict[str, Any] = {
        "rows": {name: statement_of(row) for name, row in kept.items()} | dict.fromkeys(gone)
    }
    if entry.facts:
        statement["facts"] = json.loads(canonical(entry.facts))
    event = Event(
        chain=chain,
        number=chain.length + 1,
        verb=entry.verb,
        by_id=entry.by.pk if entry.by else None,
        recorded_at=at,
        statement=statement,
        previous=chain.head,
    )
    event.digest = digest_of(event)
    sign(event, chain)
    chain.length, chain.head = event.number, event.digest
    return event
