"""Who may come in. Every view carries a rule; DefaultDenyMiddleware refuses one that has none.

The rule on a view says which door it stands behind. What a signed-in person may then see is
decided by `visible_to` of what they ask for (invisible is 404), and what they may do by the
`check_…` functions of the room (visible but not allowed is 403).
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_htmx.middleware import HtmxDetails

from people import unsent
from people.identity import account_at, counted_together, known_at, said_to_be
from people.models import Account, Address, InstitutionRole, Person
from people.signing_in import note_wrong_link
from records.refusals import NotPossible

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Role = InstitutionRole.Role


class PersonRequest(HttpRequest):
    """A request behind the `signed_in` door: for annotations."""

    user: Account
    htmx: HtmxDetails


class NotAllowed(PermissionDenied):
    """Visible, but not allowed; the text is fit to show and becomes a 403 page."""


def has_role(user: Account, *roles: Role) -> bool:
    """Tell whether the person now has one of these roles in the institution. One query."""
    return InstitutionRole.objects.current().filter(person=user.pk, role__in=roles).exists()


def check_may_administer(by: Account | None) -> None:
    """Leave looking after who people are to administrators and coordinators of the institution;
    None is the command line. One query."""
    if by is not None and not by.is_superuser and not has_role(by, Role.COORDINATOR):
        raise NotAllowed(_("People are looked after by the coordinators of the institution."))


Sees = Callable[[Account, Person], bool]
SEES_MORE: list[Sees] = []


def sees_more(function: Sees) -> Sees:
    """Register whether somebody comes, by what a room gave them, into what is closed to who looks
    after them. One query."""
    SEES_MORE.append(function)
    return function


def check_may_look_after(by: Account | None, person: Person) -> None:
    """Let this person change the name, the address or the access of somebody: their own, or those
    of others as `check_may_administer`. Of who sees the support desk, has a role in the
    institution, or sees more by what another room gave them (`sees_more`) only an administrator
    does: whoever changes an address and reads its mail comes in as that person. At most two
    queries, and one for each that is registered."""
    if by is not None and by.pk == person.pk:
        return
    check_may_administer(by)
    if by is None or by.is_superuser:
        return
    account = getattr(person, "account", None)
    if (
        (account is not None and (account.is_staff or account.is_superuser))
        or InstitutionRole.objects.current().filter(person=person).exists()
        or any(sees(by, person) for sees in SEES_MORE)
    ):
        raise NotAllowed(
            _("%(name)s sees what you do not see: an administrator looks after this.")
            % {"name": person.name}
        )


def check_may_confirm_address(by: Account | None, address: Address) -> None:
    """Let who holds the link in a mail confirm this address, or not. One that somebody gave
    themselves they confirm signed in: who mistypes it gives their account to nobody. One that the
    school gave is confirmed by whoever reads its mail, as an invitation is: its person may have no
    other way in."""
    is_own = by is not None and by.pk == address.person_id
    if address.source == Address.Source.SELF and not is_own:
        raise NotAllowed(_("Sign in first: you gave this address yourself."))


def check_may_give_roles(by: Account | None) -> None:
    """Leave giving and ending roles in the institution, and rights at the support desk, to
    administrators; None is the command line. No query."""
    if by is not None and not by.is_superuser:
        raise NotAllowed(_("Roles in the institution are given by an administrator."))


SIGNS_IN_ELSE = gettext_noop("Somebody else signs in with this address.")


def check_invite(person: Person) -> None:
    """Let somebody be invited who has no account, or has not come in with it: where an address of
    theirs is known at which nobody else has one, and no other account of theirs is open. At most
    two queries, and those of `check_one_account`."""
    account = getattr(person, "account", None)
    if account is not None and (account.was_here or not account.is_active):
        raise NotPossible(_("An invitation is for who has not been here yet and may come in."))
    address = person.address()
    if address is None:
        raise NotPossible(_("No address of %(name)s is known.") % {"name": person.name})
    if account is None:
        if account_at(address.address, known_at(address.address)):
            raise NotPossible(_(SIGNS_IN_ELSE))
        check_one_account(person)


def check_confirm_address(address: Address, at: datetime) -> None:
    """Let an address be confirmed while it waits for that, and its link works. No query."""
    if not address.waits:
        raise NotPossible(_("This was confirmed before, or another address took its place."))
    if not address.is_confirmable(at):
        raise NotPossible(_("This link has expired."))


def check_give_role(person: Person) -> None:
    """Let somebody have a role in the institution once they have an account: who was only named by
    others is known by what others typed. No query where the account was selected."""
    if not hasattr(person, "account"):
        raise NotPossible(_("A role is for who has an account: first make one."))


def check_one_account(person: Person) -> None:
    """Let somebody have one account that is open, counting those of who is said to be the same.
    At most one query more than `said_to_be`."""
    others = said_to_be([person.pk])[person.pk] - {person.pk}
    if Account.objects.filter(pk__in=others, is_active=True).exists():
        raise NotPossible(
            _("They have another account that is open: one human has one. First stop the other.")
        )


def check_speak_as(by: Account | None, person: Person) -> None:
    """Let who has an account speak signed in only, where it was not they who got the link."""
    if by is None or by.pk != person.pk:
        raise NotPossible(
            _("%(name)s has an account here: sign in to answer as %(name)s.")
            % {"name": person.name}
        )


def check_may_say_same(by: Account | None, *people: Person) -> None:
    """Let who looks after people say of these that two of them are one, or take it back; never of
    themselves, nor of who counts as one with them: whoever judges on a committee does not choose
    whose words are theirs. Three queries."""
    check_may_administer(by)
    groups = counted_together([person.pk for person in people]).values()
    if by is not None and by.pk in frozenset().union(*groups):
        raise NotAllowed(_("This is about yourself: a colleague who looks after people says it."))


def check_same(one: Person, other: Person, reason: str) -> None:
    """Let two be said to be one human, for a reason, with one account that is open between
    them, also through others of whom it was said before. Two queries."""
    if one == other:
        raise NotPossible(_("This is one and the same: choose two."))
    if not reason.strip():
        raise NotPossible(_("Say how you know that these two are one."))
    people = frozenset().union(*said_to_be([one.pk, other.pk]).values())
    if Account.objects.filter(pk__in=people, is_active=True).count() > 1:
        raise NotPossible(
            _("Both have an account that is open: first stop the access of one of them.")
        )
    if one.erased_at or other.erased_at:
        raise NotPossible(_("One of them was erased: nothing can be said of them any more."))


def check_may_erase(by: Account) -> None:
    """Leave ordering that content is erased on a lawful ground to the exam board and
    administrators. At most one query."""
    if not by.is_superuser and not has_role(by, Role.EXAM_BOARD):
        raise NotAllowed(_("Erasure is ordered by the exam board or an administrator."))


def allowed(check: Callable[..., None], *args: Any, **kwargs: Any) -> bool:
    """Tell whether a `check_…` lets this pass: for buttons that should not be shown in vain."""
    try:
        check(*args, **kwargs)
    except NotAllowed:
        return False
    return True


def _ruled(view: Any, rule: str) -> Any:
    view.access_rule = rule
    return view


def public(reason: str) -> Callable[[View], View]:
    """Open a view to everybody, for this reason."""
    return lambda view: _ruled(view, f"public: {reason}")


def by_link(purpose: str) -> Callable[[View], View]:
    """Open a view to whoever holds the link in a mail; the view looks its token up through
    `from_token` and answers 404 to any other. Who tries too many of those is refused (429)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response = view(request, *args, **kwargs)
            except Http404:
                note_wrong_link(request)
                raise
            if response.status_code == 404:
                note_wrong_link(request)
            return response

        return _ruled(guarded, f"link: {purpose}")

    return decorate


def signed_in(view: View) -> View:
    """Open a view to people with an account; it asks `visible_to` what they may see."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return _ruled(guarded, "signed in")


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send to the door who is not signed in, and from there back to this page; or, where a form was
    sent, to its words."""
    if request.headers.get("HX-Request"):  # no page to be put into a place in a page
        return HttpResponse(status=401)
    draft = unsent.keep(request) if request.method == "POST" else None
    return redirect_to_login(
        reverse("unsent", args=[draft.pk]) if draft else request.get_full_path()
    )


def with_role(*roles: Role) -> Callable[[View], View]:
    """Open a view to people who now have one of these roles in the institution."""

    def decorate(view: View) -> View:
        @wraps(view)
        @signed_in
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not has_role(cast(Account, request.user), *roles):
                raise NotAllowed
            return view(request, *args, **kwargs)

        return _ruled(guarded, "role: " + ", ".join(roles))

    return decorate
