"""Loads sets of evidence from the live rows, now or as of a past moment, as plain facts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q

from evidence.models import Attachment, Evidence, Feedback, Remark, RequirementLink, Revision
from files.models import StoredFile
from portfolio.evidence_set import (
    CONFIRMED,
    DENIED,
    CheckInFact,
    CoreTaskFact,
    EvidenceSet,
    FeedbackFact,
    FileFact,
    Frame,
    GuidelineFact,
    LaidFact,
    PartFact,
    PeriodFact,
    PersonFact,
    PieceFact,
    RemarkFact,
    RequirementFact,
    SetAsideFact,
    WorkProcessFact,
)
from portfolio.models import CheckIn, SetAside
from programmes.models import Enrolment, Guideline, Programme, Track, Unit
from qualifications.models import CoreTask, Place, WorkProcess

# Without a moment to look back at, all that is known counts, whatever this machine's clock says.
EVER = datetime.max.replace(tzinfo=UTC)


def load(
    enrolment: Enrolment, *, unit: Unit | None = None, as_of: datetime | None = None
) -> EvidenceSet:
    """The set of one enrolment; see `load_many`."""
    return load_many([enrolment], unit=unit, as_of=as_of)[enrolment.pk]


def load_many(
    enrolments: Iterable[Enrolment], *, unit: Unit | None = None, as_of: datetime | None = None
) -> dict[UUID, EvidenceSet]:
    """The sets of these enrolments (with `student` selected), by enrolment id: all kept evidence
    laid against the requirements of their tracks, or of one unit, as it stood at the aware moment
    `as_of` (default: now). Always in the same order, so that the same set gives the same bytes.
    13 queries, 15 with a unit, however many enrolments."""
    moment = as_of or EVER
    enrolments = list(enrolments)
    tracks = defaultdict(set)
    for track in Track.objects.as_of(moment).filter(enrolment__in=enrolments):
        tracks[track.enrolment_id].add(track.qualification_id)
    structure = _structure(set().union(*tracks.values()), unit)
    programmes = _programmes({enrolment.programme_id for enrolment in enrolments}, moment)
    shown = _shown(enrolments, structure.requirements.keys(), moment)
    aside = _aside(enrolments, unit, moment)
    check_ins = _check_ins(enrolments, moment)
    sets = {}
    for enrolment in enrolments:
        programme = programmes[enrolment.programme_id]
        frame = _frame(enrolment, programme, unit, structure, tracks[enrolment.pk])
        pieces = tuple(_within(frame, shown.pieces[enrolment.student_id]))
        given = tuple(
            replace(item, remarks=tuple(_remarked(frame, item.remarks)))
            for piece in pieces
            for item in shown.feedback[piece.id]
        )
        named = {item.giver: shown.givers[item.giver] for item in given}
        student = PersonFact(frame.student, enrolment.student.name, frame.student)
        reasons = aside[enrolment.pk]
        sets[enrolment.pk] = EvidenceSet(
            frame=frame,
            pieces=pieces,
            feedback=given,
            people=(student, *named.values()),
            set_aside=tuple(
                SetAsideFact(piece.id, piece.title, reasons[piece.id], piece.revision)
                for piece in pieces
                if piece.id in reasons
            ),
            check_ins=tuple(check_ins[enrolment.pk]),
        )
    return sets


@dataclass(frozen=True, slots=True)
class _Structure:
    """What must be shown: core tasks by qualification, in order, and the requirements in them by
    id. `whole` names the core tasks of which nothing is left out."""

    core_tasks: dict[UUID, list[CoreTaskFact]]
    requirements: dict[str, RequirementFact]
    parts: tuple[PartFact, ...]
    whole: frozenset[str]


def _structure(qualifications: set[UUID], unit: Unit | None) -> _Structure:
    """Three queries, four with a unit."""
    parts = list(unit.parts.select_related("core_task", "work_process")) if unit else []
    asked = Q()
    if unit:
        asked = Q(core_task__in=[part.core_task_id for part in parts if part.core_task_id]) | Q(
            pk__in=[part.work_process_id for part in parts if part.work_process_id]
        )
    places = Place.objects.select_related("requirement").order_by("order")
    processes = (
        WorkProcess.objects.filter(asked)
        .order_by("order")
        .prefetch_related(Prefetch("places", queryset=places))
    )
    tasks: dict[UUID, list[CoreTaskFact]] = defaultdict(list)
    requirements: dict[str, RequirementFact] = {}
    rows = (
        CoreTask.objects.filter(qualification__in=qualifications)
        .select_related("qualification")
        .order_by("order")
        .prefetch_related(Prefetch("work_processes", queryset=processes))
    )
    for task in rows:
        facts = []
        for process in task.work_processes.all():
            lines = [place.requirement for place in process.places.all()]
            requirements |= {
                str(line.pk): RequirementFact(str(line.pk), line.words, line.text) for line in lines
            }
            ids = tuple(str(line.pk) for line in lines)
            facts.append(WorkProcessFact(str(process.pk), process.code, process.title, ids))
        if facts:
            tasks[task.qualification_id].append(
                CoreTaskFact(
                    str(task.pk), task.code, task.title, tuple(facts), task.qualification.title
                )
            )
    whole = [part.core_task_id for part in parts] if unit else [task.pk for task in rows]
    return _Structure(
        tasks,
        requirements,
        tuple(PartFact(str(part.pk), str(part)) for part in parts),
        frozenset(str(key) for key in whole),
    )


def _programmes(wanted: set[UUID], moment: datetime) -> dict[UUID, Programme]:
    """With qualification, periods, and the guidelines of the moment. Three queries."""
    guidelines = Guideline.objects.as_of(moment).order_by("recorded_at", "pk")
    rows = Programme.objects.select_related("qualification").prefetch_related(
        "periods", Prefetch("guidelines", queryset=guidelines)
    )
    return {row.pk: row for row in rows.filter(pk__in=wanted)}


def _frame(
    enrolment: Enrolment,
    programme: Programme,
    unit: Unit | None,
    structure: _Structure,
    qualifications: set[UUID],
) -> Frame:
    """The programme's own qualification comes first, electives after it."""
    tasks = tuple(
        task
        for key in sorted(qualifications, key=lambda key: (key != programme.qualification_id, key))
        for task in structure.core_tasks[key]
    )
    if len({task.qualification for task in tasks}) == 1:
        tasks = tuple(replace(task, qualification="") for task in tasks)
    lines = dict.fromkeys(
        line for task in tasks for process in task.work_processes for line in process.requirements
    )
    # A guideline on a core task says nothing of a unit that holds only a part of it.
    things = structure.whole | lines.keys()
    things |= {process.id for task in tasks for process in task.work_processes}
    guidelines = (
        GuidelineFact(
            str(row.core_task_id or row.work_process_id or row.requirement_id),
            row.pieces,
            row.people,
            row.roles,
        )
        for row in programme.guidelines.all()
    )
    return Frame(
        student=str(enrolment.student_id),
        programme=str(programme),
        framework=programme.qualification.framework,
        unit=unit.title if unit else "",
        parts=structure.parts,
        core_tasks=tasks,
        requirements=tuple(structure.requirements[key] for key in lines),
        periods=tuple(
            PeriodFact(row.name, row.starts_on, row.ends_on) for row in programme.periods.all()
        ),
        guidelines=tuple(item for item in guidelines if item.on in things),
    )


