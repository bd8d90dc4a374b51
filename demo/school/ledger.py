"""Very many rows at once, each stated and proven on its home chain as `records.chain.append` does
it, one act after the other.

A row is held as the plain values that its statement is made of: ids, days and moments as text, as
canonical JSON has them. What is written here is verified as anything else is.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F, Max

from records.chain import beginning, digest_of, sign
from records.models import Chain, Checkpoint, Event, Part, Sealed, new_salt

_as_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def plain(moment: datetime) -> str:
    """Write an aware moment as canonical JSON has it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def day(of: date) -> str:
    """Write a day, or that of a moment in the school's time, as canonical JSON has it."""
    return of.strftime("%Y-%m-%d")


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

    def write(self, rows: Iterable["Made"]) -> None:
        """Insert these rows: by COPY on PostgreSQL, else by one statement for all."""
        names = [field.name for field in self.fields]
        quoted = connection.ops.quote_name
        columns = ", ".join(quoted(field.column) for field in self.fields)
        table = quoted(self.model._meta.db_table)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                jsons = [isinstance(field, models.JSONField) for field in self.fields]
                lists = any(jsons)
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for row in rows:
                        values = [row.values[name] for name in names]
                        if lists:
                            values = [
                                _as_json(value) if is_json else value
                                for value, is_json in zip(values, jsons, strict=True)
                            ]
                        copy.write_row(values)
                return
            ways = [_for_sqlite(field) for field in self.fields]
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of ours
                [
                    [way(row.values[name]) for name, way in zip(names, ways, strict=True)]
                    for row in rows
                ],
            )


sheet_of = cache(Sheet)


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
        case models.JSONField():
            return _as_json
    return lambda value: value


class Made:
    """A row to be written, with the rows that are a part of it, by the names of its relations."""

    __slots__ = ("parts", "sheet", "values")

    def __init__(self, sheet: Sheet, values: dict[str, Any]) -> None:
        self.sheet, self.values = sheet, values
        self.parts: dict[str, list[Made]] = {}

    @property
    def id(self) -> str:
        return self.values["id"]

    def content(self) -> dict[str, Any]:
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


class Ledger:
    """What was made and not written yet, and what is to be said of it, by chain. Ids follow from
    the `rng`; salts do not."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.rows: dict[Sheet, list[Made]] = defaultdict(list)
        self.acts: dict[str, list[tuple[datetime, str, str | None, dict[str, Any]]]] = defaultdict(
            list
        )

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
            whole["salt"] = new_salt()
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
        statement: dict[str, Any] = {"rows": dict(row.stated() for row in rows)}
        if facts:
            statement["facts"] = facts
        self.acts[chain].append((at, verb, by, statement))

    @transaction.atomic
    def write(self) -> None:
        """Write all that was made, and the events in the order of their moments; then it is empty.
        An event is never from before the one ahead of it, nor from before a checkpoint, which would
        have covered it."""
        rows, self.rows = self.rows, defaultdict(list)
        acts, self.acts = self.acts, defaultdict(list)
        there = Chain.objects.select_for_update().filter(key__in=list(acts)).in_bulk()
        chains = {chain.key: chain for chain in there.values()}
        last = Event.objects.filter(chain__in=there, number=F("chain__length"))
        ahead = dict(last.values_list("chain__key", "recorded_at")) if there else {}
        covered = Checkpoint.objects.aggregate(last=Max("recorded_at"))["last"]
        events: list[tuple[Chain, list[Event]]] = []
        for key in sorted(acts):
            chain = chains.setdefault(key, Chain(key=key, head=beginning()))
            first = max(filter(None, (ahead.get(key), covered)), default=None)
            events.append((chain, list(self._linked(chain, acts[key], first))))
            sign(chain, chain)
        Chain.objects.bulk_create(chain for chain in chains.values() if chain.pk is None)
        if there:
            Chain.objects.bulk_update(there.values(), ["length", "head", "key_number", "proof"])
        for sheet, made in rows.items():
            sheet.write(made)
        sheet_of(Event).write(self._rows_of(events))

    def _linked(
        self,
        chain: Chain,
        acts: list[tuple[datetime, str, str | None, dict[str, Any]]],
        ahead: datetime | None,
    ) -> Iterator[Event]:
        """Make the next events of this chain, unsaved; its head moves to the last."""
        for at, verb, by, statement in sorted(acts, key=lambda act: act[0]):
            ahead = max(at, ahead or at)
            event = Event(
                id=self.new_id(),
                chain=chain,
                number=chain.length + 1,
                verb=verb,
                by_id=by,
                recorded_at=ahead,
                statement=statement,
                previous=chain.head,
            )
            event.digest = digest_of(event)
            sign(event, chain)
            chain.length, chain.head = event.number, event.digest
            yield event

    def _rows_of(self, events: Iterable[tuple[Chain, list[Event]]]) -> Iterator[Made]:
        sheet = sheet_of(Event)
        for chain, of_chain in events:
            for event in of_chain:
                values = {field.name: field.value_from_object(event) for field in sheet.fields}
                values["chain"], values["recorded_at"] = chain.pk, plain(event.recorded_at)
                yield Made(sheet, values)
