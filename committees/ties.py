"""Reads in one query who has to do with what, from as many tables as say so."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum, auto
from functools import lru_cache
from typing import Any
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


NOBODY: frozenset[tuple[UUID, str]] = frozenset()
TIES = {str(tie): tie for tie in Tie}


class Ties(defaultdict[tuple[Tie, UUID], dict[UUID, str]]):
    """Who has to do with something, and how: by the tie and the id of what it is with, the people,
    each with the word of their tie, or nothing."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        """Read what these rows say, of `together`, with ids as they are or as the database writes
        them. No query but that of the rows."""
        super().__init__(dict)
        self.names: dict[UUID, str] = {}
        self.add(rows)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add what these rows say, those with a name in its order."""
        for tie, of, who, word, name in rows:
            person = id_of(who)
            self[TIES[tie], id_of(of)][person] = word
            if tie == Tie.SITS:
                self.names[person] = name

    def likeness(self, tie: Tie, of: UUID) -> frozenset[tuple[UUID, str]]:
        """Return who has this tie to something, and its word, to be compared."""
        found = self.get((tie, of))
        return frozenset(found.items()) if found else NOBODY

    def having(self, tie: Tie) -> list[tuple[UUID, str]]:
        """List whoever has this tie to anything, each with its word."""
        found = (people for (each, _of), people in self.items() if each == tie)
        return [pair for people in found for pair in people.items()]

    def seats(self, meeting: UUID) -> tuple[Seat, ...]:
        """List who sits in a meeting: the chair, the members by name, the secretary."""
        found = self[Tie.SITS, meeting].items()
        seats = (Seat(person, self.names[person], role) for person, role in found)
        return tuple(sorted(seats, key=lambda seat: ORDER.index(Membership.Role(seat.role))))


@lru_cache(maxsize=8192)  # the same few people and cases, in every row
def id_of(of: UUID | str) -> UUID:
    """Return an id as it is, of an id as the database writes it."""
    return of if isinstance(of, UUID) else UUID(of)


def together(rows: Sequence[QuerySet]) -> QuerySet:
    """Select what all these rows say, each made by `tied`, by name. One query once it is read."""
    return rows[0].union(*rows[1:], all=True).order_by("name")


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
