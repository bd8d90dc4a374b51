"""The set of evidence as plain facts.

Everything that shows a set (coverage, dossier, check-in) is drawn from an `EvidenceSet`. It is
loaded from the live rows, now or as of a past moment, or read back from a committee's frozen
snapshot: the same facts either way, so that student, adviser and committee see the same thing.
People appear by id; their names stand apart, so that a name can be erased by itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import Prefetch, Q
from django.utils import timezone

from evidence.models import Attachment, Evidence, Feedback, RequirementLink, Revision
from portfolio.models import CheckIn, SetAside
from programmes.models import Enrolment, Guideline, Programme, Track, Unit
from qualifications.models import CoreTask, Place, WorkProcess
from records.models import StoredFile

Fact = TypeVar("Fact")

# --- What must be shown ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequirementFact:
    id: str
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkProcessFact:
    id: str
    code: str
    title: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoreTaskFact:
    id: str
    code: str
    title: str
    work_processes: tuple[WorkProcessFact, ...]


@dataclass(frozen=True, slots=True)
class PeriodFact:
    name: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class GuidelineFact:
    """`on` is the id of a core task, a work process or a requirement."""

    on: str
    pieces: int
    people: int
    roles: int


@dataclass(frozen=True, slots=True)
class PartFact:
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Against what the set is held: the requirements of an enrolment, or of one unit of it."""

    student: str
    programme: str
    framework: str
    unit: str
    parts: tuple[PartFact, ...]
    core_tasks: tuple[CoreTaskFact, ...]
    requirements: tuple[RequirementFact, ...]
    periods: tuple[PeriodFact, ...]
    guidelines: tuple[GuidelineFact, ...]


# --- What was shown -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file as others see it: the digest is that of the cleaned derivative, empty while there
    is none."""

    id: str
    digest: str
    media_type: str
    kind: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class LaidFact:
    requirement: str
    why: str


@dataclass(frozen=True, slots=True)
class PieceFact:
    id: str
    revision: int
    title: str
    kind: str
    happened_on: date
    place: str
    origin: str
    context: str
    reflection: str
    laid: tuple[LaidFact, ...]
    files: tuple[FileFact, ...]


@dataclass(frozen=True, slots=True)
class RemarkFact:
    """Without a requirement: about the whole. Without a text: see the feedback's."""

    requirement: str | None
    text: str


@dataclass(frozen=True, slots=True)
class FeedbackFact:
    """`standing` is written, noted (not yet confirmed), confirmed or denied."""

    id: str
    piece: str
    revision: int
    giver: str
    role: str
    standing: str
    given_on: date
    recorded_at: datetime
    place: str
    text: str
    remarks: tuple[RemarkFact, ...]


@dataclass(frozen=True, slots=True)
class PersonFact:
    """Somebody in the set. `user` is their account's id, where they have one: on it a committee
    finds which of its members gave feedback."""

    id: str
    name: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class SetAsideFact:
    piece: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class CheckInFact:
    id: str
    held_on: date
    light: str
    summary: str


@dataclass(frozen=True, slots=True)
class EvidenceSet:
    frame: Frame
    pieces: tuple[PieceFact, ...] = ()
    feedback: tuple[FeedbackFact, ...] = ()
    people: tuple[PersonFact, ...] = ()
    set_aside: tuple[SetAsideFact, ...] = ()
    check_ins: tuple[CheckInFact, ...] = ()

    def name(self, person_id: str) -> str:
        """The person's name; empty when it was erased."""
        return next((person.name for person in self.people if person.id == person_id), "")

    @property
    def answered(self) -> frozenset[str]:
        """Ids of the pieces on which somebody gave feedback that they did not deny."""
        return frozenset(item.piece for item in self.feedback if item.standing != DENIED)

    def without_denied(self) -> "EvidenceSet":
        """What a speaker denied is no feedback; it stays on record elsewhere."""
        return replace(
            self, feedback=tuple(item for item in self.feedback if item.standing != DENIED)
        )

    def that_counts(self) -> "EvidenceSet":
        """What enters the frozen set: all answered evidence laid against the unit, minus what the
        student set aside. (domain rule 11)"""
        counting = self.answered - {item.piece for item in self.set_aside}
        feedback = tuple(item for item in self.without_denied().feedback if item.piece in counting)
        named = {item.giver for item in feedback} | {self.frame.student}
        return replace(
            self,
            pieces=tuple(piece for piece in self.pieces if piece.id in counting),
            feedback=feedback,
            people=tuple(person for person in self.people if person.id in named),
        )


