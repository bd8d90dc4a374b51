from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from committees.access import (
    check_judge,
    check_may_judge,
    check_may_recuse,
    check_may_say_whose,
    check_recuse,
    check_say_whose,
)
from committees.models import Case, Judgement, Outcome, OwnWord, Recusal
from committees.rules import Ground, Panel
from committees.snapshots import frame_of
from committees.who_sits import panel_of
from committees.workflow import locked
from people.models import Account
from records.chain import append
from records.refusals import NotPossible


@transaction.atomic
def recuse(*, case: Case, reason: str, by: Account, at: datetime | None = None) -> Recusal:
    """Stand aside from a case, at one's own request, between freezing and decision; what the
    member wrote stays on record and does not count. Raises NotPossible outside that time, without
    a reason, and for who stands aside already."""
    case = locked(case)
    at = at or timezone.now()
    panel = panel_of(case, at)
    check_may_recuse(by, panel)
    check_recuse(by, case, panel)
    if not reason.strip():
        raise NotPossible(_("Say why you stand aside."))
    recusal = Recusal.objects.create(
        case=case,
        person_id=by.pk,
        ground=Recusal.Ground.OWN_REQUEST,
        reason=reason.strip(),
        recorded_at=at,
    )
    _state(recusal, by=by, at=at)
    return recusal


@transaction.atomic
def say_whose(
    *, case: Case, giver: UUID, is_theirs: bool, by: Account, at: datetime | None = None
) -> OwnWord:
    """Keep a member's word on what stands in the set under the name of somebody who is known at a
    mailbox of theirs, or was noted under their own: whether it is theirs, so that they are treated
    as who gave it. The last word counts, and those before it stay on record. Raises NotPossible
    once the committee has spoken, for another word once the judgements were opened, and for who is
    not asked of this giver."""
    case = locked(case)
    at = at or timezone.now()
    panel = panel_of(case, at)
    check_may_say_whose(by, panel)
    check_say_whose(by, giver, case, panel)
    word = OwnWord.objects.create(
        case=case,
        person_id=by.pk,
        giver_id=giver,
        number=case.own_words.filter(person=by.pk, giver=giver).count() + 1,
        is_theirs=is_theirs,
        recorded_at=at,
    )
    facts = {"person": by.pk, "is_theirs": is_theirs}
    append(case.chain, "member.said_whose", by=by, at=at, rows=[word], facts=facts)
    return word


def record_conflicts(case: Case, panel: Panel, *, at: datetime) -> None:
    """Write down who stands aside by themselves and of whom it was not recorded yet (the adviser
    can change until the decision); in the caller's transaction, the case locked. Who gave feedback
    can turn out otherwise until the judgements are opened: it is written down from then on."""
    recorded = set(case.recusals.values_list("person", flat=True))
    may_change = case.state == Case.State.FROZEN
    for person, ground in panel.aside.items():
        if person not in recorded and not (may_change and ground == Ground.GAVE_FEEDBACK):
            recusal = Recusal.objects.create(
                case=case, person_id=person, ground=ground, recorded_at=at
            )
            _state(recusal, by=None, at=at)


def _state(recusal: Recusal, *, by: Account | None, at: datetime) -> None:
    facts = {"person": recusal.person_id, "ground": recusal.ground}
    append(recusal.case.chain, "member.recused", by=by, at=at, rows=[recusal], facts=facts)


@transaction.atomic
def judge(
    *,
    case: Case,
    findings: Mapping[str, str],
    motivation: str,
    by: Account,
    at: datetime | None = None,
) -> Judgement:
    """Keep a member's own view, sealed until all are opened together; written again, it replaces
    their earlier one, which stays on record. `findings` has the id of each part of the frozen
    unit. Raises NotPossible outside the time between freezing and opening, and when a finding or
    the motivation is missing."""
    case = locked(case)
    at = at or timezone.now()
    check_may_judge(by, panel_of(case, at))
    check_judge(case)
    check_complete(case, findings, motivation)
    judgement = Judgement.objects.create(
        case=case,
        person_id=by.pk,
        number=case.judgements.filter(person=by.pk).count() + 1,
        findings=dict(findings),
        motivation=motivation.strip(),
        recorded_at=at,
    )
    facts = {"judgement": judgement.pk, "number": judgement.number}
    append(case.chain, "judgement.written", by=by, at=at, rows=[judgement], facts=facts)
    return judgement


def check_complete(case: Case, outcomes: Mapping[str, str], motivation: str) -> list[str]:
    """See that there is one outcome for each part of the frozen unit, and a
    motivation. Returns the ids of the parts in their order. One query."""
    parts = [part.id for part in frame_of(case).parts]
    if set(outcomes) != set(parts) or not set(outcomes.values()) <= set(Outcome.values):
        raise NotPossible(_("Give one finding for each part of the unit."))
    if not motivation.strip():
        raise NotPossible(_("Write a motivation."))
    return parts
