"""What the pages of one case show: the set, frozen or as it would be, what was found on it, and
what a motivation can rest on."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from committees.models import Case, ContradictionAnswer, Decision, Judgement, Outcome
from committees.rules import Panel, Seat
from committees.set_figures import ROLES_SHOWN, FrozenPages
from committees.snapshots import FrozenSet
from committees.who_sits import panel_sealed
from evidence.models import GiverRole, Revision
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
ASIDE_AT_A_TIME = 50
GROUPS_AT_A_TIME = 12  # of what a motivation can rest on


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
    """Feedback with who gave it, and its remarks: each text with the requirements it is about, in
    words. `is_earlier` where its giver saw an earlier version of the piece than is shown."""

    feedback: FeedbackFact
    giver: str
    remarks: tuple[tuple[str, tuple[str, ...]], ...]
    is_earlier: bool

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
    """Return the pieces of a set as lines, in its order. No query."""
    given: dict[str, list[FeedbackFact]] = defaultdict(list)
    for item in evidence_set.feedback:
        given[item.piece].append(item)
    rows = []
    for piece in evidence_set.pieces:
        on_it = given[piece.id]
        roles = {item.role for item in on_it}
        people = len({item.counted for item in on_it})
        rows.append(PieceRow(piece, people, tuple(role for role in GiverRole if role in roles)))
    return rows


def shown_pieces(
    evidence_set: EvidenceSet, only: str = "", *, address: Callable[[PieceFact, FileFact], str]
) -> list[ShownPiece]:
    """Return the pieces of a set in full, or `only` the one with this id; `address` says where a
    file of a piece is. No query."""
    words = {line.id: line.words for line in evidence_set.frame.requirements}
    names = {person.id: person.name for person in evidence_set.people}
    shown = {piece.id: piece.revision for piece in evidence_set.pieces}
    given: dict[str, list[ShownFeedback]] = defaultdict(list)
    for item in evidence_set.feedback:
        if item.piece in shown and only in ("", item.piece):  # else erased from a frozen set
            is_earlier = item.revision < shown[item.piece]
            remarks = tuple(
                (remark.text, tuple(words[line] for line in remark.requirements))
                for remark in item.remarks
            )
            giver = names.get(item.giver, "")
            given[item.piece].append(ShownFeedback(item, giver, remarks, is_earlier))
    return [
        ShownPiece(
            piece,
            tuple((file, address(piece, file) if file.file else "") for file in piece.files),
            tuple((words[laid.requirement], laid.why) for laid in piece.laid),
            tuple(given[piece.id]),
        )
        for piece in evidence_set.pieces
        if only in ("", piece.id)
    ]


def set_context(case: Case, evidence_set: EvidenceSet) -> dict[str, Any]:
    """Return what `committees/_set.html` draws of a set that was read, whole: to print, or as it
    would be frozen. No query to the database."""
    aside = evidence_set.set_aside
    return _drawn(case, evidence_set) | {
        "coverage": draw(evidence_set),
        "pieces": Paginator(piece_rows(evidence_set), PIECES_AT_A_TIME).page(1),
        "set_aside": Paginator(aside, max(1, len(aside))).page(1),
    }


def frozen_context(
    case: Case, pages: FrozenPages, *, asked: QueryDict | None = None
) -> dict[str, Any]:
    """Return what `committees/_set.html` draws of a frozen set, for the committee, the student and
    the auditor alike. Where the reader can ask for a part of the coverage, `asked` is the query
    that does so. One query where the figures are kept, at most two more for a part."""
    pages.want(_first_numbers(pages))
    around = pages.around
    filters = None
    if asked is not None:
        filters = CoverageFilterForm(asked, around.frame, around.last_check_in)
    return _drawn(case, around) | {
        "erased": pages.first["erased"],
        "filters": filters,
        "coverage": pages.coverage(filters.only if filters else EVERYTHING),
        "pieces": pieces_page(pages),
        "set_aside": aside_page(pages),
    }


def _drawn(case: Case, evidence_set: EvidenceSet) -> dict[str, Any]:
    return {
        "erased": 0,
        "filters": None,
        "evidence_set": evidence_set,
        "at": under("committees:line", case.pk, key=WHOLE),
        "pieces_at": under("committees:piece", case.pk, key=UUID(int=0)),
        "check_ins": [
            (item, Light(item.light).label if item.light else "") for item in evidence_set.check_ins
        ],
    }


def _first_numbers(pages: FrozenPages) -> set[int]:
    """List the items that a page of a set shows first, so that they are read together."""
    numbers = {number for number, *_rest in pages.first["pieces"][:PIECES_AT_A_TIME]}
    numbers |= {number for *three, _place in pages.first["newest"] for number in three} - {0}
    return numbers | set(pages.first["set_aside"][:ASIDE_AT_A_TIME])


def pieces_page(pages: FrozenPages, asked: str | None = None) -> Page:
    """Return the pieces of a frozen set as lines, so many at a time. One query where these were not
    wanted before."""
    page = Paginator(pages.first["pieces"], PIECES_AT_A_TIME).get_page(asked)
    pages.want([number for number, *_rest in page.object_list])
    page.object_list = [
        PieceRow(piece, people, tuple(ROLES_SHOWN[int(place)] for place in roles))
        for number, people, roles in page.object_list
        if (piece := pages.fact(number))
    ]
    return page


def aside_page(pages: FrozenPages, asked: str | None = None) -> Page:
    """Return what the student set aside, so much at a time. One query as `pieces_page`."""
    page = Paginator(pages.first["set_aside"], ASIDE_AT_A_TIME).get_page(asked)
    pages.want(page.object_list)
    page.object_list = [item for number in page.object_list if (item := pages.fact(number))]
    return page


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
    """Return the judgements that count, side by side; only for a case whose judgements were opened.
    One query."""
    if not case.is_opened:
        raise PermissionError("sealed judgements are shown to nobody")
    rows = {row.person_id: row for row in Judgement.objects.standing().filter(case=case)}
    judges = tuple((seat, rows[seat.person]) for seat in panel.judgements_in)
    return OpenedJudgements(
        judges,
        tuple(
            PartFindings(
                part,
                tuple(
                    (seat.name, outcome_in_words(row.findings.get(part.id))) for seat, row in judges
                ),
            )
            for part in parts
        ),
    )


def outcome_in_words(outcome: str | None) -> str:
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


def decision_facts(decision: Decision, frozen: FrozenSet | FrozenPages) -> DecisionFacts:
    """Return the decision as it is read. One query, unless its findings were prefetched, and what
    finding the titles takes."""
    titles = frozen.titles_of(decision.cited)
    parts = {part.id: part.title for part in frozen.frame.parts}
    return DecisionFacts(
        tuple(
            ShownFinding(
                parts[str(row.part_id)],
                row.outcome,
                outcome_in_words(row.outcome),
                row.to_show or "",
                row.due_on,
            )
            for row in decision.findings.all()
        ),
        tuple(titles.get(digest, "") for digest in decision.cited),
    )


def replaced_decisions(
    case: Case, frozen: FrozenSet | FrozenPages
) -> list[tuple[Decision, DecisionFacts]]:
    """Return the decisions of this case that another took the place of, newest first. Two queries,
    none where the one that stands is the first."""
    if case.standing.number == 1:
        return []
    rows = case.decisions.for_page().exclude(superseded_by=None).order_by("-number")
    rows = rows.select_related("superseded_by__by", "superseded_by__second")
    return [(row, decision_facts(row, frozen)) for row in rows]


@dataclass(frozen=True, slots=True)
class SetBack:
    """A decision that was set back, never announced: what it said, the committee that took it, and
    the answers of the secretary by which it no longer stands: each of a member who was noted as
    present then, and was not there."""

    decision: Decision
    facts: DecisionFacts
    panel: Panel
    answers: tuple[ContradictionAnswer, ...]


def decisions_set_back(case: Case, frozen: FrozenSet | FrozenPages) -> list[SetBack]:
    """Return the decisions of this case that were set back, newest first. One query where its
    judgements were opened and no first decision stands; where there is one, two more and one for
    each."""
    if not case.is_opened or (case.has_decision and case.standing.number == 1):
        return []
    rows = list(case.decisions.for_page().set_back().order_by("-number"))
    if not rows:
        return []
    absent = ContradictionAnswer.objects.filter(
        contradiction__attendance__meeting=case.meeting_id, was_there=False
    )
    found = list(
        absent.select_related("by", "contradiction__attendance__person").order_by("recorded_at")
    )
    return [
        SetBack(
            row,
            decision_facts(row, frozen),
            panel_sealed(row),
            tuple(
                answer
                for answer in found
                if answer.contradiction.attendance.held_at(row.recorded_at)
            ),
        )
        for row in rows
    ]


# --- What a motivation rests on -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Citable:
    """A piece, or feedback on one: the digest of its item, how it is called, and whether it was
    chosen."""

    digest: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Citing:
    """Pieces, each with the feedback on it, among which was searched for `q`; and apart what was
    chosen before and is not among them."""

    q: str
    page: Page
    groups: tuple[tuple[Citable, ...], ...]
    chosen: tuple[Citable, ...]


def citing_in(frozen: FrozenSet, chosen: Collection[str], *, q: str = "", page: str = "") -> Citing:
    """Find the pieces whose title, or the name of somebody who spoke of them, holds every word of
    `q`, so many at a time. No query."""
    asked = _folded(q).split()
    found = [
        choices
        for title, choices in frozen.citable()
        if all(word in _folded(" ".join([title, *dict(choices).values()])) for word in asked)
    ]
    shown = Paginator(found, GROUPS_AT_A_TIME).get_page(page)
    groups = tuple(
        tuple(Citable(digest, words, digest in chosen) for digest, words in choices)
        for choices in shown.object_list
    )
    here = {item.digest for group in groups for item in group}
    titles = frozen.titles()
    return Citing(
        q,
        shown,
        groups,
        tuple(
            Citable(digest, titles[digest], is_chosen=True)
            for digest in chosen
            if digest in titles and digest not in here
        ),
    )


def _folded(text: str) -> str:
    """Write a text without capitals and accents."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(one for one in apart if not unicodedata.combining(one)).casefold()
