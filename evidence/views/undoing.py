"""Taking back what was sent about a piece, by who is signed in or holds the link; and sending at
once what waits."""

import uuid
from contextlib import suppress

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evidence.access.feedback import asks
from evidence.actions import undoing
from evidence.models import Feedback, FeedbackRequest
from evidence.views.answers import acting, of_who_asks, query_of, question_of, user_of
from people.access import NotAllowed, PersonRequest, by_link, signed_in
from people.pages import act_and_go_back
from people.sending import let_again, sends
from records.refusals import NotPossible

# --- By who asks, or noted ------------------------------------------------------------------------


@signed_in
@require_POST
@sends("what was taken back stays so")
def undo_ask(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back a question with those sent together with it, and go to the form with its words."""
    question = _own_question(request, pk)
    try:
        undoing.undo_ask(question=question, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{question.evidence.get_absolute_url()}#feedback")
    let_again(request)
    messages.success(request, _("Taken back: no mail was sent."))
    return redirect("evidence:ask", question.evidence_id)


@signed_in
@require_POST
@sends("the mail that waits goes once")
def send_question(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    question = _own_question(request, pk)
    return act_and_go_back(
        request,
        lambda: undoing.send_question_now(question=question, by=request.user),
        done_text=_("The mail is on its way."),
        back=question.evidence,
        part="feedback",
    )


@signed_in
@require_POST
@sends("what was taken back stays so")
def undo_noting(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back what was noted, and go to the form with its words."""
    rows = Feedback.objects.visible_to(request.user).select_related("evidence")
    noted = get_object_or_404(rows, pk=pk)
    try:
        undoing.undo_noting(feedback=noted, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{noted.evidence.get_absolute_url()}#feedback")
    let_again(request)
    messages.success(request, _("Taken back: no mail was sent."))
    return redirect("evidence:note", noted.evidence_id)


def _own_question(request: PersonRequest, pk: uuid.UUID) -> FeedbackRequest:
    rows = FeedbackRequest.objects.visible_to(request.user).select_related("evidence")
    return get_object_or_404(rows, pk=pk)


# --- By who holds the link ------------------------------------------------------------------------


@by_link("taking back an answer to a question for feedback, or that it was declined")
@require_POST
@sends("what was taken back stays so")
def undo_answer(request: HttpRequest, token: str) -> HttpResponse:
    question = question_of(token)
    if question is not None and asks(user_of(request), question, timezone.now()):
        return of_who_asks(request, question)
    if question is not None:
        with suppress(NotPossible, NotAllowed):  # the page says where things stand
            undoing.undo_answer(question=question, by=acting(request, question))
    return redirect("evidence:answer", token)


@by_link("taking back what was said of what was noted")
@require_POST
@sends("what was taken back stays so")
def undo_word(request: HttpRequest, token: str) -> HttpResponse:
    rows = Feedback.objects.select_related("evidence", "confirmation", "person__account")
    feedback = rows.from_token(token)
    if feedback is not None and asks(user_of(request), feedback, timezone.now()):
        return of_who_asks(request, feedback)
    if feedback is not None:
        with suppress(NotPossible, NotAllowed):  # the page says where things stand
            undoing.undo_word(feedback=feedback, by=acting(request, feedback))
    return HttpResponseRedirect(reverse("evidence:confirm", args=[token]) + query_of(request))
