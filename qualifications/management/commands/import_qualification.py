import json
from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from qualifications import actions
from qualifications.models import Qualification
from qualifications.parsed import ParsedDossier, ParsedQualification
from qualifications.sbb import parse_sbb
from qualifications.xmltree import MAX_BYTES
from records.refusals import NotPossible


class Command(BaseCommand):
    help = "Imports the qualifications of an official dossier, as drafts unless told otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the dossier's file")
        parser.add_argument(
            "--format",
            choices=["auto", "sbb"],
            default="auto",
            help="auto tells by the content; sbb is the XML that SBB publishes",
        )
        parser.add_argument("--crebo", help="only the qualification with this code")
        parser.add_argument(
            "--edition", type=_day, help="only what is valid from this date (2015-08-01)"
        )
        parser.add_argument("--publish", action="store_true", help="publish at once")
        parser.add_argument(
            "--dry-run", action="store_true", help="do all of it, then take it back"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["path"]
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)  # a larger one is refused by the parser
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        try:
            parsed = parse_sbb(content, name=path.name)
            chosen = _chosen(parsed, options["crebo"], options["edition"])
            with transaction.atomic():
                dossier = actions.keep_dossier(
                    parsed=parsed, content=content, name=path.name, by=None
                )
                for one in chosen:
                    imported = actions.import_qualification(dossier=dossier, parsed=one, by=None)
                    if options["publish"] and imported.status == Qualification.Status.DRAFT:
                        actions.publish(qualification=imported, by=None)
                transaction.set_rollback(options["dry_run"])
        except NotPossible as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(_as_json(parsed, chosen) if options["json"] else _as_text(parsed, chosen))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date such as 2015-08-01") from None


def _chosen(
    parsed: ParsedDossier, crebo: str | None, edition: date | None
) -> list[ParsedQualification]:
    """Find the qualifications with this code and edition, where given. Raises NotPossible when
    there are none."""
    chosen = [
        one
        for one in parsed.qualifications
        if crebo in (None, one.code) and edition in (None, one.edition)
    ]
    if not chosen:
        message = _("This file holds no qualification “%(asked)s”. It holds: %(held)s.")
        asked = ", ".join(str(one) for one in (crebo, edition) if one)
        held = ", ".join(f"{one.code} ({one.edition})" for one in parsed.qualifications)
        raise NotPossible(message % {"asked": asked, "held": held})
    return chosen


def _as_json(parsed: ParsedDossier, chosen: Iterable[ParsedQualification]) -> str:
    told = {
        "qualifications": [
            {
                "code": one.code,
                "title": one.title,
                "level": one.level,
                "edition": one.edition.isoformat(),
                "core_tasks": len(one.core_tasks),
                "work_processes": one.work_process_count,
                "requirements": one.requirement_count,
            }
            for one in chosen
        ],
        "warnings": [
            {"where": warning.where, "message": warning.message} for warning in parsed.warnings
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=2)


def _as_text(parsed: ParsedDossier, chosen: Iterable[ParsedQualification]) -> str:
    lines = [
        _(
            "%(code)s %(title)s, edition %(edition)s: %(tasks)d core tasks, %(processes)d work "
            "processes, %(requirements)d requirement lines"
        )
        % {
            "code": one.code,
            "title": one.title,
            "edition": one.edition,
            "tasks": len(one.core_tasks),
            "processes": one.work_process_count,
            "requirements": one.requirement_count,
        }
        for one in chosen
    ]
    return "\n".join(
        lines + [f"! {warning.where}: {warning.message}" for warning in parsed.warnings]
    )
