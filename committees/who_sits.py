"""Reads who sits before a case, in a fixed number of queries for one case or for a whole agenda."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, F, Q, QuerySet, Value

from committees.models import (
    Attendance,
    Case,
    Decision,
    Deferral,
    Judgement,
    Leading,
    Mandate,
    Meeting,
    Membership,
    OwnWord,
    Recusal,
    SnapshotItem,
)
from committees.rules import Disclosure, Ground, Panel, Seat
from people.identity import at_mailboxes_of, said_to_be
from people.models import Person, SamePerson
from programmes.models import AdviserAssignment

Role = Membership.Role
ORDER = (Role.CHAIR, Role.MEMBER, Role.SECRETARY)


def panel_of(case: Case, at: datetime) -> Panel:
    """Return the committee before this case at an aware moment; see `panels_of`."""
    return panels_of([case], at)[case.pk]


def panels_of(cases: Collection[Case], at: datetime) -> dict[UUID, Panel]:
    """Return the committee before each of these cases (read with `for_list`), by the case's id. One
    query, none without cases; more for a past moment at which other house rules or another
    mandate held, and where somebody who sits is said to be somebody else too, or shares a mailbox
    with who gave feedback.

    Until the committee has spoken, whoever advises the student now, is the student, or gave
    feedback where the house rules then keep them from judging, stands aside without anybody
    writing it down; afterwards only those of whom it was recorded. Each is looked for as the human
    they are said to be, not by the account with which they sit here. (domain rule 7)
    """
    if not cases:
        return {}
    advising, said = AdviserAssignment.objects.as_of(at), OwnWord.objects.standing()
    ties = _ties(
        *_in_meetings([case.meeting for case in cases], at),
        *_known(_seats([case.meeting for case in cases], at).values("person")),
        _tie("gave", _givers(cases), of="snapshot__case", who="source"),
        _tie("judged", Judgement.objects.filter(case__in=cases), of="case"),
        _tie("aside", Recusal.objects.filter(case__in=cases), of="case", word="ground"),
        _tie(
            "advises",
            advising.filter(enrolment__in={case.enrolment_id for case in cases}),
            of="enrolment",
            who="adviser",
        ),
        _tie("said", OwnWord.objects.filter(case__in=cases), of="case"),
        _tie("theirs", said.filter(case__in=cases, is_theirs=True), of="case"),
    )
    known = _Known(ties)
    panels = {}
    for case in cases:
        own = ties.seats(case.meeting.committee_id)
        sitting = {seat.person for seat in own}
        aside = dict(ties["aside", case.pk])
        givers = ties["gave", case.pk].keys() - {case.enrolment.student_id}
        spoke = ties["theirs", case.pk].keys() | set(known.among(sitting, givers))
        shared = {one: known.beside(one, givers) for one in sitting - spoke}
        disclosed = {one: Disclosure.MAILBOX for one, there in shared.items() if there}
        disclosed |= dict.fromkeys(spoke & sitting, Disclosure.PERSON)
        own_case = known.among(sitting, {case.enrolment.student_id})
        if case.is_pending:
            grounds: dict[UUID, str] = {}
            if not case.enrolment.programme.rules.as_of(at).givers_may_judge:
                grounds |= dict.fromkeys(spoke, Ground.GAVE_FEEDBACK)
            advise = known.among(sitting, ties["advises", case.enrolment_id].keys())
            grounds |= dict.fromkeys(advise, Ground.ADVISER)
            aside = grounds | aside
        aside = dict.fromkeys(own_case, Ground.OWN_CASE) | aside
        mandate = case.meeting.committee.mandate.as_of(at)
        panels[case.pk] = Panel(
            mandate=mandate.pk,
            quorum=mandate.quorum,
            seats=tuple(replace(seat, human=min(known.humans[seat.person])) for seat in own),
            aside={one: ground for one, ground in aside.items() if one in sitting},
            givers=disclosed,
            unsaid=_unsaid(case, shared),
            said=frozenset(ties["said", case.pk].keys() & sitting),
            present=frozenset(ties["present", case.meeting_id].keys() & sitting),
            judged=frozenset(ties["judged", case.pk].keys() & sitting),
            deputy=next(iter(ties["leads", case.meeting_id]), None),
        )
    return panels


def panel_in(meeting: Meeting, at: datetime) -> Panel:
    """Return the committee in a meeting, before no case: who sits, is present and leads. One
    query."""
    ties = _ties(*_in_meetings([meeting], at))
    mandate = meeting.committee.mandate.as_of(at)
    return Panel(
        mandate=mandate.pk,
        quorum=mandate.quorum,
        seats=ties.seats(meeting.committee_id),
        present=frozenset(ties["present", meeting.pk]),
        deputy=next(iter(ties["leads", meeting.pk]), None),
    )


def panel_shown(case: Case, at: datetime) -> Panel:
    """Return the committee as pages show it: as it was sealed with the outcome (the case read with
    `for_page`; one query), and until there is one as it sits (see `panels_of`)."""
    return panel_of(case, at) if case.outcome is None else panel_sealed(case.outcome)


def panel_sealed(outcome: Decision | Deferral) -> Panel:
    """Return the committee as it sat when it decided, or deferred. One query."""
    people = Person.objects.in_bulk([UUID(seat["person"]) for seat in outcome.panel["seats"]])
    return Panel.from_plain(outcome.panel, {key: person.name for key, person in people.items()})


def mandate_of(case: Case) -> Mandate:
    """Return the mandate under which a case (read with `for_page`) was decided. No query where it
    is the committee's current one; else one."""
    sealed, current = UUID(case.standing.panel["mandate"]), case.meeting.committee.mandate
    return current if current.pk == sealed else Mandate.objects.get(pk=sealed)


