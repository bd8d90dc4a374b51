from django.utils.translation import gettext as _

from people.access import NotAllowed
from people.models import Account
from portfolio.models import Agreement, CheckIn
from programmes.models import Enrolment


def check_may_act_as_student(by: Account, enrolment: Enrolment) -> None:
    if enrolment.student_id != by.pk:
        raise NotAllowed(_("Only the student can do this."))


def check_may_advise(by: Account, enrolment: Enrolment) -> None:
    """Only the adviser of now holds check-ins. One query."""
    if not Enrolment.objects.advised_by(by).filter(pk=enrolment.pk).exists():
        raise NotAllowed(_("Only the student's adviser can do this."))


def check_may_read_check_ins(by: Account, enrolment: Enrolment) -> None:
    """Check-ins belong to the conversation: student and adviser, nobody else. (domain rule 12)"""
    if enrolment.student_id != by.pk:
        check_may_advise(by, enrolment)


def check_may_acknowledge(by: Account, check_in: CheckIn) -> None:
    check_may_act_as_student(by, check_in.enrolment)


def check_may_finish(by: Account, agreement: Agreement) -> None:
    check_may_read_check_ins(by, agreement.check_in.enrolment)
