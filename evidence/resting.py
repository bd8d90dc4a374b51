"""What of this room rests on what a coordinator set up (records/resting.py)."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import ngettext

from evidence.models import Evidence, Feedback, FeedbackRequest, RequirementLink
from programmes.models import Enrolment, Placement
from records.resting import rests_on


def _laid_in(enrolment: Enrolment) -> QuerySet[Evidence]:
    """Find the pieces that were ever laid against a requirement of what the student follows."""
    laid = RequirementLink.objects.filter(
        evidence=OuterRef("pk"),
        requirement__qualification__in=enrolment.tracks.values("qualification"),
    )
    return Evidence.objects.filter(Exists(laid), owner=enrolment.student_id)


def _asked_at(placement: Placement) -> QuerySet[FeedbackRequest]:
    """Find the questions to who supervises, or supervised, at this placement."""
    asked = placement.enrolment.feedback_requests.all()
    return asked.filter(person__in=placement.supervisors.values("person"))


rests_on(
    Enrolment,
    _laid_in,
    words=lambda count: (
        ngettext(
            "The student laid %(count)d piece of evidence against its requirements.",
            "The student laid %(count)d pieces of evidence against its requirements.",
            count,
        )
        % {"count": count}
    ),
)
rests_on(
    Enrolment,
    lambda enrolment: FeedbackRequest.objects.filter(enrolment=enrolment),
    words=lambda count: (
        ngettext(
            "The student asked for feedback %(count)d time.",
            "The student asked for feedback %(count)d times.",
            count,
        )
        % {"count": count}
    ),
)
rests_on(
    Enrolment,
    lambda enrolment: Feedback.objects.filter(enrolment=enrolment, request=None),
    words=lambda count: (
        ngettext(
            "%(count)d conversation was noted as feedback.",
            "%(count)d conversations were noted as feedback.",
            count,
        )
        % {"count": count}
    ),
)
rests_on(
    Placement,
    _asked_at,
    words=lambda count: (
        ngettext(
            "The student asked its supervisors for feedback %(count)d time.",
            "The student asked its supervisors for feedback %(count)d times.",
            count,
        )
        % {"count": count}
    ),
)
