"""What is kept: events in chains, and the kinds of row they protect."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# --- Kinds of row ---------------------------------------------------------------------------------


class Row(models.Model):
    """A row with an opaque id, fit for an address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class DatedQuerySet(models.QuerySet):
    def current(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def as_of(self, moment: datetime) -> Self:
        """The rows that were known and not yet ended at this (aware) moment."""
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

    `changeable` names the columns that may still change, `erasable` those that may be blanked
    (set to NULL or to nothing) when content is erased on a lawful ground.
    """

    changeable: ClassVar[tuple[str, ...]] = ()
    erasable: ClassVar[tuple[str, ...]] = ()
    deletable: ClassVar[bool] = False

    recorded_at = models.DateTimeField(_("recorded on"), default=timezone.now, editable=False)

    class Meta:
        abstract = True


class VersionQuerySet(models.QuerySet):
    def as_of(self, moment: datetime) -> Self:
        """Of each owner the version that held at this (aware) moment: the last known by then."""
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


class CorrectableQuerySet(models.QuerySet):
    def current(self) -> Self:
        """Those that no other row replaces."""
        return self.filter(replaced_by__isnull=True)

    def as_of(self, moment: datetime) -> Self:
        """The rows that were known and not yet replaced at this (aware) moment."""
        later = self.model._default_manager.filter(replaces=OuterRef("pk"), recorded_at__lte=moment)
        return self.filter(~Exists(later), recorded_at__lte=moment)


class Correctable(AppendOnly):
    """What somebody said once, and can say again: a row that another replaces counts no longer,
    and stays. Its manager has a CorrectableQuerySet."""

    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    class Meta:
        abstract = True


class Sealed(models.Model):
    """A row whose content is stated, under a keyed seal, in an event (records/chain.py).

    `verify_records` compares each sealed row with the last statement about it.
    """

    sealed_fields: ClassVar[tuple[str, ...]]
    holds_bytes: ClassVar[bool] = False  # a file, which verification counts and reads

    class Meta:
        abstract = True

    def content_to_seal(self) -> dict[str, Any]:
        """Field names and values, to be written as canonical JSON."""
        return {
            field.name: field.value_from_object(self)
            for field in self._meta.concrete_fields
            if field.name in self.sealed_fields
        }

    def own_faults(self, erased: frozenset[str]) -> Iterator[str]:
        """What is wrong in the row's own content, beyond its seal; `erased` holds the digests
        that were lawfully removed."""
        return iter(())


# --- Events ---------------------------------------------------------------------------------------


class Chain(models.Model):
    """The head of one chain of events. `proof` is an HMAC of length and head, so that cutting
    off the last event shows."""

    key = models.CharField(max_length=100, unique=True)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    proof = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.key} ({self.length})"


class Event(AppendOnly):
    """Who did what when: one link of a chain."""

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
    # Ids and figures only, never content: {"rows": {"label:pk": seal or null}, "facts": {...}}.
    statement = models.JSONField(default=dict)
    previous = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64)

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
    """A tombstone: this content was removed on a lawful ground. `digest` is the SHA-256 (hex) of
    a stored file or of a snapshot item."""

    sealed_fields = ("digest", "ground", "recorded_at")

    digest = models.CharField(max_length=64, unique=True)
    ground = models.TextField()

    def __str__(self) -> str:
        return self.digest
