from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from committees.access import (
    check_close_meeting,
    check_fits,
    check_may_lead,
    check_may_note_leading,
    check_may_open_meeting,
    check_may_prepare,
    check_may_undo_agenda,
    check_not_closed,
    check_note_leading,
    check_open_meeting,
    check_plan,
    check_put_on_agenda,
    check_take_off,
    check_undo_agenda,
)
from committees.actions.presence import lapse, mark_present
from committees.agenda import put_together
from committees.days import begins_soon, is_early
from committees.models import Case, Committee, Leading, Meeting
from committees.standing import standing_of, waiting_for
from committees.who_sits import panel_in
from committees.workflow import locked_meeting, move
from people.drafts import draft_again
from people.models import Account, Person
from post.outbox import queue
from post.undoing import call_off_mails, wait_of_mail
from programmes.models import Enrolment, Unit
from records.chain import ChainEntry, append, append_many
from records.locking import under_lock


@transaction.atomic
def plan_meeting(
    *,
    committee: Committee,
    held_at: datetime,
    reference_at: datetime,
    place: str,
    by: Account,
    at: datetime | None = None,
) -> Meeting:
    """Plan a meeting at this moment; the sets of its cases are frozen at the reference moment.
    Raises NotPossible when that lies after the meeting or in the past, and before the exam board
    established the committee."""
    at = at or timezone.now()
    check_may_prepare(by, committee, at)
    check_plan(committee, held_at, reference_at, at)
    meeting = Meeting.objects.create(
        committee=committee,
        held_at=held_at,
        reference_at=reference_at,
        place=place.strip(),
        recorded_at=at,
    )
    facts = {"committee": committee.pk, "held_at": held_at, "reference_at": reference_at}
    append(meeting.chain, "meeting.planned", by=by, at=at, rows=[meeting], facts=facts)
    return meeting


