"""What the pages of one case show: the set, frozen or as it would be, and what was found on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from committees.models import Case, Finding, Judgement
from committees.rules import Panel, Seat
from committees.snapshots import FrozenSet, read
from portfolio.coverage import draw
from portfolio.evidence_set import EvidenceSet, FeedbackFact, PartFact, PieceFact


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """A piece in full, with the feedback on it and who gave that."""

    piece: PieceFact
    feedback: tuple[tuple[str, FeedbackFact], ...]


def set_context(evidence_set: EvidenceSet, files: Mapping[str, str]) -> dict[str, Any]:
    """What `committees/_set.html` draws, for the committee, the student and the auditor alike;
    `files` has the address of each file by its digest. No query."""
    names = {person.id: person.name for person in evidence_set.people}
    return {
        "coverage": draw(evidence_set),
        "evidence_set": evidence_set,
        "files": files,
        "pieces": [
            ShownPiece(
                piece,
                tuple(
                    (names.get(item.giver, ""), item)
                    for item in evidence_set.feedback
                    if item.piece == piece.id
                ),
            )
            for piece in evidence_set.pieces
        ],
    }


def frozen_context(case: Case) -> tuple[FrozenSet, dict[str, Any]]:
    """The set of a frozen case, read back, and what is drawn of it. Two queries."""
    frozen = read(case.snapshots.latest("number"))
    files = {
        file.digest: reverse("committees:file", args=[case.pk, file.digest])
        for piece in frozen.evidence_set.pieces
        for file in piece.files
        if file.digest
    }
    return frozen, set_context(frozen.evidence_set, files) | {"erased": frozen.erased}


def live_files(evidence_set: EvidenceSet) -> dict[str, str]:
    """Where the student finds the files of a set that is not frozen yet."""
    return {
        file.digest: reverse("evidence:file", args=[piece.id, file.id])
        for piece in evidence_set.pieces
        for file in piece.files
        if file.digest
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
    rows = {row.user_id: row for row in Judgement.objects.standing().filter(case=case)}
    judges = tuple((seat, rows[seat.user]) for seat in panel.judging if seat.user in rows)
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


def neighbours(case: Case) -> tuple[Case | None, Case | None]:
    """The cases before and after this one on the agenda. One query."""
    rows = list(case.meeting.cases.select_related("enrolment__student"))
    place = next(number for number, row in enumerate(rows) if row.pk == case.pk)
    before = rows[place - 1] if place else None
    after = rows[place + 1] if place + 1 < len(rows) else None
    return before, after
