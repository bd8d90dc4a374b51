from collections.abc import Callable
from contextlib import suppress
from typing import Any

from allauth.account.utils import url_str_to_user_pk
from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFilesSent,
    ValidationError,
)
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import translation

from people.drafts import sent
from people.models import Person
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
    "account_email": "closed: an address is changed by the coordinator",
    "account_email_verification_sent": "closed: goes with signing up",
    "account_confirm_email": "closed: goes with signing up",
    "account_set_password": "closed: everybody chooses one by mail",
    "account_confirm_login_code": "closed: there are no codes",
}


def rule_of(view: Any, name: str, namespaces: list[str]) -> str | None:
    """The access rule of a view as the URLconf names it; None when it has none."""
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
    browser. A link's page may choose another (see evidence.views); who chooses a password by a
    link reads in the language of the mail it came in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _speak(request, request.user.language)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        has_chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
        if "uidb36" not in kwargs or has_chosen or request.user.is_authenticated:
            return
        with suppress(ValueError, ValidationError):  # no person's key
            key = url_str_to_user_pk(kwargs["uidb36"])
            if person := Person.objects.filter(pk=key).first():
                _speak(request, person.language)


def _speak(request: HttpRequest, language: str) -> None:
    translation.activate(language)
    request.LANGUAGE_CODE = translation.get_language()


class RefusalMiddleware:
    """What cannot be done now, said on a page of its own: what the state of things refuses (409),
    what is too large to take in (413), and a database that stays locked (503), with what was
    typed, so that one tap tries again. Files cannot be kept in a page; it says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Before anything else reads the body: the check against forgery does."""
        return render(request, "413.html", status=413) if _is_too_large(request) else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotPossible):
            return render(request, "409.html", {"reason": str(exception)}, status=409)
        if not isinstance(exception, OperationalError) or "locked" not in str(exception):
            return None
        context = {"kept": sent(request), "had_files": bool(request.FILES)}
        response = render(request, "503.html", context, status=503)
        response["Retry-After"] = "5"
        return response


class PageCompressionMiddleware(GZipMiddleware):
    """Pages travel compressed, with a random length added so that their size tells nothing of what
    is secret in them. Files do not: most are compressed already, and are asked for in parts."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response


def _is_too_large(request: HttpRequest) -> bool:
    """Whether the body, its text or the number of its files is more than is taken in."""
    if int(request.headers.get("Content-Length") or 0) > settings.LARGEST_BODY:
        return True
    try:
        request.POST.keys()  # reads the body, if it is a form
    except (RequestDataTooBig, TooManyFilesSent):
        return True
    return False
