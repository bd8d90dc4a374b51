"""Bytes: what somebody gave to keep, and what of it others see."""

from collections.abc import Iterator
from hashlib import sha256
from typing import IO

from django.core.files.storage import default_storage
from django.db import models
from django.utils.translation import gettext_lazy as _

from records.models import AppendOnly, Sealed, name_of


class StoredFile(AppendOnly, Sealed):
    """Bytes under the name of their own SHA-256 (hex), kept once however often they are used.

    `shown` is what others than the owner see: the cleaned derivative, or the file itself where
    nothing has to be cleaned. Until it is ready, nobody else sees the file.
    """

    class Preparation(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be prepared")

    holds_bytes = True
    changeable = ("shown_id", "preparation", "note", "attempts")
    deletable = True
    home = ("file", "pk")
    unsealed = ("shown", "preparation", "note", "attempts")

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
            if name_of(self) not in erased:
                yield "the file is gone"
            return
        with default_storage.open(self.path) as file:
            if self.digest_of(file) != self.digest:
                yield "the file's bytes are not those it was stored with"
