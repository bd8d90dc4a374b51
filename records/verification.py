"""Proves that what was recorded is what stands there: events, sealed rows, stored files; and that
no chain is gone, put back to an older state or brought from elsewhere."""

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, cast

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, Max, Model, OuterRef, Q, QuerySet

from records.chain import beginning, digest_of, proof_of, signing_key, statement_of
from records.checkpoints import UNDER_WAY, digest_of_leaves, heads_at, tree_of
from records.models import (
    Chain,
    Checkpoint,
    Erasure,
    Event,
    Leaf,
    Look,
    Part,
    PlainRow,
    Row,
    Sealed,
    Signed,
    name_of,
    plain_rows,
    single_parts,
    ways_home,
)
from records.stored import held_otherwise

logger = logging.getLogger(__name__)

Keys = Mapping[int, str]
NOT_HERE = (
    "root %s: no checkpoint here has it. What stands here was put back to before it, was written "
    "anew since, or is of another installation"
)
EVENTS_AT_ONCE = 2000  # events of whole chains in memory


@dataclass
class Report:
    """What was checked and what was found; `erased` names what was lawfully removed. Without keys
    it is checked that all follows and fits, and not who wrote it."""

    with_keys: bool
    events: int = 0
    rows: int = 0
    files: int = 0
    looked_at: int = 0  # of these files, whose turn it was
    older_heads: int = 0  # chains proven with another key than the one that signs: `sign_heads`
    erased: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


Check = Callable[[], Iterable[str]]
CHECKS: list[Check] = []


def verifies(function: Check) -> Check:
    """Register what a room checks besides: of rows that are derived from sealed ones, whether they
    follow from them; answers with what does not."""
    CHECKS.append(function)
    return function


def sealed_models() -> list[type[Sealed]]:
    return [model for model in apps.get_models() if issubclass(model, Sealed)]


def _rows() -> list[type[Model]]:
    """List the models of ours, kept or not: a set is of rows that only its manifest proves."""
    kinds = (Row, Sealed, Part, Chain)
    return [model for model in apps.get_models() if issubclass(model, kinds)]


def kept_models() -> list[type[Sealed | Part]]:
    """List the models of which a row is stated, or is a part of one that is."""
    return [model for model in apps.get_models() if issubclass(model, (Sealed, Part))]


Of = TypeVar("Of")
AnyModel = TypeVar("AnyModel", bound=Model)


def guarded(name: str, faults: Iterable[str]) -> Iterator[str]:
    """Report these faults, found as they are asked for; where something stands there that cannot be
    read, that is one by this name, and no end of the verification."""
    try:
        yield from faults
    except Exception as fault:
        logger.exception("%s cannot be read", name)
        yield unread_as(name, fault)


def _of(name: str, faults: Iterable[str]) -> Iterator[str]:
    """Report these faults of what has this name, guarded."""
    return guarded(name, (f"{name}: {fault}" for fault in faults))


def unread_as(name: str, fault: Exception) -> str:
    """Say of what has this name that it cannot be read."""
    return f"{name}: cannot be read ({type(fault).__name__})"


def _whole(rows: QuerySet[AnyModel]) -> Iterator[AnyModel]:
    return rows.iterator(chunk_size=getattr(rows.model, "read_at_once", EVENTS_AT_ONCE))


def readable(
    rows: QuerySet[AnyModel],
    unread: dict[str, str],
    read: Callable[[QuerySet[AnyModel]], Iterator[Any]] = _whole,
) -> Iterator[Any]:
    """Read these rows in their order, some at once; where one of them cannot be read, each that is
    left by itself. Puts in `unread` the fault of each that cannot be, by its name, or of the kind
    where not even their ids can. What `read` makes of a row has its `pk`."""
    label = rows.model._meta.label_lower
    seen: set[Any] = set()
    try:
        for row in read(rows):
            seen.add(row.pk)
            yield row
    except Exception:
        logger.exception("a row of %s cannot be read", label)
    else:
        return
    try:
        left = [pk for pk in rows.values_list("pk", flat=True) if pk not in seen]
    except Exception as fault:
        unread[label] = unread_as(label, fault)
        return
    for pk in left:
        try:
            found = list(read(rows.filter(pk=pk)))
        except Exception as fault:
            unread[f"{label}:{pk}"] = unread_as(f"{label}:{pk}", fault)
        else:
            yield from found


