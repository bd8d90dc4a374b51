from collections.abc import Callable
from contextlib import suppress
from typing import Any

from allauth.account.utils import url_str_to_user_pk
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFilesSent,
    ValidationError,
)
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from people.disk import let_go_for
from people.faults import outage_in
from people.limits import TooOften
from people.models import Person
from people.outages import unavailable
from people.sending import SentBefore, arrived, tell_arrived
from people.speaking import speak, speak_as_mail
from people.wire import announced, check_names, check_readable
from records.refusals import NotPossible

# Views of others that stand open or guard themselves, by their full name in the URLconf; each
# with its reason. Everything else needs a rule from people/access.py.
VIEWS_OF_OTHERS = {
    "account_login": "public: signing in",
    "account_logout": "signed in: signing out, shows nothing",
    "account_inactive": "public: says that an account is closed",
    "account_reset_password": "public: who forgot their password is not signed in",
    "account_reset_password_done": "public: the step after it",
    "account_reset_password_from_key": "link: setting a password",
    "account_reset_password_from_key_done": "public: the step after it",
    "account_change_password": "signed in: one's own password",
    "account_reauthenticate": "signed in: one's own password once more",
    "account_signup": "closed: people are registered, nobody signs up",
    "account_email": "closed: an address is changed under My details, or by a coordinator",
    "account_email_verification_sent": "closed: goes with signing up",
    "account_confirm_email": "closed: goes with signing up",
    "account_set_password": "closed: everybody chooses one by mail",
    "account_confirm_login_code": "closed: there are no codes",
}


def rule_of(view: Any, name: str, namespaces: list[str]) -> str | None:
    """Find the access rule of a view as the URLconf names it; None when it has none."""
    if rule := getattr(view, "access_rule", None):
        return rule
    if namespaces == ["admin"]:
        return "staff: the admin guards itself"
    return None if namespaces else VIEWS_OF_OTHERS.get(name)


class DefaultDenyMiddleware:
    """Refuses any view that has no access rule."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        rule = match and rule_of(view, match.url_name or "", match.namespaces)
        if not rule or rule.startswith("closed"):
            raise PermissionDenied


class PersonLanguageMiddleware:
    """A signed-in person reads in the language they chose; others in that of the cookie or the
    browser. The page of a link chooses that of its mail (people/speaking.py), and so it is done
    here for who chooses a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            speak(request, request.user.language)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        if "uidb36" in kwargs:
            with suppress(ValueError, ValidationError):  # no person's key
                key = url_str_to_user_pk(kwargs["uidb36"])
                if person := Person.objects.filter(pk=key).first():
                    speak_as_mail(request, person.language)


class NoStoreMiddleware:
    """No browser and no proxy keeps a page, unless its view says for how long: most are about one
    person, and a computer is shared. Back and forward ask again; what was typed is a draft. It is
    told what it need not hold any longer of what was typed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        tell_arrived(request, response)
        return response


class RefusalMiddleware:
    """What cannot be done now, said on a page of its own: what did not come in whole, or as no
    browser sends it (400), what the state of things refuses (409), what is too large to take in
    (413), what was tried too often (429), and what everything stands on and is not there (503,
    people/outages.py)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        check_readable(request)
        request.read = _whole(request)  # type: ignore[method-assign]  # of this one request
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Refuse a request that is too large, or whose files cannot be taken now, before anything
        else reads the body: the check against forgery does."""
        if _is_too_large(request):
            return render(request, "413.html", status=413)
        check_names(request)
        outage = let_go_for(request)
        return unavailable(request, outage) if outage else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotPossible):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        if isinstance(exception, SentBefore):
            arrived(request)
            messages.info(request, _("This had come in already, and is kept once."))
            if exception.files:
                text = _("Not kept, as it came along only now: %(names)s. Add it here.")
                messages.warning(request, text % {"names": ", ".join(exception.files)})
            return redirect(exception.leads_to)
        if isinstance(exception, TooOften):
            return render(request, "429.html", status=429)
        outage = outage_in(exception)
        return unavailable(request, outage) if outage else None


class PageCompressionMiddleware(GZipMiddleware):
    """Pages travel compressed, with a random length added so that their size tells nothing of what
    is secret in them. Files do not: most are compressed already, and are asked for in parts."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response


def _whole(request: HttpRequest) -> Callable[..., bytes]:
    """Make the request's `read` one that raises BadRequest where the body ends before as much came
    in as was announced: a connection that breaks leaves half a sentence, which is not what somebody
    said."""
    read, awaited = request.read, announced(request)

    def read_on(size: int = -1) -> bytes:
        nonlocal awaited
        content = read(size)
        # A server gives less than it is asked for only where the body ends (PEP 3333).
        if len(content) < (awaited if size < 0 else min(size, awaited)):
            raise BadRequest("the body is shorter than was announced")
        awaited -= len(content)
        return content

    return read_on


def _is_too_large(request: HttpRequest) -> bool:
    """Tell whether the body, its text or the number of its files is more than is taken in."""
    if announced(request) > settings.LARGEST_BODY:
        return True
    try:
        request.POST.keys()  # reads the body, if it is a form
    except (RequestDataTooBig, TooManyFilesSent):
        return True
    return False
