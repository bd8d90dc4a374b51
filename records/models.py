"""What is kept: events in chains, and the kinds of row they protect."""

import secrets
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# --- Kinds of row ---------------------------------------------------------------------------------


class Row(models.Model):
    """A row with an opaque id, fit for an address.

    `erasable` names the columns that may be blanked (set to NULL or to nothing) when content is
    erased on a lawful ground: what somebody wrote in words of their own, mostly about a person.
    `with_person` names those that are blanked with the person whom they name, never by themselves.
    """

    erasable: ClassVar[tuple[str, ...]] = ()
    with_person: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class DatedQuerySet(models.QuerySet):
    def current(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def as_of(self, moment: datetime) -> Self:
        """Find the rows that were known and not yet ended at this (aware) moment."""
        return self.filter(
            Q(ended_at__isnull=True) | Q(ended_at__gt=moment), recorded_at__lte=moment
        )


class Dated(Row):
    """A row that is ended, never changed, so that any view can be drawn as of a past moment."""

    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended on"), null=True, blank=True, editable=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True


class AppendOnly(Row):
    """A row that the database refuses to change or delete (records/triggers.py).

    `changeable` names the columns that may still change, `released` those that may become NULL, as
    the row points at something no longer; those that are erasable may be blanked.
    """

    changeable: ClassVar[tuple[str, ...]] = ()
    released: ClassVar[tuple[str, ...]] = ()
    deletable: ClassVar[bool] = False

    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now, editable=False)

    class Meta:
        abstract = True


class VersionQuerySet(models.QuerySet):
    def as_of(self, moment: datetime) -> Self:
        """Find of each owner the version that held at this (aware) moment: the last known by
        then."""
        owner = self.model.version_of
        known = self.model._default_manager.filter(recorded_at__lte=moment)
        later = known.filter(**{owner: OuterRef(owner)}, number__gt=OuterRef("number"))
        return self.filter(~Exists(later), recorded_at__lte=moment)


class Version(AppendOnly):
    """A row that is replaced by the next one, never changed: `version_of` names its owner, which
    points at the current one. Numbered from 1, for each owner."""

    version_of: ClassVar[str]

    number = models.PositiveSmallIntegerField(default=1)

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True

    def as_of(self, moment: datetime) -> Self:
        """Find of the owner whose current version this is the one that held at this (aware) moment.
        No query where this one did; else one. Raises DoesNotExist before the first."""
        if self.recorded_at <= moment:
            return self
        own = {self.version_of: getattr(self, f"{self.version_of}_id")}
        return type(self)._default_manager.as_of(moment).get(**own)


class CorrectableQuerySet(models.QuerySet):
    def current(self) -> Self:
        """Find the rows that no other row replaces, and that were not taken back."""
        return self.filter(standing())

    def as_of(self, moment: datetime) -> Self:
        """Find the rows that were known and not yet replaced at this (aware) moment. What was taken
        back since counts at no moment: nothing rested on it."""
        later = self.model._default_manager.filter(replaces=OuterRef("pk"), recorded_at__lte=moment)
        return self.filter(~Exists(later), recorded_at__lte=moment, taken_back_at=None)


def standing(of: str = "") -> Q:
    """Select the correctable rows that count, on this path: replaced by no other, and not taken
    back."""
    return Q(**{f"{of}replaced_by": None, f"{of}taken_back_at": None})


class Correctable(AppendOnly):
    """What somebody said once, and can say again: a row that another replaces counts no longer,
    and stays. One that was taken back (post/undoing.py) counts for nothing, and its words are
    blank; what it replaced stands again. Its manager has a CorrectableQuerySet."""

    changeable: ClassVar[tuple[str, ...]] = ("taken_back_at",)
    released: ClassVar[tuple[str, ...]] = ("replaces_id",)

    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    taken_back_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def name_of(row: models.Model) -> str:
    """Write how a statement names a row: "app.model:pk". Raises RuntimeError for a row without an
    id, as one that was deleted already."""
    if row.pk is None:
        raise RuntimeError("a row is stated as removed before it is deleted")
    return f"{row._meta.label_lower}:{row.pk}"


