"""What the tests of this room start from: dossiers and qualifications, made by its own actions."""

from datetime import date
from pathlib import Path

from django.conf import settings

from people.models import Account, InstitutionRole
from qualifications import actions
from qualifications.models import Dossier, Qualification
from qualifications.parsed import ParsedCoreTask, ParsedQualification, ParsedWorkProcess
from qualifications.sbb import parse_sbb
from tests.factories import LONG_AGO, AccountFactory, InstitutionRoleFactory

SMALL_PATH: Path = settings.BASE_DIR / "qualifications/samples/dossier-klein.xml"
SMALL = SMALL_PATH.read_bytes()


def person_with(role: InstitutionRole.Role | None) -> Account:
    """Somebody who reads English, with this role in the institution."""
    person = AccountFactory(language="en")
    if role:
        InstitutionRoleFactory(person=person, role=role)
    return person


def kept_dossier(content: bytes = SMALL, name: str = "klein.xml") -> Dossier:
    parsed = parse_sbb(content, name=name)
    return actions.keep_dossier(parsed=parsed, content=content, name=name, by=None, at=LONG_AGO)


def imported_draft(code: str = "99901") -> Qualification:
    """A draft from the small dossier; 99901 has 17 lines, two of which stand there twice."""
    dossier = kept_dossier()
    parsed = next(one for one in dossier.parsed().qualifications if one.code == code)
    return actions.import_qualification(dossier=dossier, parsed=parsed, by=None, at=LONG_AGO)


def parsed_with(lines: int, *, code: str = "12345", processes: int = 1) -> ParsedQualification:
    """As read from a file: lines that all differ, dealt out over work processes of two core
    tasks."""
    work_processes = tuple(
        ParsedWorkProcess(
            code=f"B1-K1-W{number + 1}",
            title="Prepares the work",
            description="First.\nThen.",
            result="All is ready.",
            requirements=tuple(
                f"works carefully ({line})" for line in range(number, lines, processes)
            ),
        )
        for number in range(processes)
    )
    middle = processes // 2
    return ParsedQualification(
        code=code,
        title="Example worker",
        level=3,
        edition=date(2026, 8, 1),
        dossier_code="99900",
        dossier_title="Example",
        core_tasks=(
            ParsedCoreTask("B1-K1", "Begins", "Is hard.", "Is alone.", work_processes[:middle]),
            ParsedCoreTask("P1-K1", "Ends", "", "", work_processes[middle:]),
        ),
    )
