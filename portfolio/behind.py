"""What stands behind a line of a live coverage: the remarks, newest first, and the pieces without
one, so many at a time. Ids are found first, and words are read of those that are shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.timezone import localdate

from evidence.models import (
    Evidence,
    Feedback,
    Remark,
    RemarkRequirement,
    RequirementLink,
    Revision,
    not_withdrawn,
)
from people.models import Identity
from portfolio.coverage import EVERYTHING, UNANSWERED, WHOLE, Entry, Filter
from portfolio.evidence_set import Frame, PieceFact
from portfolio.loading import feedback_fact, piece_fact
from records.models import standing
from records.prepared import PreparedQuery

PIECES_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Behind:
    """The ids of all that stands behind a line: remarks first, newest first, then the pieces
    without one, newest act first."""

    only: Filter
    named: Mapping[str, str]
    remarks: Sequence[UUID]
    bare: Sequence[UUID]

    def part(self, start: int, most: int) -> tuple[list[Entry], list[PieceFact]]:
        """Read so many of these, from this place on. At most three queries."""
        remarks = self.remarks[start : start + most]
        first = max(0, start - len(self.remarks))
        bare = list(self.bare[first : first + most - len(remarks)])
        return (
            entries_of(remarks, self.only, self.named),
            pieces_of(bare),
        )


def behind(
    student: UUID, frame: Frame, key: str, only: Filter, named: Mapping[str, str]
) -> Behind | None:
    """Find what stands behind this line of the frame, or behind the part of it that the filter asks
    for; None for a key that the frame does not have. `named` as in `Counts`. At most two
    queries."""
    if key == WHOLE:
        on_whole = _on_whole(student, frame, only).values_list("pk", flat=True)
        return Behind(only, named, list(on_whole), ())
    if key == UNANSWERED:
        return Behind(only, named, (), _unanswered(student, frame, only))
    if all(fact.id != key for fact in frame.requirements):
        return None
    line = UUID(key)
    said: Iterable[Any]
    laid: Iterable[Any]
    if only == EVERYTHING:
        said, laid = SAID_OF_LINE.rows(student, line), LAID_AGAINST_LINE.rows(student, line)
    else:  # each is long to make
        said, laid = _said(student, line, only), _laid(student, line, only)
    remarks = [(row["pk"], row["piece"]) for row in said]
    heard = {piece for _pk, piece in remarks}
    bare = [] if only.role else [row["pk"] for row in laid if row["pk"] not in heard]
    return Behind(only, named, [pk for pk, _piece in remarks], bare)


def _laid(student: UUID, line: UUID, only: Filter) -> QuerySet[Any, Any]:
    """Find the pieces that are laid against this line, newest act first."""
    pieces = Evidence.objects.filter(
        not_withdrawn(), owner=student, links__requirement=line, links__ended_at=None
    )
    return _in_order(pieces.filter(_in_period(only))).values("pk")


def _in_period(only: Filter, of: str = "") -> Q:
    if only.period is None:
        return Q()
    days = (only.period.starts_on, only.period.ends_on)
    return Q(**{f"{of}current__happened_on__range": days})


def _given(student: UUID, only: Filter, of: str = "") -> Q:
    """Select the feedback to this student, in the role that the filter asks for, but what was
    denied, and what somebody gave who is the maker: nobody gives feedback to themselves."""
    now = Identity.objects.current()
    as_whom = now.filter(person=student).values("counts_as")
    maker = Coalesce(Subquery(as_whom[:1], UUIDField()), Value(student, UUIDField()))
    own = (
        Q(**{f"{of}person": student})
        | Q(**{f"{of}person__in": as_whom})
        | Q(**{f"{of}person__in": now.filter(counts_as=maker).values("person")})
    )
    given = Q(**{f"{of}evidence__owner": student}) & standing(of) & ~own
    given &= ~Q(**{f"{of}confirmation__confirmed": False})
    return given & Q(**{f"{of}role": only.role}) if only.role else given


def _remarks(student: UUID, only: Filter) -> QuerySet[Remark]:
    """Find the remarks that the filter asks for, newest first."""
    period = _in_period(only, "feedback__evidence__")
    given = Remark.objects.filter(_given(student, only, "feedback__"), period)
    of_feedback = ("-feedback__given_on", "-feedback__recorded_at", "-feedback")
    return given.filter(not_withdrawn("feedback__evidence")).order_by(*of_feedback, "order")


def _said(student: UUID, line: UUID, only: Filter) -> QuerySet[Any, Any]:
    """Find the remarks on this line, at pieces that are laid against it."""
    link = "feedback__evidence__links__"
    laid = {f"{link}requirement": line, f"{link}ended_at": None}
    # Asked of what was said at these pieces: of all that was ever said of a requirement, most is
    # of others, and a database that does not count its tables would begin there.
    about = RemarkRequirement.objects.filter(remark=OuterRef("pk"), requirement=line)
    rows = _remarks(student, only).filter(Exists(about), **laid)
    return rows.values("pk", piece=F("feedback__evidence"))


def _on_whole(student: UUID, frame: Frame, only: Filter) -> QuerySet[Remark]:
    remarks = _remarks(student, only).filter(on_whole=True)
    if only.thin:
        return remarks.none()
    if only.since:
        remarks = remarks.filter(feedback__recorded_at__gte=_morning_of(only.since))
    return remarks.filter(Exists(_links(frame).filter(evidence=OuterRef("feedback__evidence"))))


def _links(frame: Frame) -> QuerySet[RequirementLink]:
    lines = [fact.id for fact in frame.requirements]
    return RequirementLink.objects.current().filter(requirement__in=lines)


def _unanswered(student: UUID, frame: Frame, only: Filter) -> list[UUID]:
    if only.role:
        return []
    links = _links(frame)
    if only.since:
        links = links.filter(recorded_at__gte=_morning_of(only.since))
    given = Feedback.objects.filter(_given(student, only), evidence=OuterRef("pk"))
    pieces = Evidence.objects.kept().filter(
        _in_period(only), Exists(links.filter(evidence=OuterRef("pk"))), owner=student
    )
    return list(_in_order(pieces.filter(~Exists(given))).values_list("pk", flat=True))


def _in_order(pieces: QuerySet[Evidence]) -> QuerySet[Evidence]:
    return pieces.order_by("-current__happened_on", "-current__recorded_at", "pk")


def _morning_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def entries_of(remarks: Sequence[UUID], only: Filter, named: Mapping[str, str]) -> list[Entry]:
    """Read these remarks, in their order, with the names under which who made them spoke last
    (`named` as in `Counts`). At most two queries."""
    if not remarks:
        return []
    found = {row.pk: row for row in REMARKS_IN_WORDS.rows(list(remarks))}
    givers = {str(row.feedback.person_id) for row in found.values()}
    under = [UUID(named[giver]) for giver in givers if giver in named]
    names = {row["person"]: row["spoke_as"] for row in NAMES_OF_GIVERS.rows(under)}
    return [
        Entry(
            feedback_fact(row.feedback, confirmed=row.feedback.confirmed),
            piece_fact(row.feedback.evidence.current),
            names.get(row.feedback.person_id, row.feedback.spoke_as),
            row.text,
            only.since is not None and localdate(row.feedback.recorded_at) >= only.since,
        )
        for row in (found[pk] for pk in remarks)
    ]


# --- Asked each time a line is opened, mostly of all that stands behind it ------------------------


def _said_of_line(student: UUID, line: UUID) -> QuerySet[Any, Any]:
    return _said(student, line, EVERYTHING)


def _laid_against_line(student: UUID, line: UUID) -> QuerySet[Any, Any]:
    return _laid(student, line, EVERYTHING)


def _remarks_in_words(remarks: list[UUID]) -> QuerySet[Remark]:
    return Remark.objects.filter(pk__in=remarks).select_related(
        "feedback__revision", "feedback__evidence__current", "feedback__confirmation"
    )


def pieces_of(ids: Sequence[UUID]) -> list[PieceFact]:
    """Read these pieces, PIECES_ON_A_PAGE at most, in their order. At most one query."""
    found = {row.pk: row for row in PIECES_IN_WORDS.rows(list(ids))} if ids else {}
    return [piece_fact(cast(Revision, found[pk].current)) for pk in ids]


def _names(feedback: list[UUID]) -> QuerySet[Any, Any]:
    return Feedback.objects.filter(pk__in=feedback).values("person", "spoke_as")


def _pieces_in_words(pieces: list[UUID]) -> QuerySet[Evidence]:
    return Evidence.objects.filter(pk__in=pieces).select_related("current")


SAID_OF_LINE = PreparedQuery(_said_of_line)
LAID_AGAINST_LINE = PreparedQuery(_laid_against_line)
PIECES_IN_WORDS = PreparedQuery(_pieces_in_words, most=PIECES_ON_A_PAGE)
REMARKS_IN_WORDS = PreparedQuery(_remarks_in_words)
NAMES_OF_GIVERS = PreparedQuery(_names)