def new_salt() -> str:
    """Draw 16 random bytes, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Look:
    """How closely a row's own content is looked at: `erased` gives by the names of the rows of
    which something was lawfully removed the digests that their tombstones state; `day` is the
    number of the day whose share of the files is read, or None for all of them."""

    erased: Mapping[str, frozenset[str]] = field(default_factory=dict)
    day: int | None = None

    def digests(self, model: type[models.Model]) -> frozenset[str]:
        """Collect what the tombstones of rows of this model state."""
        label = f"{model._meta.label_lower}:"
        said = (digests for name, digests in self.erased.items() if name.startswith(label))
        return frozenset().union(*said)

    def takes(self, row: Row, days: int) -> bool:
        """Tell whether this row is looked at now, where all are within so many days."""
        return self.day is None or row.pk.int % days == self.day % days


class Sealed(models.Model):
    """A row whose content is stated in events on its home chain (records/chain.py).

    A statement is a hash of the row's columns, of the rows that are a part of it (`Part`) and of
    a random salt that stands in the row: once the row has another salt, nobody can try out what
    it said. `verify_records` compares each sealed row with the last statement about it.
    """

    # The kind of its home chain, and the way from the row to the id that the chain is of:
    # ("person", "evidence.owner_id").
    home: ClassVar[tuple[str, str]]
    # Columns that are not stated: what may change without an event, or is covered by a digest.
    unsealed: ClassVar[tuple[str, ...]] = ()
    holds_bytes: ClassVar[bool] = False  # a file, which verification counts and reads
    read_at_once: ClassVar[int] = 500  # how many rows verification holds in memory

    salt = models.CharField(max_length=32, default=new_salt, editable=False)

    class Meta:
        abstract = True

    @property
    def chain(self) -> str:
        """The key of its home chain: the one chain on which every change of it is stated."""
        kind, way = self.home
        return f"{kind}:{attrgetter(way)(self)}"

    @classmethod
    def for_sealing(cls) -> models.QuerySet[Self]:
        """Find all rows with what their chain and their content are read from: one query, and one
        for each kind of part."""
        way = cls.home[1].split(".")[:-1]
        rows = cls._base_manager.prefetch_related(*_paths_to_parts(cls))
        return rows.select_related("__".join(way)) if way else rows

    @classmethod
    def at_home_on(cls, keys: Collection[str]) -> models.QuerySet[Self]:
        """Find the rows, read as in `for_sealing`, whose home is a chain with one of these keys. No
        query where no such chain can be their home."""
        kind, way = cls.home
        here = list(_ids_in(keys, kind))
        rows = cls.for_sealing()
        return rows.filter(**{f"{way.replace('.', '__')}__in": here}) if here else rows.none()

    @classmethod
    def homes(cls) -> Iterator[str]:
        """Find the keys of the chains on which a row is at home. One query."""
        kind, way = cls.home
        ids = cls._base_manager.order_by().values_list(way.replace(".", "__"), flat=True)
        return (f"{kind}:{pk}" for pk in ids.distinct().iterator())

    def content_to_seal(self) -> dict[str, Any]:
        """List the values of the row's columns by name, and those of its parts by id, to be written
        as canonical JSON. Without a query for a row of `for_sealing`."""
        return _content(self)

    def own_faults(self, look: Look) -> Iterator[str]:
        """Report what is wrong in the row's own content, beyond what is stated of it."""
        return iter(())

    def is_looked_at(self, look: Look) -> bool:
        """Tell whether `own_faults` looks at the bytes that this row holds."""
        return self.holds_bytes


AnySealed = TypeVar("AnySealed", bound=Sealed)


def _ids_in(keys: Collection[str], kind: str) -> Iterator[uuid.UUID]:
    """Find the ids that the chains of this kind are of; a key that nothing here made has none."""
    for key in keys:
        asked, _colon, pk = key.partition(":")
        if asked == kind:
            with suppress(ValueError):
                yield uuid.UUID(pk)


class Part(models.Model):
    """A row that is stated as a part of the row to which `part_of` points: a sealed one, or itself
    a part."""

    part_of: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def whole(self) -> Sealed:
        """The sealed row of which it is a part. One query a step, unless it was selected."""
        row: Sealed | Part = getattr(self, self.part_of)
        return row.whole if isinstance(row, Part) else row


def _parts(model: type[models.Model]) -> list[ForeignObjectRel]:
    """List the reverse relations to the rows that are a part of those of this model."""
    return [
        relation
        for relation in model._meta.related_objects
        if getattr(relation.field.model, "part_of", None) == relation.field.name
    ]


def _paths_to_parts(model: type[models.Model], before: str = "") -> list[str]:
    """List what to prefetch, so that reading the content of a row of this model (`_content`) asks
    nothing."""
    paths = []
    for relation in _parts(model):
        path = f"{before}{relation.get_accessor_name()}"
        paths += [path, *_paths_to_parts(relation.field.model, f"{path}__")]
    return paths


def kinds_of_part(
    model: type[models.Model], way: str = ""
) -> Iterator[tuple[ForeignObjectRel, str]]:
    """Find the kinds of part that a row of this model has, or a part of it, with the way from such
    a part to the row."""
    for relation in _parts(model):
        to = f"{relation.field.name}__{way}".removesuffix("__")
        yield relation, to
        yield from kinds_of_part(relation.field.model, to)


