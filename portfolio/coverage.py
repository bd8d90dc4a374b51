"""Coverage: per requirement, what the set holds. The heart of the product.

Counted from what was shown and said (`ShownAndSaid`), which comes from an `EvidenceSet`, live or
frozen, or straight from the rows (portfolio/kept.py): the same for student, adviser and committee.
It counts and shows; it never scores. "Distinct people" counts givers who wrote or confirmed; what
was only noted stands apart. A requirement that stands under several work processes is shown at each
place and counts once in what is above it.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import urlencode

from django.utils.timezone import localdate

from evidence.models import GiverRole
from portfolio.evidence_set import (
    DENIED,
    NOTED,
    CoreTaskFact,
    EvidenceSet,
    FeedbackFact,
    Frame,
    GuidelineFact,
    LaidFact,
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
NEWEST = 3  # remarks on the whole, which stand above the lines
GIVER_ROLES = tuple(GiverRole)


class PeriodCount(NamedTuple):
    """How many pieces were shown in a period, by the date of the act. The one without a period
    counts those outside all of them; it is there only where the set has such pieces."""

    period: PeriodFact | None
    pieces: int


class RoleCount(NamedTuple):
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
    whole: int  # remarks on the whole of a piece
    unanswered: int  # pieces on which nobody gave feedback yet
    is_empty: bool  # nothing was shown yet, whatever the filter
    only: Filter
    newest: tuple[Entry, ...] = ()  # of those on the whole, NEWEST at most

    @property
    def requirements(self) -> int:
        """How many are in it, each counted once."""
        rows = (row for task in self.core_tasks for group in task.groups for row in group.rows)
        return len({row.requirement.id for row in rows})


# --- Counting -------------------------------------------------------------------------------------


class CountedPiece(NamedTuple):
    """A piece, by any key; the requirements against which it is laid, and those of them against
    which it was laid since the day from which a filter asks."""

    key: Hashable
    happened_on: date
    laid: Collection[Hashable]
    new: Collection[Hashable] = ()


class Said(NamedTuple):
    """A remark that was not denied: on which piece, by whom as whom they count, in which role, and
    the requirements that it is about; `is_new` since the day from which a filter asks; `key` is
    that by which its words are read."""

    piece: Hashable
    person: Hashable
    role: str
    is_noted: bool
    about: Collection[Hashable]
    on_whole: bool
    is_new: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class ShownAndSaid:
    """All that is counted in a set; what was said on the whole newest first, where it has keys. A
    feedback of which no remark is about anything in the frame answers its piece all the same.
    `named` is, by the id of who spoke, that of the feedback in which they did so last: under its
    name they are shown."""

    pieces: Sequence[CountedPiece]
    said: Sequence[Said]
    named: Mapping[str, str] = field(default_factory=dict)

    def narrowed(self, only: Filter) -> "ShownAndSaid":
        """Return what the filter asks for: what is in its period, and of which somebody in its role
        spoke; laid only against what they spoke of."""
        pieces, said = self.pieces, self.said
        if only.period:
            first, last = only.period.starts_on, only.period.ends_on
            pieces = [piece for piece in pieces if first <= piece.happened_on <= last]
        if only.role:
            said = [remark for remark in said if remark.role == only.role]
            spoken_of: dict[Hashable, set[Hashable]] = {}
            for remark in said:
                spoken_of.setdefault(remark.piece, set()).update(remark.about)
            pieces = [
                piece._replace(
                    laid=[line for line in piece.laid if line in spoken_of[piece.key]],
                    new=[line for line in piece.new if line in spoken_of[piece.key]],
                )
                for piece in pieces
                if piece.key in spoken_of
            ]
        return ShownAndSaid(pieces, said, self.named)


def count(frame: Frame, shown: ShownAndSaid, only: Filter = EVERYTHING) -> Coverage:
    """Count what was shown and said of each requirement in this frame, or the part that the filter
    asks for. No query."""
    return counts_of(frame, shown, only).coverage(frame, only)


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted in a set: the figures of each requirement, work process and core task by its
    id, and of the set. `fresh` are the requirements behind which something is new; `newest` the
    keys of so many remarks on the whole; `named` as in `ShownAndSaid`."""

    tallies: dict[str, Tally]
    periods: tuple[PeriodCount, ...]
    whole: int
    unanswered: int
    is_empty: bool
    newest: Sequence[str] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    fresh: Collection[Hashable] = ()

    def coverage(self, frame: Frame, only: Filter) -> Coverage:
        """Put the figures where they stand in this frame, those that the filter chooses. What is on
        the whole is no gap: there is none among what is thin."""
        first_place: dict[str, str] = {}
        for task in frame.core_tasks:
            for process in task.work_processes:
                for line in process.requirements:
                    first_place.setdefault(line, process.id)
        rows = {fact.id: RequirementRow(fact, self.tallies[fact.id]) for fact in frame.requirements}

        def fits(row: RequirementRow) -> bool:
            if only.thin and not row.is_thin:
                return False
            return only.since is None or row.requirement.id in self.fresh

        def stays(tally: Tally, inside: tuple[object, ...]) -> bool:
            # For what is left in it, or by itself as it is short of its own guideline.
            by_itself = only.thin and only.since is None and tally.is_short
            return bool(inside) or by_itself or not only.chooses

        def placed(row: RequirementRow, process: WorkProcessFact) -> RequirementRow:
            is_first = first_place[row.requirement.id] == process.id
            return row if is_first else replace(row, is_first=False)

        tasks = []
        for task in frame.core_tasks:
            groups = []
            for process in task.work_processes:
                lines = (rows[line] for line in process.requirements)
                kept = tuple(placed(row, process) for row in lines if fits(row))
                if stays(tally := self.tallies[process.id], kept):
                    groups.append(WorkProcessGroup(process, tally, kept))
            if stays(tally := self.tallies[task.id], tuple(groups)):
                tasks.append(CoreTaskGroup(task, tally, tuple(groups)))
        return Coverage(
            core_tasks=tuple(tasks),
            periods=self.periods,
            whole=0 if only.thin else self.whole,
            unanswered=self.unanswered,
            is_empty=self.is_empty,
            only=only,
        )


