"""What a committee may and may not, as pure functions of facts: who judges, whether the quorum
is met, whether members agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.models import Membership, Recusal

Role = Membership.Role
Ground = Recusal.Ground


class Disclosure(StrEnum):
    """How somebody who sits in the committee turns up in the set."""

    PERSON = "person"  # they gave feedback
    MAILBOX = "mailbox"  # somebody did with whom they share a mailbox, or it was noted as theirs
    NOTED = "noted"  # they noted what somebody else said


@dataclass(frozen=True, slots=True)
class Found:
    """What is found of a part of the unit; where it is not yet attained, with what is still to be
    shown, and by when where that is said."""

    outcome: str
    to_show: str = ""
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who sits in the committee; `human` is shared by seats of one human, who came to sit
    twice before it was said that they are one."""

    person: UUID
    name: str
    role: str
    human: UUID | None = None

    @property
    def votes(self) -> bool:
        """The secretary has no vote."""
        return self.role in Membership.VOTING


@dataclass(frozen=True, slots=True)
class Panel:
    """A committee before one case: its mandate, who sits, who stands aside and on what ground, who
    has a part in the set and which, who is present and who wrote a judgement."""

    mandate: UUID
    quorum: int
    judgements_asked: int
    seats: tuple[Seat, ...]
    aside: Mapping[UUID, str] = field(default_factory=dict)
    givers: Mapping[UUID, str] = field(default_factory=dict)
    present: frozenset[UUID] = frozenset()
    judged: frozenset[UUID] = frozenset()
    # Who did not say yet whether what these givers said, from a mailbox of theirs, is theirs.
    unsaid: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    # What those who did said last, of each giver: whether it is theirs.
    said: Mapping[UUID, Mapping[UUID, bool]] = field(default_factory=dict)
    deputy: UUID | None = None  # who leads in the chair's place, as the secretary noted it
    # Who says that they were not there, and was not answered yet: nothing is announced meanwhile.
    contradicting: frozenset[UUID] = frozenset()
    # Who coordinates the programme, and so leads none of its cases.
    coordinating: frozenset[UUID] = frozenset()

    def seat_of(self, person: UUID) -> Seat | None:
        return next((seat for seat in self.seats if seat.person == person), None)

    @property
    def voting(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.votes)

    @property
    def judging(self) -> tuple[Seat, ...]:
        """The voting members who do not stand aside."""
        return tuple(seat for seat in self.voting if seat.person not in self.aside)

    @property
    def attending(self) -> tuple[Seat, ...]:
        """Who is present, with a vote or without."""
        return tuple(seat for seat in self.seats if seat.person in self.present)

    @property
    def standing_aside(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.person in self.aside)

    @property
    def disclosed(self) -> tuple[Seat, ...]:
        """Those who judge though they have a part in the set: said openly. (domain rule 7)"""
        return tuple(seat for seat in self.judging if seat.person in self.givers)

    @property
    def spoke(self) -> tuple[Seat, ...]:
        """Those of the disclosed who gave feedback themselves."""
        return self._disclosed_as(Disclosure.PERSON)

    @property
    def sharing(self) -> tuple[Seat, ...]:
        """Those of the disclosed from a mailbox of whom somebody gave feedback: not they
        themselves, by their own word or as long as they did not say."""
        return self._disclosed_as(Disclosure.MAILBOX)

    @property
    def noted(self) -> tuple[Seat, ...]:
        """Those of the disclosed who noted for the student what somebody else said."""
        return self._disclosed_as(Disclosure.NOTED)

    def _disclosed_as(self, how: Disclosure) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.disclosed if self.givers[seat.person] == how)

    @property
    def judgements_in(self) -> tuple[Seat, ...]:
        """Those whose judgement counts, present or not: who owes no word on whose feedback it
        is."""
        told = self.judged - self.unsaid.keys()
        return tuple(seat for seat in self.judging if seat.person in told)

    @property
    def judgements_awaited(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.judging if seat.person not in self.judged)

    @property
    def counted(self) -> tuple[Seat, ...]:
        """Who counts for the quorum: voting, present, not standing aside, and who owes no word on
        whose feedback it is. One human counts once, in the seat from which they judged. (domain
        rule 7)"""
        there = self.present - self.unsaid.keys()
        able = [seat for seat in self.judging if seat.person in there]
        once: dict[UUID, Seat] = {}
        for seat in sorted(able, key=lambda seat: seat.person not in self.judged):
            once.setdefault(seat.human or seat.person, seat)
        return tuple(seat for seat in able if seat in once.values())

    @property
    def has_quorum(self) -> bool:
        return len(self.counted) >= self.quorum

    @property
    def judges_there(self) -> tuple[Seat, ...]:
        """Those who count for the quorum and wrote a judgement."""
        return tuple(seat for seat in self.counted if seat.person in self.judged)

    @property
    def can_be_independent(self) -> bool:
        """Whether a member who may judge has no other part in the case."""
        return len(self.judging) > len(self.disclosed)

    @property
    def is_independent(self) -> bool:
        """Whether such a member is present and wrote a judgement. (domain rule 7)"""
        return any(seat.person not in self.givers for seat in self.judges_there)

    def counts(self, person: UUID) -> bool:
        """Tell whether this person's judgement counts."""
        return any(seat.person == person for seat in self.judgements_in)

    def may_judge(self, person: UUID) -> bool:
        return any(seat.person == person for seat in self.judging)

    @property
    def leader(self) -> Seat | None:
        """Who leads: the chair who is present, does not stand aside and does not coordinate the
        programme; else the voting member whom the secretary noted, where that holds for them."""
        able = {seat.person: seat for seat in self.counted if seat.person not in self.coordinating}
        chairs = (seat for seat in able.values() if seat.role == Role.CHAIR)
        return next(chairs, None) or (able.get(self.deputy) if self.deputy else None)

    @property
    def may_be_noted(self) -> tuple[Seat, ...]:
        """Who can be noted as leading in the chair's place: the voting members who are present, but
        for the chair, who leads without being noted, and for who coordinates the programme."""
        return tuple(
            seat
            for seat in self.counted
            if seat.role != Role.CHAIR and seat.person not in self.coordinating
        )

    def chairs(self, person: UUID) -> bool:
        seat = self.seat_of(person)
        return seat is not None and seat.role == Role.CHAIR

    def prepares(self, person: UUID) -> bool:
        """Tell whether this person has the agenda in hand: the chair or the secretary."""
        seat = self.seat_of(person)
        return seat is not None and seat.role in (Role.CHAIR, Role.SECRETARY)

    def notes(self, person: UUID) -> bool:
        """Tell whether this person notes of others that they are present: the secretary."""
        seat = self.seat_of(person)
        return seat is not None and seat.role == Role.SECRETARY

    def leads(self, person: UUID) -> bool:
        """Tell whether it is this person who opens, records and defers."""
        return self.leader is not None and self.leader.person == person

    def announces(self, person: UUID) -> bool:
        """Tell whether this person makes the decision known, which can be done after the meeting:
        chair or noted member who does not stand aside nor coordinates the programme, present or
        not."""
        seat = self.seat_of(person)
        if seat is None or not seat.votes or person in {*self.aside, *self.coordinating}:
            return False
        return seat.role == Role.CHAIR or person == self.deputy

    def to_plain(self) -> dict[str, Any]:
        """Write the panel as it is sealed with a decision: people by id, so that a name can be
        erased."""
        return {
            "mandate": str(self.mandate),
            "quorum": self.quorum,
            "judgements_asked": self.judgements_asked,
            "deputy": str(self.deputy) if self.deputy else "",
            "seats": [
                {
                    "person": str(seat.person),
                    "role": seat.role,
                    "present": seat.person in self.present,
                    "judged": seat.person in self.judged,
                    "aside": self.aside.get(seat.person, ""),
                    "disclosed": self.givers.get(seat.person, ""),
                    "coordinates": seat.person in self.coordinating,
                }
                for seat in self.seats
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], names: Mapping[UUID, str]) -> Self:
        """Read the panel that `to_plain` wrote, with the names of those who sat."""
        rows = {UUID(row["person"]): row for row in plain["seats"]}
        return cls(
            mandate=UUID(plain["mandate"]),
            quorum=plain["quorum"],
            judgements_asked=plain["judgements_asked"],
            seats=tuple(Seat(key, names.get(key, ""), row["role"]) for key, row in rows.items()),
            aside={key: row["aside"] for key, row in rows.items() if row["aside"]},
            givers={key: row["disclosed"] for key, row in rows.items() if row["disclosed"]},
            present=frozenset(key for key, row in rows.items() if row["present"]),
            judged=frozenset(key for key, row in rows.items() if row["judged"]),
            deputy=UUID(plain["deputy"]) if plain["deputy"] else None,
            coordinating=frozenset(key for key, row in rows.items() if row["coordinates"]),
        )


