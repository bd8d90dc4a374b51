from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import check_give_mandate, check_may_give_mandate
from committees.models import Committee, Mandate, Membership
from people.actions import end_waiting, register
from people.identity import hold_who_is_who, said_to_be
from people.models import Account, InstitutionRole
from post.models import OutboxMail
from post.outbox import queue
from programmes.access import check_may_manage, check_open
from programmes.models import Programme
from records.chain import append
from records.locking import under_lock
from records.models import Event, Sealed
from records.refusals import NotPossible

TOGETHER = timedelta(hours=1)  # seats that are given within it make one mail


@transaction.atomic
def make_committee(
    *, programme: Programme, name: str, by: Account | None, at: datetime | None = None
) -> Committee:
    """Make a committee of this programme; its members come after (`give_seat`), and then the exam
    board establishes it (`give_mandate`). Raises NotPossible when the name is taken, and for a
    programme that is a draft or archived."""
    check_may_manage(by, programme)
    programme = under_lock(Programme.objects.all(), programme.pk)
    check_open(programme)
    at = at or timezone.now()
    committee = Committee(programme=programme, name=name.strip(), recorded_at=at)
    try:
        with transaction.atomic():
            committee.save(force_insert=True)
    except IntegrityError as fault:
        raise NotPossible(_("This programme has a committee of this name already.")) from fault
    facts = {"programme": programme.pk}
    append(committee.chain, "committee.made", by=by, at=at, rows=[committee], facts=facts)
    return committee


@transaction.atomic
def give_mandate(
    *,
    committee: Committee,
    text: str,
    procedure: str,
    given_on: date,
    quorum: int,
    judgements_asked: int,
    by: Account | None,
    at: datetime | None = None,
) -> Mandate:
    """Establish a committee with the members it has now, under a mandate that the exam board gave
    on this day; it holds for every meeting whose reference moment is still to come. Raises
    NotPossible for a day that is still to come or long ago, for figures under two, for more
    judgements than the quorum, and where fewer voting members have a seat than these ask for. Who
    sits in it is told by mail."""
    committee = under_lock(Committee.objects.all(), committee.pk)
    check_may_give_mandate(by, committee)
    at = at or timezone.now()
    check_give_mandate(committee, given_on, quorum, judgements_asked, at)
    mandate = Mandate(
        committee=committee,
        number=committee.mandates.count() + 1,
        text=text.strip(),
        procedure=procedure.strip(),
        given_on=given_on,
        quorum=quorum,
        judgements_asked=judgements_asked,
        recorded_at=at,
    )
    mandate.save(force_insert=True)
    committee.mandate = mandate
    committee.save(update_fields=["mandate"])
    rows: list[Sealed] = [committee, mandate]
    facts = {
        "mandate": mandate.pk,
        "given_on": given_on,
        "quorum": quorum,
        "judgements_asked": judgements_asked,
    }
    event = append(committee.chain, "mandate.given", by=by, at=at, rows=rows, facts=facts)
    for person in committee.memberships.current().values_list("person", flat=True):
        queue("committees/established", to=person, about=mandate.pk, cause=event, at=at)
    return mandate


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
    Who votes sits in meetings once the exam board established the committee with them. Raises
    NotPossible for a second chair, and for a second seat of one human. The exam board is told that
    a committee waits for it, once for all who get a seat within the hour."""
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
    event = append(seat.chain, "seat.given", by=by, at=at, rows=[seat], facts=facts)
    if seat.votes:
        _tell_exam_board_who_waits(committee, event, at)
    return seat


def _tell_exam_board_who_waits(committee: Committee, event: Event, at: datetime) -> None:
    """Tell the exam board, in an hour, that a committee waits for its mandate: whoever could give
    it, and is not about to be told already."""
    template = "committees/awaits_mandate"
    told = OutboxMail.objects.filter(
        template=template, about=committee.pk, state=OutboxMail.State.WAITING
    )
    sits = committee.memberships.current().values("person")
    roles = InstitutionRole.objects.current().filter(role=InstitutionRole.Role.EXAM_BOARD)
    others = roles.exclude(person__in=sits).exclude(person__in=told.values("to"))
    for person in others.values_list("person", flat=True):
        if person != event.by_id:
            queue(template, to=person, about=committee.pk, cause=event, at=at, due_at=at + TOGETHER)


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