def counts_of(frame: Frame, shown: ShownAndSaid, only: Filter = EVERYTHING) -> Counts:
    """Count what was shown and said of what stands in this frame, as far as the filter narrows it
    or asks for what is new. No query."""
    narrowed = shown.narrowed(only)
    behind: dict[Hashable, _Behind] = {fact.id: _Behind() for fact in frame.requirements}
    laid: dict[Hashable, Collection[Hashable]] = {}
    fresh: set[Hashable] = set()
    for piece in narrowed.pieces:
        laid[piece.key] = piece.laid
        fresh.update(piece.new)
        for line in piece.laid:
            behind[line].pieces[piece.key] = piece.happened_on
    answered = set()
    whole: list[str] = []
    for remark in narrowed.said:
        answered.add(remark.piece)
        # A remark counts at its requirements as long as its piece is laid against them. The piece
        # may have been erased from a frozen set, or be outside what the filter asks for.
        here = laid.get(remark.piece)
        if here is None:
            continue
        if remark.on_whole and (only.since is None or remark.is_new):
            whole.append(remark.key)
        by = (remark.role, remark.person)
        for line in remark.about:
            if line in here:
                behind[line].take(remark, by)
                if remark.is_new:
                    fresh.add(line)
    days = [piece.happened_on for piece in narrowed.pieces]
    calendar = _Calendar(frame, days)
    guidelines = {} if only.narrows else {item.on: item for item in frame.guidelines}

    def tally(on: str, lines: Iterable[str]) -> Tally:
        found = [behind[line] for line in lines]
        together = found[0] if len(found) == 1 else _together(found)
        return together.tally(answered, calendar, guidelines.get(on))

    tallies = {fact.id: tally(fact.id, [fact.id]) for fact in frame.requirements}
    for task in frame.core_tasks:
        for process in task.work_processes:
            tallies[process.id] = tally(process.id, process.requirements)
        lines = chain.from_iterable(process.requirements for process in task.work_processes)
        tallies[task.id] = tally(task.id, dict.fromkeys(lines))
    return Counts(
        tallies,
        periods=calendar.by_period(days),
        whole=len(whole),
        newest=[key for key in whole[:NEWEST] if key],
        named=shown.named,
        unanswered=sum(
            piece.key not in answered and (only.since is None or bool(piece.new))
            for piece in narrowed.pieces
        ),
        is_empty=not shown.pieces,
        fresh=fresh,
    )