def quorum_sentence(panel: Panel) -> str:
    """Say how the quorum stands, for example "2 members take part, 3 are needed. (3 of 4 present, 1
    does not take part.)", and who leads where that is not the chair."""
    counted = len(panel.counted)
    present = sum(seat.person in panel.present for seat in panel.voting)
    takes_part = (
        ngettext(
            "%(count)d member takes part: the quorum of %(quorum)d is met.",
            "%(count)d members take part: the quorum of %(quorum)d is met.",
            counted,
        )
        if panel.has_quorum
        else ngettext(
            "%(count)d member takes part, %(quorum)d are needed.",
            "%(count)d members take part, %(quorum)d are needed.",
            counted,
        )
    )
    there = _("%(present)d of %(voting)d present") % {
        "present": present,
        "voting": len(panel.voting),
    }
    if aside := present - counted:
        there += ngettext(
            ", %(count)d does not take part", ", %(count)d do not take part", aside
        ) % {"count": aside}
    parts = [takes_part % {"count": counted, "quorum": panel.quorum}, f"({there}.)"]
    if panel.leader is None:
        parts.append(_("Nobody leads."))
    elif panel.leader.role != Role.CHAIR:
        parts.append(_("%(name)s leads.") % {"name": panel.leader.name})
    return " ".join(parts)


