from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from people.actions import Meant, end_waiting, person_meant, register
from people.identity import hold_who_is_who
from people.models import Account, Address, Person
from programmes.access import (
    check_archive,
    check_change_unit,
    check_draft_programme,
    check_fit_for_programme,
    check_may_make_programme,
    check_may_manage,
    check_not_archived,
    check_not_own,
    check_open,
    check_order,
    check_parts,
    check_period_apart,
    check_remove_enrolment,
    check_remove_period,
    check_remove_placement,
    check_remove_unit,
)
from programmes.cohorts import a_year_on, in_words_a_year_on
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Guideline,
    HouseRules,
    Period,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Track,
    Unit,
    UnitPart,
)
from qualifications.models import CoreTask, Qualification, QualityRequirement, WorkProcess
from records.chain import append
from records.locking import under_lock
from records.models import Sealed
from records.refusals import NotPossible


class RuleValues(TypedDict, total=False):
    """See the fields of `HouseRules`; what is left out keeps its value or has the default."""

    check_ins_per_period: int
    with_light: bool
    link_days: int
    committee_sees_check_ins: bool
    givers_may_judge: bool
    notice_working_days: int
    closed_days: Sequence[date]
    sector: str


SAME_PROGRAMME = gettext_lazy("There is already a programme with this title and cohort.")


