"""Reads in one query who has to do with what, from as many tables as say so."""

from collections import defaultdict
from enum import StrEnum, auto
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value

from committees.models import Membership
from committees.rules import Seat

ORDER = [Membership.Role.CHAIR, Membership.Role.MEMBER, Membership.Role.SECRETARY]


class Tie(StrEnum):
    """How somebody has to do with something."""

    SITS = auto()
    """with a meeting: in which role"""
    PRESENT = auto()
    """with a meeting"""
    CONTRADICTS = auto()
    """with a meeting: says that they were not there, and was not answered yet"""
    COORDINATES = auto()
    """with a meeting: its programme, now or since it was planned"""
    LEADS = auto()
    """with a meeting: in the chair's place"""
    KNOWN = auto()
    """with an address: at which mailbox"""
    LINKED = auto()
    """with somebody else: said to be the same, or counted as one"""
    ADVISES = auto()
    """with an enrolment"""
    GAVE = auto()
    """with a case: feedback in its set"""
    NOTED = auto()
    """with a case: under whose name feedback in its set was noted, of which they said nothing"""
    NOTED_FOR = auto()
    """with a case: who noted feedback in its set for somebody else"""
    JUDGED = auto()
    """with a case"""
    ASIDE = auto()
    """with a case: on what ground"""
    SAID = auto()
    """with a case: said whose feedback it is"""


class Ties(defaultdict[tuple[Tie, UUID], dict[UUID, str]]):
    """Who has to do with something, and how: by the tie and the id of what it is with, the people,
    each with the word of their tie, or nothing."""

    def __init__(self, *rows: QuerySet) -> None:
        """Read what these rows say, each made by `tied`. One query."""
        super().__init__(dict)
        self.names: dict[UUID, str] = {}
        self.add(*rows)

    def add(self, *rows: QuerySet) -> None:
        """Add what these rows say, each made by `tied`, those with a name in its order. One
        query."""
        for tie, of, who, word, name in rows[0].union(*rows[1:], all=True).order_by("name"):
            self[Tie(tie), of][who] = word
            if tie == Tie.SITS:
                self.names[who] = name

    def having(self, tie: Tie) -> list[tuple[UUID, str]]:
        """List whoever has this tie to anything, each with its word."""
        found = (people for (each, _of), people in self.items() if each == tie)
        return [pair for people in found for pair in people.items()]

    def seats(self, meeting: UUID) -> tuple[Seat, ...]:
        """List who sits in a meeting: the chair, the members by name, the secretary."""
        found = self[Tie.SITS, meeting].items()
        seats = (Seat(person, self.names[person], role) for person, role in found)
        return tuple(sorted(seats, key=lambda seat: ORDER.index(Membership.Role(seat.role))))


def tied(
    tie: Tie, rows: QuerySet, *, of: str, who: str = "person", word: str = "", name: str = ""
) -> QuerySet:
    """Select these rows as a part of what `Ties` reads; the other arguments are paths to
    columns."""
    nothing = Value("", CharField())
    columns = {
        "tie": Value(tie, CharField()),
        "of": F(of),
        "who": F(who),
        "word": F(word) if word else nothing,
        "name": F(name) if name else nothing,
    }
    return rows.order_by().annotate(**columns).values_list(*columns)