def single_parts(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Find the kinds of part of which a row of this model, or a part of it, has one at most, with
    the way from such a part to the row."""
    for relation, to in kinds_of_part(model):
        if relation.one_to_one:
            yield relation.field.model, to


def _stated_columns(model: type[models.Model]) -> list[models.Field]:
    """List the columns of a sealed row, or of a part of one, that are stated."""
    passed_over = ("salt", *getattr(model, "unsealed", ()))
    return [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in passed_over
    ]


def ways_home(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    """Find the columns of this model that lead to where its rows are read from: to the row of which
    it is a part, or on the way to its home (`Sealed.home`)."""
    steps = getattr(model, "home", ("", ""))[1].split(".")[:-1][:1]
    for name in {*steps, *filter(None, [getattr(model, "part_of", None)])}:
        column = model._meta.get_field(name)
        if isinstance(column, models.ForeignKey):
            yield column


def _content(row: models.Model) -> dict[str, Any]:
    content: dict[str, Any] = {
        field.name: field.value_from_object(row) for field in _stated_columns(type(row))
    }
    for relation in _parts(type(row)):
        name = str(relation.get_accessor_name())
        if relation.one_to_one:
            parts = [part for part in [getattr(row, name, None)] if part is not None]
        else:
            parts = getattr(row, name).all()
        content[name] = {str(part.pk): _content(part) for part in parts}
    return content


class IdText(models.Func):
    """The id on this path, as it is written in words: with its dashes, without which SQLite keeps
    it."""

    output_field = models.CharField()

    def __init__(self, of: str) -> None:
        super().__init__(models.F(of))

    def as_postgresql(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)::text")

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        [of] = self.get_source_expressions()
        key, values = compiler.compile(of)
        ends = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        parts = " || '-' || ".join(f"substr({key}, {start}, {long})" for start, long in ends)
        return f"({parts})", tuple(values) * len(ends)


class PlainRow(NamedTuple):
    """What a statement about a row is made of, without the row: its name, the key of its home
    chain, its salt and its content."""

    pk: uuid.UUID
    name: str
    chain: str
    salt: str
    content: dict[str, Any]


def plain_rows(rows: models.QuerySet[AnySealed]) -> Iterator[PlainRow]:
    """Read these rows as plain values, `read_at_once` of them at a time, in the order they have:
    at half of what their models cost, for who reads a whole school. Only of a model that is at
    `home` on a chain. One query, and for each of these times one for each kind of part."""
    model = rows.model
    kind, way = model.home
    names, columns = _plain_columns(model)
    home = IdText(way.replace(".", "__"))
    read = rows.prefetch_related(None).values_list("pk", home, "salt", *columns).iterator(
        chunk_size=model.read_at_once
    )  # fmt: skip
    while some := list(islice(read, model.read_at_once)):
        parts = _plain_parts(model, [pk for pk, *_rest in some])
        for pk, of, salt, *values in some:
            content = dict(zip(names, values, strict=True))
            written = str(pk)
            content |= {name: by_row.get(written, {}) for name, by_row in parts.items()}
            name = f"{model._meta.label_lower}:{written}"
            yield PlainRow(pk, name, f"{kind}:{of}", salt, content)


def _plain_columns(model: type[models.Model]) -> tuple[list[str], list[str | IdText]]:
    """List the names of the columns that are stated, and how they are read: an id as it is
    written, since making one of each is what costs most."""
    fields = _stated_columns(model)
    read = [
        IdText(field.attname)
        if isinstance(getattr(field, "target_field", field), models.UUIDField)
        else field.attname
        for field in fields
    ]
    return [field.name for field in fields], read


def _plain_parts(
    model: type[models.Model], wholes: Collection[uuid.UUID | str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Read what `_content` lists of the parts of these rows: by the name under which it stands
    there, and by the id of the row as it is written."""
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for relation in _parts(model):
        part, of = relation.field.model, relation.field.attname
        names, columns = _plain_columns(part)
        rows = part._base_manager.filter(**{f"{of}__in": wholes}).order_by()
        read = list(rows.values_list(IdText("pk"), IdText(of), *columns))
        below = _plain_parts(part, [pk for pk, *_rest in read])
        by_row: dict[str, dict[str, Any]] = defaultdict(dict)
        for pk, whole, *values in read:
            content = dict(zip(names, values, strict=True))
            # One that stands there twice, in a table without its key, was not stated twice.
            at = f"{pk} again" if pk in by_row[whole] else pk
            by_row[whole][at] = content | {name: of.get(pk, {}) for name, of in below.items()}
        parts[str(relation.get_accessor_name())] = by_row
    return parts


# --- Events ---------------------------------------------------------------------------------------


class Signed(models.Model):
    """A row with a proof: an HMAC-SHA-256 (hex) under the key of this number, which is not in the
    database (records/chain.py)."""

    key_number = models.PositiveSmallIntegerField()
    proof = models.CharField(max_length=64)

    class Meta:
        abstract = True


class Chain(Signed):
    """The head of one chain of events. The proof is of its key, its length and its head, so that
    cutting off the last event shows."""

    key = models.CharField(max_length=100, unique=True)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64)  # the digest of its last event; of none, `beginning()`

    def __str__(self) -> str:
        return f"{self.key} ({self.length})"


