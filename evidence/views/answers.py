"""Answering and confirming by the link of a mail, without an account. Who holds the link is who
was asked, and never who asks. Reading changes nothing, but that a link which who asks opens is
replaced; every page says where things stand."""

import uuid
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evidence.access.feedback import asks
from evidence.actions import feedback as actions
from evidence.asking import in_order
from evidence.forms.feedback import AnswerForm, ConfirmForm, DeclineForm
from evidence.models import Attachment, Evidence, Feedback, FeedbackRequest
from evidence.shown import Shown, attachments_of
from evidence.views.files import shown_file
from people.access import NotAllowed, by_link
from people.actions import known_at_mailbox_of
from people.drafts import Writing, find, move_draft, place_of, put_by, words_in
from people.models import Account
from people.pages import refusals_in
from people.sending import creates, sends, sent
from people.speaking import speak_as_mail
from post.models import OutboxMail
from post.undoing import UndoTime, time_to_undo, wait_of_mail
from qualifications.models import QualityRequirement
from records.refusals import NotPossible

State = FeedbackRequest.State


@by_link("answering a question for feedback")
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def answer(request: HttpRequest, token: str, is_draft: bool = False) -> HttpResponse:
    question = question_of(token)
    if question is not None and asks(user_of(request), question, timezone.now()):
        return of_who_asks(request, question)
    if question is None or not question.is_answerable(timezone.now()):
        if is_draft:
            raise Http404
        return _closed(request, token, question)
    speak_as_mail(request, question.language)
    lines = list(in_order(question.requirements.all()))
    attachments = attachments_of(question)
    names = _names(question)
    form = AnswerForm(
        request.POST if request.method == "POST" else None,
        shown=Shown.on(question, attachments, lines),
        requirements=lines,
        names=names,
        role=question.role,
    )
    draft = Writing(request, draft_key(question), form)
    if is_draft:
        return draft.answer()
    if form.is_valid():
        with refusals_in(form), draft.sending():
            given = actions.answer(question=question, **form.given(), by=acting(request, question))
            draft.keep_sent(given.pk)
        if not form.errors:
            return redirect("evidence:answer", token)
        now_is = question_of(token)
        if now_is is None or not now_is.is_answerable(timezone.now()):  # settled meanwhile
            return _closed(request, token, now_is)
    context = {
        **_frame(question),
        "others": _others(request, question),
        "giver": dict(names).get(question.person_id, question.asked_as),
        "form": form,
        "draft": draft,
        "attachments": attachments,
        "reasons": FeedbackRequest.Reason.choices,
    }
    return render(
        request, "evidence/answer/answer.html", context, status=422 if form.is_bound else 200
    )


@by_link("declining a question for feedback")
@require_POST
@sends("a question is declined once")
def decline(request: HttpRequest, token: str) -> HttpResponse:
    question = question_of(token)
    if question is not None and asks(user_of(request), question, timezone.now()):
        return of_who_asks(request, question)
    form = DeclineForm(request.POST)
    if question is not None and form.is_valid():
        # Of what is refused the page says where things stand.
        with suppress(NotPossible, NotAllowed), transaction.atomic():
            actions.decline(question=question, **form.cleaned_data, by=acting(request, question))
            put_by(question.pk, draft_key(question))
    return redirect("evidence:answer", token)


@by_link("the files of the piece that a question for feedback is about")
@require_safe
def answer_file(request: HttpRequest, token: str, attachment: uuid.UUID) -> HttpResponseBase:
    question = question_of(token)
    if question is not None and asks(user_of(request), question, timezone.now()):
        return of_who_asks(request, question)
    if question is None or not question.is_answerable(timezone.now()):
        raise Http404
    files = Attachment.objects.filter(revision=question.revision_id)
    return shown_file(
        request, get_object_or_404(files.select_related("file__cleaned"), pk=attachment)
    )