WRITTEN, NOTED, CONFIRMED, DENIED = "written", "noted", "confirmed", "denied"


# --- From facts to plain data and back ------------------------------------------------------------


def to_plain(fact: Any) -> Any:
    """Dictionaries, lists, texts and numbers, to be written as canonical JSON."""
    if is_dataclass(fact):
        return {item.name: to_plain(getattr(fact, item.name)) for item in fields(fact)}
    if isinstance(fact, tuple):
        return [to_plain(item) for item in fact]
    return fact.isoformat() if isinstance(fact, date) else fact


def from_plain(kind: type[Fact], plain: dict[str, Any]) -> Fact:
    """The fact that `to_plain` wrote; fields it did not know take their default."""
    hints = get_type_hints(kind)
    return kind(
        **{name: _value(hints[name], value) for name, value in plain.items() if name in hints}
    )


def _value(hint: Any, value: Any) -> Any:
    if get_origin(hint) is UnionType:
        return value
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    if hint in (date, datetime):
        return hint.fromisoformat(value)
    return from_plain(cast(type, hint), value) if is_dataclass(hint) else value


# --- From the live rows ---------------------------------------------------------------------------


def load(
    enrolment: Enrolment, *, unit: Unit | None = None, as_of: datetime | None = None
) -> EvidenceSet:
    """The set of one enrolment; see `load_many`."""
    return load_many([enrolment], unit=unit, as_of=as_of)[enrolment.pk]


def load_many(
    enrolments: Iterable[Enrolment], *, unit: Unit | None = None, as_of: datetime | None = None
) -> dict[UUID, EvidenceSet]:
    """The sets of these enrolments (with programme and student selected), by enrolment id: all
    kept evidence laid against the requirements of their tracks, or of one unit, as it stood at
    the aware moment `as_of` (default: now). 14 queries, however many enrolments."""
    moment = as_of or timezone.now()
    enrolments = list(enrolments)
    tracks = defaultdict(set)
    for track in Track.objects.as_of(moment).filter(enrolment__in=enrolments):
        tracks[track.enrolment_id].add(track.qualification_id)
    structure = _structure(set().union(*tracks.values()), unit)
    rules = _rules({enrolment.programme_id for enrolment in enrolments}, moment)
    pieces, feedback, givers = _shown(enrolments, moment)
    aside, check_ins = _kept_apart(enrolments, unit, moment)
    sets = {}
    for enrolment in enrolments:
        frame = _frame(enrolment, unit, structure, tracks[enrolment.pk], rules)
        wanted = {requirement.id for requirement in frame.requirements}
        laid = [
            replace(piece, laid=kept)
            for piece in pieces[enrolment.student_id]
            if (kept := tuple(item for item in piece.laid if item.requirement in wanted))
        ]
        given = tuple(item for piece in laid for item in feedback[piece.id])
        named = {item.giver: givers[item.giver] for item in given}
        student = PersonFact(
            str(enrolment.student_id), enrolment.student.name, str(enrolment.student_id)
        )
        sets[enrolment.pk] = EvidenceSet(
            frame=frame,
            pieces=tuple(laid),
            feedback=given,
            people=(student, *named.values()),
            set_aside=tuple(aside[enrolment.pk]),
            check_ins=tuple(check_ins[enrolment.pk]),
        )
    return sets


@dataclass(frozen=True, slots=True)
class _Structure:
    """Core tasks by qualification, in order, and the requirements in them by id."""

    core_tasks: dict[UUID, list[CoreTaskFact]]
    requirements: dict[str, RequirementFact]
    parts: tuple[PartFact, ...]