class _Behind:
    """What stands behind a line, as it is counted."""

    __slots__ = ("firm", "in_role", "noted", "noted_people", "people", "pieces")

    def __init__(self) -> None:
        self.pieces: dict[Hashable, date] = {}  # with the day of the act
        self.firm = self.noted = 0
        self.people: set[Hashable] = set()
        self.noted_people: set[Hashable] = set()
        self.in_role: set[tuple[str, Hashable]] = set()

    def take(self, remark: Said, by: tuple[str, Hashable]) -> None:
        if remark.is_noted:
            self.noted += 1
            self.noted_people.add(remark.person)
        else:
            self.firm += 1
            self.people.add(remark.person)
            self.in_role.add(by)

    def tally(
        self,
        answered: Collection[Hashable],
        calendar: "_Calendar",
        guideline: GuidelineFact | None,
    ) -> Tally:
        in_role = Counter(role for role, _person in self.in_role)
        return Tally(
            pieces=len(self.pieces),
            unanswered=sum(key not in answered for key in self.pieces),
            remarks=self.firm,
            noted=self.noted,
            people=len(self.people),
            unconfirmed=len(self.noted_people - self.people),
            roles=tuple([RoleCount(role, in_role[role]) for role in GIVER_ROLES]),
            periods=calendar.by_period(self.pieces.values()),
            latest=max(self.pieces.values(), default=None),
            guideline=held_against(guideline, len(self.pieces), len(self.people), len(in_role)),
        )


def _together(lines: Iterable[_Behind]) -> _Behind:
    together = _Behind()
    for behind in lines:
        together.pieces |= behind.pieces
        together.firm += behind.firm
        together.noted += behind.noted
        together.people |= behind.people
        together.noted_people |= behind.noted_people
        together.in_role |= behind.in_role
    return together


# --- Drawing a set --------------------------------------------------------------------------------


def draw(evidence_set: EvidenceSet, only: Filter = EVERYTHING) -> Coverage:
    """Draw the coverage of this set, or the part of it that the filter asks for. No query."""
    drawn = count(evidence_set.frame, shown_in(evidence_set, only.since), only)
    if not drawn.whole:
        return drawn
    newest = islice(_Lines(evidence_set, only).on_whole(), NEWEST)
    return replace(drawn, newest=tuple(newest))


def draw_line(evidence_set: EvidenceSet, key: str, only: Filter = EVERYTHING) -> Line | None:
    """Draw one line of the coverage of this set, or of the part of it that the filter asks for;
    None for a key that it does not have. No query."""
    return _Lines(evidence_set, only).line(key)


def draw_lines(evidence_set: EvidenceSet, only: Filter = EVERYTHING) -> dict[str, Line]:
    """Draw all lines of the coverage of this set, or of the part of it that the filter asks for, by
    key. No query."""
    drawing = _Lines(evidence_set, only)
    keys = (WHOLE, UNANSWERED, *drawing.places)
    return {key: line for key in keys if (line := drawing.line(key))}


def shown_in(evidence_set: EvidenceSet, since: date | None = None) -> ShownAndSaid:
    """Read from a set what is counted; with a day, what is new since then."""
    pieces = [
        CountedPiece(
            piece.id,
            piece.happened_on,
            [item.requirement for item in piece.laid],
            [item.requirement for item in piece.laid if _is_laid_since(item, piece, since)],
        )
        for piece in evidence_set.pieces
    ]
    said = []
    for item in evidence_set.feedback:
        if item.standing == DENIED:
            continue
        is_new = since is not None and localdate(item.recorded_at) >= since
        by = (item.piece, item.counted, item.role, item.standing == NOTED)
        said += [Said(*by, each.requirements, each.on_whole, is_new) for each in item.remarks]
        if not item.remarks:
            said.append(Said(*by, (), on_whole=False, is_new=is_new))
    return ShownAndSaid(pieces, said)


def _is_laid_since(laid: LaidFact, piece: PieceFact, since: date | None) -> bool:
    if since is None:
        return False
    return (localdate(laid.recorded_at) if laid.recorded_at else piece.happened_on) >= since


