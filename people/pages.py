"""The two plain pages of the house: one form, and a question before something is ended; and what
they say once it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from people.access import allowed, check_may_look_after
from people.models import Account, Address
from people.sending import let_again
from records.refusals import NotPossible
from records.resting import InUse


class Page(Protocol):
    """What a page can lead back to: a row with a page of its own, or a `WayBack`."""

    def __str__(self) -> str: ...

    def get_absolute_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class WayBack:
    """A page that is no row's own, by its address and its name."""

    url: str
    name: str

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.url


def before_writing(
    request: HttpRequest, check: Callable[..., None], *args: Any, **how: Any
) -> None:
    """Ask a `check_…` of who comes to fill in a form, so that nobody writes what will be refused.
    Who sends what they wrote before keeps it: there the action refuses, and the form says so."""
    if request.method != "POST":
        check(*args, **how)


@contextmanager
def refusals_in(form: forms.BaseForm, field: str | None = None) -> Iterator[None]:
    """Turn what an action refuses into an error of the form, or of one field of it."""
    try:
        yield
    except NotPossible as refusal:
        form.add_error(field, str(refusal))


def tell_who_shares(request: HttpRequest, address: Address, by: Account) -> None:
    """Say who else gets mail at the mailbox of an address that was given just now: of those whom
    this person looks after, and nothing of others."""
    rows = Address.objects.current().filter(mailbox=address.mailbox, receives=True)
    others = rows.exclude(person=address.person_id).select_related("person__account")
    names = [
        row.person.name
        for row in others.order_by("person__name", "person")
        if allowed(check_may_look_after, by, row.person)
    ]
    if names:
        text = _("Mail for %(names)s goes to this address too.")
        messages.warning(request, text % {"names": ", ".join(names)})


def form_page(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    title: str,
    label: str,
    back: Page,
    text: str = "",
    template: str = "people/form.html",
) -> HttpResponse:
    """Show a page with one form; 422 where it has errors. `label` is what its button says, `back`
    the page to which it belongs; another template extends people/form.html."""
    context = {"form": form, "title": title, "label": label, "back": back, "text": text}
    return render(request, template, context, status=422 if form.errors else 200)


def ask_page(
    request: HttpRequest,
    act: Callable[[], object],
    *,
    title: str,
    text: str,
    label: str,
    done_text: str,
    back: Page,
    part: str = "",
    check: Callable[[], None] = lambda: None,
) -> HttpResponse:
    """Show a page that asks before something is removed or ended. Its button posts to itself: then
    it acts, and goes back with `done_text` or with what was refused. Where something rests on it,
    as `check` or the act says, the page says what, and what can be done instead: 409 for who had
    the button before."""
    context = {"title": title, "text": text, "label": label, "back": back}
    try:
        if request.method == "POST":
            return act_and_go_back(request, act, done_text=done_text, back=back, part=part)
        check()
    except InUse as refusal:
        context["in_use"] = refusal
        status = 409 if request.method == "POST" else 200
        return render(request, "people/in_use.html", context, status=status)
    return render(request, "people/ask.html", context)


def act_and_go_back(
    request: HttpRequest, act: Callable[[], object], *, done_text: str, back: Page, part: str = ""
) -> HttpResponse:
    """Act, and go back with `done_text` or with what was refused. What this person sent before may
    be sent anew then: they mean it. One query more than the act. Raises InUse, whose uses take more
    than a line."""
    try:
        act()
    except InUse:
        raise
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect(back.get_absolute_url())
    let_again(request)
    return done(request, done_text, back, part)


def done(request: HttpRequest, text: str, page: Page, part: str = "") -> HttpResponse:
    """Go back to the page, at this part of it, with a message."""
    messages.success(request, text)
    return redirect(address_at(page, part))


def address_at(page: Page, part: str = "") -> str:
    """Return the address of the page, at this part of it."""
    return f"{page.get_absolute_url()}{part and '#'}{part}"
