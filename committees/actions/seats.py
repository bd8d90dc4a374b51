from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import check_given, check_may_give_mandate, check_not_in_session
from committees.models import Committee, Mandate, Membership
from people.actions import end_waiting, register
from people.identity import hold_who_is_who, said_to_be
from people.models import Account
from programmes.access import check_may_manage
from programmes.models import Programme
from records.chain import append
from records.locking import under_lock
from records.models import Sealed
from records.refusals import NotPossible


@transaction.atomic
def make_committee(
    *,
    programme: Programme,
    name: str,
    text: str,
    given_on: date,
    quorum: int,
    by: Account | None,
    at: datetime | None = None,
) -> Committee:
    """Make a committee of this programme, under the mandate that the exam board gave on this day,
    with this text and quorum; its members come after (`give_seat`). Raises NotPossible when the
    name is taken, and for a day that is still to come."""
    check_may_manage(by, programme)
    at = at or timezone.now()
    check_given(given_on, at)
    committee = Committee(programme=programme, name=name.strip(), recorded_at=at)
    mandate = _next_mandate(committee, 1, text, given_on, quorum, at)
    try:
        with transaction.atomic():
            committee.save(force_insert=True)
            mandate.save(force_insert=True)
    except IntegrityError as fault:
        raise NotPossible(_("This programme has a committee of this name already.")) from fault
    facts = {"programme": programme.pk, **_facts(mandate)}
    append(committee.chain, "committee.made", by=by, at=at, rows=[committee, mandate], facts=facts)
    return committee


@transaction.atomic
def give_mandate(
    *,
    committee: Committee,
    text: str,
    given_on: date,
    quorum: int,
    by: Account | None,
    at: datetime | None = None,
) -> Mandate:
    """Let another mandate, that the exam board gave on this day, hold from now; decisions stay
    under the one they were taken under. Raises NotPossible for a day that is still to come, and
    while a meeting of the committee is in session."""
    check_may_give_mandate(by, committee)
    committee = under_lock(Committee.objects.all(), committee.pk)
    at = at or timezone.now()
    check_given(given_on, at)
    check_not_in_session(committee)
    mandate = _next_mandate(committee, committee.mandates.count() + 1, text, given_on, quorum, at)
    mandate.save(force_insert=True)
    committee.save(update_fields=["mandate"])
    rows: list[Sealed] = [committee, mandate]
    facts = _facts(mandate)
    append(committee.chain, "mandate.given", by=by, at=at, rows=rows, facts=facts)
    return mandate


def _next_mandate(
    committee: Committee, number: int, text: str, given_on: date, quorum: int, at: datetime
) -> Mandate:
    """Make the mandate that the committee has from now; the caller saves both."""
    committee.mandate = Mandate(
        committee=committee,
        number=number,
        text=text.strip(),
        given_on=given_on,
        quorum=quorum,
        recorded_at=at,
    )
    return committee.mandate


def _facts(mandate: Mandate) -> dict[str, Any]:
    return {"mandate": mandate.pk, "given_on": mandate.given_on, "quorum": mandate.quorum}


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
    """Give a seat to whoever has this address; somebody unknown is registered, and invited by mail.
    Raises NotPossible for a second chair, and for a second seat of one human."""
    check_may_manage(by, committee.programme)
    hold_who_is_who()
    committee = under_lock(Committee.objects.all(), committee.pk)
    at = at or timezone.now()
    seats = committee.memberships.current()
    if role == Membership.Role.CHAIR and seats.filter(role=role).exists():
        raise NotPossible(_("This committee has a chair: first end that seat."))
    person = register(email=email, name=name, by=by, at=at).person
    if seats.filter(person__in=said_to_be([person.pk])[person.pk]).exists():
        raise NotPossible(_("%(person)s sits in this committee already.") % {"person": person})
    seat = Membership.objects.create(committee=committee, person=person, role=role, recorded_at=at)
    end_waiting(person, by, at)
    facts = {"person": person.pk, "role": role}
    append(seat.chain, "seat.given", by=by, at=at, rows=[seat], facts=facts)
    return seat


@transaction.atomic
def end_seat(*, seat: Membership, by: Account | None, at: datetime | None = None) -> None:
    """End a seat, from now; what they wrote stays on record. Nothing
    happens to a seat that has ended."""
    check_may_manage(by, seat.committee.programme)
    hold_who_is_who()  # whoever decides now sits as they sat
    at = at or timezone.now()
    if Membership.objects.current().filter(pk=seat.pk).update(ended_at=at):
        facts = {"person": seat.person_id, "role": seat.role}
        append(seat.chain, "seat.ended", by=by, at=at, rows=[seat], facts=facts)
