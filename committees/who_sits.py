"""Reads who sits before a case, in a fixed number of queries for one case or for a whole agenda."""

import json
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, TextField, UUIDField
from django.db.models.functions import Cast

from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
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
from committees.rules import Disclosure, Ground, Panel
from committees.ties import Tie, Ties, id_of, tied, together
from evidence.models import Feedback
from people.identity import at_mailboxes_of, counted_together, said_to_be
from people.models import Identity, Person, SamePerson
from programmes.models import AdviserAssignment, ProgrammeRole
from records.models import standing
from records.prepared import PreparedQuery


class Word(NamedTuple):
    """What somebody said of whose feedback it is: whether that of this giver is theirs."""

    person: UUID
    giver: UUID
    is_theirs: bool


def panel_of(case: Case, at: datetime) -> Panel:
    """Return the committee before this case at an aware moment; see `panels_of`."""
    return panels_of([case], at)[case.pk]


def panels_of(cases: Collection[Case], at: datetime) -> dict[UUID, Panel]:
    """Return the committee before each of these cases (read with `for_list`), by the case's id. One
    query, none without cases; one more for each meeting in which a case has an outcome that was not
    read with it, and for each since whose reference moment there is another mandate; more for a
    past moment at which other house rules held, and where somebody who sits is said to be somebody
    else too, or shares a mailbox with who gave feedback. Cases that nothing tells apart share one
    panel.

    Whoever advises the student now, is the student, or gave feedback where the house rules then
    keep them from judging, stands aside without anybody writing it down; once the committee has
    spoken, all is as it was sealed, but for who got a seat since. Each is looked for as the human
    they are said to be, not by the account with which they sit here. Feedback that was noted ties
    nobody whose name stands on it before they said that it is theirs, and nobody once they denied
    it; whoever noted it for somebody else is disclosed. (domain rule 7)
    """
    return _as_spoken(cases, _derived(cases, at)[1])


def panels_in(
    meeting: Meeting, cases: Collection[Case], at: datetime
) -> tuple[Panel, dict[UUID, Panel]]:
    """Return the committee in a meeting, before no case, and before each of its cases, which are
    these. Queries as `panels_of`, one where there are none."""
    if not cases:
        return panel_in(meeting, at), {}
    sat, panels = _derived(cases, at)
    return sat[meeting.pk], _as_spoken(cases, panels)


def _as_spoken(cases: Collection[Case], panels: dict[UUID, Panel]) -> dict[UUID, Panel]:
    """Return these panels, and of cases with an outcome as they were sealed with it."""
    known: dict[tuple[int, str], Panel] = {}  # many are alike
    for pk, plain in _sealed(cases).items():
        like = (id(panels[pk]), plain)
        if like not in known:
            known[like] = _as_sealed(panels[pk], json.loads(plain))
        panels[pk] = known[like]
    return panels


def owe_a_word(case: Case, at: datetime) -> Set[UUID]:
    """Find who, sitting before this case, never said whose feedback it is, also where the committee
    has spoken without them. Queries as `panels_of`."""
    return _derived([case], at)[1][case.pk].unsaid.keys()


def _derived(cases: Collection[Case], at: datetime) -> tuple[dict[UUID, Panel], dict[UUID, Panel]]:
    """Derive the committees in these cases' meetings, and before each case, from what is known
    now; see `panels_of`."""
    if not cases:
        return {}, {}
    meetings = {case.meeting_id: case.meeting for case in cases}
    ties = _ties_of(cases, at)
    known = _Known(ties, cases)
    asked = {case.pk: _asked(case, ties, known) for case in cases}
    words = _words(cases, ties, asked)
    sat = {pk: _sitting(meeting, ties, known) for pk, meeting in meetings.items()}
    alike: dict[Hashable, Panel] = {}
    panels = {}
    for case in cases:
        like = _likeness(case, at, ties, known, words[case.pk])
        if like not in alike:
            alike[like] = _panel(
                case, at, ties, known, sat[case.meeting_id], asked[case.pk], words[case.pk]
            )
        panels[case.pk] = alike[like]
    return sat, panels


