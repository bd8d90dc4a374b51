"""Who may do what in a committee, and whether now; pages and actions ask both. Who may see it:
`visible_to` of the models. Seats are looked after by the programme's coordinators
(programmes.access.check_may_manage)."""

from collections.abc import Collection, Iterable, Mapping, Set
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.days import first_day_of_mandates, is_early, notice_of
from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
    Mandate,
    Meeting,
    Membership,
    Supersession,
)
from committees.rules import Ground, Panel, is_attainable, obstacles
from committees.standing import OnUnit, Standing
from committees.who_sits import owe_a_word, spoke_in
from committees.workflow import check_move
from evidence.models import Feedback
from people.access import NotAllowed, has_role, sees_more
from people.identity import at_mailboxes_of, said_to_be
from people.models import Account, InstitutionRole, Person
from post.undoing import says_what_rests
from programmes.access import check_open
from programmes.models import Enrolment, Unit, UnitPart
from records.models import Event, Sealed
from records.refusals import NotPossible

Role = Membership.Role
ANNOUNCED_WITHIN = timedelta(days=31)


def role_of(user: Account, committee: Committee, at: datetime) -> str | None:
    """Return the person's role in the committee at this moment. One query."""
    seat = Membership.objects.as_of(at).filter(committee=committee, person=user.pk).first()
    return seat.role if seat else None


@sees_more
def sits_somewhere(by: Account, person: Person) -> bool:
    """Tell whether somebody has a seat: what they read and write as a member nobody does for them.
    One query."""
    return Membership.objects.current().filter(person=person).exists()


# What is written of a committee by who sets it up.
SETTING_UP = ("committee.made", "seat.given", "seat.ended")


def check_may_give_mandate(by: Account | None, committee: Committee) -> None:
    """Leave establishing a committee to the exam board and to the system (None); not to who set it
    up or sits in it, as the human they are said to be. (domain rule 19) At most three queries more
    than `said_to_be`."""
    if by is None:
        return
    if not has_role(by, InstitutionRole.Role.EXAM_BOARD):
        raise NotAllowed(_("A committee gets its mandate from the exam board."))
    human = said_to_be([by.pk])[by.pk]
    written = Event.objects.filter(chain__key=committee.chain, verb__in=SETTING_UP, by__in=human)
    sits = Membership.objects.current().filter(committee=committee, person__in=human)
    if written.exists() or sits.exists():
        raise NotAllowed(
            _(
                "You set this committee up, or sit in it: somebody else of the exam board gives it "
                "its mandate."
            )
        )


def check_may_prepare(by: Account, committee: Committee, at: datetime) -> None:
    """Leave meetings, agenda and freezing to chair and secretary. One query."""
    if role_of(by, committee, at) not in (Role.CHAIR, Role.SECRETARY):
        raise NotAllowed(_("This is for the chair and the secretary of the committee."))


def check_may_read(by: Account, panel: Panel) -> None:
    """Show the set and the opened judgements to those who sit in the meeting and do not stand
    aside."""
    _check_sits(by, panel)
    if by.pk in panel.aside:
        raise NotAllowed(why_aside(panel.aside[by.pk]))


def _check_sits(by: Account, panel: Panel) -> None:
    if panel.seat_of(by.pk) is None:
        raise NotAllowed(
            _(
                "This is for the members of the committee whom the exam board established before "
                "the reference date."
            )
        )


def why_aside(ground: str) -> str:
    """Say to somebody who stands aside on what ground they do."""
    return {
        Ground.ADVISER: _(
            "You are this student's adviser: you inform the committee, and stand aside when it "
            "judges."
        ),
        Ground.OWN_CASE: _("This is your own case: you stand aside."),
        Ground.GAVE_FEEDBACK: _(
            "You gave feedback in this set: by the rules of this programme you stand aside."
        ),
        Ground.OWN_REQUEST: _("You stand aside from this case, at your own request."),
    }[Ground(ground)]


def check_may_judge(by: Account, panel: Panel) -> None:
    check_may_read(by, panel)
    if not panel.may_judge(by.pk):
        raise NotAllowed(_("The secretary has no vote, and writes no judgement."))
    _check_has_said(by, panel)


def _check_has_said(by: Account, panel: Panel) -> None:
    if by.pk in panel.unsaid:
        raise NotAllowed(
            _("First say whether the feedback that came from a mailbox of yours is yours.")
        )


