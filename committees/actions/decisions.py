from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import check_leads
from committees.actions.judging import check_complete, record_conflicts
from committees.actions.locking import locked
from committees.models import Announcement, Case, Decision, Deferral, Meeting, Snapshot
from committees.panels import panel_of
from committees.rules import Panel, obstacles
from committees.workflow import move
from people.models import Account
from post.outbox import queue
from records.chain import append
from records.models import Chain
from records.refusals import NotPossible


def _in_session(case: Case, by: Account, at: datetime) -> tuple[Case, Panel]:
    """The case, locked, and the committee before it, in a meeting that is in session and led by
    this person."""
    case = locked(case)
    panel = panel_of(case, at)
    check_leads(by, panel)
    if case.meeting.state != Meeting.State.OPEN:
        raise NotPossible(_("First open the meeting."))
    return case, panel


def _check_able(panel: Panel) -> None:
    if found := obstacles(panel):
        raise NotPossible(" ".join(found))


def _as_it_sat(panel: Panel) -> dict[str, Any]:
    """Who made up the quorum, for the record."""
    return {
        "quorum": panel.quorum,
        "present": [seat.person for seat in panel.counted],
        "aside": sorted(panel.aside, key=str),
        "gave_feedback": [seat.person for seat in panel.disclosed],
    }


@transaction.atomic
def open_judgements(*, case: Case, by: Account, at: datetime | None = None) -> Case:
    """Open all judgements together; from now nobody writes one. (domain rule 8) Raises
    NotPossible outside a meeting in session, without quorum, without judgements, and when
    everybody present who judged gave feedback in the set."""
    at = at or timezone.now()
    case, panel = _in_session(case, by, at)
    move(case, Case.State.OPENED)
    _check_able(panel)
    record_conflicts(case, panel, at=at)
    facts = _as_it_sat(panel)
    append(case.chain, "judgements.opened", by=by, at=at, rows=[case], facts=facts)
    return case


@transaction.atomic
def decide(
    *,
    case: Case,
    findings: Mapping[str, str],
    motivation: str,
    cited: Iterable[str],
    by: Account,
    at: datetime | None = None,
) -> Decision:
    """Record what the committee decided: a finding for each part of the unit, a motivation, and
    the digests of the pieces and feedback in the frozen set that it points at. (domain rules 7
    and 9) Raises NotPossible when one is missing or the committee, as it sits, cannot decide."""
    at = at or timezone.now()
    case, panel = _in_session(case, by, at)
    move(case, Case.State.DECIDED)
    _check_able(panel)
    check_complete(case, findings, motivation)
    snapshot = case.snapshots.latest("number")
    record_conflicts(case, panel, at=at)
    decision = Decision.objects.create(
        case=case,
        snapshot=snapshot,
        by_id=by.pk,
        findings=dict(findings),
        motivation=motivation.strip(),
        cited=_checked(snapshot, cited),
        recorded_at=at,
    )
    facts = _as_it_sat(panel)
    append(case.chain, "decision.made", by=by, at=at, rows=[case, decision], facts=facts)
    return decision


def _checked(snapshot: Snapshot, cited: Iterable[str]) -> list[str]:
    chosen = list(dict.fromkeys(cited))
    if not chosen:
        raise NotPossible(_("Point at what in the set the motivation rests on."))
    citable = snapshot.items.filter(kind__in=("piece", "feedback"), digest__in=chosen)
    if citable.count() != len(chosen):
        raise NotPossible(_("The motivation can only point at what is in the frozen set."))
    return chosen


@transaction.atomic
def defer(*, case: Case, reason: str, by: Account, at: datetime | None = None) -> Deferral:
    """No decision yet: what is asked is told to the student, and to their adviser. A quorum is
    not needed for this. Raises NotPossible without a reason."""
    at = at or timezone.now()
    case, panel = _in_session(case, by, at)
    if not reason.strip():
        raise NotPossible(_("Say what the committee asks the student to show."))
    move(case, Case.State.DEFERRED)
    record_conflicts(case, panel, at=at)
    deferral = Deferral.objects.create(
        case=case, by_id=by.pk, reason=reason.strip(), recorded_at=at
    )
    append(case.chain, "case.deferred", by=by, at=at, rows=[case, deferral])
    _tell(case, "deferral", at)
    return deferral


@transaction.atomic
def announce(*, case: Case, by: Account, at: datetime | None = None) -> Announcement:
    """Make the decision known: student and adviser can read the letter, and get a mail that says
    only that there is one. The letter carries the head of the case's chain of this moment."""
    at = at or timezone.now()
    case = locked(case)
    check_leads(by, panel_of(case, at))
    move(case, Case.State.ANNOUNCED)
    announcement = Announcement.objects.create(
        decision=case.decision,
        by_id=by.pk,
        head=Chain.objects.select_for_update().get(key=case.chain).head,
        recorded_at=at,
    )
    append(case.chain, "decision.announced", by=by, at=at, rows=[case, announcement])
    _tell(case, "decision", at)
    return announcement


def _tell(case: Case, what: str, at: datetime) -> None:
    student, adviser = case.enrolment.student, case.enrolment.adviser
    queue(
        f"committees/{what}",
        student.account.sign_in,
        language=student.language,
        at=at,
        case=case.pk,
    )
    if adviser is not None:
        queue(
            f"committees/{what}_adviser",
            adviser.account.sign_in,
            language=adviser.language,
            at=at,
            case=case.pk,
            adviser=adviser.pk,
        )
