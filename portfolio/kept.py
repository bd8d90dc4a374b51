"""What is counted in the set of an enrolment: kept, or counted anew straight from the rows.

Kept are figures and ids, never words, with the grounds on which they were counted: the heads of the
student's chain and of the programme's, and how often it changed who counts as one among those who
spoke. They hold as long as no ground moved, which is asked in the query that reads them; reading
writes nothing. The structure of what is published never changes, and its wordings are no figures.
What hangs on a filter or a past moment is counted, and not kept.
(docs/decisions/0023-figures-that-are-kept.md)
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from evidence.models import (
    Evidence,
    Feedback,
    Remark,
    RemarkRequirement,
    RequirementLink,
)
from people.identity import follows_identity
from people.models import Identity
from portfolio.coverage import (
    EVERYTHING,
    GIVER_ROLES,
    CountedPiece,
    Counts,
    Coverage,
    Filter,
    PeriodCount,
    RoleCount,
    Said,
    ShownAndSaid,
    Tally,
    counts_of,
    held_against,
)
from portfolio.evidence_set import Frame
from portfolio.joined import Joined, written
from portfolio.loading import live_frame
from portfolio.models import SetAside, Summary
from post.work import background
from programmes.models import Enrolment, Track, Unit
from records.models import Chain, standing
from records.prepared import PreparedQuery, as_written

FIGURES_LAYOUT = 3  # of what is kept
AT_ONCE = 200  # enrolments counted in one sweep


def with_kept(
    enrolments: "QuerySet[Enrolment]", *, of_units: bool = False
) -> "QuerySet[Enrolment]":
    """Read with these enrolments what is kept of them, or `of_units` what is of each unit too, and
    whether it holds. No query of its own."""
    rows = enrolments.select_related(
        *("summary__student_chain", "summary__programme_chain", "summary__qualification_chain"),
        "programme",
    )
    return rows if of_units else rows.defer("summary__units")


@dataclass(frozen=True, slots=True)
class Figures:
    """The frame of an enrolment as it is now, and the figures that are kept of it, if they hold."""

    enrolment: Enrolment
    frame: Frame
    kept: Counts | None

    def counts(self, only: Filter = EVERYTHING) -> Counts:
        """Return what is kept, or count it now; at most five queries."""
        if self.kept is not None and not only.narrows and only.since is None:
            return self.kept
        shown = shown_by(self.enrolment.student_id, self.frame, only.since)
        return counts_of(self.frame, shown, only)

    def coverage(self, only: Filter = EVERYTHING) -> Coverage:
        """Show the figures that the filter asks for; queries as `counts`."""
        return self.counts(only).coverage(self.frame, only)


def figures_of(enrolment: Enrolment) -> Figures:
    """Read the frame and the figures of an enrolment that came `with_kept`. No query where they are
    kept and the frame is at hand, one where it has electives; else two, and six for the frame."""
    summary = _summary_that_holds(enrolment)
    kept = summary.counts if summary else None
    tracks = [UUID(pk) for pk in kept["tracks"]] if kept else _tracks(enrolment)
    frame = _frame(enrolment, tracks)
    return Figures(enrolment, frame, unpacked(kept, frame) if kept else None)


def _summary_that_holds(enrolment: Enrolment) -> Summary | None:
    summary: Summary | None = getattr(enrolment, "summary", None)
    holds = summary is not None and summary.holds and summary.layout == FIGURES_LAYOUT
    return summary if holds else None


@dataclass(frozen=True, slots=True)
class FiguresOfUnit:
    """What of a set would count for a unit today, in figures; and the ids of the pieces that would,
    and of those on which nobody gave feedback yet, newest act first."""

    frame: Frame
    counts: Counts
    counting: list[str]
    unanswered: list[str]


def figures_of_unit(enrolment: Enrolment, unit: Unit, aside: Collection[UUID]) -> FiguresOfUnit:
    """Find what would count for a unit of an enrolment that came `with_kept`, `of_units`: all that
    is laid against it and on which somebody gave feedback, minus what was set `aside`. (domain rule
    11) No query where it is kept and the frame is at hand; else five, and seven for the frame."""
    summary = _summary_that_holds(enrolment)
    kept = summary.units.get(str(unit.pk)) if summary else None
    tracks = [UUID(pk) for pk in kept["counts"]["tracks"]] if kept else _tracks(enrolment)
    frame = _frame(enrolment, tracks, unit)
    if kept and (counts := unpacked(kept["counts"], frame)):
        return FiguresOfUnit(frame, counts, kept["counting"], kept["unanswered"])
    return _count_unit(frame, rows_shown_by(enrolment.student_id), aside)


def _count_unit(frame: Frame, rows: "_Rows", aside: Collection[UUID]) -> FiguresOfUnit:
    shown = _shown_in(frame, rows)
    left_out = {as_written(pk) for pk in aside}
    answered = {remark.piece for remark in shown.said}
    newest_first = sorted(shown.pieces, key=lambda piece: (piece.happened_on, str(piece.key)))[::-1]
    pieces = [piece for piece in newest_first if piece.key not in left_out]
    counting = [piece for piece in pieces if piece.key in answered]
    keys = {piece.key for piece in counting}
    said = [remark for remark in shown.said if remark.piece in keys]
    return FiguresOfUnit(
        frame,
        counts_of(frame, ShownAndSaid(counting, said, shown.named)),
        [_id(piece.key) for piece in counting],
        [_id(piece.key) for piece in pieces if piece.key not in answered],
    )


def _tracks(enrolment: Enrolment) -> list[UUID]:
    rows = Track.objects.current().filter(enrolment=enrolment)
    return sorted(rows.values_list("qualification", flat=True))


# --- The frame ------------------------------------------------------------------------------------

_frames: "OrderedDict[tuple[Any, ...], Frame]" = OrderedDict()
FRAMES = 128  # at hand in each process; a frame of a hundred requirements is some 100 kB


def _frame(enrolment: Enrolment, tracks: Collection[UUID], unit: Unit | None = None) -> Frame:
    """Find the frame of these tracks, or of a unit, in this programme, by the heads under which it
    was read. One query where it is at hand."""
    keys = [f"programme:{enrolment.programme_id}", *(f"qualification:{pk}" for pk in tracks)]
    summary = getattr(enrolment, "summary", None)
    at_hand = (summary.programme_chain, summary.qualification_chain) if summary else ()
    heads = {chain.key: chain.head for chain in at_hand}
    if missing := set(keys) - heads.keys():
        heads |= dict(Chain.objects.filter(key__in=missing).values_list("key", "head"))
    under = tuple((key, heads.get(key)) for key in keys)
    known = (unit and unit.pk, *under)
    frame = _frames.get(known) if all(head for _key, head in under) else None
    if frame is None:
        frame = live_frame(enrolment, set(tracks), unit)
        _frames[known] = frame
        while len(_frames) > FRAMES:
            _frames.popitem(last=False)
    return frame


# --- Counting anew --------------------------------------------------------------------------------


def _pieces_shown(student: UUID) -> QuerySet[Any, Any]:
    rows = Evidence.objects.kept().filter(owner=student).order_by()
    laid = RequirementLink.objects.current().filter(evidence=OuterRef("pk"))
    return rows.values("pk", day=F("current__happened_on"), lines=_joined(laid, "evidence"))


def _remarks_made(student: UUID) -> QuerySet[Any, Any]:
    """All remarks, in no order; those on pieces that are withdrawn too, which no piece takes in."""
    rows = Remark.objects.filter(standing("feedback__"), feedback__evidence__owner=student)
    about = RemarkRequirement.objects.filter(remark=OuterRef("pk"))
    return rows.order_by().values(
        "pk",
        "order",
        "on_whole",
        "feedback",
        piece=F("feedback__evidence"),
        person=F("feedback__person"),
        role=F("feedback__role"),
        source=F("feedback__source"),
        confirmed=F("feedback__confirmation__confirmed"),
        # As text, to be compared: no day and no moment is made of thousands.
        given=Cast("feedback__given_on", TextField()),
        moment=Cast("feedback__recorded_at", TextField()),
        lines=_joined(about, "remark"),
    )


def _joined(rows: QuerySet[Any, Any], of: str) -> Subquery:
    """Write the requirements of these rows, which are of one thing, in one text. To group all rows
    by all that is read of them takes a database longer."""
    return Subquery(rows.order_by().values(of).annotate(all=Joined("requirement")).values("all"))


def _who_counts_as_whom(student: UUID) -> QuerySet[Any, Any]:
    spoke = Feedback.objects.filter(evidence__owner=student).values("person")
    rows = Identity.objects.current().filter(Q(person=student) | Q(person__in=spoke))
    return rows.values("person", "counts_as")


PIECES, REMARKS, IDENTITIES = map(
    PreparedQuery, (_pieces_shown, _remarks_made, _who_counts_as_whom)
)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What a student shows and what was said of it, as read: of whatever frame. With a day, what is
    new since then: the requirements by piece, and the feedback."""

    student: UUID
    counts_as: dict[Any, Any]
    pieces: list[list[Any]]
    remarks: list[list[Any]]
    new_laid: dict[Any, list[str]] = field(default_factory=dict)
    new_said: frozenset[Any] = frozenset()


