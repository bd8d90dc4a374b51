"""Who may ask, note, answer and confirm, and whether now. `by` is None for who holds the link of a
mail."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evidence.models import Evidence, Feedback, FeedbackRequest
from people.access import NotAllowed
from people.identity import counted_as
from people.models import Account, Address, Identity, Person
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


def check_may_replace_link(by: Account, row: FeedbackRequest | Feedback, at: datetime) -> None:
    """Let only who asks have a link replaced that they opened themselves. One query."""
    if not asks(by, row, at):
        raise NotAllowed(_("Only the person who asked this can have its link replaced."))


def check_may_note(by: Account, piece: Evidence) -> None:
    """Let the owner note what was said about a piece, and who now advises or teaches them. One
    query."""
    if not Evidence.objects.in_full_for(by).filter(pk=piece.pk).exists():
        raise NotAllowed(_("Only the student, their adviser and their teachers note feedback."))


def asks(by: Account | None, row: FeedbackRequest | Feedback, at: datetime) -> bool:
    """Tell whether this is who asks: the maker of the piece, or who noted the words of somebody
    else, also by another account of the same human. No query for who was asked, or is not signed
    in, else one."""
    if by is None or by.pk == row.person_id:
        return False
    asking = {row.evidence.owner_id}
    if isinstance(row, Feedback) and row.noted_by_id:
        asking.add(row.noted_by_id)
    counted = counted_as([by.pk, *asking], at)
    return counted.get(by.pk, by.pk) in {counted.get(pk, pk) for pk in asking}


def check_may_answer(by: Account | None, question: FeedbackRequest) -> None:
    """Let the person asked answer or decline, by the link or signed in; None is who holds the link
    and is nobody who asks."""
    _check_is(question.person_id, question.asked_as, by)


def check_may_confirm(by: Account | None, feedback: Feedback) -> None:
    """Let the speaker say whether they said what was noted, by the link or signed in; None is who
    holds the link and is nobody who asks."""
    _check_is(feedback.person_id, feedback.spoke_as, by)


def _check_is(person: UUID, name: str, by: Account | None) -> None:
    if by is not None and by.pk != person:
        raise NotAllowed(_("This question is for %(name)s.") % {"name": name})


# --- Whether now ----------------------------------------------------------------------------------


SETTLED = {
    State.ANSWERED: gettext_lazy("This question has been answered."),
    State.DECLINED: gettext_lazy("This question was declined."),
    State.WITHDRAWN: gettext_lazy("This question was withdrawn."),
    State.TAKEN_BACK: gettext_lazy("This question was taken back."),
}


def check_settle(question: FeedbackRequest, to: FeedbackRequest.State) -> None:
    """Refuse what does not follow from where a question stands."""
    if to not in FeedbackRequest.TRANSITIONS[State(question.state)]:
        raise NotPossible(
            str(SETTLED.get(State(question.state), _("This was taken back already.")))
        )


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


def check_undo_ask(questions: Collection[FeedbackRequest]) -> None:
    """Refuse to take back a question once somebody answered it, declined, or it was withdrawn."""
    for question in questions:
        check_settle(question, State.TAKEN_BACK)


def check_undo_answer(question: FeedbackRequest) -> None:
    """Refuse to take back what was not said, and a word in whose place another is asked by now. One
    query."""
    check_settle(question, State.OPEN)
    again = question.evidence.feedback_requests.filter(person=question.person_id, state=State.OPEN)
    if again.exists():
        raise NotPossible(_("A new question was asked since. Answer that one."))


def check_may_undo_noting(by: Account, noted: Feedback) -> None:
    """Let only who noted what was said take that back."""
    if by.pk != noted.noted_by_id:
        raise NotAllowed(_("Only the person who noted this can undo it."))


def check_undo_noting(noted: Feedback) -> None:
    """Refuse to take back what was noted once its speaker said whether they said it. One query."""
    if noted.confirmed is not None or noted.replaces_id is not None:
        text = _("%(name)s said already whether these are their words.")
        raise NotPossible(text % {"name": noted.spoke_as})


def check_undo_word(feedback: Feedback) -> None:
    """Refuse to take back a word on what was noted where none was given. One query."""
    if feedback.confirmed is None:
        raise NotPossible(_("This was taken back already."))


def check_another(person: Person, piece: Evidence, at: datetime) -> None:
    """Refuse the maker of a piece as who gives feedback on it, also where somebody counts as one
    with them, and who gets mail at a mailbox that is, was or is said to be the maker's. Two
    queries."""
    counted = counted_as([person.pk, piece.owner_id], at)
    maker = counted.get(piece.owner_id, piece.owner_id)
    if counted.get(person.pk, person.pk) == maker:
        raise NotPossible(_("Feedback comes from somebody other than the maker of the piece."))
    same = Identity.objects.as_of(at).filter(counts_as=maker)
    own = Address.objects.exclude(mailbox="").filter(
        Q(person__in=[piece.owner_id, maker]) | Q(person__in=same.values("person"))
    )
    there = Address.objects.current().filter(person=person.pk, receives=True)
    if there.filter(mailbox__in=own.values("mailbox")).exists():
        raise NotPossible(
            _(
                "Mail for %(name)s comes to a mailbox of the maker of the piece. Feedback comes "
                "from somebody else, at a mailbox of their own."
            )
            % {"name": person.name}
        )


def check_not_too_many(by: Account, more: int, at: datetime) -> None:
    """Refuse to send questions to so many more people than somebody may in a day: ASKED_A_DAY,
    counting whom they asked and of whom they noted words. Two queries."""
    since = at - timedelta(days=1)
    asked = FeedbackRequest.objects.filter(
        evidence__owner=by.pk, recorded_at__gt=since, state__in=FeedbackRequest.ASKED
    )
    noted = Feedback.objects.filter(
        noted_by=by.pk, replaces=None, recorded_at__gt=since, taken_back_at=None
    )
    rows = (asked, noted.exclude(person=by.pk))
    moments = sorted(at for row in rows for at in row.values_list("recorded_at", flat=True))
    sent, most = len(moments), settings.ASKED_A_DAY
    if more > most:
        raise NotPossible(
            _(
                "You can send a question to at most %(most)d people in 24 hours. Choose fewer: "
                "what you wrote is kept."
            )
            % {"most": most}
        )
    if sent + more > most:
        free_at = moments[sent + more - most - 1] + timedelta(days=1, minutes=1)
        raise NotPossible(
            _(
                "You can send a question to at most %(most)d people in 24 hours, and sent one to "
                "%(sent)d. Choose fewer, or send this from %(moment)s on: what you wrote is kept."
            )
            % {
                "most": most,
                "sent": sent,
                "moment": date_format(timezone.localtime(free_at), "j F H:i"),
            }
        )
