"""Who learns what, how: programmes with their periods, units of decision and house rules;
enrolments with their tracks, advisers and placements."""

from datetime import date
from typing import Any, Self, cast
from uuid import UUID

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.models import Account, Address, InstitutionRole, Person
from qualifications.models import CoreTask, Place, Qualification, QualityRequirement, WorkProcess
from records.models import Dated, DatedQuerySet, Event, Part, Row, Sealed, Version
from records.resting import is_kept

# The roles in the institution that may read how every programme is set up.
SUPERVISING = (InstitutionRole.Role.AUDITOR, InstitutionRole.Role.EXAM_BOARD)


def _coordinates(user: Account) -> Exists:
    return Exists(
        ProgrammeRole.objects.current().filter(
            programme=OuterRef("pk"), person=user.pk, role=ProgrammeRole.Role.COORDINATOR
        )
    )


class ProgrammeQuerySet(models.QuerySet):
    def coordinated_by(self, user: Account) -> Self:
        """Find the programmes this person now coordinates. No query of its own."""
        return self.filter(_coordinates(user))

    def visible_to(self, user: Account) -> Self:
        """Find the programmes whose set-up this person may see: those they now coordinate, and for
        auditor and exam board all that were opened. No query of its own."""
        supervises = InstitutionRole.objects.current().filter(person=user.pk, role__in=SUPERVISING)
        opened = Q(state__in=Programme.OPENED)
        return self.filter(_coordinates(user) | Exists(supervises) & opened)

    def worked_on(self) -> Self:
        """Find the programmes that are set up or under way: those that are not archived."""
        return self.filter(state__in=(Programme.State.DRAFT, Programme.State.OPEN))

    def for_page(self) -> Self:
        """Read the programmes with their qualification and house rules."""
        return self.select_related("qualification", "rules")

    def for_list(self, on: date) -> Self:
        """Read the programmes with their qualification, and as `student_count` how many are
        enrolled on this day."""
        enrolled = Q(enrolments__ends_on__isnull=True) | Q(enrolments__ends_on__gte=on)
        counted = Count("enrolments", filter=enrolled)
        return self.select_related("qualification").annotate(student_count=counted)


