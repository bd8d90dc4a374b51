import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from records.kept import (
    KeptCheckpoint,
    Lost,
    faults_since_files,
    faults_since_kept,
    kept_checkpoints,
    lost_since,
    read_kept,
)
from records.verification import Report, bears_our_key, faults_since, verify


class Command(BaseCommand):
    help = (
        "Prove that what was recorded is untouched. Exit 0 and counts when all is well; exit 1 and "
        "the names of what was altered, removed, inserted or lost otherwise; exit 2 for a "
        "checkpoint that is none. Of the files those whose turn it is today: the size of each "
        "within a week, its bytes within 90 days."
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
            nargs="?",
            const=str(settings.CHECKPOINT_ROOT),
            help=(
                "besides, that nothing was removed, put back or written anew since a checkpoint "
                "that somebody kept: its root from a mail or a letter, its file, or a folder of "
                "files; without any, the folder that CHECKPOINT_ROOT names"
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
        if not without_key and not bears_our_key():
            raise CommandError(
                "No chain bears the proof of a key that is here: SEAL_KEY, or SEAL_KEYS, is "
                "another than this record was proven with, or all of it was written anew by who "
                "has not ours. Nothing else was verified; --without-key checks what anybody can."
            )
        found, lost = self._since(since) if since else ([], [])
        day = None if files else timezone.localdate().toordinal()
        report = verify({} if without_key else None, day=day)
        report.faults[:0] = found
        if not report.with_keys:
            self.stdout.write("Without a key: who wrote the events was not checked.")
        elif report.older_heads:
            self.stdout.write(
                f"{counted(report.older_heads, 'chain')} proven with a replaced key: sign_heads "
                "signs them anew. After that, one proven with it was written by who has that key."
            )
        for name in sorted(report.erased):
            self.stdout.write(f"lawfully removed: {name}")
        for each in lost:
            self.stdout.write(f"LOST: {each}")
        for fault in report.faults:
            self.stdout.write(f"FAULT: {fault}")
        said = _counts(report)
        if lost:
            self.stdout.write(
                "Checkpoints cover what is LOST, and it is not here: a backup of before was put "
                "back. Who wrote it, and in what words, is not known here."
            )
        if report.faults or lost:
            amiss = [counted(len(report.faults), "fault")] if report.faults else []
            if lost:
                amiss.append(f"{counted(len(lost), 'chain')} of which something is lost")
            raise CommandError(f"{' and '.join(amiss)}, in {said}")
        self.stdout.write(f"All is as it was recorded: {said}.")
        if report.looked_at < report.files:
            self.stdout.write(
                f"{report.looked_at} of {counted(report.files, 'file')} were looked at today; "
                "--files reads all."
            )

    def _since(self, kept: str) -> tuple[list[str], list[Lost]]:
        """Check what somebody kept, and say what it cannot show."""
        path, root = Path(kept), "".join(kept.split()).lower()
        lost: list[Lost] = []
        if path.is_dir():
            aside = kept_checkpoints(path, is_lost=True)
            if not aside and not kept_checkpoints(path):
                raise CommandError(f"{path} holds no checkpoint-….json.", returncode=2)
            faults = list(faults_since_kept(path))
            lost = lost_since(read_kept(aside, faults))
            note = "What was written after the last of these checkpoints is not covered."
        elif path.is_file():
            try:
                said = KeptCheckpoint.parse(path.name, path.read_bytes())
            except (OSError, ValueError):
                raise CommandError(f"{path} is no file of a checkpoint.", returncode=2) from None
            unproven = [f"{path.name}: {said.fault}"] if said.fault else []
            faults = unproven or list(faults_since_files([said]))
            note = (
                "A file names the chains that moved for its checkpoint. Of the others, and of what "
                "was written after it, only whether the root is that of what stands here."
            )
        elif re.fullmatch("[0-9a-f]{64}", root):
            faults = list(faults_since(root))
            note = (
                "A root shows whether something that it covers was removed, put back or written "
                "anew; which, only as far as it is still known here. What was written after it is "
                "not covered."
            )
        else:
            raise CommandError(
                f"--since takes a root (64 figures and letters a to f), a file or a folder: {kept} "
                f"is none of these. --since alone means {settings.CHECKPOINT_ROOT}.",
                returncode=2,
            )
        self.stdout.write(note)
        return faults, lost


def counted(number: int, what: str) -> str:
    """Write how many there are of what has an English plural in s."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _counts(report: Report) -> str:
    return (
        f"{counted(report.events, 'event')}, {counted(report.rows, 'sealed row')}, "
        f"{counted(report.files, 'file')}; {len(report.erased)} lawfully removed"
    )
