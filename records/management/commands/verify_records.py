from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.verification import verify


class Command(BaseCommand):
    help = (
        "Prove that what was recorded is untouched. Exit 0 and counts when all is well; exit 1 and "
        "the names of what was altered, removed or inserted otherwise."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--without-key",
            action="store_true",
            help="check only what anybody can: that events follow each other and rows fit them",
        )

    def handle(self, *_: Any, without_key: bool = False, **__: Any) -> None:
        report = verify({} if without_key else None)
        if not report.with_keys:
            self.stdout.write("Without a key: who wrote the events was not checked.")
        elif report.older_heads:
            self.stdout.write(
                f"{report.older_heads} chains are proven with a replaced key: sign_heads signs "
                "them anew. After that, one proven with it was written by who has that key."
            )
        for name in report.erased:
            self.stdout.write(f"lawfully removed: {name}")
        for fault in report.faults:
            self.stdout.write(f"FAULT: {fault}")
        counts = (
            f"{report.events} events, {report.rows} sealed rows, {report.files} files; "
            f"{len(report.erased)} lawfully removed"
        )
        if report.faults:
            raise CommandError(f"{len(report.faults)} faults in {counts}")
        self.stdout.write(f"All is as it was recorded: {counts}.")
