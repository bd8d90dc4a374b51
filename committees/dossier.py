"""What the pages of one case show: the set, frozen or as it would be, and what was found on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from committees.models import Case, Decision, Judgement, Outcome
from committees.rules import Panel, Seat
from committees.snapshots import FrozenSet, read
from evidence.models import Revision
from people.models import Account
from portfolio.coverage import EVERYTHING, draw
from portfolio.evidence_set import NOTED, EvidenceSet, FeedbackFact, FileFact, PartFact, PieceFact
from portfolio.forms import CoverageFilterForm
from portfolio.models import Light


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


def set_context(
    evidence_set: EvidenceSet, files: Mapping[str, str], asked: QueryDict | None = None
) -> dict[str, Any]:
    """What `committees/_set.html` draws, for the committee, the student and the auditor alike;
    `files` has the address of each file by its id. Where the reader can ask for a part of the
    coverage, `asked` is the query that does so. No query to the database."""
    filters = None if asked is None else CoverageFilterForm(asked, evidence_set)
    words = {line.id: line.words for line in evidence_set.frame.requirements}
    names = {person.id: person.name for person in evidence_set.people}
    given: dict[str, list[ShownFeedback]] = defaultdict(list)
    for item in evidence_set.feedback:
        given[item.piece].append(_feedback(item, names, words))
    return {
        "filters": filters,
        "coverage": draw(evidence_set, filters.only if filters else EVERYTHING),
        "evidence_set": evidence_set,
        "links": {piece.id: f"#piece-{piece.id}" for piece in evidence_set.pieces},
        "pieces": [
            ShownPiece(
                piece,
                tuple((file, files.get(file.id, "")) for file in piece.files),
                tuple((words[laid.requirement], laid.why) for laid in piece.laid),
                tuple(given[piece.id]),
            )
            for piece in evidence_set.pieces
        ],
        "check_ins": [
            (item, Light(item.light).label if item.light else "") for item in evidence_set.check_ins
        ],
    }


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


def frozen_context(case: Case, asked: QueryDict | None = None) -> tuple[FrozenSet, dict[str, Any]]:
    """The set of a frozen case, read back, and what is drawn of it. Two queries."""
    frozen = read(case.snapshots.latest("number"))
    files = {
        file.id: reverse("committees:file", args=[case.pk, file.file])
        for piece in frozen.evidence_set.pieces
        for file in piece.files
        if file.file
    }
    return frozen, set_context(frozen.evidence_set, files, asked) | {"erased": frozen.erased}


def live_files(evidence_set: EvidenceSet) -> dict[str, str]:
    """Where the student finds the files of a set that is not frozen yet."""
    return {
        file.id: reverse("evidence:file", args=[piece.id, file.id])
        for piece in evidence_set.pieces
        for file in piece.files
        if file.file
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
    if not case.is_opened:
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


def in_words(outcome: str | None) -> str:
    return str(Outcome(outcome).label) if outcome else ""


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as it is read: the part by its title in the frozen set, and the outcome in
    words."""

    title: str
    outcome: str
    words: str
    to_show: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """A decision as it is read: its findings, and what it points at by title; empty where that
    was lawfully removed since."""

    findings: tuple[ShownFinding, ...]
    cited: tuple[str, ...]


def decision_facts(decision: Decision, frozen: FrozenSet) -> DecisionFacts:
    """One query, unless its findings were prefetched."""
    titles = frozen.titles()
    parts = {part.id: part.title for part in frozen.evidence_set.frame.parts}
    return DecisionFacts(
        tuple(
            ShownFinding(
                parts[str(row.part_id)], row.outcome, in_words(row.outcome), row.to_show, row.due_on
            )
            for row in decision.findings.all()
        ),
        tuple(titles.get(digest, "") for digest in decision.cited),
    )


def replaced_decisions(case: Case, frozen: FrozenSet) -> list[tuple[Decision, DecisionFacts]]:
    """The decisions of this case that another took the place of, newest first. Two queries."""
    rows = case.decisions.for_page().filter(standing_for=None).order_by("-number")
    rows = rows.select_related("superseded_by__by", "superseded_by__second")
    return [(row, decision_facts(row, frozen)) for row in rows]


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