class ChainKey(models.Func):
    """The key of a chain of this kind, by the id on this path: as `Sealed.chain` writes it."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = models.CharField()

    def __init__(self, kind: str, of: str) -> None:
        super().__init__(models.Value(f"{kind}:"), IdText(of))


class Event(AppendOnly, Signed):
    """Who did what when: one link of a chain. The proof is of its digest."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    verb = models.CharField(max_length=60)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    # Ids and figures only, never content: {"rows": {"label:pk": hash or null}, "facts": {...}}.
    statement = models.JSONField(default=dict)
    previous = models.CharField(
        max_length=64
    )  # the digest of the event before it; of none as above
    digest = models.CharField(max_length=64)  # SHA-256 (hex) of all the above

    class Meta:
        ordering = ["chain", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "number"], name="an_event_has_its_own_place_in_the_chain"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}/{self.number} {self.verb}"


class Erasure(AppendOnly, Sealed):
    """A tombstone: this was removed from a row on a lawful ground. Where what was removed is known
    by its SHA-256 (bytes, an item of a frozen set) that `digest` (hex) stays."""

    name = models.CharField(max_length=120)  # of the row (`name_of`)
    columns = models.JSONField()  # the names of those that were blanked; none of bytes
    digest = models.CharField(max_length=64, blank=True)
    kept_on = models.CharField(max_length=100)  # the key of the row's home chain
    ground = models.TextField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        indexes = [models.Index(fields=["kept_on"]), models.Index(fields=["name"])]

    def __str__(self) -> str:
        return self.name

    @property
    def chain(self) -> str:
        return self.kept_on

    @classmethod
    def for_sealing(cls) -> models.QuerySet[Self]:
        return cls._base_manager.all()

    @classmethod
    def at_home_on(cls, keys: Collection[str]) -> models.QuerySet[Self]:
        return cls._base_manager.filter(kept_on__in=keys)

    @classmethod
    def homes(cls) -> Iterator[str]:
        return cls._base_manager.order_by().values_list("kept_on", flat=True).distinct().iterator()


# --- Checkpoints ----------------------------------------------------------------------------------


class Checkpoint(AppendOnly, Signed):
    """One root over the heads of all chains as they were at one moment, over the root before it,
    and over which installation this is (records/checkpoints.py). The proof is of all its columns:
    the root follows from what it covers, which is only computed anew for the last of them."""

    number = models.PositiveIntegerField(unique=True)  # from 1 on
    installation = models.CharField(max_length=100)
    chains = models.PositiveIntegerField()  # how many heads
    previous = models.CharField(max_length=64, blank=True)  # the root of the one before it
    root = models.CharField(max_length=64, unique=True)  # SHA-256 (hex)
    moved = models.CharField(max_length=64)  # SHA-256 (hex) of its own leaves

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.root[:12]}"


class Leaf(AppendOnly):
    """The head of a chain as a checkpoint covers it, written where it moved since the checkpoint
    before. It names the chain by its key, so that one that was removed is missed by name."""

    changeable = ("is_last",)

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="leaves")
    key = models.CharField(max_length=100)
    length = models.PositiveIntegerField()
    head = models.CharField(max_length=64)
    is_last = models.BooleanField(default=True)  # of its chain, so far

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "length"], name="a_head_is_covered_once"),
        ]
        indexes = [
            models.Index(fields=["key"], name="the_last_leaf_of_a_chain", condition=Q(is_last=True))
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.length})"


class Verification(AppendOnly):
    """When the record was verified, and what was found; until it has ended, that it is under
    way."""

    changeable = ("ended_at", "events", "rows", "files", "faults")

    ended_at = models.DateTimeField(null=True, editable=False)
    events = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    files = models.PositiveBigIntegerField(default=0)
    faults = models.JSONField(default=list)  # as `verify` names them

    class Meta:
        ordering = ["-recorded_at"]

    def __str__(self) -> str:
        return f"{self.recorded_at:%Y-%m-%d}: {len(self.faults)} faults"