def check_may_lead(by: Account, panel: Panel) -> None:
    """Leave opening, deciding, deferring and closing to who leads and is
    present: the chair; where the chair is not there or stands aside, the voting member whom the
    secretary noted, who accepts by acting."""
    check_may_read(by, panel)
    _check_has_said(by, panel)
    if panel.leads(by.pk):
        return
    _check_does_not_coordinate(by, panel)
    if panel.announces(by.pk) and by.pk not in panel.present:
        raise NotAllowed(_("This is for who is present: first say that you are."))
    raise NotAllowed(
        _(
            "This is for the chair of the committee; where the chair is not present or stands "
            "aside, for the voting member whom the secretary notes as leading."
        )
    )


def check_may_open_meeting(by: Account, meeting: Meeting, panel: Panel, at: datetime) -> None:
    """Leave opening to who leads. Before the planned day nobody can have said yet that they are
    there: the chair does so by opening it."""
    if is_early(meeting, at):
        check_may_announce(by, panel)
    else:
        check_may_lead(by, panel)


def check_may_note_leading(by: Account, panel: Panel) -> None:
    """Leave it to the secretary to note who stands in for the chair; and to the chair while they
    are present, for what they stand aside from. A chair who is gone names nobody."""
    if panel.notes(by.pk) or (panel.chairs(by.pk) and by.pk in panel.present):
        return
    raise NotAllowed(
        _("Who stands in for the chair is noted by the secretary, or by the chair who is present.")
    )


def check_may_announce(by: Account, panel: Panel) -> None:
    """Leave announcing to the chair, or the member who led in their place; it can be done after
    the meeting."""
    check_may_read(by, panel)
    if not panel.announces(by.pk):
        _check_does_not_coordinate(by, panel)
        raise NotAllowed(
            _("This is for the chair of the committee, or the member who leads in their place.")
        )


def _check_does_not_coordinate(by: Account, panel: Panel) -> None:
    if by.pk in panel.coordinating:
        raise NotAllowed(
            _(
                "You coordinate this programme, or did since this meeting was planned: another "
                "voting member leads its cases, whom the secretary notes."
            )
        )


def check_may_note_presence(by: Account, person: Person, panel: Panel) -> None:
    """Let everybody who sits in the meeting say for themselves whether they are present, and the
    secretary note it of the others. (domain rule 19)"""
    _check_sits(by, panel)
    if by.pk != person.pk and not panel.notes(by.pk):
        raise NotAllowed(
            _("Who is present says so themselves; of the others the secretary notes it.")
        )


def check_may_end_presence(by: Account, attendance: Attendance) -> None:
    """Leave it to who said themselves that they are present to say that they leave: who could end
    the presence of the chair would choose who leads. (domain rule 19)"""
    if attendance.is_own and by.pk != attendance.person_id:
        raise NotAllowed(
            _("%(person)s said so themselves: only they say that they leave.")
            % {"person": attendance.person}
        )


def check_may_contradict(by: Account, attendance: Attendance) -> None:
    """Let a member say of themselves that they were not there; no seat is asked, as it can have
    ended."""
    if by.pk != attendance.person_id:
        raise NotAllowed(_("Everybody says this for themselves only."))


def check_may_answer_contradiction(by: Account, contradiction: Contradiction, at: datetime) -> None:
    """Leave the answer to the secretary of the committee, where it is not they who contradict. One
    query."""
    attendance = contradiction.attendance
    is_secretary = role_of(by, attendance.meeting.committee, at) == Role.SECRETARY
    if by.pk == attendance.person_id or not is_secretary:
        raise NotAllowed(_("The secretary of the committee answers this."))


def check_may_recuse(by: Account, panel: Panel) -> None:
    """Let everybody who sits in the meeting ask for themselves."""
    _check_sits(by, panel)


def check_may_say_whose(by: Account, panel: Panel) -> None:
    """Let everybody say for themselves whether feedback is theirs: also who stands aside because of
    what they said, and who stands aside on no other ground."""
    ground = panel.aside.get(by.pk, Ground.GAVE_FEEDBACK)
    if ground != Ground.GAVE_FEEDBACK:
        raise NotAllowed(why_aside(ground))
    if by.pk not in panel.unsaid and by.pk not in panel.said:
        raise NotAllowed(
            _(
                "This is asked of members who share a mailbox with somebody who gave feedback in "
                "the set, or under whose name it was noted."
            )
        )