@contextmanager
def refused_as(text: object) -> Iterator[None]:
    """Raise NotPossible with this text for what the database refuses inside."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as fault:
        raise NotPossible(text) from fault


def _locked(programme: Programme) -> Programme:
    return under_lock(Programme.objects.all(), programme.pk)


def _worked_on(programme: Programme) -> Programme:
    """Lock a programme to change its set-up. Raises NotPossible for one that is archived."""
    programme = _locked(programme)
    check_not_archived(programme)
    return programme


def _fit(qualification: Qualification) -> Qualification:
    """Lock a qualification, which is then not withdrawn. Raises NotPossible for a draft."""
    qualification = under_lock(Qualification.objects.all(), qualification.pk)
    check_fit_for_programme(qualification)
    return qualification


def _person(somebody: Person | Meant, *, by: Account | None, at: datetime) -> Person:
    """Find who is meant, a person with an account; somebody unknown is registered, and invited by
    mail."""
    if isinstance(somebody, Meant):
        account = register(email=somebody.address, name=somebody.name, by=by, at=at)
    else:
        account = somebody.account
    if not account.is_active:
        raise NotPossible(_("The account of %(name)s is closed.") % {"name": account.name})
    return account.person


# --- The programme and its house rules ------------------------------------------------------------


@transaction.atomic
def make_programme(
    *,
    title: str,
    cohort: str,
    qualification: Qualification,
    by: Account,
    at: datetime | None = None,
    **values: Unpack[RuleValues],
) -> Programme:
    """Make a programme, coordinated by who makes it. Raises NotPossible where the qualification is
    not published, or the title has this cohort already."""
    check_may_make_programme(by)
    qualification = _fit(qualification)
    at = at or timezone.now()
    rules = HouseRules(recorded_at=at, **values)
    programme = Programme(
        title=title, cohort=cohort, qualification=qualification, rules=rules, recorded_at=at
    )
    with refused_as(SAME_PROGRAMME):
        programme.save(force_insert=True)
    rules.programme = programme
    rules.save(force_insert=True)
    facts = {"qualification": qualification.pk, **_values_of(rules)}
    made: list[Sealed] = [programme, rules]
    append(programme.chain, "programme.made", by=by, at=at, rows=made, facts=facts)
    _give_role(programme, by.person, ProgrammeRole.Role.COORDINATOR, by=by, at=at)
    return programme


@transaction.atomic
def change_programme(
    *,
    programme: Programme,
    title: str,
    cohort: str,
    by: Account | None,
    at: datetime | None = None,
    **values: Unpack[RuleValues],
) -> Programme:
    """Change the title and the cohort; other house rules are a new version of them. The event
    says what was changed in them."""
    check_may_manage(by, programme)
    programme = _worked_on(programme)
    at = at or timezone.now()
    before = programme.rules
    after = HouseRules(
        programme=programme,
        number=before.number + 1,
        recorded_at=at,
        **(_values_of(before) | values),
    )
    changed = {
        name: [old, new]
        for (name, old), new in zip(
            _values_of(before).items(), _values_of(after).values(), strict=True
        )
        if old != new
    }
    if changed:
        after.save(force_insert=True)
        programme.rules = after
    programme.title, programme.cohort = title, cohort
    with refused_as(SAME_PROGRAMME):
        programme.save()
    rows: list[Sealed] = [programme, after] if changed else [programme]
    append(programme.chain, "programme.changed", by=by, at=at, rows=rows, facts=changed)
    return programme


@transaction.atomic
def copy_programme(
    *, programme: Programme, title: str, cohort: str, by: Account, at: datetime | None = None
) -> Programme:
    """Copy the set-up of a programme to the next cohort, as a draft: its periods a year on, units,
    guidelines, house rules, and the roles of who has an open account. Students, and committees with
    their procedure, are not copied. Raises NotPossible as `make_programme`."""
    check_may_manage(by, programme)
    check_may_make_programme(by)
    programme = under_lock(Programme.objects.for_page(), programme.pk)
    _fit(programme.qualification)
    at = at or timezone.now()
    rules = HouseRules(recorded_at=at, **_values_of(programme.rules))
    copy = Programme(
        title=title,
        cohort=cohort,
        qualification=programme.qualification,
        rules=rules,
        state=Programme.State.DRAFT,
        recorded_at=at,
    )
    with refused_as(SAME_PROGRAMME):
        copy.save(force_insert=True)
    rules.programme = copy
    rules.save(force_insert=True)
    periods = [
        Period(
            programme=copy,
            name=in_words_a_year_on(period.name),
            starts_on=a_year_on(period.starts_on),
            ends_on=a_year_on(period.ends_on),
            recorded_at=at,
        )
        for period in programme.periods.current()
    ]
    units, parts = [], []
    for unit in programme.units.for_list():
        units.append(Unit(programme=copy, title=unit.title, purpose=unit.purpose))
        parts += [
            UnitPart(unit=units[-1], recorded_at=at, **_pointing_at(part.target))
            for part in unit.parts.all()
        ]
    guidelines = [
        Guideline(
            programme=copy,
            pieces=guideline.pieces,
            people=guideline.people,
            roles=guideline.roles,
            recorded_at=at,
            **_pointing_at(guideline.target),
        )
        for guideline in programme.current_guidelines()
    ]
    Period.objects.bulk_create(periods)
    Unit.objects.bulk_create(units)
    UnitPart.objects.bulk_create(parts)
    Guideline.objects.bulk_create(guidelines)
    made: list[Sealed] = [copy, rules, *periods, *units, *guidelines]
    facts = {"copied_from": programme.pk, "qualification": copy.qualification_id}
    append(copy.chain, "programme.copied", by=by, at=at, rows=made, facts=facts)
    for role in programme.current_roles().filter(person__account__is_active=True):
        _give_role(copy, role.person, ProgrammeRole.Role(role.role), by=by, at=at)
    return copy


@transaction.atomic
def open_programme(*, programme: Programme, by: Account | None, at: datetime | None = None) -> None:
    """Let others than its coordinators know of a draft: from now on students can be enrolled.
    Nothing happens where it is open."""
    check_may_manage(by, programme)
    _move(_locked(programme), Programme.State.OPEN, "programme.opened", by=by, at=at)


@transaction.atomic
def archive_programme(
    *, programme: Programme, by: Account | None, at: datetime | None = None
) -> None:
    """Archive a programme: nothing of it is set up any more, and all of it stays. Raises InUse
    while somebody studies in it or a committee meets for it."""
    check_may_manage(by, programme)
    programme = _locked(programme)
    check_archive(programme, timezone.localdate(at))
    _move(programme, Programme.State.ARCHIVED, "programme.archived", by=by, at=at)


@transaction.atomic
def bring_back_programme(
    *, programme: Programme, by: Account | None, at: datetime | None = None
) -> None:
    """Work on an archived programme again. Raises NotPossible where another has its title and
    cohort now."""
    check_may_manage(by, programme)
    _move(_locked(programme), Programme.State.OPEN, "programme.brought_back", by=by, at=at)


def _move(
    programme: Programme,
    to: Programme.State,
    verb: str,
    *,
    by: Account | None,
    at: datetime | None,
) -> None:
    """Put a programme that the caller has locked into this state. Nothing happens where it is in
    it. Raises NotPossible where the transition does not stand in the table."""
    if programme.state == to:
        return
    if to not in Programme.TRANSITIONS[Programme.State(programme.state)]:
        raise NotPossible(_("This programme is a draft: open it first."))
    programme.state = to
    with refused_as(SAME_PROGRAMME):
        programme.save(update_fields=["state"])
    append(programme.chain, verb, by=by, at=at, rows=[programme])


@transaction.atomic
def remove_programme(
    *, programme: Programme, by: Account | None, at: datetime | None = None
) -> None:
    """Delete a draft with all that was set up in it. Raises NotPossible once it was opened."""
    check_may_manage(by, programme)
    programme = _locked(programme)
    check_draft_programme(programme)
    parts: tuple[QuerySet, ...] = (
        programme.guidelines.all(),
        programme.units.all(),
        programme.periods.all(),
        programme.roles.all(),
    )
    rules = programme.house_rules.all()
    removed = [programme, *rules, *(row for rows in parts for row in rows)]
    append(programme.chain, "programme.removed", by=by, at=at, removed=removed)
    UnitPart.objects.filter(unit__programme=programme).delete()
    for rows in parts:
        rows.delete()
    programme.delete()


def _values_of(rules: HouseRules) -> dict[str, Any]:
    return {name: getattr(rules, name) for name in RuleValues.__annotations__}


# --- Periods --------------------------------------------------------------------------------------


@transaction.atomic
def add_period(
    *,
    programme: Programme,
    name: str,
    starts_on: date,
    ends_on: date,
    by: Account | None,
    at: datetime | None = None,
) -> Period:
    """Add a period to a programme. Raises NotPossible for a name that another period has, and for
    dates that overlap with those of another or lie the wrong way round."""
    check_may_manage(by, programme)
    programme = _worked_on(programme)
    at = at or timezone.now()
    period = Period(
        programme=programme, name=name, starts_on=starts_on, ends_on=ends_on, recorded_at=at
    )
    return _keep_period(period, "period.added", by=by, at=at)


@transaction.atomic
def change_period(
    *,
    period: Period,
    name: str,
    starts_on: date,
    ends_on: date,
    by: Account | None,
    at: datetime | None = None,
) -> Period:
    """Change the name and the dates of a period by a new row, which ends the one before it; what is
    as it was stays. Raises NotPossible as `add_period`, and for one that ended already."""
    check_may_manage(by, period.programme)
    programme = _worked_on(period.programme)
    at = at or timezone.now()
    present = period.name, period.starts_on, period.ends_on
    if period.ended_at is None and present == (name, starts_on, ends_on):
        return period
    _end_period(period, at)
    changed = Period(
        programme=programme, name=name, starts_on=starts_on, ends_on=ends_on, recorded_at=at
    )
    return _keep_period(changed, "period.changed", by=by, at=at, replaces=period)


def _keep_period(
    period: Period,
    verb: str,
    *,
    replaces: Period | None = None,
    by: Account | None,
    at: datetime,
) -> Period:
    check_order(period.starts_on, period.ends_on)
    check_period_apart(period)
    with refused_as(_("Another period of this programme has this name.")):
        period.save(force_insert=True)
    facts = {"period": period.pk, "starts_on": period.starts_on, "ends_on": period.ends_on}
    rows = [period]
    if replaces is not None:
        facts["replaces"] = replaces.pk
        rows.append(replaces)
    append(period.chain, verb, by=by, at=at, rows=rows, facts=facts)
    return period


def _end_period(period: Period, at: datetime) -> None:
    """End a period at this moment. Raises NotPossible for one that ended already."""
    if not Period.objects.current().filter(pk=period.pk).update(ended_at=at):
        raise NotPossible(_("Somebody has changed or removed this period since you opened it."))


@transaction.atomic
def remove_period(*, period: Period, by: Account | None, at: datetime | None = None) -> None:
    """Remove a period: there is none such from now on. Raises NotPossible once it has begun for
    students."""
    check_may_manage(by, period.programme)
    _worked_on(period.programme)
    at = at or timezone.now()
    check_remove_period(period, timezone.localdate(at))
    _end_period(period, at)
    facts = {"period": period.pk}
    append(period.chain, "period.removed", by=by, at=at, rows=[period], facts=facts)


# --- Units ----------------------------------------------------------------------------------------


@transaction.atomic
def add_unit(
    *,
    programme: Programme,
    title: str,
    purpose: str,
    parts: Sequence[CoreTask | WorkProcess],
    by: Account | None,
    at: datetime | None = None,
) -> Unit:
    """Add a unit of decision with its parts. Raises NotPossible for a title that another unit has,
    and for parts that are none, of another qualification, or within one another."""
    check_may_manage(by, programme)
    unit = Unit(programme=_worked_on(programme), title=title, purpose=purpose)
    return _save_unit(unit, parts, "unit.added", by=by, at=at)


@transaction.atomic
def change_unit(
    *,
    unit: Unit,
    title: str,
    purpose: str,
    parts: Sequence[CoreTask | WorkProcess],
    by: Account | None,
    at: datetime | None = None,
) -> Unit:
    """Change a unit. Parts that stay keep their row, others are ended. Raises NotPossible as
    `add_unit`, and once a committee has the unit on an agenda."""
    check_may_manage(by, unit.programme)
    _worked_on(unit.programme)
    unit = under_lock(Unit.objects.all(), unit.pk)  # which keeps new cases out
    check_change_unit(unit)
    unit.title, unit.purpose = title, purpose
    return _save_unit(unit, parts, "unit.changed", by=by, at=at)


def _save_unit(
    unit: Unit,
    parts: Sequence[CoreTask | WorkProcess],
    verb: str,
    *,
    by: Account | None,
    at: datetime | None,
) -> Unit:
    at = at or timezone.now()
    check_parts(unit.programme, parts)
    with refused_as(_("Another unit of this programme has this title.")):
        unit.save()
    present = unit.parts.current().select_related("core_task", "work_process")
    kept = {part.target: part for part in present}
    ended = [part.pk for target, part in kept.items() if target not in parts]
    UnitPart.objects.filter(pk__in=ended).update(ended_at=at)
    UnitPart.objects.bulk_create(
        UnitPart(unit=unit, recorded_at=at, **_pointing_at(target))
        for target in dict.fromkeys(parts)
        if target not in kept
    )
    facts = {"unit": unit.pk, "purpose": unit.purpose, "parts": [part.pk for part in parts]}
    append(unit.chain, verb, by=by, at=at, rows=[unit], facts=facts)
    return unit


def _pointing_at(target: CoreTask | WorkProcess | QualityRequirement) -> dict[str, Any]:
    if isinstance(target, CoreTask):
        return {"core_task": target}
    if isinstance(target, WorkProcess):
        return {"work_process": target}
    return {"requirement": target}


@transaction.atomic
def remove_unit(*, unit: Unit, by: Account | None, at: datetime | None = None) -> None:
    """Delete a unit that nothing rests on, with its parts of before. Raises NotPossible where
    something does."""
    check_may_manage(by, unit.programme)
    _worked_on(unit.programme)
    unit = under_lock(Unit.objects.all(), unit.pk)
    check_remove_unit(unit)
    append(unit.chain, "unit.removed", by=by, at=at, removed=[unit], facts={"unit": unit.pk})
    unit.parts.all().delete()
    unit.delete()


# --- Guidelines -----------------------------------------------------------------------------------


@transaction.atomic
def set_guideline(
    *,
    programme: Programme,
    target: CoreTask | WorkProcess | QualityRequirement,
    pieces: int = 0,
    people: int = 0,
    roles: int = 0,
    by: Account | None,
    at: datetime | None = None,
) -> Guideline:
    """Set the guideline on this core task, work process or requirement: a new row, which ends the
    one before it; what is as it was stays. Raises NotPossible where nothing is asked, or the target
    is of another qualification."""
    check_may_manage(by, programme)
    figures = {"pieces": pieces, "people": people, "roles": roles}
    if not any(figures.values()):
        raise NotPossible(_("Ask for at least one piece, person or role."))
    holder = target.core_task if isinstance(target, WorkProcess) else target
    if holder.qualification_id != programme.qualification_id:
        raise NotPossible(_("This is not of the programme's qualification."))
    programme = _worked_on(programme)
    at = at or timezone.now()
    earlier = programme.guidelines.current().filter(**_pointing_at(target))
    if same := earlier.filter(**figures).first():
        return same
    ended = list(earlier)
    earlier.update(ended_at=at)
    guideline = Guideline.objects.create(
        programme=programme, recorded_at=at, **_pointing_at(target), **figures
    )
    facts = {"guideline": guideline.pk, "on": target.pk, **figures}
    rows = [*ended, guideline]
    append(programme.chain, "guideline.set", by=by, at=at, rows=rows, facts=facts)
    return guideline


@transaction.atomic
def end_guideline(*, guideline: Guideline, by: Account | None, at: datetime | None = None) -> None:
    check_may_manage(by, guideline.programme)
    _worked_on(guideline.programme)
    at = at or timezone.now()
    if Guideline.objects.current().filter(pk=guideline.pk).update(ended_at=at):
        facts = {"guideline": guideline.pk}
        append(guideline.chain, "guideline.ended", by=by, at=at, rows=[guideline], facts=facts)


# --- Teachers and coordinators --------------------------------------------------------------------


@transaction.atomic
def give_role(
    *,
    programme: Programme,
    person: Person | Meant,
    role: ProgrammeRole.Role,
    by: Account | None,
    at: datetime | None = None,
) -> ProgrammeRole:
    """Give somebody a role in a programme; who is unknown is registered, and invited by mail.
    Raises NotPossible where the person has the role already, or their account is closed."""
    check_may_manage(by, programme)
    hold_who_is_who()
    programme = _locked(programme)
    at = at or timezone.now()
    return _give_role(programme, _person(person, by=by, at=at), role, by=by, at=at)


def _give_role(
    programme: Programme,
    person: Person,
    role: ProgrammeRole.Role,
    *,
    by: Account | None,
    at: datetime,
) -> ProgrammeRole:
    given = ProgrammeRole(programme=programme, person=person, role=role, recorded_at=at)
    has_it = _("%(name)s has this role already: %(role)s.")
    with refused_as(has_it % {"name": person.name, "role": given.get_role_display()}):
        given.save(force_insert=True)
    end_waiting(person, by, at)
    facts = {"person": person.pk, "role": given.role}
    append(given.chain, "role.given", by=by, at=at, rows=[given], facts=facts)
    return given


@transaction.atomic
def end_role(*, role: ProgrammeRole, by: Account | None, at: datetime | None = None) -> None:
    """End a role in a programme. Raises NotPossible for one's own role as coordinator."""
    programme = _locked(role.programme)
    check_may_manage(by, programme)  # under the lock: two cannot end each other's
    check_not_own(by, role)
    at = at or timezone.now()
    if ProgrammeRole.objects.current().filter(pk=role.pk).update(ended_at=at):
        facts = {"person": role.person_id, "role": role.role}
        append(role.chain, "role.ended", by=by, at=at, rows=[role], facts=facts)