class Programme(Row, Sealed):
    """A team's offering to a cohort. What holds in it stands in its house rules. A draft is seen
    by its coordinators only; of what is archived nothing is set up any more."""

    home = ("programme", "pk")

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("programme", "draft")
        OPEN = "open", pgettext_lazy("programme", "open")
        ARCHIVED = "archived", pgettext_lazy("programme", "archived")

    TRANSITIONS = {
        State.DRAFT: (State.OPEN,),
        State.OPEN: (State.ARCHIVED,),
        State.ARCHIVED: (State.OPEN,),
    }
    OPENED = (State.OPEN, State.ARCHIVED)  # known to more than its coordinators

    title = models.CharField(_("title"), max_length=200)
    cohort = models.CharField(_("cohort"), max_length=40, help_text=_("For example 2026-2029."))
    qualification = models.ForeignKey(
        Qualification,
        on_delete=models.PROTECT,
        related_name="programmes",
        verbose_name=_("qualification"),
    )
    rules = models.OneToOneField("HouseRules", on_delete=models.RESTRICT, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    recorded_at = models.DateTimeField(_("recorded on"))

    objects = ProgrammeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("programme"), _("programmes")
        ordering = ["title", "cohort"]
        constraints = [
            models.UniqueConstraint(
                fields=["title", "cohort"],
                condition=Q(state__in=("draft", "open")),
                name="a_programme_has_one_row_a_cohort",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.cohort}"

    def get_absolute_url(self) -> str:
        """Return the address of its set-up page, for its coordinators."""
        return reverse("programmes:programme", args=[self.pk])

    def core_tasks(self, *, with_requirements: bool = False) -> models.QuerySet[CoreTask]:
        """Find the core tasks of its qualification, with their work processes (two queries) and,
        where asked, with `places` and their `requirement` in words (three)."""
        paths: list[str | Prefetch] = ["work_processes"]
        if with_requirements:
            places = Place.objects.select_related("requirement__wording")
            paths.append(Prefetch("work_processes__places", places))
        return self.qualification.core_tasks.prefetch_related(*paths)

    def target(self, pk: UUID) -> CoreTask | WorkProcess | QualityRequirement | None:
        """Find the core task, work process or requirement of its qualification with this id. At
        most three queries."""
        return (
            CoreTask.objects.filter(qualification=self.qualification_id, pk=pk).first()
            or WorkProcess.objects.filter(
                core_task__qualification=self.qualification_id, pk=pk
            ).first()
            or QualityRequirement.objects.filter(qualification=self.qualification_id, pk=pk)
            .with_words()
            .first()
        )

    def current_guidelines(self) -> "models.QuerySet[Guideline]":
        """List the guidelines of now with what they are on, oldest first. One query."""
        return self.guidelines.current().select_related(
            "core_task", "work_process", "requirement__wording"
        )

    def current_roles(self) -> "models.QuerySet[ProgrammeRole]":
        """List the roles of now with their people, coordinators first, by name. One query."""
        return (
            self.roles.current().select_related("person__account").order_by("role", "person__name")
        )

    def possible_advisers(self) -> models.QuerySet[Person]:
        """List those who now teach in this programme or advise one of its students, by name. One
        query."""
        teaches = ProgrammeRole.objects.current().filter(
            programme=self, person=OuterRef("pk"), role=ProgrammeRole.Role.TEACHER
        )
        advises = AdviserAssignment.objects.current().filter(
            enrolment__programme=self, adviser=OuterRef("pk")
        )
        people = Person.objects.filter(Exists(teaches) | Exists(advises))
        return people.filter(account__is_active=True).order_by("name")


class DaysField(models.JSONField):
    """Days (dates), in order; kept as text, as JSON knows no dates."""

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(sorted(day.isoformat() for day in value))

    def from_db_value(self, value: Any, *args: Any) -> list[date]:
        return [date.fromisoformat(day) for day in super().from_db_value(value, *args)]


class HouseRules(Version, Sealed):
    """What holds in a programme from a moment on. The current ones are `Programme.rules`."""

    class Sector(models.TextChoices):
        """Decides before whom, and how long, a student can contest a decision. (domain rule 23)"""

        MBO = "mbo", _("secondary vocational education (mbo)")
        HBO = "hbo", _("higher professional education (hbo)")

    home = ("programme", "programme_id")
    version_of = "programme"
    deletable = True  # with its programme, while that is a draft

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="house_rules")
    check_ins_per_period = models.PositiveSmallIntegerField(
        _("check-ins per period"),
        default=2,
        validators=[MaxValueValidator(10)],
        help_text=_("A guideline; usual is once or twice."),
    )
    with_light = models.BooleanField(_("check-ins with a traffic light"), default=True)
    link_days = models.PositiveSmallIntegerField(
        _("days that a link to give feedback works"),
        default=28,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )
    committee_sees_check_ins = models.BooleanField(
        _("the committee sees lights and summaries of check-ins"), default=False
    )
    givers_may_judge = models.BooleanField(
        _("a committee member who gave feedback may judge, disclosed"), default=True
    )
    notice_working_days = models.PositiveSmallIntegerField(
        _("working days between telling a student and freezing the set"),
        default=5,
        validators=[MaxValueValidator(30)],
        help_text=_("So that the student can still complete the set. Monday to Friday count."),
    )
    closed_days = DaysField(default=list, blank=True)
    sector = models.CharField(_("sector"), max_length=3, choices=Sector.choices, default=Sector.MBO)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "number"], name="house_rules_have_their_own_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.number}"


class Period(Dated, Sealed):
    """A part of the year, by the date of the act."""

    home = ("programme", "programme_id")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="periods")
    name = models.CharField(_("name"), max_length=60)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_period_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=["programme", "name"],
                condition=Q(ended_at__isnull=True),
                name="a_period_name_is_unique_in_its_programme",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def standing(self) -> "Period":
        """Find the row that stands in the place of this one, through all changes; the last of them,
        where it was removed. Two queries for each change."""
        if self.ended_at is None:
            return self
        changed = Event.objects.filter(
            chain__key=self.chain,
            verb="period.changed",
            statement__facts__replaces=str(self.pk),
        ).first()
        if changed is None:
            return self
        return Period.objects.get(pk=changed.statement["facts"]["period"]).standing()