def judgements_sentence(panel: Panel) -> str:
    """Say in a sentence how many judgements count, for example "1 of the 2 judgements asked is in,
    by members who are present"."""
    count, asked = len(panel.judges_there), panel.judgements_asked
    if count > asked:
        words = _("%(count)d judgements are in; %(asked)d were asked")
    else:
        words = ngettext(
            "%(count)d of the %(asked)d judgements asked is in, by members who are present",
            "%(count)d of the %(asked)d judgements asked are in, by members who are present",
            count,
        )
    return words % {"count": count, "asked": asked}


def obstacles(panel: Panel) -> list[str]:
    """List why this committee, as it sits there now, cannot decide this case; empty when it can."""
    found = []
    if not panel.has_quorum:
        found.append(quorum_sentence(panel))
    if len(panel.judges_there) < panel.judgements_asked:
        found.append(judgements_sentence(panel) + ".")
    elif not panel.is_independent:
        found.append(
            _(
                "Of those present who wrote a judgement, everybody has a part in this set: at "
                "least one judging member must have none."
            )
        )
    return found


class Accord(StrEnum):
    """How opened judgements lie to each other; nothing is said of fewer than two."""

    UNANIMOUS = "unanimous"
    SPLIT = "split"


def accord(judgements: Iterable[Mapping[str, str]]) -> Accord | None:
    """Tell whether these findings, part by part, are all the same."""
    found = [dict(findings) for findings in judgements]
    if len(found) < 2:
        return None
    return Accord.UNANIMOUS if all(one == found[0] for one in found) else Accord.SPLIT


def is_attainable(quorum: int, judgements_asked: int, voting_members: int) -> bool:
    """Tell whether so many voting members can be the quorum and write the judgements asked. (A
    mandate asks for no more judgements than its quorum.)"""
    return max(quorum, judgements_asked) <= voting_members
