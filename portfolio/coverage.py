"""Coverage: per requirement, what the set holds. The heart of the product.

Drawn from an `EvidenceSet` without a query, so the same for student, adviser and committee, live,
as of a past moment, or frozen. It counts and shows; it never scores. "Distinct people" counts
givers who wrote or confirmed; what was only noted stands apart. A requirement that stands under
several work processes is shown at each place and counts once in what is above it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from evidence.models import GiverRole
from portfolio.evidence_set import (
    NOTED,
    CoreTaskFact,
    EvidenceSet,
    FeedbackFact,
    GuidelineFact,
    PeriodFact,
    PieceFact,
    RequirementFact,
    WorkProcessFact,
)


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """How many pieces were shown in a period, by the date of the act."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class GuidelineState:
    """A guideline and what is still short of it; nothing short means met."""

    pieces: int
    people: int
    roles: int
    met: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One remark with its feedback and its piece."""

    feedback: FeedbackFact
    piece: PieceFact
    giver: str
    words: str

    @property
    def is_noted(self) -> bool:
        return self.feedback.standing == NOTED


@dataclass(frozen=True, slots=True)
class Tally:
    """What stands behind a requirement, a work process or a core task. `remarks`, `people` and
    `roles` are of what was written or confirmed; `noted` counts the remarks only noted."""

    pieces: int
    unanswered: int
    remarks: int
    noted: int
    people: int
    roles: tuple[GiverRole, ...]
    periods: tuple[PeriodCount, ...]
    latest: date | None
    guideline: GuidelineState | None

    @property
    def is_empty(self) -> bool:
        return not self.pieces


@dataclass(frozen=True, slots=True)
class RequirementRow:
    requirement: RequirementFact
    tally: Tally
    entries: tuple[Entry, ...]  # newest first
    pieces: tuple[PieceFact, ...]  # newest act first


@dataclass(frozen=True, slots=True)
class WorkProcessGroup:
    work_process: WorkProcessFact
    tally: Tally
    rows: tuple[RequirementRow, ...]


@dataclass(frozen=True, slots=True)
class CoreTaskGroup:
    core_task: CoreTaskFact
    tally: Tally
    groups: tuple[WorkProcessGroup, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    core_tasks: tuple[CoreTaskGroup, ...]
    whole: tuple[Entry, ...]  # remarks on the whole of a piece, newest first
    unanswered: tuple[PieceFact, ...]  # pieces on which nobody gave feedback yet


def draw(evidence_set: EvidenceSet) -> Coverage:
    """The coverage of this set; no query."""
    return _Drawing(evidence_set).coverage()


class _Drawing:
    def __init__(self, evidence_set: EvidenceSet) -> None:
        self.frame = evidence_set.frame
        self.set = evidence_set.without_denied()
        self.names = {person.id: person.name for person in evidence_set.people}
        self.pieces = {piece.id: piece for piece in self.set.pieces}
        self.guidelines = {item.on: item for item in self.frame.guidelines}
        self.laid: dict[str, list[PieceFact]] = {}
        for piece in self.set.pieces:
            for item in piece.laid:
                self.laid.setdefault(item.requirement, []).append(piece)
        self.entries: dict[str | None, list[Entry]] = {}
        for feedback in sorted(self.set.feedback, key=lambda item: item.recorded_at, reverse=True):
            self._enter(feedback)

    def _enter(self, feedback: FeedbackFact) -> None:
        piece = self.pieces.get(feedback.piece)
        if piece is None:  # erased from a frozen set
            return
        laid = {item.requirement for item in piece.laid}
        for remark in feedback.remarks:
            # A remark counts at its requirement as long as its piece is laid against that.
            if remark.requirement is None or remark.requirement in laid:
                entry = Entry(
                    feedback,
                    piece,
                    self.names.get(feedback.giver, ""),
                    remark.text or feedback.text,
                )
                self.entries.setdefault(remark.requirement, []).append(entry)

    def coverage(self) -> Coverage:
        rows = {
            fact.id: RequirementRow(
                fact,
                self._tally(fact.id, [fact.id]),
                tuple(self.entries.get(fact.id, ())),
                tuple(self.laid.get(fact.id, ())),
            )
            for fact in self.frame.requirements
        }
        answered = self.set.answered
        return Coverage(
            core_tasks=tuple(self._core_task(task, rows) for task in self.frame.core_tasks),
            whole=tuple(self.entries.get(None, ())),
            unanswered=tuple(piece for piece in self.set.pieces if piece.id not in answered),
        )

    def _core_task(self, task: CoreTaskFact, rows: dict[str, RequirementRow]) -> CoreTaskGroup:
        groups = tuple(
            WorkProcessGroup(
                process,
                self._tally(process.id, process.requirements),
                tuple(rows[line] for line in process.requirements),
            )
            for process in task.work_processes
        )
        lines = dict.fromkeys(chain(*(process.requirements for process in task.work_processes)))
        return CoreTaskGroup(task, self._tally(task.id, list(lines)), groups)

    def _tally(self, on: str, lines: Sequence[str]) -> Tally:
        pieces = {piece.id: piece for line in lines for piece in self.laid.get(line, ())}
        entries = [entry for line in lines for entry in self.entries.get(line, ())]
        firm = [entry for entry in entries if not entry.is_noted]
        people = {entry.feedback.giver for entry in firm}
        present = {entry.feedback.role for entry in firm}
        roles = tuple(role for role in GiverRole if role in present)
        return Tally(
            pieces=len(pieces),
            unanswered=len(pieces.keys() - self.set.answered),
            remarks=len(firm),
            noted=len(entries) - len(firm),
            people=len(people),
            roles=roles,
            periods=_by_period(self.frame.periods, pieces.values()),
            latest=max((piece.happened_on for piece in pieces.values()), default=None),
            guideline=_held_against(self.guidelines.get(on), len(pieces), len(people), len(roles)),
        )


def _by_period(
    periods: Iterable[PeriodFact], pieces: Iterable[PieceFact]
) -> tuple[PeriodCount, ...]:
    dates = [piece.happened_on for piece in pieces]
    return tuple(
        PeriodCount(period.name, sum(period.starts_on <= day <= period.ends_on for day in dates))
        for period in periods
    )


def _held_against(
    guideline: GuidelineFact | None, pieces: int, people: int, roles: int
) -> GuidelineState | None:
    if guideline is None:
        return None
    met = pieces >= guideline.pieces and people >= guideline.people and roles >= guideline.roles
    return GuidelineState(guideline.pieces, guideline.people, guideline.roles, met)
