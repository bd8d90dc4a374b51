"""What stands behind a line of a live coverage: the remarks, newest first, and the pieces without
one, so many at a time. Ids are found first, and words are read of those that are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.timezone import localdate

from evidence.models import Evidence, Feedback, Remark, RequirementLink, Revision
from people.models import Identity
from portfolio.coverage import UNANSWERED, WHOLE, Entry, Filter
from portfolio.evidence_set import Frame, PieceFact
from portfolio.loading import feedback_fact, piece_fact


@dataclass(frozen=True, slots=True)
class Behind:
    """The ids of all that stands behind a line: remarks first, newest first, then the pieces
    without one, newest act first."""

    student: UUID
    only: Filter
    remarks: Sequence[UUID]
    bare: Sequence[UUID]

    def part(self, start: int, most: int) -> tuple[list[Entry], list[PieceFact]]:
        """Read so many of these, from this place on. At most two queries."""
        remarks = self.remarks[start : start + most]
        first = max(0, start - len(self.remarks))
        bare = self.bare[first : first + most - len(remarks)]
        rows = _in_words(Remark.objects.all(), self.student).in_bulk(remarks) if remarks else {}
        pieces = Evidence.objects.select_related("current").in_bulk(bare) if bare else {}
        return (
            _entries((rows[pk] for pk in remarks), self.only),
            [piece_fact(cast(Revision, pieces[pk].current)) for pk in bare],
        )


def behind(student: UUID, frame: Frame, key: str, only: Filter) -> Behind | None:
    """Find what stands behind this line of the frame, or behind the part of it that the filter asks
    for; None for a key that the frame does not have. At most two queries."""
    if key not in (WHOLE, UNANSWERED) and all(fact.id != key for fact in frame.requirements):
        return None
    pieces = _pieces(student, frame, key, only)
    if key == UNANSWERED:
        return Behind(student, only, (), _unanswered(pieces, student, frame, only))
    said = _said(pieces, student, key, only)
    remarks = list(_newest_first(said).values_list("pk", flat=True))
    bare: list[UUID] = []
    if key != WHOLE and not only.role:
        of_piece = said.filter(feedback__evidence=OuterRef("pk"))
        bare = list(_in_order(pieces.filter(~Exists(of_piece))))
    return Behind(student, only, remarks, bare)


def newest_on_whole(student: UUID, frame: Frame, only: Filter, most: int) -> list[Entry]:
    """Read the newest remarks on the whole of a piece that the filter asks for. One query."""
    said = _said(_pieces(student, frame, WHOLE, only), student, WHOLE, only)
    return _entries(_in_words(_newest_first(said), student)[:most], only)


def _pieces(student: UUID, frame: Frame, key: str, only: Filter) -> QuerySet[Evidence]:
    """Find the pieces that are laid against this line, or against anything in the frame."""
    lines = [fact.id for fact in frame.requirements] if key in (WHOLE, UNANSWERED) else [key]
    laid = RequirementLink.objects.current().filter(requirement__in=lines, evidence=OuterRef("pk"))
    pieces = Evidence.objects.kept().filter(Exists(laid), owner=student)
    if only.period:
        days = (only.period.starts_on, only.period.ends_on)
        pieces = pieces.filter(current__happened_on__range=days)
    return pieces


def _given(student: UUID, only: Filter) -> QuerySet[Feedback]:
    """Find the feedback to this student, in the role that the filter asks for, but what was denied,
    and what somebody gave who is the maker: nobody gives feedback to themselves."""
    now = Identity.objects.current()
    as_whom = now.filter(person=student).values("counts_as")
    maker = Coalesce(Subquery(as_whom[:1], UUIDField()), Value(student, UUIDField()))
    given = (
        Feedback.objects.current()
        .filter(evidence__owner=student)
        .exclude(confirmation__confirmed=False)
        .exclude(person=student)
        .exclude(person__in=as_whom)
        .exclude(person__in=now.filter(counts_as=maker).values("person"))
    )
    return given.filter(role=only.role) if only.role else given


def _said(pieces: QuerySet[Evidence], student: UUID, key: str, only: Filter) -> QuerySet[Remark]:
    remarks = Remark.objects.filter(
        feedback__in=_given(student, only), feedback__evidence__in=pieces
    )
    if key != WHOLE:
        return remarks.filter(about__requirement=UUID(key))
    if only.thin:
        return remarks.none()
    if only.since:
        remarks = remarks.filter(feedback__recorded_at__gte=_morning_of(only.since))
    return remarks.filter(on_whole=True)


def _newest_first(remarks: QuerySet[Remark]) -> QuerySet[Remark]:
    of_feedback = ("-feedback__given_on", "-feedback__recorded_at", "-feedback")
    return remarks.order_by(*of_feedback, "order")


def _in_words(remarks: QuerySet[Remark], student: UUID) -> "QuerySet[Any]":
    """Read with these remarks all that is shown of them; `giver` is the name under which who gave
    it last spoke of this student's work."""
    last = Feedback.objects.current().filter(
        person=OuterRef("feedback__person"),
        evidence__owner=student,
        evidence__in=Evidence.objects.kept(),
    )
    return remarks.select_related(
        "feedback__revision", "feedback__evidence__current", "feedback__confirmation"
    ).annotate(giver=Subquery(last.order_by("-recorded_at", "pk").values("spoke_as")[:1]))


def _entries(rows: Iterable[Any], only: Filter) -> list[Entry]:
    return [
        Entry(
            feedback_fact(row.feedback, confirmed=row.feedback.confirmed),
            piece_fact(row.feedback.evidence.current),
            row.giver,
            row.text,
            only.since is not None and localdate(row.feedback.recorded_at) >= only.since,
        )
        for row in rows
    ]


def _unanswered(
    pieces: QuerySet[Evidence], student: UUID, frame: Frame, only: Filter
) -> list[UUID]:
    if only.role:
        return []
    given = _given(student, only).filter(evidence=OuterRef("pk"))
    silent = pieces.filter(~Exists(given))
    if only.since:
        lines = [fact.id for fact in frame.requirements]
        new = RequirementLink.objects.current().filter(
            requirement__in=lines,
            recorded_at__gte=_morning_of(only.since),
            evidence=OuterRef("pk"),
        )
        silent = silent.filter(Exists(new))
    return list(_in_order(silent))


def _in_order(pieces: QuerySet[Evidence]) -> QuerySet[Any, Any]:
    order = ("-current__happened_on", "-current__recorded_at", "pk")
    return pieces.order_by(*order).values_list("pk", flat=True)


def _morning_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
