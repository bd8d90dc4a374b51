"""Who may do what with a portfolio, and whether now; pages and actions ask both."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.models import Evidence
from people.access import NotAllowed
from people.models import Account
from portfolio.models import Acknowledgement, Agreement, CheckIn
from programmes.models import AdviserAssignment, Enrolment, Programme, Unit
from records.prepared import PreparedQuery
from records.refusals import NotPossible


def check_may_act_as_student(by: Account, enrolment: Enrolment) -> None:
    if enrolment.student_id != by.pk:
        raise NotAllowed(_("Only the student can do this."))


def _advised(adviser: UUID, enrolment: UUID) -> QuerySet[Any, Any]:
    advises = AdviserAssignment.objects.current().filter(adviser=adviser, enrolment=enrolment)
    return advises.values("pk")


ADVISED = PreparedQuery(_advised)


def check_may_advise(by: Account, enrolment: Enrolment) -> None:
    """Leave holding check-ins to the adviser of now. One query."""
    if not ADVISED.rows(by.pk, enrolment.pk):
        raise NotAllowed(_("Only the student's adviser can do this."))


def check_may_read_check_ins(by: Account, enrolment: Enrolment) -> None:
    """Leave reading check-ins to student and adviser, and nobody else: they belong to the
    conversation. (domain rule 12)"""
    if enrolment.student_id != by.pk:
        check_may_advise(by, enrolment)


def check_may_acknowledge(by: Account, check_in: CheckIn) -> None:
    check_may_act_as_student(by, check_in.enrolment)


def check_may_undo_check_in(by: Account, check_in: CheckIn) -> None:
    """Let only who held a check-in take it back."""
    if check_in.by_id != by.pk:
        raise NotAllowed(_("Only the person who noted this check-in can undo it."))


def check_may_finish(by: Account, agreement: Agreement) -> None:
    check_may_read_check_ins(by, agreement.check_in.enrolment)


# --- Whether now ----------------------------------------------------------------------------------


def check_hold_check_in(
    programme: Programme, light: str, held_on: date, due: Iterable[date], at: datetime
) -> None:
    """See that there is a light where the house rules have one and only there, that the check-in
    was held, and that what was agreed on is due after it."""
    if programme.rules.with_light != bool(light):
        raise NotPossible(
            _("Choose a traffic light.")
            if programme.rules.with_light
            else _("This programme holds check-ins without a traffic light.")
        )
    if held_on > timezone.localdate(at):
        raise NotPossible(_("A check-in is noted after it was held; this date is yet to come."))
    if any(due_on < held_on for due_on in due):
        raise NotPossible(_("An agreement is for a day after the check-in."))


def check_acknowledge(said: Acknowledgement | None, refused: bool) -> None:
    """See that a student who gave their word on a check-in says nothing else now."""
    if said is not None and said.refused != refused:
        raise NotPossible(_("You already gave your word on this check-in. It stays as it was."))


def check_undo_check_in(check_in: CheckIn) -> None:
    """Refuse to take back what the student gave their word on, or of which something is done. Two
    queries, unless it was read with both."""
    if hasattr(check_in, "acknowledgement"):
        raise NotPossible(_("The student has read this check-in. It stays as it was."))
    if any(agreement.done_at for agreement in check_in.agreements.all()):
        raise NotPossible(_("Something that was agreed in it is done. It stays as it was."))


def check_set_aside(piece: Evidence, unit: Unit, enrolment: Enrolment) -> None:
    """See that the piece is the student's, there, and laid against this unit. At most two
    queries."""
    laid = piece.links.current().filter(requirement__in=unit.requirements())
    belongs = (
        piece.owner_id == enrolment.student_id
        and unit.programme_id == enrolment.programme_id
        and piece.withdrawn_at is None
    )
    if not belongs or not laid.exists():
        raise NotPossible(_("This piece does not belong to this unit."))