def rows_shown_by(student: UUID, since: date | None = None) -> _Rows:
    """Read what this student shows and what was said of it, of whatever frame; with a day, what is
    new since then. Three queries, five with a day."""
    counts_as = dict(map(tuple, IDENTITIES.tuples(student)))
    new = _new_since(student, since) if since else ()
    return _Rows(student, counts_as, PIECES.tuples(student), REMARKS.tuples(student), *new)


def shown_by(student: UUID, frame: Frame, since: date | None = None) -> ShownAndSaid:
    """Read what this student shows of what stands in the frame, and what was said of it; with a
    day, what is new since then. Three queries, five with a day."""
    return _shown_in(frame, rows_shown_by(student, since))


def _shown_in(frame: Frame, rows: _Rows) -> ShownAndSaid:
    known = {written(fact.id): fact.id for fact in frame.requirements}
    counts_as, new_laid, new_said = rows.counts_as, rows.new_laid, rows.new_said
    maker = as_written(rows.student)
    maker = counts_as.get(maker, maker)

    pieces, there = [], set()
    for key, day, lines in rows.pieces:
        laid = [known[line] for line in (lines or "").split(",") if line in known]
        if laid:
            there.add(key)
            new = [known[line] for line in new_laid.get(key, ()) if line in known]
            pieces.append(CountedPiece(key, day, laid, new))
    said, on_the_whole = [], []
    last: dict[Any, tuple[Any, Any]] = {}  # the moment, and the feedback
    for row in rows.remarks:
        (key, order, on_whole, feedback, piece, giver, role, source, confirmed) = row[:9]
        given, moment, lines = row[9:]
        person = counts_as.get(giver, giver)
        if person == maker:  # nobody gives feedback to themselves
            continue
        if piece in there:
            before = last.get(giver)
            if before is None or before[0] < moment or before == (moment, max(before[1], feedback)):
                last[giver] = (moment, feedback)
        if confirmed is False:
            continue
        is_noted = source == Feedback.Source.NOTED and confirmed is None
        about = [known[line] for line in (lines or "").split(",") if line in known]
        is_new = feedback in new_said
        remark = Said(piece, person, role, is_noted, about, bool(on_whole), is_new, str(key))
        if on_whole:
            on_the_whole.append(((given, moment, feedback, -order), remark))
        else:
            said.append(remark)
    said += [remark for _moment, remark in sorted(on_the_whole, reverse=True)]
    named = {_id(giver): _id(feedback) for giver, (_moment, feedback) in last.items()}
    return ShownAndSaid(pieces, said, named)


