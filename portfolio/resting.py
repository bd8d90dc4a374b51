"""What of this room rests on what a coordinator set up (records/resting.py)."""

from django.utils.translation import ngettext

from portfolio.models import CheckIn, SetAside
from programmes.models import Enrolment, Unit
from records.resting import rests_on


def _set_aside(count: int) -> str:
    text = ngettext(
        "%(count)d piece was set aside for it.", "%(count)d pieces were set aside for it.", count
    )
    return text % {"count": count}


rests_on(
    Enrolment,
    lambda enrolment: CheckIn.objects.filter(enrolment=enrolment),
    words=lambda count: (
        ngettext(
            "%(count)d check-in was held.",
            "%(count)d check-ins were held.",
            count,
        )
        % {"count": count}
    ),
)
rests_on(
    Enrolment,
    lambda enrolment: SetAside.objects.filter(enrolment=enrolment),
    words=_set_aside,
)
rests_on(
    Unit,
    lambda unit: SetAside.objects.filter(unit=unit),
    words=_set_aside,
    keeps=False,
)
