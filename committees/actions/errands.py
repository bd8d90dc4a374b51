"""What who leads orders for all cases of a meeting at once, and that decisions are announced at a
moment."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from committees.access import (
    check_may_announce,
    check_moment_to_announce,
    check_order_announcing,
)
from committees.actions.decisions import announce, open_judgements
from committees.models import Case, Meeting
from committees.who_sits import moment_of, panel_in
from committees.workflow import locked_meeting
from people.models import Account
from post.errands import ErrandKind, can_be_ordered, end_errand, order
from post.models import Errand, ErrandItem

ANNOUNCING = "committees/announcing"
OPENING = "committees/opening"


@transaction.atomic
def order_announcing(
    *,
    meeting: Meeting,
    decisions: Collection[UUID],
    by: Account,
    due_at: datetime | None = None,
    at: datetime | None = None,
) -> Errand:
    """Order that these decisions of a meeting are announced at a moment, else in ANNOUNCE_SECONDS.
    Each is announced as it was confirmed: one that is set back or replaced by then is not. Raises
    NotPossible for a moment that has passed or lies too far ahead, for a decision that does not
    stand to be announced, and for one of which it was ordered already."""
    locked_meeting(meeting)
    at = at or timezone.now()
    due_at = due_at or at + timedelta(seconds=settings.ANNOUNCE_SECONDS)
    check_may_announce(by, panel_in(meeting, moment_of(meeting, at)))
    check_moment_to_announce(due_at, at)
    standing = Case.objects.filter(
        meeting=meeting, state=Case.State.DECIDED, decision__in=decisions
    )
    check_order_announcing(
        len(decisions), set(standing.values_list("decision", flat=True)), ordered_in(meeting)
    )
    return order(ANNOUNCING, about=meeting.pk, rows=decisions, by=by, due_at=due_at, at=at)


@transaction.atomic
def call_off_announcing(*, errand: Errand, by: Account, at: datetime | None = None) -> None:
    """Call off an order to announce, as whoever may announce in that meeting: what was not
    announced by then, nobody ever saw. Raises NotPossible once it has ended."""
    meeting = Meeting.objects.get(pk=errand.about)
    at = at or timezone.now()
    check_may_announce(by, panel_in(meeting, moment_of(meeting, at)))
    end_errand(errand=errand, at=at)


def orders_in(meeting: Meeting) -> QuerySet[Errand]:
    """Find the orders to announce decisions of a meeting that are not done yet."""
    return Errand.objects.running().filter(what=ANNOUNCING, about=meeting.pk)


def ordered_in(meeting: Meeting) -> set[UUID]:
    """Find the decisions of a meeting of which it is ordered that they are announced. One query."""
    waiting = ErrandItem.objects.filter(
        errand__in=orders_in(meeting), state=ErrandItem.State.WAITING
    )
    return set(waiting.values_list("row", flat=True))


def ordered_for(case: Case) -> datetime | None:
    """Tell for which moment it is ordered that the decision of a case is announced. One query where
    it is decided."""
    if case.state != Case.State.DECIDED:
        return None
    waiting = ErrandItem.objects.filter(
        errand__in=orders_in(case.meeting), row=case.decision_id, state=ErrandItem.State.WAITING
    )
    return waiting.values_list("errand__due_at", flat=True).first()


def _announce(decision: UUID, by: Account) -> None:
    announce(case=Case.objects.get(decision=decision), by=by)


def _announced(count: int) -> str:
    return ngettext(
        "%(count)d decision is announced. Student and adviser get a mail.",
        "%(count)d decisions are announced. Students and advisers get a mail.",
        count,
    ) % {"count": count}


def _open(case: UUID, by: Account) -> None:
    open_judgements(case=Case.objects.get(pk=case), by=by)


def _opened(count: int) -> str:
    return ngettext(
        "The judgements of %(count)d case are open.",
        "The judgements of %(count)d cases are open.",
        count,
    ) % {"count": count}


def _names(cases: Collection[UUID], by: Account) -> dict[UUID, str]:
    rows = Case.objects.visible_to(by).for_list().filter(pk__in=cases)
    return {case.pk: str(case) for case in rows}


def _names_of_decisions(decisions: Collection[UUID], by: Account) -> dict[UUID, str]:
    rows = Case.objects.visible_to(by).for_list().filter(decision__in=decisions)
    return {case.decision_id: str(case) for case in rows if case.decision_id}


def _about(meeting: UUID) -> str:
    row = Meeting.objects.select_related("committee").filter(pk=meeting).first()
    if row is None:
        return ""
    day = date_format(timezone.localtime(row.day_at), "j F Y")
    return f"{row.committee}, {day}"


def _page(meeting: UUID) -> str:
    return reverse("committees:meeting", args=[meeting])


can_be_ordered(
    ANNOUNCING,
    ErrandKind(_announce, _("Announce decisions"), _announced, _names_of_decisions, _about, _page),
)
can_be_ordered(OPENING, ErrandKind(_open, _("Open judgements"), _opened, _names, _about, _page))