@transaction.atomic
def put_on_agenda(
    *,
    meeting: Meeting,
    unit: Unit,
    enrolments: Iterable[Enrolment],
    by: Account,
    at: datetime | None = None,
) -> list[Case]:
    """Put a case of each of these students (of the committee's programme) for this unit on the
    agenda; each is told by mail. Raises NotPossible once the meeting has begun, when fewer working
    days than the house rule asks are left until the reference date, for a student who waits for a
    decision on this unit already, and for one who attained every part of it."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    check_may_prepare(by, meeting.committee, at)
    check_put_on_agenda(meeting, at)
    last = meeting.cases.aggregate(last=Max("order"))["last"] or 0
    made = []
    rows = _each_locked(enrolments)
    parts = list(unit.parts.current())
    wanted = [enrolment.pk for enrolment in rows]
    waiting = waiting_for(unit, wanted)
    stands = standing_of(wanted, [unit.pk])
    for order, enrolment in enumerate(rows, start=last + 1):
        check_fits(meeting, unit, enrolment, waiting=waiting, stands=stands, parts=parts)
        case = Case.objects.create(
            meeting=meeting, enrolment=enrolment, unit=unit, order=order, recorded_at=at
        )
        made.append(case)
    events = append_many(
        ChainEntry(
            case.chain,
            "case.put_on_agenda",
            by,
            at,
            rows=[case],
            facts={"meeting": meeting.pk, "enrolment": case.enrolment_id, "unit": unit.pk},
        )
        for case in made
    )
    due_at = at if begins_soon(meeting, at) else at + wait_of_mail()
    for case, event in zip(made, events, strict=True):
        student = case.enrolment.student_id
        queue("committees/planned", to=student, about=case.pk, cause=event, at=at, due_at=due_at)
    return made


@transaction.atomic
def undo_agenda(*, case: Case, by: Account, at: datetime | None = None) -> None:
    """Take a case off with those that were put on the agenda together with it, as if they had never
    been on. Raises NotPossible once a mail is on its way, a set is frozen or about to be, or the
    meeting is in session; and for who did not put them there."""
    meeting = locked_meeting(case.meeting)
    cases = [under_lock(Case.objects.all(), each.pk) for each in put_together(case)]
    at = at or timezone.now()
    check_may_prepare(by, meeting.committee, at)
    check_may_undo_agenda(by, case)
    check_undo_agenda(meeting, cases, at)
    call_off_mails([each.pk for each in cases], case.recorded_at, wait_of_mail(), at)
    append_many(ChainEntry(each.chain, "case.taken_back", by, at, removed=[each]) for each in cases)
    for each in cases:
        key = each.pk
        each.delete()
        draft_again(key)


def _each_locked(enrolments: Iterable[Enrolment]) -> list[Enrolment]:
    """Lock these enrolments, and return them in the order given, so that of two meetings that take
    up the same student the second sees the case of the first. Two queries."""
    wanted = [enrolment.pk for enrolment in enrolments]
    list(Enrolment.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
    rows = Enrolment.objects.for_list().in_bulk(wanted)
    return [rows[key] for key in wanted]


@transaction.atomic
def take_off_agenda(*, case: Case, by: Account, at: datetime | None = None) -> None:
    """Take the case off, as if it had never been on. Raises NotPossible once its set is frozen."""
    meeting = locked_meeting(case.meeting)
    case = under_lock(Case.objects.all(), case.pk)
    at = at or timezone.now()
    check_may_prepare(by, meeting.committee, at)
    check_take_off(case)
    append(case.chain, "case.taken_off_agenda", by=by, at=at, removed=[case])
    case.delete()


@transaction.atomic
def note_leading(
    *, meeting: Meeting, person: Person, by: Account, at: datetime | None = None
) -> Leading:
    """Note that this member leads where the chair is not present or stands aside, from now, and
    tell them by mail; who was noted before does no longer. Raises NotPossible for who is no voting
    member or is not present, for the chair, and when the meeting is closed."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    panel = panel_in(meeting, at)
    check_may_note_leading(by, panel)
    check_not_closed(meeting)
    check_note_leading(person, panel)
    current = Leading.objects.current().filter(meeting=meeting)
    before = list(current)
    current.update(ended_at=at)
    leading = Leading.objects.create(meeting=meeting, person=person, recorded_at=at)
    rows, facts = [*before, leading], {"person": person.pk}
    event = append(meeting.chain, "member.leads", by=by, at=at, rows=rows, facts=facts)
    queue("committees/leads", to=person.pk, about=leading.pk, cause=event, at=at)
    return leading


@transaction.atomic
def open_meeting(
    *, meeting: Meeting, by: Account, reason: str = "", at: datetime | None = None
) -> Meeting:
    """Begin the session. Who said on an earlier day that they are present says so anew. Before the
    planned day it is the chair who opens it, and so says that they are present. Raises NotPossible
    then without a reason, which is kept."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    lapse(meeting, by=by, at=at)
    check_may_open_meeting(by, meeting, panel_in(meeting, at), at)
    check_open_meeting(meeting, reason, at)
    early = is_early(meeting, at)
    early_reason = reason.strip() if early else ""
    move(meeting, Meeting.State.OPEN, opened_at=at, early_reason=early_reason)
    facts = {"early": early}
    append(meeting.chain, "meeting.opened", by=by, at=at, rows=[meeting], facts=facts)
    if early:
        mark_present(meeting=meeting, person=by.person, by=by, at=at)
    return meeting


@transaction.atomic
def close_meeting(*, meeting: Meeting, by: Account, at: datetime | None = None) -> Meeting:
    """End the session. Raises NotPossible while a case on the agenda has no outcome: nobody is left
    waiting."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    check_may_lead(by, panel_in(meeting, at))
    check_close_meeting(meeting, meeting.cases.filter(state__in=Case.PENDING).count())
    move(meeting, Meeting.State.CLOSED, closed_at=at)
    append(meeting.chain, "meeting.closed", by=by, at=at, rows=[meeting])
    return meeting