def check_may_export(case: Case) -> None:
    """Let auditor and exam board take a case out with all that was recorded of it (the case read
    `with_supervising`). Nobody takes out their own."""
    if not case.is_supervised:
        raise NotAllowed(_("Only auditors and the exam board can download a case."))


def check_export(case: Case) -> None:
    """Take out no case before it has an outcome."""
    if case.state not in Case.SETTLED:
        raise NotPossible(_("A case can be downloaded once it has an outcome."))


def check_may_read_record(by: Account, case: Case, panel: Panel) -> None:
    """Show the record of a case to auditor and exam board always (the case read
    `with_supervising`); once the decision is announced, to the members who sat before the case and
    did not stand aside."""
    if case.enrolment.student_id == by.pk:
        raise NotAllowed(why_aside(Ground.OWN_CASE))
    if case.is_supervised:
        return
    if case.state not in (Case.State.ANNOUNCED, Case.State.DEFERRED):
        raise NotAllowed(_("The record can be read once the decision has been announced."))
    if panel.seat_of(by.pk) is None:
        raise NotAllowed(_("The record is for those who sat in the committee when it decided."))
    check_may_read(by, panel)


def check_may_supersede(
    by: Account,
    second: Account,
    case: Case,
    panel: Panel,
    ground: Supersession.Ground,
    at: datetime,
) -> None:
    """Leave replacing an announced decision to two different people, neither of whom stands aside,
    owes a word on whose feedback it is, is the student or advised them since the reference date,
    and of whom one at least gave no feedback in the set: a clerical error for two voting members or
    two of the exam board, on objection and appeal for two of the exam board. Each is looked for as
    the human they are said to be. At most thirteen queries more than `said_to_be` and `panels_of`.
    (domain rule 7)"""
    humans = said_to_be([by.pk, second.pk])
    if humans[by.pk] & humans[second.pk]:
        raise NotAllowed(_("A decision is replaced by two people: this is one."))
    if not Account.objects.filter(pk=second.pk, is_active=True).exists():
        raise NotAllowed(_("The account of %(name)s is closed.") % {"name": second.name})
    unsaid = owe_a_word(case, at)
    for person in (by, second):
        if panel.coordinating & humans[person.pk]:
            raise NotAllowed(
                _("%(person)s coordinates this programme, and so leads none of its cases.")
                % {"person": person}
            )
        if person.pk in unsaid or _have_part_in(humans[person.pk], case, panel, at):
            raise NotAllowed(
                _("%(person)s has a part in this case, and stands aside.") % {"person": person}
            )
        seat = panel.seat_of(person.pk)
        is_judge = seat is not None and seat.votes
        if ground == Supersession.Ground.RECTIFICATION and is_judge:
            continue
        if not has_role(person, InstitutionRole.Role.EXAM_BOARD):
            raise NotAllowed(
                _("%(person)s does not sit in the exam board.") % {"person": person}
                if ground != Supersession.Ground.RECTIFICATION
                else _("%(person)s is no voting member and does not sit in the exam board.")
                % {"person": person}
            )
    if all(
        person.pk in panel.givers or spoke_in(case, humans[person.pk]) for person in (by, second)
    ):
        raise NotAllowed(
            _("Both of you have a part in this set: at least one of two must have none.")
        )


def _have_part_in(people: frozenset[UUID], case: Case, panel: Panel, at: datetime) -> bool:
    """Tell whether one of these people is the student, advised them since the reference date,
    stands aside from the case, or gave feedback where that keeps members from judging. At most
    three queries, more for a past moment at which other house rules held."""
    if people & (panel.aside.keys() | {case.enrolment.student_id}):
        return True
    since = Q(ended_at=None) | Q(ended_at__gt=case.meeting.reference_at)
    assignments = case.enrolment.adviser_assignments.filter(since)
    if case.recusals.filter(person__in=people).exists():
        return True
    if assignments.filter(adviser__in=people).exists():
        return True
    return not case.rules_at(at).givers_may_judge and spoke_in(case, people)


def check_may_read_files(by: Account, case: Case, panel: Panel) -> None:
    """Open the files of the frozen set to the student, to whoever reads the set, to auditor and
    exam board. The case was read `with_supervising`."""
    if case.enrolment.student_id != by.pk and not case.is_supervised:
        check_may_read(by, panel)


