"""Loads sets of evidence from the live rows, now or as of a past moment, as plain facts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, UUIDField

from evidence.models import (
    Attachment,
    Confirmation,
    Evidence,
    Feedback,
    Remark,
    RequirementLink,
    Revision,
)
from files.models import StoredFile
from people.models import Identity
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
from portfolio.joined import Joined, written
from portfolio.models import CheckIn, SetAside
from programmes.models import Enrolment, Guideline, Period, Programme, Track, Unit
from qualifications.models import CoreTask, Place, Wording, WorkProcess

# What facts are made of: read as plain rows where there are many, as models take longer.
OF_REVISION = (
    *("evidence_id", "number", "title", "kind", "happened_on"),
    *("place", "origin", "context", "reflection"),
)
OF_FEEDBACK = (
    *("evidence_id", "person_id", "role", "source"),
    *("given_on", "recorded_at", "place"),
)
# Without a moment to look back at, all that is known counts, whatever this machine's clock says.
EVER = datetime.max.replace(tzinfo=UTC)


def load(
    enrolment: Enrolment, *, unit: Unit | None = None, as_of: datetime | None = None
) -> EvidenceSet:
    """Load the set of one enrolment; see `load_many`."""
    return load_many([enrolment], unit=unit, as_of=as_of)[enrolment.pk]


def load_many(
    enrolments: Iterable[Enrolment], *, unit: Unit | None = None, as_of: datetime | None = None
) -> dict[UUID, EvidenceSet]:
    """Load the sets of these enrolments (with `student` selected), by enrolment id: all kept
    evidence laid against the requirements of their tracks, or of one unit, as it stood at the aware
    moment `as_of` (default: now). Always in the same order, so that the same set gives the same
    bytes. 13 queries, 15 with a unit, however many enrolments."""
    moment = as_of or EVER
    enrolments = list(enrolments)
    tracks = defaultdict(set)
    for track in Track.objects.as_of(moment).filter(enrolment__in=enrolments):
        tracks[track.enrolment_id].add(track.qualification_id)
    structure = _structure(set().union(*tracks.values()), unit, moment)
    programmes = _programmes({enrolment.programme_id for enrolment in enrolments}, moment)
    shown = _shown(enrolments, structure.requirements.keys(), moment)
    aside = _aside(enrolments, unit, moment)
    check_ins = _check_ins(enrolments, moment)
    sets = {}
    for enrolment in enrolments:
        programme = programmes[enrolment.programme_id]
        frame = _frame(enrolment, programme, unit, structure, tracks[enrolment.pk])
        order = {fact.id: number for number, fact in enumerate(frame.requirements)}
        pieces = tuple(_within(order, shown.pieces[enrolment.student_id]))
        given = tuple(
            item
            if (within := _remarked(order, item.remarks)) == item.remarks
            else replace(item, remarks=within)
            for piece in pieces
            for item in shown.feedback[piece.id]
        )
        named = {item.giver: shown.givers[item.giver] for item in given}
        student = PersonFact(frame.student, enrolment.student.name)
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


def live_frame(enrolment: Enrolment, qualifications: set[UUID], unit: Unit | None = None) -> Frame:
    """Load the frame of these qualifications, or of one unit, in the programme of an enrolment, as
    it is now; of no student, so that it is the same for all who are in it. Six queries, seven with
    a unit."""
    structure = _structure(qualifications, unit, EVER)
    programme = _programmes({enrolment.programme_id}, EVER)[enrolment.programme_id]
    return replace(_frame(enrolment, programme, unit, structure, qualifications), student="")


@dataclass(frozen=True, slots=True)
class _Structure:
    """What must be shown: core tasks by qualification, in order, and the requirements in them by
    id. `whole` names the core tasks of which nothing is left out."""

    core_tasks: dict[UUID, list[CoreTaskFact]]
    requirements: dict[str, RequirementFact]
    parts: tuple[PartFact, ...]
    whole: frozenset[str]


def _structure(qualifications: set[UUID], unit: Unit | None, moment: datetime) -> _Structure:
    """Load what must be shown, in three queries, four with a unit."""
    parts = []
    if unit:
        parts = list(unit.parts.as_of(moment).select_related("core_task", "work_process"))
    asked = Q()
    if unit:
        asked = Q(core_task__in=[part.core_task_id for part in parts if part.core_task_id]) | Q(
            pk__in=[part.work_process_id for part in parts if part.work_process_id]
        )
    worded = Wording.objects.as_of(moment).filter(requirement=OuterRef("requirement"))
    places = (
        Place.objects.select_related("requirement")
        .annotate(plain=Subquery(worded.values("text")))
        .order_by("order")
    )
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
            ids = []
            place: Any  # with the wording of the moment
            for place in process.places.all():
                key, text = str(place.requirement_id), place.requirement.text
                requirements[key] = RequirementFact(key, place.plain or text, text)
                ids.append(key)
            facts.append(WorkProcessFact(str(process.pk), process.code, process.title, tuple(ids)))
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
    """Load these programmes, by id, with qualification, and the periods and guidelines of the
    moment. Three queries."""
    guidelines = Guideline.objects.as_of(moment).order_by("recorded_at", "pk")
    rows = Programme.objects.select_related("qualification").prefetch_related(
        Prefetch("periods", queryset=Period.objects.as_of(moment)),
        Prefetch("guidelines", queryset=guidelines),
    )
    return {row.pk: row for row in rows.filter(pk__in=wanted)}


def _frame(
    enrolment: Enrolment,
    programme: Programme,
    unit: Unit | None,
    structure: _Structure,
    qualifications: set[UUID],
) -> Frame:
    """Make the frame of an enrolment's set: the programme's own qualification comes first,
    electives after it."""
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


Order = dict[str, int]  # of the requirements in a frame, by their id


def _within(order: Order, pieces: Iterable[PieceFact]) -> Iterator[PieceFact]:
    """Find the pieces laid against something in the frame, each with what it is laid against there,
    in the order of the frame."""
    for piece in pieces:
        laid = [item for item in piece.laid if item.requirement in order]
        if laid:
            laid.sort(key=lambda item: order[item.requirement])
            yield replace(piece, laid=tuple(laid))


def _remarked(order: Order, remarks: Iterable[RemarkFact]) -> tuple[RemarkFact, ...]:
    """Find the remarks on the whole and on what is in the frame, each with what it is about there,
    in the order of the frame. What was said of other requirements is not for who looks at this
    frame."""
    found = []
    for remark in remarks:
        about = (line for line in remark.requirements if line in order)
        within = tuple(sorted(about, key=order.__getitem__))
        if within or remark.on_whole:
            found.append(RemarkFact(remark.text, within, remark.on_whole))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The students' pieces by student, newest act first; feedback by piece, newest first; givers
    by id."""

    pieces: dict[UUID, list[PieceFact]]
    feedback: dict[str, list[FeedbackFact]]
    givers: dict[str, PersonFact]