class UnitQuerySet(models.QuerySet):
    def with_use(self) -> Self:
        """Read the units with `is_used`: whether anything rests on one that keeps it as it is."""
        return self.annotate(is_used=is_kept(Unit))

    def for_list(self) -> Self:
        """Read the units `with_use`, and with their current `parts` and what these point at. Two
        queries."""
        parts = UnitPart.objects.current().select_related("core_task", "work_process")
        return self.with_use().prefetch_related(Prefetch("parts", parts))


class Unit(Row, Sealed):
    """What a decision is about: a set of core tasks or work processes. Once a decision rests on
    it, its parts stand. It is stated with them."""

    home = ("programme", "programme_id")

    class Purpose(models.TextChoices):
        PHASE = "phase", _("end of a phase")
        QUALIFYING = "qualifying", _("qualifying")

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="units", verbose_name=_("programme")
    )
    title = models.CharField(_("title"), max_length=200)
    purpose = models.CharField(
        _("purpose"), max_length=12, choices=Purpose.choices, default=Purpose.QUALIFYING
    )

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("unit"), _("units")
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "title"], name="a_unit_title_is_unique_in_its_programme"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def requirements(self) -> models.QuerySet[QualityRequirement]:
        """Find the requirements under its parts, each once, in no particular order. One query."""
        parts = self.parts.current()
        under = Place.objects.filter(
            Q(work_process__in=parts.values("work_process"))
            | Q(work_process__core_task__in=parts.values("core_task")),
            requirement=OuterRef("pk"),
        )
        return QualityRequirement.objects.filter(Exists(under))


class Target(models.Model):
    """A core task or a work process: what a part of a unit points at."""

    core_task = models.ForeignKey(
        CoreTask, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    work_process = models.ForeignKey(
        WorkProcess, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        abstract = True


class UnitPart(Dated, Target, Part):
    """A part of a unit: a decision has one finding for each. In the order of the qualification."""

    part_of = "unit"

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="parts")

    class Meta:
        ordering = [
            Coalesce("core_task__order", "work_process__core_task__order"),
            F("work_process__order").asc(nulls_first=True),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(core_task__isnull=True) ^ Q(work_process__isnull=True),
                name="a_part_is_a_core_task_or_a_work_process",
            ),
            models.UniqueConstraint(
                fields=["unit", "core_task"],
                condition=Q(ended_at__isnull=True),
                name="a_core_task_is_in_a_unit_once",
            ),
            models.UniqueConstraint(
                fields=["unit", "work_process"],
                condition=Q(ended_at__isnull=True),
                name="a_work_process_is_in_a_unit_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)

    @property
    def target(self) -> CoreTask | WorkProcess:
        return self.core_task or cast(WorkProcess, self.work_process)


class Guideline(Dated, Target, Sealed):
    """How much would make a rich picture of a core task, a work process or a chosen requirement.
    It guides and never gates: where it is not met, the coverage says so and blocks nothing."""

    home = ("programme", "programme_id")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="guidelines")
    requirement = models.ForeignKey(
        QualityRequirement, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pieces = models.PositiveSmallIntegerField(_("pieces of evidence"), default=0)
    people = models.PositiveSmallIntegerField(_("different people"), default=0)
    roles = models.PositiveSmallIntegerField(_("different roles"), default=0)

    class Meta:
        ordering = ["recorded_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    core_task__isnull=False, work_process__isnull=True, requirement__isnull=True
                )
                | Q(core_task__isnull=True, work_process__isnull=False, requirement__isnull=True)
                | Q(core_task__isnull=True, work_process__isnull=True, requirement__isnull=False),
                name="a_guideline_is_on_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(pieces__gt=0) | Q(people__gt=0) | Q(roles__gt=0),
                name="a_guideline_asks_something",
            ),
            *(
                models.UniqueConstraint(
                    fields=["programme", target],
                    condition=Q(ended_at__isnull=True),
                    name=f"a_{target}_has_one_guideline_in_a_programme",
                )
                for target in ("core_task", "work_process", "requirement")
            ),
        ]

    def __str__(self) -> str:
        return str(self.target)

    @property
    def target(self) -> CoreTask | WorkProcess | QualityRequirement:
        return self.core_task or self.work_process or cast(QualityRequirement, self.requirement)


