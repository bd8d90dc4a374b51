from typing import Any

from django.core.management.base import BaseCommand, CommandError

from records.chain import sign_heads, signing_key
from records.management.commands.verify_records import counted


class Command(BaseCommand):
    help = (
        "Sign the head of every chain with the key that signs now, once a key was replaced: who "
        "has the old one can then write none of them anew. Exit 1 and the chains that do not bear "
        "the proof of the key they name, which are left as they are."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        signed, wrong = sign_heads()
        for key in wrong:
            self.stdout.write(f"FAULT: {key}: its head was altered, or its key is not here")
        number = signing_key()
        self.stdout.write(f"Signed anew with key {number}: {counted(signed, 'chain')}.")
        if wrong:
            raise CommandError(f"{counted(len(wrong), 'head')} not signed")
        self.stdout.write(f"Every chain is proven with key {number}, which signs now.")