def _shown(enrolments: list[Enrolment], requirements: Iterable[str], moment: datetime) -> _Shown:
    """Load what is shown of these requirements, in five queries. Each asks by student, never by a
    list of pieces, which could be longer than a database takes."""
    students = {enrolment.student_id for enrolment in enrolments}
    links = RequirementLink.objects.as_of(moment).filter(
        evidence__owner__in=students, requirement__in=[UUID(key) for key in requirements]
    )
    kept = Evidence.objects.kept_at(moment).filter(
        Exists(links.filter(evidence=OuterRef("pk"))), owner__in=students
    )
    revisions = Revision.objects.as_of(moment).filter(evidence__in=kept)
    given = Feedback.objects.as_of(moment).filter(evidence__in=kept)

    laid: dict[UUID, list[LaidFact]] = defaultdict(list)
    each = links.order_by("recorded_at", "pk")
    for piece, line, why, at in each.values_list("evidence", "requirement", "why", "recorded_at"):
        laid[piece].append(LaidFact(str(line), why, at))
    attached = Attachment.objects.filter(revision__in=revisions).select_related("file__cleaned")
    files = _grouped(attached.order_by("order", "pk"), "revision_id")
    remarks = _remarks(given, requirements)
    shown = _Shown(defaultdict(list), defaultdict(list), {})
    rows: QuerySet[Any] = revisions.annotate(owner=F("evidence__owner"))
    makers: dict[str, UUID] = {}
    rows = rows.order_by("-happened_on", "-recorded_at", "pk")
    for row in rows.values_list("pk", *OF_REVISION, "owner", named=True):
        fact = piece_fact(row, laid[row.evidence_id], files[row.pk])
        shown.pieces[row.owner].append(fact)
        makers[fact.id] = row.owner

    def counted_as(person: str) -> Subquery:
        rows = Identity.objects.as_of(moment).filter(person=OuterRef(person))
        return Subquery(rows.values("counts_as")[:1], output_field=UUIDField())

    word = Confirmation.objects.filter(feedback=OuterRef("pk"), recorded_at__lte=moment)
    answers: QuerySet[Any] = given.annotate(
        was_confirmed=Subquery(word.values("confirmed")),
        counts_as=counted_as("person"),
        student_counts_as=counted_as("evidence__owner"),
        seen=F("revision__number"),
    )
    answers = answers.order_by("-recorded_at", "pk")
    also = ("was_confirmed", "counts_as", "student_counts_as", "seen")
    for answer in answers.values_list("pk", "spoke_as", *OF_FEEDBACK, *also, named=True):
        said = feedback_fact(
            answer,
            remarks[answer.pk],
            revision=answer.seen,
            confirmed=answer.was_confirmed,
            counts_as=answer.counts_as,
        )
        if said.counted == str(answer.student_counts_as or makers[said.piece]):
            continue  # who turned out to be the maker of the piece themselves
        shown.feedback[said.piece].append(said)
        shown.givers.setdefault(said.giver, PersonFact(said.giver, answer.spoke_as))
    return shown