def filled(models: Iterable[type[AnyModel]]) -> list[type[AnyModel]]:
    """Find those of these models of which there is a row, in one query."""
    by_table = {model._meta.db_table: model for model in models}
    asked = (
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608 - tables of ours
        for table in by_table
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [by_table[table] for (table,) in cursor.fetchall()]


def verify(keys: Keys | None = None, *, day: int | None = None) -> Report:
    """Check every chain, every sealed row against the last statement about it, that all is there
    which a checkpoint covers, the stored files, and what is derived from sealed rows (`verifies`).
    Goes by chains, a few thousand events at once, so that it needs no more memory in a large
    school. Of the files those whose turn is on this `day` (its number), all without it. `keys` are
    the installation's own where nothing is said; with none at all, proofs are passed over.

    People go on working meanwhile: what was written between two reads looks like a fault. So
    faults are looked for again, and only those that stay are reported.
    """
    keys = settings.SEAL_KEYS if keys is None else keys
    first = verify_once(keys, day=day)
    if not first.faults:
        return first
    again = verify_once(keys, day=day)
    again.faults = [fault for fault in again.faults if fault in first.faults]
    return again


def verify_once(keys: Keys, *, day: int | None = None) -> Report:
    """Check all in one reading, for when nobody else works: what was written between two reads
    looks like a fault."""
    report = Report(with_keys=bool(keys))
    models = filled(sealed_models())
    made = _made()
    unread: dict[str, str] = {}
    for chains in _by_events(readable(Chain.objects.order_by("key"), unread)):
        part = _Part(chains, models, keys, made, report)
        here = f"the chains from {chains[0].key} to {chains[-1].key}"
        report.faults += guarded(here, part.faults(day))
    report.faults += unread.values()
    report.faults += guarded("what is on no chain", _of_no_chain(models))
    report.faults += guarded("what is a part of nothing", _of_no_whole())
    for model in filled(_rows()):
        name = model._meta.label_lower
        report.faults += guarded(
            name, (f"{row}: held otherwise than it is written" for row in held_otherwise(model))
        )
    report.faults += guarded("the checkpoints", checkpoint_faults(keys))
    for check in CHECKS:
        report.faults += guarded(f"{check.__module__}.{check.__name__}", _checked(check))
    return report


def _checked(check: Check) -> Iterator[str]:
    yield from check()


class _Made(NamedTuple):
    """When each checkpoint was made that can be read, by its number: at its moment, or before that
    of a later one, where the clock was ahead; and since when each key signs, as the first that is
    proven with it tells, in the order of their numbers."""

    moments: dict[int, datetime]
    signs_since: list[tuple[int, datetime]]


def _made() -> _Made:
    """Find when the checkpoints were made. One query."""
    moments: dict[int, datetime] = {}
    until: datetime | None = None
    first: dict[int, int] = {}
    for row in readable(Checkpoint.objects.order_by("-number"), {}):
        if row.recorded_at is None:  # held otherwise than it is written, which is named
            continue
        moments[row.number] = until = min(row.recorded_at, until or row.recorded_at)
        first[row.key_number] = row.number
    return _Made(moments, [(key, moments[first[key]]) for key in sorted(first)])


def bears_our_key(keys: Keys | None = None) -> bool:
    """Tell whether the head of any chain bears the proof of a key that is here, or there is none:
    else the keys are those of another installation, or all was written by who has not ours. One
    query; one head is read where all is well."""
    keys = settings.SEAL_KEYS if keys is None else keys
    chains = Chain.objects.filter(length__gt=0).order_by("key")
    return not chains.exists() or any(
        not any(_proof_faults(chain, keys, "altered")) for chain in chains.iterator()
    )


def verify_chain(key: str) -> Report:
    """Check one chain, with the installation's keys, and the rows whose home it is. Four queries,
    and one or more for each kind of row that is at home there, and of part of which a row has one
    at most."""
    report = Report(with_keys=True)
    chains = list(Chain.objects.filter(key=key))
    part = _Part(chains, sealed_models(), settings.SEAL_KEYS, _made(), report)
    report.faults += guarded(key, part.faults())
    return report


def _by_events(chains: Iterable[Chain]) -> Iterator[list[Chain]]:
    """Put chains together, until they have as many events as are read at once."""
    part: list[Chain] = []
    events = 0
    for chain in chains:
        part.append(chain)
        events += 1 + (chain.length if isinstance(chain.length, int) else 0)
        if events > EVENTS_AT_ONCE:
            yield part
            part, events = [], 0
    if part:
        yield part


class _Part:
    """Some of the chains, with their events and the rows that are at home on them."""

    def __init__(
        self,
        chains: Collection[Chain],
        models: Collection[type[Sealed]],
        keys: Keys,
        made: _Made,
        report: Report,
    ) -> None:
        self.chains = {chain.pk: chain for chain in chains}
        self.by_key = {chain.key: chain for chain in chains}
        self.models, self.keys, self.made, self.report = models, keys, made, report

    def faults(self, day: int | None = None) -> Iterator[str]:
        """Report what is wrong in these chains and rows; counts what was read."""
        stated: dict[tuple[str, str], str | None] = {}
        yield from self._of_chains(stated)
        unread: dict[str, str] = {}
        look = Look(self._erased(), day)
        for model in self.models:
            rows = model.at_home_on(self.by_key).order_by("pk")
            if _is_plain(model):
                for row in readable(rows, unread, plain_rows):
                    self.report.rows += 1
                    yield from _of(row.name, _unstated(row, row.name, stated))
            else:
                for row in readable(rows, unread):
                    self.report.rows += 1
                    self.report.files += row.holds_bytes
                    self.report.looked_at += row.is_looked_at(look)
                    yield from _of(name_of(row), self._of_row(row, stated, look))
            label = model._meta.label_lower
            yield from guarded(label, self._with_two_parts(model))
        yield from unread.values()
        for (key, name), statement in stated.items():
            if statement is not None and not {name, name.partition(":")[0]} & unread.keys():
                yield from _of(name, _missed(key, name))

    def _erased(self) -> dict[str, frozenset[str]]:
        """Find what was lawfully removed of the rows at home on these chains, by name, and which
        digests the tombstones state. One query, none where there is no tombstone."""
        said: dict[str, set[str]] = defaultdict(set)
        if Erasure in self.models:
            rows = Erasure.objects.filter(kept_on__in=self.by_key)
            for name, digest in rows.values_list("name", "digest"):
                said[name].add(digest)
        return {name: frozenset(digests) for name, digests in said.items()}

    def _with_two_parts(self, model: type[Sealed]) -> Iterator[str]:
        """Report the rows that have more than one of a part of which there is one at most: whoever
        reads such a part reads one, and not always the one that was stated. A query for each kind
        of such part."""
        for part, way in single_parts(model):
            rows = part._base_manager.filter(
                **{f"{way}__in": model.at_home_on(self.by_key).order_by().values("pk")}
            )
            of = way.partition("__")[0]
            count = rows.order_by().values(of, way).annotate(count=Count("pk"))
            owners = count.filter(count__gt=1).values_list(way, flat=True)
            for pk in sorted(set(owners)):
                name = f"{model._meta.label_lower}:{pk}"
                yield f"{name}: has more than one {part._meta.label_lower}"

    def _of_chains(self, stated: dict[tuple[str, str], str | None]) -> Iterator[str]:
        """Report what is wrong in the chains; puts in `stated` the last statement about each row of
        which their events speak, by the key of the chain and the name of the row."""
        last: dict[int, Event] = {}
        unread: dict[str, str] = {}
        covered = self._covered()
        events = Event.objects.filter(chain__in=self.chains).order_by("chain_id", "number")
        for event in readable(events, unread):
            self.report.events += 1
            event.chain = chain = self.chains[event.chain_id]
            name = f"event {event.number} of {chain.key}"
            yield from _of(name, _event_faults(event, last.get(chain.pk), self.keys))
            yield from _of(name, self._of_key(event))
            yield from _of(name, covered[chain.key].faults(event))
            yield from _of(name, _unfit(event, chain.key, stated))
            last[chain.pk] = event
        yield from unread.values()
        for chain in self.chains.values():
            yield from _of(chain.key, self._of_head(chain, last.get(chain.pk)))
            yield from _of(chain.key, covered[chain.key].left())

    def _of_key(self, event: Event) -> Iterator[str]:
        """Report an event that is proven with a key that was replaced when it was written: who has
        that key still could write on."""
        newer = (at for number, at in self.made.signs_since if number > event.key_number)
        since = next(newer, None)
        if since is not None and event.recorded_at > since + UNDER_WAY:
            yield f"proven with key {event.key_number}, which was replaced by then"

    def _of_head(self, chain: Chain, last: Event | None) -> Iterator[str]:
        yield from _head_faults(chain, last, self.keys)
        self.report.older_heads += chain.key_number < signing_key()

    def _covered(self) -> dict[str, "_Covered"]:
        """Find what checkpoints cover of these chains."""
        covered: dict[str, _Covered] = defaultdict(lambda: _Covered(self.made.moments))
        if self.made.moments:
            leaves = Leaf.objects.filter(key__in=self.by_key).order_by("length")
            said = leaves.values_list("key", "length", "head", "checkpoint__number")
            for key, length, head, number in said.iterator():
                covered[key].leaves.append((length, head, number))
        return covered

    def _of_row(
        self, row: Sealed, stated: dict[tuple[str, str], str | None], look: Look
    ) -> Iterator[str]:
        yield from _unstated(row, name_of(row), stated)
        yield from row.own_faults(look)
        if isinstance(row, Erasure):
            self.report.erased.add(row.name)


class _Covered:
    """What checkpoints cover of one chain, while its events go by in their order: the length and
    the head at each that it moved for, and that one's number; `moments` are those of all."""

    def __init__(self, moments: Mapping[int, datetime]) -> None:
        self.moments = moments
        self.leaves: deque[tuple[int, str, int]] = deque()

    def faults(self, event: Event) -> Iterator[str]:
        """Report where this event is not the one that was covered, or is dated before a checkpoint
        that should have covered it, and does not."""
        length, head, number = self.leaves[0] if self.leaves else (0, "", len(self.moments) + 1)
        before = self.moments.get(number - 1)
        if before is not None and event.recorded_at < before - UNDER_WAY:
            yield f"dated before checkpoint {number - 1}, which does not cover it"
        if event.number == length:
            self.leaves.popleft()
            if event.digest != head:
                yield f"not the one that checkpoint {number} covers"

    def left(self) -> Iterator[str]:
        """Report what was covered of the chain and did not go by."""
        if self.leaves:
            length, _head, number = self.leaves[-1]
            yield f"put back: checkpoint {number} covers {length} events"


def _unfit(event: Event, key: str, stated: dict[tuple[str, str], str | None]) -> Iterator[str]:
    """Put in `stated` what an event on the chain with this key states of rows; report where that is
    no statement. Raises whatever a statement of another form leads to."""
    for name, statement in event.statement.get("rows", {}).items():
        stated[key, name] = statement
        if not isinstance(statement, str | None):
            yield f"states nothing of {name}"


def _is_plain(model: type[Sealed]) -> bool:
    """Tell whether all that is asked of such a row is that it is as it was stated."""
    own = (model.own_faults, model.chain, model.content_to_seal)
    return own == (Sealed.own_faults, Sealed.chain, Sealed.content_to_seal)


def _unstated(
    row: Sealed | PlainRow, name: str, stated: dict[tuple[str, str], str | None]
) -> Iterator[str]:
    """Report whether a row is not as it was stated last; takes that out of `stated`."""
    last = stated.pop((row.chain, name), None)
    if last is None:
        yield "inserted"
    elif last != statement_of(row):
        yield "altered"


def _missed(key: str, name: str) -> Iterator[str]:
    """Report a row that was stated on this chain, by its name (`name_of`), and is not at home
    there."""
    label, _colon, pk = name.partition(":")
    is_there = apps.get_model(label)._base_manager.filter(pk=pk).exists()
    yield f"stated on {key}, not its home" if is_there else "removed"


def _of_no_chain(models: Collection[type[Sealed]]) -> Iterator[str]:
    """Report the events, and the rows, of which the chain is not there. A query for each kind of
    row, and for each few thousand chains."""
    chainless = Event.objects.filter(~Exists(Chain.objects.filter(pk=OuterRef("chain_id"))))
    for event in chainless.values_list("pk", flat=True):
        yield f"event {event}: its chain was removed"
    homes: set[str] = set()
    for model in models:
        try:
            homes.update(model.homes())
        except Exception as fault:
            yield unread_as(model._meta.label_lower, fault)
    for part in in_parts(sorted(homes)):
        missing = set(part).difference(_keys(part))
        for model in models if missing else ():
            unread: dict[str, str] = {}
            for row in readable(model.at_home_on(missing), unread):
                yield f"{name_of(row)}: inserted"
            yield from unread.values()


def _of_no_whole() -> Iterator[str]:
    """Report the rows that no reading of the record comes to, since the row is not there of which
    they are a part, or that leads to their home. One query for each such way."""
    for model in filled(kept_models()):
        for column in ways_home(model):
            wholes = cast(type[Model], column.related_model)._base_manager
            rows = model._base_manager.filter(
                ~Exists(wholes.filter(pk=OuterRef(column.attname))),
                **{f"{column.attname}__isnull": False},
            )
            for pk in rows.order_by("pk").values_list("pk", flat=True):
                yield f"{model._meta.label_lower}:{pk}: inserted, of what is not there"


def in_parts(rows: Sequence[Of]) -> Iterator[Sequence[Of]]:
    """Divide what is asked for at once."""
    return (rows[start : start + EVENTS_AT_ONCE] for start in range(0, len(rows), EVENTS_AT_ONCE))


def _keys(keys: Collection[str]) -> QuerySet[Chain, str]:
    return Chain.objects.filter(key__in=keys).values_list("key", flat=True)


# --- Checkpoints ----------------------------------------------------------------------------------


def checkpoint_faults(keys: Keys) -> Iterator[str]:
    """Report what is wrong in the checkpoints: that each stands upon the one before, bears our
    proof, and that its root follows where it is the last; and the chains that are gone."""
    before: Checkpoint | None = None
    unread: dict[str, str] = {}
    for checkpoint in readable(Checkpoint.objects.order_by("number"), unread):
        name = f"checkpoint {checkpoint.number}"
        yield from _of(name, _of_checkpoint(checkpoint, before, keys))
        before = checkpoint
    yield from unread.values()
    if before is None:
        return
    yield from guarded(f"checkpoint {before.number}", _root_faults(before))
    yield from guarded("the leaves of the checkpoints", _leaves_moved())
    gone = Leaf.objects.filter(~Exists(Chain.objects.filter(key=OuterRef("key"))))
    numbers = gone.values_list("key").annotate(Max("checkpoint__number")).order_by("key")
    for key, number in numbers:
        yield f"{key}: gone with all that it said; checkpoint {number} covers it"
    newer = Leaf.objects.filter(key=OuterRef("key"), length__gt=OuterRef("length"))
    wrong = Leaf.objects.filter(Q(~Exists(newer), is_last=False) | Q(Exists(newer), is_last=True))
    for key in wrong.order_by("key").values_list("key", flat=True).distinct():
        yield f"{key}: another head than its last is marked as the last that is covered, or none"


def _leaves_moved() -> Iterator[str]:
    """Report the checkpoints whose leaves are not those that it proves. One query; reads every
    leaf."""
    proven = dict(Checkpoint.objects.values_list("pk", "moved"))
    leaves = Leaf.objects.order_by("checkpoint_id", "key").values_list(
        "checkpoint_id", "checkpoint__number", "key", "length", "head"
    )
    for pk, group in groupby(leaves.iterator(), key=itemgetter(0)):
        [first, *others] = group
        said = (leaf[2:] for leaf in (first, *others))
        if digest_of_leaves(said) != proven.pop(pk, None):
            yield f"checkpoint {first[1]}: its leaves are not those that it was made with"
    for pk in proven:
        yield f"checkpoint {pk}: its leaves were removed"


def _of_checkpoint(checkpoint: Checkpoint, before: Checkpoint | None, keys: Keys) -> Iterator[str]:
    if (checkpoint.number, checkpoint.previous) != (
        (before.number + 1, before.root) if before else (1, "")
    ):
        yield "does not follow the one before it"
    elif checkpoint.installation != settings.INSTALLATION:
        yield f"of another installation, {checkpoint.installation}"
    elif before and checkpoint.key_number < before.key_number:
        yield "proven with an older key than the one before it"
    yield from _proof_faults(checkpoint, keys, "altered or inserted")


def _root_faults(checkpoint: Checkpoint) -> Iterator[str]:
    """Report whether the root of this checkpoint does not follow from the heads it covers."""
    if tree_of(checkpoint, heads_at(checkpoint))[-1][0].hex() != checkpoint.root:
        yield f"checkpoint {checkpoint.number}: its root is not that of what it covers"


def faults_since(root: str) -> Iterator[str]:
    """Report what is wrong since the checkpoint with this root (hex), which somebody kept: that it
    is not here, or that its root does not follow any more from what it covers. What became of each
    chain is in `verify`."""
    checkpoint = Checkpoint.objects.filter(root=root.lower()).first()
    if checkpoint is None:
        yield NOT_HERE % root[:12]
    else:
        yield from _root_faults(checkpoint)


# --- Events and heads -----------------------------------------------------------------------------


def _event_faults(event: Event, before: Event | None, keys: Keys) -> Iterator[str]:
    if event.number != (before.number if before else 0) + 1:
        yield "events before it were removed"
    elif before is None and event.previous != beginning():
        yield "begins in another installation"
    elif before is not None and event.previous != before.digest:
        yield "does not follow the event before it"
    if event.digest != digest_of(event):
        yield "altered or inserted"
    elif before and event.key_number < before.key_number:
        yield "proven with an older key than the event before it"
    else:
        yield from _proof_faults(event, keys, "altered or inserted")


def _head_faults(chain: Chain, last: Event | None, keys: Keys) -> Iterator[str]:
    if (chain.length, chain.head) != ((last.number, last.digest) if last else (0, beginning())):
        yield "events were removed from its end"
    else:
        yield from _proof_faults(chain, keys, "its head was altered")


def _proof_faults(row: Signed, keys: Keys, fault: str) -> Iterator[str]:
    if keys and row.key_number not in keys:
        yield f"proven with key {row.key_number}, which is not here"
    elif keys and not compare_digest(
        row.proof.encode(), proof_of(row, keys[row.key_number]).encode()
    ):
        yield fault
