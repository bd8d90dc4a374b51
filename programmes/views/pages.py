"""What the views of this room share: who they are for, and the two plain pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from people.access import PersonRequest
from programmes.access import check_may_manage
from programmes.models import Enrolment, Programme
from records.refusals import NotPossible


def managed_programme(request: PersonRequest, pk: UUID) -> Programme:
    """The programme, for one of its coordinators; 404 or 403 for anybody else. Two queries."""
    programme = get_object_or_404(Programme.objects.visible_to(request.user).for_page(), pk=pk)
    check_may_manage(request.user, programme)
    return programme


def managed_enrolment(request: PersonRequest, pk: UUID) -> Enrolment:
    """The enrolment, for a coordinator of its programme; 404 for anybody else. Two queries."""
    return get_object_or_404(Enrolment.objects.managed_by(request.user).for_list(), pk=pk)


@contextmanager
def refusals_in(form: forms.BaseForm) -> Iterator[None]:
    """What an action refuses becomes an error of the form."""
    try:
        yield
    except NotPossible as refusal:
        form.add_error(None, str(refusal))


def form_page(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    title: str,
    label: str,
    back: Programme | Enrolment | None = None,
    text: str = "",
) -> HttpResponse:
    """A page with one form; 422 where it has errors. `label` is what its button says, `back` the
    row to whose page it belongs; without one, the list of programmes."""
    context = {"form": form, "title": title, "label": label, "back": back, "text": text}
    return render(request, "programmes/form.html", context, status=422 if form.errors else 200)


def ask_page(
    request: HttpRequest,
    act: Callable[[], None],
    *,
    title: str,
    text: str,
    label: str,
    done_text: str,
    back: Programme | Enrolment,
    part: str = "",
) -> HttpResponse:
    """A page that asks before something is removed or ended. Its button posts to itself: then it
    acts, and goes back with `done_text` or with what was refused."""
    if request.method == "POST":
        try:
            act()
        except NotPossible as refusal:
            messages.error(request, str(refusal))
            return redirect(back)
        return done(request, done_text, back, part)
    context = {"title": title, "text": text, "label": label, "back": back}
    return render(request, "programmes/ask.html", context)


def done(
    request: HttpRequest, text: str, page: Programme | Enrolment, part: str = ""
) -> HttpResponse:
    """Back to the page, at this part of it, with a message."""
    messages.success(request, text)
    return redirect(f"{page.get_absolute_url()}{part and '#'}{part}")
