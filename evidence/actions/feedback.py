"""Asking, answering, declining, noting and confirming. Each leaves an event on the student's chain,
with ids only; what was said stands in the rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.access.feedback import (
    check_another,
    check_answer,
    check_confirm,
    check_may_answer,
    check_may_ask,
    check_may_confirm,
    check_may_follow_up,
    check_may_note,
    check_may_replace_link,
    check_not_too_many,
    check_remind,
    check_settle,
)
from evidence.access.pieces import check_kept
from evidence.asking import Asked, frames
from evidence.models import (
    Confirmation,
    Evidence,
    Feedback,
    FeedbackRequest,
    Remark,
    RemarkRequirement,
    Revision,
)
from evidence.shown import Shown
from people.actions import Meant, follows_moves, person_meant, say_who
from people.identity import hold_who_is_who
from people.models import Account, Address, Person
from post.models import OutboxMail
from post.outbox import queue
from post.undoing import wait_of_mail, wait_of_question
from programmes.models import Enrolment
from qualifications.models import QualityRequirement
from records.chain import ChainEntry, append_many
from records.locking import under_lock
from records.models import Event
from records.refusals import NotPossible

State = FeedbackRequest.State
NEW_LINK_AFTER = timedelta(hours=1)  # that who asks opened: the next mail

# --- The student ----------------------------------------------------------------------------------


@transaction.atomic
def ask(
    *,
    evidence: Evidence,
    enrolment: Enrolment,
    people: Sequence[Asked],
    requirements: Sequence[QualityRequirement],
    message: str = "",
    by: Account,
    at: datetime | None = None,
) -> list[FeedbackRequest]:
    """Ask each of these people for feedback on the piece as it now is; each gets a mail. All are
    asked or none. Raises NotPossible where a question is still open, for oneself, and for
    requirements that are too many or not the piece's own in this enrolment, and for more people
    than somebody asks in a day."""
    check_may_ask(by, evidence)
    hold_who_is_who()
    piece = _locked_piece(evidence)
    at = at or timezone.now()
    _check_requirements(piece, enrolment, requirements, by, at)
    if not requirements:
        raise NotPossible(_("Choose what the feedback should be about."))
    if not people:
        raise NotPossible(_("Choose or fill in whom you ask."))
    check_not_too_many(by, len(people), at)
    return [
        _ask_one(piece, enrolment, asked, requirements, message.strip(), by, at) for asked in people
    ]


def _ask_one(
    piece: Evidence,
    enrolment: Enrolment,
    asked: Asked,
    requirements: Sequence[QualityRequirement],
    message: str,
    by: Account,
    at: datetime,
) -> FeedbackRequest:
    meant = _meant(asked, piece, by, at)
    earlier = piece.feedback_requests.filter(person=meant, state=State.OPEN).first()
    if earlier and earlier.is_answerable(at):
        raise NotPossible(_("You already asked %(name)s about this piece.") % {"name": asked.name})
    if earlier:  # it expired; the new question takes its place
        withdraw_open(earlier, by, at)
    question = FeedbackRequest.objects.create(
        enrolment=enrolment,
        evidence=piece,
        revision=cast(Revision, piece.current),
        person=meant,
        asked_as=asked.name,
        role=asked.role,
        message=message,
        language=asked.language,
        expires_at=at + timedelta(days=enrolment.programme.rules.link_days),
        recorded_at=at,
    )
    question.requirements.set(requirements, through_defaults={"recorded_at": at})
    event = event_about("asked", question, by, at)
    _mail("evidence/request", question, event, at + wait_of_question())
    return question


@transaction.atomic
def replace_link(
    *, row: FeedbackRequest | Feedback, by: Account, at: datetime | None = None
) -> FeedbackRequest | Feedback:
    """Revoke the link, to a question or to what was noted, that who asks came to open themselves,
    so that nobody answers by it, and send a new one to whose word is asked: at once, or where they
    opened one before, an hour after its mail. Returns the row as it then is. Nothing happens where
    that was done meanwhile, or no word is taken any more."""
    at = at or timezone.now()
    check_may_replace_link(by, row, at)
    now_is: FeedbackRequest | Feedback
    if isinstance(row, FeedbackRequest):
        now_is = question = question_under_lock(row)
        is_open = question.is_answerable(at)
    else:
        now_is = noted = noted_under_lock(row)
        is_open = noted.is_confirmable(at)
    if now_is.serial == row.serial and is_open:
        now_is.serial += 1
        now_is.save(update_fields=["serial"])
        mails = OutboxMail.objects.filter(about=now_is.pk)
        mails.cancel(at)
        replaced = mails.filter(cause__verb="feedback.link_replaced")
        last = replaced.exclude(state=OutboxMail.State.CANCELLED).aggregate(Max("due_at"))
        again_at = last["due_at__max"] + NEW_LINK_AFTER if last["due_at__max"] else at
        due_at = max(again_at, first_mail_at(now_is))
        _send_link(now_is, event_about("link_replaced", now_is, by, at), due_at)
    return now_is


@transaction.atomic
def withdraw_request(*, question: FeedbackRequest, by: Account, at: datetime | None = None) -> None:
    """Take a question back: its link opens nothing any more."""
    check_may_follow_up(by, question)
    question = question_under_lock(question)
    withdraw_open(question, by, at or timezone.now())


def withdraw_open(question: FeedbackRequest, by: Account | None, at: datetime) -> None:
    """Withdraw a locked question that is open; in the caller's transaction."""
    question.serial += 1
    settle(question, State.WITHDRAWN, at)
    event_about("withdrawn", question, by, at)
    OutboxMail.objects.filter(about=question.pk).cancel(at)


