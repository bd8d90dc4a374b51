"""What a meeting's page shows of each case."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse

from committees.access import (
    check_announce,
    check_ask_whose,
    check_decide,
    check_judge,
    check_may_announce,
    check_may_lead,
    check_open_judgements,
)
from committees.models import Case, Judgement, Meeting, MeetingQuerySet
from committees.rules import Accord, Ground, Panel, accord, quorum_sentence
from committees.standing import standing_of
from committees.ties import id_of
from committees.who_sits import moment_of, panels_in, panels_of
from people.access import allowed
from people.models import Account
from programmes.models import Unit
from records.models import Chain, ChainKey
from records.prepared import PreparedQuery
from records.refusals import why_not


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """A case with the committee before it, as this viewer may know it, and the name of the
    student."""

    case: Case
    name: str
    panel: Panel
    agreement: Accord | None
    viewer: Account
    attained: Sequence[str] = ()  # parts that stand from earlier cases, while this one is pending

    @property
    def kind(self) -> Hashable:
        """All that what is asked of it below hangs on, but where it leads: rows of one meeting and
        one kind are answered alike."""
        return self.case.state, self.case.is_opened, id(self.panel), self.agreement

    @property
    def stands_aside(self) -> bool:
        """Whether the viewer stands aside."""
        return self.viewer.pk in self.panel.aside

    @property
    def may_say_otherwise(self) -> bool:
        """Whether the viewer stands aside by what they said of feedback, and can say otherwise."""
        ground = self.panel.aside.get(self.viewer.pk)
        asked = self.viewer.pk in self.panel.said and not why_not(
            check_ask_whose, self.viewer, self.case, self.panel
        )
        return asked and ground == Ground.GAVE_FEEDBACK

    @property
    def asks_whose(self) -> bool:
        """Whether the viewer is asked whose feedback in the set is."""
        asked = self.viewer.pk in self.panel.unsaid and not self.stands_aside
        return asked and not why_not(check_ask_whose, self.viewer, self.case, self.panel)

    @property
    def awaits_viewer(self) -> bool:
        """Whether the viewer's own judgement is asked."""
        return (
            not why_not(check_judge, self.case)
            and self.panel.may_judge(self.viewer.pk)
            and self.viewer.pk not in self.panel.judged
        )

    @property
    def viewer_judged(self) -> bool:
        return (
            self.case.state == Case.State.FROZEN
            and self.viewer.pk in self.panel.judged
            and not self.stands_aside
        )

    @property
    def is_complete(self) -> bool:
        """Whether every judgement that is asked is in; they are still sealed."""
        return (
            self.case.state == Case.State.FROZEN
            and bool(self.panel.judging)
            and not self.panel.judgements_awaited
        )

    @property
    def opens(self) -> bool:
        """Whether it is the viewer's to open judgements that are complete."""
        leads = allowed(check_may_lead, self.viewer, self.panel)
        able = not why_not(check_open_judgements, self.case, self.panel)
        return self.is_complete and leads and able

    @property
    def announces(self) -> bool:
        """Whether it is the viewer's to announce the decision."""
        may = allowed(check_may_announce, self.viewer, self.panel)
        return may and not why_not(check_announce, self.case, self.panel)

    @property
    def goes_fast(self) -> bool:
        """Whether only the decision is left, and all who judged agree."""
        return self.case.state == Case.State.OPENED and self.agreement == Accord.UNANIMOUS

    @property
    def is_up(self) -> bool:
        """Whether it is the viewer's to record the decision now."""
        leads = allowed(check_may_lead, self.viewer, self.panel)
        return leads and not why_not(check_decide, self.case, self.panel)

    @property
    def address(self) -> str:
        """Where this viewer goes on from here; empty for who stands aside. Who has no seat and
        sees the agenda all the same reads records."""
        if self.stands_aside:
            return ""
        if self.panel.seat_of(self.viewer.pk) is None:
            page = "case_record"
        elif self.case.state == Case.State.PLANNED or (
            self.case.state == Case.State.FROZEN and self.case.meeting.state != Meeting.State.OPEN
        ):
            page = "case"
        else:
            page = "decide"
        return reverse(f"committees:{page}", args=[self.case.pk])

    @property
    def quorum(self) -> str:
        return quorum_sentence(self.panel)

    @property
    def lacks_independence(self) -> bool:
        """Whether nobody could judge who has no other part in the set."""
        return self.case.state == Case.State.FROZEN and not self.panel.can_be_independent


