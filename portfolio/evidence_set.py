"""The set of evidence as plain facts.

Everything that shows a set (coverage, dossier, check-in) is drawn from an `EvidenceSet`. It is
loaded from the live rows (portfolio/loading.py), now or as of a past moment, or read back from a
committee's frozen snapshot: the same facts either way, so that student, adviser and committee see
the same thing. People appear by id; their names stand apart, so that each can be erased by itself.
"""

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

Fact = TypeVar("Fact")

# --- What must be shown ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequirementFact:
    id: str
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkProcessFact:
    id: str
    code: str
    title: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoreTaskFact:
    """`qualification` is the title of what it belongs to, where the frame holds several."""

    id: str
    code: str
    title: str
    work_processes: tuple[WorkProcessFact, ...]
    qualification: str = ""


@dataclass(frozen=True, slots=True)
class PeriodFact:
    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class GuidelineFact:
    """`on` is the id of a core task, a work process or a requirement."""

    on: str
    pieces: int
    people: int
    roles: int


@dataclass(frozen=True, slots=True)
class PartFact:
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class EarlierFinding:
    """What a committee found of a part before, called as it was then; where it was not yet
    attained with what was still to be shown, and by when where that was said."""

    id: str
    title: str
    outcome: str
    to_show: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier case on the same unit: what was found, or, where it was deferred, what was asked.
    `case` and `deferral` are ids."""

    case: str
    decided_on: date
    announced_on: date
    deferral: str = ""
    asked: str = ""
    findings: tuple[EarlierFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """Against what the set is held: the requirements of an enrolment, or of one unit of it.
    `parts` are those that a committee is asked about, `earlier` what was said before."""

    student: str
    programme: str
    framework: str
    unit: str
    parts: tuple[PartFact, ...]
    core_tasks: tuple[CoreTaskFact, ...]
    requirements: tuple[RequirementFact, ...]
    periods: tuple[PeriodFact, ...]
    guidelines: tuple[GuidelineFact, ...]
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedFact:
    """What a committee asked before in words of its own: those of a finding or a deferral, by its
    id. A frozen set keeps them apart from its frame, so that they can be erased."""

    id: str
    text: str


# --- What was shown -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file as others see it. `file` is the id of the stored version that is shown, and the
    digest is that of its bytes; both are empty while there is none, and `state` says why: it is
    waiting, in hand, or failed."""

    id: str
    digest: str
    media_type: str
    kind: str
    name: str
    size: int
    file: str = ""
    state: str = "ready"  # StoredFile.Preparation


@dataclass(frozen=True, slots=True)
class LaidFact:
    """`recorded_at` is when it was laid; what was frozen before this was noted does not know."""

    requirement: str
    why: str
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PieceFact:
    id: str
    revision: int
    title: str
    kind: str
    happened_on: date
    place: str
    origin: str
    context: str
    reflection: str
    laid: tuple[LaidFact, ...]
    files: tuple[FileFact, ...]


@dataclass(frozen=True, slots=True)
class RemarkFact:
    """One text, about these requirements of the frame and, where it says so, about the whole."""

    text: str
    requirements: tuple[str, ...]
    on_whole: bool


@dataclass(frozen=True, slots=True)
class FeedbackFact:
    """`standing` is written, noted (not yet confirmed), confirmed or denied. Of its remarks those
    that are about something in the frame, or about the whole; there may be none. `counts_as` is
    the person as whom the giver counts, where that is somebody else."""

    id: str
    piece: str
    revision: int
    giver: str
    role: str
    standing: str
    given_on: date
    recorded_at: datetime
    place: str
    remarks: tuple[RemarkFact, ...]
    counts_as: str = ""

    @property
    def counted(self) -> str:
        """The one as whom its giver is counted among distinct people."""
        return self.counts_as or self.giver


@dataclass(frozen=True, slots=True)
class PersonFact:
    """Somebody in the set, by the name under which they last spoke in it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SetAsideFact:
    """`revision` is the number of the one from which the title is; what was frozen before this
    was noted does not know."""

    piece: str
    title: str
    reason: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class CheckInFact:
    id: str
    held_on: date
    light: str
    summary: str


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    frame: Frame
    pieces: tuple[PieceFact, ...] = ()
    feedback: tuple[FeedbackFact, ...] = ()
    people: tuple[PersonFact, ...] = ()
    set_aside: tuple[SetAsideFact, ...] = ()
    check_ins: tuple[CheckInFact, ...] = ()

    @property
    def last_check_in(self) -> CheckInFact | None:
        return self.check_ins[0] if self.check_ins else None

    def name(self, person_id: str) -> str:
        """Return the person's name; empty when it was erased."""
        return next((person.name for person in self.people if person.id == person_id), "")

    @property
    def answered(self) -> frozenset[str]:
        """Ids of the pieces on which somebody gave feedback that they did not deny."""
        return frozenset(item.piece for item in self.feedback if item.standing != DENIED)

    def without_denied(self) -> "EvidenceSet":
        """Return the set without what a speaker denied, which is no feedback; it stays on record
        elsewhere."""
        return replace(
            self, feedback=tuple(item for item in self.feedback if item.standing != DENIED)
        )

    def that_counts(self) -> "EvidenceSet":
        """Return what enters the frozen set: all answered evidence laid against the unit, minus
        what the student set aside. (domain rule 11)"""
        counting = self.answered - {item.piece for item in self.set_aside}
        feedback = tuple(item for item in self.without_denied().feedback if item.piece in counting)
        named = {item.giver for item in feedback} | {self.frame.student}
        return replace(
            self,
            pieces=tuple(piece for piece in self.pieces if piece.id in counting),
            feedback=feedback,
            people=tuple(person for person in self.people if person.id in named),
        )


WRITTEN, NOTED, CONFIRMED, DENIED = "written", "noted", "confirmed", "denied"


# --- From facts to plain data and back ------------------------------------------------------------


def to_plain(fact: Any) -> Any:
    """Write a fact as dictionaries, lists, texts and numbers, to be written as canonical JSON."""
    if is_dataclass(fact):
        return {item.name: to_plain(getattr(fact, item.name)) for item in fields(fact)}
    if isinstance(fact, tuple):
        return [to_plain(item) for item in fact]
    return fact.isoformat() if isinstance(fact, date) else fact


def from_plain(kind: type[Fact], plain: dict[str, Any]) -> Fact:
    """Read the fact of this kind that `to_plain` wrote; fields it did not know take their
    default."""
    hints = _hints(cast(type, kind))
    return kind(
        **{name: _value(hints[name], value) for name, value in plain.items() if name in hints}
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    if get_origin(hint) is UnionType:  # of something or None
        return None if value is None else _value(get_args(hint)[0], value)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    if hint in (date, datetime):
        return hint.fromisoformat(value)
    return from_plain(cast(type, hint), value) if is_dataclass(hint) else value
