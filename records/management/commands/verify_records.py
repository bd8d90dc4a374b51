import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from records.verification import faults_since, faults_since_files, verify


class Command(BaseCommand):
    help = (
        "Prove that what was recorded is untouched. Exit 0 and counts when all is well; exit 1 and "
        "the names of what was altered, removed or inserted otherwise. Of the files those whose "
        "turn it is today: the size of each within a week, its bytes within 90 days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--files", action="store_true", help="read every file")
        parser.add_argument(
            "--without-key",
            action="store_true",
            help="check only what anybody can: that events follow each other and rows fit them",
        )
        parser.add_argument(
            "--since",
            metavar="CHECKPOINT",
            help=(
                "besides, that nothing was removed, put back or written anew since a checkpoint "
                "that somebody kept: its root from a mail or a letter, its file, or a folder of "
                "files"
            ),
        )

    def handle(
        self,
        *_: Any,
        files: bool = False,
        without_key: bool = False,
        since: str | None = None,
        **__: Any,
    ) -> None:
        found = list(self._since(since)) if since else []
        day = None if files else timezone.localdate().toordinal()
        report = verify({} if without_key else None, day=day)
        report.faults[:0] = found
        if not report.with_keys:
            self.stdout.write("Without a key: who wrote the events was not checked.")
        elif report.older_heads:
            self.stdout.write(
                f"{report.older_heads} chains are proven with a replaced key: sign_heads signs "
                "them anew. After that, one proven with it was written by who has that key."
            )
        for name in sorted(report.erased):
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

    def _since(self, kept: str) -> Iterator[str]:
        """Check what somebody kept, and say what it cannot show."""
        path = Path(kept)
        if path.is_dir():
            files = sorted(path.glob("checkpoint-*.json"))
            if not files:
                raise CommandError(f"{path} holds no checkpoint-….json.")
            yield from faults_since_files([json.loads(file.read_bytes()) for file in files])
            self.stdout.write(
                "What was written after the last of these checkpoints is not covered."
            )
        elif path.is_file():
            yield from faults_since_files([json.loads(path.read_bytes())])
            self.stdout.write(
                "A file names the chains that moved for its checkpoint. Of the others, and of what "
                "was written after it, only whether the root is that of what stands here."
            )
        else:
            yield from faults_since(kept)
            self.stdout.write(
                "A root shows whether something that it covers was removed, put back or written "
                "anew; which, only as far as it is still known here. What was written after it is "
                "not covered."
            )
