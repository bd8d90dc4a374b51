"""One factory a model, with dull defaults, and a scene: a programme with a committee and students
with answered evidence, in which cases go their way through the actions."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from committees import actions
from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
    Decision,
    Mandate,
    Meeting,
    Membership,
    Outcome,
    Supersession,
)
from committees.rules import Found
from committees.snapshots import read
from committees.who_sits import panel_of
from evidence.models import Evidence, GiverRole
from people.models import Account, InstitutionRole, Person
from programmes.models import Enrolment, Programme, ProgrammeRole, Unit
from qualifications.models import QualityRequirement, WorkProcess
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, GiverFactory
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    RowFactory,
    UnitFactory,
    UnitPartFactory,
    WorkProcessFactory,
)
from tests.laid import laid_once

REFERENCE = datetime(2026, 11, 2, 12, tzinfo=UTC)
HELD = REFERENCE + timedelta(days=7)


class CommitteeFactory(DjangoModelFactory[Committee]):
    class Meta:
        model = Committee

    programme = factory.SubFactory(ProgrammeFactory)
    name = factory.Sequence(lambda n: f"Committee {n}")
    recorded_at = LONG_AGO

    @classmethod
    def _create(cls, model_class: type[Committee], *args: object, **kwargs: Any) -> Committee:
        mandate = Mandate(
            text="Decides on all units of this programme.",
            procedure="Each judges alone; then all discuss.",
            given_on=date(2026, 8, 20),
            quorum=2,
            judgements_asked=2,
            recorded_at=LONG_AGO,
        )
        with transaction.atomic():  # they name each other
            committee = super()._create(model_class, *args, mandate=mandate, **kwargs)
            mandate.committee = committee
            mandate.save(force_insert=True)
        return committee


class MembershipFactory(RowFactory[Membership]):
    class Meta:
        model = Membership

    class Params:
        ended = factory.Trait(ended_at=LONG_AGO)

    committee = factory.SubFactory(CommitteeFactory)
    person = factory.SubFactory(AccountFactory)
    role = Membership.Role.MEMBER
    recorded_at = LONG_AGO


class MeetingFactory(DjangoModelFactory[Meeting]):
    class Meta:
        model = Meeting

    committee = factory.SubFactory(CommitteeFactory)
    held_at = HELD
    reference_at = REFERENCE
    place = "Room 1"
    recorded_at = LONG_AGO


class AttendanceFactory(RowFactory[Attendance]):
    class Meta:
        model = Attendance

    meeting = factory.SubFactory(MeetingFactory)
    person = factory.SubFactory(AccountFactory)
    by = factory.LazyAttribute(lambda made: made.person)
    recorded_at = LONG_AGO


class ContradictionFactory(RowFactory[Contradiction]):
    class Meta:
        model = Contradiction

    attendance = factory.SubFactory(AttendanceFactory)
    recorded_at = LONG_AGO


@dataclass
class Scene:
    """A committee with a chair, a secretary and two members; a coordinator; an adviser outside
    the committee; an auditor; one unit of one work process with one requirement."""

    programme: Programme
    committee: Committee
    meeting: Meeting
    unit: Unit
    requirement: QualityRequirement
    chair: Account
    secretary: Account
    member: Account
    other_member: Account
    adviser: Account
    coordinator: Account
    auditor: Account
    cases: list[Case] = field(default_factory=list)

    @property
    def case(self) -> Case:
        return self.cases[0]

    @property
    def at(self) -> datetime:
        """When the meeting is held."""
        return self.meeting.held_at

    @property
    def student(self) -> Account:
        return self.case.enrolment.student.account

    def refreshed(self) -> Case:
        return Case.objects.for_page().get(pk=self.case.pk)

    def freeze(self) -> None:
        for case in self.cases:
            actions.freeze_case(case=case, at=self.meeting.reference_at + Case.SETTLES_IN)

    def judge(
        self, by: Account, outcome: str = Outcome.ATTAINED, words: str = "Seen often."
    ) -> None:
        for case in self.cases:
            actions.judge(
                case=case,
                findings=findings_of(case, outcome),
                motivation=words,
                by=by,
                at=self.meeting.reference_at + timedelta(days=1),
            )

    def say_whose(self, by: Account, *, is_theirs: bool) -> None:
        """Of every giver of whom they are asked, or said something before."""
        panel = panel_of(self.refreshed(), self.at)
        for giver in sorted({*panel.unsaid.get(by.pk, ()), *panel.said.get(by.pk, ())}):
            actions.say_whose(case=self.case, giver=giver, is_theirs=is_theirs, by=by, at=self.at)

    def open_meeting(self, *present: Account) -> None:
        for user in present or (self.chair, self.member, self.other_member):
            actions.mark_present(meeting=self.meeting, person=user.person, by=user, at=self.at)
        by = self.chair if self.chair in present or not present else present[0]
        if by != self.chair:
            actions.note_leading(
                meeting=self.meeting, person=by.person, by=self.secretary, at=self.at
            )
        self.meeting = actions.open_meeting(meeting=self.meeting, by=by, at=self.at)

    def open_judgements(self) -> None:
        for case in self.cases:
            actions.open_judgements(case=case, by=self.chair, at=self.at)

    def decide(self, *outcomes: str) -> Decision:
        decisions = [
            actions.decide(
                case=case,
                findings=found_in(case, *(outcomes or (Outcome.ATTAINED,))),
                motivation="The set shows it.",
                cited=cited_in(case),
                by=self.chair,
                at=self.at,
            )
            for case in self.cases
        ]
        return decisions[0]

    def supersede(self, *outcomes: str, **other: Any) -> Decision:
        """A clerical error that chair and member put right, unless said otherwise."""
        words = {
            "earlier": self.refreshed().decision_id,
            "findings": found_in(self.case, *(outcomes or (Outcome.ATTAINED,))),
            "motivation": "The set shows it after all.",
            "cited": cited_in(self.case),
            "ground": Supersession.Ground.RECTIFICATION,
            "reason": "The wrong box was ticked.",
            "by": self.chair,
            "second": self.member,
            "at": HELD + timedelta(days=2),
        }
        return actions.supersede(case=self.case, **words | other)

    def again(self, *, days: int = 60) -> "Scene":
        """The same people with a next case of the first student, in a next meeting."""
        meeting = MeetingFactory(
            committee=self.committee,
            held_at=HELD + timedelta(days=days),
            reference_at=REFERENCE + timedelta(days=days),
        )
        cases = actions.put_on_agenda(
            meeting=meeting,
            unit=self.unit,
            enrolments=[self.case.enrolment],
            by=self.secretary,
            at=HELD + timedelta(days=days - 20),
        )
        return replace(self, meeting=meeting, cases=cases)

    def announce(self) -> None:
        for case in self.cases:
            actions.announce(case=case, by=self.chair, at=self.at)

    def bring_to(self, state: str) -> "Scene":
        """Let the cases go their way, up to this state."""
        if state == Case.State.PLANNED:
            return self
        self.freeze()
        if state == Case.State.FROZEN:
            return self
        self.judge(self.chair)
        self.judge(self.member)
        self.open_meeting()
        self.open_judgements()
        if state == Case.State.DEFERRED:
            for case in self.cases:
                actions.defer(case=case, reason="Show it once more.", by=self.chair, at=self.at)
        if state in (Case.State.DECIDED, Case.State.ANNOUNCED):
            self.decide()
        if state == Case.State.ANNOUNCED:
            self.announce()
        return self


def findings_of(case: Case, outcome: str) -> dict[str, str]:
    """This outcome for every part of the frozen unit."""
    frozen = read(case)
    return {part.id: outcome for part in frozen.evidence_set.frame.parts}


def found_in(case: Case, *outcomes: str) -> dict[str, Found]:
    """What a decision finds of each part of the frozen unit: these outcomes in their order, or one
    for all; of what is not yet attained with what is still to be shown."""
    parts = list(findings_of(case, ""))
    given = outcomes if len(outcomes) > 1 else outcomes * len(parts)
    return {
        part: Found(outcome, "" if outcome == Outcome.ATTAINED else "Show it to a client.")
        for part, outcome in zip(parts, given, strict=True)
    }


def cited_in(case: Case) -> list[str]:
    """The digest of the first piece of the frozen set."""
    frozen = read(case)
    return [frozen.digests[frozen.evidence_set.pieces[0].id]]


def give_mandate(committee: Committee, **other: Any) -> Mandate:
    """The next mandate of a committee, given by the system unless said otherwise."""
    words = {
        "text": "Decides on the basic part.",
        "procedure": "All judge, then all discuss.",
        "given_on": date(2026, 8, 25),
        "quorum": 3,
        "judgements_asked": 2,
        "by": None,
        "at": HELD,
    }
    return actions.give_mandate(committee=committee, **words | other)


def exam_board() -> Account:
    """Somebody who sits in the exam board."""
    return InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account


def known_at_mailbox_of(member: Account, name: str = "Jan Baas") -> Person:
    """Somebody whom a student named at an address of the member, spelt in another way."""
    local, _at, domain = member.sign_in.partition("@")
    return GiverFactory(name=name, address=f"{local}+{name.split()[0]}@{domain}".lower())


def answered_piece(
    enrolment: Enrolment,
    requirement: QualityRequirement,
    *,
    person: Account | None = None,
    **words: str,
) -> Evidence:
    """A piece laid against this requirement, with feedback on it of a client, or of this person."""
    piece = EvidenceFactory(owner=enrolment.student, on=[requirement], **words)
    by = person.person if person else GiverFactory()
    FeedbackFactory(
        enrolment=enrolment,
        evidence=piece,
        person=by,
        role=GiverRole.TEACHER if person else GiverRole.CLIENT,
        remarks={requirement: "Works with care."},
    )
    return piece


@laid_once
def scene(
    *,
    students: int = 1,
    pieces: int = 1,
    parts: int = 1,
    adviser: Account | None = None,
    state: str = Case.State.PLANNED,
) -> Scene:
    """A planned meeting with a case for each student, each with so many answered pieces; the cases
    went their way up to this state."""
    process: WorkProcess = WorkProcessFactory()
    requirement = RequirementFactory(under=process)
    programme = ProgrammeFactory(qualification=process.core_task.qualification)
    unit = UnitFactory(programme=programme)
    UnitPartFactory(unit=unit, work_process=process)
    for _ in range(parts - 1):
        more = WorkProcessFactory(core_task=process.core_task)
        RequirementFactory(under=more)
        UnitPartFactory(unit=unit, work_process=more)
    committee = CommitteeFactory(programme=programme)
    seats = {
        "chair": Membership.Role.CHAIR,
        "secretary": Membership.Role.SECRETARY,
        "member": Membership.Role.MEMBER,
        "other_member": Membership.Role.MEMBER,
    }
    people = {
        name: MembershipFactory(
            committee=committee, role=role, person__name=name.title()
        ).person.account
        for name, role in seats.items()
    }
    made = Scene(
        programme=programme,
        committee=committee,
        meeting=MeetingFactory(committee=committee),
        unit=unit,
        requirement=requirement,
        adviser=adviser or AccountFactory(name="Adviser"),
        coordinator=ProgrammeRoleFactory(
            programme=programme, role=ProgrammeRole.Role.COORDINATOR
        ).person.account,
        auditor=InstitutionRoleFactory(role=InstitutionRole.Role.AUDITOR).person.account,
        **people,
    )
    for number in range(students):
        enrolment = EnrolmentFactory(
            programme=programme, adviser_is=made.adviser, student__name=f"Student {number}"
        )
        for _ in range(pieces):
            answered_piece(enrolment, requirement)
        made.cases += actions.put_on_agenda(
            meeting=made.meeting,
            unit=unit,
            enrolments=[enrolment],
            by=made.secretary,
            at=LONG_AGO + timedelta(days=1),
        )
    return made.bring_to(state)
