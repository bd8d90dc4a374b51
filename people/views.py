from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django.views.i18n import set_language as set_language_cookie

from people import actions, unsent
from people.access import PersonRequest, public, signed_in
from people.drafts import sent, words_in
from post.errands import call_off, progress_of
from post.models import Errand
from records.refusals import NotPossible


@public("choosing a language shows and changes nothing else")
@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Remember the language in a cookie and, for a signed-in person, with their account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        actions.choose_language(by=request.user, language=language)
    return set_language_cookie(request)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def send_again(request: PersonRequest, pk: UUID) -> HttpResponse:
    """What somebody sent after their session had ended: to read, and to send to where it was
    going, or not."""
    draft = get_object_or_404(unsent.kept_for(request.user), pk=pk)
    if request.method == "POST":
        draft.delete()
        if "start_over" in request.POST:
            return redirect("home:home")
        # The browser sends the same once more, to that address.
        return HttpResponse(status=307, headers={"Location": unsent.path_of(draft)})
    context = {"fields": draft.fields, "words": words_in(draft.fields)}
    return render(request, "people/send_again.html", context)


@signed_in
@vary_on_headers("HX-Request")
@require_safe
def errand(request: PersonRequest, pk: UUID) -> HttpResponse:
    """How far what this person ordered is. While it runs the page asks again by itself."""
    row = get_object_or_404(Errand.objects.visible_to(request.user), pk=pk)
    template = f"people/errand.html{'#progress' if request.htmx else ''}"
    return render(request, template, {"progress": progress_of([row])[0]})


@signed_in
@require_POST
def errand_call_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Errand.objects.visible_to(request.user), pk=pk)
    with suppress(NotPossible):  # it has ended meanwhile, as its page says
        call_off(errand=row, by=request.user)
    return redirect("errand", row.pk)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from elsewhere, or from a page of before signing in. What it said is shown
    to copy: to send it on is not safe."""
    return render(request, "403_csrf.html", {"words": words_in(sent(request))}, status=403)
