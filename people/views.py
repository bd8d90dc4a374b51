import sys
from contextlib import suppress
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django.views.i18n import set_language as set_language_cookie

from people import actions, unsent
from people.access import (
    PersonRequest,
    allowed,
    by_link,
    check_confirm_address,
    check_may_confirm_address,
    public,
    signed_in,
)
from people.drafts import words_in
from people.faults import outage_in
from people.forms import AddressForm, name_of_person
from people.models import Address
from people.outages import unavailable
from people.pages import (
    WayBack,
    act_and_go_back,
    ask_page,
    done,
    form_page,
    refusals_in,
    tell_who_shares,
)
from people.sending import changes, creates, once, sends, sent
from people.speaking import speak_as_mail
from post.errands import call_off, progress_of
from post.models import Errand, OutboxMail
from records.refusals import NotPossible, why_not


@public("choosing a language shows and changes nothing else")
@require_POST
@sends("the language chosen last holds")
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Remember the language in a cookie and, for a signed-in person, with their account."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        actions.choose_language(by=request.user, language=language)
    return set_language_cookie(request)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("sends on what was kept, to a view that says this of itself")
def send_again(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show what somebody sent after their session had ended: to read, and to send to where it was
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
    """Show how far what this person ordered is. While it runs the page asks again by itself."""
    rows = Errand.objects.visible_to(request.user).select_related("by")
    row = get_object_or_404(rows, pk=pk)
    template = f"people/errand.html{'#progress' if request.htmx else ''}"
    return render(request, template, {"progress": progress_of([row])[0]})


@signed_in
@require_POST
@sends("what was called off stays so")
def errand_call_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(Errand.objects.visible_to(request.user), pk=pk)
    with suppress(NotPossible):  # it has ended meanwhile, as its page says
        call_off(errand=row, by=request.user)
    return redirect("errand", row.pk)


# --- One's own details ----------------------------------------------------------------------------


@signed_in
@require_safe
def details(request: PersonRequest) -> HttpResponse:
    """Show what this person is called here, and where mail for them goes."""
    addresses = list(request.user.person.addresses.current())
    context = {
        "addresses": [row for row in addresses if row.receives],
        "waiting": [row for row in addresses if row.is_confirmable(timezone.now())],
        "troubles": OutboxMail.objects.troubles_about([row.pk for row in addresses]),
    }
    return render(request, "people/details.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@changes
def details_name(request: PersonRequest) -> HttpResponse:
    person = request.user.person
    change = name_of_person(request, person)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.rename(person=person, **form.cleaned_data, by=request.user)
            return done(request, _("Saved."), _details())
    return form_page(
        request,
        form,
        title=_("What do we call you?"),
        label=_("Save"),
        back=_details(),
        text=_("What you wrote before stays under the name of then."),
    )


@signed_in
@reauthentication_required
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def details_address(request: PersonRequest) -> HttpResponse:
    """Ask for another address, and for the password first: who has the address, has the account."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, _details().url):
                row = actions.change_address(
                    person=request.user.person, **form.cleaned_data, by=request.user
                )
            tell_who_shares(request, row, request.user)
            return done(request, _("Look in the mail of that address: confirm it."), _details())
    return form_page(
        request,
        form,
        title=_("Another e-mail address"),
        label=_("Send me a link"),
        back=_details(),
        text=_("We send a link to that address. Once you have confirmed it, mail goes there."),
    )


@signed_in
@require_POST
@sends("asks for one more mail, a few times an hour at most")
def details_address_again(request: PersonRequest) -> HttpResponse:
    """Send the link to the address that waits once more; which address that is was said behind a
    password."""
    return act_and_go_back(
        request,
        partial(actions.ask_to_confirm, person=request.user.person, by=request.user),
        done_text=_("Look in the mail of that address: confirm it."),
        back=_details(),
    )


@signed_in
@require_POST
@sends("a second time nothing waits any more")
def details_address_call_off(request: PersonRequest) -> HttpResponse:
    return act_and_go_back(
        request,
        partial(actions.call_off_address, person=request.user.person, by=request.user),
        done_text=_("Your mail goes on going to the address of now."),
        back=_details(),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("who is signed out everywhere is so a second time")
def details_sign_out(request: PersonRequest) -> HttpResponse:
    return ask_page(
        request,
        partial(actions.sign_out_everywhere, account=request.user, by=request.user),
        title=_("Sign out everywhere?"),
        text=_("On every computer and phone, this one too. You can sign in again at once."),
        label=_("Sign out everywhere"),
        done_text=_("You are signed out everywhere."),
        back=_details(),
    )


def _details() -> WayBack:
    return WayBack(reverse("details"), _("My details"))


@by_link("confirming an address")
@require_http_methods(["GET", "HEAD", "POST"])
@sends("an address is confirmed once")
def address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Let who opened the link confirm an address. Nothing is confirmed by opening it: programs that
    read along with mail open links too."""
    address = Address.objects.from_token(token)
    if address is None:
        raise Http404
    by = request.user if request.user.is_authenticated else None
    speak_as_mail(request, address.person.language)
    if request.method == "POST":
        act = partial(actions.confirm_address, address=address, by=by)
        back = WayBack(request.get_full_path(), address.address)
        return act_and_go_back(request, act, done_text=_("Saved."), back=back)
    is_open = not why_not(check_confirm_address, address, timezone.now())
    context = {
        "address": address,
        "is_open": is_open,
        "may_confirm": allowed(check_may_confirm_address, by, address),
        "sign_in": f"{reverse('account_login')}?{urlencode({'next': request.path})}",
    }
    is_gone = not is_open and address.confirmed_at is None
    return render(request, "people/address.html", context, status=410 if is_gone else 200)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form that came from elsewhere, or from a page of before signing in. What it said is
    shown to copy: to send it on is not safe."""
    return render(request, "403_csrf.html", {"words": words_in(sent(request))}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what nobody else did: what failed outside of a view, where a session is read or kept,
    for want of a database or a disk, and any fault of ours."""
    outage = outage_in(sys.exc_info()[1])
    return unavailable(request, outage) if outage else defaults.server_error(request)
