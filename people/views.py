from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as set_language_cookie

from people import actions, unsent
from people.access import PersonRequest, public, signed_in
from people.drafts import sent, words_in


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


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from elsewhere, or from a page of before signing in. What it said is shown
    to copy: to send it on is not safe."""
    return render(request, "403_csrf.html", {"words": words_in(sent(request))}, status=403)
