"""Checking a letter by its code, for whoever holds one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from committees.export import verifier_alone
from committees.forms import LetterForm
from committees.letters import LetterInShort
from committees.verifier import hashed
from people.access import public
from people.sending import sends
from people.signing_in import check_codes, note_wrong_code

LONG = 40  # figures: no code that was mistyped, but one of those for auditors


@public("whoever was given a letter may check it, with the code that it bears")
@require_http_methods(["GET", "HEAD", "POST"])
@sends("looks something up")
def letter_check(request: HttpRequest) -> HttpResponse:
    """Show what the letter with a code says in short. The code is sent and never in an address,
    which is logged and remembered; so the answer to it is a page, and not another address."""
    form = LetterForm(request.POST if request.method == "POST" else None)
    letter = None
    if form.is_valid():
        check_codes(request)
        code = form.cleaned_data["code"]
        letter = LetterInShort.with_code(code)
        if letter is None:
            note_wrong_code(request)
            form.add_error("code", _wrong(code))
    context = {
        "form": form,
        "letter": letter,
        "institution": settings.INSTITUTION,
        "verifier": hashed(verifier_alone()),
    }
    return render(request, "committees/check.html", context, status=422 if form.errors else 200)


def _wrong(code: str) -> str:
    """Say what is amiss with what was typed, and what to do where it stays so."""
    if len(code) > LONG:
        return _(
            "This is longer than the code of a letter: perhaps the root of a checkpoint or a "
            "control code, which are for auditors. The code stands at the very bottom of the "
            "letter, in five groups of four."
        )
    return _(
        "No letter bears this code: look whether you typed it as it stands on the letter. If it "
        "stays wrong, call %(institution)s: the letter may not be real."
    ) % {"institution": settings.INSTITUTION}


@public("whoever has the archive of a case verifies it with a program from elsewhere")
@require_safe
def verifier(_request: HttpRequest) -> HttpResponse:
    """Send the verifier of this version, which needs nothing else."""
    answer = HttpResponse(verifier_alone(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = "attachment; filename=verifier.py"
    return answer