class _Lines:
    """What stands behind each line of a set: the remarks themselves."""

    def __init__(self, evidence_set: EvidenceSet, only: Filter) -> None:
        self.frame = evidence_set.frame
        self.only = only
        self.set = _narrowed(evidence_set.without_denied(), only)
        self.answered = self.set.answered
        self.names = {person.id: person.name for person in self.set.people}
        days = [piece.happened_on for piece in self.set.pieces]
        self.calendar = _Calendar(self.frame, days)
        self.pieces = {piece.id: piece for piece in self.set.pieces}

    @cached_property
    def places(self) -> dict[str, list[WorkProcessFact]]:
        places: dict[str, list[WorkProcessFact]] = {}
        for task in self.frame.core_tasks:
            for process in task.work_processes:
                for line in process.requirements:
                    places.setdefault(line, []).append(process)
        return places

    @cached_property
    def laid(self) -> dict[str, list[PieceFact]]:
        laid: dict[str, list[PieceFact]] = {}
        for piece in sorted(self.set.pieces, key=lambda piece: piece.happened_on, reverse=True):
            for item in piece.laid:
                laid.setdefault(item.requirement, []).append(piece)
        return laid

    @cached_property
    def heard(self) -> list[tuple[FeedbackFact, PieceFact]]:
        """What was said, newest first, but of what was erased from a frozen set."""
        newest_first = sorted(self.set.feedback, key=_moment, reverse=True)
        return [
            (item, self.pieces[item.piece]) for item in newest_first if item.piece in self.pieces
        ]

    def entry(self, feedback: FeedbackFact, piece: PieceFact, words: str) -> Entry:
        since = self.only.since
        is_new = since is not None and localdate(feedback.recorded_at) >= since
        return Entry(feedback, piece, self.names.get(feedback.giver, ""), words, is_new)

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        entries: dict[str, list[Entry]] = {}
        for feedback, piece in self.heard:
            # A remark stands at its requirements as long as its piece is laid against them.
            laid = {item.requirement for item in piece.laid}
            for remark in feedback.remarks:
                entry = self.entry(feedback, piece, remark.text)
                for line in laid.intersection(remark.requirements):
                    entries.setdefault(line, []).append(entry)
        return entries

    def on_whole(self) -> Iterator[Entry]:
        """Find the remarks on the whole that the filter asks for, as `counts_of` counts them."""
        for feedback, piece in () if self.only.thin else self.heard:
            for remark in feedback.remarks:
                if remark.on_whole:
                    entry = self.entry(feedback, piece, remark.text)
                    if self.only.since is None or entry.is_new:
                        yield entry

    def line(self, key: str) -> Line | None:
        if key == WHOLE:
            return Line(key, None, (), (), tuple(self.on_whole()), ())
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
            periods=self.calendar.by_period([piece.happened_on for piece in pieces]),
            entries=tuple(entries),
            bare=tuple(piece for piece in pieces if piece.id not in remarked),
        )

    def _unanswered(self) -> tuple[PieceFact, ...]:
        since = self.only.since
        return tuple(
            piece
            for piece in self.set.pieces
            if piece.id not in self.answered
            and (since is None or any(_is_laid_since(item, piece, since) for item in piece.laid))
        )


def _narrowed(evidence_set: EvidenceSet, only: Filter) -> EvidenceSet:
    """Narrow the set to what the filter asks for: what is in this period, and of which somebody in
    this role spoke; laid only against what they spoke of."""
    pieces, feedback = evidence_set.pieces, evidence_set.feedback
    if only.period:
        pieces = tuple(piece for piece in pieces if _period_of(piece.happened_on, [only.period]))
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


def _period_of(day: date, periods: Iterable[PeriodFact]) -> PeriodFact | None:
    """Find the period in which this day is; periods of a programme never overlap."""
    for period in periods:
        if period.starts_on <= day <= period.ends_on:
            return period
    return None


class _Calendar:
    """The periods of the frame in time; first None, where one of these days is outside. In which of
    them a day is, is found once."""

    def __init__(self, frame: Frame, days: Collection[date]) -> None:
        in_time = sorted(frame.periods, key=lambda period: period.starts_on)
        outside = in_time and any(_period_of(day, in_time) is None for day in set(days))
        self.periods = (None, *in_time) if outside else tuple(in_time)
        self._place: dict[date, int] = {}

    def by_period(self, days: Iterable[date]) -> tuple[PeriodCount, ...]:
        counts = [0] * len(self.periods)
        if counts:
            for day in days:
                place = self._place.get(day)
                if place is None:
                    place = self._place[day] = self._find(day)
                counts[place] += 1
        return tuple(map(PeriodCount, self.periods, counts))

    def _find(self, day: date) -> int:
        return self.periods.index(_period_of(day, filter(None, self.periods)))


def held_against(
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
