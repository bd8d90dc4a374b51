"""Mail to send."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import Row


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
