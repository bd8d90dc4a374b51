"""Mail to send."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import Event, Row


class OutboxQuerySet(models.QuerySet):
    def troubles(self) -> Self:
        """Mails that did not arrive, and after which no other to the same person about the same
        row was sent or is still to be."""
        later = OutboxMail.objects.exclude(state=OutboxMail.State.FAILED).filter(
            to=OuterRef("to"), about=OuterRef("about"), recorded_at__gt=OuterRef("recorded_at")
        )
        return self.filter(~Exists(later), state=OutboxMail.State.FAILED)

    def troubles_about(self, rows: Iterable[UUID]) -> "dict[UUID, OutboxMail]":
        """By row, why the last mail about it did not arrive; a row without trouble is not in it.
        One query."""
        found = self.troubles().filter(about__in=rows).order_by("recorded_at")
        return {mail.about: mail for mail in found}

    def unclaimed(self, at: datetime) -> Self:
        """Waiting mails that no sender holds."""
        return self.filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=at),
            state=OutboxMail.State.WAITING,
        )

    def due(self, at: datetime) -> Self:
        """Waiting mails whose time has come and that no sender holds."""
        return self.unclaimed(at).filter(due_at__lte=at)

    def cancel(self, at: datetime) -> int:
        """Call off those of these mails that no sender holds yet; returns how many. One query."""
        return self.unclaimed(at).update(state=OutboxMail.State.CANCELLED)


class OutboxMail(Row):
    """A mail to send: what it is, to whom, about which row, and what caused it. Name, address,
    words and link are found at sending, and not kept."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        CANCELLED = "cancelled", _("no longer needed")
        FAILED = "failed", _("did not arrive")

    class Trouble(models.TextChoices):
        """Why a mail did not arrive, in words that go on after a colon."""

        NO_ADDRESS = "no_address", _("no address is known.")
        NO_MAILBOX = "no_mailbox", _("the address does not exist.")
        FULL = "full", _("the mailbox is full.")
        REFUSED = "refused", _("the mail server there refused it.")
        NO_ANSWER = "no_answer", _("the mail server there did not take it, however often we tried.")
        FAULT = "fault", _("something went wrong on our side.")

    template = models.CharField(max_length=60)
    # The person, known further right (post/recipients.py).
    to = models.UUIDField()
    # The row that it is about: a question, a case, an account.
    about = models.UUIDField(db_index=True)
    cause = models.ForeignKey(
        Event, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Chosen by whoever caused it; without one, the language of its reader at sending.
    language = models.CharField(max_length=5, null=True, blank=True)  # noqa: DJ001
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    recorded_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=20, choices=Trouble.choices, blank=True)
    # The kind of fault only: a server's own words may repeat a body.
    fault = models.CharField(max_length=100, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at"]
        indexes = [models.Index(F("due_at"), name="outbox_waiting", condition=Q(state="waiting"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="failed") ^ Q(trouble=""),
                name="a_mail_says_why_it_did_not_arrive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"