# --- Whether now ----------------------------------------------------------------------------------


def check_figures(quorum: int, judgements_asked: int) -> None:
    """See that nobody decides alone by these figures of a procedure, and that enough can have
    judged once the quorum is met. (domain rule 19)"""
    if min(quorum, judgements_asked) < Mandate.AT_LEAST:
        raise NotPossible(_("Nobody decides alone: at least two are present, and two judge."))
    if judgements_asked > quorum:
        raise NotPossible(
            _(
                "More judgements are asked (%(asked)d) than the quorum lets be present "
                "(%(quorum)d): the quorum would be met, and nothing could be decided. Make the "
                "quorum %(asked)d at least."
            )
            % {"asked": judgements_asked, "quorum": quorum}
        )


def check_give_mandate(
    committee: Committee, given_on: date, quorum: int, judgements_asked: int, at: datetime
) -> None:
    """See that a mandate was given before it is used, and not longer ago than anybody notes one;
    with figures of which none lets somebody decide alone, and of which one does not make the other
    useless; and that so many voting members have a seat: it establishes the committee with them.
    (domain rule 19) One query."""
    today = timezone.localdate(at)
    if given_on > today:
        raise NotPossible(_("This day is still to come: note the mandate once it has been given."))
    if given_on < (first := first_day_of_mandates(today)):
        raise NotPossible(
            _("Is the year right? A mandate of before %(day)s is given anew.")
            % {"day": date_format(first, "j F Y")}
        )
    check_figures(quorum, judgements_asked)
    seats = committee.memberships.current().filter(role__in=Membership.VOTING).count()
    if not is_attainable(quorum, judgements_asked, seats):
        raise NotPossible(
            ngettext(
                "%(count)d voting member has a seat, fewer than the quorum and the judgements ask "
                "for: first the committee is complete.",
                "%(count)d voting members have a seat, fewer than the quorum and the judgements "
                "ask for: first the committee is complete.",
                seats,
            )
            % {"count": seats}
        )


def check_established(committee: Committee) -> None:
    """Plan no meeting before the exam board established the committee: its mandate is older than
    every reference moment to which it applies. (domain rule 19)"""
    if committee.mandate_id is None:
        raise NotPossible(
            _("First the exam board gives this committee its mandate: then it can meet.")
        )


def check_plan(
    committee: Committee, held_at: datetime, reference_at: datetime, at: datetime
) -> None:
    """See that sets are frozen before the meeting, and that who they are of can prepare for it."""
    check_established(committee)
    check_open(committee.programme)
    if reference_at > held_at:
        raise NotPossible(_("The reference date lies after the meeting."))
    if reference_at <= at:
        raise NotPossible(_("The reference date lies in the past: nobody could prepare for it."))


def check_put_on_agenda(meeting: Meeting, at: datetime) -> None:
    """Surprise nobody: a student has the working days of the house rule to complete the set.
    (domain rule 10)"""
    if meeting.state != Meeting.State.PLANNED:
        raise NotPossible(_("The meeting has begun: its agenda stands."))
    notice = notice_of(meeting.committee.programme, at)
    first = notice.first_reference(timezone.localdate(at))
    if at < meeting.reference_at and first <= timezone.localdate(meeting.reference_at):
        return
    raise NotPossible(
        ngettext(
            "This is too late for this meeting: a student has %(count)d working day to complete "
            "the set. Put them on the agenda of a next meeting, with a reference date of %(day)s "
            "or later.",
            "This is too late for this meeting: a student has %(count)d working days to complete "
            "the set. Put them on the agenda of a next meeting, with a reference date of %(day)s "
            "or later.",
            notice.working_days,
        )
        % {"count": notice.working_days, "day": date_format(first, "j F Y")}
    )


def check_fits(
    meeting: Meeting,
    unit: Unit,
    enrolment: Enrolment,
    *,
    waiting: Collection[UUID],
    stands: Mapping[OnUnit, Standing],
    parts: Iterable[UnitPart],
) -> None:
    """Take whoever is of the committee's programme, enrolled on the reference date, and has
    something left to ask: what is attained stands. (domain rule 21) `waiting` are the enrolments
    that wait for a decision on this unit already, `stands` what stands of them, `parts` those of
    the unit now."""
    named = {"student": enrolment.student}
    if {unit.programme_id, enrolment.programme_id} != {meeting.committee.programme_id}:
        raise NotPossible(_("This committee decides in its own programme only."))
    if enrolment.is_over(timezone.localdate(meeting.reference_at)):
        raise NotPossible(_("%(student)s is not enrolled any more on the reference date.") % named)
    if enrolment.pk in waiting:
        raise NotPossible(_("%(student)s waits for a decision on this unit already.") % named)
    found = stands.get((enrolment.pk, unit.pk))
    if found is not None and found.attained and not found.left_of(parts):
        raise NotPossible(
            _("%(student)s has attained every part of this unit: nothing is left to ask.") % named
        )