# --- Students -------------------------------------------------------------------------------------


@transaction.atomic
def enrol(
    *,
    programme: Programme,
    student: Person | Meant,
    starts_on: date,
    adviser: Person | Meant | None = None,
    by: Account | None,
    at: datetime | None = None,
) -> Enrolment:
    """Enrol a student, who follows the programme's qualification; an address of theirs that waits
    waits in vain. Raises NotPossible where the student is in this programme already (or was: see
    `change_enrolment`), would be their own adviser, or has a closed account."""
    check_may_manage(by, programme)
    hold_who_is_who()
    programme = _locked(programme)
    check_open(programme)
    at = at or timezone.now()
    person = _person(student, by=by, at=at)
    enrolment = Enrolment(programme=programme, student=person, starts_on=starts_on, recorded_at=at)
    with refused_as(_("%(name)s is in this programme already.") % {"name": person.name}):
        enrolment.save(force_insert=True)
    track = Track.objects.create(
        enrolment=enrolment, qualification=programme.qualification, recorded_at=at
    )
    end_waiting(person, by, at)
    facts = {"enrolment": enrolment.pk, "programme": programme.pk, "starts_on": starts_on}
    append(
        enrolment.chain,
        "student.enrolled",
        by=by,
        at=at,
        rows=[enrolment, track],
        facts=facts,
    )
    if adviser is not None:
        assign_adviser(enrolment=enrolment, adviser=adviser, by=by, at=at)
    return enrolment


