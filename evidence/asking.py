"""Whom a student can ask about what: the frames that a question can have, and whom to suggest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, Min, OuterRef, Prefetch, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.models import (
    Evidence,
    FeedbackRequest,
    GiverRole,
    RequirementLink,
)
from people.models import Account, Person
from programmes.models import AdviserAssignment, Enrolment, ProgrammeRole, Track
from qualifications.models import QualityRequirement

MOST_SUGGESTED = 40  # of those asked before; the latest


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked, or who spoke, in the words of who asks or notes it: by the address that they
    typed, or as the `person` whom they chose."""

    name: str
    address: str
    role: GiverRole
    language: str
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class QuestionFrame:
    """An enrolment whose house rules can hold for a question, and the requirements of its tracks
    against which the piece is laid, in the order of the qualification."""

    enrolment: Enrolment
    requirements: tuple[QualityRequirement, ...]


def frames(piece: Evidence, *, seen_by: Account, on: date) -> list[QuestionFrame]:
    """Find the frames in which this person can ask or note something about the piece on this day:
    none while it is laid against nothing. Three queries."""
    enrolments = (
        Enrolment.objects.portfolio_visible_to(seen_by)
        .current(on)
        .filter(student=piece.owner_id)
        .select_related("programme__rules")
        .prefetch_related(Prefetch("tracks", Track.objects.current()))
    )
    link = RequirementLink.objects.current().filter(evidence=piece, requirement=OuterRef("pk"))
    laid = list(in_order(QualityRequirement.objects.filter(Exists(link))))
    found = []
    for enrolment in enrolments:
        followed = {track.qualification_id for track in enrolment.tracks.all()}
        requirements = tuple(line for line in laid if line.qualification_id in followed)
        if requirements:
            found.append(QuestionFrame(enrolment, requirements))
    return found


def in_order(requirements: "QuerySet[QualityRequirement]") -> "QuerySet[QualityRequirement]":
    """Put the requirements, with their words, in the order in which they stand in their
    qualification."""
    process = "places__work_process__"
    return (
        requirements.select_related("wording")
        .alias(
            task=Min(f"{process}core_task__order"),
            process=Min(f"{process}order"),
            place=Min("places__order"),
        )
        .order_by("task", "process", "place", "pk")
    )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to ask with one tap. `key` stands for them in a form: no address in the page."""

    key: UUID
    group: str
    asked: Asked


def suggestions(
    piece: Evidence, found: Sequence[QuestionFrame], *, at: datetime
) -> list[Suggestion]:
    """Find who may have seen the piece, in these frames: the supervisors of current placements,
    those asked before unless it was not them, teachers and adviser; each once, and nobody of whom
    an answer to a question about it is already awaited. Three queries, and one for each frame."""
    on = timezone.localdate(at)
    enrolments = [frame.enrolment for frame in found]
    awaited = FeedbackRequest.objects.awaiting_answer(at).filter(evidence=piece)
    left_out = {piece.owner_id, *awaited.values_list("person", flat=True)}
    offered = []
    for suggestion in (
        *_supervisors(enrolments, on),
        *_asked_before(enrolments),
        *_staff(enrolments),
    ):
        if suggestion.key not in left_out:
            left_out.add(suggestion.key)
            offered.append(suggestion)
    return offered


def _supervisors(enrolments: Sequence[Enrolment], on: date) -> Iterable[Suggestion]:
    for enrolment in enrolments:
        for supervisor in enrolment.current_supervisors(on):
            person = supervisor.person
            asked = Asked(person.name, "", GiverRole.SUPERVISOR, person.language, person)
            yield Suggestion(person.pk, _("At your workplace"), asked)


def _asked_before(enrolments: Sequence[Enrolment]) -> Iterable[Suggestion]:
    """Suggest who was asked before in these enrolments, under the names that were given them here,
    whatever others call them."""
    asked = FeedbackRequest.objects.filter(
        enrolment__in=enrolments, person=OuterRef("pk"), state__in=FeedbackRequest.ASKED
    )
    latest = asked.order_by("-recorded_at")
    wrong = asked.filter(reason=FeedbackRequest.Reason.NOT_ME)
    people = (
        Person.objects.filter(Exists(asked), ~Exists(wrong), erased_at=None)
        .annotate(
            last_asked_at=Subquery(latest.values("recorded_at")[:1]),
            last_name=Subquery(latest.values("asked_as")[:1]),
            last_role=Subquery(latest.values("role")[:1]),
            last_language=Subquery(latest.values("language")[:1]),
        )
        .order_by("-last_asked_at")
    )
    for one in people[:MOST_SUGGESTED]:
        asked_as = Asked(one.last_name, "", GiverRole(one.last_role), one.last_language, one)
        yield Suggestion(one.pk, _("Asked before"), asked_as)


def _staff(enrolments: Sequence[Enrolment]) -> Iterable[Suggestion]:
    teaches = ProgrammeRole.objects.current().filter(
        programme__in=[enrolment.programme_id for enrolment in enrolments],
        person=OuterRef("pk"),
        role=ProgrammeRole.Role.TEACHER,
    )
    advises = AdviserAssignment.objects.current().filter(
        enrolment__in=enrolments, adviser=OuterRef("pk")
    )
    staff = Person.objects.filter(Exists(teaches) | Exists(advises), account__is_active=True)
    for one in staff.order_by("name"):
        asked = Asked(one.name, "", GiverRole.TEACHER, one.language, one)
        yield Suggestion(one.pk, _("Teachers"), asked)