@transaction.atomic
def remind(*, question: FeedbackRequest, by: Account, at: datetime | None = None) -> None:
    """Send the mail of a question once more, with the same link; at most once in REMIND_AFTER."""
    check_may_follow_up(by, question)
    question = question_under_lock(question)
    at = at or timezone.now()
    check_remind(question, at)
    question.reminded_at = at
    question.save(update_fields=["reminded_at"])
    _mail("evidence/reminder", question, event_about("reminded", question, by, at))


@transaction.atomic
def note(
    *,
    evidence: Evidence,
    enrolment: Enrolment,
    speaker: Asked,
    given_on: date,
    place: str = "",
    text: str,
    requirements: Sequence[QualityRequirement] = (),
    on_whole: bool = False,
    by: Account,
    at: datetime | None = None,
) -> Feedback:
    """Note what this speaker said about the piece; they are asked by mail to confirm it. What
    somebody notes of their own words is confirmed by noting it."""
    hold_who_is_who()
    piece = _locked_piece(evidence)
    check_may_note(by, piece)
    at = at or timezone.now()
    _check_requirements(piece, enrolment, requirements, by, at)
    if given_on > timezone.localdate(at):
        raise NotPossible(_("This day is still to come."))
    said = _said(text, requirements, {}, on_whole)
    person = _meant(speaker, piece, by, at)
    if person.pk != by.pk:
        check_not_too_many(by, 1, at)
    feedback = Feedback.objects.create(
        evidence=piece,
        revision=cast(Revision, piece.current),
        enrolment=enrolment,
        person=person,
        spoke_as=person.name if hasattr(person, "account") else speaker.name,
        role=speaker.role,
        source=Feedback.Source.NOTED,
        noted_by_id=by.pk,
        given_on=given_on,
        place=place.strip(),
        recorded_at=at,
    )
    _keep(said, feedback)
    event = event_about("noted", feedback, by, at, revision=feedback.revision_id)
    if person.pk == by.pk:
        _confirm(feedback, True, by, at)
    else:
        _ask_whether_said(feedback, event, speaker.language, at + wait_of_mail())
    return feedback


# --- Who was asked, or spoke ----------------------------------------------------------------------


