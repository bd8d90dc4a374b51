from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import (
    check_announce,
    check_decide,
    check_defer,
    check_in_session,
    check_may_announce,
    check_may_lead,
    check_may_supersede,
    check_open_judgements,
    check_supersede,
)
from committees.actions.judging import check_complete, record_conflicts
from committees.days import way_to_contest
from committees.models import (
    CODE_OF_LETTER,
    Announcement,
    Case,
    Decision,
    Deferral,
    Finding,
    Meeting,
    Outcome,
    Snapshot,
    Supersession,
)
from committees.rules import Found, Panel
from committees.who_sits import panel_of
from committees.workflow import locked, move
from people.identity import hold_who_is_who
from people.models import Account
from post.outbox import queue
from records.chain import append
from records.locking import under_lock
from records.models import Chain, Event, Sealed
from records.refusals import NotPossible


def _in_session(case: Case, by: Account, at: datetime | None) -> tuple[Case, Panel, datetime]:
    """Lock the case, see that this person leads and that the meeting is in session, and return the
    case, the committee before it and the moment: now, where none is given. Whoever says meanwhile
    who somebody is, who has a seat or is present, waits or was waited for: so nobody decides beside
    what the record dates before the decision."""
    hold_who_is_who()
    under_lock(Meeting.objects.all(), case.meeting_id)
    case = locked(case)
    at = at or timezone.now()
    panel = panel_of(case, at)
    check_may_announce(by, panel)
    check_in_session(case.meeting)
    check_may_lead(by, panel)
    return case, panel, at


@transaction.atomic
def open_judgements(*, case: Case, by: Account, at: datetime | None = None) -> Case:
    """Open all judgements together; from now nobody writes one. (domain rule 8) Raises
    NotPossible outside a meeting in session, without quorum, without as many judgements of those
    present as are asked, and when everybody present who judged gave feedback in the set."""
    case, panel, at = _in_session(case, by, at)
    check_open_judgements(case, panel)
    move(case, Case.State.OPENED, opened_at=at)
    record_conflicts(case, panel, at=at)
    facts = panel.to_plain()
    append(case.chain, "judgements.opened", by=by, at=at, rows=[case], facts=facts)
    return case


@transaction.atomic
def decide(
    *,
    case: Case,
    findings: Mapping[str, Found],
    motivation: str,
    cited: Iterable[str],
    by: Account,
    at: datetime | None = None,
) -> Decision:
    """Record what the committee decided: what it found of each part of the unit (by the part's
    id), a motivation, and the digests of the pieces and feedback in the frozen set that it points
    at. (domain rules 7 and 9) Raises NotPossible when one is missing, when it is not said what is
    still to be shown of a part, and when the committee, as it sits, cannot decide."""
    case, panel, at = _in_session(case, by, at)
    check_decide(case, panel)
    record_conflicts(case, panel, at=at)
    decision = write_decision(
        case, findings, motivation, cited, panel=panel.to_plain(), by=by, at=at
    )
    move(case, Case.State.DECIDED, decision=decision)
    append(case.chain, "decision.made", by=by, at=at, rows=[case, decision])
    return decision


def write_decision(
    case: Case,
    findings: Mapping[str, Found],
    motivation: str,
    cited: Iterable[str],
    *,
    panel: dict[str, Any],
    by: Account,
    at: datetime,
) -> Decision:
    """Write a next decision on this case, which the caller has locked, with its findings; the
    caller states it. Raises NotPossible as `decide` does."""
    outcomes = {part: found.outcome for part, found in findings.items()}
    parts = check_complete(case, outcomes, motivation)
    snapshot = case.snapshot
    decision = Decision.objects.create(
        case=case,
        number=case.decisions.count() + 1,
        snapshot=snapshot,
        by_id=by.pk,
        motivation=motivation.strip(),
        cited=_checked(snapshot, cited),
        panel=panel,
        recorded_at=at,
    )
    Finding.objects.bulk_create(
        _finding(decision, part, order, findings[part]) for order, part in enumerate(parts, 1)
    )
    return decision


