"""Default-deny: every view carries an access rule, and the public ones are these."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from people.middleware import DefaultDenyMiddleware, rule_of

# Each with its reason; the list is literal, so that opening a view is a deliberate act.
PUBLIC = {
    "set_language": "choosing a language shows and changes nothing else",
    "demo:mailbox": "the demo's own mails, in demo mode only, on this machine only",
    "demo:mail": "the demo's own mails, in demo mode only, on this machine only",
    "home:help": "help is there before somebody has an account",
    "home:help_topic": "help is there before somebody has an account",
    "home:privacy": (
        "everybody may know who sees what, also who gives feedback without an account"
    ),
    "home:live": "whether the process answers, which asks nothing",
    "home:ready": (
        "whether database and files are there, and how long the oldest mail and work wait"
    ),
    "home:metrics": "asks for a token of its own, and is not there where none was set",
    "demo:gallery": "shows the components to who builds with them, in demo mode only",
    "verifier": "whoever has the archive of a case verifies it with a program from elsewhere",
    "letter_check": "whoever was given a letter may check it, with the code that it bears",
    "account_login": "signing in",
    "account_inactive": "says that an account is closed",
    "account_reset_password": "who forgot their password is not signed in",
    "account_reset_password_done": "the step after it",
    "account_reset_password_from_key_done": "the step after it",
}
BY_LINK = {
    "evidence:undo_answer",
    "evidence:undo_word",
    "account_reset_password_from_key",
    "address_confirm",
    "evidence:answer",
    "evidence:answer_draft",
    "evidence:answer_file",
    "evidence:confirm",
    "evidence:decline",
}


def walk(patterns: list[Any], namespaces: list[str]) -> Iterator[tuple[str, list[str], Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            deeper = [*namespaces, pattern.namespace] if pattern.namespace else namespaces
            yield from walk(pattern.url_patterns, deeper)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or "", namespaces, pattern.callback


def rules() -> dict[str, str | None]:
    return {
        ":".join([*namespaces, name or repr(view)]): rule_of(view, name, namespaces)
        for name, namespaces, view in walk(get_resolver().url_patterns, [])
    }


def test_every_view_has_a_rule() -> None:
    found = rules()

    assert len(found) > 50
    assert [name for name, rule in found.items() if rule is None] == []


def test_the_public_views_are_these() -> None:
    found = {
        name: rule.removeprefix("public: ")
        for name, rule in rules().items()
        if rule and rule.startswith("public: ")
    }

    assert found == PUBLIC


def test_the_views_that_a_link_opens_are_these() -> None:
    assert {name for name, rule in rules().items() if rule and rule.startswith("link: ")} == BY_LINK


def test_a_rule_is_one_of_six_kinds() -> None:
    kinds = {rule.partition(":")[0] for rule in rules().values() if rule}

    assert kinds <= {"public", "link", "signed in", "role", "staff", "closed"}


def test_a_view_without_a_rule_is_refused(rf: RequestFactory) -> None:
    from django.core.exceptions import PermissionDenied
    from django.http import HttpResponse
    from django.urls import ResolverMatch

    request = rf.get("/")
    middleware = DefaultDenyMiddleware(lambda _: HttpResponse())
    view = lambda _: HttpResponse()  # noqa: E731 - short
    request.resolver_match = ResolverMatch(view, (), {}, url_name="forgotten")

    with pytest.raises(PermissionDenied):
        middleware.process_view(request, view, (), {})