class ProgrammeRole(Dated, Sealed):
    """A role in a programme, with its dates."""

    home = ("programme", "programme_id")

    class Role(models.TextChoices):
        COORDINATOR = "coordinator", _("coordinator")
        TEACHER = "teacher", _("teacher")

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="roles", verbose_name=_("programme")
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="programme_roles",
        verbose_name=pgettext_lazy("somebody", "person"),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        verbose_name, verbose_name_plural = _("role in a programme"), _("roles in programmes")
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "person", "role"],
                condition=Q(ended_at__isnull=True),
                name="a_person_has_a_role_in_a_programme_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"


def _advises(person: UUID) -> Exists:
    advises = AdviserAssignment.objects.current()
    return Exists(advises.filter(enrolment=OuterRef("pk"), adviser=person))


class EnrolmentQuerySet(models.QuerySet):
    def current(self, on: date) -> Self:
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on))

    def advised_by(self, user: Account) -> Self:
        # By their ids: asked of each enrolment there is, SQLite goes through them all.
        advises = AdviserAssignment.objects.current().filter(adviser=user.pk)
        return self.filter(pk__in=advises.values("enrolment"))

    def portfolio_visible_to(self, user: Account) -> Self:
        """Find the enrolments whose set of evidence this person may see: the student's own, those
        they now advise, and those of programmes in which they now teach, until they are over."""
        return self.portfolio_visible_on(timezone.localdate(), user.pk)

    def portfolio_visible_on(self, day: date, person: UUID) -> Self:
        """Find what `portfolio_visible_to` finds, as it is on this day: for queries that are
        prepared."""
        teaches = ProgrammeRole.objects.current().filter(
            programme=OuterRef("programme"), person=person, role=ProgrammeRole.Role.TEACHER
        )
        over = Q(ends_on__lt=day)
        return self.filter(Q(student=person) | (_advises(person) | Exists(teaches)) & ~over)

    def managed_by(self, user: Account) -> Self:
        """Find the enrolments of programmes that this person now coordinates."""
        coordinates = ProgrammeRole.objects.current().filter(
            programme=OuterRef("programme"), person=user.pk, role=ProgrammeRole.Role.COORDINATOR
        )
        return self.filter(Exists(coordinates))

    def for_list(self) -> Self:
        """Read the enrolments with the student, the programme with its qualification, and all
        advisers (see `Enrolment.adviser`). Two queries."""
        advisers = AdviserAssignment.objects.select_related("adviser__account")
        return self.select_related("student__account", "programme__qualification").prefetch_related(
            Prefetch("adviser_assignments", advisers)
        )

    def for_setup(self) -> Self:
        """Read the enrolments as `for_list`, and with the current tracks, and the placements with
        their current supervisors. Five queries."""
        tracks = Track.objects.current().select_related("qualification")
        supervisors = Supervisor.objects.current().with_address()
        return self.for_list().prefetch_related(
            Prefetch("tracks", tracks),
            "placements",
            Prefetch("placements__supervisors", supervisors),
        )

    def named(self, words: str) -> Self:
        """Find the enrolments of which each of these words stands in the name of the student or of
        the adviser of now."""
        found = self
        for word in words.split():
            advised = AdviserAssignment.objects.current().filter(enrolment=OuterRef("pk"))
            advised = advised.filter(adviser__name__icontains=word)
            found = found.filter(Q(student__name__icontains=word) | Exists(advised))
        return found

    def by_adviser(self) -> Self:
        """Put the enrolments in the order of their advisers of now, those without one first, and of
        the names of the students."""
        advised = AdviserAssignment.objects.current().filter(enrolment=OuterRef("pk"))
        name = Subquery(advised.values("adviser__name")[:1])
        nobody_first = F("adviser_name").asc(nulls_first=True)
        return self.alias(adviser_name=name).order_by(nobody_first, "student__name", "pk")


