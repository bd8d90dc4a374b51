"""Very many rows at once, each stated and proven on its home chain as `records.chain.append` does
it, one act after the other.

A row is held as the plain values that its statement is made of: ids, days and moments as text, as
canonical JSON has them. What is written here is verified as anything else is.
"""

import hmac
import json
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from operator import attrgetter, itemgetter
from random import Random
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Max

from records.chain import beginning, sign, signing_key
from records.models import Chain, Checkpoint, Event, Part, Sealed

Values = dict[str, Any]
_as_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def plain(moment: datetime) -> str:
    """Write an aware moment as canonical JSON has it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def day(of: date) -> str:
    """Write a day, or that of a moment in the school's time, as canonical JSON has it."""
    return of.strftime("%Y-%m-%d")


def _salts() -> Iterator[str]:
    """Draw salts as `records.models.new_salt` does, a thousand at once."""
    while True:
        drawn = secrets.token_hex(16 * 1000)
        yield from (drawn[start : start + 32] for start in range(0, len(drawn), 32))


SALTS = _salts()


class Sheet:
    """One table: what a new row of it holds, what of it is stated, and how it is written."""

    def __init__(self, model: type[models.Model]) -> None:
        meta = model._meta
        self.model, self.label = model, meta.label_lower
        self.fields = meta.concrete_fields
        self.has_salt = issubclass(model, Sealed)
        left_out = {"salt", *getattr(model, "unsealed", ())}
        self.stated = [
            field.name
            for field in self.fields
            if not field.primary_key and field.name not in left_out
        ]
        self.parts = [
            str(relation.get_accessor_name())
            for relation in meta.related_objects
            if getattr(relation.field.model, "part_of", None) == relation.field.name
        ]
        self.defaults = {
            field.name: value
            for field in self.fields
            if (value := _default(field)) is not NotImplemented
        }

    def write(self, rows: Iterable[Values], cursor: Any) -> None:
        """Insert these rows by a cursor of the driver: by COPY on PostgreSQL, else by one statement
        for all."""
        quoted = connection.ops.quote_name
        columns = ", ".join(quoted(field.column) for field in self.fields)
        table = quoted(self.model._meta.db_table)
        pick = itemgetter(*(field.name for field in self.fields))
        jsons = [field.name for field in self.fields if isinstance(field, models.JSONField)]
        for name in jsons:
            rows = [{**row, name: _json_text(row[name])} for row in rows]
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(pick(row))
            return
        ways = [_for_sqlite(field) for field in self.fields]
        marks = ", ".join("?" * len(ways))
        cursor.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours
            ([way(value) for way, value in zip(ways, pick(row), strict=True)] for row in rows),
        )


sheet_of = cache(Sheet)


def _json_text(value: Any) -> str:
    """Write a value for a column of JSON; a text is that already."""
    return value if isinstance(value, str) else _as_json(value)


def _default(field: models.Field) -> Any:
    """Tell what stands in this field where nothing is said; NotImplemented where it must be."""
    if field.primary_key or field.name == "salt":
        return NotImplemented
    if field.has_default():
        if callable(field.default):
            return field.default() if field.default in (list, dict) else NotImplemented
        return str(field.default) if isinstance(field.default, str) else field.default
    if field.null:
        return None
    return "" if field.blank else NotImplemented


def _for_sqlite(field: models.Field) -> Callable[[Any], Any]:
    """Tell how a plain value of this field is written in SQLite, as Django does it."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    match target:
        case models.UUIDField():
            return lambda value: value and value.replace("-", "")
        case models.DateTimeField():
            return lambda value: value and str(datetime.fromisoformat(value).replace(tzinfo=None))
    return lambda value: value


class Made:
    """A row to be written, with the rows that are a part of it, by the names of its relations."""

    __slots__ = ("parts", "sheet", "values")

    def __init__(self, sheet: Sheet, values: Values) -> None:
        self.sheet, self.values = sheet, values
        self.parts: dict[str, list[Made]] = {}

    @property
    def id(self) -> str:
        return self.values["id"]

    def content(self) -> Values:
        """List what is stated of it, as `Sealed.content_to_seal` does."""
        values, sheet = self.values, self.sheet
        said = {name: values[name] for name in sheet.stated}
        for name in sheet.parts:
            said[name] = {part.values["id"]: part.content() for part in self.parts.get(name, ())}
        return said

    def stated(self) -> tuple[str, str]:
        """Tell its name and the statement of it as it is now."""
        name = f"{self.sheet.label}:{self.values['id']}"
        whole = _as_json([name, self.values["salt"], self.content()])
        return name, sha256(whole.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be said on a chain; `statement` is canonical JSON."""

    at: datetime
    verb: str
    by: str | None
    statement: str


