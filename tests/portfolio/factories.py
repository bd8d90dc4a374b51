"""One factory a model, with dull defaults; and a student's portfolio with some of everything."""

from dataclasses import dataclass
from datetime import date

import factory
from factory.django import DjangoModelFactory

from people.models import Account, InstitutionRole
from portfolio.models import Acknowledgement, Agreement, CheckIn, Light, SetAside
from programmes.models import AdviserAssignment, Enrolment, Guideline, ProgrammeRole, Unit
from qualifications.models import CoreTask, Place, QualityRequirement, WorkProcess
from tests.evidence.factories import EvidenceFactory
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    CoreTaskFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    PeriodFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    RowFactory,
    UnitFactory,
    UnitPartFactory,
    WorkProcessFactory,
)


class CheckInFactory(RowFactory[CheckIn]):
    """Held by the enrolment's adviser."""

    class Meta:
        model = CheckIn

    enrolment = factory.SubFactory(EnrolmentFactory)
    by = factory.LazyAttribute(lambda check_in: check_in.enrolment.adviser)
    held_on = date(2026, 10, 1)
    light = Light.AMBER
    summary = "Show more of how you work together."
    recorded_at = LONG_AGO


class AgreementFactory(DjangoModelFactory[Agreement]):
    class Meta:
        model = Agreement

    class Params:
        done = factory.Trait(done_at=LONG_AGO)

    check_in = factory.SubFactory(CheckInFactory)
    text = factory.Sequence(lambda n: f"Ask a client for feedback ({n})")
    due_on = date(2026, 10, 15)
    recorded_at = LONG_AGO


class AcknowledgementFactory(DjangoModelFactory[Acknowledgement]):
    class Meta:
        model = Acknowledgement

    class Params:
        refusing = factory.Trait(refused=True, note="I asked three times.")

    check_in = factory.SubFactory(CheckInFactory)
    recorded_at = LONG_AGO


class SetAsideFactory(RowFactory[SetAside]):
    class Meta:
        model = SetAside

    enrolment = factory.SubFactory(EnrolmentFactory)
    unit = factory.SubFactory(UnitFactory, programme=factory.SelfAttribute("..enrolment.programme"))
    evidence = factory.SubFactory(
        EvidenceFactory, owner=factory.SelfAttribute("..enrolment.student")
    )
    reason = "Somebody else did most of it."
    recorded_at = LONG_AGO


class GuidelineFactory(DjangoModelFactory[Guideline]):
    """Give what it is on: `core_task`, `work_process` or `requirement`."""

    class Meta:
        model = Guideline

    programme = factory.SubFactory(ProgrammeFactory)
    pieces = 3
    people = 2
    recorded_at = LONG_AGO


@dataclass(frozen=True, slots=True)
class Scene:
    """Core task B1-K1 holds B1-K1-W1, with the lines `a` and `both`, and B1-K1-W2, with `both` and
    `c`; B1-K2 holds B1-K2-W1, with `d`. The unit is about B1-K1. Two periods: September to
    November 2026, and December to February."""

    enrolment: Enrolment
    core_tasks: list[CoreTask]
    work_processes: list[WorkProcess]
    a: QualityRequirement
    both: QualityRequirement
    c: QualityRequirement
    d: QualityRequirement
    unit: Unit

    @property
    def student(self) -> Account:
        return self.enrolment.student.account

    @property
    def adviser(self) -> Account:
        assert self.enrolment.adviser is not None
        return self.enrolment.adviser

    def another(self) -> Enrolment:
        """One more student in the programme."""
        return EnrolmentFactory(programme=self.enrolment.programme)


def scene() -> Scene:
    programme = ProgrammeFactory()
    tasks = [
        CoreTaskFactory(qualification=programme.qualification, order=order) for order in (1, 2)
    ]
    processes = [
        WorkProcessFactory(core_task=task, order=order)
        for task, order in ((tasks[0], 1), (tasks[0], 2), (tasks[1], 1))
    ]
    a = RequirementFactory(under=processes[0], text="plans the work", plain="You make a plan.")
    both = RequirementFactory(under=processes[0], text="confers in good time")
    Place.objects.create(requirement=both, work_process=processes[1], order=1)
    c = RequirementFactory(under=processes[1], text="delivers what was agreed")
    d = RequirementFactory(under=processes[2], text="receives feedback")
    first, second = date(2026, 9, 1), date(2026, 12, 1)
    PeriodFactory(programme=programme, name="Autumn", starts_on=first, ends_on=date(2026, 11, 30))
    PeriodFactory(programme=programme, name="Winter", starts_on=second, ends_on=date(2027, 2, 28))
    unit = UnitFactory(programme=programme, title="Doing the work")
    UnitPartFactory(unit=unit, core_task=tasks[0])
    enrolment = EnrolmentFactory(
        programme=programme,
        student__language="en",
        adviser_is=AccountFactory(name="Ada Adviser", language="en"),
    )
    return Scene(enrolment, tasks, processes, a, both, c, d, unit)


def people_around(place: Scene) -> dict[str, Account | None]:
    """Everybody who could want to see a portfolio or do something in it, by what they are to it;
    None is who is not signed in."""
    programme = place.enrolment.programme
    former = AdviserAssignment.objects.create(
        enrolment=place.enrolment,
        adviser=AccountFactory().person,
        recorded_at=LONG_AGO,
        ended_at=LONG_AGO,
    )
    return {
        "student": place.student,
        "other student": place.another().student,
        "adviser": place.adviser,
        "former adviser": former.adviser.account,
        "teacher": ProgrammeRoleFactory(
            programme=programme, role=ProgrammeRole.Role.TEACHER
        ).person.account,
        "former teacher": ProgrammeRoleFactory(
            programme=programme, role=ProgrammeRole.Role.TEACHER, ended_at=LONG_AGO
        ).person.account,
        "coordinator": ProgrammeRoleFactory(programme=programme).person.account,
        "auditor": InstitutionRoleFactory(role=InstitutionRole.Role.AUDITOR).person.account,
        "anonymous": None,
    }
