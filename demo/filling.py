"""Fills the demo, through actions only, with a clock that starts some eight months ago."""

import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet
from django.utils import timezone

from committees import actions as committees
from committees.models import Case, Membership, Outcome
from committees.rules import Found
from committees.snapshots import read
from demo.files import make
from demo.people import ACCOUNTS, PASSWORD
from demo.telling import Piece, Story, Talk, Voice, stories, told
from evidence.actions import feedback, pieces
from evidence.asking import Asked
from evidence.models import Evidence, FeedbackRequest
from files.preparing import prepare_waiting
from people import actions as people
from people.actions import Meant
from people.models import Account, InstitutionRole, Person
from portfolio import actions as portfolio
from post.models import OutboxMail
from programmes import actions as programmes
from programmes.models import Enrolment, ProgrammeRole, Unit, UnitPart
from qualifications import actions as qualifications
from qualifications.models import CoreTask, Qualification, QualityRequirement, WorkProcess
from qualifications.parsed import ParsedCoreTask, ParsedQualification, ParsedWorkProcess
from qualifications.sbb import parse_sbb

START = 260  # days before today
FRESH = 21  # days of mail in the demo's mailbox
Institution = InstitutionRole.Role
SeatRole = Membership.Role


def fill() -> None:
    """Two programmes, one of them in two cohorts, with students at all stages, meetings that were
    and meetings to come."""
    school = School()
    software, teacher = developers_of(school), teachers_of(school)
    Year(school, "software", software).run()
    Year(school, "software-later", software).run()
    Year(school, "teaching", teacher).run()
    # What would have been mailed long ago is not sent today.
    OutboxMail.objects.filter(recorded_at__lt=school.at(FRESH)).cancel(timezone.now())


class School:
    """Its clock, and its people by name."""

    def __init__(self) -> None:
        self.today = timezone.localdate()
        self.people: dict[str, Account] = {}
        password = make_password(PASSWORD)  # once: it is slow on purpose
        for account in ACCOUNTS:
            made = people.register(
                email=account.address, name=account.name, by=None, at=self.at(START)
            )
            made.password = password
            made.is_staff = made.is_superuser = account.key == "admin"
            made.save()
            people.note_mailbox(account=made, at=self.at(START))
            self.people[account.name] = self.people[account.key] = made
        for key, role in (
            ("coordinator", Institution.CURRICULUM),
            ("coordinator", Institution.COORDINATOR),
            ("exam_board", Institution.EXAM_BOARD),
            ("auditor", Institution.AUDITOR),
        ):
            people.give_role(person=self.people[key].person, role=role, by=None, at=self.at(START))

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def at(self, ago: int, hour: int = 10) -> datetime:
        """That day at this hour, and never later than now: today's things happened just before."""
        moment = timezone.make_aware(datetime.combine(self.day(ago), time(hour)))
        return min(moment, timezone.now()) if ago >= 0 else moment

    def address(self, name: str) -> str:
        if name in self.people:
            return self.people[name].sign_in
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        return f"{plain.lower().replace(' ', '.')}@demo.example"

    def somebody(self, name: str) -> Person | Meant:
        if name in self.people:
            return self.people[name].person
        return Meant(name, self.address(name))


# --- What is to be shown --------------------------------------------------------------------------

Lines = dict[str, QualityRequirement]


def developers_of(school: School) -> Lines:
    """The requirements of Software developer, from a dossier, by their keys."""
    path = settings.BASE_DIR / "qualifications" / "samples" / "software-developer.xml"
    content, by, at = path.read_bytes(), school.people["coordinator"], school.at(START)
    parsed = parse_sbb(content, name=path.name)
    dossier = qualifications.keep_dossier(
        parsed=parsed, content=content, name=path.name, by=by, at=at
    )
    [found] = parsed.qualifications
    made = qualifications.import_qualification(dossier=dossier, parsed=found, by=by, at=at)
    return _published(made, told("software-developer")["lines"], by, at)


def teachers_of(school: School) -> Lines:
    """The indicators of the teacher education, which words its learning outcomes itself."""
    by, at, whole = school.people["coordinator"], school.at(START), told("teacher")
    lines = {key: line for area in whole["area"] for key, line in _indicators(area)}
    parsed = ParsedQualification(
        code=whole["code"],
        title=whole["title"],
        level=whole["level"],
        edition=whole["edition"],
        dossier_code="",
        dossier_title="",
        core_tasks=tuple(map(_area, whole["area"])),
        framework=Qualification.Framework.OUTCOMES,
    )
    made = qualifications.import_qualification(dossier=None, parsed=parsed, by=by, at=at)
    return _published(made, lines, by, at)