@transaction.atomic
def change_enrolment(
    *,
    enrolment: Enrolment,
    starts_on: date,
    ends_on: date | None,
    by: Account | None,
    at: datetime | None = None,
) -> Enrolment:
    """Set the first and the last day of an enrolment; without a last one it goes on. Nothing else
    changes: who advised, the placements and the evidence stay on record. Raises NotPossible for a
    last day before the first."""
    check_may_manage(by, enrolment.programme)
    enrolment = _locked_enrolment(enrolment)
    check_order(starts_on, ends_on)
    verb = "enrolment.changed"
    if ends_on != enrolment.ends_on:
        verb = "enrolment.ended" if ends_on else "enrolment.resumed"
    enrolment.starts_on, enrolment.ends_on = starts_on, ends_on
    enrolment.save(update_fields=["starts_on", "ends_on"])
    facts = {"enrolment": enrolment.pk, "starts_on": starts_on, "ends_on": ends_on}
    append(enrolment.chain, verb, by=by, at=at, rows=[enrolment], facts=facts)
    return enrolment


@transaction.atomic
def remove_enrolment(
    *, enrolment: Enrolment, by: Account | None, at: datetime | None = None
) -> None:
    """Delete the enrolment of who does not belong in the programme, with its adviser and its
    placements. The person stays. Raises InUse once the student did something in it."""
    check_may_manage(by, enrolment.programme)
    enrolment = _locked_enrolment(enrolment)
    check_remove_enrolment(enrolment)
    placements = list(enrolment.placements.all())
    parts: tuple[QuerySet, ...] = (
        Supervisor.objects.filter(placement__in=placements),
        enrolment.placements.all(),
        enrolment.adviser_assignments.all(),
        enrolment.tracks.all(),
    )
    removed = [enrolment, *(row for rows in parts for row in rows)]
    facts = {"enrolment": enrolment.pk, "programme": enrolment.programme_id}
    append(enrolment.chain, "enrolment.removed", by=by, at=at, removed=removed, facts=facts)
    for rows in parts:
        rows.delete()
    enrolment.delete()


