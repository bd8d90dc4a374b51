"""What the pages of one case show: the set, frozen or as it would be, and what was found on it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import QueryDict

from committees.models import Case, Finding, Judgement
from committees.rules import Panel, Seat
from committees.snapshots import FrozenSet
from evidence.models import GiverRole, Revision
from people.models import Account
from portfolio.coverage import EVERYTHING, WHOLE, draw
from portfolio.evidence_set import (
    NOTED,
    EvidenceSet,
    FeedbackFact,
    FileFact,
    PartFact,
    PieceFact,
)
from portfolio.forms import CoverageFilterForm
from portfolio.lines import under
from portfolio.models import Light

PIECES_AT_A_TIME = 30


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A piece as a line: how many people gave feedback on it, and in which roles, in the order of
    the roles."""

    piece: PieceFact
    people: int
    roles: tuple[GiverRole, ...]

    @property
    def kind(self) -> str:
        return str(Revision.Kind(self.piece.kind).label)


@dataclass(frozen=True, slots=True)
class ShownFeedback:
    """Feedback with who gave it and its remarks: the requirement in words (nothing for the
    whole) and what was said of it in particular."""

    feedback: FeedbackFact
    giver: str
    remarks: tuple[tuple[str, str], ...]

    @property
    def is_noted(self) -> bool:
        return self.feedback.standing == NOTED


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """A piece in full: its files with their addresses, the requirements it is laid against in
    words with the student's why, and the feedback on it."""

    piece: PieceFact
    files: tuple[tuple[FileFact, str], ...]
    laid: tuple[tuple[str, str], ...]
    feedback: tuple[ShownFeedback, ...]

    @property
    def kind(self) -> str:
        return str(Revision.Kind(self.piece.kind).label)

    @property
    def origin(self) -> str:
        return str(Revision.Origin(self.piece.origin).label)


def piece_rows(evidence_set: EvidenceSet) -> list[PieceRow]:
    """The pieces of a set as lines, in its order. No query."""
    given: dict[str, list[FeedbackFact]] = defaultdict(list)
    for item in evidence_set.feedback:
        given[item.piece].append(item)
    rows = []
    for piece in evidence_set.pieces:
        on_it = given[piece.id]
        roles = {item.role for item in on_it}
        people = len({item.giver for item in on_it})
        rows.append(PieceRow(piece, people, tuple(role for role in GiverRole if role in roles)))
    return rows


def shown_pieces(
    evidence_set: EvidenceSet, only: str = "", *, address: Callable[[PieceFact, FileFact], str]
) -> list[ShownPiece]:
    """The pieces of a set in full, or `only` the one with this id; `address` says where a file of
    a piece is. No query."""
    words = {line.id: line.words for line in evidence_set.frame.requirements}
    names = {person.id: person.name for person in evidence_set.people}
    given: dict[str, list[ShownFeedback]] = defaultdict(list)
    for item in evidence_set.feedback:
        if only in ("", item.piece):
            given[item.piece].append(_feedback(item, names, words))
    return [
        ShownPiece(
            piece,
            tuple((file, address(piece, file) if file.digest else "") for file in piece.files),
            tuple((words[laid.requirement], laid.why) for laid in piece.laid),
            tuple(given[piece.id]),
        )
        for piece in evidence_set.pieces
        if only in ("", piece.id)
    ]


def _feedback(
    item: FeedbackFact, names: Mapping[str, str], words: Mapping[str, str]
) -> ShownFeedback:
    return ShownFeedback(
        item,
        names.get(item.giver, ""),
        tuple(
            (words.get(remark.requirement or "", ""), remark.text)
            for remark in item.remarks
            if remark.requirement in words or (remark.requirement is None and remark.text)
        ),
    )


def set_context(
    case: Case, evidence_set: EvidenceSet, *, erased: int = 0, asked: QueryDict | None = None
) -> dict[str, Any]:
    """What `committees/_set.html` draws, for the committee, the student and the auditor alike.
    Where the reader can ask for a part of the coverage, `asked` is the query that does so. No
    query to the database."""
    filters = None if asked is None else CoverageFilterForm(asked, evidence_set)
    return {
        "erased": erased,
        "filters": filters,
        "coverage": draw(evidence_set, filters.only if filters else EVERYTHING),
        "evidence_set": evidence_set,
        "at": under("committees:line", case.pk, key=WHOLE),
        "pieces_at": under("committees:piece", case.pk, key=UUID(int=0)),
        "pieces": Paginator(piece_rows(evidence_set), PIECES_AT_A_TIME).page(1),
        "check_ins": [
            (item, Light(item.light).label if item.light else "") for item in evidence_set.check_ins
        ],
    }


@dataclass(frozen=True, slots=True)
class PartFindings:
    """One part of the unit and what each judge found, in the order of the judges."""

    part: PartFact
    findings: tuple[tuple[str, str], ...]  # name, finding in words


@dataclass(frozen=True, slots=True)
class OpenedJudgements:
    judges: tuple[tuple[Seat, Judgement], ...]
    parts: tuple[PartFindings, ...]


def opened_judgements(case: Case, panel: Panel, parts: Iterable[PartFact]) -> OpenedJudgements:
    """The judgements that count, side by side; only for a case whose judgements were opened. One
    query."""
    if case.state in (Case.State.PLANNED, Case.State.FROZEN):
        raise PermissionError("sealed judgements are shown to nobody")
    rows = {row.person_id: row for row in Judgement.objects.standing().filter(case=case)}
    judges = tuple((seat, rows[seat.person]) for seat in panel.judging if seat.person in rows)
    return OpenedJudgements(
        judges,
        tuple(
            PartFindings(
                part,
                tuple((seat.name, in_words(row.findings.get(part.id))) for seat, row in judges),
            )
            for part in parts
        ),
    )


def in_words(finding: str | None) -> str:
    return str(Finding(finding).label) if finding else ""


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """A decision as it is read: the findings by the title of the part, in words, and what it
    points at by title; empty where that was lawfully removed since."""

    findings: tuple[tuple[str, str, str], ...]  # title, value, in words
    cited: tuple[str, ...]


def decision_facts(case: Case, frozen: FrozenSet) -> DecisionFacts:
    decision, titles = case.decision, frozen.titles()
    return DecisionFacts(
        tuple(
            (part.title, decision.findings[part.id], in_words(decision.findings[part.id]))
            for part in frozen.evidence_set.frame.parts
        ),
        tuple(titles.get(digest, "") for digest in decision.cited),
    )


Neighbours = tuple[Case | None, Case | None]


def neighbours(
    case: Case, agenda: Iterable[Case], panels: Mapping[UUID, Panel], viewer: Account
) -> Neighbours:
    """The cases before and after this one on the agenda, past those from which the viewer stands
    aside."""
    rows = [row for row in agenda if row == case or viewer.pk not in panels[row.pk].aside]
    place = rows.index(case)
    before = rows[place - 1] if place else None
    after = rows[place + 1] if place + 1 < len(rows) else None
    return before, after
