"""What a generated school stands on: who runs it, what its students must show, and each programme
with its teachers and its committee. Little, so it is done through actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from committees import actions as committees
from committees.models import Committee, Membership
from demo.people import ACCOUNTS, PASSWORD
from demo.school.wording import demo_address, dice, drawn_name, of_school
from people import actions as people
from people.identity import hold_who_is_who
from people.models import Account, InstitutionRole
from post.models import OutboxMail
from programmes import actions as programmes
from programmes.models import Enrolment, Programme, ProgrammeRole, Unit
from qualifications import actions as qualifications
from qualifications.models import Place, Qualification, WorkProcess
from qualifications.parsed import ParsedCoreTask, ParsedQualification, ParsedWorkProcess

BEGUN = 280  # days before today: the year of every programme
LASTS = 360
TEACHERS = 8  # of each programme; the first so many of them advise
STUDENTS_AN_ADVISER = 23
COORDINATES = 10  # programmes of one coordinator
SEATS = ("chair", "secretary", "member", "member", "member")
Role = InstitutionRole.Role
Demand = tuple[str, str, UUID]  # a requirement: its id, that of its wording, and of its core task


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which day is today; all that is made was done before it."""

    today: date

    def on(self, ago: float) -> date:
        return self.today - timedelta(days=int(ago))

    def of(self, day: date, hour: float = 9) -> datetime:
        """Find a moment of this day."""
        return self.at((self.today - day).days, hour)

    def at(self, ago: float, hour: float = 9) -> datetime:
        """Find a moment of that day, in the school's own time."""
        midnight = timezone.make_aware(datetime.combine(self.today, datetime.min.time()))
        return midnight - timedelta(days=int(ago)) + timedelta(hours=hour)


@dataclass(frozen=True, slots=True)
class Groundwork:
    """What all programmes of a generated school share."""

    seed: int
    calendar: Calendar
    password: str  # hashed once, for everybody
    coordinators: Sequence[Account]
    exam_board: Account
    qualifications: Sequence[Qualification]


@dataclass(frozen=True, slots=True)
class Course:
    """A programme with those who teach in it, and its units with the requirements under each."""

    programme: Programme
    coordinator: Account
    teachers: Sequence[Account]
    units: Sequence[Unit]
    secretary: Account
    committee: Committee


