"""The set of a case before it is frozen: what would count, and what is left out and why."""

from dataclasses import dataclass, replace
from datetime import datetime

from committees.models import Case
from committees.standing import asking_the_rest, standing_on
from portfolio.coverage import draw
from portfolio.evidence_set import EvidenceSet, PieceFact, SetAsideFact
from portfolio.loading import load


@dataclass(frozen=True, slots=True)
class Preview:
    """What the committee would get now, beside what it would not."""

    evidence_set: EvidenceSet
    unanswered: tuple[PieceFact, ...]
    set_aside: tuple[SetAsideFact, ...]


def preview(case: Case, at: datetime) -> Preview:
    """As the set would be frozen at this moment, or, after it, at the reference moment. At
    most 20 queries."""
    moment = min(at, case.meeting.reference_at)
    whole = _load(case, moment)
    return Preview(_that_counts(case, whole, moment), draw(whole).unanswered, whole.set_aside)


def set_that_counts(case: Case, *, as_of: datetime) -> EvidenceSet:
    """What is frozen: all answered evidence laid against the unit, less what the student set
    aside; with check-ins where the house rules of then show them to the committee. (domain rules
    11 and 12) At most 20 queries."""
    return _that_counts(case, _load(case, as_of), as_of)


def _load(case: Case, as_of: datetime) -> EvidenceSet:
    whole = load(case.enrolment, unit=case.unit, as_of=as_of)
    stands = standing_on(case.unit, case.enrolment_id)
    return replace(whole, frame=asking_the_rest(whole.frame, stands))


def _that_counts(case: Case, whole: EvidenceSet, moment: datetime) -> EvidenceSet:
    counts = whole.that_counts()
    rules = case.enrolment.programme.rules.as_of(moment)
    return counts if rules.committee_sees_check_ins else replace(counts, check_ins=())