def check_take_off(case: Case) -> None:
    if case.state != Case.State.PLANNED:
        raise NotPossible(_("The set has been frozen: the case stays on record."))


def check_may_undo_agenda(by: Account, case: Case) -> None:
    """Let only who put a case on the agenda undo that. One query."""
    put = Event.objects.filter(chain__key=case.chain, verb="case.put_on_agenda", by=by)
    if not put.exists():
        raise NotAllowed(_("Only the person who put this on the agenda can undo it."))


def check_undo_agenda(meeting: Meeting, cases: Iterable[Case], at: datetime) -> None:
    """Refuse to undo what is on an agenda once the meeting is in session, and once a set is frozen
    or is about to be."""
    if meeting.state != Meeting.State.PLANNED:
        raise NotPossible(_("The meeting has begun: the agenda stays as it is."))
    if meeting.reference_at <= at:
        raise NotPossible(_("The set has been frozen: the case stays on record."))
    for case in cases:
        check_take_off(case)


def check_reference_has_passed(meeting: Meeting, at: datetime) -> None:
    if at < meeting.reference_at:
        raise NotPossible(_("The set is frozen at the reference date, not before."))


def check_prepared(waiting: int) -> None:
    """See that it is known of each file of a set whether others can see it: of how many it is
    not."""
    if waiting:
        text = ngettext(
            "The set waits for %(count)d file that is being prepared.",
            "The set waits for %(count)d files that are being prepared.",
            waiting,
        )
        raise NotPossible(text % {"count": waiting})


def check_freeze(meeting: Meeting, planned: int, at: datetime) -> None:
    """Freeze after the reference date what is still to be frozen: `planned` sets of this
    meeting."""
    check_reference_has_passed(meeting, at)
    if not planned:
        raise NotPossible(_("The sets of this meeting have been frozen."))


def check_not_closed(meeting: Meeting) -> None:
    """Note who is present and who leads until the meeting is closed."""
    if meeting.state == Meeting.State.CLOSED:
        raise NotPossible(_("The meeting is closed."))


def check_day_has_come(meeting: Meeting, at: datetime) -> None:
    """Note who is present on the day of the meeting, not before; while it is open, on any day."""
    if meeting.state == Meeting.State.PLANNED and is_early(meeting, at):
        raise NotPossible(
            _("Who is present is said on the day of the meeting: %(day)s.")
            % {"day": date_format(timezone.localtime(meeting.held_at), "j F Y")}
        )


def check_note_presence(meeting: Meeting, person: Person, panel: Panel, at: datetime) -> None:
    """Note whether somebody who sits in the meeting is present, from the day of the meeting until
    it is closed."""
    check_not_closed(meeting)
    check_day_has_come(meeting, at)
    if panel.seat_of(person.pk) is None:
        raise NotPossible(_("%(person)s does not sit in this meeting.") % {"person": person})


def check_contradict(attendance: Attendance) -> None:
    """Let somebody say once that they were not there, of what the secretary noted of them."""
    if attendance.is_own:
        raise NotPossible(_("You said yourself that you were there."))
    if hasattr(attendance, "contradiction"):
        raise NotPossible(_("You said this before."))


def check_answer_contradiction(contradiction: Contradiction) -> None:
    """Let the secretary answer once."""
    if hasattr(contradiction, "answer"):
        raise NotPossible(_("This was answered before."))


def check_explained(was_there: bool, reason: str) -> None:
    """Ask of who holds that somebody was there how they know it."""
    if was_there and not reason.strip():
        raise NotPossible(_("Say how you know that they were there."))


