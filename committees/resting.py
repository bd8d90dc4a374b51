"""What of this room rests on what a coordinator set up (records/resting.py)."""

from django.urls import reverse
from django.utils.translation import ngettext

from committees.models import Case, Meeting
from programmes.models import Enrolment, Programme, Unit
from records.resting import rests_on


def _on_agendas(count: int) -> str:
    text = ngettext(
        "It is on the agenda of a committee %(count)d time.",
        "It is on the agenda of a committee %(count)d times.",
        count,
    )
    return text % {"count": count}


def _committee_of(row: Enrolment | Unit) -> str:
    """Return the address of the committee that took it up last: its coordinator sees the meetings
    there, and no case."""
    last = Case.objects.filter(**{row._meta.model_name or "": row}).latest("recorded_at")
    return last.meeting.committee.get_absolute_url()


rests_on(
    Unit,
    lambda unit: Case.objects.filter(unit=unit),
    words=_on_agendas,
    where=_committee_of,
)
rests_on(
    Enrolment,
    lambda enrolment: Case.objects.filter(enrolment=enrolment),
    words=lambda count: (
        ngettext(
            "The student is on the agenda of a committee %(count)d time.",
            "The student is on the agenda of a committee %(count)d times.",
            count,
        )
        % {"count": count}
    ),
    where=_committee_of,
)
rests_on(
    Programme,
    lambda programme: Meeting.objects.coming().filter(committee__programme=programme),
    words=lambda count: (
        ngettext(
            "%(count)d meeting of a committee is to come.",
            "%(count)d meetings of committees are to come.",
            count,
        )
        % {"count": count}
    ),
    where=lambda programme: reverse("committees:list"),
)
