"""People: who is known here, for who administers and for the coordinators of the institution."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from home.forms import InstitutionRoleForm, NewPersonForm, PeopleSearchForm, SameForm
from home.people import Access, PersonShown, kin_of, lines_of, people_found, person_shown
from people import actions
from people.access import (
    PersonRequest,
    check_give_role,
    check_may_administer,
    check_may_give_roles,
    check_may_look_after,
    check_may_say_same,
    signed_in,
)
from people.drafts import Writing
from people.forms import AddressForm, name_of_person
from people.identity import counted_together
from people.models import Account, InstitutionRole, Person, SamePerson
from people.pages import (
    WayBack,
    act_and_go_back,
    address_at,
    ask_page,
    done,
    form_page,
    refusals_in,
    tell_who_shares,
)
from people.sending import changes, creates, let_again, once, sends
from post.undoing import UndoTime, time_to_undo, wait_of_mail
from records.refusals import NotPossible, why_not

AT_A_TIME = 50
MOST_CHOICES = 20


@signed_in
@require_safe
def people(request: PersonRequest) -> HttpResponse:
    check_may_administer(request.user)
    form = PeopleSearchForm(request.GET, label_suffix="")
    words = form.words()
    page = Paginator(people_found(words), AT_A_TIME).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "words": words,
        "page": page,
        "lines": lines_of(page.object_list),
        "query": query.urlencode(),
    }
    return render(request, "home/people.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def person_new(request: PersonRequest) -> HttpResponse:
    check_may_administer(request.user)
    form = NewPersonForm(request.POST if request.method == "POST" else None)
    draft = Writing(request, f"invite:{request.user.pk}", form)
    if form.is_valid():
        with refusals_in(form):
            with draft.sending(reverse("home:people")) as sent:
                account = actions.invite(**form.cleaned_data, by=request.user)
                draft.keep_sent(account.pk)
                sent.leads_to = _page_of(account.person).url
            if address := account.person.address():
                tell_who_shares(request, address, request.user)
            text = _("%(name)s is invited by mail.") % {"name": account.name}
            return done(request, text, _page_of(account.person))
    return form_page(
        request,
        form,
        title=_("Invite somebody"),
        label=_("Invite"),
        back=WayBack(reverse("home:people"), _("People")),
        text=_("They get a mail and choose a password. Roles you give afterwards."),
    )


@signed_in
@require_safe
def person(request: PersonRequest, pk: UUID) -> HttpResponse:
    now = timezone.now()
    shown = person_shown(_person(request, pk), request.user, now)
    context = {"shown": shown, "person": shown.person, "undo": _time_to_undo(shown, request, now)}
    return render(request, "home/person.html", context)


def _time_to_undo(shown: PersonShown, request: PersonRequest, now: datetime) -> UndoTime | None:
    """Tell until when this person can undo an invitation. No query but of who has not come in;
    there one, and one more where they were invited just now."""
    wait = wait_of_mail()
    if shown.access != Access.INVITED or not wait:
        return None
    event = actions.invited_by(shown.person, request.user, now - wait)
    return time_to_undo([shown.person.pk], event.recorded_at, wait, now) if event else None


def _person(request: PersonRequest, pk: UUID) -> Person:
    """Find somebody, for who looks after people: 403 for anybody else, 404 for who was erased. At
    most two queries."""
    check_may_administer(request.user)
    rows = Person.objects.filter(erased_at=None).select_related("account")
    return get_object_or_404(rows, pk=pk)


def _changed_person(request: PersonRequest, pk: UUID) -> Person:
    """Find somebody whose name, address and access this person looks after; 403 or 404
    otherwise."""
    person = _person(request, pk)
    check_may_look_after(request.user, person)
    return person


def _account(request: PersonRequest, pk: UUID) -> Account:
    """Find the account of somebody whose access this person looks after; 403 or 404 otherwise."""
    person = _changed_person(request, pk)
    if not hasattr(person, "account"):
        raise Http404
    return person.account


def _page_of(person: Person) -> WayBack:
    return WayBack(reverse("home:person", args=[person.pk]), person.name)


# --- Name and address -----------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@changes
def person_name(request: PersonRequest, pk: UUID) -> HttpResponse:
    person = _changed_person(request, pk)
    change = name_of_person(request, person)
    form = change.form
    if form.is_valid():
        with refusals_in(form):
            with change.over_nothing_unseen():
                actions.rename(person=person, **form.cleaned_data, by=request.user)
            return done(request, _("Saved."), _page_of(person))
    return form_page(
        request,
        form,
        title=_("What is %(name)s called?") % {"name": person.name},
        label=_("Save"),
        back=_page_of(person),
        text=_("What they said before stays under the name of then."),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def person_address(request: PersonRequest, pk: UUID) -> HttpResponse:
    person = _changed_person(request, pk)
    if person.pk == request.user.pk:
        return redirect("details_address")  # where the password is asked for
    form = AddressForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, _page_of(person).url):
                row = actions.change_address(person=person, **form.cleaned_data, by=request.user)
            tell_who_shares(request, row, request.user)
            if row.receives:
                text = _("Mail for %(name)s goes to this address from now on.")
            else:
                text = _("%(name)s gets a mail there, to confirm the address.")
            return done(request, text % {"name": person.name}, _page_of(person))
    account = getattr(person, "account", None)
    if account and account.was_here:
        text = _(
            "It is used once it was confirmed from that mailbox; the address of now is told. Make "
            "sure that it is theirs: who reads its mail can choose a new password."
        )
    elif account:
        text = _("They are invited there. The link that went to the address of now works no more.")
    else:
        text = _("Mail goes there from now on.")
    return form_page(
        request,
        form,
        title=_("Another address for %(name)s") % {"name": person.name},
        label=_("Save"),
        back=_page_of(person),
        text=text,
    )


@signed_in
@require_POST
@sends("asks for one more mail, with the same link")
def person_address_again(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Send the link to the address that waits once more."""
    person = _changed_person(request, pk)
    return act_and_go_back(
        request,
        partial(actions.ask_to_confirm, person=person, by=request.user),
        done_text=_("%(name)s gets a mail there, to confirm the address.") % {"name": person.name},
        back=_page_of(person),
    )


