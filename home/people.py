"""Who is known here, for who looks after people: where mail reaches them, whether they come in, in
which roles they are, and who counts as one with them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from committees.models import Committee, Membership
from people.access import (
    allowed,
    check_give_role,
    check_invite,
    check_may_give_roles,
    check_may_look_after,
    check_may_say_same,
    check_one_account,
)
from people.identity import names_of
from people.models import Account, Address, Identity, InstitutionRole, Person, SamePerson
from post.models import OutboxMail
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Programme,
    ProgrammeRole,
    Supervisor,
)
from records.models import Dated
from records.refusals import why_not

ADVISER = pgettext_lazy("role of a person", "adviser")
SUPERVISOR = pgettext_lazy("role of a person", "workplace supervisor")
STUDENT = pgettext_lazy("role of a person", "student")

# --- Finding --------------------------------------------------------------------------------------


class Access(models.TextChoices):
    """Whether somebody comes in."""

    NONE = "none", pgettext_lazy("access of a person", "no account")
    INVITED = "invited", pgettext_lazy("access of a person", "invited")
    ACTIVE = "active", pgettext_lazy("access of a person", "active")
    CLOSED = "closed", pgettext_lazy("access of a person", "closed")


def access_of(person: Person) -> Access:
    """Tell how somebody comes in. Without a query where the account was selected."""
    account = getattr(person, "account", None)
    if account is None:
        return Access.NONE
    if not account.is_active:
        return Access.CLOSED
    return Access.ACTIVE if account.was_here else Access.INVITED


def people_found(words: str) -> QuerySet[Person]:
    """Find the people of whom each of these words stands in the name or in an address of now, with
    their account, in the order of their names; everybody for no words, and nobody who was
    erased."""
    rows = Person.objects.filter(erased_at=None).select_related("account")
    for word in words.split():
        at = Address.objects.current().filter(person=OuterRef("pk"), address__icontains=word)
        rows = rows.filter(Q(name__icontains=word) | Exists(at))
    return rows.order_by(Lower("name"), "pk")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody in a list; `roles` are those of now, each once."""

    person: Person
    address: str
    access: Access
    roles: list[str]


def lines_of(people: Iterable[Person]) -> list[PersonLine]:
    """Draw the lines of these people, who come with their account, with the names of their roles of
    now. Seven queries, however many they are."""
    people = list(people)
    pks = [person.pk for person in people]
    addresses = Address.objects.current().filter(person__in=pks, receives=True)
    address_of = dict(addresses.values_list("person", "address"))
    roles = roles_now(pks, timezone.localdate())
    return [
        PersonLine(person, address_of.get(person.pk, ""), access_of(person), roles[person.pk])
        for person in people
    ]


# --- Roles ----------------------------------------------------------------------------------------


def roles_now(people: Collection[UUID], on: date) -> defaultdict[UUID, list[str]]:
    """List the names of the roles in which each of these people is on this day, each once: one in
    the institution and one in programmes can bear the same, so the programmes are named. Six
    queries."""
    names: defaultdict[UUID, list[str]] = defaultdict(list)
    in_a_draft = {"programme__state": Programme.State.DRAFT}
    for rows, where, unseen in (
        (InstitutionRole, (), {}),
        (ProgrammeRole, ("programme__title", "programme__cohort"), in_a_draft),
        (Membership, (), {}),
    ):
        given = rows.objects.current().filter(person__in=people).order_by("role", *where)
        given = given.exclude(**unseen) if unseen else given
        places: defaultdict[tuple[UUID, str], list[str]] = defaultdict(list)
        for person, role, *there in given.values_list("person", "role", *where).distinct():
            places[person, str(rows.Role(role).label)].append(" ".join(there))
        for (person, label), inside in places.items():
            names[person].append(f"{label} ({', '.join(inside)})" if where else label)
    for name, field, held in (
        (ADVISER, "adviser", AdviserAssignment.objects.current()),
        (SUPERVISOR, "person", Supervisor.objects.current()),
        (STUDENT, "student", Enrolment.objects.current(on)),
    ):
        there = held.filter(**{f"{field}__in": people}).order_by()
        for person in there.values_list(field, flat=True).distinct():
            names[person].append(str(name))
    return names


@dataclass(frozen=True, slots=True)
class RoleHeld:
    """A role in words, with its days; `until` is None where no end is known. `of` is the id of the
    programme or committee where it was given, and `url` its page; `institution_role` is the row of
    a role in the institution, which has neither."""

    name: str
    where: str
    since: date
    until: date | None
    is_over: bool
    of: UUID | None = None
    url: str = ""
    institution_role: InstitutionRole | None = None


def roles_held(person: UUID, on: date) -> list[RoleHeld]:
    """List all roles of this person as they are on this day: first those of now, then those of
    before. Six queries."""
    return sorted(_roles(person, on), key=lambda role: (role.is_over, role.since))


