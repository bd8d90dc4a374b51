"""No event is large, however much is done at once: it states hashes, ids and figures, and where
there are very many rows, further events state the others."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from committees import actions
from committees.models import Case
from evidence.actions import answer, delete_evidence
from evidence.models import Evidence, Feedback, GiverRole, RequirementLink, Revision
from people.actions import erase_person
from people.models import Person
from programmes.actions import add_unit, change_programme
from programmes.models import Unit
from qualifications.actions import merge_lines
from qualifications.doubles import doubles_of
from qualifications.models import Place, QualityRequirement
from records.models import Event
from tests.committees.factories import MembershipFactory, scene
from tests.evidence import scenes
from tests.evidence.factories import AttachmentFactory, FeedbackRequestFactory, GiverFactory
from tests.factories import (
    LONG_AGO,
    EnrolmentFactory,
    ProgrammeFactory,
    WorkProcessFactory,
)
from tests.recorded import LARGEST, largest_event

pytestmark = pytest.mark.django_db


def pieces_of(owner: Person, count: int) -> list[Revision]:
    """The revisions of so many pieces, laid in bulk."""
    pieces = [Evidence(owner=owner, recorded_at=LONG_AGO) for _ in range(count)]
    Evidence.objects.bulk_create(pieces)
    revisions = [
        Revision(
            evidence=piece, number=1, title="Helped", happened_on=LONG_AGO, recorded_at=LONG_AGO
        )
        for piece in pieces
    ]
    return Revision.objects.bulk_create(revisions)


def answer_on_a_hundred_requirements() -> None:
    place = scenes.scene(lines=100)
    question = FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=place.piece, on=place.lines
    )
    answer(question=question, own=dict.fromkeys(place.lines, "Calm and clear."))


def make_a_unit_of_three_hundred_parts() -> None:
    process = WorkProcessFactory()
    parts = [process, *WorkProcessFactory.create_batch(299, core_task=process.core_task)]
    programme = ProgrammeFactory(qualification=process.core_task.qualification)
    add_unit(
        programme=programme,
        title="All",
        purpose=Unit.Purpose.PHASE,
        parts=parts,
        by=None,
    )


def change_four_hundred_closed_days() -> None:
    """As many as the form takes."""
    days = [date(2026, 8, 1) + timedelta(days=number) for number in range(800)]
    programme = ProgrammeFactory(rules={"closed_days": days[:400]})
    change_programme(
        programme=programme,
        title=programme.title,
        cohort=programme.cohort,
        by=None,
        closed_days=days[400:],
    )


def merge_three_hundred_lines() -> None:
    process = WorkProcessFactory(core_task__qualification__draft=True)
    qualification = process.core_task.qualification
    for under in (process, WorkProcessFactory(core_task=process.core_task)):
        lines = [
            QualityRequirement(qualification=qualification, text=f"works carefully ({number})")
            for number in range(150)
        ]
        QualityRequirement.objects.bulk_create(lines)
        Place.objects.bulk_create(
            Place(requirement=line, work_process=under, order=number)
            for number, line in enumerate(lines)
        )
    doubles = doubles_of(qualification)
    assert len(doubles) == 150
    merge_lines(qualification=qualification, lines=[each.first.pk for each in doubles], by=None)


def put_two_hundred_students_on_the_agenda() -> None:
    made = scene()
    enrolments = EnrolmentFactory.create_batch(
        200, programme=made.programme, adviser_is=made.adviser
    )
    actions.put_on_agenda(
        meeting=made.meeting,
        unit=made.unit,
        enrolments=enrolments,
        by=made.secretary,
        at=LONG_AGO + timedelta(days=1),
    )


def open_the_judgements_of_a_committee_of_fifty() -> None:
    made = scene(state=Case.State.FROZEN)
    seats = MembershipFactory.create_batch(46, committee=made.committee)
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting(made.chair, made.member, *(seat.person.account for seat in seats))
    made.open_judgements()


def delete_a_piece_that_was_laid_three_hundred_times() -> None:
    place = scenes.scene(lines=1)
    RequirementLink.objects.bulk_create(
        RequirementLink(
            evidence=place.piece,
            requirement=place.lines[0],
            recorded_at=LONG_AGO,
            ended_at=LONG_AGO,
        )
        for _ in range(300)
    )
    delete_evidence(evidence=place.piece, by=place.student)


def delete_a_piece_that_had_three_hundred_files() -> None:
    place = scenes.scene(lines=1)
    AttachmentFactory.create_batch(300, revision=place.piece.current)
    delete_evidence(evidence=place.piece, by=place.student)


def erase_who_spoke_of_three_hundred_pieces() -> None:
    made = scene()
    giver = GiverFactory()
    revisions = pieces_of(made.student.person, 300)
    Feedback.objects.bulk_create(
        Feedback(
            evidence=revision.evidence,
            revision=revision,
            enrolment=made.case.enrolment,
            person=giver,
            spoke_as=giver.name,
            role=GiverRole.CLIENT,
            source=Feedback.Source.WRITTEN,
            given_on=LONG_AGO,
            recorded_at=LONG_AGO,
        )
        for revision in revisions
    )
    erase_person(person=giver, ground="They asked for it.", by=None)


def erase_a_student_of_three_hundred_pieces() -> None:
    made = scene(state=Case.State.FROZEN)
    pieces_of(made.student.person, 300)
    erase_person(person=made.student.person, ground="They asked for it.", by=None)


ACTS = [
    answer_on_a_hundred_requirements,
    make_a_unit_of_three_hundred_parts,
    change_four_hundred_closed_days,
    merge_three_hundred_lines,
    put_two_hundred_students_on_the_agenda,
    open_the_judgements_of_a_committee_of_fifty,
    delete_a_piece_that_was_laid_three_hundred_times,
    delete_a_piece_that_had_three_hundred_files,
    erase_who_spoke_of_three_hundred_pieces,
    erase_a_student_of_three_hundred_pieces,
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_however_much_is_done_at_once_no_event_is_large(act: Callable[[], None]) -> None:
    act()

    assert Event.objects.exists()
    assert largest_event() <= LARGEST