@transaction.atomic
def answer(
    *,
    question: FeedbackRequest,
    text: str = "",
    about: Iterable[QualityRequirement] = (),
    own: Mapping[QualityRequirement, str] | None = None,
    on_whole: bool = False,
    chosen: UUID | None = None,
    name: str = "",
    role: str | None = None,
    shown: Shown | None = None,
    by: Account | None = None,
    at: datetime | None = None,
) -> Feedback:
    """Give feedback: one text, about these requirements or the whole, and perhaps words of its
    own for some of them; as who was asked, or as whom the speaker chose or wrote
    (`people.actions.say_who`), and in a role of their choice. The event names what was `shown` to
    them: what the page of the question shows now, where no page says otherwise. Once; raises
    NotPossible for what was not asked, for nothing written, for the maker's own name, and when the
    question is no longer open."""
    check_may_answer(by, question)
    hold_who_is_who()
    question = question_under_lock(question)
    at = at or timezone.now()
    check_answer(question, at)
    said = _said(text, about, own or {}, on_whole)
    if not {line for each in said for line in each.about} <= set(question.requirements.all()):
        raise NotPossible(_("This was not asked. Choose from what is on the page."))
    settle(question, State.ANSWERED, at)
    speaker = say_who(person=question.person, chosen=chosen, name=name, by=by, at=at)
    check_another(speaker, question.evidence, at)
    feedback = Feedback.objects.create(
        evidence=question.evidence,
        revision_id=question.revision_id,
        enrolment_id=question.enrolment_id,
        person=speaker,
        spoke_as=speaker.name if speaker.named_at else question.asked_as,
        role=role or question.role,
        request=question,
        source=Feedback.Source.WRITTEN,
        given_on=timezone.localdate(at),
        recorded_at=at,
    )
    _keep(said, feedback)
    shown = shown or Shown.now(question)
    seen = {
        "revision": question.revision_id,
        "files": shown.files,
        "wordings": shown.wordings,
    }
    event = event_about("given", feedback, by, at, also=[question], **seen)
    student, due_at = question.evidence.owner_id, at + wait_of_mail()
    queue("evidence/given", to=student, about=feedback.pk, cause=event, at=at, due_at=due_at)
    return feedback


@transaction.atomic
def decline(
    *,
    question: FeedbackRequest,
    reason: str = "",
    by: Account | None = None,
    at: datetime | None = None,
) -> None:
    """Say no to a question, perhaps with a reason (FeedbackRequest.Reason); the student is told."""
    check_may_answer(by, question)
    question = question_under_lock(question)
    at = at or timezone.now()
    check_answer(question, at)
    question.reason = reason
    settle(question, State.DECLINED, at)
    event = event_about("declined", question, by, at)
    student, due_at = question.evidence.owner_id, at + wait_of_mail()
    queue("evidence/declined", to=student, about=question.pk, cause=event, at=at, due_at=due_at)


@transaction.atomic
def confirm(
    *,
    feedback: Feedback,
    confirmed: bool,
    name: str = "",
    is_another: bool = False,
    role: str | None = None,
    by: Account | None = None,
    at: datetime | None = None,
) -> Confirmation:
    """Keep the speaker's word on what was noted: yes, I said this, perhaps under another name, as
    somebody else, or in another role than was noted; or no. Once; raises NotPossible too for the
    maker's own name."""
    check_may_confirm(by, feedback)
    hold_who_is_who()
    feedback = noted_under_lock(feedback)
    at = at or timezone.now()
    check_confirm(feedback, at)
    if confirmed:
        named = None if is_another or not name else feedback.person_id
        speaker = say_who(person=feedback.person, chosen=named, name=name, by=by, at=at)
        feedback = _put_right(feedback, speaker, name, role or feedback.role, by, at)
    return _confirm(feedback, confirmed, by, at)


