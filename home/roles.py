"""In which roles somebody is here now: for the navigation and the start page."""

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Exists, OuterRef, QuerySet

from committees.models import Membership
from evidence.models import FeedbackRequest
from people.models import InstitutionRole, User
from programmes.models import AdviserAssignment, Enrolment, ProgrammeRole

Institution = InstitutionRole.Role
InProgramme = ProgrammeRole.Role


@dataclass(frozen=True, slots=True)
class Roles:
    studies: bool
    advises: bool
    teaches: bool
    coordinates: bool
    sits: bool
    curriculum: bool
    makes_programmes: bool
    supervises: bool
    asked: bool


def roles_of(user: User) -> Roles:
    """All roles at once; several may hold. One query."""
    me = OuterRef("pk")

    def institution(*roles: Institution) -> Exists:
        return Exists(InstitutionRole.objects.current().filter(user=me, role__in=roles))

    def programme(role: InProgramme) -> Exists:
        return Exists(ProgrammeRole.objects.current().filter(user=me, role=role))

    asked: QuerySet[FeedbackRequest] = FeedbackRequest.objects.filter(
        giver__user=me, state=FeedbackRequest.State.OPEN
    )
    held: dict[str, Any] = {
        "studies": Exists(Enrolment.objects.filter(student=me)),
        "advises": Exists(AdviserAssignment.objects.current().filter(adviser=me)),
        "teaches": programme(InProgramme.TEACHER),
        "coordinates": programme(InProgramme.COORDINATOR),
        "sits": Exists(Membership.objects.current().filter(user=me)),
        "curriculum": institution(Institution.CURRICULUM),
        "makes_programmes": institution(Institution.COORDINATOR),
        "supervises": institution(Institution.AUDITOR, Institution.EXAM_BOARD),
        "asked": Exists(asked),
    }
    return Roles(**cast(dict[str, Any], User.objects.filter(pk=user.pk).values(**held).get()))