def _grouped(rows: Iterable[Any], by: str) -> dict[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, by)].append(row)
    return groups


def piece_fact(
    row: Any,
    laid: Iterable[LaidFact] = (),
    attachments: Iterable[Attachment] = (),
) -> PieceFact:
    """Make the fact of a piece as this revision has it, or a row of what OF_REVISION names. No
    query."""
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
        laid=tuple(laid),
        files=tuple(_file(attachment) for attachment in attachments),
    )


def _file(attachment: Attachment) -> FileFact:
    file, shown = attachment.file, attachment.file.shown
    if shown is None:
        return FileFact(
            id=str(attachment.pk),
            digest="",
            media_type=file.media_type,
            kind=file.kind,
            name=attachment.name,
            size=0,
            state=StoredFile.Preparation.FAILED if file.erased_at else file.preparation,
        )
    return FileFact(
        id=str(attachment.pk),
        digest=shown.digest,
        media_type=shown.media_type,
        kind=shown.kind,
        name=attachment.name,
        size=shown.size,
        file=str(shown.pk),
    )


def _remarks(
    given: QuerySet[Feedback], requirements: Iterable[str]
) -> dict[UUID, list[RemarkFact]]:
    """Load the remarks by feedback, in their order, with what they are about of these requirements.
    One query."""
    known = {written(key): key for key in requirements}
    remarks: dict[UUID, list[RemarkFact]] = defaultdict(list)
    rows = Remark.objects.filter(feedback__in=given).order_by("order")
    about = rows.annotate(lines=Joined("about__requirement"))
    for feedback, text, on_whole, lines in about.values_list(
        "feedback", "text", "on_whole", "lines"
    ):
        of = tuple(known[line] for line in (lines or "").split(",") if line in known)
        remarks[feedback].append(RemarkFact(text, of, on_whole))
    return remarks


def feedback_fact(
    row: Any,
    remarks: Iterable[RemarkFact] = (),
    *,
    confirmed: bool | None,
    counts_as: UUID | None = None,
    revision: int | None = None,
) -> FeedbackFact:
    """Make the fact of a feedback that was read with its revision, or of a row of what OF_FEEDBACK
    names, with the number of the `revision`: of what was noted whether it was `confirmed`. No
    query."""
    standing = row.source
    if confirmed is not None:
        standing = CONFIRMED if confirmed else DENIED
    return FeedbackFact(
        id=str(row.pk),
        piece=str(row.evidence_id),
        revision=row.revision.number if revision is None else revision,
        giver=str(row.person_id),
        role=row.role,
        standing=standing,
        given_on=row.given_on,
        recorded_at=row.recorded_at,
        place=row.place,
        remarks=tuple(remarks),
        counts_as=str(counts_as or ""),
    )


def _aside(
    enrolments: list[Enrolment], unit: Unit | None, moment: datetime
) -> dict[UUID, dict[str, str]]:
    """Load the reasons by piece, by enrolment, of what was set aside for the unit. One query with a
    unit."""
    reasons: dict[UUID, dict[str, str]] = defaultdict(dict)
    if unit:
        for row in SetAside.objects.as_of(moment).filter(enrolment__in=enrolments, unit=unit):
            reasons[row.enrolment_id][str(row.evidence_id)] = row.reason
    return reasons


def _check_ins(enrolments: list[Enrolment], moment: datetime) -> dict[UUID, list[CheckInFact]]:
    """Load the check-ins by enrolment, newest first. One query."""
    held: dict[UUID, list[CheckInFact]] = defaultdict(list)
    rows = CheckIn.objects.as_of(moment).filter(enrolment__in=enrolments)
    for row in rows.order_by("-held_on", "-recorded_at", "pk"):
        held[row.enrolment_id].append(CheckInFact(str(row.pk), row.held_on, row.light, row.summary))
    return held