def _within(frame: Frame, pieces: Iterable[PieceFact]) -> Iterator[PieceFact]:
    """The pieces laid against something in the frame, each with what it is laid against there, in
    the order of the frame."""
    order = {fact.id: number for number, fact in enumerate(frame.requirements)}
    for piece in pieces:
        laid = [item for item in piece.laid if item.requirement in order]
        if laid:
            laid.sort(key=lambda item: order[item.requirement])
            yield replace(piece, laid=tuple(laid))


def _remarked(frame: Frame, remarks: Iterable[RemarkFact]) -> Iterator[RemarkFact]:
    """The remarks on the whole and on what is in the frame, in its order. What was said of other
    requirements is not for who looks at this frame."""
    found = {item.requirement: item for item in remarks}
    for key in (None, *(fact.id for fact in frame.requirements)):
        if key in found:
            yield found[key]


@dataclass(frozen=True, slots=True)
class _Shown:
    """The students' pieces by student, newest act first; feedback by piece, newest first; givers
    by id."""

    pieces: dict[UUID, list[PieceFact]]
    feedback: dict[str, list[FeedbackFact]]
    givers: dict[str, PersonFact]


def _shown(enrolments: list[Enrolment], requirements: Iterable[str], moment: datetime) -> _Shown:
    """Five queries. Each asks by student, never by a list of pieces, which could be longer than a
    database takes."""
    students = {enrolment.student_id for enrolment in enrolments}
    links = RequirementLink.objects.as_of(moment).filter(
        evidence__owner__in=students, requirement__in=list(requirements)
    )
    kept = Evidence.objects.filter(
        Exists(links.filter(evidence=OuterRef("pk"))),
        Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment),
        owner__in=students,
        recorded_at__lte=moment,
    )
    known = Revision.objects.filter(evidence__in=kept, recorded_at__lte=moment)
    later = known.filter(evidence=OuterRef("evidence"), number__gt=OuterRef("number"))
    revisions = known.filter(~Exists(later))
    given = Feedback.objects.filter(evidence__in=kept, recorded_at__lte=moment)

    laid = _grouped(links.order_by("recorded_at", "pk"), "evidence_id")
    attached = Attachment.objects.filter(revision__in=revisions).select_related("file__shown")
    files = _grouped(attached.order_by("order", "pk"), "revision_id")
    remarks = _grouped(Remark.objects.filter(feedback__in=given), "feedback_id")
    shown = _Shown(defaultdict(list), defaultdict(list), {})
    rows = revisions.select_related("evidence").order_by("-happened_on", "-recorded_at", "pk")
    for row in rows:
        shown.pieces[row.evidence.owner_id].append(
            _piece(row, laid[row.evidence_id], files[row.pk])
        )
    answers = given.select_related("giver", "revision", "confirmation")
    for answer in answers.order_by("-recorded_at", "pk"):
        fact = _feedback(answer, remarks[answer.pk], moment)
        shown.feedback[fact.piece].append(fact)
        shown.givers[fact.giver] = PersonFact(
            fact.giver, answer.giver.name, str(answer.giver.user_id or "")
        )
    return shown


