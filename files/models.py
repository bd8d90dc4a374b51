"""Bytes: those on their way in, and those that something names."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import IO, Self
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from files.filetypes import Kind
from people.models import Person
from records.models import AppendOnly, Look, Row, Sealed, name_of

SEEN_WITHIN, READ_WITHIN = 7, 90  # days in which verification looks at each file, and reads it
PREPARED = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)  # documents and text are only ever downloaded


def path_of(pk: UUID) -> str:
    """Return where the bytes of the row with this id are, in the default storage."""
    return f"{pk.hex[:2]}/{pk}"


def digest_of_file(file: IO[bytes]) -> str:
    """Compute the SHA-256 (hex) of the file from where it stands, in chunks."""
    hasher = sha256()
    while chunk := file.read(1024 * 1024):
        hasher.update(chunk)
    return hasher.hexdigest()


class Upload(Row):
    """Bytes on their way in: a row before the first of them is written.

    They are their owner's alone and are swept once the row has expired, unless something names
    them before: then this row makes way for a StoredFile of the same id, whose bytes they are
    from then on.
    """

    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=20)  # what it may be named by, as "evidence"
    name = models.CharField(max_length=150)
    size = models.PositiveBigIntegerField()
    received = models.PositiveBigIntegerField(default=0)
    # Both are known once all bytes are there.
    digest = models.CharField(max_length=64, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(received__lte=F("size")), name="an_upload_is_no_longer_than_it_said"
            ),
            models.CheckConstraint(
                condition=Q(digest="") | Q(received=F("size")),
                name="only_a_whole_upload_has_a_digest",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def path(self) -> str:
        return path_of(self.pk)


class StoredFileQuerySet(models.QuerySet):
    def to_prepare(self, at: datetime) -> Self:
        """Return the files that wait, and those that somebody had in hand and let go: the least
        tried first, and of those the oldest."""
        state = StoredFile.Preparation
        return self.filter(
            Q(preparation=state.WAITING) | Q(preparation=state.IN_HAND, claimed_until__lt=at),
            erased_at=None,
        ).order_by("attempts", "recorded_at", "pk")


class StoredFile(AppendOnly, Sealed):
    """Bytes that something names: those of one upload, or the version of them that others see.

    They are kept under the id of the row, and no other row has them: equal files are stored twice.
    Who shares a file names the same row and locks it first (`files.keeping.lock`); a file is
    deleted, under that lock, only when no row names it.
    """

    class Preparation(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("preparing a file", "waits its turn")
        IN_HAND = "in_hand", pgettext_lazy("preparing a file", "being prepared")
        READY = "ready", pgettext_lazy("preparing a file", "ready")
        FAILED = "failed", pgettext_lazy("preparing a file", "could not be prepared")

    # Others see nothing of it yet, and it is not known whether they will.
    PENDING = (Preparation.WAITING, Preparation.IN_HAND)

    class Fault(models.TextChoices):
        """Why no version for others could be made, and what its owner can do."""

        DAMAGED_IMAGE = (
            "damaged_image",
            _(
                "This image is damaged or incomplete. The original is kept, for you alone. "
                "Open it on your own device, save it again as JPEG, and add that."
            ),
        )
        TOO_MANY_PIXELS = (
            "too_many_pixels",
            _(
                "This image has more than 65 megapixels. The original is kept, for you alone. "
                "Save a smaller copy, or take a screenshot of it, and add that."
            ),
        )
        DAMAGED_RECORDING = (
            "damaged_recording",
            _(
                "This recording is damaged, or in a form that browsers cannot play. The original "
                "is kept, for you alone. Save it again as MP4 (video) or MP3 (sound), and add that."
            ),
        )
        GIVEN_UP = (
            "given_up",
            _(
                "Preparing this file took more than the server can give, several times. The "
                "original is kept, for you alone. Save a smaller or shorter copy, and add that."
            ),
        )
        LOST = (
            "lost",
            _("This file is no longer here as you added it. Add it again, and tell your school."),
        )

    holds_bytes = True
    changeable = ("preparation", "attempts", "claimed_until", "fault", "erased_at")
    deletable = True
    home = ("person", "owner_id")
    unsealed = ("preparation", "attempts", "claimed_until", "fault", "erased_at")

    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # Of a version that others see: what it was made of, and goes with.
    cleaned_from = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="cleaned"
    )
    digest = models.CharField(max_length=64)  # SHA-256 (hex)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    preparation = models.CharField(
        max_length=10, choices=Preparation.choices, default=Preparation.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=20, choices=Fault.choices, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["attempts", "recorded_at"],
                name="files_to_prepare",
                condition=Q(preparation__in=["waiting", "in_hand"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(preparation="in_hand", claimed_until__isnull=False)
                | (~Q(preparation="in_hand") & Q(claimed_until__isnull=True)),
                name="a_file_in_hand_is_claimed_until_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(preparation="failed") ^ Q(fault=""),
                name="a_file_that_failed_has_a_fault",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def path(self) -> str:
        return path_of(self.pk)

    @property
    def shown(self) -> "StoredFile | None":
        """What others than the owner see: the cleaned version, or the file itself where nothing
        has to be cleaned; None until it is ready. No query where `cleaned` was selected."""
        if self.kind not in PREPARED or self.cleaned_from_id:
            return self
        return getattr(self, "cleaned", None)

    @property
    def is_pending(self) -> bool:
        return self.preparation in self.PENDING

    def own_faults(self, look: Look) -> Iterator[str]:
        """Report whether the bytes are there and as many as there were, which is looked at within a
        week, whether they are those that were stored, within 90 days, and whether what was erased
        is gone."""
        if self.erased_at is not None and name_of(self) not in look.erased:
            yield "the file is said to be erased, on no ground"
        elif self.erased_at is None and name_of(self) in look.erased:
            yield "the file was erased, and is said to be here"
        elif look.takes(self, READ_WITHIN):
            yield from self._faults(is_read=True)
        elif look.takes(self, SEEN_WITHIN):
            yield from self._faults(is_read=False)

    def is_looked_at(self, look: Look) -> bool:
        return look.takes(self, READ_WITHIN) or look.takes(self, SEEN_WITHIN)

    def _faults(self, *, is_read: bool) -> Iterator[str]:
        is_there = default_storage.exists(self.path)
        if self.erased_at is not None:
            if is_there:
                yield "the file was erased and is still there"
        elif not is_there:
            yield "the file is gone"
        elif default_storage.size(self.path) != self.size:
            yield "the file is not as long as it was"
        elif is_read:
            with default_storage.open(self.path) as file:
                if digest_of_file(file) != self.digest:
                    yield "the file's bytes are not those it was stored with"
