"""Who may do what with a piece of evidence, and when. Rules about the person raise NotAllowed,
rules about the state of the piece NotPossible."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.models import Evidence, Feedback, FeedbackRequest
from evidence.reading import LEARNS
from people.access import NotAllowed
from people.models import Account
from programmes.models import Enrolment, Track
from qualifications.models import (
    Qualification,
    QualityRequirement,
    QualityRequirementQuerySet,
)
from records.refusals import NotPossible


def requirements_to_show(owner: UUID, at: datetime) -> QualityRequirementQuerySet:
    """Find what this person may lay evidence against: the requirements of the published
    qualifications that their current tracks follow, in all their enrolments that are not over."""
    tracks = Track.objects.current().filter(
        enrolment__in=Enrolment.objects.current(timezone.localdate(at)).filter(student=owner)
    )
    followed = Qualification.objects.published().filter(pk__in=tracks.values("qualification"))
    return QualityRequirement.objects.filter(qualification__in=followed)


def check_may_add(by: Account, at: datetime) -> None:
    """Let only who learns here add evidence. One query."""
    if not LEARNS.rows(by.pk, timezone.localdate(at)):
        raise NotAllowed(_("Only somebody who is enrolled in a programme can add evidence."))


def check_may_change(by: Account, piece: Evidence) -> None:
    """Leave everything that is done about a piece to its owner: others read."""
    if piece.owner_id != by.pk:
        raise NotAllowed(_("Only the student whose evidence this is can change it."))


def check_kept(piece: Evidence) -> None:
    """Refuse what moves a piece that was withdrawn."""
    if piece.withdrawn_at is not None:
        raise NotPossible(_("This evidence was withdrawn. It stays on record as it is."))


def is_unasked(piece: Evidence) -> bool:
    """Tell whether nobody was asked about a piece, or gave feedback unasked. Two queries."""
    asked = FeedbackRequest.objects.filter(evidence=piece)
    return not asked.exists() and not Feedback.objects.filter(evidence=piece).exists()


def check_unasked(piece: Evidence) -> None:
    """See that no piece is deleted about which somebody was asked, or gave feedback. Two
    queries."""
    if not is_unasked(piece):
        raise NotPossible(
            _(
                "Somebody was asked for feedback on this, or gave it, so it cannot be deleted. "
                "You can withdraw it: it stays on record, and counts no longer."
            )
        )


def check_requirement(requirement: QualityRequirement, owner: UUID, at: datetime) -> None:
    """Refuse a requirement that this person does not learn for now. One query."""
    if not requirements_to_show(owner, at).filter(pk=requirement.pk).exists():
        raise NotPossible(_("This does not belong to what you are learning now."))