def _put_right(
    noted: Feedback, speaker: Person, name: str, role: str, by: Account | None, at: datetime
) -> Feedback:
    """Put this locked feedback right: make what replaces it, with the same words, as who speaks
    says that they spoke them; returns it itself where that is as it was noted."""
    check_another(speaker, noted.evidence, at)
    spoke_as = speaker.name if name.strip() and speaker.named_at else noted.spoke_as
    if (speaker, spoke_as, role) == (noted.person, noted.spoke_as, noted.role):
        return noted
    right = Feedback.objects.create(
        evidence=noted.evidence,
        revision_id=noted.revision_id,
        enrolment_id=noted.enrolment_id,
        person=speaker,
        spoke_as=spoke_as,
        role=role,
        source=noted.source,
        noted_by_id=noted.noted_by_id,
        given_on=noted.given_on,
        place=noted.place,
        replaces=noted,
        recorded_at=at,
    )
    said = noted.remarks.prefetch_related("requirements")
    _keep([_Said(each.text, (*each.requirements.all(),), each.on_whole) for each in said], right)
    event_about("put_right", right, by, at)
    return right


def _confirm(feedback: Feedback, confirmed: bool, by: Account | None, at: datetime) -> Confirmation:
    word = Confirmation.objects.create(feedback=feedback, confirmed=confirmed, recorded_at=at)
    event_about("confirmed" if confirmed else "denied", feedback, by, at)
    return word


@follows_moves
def send_elsewhere(person: Person, at: datetime) -> None:
    """Revoke the links to open questions, and to what waits for a confirmation, that were sent to
    an earlier address: they open nothing any more, and new ones go to where mail goes now."""
    questions = FeedbackRequest.objects.awaiting_answer(at).filter(person=person)
    waiting = list(
        questions.select_for_update(of=("self",), no_key=True)
        .select_related("evidence")
        .order_by("pk")
    )
    noted = Feedback.objects.awaiting_confirmation(at).filter(person=person)
    for question in waiting:
        question.serial += 1
    FeedbackRequest.objects.bulk_update(waiting, ["serial"])
    rows = [*waiting, *noted.select_related("evidence").order_by("pk")]
    OutboxMail.objects.filter(about__in=[row.pk for row in rows]).cancel(at)
    events = append_many(_entry("sent_elsewhere", row, None, at) for row in rows)
    for row, event in zip(rows, events, strict=True):
        _send_link(row, event, max(at, first_mail_at(row)))


# --- What they share ------------------------------------------------------------------------------


def _locked_piece(evidence: Evidence) -> Evidence:
    piece = under_lock(Evidence.objects.select_related("owner", "current"), evidence.pk)
    check_kept(piece)
    return piece


def question_under_lock(question: FeedbackRequest) -> FeedbackRequest:
    questions = FeedbackRequest.objects.select_related("evidence__owner", "person__account")
    return under_lock(questions, question.pk)


def noted_under_lock(feedback: Feedback) -> Feedback:
    rows = Feedback.objects.current().select_related("evidence", "person__account", "confirmation")
    return under_lock(rows, feedback.pk)


def _check_requirements(
    piece: Evidence,
    enrolment: Enrolment,
    requirements: Sequence[QualityRequirement],
    by: Account,
    at: datetime,
) -> None:
    own = {
        frame.enrolment.pk: set(frame.requirements)
        for frame in frames(piece, seen_by=by, on=timezone.localdate(at))
    }
    if enrolment.pk not in own:
        raise NotPossible(_("First choose what this piece shows of the programme."))
    if not set(requirements) <= own[enrolment.pk]:
        raise NotPossible(
            _("Choose from what the piece shows of %(programme)s.")
            % {"programme": enrolment.programme}
        )
    if len(requirements) > FeedbackRequest.MOST_REQUIREMENTS:
        raise NotPossible(
            _("Choose at most %(number)d.") % {"number": FeedbackRequest.MOST_REQUIREMENTS}
        )


def _meant(asked: Asked, piece: Evidence, by: Account, at: datetime) -> Person:
    """Find or make the person who is asked, or spoke. Raises NotPossible for the maker of the
    piece."""
    meant = Meant(asked.name, asked.address, asked.language)
    person = asked.person or person_meant(meant, source=Address.Source.ASKER, by=by, at=at)
    check_another(person, piece, at)
    return person


@dataclass(frozen=True, slots=True)
class _Said:
    """A text, and what it is about."""

    text: str
    about: tuple[QualityRequirement, ...]
    on_whole: bool = False


