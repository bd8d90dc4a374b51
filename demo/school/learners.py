"""The students of a programme: their accounts, enrolments, placements, and whom each of them asks
for feedback. Many, so the rows are made at once (demo/school/ledger.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from demo.people import ACCOUNTS
from demo.school.groundwork import (
    BEGUN,
    LASTS,
    STUDENTS_AN_ADVISER,
    Calendar,
    Course,
    Demand,
    Groundwork,
    demands_of,
)
from demo.school.ledger import Ledger, Made, day, plain
from demo.school.wording import demo_address, drawn_name, of_school
from evidence.models import GiverRole
from people.mailboxes import mailbox_of
from people.models import Account, Address, Identity, Person
from programmes.models import (
    AdviserAssignment,
    Enrolment,
    Placement,
    Programme,
    ProgrammeRole,
    Supervisor,
    Track,
    Unit,
)

CLIENTS = 3  # of each student


@dataclass(frozen=True, slots=True)
class Giver:
    """Somebody whom a student asks; `account` is their id where they can sign in."""

    id: str
    name: str
    role: GiverRole
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """What is the same for all students of a programme: how long a link works, what must be shown,
    one of the units with the core tasks in it, and from when to when the periods are."""

    calendar: Calendar
    link_days: int
    demands: Sequence[Demand]
    unit: str
    tasks: frozenset[UUID]
    periods: Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Learner:
    """A student in a programme, with all that is needed to make more of them: whom they ask, by
    role."""

    student: str
    enrolment: str
    adviser: str
    outline: Outline
    givers: Mapping[GiverRole, Sequence[Giver]]

    @property
    def chain(self) -> str:
        return f"person:{self.student}"


def enrol_many(
    groundwork: Groundwork, course: Course, number: int, students: int, ledger: Ledger
) -> list[Learner]:
    """Enrol so many students, each with an adviser, a placement with a supervisor, and clients whom
    they asked; nothing is written yet. The programme of `number` 0 has the demo's own student."""
    return _Class(groundwork, course, number, ledger).learners(students)


