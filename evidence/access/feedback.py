"""Who may ask, note, answer and confirm. `by` is None for who holds the link of a mail."""

from uuid import UUID

from django.utils.translation import gettext as _

from evidence.models import Evidence, Feedback, FeedbackRequest
from people.access import NotAllowed
from people.models import Account


def check_may_ask(piece: Evidence, by: Account) -> None:
    """Only the owner asks for feedback on a piece."""
    if by.pk != piece.owner_id:
        raise NotAllowed(_("Only the person who made this piece can ask for feedback on it."))


def check_may_follow_up(question: FeedbackRequest, by: Account) -> None:
    """Only who asked reminds and withdraws. One query unless the piece is at hand."""
    if by.pk != question.evidence.owner_id:
        raise NotAllowed(_("Only the person who asked this can remind or withdraw."))


def check_may_note(piece: Evidence, by: Account) -> None:
    """The owner notes what was said, and so does who now advises or teaches them. One query."""
    if not Evidence.objects.in_full_for(by).filter(pk=piece.pk).exists():
        raise NotAllowed(_("Only the student, their adviser and their teachers note feedback."))


def check_may_answer(question: FeedbackRequest, by: Account | None) -> None:
    """The person asked answers or declines, by the link or signed in."""
    _check_is(question.person_id, question.asked_as, by)


def check_may_confirm(feedback: Feedback, by: Account | None) -> None:
    """The speaker says whether they said it, by the link or signed in."""
    _check_is(feedback.person_id, feedback.spoke_as, by)


def _check_is(person: UUID, name: str, by: Account | None) -> None:
    if by is not None and by.pk != person:
        raise NotAllowed(_("This question is for %(name)s.") % {"name": name})