def _locked_enrolment(enrolment: Enrolment) -> Enrolment:
    """Lock an enrolment to change it. Raises NotPossible where its programme is archived."""
    rows = Enrolment.objects.select_related("programme", "student")
    enrolment = under_lock(rows, enrolment.pk)
    check_not_archived(enrolment.programme)
    return enrolment


@transaction.atomic
def assign_adviser(
    *,
    enrolment: Enrolment,
    adviser: Person | Meant,
    by: Account | None,
    at: datetime | None = None,
) -> AdviserAssignment:
    """Let this person advise the student from now on; the adviser before them is ended. Nothing
    happens where they advise this student already. Raises NotPossible for the student
    themselves."""
    check_may_manage(by, enrolment.programme)
    hold_who_is_who()
    enrolment = _locked_enrolment(enrolment)
    at = at or timezone.now()
    person = _person(adviser, by=by, at=at)
    if person == enrolment.student:
        raise NotPossible(_("This is the student: nobody is their own adviser."))
    earlier = enrolment.adviser_assignments.current()
    if same := earlier.filter(adviser=person).first():
        return same
    ended = list(earlier)
    earlier.update(ended_at=at)
    assignment = AdviserAssignment.objects.create(
        enrolment=enrolment, adviser=person, recorded_at=at
    )
    end_waiting(person, by, at)
    facts = {"enrolment": enrolment.pk, "adviser": person.pk}
    rows = [*ended, assignment]
    append(enrolment.chain, "adviser.assigned", by=by, at=at, rows=rows, facts=facts)
    return assignment


