"""Pages about pieces of evidence: the student's list, adding, the piece itself."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from evidence import actions
from evidence.access.pieces import (
    check_kept,
    check_may_add,
    check_may_change,
    check_unasked,
)
from evidence.forms.pieces import PieceForm, PiecesForm
from evidence.forms.requirements import RequirementsForm, SearchForm
from evidence.models import Evidence
from evidence.reading import ATTACHMENTS, CODES, LINKS, PER_PAGE, PIECE, ROWS_OF_LIST
from evidence.views.feedback import feedback_context
from people.access import PersonRequest, allowed, signed_in
from people.changing import Change
from people.drafts import Writing
from people.models import Account
from people.pages import before_writing, refusals_in
from people.sending import changes, creates, let_again, sends
from qualifications.names import names_in
from records.refusals import why_not

# Two ways to be rid of a piece, as the dialog and the page without JavaScript ask for them.
DELETION = {
    "view": "evidence:delete",
    "title": gettext_lazy("Delete this evidence?"),
    "text": gettext_lazy("It goes for good, with its files. Nobody was asked about it yet."),
    "label": gettext_lazy("Delete"),
}
WITHDRAWAL = {
    "view": "evidence:withdraw",
    "title": gettext_lazy("Withdraw this evidence?"),
    "text": gettext_lazy(
        "It counts no longer, and questions about it that wait for an answer are closed. "
        "It stays on record with the feedback on it, because others worked on that."
    ),
    "label": gettext_lazy("Withdraw"),
}


@signed_in
@require_safe
def evidence_list(request: PersonRequest) -> HttpResponse:
    """List one's own pieces, newest first or as was asked for. The ids of all are found, and what
    is shown is read of those on the page."""
    at = timezone.now()
    form = PiecesForm(request.GET, label_suffix="")
    ids = form.found(request.user.pk)
    page = Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))
    here = [uuid.UUID(str(pk)) for pk in page.object_list]
    rows = {row.pk: row for row in ROWS_OF_LIST.rows(at, here)} if ids else {}
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "pieces": [rows[pk] for pk in here if pk in rows],
        "form": form,
        "query": query.urlencode(),
        "can_add": allowed(check_may_add, request.user, at),
    }
    return render(request, "evidence/list.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def add(request: PersonRequest, is_draft: bool = False) -> HttpResponse:
    check_may_add(request.user, timezone.now())
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = PieceForm(*posted, user=request.user)
    draft = Writing(request, f"evidence:{request.user.pk}", form)
    if is_draft:
        return draft.answer()
    if leads_to := _written(request, form, draft, _added):
        messages.success(request, _("Your evidence is kept."))
        return redirect(leads_to)
    if form.errors:
        draft.keep_refused(kept=form.kept_ids)
    context = {"form": form, "draft": draft}
    return render(request, "evidence/add.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@changes
def edit(request: PersonRequest, pk: uuid.UUID, is_draft: bool = False) -> HttpResponse:
    """Let the owner change what a piece says and its files: a change writes its next revision."""
    piece = _own(request.user, pk)
    before_writing(request, check_kept, piece)

    def draw(data: QueryDict | None = None) -> PieceForm:
        current = piece.revisions.latest("number")
        present = actions.files_of(current)
        files = None if data is None else request.FILES
        return PieceForm(data, files, user=request.user, present=present, instance=current)

    change = Change(request, draw, about=piece.pk, last=lambda: piece)
    form = change.form
    draft = Writing(request, f"evidence:{piece.pk}:{request.user.pk}", form)
    if is_draft:
        return draft.answer()
    if leads_to := _written(request, form, draft, partial(_revised, piece, change)):
        messages.success(request, _("Your changes are kept."))
        return redirect(leads_to)
    if form.errors:
        draft.keep_refused(kept=form.kept_ids)
    context = {"form": form, "draft": draft, "piece": piece}
    return render(request, "evidence/edit.html", context, status=422 if form.errors else 200)


def _added(**written: Any) -> str:
    piece = actions.add_evidence(**written)
    return reverse("evidence:requirements", args=[piece.pk])


def _revised(piece: Evidence, change: Change, **written: Any) -> str:
    with change.over_nothing_unseen():
        actions.revise_evidence(evidence=piece, **written)
    return piece.get_absolute_url()


def _written(
    request: PersonRequest, form: PieceForm, draft: Writing, act: Callable[..., str]
) -> str:
    """Keep what the form brings, and return where that leads; nowhere where it is not right yet: it
    says why, and its good files are kept meanwhile. Says of each file that is kept under another
    name which that is."""
    if not form.is_bound:
        return ""
    form.is_valid()
    form.take_in()
    for given, name in form.renamed:
        text = _("“%(given)s” is kept as “%(name)s”, because that is what is in it.")
        messages.info(request, text % {"given": given, "name": name})
    if form.is_valid():
        with refusals_in(form), draft.sending() as sent:
            sent.leads_to = act(words=form.words, files=form.chosen_files, by=request.user)
            return sent.leads_to
    return ""


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@changes
def requirements(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask which requirements a piece shows. Searching keeps what was chosen and typed."""
    piece = _own(request.user, pk)
    before_writing(request, check_kept, piece)
    posted = request.POST if request.method == "POST" else None
    search = SearchForm(posted or request.GET)
    words = search.cleaned_data["q"] if search.is_valid() else ""
    change = Change(
        request,
        partial(RequirementsForm, piece=piece, words=words, at=timezone.now()),
        about=piece.pk,
        last=lambda: piece.links.order_by("recorded_at").last(),
    )
    form = change.form
    is_search = "search" in request.POST
    if form.is_bound and not is_search and form.is_valid() and _laid(request, piece, change):
        goes_on = "ask" in request.POST and form.chosen
        return redirect("evidence:ask" if goes_on else "evidence:detail", piece.pk)
    context = {"piece": piece, "form": form, "search": search}
    status = 422 if form.is_bound and not is_search else 200
    return render(request, "evidence/requirements.html", context, status=status)


