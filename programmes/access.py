"""Who may set up programmes, and when. Who may see them: `visible_to` and `managed_by` of the
models."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from people.access import NotAllowed, has_role, sees_more
from people.models import Account, InstitutionRole, Person
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Unit,
)
from qualifications.models import CoreTask, Qualification, WorkProcess
from records.refusals import NotPossible
from records.resting import Use, check_changeable, check_removable

# --- Persons --------------------------------------------------------------------------------------


def check_may_make_programme(by: Account) -> None:
    """Leave making programmes to the institution's coordinators. One query."""
    if not has_role(by, InstitutionRole.Role.COORDINATOR):
        raise NotAllowed(_("Programmes are made by people with the coordinator role."))


def check_may_manage(by: Account | None, programme: Programme) -> None:
    """Leave setting up a programme, with everything in it, to its own coordinators and to the
    system (None). One query."""
    if by is not None and not (
        ProgrammeRole.objects.current()
        .filter(programme=programme, person=by.pk, role=ProgrammeRole.Role.COORDINATOR)
        .exists()
    ):
        raise NotAllowed(_("Only the coordinators of this programme may change it."))


@sees_more
def belongs_elsewhere(by: Account, person: Person) -> bool:
    """Tell whether somebody studies, has a role or advises in a programme that this person does not
    coordinate, or studied there; in one of their own this person could take that role themselves.
    Of who studies in several they coordinate all: nobody comes into a portfolio by enrolling its
    student in a programme of their own. One query."""
    here = {"programme": OuterRef("pk")}
    studies_there = Enrolment.objects.filter(**here, student=person)
    has_role_there = ProgrammeRole.objects.current().filter(**here, person=person)
    advises_there = AdviserAssignment.objects.current().filter(
        enrolment__programme=OuterRef("pk"), adviser=person
    )
    others = Programme.objects.exclude(pk__in=Programme.objects.coordinated_by(by))
    belongs = Exists(studies_there) | Exists(has_role_there) | Exists(advises_there)
    return others.filter(belongs).exists()


# --- State ----------------------------------------------------------------------------------------


def check_fit_for_programme(qualification: Qualification) -> None:
    """See that a programme stands on a published qualification; an elective is a track beside
    one."""
    if (qualification.status, qualification.kind) != (
        Qualification.Status.PUBLISHED,
        Qualification.Kind.QUALIFICATION,
    ):
        raise NotPossible(_("A programme needs a published qualification."))


def check_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise NotPossible(_("The end lies before the start."))


def check_period_apart(period: Period) -> None:
    """See that a period overlaps with no other of its programme, so that a day falls in one of
    them. One query."""
    others = period.programme.periods.current().exclude(pk=period.pk)
    clash = others.filter(starts_on__lte=period.ends_on, ends_on__gte=period.starts_on).first()
    if clash:
        raise NotPossible(_("These dates overlap with %(period)s.") % {"period": clash.name})


def check_not_archived(programme: Programme) -> None:
    """See that a programme is still worked on."""
    if programme.state == Programme.State.ARCHIVED:
        raise NotPossible(_("This programme is archived: bring it back to change something in it."))


def check_open(programme: Programme) -> None:
    """See that others than its coordinators may know of a programme: who is enrolled gets a
    mail."""
    check_not_archived(programme)
    if programme.state == Programme.State.DRAFT:
        raise NotPossible(_("This programme is a draft: open it first."))


def check_draft_programme(programme: Programme) -> None:
    """See that nobody but its coordinators knew of a programme, so that it can go."""
    if programme.state != Programme.State.DRAFT:
        raise NotPossible(_("This programme was opened: archive it instead."))


# Each of these raises InUse where something rests on the row: it says what, and what can be done
# instead (records/resting.py).


def check_remove_period(period: Period, on: date) -> None:
    """Keep a period from being removed once it has begun for students, as what they did is drawn
    per period; it can still be changed. One query."""
    begun = period.programme.enrolments.none()
    if period.starts_on <= on:
        begun = period.programme.enrolments.current(period.starts_on)
    uses = []
    if count := begun.filter(starts_on__lte=period.ends_on).count():
        text = ngettext(
            "It has begun, and %(count)d student is in this programme in it.",
            "It has begun, and %(count)d students are in this programme in it.",
            count,
        )
        url = f"{period.programme.get_absolute_url()}#students"
        uses.append(Use(text % {"count": count}, url))
    check_removable(period, _("Its name and its days can still be changed."), *uses)


ANOTHER_UNIT = gettext_lazy("Add another unit for what is decided from now on; this one stays.")


def check_change_unit(unit: Unit) -> None:
    """See that no committee has the unit on an agenda: a decision has a finding for each part, so
    that from then on its parts stand."""
    check_changeable(unit, ANOTHER_UNIT)


def check_remove_unit(unit: Unit) -> None:
    check_removable(unit, ANOTHER_UNIT)


def check_archive(programme: Programme, on: date) -> None:
    """See that nobody studies in a programme any more, and that nothing else goes on in it. One
    query, and one for each kind that rests on it."""
    uses = []
    if count := programme.enrolments.current(on).count():
        text = ngettext(
            "%(count)d student is in this programme.",
            "%(count)d students are in this programme.",
            count,
        )
        url = f"{programme.get_absolute_url()}#students"
        uses.append(Use(text % {"count": count}, url))
    check_removable(
        programme,
        _("Give each enrolment a last day. You can archive the programme once that is over."),
        *uses,
    )


def check_remove_enrolment(enrolment: Enrolment) -> None:
    """See that nothing of what a student does in a programme is there yet: whoever was enrolled by
    mistake goes, whoever leaves has a last day."""
    check_removable(
        enrolment,
        _("Give the enrolment a last day instead: the student keeps the portfolio."),
    )


def check_remove_placement(placement: Placement) -> None:
    check_removable(placement, _("Change its days instead, or end the supervisor."))


def check_parts(programme: Programme, parts: Sequence[CoreTask | WorkProcess]) -> None:
    """See that a unit has parts, all of the programme's qualification, none within another. Work
    processes come with their core task loaded."""
    if not parts:
        raise NotPossible(_("Choose at least one part."))
    wholes = {part for part in parts if isinstance(part, CoreTask)}
    for part in parts:
        core_task = part if isinstance(part, CoreTask) else part.core_task
        if core_task.qualification_id != programme.qualification_id:
            raise NotPossible(_("%(part)s is not of this qualification.") % {"part": part.code})
        if part is not core_task and core_task in wholes:
            raise NotPossible(
                _("%(whole)s is chosen as a whole: leave out %(part)s, which belongs to it.")
                % {"whole": core_task.code, "part": part.code}
            )


def check_not_own(by: Account | None, role: ProgrammeRole) -> None:
    """Let nobody end their own role as coordinator, so that a programme always keeps one."""
    if role.role == ProgrammeRole.Role.COORDINATOR and by is not None and role.person_id == by.pk:
        raise NotPossible(_("You cannot end your own role: another coordinator can."))
