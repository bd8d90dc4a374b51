"""A student with an adviser and a teacher, and a piece that is laid against some requirements."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import reverse

from evidence.asking import Asked
from evidence.models import Evidence, FeedbackRequest, GiverRole
from evidence.shown import Shown
from people.models import Account
from programmes.models import Enrolment, ProgrammeRole
from qualifications.models import QualityRequirement
from records.models import Event
from tests.evidence.factories import EvidenceFactory, FeedbackRequestFactory
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    WorkProcessFactory,
)


@dataclass(frozen=True, slots=True)
class Scene:
    enrolment: Enrolment
    piece: Evidence
    lines: list[QualityRequirement]

    @property
    def student(self) -> Account:
        return self.enrolment.student.account


def scene(lines: int = 3) -> Scene:
    enrolment = EnrolmentFactory(student__language="en")
    process = WorkProcessFactory(core_task__qualification=enrolment.programme.qualification)
    on = RequirementFactory.create_batch(lines, under=process)
    return Scene(enrolment, EvidenceFactory(owner=enrolment.student, on=on), on)


def people_around(place: Scene) -> dict[str, Account | None]:
    """Everybody who could want to do something with the piece, by what they are to it. `asked`
    has an account and is the giver who is told; None is who holds the link."""
    programme = place.enrolment.programme
    teacher = ProgrammeRoleFactory(programme=programme, role=ProgrammeRole.Role.TEACHER)
    coordinator = ProgrammeRoleFactory(programme=programme)
    elsewhere = ProgrammeRoleFactory(role=ProgrammeRole.Role.TEACHER)
    return {
        "owner": place.student,
        "adviser": place.enrolment.adviser and place.enrolment.adviser.account,
        "teacher": teacher.person.account,
        "coordinator": coordinator.person.account,
        "teacher elsewhere": elsewhere.person.account,
        "fellow student": EnrolmentFactory(programme=programme).student,
        "asked": AccountFactory(),
        "link": None,
    }


def asked(place: Scene | None = None, **kwargs: Any) -> FeedbackRequest:
    """An open question about the first two requirements of the piece."""
    place = place or scene()
    kwargs = {"language": "en", "on": place.lines[:2], **kwargs}
    return FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece, **kwargs)


def link(question: FeedbackRequest, name: str = "answer", *args: object) -> str:
    """The address of a page that the link of this question opens."""
    return reverse(f"evidence:{name}", args=[question.token, *args])


def page_of(question: FeedbackRequest) -> dict[str, str]:
    """What the page of this question says that it shows, as it is sent along with an answer."""
    return {"shown": Shown.now(question).signed}


def client(address: str = "Client@Shop.example ", name: str = "Cor Client") -> Asked:
    return Asked(name, address, GiverRole.CLIENT, "en")


def verbs() -> list[str]:
    """What was done, but that somebody who was asked became known."""
    events = Event.objects.exclude(verb="person.added").order_by("recorded_at", "number")
    return list(events.values_list("verb", flat=True))


def everything() -> dict[str, list[tuple[object, ...]]]:
    """All that the database holds."""
    return dict(_tables())


def _tables() -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    for model in apps.get_models(include_auto_created=True):
        yield model._meta.label, list(model._base_manager.order_by("pk").values_list())