def _structure(qualifications: set[UUID], unit: Unit | None) -> _Structure:
    """Four queries, five with a unit."""
    wanted = Q(core_task__qualification__in=qualifications)
    parts = list(unit.parts.select_related("core_task", "work_process")) if unit else []
    if unit:
        wanted &= Q(core_task__in=[part.core_task_id for part in parts if part.core_task_id]) | Q(
            pk__in=[part.work_process_id for part in parts if part.work_process_id]
        )
    places = Place.objects.select_related("requirement").order_by("order")
    processes = (
        WorkProcess.objects.filter(wanted)
        .order_by("order")
        .prefetch_related(Prefetch("places", queryset=places))
    )
    tasks: dict[UUID, list[CoreTaskFact]] = defaultdict(list)
    requirements: dict[str, RequirementFact] = {}
    rows = CoreTask.objects.filter(qualification__in=qualifications).order_by("order")
    for task in rows.prefetch_related(Prefetch("work_processes", queryset=processes)):
        facts = []
        for process in task.work_processes.all():
            lines = [place.requirement for place in process.places.all()]
            requirements |= {
                str(line.pk): RequirementFact(str(line.pk), line.words, line.text) for line in lines
            }
            facts.append(
                WorkProcessFact(
                    str(process.pk),
                    process.code,
                    process.title,
                    tuple(str(line.pk) for line in lines),
                )
            )
        if facts:
            tasks[task.qualification_id].append(
                CoreTaskFact(str(task.pk), task.code, task.title, tuple(facts))
            )
    return _Structure(tasks, requirements, tuple(PartFact(str(p.pk), str(p)) for p in parts))


@dataclass(frozen=True, slots=True)
class _Rules:
    periods: tuple[PeriodFact, ...]
    guidelines: tuple[GuidelineFact, ...]


def _rules(programmes: set[UUID], moment: datetime) -> dict[UUID, _Rules]:
    """Three queries."""
    guidelines = Guideline.objects.as_of(moment)
    rows = Programme.objects.filter(pk__in=programmes).prefetch_related(
        "periods", Prefetch("guidelines", queryset=guidelines)
    )
    return {
        row.pk: _Rules(
            tuple(PeriodFact(p.name, p.starts_on, p.ends_on) for p in row.periods.all()),
            tuple(
                GuidelineFact(
                    str(g.core_task_id or g.work_process_id or g.requirement_id),
                    g.pieces,
                    g.people,
                    g.roles,
                )
                for g in row.guidelines.all()
            ),
        )
        for row in rows
    }


def _frame(
    enrolment: Enrolment,
    unit: Unit | None,
    structure: _Structure,
    qualifications: set[UUID],
    rules: dict[UUID, _Rules],
) -> Frame:
    tasks = tuple(task for key in sorted(qualifications) for task in structure.core_tasks[key])
    ids = dict.fromkeys(
        line for task in tasks for process in task.work_processes for line in process.requirements
    )
    things = {task.id for task in tasks} | ids.keys()
    things |= {process.id for task in tasks for process in task.work_processes}
    own = rules[enrolment.programme_id]
    return Frame(
        student=str(enrolment.student_id),
        programme=str(enrolment.programme),
        framework=enrolment.programme.qualification.framework,
        unit=unit.title if unit else "",
        parts=structure.parts,
        core_tasks=tasks,
        requirements=tuple(structure.requirements[key] for key in ids),
        periods=own.periods,
        guidelines=tuple(item for item in own.guidelines if item.on in things),
    )


_Shown = tuple[dict[UUID, list[PieceFact]], dict[str, list[FeedbackFact]], dict[str, PersonFact]]