def agenda_of(meeting: Meeting, *, viewer: Account, at: datetime) -> list[AgendaRow]:
    """Return the cases of a meeting (read with its committee and programme) in order, with what
    stands from before. At most five queries, three more where something does, and more as
    `panels_of` says."""
    return agenda_and_panel(meeting, viewer=viewer, at=at)[0]


def agenda_and_panel(
    meeting: Meeting, *, viewer: Account, at: datetime
) -> tuple[list[AgendaRow], Panel]:
    """Return the agenda, as `agenda_of`, and the committee in the meeting, before no case."""
    cases, named = _cases_of(meeting)
    sits, panels = panels_in(meeting, cases, moment_of(meeting, at))
    rows = _rows(cases, named, panels, viewer, _agreed(meeting, cases, panels))
    return _with_what_stands(meeting, rows), sits


def _cases_of(meeting: Meeting) -> tuple[list[Case], dict[UUID, str]]:
    """Read the cases of a meeting, which share its programme, and the names of their students, by
    case. Two queries."""
    units = {unit.pk: unit for unit in UNITS.rows(meeting.committee.programme_id)}
    cases = AGENDA.rows(meeting.pk)
    for case in cases:
        case.meeting, case.unit = meeting, units[case.unit_id]
        case.enrolment.programme = meeting.committee.programme
    return cases, {case.pk: case.student_name for case in cases}


def _agenda(meeting: UUID) -> "QuerySet[Case]":
    rows = Case.objects.filter(meeting=meeting).select_related("enrolment")
    own = ("meeting", "unit", "order", "state", "opened_at", "recorded_at", "waits_for")
    return rows.only(*own, "enrolment__student", "enrolment__programme").annotate(
        student_name=F("enrolment__student__name")
    )


def _units(programme: UUID) -> "QuerySet[Unit]":
    return Unit.objects.filter(programme=programme)


def _attained_before(meeting: UUID) -> QuerySet:
    """Find the enrolments and units of pending cases on which a decision was announced before."""
    rows = Case.objects.filter(
        meeting=meeting,
        state__in=Case.PENDING,
        enrolment__cases__unit=F("unit"),
        enrolment__cases__state=Case.State.ANNOUNCED,
    )
    return rows.order_by().values_list("enrolment", "unit")


AGENDA, UNITS = PreparedQuery(_agenda), PreparedQuery(_units)
ATTAINED_BEFORE = PreparedQuery(_attained_before)


def _with_what_stands(meeting: Meeting, rows: list[AgendaRow]) -> list[AgendaRow]:
    """Say of the pending cases which parts were attained before."""
    found = [(id_of(one), id_of(other)) for one, other in ATTAINED_BEFORE.tuples(meeting.pk)]
    if not found:
        return rows
    stands = standing_of({one for one, _unit in found}, {unit for _one, unit in found})
    return [
        replace(row, attained=stood.titles)
        if row.case.is_pending
        and not row.stands_aside
        and (stood := stands.get((row.case.enrolment_id, row.case.unit_id)))
        else row
        for row in rows
    ]