@transaction.atomic
def end_adviser(*, enrolment: Enrolment, by: Account | None, at: datetime | None = None) -> None:
    """Let nobody advise the student from now on. Nothing happens where nobody does."""
    check_may_manage(by, enrolment.programme)
    enrolment = _locked_enrolment(enrolment)
    at = at or timezone.now()
    ended = list(enrolment.adviser_assignments.current())
    enrolment.adviser_assignments.current().update(ended_at=at)
    if ended:
        facts = {"enrolment": enrolment.pk}
        append(enrolment.chain, "adviser.ended", by=by, at=at, rows=ended, facts=facts)


# --- Placements -----------------------------------------------------------------------------------


@transaction.atomic
def add_placement(
    *,
    enrolment: Enrolment,
    workplace: str,
    starts_on: date,
    ends_on: date,
    supervisors: Sequence[Meant] = (),
    by: Account | None,
    at: datetime | None = None,
) -> Placement:
    """Place a student at a workplace, with its supervisors, who need no account. Raises NotPossible
    for dates the wrong way round or after the enrolment, and as `add_supervisor`."""
    check_may_manage(by, enrolment.programme)
    hold_who_is_who()
    enrolment = _locked_enrolment(enrolment)
    at = at or timezone.now()
    placement = Placement(
        enrolment=enrolment,
        workplace=workplace,
        starts_on=starts_on,
        ends_on=ends_on,
        recorded_at=at,
    )
    _save_placement(placement, "placement.added", by=by, at=at)
    for contact in supervisors:
        add_supervisor(placement=placement, contact=contact, by=by, at=at)
    return placement