def check_note_leading(person: Person, panel: Panel) -> None:
    """Note as leading who is present, votes and does not coordinate the programme; the chair leads
    without being noted."""
    if person.pk in {seat.person for seat in panel.may_be_noted}:
        return
    if person.pk in panel.coordinating:
        raise NotPossible(_("%(person)s coordinates this programme.") % {"person": person})
    if panel.chairs(person.pk):
        raise NotPossible(_("The chair leads without being noted."))
    raise NotPossible(_("%(person)s is no voting member who is present.") % {"person": person})


def check_begin(meeting: Meeting) -> None:
    """Open a meeting once: one that was closed goes on only where a decision is set back."""
    check_move(meeting, Meeting.State.OPEN)
    check_not_closed(meeting)


def check_open_meeting(meeting: Meeting, reason: str, at: datetime) -> None:
    """Ask for a reason before the planned day; it is kept."""
    check_begin(meeting)
    if is_early(meeting, at) and not reason.strip():
        raise NotPossible(
            _("This meeting is planned for %(day)s: say why it is opened earlier.")
            % {"day": date_format(timezone.localtime(meeting.held_at), "j F Y")}
        )


def check_close_meeting(meeting: Meeting, pending: int) -> None:
    """Leave nobody waiting: `pending` is how many cases on the agenda have no outcome yet."""
    check_move(meeting, Meeting.State.CLOSED)
    if pending:
        raise NotPossible(
            ngettext(
                "%(count)d case has no outcome yet: decide it or defer it first.",
                "%(count)d cases have no outcome yet: decide or defer them first.",
                pending,
            )
            % {"count": pending}
        )


def check_recuse(by: Account, case: Case, panel: Panel) -> None:
    if case.state not in Case.WITH_MEMBERS:
        raise NotPossible(
            _("Standing aside is possible between the reference date and the decision.")
        )
    if by.pk in panel.aside:
        raise NotPossible(_("You stand aside from this case already."))


def check_ask_whose(by: Account, case: Case, panel: Panel) -> None:
    """Ask a member whose feedback it is until the committee has spoken; who said it of everybody
    can say otherwise until the judgements are opened: from then on who stands aside does."""
    if case.state not in Case.WITH_MEMBERS:
        raise NotPossible(_("This is asked between the reference date and the decision."))
    if case.state != Case.State.FROZEN and by.pk not in panel.unsaid:
        raise NotPossible(_("It could be said otherwise until the judgements were opened."))


def check_say_whose(by: Account, giver: UUID, case: Case, panel: Panel) -> None:
    """Ask a member of one giver whether the feedback is theirs, as `check_ask_whose`: where it is
    asked of them, and where they said so before and the judgements were not opened yet."""
    check_ask_whose(by, case, panel)
    if giver in panel.unsaid.get(by.pk, ()):
        return
    if giver not in panel.said.get(by.pk, ()):
        raise NotPossible(_("This is not asked of you."))
    if case.state != Case.State.FROZEN:
        raise NotPossible(_("It could be said otherwise until the judgements were opened."))


def check_judge(case: Case) -> None:
    if case.state != Case.State.FROZEN:
        raise NotPossible(_("Judgements are written between the reference date and their opening."))


def check_in_session(meeting: Meeting) -> None:
    if meeting.state != Meeting.State.OPEN:
        raise NotPossible(_("First open the meeting."))


def check_open_judgements(case: Case, panel: Panel) -> None:
    check_in_session(case.meeting)
    check_move(case, Case.State.OPENED)
    if case.is_opened:
        raise NotPossible(_("The judgements were opened before."))
    _check_able(panel)


def check_decide(case: Case, panel: Panel) -> None:
    """See that the committee, as it sits, can decide. (domain rule 7)"""
    check_in_session(case.meeting)
    check_move(case, Case.State.DECIDED)
    _check_able(panel)


def _check_able(panel: Panel) -> None:
    if found := obstacles(panel):
        raise NotPossible(" ".join(found))


def check_defer(case: Case) -> None:
    """Defer in session only; for this no quorum is needed."""
    check_in_session(case.meeting)
    check_move(case, Case.State.DEFERRED)


def check_announce(case: Case, panel: Panel) -> None:
    """Announce nothing while a member says that they were not there, and the secretary did not
    answer yet. (domain rule 19)"""
    check_move(case, Case.State.ANNOUNCED)
    _check_uncontradicted(panel)


def _check_uncontradicted(panel: Panel) -> None:
    if panel.contradicting:
        raise NotPossible(
            _(
                "A member says that they were not there, though it was noted: first the secretary "
                "answers."
            )
        )


