from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.models import Committee, Membership
from people.actions import register
from people.models import Account
from programmes.access import check_may_manage
from programmes.models import Programme
from records.chain import append
from records.refusals import NotPossible


@transaction.atomic
def make_committee(
    *,
    programme: Programme,
    name: str,
    quorum: int,
    mandate: str,
    mandate_on: date,
    by: Account | None,
    at: datetime | None = None,
) -> Committee:
    """A committee of this programme, under the mandate that the exam board gave on this date; its
    members come after (`give_seat`). Raises NotPossible when the name is taken."""
    check_may_manage(by, programme)
    at = at or timezone.now()
    committee = Committee(
        programme=programme,
        name=name.strip(),
        quorum=quorum,
        mandate=mandate.strip(),
        mandate_on=mandate_on,
        recorded_at=at,
    )
    try:
        with transaction.atomic():
            committee.save(force_insert=True)
    except IntegrityError as fault:
        raise NotPossible(_("This programme has a committee of this name already.")) from fault
    facts = {"programme": programme.pk, "quorum": quorum, "mandate_on": mandate_on}
    append(committee.chain, "committee.made", by=by, at=at, rows=[committee], facts=facts)
    return committee


@transaction.atomic
def give_seat(
    *,
    committee: Committee,
    email: str,
    name: str,
    role: Membership.Role,
    by: Account | None,
    at: datetime | None = None,
) -> Membership:
    """A seat for whoever has this address; somebody unknown is registered, and invited by mail.
    Raises NotPossible for a second seat or a second chair."""
    check_may_manage(by, committee.programme)
    at = at or timezone.now()
    committee = Committee.objects.select_for_update().get(pk=committee.pk)
    seats = committee.memberships.current()
    if role == Membership.Role.CHAIR and seats.filter(role=role).exists():
        raise NotPossible(_("This committee has a chair: first end that seat."))
    person = register(email=email, name=name, by=by, at=at).person
    if seats.filter(person=person).exists():
        raise NotPossible(_("%(person)s sits in this committee already.") % {"person": person})
    seat = Membership.objects.create(committee=committee, person=person, role=role, recorded_at=at)
    facts = {"person": person.pk, "role": role}
    append(seat.chain, "seat.given", by=by, at=at, rows=[seat], facts=facts)
    return seat


@transaction.atomic
def end_seat(*, seat: Membership, by: Account | None, at: datetime | None = None) -> None:
    """The person sits in the committee no longer; what they wrote stays on record. Nothing
    happens to a seat that has ended."""
    check_may_manage(by, seat.committee.programme)
    at = at or timezone.now()
    if Membership.objects.current().filter(pk=seat.pk).update(ended_at=at):
        facts = {"person": seat.person_id, "role": seat.role}
        append(seat.chain, "seat.ended", by=by, at=at, rows=[seat], facts=facts)
