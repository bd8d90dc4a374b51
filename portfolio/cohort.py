"""Where a cohort stands thin: for its coordinator, who sees nobody's portfolio."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from evidence.models import Evidence, Feedback, RemarkRequirement, RequirementLink
from programmes.models import Enrolment, Programme
from qualifications.models import Place

FEWEST = 5  # students; with fewer it would say something about one of them


@dataclass(frozen=True, slots=True)
class ThinLine:
    """A requirement, on which so many of the students have a remark."""

    words: str
    heard: int
    students: int


def thin_in(programmes: Sequence[Programme], on: date, most: int) -> dict[UUID, list[ThinLine]]:
    """Find by programme at most so many requirements on which the fewest current students have a
    remark (noted ones too, denied ones not) at a piece that is laid against it; those of all of
    whom there is one are not thin. Nothing of a programme with fewer than FEWEST students, or in
    which nobody has a remark yet. Three queries, however many programmes."""
    enrolments = Enrolment.objects.current(on).filter(programme__in=programmes).order_by()
    students = dict(enrolments.values_list("programme").annotate(Count("pk")))
    heard: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for programme, line, number in _heard(enrolments):
        heard[programme][line] = number
    lines: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    qualifications = {programme.qualification_id for programme in programmes}
    places = Place.objects.filter(work_process__core_task__qualification__in=qualifications)
    for place in places.select_related("requirement__wording"):
        lines[place.requirement.qualification_id][place.requirement_id] = place.requirement.words
    return {
        programme.pk: _thin(
            lines[programme.qualification_id],
            heard[programme.pk],
            students.get(programme.pk, 0),
        )[:most]
        for programme in programmes
    }


def _heard(enrolments: QuerySet[Enrolment]) -> list[tuple[UUID, UUID, int]]:
    """Count by programme and requirement how many of these students have a remark on it."""
    laid = RequirementLink.objects.current().filter(
        evidence=OuterRef("remark__feedback__evidence"), requirement=OuterRef("requirement")
    )
    given = (
        Feedback.objects.current()
        .filter(enrolment__in=enrolments, evidence__in=Evidence.objects.kept())
        .exclude(confirmation__confirmed=False)
    )
    rows = (
        RemarkRequirement.objects.filter(Exists(laid), remark__feedback__in=given)
        .order_by()
        .values_list("remark__feedback__enrolment__programme", "requirement")
    )
    return list(rows.annotate(Count("remark__feedback__enrolment", distinct=True)))


def _thin(lines: dict[UUID, str], heard: dict[UUID, int], students: int) -> list[ThinLine]:
    """List the thin requirements of a programme: thinnest first, else in the order of the
    qualification."""
    if students < FEWEST or not heard:
        return []
    found = [ThinLine(words, heard.get(key, 0), students) for key, words in lines.items()]
    return sorted((line for line in found if line.heard < students), key=lambda line: line.heard)
