from argparse import ArgumentParser
from collections.abc import Collection
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from home.actions import erase_content
from people.access import NotAllowed
from people.models import Account
from records.refusals import NotPossible


class Command(BaseCommand):
    help = (
        "Erase content on a lawful ground, live and in every frozen set. The date, the ground and "
        "who ordered it stay, and verify_records says that it was lawfully removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "what",
            help="a row as the record names it (evidence.revision:…, files.storedfile:…, "
            "people.person:…), or the SHA-256 (hex) of an item of a frozen set",
        )
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            dest="columns",
            help="which column of the row; may be given more than once; default: all that can be",
        )
        parser.add_argument("--ground", required=True, help="the lawful ground, as it will be kept")
        parser.add_argument(
            "--by",
            required=True,
            help="e-mail address of who orders it: exam board or administrator",
        )

    def handle(
        self, *_: Any, what: str, columns: Collection[str], ground: str, by: str, **__: Any
    ) -> None:
        person = Account.objects.filter(sign_in=by.strip().lower()).first()
        if person is None:
            raise CommandError(f"Nobody here has the address {by}.")
        try:
            erased = erase_content(what=what, columns=columns, ground=ground, by=person)
        except (NotAllowed, NotPossible) as refusal:
            raise CommandError(str(refusal)) from None
        for erasure in erased:
            self.stdout.write(f"Erased: {erasure.name}")
