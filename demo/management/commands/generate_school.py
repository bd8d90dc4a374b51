import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.people import PASSWORD
from demo.school import generate
from programmes.models import Enrolment
from records.models import Event
from records.refusals import NotPossible


class Command(BaseCommand):
    help = (
        "Make up a school in an empty database (DEMO=1), for benchmarks and load tests: the same "
        "for the same seed. Broken off, it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--students", type=int, default=200)
        parser.add_argument("--pieces", type=int, default=60, help="of each student")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *_: Any, students: int, pieces: int, seed: int, **__: Any) -> None:
        if not settings.DEMO:
            raise CommandError("A school is made up with DEMO=1 only, where no real people are.")
        if students < 1 or pieces < 0:
            raise CommandError("At least one student, and no fewer than no pieces.")
        started = time.monotonic()
        try:
            for programme in generate(students=students, pieces=pieces, seed=seed):
                spent = time.monotonic() - started
                self.stdout.write(f"{spent:7.1f} s  {programme}")
                self.stdout.flush()
        except NotPossible as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"{Enrolment.objects.count()} students, {Event.objects.count()} events in "
            f"{time.monotonic() - started:.0f} s. Everybody's password: {PASSWORD}"
        )
