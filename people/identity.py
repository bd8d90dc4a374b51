"""Who counts as one with whom: statements of coordinators, and mailboxes in common.

Somebody who was only ever named by others counts as one with the mailbox at which they are known:
with the first there who named themselves, else with the first of all; and those who go by the same
name at one mailbox, now or before, count as one. So the number of distinct
people is never more than there are pairs of a human and a mailbox, and never more than there are
humans once a coordinator has said which are one. (docs/decisions/0016-a-person-is-no-address.md)
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, UUIDField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from people.models import Account, Address, Identity, Person, SamePerson
from records.chain import ChainEntry, append_many
from records.locking import hold
from records.models import name_of
from records.verification import verifies

Pair = tuple[UUID, UUID]


def counted_as(people: "Collection[UUID] | QuerySet", moment: datetime) -> dict[UUID, UUID]:
    """Say as whom those of these people counted at this (aware) moment who counted as somebody
    else. One query."""
    rows = Identity.objects.as_of(moment).filter(person__in=people)
    return dict(rows.values_list("person", "counts_as"))


def counted_together(people: Collection[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Find for each of these people all who now count as one with them, themselves included. Two
    queries."""
    now = Identity.objects.current()
    first = {one: one for one in people}
    first |= dict(now.filter(person__in=people).values_list("person", "counts_as"))
    groups: dict[UUID, set[UUID]] = defaultdict(set)
    rows = now.filter(counts_as__in=set(first.values()))
    for person, counts_as in rows.values_list("person", "counts_as"):
        groups[counts_as].add(person)
    return {one: frozenset({one, as_whom} | groups[as_whom]) for one, as_whom in first.items()}


def said_to_be(people: Iterable[UUID]) -> dict[UUID, frozenset[UUID]]:
    """Find for each of these people all who are said to be the same human, themselves included. A
    query for each step from one to the next, at least one."""
    people = set(people)
    pairs = _statements(people)
    groups = _groups({*people, *(one for pair in pairs for one in pair)}, pairs)
    return {one: frozenset(group) for group in groups for one in group & people}


def is_one_with(person: UUID, column: str) -> Q:
    """Tell whether who stands in this column of the outer query is this person, or counts as one
    with them now. No query of its own."""

    def human(inner: object, outer: Combinable) -> Coalesce:
        counts_as = Identity.objects.current().filter(person=inner).values("counts_as")
        return Coalesce(Subquery(counts_as[:1], UUIDField()), outer)

    them = human(person, Value(person, UUIDField()))
    return Q(Exact(human(OuterRef(column), F(column)), them))


def at_mailboxes_of(people: "Collection[UUID] | QuerySet") -> QuerySet[Address]:
    """Select the addresses, of now and of before, at the mailboxes of these people: theirs, and
    those of everybody else who is or was known there. No query of its own."""
    known = Address.objects.known().exclude(mailbox="")
    return known.filter(mailbox__in=known.filter(person__in=people).values("mailbox"))


def known_at(address: str) -> list[Person]:
    """List who is known at this mailbox now, in the order in which they became known. Whoever was
    known there before may read it no longer. One query."""
    rows = Address.objects.known().current().at(address).select_related("person__account")
    return [row.person for row in rows.order_by("person__recorded_at", "person")]


def account_at(address: str, there: Iterable[Person]) -> Person | None:
    """Find who of these has an account, first who signs in with this very address. No query where
    the accounts were selected."""
    here = [one for one in there if hasattr(one, "account")]
    written = address.strip().lower()
    return min(here, key=lambda one: one.account.sign_in != written, default=None)


def hold_who_is_who() -> None:
    """Let whoever else comes to say who somebody is, or locks what hangs on that, wait until the
    caller's transaction ends, and then see what it made. Before any row or chain is locked, so that
    no two wait for each other (a guard in the tests holds every action to it). One query on
    PostgreSQL, none on SQLite."""
    hold("who is who")


def plain_name(name: str) -> str:
    """Write a name without its spacing and its capitals, to compare it by."""
    return " ".join(name.split()).casefold()


def names_of(person: Person) -> set[str]:
    """List the plain names that somebody has and had. No query."""
    return {plain_name(name) for name in (person.name, *person.former_names)}


FOLLOWERS_OF_IDENTITY: list[Callable[[Collection[UUID]], None]] = []


def follows_identity(
    function: Callable[[Collection[UUID]], None],
) -> Callable[[Collection[UUID]], None]:
    """Register what a room does, in the same transaction, when it changes as whom these people
    count."""
    FOLLOWERS_OF_IDENTITY.append(function)
    return function


