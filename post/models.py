"""Mail to send, and work that somebody ordered."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import Event, Row


class OutboxQuerySet(models.QuerySet):
    def troubles(self) -> Self:
        """Find the mails that did not arrive, and after which no other to the same person about the
        same row was sent or is still to be."""
        later = OutboxMail.objects.exclude(state=OutboxMail.State.FAILED).filter(
            to=OuterRef("to"), about=OuterRef("about"), recorded_at__gt=OuterRef("recorded_at")
        )
        return self.filter(~Exists(later), state=OutboxMail.State.FAILED)

    def troubles_about(
        self, rows: "Iterable[UUID] | models.QuerySet[Any, Any]"
    ) -> "dict[UUID, OutboxMail]":
        """Find by row, of these or those whose id a query gives, the last mail about it, where that
        did not arrive; a row without trouble is not in it. One query."""
        found = self.troubles().filter(about__in=rows).order_by("recorded_at")
        return {mail.about: mail for mail in found}

    def unclaimed(self, at: datetime) -> Self:
        """Find the waiting mails that no sender holds."""
        return self.filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=at),
            state=OutboxMail.State.WAITING,
        )

    def ended(self, before: datetime) -> Self:
        """Find the mails that nobody has to send any more since this moment."""
        return self.exclude(state=OutboxMail.State.WAITING).filter(due_at__lt=before)

    def due(self, at: datetime) -> Self:
        """Find the waiting mails whose time has come and that no sender holds."""
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
    language = models.CharField(max_length=5, null=True, blank=True)  # noqa: DJ001 - see above
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
        indexes = [models.Index(fields=["state", "due_at"], name="outbox_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="failed") ^ Q(trouble=""),
                name="a_mail_says_why_it_did_not_arrive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"


# --- Errands --------------------------------------------------------------------------------------


class ErrandQuerySet(models.QuerySet):
    def visible_to(self, user: Any) -> Self:
        """Find the errands that this person may see: those that they ordered."""
        return self.filter(by=user)

    def running(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def ended(self) -> Self:
        """Find the errands that are done or called off, the last one first."""
        return self.filter(ended_at__isnull=False).order_by("-ended_at")

    def unclaimed(self, at: datetime) -> Self:
        """Find the running errands whose moment has come and that no worker holds."""
        is_due = Q(due_at__isnull=True) | Q(due_at__lte=at)
        is_free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=at)
        return self.running().filter(is_due, is_free)


class Errand(Row):
    """Work that somebody ordered and need not wait for: the same act for each of some rows."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=60)  # as registered (post/errands.py)
    # The row on whose page it was ordered, such as a meeting.
    about = models.UUIDField(db_index=True)
    recorded_at = models.DateTimeField(default=timezone.now)
    # The moment for which it was ordered; without one it is done at once.
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    called_off_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ErrandQuerySet.as_manager()

    class Meta:
        ordering = ["recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["what", "about", "by"],
                condition=Q(ended_at__isnull=True, due_at__isnull=True),
                name="an_errand_is_not_ordered_twice_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.id}"

    def is_waiting(self, at: datetime) -> bool:
        """Tell whether its moment is still to come, and nobody called it off."""
        return self.ended_at is None and self.due_at is not None and self.due_at > at


class ErrandItem(Row):
    """One row of an errand, and what came of it, in words for who ordered it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        REFUSED = "refused", _("not done")

    errand = models.ForeignKey(Errand, on_delete=models.CASCADE, related_name="items")
    row = models.UUIDField()
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["errand", "row"], name="an_errand_names_a_row_once"),
            models.CheckConstraint(
                condition=Q(state="refused") ^ Q(reason=""),
                name="an_item_that_is_not_done_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.errand_id}/{self.number}"
