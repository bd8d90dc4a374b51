"""Reads who sits before a case, in a fixed number of queries for one case or for a whole agenda."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from committees.models import (
    Attendance,
    Case,
    Decision,
    Deferral,
    Judgement,
    Leading,
    Mandate,
    Meeting,
    Membership,
    Recusal,
    SnapshotItem,
)
from committees.rules import Disclosure, Ground, Panel, Role, Seat
from committees.snapshots import fact_of
from people.models import Person
from programmes.models import AdviserAssignment, Enrolment

ORDER = (Role.CHAIR, Role.MEMBER, Role.SECRETARY)


def panel_of(case: Case, at: datetime) -> Panel:
    """The committee before this case at an aware moment; see `panels_of`."""
    return panels_of([case], at)[case.pk]


def panels_of(cases: Collection[Case], at: datetime) -> dict[UUID, Panel]:
    """The committee before each of these cases (read with `for_list`), by the case's id. Seven
    queries, none without cases; more for a past moment at which other house rules or another
    mandate held.

    Until the committee has spoken, whoever advises the student now, is the student, or gave
    feedback where the house rules then keep them from judging, stands aside without anybody
    writing it down; afterwards only those of whom it was recorded.
    """
    if not cases:
        return {}
    seats = seats_of({case.meeting.committee_id for case in cases}, at)
    present = _people(
        Attendance.objects.as_of(at)
        .filter(meeting__in={case.meeting_id for case in cases})
        .values_list("meeting", "person")
    )
    judged = _people(Judgement.objects.filter(case__in=cases).values_list("case", "person"))
    recused: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for recusal in Recusal.objects.filter(case__in=cases):
        recused[recusal.case_id][recusal.person_id] = recusal.ground
    advisers = _people(
        AdviserAssignment.objects.as_of(at)
        .filter(enrolment__in={case.enrolment_id for case in cases})
        .values_list("enrolment", "adviser")
    )
    givers = _givers(cases)
    deputies = _deputies({case.meeting_id for case in cases}, at)
    panels = {}
    for case in cases:
        own = seats[case.meeting.committee_id]
        sitting = {seat.person for seat in own}
        aside = dict(recused[case.pk])
        if case.is_pending:
            grounds = _grounds(case.enrolment, advisers[case.enrolment_id], givers[case.pk], at)
            aside = grounds | aside
        mandate = case.meeting.committee.mandate.as_of(at)
        panels[case.pk] = Panel(
            mandate=mandate.pk,
            quorum=mandate.quorum,
            seats=own,
            aside={one: ground for one, ground in aside.items() if one in sitting},
            givers=dict.fromkeys(givers[case.pk] & sitting, Disclosure.PERSON),
            present=frozenset(present[case.meeting_id] & sitting),
            judged=frozenset(judged[case.pk] & sitting),
            deputy=deputies.get(case.meeting_id),
        )
    return panels


def panel_in(meeting: Meeting, at: datetime) -> Panel:
    """The committee in a meeting, before no case: who sits, is present and leads. Three queries."""
    present = Attendance.objects.as_of(at).filter(meeting=meeting)
    mandate = meeting.committee.mandate.as_of(at)
    return Panel(
        mandate=mandate.pk,
        quorum=mandate.quorum,
        seats=seats_of([meeting.committee_id], at)[meeting.committee_id],
        present=frozenset(present.values_list("person", flat=True)),
        deputy=_deputies({meeting.pk}, at).get(meeting.pk),
    )


def _deputies(meetings: Collection[UUID], at: datetime) -> dict[UUID, UUID]:
    """Who leads in the chair's place, by meeting. One query."""
    rows = Leading.objects.as_of(at).filter(meeting__in=meetings)
    return dict(rows.values_list("meeting", "person"))


def panel_shown(case: Case, panel: Panel) -> Panel:
    """The committee as pages show it: as it was sealed with the decision that stands or with the
    deferral (the case read with `for_page`), and before that as it sits. At most one query."""
    outcome = case.decision if case.has_decision else getattr(case, "deferral", None)
    return panel if outcome is None else panel_sealed(outcome)


def panel_sealed(outcome: Decision | Deferral) -> Panel:
    """The committee as it sat when it decided, or deferred. One query."""
    people = Person.objects.in_bulk([UUID(seat["person"]) for seat in outcome.panel["seats"]])
    return Panel.from_plain(outcome.panel, {key: person.name for key, person in people.items()})


def mandate_of(case: Case) -> Mandate:
    """The mandate under which a case (read with `for_page`) was decided. No query where it is the
    committee's current one; else one."""
    sealed, current = UUID(case.standing.panel["mandate"]), case.meeting.committee.mandate
    return current if current.pk == sealed else Mandate.objects.get(pk=sealed)


def seats_of(committees: Iterable[UUID], at: datetime) -> dict[UUID, tuple[Seat, ...]]:
    """Who sat in these committees at this moment: the chair, the members by name, the secretary.
    One query."""
    found: dict[UUID, list[Seat]] = defaultdict(list)
    rows = Membership.objects.as_of(at).filter(committee__in=committees).select_related("person")
    for row in rows.order_by("person__name", "recorded_at"):
        found[row.committee_id].append(Seat(row.person_id, row.person.name, row.role))
    return defaultdict(
        tuple,
        {
            key: tuple(sorted(seats, key=lambda seat: ORDER.index(Role(seat.role))))
            for key, seats in found.items()
        },
    )


def moment_of(meeting: Meeting, now: datetime) -> datetime:
    """As of when a meeting's page is drawn: a closed meeting as it was when it closed."""
    return meeting.closed_at or now


def _people(pairs: Iterable[tuple[UUID, UUID]]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for key, person in pairs:
        found[key].add(person)
    return found


def _grounds(
    enrolment: Enrolment, advisers: Iterable[UUID], givers: Iterable[UUID], at: datetime
) -> dict[UUID, str]:
    """On what grounds people stand aside by themselves; of several the first counts."""
    grounds: dict[UUID, str] = {}
    if not enrolment.programme.rules.as_of(at).givers_may_judge:
        grounds |= dict.fromkeys(givers, Ground.GAVE_FEEDBACK)
    grounds |= dict.fromkeys(advisers, Ground.ADVISER)
    return grounds | {enrolment.student_id: Ground.OWN_CASE}


def _givers(cases: Collection[Case]) -> dict[UUID, set[UUID]]:
    """The accounts of those who gave feedback in the sets, as last frozen. One query."""
    items = SnapshotItem.objects.filter(snapshot__case__in=cases, kind="person")
    last: dict[UUID, tuple[int, set[UUID]]] = {}
    rows = items.values_list("snapshot__case", "snapshot__number", "content")
    for case, number, content in rows.order_by("snapshot__number"):
        if number > last.get(case, (0, set()))[0]:
            last[case] = (number, set())
        if content and (user := fact_of("person", bytes(content)).user):
            last[case][1].add(UUID(user))
    students = {case.pk: case.enrolment.student_id for case in cases}
    return defaultdict(set, {case: users - {students[case]} for case, (_, users) in last.items()})
