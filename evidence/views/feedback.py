"""Asking for feedback, noting it, and showing it with its piece: for people who are signed in."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from evidence.access.feedback import (
    check_answer,
    check_confirm,
    check_may_ask,
    check_may_note,
    check_remind,
    check_undo_noting,
)
from evidence.access.pieces import check_kept
from evidence.actions import feedback as actions
from evidence.asking import frames, suggestions
from evidence.forms.feedback import AskForm, NoteForm
from evidence.models import Evidence, Feedback, FeedbackRequest, Remark
from evidence.reading import ABOUT_WHAT, LINES_OF_REMARKS, QUESTIONS, REMARKS_ON_PIECE
from people.access import PersonRequest, allowed, signed_in
from people.drafts import Writing
from people.models import Account
from people.pages import act_and_go_back, address_at, before_writing, done, refusals_in
from people.sending import creates, sends
from post.models import OutboxMail
from post.undoing import TOLD_FOR, time_to_undo, wait_of_mail, wait_of_question
from records.refusals import why_not

State = FeedbackRequest.State


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def ask(request: PersonRequest, pk: uuid.UUID, is_draft: bool = False) -> HttpResponse:
    piece = _piece(request, pk)
    check_may_ask(request.user, piece)
    before_writing(request, check_kept, piece)
    form = _form(AskForm, request, piece)
    draft = Writing(request, f"ask:{piece.pk}:{request.user.pk}", *_parts(form))
    if is_draft:
        return draft.answer()
    if form and form.is_valid():
        with refusals_in(form):
            with draft.sending(address_at(piece, "feedback")):
                asked = actions.ask(evidence=piece, **form.question(), by=request.user)
                draft.keep_sent(asked[0].pk)
            names = ", ".join(question.asked_as for question in asked)
            text = _("Sent to %(names)s.") % {"names": names}
            return done(request, text, piece, "feedback")
    return _page(request, "evidence/ask.html", piece, form, draft)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def note(request: PersonRequest, pk: uuid.UUID, is_draft: bool = False) -> HttpResponse:
    piece = _piece(request, pk)
    check_may_note(request.user, piece)
    before_writing(request, check_kept, piece)
    form = _form(NoteForm, request, piece)
    draft = Writing(request, f"note:{piece.pk}:{request.user.pk}", *_parts(form))
    if is_draft:
        return draft.answer()
    if form and form.is_valid():
        with refusals_in(form):
            with draft.sending(address_at(piece, "feedback")):
                feedback = actions.note(evidence=piece, **form.noted(), by=request.user)
                draft.keep_sent(feedback.pk)
            text = _("Noted. %(name)s gets a mail to confirm it with one tap.")
            return done(request, text % {"name": feedback.spoke_as}, piece, "feedback")
    return _page(request, "evidence/note.html", piece, form, draft)


@signed_in
@require_POST
@sends("a question is withdrawn once")
def withdraw_question(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    text = _("The question to %(name)s is withdrawn; its link no longer works.")
    return _follow_up(request, pk, actions.withdraw_request, text)


@signed_in
@require_POST
@sends("one reminder a day at most")
def remind(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    return _follow_up(request, pk, actions.remind, _("A reminder is on its way to %(name)s."))


def feedback_context(request: PersonRequest, piece: Evidence, *, in_full: bool) -> dict[str, Any]:
    """Find what `evidence/_feedback.html` shows of this piece to this person, who may read it
    `in_full`: remarks on the whole and per requirement, newest first, the questions that wait or
    were declined, and mails to givers that did not arrive. At most five queries."""
    user, now = request.user, timezone.now()
    seen_by = (user.pk, timezone.localdate(now), now - TOLD_FOR, piece.pk)
    said: list[Remark] = REMARKS_ON_PIECE.rows(*seen_by)
    remarks = [remark for remark in said if remark.feedback.taken_back_at is None]
    about: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in ABOUT_WHAT.rows(piece.pk) if remarks else ():
        about.setdefault(row["remark"], []).append(row["requirement"])
    by_requirement: dict[uuid.UUID, list[Remark]] = {}
    for remark in remarks:
        remark.feedback.evidence = piece  # which knows whether it was withdrawn
        for requirement in about.get(remark.pk, ()):
            by_requirement.setdefault(requirement, []).append(remark)
    lines = LINES_OF_REMARKS.rows(piece.pk) if by_requirement else []
    questions: list[FeedbackRequest] = QUESTIONS.rows(*seen_by)
    for question in questions:
        question.evidence = piece
    mine = [each for each in questions if each.person_id == user.pk]
    is_kept = not why_not(check_kept, piece)
    open_ones = [each.pk for each in questions if each.state == State.OPEN]
    noted = {row.feedback_id for row in remarks if not why_not(check_confirm, row.feedback, now)}
    return {
        "undoable": _undoable(user, questions, remarks, now),
        "taken_back": _taken_back(said),
        "troubles": OutboxMail.objects.troubles_about([*open_ones, *noted]) if is_kept else {},
        "whole": [remark for remark in remarks if remark.on_whole],
        "on_requirements": [
            {"line": line, "remarks": by_requirement[line.pk]}
            for line in lines
            if line.pk in by_requirement
        ],
        "questions": [
            {
                "row": each,
                "open": not why_not(check_answer, each, now),
                "remindable": not why_not(check_remind, each, now),
            }
            for each in questions
            if each not in mine
        ],
        "asked_of_me": [each for each in mine if not why_not(check_answer, each, now)],
        "can_ask": is_kept and allowed(check_may_ask, user, piece),
        "can_note": is_kept and in_full,
    }


def _undoable(
    user: Account, questions: list[FeedbackRequest], remarks: list[Remark], now: datetime
) -> list[dict[str, Any]]:
    """Find what this person sent about a piece and can still undo: questions, by when they were
    sent, and what was noted. A query for each that was sent just now; mostly none."""
    sent: dict[datetime, list[FeedbackRequest]] = {}
    for question in questions:
        if question.state == State.OPEN and question.evidence.owner_id == user.pk:
            sent.setdefault(question.recorded_at, []).append(question)
    found: list[dict[str, Any]] = []
    for sent_at, together in sent.items():
        keys = [question.pk for question in together]
        if undo := time_to_undo(keys, sent_at, wait_of_question(), now):
            url = reverse("evidence:undo_ask", args=keys[:1])
            now_url = reverse("evidence:send_question", args=keys[:1])
            found.append({"undo": undo, "url": url, "now_url": now_url})
    for noted in {remark.feedback for remark in remarks}:
        is_own = noted.noted_by_id == user.pk and not why_not(check_undo_noting, noted)
        if is_own and (undo := time_to_undo([noted.pk], noted.recorded_at, wait_of_mail(), now)):
            url = reverse("evidence:undo_noting", args=[noted.pk])
            found.append({"undo": undo, "url": url, "now_url": ""})
    return found


def _taken_back(remarks: list[Remark]) -> list[datetime]:
    """Tell when what somebody noted was taken back by them; of an answer its question says so."""
    noted = {remark.feedback for remark in remarks if remark.feedback.confirmed is None}
    return [
        row.taken_back_at
        for row in noted
        if row.taken_back_at and row.source == Feedback.Source.NOTED
    ]


def _piece(request: PersonRequest, pk: uuid.UUID) -> Evidence:
    pieces = Evidence.objects.visible_to(request.user).with_withdrawal()
    return get_object_or_404(pieces.select_related("owner", "current"), pk=pk)


def _form(kind: type[Any], request: PersonRequest, piece: Evidence) -> Any:
    """Make the form for this piece; None while it is laid against nothing that this person
    follows."""
    now = timezone.now()
    found = frames(piece, seen_by=request.user, on=timezone.localdate(now))
    if not found:
        return None
    return kind(
        request.POST if request.method == "POST" else None,
        found=found,
        suggested=suggestions(piece, found, at=now),
    )


def _parts(form: Any) -> list[Form]:
    return form.parts() if form else []


def _page(
    request: PersonRequest, template: str, piece: Evidence, form: Any, draft: Writing
) -> HttpResponse:
    if form and form.is_bound:
        draft.keep_refused()
    context = {"piece": piece, "form": form, "draft": draft}
    return render(request, template, context, status=422 if form and form.is_bound else 200)


def _follow_up(
    request: PersonRequest, pk: uuid.UUID, action: Callable[..., None], done_text: str
) -> HttpResponse:
    questions = FeedbackRequest.objects.visible_to(request.user)
    question = get_object_or_404(questions.select_related("evidence"), pk=pk)
    return act_and_go_back(
        request,
        lambda: action(question=question, by=request.user),
        done_text=done_text % {"name": question.asked_as},
        back=question.evidence,
        part="feedback",
    )
