"""How a decision came about, for who follows it afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from committees.models import Case
from committees.snapshots import TermsFact
from people.models import Person
from programmes.models import HouseRules
from records.models import Event

WORDS: dict[str, Promise] = {
    "case.put_on_agenda": gettext_lazy("put the case on the agenda"),
    "set.frozen": gettext_lazy("froze the set"),
    "member.recused": gettext_lazy("noted that a member stands aside"),
    "member.said_whose": gettext_lazy("said whose feedback it is that may be theirs"),
    "judgement.written": gettext_lazy("wrote a judgement"),
    "judgements.opened": gettext_lazy("opened the judgements"),
    "decision.made": gettext_lazy("recorded the decision"),
    "decision.set_back": gettext_lazy(
        "set the decision back, as somebody who was noted as present was not there"
    ),
    "case.deferred": gettext_lazy("deferred the case"),
    "decision.announced": gettext_lazy("announced the decision"),
    "decision.superseded": gettext_lazy("replaced the decision by another"),
    "content.erased": gettext_lazy("erased content from the set, on a lawful ground"),
}

# What is done on the chains of a meeting and of a committee.
AROUND: dict[str, Promise] = {
    "meeting.planned": gettext_lazy("planned the meeting"),
    "meeting.opened": gettext_lazy("opened the meeting"),
    "meeting.closed": gettext_lazy("closed the meeting"),
    "meeting.reopened": gettext_lazy("opened the meeting again"),
    "member.leads": gettext_lazy("said who leads the meeting"),
    "member.present": gettext_lazy("said who is present"),
    "member.absent": gettext_lazy("said that somebody is not present any more"),
    "member.contradicted": gettext_lazy("said that they were not there"),
    "contradiction.answered": gettext_lazy("answered somebody who was not there"),
    "committee.made": gettext_lazy("made the committee"),
    "mandate.given": gettext_lazy("gave the mandate"),
    "seat.given": gettext_lazy("gave a seat"),
    "seat.ended": gettext_lazy("ended a seat"),
}

# What a member said of it, by the fact in the event.
WHOSE: dict[bool, Promise] = {
    True: gettext_lazy("it is their own"),
    False: gettext_lazy("it is of somebody else"),
}

KINDS: dict[str, Promise] = {
    "frame": pgettext_lazy("kind of item in a frozen set", "requirements"),
    "terms": pgettext_lazy("kind of item in a frozen set", "what bound the committee"),
    "member": pgettext_lazy("kind of item in a frozen set", "member of the committee"),
    "asked": pgettext_lazy("kind of item in a frozen set", "what was asked before"),
    "person": pgettext_lazy("kind of item in a frozen set", "person"),
    "piece": pgettext_lazy("kind of item in a frozen set", "piece of evidence"),
    "feedback": pgettext_lazy("kind of item in a frozen set", "feedback"),
    "set_aside": pgettext_lazy("kind of item in a frozen set", "set aside"),
    "check_in": pgettext_lazy("kind of item in a frozen set", "check-in"),
}


def bound_by(terms: TermsFact) -> list[tuple[str, str]]:
    """Say which house rules bound the committee: what each is about, and what it said."""
    sectors = dict(HouseRules.Sector.choices)

    def in_words(value: Any) -> str:
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return str(sectors.get(value, value))

    names = ("givers_may_judge", "committee_sees_check_ins", "notice_working_days", "sector")
    fields = {name: cast(Field, HouseRules._meta.get_field(name)) for name in names}
    return [
        (str(field.verbose_name), in_words(terms.rules[name])) for name, field in fields.items()
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the case: who did what when, and about whom."""

    at: datetime
    who: str
    what: str
    whom: str
    digest: str


def steps_of(case: Case) -> list[Step]:
    """Return the events of a case's chain, in order. At most two queries."""
    events = list(
        Event.objects.filter(chain__key=case.chain).select_related("by__person").order_by("number")
    )
    named = [event.statement.get("facts", {}).get("person") for event in events]
    people = Person.objects.in_bulk([UUID(person) for person in named if person])
    return [
        Step(
            event.recorded_at,
            event.by.name if event.by else _("the system"),
            _words(event),
            people[UUID(person)].name if person else "",
            event.digest,
        )
        for event, person in zip(events, named, strict=True)
    ]


def _words(event: Event) -> str:
    said = event.statement.get("facts", {}).get("is_theirs")
    return str(WORDS[event.verb]) + ("" if said is None else f": {WHOSE[said]}")
