"""What is done with persons, addresses, accounts and roles. Each leaves an event on the person's
chain, with ids only; what somebody chooses for themselves, a language or to see a tour no more, is
no record."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from people import drafts
from people.access import (
    SIGNS_IN_ELSE,
    check_confirm_address,
    check_give_role,
    check_invite,
    check_may_administer,
    check_may_confirm_address,
    check_may_give_roles,
    check_may_look_after,
    check_may_say_same,
    check_one_account,
    check_same,
    check_speak_as,
)
from people.identity import (
    account_at,
    counted_together,
    derive,
    hold_who_is_who,
    known_at,
    names_of,
    plain_name,
)
from people.models import Account, Address, Identity, InstitutionRole, Person, SamePerson
from post.models import OutboxMail
from post.outbox import queue
from post.undoing import call_off_mails, wait_of_mail
from records.actions import Blanked, blank_copies, record_erasures
from records.chain import ChainEntry, append, append_many
from records.locking import under_lock
from records.models import Erasure, Event, Sealed, new_salt
from records.refusals import NotPossible

# --- Who somebody is ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meant:
    """Somebody by the name and the address that were typed, whether they are known already or
    not."""

    name: str
    address: str
    language: str = Person.Language.DUTCH

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", " ".join(self.name.split()))
        object.__setattr__(self, "address", self.address.strip().lower())


@transaction.atomic
def person_meant(
    meant: Meant, *, source: Address.Source, by: Account | None, at: datetime | None = None
) -> Person:
    """Find or make the person meant by this name at this address. Whoever has an account there:
    their mailbox is their own, whatever name was typed. Else who is known there under this name, of
    now or of before, whether by the school or by an asker. Else somebody new. Says nothing of which
    it was: an asker learns no more than they typed. The school knows its accounts: raises
    NotPossible where it gives one another name. One query for somebody known."""
    at = at or timezone.now()
    found = _known(meant)
    if found is None:
        hold_who_is_who()
        found = _known(meant)
    is_of_school = source == Address.Source.SCHOOL
    if found:
        if is_of_school and plain_name(meant.name) not in names_of(found):
            raise NotPossible(
                _("%(email)s is the address of %(name)s: fill in that name, or another address.")
                % {"email": meant.address, "name": found.name}
            )
        if is_of_school and found.named_at is None:
            hold_who_is_who()
            _name(found, meant.name, by=by, at=at)
        return found
    person = Person.objects.create(
        name=meant.name,
        language=meant.language,
        recorded_at=at,
        named_at=at if is_of_school else None,
    )
    address = Address.objects.create(
        person=person, address=meant.address, source=source, recorded_at=at
    )
    append(person.chain, "person.added", by=by, at=at, rows=[person, address])
    derive([person.pk], at)
    return person


def _known(meant: Meant) -> Person | None:
    there = known_at(meant.address)
    was_called = (one for one in there if plain_name(meant.name) in names_of(one))
    return account_at(meant.address, there) or _called(meant.name, there) or next(was_called, None)


def _called(name: str, there: Iterable[Person]) -> Person | None:
    return next((one for one in there if plain_name(one.name) == plain_name(name)), None)


def known_at_mailbox_of(person: Person) -> list[Person]:
    """List who answers to what is sent to this person: they themselves first, and who else is known
    now at their mailbox. For the holder of a link that was sent there, and for nobody else. Only
    themselves where they have an account; then no query, else one."""
    if hasattr(person, "account"):
        return [person]
    own = person.addresses.current().filter(receives=True).exclude(mailbox="")
    there = Address.objects.known().current().filter(mailbox__in=own.values("mailbox"))
    rows = there.select_related("person__account").order_by("person__recorded_at", "person")
    return list(dict.fromkeys([person, *(row.person for row in rows)]))


@transaction.atomic
def say_who(
    *,
    person: Person,
    chosen: UUID | None = None,
    name: str = "",
    by: Account | None = None,
    at: datetime | None = None,
) -> Person:
    """Say who somebody is that answers to what was sent to this person: whom they chose of
    `known_at_mailbox_of`, and a name that they wrote as well is what those are called from now on.
    Who chose nobody is by the name that they wrote another at the same mailbox, or somebody who was
    not known there; who chose is that other only where that one goes by the name themselves. Who
    has an account is who they are, and so is who says nothing. From then on they count by
    themselves. Raises NotPossible for who is not known there, and for who has an account and did
    not sign in: a link of somebody else's is no way in."""
    at = at or timezone.now()
    name = " ".join(name.split())
    there = person.address()
    if hasattr(person, "account") or there is None or not (chosen or name):
        return person
    hold_who_is_who()
    known = known_at_mailbox_of(person)
    found = next((one for one in known if one.pk == chosen), None)
    if chosen and found is None:
        raise NotPossible(_("Choose one of the names on the page, or write yours."))
    called = _called(name, known)
    if called and (found is None or called.named_at):  # else only others ever called them so
        found = called
    if found and hasattr(found, "account"):
        check_speak_as(by, found)
        return found
    if found:
        name = name or found.name
        if found.named_at is None or name != found.name:
            _name(found, name, by=by, at=at)
        return found
    new = Person.objects.create(name=name, language=person.language, recorded_at=at, named_at=at)
    address = Address.objects.create(
        person=new, address=there.address, source=Address.Source.SELF, recorded_at=at
    )
    append(new.chain, "person.added", by=by, at=at, rows=[new, address])
    derive([new.pk], at)
    return new