class Enrolment(Row, Sealed):
    """A student in a programme."""

    home = ("person", "student_id")

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="enrolments", verbose_name=_("programme")
    )
    student = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        related_name="enrolments",
        verbose_name=_("student"),
    )
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded on"))

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("enrolment"), _("enrolments")
        ordering = ["student__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "student"], name="a_student_is_in_a_programme_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="an_enrolment_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student}, {self.programme}"

    def get_absolute_url(self) -> str:
        """Return the address of its set-up page, for the programme's coordinators."""
        return reverse("programmes:enrolment", args=[self.pk])

    @property
    def adviser(self) -> "Person | None":
        """The adviser of now; prefetch `adviser_assignments` for lists."""
        for assignment in self.adviser_assignments.all():
            if assignment.ended_at is None:
                return assignment.adviser
        return None

    def is_over(self, on: date) -> bool:
        return self.ends_on is not None and self.ends_on < on

    def requirements(self) -> models.QuerySet[QualityRequirement]:
        """Find the requirements of the tracks it now follows, in no particular order. One query."""
        return QualityRequirement.objects.filter(
            qualification__in=self.tracks.current().values("qualification")
        )

    def current_supervisors(self, on: date) -> "models.QuerySet[Supervisor]":
        """List the supervisors of the placements of this day, by name: whom to ask. One query."""
        return (
            Supervisor.objects.current()
            .filter(
                placement__enrolment=self,
                placement__starts_on__lte=on,
                placement__ends_on__gte=on,
            )
            .select_related("placement", "person")
            .order_by("person__name")
        )


class Track(Dated, Sealed):
    """What an enrolment works towards: a qualification's edition, or an elective. A switch closes
    one and opens another; the evidence stays."""

    home = ("person", "enrolment.student_id")

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="tracks")
    qualification = models.ForeignKey(
        Qualification, on_delete=models.PROTECT, related_name="tracks"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "qualification"],
                condition=Q(ended_at__isnull=True),
                name="an_enrolment_follows_a_qualification_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.qualification)


class AdviserAssignment(Dated, Sealed):
    """Who advises a student, with the dates."""

    home = ("person", "enrolment.student_id")

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="adviser_assignments"
    )
    adviser = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="adviser_assignments"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=Q(ended_at__isnull=True),
                name="an_enrolment_has_one_adviser_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.adviser)


class Placement(Row, Sealed):
    """A student at a workplace for a time."""

    home = ("person", "enrolment.student_id")

    enrolment = models.ForeignKey(
        Enrolment, on_delete=models.PROTECT, related_name="placements", verbose_name=_("enrolment")
    )
    workplace = models.CharField(_("workplace"), max_length=200)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    recorded_at = models.DateTimeField(_("recorded on"))

    class Meta:
        verbose_name, verbose_name_plural = _("placement"), _("placements")
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_placement_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return self.workplace


class SupervisorQuerySet(DatedQuerySet):
    def with_address(self) -> Self:
        """Read the supervisors with the person, and `address`, where mail for them goes."""
        receives = Address.objects.current().filter(person=OuterRef("person"), receives=True)
        return self.select_related("person").annotate(address=receives.values("address")[:1])


class Supervisor(Dated, Sealed):
    """A workplace supervisor at a placement; no account is needed."""

    home = ("person", "placement.enrolment.student_id")

    placement = models.ForeignKey(Placement, on_delete=models.PROTECT, related_name="supervisors")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="supervising")

    objects = SupervisorQuerySet.as_manager()  # type: ignore[misc]  # not the one of Dated

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["placement", "person"],
                condition=Q(ended_at__isnull=True),
                name="a_supervisor_is_at_a_placement_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)