class _Class:
    """The students of one programme while they are made."""

    def __init__(self, groundwork: Groundwork, course: Course, number: int, ledger: Ledger) -> None:
        self.groundwork, self.course, self.number, self.ledger = groundwork, course, number, ledger
        self.calendar, self.rng = groundwork.calendar, ledger.rng
        self.by = str(course.coordinator.pk)
        self.supervisors: list[tuple[str, Giver]] = []

    def learners(self, students: int) -> list[Learner]:
        course = self.course
        for place in range(-(-students // 5)):
            self._supervisor(place)
        teachers = [
            Giver(str(one.pk), one.name, GiverRole.TEACHER, str(one.pk)) for one in course.teachers
        ]
        advisers = teachers[: max(1, -(-students // STUDENTS_AN_ADVISER))][: len(teachers)]
        outline = outline_of(course.programme, self.calendar)
        peers = [self._account(place) for place in range(students)]
        made = []
        for place, peer in enumerate(peers):
            adviser = advisers[place % len(advisers)]
            enrolment = self._enrolment(peer, adviser)
            supervisor = self._placement(peer, enrolment, place)
            near = [peers[(place + step) % students] for step in range(1, min(7, students))]
            givers = {
                GiverRole.PEER: near,
                GiverRole.SUPERVISOR: [supervisor],
                GiverRole.CLIENT: self._clients(peer, place),
                GiverRole.TEACHER: [adviser, *teachers[-3:]],
            }
            made.append(
                Learner(
                    student=peer.id,
                    enrolment=enrolment.id,
                    adviser=adviser.id,
                    outline=outline,
                    givers={role: there for role, there in givers.items() if there},
                )
            )
        return made

    def _person(
        self, name: str, address: str, source: str, at: datetime, by: str
    ) -> tuple[Made, Made]:
        """Add somebody, as `people.actions.person_meant` does: whom the school adds, it names."""
        ledger, now = self.ledger, plain(at)
        named = now if source == Address.Source.SCHOOL else None
        person = ledger.new(Person, name=name, recorded_at=now, named_at=named)
        row = ledger.new(
            Address,
            person=person.id,
            address=address,
            mailbox=mailbox_of(address),
            source=str(source),
            recorded_at=now,
        )
        ledger.state(f"person:{person.id}", "person.added", by=by, at=at, rows=[person, row])
        return person, row

    def _supervisor(self, place: int) -> None:
        workplace = self.rng.choice(of_school()["workplaces"])
        name = drawn_name(self.rng)
        address = demo_address(name, f"{self.number + 1}-w{place + 1}")
        at = self.calendar.at(BEGUN + 1, 9)
        person, _address = self._person(name, address, Address.Source.SCHOOL, at, self.by)
        self.supervisors.append((workplace, Giver(person.id, name, GiverRole.SUPERVISOR)))

    def _account(self, place: int) -> Giver:
        """Register a student who chose a password and reads their mail."""
        ledger, calendar = self.ledger, self.calendar
        at = calendar.at(BEGUN + 1, 10)
        name = drawn_name(self.rng)
        address = demo_address(name, f"{self.number + 1}-{place + 1}")
        if self.number == place == 0:
            [own] = [account for account in ACCOUNTS if account.key == "student"]
            name, address = own.name, own.address
        person, row = self._person(name, address, Address.Source.SCHOOL, at, self.by)
        ledger.new(
            Account,
            id=person.id,
            person=person.id,
            sign_in=address,
            password=self.groundwork.password,
            last_seen_on=day(calendar.on(1 + place % 9)),
        )
        chain = f"person:{person.id}"
        ledger.state(chain, "person.registered", by=self.by, at=at, rows=[row])
        confirmed = calendar.at(BEGUN, 16)
        row.values["confirmed_at"] = plain(confirmed)
        ledger.state(chain, "address.confirmed", by=person.id, at=confirmed, rows=[row])
        return Giver(person.id, name, GiverRole.PEER, person.id)

    def _enrolment(self, student: Giver, adviser: Giver) -> Made:
        ledger, at = self.ledger, self.calendar.at(BEGUN + 1, 10)
        programme, now, starts_on = self.course.programme, plain(at), day(self.calendar.on(BEGUN))
        enrolment = ledger.new(
            Enrolment,
            programme=str(programme.pk),
            student=student.id,
            starts_on=starts_on,
            recorded_at=now,
        )
        track = ledger.new(
            Track,
            enrolment=enrolment.id,
            qualification=str(programme.qualification_id),
            recorded_at=now,
        )
        chain = f"person:{student.id}"
        ledger.state(
            chain,
            "student.enrolled",
            by=self.by,
            at=at,
            rows=[enrolment, track],
            enrolment=enrolment.id,
            programme=str(programme.pk),
            starts_on=starts_on,
        )
        assigned = ledger.new(
            AdviserAssignment, enrolment=enrolment.id, adviser=adviser.id, recorded_at=now
        )
        ledger.state(
            chain,
            "adviser.assigned",
            by=self.by,
            at=at,
            rows=[assigned],
            enrolment=enrolment.id,
            adviser=adviser.id,
        )
        return enrolment

    def _placement(self, student: Giver, enrolment: Made, place: int) -> Giver:
        """Place a student at a workplace, where others are too; returns who supervises there."""
        ledger, at = self.ledger, self.calendar.at(BEGUN + 1, 11)
        workplace, supervisor = self.supervisors[place % len(self.supervisors)]
        dates = {
            "starts_on": day(self.calendar.on(BEGUN)),
            "ends_on": day(self.calendar.on(BEGUN - LASTS + 1)),
        }
        placement = ledger.new(
            Placement,
            enrolment=enrolment.id,
            workplace=workplace,
            recorded_at=plain(at),
            **dates,
        )
        chain = f"person:{student.id}"
        ledger.state(
            chain,
            "placement.added",
            by=self.by,
            at=at,
            rows=[placement],
            placement=placement.id,
            enrolment=enrolment.id,
            **dates,
        )
        row = ledger.new(
            Supervisor, placement=placement.id, person=supervisor.id, recorded_at=plain(at)
        )
        ledger.state(
            chain,
            "supervisor.added",
            by=self.by,
            at=at,
            rows=[row],
            supervisor=row.id,
            placement=placement.id,
        )
        return supervisor

    def _clients(self, student: Giver, place: int) -> list[Giver]:
        """Add those of whom the student alone says who they are. Of some the last two share a
        mailbox, so that they count as one with whom was known there first."""
        clients: list[Giver] = []
        address = ""
        for number in range(CLIENTS):
            name = drawn_name(self.rng)
            shares = number == CLIENTS - 1 and place % 5 == 0
            if not shares:
                address = demo_address(name, f"{self.number + 1}-{place + 1}-k{number + 1}")
            at = self.calendar.at(BEGUN, 9 + number)
            person, _row = self._person(name, address, Address.Source.ASKER, at, student.id)
            if shares:
                identity = self.ledger.new(
                    Identity, person=person.id, counts_as=clients[-1].id, recorded_at=plain(at)
                )
                chain = f"identity:{person.id}"
                self.ledger.state(chain, "identity.derived", by=None, at=at, rows=[identity])
            clients.append(Giver(person.id, name, GiverRole.CLIENT))
        return clients


def outline_of(programme: Programme, calendar: Calendar) -> Outline:
    """Read the outline of a programme. Four queries."""
    unit = Unit.objects.filter(programme=programme).order_by("title")[0]
    return Outline(
        calendar=calendar,
        link_days=programme.rules.link_days,
        demands=demands_of(programme.qualification),
        unit=str(unit.pk),
        tasks=frozenset(unit.parts.values_list("core_task", flat=True)),
        periods=[
            (calendar.of(row.starts_on), calendar.of(row.ends_on))
            for row in programme.periods.current()
        ],
    )


def learner_of(enrolment: Enrolment, calendar: Calendar) -> Learner:
    """Find what is needed to make more of a student who is there already."""
    programme, student = enrolment.programme, str(enrolment.student_id)
    asked = Person.objects.filter(questions__enrolment=enrolment, account=None)
    givers: dict[GiverRole, list[Giver]] = {
        GiverRole.PEER: [
            Giver(str(one.student_id), one.student.name, GiverRole.PEER, str(one.student_id))
            for one in Enrolment.objects.filter(programme=programme, student__account__isnull=False)
            .exclude(pk=enrolment.pk)
            .select_related("student")
            .order_by("student")[:6]
        ],
        GiverRole.SUPERVISOR: [
            Giver(str(one.person_id), one.person.name, GiverRole.SUPERVISOR)
            for one in enrolment.current_supervisors(calendar.today)
        ],
        GiverRole.CLIENT: [
            Giver(str(one.pk), one.name, GiverRole.CLIENT)
            for one in asked.filter(questions__role=GiverRole.CLIENT).distinct().order_by("pk")
        ],
        GiverRole.TEACHER: [
            Giver(str(role.person_id), role.person.name, GiverRole.TEACHER, str(role.person_id))
            for role in programme.current_roles().filter(role=ProgrammeRole.Role.TEACHER)
        ],
    }
    return Learner(
        student=student,
        enrolment=str(enrolment.pk),
        adviser=str(enrolment.adviser.pk) if enrolment.adviser else "",
        outline=outline_of(programme, calendar),
        givers={role: there for role, there in givers.items() if there},
    )
