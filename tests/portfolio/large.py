"""A large portfolio, laid in bulk: as many pieces as asked, each with three feedbacks on four
requirements, in a programme of eight periods and a qualification of a hundred lines."""

from datetime import date, timedelta

from evidence.models import (
    Evidence,
    Feedback,
    GiverRole,
    Remark,
    RemarkRequirement,
    RequirementLink,
    Revision,
)
from people.models import Person
from programmes.models import Enrolment, Period, Programme
from qualifications.models import CoreTask, Place, QualityRequirement, WorkProcess
from tests.evidence.factories import GiverFactory, RevisionFactory
from tests.factories import LONG_AGO, CoreTaskFactory, WorkProcessFactory

WORDS = "Stemt met de opdrachtgever af wat er wanneer klaar is, en houdt zich daaraan, regel"
FIRST = date(2024, 9, 1)


def hundred_lines(programme: Programme) -> list[QualityRequirement]:
    """Four more core tasks of five work processes of five requirements, and eight periods."""
    lines: list[QualityRequirement] = []
    places: list[Place] = []
    for number in range(4):
        task: CoreTask = CoreTaskFactory(
            qualification=programme.qualification, order=number + 2, code=f"B2-K{number + 1}"
        )
        for order in range(5):
            process: WorkProcess = WorkProcessFactory(
                core_task=task,
                order=order + 1,
                title="Bereidt het werk voor en bewaakt de planning",
            )
            for place in range(5):
                line = QualityRequirement(
                    qualification=programme.qualification, text=f"{WORDS} {len(lines) + 1}"
                )
                lines.append(line)
                places.append(Place(requirement=line, work_process=process, order=place + 1))
    QualityRequirement.objects.bulk_create(lines)
    Place.objects.bulk_create(places)
    Period.objects.bulk_create(
        Period(
            programme=programme,
            name=f"Periode {number + 1}",
            starts_on=FIRST + timedelta(days=90 * number),
            ends_on=FIRST + timedelta(days=90 * number + 89),
        )
        for number in range(8)
    )
    return lines


def lay(enrolment: Enrolment, lines: list[QualityRequirement], pieces: int) -> None:
    """So many pieces, spread over the periods and the lines, each spoken of by three people of
    forty."""
    givers: list[Person] = GiverFactory.create_batch(40)
    roles = list(GiverRole)
    kept, revisions, links, given = [], [], [], []
    remarks: list[Remark] = []
    about: list[RemarkRequirement] = []
    for number in range(pieces):
        piece = Evidence(owner=enrolment.student, recorded_at=LONG_AGO)
        revision: Revision = RevisionFactory.build(
            evidence=piece,
            number=1,
            title=f"De overdracht van de nieuwe website aan de klant, deel {number + 1}",
            happened_on=FIRST + timedelta(days=number * 719 // max(pieces, 1)),
            context="Wij bouwden met vier studenten een website voor een klant. " * 4,
        )
        kept.append(piece)
        revisions.append(revision)
        on = [lines[(number * 4 + step) % len(lines)] for step in range(4)]
        links += [
            RequirementLink(evidence=piece, requirement=line, recorded_at=LONG_AGO) for line in on
        ]
        for turn in range(3):
            person = (number + turn * 7) % len(givers)
            feedback = Feedback(
                enrolment=enrolment,
                evidence=piece,
                revision=revision,
                person=givers[person],
                role=roles[person % len(roles)],
                source=Feedback.Source.WRITTEN,
                given_on=revision.happened_on,
                recorded_at=LONG_AGO,
            )
            given.append(feedback)
            words = "Je legde rustig uit waarom, en de klant kon het meteen zelf. " * 3
            remark = Remark(feedback=feedback, text=words, recorded_at=LONG_AGO)
            remarks.append(remark)
            about += [
                RemarkRequirement(remark=remark, requirement=line, recorded_at=LONG_AGO)
                for line in on
            ]
    Evidence.objects.bulk_create(kept)
    Revision.objects.bulk_create(revisions)
    for piece, revision in zip(kept, revisions, strict=True):
        piece.current = revision
    Evidence.objects.bulk_update(kept, ["current"], batch_size=100)
    RequirementLink.objects.bulk_create(links)
    Feedback.objects.bulk_create(given)
    Remark.objects.bulk_create(remarks)
    RemarkRequirement.objects.bulk_create(about)
