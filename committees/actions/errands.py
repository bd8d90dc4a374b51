"""What who leads orders for all cases of a meeting at once."""

from collections.abc import Collection
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from committees.actions.decisions import announce, open_judgements
from committees.models import Case, Meeting
from people.models import Account
from post.errands import ErrandKind, can_be_ordered

ANNOUNCING = "committees/announcing"
OPENING = "committees/opening"


def _announce(case: UUID, by: Account) -> None:
    announce(case=Case.objects.get(pk=case), by=by)


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


def _about(meeting: UUID) -> str:
    row = Meeting.objects.select_related("committee").filter(pk=meeting).first()
    if row is None:
        return ""
    day = date_format(timezone.localtime(row.day_at), "j F Y")
    return f"{row.committee}, {day}"


def _page(meeting: UUID) -> str:
    return reverse("committees:meeting", args=[meeting])


can_be_ordered(
    ANNOUNCING, ErrandKind(_announce, _("Announce decisions"), _announced, _names, _about, _page)
)
can_be_ordered(OPENING, ErrandKind(_open, _("Open judgements"), _opened, _names, _about, _page))