def rows_for(cases: Iterable[Case], *, viewer: Account, at: datetime) -> list[AgendaRow]:
    """Return a row for each of these cases (read with `for_list`). Three queries, one without
    cases; more as `panels_of` says."""
    kept = list(cases)
    panels = panels_of(kept, at)
    named = {case.pk: case.enrolment.student.name for case in kept}
    opened = [case.pk for case in kept if case.is_opened]
    found = Judgement.objects.standing().filter(case__in=opened) if opened else None
    given = list(found.values_list(*FINDINGS)) if found is not None else []
    return _rows(kept, named, panels, viewer, _accords(given, panels))


def _rows(
    cases: Iterable[Case],
    named: Mapping[UUID, str],
    panels: Mapping[UUID, Panel],
    viewer: Account,
    agreed: Mapping[UUID, Accord | None],
) -> list[AgendaRow]:
    return [
        AgendaRow(
            case,
            named[case.pk],
            panel := panels[case.pk],
            None if viewer.pk in panel.aside else agreed.get(case.pk),
            viewer,
        )
        for case in cases
    ]


def to_judge(user: Account, meetings: Collection[Meeting], at: datetime) -> list[Case]:
    """List the cases of these meetings that wait for this person's judgement. Two queries, one
    where no set is to be read; more as `panels_of` says."""
    read = Case.objects.filter(meeting__in=meetings, state=Case.State.FROZEN)
    cases = list(read.for_list())
    panels = panels_of(cases, at)
    rows = [AgendaRow(case, "", panels[case.pk], None, user) for case in cases]
    return [row.case for row in rows if row.awaits_viewer]


def mark_of(viewer: Account, *, meeting: UUID | None = None, case: UUID | None = None) -> str:
    """Return what changes with whatever a page of this meeting, or of that of this case, or of its
    cases shows: where the chains of events stand on which that is written. Empty for who may not
    see the meeting. One query."""
    rows = HEADS.tuples(meeting, viewer.pk) if meeting else HEADS_OF_CASE.tuples(case, viewer.pk)
    heads = "".join(head for _key, head in rows)
    return sha256(heads.encode()).hexdigest()[:16] if heads else ""


def _heads(meeting: UUID, viewer: UUID) -> QuerySet:
    return _heads_of(Meeting.objects.filter(pk=meeting), viewer)


def _heads_of_case(case: UUID, viewer: UUID) -> QuerySet:
    of_case = Case.objects.filter(pk=case).order_by().values("meeting")
    return _heads_of(Meeting.objects.filter(pk__in=of_case), viewer)


def _heads_of(meetings: MeetingQuerySet, viewer: UUID) -> QuerySet:
    seen = meetings.visible_to(Account(pk=viewer)).order_by()
    keys = [
        seen.values_list(ChainKey("meeting", "pk")),
        seen.values_list(ChainKey("committee", "committee")),
        seen.values_list(ChainKey("programme", "committee__programme")),
        seen.filter(cases__isnull=False).values_list(ChainKey("case", "cases")),
    ]
    first, *others = (Chain.objects.filter(key__in=of).values_list("key", "head") for of in keys)
    return first.union(*others, all=True).order_by("key")


HEADS, HEADS_OF_CASE = map(PreparedQuery, (_heads, _heads_of_case))  # a projector asks and asks


# --- A case among those beside it -----------------------------------------------------------------

Beside = tuple[Case | None, Case | None]


def _case_seen(case: UUID, viewer: UUID) -> QuerySet[Case]:
    return Case.objects.visible_to(Account(pk=viewer)).for_page().filter(pk=case)


def _order_of(meeting: UUID) -> QuerySet:
    return Case.objects.filter(meeting=meeting).values("pk")


def _two(one: UUID, other: UUID) -> QuerySet[Case]:
    rows = Case.objects.filter(pk__in=[one, other]).order_by()
    return rows.select_related("enrolment__student", "decision", "deferral")


CASE, ORDER, TWO = PreparedQuery(_case_seen), PreparedQuery(_order_of), PreparedQuery(_two)


