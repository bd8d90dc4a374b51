"""What of this room rests on what others set up (records/resting.py)."""

from django.utils.translation import ngettext

from programmes.models import Programme, Track
from qualifications.models import Qualification
from records.resting import rests_on

rests_on(
    Qualification,
    lambda qualification: Programme.objects.filter(qualification=qualification),
    words=lambda count: (
        ngettext(
            "%(count)d programme is based on it.",
            "%(count)d programmes are based on it.",
            count,
        )
        % {"count": count}
    ),
)
rests_on(
    Qualification,
    lambda qualification: Track.objects.filter(qualification=qualification),
    words=lambda count: (
        ngettext(
            "%(count)d student follows or followed it.",
            "%(count)d students follow or followed it.",
            count,
        )
        % {"count": count}
    ),
)
