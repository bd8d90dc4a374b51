"""Who may change qualifications, and when. Who may see them: `visible_to` of the models."""

from django.utils.translation import gettext as _

from people.access import NotAllowed, has_role
from people.models import Account, InstitutionRole
from qualifications.models import Qualification
from records.refusals import NotPossible
from records.resting import check_removable


def check_may_curate(by: Account | None) -> None:
    """Leave loading, importing, merging, wording and publishing to the curriculum role, and to the
    system (None). One query."""
    if by is not None and not has_role(by, InstitutionRole.Role.CURRICULUM):
        raise NotAllowed(_("Qualifications are set up by people with the curriculum role."))


def check_draft(qualification: Qualification) -> None:
    """See that a qualification is a draft: what is published stands, as people plan, collect
    evidence and decide by it."""
    if qualification.status != Qualification.Status.DRAFT:
        raise NotPossible(_("This qualification is published: its structure no longer changes."))


def check_withdraw(qualification: Qualification) -> None:
    """See that a qualification is published and that nobody uses it. Raises InUse where somebody
    does, and NotPossible for a draft."""
    if qualification.status != Qualification.Status.PUBLISHED:
        raise NotPossible(_("This qualification is a draft: it was not published."))
    check_removable(
        qualification, _("Load the next edition beside it, and base new programmes on that one.")
    )
