"""What is kept: events in chains, stored files, mail to send, and the kinds of row they protect."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import IO, Any, ClassVar, Self

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import F, Q
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


class Sealed(models.Model):
    """A row whose content is stated, under a keyed seal, in an event (records/chain.py).

    `verify_records` compares each sealed row with the last statement about it.
    """

    sealed_fields: ClassVar[tuple[str, ...]]

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


# --- Files ----------------------------------------------------------------------------------------


class StoredFile(AppendOnly, Sealed):
    """Bytes under the name of their own SHA-256 (hex), kept once however often they are used.

    `shown` is what others than the owner see: the cleaned derivative, or the file itself where
    nothing has to be cleaned. Until it is ready, nobody else sees the file.
    """

    class Preparation(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be prepared")

    changeable = ("shown_id", "preparation", "note", "attempts")
    deletable = True
    sealed_fields = ("digest", "size", "media_type", "kind", "recorded_at")

    digest = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    shown = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    preparation = models.CharField(
        max_length=10, choices=Preparation.choices, default=Preparation.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.digest

    @staticmethod
    def digest_of(file: IO[bytes]) -> str:
        """SHA-256 (hex) of the file from where it stands, read in chunks."""
        hasher = sha256()
        while chunk := file.read(1024 * 1024):
            hasher.update(chunk)
        return hasher.hexdigest()

    @property
    def path(self) -> str:
        """Where the bytes are, in the default storage."""
        return f"{self.digest[:2]}/{self.digest[2:4]}/{self.digest}"

    def own_faults(self, erased: frozenset[str]) -> Iterator[str]:
        if not default_storage.exists(self.path):
            if self.digest not in erased:
                yield "the file is gone"
            return
        with default_storage.open(self.path) as file:
            if self.digest_of(file) != self.digest:
                yield "the file's bytes are not those it was stored with"


# --- Mail -----------------------------------------------------------------------------------------


class OutboxQuerySet(models.QuerySet):
    def due(self, at: datetime) -> Self:
        """Waiting mails whose time has come and that no sender holds."""
        return self.filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=at),
            state=OutboxMail.State.WAITING,
            due_at__lte=at,
        )


class OutboxMail(Row):
    """A mail to send: template and ids. Words and link are made at sending, and not kept."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("no longer needed")
        FAILED = "failed", _("could not be delivered")

    template = models.CharField(max_length=60)
    address = models.EmailField(max_length=254)
    language = models.CharField(max_length=5)
    ids = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    recorded_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    # The kind of fault only: a server's own words may repeat a body.
    fault = models.CharField(max_length=100, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at"]
        indexes = [models.Index(F("due_at"), name="outbox_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"


# --- Drafts ---------------------------------------------------------------------------------------


class Draft(Row):
    """What somebody is writing and has not sent (records/drafts.py). No record: it has no event,
    is shown to nobody but its writer, and goes once it is sent."""

    LONGEST_KEY = 500

    key = models.CharField(max_length=LONGEST_KEY, unique=True)
    fields = models.JSONField(default=dict)  # each field's name and its values, as a browser sends
    recorded_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)
