"""The set of a case: as it would be frozen; frozen, an `EvidenceSet` as canonical bytes; and back.

A snapshot's manifest names each item by the salted hash of its content; the contents stand apart,
so that one can be lawfully erased while the manifest, and what it proves, stays.
"""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from committees.models import Case, Snapshot, SnapshotFile, SnapshotItem
from committees.rules import Panel
from committees.standing import asking_the_rest, standing_on
from evidence.models import Revision
from files.models import StoredFile
from portfolio.coverage import UNANSWERED, draw_line
from portfolio.evidence_set import (
    AskedFact,
    CheckInFact,
    EvidenceSet,
    FeedbackFact,
    Frame,
    PersonFact,
    PieceFact,
    SetAsideFact,
    from_plain,
    to_plain,
)
from portfolio.loading import load
from programmes.models import AdviserAssignment, Unit
from records.chain import canonical
from records.models import Sealed


@dataclass(frozen=True, slots=True)
class TermsFact:
    """What bound the committee when the set was frozen: each of these rows as it held at the
    reference moment, with its id, and who sat when it was frozen, by ids (`Panel.to_plain`)."""

    reference_at: datetime
    held_at: datetime
    committee: str
    adviser: str  # the id of a person; empty where nobody advised
    enrolment: dict[str, Any]
    unit: dict[str, Any]
    rules: dict[str, Any]
    mandate: dict[str, Any]
    panel: dict[str, Any]


FACTS: dict[str, type] = {
    "frame": Frame,
    "terms": TermsFact,
    "member": PersonFact,
    "asked": AskedFact,
    "piece": PieceFact,
    "feedback": FeedbackFact,
    "person": PersonFact,
    "set_aside": SetAsideFact,
    "check_in": CheckInFact,
}


KindAndFact = tuple[str, Any]  # of an item


@dataclass(frozen=True, slots=True)
class FrozenItem:
    """What a manifest names; `is_removed` when its content was lawfully erased since."""

    kind: str
    digest: str
    is_removed: bool


