"""Who may ask, note, answer and confirm, and whether now. `by` is None for who holds the link of a
mail."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.models import Evidence, Feedback, FeedbackRequest
from people.access import NotAllowed
from people.identity import counted_as
from people.models import Account, Person
from records.refusals import NotPossible

State = FeedbackRequest.State


def check_may_ask(by: Account, piece: Evidence) -> None:
    """Let only the owner ask for feedback on a piece."""
    if by.pk != piece.owner_id:
        raise NotAllowed(_("Only the person who made this piece can ask for feedback on it."))


def check_may_follow_up(by: Account, question: FeedbackRequest) -> None:
    """Let only who asked remind and withdraw. One query unless the piece is at hand."""
    if by.pk != question.evidence.owner_id:
        raise NotAllowed(_("Only the person who asked this can remind or withdraw."))


def check_may_note(by: Account, piece: Evidence) -> None:
    """Let the owner note what was said about a piece, and who now advises or teaches them. One
    query."""
    if not Evidence.objects.in_full_for(by).filter(pk=piece.pk).exists():
        raise NotAllowed(_("Only the student, their adviser and their teachers note feedback."))


def check_may_answer(by: Account | None, question: FeedbackRequest) -> None:
    """Let the person asked answer or decline, by the link or signed in."""
    _check_is(question.person_id, question.asked_as, by)


def check_may_confirm(by: Account | None, feedback: Feedback) -> None:
    """Let the speaker say whether they said what was noted, by the link or signed in."""
    _check_is(feedback.person_id, feedback.spoke_as, by)


def _check_is(person: UUID, name: str, by: Account | None) -> None:
    if by is not None and by.pk != person:
        raise NotAllowed(_("This question is for %(name)s.") % {"name": name})


# --- Whether now ----------------------------------------------------------------------------------


SETTLED = {
    State.ANSWERED: gettext_lazy("This question has been answered."),
    State.DECLINED: gettext_lazy("This question was declined."),
    State.WITHDRAWN: gettext_lazy("This question was withdrawn."),
}


def check_settle(question: FeedbackRequest, to: FeedbackRequest.State) -> None:
    """Refuse what does not follow from where a question stands."""
    if to not in FeedbackRequest.TRANSITIONS[State(question.state)]:
        raise NotPossible(str(SETTLED[State(question.state)]))


def check_answer(question: FeedbackRequest, at: datetime) -> None:
    """Refuse an answer to what was settled or has expired, or about a piece that was withdrawn. One
    query while it is open, unless its piece was read `with_withdrawal`."""
    if question.state in SETTLED:
        raise NotPossible(str(SETTLED[State(question.state)]))
    if not question.is_answerable(at):
        raise NotPossible(_("The link of this question no longer works."))


def check_remind(question: FeedbackRequest, at: datetime) -> None:
    """Refuse a reminder of what cannot be answered, or within a day of the last mail. Queries as
    `check_answer`."""
    check_answer(question, at)
    if (question.reminded_at or question.recorded_at) + FeedbackRequest.REMIND_AFTER > at:
        raise NotPossible(
            _("%(name)s had a mail less than a day ago.") % {"name": question.asked_as}
        )


def check_confirm(feedback: Feedback, at: datetime) -> None:
    """Refuse a second word on what was noted, one that comes too late, and one on a piece that was
    withdrawn."""
    if not feedback.is_confirmable(at):
        raise NotPossible(_("This can no longer be confirmed."))


def check_another(person: Person, piece: Evidence, at: datetime) -> None:
    """Refuse the maker of a piece as who gives feedback on it, also where somebody counts as one
    with them. One query."""
    counted = counted_as([person.pk, piece.owner_id], at)
    if counted.get(person.pk, person.pk) == counted.get(piece.owner_id, piece.owner_id):
        raise NotPossible(_("Feedback comes from somebody other than the maker of the piece."))
