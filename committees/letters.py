"""What the code of a letter confirms, to whoever has it: what the letter says in short, and whether
it still counts. Never why, nor what is still to be shown."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from django.utils import timezone

from committees.dossier import outcome_in_words
from committees.models import CODE_OF_LETTER, Announcement, Decision
from committees.snapshots import frame_of


@dataclass(frozen=True, slots=True)
class LetterInShort:
    """An announced decision as outsiders may read it. `student` is empty once their name was
    erased; `replaced_on` is the day of the decision that stands in its place."""

    student: str
    programme: str
    qualification: str
    unit: str
    committee: str
    decided_on: date
    announced_on: date
    findings: tuple[tuple[str, str, str], ...]  # part, outcome, outcome in words
    replaced_on: date | None

    @classmethod
    def with_code(cls, typed: str) -> Self | None:
        """Find the letter that bears this code, written as Announcement.code, or the control code
        of the record that begins with it. One query, and where there is one two more."""
        found = Announcement.objects.for_letter().filter(code=typed[:CODE_OF_LETTER])
        announcement = found.first()
        if announcement is None or typed not in (announcement.code, announcement.head):
            return None
        decision = announcement.decision
        case = decision.case
        programme = case.enrolment.programme
        qualification = programme.qualification
        return cls(
            student=case.enrolment.student.name,
            programme=str(programme),
            qualification=f"{qualification.title} ({qualification.code})",
            unit=case.unit.title,
            committee=case.meeting.committee.name,
            decided_on=timezone.localdate(decision.recorded_at),
            announced_on=timezone.localdate(announcement.recorded_at),
            findings=_findings(decision),
            replaced_on=None
            if case.standing == decision
            else timezone.localdate(case.standing.recorded_at),
        )


def _findings(decision: Decision) -> tuple[tuple[str, str, str], ...]:
    titles = {part.id: part.title for part in frame_of(decision.case).parts}
    return tuple(
        (titles[str(row.part_id)], row.outcome, outcome_in_words(row.outcome))
        for row in decision.findings.all()
    )