@dataclass(frozen=True, slots=True)
class FrozenSet:
    """A snapshot read back: what bound the committee, its items in the order of the manifest, and
    `digests`, which gives the item of each piece and each feedback by its id, for citing. `facts`
    are what the items hold, by their number, which is that of their place."""

    evidence_set: EvidenceSet
    terms: TermsFact
    items: tuple[FrozenItem, ...]
    digests: dict[str, str]
    facts: dict[int, KindAndFact]

    @property
    def erased(self) -> int:
        """How many items were lawfully removed."""
        return sum(item.is_removed for item in self.items)

    def citable(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """List what a motivation can point at: for each piece its title, and digest and words of
        the piece itself and of each feedback on it."""
        names = {person.id: person.name for person in self.evidence_set.people}
        given: dict[str, list[tuple[str, str]]] = {}
        for item in self.evidence_set.feedback:
            words = _("Feedback of %(giver)s") % {
                "giver": names.get(item.giver) or _("(name removed)")
            }
            given.setdefault(item.piece, []).append((self.digests[item.id], words))
        return [
            (piece.title, [(self.digests[piece.id], piece.title), *given.get(piece.id, ())])
            for piece in self.evidence_set.pieces
        ]

    def titles(self) -> dict[str, str]:
        """Tell how each piece and each feedback is called, by the digest of its item."""
        pieces = {piece.id: piece for piece in self.evidence_set.pieces}
        names = {person.id: person.name for person in self.evidence_set.people}
        found = {self.digests[piece.id]: piece.title for piece in self.evidence_set.pieces}
        for item in self.evidence_set.feedback:
            on = pieces.get(item.piece)
            title = title_of_feedback(names.get(item.giver, ""), on.title if on else "")
            found[self.digests[item.id]] = title
        return found

    def titles_of(self, digests: Collection[str]) -> dict[str, str]:
        """Tell how each of these pieces and feedbacks is called; of what was erased nothing."""
        return {digest: title for digest, title in self.titles().items() if digest in digests}

    @property
    def frame(self) -> Frame:
        return self.evidence_set.frame


def title_of_feedback(giver: str, piece: str) -> str:
    """Tell how a feedback is called, by the name of its giver and the title of its piece, each
    empty where it was removed."""
    return _("Feedback of %(giver)s on “%(piece)s”") % {
        "giver": giver or _("(name removed)"),
        "piece": piece or _("(removed)"),
    }


def freeze(
    case: Case, evidence_set: EvidenceSet, panel: Panel, *, at: datetime
) -> tuple[Snapshot, list[SnapshotItem], list[SnapshotFile]]:
    """Return the unsaved snapshot of this set, and of what binds the committee that sits, its
    items, and where in them files are shown. At most seven queries."""
    words = _revisions(evidence_set)
    frame, asked = _apart(evidence_set.frame)
    facts: list[tuple[str, Any, UUID | None]] = [
        ("frame", frame, None),
        ("terms", _terms(case, panel), None),
    ]
    facts += [
        ("member", PersonFact(str(seat.person), seat.name), seat.person) for seat in panel.seats
    ]
    facts += [("asked", fact, UUID(fact.id)) for fact in asked]
    facts += [("person", fact, UUID(fact.id)) for fact in evidence_set.people]
    facts += [("piece", fact, words[fact.id, fact.revision]) for fact in evidence_set.pieces]
    facts += [("feedback", fact, UUID(fact.id)) for fact in evidence_set.feedback]
    facts += [
        ("set_aside", fact, words[fact.piece, fact.revision]) for fact in evidence_set.set_aside
    ]
    facts += [("check_in", fact, UUID(fact.id)) for fact in evidence_set.check_ins]
    snapshot = Snapshot(case=case, recorded_at=at)
    items = [
        _item(snapshot, number, kind, fact, source, at)
        for number, (kind, fact, source) in enumerate(facts, start=1)
    ]
    snapshot.manifest = canonical(
        {
            "format": Snapshot.FORMAT,
            "case": case.pk,
            "frozen_at": at,
            "student": evidence_set.frame.student,
            "people": [fact.id for fact in evidence_set.people],
            "files": sorted(
                {file.file for piece in evidence_set.pieces for file in piece.files} - {""}
            ),
            "items": [
                {"kind": item.kind, "digest": item.digest, "source": item.source} for item in items
            ],
        }
    )
    snapshot.digest = sha256(snapshot.manifest).hexdigest()
    files = [
        SnapshotFile(item=item, file_id=key, recorded_at=at)
        for (kind, fact, _source), item in zip(facts, items, strict=True)
        if kind == "piece"
        for key in sorted({file.file for file in fact.files} - {""})
    ]
    return snapshot, items, files


def _terms(case: Case, panel: Panel) -> TermsFact:
    """Find what binds the committee before this case (read with `for_list`). At most six
    queries."""
    meeting, enrolment = case.meeting, case.enrolment
    moment = meeting.reference_at
    advising = AdviserAssignment.objects.as_of(moment).filter(enrolment=enrolment)
    adviser = advising.values_list("adviser", flat=True).first()
    return TermsFact(
        reference_at=moment,
        held_at=meeting.held_at,
        committee=str(meeting.committee_id),
        adviser=str(adviser or ""),
        enrolment=_row(enrolment),
        unit=_row(Unit.for_sealing().get(pk=case.unit_id)),
        rules=_row(enrolment.programme.rules.as_of(moment)),
        mandate=_row(meeting.mandate),
        panel=panel.to_plain(),
    )


def _row(row: Sealed) -> dict[str, Any]:
    """Write a row with its id, as its chain states it."""
    return json.loads(canonical({"id": row.pk} | row.content_to_seal()))


def _apart(frame: Frame) -> tuple[Frame, list[AskedFact]]:
    """Set apart what was asked in words before: returns the frame without those words, and the
    words."""
    asked = [(row.deferral, row.asked) for row in frame.earlier]
    asked += [(found.id, found.to_show) for row in frame.earlier for found in row.findings]
    return _asking(frame, {}), [AskedFact(key, text) for key, text in asked if text]


def _asking(frame: Frame, words: Mapping[str, str]) -> Frame:
    """Make the frame with these words for what was asked before, by what asked it."""
    earlier = (
        replace(
            row,
            asked=words.get(row.deferral, ""),
            findings=tuple(
                replace(found, to_show=words.get(found.id, "")) for found in row.findings
            ),
        )
        for row in frame.earlier
    )
    return replace(frame, earlier=tuple(earlier))


def _revisions(evidence_set: EvidenceSet) -> dict[tuple[str, int], UUID]:
    """Find the ids of the revisions of the pieces in a set, by piece and number. One query."""
    pieces = {piece.id for piece in evidence_set.pieces}
    pieces |= {aside.piece for aside in evidence_set.set_aside}
    rows = Revision.objects.filter(evidence__in=pieces)
    return {
        (str(piece), number): pk
        for piece, number, pk in rows.values_list("evidence", "number", "pk")
    }


def _item(
    snapshot: Snapshot, number: int, kind: str, fact: Any, source: UUID | None, at: datetime
) -> SnapshotItem:
    salt, content = secrets.token_bytes(16), canonical(to_plain(fact))
    digest = sha256(salt + content).hexdigest()
    return SnapshotItem(
        snapshot=snapshot,
        number=number,
        kind=kind,
        source=source,
        digest=digest,
        salt=salt,
        content=content,
        recorded_at=at,
    )


def file_in(case: Case, file: UUID) -> tuple[StoredFile, str] | None:
    """Find the file with this id and its name, where the case's frozen set shows it; None where it
    does not, and where the piece it belongs to was lawfully erased. One query."""
    rows = SnapshotFile.objects.filter(item__snapshot__case=case, file=file)
    for row in rows.select_related("item", "file").order_by("pk"):
        if content := bytes(row.item.content):
            for shown in from_plain(PieceFact, json.loads(content)).files:
                if (shown.file, shown.digest) == (str(row.file_id), row.file.digest):
                    return row.file, shown.name
    return None


def read(case: Case) -> FrozenSet:
    """Read the set of a case as it was frozen, less what was lawfully erased since. That it is the
    one that the manifest names, verification proves: an item of a kind that no set has is listed
    and not read. One query."""
    rows = SnapshotItem.objects.filter(snapshot__case=case).order_by("number")
    digests: dict[str, str] = {}
    facts: dict[int, KindAndFact] = {}
    items = []
    for number, kind, digest, content in rows.values_list("number", "kind", "digest", "content"):
        content = bytes(content)
        items.append(FrozenItem(kind, digest, is_removed=not content))
        if content and kind in FACTS:
            fact = fact_of(kind, content)
            facts[number] = kind, fact
            if kind in ("piece", "feedback"):
                digests[fact.id] = digest
    terms = next((fact for kind, fact in facts.values() if kind == "terms"), None)
    if terms is None:
        raise LookupError(f"the set of case {case.pk} has lost its terms")
    return FrozenSet(set_of(facts.values()), terms, tuple(items), digests, facts)


def set_of(facts: Iterable[KindAndFact]) -> EvidenceSet:
    """Put these facts of a frozen set together; what is not among them is not in it. Raises
    LookupError without the frame."""
    found: dict[str, list[Any]] = {kind: [] for kind in FACTS}
    for kind, fact in facts:
        found[kind].append(fact)
    if not found["frame"]:
        raise LookupError("a set has lost its frame")
    asked = {fact.id: fact.text for fact in found["asked"]}
    return EvidenceSet(
        frame=_asking(found["frame"][0], asked),
        pieces=tuple(found["piece"]),
        feedback=tuple(found["feedback"]),
        people=tuple(found["person"]),
        set_aside=tuple(found["set_aside"]),
        check_ins=tuple(found["check_in"]),
    )


def facts_at(snapshot: UUID, numbers: Collection[int]) -> dict[int, KindAndFact]:
    """Read what the items of a frozen set at these places hold, in its order, less what was
    erased. One query."""
    rows = SnapshotItem.objects.filter(snapshot=snapshot, number__in=numbers).order_by("number")
    return {
        number: (kind, fact_of(kind, bytes(content)))
        for number, kind, content in rows.values_list("number", "kind", "content")
        if content
    }


def numbers_of(snapshot: UUID, digests: Collection[str]) -> dict[str, int]:
    """Find the places of the items with these digests in a frozen set. One query."""
    rows = SnapshotItem.objects.filter(snapshot=snapshot, digest__in=digests)
    return dict(rows.values_list("digest", "number"))


def number_of_piece(case: Case, piece: UUID) -> int:
    """Find the place of the item that froze a piece in the set of a case; 0 where none did. One
    query."""
    revisions = Revision.objects.filter(evidence=piece).values("pk")
    rows = SnapshotItem.objects.filter(snapshot__case=case, kind="piece", source__in=revisions)
    return rows.values_list("number", flat=True).first() or 0


def names_in_set(case: Case, people: Collection[UUID]) -> dict[UUID, str]:
    """Find under which names these people speak in the frozen set. One query."""
    rows = SnapshotItem.objects.filter(
        snapshot__case=case, kind="person", source__in=people
    ).exclude(content=b"")
    named = rows.values_list("source", "content")
    return {source: fact_of("person", bytes(content)).name for source, content in named if source}


def frame_of(case: Case) -> Frame:
    """Read the frame of a frozen set by itself, without what was asked before. One query."""
    item = SnapshotItem.objects.get(snapshot__case=case, kind="frame")
    return fact_of("frame", bytes(item.content))


@lru_cache(maxsize=16_384)
def fact_of(kind: str, content: bytes) -> Any:
    """Return the fact that an item's content holds. Whoever asks, in one request or the next, the
    same bytes are read once, as long as they are among the last that were asked for."""
    return from_plain(FACTS[kind], json.loads(content))


# --- Before it is frozen -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """What the committee would get now, beside what it would not."""

    evidence_set: EvidenceSet
    unanswered: tuple[PieceFact, ...]


def preview(case: Case, at: datetime) -> Preview:
    """Return the set as it would be frozen at this moment, or, after it, at the reference moment.
    At most 19 queries."""
    moment = min(at, case.meeting.reference_at)
    whole = _load(case, moment)
    unanswered = draw_line(whole, UNANSWERED)
    return Preview(_that_counts(case, whole, moment), unanswered.bare if unanswered else ())


def set_that_counts(case: Case, *, as_of: datetime) -> EvidenceSet:
    """Return what is frozen: all answered evidence laid against the unit, less what the student set
    aside; with check-ins where the house rules of then show them to the committee. (domain rules
    11 and 12) At most 19 queries."""
    return _that_counts(case, _load(case, as_of), as_of)


def _load(case: Case, as_of: datetime) -> EvidenceSet:
    whole = load(case.enrolment, unit=case.unit, as_of=as_of)
    stands = standing_on(case.unit, case.enrolment_id)
    return replace(whole, frame=asking_the_rest(whole.frame, stands))


def _that_counts(case: Case, whole: EvidenceSet, moment: datetime) -> EvidenceSet:
    counts = whole.that_counts()
    rules = case.enrolment.programme.rules.as_of(moment)
    return counts if rules.committee_sees_check_ins else replace(counts, check_ins=())
