"""What a form sends, and how often it is done. Nothing is done twice because somebody tapped twice,
had no answer, or went back and sent it again.

Each view that takes a POST says which of three kinds it is: it `creates`, it `changes` what stands,
or it `sends` what needs neither guard, and why. A test walks the URLconf and finds each of them
declared; another (tests/strictness.py) that what a view says of itself is so."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.crypto import salted_hmac

from people.models import SentForm
from records.locking import hold
from records.refusals import NotPossible

SendingView = TypeVar("SendingView", bound=Callable[..., HttpResponseBase])
Fields = dict[str, list[str]]

KIND, CREATES, CHANGES = "what_it_sends", "creates", "changes"
PAGE_ID = re.compile(r"[0-9a-f-]{36}")  # as a page names itself in its field DRAFT
TOKEN, DRAFT = "csrfmiddlewaretoken", "draft"  # what a page adds to what is typed on it
ENDS = 64 * 1024  # bytes
AGAIN_WITHIN = timedelta(minutes=10)  # the same words from another drawing of the form


def sent(request: HttpRequest) -> Fields:
    """Find what was typed in the form that this request brings: no token, no password, no file."""
    return {
        name: [str(value) for value in values]
        for name, values in request.POST.lists()
        if name not in (TOKEN, DRAFT) and "password" not in name
    }


# --- What a view says of itself -------------------------------------------------------------------


def creates(view: SendingView) -> SendingView:
    """Declare that this view makes something that was not there, `once` for each form. What was
    sent before is answered before anything of it is looked at, and where the view refuses what
    another request did meanwhile. One query for each form that is sent."""

    @wraps(view)
    def once_only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST" or kwargs.get("is_draft"):
            return view(request, *args, **kwargs)
        check_not_sent(request)
        try:
            response = view(request, *args, **kwargs)
        except NotPossible:
            check_not_sent(request)
            raise
        if response.status_code >= 400:
            check_not_sent(request)
        return response

    return _declared(cast(SendingView, once_only), CREATES)


def changes(view: SendingView) -> SendingView:
    """Declare that this view changes what stands, over nothing that was not seen
    (people/changing.py)."""
    return _declared(view, CHANGES)


def sends(why: str) -> Callable[[SendingView], SendingView]:
    """Declare that what this view does needs no guard against being sent twice, and why."""
    return lambda view: _declared(view, f"neither: {why}")


def _declared(view: SendingView, kind: str) -> SendingView:
    setattr(view, KIND, kind)  # as an access rule
    return view


# --- Done once ------------------------------------------------------------------------------------


class SentBefore(Exception):
    """This very form was sent and done before, and its answer never arrived or was gone back from;
    `leads_to` is the page to which it led, `files` are the names of those that came along now and
    not before."""

    def __init__(self, leads_to: str, files: list[str]) -> None:
        super().__init__()
        self.leads_to, self.files = leads_to, files


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a form that was sent from every other. `form` is a digest of where it is sent, of
    its token, which is another each time that it is drawn, and of what was typed. Files are left
    out: who sends it again from the page of an outage chooses them again. `said` has in place of
    the token who sends it, and the names and contents of the files: who goes back gets the form
    drawn anew; it is empty for what changes what stands. `words` is that without the files, `files`
    those alone (empty without one), and `who` the sender; of who holds a link the address says it.
    Nobody can tell from them whom or what."""

    form: str
    said: str
    words: str
    who: str
    files: str


def marks_of(request: HttpRequest) -> Marks | None:
    """Compute the marks of what this request sends; None without a token, which no browser
    leaves out."""
    token = request.POST.get(TOKEN, "")
    if not token:
        return None
    where, typed = request.get_full_path(), sent(request)
    files = [
        [name, str(file.name), file.size or 0, _ends_of(file)]
        for name, files in request.FILES.lists()
        for file in files
    ]
    drawn = json.dumps([where, token, typed], sort_keys=True)
    who = _who(request)
    # What stands can be changed to and fro: there the version tells, and the same words are meant.
    is_made = getattr(request.resolver_match and request.resolver_match.func, KIND, "") != CHANGES
    return Marks(
        form=hashlib.sha256(drawn.encode()).hexdigest(),
        said=_hidden([who, where, typed, files]) if is_made else "",
        words=_hidden([who, where, typed]),
        who=who,
        files=_hidden(files) if files else "",
    )