def _name(person: Person, name: str, *, by: Account | None, at: datetime) -> Event:
    if person.name not in (name, *person.former_names):
        person.former_names.append(person.name)
    person.name, person.named_at = name, at
    person.save(update_fields=["name", "former_names", "named_at"])
    event = append(person.chain, "person.named", by=by, at=at, rows=[person])
    derive([person.pk], at)
    return event


@transaction.atomic
def rename(*, person: Person, name: str, by: Account | None, at: datetime | None = None) -> None:
    """Call somebody by another name; what they said before stays under the name of then."""
    check_may_look_after(by, person)
    name = " ".join(name.split())
    if not name:
        raise NotPossible(_("Everybody has a name: fill it in."))
    if name != person.name or person.named_at is None:
        hold_who_is_who()
        _name(_locked(person), name, by=by, at=at or timezone.now())


@transaction.atomic
def say_same(
    *, one: Person, other: Person, reason: str, by: Account | None, at: datetime | None = None
) -> SamePerson:
    """Say that these two are one human. They count as one from now on, and nothing that names
    either changes. Raises NotPossible without a reason, for one and the same, for two open
    accounts, and where it was said before."""
    hold_who_is_who()
    check_may_say_same(by, one, other)
    at = at or timezone.now()
    check_same(one, other, reason)
    first, second = sorted((one, other), key=attrgetter("pk"))
    statement = SamePerson(one=first, other=second, reason=reason.strip(), recorded_at=at)
    try:
        with transaction.atomic():
            statement.save(force_insert=True)
    except IntegrityError as fault:
        raise NotPossible(_("This was said of these two already.")) from fault
    _about_both(statement, "person.same", by=by, at=at)
    return statement


@transaction.atomic
def take_back_same(
    *, statement: SamePerson, by: Account | None, at: datetime | None = None
) -> None:
    """Take back that these two are one human. Nothing happens where that was done before."""
    hold_who_is_who()
    check_may_say_same(by, statement.one, statement.other)
    at = at or timezone.now()
    if SamePerson.objects.current().filter(pk=statement.pk).update(ended_at=at):
        _about_both(statement, "person.not_same", by=by, at=at)


def _about_both(statement: SamePerson, verb: str, *, by: Account | None, at: datetime) -> None:
    one, other = statement.one, statement.other
    facts = {"one": one.pk, "other": other.pk}
    append_many(
        [
            ChainEntry(one.chain, verb, by, at, rows=[statement], facts=facts),
            ChainEntry(other.chain, verb, by, at, facts=facts),
        ]
    )
    derive([one.pk, other.pk], at)


