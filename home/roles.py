"""In which roles somebody is here now: for the navigation and the start page."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, F, Max, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.http import HttpRequest

from committees.models import Membership
from evidence.models import FeedbackRequest
from people.models import Account, InstitutionRole
from programmes.models import AdviserAssignment, Enrolment, ProgrammeRole
from records.prepared import PreparedQuery

Institution = InstitutionRole.Role
InProgramme = ProgrammeRole.Role


@dataclass(frozen=True, slots=True)
class Roles:
    """Which roles somebody has; the names are of the one programme or committee in which they have
    it, and None for several."""

    studies: bool
    studies_in: str | None
    advises: bool
    advises_in: str | None
    teaches: bool
    coordinates: bool
    coordinates_in: str | None
    sits: bool
    sits_on: str | None
    chairs: bool
    is_secretary: bool
    judges: bool
    curriculum: bool
    makes_programmes: bool
    supervises: bool
    asked: bool
    looks_after_people: bool


def roles_of(user: Account) -> Roles:
    """Find all roles of this person at once; several may hold. One query."""
    [found] = ROLES.rows(user.pk)
    return Roles(**found, looks_after_people=user.is_superuser or found["makes_programmes"])


def roles_here(request: HttpRequest) -> Roles:
    """Find the roles of who asks for this page, once for all that draws it. At most one query."""
    found: Roles | None = getattr(request, "roles", None)
    if found is None:
        found = roles_of(cast(Account, request.user))
        request.roles = found  # type: ignore[attr-defined]  # of this one request
    return found


def _roles_held(person: UUID) -> QuerySet[Account, Any]:
    me = OuterRef("pk")

    def institution(*roles: Institution) -> Exists:
        return Exists(InstitutionRole.objects.current().filter(person=me, role__in=roles))

    asked: QuerySet[FeedbackRequest] = FeedbackRequest.objects.filter(
        person=me, state=FeedbackRequest.State.OPEN
    )
    studies = Enrolment.objects.filter(student=me)
    advises = AdviserAssignment.objects.current().filter(adviser=me)
    coordinates = ProgrammeRole.objects.current().filter(person=me, role=InProgramme.COORDINATOR)
    sits = Membership.objects.current().filter(person=me)
    held: dict[str, Any] = {
        "studies": Exists(studies),
        "studies_in": _the_one(studies, "student", _programme("programme__")),
        "advises": Exists(advises),
        "advises_in": _the_one(advises, "adviser", _programme("enrolment__programme__")),
        "teaches": Exists(
            ProgrammeRole.objects.current().filter(person=me, role=InProgramme.TEACHER)
        ),
        "coordinates": Exists(coordinates),
        "coordinates_in": _the_one(coordinates, "person", _programme("programme__")),
        "sits": Exists(sits),
        "sits_on": _the_one(sits, "person", F("committee__name")),
        "chairs": Exists(sits.filter(role=Membership.Role.CHAIR)),
        "is_secretary": Exists(sits.filter(role=Membership.Role.SECRETARY)),
        "judges": Exists(sits.filter(role=Membership.Role.MEMBER)),
        "curriculum": institution(Institution.CURRICULUM),
        "makes_programmes": institution(Institution.COORDINATOR),
        "supervises": institution(Institution.AUDITOR, Institution.EXAM_BOARD),
        "asked": Exists(asked),
    }
    return Account.objects.filter(pk=person).values(**held)


def _programme(path: str) -> Concat:
    """Write what a programme calls itself; `path` leads to its columns."""
    return Concat(f"{path}title", Value(" "), f"{path}cohort")


def _the_one(rows: QuerySet[Any], person: str, name: Combinable) -> Subquery:
    """Select the name that all rows of this person share, if they do."""
    names = rows.order_by().values(person).annotate(first=Min(name), last=Max(name))
    return Subquery(names.filter(first=F("last")).values("first"))


ROLES = PreparedQuery(_roles_held)  # every page asks it
