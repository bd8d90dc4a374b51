"""Puts a generated school together: programme by programme, each whole or not at all."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from demo.school.collecting import advise, collect
from demo.school.groundwork import (
    Calendar,
    Groundwork,
    begin_programme,
    groundwork_there,
    lay_groundwork,
    plan_first_meeting,
    qualification_of,
    title_of,
)
from demo.school.learners import enrol_many, learner_of
from demo.school.ledger import Ledger
from demo.school.wording import dice
from people.identity import hold_who_is_who
from people.models import Person
from post.models import OutboxMail
from programmes.models import Enrolment, Programme
from records.checkpoints import make_checkpoint
from records.kept import keep_in_files
from records.models import Checkpoint, Event
from records.refusals import NotPossible

OF_A_PROGRAMME = 100  # students
AT_ONCE = 500  # pieces in memory
ON_AGENDA = 5  # students whose case is on the agenda of the coming meeting


def generate(
    *, students: int, pieces: int, seed: int, today: date | None = None
) -> Iterator[Programme]:
    """Make a school of so many students, each with so many pieces, in an empty database, and put a
    checkpoint over it; yields each programme once it is there. What was broken off goes on where it
    was, with the same seed. Raises NotPossible where something else is there, or the school is
    complete: nothing can be dated before a checkpoint."""
    if Checkpoint.objects.exists():
        raise NotPossible("There is a checkpoint: what is made up would be dated before it.")
    number_of = -(-students // OF_A_PROGRAMME)
    groundwork = groundwork_there(seed, today)
    if groundwork is None:
        if Event.objects.exists() or Person.objects.exists():
            raise NotPossible("This database is not empty. Make another one.")
        groundwork = lay_groundwork(seed=seed, programmes=number_of, today=today)
    there = set(Programme.objects.values_list("title", flat=True))
    for number in range(number_of):
        if title_of(number, qualification_of(groundwork, number)) not in there:
            few = min(OF_A_PROGRAMME, students - number * OF_A_PROGRAMME)
            yield programme_of(groundwork, number, students=few, pieces=pieces)
    end_record()


def programme_of(groundwork: Groundwork, number: int, *, students: int, pieces: int) -> Programme:
    """Make the programme of this number (from 0), with so many students, who each keep so many
    pieces of evidence, in one transaction. Its mail is called off: it would have been read long
    ago."""
    with transaction.atomic():
        hold_who_is_who()
        course = begin_programme(groundwork, number)
        ledger = Ledger(dice(groundwork.seed, number, "students"))
        learners = enrol_many(groundwork, course, number, students, ledger)
        ledger.write()
        try:
            held = 0
            for place, learner in enumerate(learners):
                ledger.rng = dice(groundwork.seed, number, place)
                collect(learner, pieces, ledger.rng, ledger)
                advise(learner, ledger.rng, ledger)
                held += pieces
                if held >= AT_ONCE:
                    ledger.hand_over()
                    held = 0
            ledger.hand_over()
        finally:
            ledger.wait()
        on_agenda = [UUID(learner.enrolment) for learner in learners[:ON_AGENDA]]
        plan_first_meeting(groundwork, course, on_agenda)
        OutboxMail.objects.all().cancel(timezone.now())
    return course.programme


def give_pieces(enrolment: Enrolment, pieces: int, *, seed: int = 0) -> None:
    """Let a student of a generated school keep so many pieces more, in one transaction."""
    ledger = Ledger(dice(seed, enrolment.pk))
    learner = learner_of(enrolment, Calendar(timezone.localdate()))
    collect(learner, pieces, ledger.rng, ledger)
    with transaction.atomic():
        ledger.write()


def end_record() -> None:
    """Put a checkpoint over all that was made, and let PostgreSQL count what there is now, without
    which it reads whole tables; in a school that grows by itself it has done so long before."""
    make_checkpoint()
    keep_in_files()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