# --- Where mail goes ------------------------------------------------------------------------------

Follow = Callable[[Person, datetime], None]
FOLLOWERS: list[Follow] = []


def follows_moves(function: Follow) -> Follow:
    """Register what a room does, in the same transaction, when mail for somebody goes elsewhere
    from this moment on: links that were sent to the address before are for who reads it."""
    FOLLOWERS.append(function)
    return function


def _moved(person: Person, at: datetime) -> None:
    for follow in FOLLOWERS:
        follow(person, at)


MOST_OWN_A_DAY = 5
CONFIRMATION, INVITATION = "people/address", "people/invitation"
REGISTERED, INVITED = "person.registered", "account.invited"  # what causes an invitation


@transaction.atomic
def change_address(
    *, person: Person, address: str, by: Account | None, at: datetime | None = None
) -> Address:
    """Give somebody another address, by themselves or by who looks after people. Of who came in
    before it is used once it was confirmed from that mailbox (`confirm_address`), of others at
    once; who was invited is invited there, and the link of before works no more. Raises
    NotPossible for the one that they have, for one with which somebody else signs in, and for who
    changes their own too often: each sends a mail to an address of their choice."""
    check_may_look_after(by, person)
    hold_who_is_who()
    person = _locked(person)
    at = at or timezone.now()
    is_own = by is not None and by.pk == person.pk
    if is_own:
        _check_not_too_often(person, at)
    address = address.strip().lower()
    now = person.address()
    if now is not None and now.address == address:
        raise NotPossible(_("Mail goes to this address already."))
    _check_free(address, person)
    account = getattr(person, "account", None)
    is_used_at_once = account is None or not (is_own or account.was_here)
    over = Q(receives=False, confirmed_at=None) | Q(address=address)
    ended = _end(person.addresses.current().filter(over | Q(receives=is_used_at_once)), at)
    row = Address.objects.create(
        person=person,
        address=address,
        source=Address.Source.SELF if is_own else Address.Source.SCHOOL,
        receives=is_used_at_once,
        recorded_at=at,
    )
    if is_used_at_once and account is not None:  # before its chain, as whoever closes an account
        _sign_in_there(ended, row)
        _void_links(account)
    event = append(person.chain, "address.given", by=by, at=at, rows=[*ended, row])
    if not is_used_at_once:
        queue(CONFIRMATION, to=person.pk, about=row.pk, cause=event, at=at)
    elif account is not None:
        OutboxMail.objects.filter(template=INVITATION, about=person.pk).cancel(at)
        _send_invitation(person, event)
    if is_used_at_once:
        _moved(person, at)
    derive([person.pk], at)
    return row


def _check_not_too_often(person: Person, at: datetime) -> None:
    sent = OutboxMail.objects.filter(template=CONFIRMATION, to=person.pk)
    if sent.filter(recorded_at__gt=at - timedelta(days=1)).count() >= MOST_OWN_A_DAY:
        raise NotPossible(_("We sent you this mail several times today. Try again tomorrow."))


def _sign_in_there(ended: Iterable[Address], row: Address) -> None:
    """Let whoever signed in with an address that has ended sign in with the one in its place.
    Raises NotPossible where somebody else came to sign in with that at this very moment."""
    accounts = Account.objects.filter(pk=row.person_id, sign_in__in=[one.address for one in ended])
    try:
        with transaction.atomic():
            accounts.update(sign_in=row.address)
    except IntegrityError as fault:
        raise NotPossible(_(SIGNS_IN_ELSE)) from fault


def _void_links(account: Account) -> None:
    """Let the links by which a password could be chosen work no more."""
    account.set_unusable_password()
    account.save(update_fields=["password"])