def _new_since(student: UUID, since: date) -> tuple[dict[Any, list[str]], frozenset[Any]]:
    """Find the requirements by piece that it was laid against from this day on, and the feedback
    that was recorded from then on; ids as the database writes them. Two queries."""
    moment = timezone.make_aware(datetime.combine(since, time.min))
    links = RequirementLink.objects.current().filter(
        evidence__owner=student, recorded_at__gte=moment
    )
    laid: dict[Any, list[str]] = {}
    for piece, line in links.values_list("evidence", "requirement"):
        laid.setdefault(as_written(piece), []).append(written(str(line)))
    given = Feedback.objects.current().filter(evidence__owner=student, recorded_at__gte=moment)
    return laid, frozenset(map(as_written, given.values_list("pk", flat=True)))


def _id(raw: Any) -> str:
    return str(UUID(str(raw)))


# --- Keeping --------------------------------------------------------------------------------------


def packed(counts: Counts, tracks: Iterable[UUID]) -> dict[str, Any]:
    """Write figures as plain data."""
    return {
        "tracks": [str(pk) for pk in tracks],
        "periods": [
            item.period.starts_on.isoformat() if item.period else None for item in counts.periods
        ],
        "by_period": [item.pieces for item in counts.periods],
        "whole": counts.whole,
        "unanswered": counts.unanswered,
        "is_empty": counts.is_empty,
        "newest": list(counts.newest),
        "named": dict(counts.named),
        "tallies": {
            key: [
                tally.pieces,
                tally.unanswered,
                tally.remarks,
                tally.noted,
                tally.people,
                tally.unconfirmed,
                [item.people for item in tally.roles],
                [item.pieces for item in tally.periods],
                tally.latest and tally.latest.isoformat(),
            ]
            for key, tally in counts.tallies.items()
            if not tally.is_empty
        },
    }


