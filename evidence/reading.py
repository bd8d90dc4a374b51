"""What the page of a piece reads, each in one query that is prepared."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from evidence.asking import in_order
from evidence.models import (
    Attachment,
    Evidence,
    Feedback,
    FeedbackRequest,
    Remark,
    RemarkRequirement,
    RequirementLink,
    in_sight_of,
)
from programmes.models import Enrolment
from qualifications.models import Place, QualityRequirement
from records.models import standing
from records.prepared import PreparedQuery


def _piece(person: UUID, day: date, moment: datetime, piece: UUID) -> QuerySet[Evidence]:
    """The piece, if this person may see it: with its words and its owner, `with_withdrawal`,
    whether they read it `in_full`, and whether it `is_unasked`."""
    asked = FeedbackRequest.objects.filter(evidence=OuterRef("pk"))
    given = Feedback.objects.filter(evidence=OuterRef("pk"))
    return (
        Evidence.objects.visible_at(moment, day, person)
        .filter(pk=piece)
        .with_withdrawal()
        .with_in_full(day, person)
        .annotate(is_unasked=~Exists(asked) & ~Exists(given))
        .select_related("owner", "current")
    )


def _attachments(revision: UUID) -> QuerySet[Attachment]:
    return Attachment.objects.filter(revision=revision).select_related("file__cleaned")


def _remarks(person: UUID, day: date, moment: datetime, piece: UUID) -> QuerySet[Remark]:
    """The remarks on a piece that this person sees, newest first; without their words those that
    were taken back since a moment."""
    shown = standing() | Q(taken_back_at__gte=moment)
    seen = Feedback.objects.filter(shown, in_sight_of(day, person), evidence=piece)
    return (
        Remark.objects.filter(feedback__in=seen)
        .select_related("feedback__noted_by", "feedback__confirmation")
        .order_by("-feedback__given_on", "-feedback__recorded_at", "order")
    )


def _about(piece: UUID) -> QuerySet[Any, Any]:
    rows = RemarkRequirement.objects.filter(remark__feedback__evidence=piece)
    return rows.values("remark", "requirement")


def _lines(piece: UUID) -> QuerySet[QualityRequirement]:
    """The requirements that remarks on a piece are about, in the order of their qualification."""
    about = RemarkRequirement.objects.filter(remark__feedback__evidence=piece)
    return in_order(QualityRequirement.objects.filter(pk__in=about.values("requirement")))


def _questions(person: UUID, day: date, moment: datetime, piece: UUID) -> QuerySet[FeedbackRequest]:
    """The questions about a piece that wait, were declined, or were taken back since a moment, of
    those that this person sees."""
    state = FeedbackRequest.State
    shown = Q(state__in=[state.OPEN, state.DECLINED]) | Q(
        state=state.TAKEN_BACK, settled_at__gte=moment
    )
    return FeedbackRequest.objects.filter(shown, in_sight_of(day, person), evidence=piece)


def _links(piece: UUID) -> QuerySet[RequirementLink]:
    return Evidence(pk=piece).current_links()


def _codes(piece: UUID) -> QuerySet[Any, Any]:
    """Under which work processes stands what a piece is laid against now."""
    laid = RequirementLink.objects.current().filter(evidence=piece).values("requirement")
    return Place.objects.filter(requirement__in=laid).values("requirement", "work_process__code")


def _newest_first(owner: UUID) -> QuerySet[Any, Any]:
    return in_sort(Evidence.objects.filter(owner=owner)).values("pk")


def _rows(moment: datetime, pieces: list[UUID]) -> QuerySet[Evidence]:
    return Evidence.objects.filter(pk__in=pieces).for_list(moment)


def _learns(person: UUID, day: date) -> QuerySet[Any, Any]:
    return Enrolment.objects.current(day).filter(student=person).values("pk")[:1]


def in_sort(pieces: QuerySet[Evidence], sort: str = "") -> QuerySet[Evidence]:
    """Put pieces in the order in which a list is asked for: newest act first, or as SORTS says."""
    return pieces.order_by(*SORTS.get(sort, ("-current__happened_on", "-recorded_at")), "pk")


PER_PAGE = 50
SORTS = {"oldest": ("current__happened_on", "recorded_at"), "title": ("current__title",)}
NEWEST_PIECES = PreparedQuery(_newest_first)
ROWS_OF_LIST = PreparedQuery(_rows, most=PER_PAGE)
LEARNS = PreparedQuery(_learns)
PIECE = PreparedQuery(_piece)
ATTACHMENTS = PreparedQuery(_attachments)
REMARKS_ON_PIECE = PreparedQuery(_remarks)
ABOUT_WHAT = PreparedQuery(_about)
LINES_OF_REMARKS = PreparedQuery(_lines)
QUESTIONS = PreparedQuery(_questions)
LINKS = PreparedQuery(_links)
CODES = PreparedQuery(_codes)
