"""Fills the demo, through actions only, with a clock that starts some eight months ago."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.conf import settings
from django.utils import timezone

from committees import actions as committees
from committees.models import Case, Committee, Finding, Meeting, Membership
from committees.snapshots import read
from evidence.actions import feedback, pieces
from evidence.asking import Person
from evidence.models import Evidence, GiverRole
from home.demo.files import make
from home.demo.people import ACCOUNTS, PASSWORD
from home.demo.stories import DAAN, LINA, NOOR, STORIES, CheckInStory, Piece, Story, Voice
from home.demo.wording import PLAIN
from people import actions as people
from people.models import InstitutionRole, User
from portfolio import actions as portfolio
from programmes import actions as programmes
from programmes.models import Enrolment, Programme, ProgrammeRole, Unit
from qualifications import actions as qualifications
from qualifications.models import CoreTask, Qualification, QualityRequirement, WorkProcess
from qualifications.sbb import parse_sbb

START = 250  # days before today
PAST_MEETING = 40
COMING_MEETING = -6
Institution = InstitutionRole.Role
InProgramme = ProgrammeRole.Role
Seat = Membership.Role


def fill() -> None:
    """One programme with six students at different stages, a past and a coming meeting."""
    _Filling().run()


class _Filling:
    def __init__(self) -> None:
        self.today = timezone.localdate()
        self.people: dict[str, User] = {}
        self.pieces: dict[tuple[str, str], Evidence] = {}

    # --- The clock ---

    def day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def at(self, days_ago: int, hour: int = 10) -> datetime:
        """That day at this hour, and never later than now: today's things happened just before."""
        moment = timezone.make_aware(datetime.combine(self.day(days_ago), time(hour)))
        return min(moment, timezone.now()) if days_ago >= 0 else moment

    # --- In order ---

    def run(self) -> None:
        self._people()
        self._qualification()
        self._programme()
        for story in STORIES:
            self._student(story)
        for days_ago in range(START, -1, -1):
            self._evidence_of(days_ago)
        for story in STORIES:
            self._check_ins(story)
        self._committee()

    def _people(self) -> None:
        for account in ACCOUNTS:
            person = people.register(
                email=account.address, name=account.name, by=None, at=self.at(START)
            )
            person.set_password(PASSWORD)
            person.is_staff = person.is_superuser = account.key == "admin"
            person.save()
            self.people[account.key] = person
        for key, role in (
            ("coordinator", Institution.CURRICULUM),
            ("coordinator", Institution.COORDINATOR),
            ("auditor", Institution.AUDITOR),
        ):
            people.give_role(user=self.people[key], role=role, by=None, at=self.at(START))

    def _qualification(self) -> None:
        path = settings.BASE_DIR / "qualifications" / "samples" / "software-developer.xml"
        content, by, at = path.read_bytes(), self.people["coordinator"], self.at(START)
        parsed = parse_sbb(content, name=path.name)
        dossier = qualifications.keep_dossier(
            parsed=parsed, content=content, name=path.name, by=by, at=at
        )
        [found] = parsed.qualifications
        self.qualification = qualifications.import_qualification(
            dossier=dossier, parsed=found, by=by, at=at
        )
        self._word_plainly(self.qualification, by, at)
        lines = self.qualification.requirements.values_list("pk", flat=True)
        qualifications.merge_lines(
            qualification=self.qualification, lines=list(lines), by=by, at=at
        )
        qualifications.publish(qualification=self.qualification, by=by, at=at)
        self.qualification.refresh_from_db()
        self.requirements = list(self.qualification.requirements.all())

    def _word_plainly(self, qualification: Qualification, by: User, at: datetime) -> None:
        for process in WorkProcess.objects.filter(core_task__qualification=qualification):
            wordings = {line.pk: PLAIN[line.text] for line in process.requirements.all()}
            qualifications.word_plainly(work_process=process, wordings=wordings, by=by, at=at)

    def _programme(self) -> None:
        by, at = self.people["coordinator"], self.at(START)
        year = self.day(START).year
        self.programme: Programme = programmes.make_programme(
            title="Software developer (demo)",
            cohort=f"{year}-{year + 3}",
            qualification=self.qualification,
            by=by,
            at=at,
        )
        edges = [START, 180, 110, 30, -45]
        for number, (first, after) in enumerate(pairwise(edges), start=1):
            programmes.add_period(
                programme=self.programme,
                name=f"Periode {number}",
                starts_on=self.day(first),
                ends_on=self.day(after + 1),
                by=by,
                at=at,
            )
        tasks = CoreTask.objects.filter(qualification=self.qualification).order_by("order")
        self.units: list[Unit] = [
            programmes.add_unit(
                programme=self.programme,
                title=f"Kerntaak {number}: {task.title.lower()}",
                purpose=Unit.Purpose.QUALIFYING,
                parts=list(task.work_processes.all()),
                by=by,
                at=at,
            )
            for number, task in enumerate(tasks, start=1)
        ]
        for process in WorkProcess.objects.filter(core_task=tasks[0]):
            programmes.set_guideline(
                programme=self.programme, target=process, pieces=2, people=2, roles=2, by=by, at=at
            )
        programmes.give_role(
            programme=self.programme,
            person=self.people["teacher"],
            role=InProgramme.TEACHER,
            by=by,
            at=at,
        )

    # --- Students ---

    def _student(self, story: Story) -> None:
        by, at = self.people["coordinator"], self.at(START, 12)
        student = self.people.get(story.key) or programmes.Contact(
            story.name, self._address(story.name)
        )
        enrolment: Enrolment = programmes.enrol(
            programme=self.programme,
            student=student,
            starts_on=self.day(START),
            adviser=self.people["adviser"],
            by=by,
            at=at,
        )
        self.people[story.key] = enrolment.student
        programmes.add_placement(
            enrolment=enrolment,
            workplace=story.workplace,
            starts_on=self.day(START - 14),
            ends_on=self.day(-45),
            supervisors=[
                programmes.Contact(name, self._address(name)) for name in story.supervisors
            ],
            by=by,
            at=at,
        )

    def _address(self, name: str) -> str:
        known = {account.name: account.address for account in ACCOUNTS}
        return (
            known.get(name)
            or f"{name.lower().replace(' ', '.').replace('ö', 'o').replace('ü', 'u')}@demo.example"
        )

    def _enrolment(self, story: Story) -> Enrolment:
        return Enrolment.objects.select_related("programme", "student").get(
            student=self.people[story.key], programme=self.programme
        )

    def _evidence_of(self, days_ago: int) -> None:
        for story in STORIES:
            for told in story.pieces:
                if told.days_ago == days_ago:
                    self._piece(story, told)

    def _lines(self, beginnings: tuple[str, ...]) -> list[QualityRequirement]:
        return [
            line
            for beginning in beginnings
            for line in self.requirements
            if line.text.startswith(beginning)
        ]

    def _piece(self, story: Story, told: Piece) -> None:
        student, at = self.people[story.key], self.at(told.days_ago, 15)
        piece = pieces.add_evidence(
            words=pieces.Words(
                title=told.title,
                happened_on=self.day(told.days_ago),
                kind=told.kind,
                place=told.place,
                origin=told.origin,
                context=told.context,
                reflection=told.reflection,
            ),
            files=[make(name) for name in told.files],
            by=student,
            at=at,
        )
        self.pieces[story.key, told.title] = piece
        pieces.choose_requirements(
            evidence=piece,
            chosen=dict.fromkeys(self._lines(told.lines), told.why),
            by=student,
            at=at,
        )
        for voice in told.voices:
            if voice.spoken:
                self._noted(story, told, piece, voice)
            else:
                self._asked(story, told, piece, voice)

    def _person(self, voice: Voice) -> Person:
        return Person(voice.who, self._address(voice.who), GiverRole(voice.role), "nl")

    def _asked(self, story: Story, told: Piece, piece: Evidence, voice: Voice) -> None:
        [question] = feedback.ask(
            evidence=piece,
            enrolment=self._enrolment(story),
            people=[self._person(voice)],
            requirements=self._lines(voice.lines or told.lines),
            by=self.people[story.key],
            at=self.at(told.days_ago, 16),
        )
        if voice.words:
            feedback.answer(
                question=question,
                text=voice.words,
                about=self._lines(voice.lines),
                at=self.at(max(told.days_ago - 3, 0), 17),
            )

    def _noted(self, story: Story, told: Piece, piece: Evidence, voice: Voice) -> None:
        said = feedback.note(
            evidence=piece,
            enrolment=self._enrolment(story),
            person=self._person(voice),
            given_on=self.day(told.days_ago),
            place=story.workplace,
            text=voice.words,
            requirements=self._lines(voice.lines),
            by=self.people[story.key],
            at=self.at(told.days_ago, 18),
        )
        if voice.confirmed:
            feedback.confirm(
                feedback=said, confirmed=True, at=self.at(max(told.days_ago - 1, 0), 9)
            )

    def _check_ins(self, story: Story) -> None:
        enrolment, student = self._enrolment(story), self.people[story.key]
        for told in sorted(story.check_ins, key=lambda item: -item.days_ago):
            self._check_in(enrolment, student, told)
        for title, reason in story.set_aside.items():
            portfolio.set_aside(
                enrolment=enrolment,
                unit=self.units[0],
                evidence=self.pieces[story.key, title],
                reason=reason,
                by=student,
                at=self.at(5),
            )

    def _check_in(self, enrolment: Enrolment, student: User, told: CheckInStory) -> None:
        at = self.at(told.days_ago, 14)
        held = portfolio.hold_check_in(
            enrolment=enrolment,
            held_on=self.day(told.days_ago),
            light=told.light,
            summary=told.summary,
            agreements=[
                (text, self.day(told.days_ago - within)) for text, within in told.agreements
            ],
            by=self.people["adviser"],
            at=at,
        )
        if told.read:
            portfolio.acknowledge(
                check_in=held, refused=False, note="", by=student, at=at + timedelta(hours=5)
            )
        for agreement in held.agreements.all():
            if agreement.due_on < self.today:
                portfolio.finish(agreement=agreement, by=student, at=self.at(told.days_ago - 10))

    # --- The committee ---

    def _committee(self) -> None:
        by, at = self.people["coordinator"], self.at(START)
        self.committee: Committee = committees.make_committee(
            programme=self.programme,
            name="Besliscommissie Software (demo)",
            quorum=2,
            mandate="Namens de examencommissie beslissen over de kerntaken van deze opleiding.",
            mandate_on=self.day(START),
            by=by,
            at=at,
        )
        for key, role in (
            ("chair", Seat.CHAIR),
            ("secretary", Seat.SECRETARY),
            ("member", Seat.MEMBER),
            ("adviser", Seat.MEMBER),
        ):
            person = self.people[key]
            committees.give_seat(
                committee=self.committee,
                email=person.email,
                name=person.name,
                role=role,
                by=by,
                at=at,
            )
        self._past_meeting()
        self._coming_meeting()

    def _meeting(
        self, days_ago: int, reference: int, planned: int, stories: list[Story]
    ) -> Meeting:
        secretary = self.people["secretary"]
        meeting = committees.plan_meeting(
            committee=self.committee,
            held_at=self.at(days_ago, 13),
            reference_at=self.at(reference, 12),
            place="Lokaal 2.14",
            by=secretary,
            at=self.at(planned),
        )
        committees.put_on_agenda(
            meeting=meeting,
            unit=self.units[0],
            enrolments=[self._enrolment(story) for story in stories],
            by=secretary,
            at=self.at(planned, 11),
        )
        for case in meeting.cases.all():
            committees.freeze_case(case=case, by=None, at=self.at(reference, 12))
        return meeting

    def _past_meeting(self) -> None:
        meeting = self._meeting(PAST_MEETING, PAST_MEETING + 7, PAST_MEETING + 30, [LINA, DAAN])
        for case in meeting.cases.select_related("enrolment__student", "unit"):
            for key in ("chair", "member"):
                self._judge(case, key, PAST_MEETING + 2)
        chair, at = self.people["chair"], self.at(PAST_MEETING, 13)
        for key in ("chair", "secretary", "member"):
            committees.mark_present(
                meeting=meeting, user=self.people[key], by=self.people["secretary"], at=at
            )
        committees.open_meeting(meeting=meeting, by=chair, at=at)
        for case in meeting.cases.select_related("enrolment__student", "unit"):
            self._decide(case, chair, at)
        committees.close_meeting(meeting=meeting, by=chair, at=at + timedelta(hours=2))

    def _findings(self, case: Case) -> dict[str, str]:
        """Lina attained every part; Daan only those he showed."""
        attained = case.enrolment.student_id == self.people[LINA.key].pk
        return {
            str(part.pk): Finding.ATTAINED
            if attained or str(part).startswith("B1-K1-W3")
            else Finding.NOT_YET
            for part in case.unit.parts.select_related("work_process")
        }

    def _judge(self, case: Case, key: str, days_ago: int) -> None:
        attained = case.enrolment.student_id == self.people[LINA.key].pk
        committees.judge(
            case=case,
            findings=self._findings(case),
            motivation=(
                "De set is rijk en komt van verschillende mensen. Ook testen en ontwerpen zijn "
                "overtuigend te zien."
                if attained
                else "Bouwen is overtuigend te zien. Van ontwerpen en testen staat nog niets in de "
                "set."
            ),
            by=self.people[key],
            at=self.at(days_ago, 20),
        )

    def _decide(self, case: Case, chair: User, at: datetime) -> None:
        attained = case.enrolment.student_id == self.people[LINA.key].pk
        committees.open_judgements(case=case, by=chair, at=at)
        frozen = read(case.snapshots.get())
        committees.decide(
            case=case,
            findings=self._findings(case),
            motivation=(
                "Lina laat over vier perioden zien dat ze software realiseert: van gesprek tot "
                "verbetering, gezien door de praktijk, een klant, een docent en een medestudent."
                if attained
                else "Daan laat overtuigend zien dat hij software bouwt. Ontwerpen, testen en "
                "verbeteren zijn nog niet te zien; de commissie ziet die graag in een volgende set."
            ),
            cited=list(frozen.digests.values())[:3],
            by=chair,
            at=at,
        )
        committees.announce(case=case, by=chair, at=at + timedelta(hours=1))

    def _coming_meeting(self) -> None:
        meeting = self._meeting(COMING_MEETING, 1, 21, [NOOR, DAAN])
        case = meeting.cases.get(enrolment__student=self.people[DAAN.key])
        self._judge(case, "chair", 0)