def _shown(enrolments: list[Enrolment], moment: datetime) -> _Shown:
    """The students' pieces by student, newest act first; feedback by piece; givers by id. Seven
    queries."""
    files = Attachment.objects.select_related("file__shown")
    revisions = Revision.objects.filter(recorded_at__lte=moment).order_by("-number")
    rows = (
        Evidence.objects.filter(
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment),
            owner__in={enrolment.student_id for enrolment in enrolments},
            recorded_at__lte=moment,
        )
        .filter(links__in=RequirementLink.objects.as_of(moment))
        .distinct()
        .prefetch_related(
            Prefetch("revisions", queryset=revisions),
            Prefetch("revisions__attachments", queryset=files),
            Prefetch("links", queryset=RequirementLink.objects.as_of(moment)),
            Prefetch(
                "feedback",
                queryset=Feedback.objects.filter(recorded_at__lte=moment)
                .select_related("giver", "revision", "confirmation")
                .prefetch_related("remarks"),
            ),
        )
    )
    pieces: dict[UUID, list[PieceFact]] = defaultdict(list)
    feedback: dict[str, list[FeedbackFact]] = {}
    givers: dict[str, PersonFact] = {}
    for row in rows:
        pieces[row.owner_id].append(_piece(row))
        feedback[str(row.pk)] = [_feedback(item, moment) for item in row.feedback.all()]
        givers |= {
            str(item.giver_id): PersonFact(
                str(item.giver_id), item.giver.name, str(item.giver.user_id or "")
            )
            for item in row.feedback.all()
        }
    for own in pieces.values():
        own.sort(key=lambda piece: (piece.happened_on, piece.id), reverse=True)
    return pieces, feedback, givers


def _piece(row: Evidence) -> PieceFact:
    revision = row.revisions.all()[0]
    return PieceFact(
        id=str(row.pk),
        revision=revision.number,
        title=revision.title,
        kind=revision.kind,
        happened_on=revision.happened_on,
        place=revision.place,
        origin=revision.origin,
        context=revision.context,
        reflection=revision.reflection,
        laid=tuple(LaidFact(str(link.requirement_id), link.why) for link in row.links.all()),
        files=tuple(_file(attachment) for attachment in revision.attachments.all()),
    )


def _file(attachment: Attachment) -> FileFact:
    shown = attachment.file.shown or StoredFile(
        digest="", media_type=attachment.file.media_type, kind=attachment.file.kind, size=0
    )
    return FileFact(
        str(attachment.pk), shown.digest, shown.media_type, shown.kind, attachment.name, shown.size
    )


def _feedback(row: Feedback, moment: datetime) -> FeedbackFact:
    confirmation = getattr(row, "confirmation", None)
    standing = row.source
    if confirmation and confirmation.recorded_at <= moment:
        standing = CONFIRMED if confirmation.confirmed else DENIED
    return FeedbackFact(
        id=str(row.pk),
        piece=str(row.evidence_id),
        revision=row.revision.number,
        giver=str(row.giver_id),
        role=row.role,
        standing=standing,
        given_on=row.given_on,
        recorded_at=row.recorded_at,
        place=row.place,
        text=row.text,
        remarks=tuple(
            RemarkFact(str(remark.requirement_id) if remark.requirement_id else None, remark.text)
            for remark in row.remarks.all()
        ),
    )


def _kept_apart(
    enrolments: list[Enrolment], unit: Unit | None, moment: datetime
) -> tuple[dict[UUID, list[SetAsideFact]], dict[UUID, list[CheckInFact]]]:
    """What was set aside (for the unit, where one is asked), and the check-ins. Two queries."""
    aside: dict[UUID, list[SetAsideFact]] = defaultdict(list)
    if unit:
        rows = SetAside.objects.as_of(moment).filter(enrolment__in=enrolments, unit=unit)
        for row in rows.select_related("evidence__current"):
            aside[row.enrolment_id].append(
                SetAsideFact(str(row.evidence_id), str(row.evidence), row.reason)
            )
    check_ins: dict[UUID, list[CheckInFact]] = defaultdict(list)
    held = CheckIn.objects.filter(enrolment__in=enrolments, recorded_at__lte=moment)
    for row in held:
        check_ins[row.enrolment_id].append(
            CheckInFact(str(row.pk), row.held_on, row.light, row.summary)
        )
    return aside, check_ins
