"""Every view that takes a POST says what it sends."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from django.urls import get_resolver

from people.sending import CHANGES, CREATES
from tests.test_access import walk

# Views of others, each with the reason for which sending it twice does no harm.
OF_OTHERS = {
    "account_login": "signs in",
    "account_logout": "signs out",
    "account_reauthenticate": "asks for the password once more",
    "account_reset_password": "asks for one more mail, a few times an hour at most",
    "account_reset_password_from_key": "a password that was chosen is so",
    "account_change_password": "a password that was chosen is so",
    "account_signup": "closed",
    "account_email": "closed",
    "account_email_verification_sent": "closed",
    "account_confirm_email": "closed",
    "account_set_password": "closed",
    "account_confirm_login_code": "closed",
}


def layers(view: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """List a view and what it is wrapped around."""
    while True:
        yield view
        if not hasattr(view, "__wrapped__"):
            return
        view = view.__wrapped__


def takes_post(view: Callable[..., Any]) -> bool:
    """Tell whether a view takes a POST: it does where nothing says that it does not."""
    if kind := getattr(view, "view_class", None):
        return hasattr(kind, "post")
    methods = [
        names["request_method_list"]
        for layer in layers(view)
        if inspect.isfunction(layer)
        and "request_method_list" in (names := inspect.getclosurevars(layer).nonlocals)
    ]
    return all("POST" in each for each in methods)


def sent_by_view() -> dict[str, str | None]:
    """List what each view sends that takes a POST; not those of Django's admin, which is to look
    at, and whose buttons call actions."""
    return {
        ":".join([*namespaces, name or repr(view)]): getattr(view, "what_it_sends", None)
        for name, namespaces, view in walk(get_resolver().url_patterns, [])
        if namespaces != ["admin"] and takes_post(view)
    }


def test_every_view_that_takes_a_post_says_what_it_sends() -> None:
    found = sent_by_view()

    assert len(found) > 90
    assert {name for name, kind in found.items() if kind is None} == set(OF_OTHERS)


def test_what_needs_no_guard_says_why() -> None:
    kinds = set(sent_by_view().values()) - {CREATES, CHANGES, None}

    assert [kind for kind in kinds if len(kind.removeprefix("neither: ")) < 10] == []


def test_nobody_says_of_a_page_that_only_shows_what_it_sends() -> None:
    found = {
        name
        for name, _namespaces, view in walk(get_resolver().url_patterns, [])
        if hasattr(view, "what_it_sends") and not takes_post(view)
    }

    assert found == set()