def derive(people: Iterable[UUID], at: datetime) -> None:
    """Bring the identities of these people, and of all whom they are connected to, up to date, in
    the caller's transaction. The people are locked, so that no two derivations pass each other by.
    Costs by the steps to further people, and not by how many they are."""
    people = set(people)
    known: dict[UUID, Person] = {}
    found, pairs, at_mailbox = _connected(people)
    while set(known) != found:
        # Whoever names one of them meanwhile, by a role say, need not wait.
        rows = Person.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=found)
        known = {row.pk: row for row in rows.select_related("account").order_by("pk")}
        # Who held one of them until now may have connected them to others.
        found, pairs, at_mailbox = _connected(people)
    wanted = _wanted(known, pairs, at_mailbox)
    now = {row.person_id: row for row in Identity.objects.current().filter(person__in=known)}
    over = [row for pk, row in now.items() if wanted.get(pk) != row.counts_as_id]
    Identity.objects.filter(pk__in=[row.pk for row in over]).update(ended_at=at)
    new = Identity.objects.bulk_create(
        Identity(person_id=pk, counts_as_id=first, recorded_at=at)
        for pk, first in wanted.items()
        if pk not in now or now[pk] in over
    )
    changed: dict[str, list[Identity]] = defaultdict(list)
    for row in [*over, *new]:
        changed[row.chain].append(row)
    if changed:
        append_many(
            ChainEntry(key, "identity.derived", None, at, rows) for key, rows in changed.items()
        )
        for follow in FOLLOWERS_OF_IDENTITY:
            follow({row.person_id for row in [*over, *new]})


@verifies
def unfounded_identities() -> Iterator[str]:
    """Report the rows of now that do not follow from names, addresses and statements, by name, and
    who is without the row that does, and who is spoken of and not there; those that ended are what
    was stated of them, as any sealed row. Four queries; holds everybody in memory at once."""
    rows = Person.objects.select_related("account")
    known = {row.pk: row for row in rows}
    at_mailbox: dict[str, set[UUID]] = defaultdict(set)
    addresses = Address.objects.known().exclude(mailbox="")
    for mailbox, person in addresses.values_list("mailbox", "person"):
        at_mailbox[mailbox].add(person)
    pairs = set(SamePerson.objects.current().values_list("one", "other"))
    gone = {one for pair in pairs for one in pair}.union(*at_mailbox.values()) - known.keys()
    for pk in sorted(gone):
        yield f"{Person._meta.label_lower}:{pk}: gone, and known by an address or a statement"
    pairs = {pair for pair in pairs if not gone.intersection(pair)}
    at_mailbox = {box: here for box, there in at_mailbox.items() if (here := there - gone)}
    wanted = _wanted(known, pairs, at_mailbox)
    for identity in Identity.objects.current():
        if wanted.pop(identity.person_id, None) != identity.counts_as_id:
            yield f"{name_of(identity)}: does not follow"
    for pk in wanted:
        yield f"{name_of(known[pk])}: without the identity that follows"


@verifies
def accounts_of_others() -> Iterator[str]:
    """Report the accounts that do not bear the id of their person: whose name an event shows is
    read by the account. One query."""
    for pk in Account.objects.exclude(pk=F("person")).order_by("pk").values_list("pk", flat=True):
        yield f"{Account._meta.label_lower}:{pk}: belongs to another person"


def _wanted(
    known: dict[UUID, Person], pairs: Iterable[Pair], at_mailbox: dict[str, set[UUID]]
) -> dict[UUID, UUID]:
    """Tell as whom those of these people count who count as somebody else."""
    edges = list(pairs)
    for there in at_mailbox.values():
        first = min(there, key=lambda pk: _rank(known[pk]))
        edges += [(first, pk) for pk in there if known[pk].named_at is None]
        called: dict[str, UUID] = {}
        for pk in there:
            edges += [(called.setdefault(name, pk), pk) for name in names_of(known[pk])]
    wanted: dict[UUID, UUID] = {}
    for group in _groups(known, edges):
        first = min(group, key=lambda pk: _rank(known[pk]))
        wanted |= {pk: first for pk in group if pk != first}
    return wanted


def _rank(person: Person) -> tuple[bool, bool, datetime, UUID]:
    """Rank who stands for others: who has an account, who is named, who was known first."""
    has_account = hasattr(person, "account")
    return not has_account, person.named_at is None, person.recorded_at, person.pk


def _connected(people: set[UUID]) -> tuple[set[UUID], set[Pair], dict[str, set[UUID]]]:
    """Find all who are connected to these people by statements or mailboxes, the statements, and
    who is at which mailbox now."""
    pairs: set[Pair] = set()
    at_mailbox: dict[str, set[UUID]] = defaultdict(set)
    new = set(people)
    while new:
        here = Address.objects.known().filter(person__in=new).exclude(mailbox="")
        boxes = set(here.values_list("mailbox", flat=True)) - at_mailbox.keys()
        there = Address.objects.known().filter(mailbox__in=boxes)
        for mailbox, person in there.values_list("mailbox", "person"):
            at_mailbox[mailbox].add(person)
        pairs |= _statements(new)
        reached = {one for pair in pairs for one in pair}.union(*at_mailbox.values())
        new = reached - people
        people = people | new
    return people, pairs, at_mailbox


def _statements(people: set[UUID]) -> set[Pair]:
    """Find the current statements about these people and all whom they are said to be."""
    pairs: set[Pair] = set()
    new = people
    while new:
        rows = SamePerson.objects.current().filter(Q(one__in=new) | Q(other__in=new))
        pairs |= set(rows.values_list("one", "other"))
        new = {one for pair in pairs for one in pair} - people
        people = people | new
    return pairs


def _groups(people: Iterable[UUID], edges: Iterable[Pair]) -> list[set[UUID]]:
    """Group those that edges connect; each person in one group."""
    group_of = {one: {one} for one in people}
    for one, other in edges:
        if group_of[one] is not group_of[other]:
            group_of[one] |= group_of[other]
            for each in group_of[other]:
                group_of[each] = group_of[one]
    return list({id(group): group for group in group_of.values()}.values())
