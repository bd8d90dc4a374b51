"""What must be: qualifications, their core tasks, work processes and quality requirements."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from people.models import Account, InstitutionRole
from qualifications.names import NAMES, Names
from qualifications.parsed import ParsedDossier
from qualifications.sbb import parse_sbb
from qualifications.wording import any_spelling
from records.models import AppendOnly, Look, Part, Row, Sealed, Version

# Who read every qualification and dossier, also drafts. Others meet the requirements that concern
# them in their own programme, portfolio or feedback request.
READERS = (
    InstitutionRole.Role.CURRICULUM,
    InstitutionRole.Role.COORDINATOR,
    InstitutionRole.Role.EXAM_BOARD,
    InstitutionRole.Role.AUDITOR,
)


def _reads(user: Account) -> Exists:
    return Exists(InstitutionRole.objects.current().filter(person=user.pk, role__in=READERS))


class DossierQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        return self.filter(_reads(user))


class Dossier(AppendOnly, Sealed):
    """A published file of one or more qualifications, kept as it came: what they were imported
    from can be read again."""

    home = ("dossier", "pk")
    unsealed = ("content",)  # the digest covers it

    name = models.CharField(_("file name"), max_length=255)
    title = models.CharField(_("title"), max_length=200)
    code = models.CharField(_("code"), max_length=20)
    # SHA-256 (hex) of the content, so that the same file twice changes nothing.
    digest = models.CharField(_("digest (SHA-256)"), max_length=64, unique=True)
    content = models.BinaryField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("loaded by"),
    )

    objects = DossierQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("dossier"), _("dossiers")
        ordering = ["-recorded_at"]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"

    def get_absolute_url(self) -> str:
        return reverse("qualifications:dossier", args=[self.pk])

    def parsed(self) -> ParsedDossier:
        """Read anew what the file holds, with warnings in the language of now. Takes about ten
        milliseconds. Raises ImportRefused where the importer has become stricter since."""
        return parse_sbb(bytes(self.content), name=self.name)

    def own_faults(self, look: Look) -> Iterator[str]:
        if sha256(self.content).hexdigest() != self.digest:
            yield "the file's bytes are not those it was kept with"


class QualificationQuerySet(models.QuerySet):
    def visible_to(self, user: Account) -> Self:
        return self.filter(_reads(user))

    def published(self) -> Self:
        return self.filter(status=Qualification.Status.PUBLISHED)

    def for_page(self) -> Self:
        """Read the qualifications with their whole structure: core tasks, work processes, places,
        requirements, and of each requirement the other places. Six queries, however many rows."""
        places = Place.objects.select_related("requirement__wording").prefetch_related(
            "requirement__places__work_process"
        )
        return (
            self.select_related("dossier")
            .defer("dossier__content")
            .prefetch_related(
                "core_tasks__work_processes", Prefetch("core_tasks__work_processes__places", places)
            )
        )


class Qualification(Row, Sealed):
    """What a diploma is about, in one edition. Its own labels name the three levels, which differ
    by framework: core task / work process / quality requirement, or area / learning outcome /
    indicator. It is stated as one with all that stands in it, wordings included."""

    home = ("qualification", "pk")
    read_at_once = 10

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
    kind = models.CharField(
        _("kind"), max_length=20, choices=Kind.choices, default=Kind.QUALIFICATION
    )
    framework = models.CharField(
        _("framework"), max_length=20, choices=Framework.choices, default=Framework.DOSSIER
    )
    status = models.CharField(
        _("state"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    dossier = models.ForeignKey(
        Dossier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="qualifications",
        verbose_name=_("dossier"),
    )
    recorded_at = models.DateTimeField(_("recorded on"))
    published_at = models.DateTimeField(_("published on"), null=True, blank=True)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("qualification"), _("qualifications")
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

    def get_absolute_url(self) -> str:
        return reverse("qualifications:qualification", args=[self.pk])

    @property
    def names(self) -> Names:
        """What its requirements are called."""
        return NAMES[self.framework]


class CoreTask(Row, Part):
    """A main part of the occupation, or an outcome area."""

    part_of = "qualification"

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
                fields=["qualification", "code"],
                name="a_core_task_code_is_unique_in_its_qualification",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class WorkProcess(Row, Part):
    """A step within a core task, or a learning outcome."""

    part_of = "core_task"

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
        """Find the requirements in which every word occurs: in the plain wording, the official
        line, the title of a work process they stand under, or its code ("B1-K1-W2", or whole parts
        of it: "B1-K1"). Case and accents make no difference. Beyond eight words, the rest is not
        looked at."""
        found = self
        for word in words.split()[:8]:
            # A regular expression of our own making: of letters beyond ASCII, SQLite does not
            # know the case, and PostgreSQL only in some locales.
            pattern = any_spelling(word)
            under = Place.objects.filter(
                Q(work_process__title__regex=pattern)
                | Q(work_process__code__regex=f"(^|-){pattern}(-|$)"),
                requirement=OuterRef("pk"),
            )
            found = found.filter(
                Q(wording__text__regex=pattern) | Q(text__regex=pattern) | Exists(under)
            )
        return found

    def with_words(self) -> Self:
        """Read the requirements with the wording from which their `words` come."""
        return self.select_related("wording")


class QualityRequirement(Row, Part):
    """What good work looks like; feedback attaches here. It stands under one or more work
    processes and counts once."""

    part_of = "qualification"

    qualification = models.ForeignKey(
        Qualification, on_delete=models.PROTECT, related_name="requirements"
    )
    text = models.TextField(_("official line"))
    wording = models.OneToOneField(
        "Wording", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    work_processes: models.ManyToManyField = models.ManyToManyField(
        WorkProcess, through="Place", related_name="requirements"
    )

    objects = QualityRequirementQuerySet.as_manager()

    def __str__(self) -> str:
        return self.words

    @property
    def plain(self) -> str:
        """The plain wording of now; empty where there is none, or none any more."""
        return self.wording.text if self.wording else ""

    @property
    def words(self) -> str:
        """The plain wording where there is one, else the official line. Read the requirement
        `with_words`: else this is a query."""
        return self.plain or self.text


class Wording(Version, Part):
    """A requirement in plain words (B1), which students and outsiders see first. A version
    without a text says that from then on there is none."""

    version_of = "requirement"
    part_of = "requirement"
    deletable = True  # with its requirement, when a draft's lines are merged

    requirement = models.ForeignKey(
        QualityRequirement, on_delete=models.CASCADE, related_name="wordings"
    )
    text = models.TextField(_("in plain words"), blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["requirement", "number"], name="a_wording_has_its_own_number"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Place(Row, Part):
    """Where a requirement stands: its line under one work process."""

    part_of = "work_process"

    requirement = models.ForeignKey(
        QualityRequirement, on_delete=models.CASCADE, related_name="places"
    )
    work_process = models.ForeignKey(WorkProcess, on_delete=models.PROTECT, related_name="places")
    order = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["work_process__core_task__order", "work_process__order", "order"]
        constraints = [
            models.UniqueConstraint(
                fields=["work_process", "order"],
                name="a_line_has_its_own_place_under_a_work_process",
            ),
            models.UniqueConstraint(
                fields=["work_process", "requirement"],
                name="a_requirement_stands_once_under_a_work_process",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_process.code}.{self.order}"
