"""What pages show of a frozen set: counted once, and kept with where in the set it stands.

A frozen set never changes but by erasure. So kept are its figures, and the numbers of its items:
what is in words is read from those that a page shows. It holds for the digest of the set and until
something is erased from it; a page that comes first counts for itself, and reading writes nothing.
(docs/decisions/0023-figures-that-are-kept.md)
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.timezone import localdate

from committees.models import Case, SetFigures, Snapshot
from committees.snapshots import (
    FrozenSet,
    KindAndFact,
    TermsFact,
    facts_at,
    numbers_of,
    read,
    set_of,
    title_of_feedback,
)
from evidence.models import GiverRole
from portfolio.coverage import (
    EVERYTHING,
    NEWEST,
    UNANSWERED,
    WHOLE,
    CountedPiece,
    Counts,
    Coverage,
    Entry,
    Filter,
    Said,
    ShownAndSaid,
    counts_of,
)
from portfolio.evidence_set import DENIED, NOTED, EvidenceSet, FeedbackFact, Frame, PieceFact
from portfolio.kept import FIGURES_LAYOUT, packed, unpacked
from post.work import background

# Of what is kept, the figures in it too; another is counted anew.
SET_LAYOUT = 100 * FIGURES_LAYOUT + 1
AT_ONCE = 50  # sets counted in one sweep
ROLES_SHOWN = tuple(GiverRole)
ALWAYS = ("frame", "terms", "asked", "check_in")  # kinds of item that every page reads

Plain = dict[str, Any]
# A remark: the numbers of its feedback, of its piece and of its giver (0 where that was erased),
# and its place among the remarks of that feedback.
Remarked = tuple[int, int, int, int]


# --- Counting -------------------------------------------------------------------------------------


def count_set(frozen: FrozenSet) -> tuple[Plain, Plain]:
    """Count a set that was read: what a page shows first, and what the rest is found in. Numbers
    are those of the items; a line is the place of its requirement in the frame. No query."""
    shown = _shown_in(frozen)
    at: dict[str, list[int]] = defaultdict(list)
    for number, (kind, _fact) in frozen.facts.items():
        at[kind].append(number)
    frame = frozen.evidence_set.frame
    first = {
        "items": len(frozen.items),
        "erased": frozen.erased,
        "always": sorted(number for kind in ALWAYS for number in at[kind]),
        "set_aside": at["set_aside"],
        "pieces": _pieces(frozen),
        "newest": _Places(frame, shown, WHOLE, EVERYTHING).remarks[:NEWEST],
        "counts": packed(counts_of(frame, _as_shown(frame, shown)), ()),
    }
    return first, shown


def _pieces(frozen: FrozenSet) -> list[tuple[int, int, str]]:
    """List of each piece its number, how many people spoke of it, and in which roles."""
    given: dict[str, list[FeedbackFact]] = defaultdict(list)
    for item in frozen.evidence_set.feedback:
        given[item.piece].append(item)
    rows = []
    for number, (kind, fact) in frozen.facts.items():
        if kind == "piece":
            roles = {item.role for item in given[fact.id]}
            places = "".join(str(place) for place, role in enumerate(ROLES_SHOWN) if role in roles)
            rows.append((number, len({item.counted for item in given[fact.id]}), places))
    return rows


def _shown_in(frozen: FrozenSet) -> Plain:
    """List the pieces in the order of the set, each with its number, its day, its lines and the
    days on which it was laid against these; and the feedback on them, newest first."""
    line_at = {fact.id: place for place, fact in enumerate(frozen.evidence_set.frame.requirements)}
    named = {fact.id: number for number, (kind, fact) in frozen.facts.items() if kind == "person"}
    pieces: list[list[Any]] = []
    said: list[list[Any]] = []
    place_of: dict[str, int] = {}
    who: dict[str, int] = {}
    for number, (kind, fact) in frozen.facts.items():
        if kind == "piece":
            place_of[fact.id] = len(pieces)
            laid_on = [
                localdate(item.recorded_at) if item.recorded_at else fact.happened_on
                for item in fact.laid
            ]
            pieces.append(
                [
                    number,
                    fact.happened_on.isoformat(),
                    [line_at[item.requirement] for item in fact.laid],
                    [day.isoformat() for day in laid_on],
                ]
            )
    given = [(n, fact) for n, (kind, fact) in frozen.facts.items() if kind == "feedback"]
    given.sort(key=lambda row: (row[1].given_on, row[1].recorded_at, row[1].id), reverse=True)
    for number, fact in given:
        if fact.standing != DENIED:
            said.append(
                [
                    number,
                    place_of.get(fact.piece, -1),  # erased since
                    named.get(fact.giver, 0),
                    who.setdefault(fact.counted, len(who)),
                    ROLES_SHOWN.index(GiverRole(fact.role)),
                    fact.standing == NOTED,
                    localdate(fact.recorded_at).isoformat(),
                    [
                        [[line_at[line] for line in remark.requirements], remark.on_whole]
                        for remark in fact.remarks
                    ],
                ]
            )
    return {"pieces": pieces, "said": said}


def _as_shown(frame: Frame, shown: Plain, since: date | None = None) -> ShownAndSaid:
    """Make what coverage counts of what is kept; with a day, what is new since then."""
    lines = [fact.id for fact in frame.requirements]
    day = since.isoformat() if since else None
    pieces = [
        CountedPiece(
            place,
            date.fromisoformat(happened_on),
            [lines[line] for line in laid],
            [lines[line] for line, on in zip(laid, laid_on, strict=True) if on >= day]
            if day
            else (),
        )
        for place, (_number, happened_on, laid, laid_on) in enumerate(shown["pieces"])
    ]
    said = []
    for _number, piece, _giver, who, role, is_noted, recorded_on, remarks in shown["said"]:
        is_new = day is not None and recorded_on >= day
        by = (piece, who, ROLES_SHOWN[role], is_noted)
        said += [
            Said(*by, [lines[line] for line in about], on_whole, is_new)
            for about, on_whole in remarks
        ]
        if not remarks:
            said.append(Said(*by, (), on_whole=False, is_new=is_new))
    return ShownAndSaid(pieces, said)


class _Places:
    """Where in a set what stands behind a line is, or behind the part of it that the filter asks
    for: the remarks, newest first, and the numbers of the pieces without one."""

    def __init__(self, frame: Frame, shown: Plain, key: str, only: Filter) -> None:
        day = only.since.isoformat() if only.since else None
        lines = {fact.id: place for place, fact in enumerate(frame.requirements)}
        line = lines.get(key)
        pieces = dict(enumerate(shown["pieces"]))
        if only.period:
            first, last = only.period.starts_on.isoformat(), only.period.ends_on.isoformat()
            pieces = {at: piece for at, piece in pieces.items() if first <= piece[1] <= last}
        said = [row for row in shown["said"] if row[1] in pieces]
        if only.role:
            said = [row for row in said if ROLES_SHOWN[row[4]] == only.role]
        self.remarks: list[Remarked] = []
        remarked = set()
        for number, piece, giver, _who, _role, _noted, recorded_on, remarks in said:
            for place, (about, on_whole) in enumerate(remarks):
                if line is not None:
                    is_asked = line in about and line in pieces[piece][2]
                else:
                    is_new = day is None or recorded_on >= day
                    is_asked = key == WHOLE and on_whole and is_new and not only.thin
                if is_asked:
                    self.remarks.append((number, pieces[piece][0], giver, place))
                    remarked.add(piece)
        self.bare: list[int] = []
        if only.role or key == WHOLE:
            return
        answered = {row[1] for row in said}
        for at, (number, _day, laid, laid_on) in pieces.items():
            if line is not None:
                is_bare = line in laid and at not in remarked
            else:
                is_bare = at not in answered and (day is None or any(on >= day for on in laid_on))
            if is_bare:
                self.bare.append(number)
        if line is not None:
            days = {number: day for number, day, _laid, _on in pieces.values()}
            self.bare.sort(key=lambda number: days[number], reverse=True)


# --- Reading --------------------------------------------------------------------------------------


class FrozenPages:
    """A frozen set as far as a page asks for it: its figures, and what the items say that it shows.
    What is wanted together is read together; each item once."""

    def __init__(
        self,
        first: Plain,
        facts: Callable[[Collection[int]], dict[int, KindAndFact]],
        shown: Callable[[], Plain],
        find: Callable[[Collection[str]], dict[str, int]],
    ) -> None:
        self.first = first
        self._read, self._find_shown, self._find = facts, shown, find
        self._facts: dict[int, KindAndFact | None] = {}

    def want(self, numbers: Iterable[int]) -> None:
        """Read the items with these numbers, and those that every page reads. One query, none for
        what was read before."""
        missing = {*self.first["always"], *numbers} - self._facts.keys()
        if missing:
            self._facts |= dict.fromkeys(missing) | self._read(missing)

    def fact(self, number: int) -> Any:
        """Return what the item of this number holds; None where it was erased, and where there is
        none. One query where it was not wanted before."""
        self.want([number] if number else [])
        found = self._facts.get(number)
        return found[1] if found else None

    @cached_property
    def around(self) -> EvidenceSet:
        """The set without its pieces and what was said of them: the frame, and the check-ins. One
        query where nothing was wanted before."""
        self.want(())
        kept = (self._facts[number] for number in self.first["always"])
        return set_of(found for found in kept if found)

    @property
    def frame(self) -> Frame:
        return self.around.frame

    @property
    def terms(self) -> TermsFact:
        self.want(())
        kept = (self._facts[number] for number in self.first["always"])
        return next(found[1] for found in kept if found and found[0] == "terms")

    @cached_property
    def shown(self) -> Plain:
        """What was shown and said, in figures. At most one query."""
        return self._find_shown()

    def counts(self, only: Filter) -> Counts:
        """Return what is kept, or, where a filter asks for a part of it, count that. Queries as
        `shown`."""
        whole = not only.narrows and only.since is None
        if whole and (kept := unpacked(self.first["counts"], self.frame)):
            return kept
        return counts_of(self.frame, _as_shown(self.frame, self.shown, only.since), only)

    def coverage(self, only: Filter = EVERYTHING) -> Coverage:
        """Draw the coverage, or the part of it that the filter asks for, with the newest remarks on
        the whole. At most two queries, one where `first_numbers` were wanted."""
        drawn = self.counts(only).coverage(self.frame, only)
        if not drawn.whole:
            return drawn
        newest = self.first["newest"]
        if only.is_on:
            newest = _Places(self.frame, self.shown, WHOLE, only).remarks[:NEWEST]
        return replace(drawn, newest=tuple(self.entries(newest, only)))

    def entries(self, remarks: Iterable[Remarked], only: Filter) -> list[Entry]:
        """Return these remarks in words. At most one query."""
        remarks = list(remarks)
        self.want({number for *three, _place in remarks for number in three} - {0})
        found = []
        for feedback, piece, giver, place in remarks:
            said, on, name = self.fact(feedback), self.fact(piece), self.fact(giver)
            if said and on:  # else erased in between
                is_new = only.since is not None and localdate(said.recorded_at) >= only.since
                words = said.remarks[place].text
                found.append(Entry(said, on, name.name if name else "", words, is_new))
        return found

    def behind(self, key: str, only: Filter) -> "FrozenBehind | None":
        """Find what stands behind this line, or behind the part of it that the filter asks for;
        None for a key that the frame does not have. At most two queries."""
        keys = {WHOLE, UNANSWERED, *(fact.id for fact in self.frame.requirements)}
        if key not in keys:
            return None
        return FrozenBehind(self, only, _Places(self.frame, self.shown, key, only))

    def with_piece(self, number: int) -> EvidenceSet:
        """Return of the set the piece of this number, if it is one, with what was said of it. At
        most three queries."""
        place = {row[0]: place for place, row in enumerate(self.shown["pieces"])}.get(number)
        said = [row for row in self.shown["said"] if row[1] == place]
        wanted = {number for row in said for number in (row[0], row[2])} | {number}
        self.want(wanted - {0})
        always = set(self.first["always"])
        kept = (self._facts.get(each) for each in sorted(always | wanted))
        return set_of(found for found in kept if found)

    def titles_of(self, digests: Collection[str]) -> dict[str, str]:
        """Tell how each of these pieces and feedbacks is called, by the digest of its item; of what
        was erased nothing. At most three queries."""
        numbers = self._find(digests)
        self.want(numbers.values())
        of: dict[int, tuple[int, int]] = {}  # feedback: its piece and its giver
        if any(isinstance(self.fact(number), FeedbackFact) for number in numbers.values()):
            places = [row[0] for row in self.shown["pieces"]]
            said = {row[0]: row for row in self.shown["said"]}
            for number in numbers.values():
                if row := said.get(number):
                    of[number] = places[row[1]] if row[1] >= 0 else 0, row[2]
            self.want({each for pair in of.values() for each in pair} - {0})
        found = {}
        for digest, number in numbers.items():
            fact = self.fact(number)
            if isinstance(fact, PieceFact):
                found[digest] = fact.title
            elif isinstance(fact, FeedbackFact):
                on, by = (self.fact(each) for each in of.get(number, (0, 0)))
                found[digest] = title_of_feedback(by.name if by else "", on.title if on else "")
        return found


@dataclass(frozen=True, slots=True)
class FrozenBehind:
    """What stands behind a line of a frozen set, of which so much at a time is read."""

    pages: FrozenPages
    only: Filter
    _places: _Places

    @property
    def remarks(self) -> Sequence[Any]:
        return self._places.remarks

    @property
    def bare(self) -> Sequence[Any]:
        return self._places.bare

    def part(self, start: int, most: int) -> tuple[list[Entry], list[PieceFact]]:
        """Read so many of these, from this place on. At most two queries."""
        remarks = self.remarks[start : start + most]
        first = max(0, start - len(self.remarks))
        bare = self.bare[first : first + most - len(remarks)]
        self.pages.want(bare)
        pieces = [self.pages.fact(number) for number in bare]
        return self.pages.entries(remarks, self.only), [piece for piece in pieces if piece]


def frozen_pages(case: Case) -> FrozenPages:
    """Open the frozen set of a case (read with `for_page`) by the page. No query where its figures
    are kept; else one, which reads all of it."""
    figures = getattr(case.snapshot, "figures", None)
    if figures is not None and figures.holds and figures.layout == SET_LAYOUT:
        key = figures.snapshot_id
        return FrozenPages(
            figures.first,
            partial(facts_at, key),
            lambda: figures.shown,
            lambda digests: numbers_of(key, digests),
        )
    frozen = read(case)
    first, shown = count_set(frozen)
    number_of = {item.digest: number for number, item in enumerate(frozen.items, start=1)}
    return FrozenPages(
        first,
        lambda numbers: {n: frozen.facts[n] for n in sorted(numbers) if n in frozen.facts},
        lambda: shown,
        lambda digests: {one: number_of[one] for one in digests if one in number_of},
    )


# --- Keeping --------------------------------------------------------------------------------------


@background("set figures")
def keep_set_figures() -> int:
    """Count what is not kept, or holds no longer, of the frozen sets; returns how many."""
    moved = ~Q(figures__counted_erasures=F("figures__erasures")) | Q(figures__counted_at=None)
    other = Q(figures__isnull=False) & ~Q(figures__layout=SET_LAYOUT)
    rows = (
        Snapshot.objects.filter(moved | other).select_related("figures", "case").defer("manifest")
    )
    found = list(rows[:AT_ONCE])
    for snapshot in found:
        _keep(snapshot)
    return len(found)


def _keep(snapshot: Snapshot) -> None:
    """Count a set, and keep that with the number of erasures that was read before."""
    figures, _is_new = SetFigures.objects.get_or_create(snapshot=snapshot)
    first, shown = count_set(read(snapshot.case))
    SetFigures.objects.filter(pk=figures.pk).update(
        counted_erasures=figures.erasures,
        digest=snapshot.digest,
        layout=SET_LAYOUT,
        first=first,
        shown=shown,
        counted_at=timezone.now(),
    )


def let_go(snapshots: Collection[Any]) -> None:
    """Keep nothing of these sets any longer, from which something is erased; in the caller's
    transaction. One query."""
    SetFigures.objects.filter(snapshot__in=snapshots).update(
        erasures=F("erasures") + 1, first={}, shown={}, counted_at=None
    )