def _said(
    text: str,
    about: Iterable[QualityRequirement],
    own: Mapping[QualityRequirement, str],
    on_whole: bool,
) -> list[_Said]:
    """Put together what was said: the one text, about the requirements that have no words of their
    own; then those words. The text is about the whole where nothing else refers to it. Raises
    NotPossible where something has no words."""
    text = text.strip()
    written = {line: words.strip() for line, words in own.items() if words.strip()}
    shared = tuple(line for line in dict.fromkeys(about) if line not in written)
    if not text and (on_whole or shared or not written):
        raise NotPossible(_("Write in a few words what you saw or heard."))
    said = [_Said(words, (line,)) for line, words in written.items()]
    return [_Said(text, shared, on_whole or not shared), *said] if text else said


def _keep(said: Sequence[_Said], feedback: Feedback) -> None:
    """Write what was said as the remarks of this feedback. Two queries."""
    at = feedback.recorded_at
    remarks = [
        Remark(
            feedback=feedback,
            order=order,
            text=each.text,
            on_whole=each.on_whole,
            recorded_at=at,
        )
        for order, each in enumerate(said)
    ]
    Remark.objects.bulk_create(remarks)
    RemarkRequirement.objects.bulk_create(
        RemarkRequirement(remark=remark, requirement=line, recorded_at=at)
        for remark, each in zip(remarks, said, strict=True)
        for line in each.about
    )


def settle(question: FeedbackRequest, state: FeedbackRequest.State, at: datetime) -> None:
    """Move a locked question along TRANSITIONS, or raise NotPossible."""
    check_settle(question, state)
    question.state, question.settled_at = state, at
    if state == State.OPEN:  # who answered or declined took it back
        question.settled_at, question.reason, question.taken_back_at = None, "", at
    question.save(update_fields=["state", "settled_at", "serial", "reason", "taken_back_at"])


def _mail(
    template: str, question: FeedbackRequest, event: Event, due_at: datetime | None = None
) -> None:
    queue(
        template,
        to=question.person_id,
        about=question.pk,
        cause=event,
        language=question.language,
        at=event.recorded_at,
        due_at=due_at,
    )


def first_mail_at(row: FeedbackRequest | Feedback) -> datetime:
    """Tell when the first mail of a question, or about what was noted, goes: until then it can be
    undone, and no later one goes before."""
    is_question = isinstance(row, FeedbackRequest)
    return row.recorded_at + (wait_of_question() if is_question else wait_of_mail())


def _send_link(
    row: FeedbackRequest | Feedback, event: Event, due_at: datetime | None = None
) -> None:
    """Send the link that is good now, of a question or of what was noted."""
    if isinstance(row, FeedbackRequest):
        _mail("evidence/request", row, event, due_at)
    else:
        _ask_whether_said(row, event, row.person.language, due_at)


def _ask_whether_said(
    feedback: Feedback, event: Event, language: str, due_at: datetime | None = None
) -> None:
    queue(
        "evidence/confirmation",
        to=feedback.person_id,
        about=feedback.pk,
        cause=event,
        language=language,
        at=event.recorded_at,
        due_at=due_at,
    )


def event_about(
    verb: str,
    row: FeedbackRequest | Feedback,
    by: Account | None,
    at: datetime,
    also: Sequence[FeedbackRequest] = (),
    **seen: Any,
) -> Event:
    """Write what was done with a question or a feedback, and state it, with what else changed, and
    with the ids of the versions that were seen."""
    [event] = append_many([_entry(verb, row, by, at, also, **seen)])
    return event


def _entry(
    verb: str,
    row: FeedbackRequest | Feedback,
    by: Account | None,
    at: datetime,
    also: Sequence[FeedbackRequest] = (),
    **seen: Any,
) -> ChainEntry:
    kind = "question" if isinstance(row, FeedbackRequest) else "feedback"
    return ChainEntry(
        row.evidence.chain,
        f"feedback.{verb}",
        by,
        at,
        rows=[row, *also],
        facts={kind: row.pk, "evidence": row.evidence_id, "person": row.person_id, **seen},
    )