def _laid(request: PersonRequest, piece: Evidence, change: Change) -> bool:
    """Lay the piece as the form says; tells whether that was done, and otherwise the form says why
    not."""
    form = change.form
    with refusals_in(form), change.over_nothing_unseen():
        actions.choose_requirements(
            evidence=piece, chosen=form.chosen, dropped=form.dropped, by=request.user
        )
    if form.errors:
        return False
    count = len(form.chosen)
    what = form.names.one if count == 1 else form.names.many
    messages.success(request, _("Shown: %(count)d %(what)s.") % {"count": count, "what": what})
    return True


@signed_in
@require_safe
def detail(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the piece, for its owner, for those who follow the student, and for who was asked with
    an account: the last see what they need to give feedback. At most nine queries."""
    now = timezone.now()
    for piece in PIECE.rows(request.user.pk, timezone.localdate(now), now, pk):
        return _detail(request, piece)
    raise Http404


def _detail(request: PersonRequest, piece: Any) -> HttpResponse:
    is_owner = piece.owner_id == request.user.pk
    links = LINKS.rows(piece.pk) if piece.in_full else []
    codes: dict[uuid.UUID, list[str]] = {}
    for place in CODES.rows(piece.pk) if links else ():
        codes.setdefault(place["requirement"], []).append(place["work_process__code"])
    context = {
        **feedback_context(request, piece, in_full=piece.in_full),
        "piece": piece,
        "attachments": ATTACHMENTS.rows(piece.current_id),
        "is_owner": is_owner,
        "can_change": is_owner and not why_not(check_kept, piece),
        "removal": _removal(piece) if is_owner else None,
        "in_full": piece.in_full,
        "links": [(link, codes.get(link.requirement_id, ())) for link in links],
        "names": names_in(link.requirement.qualification.framework for link in links),
    }
    return render(request, "evidence/detail.html", context)


def _removal(piece: Any) -> dict[str, Any] | None:
    """Tell what the owner can do to be rid of a piece: delete it while nobody was asked about it,
    else withdraw it once."""
    if piece.is_unasked:
        return DELETION
    return None if why_not(check_kept, piece) else WITHDRAWAL


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what is withdrawn stays so")
def withdraw(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    piece = _own(request.user, pk)
    check_kept(piece)
    if request.method == "POST":
        actions.withdraw_evidence(evidence=piece, by=request.user)
        let_again(request)
        messages.success(request, _("Withdrawn. It stays on record, and counts no longer."))
        return redirect(piece)
    return render(request, "evidence/removal.html", {"piece": piece, "removal": WITHDRAWAL})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what is deleted is not there a second time")
def delete(request: PersonRequest, pk: uuid.UUID) -> HttpResponse:
    piece = _own(request.user, pk)
    check_unasked(piece)
    if request.method == "POST":
        actions.delete_evidence(evidence=piece, by=request.user)
        let_again(request)
        messages.success(request, _("Deleted, with its files."))
        return redirect("evidence:list")
    return render(request, "evidence/removal.html", {"piece": piece, "removal": DELETION})


def _own(user: Account, pk: uuid.UUID) -> Evidence:
    """Find the piece, for its owner. Invisible is 404, visible but another's 403. One query."""
    pieces = Evidence.objects.visible_to(user).with_withdrawal().select_related("owner", "current")
    piece = get_object_or_404(pieces, pk=pk)
    check_may_change(user, piece)
    return piece