def _finding(decision: Decision, part: str, order: int, found: Found) -> Finding:
    """Make the finding on one part, unsaved: where a part is attained, nothing is still to be
    shown: what was typed is passed over."""
    is_attained = found.outcome == Outcome.ATTAINED
    to_show = "" if is_attained else found.to_show.strip()
    if not is_attained and not to_show:
        raise NotPossible(_("Say of each part that is not yet attained what is still to be shown."))
    return Finding(
        decision=decision,
        part_id=part,
        order=order,
        outcome=found.outcome,
        to_show=to_show,
        due_on=None if is_attained else found.due_on,
        recorded_at=decision.recorded_at,
    )


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
    """Decide nothing yet, and tell student and adviser what is asked. A quorum is
    not needed for this. Raises NotPossible without a reason."""
    case, panel, at = _in_session(case, by, at)
    check_defer(case)
    if not reason.strip():
        raise NotPossible(_("Say what the committee asks the student to show."))
    move(case, Case.State.DEFERRED)
    record_conflicts(case, panel, at=at)
    deferral = Deferral.objects.create(
        case=case, by_id=by.pk, reason=reason.strip(), panel=panel.to_plain(), recorded_at=at
    )
    event = append(case.chain, "case.deferred", by=by, at=at, rows=[case, deferral])
    _tell(case, "deferral", event, at)
    return deferral


@transaction.atomic
def announce(*, case: Case, by: Account, at: datetime | None = None) -> Announcement:
    """Make the decision known: student and adviser can read the letter, and get a mail that says
    only that there is one. The letter carries the head of the case's chain of this moment. Raises
    NotPossible while a member says that they were not there, and no answer was given."""
    case = locked(case)
    at = at or timezone.now()
    panel = panel_of(case, at)
    check_may_announce(by, panel)
    check_announce(case, panel)
    move(case, Case.State.ANNOUNCED)
    return make_known(case, by=by, at=at)


@transaction.atomic
def supersede(
    *,
    case: Case,
    earlier: UUID,
    findings: Mapping[str, Found],
    motivation: str,
    cited: Iterable[str],
    ground: Supersession.Ground,
    reason: str,
    by: Account,
    second: Account,
    at: datetime | None = None,
) -> Decision:
    """Put a new decision in the place of the announced one (`earlier`, its id), on the same frozen
    set, and announce it: a clerical error that two members put right, or what two members of the
    exam board do on objection or appeal. The earlier one stays on record. The panel is that of the
    earlier decision; who replaced it stands in the supersession. Raises NotPossible before the
    announcement, without a reason, where another decision stands by now, while a later case on
    this unit is being decided, and as `decide` does."""
    hold_who_is_who()
    case = locked(case)
    at = at or timezone.now()
    panel = panel_of(case, at)
    check_may_supersede(by, second, case, panel, ground, at)
    check_supersede(case, panel, earlier, reason)
    replaced = case.decisions.get(pk=earlier)
    decision = write_decision(case, findings, motivation, cited, panel=replaced.panel, by=by, at=at)
    supersession = Supersession.objects.create(
        decision=decision,
        earlier=replaced,
        ground=ground,
        reason=reason.strip(),
        by_id=by.pk,
        second_id=second.pk,
        recorded_at=at,
    )
    case.decision = decision
    case.save(update_fields=["decision"])
    facts = {"earlier": earlier, "ground": ground, "person": second.pk}
    rows: list[Sealed] = [case, decision, supersession]
    append(case.chain, "decision.superseded", by=by, at=at, rows=rows, facts=facts)
    make_known(case, by=by, at=at)
    return decision


def make_known(case: Case, *, by: Account, at: datetime) -> Announcement:
    """Announce the decision that stands in this case, which the caller has locked; the letter says
    before whom, and until which day, it can be contested. (domain rule 23)"""
    ground = Supersession.objects.filter(decision=case.decision_id).values_list("ground").first()
    sector = case.enrolment.programme.rules.as_of(at).sector
    body, last_day = way_to_contest(sector, timezone.localdate(at), *(ground or ()))
    head = Chain.objects.select_for_update(no_key=True).get(key=case.chain).head
    announcement = Announcement.objects.create(
        decision=case.standing,
        by_id=by.pk,
        head=head,
        code=head[:CODE_OF_LETTER],
        body=body,
        last_day=last_day,
        recorded_at=at,
    )
    event = append(case.chain, "decision.announced", by=by, at=at, rows=[case, announcement])
    _tell(case, "decision", event, at)
    return announcement


def _tell(case: Case, what: str, event: Event, at: datetime) -> None:
    student, adviser = case.enrolment.student, case.enrolment.adviser
    queue(f"committees/{what}", to=student.pk, about=case.pk, cause=event, at=at)
    if adviser is not None:
        queue(f"committees/{what}_adviser", to=adviser.pk, about=case.pk, cause=event, at=at)
