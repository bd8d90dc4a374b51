"""A programme with one of everything."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.apps import apps
from django.db import transaction

from programmes.models import (
    Enrolment,
    Guideline,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Unit,
)
from qualifications.models import CoreTask, QualityRequirement, WorkProcess
from records.models import Event
from tests.factories import (
    LONG_AGO,
    CoreTaskFactory,
    EnrolmentFactory,
    PeriodFactory,
    PlacementFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    SupervisorFactory,
    UnitFactory,
    UnitPartFactory,
    WorkProcessFactory,
)

# In the first period of every programme here.
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """Core task B1-K1 holds B1-K1-W1 and B1-K1-W2; B1-K2 holds B1-K2-W1. Each work process has one
    requirement. The unit is about B1-K1-W1, the guideline on B1-K1. The student has a teacher for
    an adviser, a placement and a supervisor."""

    programme: Programme
    core_tasks: list[CoreTask]
    work_processes: list[WorkProcess]
    requirements: list[QualityRequirement]
    period: Period
    unit: Unit
    guideline: Guideline
    teacher: ProgrammeRole
    enrolment: Enrolment
    placement: Placement
    supervisor: Supervisor

    def verbs(self, of: Enrolment | None = None) -> list[str]:
        """What is written in the programme's chain, or in that of this enrolment's student, but
        that people became known."""
        chain = Event.objects.filter(chain__key=of.chain if of else self.programme.chain)
        events = chain.exclude(verb="person.added").order_by("number")
        return list(events.values_list("verb", flat=True))

    def facts(self) -> dict[str, object]:
        """Those of the last event in the programme's chain."""
        event = Event.objects.filter(chain__key=self.programme.chain).latest("number")
        return event.statement["facts"]

    def put_on_an_agenda(self) -> None:
        """A committee has the unit on its agenda for the student."""
        mandate = apps.get_model("committees.Mandate")(
            text="All decisions on units.",
            procedure="Each judges alone.",
            given_on=date(2026, 9, 1),
            recorded_at=LONG_AGO,
        )
        with transaction.atomic():  # they name each other
            committee = apps.get_model("committees.Committee").objects.create(
                programme=self.programme, name="Committee", mandate=mandate, recorded_at=LONG_AGO
            )
            mandate.committee = committee
            mandate.save(force_insert=True)
        meeting = apps.get_model("committees.Meeting").objects.create(
            committee=committee, held_at=NOW, reference_at=NOW, recorded_at=LONG_AGO
        )
        apps.get_model("committees.Case").objects.create(
            meeting=meeting, enrolment=self.enrolment, unit=self.unit, recorded_at=LONG_AGO
        )


def scene() -> Scene:
    programme = ProgrammeFactory()
    tasks = [
        CoreTaskFactory(qualification=programme.qualification, order=order, title=f"Task {order}")
        for order in (1, 2)
    ]
    processes = [
        WorkProcessFactory(core_task=tasks[task], order=order, title=f"Step {order}")
        for task, order in ((0, 1), (0, 2), (1, 1))
    ]
    period = PeriodFactory(programme=programme, name="Period 1")
    unit = UnitFactory(programme=programme, title="Basics")
    UnitPartFactory(unit=unit, work_process=processes[0])
    teacher = ProgrammeRoleFactory(programme=programme, role=ProgrammeRole.Role.TEACHER)
    enrolment = EnrolmentFactory(programme=programme, adviser_is=teacher.person.account)
    placement = PlacementFactory(enrolment=enrolment)
    return Scene(
        programme=programme,
        core_tasks=tasks,
        work_processes=processes,
        requirements=[RequirementFactory(under=process) for process in processes],
        period=period,
        unit=unit,
        guideline=Guideline.objects.create(
            programme=programme, core_task=tasks[0], pieces=3, recorded_at=LONG_AGO
        ),
        teacher=teacher,
        enrolment=enrolment,
        placement=placement,
        supervisor=SupervisorFactory(placement=placement),
    )
