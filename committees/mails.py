"""Mails about cases. None says what was found: that is read behind the sign-in."""

from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from committees.models import Case
from people.models import Person
from post.outbox import MailContent, address_of, mail


def _day_of(case: Case) -> str:
    return date_format(timezone.localtime(case.meeting.held_at), "j F")


def _case(ids: dict[str, Any]) -> Case | None:
    return Case.objects.for_list().filter(pk=ids["case"]).first()


@mail("committees/planned")
def planned(ids: dict[str, Any]) -> MailContent | None:
    """Tells the student that a committee will look at their set, and until when they can say what
    enters it; not needed once it was frozen or taken off the agenda."""
    case = _case(ids)
    if case is None or case.state != Case.State.PLANNED:
        return None
    return MailContent(
        _("The committee looks at your evidence on %(day)s") % {"day": _day_of(case)},
        {
            "name": case.enrolment.student.name,
            "unit": case.unit.title,
            "meeting": case.meeting,
            "link": address_of("committees:my_case", case.pk),
        },
    )


@mail("committees/decision")
def decision(ids: dict[str, Any]) -> MailContent | None:
    return _to_student(ids, _("The committee has decided: read the decision"))


@mail("committees/deferral")
def deferral(ids: dict[str, Any]) -> MailContent | None:
    return _to_student(ids, _("The committee asks you to show more"))


@mail("committees/decision_adviser")
def decision_adviser(ids: dict[str, Any]) -> MailContent | None:
    return _to_adviser(ids, _("The committee has decided about %(student)s: read the decision"))


@mail("committees/deferral_adviser")
def deferral_adviser(ids: dict[str, Any]) -> MailContent | None:
    return _to_adviser(ids, _("The committee asks %(student)s to show more"))


def _to_student(ids: dict[str, Any], subject: str) -> MailContent | None:
    case = _case(ids)
    if case is None:
        return None
    link = address_of("committees:letter", case.pk)
    context = {"name": case.enrolment.student.name, "meeting": case.meeting, "link": link}
    return MailContent(subject, context)


def _to_adviser(ids: dict[str, Any], subject: str) -> MailContent | None:
    """Only to who still advises the student."""
    case = _case(ids)
    adviser = Person.objects.filter(pk=ids["adviser"]).first()
    if case is None or adviser is None or case.enrolment.adviser != adviser:
        return None
    student = case.enrolment.student.name
    return MailContent(
        subject % {"student": student},
        {
            "name": adviser.name,
            "student": student,
            "meeting": case.meeting,
            "link": address_of("committees:letter", case.pk),
        },
    )
