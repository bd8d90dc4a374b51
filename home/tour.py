"""A short tour on the start page, per role, until its person closes it for good."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from home.roles import Roles
from people.models import Account


@dataclass(frozen=True, slots=True)
class Step:
    """A place to look at (the name of its view) and what it is good for."""

    view: str
    place: Any
    text: Any


@dataclass(frozen=True, slots=True)
class Tour:
    """`key` is also that of the page of help with more (home/help.py); `role` is what somebody is
    who needs it."""

    key: str
    role: str
    steps: tuple[Step, ...]


TOURS = [
    Tour(
        "student",
        "studies",
        (
            Step(
                "evidence:add",
                _("Keep a piece of evidence"),
                _("A photo and one line are enough; the rest can come later."),
            ),
            Step(
                "evidence:list",
                _("Ask somebody who saw it"),
                _("Open a piece, and send a question by mail."),
            ),
            Step(
                "portfolio:mine",
                _("See where your portfolio is rich and thin"),
                _("Line by line: what is there, and from whom."),
            ),
            Step(
                "committees:mine",
                _("Find your decisions"),
                _("Before a decision you see what the committee will read."),
            ),
        ),
    ),
    Tour(
        "adviser",
        "advises",
        (
            Step("portfolio:students", _("See who needs you"), _("They stand first, with why.")),
            Step(
                "portfolio:students",
                _("Look at a portfolio"),
                _("Choose a name; a line opens with what was said about it."),
            ),
            Step(
                "portfolio:students",
                _("Note a check-in"),
                _("Note a light, a summary and agreements; the student reads them."),
            ),
        ),
    ),
    Tour(
        "secretary",
        "is_secretary",
        (
            Step(
                "committees:list",
                _("Put students on the agenda"),
                _("Open a meeting; each student hears of it in time to complete the set."),
            ),
            Step(
                "committees:list",
                _("Look who has still to judge"),
                _("The page of the meeting names them. You have no vote, and write no judgement."),
            ),
            Step(
                "committees:list",
                _("Note who is present"),
                _("On the day, of who has no device, and who stands in for the chair."),
            ),
        ),
    ),
    Tour(
        "chair",
        "chairs",
        (
            Step(
                "committees:list",
                _("Read a file and judge it alone"),
                _("Nobody sees your judgement before all are opened together."),
            ),
            Step(
                "committees:list",
                _("Say that you are here, and open the meeting"),
                _("On the day, on its page; there you open the judgements too."),
            ),
            Step(
                "committees:list",
                _("Record what the committee decides, and announce it"),
                _("Until you announce it, students see nothing."),
            ),
        ),
    ),
    Tour(
        "member",
        "judges",
        (
            Step(
                "committees:list",
                _("Open the coming meeting"),
                _("The agenda shows each student, and what waits for you."),
            ),
            Step(
                "committees:list",
                _("Read a file and judge it alone"),
                _("Nobody sees your judgement before all are opened together."),
            ),
            Step(
                "committees:list",
                _("Decide in the meeting"),
                _("The page shows the quorum, the judgements and what to do next."),
            ),
        ),
    ),
    Tour(
        "teacher",
        "teaches",
        (
            Step(
                "portfolio:students",
                _("Look at your students"),
                _("All who follow a programme in which you teach."),
            ),
            Step(
                "portfolio:students",
                _("Open a piece of evidence"),
                _("There you note what somebody said at the workplace."),
            ),
            Step(
                "home:home",
                _("Answer a question"),
                _("Who asks you for feedback stands on this page."),
            ),
        ),
    ),
    Tour(
        "coordinator",
        "coordinates",
        (
            Step(
                "programmes:list",
                _("Look at your programme"),
                _("Its checklist says what is missing."),
            ),
            Step(
                "programmes:list",
                _("Enrol your students"),
                _("With adviser, placement and supervisor."),
            ),
            Step(
                "committees:list",
                _("Look after the committee"),
                _("Who sits in it, and until when."),
            ),
        ),
    ),
    Tour(
        "curriculum",
        "curriculum",
        (
            Step(
                "qualifications:dossier_load",
                _("Load a qualification dossier"),
                _("You see first what would come of it."),
            ),
            Step(
                "qualifications:qualifications",
                _("Write plain words"),
                _("One sentence for each requirement, for students and outsiders."),
            ),
            Step(
                "qualifications:qualifications",
                _("Publish a qualification"),
                _("From then on a programme can choose it."),
            ),
        ),
    ),
    Tour(
        "auditor",
        "supervises",
        (
            Step(
                "committees:record",
                _("Find a decision"),
                _("By student, programme or date."),
            ),
            Step(
                "committees:record",
                _("Read how it came about"),
                _("Who sat there, who judged what and when, and on what grounds."),
            ),
            Step(
                "committees:record",
                _("Check that nothing was changed"),
                _("Each record says in words whether it is as it was written."),
            ),
        ),
    ),
]


def tour_for(user: Account, roles: Roles) -> Tour | None:
    """Find the first tour that fits this person and that they have not closed. No query."""
    for tour in TOURS:
        if getattr(roles, tour.role) and tour.key not in user.closed_tours:
            return tour
    return None


def is_tour(key: str) -> bool:
    return any(tour.key == key for tour in TOURS)
