"""The help pages: one per role, for people with and without an account."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of help; its words are in `home/help/<key>.html`, its address ends in `key`."""

    key: str
    title: Any
    question: Any

    @property
    def template(self) -> str:
        return f"home/help/{self.key}.html"


# Who comes by a link finds their page first: they have the least time.
TOPICS = [
    Topic("giver", _("You were asked for feedback"), _("What do they want from me?")),
    Topic("student", _("You are a student"), _("What do I keep, and whom do I ask?")),
    Topic("adviser", _("You are an adviser"), _("Who needs me, and what did we agree?")),
    Topic("teacher", _("You are a teacher"), _("What did my students show?")),
    Topic("coordinator", _("You are a coordinator"), _("Is everything set up?")),
    Topic("curriculum", _("You look after qualifications"), _("What must students show?")),
    Topic("member", _("You are a member of a committee"), _("What do I think of this file?")),
    Topic("chair", _("You are the chair of a committee"), _("What comes next in this meeting?")),
    Topic("secretary", _("You are the secretary of a committee"), _("Is the meeting prepared?")),
    Topic(
        "auditor",
        _("You are an auditor or sit on the exam board"),
        _("How did this decision come about?"),
    ),
]


def topic_of(key: str) -> Topic | None:
    return next((topic for topic in TOPICS if topic.key == key), None)
