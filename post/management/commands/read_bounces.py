import sys
from argparse import ArgumentParser
from email import message_from_bytes
from mailbox import Maildir, NoSuchMailboxError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from post.bounces import note_bounce


class Command(BaseCommand):
    help = (
        "Read reports of mails that did not arrive: one on standard input, as a mail server hands "
        "it over, or all in a maildir folder. What is understood is removed from the folder; the "
        "rest is marked as seen and left for people to read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="a maildir; without it, one mail")

    def handle(self, *, folder: Path | None, **_options: Any) -> None:
        if folder is None:
            noted = note_bounce(message_from_bytes(sys.stdin.buffer.read()))
            self.stdout.write(f"{noted.pk} did not arrive." if noted else "Nothing to note.")
            return
        try:
            box = Maildir(folder, factory=None, create=False)
            read, noted_count = self._read(box)
        except (NoSuchMailboxError, FileNotFoundError) as fault:
            raise CommandError(f"{folder} is no maildir.") from fault
        self.stdout.write(f"{read} read, {noted_count} noted.")

    def _read(self, box: Maildir) -> tuple[int, int]:
        new = [key for key in box.iterkeys() if box.get_message(key).get_subdir() == "new"]
        count = 0
        for key in new:
            if note_bounce(message_from_bytes(box.get_bytes(key))):
                box.remove(key)
                count += 1
            else:
                message = box.get_message(key)
                message.set_subdir("cur")
                message.add_flag("S")
                box[key] = message
        return len(new), count
