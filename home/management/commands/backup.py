from argparse import ArgumentParser
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from home.backups import FILES, BackupRefused
from home.backups.making import make_backup
from records.management.commands.verify_records import counted


class Command(BaseCommand):
    help = (
        "Write database, files and checkpoints, as they are at one moment, to one file, while "
        "people go on working; encrypted for the age keys in BACKUP_KEYS. Exit 1 and the names of "
        "files that are not as they were stored, which are in it as they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target",
            type=Path,
            help=(
                "a folder that is there, where it is named by the moment; or a file that is not, "
                "ending in .tar, or .age where it is encrypted"
            ),
        )

    def handle(self, *_: Any, target: Path, **__: Any) -> None:
        begun = monotonic()
        try:
            backup = make_backup(target)
        except (BackupRefused, OSError) as refusal:
            raise CommandError(f"No backup was made. {refusal}") from None
        files = sum(name.startswith(FILES) for name, kept in backup.members.items() if kept)
        size = filesizeformat(backup.path.stat().st_size)
        took = monotonic() - begun
        self.stdout.write(
            f"{backup.path}: the database and {counted(files, 'file')}, {size}, {took:.1f} s"
        )
        if not backup.is_encrypted:
            self.stdout.write("It is not encrypted: BACKUP_KEYS names no key.")
        for fault in backup.faults:
            self.stdout.write(f"FAULT: {fault}")
        if backup.faults:
            raise CommandError(f"{counted(len(backup.faults), 'file')} not as stored")