@transaction.atomic
def ask_to_confirm(*, person: Person, by: Account | None, at: datetime | None = None) -> Address:
    """Send the link to the address that waits once more; it works as long as before. Raises
    NotPossible where none waits, and for who asks this for themselves too often."""
    check_may_look_after(by, person)
    person = _locked(person)
    at = at or timezone.now()
    row = _waiting(person).first()
    if row is None or not row.is_confirmable(at):
        raise NotPossible(_("No address waits to be confirmed any more."))
    if by is not None and by.pk == person.pk:
        _check_not_too_often(person, at)
    event = append(person.chain, "address.asked", by=by, at=at)
    queue(CONFIRMATION, to=person.pk, about=row.pk, cause=event, at=at)
    return row


@transaction.atomic
def call_off_address(*, person: Person, by: Account | None, at: datetime | None = None) -> None:
    """Call off the address that waits: its link works no more, and mail goes on going to where it
    goes. Nothing happens where none waits."""
    check_may_look_after(by, person)
    end_waiting(_locked(person), by, at or timezone.now())


def _waiting(person: Person) -> QuerySet[Address]:
    return person.addresses.current().filter(receives=False, confirmed_at=None)


@transaction.atomic
def confirm_address(*, address: Address, by: Account | None, at: datetime | None = None) -> None:
    """Confirm a new address: whoever opened the link that was sent there reads its mail. From now
    on mail goes there, the one before is told, and it is what they sign in with, where that was the
    one before. Raises NotPossible where it was confirmed or replaced, or too late, or somebody else
    came to sign in with it."""
    check_may_confirm_address(by, address)
    hold_who_is_who()
    at = at or timezone.now()
    person = _locked(address.person)
    row = person.addresses.get(pk=address.pk)
    check_confirm_address(row, at)
    _check_free(row.address, person)
    ended = _end(person.addresses.current().filter(receives=True).exclude(pk=row.pk), at)
    row.receives, row.confirmed_at = True, at
    row.save(update_fields=["receives", "confirmed_at"])
    _sign_in_there(ended, row)
    event = append(person.chain, "address.confirmed", by=by, at=at, rows=[*ended, row])
    for one in ended:
        queue("people/address_changed", to=person.pk, about=one.pk, cause=event, at=at)
    _moved(person, at)
    derive([person.pk], at)


@transaction.atomic
def note_mailbox(*, account: Account, at: datetime | None = None) -> None:
    """Note that somebody reads mail at the address where they found the link by which they chose a
    password: it is confirmed. Nothing happens where it was before."""
    at = at or timezone.now()
    row = account.person.addresses.current().filter(receives=True, confirmed_at=None).first()
    if row is not None:
        row.confirmed_at = at
        row.save(update_fields=["confirmed_at"])
        append(account.person.chain, "address.confirmed", by=account, at=at, rows=[row])


def _check_free(address: str, person: Person) -> None:
    others = Account.objects.exclude(pk=person.pk)
    holder = account_at(address, known_at(address))
    if others.filter(sign_in=address).exists() or (holder and holder != person):
        raise NotPossible(_(SIGNS_IN_ELSE))


def end_waiting(person: Person, by: Account | None, at: datetime) -> None:
    """End the addresses of somebody that wait for a confirmation, in the transaction that gives
    them a role or enrols them: whoever gave one must not come into more than they knew of."""
    if ended := _end(_waiting(person), at):
        append(person.chain, "address.refused", by=by, at=at, rows=ended)


def _end(rows: QuerySet[Address], at: datetime) -> list[Address]:
    ended = list(rows)
    Address.objects.filter(pk__in=[row.pk for row in ended]).update(ended_at=at)
    return ended


def _locked(person: Person) -> Person:
    """Lock this person until the end of the transaction. Raises NotPossible for who was erased."""
    locked = under_lock(Person.objects.select_related("account"), person.pk)
    if locked.erased_at is not None:
        raise NotPossible(_("This person was erased: nothing is left to change."))
    return locked


# --- Accounts -------------------------------------------------------------------------------------


