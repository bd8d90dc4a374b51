"""Taking back what was sent about a piece: a question, an answer, a no, what was noted, and the
speaker's word on that. While its mail waits and nothing rests on it (post/undoing.py); each leaves
an event, its words are blanked, and are a draft again for who wrote them."""

from datetime import datetime
from typing import cast

from django.db import transaction
from django.utils import timezone

from evidence.access.feedback import (
    check_may_answer,
    check_may_ask,
    check_may_confirm,
    check_may_undo_noting,
    check_undo_answer,
    check_undo_ask,
    check_undo_noting,
    check_undo_word,
)
from evidence.actions.feedback import event_about, noted_under_lock, question_under_lock, settle
from evidence.models import Confirmation, Feedback, FeedbackRequest
from people.actions import forget_newcomer
from people.drafts import draft_again
from people.identity import hold_who_is_who
from people.models import Account
from post.undoing import (
    call_off_mails,
    check_nothing_rests,
    send_now,
    wait_of_mail,
    wait_of_question,
)
from records.actions import blank_words
from records.locking import under_lock

State = FeedbackRequest.State


def asked_together(question: FeedbackRequest) -> list[FeedbackRequest]:
    """Find the questions that were sent with this one, itself included. One query."""
    same = FeedbackRequest.objects.filter(
        evidence=question.evidence_id, recorded_at=question.recorded_at
    )
    return list(same.select_related("evidence").order_by("pk"))


@transaction.atomic
def undo_ask(*, question: FeedbackRequest, by: Account, at: datetime | None = None) -> None:
    """Take a question back, with those that were sent together with it: nobody was asked. Raises
    NotPossible once a mail is on its way, or one of them was answered."""
    check_may_ask(by, question.evidence)
    hold_who_is_who()
    questions = [question_under_lock(each) for each in asked_together(question)]
    at = at or timezone.now()
    check_undo_ask(questions)
    keys = [each.pk for each in questions]
    call_off_mails(keys, question.recorded_at, wait_of_question(), at)
    for each in questions:
        settle(each, State.TAKEN_BACK, at)
        _blank(each, each.recorded_at, by, at)
        event_about("question_taken_back", each, by, at)
        draft_again(each.pk)


@transaction.atomic
def send_question_now(*, question: FeedbackRequest, by: Account, at: datetime | None = None) -> int:
    """Let the mails of a question, and of those sent together with it, go at once; returns how
    many did wait."""
    check_may_ask(by, question.evidence)
    keys = [each.pk for each in asked_together(question)]
    return send_now(keys, question.recorded_at, at or timezone.now())


@transaction.atomic
def undo_answer(
    *, question: FeedbackRequest, by: Account | None = None, at: datetime | None = None
) -> None:
    """Take back what was answered to a question, or that it was declined: it can be answered anew.
    Raises NotPossible once the mail is on its way, a set was frozen with it, or another question is
    open in its place."""
    check_may_answer(by, question)
    hold_who_is_who()
    question = question_under_lock(question)
    at = at or timezone.now()
    check_undo_answer(question)
    if question.state == State.DECLINED:
        call_off_mails([question.pk], cast(datetime, question.settled_at), wait_of_mail(), at)
        settle(question, State.OPEN, at)
        event_about("decline_taken_back", question, by, at)
        draft_again(question.pk)
        return
    rows = Feedback.objects.select_related("evidence", "person")
    given = under_lock(rows, question.feedback.pk)
    settle(question, State.OPEN, at)
    _take_back(given, by, at)
    event_about("taken_back", given, by, at, also=[question], question=question.pk)
    draft_again(given.pk)


@transaction.atomic
def undo_noting(*, feedback: Feedback, by: Account, at: datetime | None = None) -> None:
    """Take back what somebody noted that another said: nothing was said. Raises NotPossible once
    the mail is on its way, the speaker gave their word on it, or a set was frozen with it."""
    check_may_undo_noting(by, feedback)
    hold_who_is_who()
    noted = noted_under_lock(feedback)
    at = at or timezone.now()
    check_undo_noting(noted)
    _take_back(noted, by, at)
    event_about("noting_taken_back", noted, by, at)
    draft_again(noted.pk)


@transaction.atomic
def undo_word(
    *, feedback: Feedback, by: Account | None = None, at: datetime | None = None
) -> Feedback:
    """Take back what a speaker said of this noted feedback: that they said it, in whatever name
    and role, or that they did not. They can give their word anew; returns what is noted then.
    Raises NotPossible once the time has passed, or a set was frozen with it."""
    check_may_confirm(by, feedback)
    hold_who_is_who()
    said = noted_under_lock(feedback)
    at = at or timezone.now()
    check_undo_word(said)
    given_at = said.confirmation.recorded_at
    call_off_mails([said.pk], given_at, wait_of_mail(), at)
    check_nothing_rests(said, given_at, at)
    noted = said
    if said.replaces_id is not None:  # it was put right as it was confirmed
        noted = under_lock(Feedback.objects.select_related("evidence"), said.replaces_id)
        _end(said, given_at, by, at)
        event_about("taken_back", said, by, at, replaced=noted.pk)
    else:
        Confirmation.objects.filter(feedback=said).delete()
    Feedback.objects.filter(pk=noted.pk).update(unsaid_at=at)
    event_about("word_taken_back", noted, by, at)
    return noted


def _take_back(feedback: Feedback, by: Account | None, at: datetime) -> None:
    """Let this locked feedback, as it was sent, count for nothing; the caller states it."""
    call_off_mails([feedback.pk], feedback.recorded_at, wait_of_mail(), at)
    check_nothing_rests(feedback, feedback.recorded_at, at)
    _end(feedback, feedback.recorded_at, by, at)


def _end(feedback: Feedback, sent_at: datetime, by: Account | None, at: datetime) -> None:
    Feedback.objects.filter(pk=feedback.pk).update(taken_back_at=at, request=None, replaces=None)
    _blank(feedback, sent_at, by, at)


def _blank(
    row: FeedbackRequest | Feedback, sent_at: datetime, by: Account | None, at: datetime
) -> None:
    """Blank the words of a row that is taken back, and the name of who became known by it alone."""
    blank_words(row)
    if forget_newcomer(row.person, since=sent_at, by=by, at=at, but=[row.pk]):
        name = "asked_as" if isinstance(row, FeedbackRequest) else "spoke_as"
        type(row)._base_manager.filter(pk=row.pk).update(**{name: ""})