def _likeness(
    case: Case, at: datetime, ties: Ties, known: "_Known", words: Sequence[Word]
) -> Hashable:
    """Return all that the committee before a case hangs on."""
    student = case.enrolment.student_id
    spoken = [ties.likeness(tie, case.pk) for tie in OF_A_CASE]
    is_concerned = student in known.everybody or any(spoken)
    advise = ties.get((Tie.ADVISES, case.enrolment_id), {}).keys() & known.everybody
    return (
        case.meeting_id,
        case.rules_at(at).givers_may_judge,
        student if is_concerned else None,
        frozenset(advise),
        *spoken,
        ties.likeness(Tie.JUDGED, case.pk),
        ties.likeness(Tie.ASIDE, case.pk),
        tuple(words),
    )


OF_A_CASE = (Tie.GAVE, Tie.NOTED, Tie.NOTED_FOR)  # what was said, which has its givers


def _ties_of(cases: Collection[Case], at: datetime) -> Ties:
    """Read who has to do with these cases, and perhaps with others of the same meeting. One
    query."""
    meetings = {case.meeting_id for case in cases}
    if len(meetings) == 1 and len(cases) <= FEW:
        pks, of_them = [case.pk for case in cases], [case.enrolment_id for case in cases]
        return Ties(TIES_OF_FEW.tuples(pks, of_them, *meetings, at))
    if len(meetings) == 1:
        return Ties(TIES_OF_AGENDA.tuples(*meetings, at))
    enrolments = {case.enrolment_id for case in cases}
    return Ties(together(_ties([case.pk for case in cases], meetings, enrolments, at)))


def _ties(
    cases: Collection[UUID] | QuerySet,
    meetings: Collection[UUID],
    enrolments: Collection[UUID] | QuerySet,
    at: datetime,
) -> list[QuerySet]:
    """Select who has to do with these cases, which are of these meetings and enrolments."""
    advising = AdviserAssignment.objects.as_of(at)
    sitting = _seats(meetings, at).values("person")
    return [
        *_in_meetings(meetings, at),
        *_known(sitting),
        *_spoken(cases, sitting),
        tied(Tie.JUDGED, Judgement.objects.filter(case__in=cases), of="case"),
        tied(Tie.ASIDE, Recusal.objects.filter(case__in=cases), of="case", word="ground"),
        tied(
            Tie.ADVISES,
            advising.filter(enrolment__in=enrolments),
            of="enrolment",
            who="adviser",
        ),
        tied(Tie.SAID, OwnWord.objects.filter(case__in=cases), of="case"),
    ]


FEW = 3  # a case, and those beside it on the agenda


def _ties_of_few(
    cases: list[UUID], enrolments: list[UUID], meeting: UUID, at: datetime
) -> QuerySet:
    return together(_ties(cases, [meeting], enrolments, at))


def _ties_of_agenda(meeting: UUID, at: datetime) -> QuerySet:
    cases = Case.objects.filter(meeting=meeting).order_by()
    return together(_ties(cases.values("pk"), [meeting], cases.values("enrolment"), at))


def _ties_in_meeting(meeting: UUID, at: datetime) -> QuerySet:
    sitting = _seats([meeting], at).values("person")
    return together([*_in_meetings([meeting], at), *_known(sitting)])


TIES_OF_FEW = PreparedQuery(_ties_of_few)
TIES_OF_AGENDA = PreparedQuery(_ties_of_agenda)
TIES_IN_MEETING = PreparedQuery(_ties_in_meeting)


def _sealed(cases: Collection[Case]) -> dict[UUID, str]:
    """Find the panels that were sealed with the outcomes of these cases, by case, as JSON. One
    query for each meeting in which one of them has an outcome that was not read with it."""
    settled = [case for case in cases if not case.is_pending]
    at_hand = {case.pk: case.outcome for case in settled if case.has_outcome_at_hand}
    found = {pk: json.dumps(outcome.panel) for pk, outcome in at_hand.items() if outcome}
    left = {case.pk for case in settled} - found.keys()
    for meeting in {case.meeting_id for case in settled if case.pk in left}:
        rows = ((id_of(pk), panel) for pk, panel in SEALED.tuples(meeting))
        found |= {pk: panel for pk, panel in rows if pk in left}
    return found


def _sealed_in(meeting: UUID) -> QuerySet:
    panel = Cast("panel", TextField())
    decided = Decision.objects.filter(standing_for__meeting=meeting)
    deferred = Deferral.objects.filter(case__meeting=meeting)
    return decided.values_list("standing_for", panel).union(
        deferred.values_list("case", panel), all=True
    )


SEALED = PreparedQuery(_sealed_in)


