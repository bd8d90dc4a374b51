"""What a committee may and may not, as pure functions of facts: who judges, whether the quorum
is met, whether members agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees.models import Membership, Recusal

Role = Membership.Role
Ground = Recusal.Ground


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who sits in the committee."""

    person: UUID
    name: str
    role: str

    @property
    def votes(self) -> bool:
        """The secretary has no vote."""
        return self.role in Membership.VOTING


@dataclass(frozen=True, slots=True)
class Panel:
    """A committee before one case: who sits, who stands aside and on what ground, who gave
    feedback in the set, who is present and who wrote a judgement."""

    quorum: int
    seats: tuple[Seat, ...]
    aside: Mapping[UUID, str] = field(default_factory=dict)
    givers: frozenset[UUID] = frozenset()
    present: frozenset[UUID] = frozenset()
    judged: frozenset[UUID] = frozenset()

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
    def standing_aside(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.person in self.aside)

    @property
    def disclosed(self) -> tuple[Seat, ...]:
        """Those who judge though they gave feedback in the set: said openly. (domain rule 7)"""
        return tuple(seat for seat in self.judging if seat.person in self.givers)

    @property
    def judgements_in(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.judging if seat.person in self.judged)

    @property
    def judgements_awaited(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.judging if seat.person not in self.judged)

    @property
    def counted(self) -> tuple[Seat, ...]:
        """Who counts for the quorum: voting, present, not standing aside. (domain rule 7)"""
        return tuple(seat for seat in self.judging if seat.person in self.present)

    @property
    def has_quorum(self) -> bool:
        return len(self.counted) >= self.quorum

    @property
    def can_be_independent(self) -> bool:
        """Whether a member who may judge is neither the student's adviser nor gave feedback."""
        return len(self.judging) > len(self.disclosed)

    @property
    def is_independent(self) -> bool:
        """Whether such a member is present and wrote a judgement. (domain rule 7)"""
        return any(
            seat.person in self.judged and seat.person not in self.givers for seat in self.counted
        )

    def may_judge(self, person: UUID) -> bool:
        return any(seat.person == person for seat in self.judging)

    def leads(self, person: UUID) -> bool:
        """Whether this person opens, records and announces: the chair; where the chair stands
        aside, whoever else in the committee does not."""
        seat = self.seat_of(person)
        if seat is None or person in self.aside:
            return False
        if seat.role == Role.CHAIR:
            return True
        return any(one.role == Role.CHAIR and one.person in self.aside for one in self.seats)


def quorum_sentence(panel: Panel) -> str:
    """For example "4 of 5 voting members present; 1 stands aside; the quorum of 3 is met"."""
    voting = len(panel.voting)
    present = [seat for seat in panel.voting if seat.person in panel.present]
    aside = len(present) - len(panel.counted)
    parts = [
        ngettext(
            "%(present)d of %(voting)d voting member present",
            "%(present)d of %(voting)d voting members present",
            voting,
        )
        % {"present": len(present), "voting": voting}
    ]
    if aside:
        parts.append(
            ngettext("%(count)d stands aside", "%(count)d stand aside", aside) % {"count": aside}
        )
    outcome = (
        _("the quorum of %(quorum)d is met")
        if panel.has_quorum
        else _("the quorum of %(quorum)d is not met")
    )
    parts.append(outcome % {"quorum": panel.quorum})
    return "; ".join(parts)


def obstacles(panel: Panel) -> list[str]:
    """Why this committee, as it sits there now, cannot decide this case; empty when it can."""
    found = []
    if not panel.has_quorum:
        found.append(quorum_sentence(panel) + ".")
    if not panel.judgements_in:
        found.append(_("Nobody who may judge this case has written a judgement yet."))
    elif not panel.is_independent:
        found.append(
            _(
                "Of those present who wrote a judgement, everybody gave feedback in this set: at "
                "least one judging member must have no other part in it."
            )
        )
    return found


class Agreement(StrEnum):
    """How opened judgements lie to each other; nothing is said of fewer than two."""

    UNANIMOUS = "unanimous"
    SPLIT = "split"


def agreement(judgements: Iterable[Mapping[str, str]]) -> Agreement | None:
    """Whether these findings, part by part, are all the same."""
    found = [dict(findings) for findings in judgements]
    if len(found) < 2:
        return None
    return Agreement.UNANIMOUS if all(one == found[0] for one in found) else Agreement.SPLIT


def is_attainable(quorum: int, voting_members: int) -> bool:
    return quorum <= voting_members
