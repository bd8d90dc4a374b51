"""Files of a piece to its owner and to those who may see it."""

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from evidence.access.pieces import check_may_change
from evidence.models import Attachment, Evidence
from files.serving import serve
from people.access import PersonRequest, signed_in
from people.models import Account
from records.refusals import NotPossible


@signed_in
@require_safe
def shown(request: PersonRequest, pk: uuid.UUID, attachment: uuid.UUID) -> HttpResponseBase:
    """Show what is shown of a file: the cleaned photo or recording, or the document itself."""
    return shown_file(request, _visible(request.user, pk, attachment))


@signed_in
@require_safe
def original(request: PersonRequest, pk: uuid.UUID, attachment: uuid.UUID) -> HttpResponseBase:
    """Send the file as it was added, as a download, for its owner."""
    row = _visible(request.user, pk, attachment)
    check_may_change(request.user, row.revision.evidence)
    return serve(request, row.file, name=row.name, inline=False)


@signed_in
@require_safe
def state(request: PersonRequest, pk: uuid.UUID, attachment: uuid.UUID) -> HttpResponseBase:
    """Show a file that was being prepared, for its place in the page; 204 while it still is."""
    row = _visible(request.user, pk, attachment)
    piece = row.revision.evidence
    if not request.htmx:
        return redirect(piece)
    if row.file.is_pending:
        return HttpResponse(status=204)
    context = {"piece": piece, "attachment": row, "is_owner": piece.owner_id == request.user.pk}
    return render(request, "evidence/_file.html", context)


def _visible(user: Account, pk: uuid.UUID, attachment: uuid.UUID) -> Attachment:
    """Find the attachment, for those who may see the piece. What its owner left out of the current
    revision, others see no more. Two queries."""
    piece = get_object_or_404(Evidence.objects.visible_to(user), pk=pk)
    rows = Attachment.objects.filter(revision__evidence=piece)
    if piece.owner_id != user.pk:
        rows = rows.filter(revision=piece.current_id)
    rows = rows.select_related("file__cleaned", "revision__evidence")
    return get_object_or_404(rows, pk=attachment)


def shown_file(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    """Answer with what others may see of this attachment, to who may see it. Raises NotPossible
    while it is being prepared, and when that failed."""
    shown = attachment.file.shown
    if shown is None:
        if attachment.file.is_pending:
            raise NotPossible(_("This file is being prepared. Try again in a minute."))
        raise NotPossible(_("No version of this file for others could be made."))
    return serve(request, shown, name=attachment.name)
