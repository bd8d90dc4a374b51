"""Coverage: per requirement, what the set holds. The heart of the product.

Drawn from an `EvidenceSet` without a query, so the same for student, adviser and committee, live,
as of a past moment, or frozen. It counts and shows; it never scores. "Distinct people" counts
givers who wrote or confirmed; what was only noted stands apart. A requirement that stands under
several work processes is shown at each place and counts once in what is above it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
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
    """How many pieces were shown in a period, by the date of the act. The one without a period
    counts those outside all of them; it is there only where the set has such pieces."""

    period: PeriodFact | None
    count: int


@dataclass(frozen=True, slots=True)
class RoleCount:
    """How many distinct people gave feedback in this role."""

    role: GiverRole
    people: int


@dataclass(frozen=True, slots=True)
class GuidelineState:
    """What a guideline asks, and how many are still short of it."""

    asked: GuidelineFact
    pieces: int
    people: int
    roles: int

    @property
    def met(self) -> bool:
        return not (self.pieces or self.people or self.roles)


@dataclass(frozen=True, slots=True)
class Entry:
    """One remark with its feedback and its piece. `giver` is a name; empty when it was erased."""

    feedback: FeedbackFact
    piece: PieceFact
    giver: str
    words: str

    @property
    def is_noted(self) -> bool:
        return self.feedback.standing == NOTED

    @property
    def role(self) -> GiverRole:
        return GiverRole(self.feedback.role)


@dataclass(frozen=True, slots=True)
class Tally:
    """What stands behind a requirement, a work process or a core task. `remarks`, `people` and
    `roles` are of what was written or confirmed; `noted` counts the remarks that were only noted,
    `unconfirmed` the people of whom there is nothing else."""

    pieces: int
    unanswered: int
    remarks: int
    noted: int
    people: int
    unconfirmed: int
    roles: tuple[RoleCount, ...]  # all roles, in their own order
    periods: tuple[PeriodCount, ...]  # all periods, in time
    latest: date | None
    guideline: GuidelineState | None

    @property
    def is_empty(self) -> bool:
        return not self.pieces


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A requirement at one of its places. `is_first` is true at one place only; `elsewhere` are
    the codes of the work processes of its other places."""

    requirement: RequirementFact
    tally: Tally
    entries: tuple[Entry, ...]  # newest first
    pieces: tuple[PieceFact, ...]  # newest act first
    bare: tuple[PieceFact, ...]  # those of them on which nobody said anything about this
    is_first: bool = True
    elsewhere: tuple[str, ...] = ()


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
    periods: tuple[PeriodCount, ...]  # of the whole set
    whole: tuple[Entry, ...]  # remarks on the whole of a piece, newest first
    unanswered: tuple[PieceFact, ...]  # pieces on which nobody gave feedback yet
    is_empty: bool  # nothing was shown yet


def draw(evidence_set: EvidenceSet) -> Coverage:
    """The coverage of this set; no query."""
    return _Drawing(evidence_set).coverage()