@by_link("confirming what was noted")
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what was noted is confirmed once")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    feedback = Feedback.objects.select_related(
        *("evidence__owner", "revision", "noted_by", "enrolment__programme"),
        *("confirmation", "person__account"),
    ).from_token(token)
    speak_as_mail(request, request.GET.get("language", ""))
    if feedback is None:
        return _unconfirmable(request, token)
    if asks(user_of(request), feedback, timezone.now()):
        return of_who_asks(request, feedback)
    posted = request.POST if request.method == "POST" else None
    has_account = hasattr(feedback.person, "account")
    form = ConfirmForm(posted, name=feedback.spoke_as, role=feedback.role, has_account=has_account)
    if form.is_valid():
        try:
            actions.confirm(feedback=feedback, **form.said(), by=acting(request, feedback))
        except NotPossible as refusal:
            if feedback.is_confirmable(timezone.now()) and form.said()["name"]:
                form.add_error("name", str(refusal))
        if not form.errors:  # the page says where things stand
            return HttpResponseRedirect(request.get_full_path())
    now = timezone.now()
    is_open = feedback.is_confirmable(now)
    remarks = _remarks(feedback) if feedback.is_fresh(now) else []
    context = {**_frame(feedback), "is_open": is_open, "remarks": remarks, "form": form}
    said_at = feedback.confirmation.recorded_at if feedback.confirmed is not None else None
    context["undo"] = _time_to_undo(feedback.pk, said_at)
    context["undo_url"] = reverse("evidence:undo_word", args=[token]) + query_of(request)
    is_gone = not is_open and feedback.confirmed is None
    status = 410 if is_gone else 422 if form.errors else 200
    return render(request, "evidence/answer/confirm.html", context, status=status)


