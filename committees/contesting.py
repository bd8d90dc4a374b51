"""Before whom, and until when, a student can contest a decision. (domain rule 23)"""

from datetime import date, timedelta

from committees.models import Announcement, Supersession
from programmes.models import Programme

Body = Announcement.Body
MBO, HBO = "mbo", "hbo"
# In mbo objection to the exam board comes first; who objected or appealed goes on to the appeals
# committee. Two weeks after sending, in hbo six.
DAYS = {MBO: 14, HBO: 42}


def way_to_contest(sector: str, sent_on: date, ground: str = "") -> tuple[Body, date]:
    """The body to go to, and the last day (of which the whole counts), of a decision that was sent
    on this local day; `ground` is that of the supersession, where it replaced another."""
    last_day = sent_on + timedelta(days=DAYS[sector])
    if sector == HBO:
        return Body.APPEALS_COLLEGE, last_day
    contested = (Supersession.Ground.OBJECTION, Supersession.Ground.APPEAL)
    return Body.APPEALS_COMMITTEE if ground in contested else Body.EXAM_BOARD, last_day


def sector_of(programme: Programme) -> str:
    """By the house rules that hold now; mbo where they say nothing."""
    return getattr(getattr(programme, "rules", None), "sector", MBO)