@signed_in
@require_POST
@sends("a second time nothing waits any more")
def person_address_call_off(request: PersonRequest, pk: UUID) -> HttpResponse:
    person = _changed_person(request, pk)
    return act_and_go_back(
        request,
        partial(actions.call_off_address, person=person, by=request.user),
        done_text=_("Mail for %(name)s goes on going to the address of now.")
        % {"name": person.name},
        back=_page_of(person),
    )


# --- Access ---------------------------------------------------------------------------------------


@signed_in
@require_POST
@sends("makes one account; then asks for one more mail")
def person_invite(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Make an account for somebody who has none, or send the invitation once more."""
    person = _person(request, pk)
    return act_and_go_back(
        request,
        partial(actions.invite_person, person=person, by=request.user),
        done_text=_("%(name)s is invited by mail.") % {"name": person.name},
        back=_page_of(person),
    )


@signed_in
@require_POST
@sends("what was taken back stays so")
def invitation_undo(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Take back an invitation; of who became known by it nothing is left, and the form has their
    name and address again."""
    person = _person(request, pk)
    try:
        actions.undo_invitation(person=person, by=request.user)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
        return redirect("home:person", pk)
    let_again(request)
    messages.success(request, _("Taken back: no mail was sent."))
    is_gone = Person.objects.exclude(erased_at=None).filter(pk=pk).exists()
    return redirect("home:person_new") if is_gone else redirect("home:person", pk)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what is stopped stays so")
def access_stop(request: PersonRequest, pk: UUID) -> HttpResponse:
    account = _account(request, pk)
    return ask_page(
        request,
        partial(actions.stop_access, account=account, by=request.user),
        title=_("Stop the access of %(name)s?") % {"name": account.name},
        text=_(
            "They are signed out at once and can no longer come in. Their roles, and what they "
            "did, stay. You can give access again."
        ),
        label=_("Stop access"),
        done_text=_("%(name)s can no longer come in.") % {"name": account.name},
        back=_page_of(account.person),
    )


@signed_in
@require_POST
@sends("what is open stays so")
def access_give(request: PersonRequest, pk: UUID) -> HttpResponse:
    account = _account(request, pk)
    return act_and_go_back(
        request,
        partial(actions.give_access, account=account, by=request.user),
        done_text=_("%(name)s can come in again.") % {"name": account.name},
        back=_page_of(account.person),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("who is signed out everywhere is so a second time")
def sign_out(request: PersonRequest, pk: UUID) -> HttpResponse:
    account = _account(request, pk)
    return ask_page(
        request,
        partial(actions.sign_out_everywhere, account=account, by=request.user),
        title=_("Sign %(name)s out everywhere?") % {"name": account.name},
        text=_("On every computer and phone. They can sign in again at once, with their password."),
        label=_("Sign out everywhere"),
        done_text=_("%(name)s is signed out everywhere.") % {"name": account.name},
        back=_page_of(account.person),
    )


# --- Two that are one -----------------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def person_same(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Ask who is the same human as this person. Offered are those at the same mailbox, or whom the
    search finds, but who asks."""
    person = _person(request, pk)
    check_may_say_same(request.user, person)
    own = counted_together([request.user.pk])[request.user.pk]
    search = PeopleSearchForm(request.GET, label_suffix="")
    words = search.words()
    if words:
        found = list(people_found(words).exclude(pk__in=[person.pk, *own])[:MOST_CHOICES])
    else:
        kin = [kin for kin in kin_of(person) if kin.statement is None]
        found = [one.person for one in kin if one.shares_mailbox and one.person.pk not in own]
    choices = [
        (
            line.person,
            ", ".join(filter(None, [line.person.name, line.address, str(line.access.label)])),
        )
        for line in lines_of(found)
    ]
    form = SameForm(request.POST if request.method == "POST" else None, choices=choices)
    if form.is_valid():
        with refusals_in(form):
            with once(request, address_at(_page_of(person), "same")):
                actions.say_same(one=person, **form.cleaned_data, by=request.user)
            text = _("They count as one from now on.")
            return done(request, text, _page_of(person), "same")
    context = {
        "person": person,
        "back": _page_of(person),
        "search": search,
        "words": words,
        "form": form,
        "found": found,
    }
    status = 422 if form.errors else 200
    return render(request, "home/same.html", context, status=status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("what was taken back stays so")
def same_end(request: PersonRequest, pk: UUID, same_id: UUID) -> HttpResponse:
    person = _person(request, pk)
    check_may_say_same(request.user, person)
    statements = SamePerson.objects.current().select_related("one", "other")
    statement = get_object_or_404(statements, pk=same_id)
    if person not in (statement.one, statement.other):
        return redirect("home:person", person.pk)
    other = statement.other if statement.one == person else statement.one
    return ask_page(
        request,
        partial(actions.take_back_same, statement=statement, by=request.user),
        title=_("Are %(one)s and %(other)s two people after all?")
        % {"one": person.name, "other": other.name},
        text=_("From now on they count as two again. What was counted before stays as it was."),
        label=_("They are two"),
        done_text=_("They count as two again."),
        back=_page_of(person),
        part="same",
    )


# --- Roles in the institution ---------------------------------------------------------------------


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@creates
def role_new(request: PersonRequest, pk: UUID) -> HttpResponse:
    person = _person(request, pk)
    check_may_give_roles(request.user)
    if refusal := why_not(check_give_role, person):
        messages.error(request, refusal)
        return redirect("home:person", person.pk)
    form = InstitutionRoleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            with once(request, address_at(_page_of(person), "roles")):
                role = actions.give_role(person=person, **form.cleaned_data, by=request.user)
            text = _("%(name)s has the role %(role)s.")
            names = {"name": person.name, "role": role.get_role_display()}
            return done(request, text % names, _page_of(person), "roles")
    return form_page(
        request,
        form,
        title=_("Which role does %(name)s have in the institution?") % {"name": person.name},
        label=_("Give this role"),
        back=_page_of(person),
        text=_(
            "Curriculum loads qualifications. A coordinator makes programmes and looks after "
            "people. Exam board and auditor follow decisions."
        ),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sends("a role ends once")
def role_end(request: PersonRequest, pk: UUID, role_id: UUID) -> HttpResponse:
    person = _person(request, pk)
    check_may_give_roles(request.user)
    role = get_object_or_404(InstitutionRole.objects.current(), pk=role_id, person=person)
    return ask_page(
        request,
        partial(actions.end_role, role=role, by=request.user),
        title=_("End the role of %(name)s: %(role)s?")
        % {"name": person.name, "role": role.get_role_display()},
        text=_("It ends today. What they did in it stays on record."),
        label=_("End"),
        done_text=_("The role has ended."),
        back=_page_of(person),
        part="roles",
    )
