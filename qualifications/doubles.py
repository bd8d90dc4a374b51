"""Lines that stand in a qualification more than once, as requirements of their own."""

from collections.abc import Iterable
from dataclasses import dataclass

from qualifications.models import Place, Qualification, QualityRequirement
from qualifications.wording import same_line


@dataclass(frozen=True, slots=True)
class Double:
    """Requirements, two or more, whose official lines are the same: the first stays when they are
    merged. `places` are all of theirs, in order."""

    requirements: tuple[QualityRequirement, ...]
    places: tuple[Place, ...]

    @property
    def first(self) -> QualityRequirement:
        return self.requirements[0]


def doubles_of(qualification: Qualification) -> list[Double]:
    """Find the lines that stand in a qualification more than once, each time as a requirement of
    its own, in the order in which they stand. One query."""
    return doubles_among(
        Place.objects.filter(work_process__core_task__qualification=qualification).select_related(
            "requirement__wording", "work_process"
        )
    )


def doubles_among(places: Iterable[Place]) -> list[Double]:
    """Find the lines that stand more than once, each time as a requirement of its own, among all
    places of a qualification, which were read before and come in their order."""
    lines: dict[str, list[Place]] = {}
    for place in places:
        lines.setdefault(same_line(place.requirement.text), []).append(place)
    found = []
    for alike in lines.values():
        requirements = {place.requirement_id: place.requirement for place in alike}
        if len(requirements) > 1:
            found.append(Double(tuple(requirements.values()), tuple(alike)))
    return found
