"""Mails about cases and meetings. None says what was found: that is read behind the sign-in."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
    Leading,
    Mandate,
    Meeting,
    Membership,
)
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail


def _day_of(case: Case) -> str:
    return date_format(timezone.localtime(case.meeting.held_at), "j F")


def _case(row: OutboxMail) -> Case | None:
    return Case.objects.for_list().filter(pk=row.about).first()


@mail("committees/planned")
def planned(row: OutboxMail) -> MailContent | None:
    """Tell the student that a committee will look at their set, and until when they can say what
    enters it; not needed once it was frozen or taken off the agenda."""
    case = _case(row)
    if case is None or case.state != Case.State.PLANNED:
        return None
    return MailContent(
        _("The committee looks at your evidence on %(day)s") % {"day": _day_of(case)},
        {
            "unit": case.unit.title,
            "meeting": case.meeting,
            "link": address_of("committees:my_case", case.pk),
        },
    )


@mail("committees/decision")
def decision(row: OutboxMail) -> MailContent | None:
    return _to_student(row, _("The committee has decided: read the decision"))


@mail("committees/deferral")
def deferral(row: OutboxMail) -> MailContent | None:
    return _to_student(row, _("The committee asks you to show more"))


@mail("committees/decision_adviser")
def decision_adviser(row: OutboxMail) -> MailContent | None:
    return _to_adviser(row, _("The committee has decided about %(student)s: read the decision"))


@mail("committees/deferral_adviser")
def deferral_adviser(row: OutboxMail) -> MailContent | None:
    return _to_adviser(row, _("The committee asks %(student)s to show more"))


def _to_student(row: OutboxMail, subject: str) -> MailContent | None:
    case = _case(row)
    if case is None:
        return None
    link = address_of("committees:letter", case.pk)
    return MailContent(subject, {"meeting": case.meeting, "link": link})


def _to_adviser(row: OutboxMail, subject: str) -> MailContent | None:
    """Write to the adviser, only to who still advises the student."""
    case = _case(row)
    if case is None or (adviser := case.enrolment.adviser) is None or adviser.pk != row.to:
        return None
    student = case.enrolment.student.name
    return MailContent(
        subject % {"student": student},
        {
            "student": student,
            "meeting": case.meeting,
            "link": address_of("committees:letter", case.pk),
        },
    )


@mail("committees/noted_present")
def noted_present(row: OutboxMail) -> MailContent | None:
    """Tell a member that the secretary noted them as present, so that who was not there can say
    so."""
    rows = Attendance.objects.select_related("meeting__committee", "by")
    noted = rows.filter(pk=row.about).first()
    if noted is None:
        return None
    return MailContent(
        _("It was noted that you are present at a meeting"),
        {
            "meeting": noted.meeting,
            "by": noted.by.name,
            "noted_at": noted.recorded_at,
            "link": address_of("committees:contradict", noted.pk),
        },
    )


@mail("committees/leads")
def leads(row: OutboxMail) -> MailContent | None:
    """Tell a member that they stand in for the chair; not needed once somebody else does."""
    rows = Leading.objects.current().select_related("meeting__committee")
    noted = rows.filter(pk=row.about).first()
    if noted is None:
        return None
    return MailContent(
        _("You stand in for the chair of a meeting"),
        {
            "meeting": noted.meeting,
            "link": address_of("committees:meeting", noted.meeting_id),
        },
    )


@mail("committees/established")
def established(row: OutboxMail) -> MailContent | None:
    """Tell who sits in a committee that it is established; not needed once there is another
    mandate."""
    rows = Committee.objects.select_related("mandate", "programme")
    committee = rows.filter(mandate=row.about).first()
    if committee is None or committee.mandate is None:
        return None
    return MailContent(
        _("The exam board has established the %(committee)s") % {"committee": committee},
        {
            "committee": committee,
            "mandate": committee.mandate,
            "link": address_of("committees:committee", committee.pk),
        },
    )


@mail("committees/awaits_mandate")
def awaits_mandate(row: OutboxMail) -> MailContent | None:
    """Tell the exam board that a committee waits for its mandate; not needed once it has one with
    all who vote, nor while too few have a seat."""
    waiting = Committee.objects.awaiting_mandate().select_related("programme")
    committee = waiting.filter(pk=row.about).first()
    if committee is None:
        return None
    votes = committee.memberships.current().filter(role__in=Membership.VOTING).count()
    if votes < Mandate.AT_LEAST:
        return None
    return MailContent(
        _("The %(committee)s waits for a mandate of the exam board") % {"committee": committee},
        {
            "committee": committee,
            "count": votes,
            "link": address_of("committees:committee", committee.pk),
        },
    )


@mail("committees/contradicted")
def contradicted(row: OutboxMail) -> MailContent | None:
    """Ask the secretary to answer; not needed once somebody did."""
    said = Contradiction.objects.unanswered().for_page().filter(pk=row.about).first()
    return said and _about_presence(said, _("%(member)s says that they were not there"))


@mail("committees/contradicted_exam_board")
def contradicted_exam_board(row: OutboxMail) -> MailContent | None:
    """Tell the exam board, and say which of the two it is: said after a decision was announced, or
    the secretary holds that the member was there."""
    said = Contradiction.objects.for_page().filter(pk=row.about).first()
    return said and _about_presence(
        said, _("A member of a committee says that they were not at a meeting")
    )


@mail("committees/contradiction_answered")
def contradiction_answered(row: OutboxMail) -> MailContent | None:
    said = Contradiction.objects.for_page().filter(pk=row.about).first()
    return said and _about_presence(
        said, _("The secretary has answered that you were not at the meeting")
    )


@mail("committees/set_back")
def set_back(row: OutboxMail) -> MailContent | None:
    """Tell who recorded a decision that it no longer stands; not needed once it was taken again."""
    meeting = Meeting.objects.select_related("committee").filter(pk=row.about).first()
    count = Case.objects.set_back().filter(meeting=meeting).count() if meeting else 0
    if not count:
        return None
    return MailContent(
        ngettext(
            "%(count)d decision no longer stands: take it again",
            "%(count)d decisions no longer stand: take them again",
            count,
        )
        % {"count": count},
        {
            "meeting": meeting,
            "count": count,
            "link": address_of("committees:meeting", row.about),
        },
    )


def _about_presence(said: Contradiction, subject: str) -> MailContent:
    member = said.attendance.person.name
    return MailContent(
        subject % {"member": member},
        {
            "meeting": said.attendance.meeting,
            "member": member,
            "said": said,
            "link": address_of("committees:contradiction", said.pk),
        },
    )
