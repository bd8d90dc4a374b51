from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from home.actions import to_erase_again
from home.backups import BackupRefused
from home.backups.restoring import restore_backup
from records.kept import (
    erased_since,
    kept_checkpoints,
    set_lost_checkpoints_aside,
    to_the_minute,
)
from records.management.commands.verify_records import counted


class Command(BaseCommand):
    help = (
        "Put a backup back into an empty installation, and verify the whole record with every "
        "file, also by the checkpoints that are kept in CHECKPOINT_ROOT. Exit 1 and the names of "
        "what is not as it was recorded, what was recorded since the backup was made and is lost, "
        "and what was erased since and is here again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="a file that `backup` wrote")
        parser.add_argument("--identity", type=Path, help="the file with the age key that opens it")
        parser.add_argument(
            "--unproven",
            action="store_true",
            help="also where it does not bear the proof of our SEAL_KEY",
        )

    def handle(
        self,
        *_: Any,
        source: Path,
        identity: Path | None = None,
        unproven: bool = False,
        **__: Any,
    ) -> None:
        try:
            restored = restore_backup(source, identity, unproven=unproven)
        except (BackupRefused, OSError) as refusal:
            raise CommandError(f"Nothing was put back. {refusal}") from None
        made_at = to_the_minute(datetime.fromisoformat(restored.made_at))
        self.stdout.write(
            f"Put back as of {made_at}: the database and {counted(restored.files, 'file')}."
        )
        if restored.unproven:
            self.stdout.write(f"UNPROVEN: {restored.unproven}")
        for fault in restored.faults:
            self.stdout.write(f"FAULT: {fault}")
        for name in restored.other_checkpoints:
            self.stdout.write(
                f"FAULT: {name}: stands in CHECKPOINT_ROOT, stays there, and says something else "
                "than in the backup"
            )
        aside = set_lost_checkpoints_aside()
        if aside:
            self.stdout.write(
                "After that the record went on, which is lost. Tell the auditors and the exam "
                "board: the roots that they were sent since are not here, and letters of decisions "
                "may be out that this record does not know. Those checkpoints are kept as "
                f"{', '.join(aside)}; verify_records --since goes on naming what they "
                "cover."
            )
        again = to_erase_again(erased_since())
        for name, columns in again.erased:
            options = "".join(f" --column {column}" for column in columns)
            self.stdout.write(f"ERASED SINCE: manage.py erase_content {name}{options}")
        for name, why in again.refused:
            self.stdout.write(f"ERASED SINCE, and not to be erased yet: {name}: {why}")
        is_kept = kept_checkpoints() or kept_checkpoints(is_lost=True)
        kept = {"since": str(settings.CHECKPOINT_ROOT)} if is_kept else {}
        amiss = []
        try:
            call_command("verify_records", files=True, stdout=self.stdout, **kept)
        except CommandError as found:
            amiss.append(str(found))
        if count := len(again.erased) + len(again.refused):
            amiss.append(
                f"{counted(count, 'time')} something was erased after this backup was made: erase "
                "it again by the commands above, each with --ground and --by"
            )
        if restored.faults:
            amiss.append(f"{counted(len(restored.faults), 'file')} without a row")
        if count := len(restored.other_checkpoints):
            amiss.append(f"{counted(count, 'checkpoint')} here is not as in the backup")
        if aside and not amiss:
            amiss.append("What was recorded after this backup was made is lost")
        if amiss:
            raise CommandError(f"It is put back, and not all is as it was. {'. '.join(amiss)}")