def moment_of(meeting: Meeting, now: datetime) -> datetime:
    """Tell as of when a meeting's page is drawn: a closed meeting as it was when it closed."""
    return meeting.closed_at or now


class _Ties(defaultdict[tuple[str, UUID], dict[UUID, str]]):
    """Who has to do with something, and how: by the name of a tie and the id of a committee, a
    meeting, a case or an enrolment, the people, each with the word of their tie."""

    def __init__(self) -> None:
        super().__init__(dict)
        self.names: dict[UUID, str] = {}

    def having(self, tie: str) -> list[tuple[UUID, str]]:
        """Whoever has this tie to anything, each with its word."""
        found = (people for (name, _of), people in self.items() if name == tie)
        return [pair for people in found for pair in people.items()]

    def seats(self, committee: UUID) -> tuple[Seat, ...]:
        """The chair, the members by name, the secretary."""
        found = self["sits", committee].items()
        seats = (Seat(person, self.names[person], role) for person, role in found)
        return tuple(sorted(seats, key=lambda seat: ORDER.index(Role(seat.role))))


def _ties(*rows: QuerySet) -> _Ties:
    """What rows of `_tie` say, those with a name in its order. One query."""
    ties = _Ties()
    for tie, of, who, word, name in rows[0].union(*rows[1:], all=True).order_by("name"):
        ties[tie, of][who] = word
        if tie == "sits":
            ties.names[who] = name
    return ties


def _tie(
    tie: str, rows: QuerySet, *, of: str, who: str = "person", word: str = "", name: str = ""
) -> QuerySet:
    """These rows as a part of `_ties`; the other arguments are paths to columns."""
    nothing = Value("", CharField())
    columns = {
        "tie": Value(tie, CharField()),
        "of": F(of),
        "who": F(who),
        "word": F(word) if word else nothing,
        "name": F(name) if name else nothing,
    }
    return rows.order_by().annotate(**columns).values_list(*columns)


def _in_meetings(meetings: Collection[Meeting], at: datetime) -> list[QuerySet]:
    """Who sits in the committees of these meetings, is present and leads in the chair's place."""
    present, leads = Attendance.objects.as_of(at), Leading.objects.as_of(at)
    return [
        _tie("sits", _seats(meetings, at), of="committee", word="role", name="person__name"),
        _tie("present", present.filter(meeting__in={m.pk for m in meetings}), of="meeting"),
        _tie("leads", leads.filter(meeting__in={m.pk for m in meetings}), of="meeting"),
    ]


def _seats(meetings: Collection[Meeting], at: datetime) -> QuerySet[Membership]:
    committees = {meeting.committee_id for meeting in meetings}
    return Membership.objects.as_of(at).filter(committee__in=committees)


def _known(sitting: QuerySet) -> list[QuerySet]:
    """What is said of those who sit, and who is known at their mailboxes."""
    said = SamePerson.objects.current().filter(Q(one__in=sitting) | Q(other__in=sitting))
    return [
        _tie("is", said, of="one", who="other"),
        _tie("known", at_mailboxes_of(sitting), of="pk", word="mailbox"),
    ]


class _Known:
    """As which humans those who sit are known, and at which mailboxes. No query where nobody is
    said to be somebody else, as `_known` found it."""

    def __init__(self, ties: _Ties) -> None:
        self.humans = {one: frozenset({one}) for one in ties.names}
        self.mailboxes: dict[UUID, set[str]] = {}
        known = ties.having("known")
        if ties.having("is"):
            self.humans = said_to_be(self.humans)
            everybody = set().union(*self.humans.values())
            known = list(at_mailboxes_of(everybody).values_list("person", "mailbox"))
        for person, mailbox in known:
            self.mailboxes.setdefault(person, set()).add(mailbox)

    def among(self, sitting: Iterable[UUID], people: Set[UUID]) -> list[UUID]:
        """Which of those who sit are one of these people."""
        return [one for one in sitting if self.humans[one] & people]

    def beside(self, one: UUID, givers: Set[UUID]) -> frozenset[UUID]:
        """Which of these givers are or were known at a mailbox of somebody who sits."""
        own = set().union(*(self.mailboxes.get(each, ()) for each in self.humans[one]))
        return frozenset(giver for giver in givers if own & self.mailboxes.get(giver, set()))


def _unsaid(case: Case, shared: Mapping[UUID, frozenset[UUID]]) -> dict[UUID, frozenset[UUID]]:
    """Of whose feedback those who share a mailbox with its giver did not say yet whether it is
    theirs. One query where there is such a giver."""
    if not any(shared.values()):
        return {}
    said: dict[UUID, set[UUID]] = defaultdict(set)
    for person, giver in OwnWord.objects.filter(case=case).values_list("person", "giver"):
        said[person].add(giver)
    left = {one: givers - said[one] for one, givers in shared.items()}
    return {one: givers for one, givers in left.items() if givers}


def _givers(cases: Collection[Case]) -> QuerySet[SnapshotItem]:
    """Who is named in the frozen sets of these cases: who gave feedback, and the student."""
    named = SnapshotItem.objects.filter(snapshot__case__in=cases, kind="person")
    return named.filter(source__isnull=False)