def _ends_of(file: UploadedFile) -> str:
    """Tell a file from another of its name and size: a SHA-256 (hex) of its beginning and its
    end."""
    file.seek(0)
    begun = file.read(ENDS)
    file.seek(max((file.size or 0) - ENDS, 0))
    ends = hashlib.sha256(begun + file.read(ENDS)).hexdigest()
    file.seek(0)
    return ends


def _who(request: HttpRequest) -> str:
    return _hidden(str(request.user.pk)) if request.user.is_authenticated else ""


def _hidden(what: Any) -> str:
    words = json.dumps(what, sort_keys=True)
    return salted_hmac("people.sending", words, algorithm="sha256").hexdigest()


def check_not_sent(request: HttpRequest) -> None:
    """Raise SentBefore where this form was sent and done before: this very drawing of it, or
    another with the same words and files by the same person, a short while ago. One query."""
    if marks := marks_of(request):
        _check_new(request, marks)


def _check_new(request: HttpRequest, marks: Marks) -> None:
    before = Q(mark=marks.form)
    if marks.said:
        before |= Q(said=marks.said, recorded_at__gt=timezone.now() - AGAIN_WITHIN)
    found = SentForm.objects.filter(before).order_by("-pk").first()
    if found is not None:
        is_other = marks.files not in ("", found.files)
        names = [str(file.name) for _name, files in request.FILES.lists() for file in files]
        raise SentBefore(found.leads_to or request.get_full_path(), names if is_other else [])


@contextmanager
def once(request: HttpRequest, leads_to: str = "") -> Iterator[SentForm]:
    """Do what a form was sent for, in one transaction with noting that it was. `leads_to` is the
    page to which whoever sends it again is led, if not its own; where that is only known once it is
    done, set it on what is returned. Raises SentBefore where it was done, and whatever is raised
    within. Two queries, and on PostgreSQL one more."""
    with transaction.atomic():
        form = new_form(request, leads_to)
        yield form
        if form.mark:
            # The address of a page by link holds what opens it, and never stands in the database.
            form.leads_to = "" if form.leads_to == request.get_full_path() else form.leads_to
            form.save(force_insert=True)


def new_form(request: HttpRequest, leads_to: str) -> SentForm:
    """Find that this form was not sent before, and that nobody sends it meanwhile; returns what is
    to be noted of it. Raises SentBefore."""
    marks = marks_of(request)
    if marks is None:
        return SentForm(leads_to=leads_to)
    hold(f"sent:{marks.words}")  # of two at the same moment the second waits here
    _check_new(request, marks)
    return SentForm(
        mark=marks.form, said=marks.said, who=marks.who, files=marks.files, leads_to=leads_to
    )


# --- What arrived ---------------------------------------------------------------------------------

ARRIVED = "arrived"  # the cookie that tells a browser so
HELD_FOR = timedelta(hours=48)  # how long a browser holds words of which it is not known


def arrived(request: HttpRequest) -> None:
    """Let the browser know that the form which this request sends was done: it holds the words of a
    form until then."""
    request.META[ARRIVED] = request.POST.get(DRAFT, "").partition(" ")[0]


def tell_arrived(request: HttpRequest, response: HttpResponseBase) -> None:
    """Tell the browser the ids of the pages of which it need not hold the words any longer; its
    script reads them, and each is told until it does."""
    if own := request.META.get(ARRIVED):
        before = request.COOKIES.get(ARRIVED, "").split(".")[-5:]
        ids = [each for each in [*before, own] if PAGE_ID.fullmatch(each)]
        response.set_cookie(
            ARRIVED,
            ".".join(ids),
            max_age=HELD_FOR,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )


def let_again(request: HttpRequest) -> None:
    """Let the same words be sent anew by who ended or removed something just now: they mean it. One
    query."""
    if who := _who(request):
        SentForm.objects.filter(who=who).exclude(said="").update(said="")


def forget_sent(before: Any) -> None:
    """Forget what was sent before this moment. One query."""
    SentForm.objects.filter(recorded_at__lt=before).delete()