def _as_sealed(panel: Panel, plain: dict[str, Any]) -> Panel:
    """Return this panel with those who sat when the committee spoke as they sat then."""
    then = Panel.from_plain(plain, {})
    sat = {seat.person for seat in then.seats}
    aside = {one: ground for one, ground in panel.aside.items() if one not in sat}
    givers = {one: how for one, how in panel.givers.items() if one not in sat}
    own = {one: ground for one, ground in panel.aside.items() if ground == Ground.OWN_CASE}
    return replace(
        panel,
        aside={**aside, **then.aside, **own},
        givers={**givers, **then.givers},
        unsaid={},
    )


def spoke_in(case: Case, people: Set[UUID]) -> bool:
    """Tell whether one of these people gave feedback in the frozen set, as far as is known now. One
    query."""
    ties = Ties(together(_spoken([case.pk], people)))
    return bool(ties[Tie.GAVE, case.pk].keys() & people)


def panel_in(meeting: Meeting, at: datetime) -> Panel:
    """Return the committee in a meeting, before no case: who sits, is present and leads. One query;
    more where another mandate is given since its reference moment, and where somebody who sits is
    said to be somebody else too."""
    ties = Ties(TIES_IN_MEETING.tuples(meeting.pk, at))
    return _sitting(meeting, ties, _Known(ties, ()))


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
    return current if current and current.pk == sealed else Mandate.objects.get(pk=sealed)


def coordinating_in(committee: Committee, seats: Iterable[Membership]) -> list[Membership]:
    """Find which of these seats, of who votes, belong to somebody who coordinates the programme
    now: they lead none of its cases. One query more than `said_to_be`."""
    kept = [seat for seat in seats if seat.votes]
    if not kept:
        return []
    humans = said_to_be([seat.person_id for seat in kept])
    roles = ProgrammeRole.objects.current().filter(
        programme=committee.programme_id, role=ProgrammeRole.Role.COORDINATOR
    )
    coordinators = set(roles.values_list("person", flat=True))
    return [seat for seat in kept if humans[seat.person_id] & coordinators]


def moment_of(meeting: Meeting, now: datetime) -> datetime:
    """Tell as of when a meeting's page is drawn: a closed meeting as it was when it closed."""
    return meeting.closed_at or now


def _in_meetings(meetings: Collection[UUID], at: datetime) -> list[QuerySet]:
    """Select who sits in these meetings, is present, says that they were not there, leads in the
    chair's place, and coordinates the programme, or did since the meeting was planned."""
    present = Attendance.objects.as_of(at).standing().filter(meeting__in=meetings)
    contradict = Contradiction.objects.unanswered().filter(attendance__meeting__in=meetings)
    leads = Leading.objects.as_of(at).filter(meeting__in=meetings)
    way = "programme__committees__meetings"
    coordinate = ProgrammeRole.objects.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=F(f"{way}__recorded_at")),
        role=ProgrammeRole.Role.COORDINATOR,
        recorded_at__lte=at,
        **{f"{way}__in": meetings},
    )
    seats = _seats(meetings, at)
    return [
        tied(Tie.SITS, seats, of="committee__meetings", word="role", name="person__name"),
        tied(Tie.PRESENT, present, of="meeting"),
        tied(Tie.CONTRADICTS, contradict, of="attendance__meeting", who="attendance__person"),
        tied(Tie.LEADS, leads, of="meeting"),
        tied(Tie.COORDINATES, coordinate, of=way),
    ]


def _seats(meetings: Collection[UUID], at: datetime) -> QuerySet[Membership]:
    """Find who sits in these meetings: of the voting members those whom the exam board established
    by a mandate that it gave once they had their seat, and before the reference moment."""
    established = Mandate.objects.filter(
        committee=OuterRef("committee"),
        recorded_at__gte=OuterRef("recorded_at"),
        recorded_at__lte=OuterRef("committee__meetings__reference_at"),
    )
    return Membership.objects.as_of(at).filter(
        ~Q(role__in=Membership.VOTING) | Exists(established), committee__meetings__in=meetings
    )


def _known(sitting: QuerySet) -> list[QuerySet]:
    """Select who is known at the mailboxes of those who sit; what is said of any of them, and who
    counts as one with them."""
    there = at_mailboxes_of(sitting)

    def names(*columns: str) -> Q:
        near = (sitting, there.values("person"))
        return reduce(or_, (Q((f"{column}__in", each)) for column in columns for each in near))

    said = SamePerson.objects.current().filter(names("one", "other"))
    counted = Identity.objects.current().filter(names("person", "counts_as"))
    return [
        tied(Tie.KNOWN, there, of="pk", word="mailbox"),
        tied(Tie.LINKED, said, of="one", who="other"),
        tied(Tie.LINKED, counted, of="person", who="counts_as"),
    ]


