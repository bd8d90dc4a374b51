"""Who sees what, in words, as `visible_to` and the `check_…` functions of the rooms decide it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of people: what they see, and what stays closed to them."""

    who: Any
    sees: Any
    hidden: Any


KINDS_OF_READERS = [
    Reader(
        _("Student"),
        _(
            "Everything of their own: evidence, feedback, check-ins, what the committee will read, "
            "decisions."
        ),
        _("Judgements of committee members; anything of other students, unless they are asked."),
    ),
    Reader(
        _("Who is asked for feedback"),
        _("The piece they are asked about, with its files, and what they wrote themselves."),
        _("The rest of the portfolio, what the student thinks of it, what others wrote."),
    ),
    Reader(
        _("Adviser"),
        _("Portfolio, check-ins and decisions of the students they advise now."),
        _("Other students; judgements."),
    ),
    Reader(
        _("Teacher"),
        _("Portfolios of current students in programmes in which they teach now."),
        _("Check-ins, judgements, decisions."),
    ),
    Reader(
        _("Coordinator"),
        _("Who is enrolled, with which adviser, placement and supervisors; who is in a committee."),
        _("Evidence, feedback, check-ins, judgements, decisions."),
    ),
    Reader(
        _("Coordinator of the whole school"),
        _(
            "Of everybody: name, addresses, roles, who counts as the same person, and on which day "
            "they were last here."
        ),
        _("Evidence, feedback, check-ins, judgements, decisions; passwords."),
    ),
    Reader(
        _("Committee"),
        _(
            "The frozen sets of the cases on its agenda, the judgements once they are opened, the "
            "decisions. Lights and summaries of check-ins only where the programme's rules say so."
        ),
        _("Portfolios outside those sets; cases in which somebody stands aside."),
    ),
    Reader(
        _("Who was given a letter with a decision"),
        _(
            "With its code: whose it is, the programme, the unit, the committee, the days, what "
            "was found of each part, and whether it still stands."
        ),
        _("Why it was decided so, what is still to be shown, and everything else."),
    ),
    Reader(
        _("Auditor and exam board"),
        _("The record of each case: frozen set, who judged what and when, decision."),
        _("Portfolios that no committee reads."),
    ),
    Reader(
        _("Curriculum"),
        _("Qualifications and their requirements."),
        _("Everything about students."),
    ),
    Reader(
        _("Administrator"),
        _(
            "The same of everybody as the coordinator of the whole school; enrolments, and what is "
            "on which agenda."
        ),
        _("In the support desk: evidence, feedback, judgements and decisions."),
    ),
]