def check_moment_to_announce(due_at: datetime, at: datetime) -> None:
    """Let decisions be announced now or later, within a month: who orders it still leads then."""
    if due_at < at or due_at > at + ANNOUNCED_WITHIN:
        raise NotPossible(_("Choose a moment from now on, within a month."))


def check_order_announcing(asked: int, standing: Set[UUID], ordered: Set[UUID]) -> None:
    """See that each of so many decisions stands to be announced, and that of none it is ordered
    already."""
    if standing & ordered:
        raise NotPossible(_("It is ordered already that this is announced. First call that off."))
    if len(standing) != asked:
        raise NotPossible(
            _("Something was decided or announced meanwhile. Look at the list once more.")
        )


def check_preview_letter(case: Case) -> None:
    if case.state != Case.State.DECIDED:
        raise NotPossible(_("There is a letter to look at between the decision and announcing it."))


def check_supersede(case: Case, panel: Panel, earlier: UUID, reason: str) -> None:
    """See that the decision was announced, that it is this one (`earlier`) which stands, that there
    is a reason, that nobody says that they were not there and waits for an answer, and that no
    later case on this unit, which opened with it, is being read or decided. One query."""
    if case.state != Case.State.ANNOUNCED:
        raise NotPossible(_("Only a decision that was announced is replaced by another."))
    if case.decision_id != earlier:
        raise NotPossible(
            _("Somebody replaced this decision meanwhile: read first the one that stands now.")
        )
    if not reason.strip():
        raise NotPossible(_("Say why another decision takes the place of this one."))
    _check_uncontradicted(panel)
    later = Case.objects.filter(enrolment=case.enrolment_id, unit=case.unit_id)
    states = (Case.State.FROZEN, Case.State.OPENED, Case.State.DECIDED)
    if later.filter(state__in=states).exists():
        raise NotPossible(
            _("A later case on this unit is with the committee: first it is decided or deferred.")
        )


def check_asks_something(stands: Standing, parts: Iterable[UnitPart]) -> None:
    """See that earlier decisions left something of the unit to ask."""
    if stands.attained and not stands.left_of(parts):
        raise NotPossible(
            _("Every part of this unit has been attained: take the case off the agenda.")
        )


def check_erase_person(person: Person) -> None:
    """Erase nobody while a case waits in which they are the student, or sit on the committee: as
    themselves, or as somebody who is said to be the same; and nobody who gave feedback and is known
    at a mailbox of somebody who sits there, or sat: it is still asked whose their words are. At
    least three queries."""
    people = said_to_be([person.pk])[person.pk]
    sits = Membership.objects.current().filter(
        committee=OuterRef("meeting__committee"), person__in=people
    )
    waiting = Case.objects.filter(state__in=Case.WAITING)
    if waiting.filter(Q(enrolment__student__in=people) | Exists(sits)).exists():
        raise NotPossible(
            _(
                "A case waits in which this person is the student or sits on the committee. Erase "
                "them once it was announced, deferred or taken off the agenda, or their seat ended."
            )
        )
    gave = Q(snapshot__items__kind="person", snapshot__items__source__in=people)
    to_come = Feedback.objects.filter(
        person__in=people, evidence__owner=OuterRef("enrolment__student"), taken_back_at=None
    )
    spoken = Case.objects.filter(state__in=Case.PENDING).filter(gave | Exists(to_come))
    seats = Membership.objects.filter(committee__meetings__cases__in=spoken)
    if at_mailboxes_of(seats.values("person")).filter(person__in=people).exists():
        raise NotPossible(
            _(
                "A case waits before a committee in which somebody shares a mailbox with this "
                "person. Erase them once it was decided or deferred."
            )
        )


# --- What rests on what others sent ---------------------------------------------------------------


@says_what_rests
def check_not_in_a_set(row: Sealed, sent_at: datetime, at: datetime) -> None:
    """Refuse to undo what stands on a student's chain where a set of theirs is frozen as of a
    moment since it was sent, or is about to be. One query."""
    kind, _colon, student = row.chain.partition(":")
    frozen = Case.objects.filter(
        enrolment__student=UUID(student),
        meeting__reference_at__gte=sent_at,
        meeting__reference_at__lte=at,
    )
    if kind == "person" and frozen.exists():
        raise NotPossible(
            _("This cannot be undone any more: it is in what a committee reads of the student.")
        )