class Ledger:
    """What was made and not written yet, and what is to be said of it, by chain. Ids follow from
    the `rng`; salts do not."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.rows: dict[Sheet, list[Made]] = defaultdict(list)
        self.acts: dict[str, list[Act]] = defaultdict(list)
        self.writing: Future[None] | None = None

    def new_id(self) -> str:
        """Draw an id: a UUID of version 4, as text."""
        drawn = f"{self.rng.getrandbits(128):032x}"
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"

    def new(self, model: type[models.Model], **values: Any) -> Made:
        """Make a row with these plain values, by field, and the model's defaults for the others."""
        sheet = sheet_of(model)
        whole = {**sheet.defaults, **values}
        if "id" not in values:
            whole["id"] = self.new_id()
        if sheet.has_salt:
            whole["salt"] = next(SALTS)
        row = Made(sheet, whole)
        self.rows[sheet].append(row)
        return row

    def part(self, of: Made, name: str, model: type[Part], **values: Any) -> Made:
        """Make a row that is a part of this one, by the name of its relation."""
        row = self.new(model, **{model.part_of: of.id}, **values)
        of.parts.setdefault(name, []).append(row)
        return row

    def state(
        self,
        chain: str,
        verb: str,
        *,
        by: str | None,
        at: datetime,
        rows: Iterable[Made] = (),
        **facts: Any,
    ) -> None:
        """Say on this chain what was done at this moment, by the account with this id, with the
        rows as they are now."""
        statement: Values = {"rows": dict(row.stated() for row in rows)}
        if facts:
            statement["facts"] = facts
        self.acts[chain].append(Act(at, verb, by, _as_json(statement)))

    def write(self) -> None:
        """Write all that was made, in the caller's transaction, with an event for each act, in the
        order of their moments."""
        self.hand_over()
        self.wait()

    def hand_over(self) -> None:
        """Let all that was made be written as `write` does while more is made; on PostgreSQL the
        caller asks nothing of the database until it waited for that. An event is never from before
        the one ahead of it, nor from before a checkpoint, which would have covered it."""
        self.wait()
        rows, self.rows = self.rows, defaultdict(list)
        acts, self.acts = self.acts, defaultdict(list)
        there = Chain.objects.select_for_update(no_key=True).filter(key__in=list(acts)).in_bulk()
        chains = {chain.key: chain for chain in there.values()}
        last = Event.objects.filter(chain__in=there, number=F("chain__length"))
        ahead = dict(last.values_list("chain__key", "recorded_at")) if there else {}
        covered = Checkpoint.objects.aggregate(last=Max("recorded_at"))["last"]
        events: list[tuple[Chain, list[Values]]] = []
        for key in sorted(acts):
            chain = chains.setdefault(key, Chain(key=key, head=beginning()))
            first = max(filter(None, (ahead.get(key), covered)), default=None)
            events.append((chain, list(self._linked(chain, acts[key], first))))
            sign(chain, chain)
        Chain.objects.bulk_create(chain for chain in chains.values() if chain.pk is None)
        if there:
            Chain.objects.bulk_update(there.values(), ["length", "head", "key_number", "proof"])
        for chain, linked in events:
            for event in linked:
                event["chain"] = chain.pk
        batch = [(sheet, [row.values for row in made]) for sheet, made in rows.items()]
        batch.append((sheet_of(Event), [event for _chain, linked in events for event in linked]))
        if connection.vendor == "postgresql":
            self.writing = WRITER.submit(_write, connection.connection, batch)
        else:
            _write(connection.connection, batch)

    def wait(self) -> None:
        """Wait until what was handed over is written."""
        if self.writing is not None:
            writing, self.writing = self.writing, None
            writing.result()

    def _linked(self, chain: Chain, acts: list[Act], ahead: datetime | None) -> Iterator[Values]:
        """Make the next events of this chain; its head moves to the last. What is hashed is written
        as `records.chain.event_in_full` and `proof_of` do."""
        number = max(signing_key(), chain.key_number or 0)
        seal = settings.SEAL_KEYS[number].encode()
        for act in sorted(acts, key=attrgetter("at")):
            ahead = max(act.at, ahead or act.at)
            moment, by = plain(ahead), f'"{act.by}"' if act.by else "null"
            said = (
                f'{{"by":{by},"chain":"{chain.key}","number":{chain.length + 1},'
                f'"previous":"{chain.head}","recorded_at":"{moment}",'
                f'"statement":{act.statement},"verb":"{act.verb}"}}'
            )
            digest = sha256(said.encode()).hexdigest()
            chain.length += 1
            yield {
                "id": self.new_id(),
                "number": chain.length,
                "verb": act.verb,
                "by": act.by,
                "recorded_at": moment,
                "statement": act.statement,
                "previous": chain.head,
                "digest": digest,
                "key_number": number,
                "proof": hmac.digest(
                    seal, f'["records.event","{digest}"]'.encode(), "sha256"
                ).hex(),
            }
            chain.head = digest


WRITER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")


def _write(raw: Any, batch: Iterable[tuple[Sheet, Iterable[Values]]]) -> None:
    """Insert these rows over this very connection of the driver. Whether they refer to what is
    there is asked now, and not at the end of the transaction, when nothing else is done."""
    with closing(raw.cursor()) as cursor:
        for sheet, rows in batch:
            sheet.write(rows, cursor)
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