@transaction.atomic
def register(
    *, email: str, name: str, by: Account | None, language: str = "nl", at: datetime | None = None
) -> Account:
    """Find the account of who is meant by this name at this address, or make one and invite them by
    mail to choose a password. Raises NotPossible for an account that goes by another
    name. Who may call this is decided by the action that needs the account."""
    at = at or timezone.now()
    meant = Meant(name, email, language)
    hold_who_is_who()
    person = person_meant(meant, source=Address.Source.SCHOOL, by=by, at=at)
    if hasattr(person, "account"):
        return person.account
    return _give_account(person, meant, by=by, at=at)


def _give_account(person: Person, meant: Meant, *, by: Account | None, at: datetime) -> Account:
    check_one_account(person)
    rows = list(person.addresses.current().filter(receives=True))
    if [row.address for row in rows] != [meant.address]:
        _end(person.addresses.current(), at)
        rows.append(
            Address.objects.create(
                person=person, address=meant.address, source=Address.Source.SCHOOL, recorded_at=at
            )
        )
    account = Account.objects.create_user(meant.address, person=person, at=at)
    _send_invitation(person, append(person.chain, REGISTERED, by=by, at=at, rows=rows))
    derive([person.pk], at)
    return account


def _send_invitation(person: Person, event: Event) -> None:
    at = event.recorded_at
    due_at = at + wait_of_mail()
    queue(INVITATION, to=person.pk, about=person.pk, cause=event, at=at, due_at=due_at)


@transaction.atomic
def invite(
    *, email: str, name: str, by: Account | None, language: str = "nl", at: datetime | None = None
) -> Account:
    """Give somebody an account, by who looks after people. Raises NotPossible where somebody signs
    in from this mailbox already."""
    check_may_administer(by)
    there = account_at(email, known_at(email))
    if there is not None:
        text = _("%(name)s has an account with this address already.")
        raise NotPossible(text % {"name": there.name})
    return register(email=email, name=name, language=language, by=by, at=at)


@transaction.atomic
def invite_person(*, person: Person, by: Account | None, at: datetime | None = None) -> None:
    """Make an account for somebody who has none, or send the invitation once more, to where mail
    for them goes: nobody else comes into anything by it. Raises NotPossible for who has no address,
    or came in already, or may not."""
    check_may_administer(by)
    hold_who_is_who()
    person = _locked(person)
    check_invite(person)
    if not hasattr(person, "account"):
        address = cast(Address, person.address())
        meant = Meant(person.name, address.address, person.language)
        _give_account(person, meant, by=by, at=at or timezone.now())
        return
    _send_invitation(person, append(person.chain, INVITED, by=by, at=at))


def invited_by(person: Person, by: Account | None, since: datetime) -> Event | None:
    """Find the last invitation of somebody since a moment, where it was this person's. One
    query."""
    invited = Event.objects.filter(
        chain__key=person.chain, verb__in=(REGISTERED, INVITED), recorded_at__gt=since
    )
    last = invited.order_by("-number").first()
    return last if last is not None and last.by == by else None


@transaction.atomic
def undo_invitation(*, person: Person, by: Account | None, at: datetime | None = None) -> None:
    """Take an invitation back: the account that was made for it is gone, and of who became known by
    it the name and the address. One that was sent once more is only not sent. Raises NotPossible
    once its mail is on its way, they came in, or something else names them since."""
    check_may_administer(by)
    hold_who_is_who()
    person = _locked(person)
    at = at or timezone.now()
    event = invited_by(person, by, at - wait_of_mail())
    if event is None:
        raise NotPossible(_("Only who sent an invitation can undo it, while its mail waits."))
    check_invite(person)
    call_off_mails([person.pk], event.recorded_at, wait_of_mail(), at)
    if event.verb == INVITED:
        append(person.chain, "account.invitation_taken_back", by=by, at=at)
        return
    if is_named(person, event.recorded_at):
        raise NotPossible(
            _("%(name)s has a role by now, or was named elsewhere. Stop the access instead.")
            % {"name": person.name}
        )
    person.account.delete()
    near = counted_together([person.pk])[person.pk]
    rows: list[Sealed] = []
    if person.recorded_at >= event.recorded_at:  # nobody knew of them before
        rows = [blanked.stated for blanked in _nameless(person, at) if blanked.stated]
    append(person.chain, "account.taken_back", by=by, at=at, rows=rows)
    derive({person.pk, *near}, at)
    drafts.draft_again(person.pk)