class _Known:
    """Whom those who sit are said to be, their `humans`, and their `circles`: who is or was known
    at a mailbox of theirs, who is said to be one of these, and who counts as one with them. No
    query where nobody is linked to somebody else, as `_known` found it; else at least six, and what
    all these said is then added to the ties."""

    def __init__(self, ties: Ties, cases: Collection[Case]) -> None:
        self.humans = {one: frozenset({one}) for one in ties.names}
        known, is_linked = ties.having(Tie.KNOWN), bool(ties.having(Tie.LINKED))
        if is_linked:
            self.humans = said_to_be(self.humans)
            everybody = set().union(*self.humans.values())
            known = list(at_mailboxes_of(everybody).values_list("person", "mailbox"))
        there: dict[str, set[UUID]] = defaultdict(set)
        for person, mailbox in known:
            there[mailbox].add(person)
        self.circles = {
            one: humans.union(*(people for people in there.values() if people & humans))
            for one, humans in self.humans.items()
        }
        if is_linked:
            said = said_to_be(set().union(*self.circles.values()))
            counted = counted_together(set().union(*self.humans.values()))
            self.circles = {
                one: circle.union(
                    *(said[each] for each in circle), *(counted[each] for each in self.humans[one])
                )
                for one, circle in self.circles.items()
            }
            near = set().union(*self.circles.values())
            ties.add(together(_spoken([case.pk for case in cases], near)))
        self.everybody: Set[UUID] = set().union(*self.humans.values())

    def among(self, sitting: Iterable[UUID], people: Set[UUID]) -> list[UUID]:
        """List which of those who sit are one of these people."""
        return [one for one in sitting if self.humans[one] & people]

    def beside(self, one: UUID, givers: Set[UUID]) -> frozenset[UUID]:
        """Find which of these givers are in the circle of somebody who sits."""
        return self.circles[one] & givers


def _spoken(
    cases: Collection[UUID] | QuerySet, people: Collection[UUID] | QuerySet
) -> list[QuerySet]:
    """Select what these people, and whoever is known at their mailboxes, have to do with the
    feedback in the frozen sets of these cases, in whatever frame it was given: they gave it; it was
    noted as theirs and they did not say yet whether it is; these people noted it for somebody
    else."""
    # One list, and not one or the other: so what they gave is looked up by who they are.
    themselves = Person.objects.filter(pk__in=people).values("pk")
    near = Q(person__in=themselves.union(at_mailboxes_of(people).values("person")))
    theirs = Q(source=Feedback.Source.WRITTEN) | Q(confirmation__confirmed=True)
    waits = standing() & Q(source=Feedback.Source.NOTED, confirmation=None)
    for_another = Q(noted_by__in=people) & ~Q(person=F("noted_by"))
    frozen = SnapshotItem.objects.filter(snapshot__case__in=cases, kind="feedback")

    def those(tie: Tie, of_them: Q, *, by: str = "pk", who: str = "person") -> QuerySet:
        """Select the givers of the items that froze such feedback, or feedback which such feedback
        put right."""
        rows = frozen.filter(source__in=Feedback.objects.filter(of_them).values(by))
        giver = Feedback.objects.filter(of_them, **{by: OuterRef("source")}).values(who)
        named = rows.annotate(giver=Subquery(giver[:1], UUIDField()))
        return tied(tie, named, of="snapshot__case", who="giver")

    return [
        those(Tie.GAVE, near & theirs),
        those(Tie.GAVE, near & theirs & Q(replaces__isnull=False), by="replaces"),
        those(Tie.NOTED, near & waits),
        those(Tie.NOTED_FOR, for_another, who="noted_by"),
    ]


def _sitting(meeting: Meeting, ties: Ties, known: _Known) -> Panel:
    """Put together the committee in a meeting, before no case."""
    seats = ties.seats(meeting.pk)
    sitting = {seat.person for seat in seats}
    coordinators = ties[Tie.COORDINATES, meeting.pk].keys()
    mandate = meeting.mandate
    return Panel(
        mandate=mandate.pk,
        quorum=mandate.quorum,
        judgements_asked=mandate.judgements_asked,
        seats=tuple(replace(seat, human=min(known.humans[seat.person])) for seat in seats),
        present=frozenset(ties[Tie.PRESENT, meeting.pk].keys() & sitting),
        contradicting=frozenset(ties[Tie.CONTRADICTS, meeting.pk]),
        coordinating=frozenset(known.among(sitting, coordinators)),
        deputy=next(iter(ties[Tie.LEADS, meeting.pk]), None),
    )