def unpacked(kept: dict[str, Any], frame: Frame) -> Counts | None:
    """Read figures of this frame; None where they are not of these periods: it moved meanwhile."""
    by_day = {period.starts_on.isoformat(): period for period in frame.periods}
    if set(kept["periods"]) - {None} != by_day.keys():
        return None
    periods = [by_day.get(day) for day in kept["periods"]]
    guidelines = {item.on: item for item in frame.guidelines}
    nothing = [0, 0, 0, 0, 0, 0, [0] * len(GIVER_ROLES), [0] * len(periods), None]

    def tally(key: str) -> Tally:
        (pieces, unanswered, remarks, noted, people, unconfirmed, roles, by_period, latest) = kept[
            "tallies"
        ].get(key, nothing)
        return Tally(
            pieces=pieces,
            unanswered=unanswered,
            remarks=remarks,
            noted=noted,
            people=people,
            unconfirmed=unconfirmed,
            roles=tuple(map(RoleCount, GIVER_ROLES, roles)),
            periods=tuple(map(PeriodCount, periods, by_period)),
            latest=date.fromisoformat(latest) if latest else None,
            guideline=held_against(guidelines.get(key), pieces, people, sum(map(bool, roles))),
        )

    keys = [fact.id for fact in frame.requirements]
    for task in frame.core_tasks:
        keys += [task.id, *(process.id for process in task.work_processes)]
    return Counts(
        {key: tally(key) for key in keys},
        tuple(map(PeriodCount, periods, kept["by_period"])),
        kept["whole"],
        kept["unanswered"],
        kept["is_empty"],
        kept["newest"],
        kept["named"],
    )


@background("figures")
def keep_figures() -> int:
    """Count anew what is not kept, or holds no longer, of the current enrolments; returns how many.
    Two queries where nothing is."""
    today = timezone.localdate()
    current = Enrolment.objects.current(today)
    for enrolment in current.filter(summary=None).select_related("programme")[:AT_ONCE]:
        _begin(enrolment)
    moved = (
        ~Q(summary__student_head=F("summary__student_chain__head"))
        | ~Q(summary__programme_head=F("summary__programme_chain__head"))
        | ~Q(summary__moves=F("summary__counted_moves"))
        | Q(summary__counted_at=None)
        | ~Q(summary__layout=FIGURES_LAYOUT)
    )
    found = list(
        with_kept(current.filter(moved, summary__isnull=False)).select_related("student")[:AT_ONCE]
    )
    for enrolment in found:
        keep(enrolment)
    return len(found)


def _begin(enrolment: Enrolment) -> None:
    keys = {
        "student_chain": f"person:{enrolment.student_id}",
        "programme_chain": f"programme:{enrolment.programme_id}",
        "qualification_chain": f"qualification:{enrolment.programme.qualification_id}",
    }
    chains = {chain.key: chain for chain in Chain.objects.filter(key__in=keys.values())}
    if len(chains) == len(keys):
        grounds = {name: chains[key] for name, key in keys.items()}
        Summary.objects.get_or_create(enrolment=enrolment, defaults=grounds)


def keep(enrolment: Enrolment) -> None:
    """Count the figures of an enrolment that came `with_kept`, and keep them with the grounds that
    were read before: what moves meanwhile makes them hold no longer."""
    summary = cast(Any, enrolment).summary
    tracks = _tracks(enrolment)
    frame, rows = _frame(enrolment, tracks), rows_shown_by(enrolment.student_id)
    counts = counts_of(frame, _shown_in(frame, rows))
    aside: dict[UUID, list[UUID]] = {}
    for row in SetAside.objects.current().filter(enrolment=enrolment):
        aside.setdefault(row.unit_id, []).append(row.evidence_id)
    units = {}
    for unit in enrolment.programme.units.all():
        of_unit = _count_unit(_frame(enrolment, tracks, unit), rows, aside.get(unit.pk, ()))
        units[str(unit.pk)] = {
            "counts": packed(of_unit.counts, tracks),
            "counting": of_unit.counting,
            "unanswered": of_unit.unanswered,
        }
    Summary.objects.filter(pk=summary.pk).update(
        student_head=summary.student_chain.head,
        programme_head=summary.programme_chain.head,
        counted_moves=summary.moves,
        layout=FIGURES_LAYOUT,
        counts=packed(counts, tracks),
        units=units,
        counted_at=timezone.now(),
    )


@follows_identity
def _let_go(people: Collection[UUID]) -> None:
    """Let nothing hold of the students of whom, or on whose evidence, one of these people spoke."""
    spoke = Feedback.objects.filter(person__in=people).values("evidence__owner")
    concerned = Q(enrolment__student__in=spoke) | Q(enrolment__student__in=people)
    Summary.objects.filter(concerned).update(moves=F("moves") + 1)