def _grouped(rows: Iterable[Any], by: str) -> dict[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, by)].append(row)
    return groups


def _piece(
    row: Revision, links: Iterable[RequirementLink], attachments: Iterable[Attachment]
) -> PieceFact:
    return PieceFact(
        id=str(row.evidence_id),
        revision=row.number,
        title=row.title,
        kind=row.kind,
        happened_on=row.happened_on,
        place=row.place,
        origin=row.origin,
        context=row.context,
        reflection=row.reflection,
        laid=tuple(
            LaidFact(str(link.requirement_id), link.why, link.recorded_at) for link in links
        ),
        files=tuple(_file(attachment) for attachment in attachments),
    )


def _file(attachment: Attachment) -> FileFact:
    shown = attachment.file.shown or StoredFile(
        digest="", media_type=attachment.file.media_type, kind=attachment.file.kind, size=0
    )
    return FileFact(
        str(attachment.pk), shown.digest, shown.media_type, shown.kind, attachment.name, shown.size
    )


def _feedback(row: Feedback, remarks: Iterable[Remark], moment: datetime) -> FeedbackFact:
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
            for remark in remarks
        ),
    )


def _aside(
    enrolments: list[Enrolment], unit: Unit | None, moment: datetime
) -> dict[UUID, dict[str, str]]:
    """Reasons by piece, by enrolment, of what was set aside for the unit. One query with a unit."""
    reasons: dict[UUID, dict[str, str]] = defaultdict(dict)
    if unit:
        for row in SetAside.objects.as_of(moment).filter(enrolment__in=enrolments, unit=unit):
            reasons[row.enrolment_id][str(row.evidence_id)] = row.reason
    return reasons


def _check_ins(enrolments: list[Enrolment], moment: datetime) -> dict[UUID, list[CheckInFact]]:
    """Newest first. One query."""
    held: dict[UUID, list[CheckInFact]] = defaultdict(list)
    rows = CheckIn.objects.filter(enrolment__in=enrolments, recorded_at__lte=moment)
    for row in rows.order_by("-held_on", "-recorded_at", "pk"):
        held[row.enrolment_id].append(CheckInFact(str(row.pk), row.held_on, row.light, row.summary))
    return held