def _panel(
    case: Case,
    at: datetime,
    ties: Ties,
    known: _Known,
    sat: Panel,
    asked: Mapping[UUID, frozenset[UUID]],
    words: Sequence[Word],
) -> Panel:
    """Put together the committee before one case, from the one in its meeting; the last arguments
    are what `_asked` and `_words` say of it."""
    sitting = {seat.person for seat in sat.seats}
    student = {case.enrolment.student_id}
    gave = ties[Tie.GAVE, case.pk].keys() - student
    said = {one: _last_words(words, known.humans[one]) for one in sitting}
    theirs = [one for one, word in said.items() if any(word.values())]
    spoke = {*theirs, *known.among(sitting, gave)}
    unsaid = {
        one: left
        for one, givers in asked.items()
        if one not in spoke and (left := givers - said[one].keys())
    }
    shares = {one for one, givers in asked.items() if givers & gave} | unsaid.keys()
    disclosed = {
        **dict.fromkeys(
            known.among(sitting, ties[Tie.NOTED_FOR, case.pk].keys() - student), Disclosure.NOTED
        ),
        **dict.fromkeys(shares, Disclosure.MAILBOX),
        **dict.fromkeys(spoke, Disclosure.PERSON),
    }
    return replace(
        sat,
        aside=_aside(case, at, ties, known, spoke),
        givers=disclosed,
        unsaid=unsaid,
        said={one: word for one, word in said.items() if word},
        judged=frozenset(ties[Tie.JUDGED, case.pk].keys() & sitting),
    )


def _aside(
    case: Case, at: datetime, ties: Ties, known: _Known, spoke: Set[UUID]
) -> dict[UUID, str]:
    """Find who stands aside, and on what ground: the student before all, then what was recorded of
    them, in whatever seat, then what follows by itself."""
    sitting = ties[Tie.SITS, case.meeting_id].keys()
    recorded = {
        one: ground
        for person, ground in ties[Tie.ASIDE, case.pk].items()
        for one in known.among(sitting, {person})
    }
    follows: dict[UUID, str] = {}
    if not case.rules_at(at).givers_may_judge:
        follows |= dict.fromkeys(spoke, Ground.GAVE_FEEDBACK)
    advise = known.among(sitting, ties[Tie.ADVISES, case.enrolment_id].keys())
    follows |= dict.fromkeys(advise, Ground.ADVISER)
    own = dict.fromkeys(known.among(sitting, {case.enrolment.student_id}), Ground.OWN_CASE)
    return follows | recorded | own


def _asked(case: Case, ties: Ties, known: _Known) -> dict[UUID, frozenset[UUID]]:
    """Find of whose feedback in the set somebody who sits is asked whether it is theirs: of those
    known at a mailbox of theirs, and of what was noted under their name."""
    student = {case.enrolment.student_id}
    gave = ties[Tie.GAVE, case.pk].keys() - student
    givers = gave | (ties[Tie.NOTED, case.pk].keys() - student)
    asked: dict[UUID, frozenset[UUID]] = {}
    if not givers:
        return asked
    for one in ties[Tie.SITS, case.meeting_id]:
        if not known.humans[one] & gave and (there := known.beside(one, givers)):
            asked[one] = there
    return asked


def _words(
    cases: Collection[Case], ties: Ties, asked: Mapping[UUID, Mapping[UUID, frozenset[UUID]]]
) -> dict[UUID, list[Word]]:
    """Find what was said of whose feedback it is, by case, the last word last. One query where
    something was said, or is asked."""
    words: dict[UUID, list[Word]] = defaultdict(list)
    if any(asked.values()) or ties.having(Tie.SAID):
        rows = OwnWord.objects.standing().filter(case__in=cases).order_by("recorded_at")
        for case, *word in rows.values_list("case", "person", "giver", "is_theirs"):
            words[case].append(Word(*word))
    return words


def _last_words(words: Iterable[Word], people: Set[UUID]) -> dict[UUID, bool]:
    """Tell what one of these people said last of each giver."""
    return {word.giver: word.is_theirs for word in words if word.person in people}
