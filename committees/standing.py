"""What stands of a student and a unit: attained parts stay attained, and the next case opens with
what was decided and asked before, and asks the rest. (domain rules 13 and 21)"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone

from committees.models import Case, Decision, Deferral, Finding, Outcome
from portfolio.evidence_set import Earlier, EarlierFinding, Frame
from programmes.models import Unit, UnitPart

OnUnit = tuple[UUID, UUID]  # an enrolment and a unit
Pointed = tuple[UUID | None, UUID | None]  # the core task or the work process of a part


@dataclass(frozen=True, slots=True)
class Standing:
    """Earlier cases that were announced or deferred, newest first, and what was attained in them:
    by what a part points at, so that it outlives the row of the part."""

    earlier: tuple[Earlier, ...] = ()
    attained: frozenset[Pointed] = frozenset()

    def left_of(self, parts: Iterable[UnitPart]) -> list[UnitPart]:
        """Return the parts that are still asked."""
        return [part for part in parts if _points_at(part) not in self.attained]

    @property
    def titles(self) -> list[str]:
        """The attained parts as they were called then, each once."""
        found = (item for row in self.earlier for item in row.findings)
        return list(dict.fromkeys(i.title for i in found if i.outcome == Outcome.ATTAINED))


def standing_of(enrolments: Collection[UUID], units: Collection[UUID]) -> dict[OnUnit, Standing]:
    """Return what stands of each of these enrolments and units; a pair of which nothing does is not
    in it. At most three queries."""
    of_them = {"case__enrolment__in": enrolments, "case__unit__in": units}
    findings = Finding.objects.select_related("part__core_task", "part__work_process")
    decisions = (
        Decision.objects.standing()
        .filter(standing_for__state=Case.State.ANNOUNCED, **of_them)
        .select_related("case", "announcement")
        .prefetch_related(Prefetch("findings", findings))
    )
    found: dict[OnUnit, list[Earlier]] = {}
    attained: dict[OnUnit, set[Pointed]] = {}
    for decision in decisions:
        pair = (decision.case.enrolment_id, decision.case.unit_id)
        found.setdefault(pair, []).append(_decided(decision))
        attained.setdefault(pair, set()).update(
            _points_at(finding.part)
            for finding in decision.findings.all()
            if finding.outcome == Outcome.ATTAINED
        )
    for deferral in Deferral.objects.filter(**of_them).select_related("case"):
        pair = (deferral.case.enrolment_id, deferral.case.unit_id)
        day = timezone.localdate(deferral.recorded_at)
        fact = Earlier(
            str(deferral.case_id), day, day, deferral=str(deferral.pk), asked=deferral.reason
        )
        found.setdefault(pair, []).append(fact)
    return {
        pair: Standing(
            tuple(sorted(rows, key=lambda row: (row.decided_on, row.case), reverse=True)),
            frozenset(attained.get(pair, ())),
        )
        for pair, rows in found.items()
    }


def waiting_for(unit: Unit, enrolments: Collection[UUID]) -> set[UUID]:
    """Tell which of these enrolments wait for a decision on this unit. One query."""
    rows = Case.objects.waiting().filter(unit=unit, enrolment__in=enrolments)
    return set(rows.values_list("enrolment", flat=True))


def standing_on(unit: Unit, enrolment: UUID) -> Standing:
    """Return what stands of one student and this unit. At most three queries."""
    return standing_of([enrolment], [unit.pk]).get((enrolment, unit.pk), Standing())


def asking_the_rest(frame: Frame, stands: Standing) -> Frame:
    """Return the frame of a unit as a next case opens with it. At most one query."""
    if not stands.attained:
        return replace(frame, earlier=stands.earlier)
    rows = UnitPart.objects.filter(pk__in=[part.id for part in frame.parts])
    left = {str(part.pk) for part in stands.left_of(rows)}
    parts = tuple(part for part in frame.parts if part.id in left)
    return replace(frame, parts=parts, earlier=stands.earlier)


def _points_at(part: UnitPart) -> Pointed:
    return part.core_task_id, part.work_process_id


def _decided(decision: Decision) -> Earlier:
    return Earlier(
        case=str(decision.case_id),
        decided_on=timezone.localdate(decision.recorded_at),
        announced_on=timezone.localdate(decision.announcement.recorded_at),
        findings=tuple(
            EarlierFinding(str(row.pk), str(row.part), row.outcome, row.to_show or "", row.due_on)
            for row in decision.findings.all()
        ),
    )
