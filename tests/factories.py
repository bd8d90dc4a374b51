"""One factory a model, with dull defaults; traits have the names of what they make."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar

import factory
from django.db import transaction
from django.db.models import Model
from factory.django import DjangoModelFactory

from people.models import Account, Address, InstitutionRole, Person
from programmes import actions
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    HouseRules,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Track,
    Unit,
    UnitPart,
)
from qualifications.models import (
    CoreTask,
    Place,
    Qualification,
    QualityRequirement,
    Wording,
    WorkProcess,
)

LONG_AGO = datetime(2026, 9, 1, 8, tzinfo=UTC)


Made = TypeVar("Made", bound=Model)


class RowFactory(DjangoModelFactory[Made]):
    """Where a row names a person, an account stands for its person."""

    class Meta:
        abstract = True

    @classmethod
    def _adjust_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        fields = {field.name: field for field in cls._meta.model._meta.get_fields()}
        return {
            name: value.person
            if isinstance(value, Account) and fields[name].related_model is Person
            else value
            for name, value in kwargs.items()
        }


class PersonFactory(DjangoModelFactory[Person]):
    """Somebody without an account, named by the school; with an `address`, where one is given."""

    class Meta:
        model = Person
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Somebody {n}")
    recorded_at = LONG_AGO
    named_at = LONG_AGO

    @factory.post_generation
    def address(self: Person, create: bool, extracted: str | None, **kwargs: object) -> None:
        if extracted:
            Address.objects.create(
                person=self,
                address=extracted,
                source=Address.Source.SCHOOL,
                recorded_at=LONG_AGO,
            )


class AccountFactory(DjangoModelFactory[Account]):
    """Somebody who can sign in, with their person."""

    class Meta:
        model = Account
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    sign_in = factory.Sequence(lambda n: f"person{n}@school.example")

    @classmethod
    def _create(cls, model_class: type[Account], *args: object, **kwargs: object) -> Account:
        return Account.objects.create_user(*args, **kwargs)  # type: ignore[arg-type]  # of the factory


class InstitutionRoleFactory(RowFactory[InstitutionRole]):
    class Meta:
        model = InstitutionRole

    person = factory.SubFactory(AccountFactory)
    role = InstitutionRole.Role.CURRICULUM
    recorded_at = LONG_AGO


class QualificationFactory(DjangoModelFactory[Qualification]):
    """Published, and empty: see `WorkProcessFactory` and `RequirementFactory`."""

    class Meta:
        model = Qualification

    class Params:
        draft = factory.Trait(status="draft", published_at=None)

    code = factory.Sequence(lambda n: f"{25000 + n}")
    title = "Example worker"
    level = "4"
    edition = date(2026, 8, 1)
    status = "published"
    recorded_at = LONG_AGO
    published_at = LONG_AGO


class CoreTaskFactory(DjangoModelFactory[CoreTask]):
    class Meta:
        model = CoreTask

    qualification = factory.SubFactory(QualificationFactory)
    order = factory.Sequence(lambda n: n + 1)
    code = factory.LazyAttribute(lambda task: f"B1-K{task.order}")
    title = "Does the work"


class WorkProcessFactory(DjangoModelFactory[WorkProcess]):
    class Meta:
        model = WorkProcess

    core_task = factory.SubFactory(CoreTaskFactory)
    order = factory.Sequence(lambda n: n + 1)
    code = factory.LazyAttribute(lambda process: f"{process.core_task.code}-W{process.order}")
    title = "Prepares the work"


class RequirementFactory(DjangoModelFactory[QualityRequirement]):
    """A requirement with its place under one work process (`under`), perhaps worded `plain`."""

    class Meta:
        model = QualityRequirement
        skip_postgeneration_save = True

    under = factory.SubFactory(WorkProcessFactory)
    qualification = factory.LazyAttribute(lambda line: line.under.core_task.qualification)
    text = factory.Sequence(lambda n: f"works carefully ({n})")

    @classmethod
    def _create(
        cls, model_class: type[QualityRequirement], *args: object, **kwargs: object
    ) -> QualityRequirement:
        under = kwargs.pop("under")
        assert isinstance(under, WorkProcess)
        plain = kwargs.pop("plain", "")
        line = super()._create(model_class, *args, **kwargs)
        if plain:
            line.wording = Wording.objects.create(
                requirement=line, text=plain, recorded_at=LONG_AGO
            )
            line.save()
        order = under.places.count() + 1
        Place.objects.create(requirement=line, work_process=under, order=order)
        return line


class ProgrammeFactory(DjangoModelFactory[Programme]):
    """With the usual house rules, or those of `rules`."""

    class Meta:
        model = Programme

    title = "Example programme"
    cohort = factory.Sequence(lambda n: f"{2026 + n}")
    qualification = factory.SubFactory(QualificationFactory)
    rules = factory.Dict({})
    recorded_at = LONG_AGO

    @classmethod
    def _create(cls, model_class: type[Programme], *args: object, **kwargs: Any) -> Programme:
        rules = HouseRules(recorded_at=LONG_AGO, **kwargs.pop("rules"))
        with transaction.atomic():  # they name each other
            programme = super()._create(model_class, *args, rules=rules, **kwargs)
            rules.programme = programme
            rules.save(force_insert=True)
        return programme


def set_rules(programme: Programme, at: datetime = LONG_AGO, **values: Any) -> None:
    """Other house rules, from the beginning or from this moment."""
    title, cohort = programme.title, programme.cohort
    actions.change_programme(
        programme=programme, title=title, cohort=cohort, by=None, at=at, **values
    )
    programme.refresh_from_db()


class PeriodFactory(DjangoModelFactory[Period]):
    class Meta:
        model = Period

    programme = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Period {n}")
    starts_on = date(2026, 9, 1)
    ends_on = date(2026, 11, 30)
    recorded_at = LONG_AGO


class UnitFactory(DjangoModelFactory[Unit]):
    class Meta:
        model = Unit

    programme = factory.SubFactory(ProgrammeFactory)
    title = factory.Sequence(lambda n: f"Unit {n}")


class UnitPartFactory(DjangoModelFactory[UnitPart]):
    class Meta:
        model = UnitPart

    unit = factory.SubFactory(UnitFactory)
    recorded_at = LONG_AGO


class ProgrammeRoleFactory(RowFactory[ProgrammeRole]):
    class Meta:
        model = ProgrammeRole

    programme = factory.SubFactory(ProgrammeFactory)
    person = factory.SubFactory(AccountFactory)
    role = ProgrammeRole.Role.COORDINATOR
    recorded_at = LONG_AGO


class EnrolmentFactory(RowFactory[Enrolment]):
    """A student who follows the programme's qualification, advised by `adviser_is`."""

    class Meta:
        model = Enrolment
        skip_postgeneration_save = True

    programme = factory.SubFactory(ProgrammeFactory)
    student = factory.SubFactory(AccountFactory)
    starts_on = date(2026, 9, 1)
    recorded_at = LONG_AGO

    @factory.post_generation
    def track(self: Enrolment, create: bool, extracted: object, **kwargs: object) -> None:
        Track.objects.create(
            enrolment=self, qualification=self.programme.qualification, recorded_at=LONG_AGO
        )

    @factory.post_generation
    def adviser_is(
        self: Enrolment, create: bool, extracted: Account | None, **kwargs: object
    ) -> None:
        AdviserAssignment.objects.create(
            enrolment=self, adviser_id=(extracted or AccountFactory()).pk, recorded_at=LONG_AGO
        )


class PlacementFactory(DjangoModelFactory[Placement]):
    class Meta:
        model = Placement

    enrolment = factory.SubFactory(EnrolmentFactory)
    workplace = "Example workplace"
    starts_on = date(2026, 9, 1)
    ends_on = date(2027, 1, 31)
    recorded_at = LONG_AGO


class SupervisorFactory(RowFactory[Supervisor]):
    class Meta:
        model = Supervisor

    placement = factory.SubFactory(PlacementFactory)
    person = factory.SubFactory(
        PersonFactory,
        name=factory.Sequence(lambda n: f"Supervisor {n}"),
        address=factory.Sequence(lambda n: f"supervisor{n}@workplace.example"),
    )
    recorded_at = LONG_AGO
