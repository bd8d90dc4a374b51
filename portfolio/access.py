from django.utils.translation import gettext as _

from people.access import NotAllowed
from people.models import Account
from portfolio.models import Agreement, CheckIn
from programmes.models import Enrolment


def check_may_act_as_student(user: Account, enrolment: Enrolment) -> None:
    if enrolment.student_id != user.pk:
        raise NotAllowed(_("Only the student can do this."))


def check_may_advise(user: Account, enrolment: Enrolment) -> None:
    """Only the adviser of now holds check-ins. One query."""
    if not Enrolment.objects.advised_by(user).filter(pk=enrolment.pk).exists():
        raise NotAllowed(_("Only the student's adviser can do this."))


def check_may_read_check_ins(user: Account, enrolment: Enrolment) -> None:
    """Check-ins belong to the conversation: student and adviser, nobody else. (domain rule 12)"""
    if enrolment.student_id != user.pk:
        check_may_advise(user, enrolment)


def check_may_acknowledge(user: Account, check_in: CheckIn) -> None:
    check_may_act_as_student(user, check_in.enrolment)


def check_may_finish(user: Account, agreement: Agreement) -> None:
    check_may_read_check_ins(user, agreement.check_in.enrolment)