def forget_newcomer(
    person: Person, *, since: datetime, by: Account | None, at: datetime, but: Collection[UUID]
) -> bool:
    """Blank the name and the addresses of who became known by what was sent at a moment and is
    taken back now, in its transaction: nothing but these rows names them. Tells whether it was so;
    whoever was known before, has an account or is named elsewhere stays. A query for who was known,
    else one for each kind of row that could name them."""
    person = under_lock(Person.objects.select_related("account"), person.pk)
    if person.recorded_at < since or person.erased_at or hasattr(person, "account"):
        return False
    if is_named(person, since, but):
        return False
    near = counted_together([person.pk])[person.pk]
    rows = [blanked.stated for blanked in _nameless(person, at) if blanked.stated]
    append(person.chain, "person.forgotten", by=by, at=at, rows=rows)
    derive({person.pk, *near}, at)
    return True


def is_named(person: Person, since: datetime, but: Collection[UUID] = ()) -> bool:
    """Tell whether a row that was made since a moment names this person, but for these rows and for
    how they are reached and come in. A query for each kind of row that could."""
    for relation in Person._meta.related_objects:
        model, name = relation.field.model, relation.field.name
        if model not in (Account, Address, Identity):
            rows = model._base_manager.filter(**{name: person.pk}).exclude(pk__in=but)
            if hasattr(model, "recorded_at"):
                rows = rows.filter(recorded_at__gte=since)
            if rows.exists():
                return True
    return False


@transaction.atomic
def stop_access(*, account: Account, by: Account | None, at: datetime | None = None) -> None:
    """Let somebody in no more, from their next request on; sessions of before do not come back
    with their access. Their roles and what they did stay. Raises NotPossible for oneself."""
    check_may_look_after(by, account.person)
    if by is not None and by.pk == account.pk:
        raise NotPossible(_("This is your own account: somebody else can close it."))
    is_open = Account.objects.filter(pk=account.pk, is_active=True)
    if is_open.update(is_active=False, sessions_begun=F("sessions_begun") + 1):
        append(account.person.chain, "account.closed", by=by, at=at)


@transaction.atomic
def give_access(*, account: Account, by: Account | None, at: datetime | None = None) -> None:
    """Let somebody in again. Raises NotPossible where they have another account that is open, as
    the human they are said to be."""
    check_may_look_after(by, account.person)
    hold_who_is_who()
    check_one_account(account.person)
    if Account.objects.filter(pk=account.pk, is_active=False).update(is_active=True):
        append(account.person.chain, "account.opened", by=by, at=at)


@transaction.atomic
def sign_out_everywhere(
    *, account: Account, by: Account | None, at: datetime | None = None
) -> None:
    """End all sessions of this person, on whatever device; they can sign in again."""
    check_may_look_after(by, account.person)
    Account.objects.filter(pk=account.pk).update(sessions_begun=F("sessions_begun") + 1)
    append(account.person.chain, "account.signed_out", by=by, at=at)


@transaction.atomic
def set_rights(
    *,
    account: Account,
    is_staff: bool,
    is_superuser: bool,
    by: Account | None,
    at: datetime | None = None,
) -> None:
    """Say who sees the support desk, and who administers everything. Nothing happens where it is so
    already; where a right is given, an address that waits waits in vain."""
    check_may_give_roles(by)
    person = _locked(account.person)
    before = person.account
    at = at or timezone.now()
    rights = {"is_staff": is_staff, "is_superuser": is_superuser}
    if Account.objects.filter(pk=account.pk).exclude(**rights).update(**rights):
        if is_staff > before.is_staff or is_superuser > before.is_superuser:
            end_waiting(person, by, at)
        append(person.chain, "account.rights", by=by, at=at, facts=rights)


# --- Roles in the institution ---------------------------------------------------------------------


