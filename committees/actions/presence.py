"""Who is present says so themselves, or the secretary notes it; who was not there says that."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import (
    check_answer_contradiction,
    check_contradict,
    check_explained,
    check_may_answer_contradiction,
    check_may_contradict,
    check_may_end_presence,
    check_may_note_presence,
    check_note_presence,
)
from committees.models import (
    Attendance,
    Case,
    Contradiction,
    ContradictionAnswer,
    Meeting,
    Membership,
)
from committees.rules import obstacles
from committees.who_sits import panel_in, panel_of
from committees.workflow import locked_meeting, move
from people.models import Account, InstitutionRole, Person
from post.models import OutboxMail
from post.outbox import queue
from records.chain import append
from records.locking import under_lock
from records.models import Event
from records.refusals import NotPossible


@transaction.atomic
def mark_present(
    *, meeting: Meeting, person: Person, by: Account, at: datetime | None = None
) -> Attendance:
    """Note that this member is present, from now: they themselves, or the secretary, and then the
    member is told at once by mail. Raises NotPossible for somebody who does not sit, before the day
    of the meeting unless it is open, when it is closed, and for the secretary while the member says
    that they were not there."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    panel = panel_in(meeting, at)
    check_may_note_presence(by, person, panel)
    check_note_presence(meeting, person, panel, at)
    noted = Attendance.objects.current().filter(meeting=meeting, person=person)
    current, stands = noted.first(), noted.standing().exists()
    if current is not None and stands and not _is_of_before(meeting, current, at):
        return current
    # Also of what ended since: else "left, and there again" would take the word away.
    said = Contradiction.objects.unanswered().filter(
        attendance__meeting=meeting, attendance__person=person
    )
    if by.pk != person.pk and said.exists():
        raise NotPossible(
            _("%(person)s says that they were not there: first answer that.") % {"person": person}
        )
    if current is not None:
        _end(current, by=by, at=at)
    attendance = Attendance.objects.create(
        meeting=meeting, person=person, by_id=by.pk, recorded_at=at
    )
    facts = {"person": person.pk}
    event = append(meeting.chain, "member.present", by=by, at=at, rows=[attendance], facts=facts)
    if not attendance.is_own:
        queue("committees/noted_present", to=person.pk, about=attendance.pk, cause=event, at=at)
    return attendance


@transaction.atomic
def mark_absent(
    *, meeting: Meeting, person: Person, by: Account, at: datetime | None = None
) -> None:
    """Note that this member has left: they themselves, or the secretary of whom the secretary noted
    that they came. Raises NotPossible for somebody who does not sit, before the day of the meeting
    unless it is open, and when it is closed."""
    meeting = locked_meeting(meeting)
    at = at or timezone.now()
    panel = panel_in(meeting, at)
    check_may_note_presence(by, person, panel)
    check_note_presence(meeting, person, panel, at)
    rows = Attendance.objects.current().select_related("person")
    current = rows.filter(meeting=meeting, person=person).first()
    if current is not None:
        check_may_end_presence(by, current)
        _end(current, by=by, at=at)


def lapse(meeting: Meeting, *, by: Account, at: datetime) -> None:
    """End what was noted on an earlier day: nobody is present at a meeting by what they said before
    it. In the caller's transaction, with the meeting locked. One query, and those of each."""
    for attendance in meeting.attendances.current():
        if _is_of_before(meeting, attendance, at):
            _end(attendance, by=by, at=at)


def _is_of_before(meeting: Meeting, attendance: Attendance, at: datetime) -> bool:
    """Tell whether this was noted on an earlier day, of a meeting that has not begun."""
    noted_on = timezone.localdate(attendance.recorded_at)
    return meeting.state == Meeting.State.PLANNED and noted_on < timezone.localdate(at)


@transaction.atomic
def note_presence(
    *,
    meeting: Meeting,
    came: Iterable[Person],
    left: Iterable[Person],
    by: Account,
    at: datetime | None = None,
) -> None:
    """Note of several members at once that they are present, or have left: of all or of none.
    Raises NotPossible as `mark_present` does."""
    at = at or timezone.now()
    for person in came:
        mark_present(meeting=meeting, person=person, by=by, at=at)
    for person in left:
        mark_absent(meeting=meeting, person=person, by=by, at=at)


def _end(attendance: Attendance, *, by: Account, at: datetime) -> None:
    attendance.ended_at = at
    attendance.save(update_fields=["ended_at"])
    facts = {"person": attendance.person_id}
    append(attendance.chain, "member.absent", by=by, at=at, rows=[attendance], facts=facts)