def _unconfirmable(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page of a link that opens nothing: perhaps mail for who spoke went elsewhere since,
    and a new link with it."""
    before = Feedback.objects.select_related("evidence", "confirmation").from_revoked(token)
    if before is None or not before.is_confirmable(timezone.now()):
        return render(request, "evidence/answer/unknown.html", {"kept": []}, status=404)
    context = {"kept": [], **_replaced(before)}
    return render(request, "evidence/answer/withdrawn.html", context, status=410)


def _replaced(row: FeedbackRequest | Feedback) -> dict[str, Any]:
    """Say that there is a new link, or that its mail waits. One query."""
    waiting = OutboxMail.objects.filter(about=row.pk, state=OutboxMail.State.WAITING)
    return {"is_elsewhere": True, "is_coming": waiting.exists()}


def question_of(token: str) -> FeedbackRequest | None:
    """Find the question of this link, with what its page says. One query."""
    return FeedbackRequest.objects.select_related(
        "evidence__owner", "revision", "person__account", "enrolment__programme"
    ).from_token(token)


def _names(question: FeedbackRequest) -> list[tuple[uuid.UUID, str]]:
    """List the people, with their names, who are known at the mailbox to which the question went,
    first who was asked; none where they have an account, and go by its name. At most one query."""
    asked, *others = known_at_mailbox_of(question.person)
    if hasattr(asked, "account"):
        return []
    called = asked.name if asked.named_at else question.asked_as
    return [(asked.pk, called), *((one.pk, one.name) for one in others)]


def draft_key(question: FeedbackRequest, serial: int | None = None) -> str:
    """Name the draft of an answer, by the link that is good now or was (`serial`): whoever holds
    it finds the same words, on any device; a new link finds none."""
    return f"answer:{question.pk}:{serial or question.serial}"


def _closed(request: HttpRequest, token: str, question: FeedbackRequest | None) -> HttpResponse:
    """Show the page of a link that cannot be answered, with what somebody was just typing. What was
    sent can be read back until the link expires."""
    fields = [name for name in request.POST if name == "text" or name.startswith("on_")]
    kept = [text for name in fields if (text := request.POST.get(name, "").strip())]
    if question is None:
        before = FeedbackRequest.objects.from_revoked(token)
        name, status = ("withdrawn", 410) if before else ("unknown", 404)
        context: dict[str, Any] = {"kept": kept}
        if before is not None and before.state == State.OPEN:
            key = draft_key(before)
            context |= {**_replaced(before), "is_kept": key in find(key)}
        return render(request, f"evidence/answer/{name}.html", context, status=status)
    speak_as_mail(request, question.language)
    if question.state == State.ANSWERED:
        is_fresh = question.expires_at > timezone.now() and question.evidence.withdrawn_at is None
        remarks = _remarks(question.feedback)
        said = {_plain_words(remark["words"] or "") for remark in remarks}
        lost = [text for text in kept if _plain_words(text) not in said]
        context = {
            **_frame(question),
            "giver": question.feedback.spoke_as,
            "remarks": remarks if is_fresh else [],
            "others": _others(request, question),
            "lost": lost,
            "undo": _time_to_undo(question.feedback.pk, question.feedback.recorded_at),
            "undo_url": reverse("evidence:undo_answer", args=[token]),
        }
        status = 409 if lost else 200
        return render(request, "evidence/answer/receipt.html", context, status=status)
    context = {**_frame(question), "kept": kept}
    if question.state == State.DECLINED:
        context["others"] = _others(request, question)
        context["undo"] = _time_to_undo(question.pk, question.settled_at)
        context["undo_url"] = reverse("evidence:undo_answer", args=[token])
        return render(request, "evidence/answer/declined.html", context)
    is_gone = question.state in (State.WITHDRAWN, State.TAKEN_BACK)
    is_gone = is_gone or question.evidence.withdrawn_at is not None
    name = "withdrawn" if is_gone else "expired"
    if drafts := find(draft_key(question)).get(draft_key(question)):
        context["kept"] = kept or words_in(drafts[0].fields)
    context["forgets"] = place_of(draft_key(question))
    return render(request, f"evidence/answer/{name}.html", context, status=410)


def _time_to_undo(row: uuid.UUID, sent_at: datetime | None) -> UndoTime | None:
    return time_to_undo([row], sent_at, wait_of_mail(), timezone.now()) if sent_at else None


def _plain_words(text: str) -> str:
    """Return a text as it is told from another: a browser sends the ends of lines in its way."""
    return " ".join(text.split())


def _remarks(feedback: Feedback) -> list[dict[str, Any]]:
    """List what was said, with what it is about (None: the whole). Two queries."""
    lines = Prefetch("requirements", in_order(QualityRequirement.objects.all()))
    return [
        {
            "words": remark.text,
            "about": [*([None] if remark.on_whole else []), *remark.requirements.all()],
        }
        for remark in feedback.remarks.prefetch_related(lines)
    ]


def _frame(row: FeedbackRequest | Feedback) -> dict[str, Any]:
    """Return what every page by link says: who it is about, which school, which programme."""
    return {
        "row": row,
        "giver": row.spoke_as if isinstance(row, Feedback) else row.asked_as,
        "student": row.evidence.owner,
        "programme": row.enrolment.programme,
        "institution": settings.INSTITUTION,
    }


def _others(request: HttpRequest, question: FeedbackRequest) -> int:
    """Count the other questions that wait for who was asked, if they are signed in. At most one
    query."""
    user = user_of(request)
    if user is None or user.pk != question.person_id:
        return 0
    waiting = FeedbackRequest.objects.awaiting_answer(timezone.now())
    return waiting.filter(person=question.person_id).exclude(pk=question.pk).count()


def of_who_asks(request: HttpRequest, row: FeedbackRequest | Feedback) -> HttpResponse:
    """Show the page of a link that who asks opened, signed in: they do not answer themselves, and
    by that link nobody does any more. Whose word is asked gets a new one, under which they find
    what they were writing."""
    user = user_of(request)
    is_replaced = False
    if user is not None:
        now_is = actions.replace_link(row=row, by=user)
        is_replaced = now_is.serial > row.serial
        if is_replaced and isinstance(now_is, FeedbackRequest):
            move_draft(draft_key(now_is, row.serial), draft_key(now_is))
    pieces = Evidence.objects.visible_to(user) if user else Evidence.objects.none()
    context = {
        **_frame(row),
        "is_replaced": is_replaced,
        "piece": pieces.filter(pk=row.evidence_id).first(),
        "kept": words_in(sent(request)),
    }
    return render(request, "evidence/answer/own.html", context, status=403)


def query_of(request: HttpRequest) -> str:
    """Return what the address says after its path: the language of a page by link."""
    return f"?{query}" if (query := request.META["QUERY_STRING"]) else ""


def user_of(request: HttpRequest) -> Account | None:
    return request.user if isinstance(request.user, Account) else None


def acting(request: HttpRequest, row: FeedbackRequest | Feedback) -> Account | None:
    """Find the account of who was asked, or of who asks, if they are signed in with it; whoever
    else is signed in here answers as who holds the link."""
    user = user_of(request)
    is_either = user and (user.pk == row.person_id or asks(user, row, timezone.now()))
    return user if is_either else None