@transaction.atomic
def give_role(
    *, person: Person, role: InstitutionRole.Role, by: Account | None, at: datetime | None = None
) -> InstitutionRole:
    """Give a person a role in the institution; a role they already have stays as it is. `by` is
    a superuser, or None for the command line. Raises NotPossible for who has no account."""
    check_may_give_roles(by)
    check_give_role(person)
    at = at or timezone.now()
    given, is_new = InstitutionRole.objects.get_or_create(
        person=person, role=role, ended_at=None, defaults={"recorded_at": at}
    )
    if is_new:
        end_waiting(person, by, at)
        append(given.chain, "role.given", by=by, at=at, rows=[given], facts={"role": role})
    return given


@transaction.atomic
def end_role(*, role: InstitutionRole, by: Account | None, at: datetime | None = None) -> None:
    """End a role in the institution. Nothing happens where it has ended."""
    check_may_give_roles(by)
    at = at or timezone.now()
    if InstitutionRole.objects.current().filter(pk=role.pk).update(ended_at=at):
        facts = {"role": role.role}
        append(role.chain, "role.ended", by=by, at=at, rows=[role], facts=facts)


# --- Erasing --------------------------------------------------------------------------------------


@transaction.atomic
def erase_person(
    *, person: Person, ground: str, by: Account | None, at: datetime | None = None
) -> list[Erasure]:
    """Blank the names and the addresses of somebody, also where others typed them in what is not
    sent yet, how it was known that they are one with another, and the names that other rooms keep
    of them, live and frozen; close their account, and forget what they themselves were writing.
    What they said stays, as the words of somebody. Who may order it, and when, is decided by the
    action that calls. Raises NotPossible for who was erased before, and without a ground."""
    hold_who_is_who()
    person = _locked(person)
    at = at or timezone.now()
    words = {person.name, *person.former_names} - {""}
    words |= set(person.addresses.exclude(address="").values_list("address", flat=True))
    near = counted_together([person.pk])[person.pk]
    blanked = _nameless(person, at)
    for said in SamePerson.objects.filter(Q(one=person) | Q(other=person)).exclude(reason=""):
        said.reason, said.salt = "", new_salt()
        said.save(update_fields=["reason", "salt"])
        blanked.append(Blanked(said, said.chain, ("reason",), stated=said))
    if hasattr(person, "account"):
        account = person.account
        account.sign_in, account.is_active = f"{account.pk}@erased.invalid", False
        account.last_seen_on = None
        account.set_unusable_password()
        account.save(update_fields=["sign_in", "is_active", "last_seen_on", "password"])
    drafts.blank(words)
    drafts.forget_of(person.pk)
    erasures = record_erasures([*blanked, *blank_copies(person)], ground=ground, by=by, at=at)
    derive({person.pk, *near}, at)
    return erasures


def _nameless(person: Person, at: datetime) -> list[Blanked]:
    """Blank the names and the addresses of this locked person; the caller states it."""
    person.name, person.former_names = "", []
    person.erased_at, person.salt = at, new_salt()
    person.save(update_fields=["name", "former_names", "erased_at", "salt"])
    blanked = [Blanked(person, person.chain, ("name", "former_names"), stated=person)]
    for address in person.addresses.exclude(address=""):
        address.address, address.salt = "", new_salt()
        address.ended_at = address.ended_at or at
        address.save(update_fields=["address", "mailbox", "salt", "ended_at"])
        blanked.append(Blanked(address, address.chain, ("address", "mailbox"), stated=address))
    return blanked


# --- Own choices ----------------------------------------------------------------------------------


@transaction.atomic
def choose_language(*, by: Account, language: str) -> None:
    """Speak to this person in this language from now on. One query."""
    Person.objects.filter(pk=by.pk).update(language=language)


@transaction.atomic
def close_tour(*, by: Account, tour: str) -> None:
    """Show this person the tour with this key no more. Two queries."""
    account = under_lock(Account.objects.all(), by.pk)
    if tour not in account.closed_tours:
        account.closed_tours.append(tour)
        account.save(update_fields=["closed_tours"])
