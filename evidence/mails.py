"""The mails about feedback. Each says who asks what, holds one link, and is no longer needed once
that link would open nothing; what somebody wrote as feedback stands in none."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from evidence.asking import in_order
from evidence.models import Feedback, FeedbackRequest
from people.models import Person
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail


@mail("evidence/request")
def request(row: OutboxMail) -> MailContent | None:
    question = _open_question(row.about)
    if question is None:
        return None
    subject = _("%(student)s asks for your feedback: %(title)s") % _names(question)
    return MailContent(subject, _asked(question))


@mail("evidence/reminder")
def reminder(row: OutboxMail) -> MailContent | None:
    question = _open_question(row.about)
    if question is None:
        return None
    subject = _("Reminder: %(student)s asks for your feedback: %(title)s") % _names(question)
    return MailContent(subject, _asked(question))


@mail("evidence/confirmation")
def confirmation(row: OutboxMail) -> MailContent | None:
    """Ask who spoke: did you say this?"""
    feedback = _feedback(row.about)
    if feedback is None or not feedback.is_confirmable(timezone.now()):
        return None
    subject = _("%(noter)s asks: did you say this about %(title)s?")
    return MailContent(
        subject % {"noter": feedback.noted_by, "title": feedback.revision.title},
        {
            **_common(feedback),
            "noter": str(feedback.noted_by),
            "given_by": _address_given_by(feedback.person),
            "given_on": feedback.given_on,
            "until": feedback.recorded_at + feedback.CONFIRM_WITHIN,
            # What was noted has no language of its own, as a question has: the link says it.
            "link": address_of("evidence:confirm", feedback.confirmation_token)
            + f"?language={get_language()}",
        },
    )


@mail("evidence/given")
def given(row: OutboxMail) -> MailContent | None:
    """Tell the student that somebody answered."""
    feedback = _feedback(row.about)
    if feedback is None or feedback.evidence.withdrawn_at is not None:
        return None
    subject = _("%(giver)s gave feedback: %(title)s") % _names(feedback)
    return MailContent(subject, {**_common(feedback), "link": _piece(feedback)})


@mail("evidence/declined")
def declined(row: OutboxMail) -> MailContent | None:
    """Tell the student that somebody said no, and perhaps why."""
    question = _question(row.about)
    if question is None or question.evidence.withdrawn_at is not None:
        return None
    subject = _("%(giver)s does not give feedback: %(title)s") % _names(question)
    reason = question.get_reason_display()
    context = {**_common(question), "reason": reason, "link": _piece(question)}
    return MailContent(subject, context)


def _question(pk: UUID) -> FeedbackRequest | None:
    rows = FeedbackRequest.objects.select_related(
        "evidence__owner", "revision", "enrolment__programme", "person"
    )
    return rows.filter(pk=pk).first()


def _open_question(pk: UUID) -> FeedbackRequest | None:
    question = _question(pk)
    return question if question and question.is_answerable(timezone.now()) else None


def _feedback(pk: UUID) -> Feedback | None:
    rows = Feedback.objects.current().select_related(
        "evidence__owner",
        "revision",
        "noted_by",
        "confirmation",
        "enrolment__programme",
        "person",
    )
    return rows.filter(pk=pk).first()


def _names(row: FeedbackRequest | Feedback) -> dict[str, str]:
    return {
        "student": row.evidence.owner.name,
        "giver": row.spoke_as if isinstance(row, Feedback) else row.asked_as,
        "title": row.revision.title,
    }


def _common(row: FeedbackRequest | Feedback) -> dict[str, Any]:
    return {**_names(row), "programme": row.enrolment.programme.title}


def _asked(question: FeedbackRequest) -> dict[str, Any]:
    return {
        **_common(question),
        "given_by": _address_given_by(question.person),
        "message": question.message,
        "requirements": [line.words for line in in_order(question.requirements.all())],
        "until": question.expires_at,
        "link": address_of("evidence:answer", question.token),
    }


def _address_given_by(person: Person) -> str:
    """Tell who said where mail for this person goes now, as an `Address.Source`. One query."""
    address = person.address()
    return address.source if address else ""


def _piece(row: FeedbackRequest | Feedback) -> str:
    return address_of("evidence:detail", row.evidence_id) + "#feedback"
