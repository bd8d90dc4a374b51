"""The set together: check-ins with their light and agreements, and what is set aside."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from evidence.models import Evidence
from people.models import Person
from programmes.models import Enrolment, Programme, Unit
from records.models import (
    AppendOnly,
    Chain,
    Correctable,
    CorrectableQuerySet,
    Dated,
    Part,
    Sealed,
    standing,
)


class Light(models.TextChoices):
    """The traffic light of a check-in; a word first, a colour second."""

    GREEN = "green", pgettext_lazy("traffic light", "it goes well")
    AMBER = "amber", pgettext_lazy("traffic light", "something must improve")
    RED = "red", pgettext_lazy("traffic light", "several things must improve")


class CheckIn(Correctable, Sealed):
    """The conversation of student and adviser on the set so far."""

    home = ("person", "enrolment.student_id")
    erasable = ("summary",)

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="check_ins")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    held_on = models.DateField(_("held on"))
    light = models.CharField(_("traffic light"), max_length=6, choices=Light.choices, blank=True)
    summary = models.TextField(_("summary"), max_length=20_000)

    objects = CorrectableQuerySet.as_manager()

    class Meta:
        ordering = ["-held_on", "-recorded_at"]

    def __str__(self) -> str:
        return f"{self.held_on}"


class AgreementQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Find the agreements that are not done, of check-ins that count."""
        return self.filter(standing("check_in__"), done_at=None)


class Agreement(AppendOnly, Part):
    """What student and adviser agreed in a check-in, with its date."""

    part_of = "check_in"
    changeable = ("done_at",)
    erasable = ("text",)

    check_in = models.ForeignKey(CheckIn, on_delete=models.PROTECT, related_name="agreements")
    text = models.CharField(_("agreement"), max_length=500)
    due_on = models.DateField(_("by"))
    done_at = models.DateTimeField(null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ["due_on"]

    def __str__(self) -> str:
        return self.text


class Acknowledgement(AppendOnly, Part):
    """The student's word on a check-in: read, or refused with what they want to say. Acknowledging
    means "read", not "agreed"; a refusal is noted and blocks nothing."""

    part_of = "check_in"
    erasable = ("note",)

    check_in = models.OneToOneField(
        CheckIn, on_delete=models.PROTECT, related_name="acknowledgement"
    )
    refused = models.BooleanField(default=False)
    note = models.TextField(blank=True, max_length=5_000)

    def __str__(self) -> str:
        return "refused" if self.refused else "read"


class Summary(models.Model):
    """The figures of an enrolment's set, as they were counted, and on which grounds: the heads of
    these chains, and how often (`moves`) it changed who counts as one among those who spoke. They
    hold as long as all are what they were. Derived, and counted anew at any time
    (portfolio/kept.py)."""

    enrolment = models.OneToOneField(
        Enrolment, on_delete=models.CASCADE, primary_key=True, related_name="summary"
    )
    student_chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="+")
    student_head = models.CharField(max_length=64, blank=True)
    programme_chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="+")
    programme_head = models.CharField(max_length=64, blank=True)
    # Under whose head the words of the frame are: no ground, as wordings are no figures.
    qualification_chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="+")
    moves = models.PositiveIntegerField(default=0)
    counted_moves = models.PositiveIntegerField(default=0)
    layout = models.PositiveSmallIntegerField(default=0)  # of the figures; another is counted anew
    counts = models.JSONField(default=dict)
    # What would count for each unit, by its id: read by the page of that only.
    units = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.enrolment_id)

    @property
    def holds(self) -> bool:
        """Whether no ground moved since; to be read with both chains."""
        return (
            self.counted_at is not None
            and self.student_head == self.student_chain.head
            and self.programme_head == self.programme_chain.head
            and self.counted_moves == self.moves
        )


class Cohort(models.Model):
    """Where the current students of a programme stood thin at a moment: how many they were, and the
    thinnest requirements, each with how many of them have a remark on it. Derived, and counted anew
    at any time (portfolio/cohort.py)."""

    programme = models.OneToOneField(
        Programme, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    students = models.PositiveIntegerField()
    thin = models.JSONField(default=list)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.programme_id)


class SetAside(Dated, Sealed):
    """A piece that the student keeps out of the set for one unit; the committee sees its title
    and the reason."""

    home = ("person", "enrolment.student_id")
    erasable = ("reason",)

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="set_asides")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="set_asides")
    reason = models.CharField(_("reason"), max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "unit", "evidence"],
                condition=Q(ended_at__isnull=True),
                name="a_piece_is_set_aside_once",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
