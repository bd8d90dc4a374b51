from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from committees.actions import erase_item
from committees.models import SnapshotItem
from files.keeping import erase_file
from files.models import StoredFile
from people.access import has_role
from people.models import Account, InstitutionRole
from records.refusals import NotPossible


class Command(BaseCommand):
    help = (
        "Erase the content of a stored file or of an item of a frozen set on a lawful ground. Its "
        "hash, the date and the ground stay, and verify_records says that it was lawfully removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("digest", help="the SHA-256 (hex) under which it is kept")
        parser.add_argument("--ground", required=True, help="the lawful ground, as it will be kept")
        parser.add_argument(
            "--by",
            required=True,
            help="e-mail address of who orders it: exam board or administrator",
        )

    def handle(self, *_: Any, digest: str, ground: str, by: str, **__: Any) -> None:
        person = Account.objects.filter(sign_in=by.strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {by}.")
        if not person.is_superuser and not has_role(person, InstitutionRole.Role.EXAM_BOARD):
            raise CommandError("Erasure is ordered by the exam board or an administrator.")
        file = StoredFile.objects.filter(digest=digest).first()
        item = SnapshotItem.objects.filter(digest=digest).first()
        try:
            if file:
                erase_file(file=file, ground=ground, by=person)
            elif item:
                erase_item(item=item, ground=ground, by=person)
            else:
                raise CommandError(f"Nothing is kept under {digest}.")
        except NotPossible as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"Erased: {digest}. Its hash, the date and the ground are on record.")