class _Drawing:
    def __init__(self, evidence_set: EvidenceSet) -> None:
        self.frame = evidence_set.frame
        self.set = evidence_set.without_denied()
        self.answered = self.set.answered
        self.names = {person.id: person.name for person in self.set.people}
        self.guidelines = {item.on: item for item in self.frame.guidelines}
        self.periods = self._periods()
        self.places: dict[str, list[WorkProcessFact]] = {}
        for task in self.frame.core_tasks:
            for process in task.work_processes:
                for line in process.requirements:
                    self.places.setdefault(line, []).append(process)
        self.laid: dict[str, list[PieceFact]] = {}
        for piece in sorted(self.set.pieces, key=lambda piece: piece.happened_on, reverse=True):
            for item in piece.laid:
                self.laid.setdefault(item.requirement, []).append(piece)
        pieces = {piece.id: piece for piece in self.set.pieces}
        self.entries: dict[str | None, list[Entry]] = {}
        for feedback in sorted(self.set.feedback, key=_moment, reverse=True):
            if feedback.piece in pieces:  # else erased from a frozen set
                self._enter(feedback, pieces[feedback.piece])

    def _periods(self) -> tuple[PeriodFact | None, ...]:
        periods = sorted(self.frame.periods, key=lambda period: period.starts_on)
        if periods and any(_period_of(piece, periods) is None for piece in self.set.pieces):
            return (None, *periods)
        return tuple(periods)

    def _enter(self, feedback: FeedbackFact, piece: PieceFact) -> None:
        laid = {item.requirement for item in piece.laid}
        for remark in feedback.remarks:
            # A remark counts at its requirement as long as its piece is laid against that.
            if remark.requirement is None or remark.requirement in laid:
                words = remark.text or feedback.text
                entry = Entry(feedback, piece, self.names.get(feedback.giver, ""), words)
                self.entries.setdefault(remark.requirement, []).append(entry)

    def coverage(self) -> Coverage:
        rows = {fact.id: self._row(fact) for fact in self.frame.requirements}
        return Coverage(
            core_tasks=tuple(self._core_task(task, rows) for task in self.frame.core_tasks),
            periods=self._by_period(self.set.pieces),
            whole=tuple(self.entries.get(None, ())),
            unanswered=tuple(piece for piece in self.set.pieces if piece.id not in self.answered),
            is_empty=not self.set.pieces,
        )

    def _row(self, fact: RequirementFact) -> RequirementRow:
        entries = self.entries.get(fact.id, [])
        pieces = self.laid.get(fact.id, [])
        remarked = {entry.piece.id for entry in entries}
        bare = [piece for piece in pieces if piece.id not in remarked]
        tally = self._tally(fact.id, [fact.id])
        return RequirementRow(fact, tally, tuple(entries), tuple(pieces), tuple(bare))

    def _core_task(self, task: CoreTaskFact, rows: dict[str, RequirementRow]) -> CoreTaskGroup:
        lines = chain.from_iterable(process.requirements for process in task.work_processes)
        return CoreTaskGroup(
            task,
            self._tally(task.id, dict.fromkeys(lines)),
            tuple(self._work_process(process, rows) for process in task.work_processes),
        )

    def _work_process(
        self, process: WorkProcessFact, rows: dict[str, RequirementRow]
    ) -> WorkProcessGroup:
        placed = tuple(self._placed(rows[line], process) for line in process.requirements)
        return WorkProcessGroup(process, self._tally(process.id, process.requirements), placed)

    def _placed(self, row: RequirementRow, process: WorkProcessFact) -> RequirementRow:
        first, *others = self.places[row.requirement.id]
        if not others:
            return row
        elsewhere = tuple(other.code for other in (first, *others) if other.id != process.id)
        return replace(row, is_first=first.id == process.id, elsewhere=elsewhere)

    def _tally(self, on: str, lines: Iterable[str]) -> Tally:
        lines = list(lines)
        pieces = {piece.id: piece for line in lines for piece in self.laid.get(line, ())}
        entries = [entry for line in lines for entry in self.entries.get(line, ())]
        firm = [entry for entry in entries if not entry.is_noted]
        people = {entry.feedback.giver for entry in firm}
        noted_people = {entry.feedback.giver for entry in entries if entry.is_noted}
        in_role = {(entry.role, entry.feedback.giver) for entry in firm}
        roles = tuple(
            RoleCount(role, sum(shown == role for shown, _ in in_role)) for role in GiverRole
        )
        return Tally(
            pieces=len(pieces),
            unanswered=len(pieces.keys() - self.answered),
            remarks=len(firm),
            noted=len(entries) - len(firm),
            people=len(people),
            unconfirmed=len(noted_people - people),
            roles=roles,
            periods=self._by_period(pieces.values()),
            latest=max((piece.happened_on for piece in pieces.values()), default=None),
            guideline=_held_against(
                self.guidelines.get(on),
                len(pieces),
                len(people),
                sum(bool(item.people) for item in roles),
            ),
        )

    def _by_period(self, pieces: Iterable[PieceFact]) -> tuple[PeriodCount, ...]:
        counts = dict.fromkeys(self.periods, 0)
        if counts:
            for piece in pieces:
                counts[_period_of(piece, self.frame.periods)] += 1
        return tuple(PeriodCount(period, count) for period, count in counts.items())


def _moment(feedback: FeedbackFact) -> tuple[date, datetime, str]:
    return feedback.given_on, feedback.recorded_at, feedback.id


def _period_of(piece: PieceFact, periods: Iterable[PeriodFact]) -> PeriodFact | None:
    """The period in which the act was; periods of a programme never overlap."""
    for period in periods:
        if period.starts_on <= piece.happened_on <= period.ends_on:
            return period
    return None


def _held_against(
    guideline: GuidelineFact | None, pieces: int, people: int, roles: int
) -> GuidelineState | None:
    if guideline is None:
        return None
    return GuidelineState(
        guideline,
        pieces=max(0, guideline.pieces - pieces),
        people=max(0, guideline.people - people),
        roles=max(0, guideline.roles - roles),
    )
