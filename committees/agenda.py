"""What a meeting's page shows of each case."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

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
from committees.models import Case, Judgement, Meeting
from committees.rules import Accord, Ground, Panel, accord, quorum_sentence
from committees.standing import standing_of
from committees.who_sits import moment_of, panels_of
from people.access import allowed
from people.models import Account
from records.models import Chain
from records.refusals import why_not


@dataclass(frozen=True, slots=True)
class AgendaRow:
    """A case with the committee before it, as this viewer may know it."""

    case: Case
    panel: Panel
    agreement: Accord | None
    viewer: Account
    attained: Sequence[str] = ()  # parts that stand from earlier cases, while this one is pending

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
    """Return the cases of a meeting in order, with what stands from before. At most six queries,
    more as `panels_of` says."""
    rows = rows_for(meeting.cases.for_list(), viewer=viewer, at=moment_of(meeting, at))
    asked = [row.case for row in rows if row.case.is_pending]
    stands = standing_of({case.enrolment_id for case in asked}, {case.unit_id for case in asked})
    return [
        replace(row, attained=found.titles)
        if row.case.is_pending
        and not row.stands_aside
        and (found := stands.get((row.case.enrolment_id, row.case.unit_id)))
        else row
        for row in rows
    ]


def rows_for(cases: Iterable[Case], *, viewer: Account, at: datetime) -> list[AgendaRow]:
    """Return a row for each of these cases (read with `for_list`). Three queries, one without
    cases; more as `panels_of` says."""
    kept = list(cases)
    panels = panels_of(kept, at)
    findings = _opened_findings(kept, panels)
    rows = []
    for case in kept:
        panel = panels[case.pk]
        lie = None if viewer.pk in panel.aside else accord(findings[case.pk])
        rows.append(AgendaRow(case, panel, lie, viewer))
    return rows


def to_judge(user: Account, meetings: Collection[Meeting], at: datetime) -> list[Case]:
    """List the cases of these meetings that wait for this person's judgement. Two queries, one
    where no set is to be read; more as `panels_of` says."""
    read = Case.objects.filter(meeting__in=meetings, state=Case.State.FROZEN)
    cases = list(read.for_list())
    panels = panels_of(cases, at)
    return [case for case in cases if AgendaRow(case, panels[case.pk], None, user).awaits_viewer]


def mark_of(meeting: Meeting) -> str:
    """Return what changes with whatever a page of this meeting or of its cases shows: where the
    chains of events stand on which that is written. Two queries."""
    cases = meeting.cases.only("meeting")
    owners = (meeting, meeting.committee, meeting.committee.programme, *cases)
    chains = Chain.objects.filter(key__in=[owner.chain for owner in owners]).order_by("key")
    heads = "".join(chains.values_list("head", flat=True))
    return sha256(heads.encode()).hexdigest()[:16]


def next_up(rows: Iterable[AgendaRow]) -> Case | None:
    """Return the case of which the viewer records the decision next: those on which all agree
    first."""
    up = [row for row in rows if row.is_up]
    return min(up, key=lambda row: not row.goes_fast).case if up else None


def _opened_findings(
    cases: list[Case], panels: dict[UUID, Panel]
) -> dict[UUID, list[dict[str, str]]]:
    """Find the findings that count, of the cases whose judgements were opened. One query."""
    opened = [case for case in cases if case.is_opened]
    found: dict[UUID, list[dict[str, str]]] = defaultdict(list)
    rows = Judgement.objects.standing().filter(case__in=opened)
    for case, person, findings in rows.values_list("case", "person", "findings"):
        if panels[case].counts(person):
            found[case].append(findings)
    return found