@transaction.atomic
def change_placement(
    *,
    placement: Placement,
    workplace: str,
    starts_on: date,
    ends_on: date,
    by: Account | None,
    at: datetime | None = None,
) -> Placement:
    """Change the workplace and the dates of a placement. Raises NotPossible for dates as
    `add_placement`."""
    check_may_manage(by, placement.enrolment.programme)
    placement.enrolment = _locked_enrolment(placement.enrolment)
    placement.workplace, placement.starts_on, placement.ends_on = workplace, starts_on, ends_on
    return _save_placement(placement, "placement.changed", by=by, at=at)


def _save_placement(
    placement: Placement, verb: str, *, by: Account | None, at: datetime | None
) -> Placement:
    check_order(placement.starts_on, placement.ends_on)
    if placement.enrolment.is_over(placement.starts_on):
        raise NotPossible(_("The placement starts after the enrolment has ended."))
    placement.save()
    facts = {
        "placement": placement.pk,
        "enrolment": placement.enrolment_id,
        "starts_on": placement.starts_on,
        "ends_on": placement.ends_on,
    }
    append(placement.chain, verb, by=by, at=at, rows=[placement], facts=facts)
    return placement


@transaction.atomic
def remove_placement(
    *, placement: Placement, by: Account | None, at: datetime | None = None
) -> None:
    """Delete a placement, with its supervisors. Raises InUse once one of them was asked for
    feedback."""
    check_may_manage(by, placement.enrolment.programme)
    _locked_enrolment(placement.enrolment)
    placement = under_lock(Placement.objects.select_related("enrolment"), placement.pk)
    check_remove_placement(placement)
    removed: list[Sealed] = [placement, *placement.supervisors.all()]
    facts = {"placement": placement.pk, "enrolment": placement.enrolment_id}
    append(placement.chain, "placement.removed", by=by, at=at, removed=removed, facts=facts)
    placement.supervisors.all().delete()
    placement.delete()


@transaction.atomic
def add_supervisor(
    *, placement: Placement, contact: Meant, by: Account | None, at: datetime | None = None
) -> Supervisor:
    """Let whoever is meant supervise at this placement from now on; they need no account. Raises
    NotPossible for who does so already, and for the student's own address."""
    check_may_manage(by, placement.enrolment.programme)
    hold_who_is_who()
    enrolment = _locked_enrolment(placement.enrolment)
    at = at or timezone.now()
    person = person_meant(contact, source=Address.Source.SCHOOL, by=by, at=at)
    if person.pk == enrolment.student_id:
        raise NotPossible(_("This is the student's own address, not a supervisor's."))
    supervisor = Supervisor(placement=placement, person=person, recorded_at=at)
    here = _("%(email)s is a supervisor at this placement already.")
    with refused_as(here % {"email": contact.address}):
        supervisor.save(force_insert=True)
    facts = {"supervisor": supervisor.pk, "placement": placement.pk}
    append(supervisor.chain, "supervisor.added", by=by, at=at, rows=[supervisor], facts=facts)
    return supervisor


@transaction.atomic
def end_supervisor(
    *, supervisor: Supervisor, by: Account | None, at: datetime | None = None
) -> None:
    enrolment = supervisor.placement.enrolment
    check_may_manage(by, enrolment.programme)
    _locked_enrolment(enrolment)
    at = at or timezone.now()
    if Supervisor.objects.current().filter(pk=supervisor.pk).update(ended_at=at):
        facts = {"supervisor": supervisor.pk}
        append(supervisor.chain, "supervisor.ended", by=by, at=at, rows=[supervisor], facts=facts)
