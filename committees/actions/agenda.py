from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.access import check_chairs, check_prepares
from committees.models import Attendance, Case, Committee, Meeting, Membership
from committees.workflow import move
from people.models import Account, Person
from post.outbox import queue
from programmes.models import Enrolment, Unit
from records.chain import ChainEntry, append, append_many
from records.refusals import NotPossible


def _locked(meeting: Meeting) -> Meeting:
    rows = Meeting.objects.select_related("committee__programme")
    return rows.select_for_update(of=("self",)).get(pk=meeting.pk)


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
    """A meeting at this moment; the sets of its cases are frozen at the reference moment. Raises
    NotPossible when that lies after the meeting."""
    at = at or timezone.now()
    check_prepares(by, committee, at)
    if reference_at > held_at:
        raise NotPossible(_("The reference date lies after the meeting."))
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
    """A case for each of these students (of the committee's programme) for this unit; each is
    told by mail. Raises NotPossible once the meeting has begun, and for a student who waits for a
    decision on this unit already."""
    at = at or timezone.now()
    meeting = _locked(meeting)
    check_prepares(by, meeting.committee, at)
    _check_planned(meeting)
    last = meeting.cases.aggregate(last=Max("order"))["last"] or 0
    made = []
    for order, enrolment in enumerate(enrolments, start=last + 1):
        _check_fits(meeting, unit, enrolment)
        case = Case.objects.create(
            meeting=meeting, enrolment=enrolment, unit=unit, order=order, recorded_at=at
        )
        student = enrolment.student
        queue(
            "committees/planned",
            student.account.sign_in,
            language=student.language,
            at=at,
            case=case.pk,
        )
        made.append(case)
    append_many(
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
    return made


def _check_planned(meeting: Meeting) -> None:
    if meeting.state != Meeting.State.PLANNED:
        raise NotPossible(_("The meeting has begun: its agenda stands."))


def _check_fits(meeting: Meeting, unit: Unit, enrolment: Enrolment) -> None:
    programme = meeting.committee.programme_id
    if {unit.programme_id, enrolment.programme_id} != {programme}:
        raise NotPossible(_("This committee decides in its own programme only."))
    waiting = Case.objects.filter(enrolment=enrolment, unit=unit).exclude(
        state__in=(Case.State.ANNOUNCED, Case.State.DEFERRED)
    )
    if waiting.exists():
        raise NotPossible(
            _("%(student)s waits for a decision on this unit already.")
            % {"student": enrolment.student}
        )


@transaction.atomic
def take_off_agenda(*, case: Case, by: Account, at: datetime | None = None) -> None:
    """Possible until the set is frozen: raises NotPossible after that."""
    at = at or timezone.now()
    meeting = _locked(case.meeting)
    check_prepares(by, meeting.committee, at)
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.state != Case.State.PLANNED:
        raise NotPossible(_("The set has been frozen: the case stays on record."))
    append(case.chain, "case.taken_off_agenda", by=by, at=at, removed=[case])
    case.delete()


@transaction.atomic
def mark_present(
    *, meeting: Meeting, person: Person, by: Account, at: datetime | None = None
) -> Attendance:
    """This member is present, from now. Raises NotPossible for somebody without a seat, and when
    the meeting is closed."""
    at = at or timezone.now()
    meeting = _locked(meeting)
    check_prepares(by, meeting.committee, at)
    _check_not_closed(meeting)
    if not Membership.objects.as_of(at).filter(committee=meeting.committee, person=person).exists():
        raise NotPossible(_("%(person)s does not sit in this committee.") % {"person": person})
    attendance, is_new = Attendance.objects.get_or_create(
        meeting=meeting, person=person, ended_at=None, defaults={"recorded_at": at}
    )
    if is_new:
        facts = {"person": person.pk}
        append(meeting.chain, "member.present", by=by, at=at, rows=[attendance], facts=facts)
    return attendance


@transaction.atomic
def mark_absent(
    *, meeting: Meeting, person: Person, by: Account, at: datetime | None = None
) -> None:
    """This member has left, or was not there after all. Raises NotPossible when the meeting is
    closed."""
    at = at or timezone.now()
    meeting = _locked(meeting)
    check_prepares(by, meeting.committee, at)
    _check_not_closed(meeting)
    present = Attendance.objects.current().filter(meeting=meeting, person=person)
    if attendance := present.first():
        present.update(ended_at=at)
        facts = {"person": person.pk}
        append(meeting.chain, "member.absent", by=by, at=at, rows=[attendance], facts=facts)


def _check_not_closed(meeting: Meeting) -> None:
    if meeting.state == Meeting.State.CLOSED:
        raise NotPossible(_("The meeting is closed."))


@transaction.atomic
def open_meeting(*, meeting: Meeting, by: Account, at: datetime | None = None) -> Meeting:
    at = at or timezone.now()
    meeting = _locked(meeting)
    check_chairs(by, meeting.committee, at)
    move(meeting, Meeting.State.OPEN)
    append(meeting.chain, "meeting.opened", by=by, at=at, rows=[meeting])
    return meeting


@transaction.atomic
def close_meeting(*, meeting: Meeting, by: Account, at: datetime | None = None) -> Meeting:
    """Raises NotPossible while a case on the agenda has no outcome: nobody is left waiting."""
    at = at or timezone.now()
    meeting = _locked(meeting)
    check_chairs(by, meeting.committee, at)
    left = meeting.cases.filter(state__in=Case.PENDING).count()
    if left:
        raise NotPossible(
            ngettext(
                "%(count)d case has no outcome yet: decide it or defer it first.",
                "%(count)d cases have no outcome yet: decide or defer them first.",
                left,
            )
            % {"count": left}
        )
    move(meeting, Meeting.State.CLOSED)
    meeting.closed_at = at
    meeting.save(update_fields=["closed_at"])
    append(meeting.chain, "meeting.closed", by=by, at=at, rows=[meeting])
    return meeting