def _roles(person: UUID, on: date) -> Iterator[RoleHeld]:
    for role in InstitutionRole.objects.filter(person=person):
        where = _("in the institution")
        yield _dated(role, role.get_role_display(), where, institution_role=role)
    known = ProgrammeRole.objects.filter(programme__state__in=Programme.OPENED)
    for given in known.filter(person=person).select_related("programme"):
        where, of = str(given.programme), _in(given.programme)
        yield _dated(given, given.get_role_display(), where, **of)
    for seat in Membership.objects.filter(person=person).select_related("committee"):
        url = reverse("committees:committee", args=[seat.committee_id])
        of = {"of": seat.committee_id, "url": url}
        yield _dated(seat, seat.get_role_display(), seat.committee.name, **of)
    advising = AdviserAssignment.objects.filter(adviser=person)
    for each in advising.select_related("enrolment__student", "enrolment__programme"):
        where, of = each.enrolment.student.name, _in(each.enrolment.programme)
        yield _dated(each, str(ADVISER), where, **of)
    supervising = Supervisor.objects.filter(person=person)
    for one in supervising.select_related("placement__enrolment__programme"):
        where, of = one.placement.workplace, _in(one.placement.enrolment.programme)
        yield _dated(one, str(SUPERVISOR), where, **of)
    for row in Enrolment.objects.filter(student=person).select_related("programme"):
        days = row.starts_on, row.ends_on, row.is_over(on)
        yield RoleHeld(str(STUDENT), str(row.programme), *days, **_in(row.programme))


def _dated(row: Dated, name: str, where: str, **of: Any) -> RoleHeld:
    since = timezone.localdate(row.recorded_at)
    until = timezone.localdate(row.ended_at) if row.ended_at else None
    return RoleHeld(name, where, since, until, until is not None, **of)


def _in(programme: Programme) -> dict[str, Any]:
    return {"of": programme.pk, "url": programme.get_absolute_url()}


# --- Who counts as one ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kin:
    """Somebody who counts as one with another, or is known at the same mailbox and does not, with
    what makes them one there: a name that both have or had, or that others only named one of them.
    `statement` is what was said of the two, if it was."""

    person: Person
    counts_as_one: bool
    shares_mailbox: bool
    shares_name: bool
    is_named_by_others_only: bool
    statement: SamePerson | None


def kin_of(person: Person) -> list[Kin]:
    """List who counts as one with this person now, and who else is known at their mailbox. Five
    queries."""
    counted = Identity.objects.current().filter(person=person).values("counts_as")
    first = counted[0]["counts_as"] if counted else person.pk
    same = Identity.objects.current().filter(counts_as=first)
    group = {first, *same.values_list("person", flat=True)}
    own = person.addresses.known().values("mailbox")
    there = Address.objects.known().filter(mailbox__in=own).exclude(mailbox="")
    sharing = set(there.values_list("person", flat=True))
    said = {}
    for row in SamePerson.objects.current().filter(Q(one=person) | Q(other=person)):
        said[row.other_id if row.one_id == person.pk else row.one_id] = row
    rest = (group | sharing | said.keys()) - {person.pk}
    others = Person.objects.filter(pk__in=rest, erased_at=None)
    return [
        Kin(
            person=one,
            counts_as_one=one.pk in group,
            shares_mailbox=one.pk in sharing,
            shares_name=bool(names_of(one) & names_of(person)),
            is_named_by_others_only=one.named_at is None or person.named_at is None,
            statement=said.get(one.pk),
        )
        for one in others.select_related("account").order_by("name", "pk")
    ]


# --- One person -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonShown:
    """What the page of one person shows; `why_no_…` is why something is not possible now, if it is
    not. `open_to_viewer` holds the programmes and committees that
    the viewer may open; `troubles` are mails that did not arrive, by what they were about."""

    person: Person
    access: Access
    address: Address | None
    waiting: Address | None
    former: list[Address]
    roles: list[RoleHeld]
    kin: list[Kin]
    troubles: dict[UUID, OutboxMail]
    open_to_viewer: set[UUID]
    may_change: bool
    may_say_same: bool
    may_give_roles: bool
    why_kept_out: str  # of who has not come in, or has a closed account
    why_no_role: str


def person_shown(person: Person, viewer: Account, at: datetime) -> PersonShown:
    """Show somebody to who looks after them. At most 22 queries, however much there is; of who has
    not come in, or is kept out, those of `check_invite` or `check_one_account` besides."""
    access = access_of(person)
    addresses = list(person.addresses.exclude(address="").order_by("recorded_at", "pk"))
    now = [row for row in addresses if row.ended_at is None]
    return PersonShown(
        person=person,
        access=access,
        address=next((row for row in now if row.receives), None),
        waiting=next((row for row in now if row.is_confirmable(at)), None),
        former=[row for row in addresses if row.ended_at and (row.receives or row.confirmed_at)],
        roles=roles_held(person.pk, timezone.localdate(at)),
        kin=kin_of(person),
        troubles=OutboxMail.objects.troubles_about([person.pk, *[row.pk for row in now]]),
        open_to_viewer={
            *Programme.objects.visible_to(viewer).values_list("pk", flat=True),
            *Committee.objects.visible_to(viewer).values_list("pk", flat=True),
        },
        may_change=allowed(check_may_look_after, viewer, person),
        may_say_same=allowed(check_may_say_same, viewer, person),
        may_give_roles=allowed(check_may_give_roles, viewer),
        why_kept_out=_why_kept_out(person, access),
        why_no_role=why_not(check_give_role, person),
    )


def _why_kept_out(person: Person, access: Access) -> str:
    if access == Access.ACTIVE:
        return ""
    return why_not(check_one_account if access == Access.CLOSED else check_invite, person)