def lay_groundwork(*, seed: int, programmes: int, today: date | None = None) -> Groundwork:
    """Make what a school of so many programmes stands on: coordinators, exam board, auditors, an
    administrator, and qualifications in use. The demo's own accounts are among them."""
    calendar = Calendar(today or timezone.localdate())
    rng, password = dice(seed), make_password(PASSWORD)  # slow on purpose
    own = {account.key: account.name for account in ACCOUNTS}
    there: list[Account] = []
    with transaction.atomic():
        hold_who_is_who()

        def somebody(code: str, *roles: Role) -> Account:
            name, address = own.get(code), f"{code}@demo.example"
            if name is None:
                name = drawn_name(rng)
                address = demo_address(name, code)
            at = calendar.at(BEGUN + 20, 9 + len(there) / 60)
            account = employ(name, address, at, password, None)
            for role in roles:
                people.give_role(person=account.person, role=role, by=None, at=at)
            there.append(account)
            return account

        coordinators = [
            somebody(
                f"coordinator-{number + 1}" if number else "coordinator",
                Role.COORDINATOR,
                Role.CURRICULUM,
            )
            for number in range(-(-programmes // COORDINATES))
        ]
        exam_board = somebody("exam_board", Role.EXAM_BOARD)
        somebody("exam_board-2", Role.EXAM_BOARD)
        somebody("auditor", Role.AUDITOR)
        somebody("auditor-2", Role.AUDITOR)
        people.set_rights(
            account=somebody("admin"),
            is_staff=True,
            is_superuser=True,
            by=None,
            at=calendar.at(BEGUN + 20, 15),
        )
        made = [
            _qualification(seed, number, coordinators[0], calendar)
            for number in range(len(of_school()["occupations"]) if programmes > 3 else 1)
        ]
        OutboxMail.objects.all().cancel(timezone.now())
    return Groundwork(seed, calendar, password, coordinators, exam_board, made)


def groundwork_there(seed: int, today: date | None = None) -> Groundwork | None:
    """Find the groundwork that was laid before for this seed, so that more can be put on it."""
    codes = [_code_of(seed, number) for number in range(len(of_school()["occupations"]))]
    made = list(Qualification.objects.filter(code__in=codes).order_by("code"))
    if not made:
        return None
    roles = InstitutionRole.objects.current().order_by("recorded_at")
    there = roles.select_related("person__account")
    accounts = [role.person.account for role in there.filter(role=Role.COORDINATOR)]
    exam_board = there.filter(role=Role.EXAM_BOARD)[0].person.account
    calendar = Calendar(today or timezone.localdate())
    return Groundwork(seed, calendar, accounts[0].password, accounts, exam_board, made)


def employ(name: str, address: str, at: datetime, password: str, by: Account | None) -> Account:
    """Register somebody who chose the password of everybody here and reads their mail."""
    account = people.register(email=address, name=name, by=by, at=at)
    account.password = password
    account.save(update_fields=["password"])
    people.note_mailbox(account=account, at=at)
    return account


# --- What must be shown ---------------------------------------------------------------------------


def _code_of(seed: int, number: int) -> str:
    return f"DEMO-{seed}-{number + 1}"[:20]


def _qualification(seed: int, number: int, by: Account, calendar: Calendar) -> Qualification:
    words, at = of_school(), calendar.at(BEGUN + 19)
    parsed = ParsedQualification(
        code=_code_of(seed, number),
        title=words["occupations"][number],
        level=4,
        edition=date(calendar.on(BEGUN).year, 8, 1),
        dossier_code="",
        dossier_title="",
        core_tasks=tuple(
            ParsedCoreTask(
                f"B1-K{task_number}",
                task["title"],
                "",
                "",
                tuple(
                    ParsedWorkProcess(
                        f"B1-K{task_number}-W{process_number}",
                        f"Werkt aan {thing}",
                        "",
                        "",
                        tuple(line["text"].format(thing=thing) for line in words["requirement"]),
                    )
                    for process_number, thing in enumerate(task["work_processes"], start=1)
                ),
            )
            for task_number, task in enumerate(words["core_task"], start=1)
        ),
    )
    made = qualifications.import_qualification(dossier=None, parsed=parsed, by=by, at=at)
    processes = WorkProcess.objects.filter(core_task__qualification=made)
    for process in processes.prefetch_related("places"):
        thing = process.title.removeprefix("Werkt aan ")
        wordings = {
            place.requirement_id: line["plain"].format(thing=thing)
            for place, line in zip(process.places.all(), words["requirement"], strict=True)
        }
        qualifications.word_plainly(work_process=process, wordings=wordings, by=by, at=at)
    qualifications.publish(qualification=made, by=by, at=at)
    made.refresh_from_db()
    return made


def demands_of(qualification: Qualification) -> list[Demand]:
    """List its requirements in their order: each one's id, that of its wording, and that of the
    core task under which it stands first. One query."""
    places = Place.objects.filter(work_process__core_task__qualification=qualification)
    rows = places.order_by("work_process__core_task__order", "work_process__order", "order")
    found: dict[UUID, Demand] = {}
    for line, wording, task in rows.values_list(
        "requirement", "requirement__wording", "work_process__core_task"
    ):
        found.setdefault(line, (str(line), str(wording) if wording else "", task))
    return list(found.values())


# --- A programme ----------------------------------------------------------------------------------


def title_of(number: int, qualification: Qualification) -> str:
    """Tell what the programme of this number (from 0) is called."""
    return f"{qualification.title} {number + 1}"


def qualification_of(groundwork: Groundwork, number: int) -> Qualification:
    """Choose what the programme of this number leads to."""
    return groundwork.qualifications[number % len(groundwork.qualifications)]


def begin_programme(groundwork: Groundwork, number: int) -> Course:
    """Make a programme with its house rules, periods, units, guidelines, teachers and committee, in
    the caller's transaction. The first one has the demo's own teachers and committee."""
    calendar, words = groundwork.calendar, of_school()
    rng = dice(groundwork.seed, number)
    by = groundwork.coordinators[number // COORDINATES % len(groundwork.coordinators)]
    at = calendar.at(BEGUN + 15)
    qualification = qualification_of(groundwork, number)
    year = calendar.on(BEGUN).year
    programme = programmes.make_programme(
        title=title_of(number, qualification),
        cohort=f"{year}-{year + 3}",
        qualification=qualification,
        notice_working_days=3,
        by=by,
        at=at,
    )
    length = LASTS // len(words["periods"])
    for place, name in enumerate(words["periods"]):
        first = BEGUN - place * length
        programmes.add_period(
            programme=programme,
            name=name,
            starts_on=calendar.on(first),
            ends_on=calendar.on(first - length + 1),
            by=by,
            at=at,
        )
    tasks = list(qualification.core_tasks.all())
    units = [
        programmes.add_unit(
            programme=programme,
            title=title,
            purpose=Unit.Purpose.QUALIFYING,
            parts=parts,
            by=by,
            at=at,
        )
        for title, parts in (
            ("Eenheid 1: uitvoering", tasks[: len(tasks) // 2]),
            ("Eenheid 2: kwaliteit en ontwikkeling", tasks[len(tasks) // 2 :]),
        )
    ]
    for task in tasks[:3]:
        programmes.set_guideline(
            programme=programme, target=task, pieces=4, people=3, roles=3, by=by, at=at
        )
    staff = _Staff(groundwork, number, rng, by)
    teachers = [staff.member({0: "adviser", 1: "teacher"}.get(place)) for place in range(TEACHERS)]
    for teacher in teachers:
        programmes.give_role(
            programme=programme,
            person=teacher.person,
            role=ProgrammeRole.Role.TEACHER,
            by=by,
            at=calendar.at(BEGUN + 13),
        )
    committee = committees.make_committee(
        programme=programme, name=words["committee"]["name"], by=by, at=calendar.at(BEGUN + 13)
    )
    seats: dict[str, Account] = {}
    for place, seat in enumerate(SEATS):
        sits = staff.member(seat if place < 3 else None)
        seats.setdefault(seat, sits)
        committees.give_seat(
            committee=committee,
            email=sits.sign_in,
            name=sits.name,
            role=Membership.Role(seat),
            by=by,
            at=calendar.at(BEGUN + 12),
        )
    committees.give_mandate(
        committee=committee,
        text=words["committee"]["mandate"],
        procedure=words["committee"]["procedure"],
        given_on=calendar.on(BEGUN + 11),
        quorum=3,
        judgements_asked=2,
        by=groundwork.exam_board,
        at=calendar.at(BEGUN + 11),
    )
    committee.refresh_from_db()
    return Course(programme, by, teachers, units, seats["secretary"], committee)


class _Staff:
    """Who works in one programme."""

    def __init__(self, groundwork: Groundwork, number: int, rng: Random, by: Account) -> None:
        self.groundwork, self.number, self.rng, self.by = groundwork, number, rng, by
        self.own = {account.key: account for account in ACCOUNTS}
        self.made = 0

    def member(self, key: str | None) -> Account:
        """Employ somebody; in the first programme whoever the demo has by this key."""
        self.made += 1
        name = drawn_name(self.rng)
        address = demo_address(name, f"{self.number + 1}-d{self.made}")
        if self.number == 0 and key:
            name, address = self.own[key].name, self.own[key].address
        at = self.groundwork.calendar.at(BEGUN + 14)
        return employ(name, address, at, self.groundwork.password, self.by)


def plan_first_meeting(groundwork: Groundwork, course: Course, students: Sequence[UUID]) -> None:
    """Plan a meeting of the programme's committee, weeks from now, with these enrolments on its
    agenda for the first unit; in the caller's transaction."""
    calendar = groundwork.calendar
    meeting = committees.plan_meeting(
        committee=course.committee,
        held_at=calendar.at(-28, 13),
        reference_at=calendar.at(-21, 12),
        place=of_school()["committee"]["place"],
        by=course.secretary,
        at=calendar.at(2),
    )
    rows = Enrolment.objects.in_bulk(students)
    committees.put_on_agenda(
        meeting=meeting,
        unit=course.units[0],
        enrolments=[rows[key] for key in students],
        by=course.secretary,
        at=calendar.at(1),
    )
