from datetime import datetime

from django.db import transaction
from django.utils import timezone

from people.access import NotAllowed
from people.models import Account, InstitutionRole, Person
from post.outbox import queue
from records.chain import append


@transaction.atomic
def register(
    *, email: str, name: str, by: Account | None, language: str = "nl", at: datetime | None = None
) -> Account:
    """The account that signs in with this address; made, and invited by mail to choose a password,
    if nobody has it. Somebody known keeps the name they chose. Who may call this is decided by the
    action that needs the account."""
    at = at or timezone.now()
    address = email.strip().lower()
    existing = Account.objects.filter(sign_in=address).first()
    if existing:
        return existing
    account = Account.objects.create_user(address, name, language=language, by=by, at=at)
    event = append(account.person.chain, "person.registered", by=by, at=at)
    queue("people/invitation", to=account.pk, about=account.pk, cause=event, at=at)
    return account


@transaction.atomic
def give_role(
    *, person: Person, role: InstitutionRole.Role, by: Account | None, at: datetime | None = None
) -> InstitutionRole:
    """Give a person a role in the institution; a role they already have stays as it is. `by` is
    a superuser, or None for the command line."""
    if by is not None and not by.is_superuser:
        raise NotAllowed
    at = at or timezone.now()
    given, is_new = InstitutionRole.objects.get_or_create(
        person=person, role=role, ended_at=None, defaults={"recorded_at": at}
    )
    if is_new:
        append(given.chain, "role.given", by=by, at=at, rows=[given], facts={"role": role})
    return given


@transaction.atomic
def end_role(*, role: InstitutionRole, by: Account | None, at: datetime | None = None) -> None:
    if by is not None and not by.is_superuser:
        raise NotAllowed
    at = at or timezone.now()
    if InstitutionRole.objects.current().filter(pk=role.pk).update(ended_at=at):
        facts = {"role": role.role}
        append(role.chain, "role.ended", by=by, at=at, rows=[role], facts=facts)


@transaction.atomic
def choose_language(*, by: Account, language: str) -> None:
    Person.objects.filter(pk=by.pk).update(language=language)


@transaction.atomic
def close_tour(*, by: Account, tour: str) -> None:
    """Show this person the tour with this key no more. Two queries."""
    account = Account.objects.select_for_update(of=("self",)).get(pk=by.pk)
    if tour not in account.closed_tours:
        account.closed_tours.append(tour)
        account.save(update_fields=["closed_tours"])
