"""Who may do what in a committee. Who may see it: `visible_to` of the models. Seats are looked
after by the programme's coordinators (programmes.access.check_may_manage)."""

from datetime import datetime

from django.utils.translation import gettext as _

from committees.models import Case, Committee, Membership
from committees.rules import Ground, Panel
from people.access import NotAllowed, has_role
from people.models import Account
from programmes.models import SUPERVISING

Role = Membership.Role


def role_of(user: Account, committee: Committee, at: datetime) -> str | None:
    """The person's role in the committee at this moment. One query."""
    seat = Membership.objects.as_of(at).filter(committee=committee, person=user.pk).first()
    return seat.role if seat else None


def check_prepares(user: Account, committee: Committee, at: datetime) -> None:
    """Meetings, agenda, freezing and attendance are the chair's and the secretary's. One query."""
    if role_of(user, committee, at) not in (Role.CHAIR, Role.SECRETARY):
        raise NotAllowed(_("This is for the chair and the secretary of the committee."))


def check_chairs(user: Account, committee: Committee, at: datetime) -> None:
    """One query."""
    if role_of(user, committee, at) != Role.CHAIR:
        raise NotAllowed(_("This is for the chair of the committee."))


def check_reads(user: Account, panel: Panel) -> None:
    """The set and the opened judgements are for those who sit in the committee and do not stand
    aside."""
    if panel.seat_of(user.pk) is None:
        raise NotAllowed(_("This is for the members of the committee."))
    if user.pk in panel.aside:
        raise NotAllowed(why_aside(panel.aside[user.pk]))


def why_aside(ground: str) -> str:
    """Said to somebody who stands aside."""
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


def check_judges(user: Account, panel: Panel) -> None:
    check_reads(user, panel)
    if not panel.may_judge(user.pk):
        raise NotAllowed(_("The secretary has no vote, and writes no judgement."))


def check_leads(user: Account, panel: Panel) -> None:
    """Opening judgements, recording, deferring and announcing are the chair's; where the chair
    stands aside, any other's who does not."""
    check_reads(user, panel)
    if not panel.leads(user.pk):
        raise NotAllowed(_("This is for the chair of the committee."))


def check_may_recuse(user: Account, panel: Panel) -> None:
    """Everybody asks for themselves."""
    if panel.seat_of(user.pk) is None:
        raise NotAllowed(_("This is for the members of the committee."))


def check_reads_record(user: Account, case: Case, panel: Panel) -> None:
    """Auditor and exam board always; members of the committee who did not stand aside once the
    decision is announced. At most one query."""
    if has_role(user, *SUPERVISING):
        return
    check_reads(user, panel)
    if case.state not in (Case.State.ANNOUNCED, Case.State.DEFERRED):
        raise NotAllowed(_("The record can be read once the decision has been announced."))


def may_read_files(user: Account, case: Case, panel: Panel) -> bool:
    """Whether the files of the frozen set are open to this person: the student, whoever reads the
    set, auditor and exam board. At most one query."""
    if case.enrolment.student_id == user.pk:
        return True
    reads = panel.seat_of(user.pk) is not None and user.pk not in panel.aside
    return reads or has_role(user, *SUPERVISING)