@transaction.atomic
def contradict(*, attendance: Attendance, by: Account, at: datetime | None = None) -> Contradiction:
    """Keep a member's word that they were not there, though the secretary noted it. From now they
    do not count as present, and no decision of the meeting is announced until the secretary, who is
    told, answered; where one was announced before, the exam board is told too. Raises NotPossible
    for what they noted themselves, and for what was said before."""
    meeting = locked_meeting(attendance.meeting)
    check_may_contradict(by, attendance)
    attendance = Attendance.objects.select_related("contradiction").get(pk=attendance.pk)
    check_contradict(attendance)
    cases = _cases_of(meeting)
    at = at or timezone.now()
    made = Contradiction.objects.create(attendance=attendance, recorded_at=at)
    facts = {"person": by.pk}
    event = append(made.chain, "member.contradicted", by=by, at=at, rows=[made], facts=facts)
    seats = Membership.objects.current().filter(committee=meeting.committee_id)
    for seat in seats.filter(role=Membership.Role.SECRETARY):
        queue("committees/contradicted", to=seat.person_id, about=made.pk, cause=event, at=at)
    if any(case.state == Case.State.ANNOUNCED for case in cases):
        _tell_exam_board(made, event, at)
    return made


def _cases_of(meeting: Meeting) -> list[Case]:
    """Lock the cases of a meeting, so that none is announced meanwhile. One query."""
    return list(
        Case.objects.for_list()
        .filter(meeting=meeting)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )


def _tell_exam_board(contradiction: Contradiction, event: Event, at: datetime) -> None:
    """Tell whoever sits in the exam board, and was not told of it before: one thing, one mail."""
    template = "committees/contradicted_exam_board"
    told = OutboxMail.objects.filter(template=template, about=contradiction.pk).values("to")
    roles = InstitutionRole.objects.current().filter(role=InstitutionRole.Role.EXAM_BOARD)
    for person in roles.exclude(person__in=told).values_list("person", flat=True):
        queue(template, to=person, about=contradiction.pk, cause=event, at=at)


class Answered(NamedTuple):
    """What the secretary answered, and the cases whose decision was set back by it."""

    answer: ContradictionAnswer
    set_back: list[Case]


@transaction.atomic
def answer_contradiction(
    *,
    contradiction: Contradiction,
    was_there: bool,
    reason: str,
    by: Account,
    at: datetime | None = None,
) -> Answered:
    """Answer a member who says that they were not there; they are told by mail. Who holds that they
    were says how they know it, and the exam board is told as well. Once all who said so are
    answered, each decision that was not announced yet and that the committee could not take
    without those who were not there is set back, to be taken again; a meeting that was closed goes
    on for that, and who recorded it is told by mail, with the chair. Raises NotPossible where it
    was answered before, and without a reason where one is asked."""
    meeting = locked_meeting(contradiction.attendance.meeting)
    contradiction = under_lock(Contradiction.objects.for_page(), contradiction.pk)
    cases = _cases_of(meeting)
    at = at or timezone.now()
    check_may_answer_contradiction(by, contradiction, at)
    check_answer_contradiction(contradiction)
    check_explained(was_there, reason)
    answer = ContradictionAnswer.objects.create(
        contradiction=contradiction,
        by_id=by.pk,
        was_there=was_there,
        reason=reason.strip(),
        recorded_at=at,
    )
    attendance = contradiction.attendance
    facts = {"person": attendance.person_id, "was_there": was_there}
    verb = "contradiction.answered"
    event = append(answer.chain, verb, by=by, at=at, rows=[answer], facts=facts)
    member = attendance.person_id
    queue(
        "committees/contradiction_answered", to=member, about=contradiction.pk, cause=event, at=at
    )
    if was_there:
        _tell_exam_board(contradiction, event, at)
    elif attendance.ended_at is None:
        _end(attendance, by=by, at=at)
    if not Contradiction.objects.unanswered().filter(attendance__meeting=meeting).exists():
        return Answered(answer, _set_back(meeting, cases, event, by=by, at=at))
    return Answered(answer, [])


def _set_back(
    meeting: Meeting, cases: list[Case], cause: Event, *, by: Account, at: datetime
) -> list[Case]:
    """Set back what was decided in these cases, locked by the caller with their meeting, by fewer
    than are asked; return those. Who recorded one of them is told, and the chair: they take it
    again."""
    fallen = [case for case in cases if case.state == Case.State.DECIDED and not _holds(case)]
    if not fallen:
        return []
    chairs = meeting.committee.memberships.current().filter(role=Membership.Role.CHAIR)
    told = {*chairs.values_list("person", flat=True), *(case.standing.by_id for case in fallen)}
    for case in fallen:
        facts = {"decision": case.decision_id}
        move(case, Case.State.OPENED, decision=None)
        append(case.chain, "decision.set_back", by=by, at=at, rows=[case], facts=facts)
    for person in sorted(told):
        queue("committees/set_back", to=person, about=meeting.pk, cause=cause, at=at)
    if meeting.state == Meeting.State.CLOSED:
        _go_on(meeting, by=by, at=at)
    return fallen


def _holds(case: Case) -> bool:
    """Tell whether the committee could take the decision that stands, and who recorded it lead,
    with those who were present then as far as is known now."""
    then = panel_of(case, case.standing.recorded_at)
    return not obstacles(then) and then.leads(case.standing.by_id)


def _go_on(meeting: Meeting, *, by: Account, at: datetime) -> None:
    """Let a closed meeting, which the caller has locked, go on: nobody is present until it is said
    anew."""
    for attendance in meeting.attendances.current():
        _end(attendance, by=by, at=at)
    move(meeting, Meeting.State.OPEN, closed_at=None)
    append(meeting.chain, "meeting.reopened", by=by, at=at, rows=[meeting])