def case_seen(pk: UUID, viewer: Account) -> Case | None:
    """Read a case by its page (`for_page`); None for who may not see it. One query."""
    return next(iter(CASE.rows(pk, viewer.pk)), None)


def placed(case: Case, viewer: Account, at: datetime) -> tuple[Panel, Beside]:
    """Return the committee before a case (of `case_seen`), and the cases before and after it on the
    agenda, past those from which the viewer stands aside. Three queries, two more for each of
    these; more as `panels_of` says."""
    order = [row["pk"] for row in ORDER.rows(case.meeting_id)]
    here = order.index(case.pk)
    ways = (iter(order[:here][::-1]), iter(order[here + 1 :]))
    there: list[Case | None] = [None, None]
    left = [0, 1]
    while True:
        asked = {way: pk for way in left if (pk := next(ways[way], None))}
        rows = _beside(case, list(asked.values()))
        panels = panels_of([case, *rows.values()], at)
        for way, pk in asked.items():
            there[way] = None if viewer.pk in panels[pk].aside else rows[pk]
        left = [way for way in asked if there[way] is None]
        if not left:
            return panels[case.pk], (there[0], there[1])


def _beside(case: Case, keys: list[UUID]) -> dict[UUID, Case]:
    """Read at most two cases of the meeting of this one, which they share."""
    rows = TWO.rows(keys[0], keys[-1]) if keys else []
    for row in rows:
        row.meeting = case.meeting
        row.enrolment.programme = case.enrolment.programme
    return {row.pk: row for row in rows}


def next_up(rows: Iterable[AgendaRow]) -> Case | None:
    """Return the case of which the viewer records the decision next: those on which all agree
    first."""
    up = rows_that(rows, lambda row: row.is_up)
    return min(up, key=lambda row: not row.goes_fast).case if up else None


def rows_that(rows: Iterable[AgendaRow], what: Callable[[AgendaRow], bool]) -> list[AgendaRow]:
    """Return the rows of one meeting of which this holds, asked once of each kind."""
    known: dict[Hashable, bool] = {}
    found = []
    for row in rows:
        if (kind := row.kind) not in known:
            known[kind] = what(row)
        if known[kind]:
            found.append(row)
    return found


# --- How the judgements lie -----------------------------------------------------------------------

FINDINGS = ("case", "person", Cast("findings", TextField()))


def _agreed(
    meeting: Meeting, cases: Iterable[Case], panels: Mapping[UUID, Panel]
) -> dict[UUID, Accord | None]:
    """Tell of the cases of a meeting whose judgements were opened how these lie to each other. One
    query where there are."""
    if not any(case.is_opened for case in cases):
        return {}
    return _accords(OPENED_FINDINGS.tuples(meeting.pk), panels)


def _opened_findings(meeting: UUID) -> QuerySet:
    rows = Judgement.objects.standing().filter(case__meeting=meeting, case__opened_at__isnull=False)
    return rows.values_list(*FINDINGS)


OPENED_FINDINGS = PreparedQuery(_opened_findings)


def _accords(
    given: Iterable[Sequence[Any]], panels: Mapping[UUID, Panel]
) -> dict[UUID, Accord | None]:
    """Compare the findings that count, of each case."""
    read: dict[str, dict[str, str]] = {}  # most are the same
    found: dict[UUID, list[dict[str, str]]] = defaultdict(list)
    for case, person, findings in given:
        key = id_of(case)
        if panels[key].counts(id_of(person)):
            if findings not in read:
                read[findings] = json.loads(findings)
            found[key].append(read[findings])
    return {key: accord(findings) for key, findings in found.items()}


def put_together(case: Case) -> list[Case]:
    """Find the cases that were put on the agenda with this one, itself included. One query."""
    same = {"meeting": case.meeting_id, "unit": case.unit_id, "recorded_at": case.recorded_at}
    return list(Case.objects.filter(**same).order_by("pk"))
