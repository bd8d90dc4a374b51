from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from committees.access import check_may_supersede, check_supersede
from committees.actions.decisions import make_known, write_decision
from committees.actions.locking import locked
from committees.models import Case, Decision, Supersession
from committees.panels import panel_of
from committees.rules import Found
from people.models import Account
from records.chain import append
from records.models import Sealed


@transaction.atomic
def supersede(
    *,
    case: Case,
    findings: Mapping[str, Found],
    motivation: str,
    cited: Iterable[str],
    ground: Supersession.Ground,
    reason: str,
    by: Account,
    second: Account,
    at: datetime | None = None,
) -> Decision:
    """Put a new decision in the place of the one that was announced, on the same frozen set, and
    announce it: a clerical error that two members put right, or what two members of the exam
    board do on objection or appeal. The earlier one stays on record. The panel is that of the
    earlier decision; who replaced it stands in the supersession. Raises NotPossible before the
    announcement, without a reason, while a later case on this unit is being decided, and as
    `decide` does."""
    at = at or timezone.now()
    case = locked(case)
    panel = panel_of(case, at)
    check_may_supersede(by, second, case, panel, ground)
    check_supersede(case, reason)
    earlier = case.decisions.standing().get()
    decision = write_decision(case, findings, motivation, cited, panel=earlier.panel, by=by, at=at)
    supersession = Supersession.objects.create(
        decision=decision,
        earlier=earlier,
        ground=ground,
        reason=reason.strip(),
        by_id=by.pk,
        second_id=second.pk,
        recorded_at=at,
    )
    case.decision = decision
    case.save(update_fields=["decision"])
    facts = {"earlier": earlier.pk, "ground": ground, "person": second.pk}
    rows: list[Sealed] = [case, decision, supersession]
    append(case.chain, "decision.superseded", by=by, at=at, rows=rows, facts=facts)
    make_known(case, by=by, at=at)
    return decision
