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
from urllib.parse import urlencode

from django.utils.timezone import localdate

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
class Filter:
    """Which part of a coverage is shown; without arguments all of it.

    `role` and `period` narrow the set: only what was said in that role, of what was done in that
    period, is there and counts. No guideline is held against it, as a guideline is about the
    whole. `thin` and `since` choose among the lines, and leave their counts. `thin` keeps what is
    thin: a line without a remark, and whatever is short of its own guideline. `since`, a day, keeps
    the lines with something new: a remark recorded on that day or later, or a piece laid against it
    on that day or later.
    """

    role: GiverRole | None = None
    period: PeriodFact | None = None
    thin: bool = False
    since: date | None = None

    @property
    def narrows(self) -> bool:
        return self.role is not None or self.period is not None

    @property
    def chooses(self) -> bool:
        return self.thin or self.since is not None

    @property
    def is_on(self) -> bool:
        return self.narrows or self.chooses

    @property
    def query(self) -> str:
        """What asks the same of one line: "?role=client&new=on"; `thin` changes nothing in it."""
        asked = {
            "role": self.role,
            "period": self.period and self.period.starts_on.isoformat(),
            "new": "on" if self.since else None,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"?{query}" if query else ""


EVERYTHING = Filter()
# The keys of the two lines that are no requirement's.
WHOLE, UNANSWERED = "whole", "unanswered"


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
    """One remark with its feedback and its piece. `giver` is a name, `words` are the remark's;
    each is empty when it was erased. `is_new` where the filter asks for what is new."""

    feedback: FeedbackFact
    piece: PieceFact
    giver: str
    words: str
    is_new: bool = False

    @property
    def is_noted(self) -> bool:
        return self.feedback.standing == NOTED

    @property
    def is_earlier(self) -> bool:
        """Whether its giver saw an earlier version of the piece than is shown."""
        return self.feedback.revision < self.piece.revision

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

    @property
    def is_heard(self) -> bool:
        """Whether somebody said something; noted remarks too."""
        return bool(self.remarks or self.noted)

    @property
    def is_short(self) -> bool:
        return self.guideline is not None and not self.guideline.met


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """A requirement at one of its places, in figures; what stands behind them is a `Line`.
    `is_first` is true at one place only."""

    requirement: RequirementFact
    tally: Tally
    is_first: bool = True

    @property
    def is_thin(self) -> bool:
        return not self.tally.is_heard or self.tally.is_short


@dataclass(frozen=True, slots=True)
class Line:
    """What stands behind a line of the coverage: the remarks, and the pieces without a remark on
    it. Without a requirement these are the remarks on the whole of a piece, or the pieces on which
    nobody gave feedback yet. `places` are the codes of the work processes under which the
    requirement stands."""

    key: str  # the id of the requirement, WHOLE or UNANSWERED
    requirement: RequirementFact | None
    places: tuple[str, ...]
    periods: tuple[PeriodCount, ...]  # of all its pieces
    entries: tuple[Entry, ...]  # newest first
    bare: tuple[PieceFact, ...]  # newest act first


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
    is_empty: bool  # nothing was shown yet, whatever the filter
    only: Filter

    @property
    def requirements(self) -> int:
        """How many are in it, each counted once."""
        rows = (row for task in self.core_tasks for group in task.groups for row in group.rows)
        return len({row.requirement.id for row in rows})


def draw(evidence_set: EvidenceSet, only: Filter = EVERYTHING) -> Coverage:
    """Draw the coverage of this set, or the part of it that the filter asks for. No query."""
    return _Drawing(evidence_set, only).coverage()


def draw_line(evidence_set: EvidenceSet, key: str, only: Filter = EVERYTHING) -> Line | None:
    """Draw one line of the coverage of this set, or of the part of it that the filter asks for;
    None for a key that it does not have. No query."""
    return _Drawing(evidence_set, only).line(key)


def draw_lines(evidence_set: EvidenceSet, only: Filter = EVERYTHING) -> dict[str, Line]:
    """Draw all lines of the coverage of this set, or of the part of it that the filter asks for, by
    key. No query."""
    drawing = _Drawing(evidence_set, only)
    keys = (WHOLE, UNANSWERED, *drawing.places)
    return {key: line for key in keys if (line := drawing.line(key))}


class _Drawing:
    def __init__(self, evidence_set: EvidenceSet, only: Filter) -> None:
        self.frame = evidence_set.frame
        self.only = only
        self.is_empty = not evidence_set.pieces
        self.set = _narrowed(evidence_set.without_denied(), only)
        self.answered = self.set.answered
        self.names = {person.id: person.name for person in self.set.people}
        guidelines = () if only.narrows else self.frame.guidelines
        self.guidelines = {item.on: item for item in guidelines}
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
        self.entries: dict[str, list[Entry]] = {}
        self.whole: list[Entry] = []
        for feedback in sorted(self.set.feedback, key=_moment, reverse=True):
            if feedback.piece in pieces:  # else erased from a frozen set
                self._enter(feedback, pieces[feedback.piece])

    def _periods(self) -> tuple[PeriodFact | None, ...]:
        periods = sorted(self.frame.periods, key=lambda period: period.starts_on)
        if periods and any(_period_of(piece, periods) is None for piece in self.set.pieces):
            return (None, *periods)
        return tuple(periods)

    def _enter(self, feedback: FeedbackFact, piece: PieceFact) -> None:
        # A remark counts at its requirements as long as its piece is laid against them.
        laid = {item.requirement for item in piece.laid}
        giver = self.names.get(feedback.giver, "")
        is_new = self._is_new(localdate(feedback.recorded_at))
        for remark in feedback.remarks:
            entry = Entry(feedback, piece, giver, remark.text, is_new)
            if remark.on_whole:
                self.whole.append(entry)
            for line in laid.intersection(remark.requirements):
                self.entries.setdefault(line, []).append(entry)

    def _is_new(self, day: date) -> bool:
        return self.only.since is not None and day >= self.only.since

    def _is_laid_since(self, piece: PieceFact, line: str | None = None) -> bool:
        """Tell whether the piece was laid against this requirement, or against any, since the day
        from which the filter asks."""
        return any(
            self._is_new(localdate(laid.recorded_at) if laid.recorded_at else piece.happened_on)
            for laid in piece.laid
            if line in (None, laid.requirement)
        )

    def coverage(self) -> Coverage:
        rows = {
            fact.id: RequirementRow(fact, self._tally(fact.id, [fact.id]))
            for fact in self.frame.requirements
        }
        tasks = (self._core_task(task, rows) for task in self.frame.core_tasks)
        return Coverage(
            core_tasks=tuple(task for task in tasks if self._stays(task.tally, task.groups)),
            periods=self._by_period(self.set.pieces),
            whole=self._whole(),
            unanswered=self._unanswered(),
            is_empty=self.is_empty,
            only=self.only,
        )

    def line(self, key: str) -> Line | None:
        if key == WHOLE:
            return Line(key, None, (), (), self._whole(), ())
        if key == UNANSWERED:
            return Line(key, None, (), (), (), self._unanswered())
        facts = (fact for fact in self.frame.requirements if fact.id == key)
        if (fact := next(facts, None)) is None:
            return None
        entries = self.entries.get(key, [])
        remarked = {entry.piece.id for entry in entries}
        pieces = self.laid.get(key, [])
        return Line(
            key,
            fact,
            places=tuple(process.code for process in self.places.get(key, ())),
            periods=self._by_period(pieces),
            entries=tuple(entries),
            bare=tuple(piece for piece in pieces if piece.id not in remarked),
        )

    def _whole(self) -> tuple[Entry, ...]:
        """List the remarks on the whole that the filter asks for. What is on the whole is no gap:
        there is none among what is thin."""
        whole = [] if self.only.thin else self.whole
        return tuple(entry for entry in whole if self.only.since is None or entry.is_new)

    def _unanswered(self) -> tuple[PieceFact, ...]:
        return tuple(
            piece
            for piece in self.set.pieces
            if piece.id not in self.answered
            and (self.only.since is None or self._is_laid_since(piece))
        )

    def _fits(self, row: RequirementRow) -> bool:
        if self.only.thin and not row.is_thin:
            return False
        key = row.requirement.id
        return (
            self.only.since is None
            or any(entry.is_new for entry in self.entries.get(key, ()))
            or any(self._is_laid_since(piece, key) for piece in self.laid.get(key, ()))
        )

    def _stays(self, tally: Tally, inside: tuple[object, ...]) -> bool:
        """Tell whether a work process or core task is shown: for what is left in it, or by itself
        as it is short of its own guideline."""
        by_itself = self.only.thin and self.only.since is None and tally.is_short
        return bool(inside) or by_itself or not self.only.chooses

    def _core_task(self, task: CoreTaskFact, rows: dict[str, RequirementRow]) -> CoreTaskGroup:
        lines = chain.from_iterable(process.requirements for process in task.work_processes)
        groups = (self._work_process(process, rows) for process in task.work_processes)
        return CoreTaskGroup(
            task,
            self._tally(task.id, dict.fromkeys(lines)),
            tuple(group for group in groups if self._stays(group.tally, group.rows)),
        )

    def _work_process(
        self, process: WorkProcessFact, rows: dict[str, RequirementRow]
    ) -> WorkProcessGroup:
        placed = tuple(
            self._placed(rows[line], process)
            for line in process.requirements
            if self._fits(rows[line])
        )
        return WorkProcessGroup(process, self._tally(process.id, process.requirements), placed)

    def _placed(self, row: RequirementRow, process: WorkProcessFact) -> RequirementRow:
        first = self.places[row.requirement.id][0]
        return row if first.id == process.id else replace(row, is_first=False)

    def _tally(self, on: str, lines: Iterable[str]) -> Tally:
        lines = list(lines)
        pieces = {piece.id: piece for line in lines for piece in self.laid.get(line, ())}
        entries = [entry for line in lines for entry in self.entries.get(line, ())]
        firm = [entry for entry in entries if not entry.is_noted]
        people = {entry.feedback.counted for entry in firm}
        noted_people = {entry.feedback.counted for entry in entries if entry.is_noted}
        in_role = {(entry.role, entry.feedback.counted) for entry in firm}
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


def _narrowed(evidence_set: EvidenceSet, only: Filter) -> EvidenceSet:
    """Narrow the set to what the filter asks for: what is in this period, and of which somebody in
    this role spoke; laid only against what they spoke of."""
    pieces, feedback = evidence_set.pieces, evidence_set.feedback
    if only.period:
        pieces = tuple(piece for piece in pieces if _period_of(piece, [only.period]))
    if only.role:
        feedback = tuple(item for item in feedback if item.role == only.role)
        spoken_of = {
            (item.piece, line)
            for item in feedback
            for remark in item.remarks
            for line in remark.requirements
        }
        answered = {item.piece for item in feedback}
        pieces = tuple(
            replace(
                piece,
                laid=tuple(
                    item for item in piece.laid if (piece.id, item.requirement) in spoken_of
                ),
            )
            for piece in pieces
            if piece.id in answered
        )
    return replace(evidence_set, pieces=pieces, feedback=feedback)


def _moment(feedback: FeedbackFact) -> tuple[date, datetime, str]:
    return feedback.given_on, feedback.recorded_at, feedback.id


def _period_of(piece: PieceFact, periods: Iterable[PeriodFact]) -> PeriodFact | None:
    """Find the period in which the act of this piece was; periods of a programme never overlap."""
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
