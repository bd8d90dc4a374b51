"""Mails about cases. None says what was found: that is read behind the sign-in."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from committees.models import Case
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
