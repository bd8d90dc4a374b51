"""What must be: qualifications, their core tasks, work processes and quality requirements."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from records.models import Row


class QualificationQuerySet(models.QuerySet):
    def published(self) -> Self:
        return self.filter(status=Qualification.Status.PUBLISHED)


class Qualification(Row):
    """What a diploma is about, in one edition. Its own labels name the three levels, which differ
    by framework: core task / work process / quality requirement, or area / learning outcome /
    indicator."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    class Kind(models.TextChoices):
        QUALIFICATION = "qualification", _("qualification")
        ELECTIVE = "elective", _("elective")

    class Framework(models.TextChoices):
        """How the three levels are called."""

        DOSSIER = "dossier", _("core task, work process, quality requirement")
        OUTCOMES = "outcomes", _("outcome area, learning outcome, indicator")

    code = models.CharField(_("code (crebo)"), max_length=20)
    title = models.CharField(_("title"), max_length=200)
    level = models.CharField(_("level"), max_length=20, blank=True)
    edition = models.DateField(_("edition"), help_text=_("Valid from this date."))
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.QUALIFICATION)
    framework = models.CharField(max_length=20, choices=Framework.choices, default=Framework.DOSSIER)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    dossier_code = models.CharField(max_length=20, blank=True)
    dossier_title = models.CharField(max_length=200, blank=True)
    # SHA-256 (hex) of what was imported, so that the same file twice changes nothing.
    fingerprint = models.CharField(max_length=64, blank=True)
    recorded_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        ordering = ["title", "-edition"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "edition"], name="a_qualification_has_one_row_an_edition"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | Q(status="published", published_at__isnull=False),
                name="a_published_qualification_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"


class CoreTask(Row):
    """A main part of the occupation, or an outcome area."""

    qualification = models.ForeignKey(
        Qualification, on_delete=models.PROTECT, related_name="core_tasks"
    )
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=300)
    complexity = models.TextField(blank=True)
    responsibility = models.TextField(blank=True)
    order = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(
                fields=["qualification", "code"], name="a_core_task_code_is_unique_in_its_qualification"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class WorkProcess(Row):
    """A step within a core task, or a learning outcome."""

    core_task = models.ForeignKey(CoreTask, on_delete=models.PROTECT, related_name="work_processes")
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    result = models.TextField(blank=True)
    order = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["core_task__order", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["core_task", "code"], name="a_work_process_code_is_unique_in_its_core_task"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class QualityRequirementQuerySet(models.QuerySet):
    def searched(self, words: str) -> Self:
        """Those in which every word occurs: in the plain wording, the official line, or the title
        of a work process they stand under."""
        found = self
        for word in words.split()[:8]:
            under = Place.objects.filter(
                Q(work_process__title__icontains=word) | Q(work_process__code__iexact=word),
                requirement=models.OuterRef("pk"),
            )
            found = found.filter(
                Q(plain__icontains=word) | Q(text__icontains=word) | models.Exists(under)
            )
        return found


class QualityRequirement(Row):
    """What good work looks like; feedback attaches here. It stands under one or more work
    processes and counts once."""

    qualification = models.ForeignKey(
        Qualification, on_delete=models.PROTECT, related_name="requirements"
    )
    text = models.TextField(_("official line"))
    plain = models.TextField(
        _("in plain words"),
        blank=True,
        help_text=_("At B1 level; students and outsiders see this first."),
    )
    work_processes: models.ManyToManyField = models.ManyToManyField(
        WorkProcess, through="Place", related_name="requirements"
    )

    objects = QualityRequirementQuerySet.as_manager()

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        """The plain wording where there is one, else the official line."""
        return self.plain or self.text


class Place(Row):
    """Where a requirement stands: its line under one work process."""

    requirement = models.ForeignKey(
        QualityRequirement, on_delete=models.CASCADE, related_name="places"
    )
    work_process = models.ForeignKey(WorkProcess, on_delete=models.PROTECT, related_name="places")
    order = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["work_process__core_task__order", "work_process__order", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["work_process", "order"], name="a_line_has_its_own_place_under_a_work_process"
            ),
            models.UniqueConstraint(
                fields=["work_process", "requirement"],
                name="a_requirement_stands_once_under_a_work_process",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_process.code}.{self.order}"