def _area(area: dict[str, Any]) -> ParsedCoreTask:
    outcomes = [
        ParsedWorkProcess(
            code=outcome["code"],
            title=outcome["title"],
            description=outcome["description"],
            result="",
            requirements=tuple(line["text"] for line in outcome["lines"].values()),
        )
        for outcome in area["outcome"]
    ]
    return ParsedCoreTask(area["code"], area["title"], "", "", tuple(outcomes))


def _indicators(area: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return [item for outcome in area["outcome"] for item in outcome["lines"].items()]


def _published(
    qualification: Qualification, lines: dict[str, dict[str, str]], by: Account, at: datetime
) -> Lines:
    """Worded plainly, its double lines merged, in use; its requirements by their keys."""
    plain = {line["text"]: line["plain"] for line in lines.values()}
    for process in WorkProcess.objects.filter(core_task__qualification=qualification):
        wordings = {line.pk: plain[line.text] for line in process.requirements.all()}
        qualifications.word_plainly(work_process=process, wordings=wordings, by=by, at=at)
    every = qualification.requirements.values_list("pk", flat=True)
    qualifications.merge_lines(qualification=qualification, lines=list(every), by=by, at=at)
    qualifications.publish(qualification=qualification, by=by, at=at)
    requirements = qualification.requirements.select_related("qualification")
    by_text = {line.text: line for line in requirements}
    return {key: by_text[line["text"]] for key, line in lines.items()}


# --- A programme and its students -----------------------------------------------------------------


class Year:
    """What happens in one programme, as its file tells it."""

    def __init__(self, school: School, name: str, lines: Lines) -> None:
        self.school, self.lines = school, lines
        self.people, self.day, self.at = school.people, school.day, school.at
        self.told, self.stories = told(name), stories(name)
        self.start: int = self.told["start"]
        self.coordinator = self.people["coordinator"]
        self.enrolments: dict[str, Enrolment] = {}
        self.pieces: dict[tuple[str, str], Evidence] = {}
        self.units: list[Unit] = []

    def run(self) -> None:
        self._programme()
        for story in self.stories:
            self._enrol(story)
        for story in self.stories:
            for piece in story.pieces:
                self._piece(story, piece)
            self._talks(story)
            self._set_aside(story)
        while prepare_waiting():
            pass
        if "committee" in self.told:
            self._committee(self.told["committee"])

    def _programme(self) -> None:
        by, at, year = self.coordinator, self.at(self.start), self.day(self.start).year
        qualification = next(iter(self.lines.values())).qualification
        self.programme = programmes.make_programme(
            title=self.told["title"],
            cohort=self.told["cohort"].format(first=year, last=year + self.told["years"]),
            qualification=qualification,
            by=by,
            at=at,
            **self.told.get("rules", {}),
        )
        for name, first, last in self.told["periods"]:
            programmes.add_period(
                programme=self.programme,
                name=name,
                starts_on=self.day(first),
                ends_on=self.day(last),
                by=by,
                at=at,
            )
        targets: dict[str, CoreTask | WorkProcess] = {
            task.code: task for task in qualification.core_tasks.all()
        }
        for process in WorkProcess.objects.filter(core_task__qualification=qualification):
            targets[process.code] = process
        self.units = [
            programmes.add_unit(
                programme=self.programme,
                title=unit["title"],
                purpose=unit["purpose"],
                parts=[targets[code] for code in unit["parts"].split()],
                by=by,
                at=at,
            )
            for unit in self.told["unit"]
        ]
        for code, (some, givers, roles) in self.told.get("guidelines", {}).items():
            programmes.set_guideline(
                programme=self.programme,
                target=targets[code],
                pieces=some,
                people=givers,
                roles=roles,
                by=by,
                at=at,
            )
        for name in self.told["teachers"]:
            role = programmes.give_role(
                programme=self.programme,
                person=self.school.somebody(name),
                role=ProgrammeRole.Role.TEACHER,
                by=by,
                at=at,
            )
            self.people[name] = role.person.account

    def _enrol(self, story: Story) -> None:
        by, at = self.coordinator, self.at(self.start, 12)
        enrolment = programmes.enrol(
            programme=self.programme,
            student=self.school.somebody(story.name),
            starts_on=self.day(self.start),
            adviser=self.school.somebody(story.adviser) if story.adviser else None,
            by=by,
            at=at,
        )
        # Read once more, as an action would find it.
        enrolment = Enrolment.objects.for_list().get(pk=enrolment.pk)
        self.enrolments[story.name], self.people[story.name] = (
            enrolment,
            enrolment.student.account,
        )
        if enrolment.adviser:
            self.people[story.adviser] = enrolment.adviser.account
        if story.workplace:
            programmes.add_placement(
                enrolment=enrolment,
                workplace=story.workplace,
                starts_on=self.day(self.start - 14),
                ends_on=self.day(-45),
                supervisors=[Meant(name, self.school.address(name)) for name in story.supervisors],
                by=by,
                at=at,
            )

    # --- Evidence and what is said of it ---

    def _lines(self, keys: str) -> list[QualityRequirement]:
        return [self.lines[key] for key in keys.split()]

    def _piece(self, story: Story, piece: Piece) -> None:
        student = self.people[story.name]
        kept = min(piece.ago, self.start - 3)  # what is from before is kept in the first days
        made = pieces.add_evidence(
            words=pieces.Words(
                title=piece.title,
                happened_on=self.day(piece.ago),
                kind=piece.kind,
                place=piece.place,
                origin=piece.origin,
                context=piece.context,
                reflection=piece.reflection,
            ),
            files=[make(name, by=student, at=self.at(kept, 15)) for name in piece.files],
            by=student,
            at=self.at(kept, 15),
        )
        self.pieces[story.name, piece.title] = made
        pieces.choose_requirements(
            evidence=made,
            chosen=dict.fromkeys(self._lines(piece.on), piece.why),
            by=student,
            at=self.at(kept, 15),
        )
        for voice in piece.voices:
            happens = self._noted if voice.how in ("noted", "confirmed") else self._asked
            happens(story, piece, made, voice, kept if voice.asked is None else voice.asked)

    def _who(self, voice: Voice) -> Asked:
        return Asked(voice.who, self.school.address(voice.who), voice.role, voice.language)

    def _asked(self, story: Story, piece: Piece, made: Evidence, voice: Voice, ago: int) -> None:
        [question] = feedback.ask(
            evidence=made,
            enrolment=self.enrolments[story.name],
            people=[self._who(voice)],
            requirements=self._lines(voice.on or piece.on)[: FeedbackRequest.MOST_REQUIREMENTS],
            message=voice.message,
            by=self.people[story.name],
            at=self.at(ago, 16),
        )
        answered = self.at(max(ago - 3, 0), 17)
        if voice.how == "declined":
            reason = FeedbackRequest.Reason.NOT_SEEN
            feedback.decline(question=question, reason=reason, at=answered)
        elif voice.says:
            feedback.answer(
                question=question, text=voice.says, about=self._lines(voice.on), at=answered
            )

    def _noted(self, story: Story, piece: Piece, made: Evidence, voice: Voice, ago: int) -> None:
        said = feedback.note(
            evidence=made,
            enrolment=self.enrolments[story.name],
            speaker=self._who(voice),
            given_on=self.day(piece.ago),
            place=piece.place or story.workplace,
            text=voice.says,
            requirements=self._lines(voice.on),
            by=self.people[story.name],
            at=self.at(ago, 18),
        )
        if voice.how == "confirmed":
            feedback.confirm(feedback=said, confirmed=True, at=self.at(max(ago - 1, 0), 9))

    # --- Check-ins ---

    def _talks(self, story: Story) -> None:
        for talk in story.talks:
            self._talk(story, talk)

    def _talk(self, story: Story, talk: Talk) -> None:
        at, student = self.at(talk.ago, 14), self.people[story.name]
        held = portfolio.hold_check_in(
            enrolment=self.enrolments[story.name],
            held_on=self.day(talk.ago),
            light=talk.light,
            summary=talk.summary,
            agreements=[
                (agreed.text, self.day(talk.ago - agreed.within)) for agreed in talk.agreements
            ],
            by=self.people[story.adviser],
            at=at,
        )
        if talk.read:
            portfolio.acknowledge(
                check_in=held, refused=False, note="", by=student, at=at + timedelta(hours=5)
            )
        kept = {agreed.text: agreed.kept for agreed in talk.agreements}
        for agreement in held.agreements.all():
            if agreement.due_on < self.school.today and kept[agreement.text]:
                done = timezone.make_aware(datetime.combine(agreement.due_on, time(16)))
                portfolio.finish(agreement=agreement, by=student, at=done)

    def _set_aside(self, story: Story) -> None:
        for title, reason in story.set_aside.items():
            portfolio.set_aside(
                enrolment=self.enrolments[story.name],
                unit=self.units[0],
                evidence=self.pieces[story.name, title],
                reason=reason,
                by=self.people[story.name],
                at=self.at(min(5, self.start)),
            )

    # --- The committee ---

    def _committee(self, plan: dict[str, Any]) -> None:
        by, at = self.coordinator, self.at(self.start)
        self.committee = committees.make_committee(
            programme=self.programme, name=plan["name"], by=by, at=at
        )
        for name, role in plan["seats"].items():
            seat = committees.give_seat(
                committee=self.committee,
                email=self.school.address(name),
                name=name,
                role=SeatRole(role),
                by=by,
                at=at,
            )
            self.people[name] = seat.person.account
            if role == SeatRole.CHAIR:
                self.chair = seat.person.account
            elif role == SeatRole.SECRETARY:
                self.secretary = seat.person.account
        committees.give_mandate(
            committee=self.committee,
            text=plan["mandate"],
            procedure=plan["procedure"],
            given_on=self.day(self.start),
            quorum=plan["quorum"],
            judgements_asked=plan["judgements_asked"],
            by=self.people["exam_board"],
            at=self.at(self.start, 11),
        )
        self.committee.refresh_from_db()
        for meeting in plan["meeting"]:
            self._meeting(meeting)

    def _meeting(self, plan: dict[str, Any]) -> None:
        """Planned; where the reference day was, frozen and judged; held too, if it was."""
        reference = self.at(plan["reference"], 12)
        meeting = committees.plan_meeting(
            committee=self.committee,
            held_at=self.at(plan["ago"], 13),
            reference_at=reference,
            place=plan["place"],
            by=self.secretary,
            at=self.at(plan["planned"]),
        )
        cases: list[tuple[Case, dict[str, Any]]] = []
        for item in plan["case"]:
            [case] = committees.put_on_agenda(
                meeting=meeting,
                unit=self.units[item.get("unit", 0)],
                enrolments=[self.enrolments[item["student"]]],
                by=self.secretary,
                at=self.at(plan["planned"], 11),
            )
            cases.append((case, item))
        if plan["reference"] < 0:
            return
        for case, item in cases:
            committees.freeze_case(case=case, at=reference + Case.SETTLES_IN)
            for judged in item.get("judgement", []):
                committees.judge(
                    case=case,
                    findings=_findings(case, judged["attained"]),
                    motivation=judged["says"],
                    by=self.people[judged["by"]],
                    at=self.at(max(plan["ago"] + 2, 0), 20),
                )
        if plan["ago"] <= 0:
            return
        at = self.at(plan["ago"], 13)
        for name in plan["present"]:
            member = self.people[name]
            committees.mark_present(meeting=meeting, person=member.person, by=member, at=at)
        committees.open_meeting(meeting=meeting, by=self.chair, at=at)
        for number, (case, item) in enumerate(cases, start=1):
            self._outcome(case, item, at + timedelta(minutes=12 * number))
        committees.close_meeting(meeting=meeting, by=self.chair, at=at + timedelta(hours=2))

    def _outcome(self, case: Case, plan: dict[str, Any], at: datetime) -> None:
        if "deferred" in plan:
            committees.defer(case=case, reason=plan["deferred"], by=self.chair, at=at)
            return
        committees.open_judgements(case=case, by=self.chair, at=at)
        citable = list(read(case).digests.values())
        committees.decide(
            case=case,
            findings=_found(case, plan, at.date()),
            motivation=plan["decision"],
            cited=[*citable[:2], *citable[-2:]],
            by=self.chair,
            at=at + timedelta(minutes=6),
        )
        committees.announce(case=case, by=self.chair, at=at + timedelta(hours=3))


def _found(case: Case, plan: dict[str, Any], today: date) -> dict[str, Found]:
    """What the committee found of each part; of what is not yet attained with what it asks, by the
    code of the part, and by when."""
    asked = {item["of"]: item for item in plan.get("asked", [])}
    codes = {str(part.pk): part.target.code for part in _parts_asked(case)}
    found = {}
    for part, outcome in _findings(case, plan["attained"]).items():
        item = asked.get(codes[part]) if outcome == Outcome.NOT_YET else None
        found[part] = (
            Found(
                outcome,
                item["show"],
                today + timedelta(days=item["within"]) if "within" in item else None,
            )
            if item
            else Found(outcome)
        )
    return found


def _findings(case: Case, attained: str) -> dict[str, str]:
    """Of the parts that are asked: attained for those with these codes, or for all; not yet for the
    others."""
    codes = attained.split()
    return {
        str(part.pk): Outcome.ATTAINED
        if attained == "all" or part.target.code in codes
        else Outcome.NOT_YET
        for part in _parts_asked(case)
    }


def _parts_asked(case: Case) -> QuerySet[UnitPart]:
    """Those of the frozen set: what was attained before is not asked again."""
    parts = read(case).evidence_set.frame.parts
    rows = UnitPart.objects.filter(pk__in=[part.id for part in parts])
    return rows.select_related("core_task", "work_process")
