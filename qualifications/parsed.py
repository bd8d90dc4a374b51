"""What an importer read from a file, whatever the format, before anything is stored.

Importers return these; actions turn them into rows. Nothing here knows the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from records.refusals import NotPossible


@dataclass(frozen=True, slots=True)
class ParsedWorkProcess:
    """A step within a core task. ``requirements`` are its lines in file order, doubles included."""

    code: str
    title: str
    description: str
    result: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParsedCoreTask:
    code: str
    title: str
    complexity: str
    responsibility: str
    work_processes: tuple[ParsedWorkProcess, ...]


@dataclass(frozen=True, slots=True)
class ParsedQualification:
    """One qualification. Its key is ``code`` and ``edition`` together; ``level`` may be unknown.
    ``framework`` says how its three levels are called (Qualification.Framework)."""

    code: str
    title: str
    level: int | None
    edition: date
    dossier_code: str
    dossier_title: str
    core_tasks: tuple[ParsedCoreTask, ...]
    framework: str = "dossier"

    @property
    def work_processes(self) -> Iterator[ParsedWorkProcess]:
        return (process for task in self.core_tasks for process in task.work_processes)

    @property
    def work_process_count(self) -> int:
        return sum(1 for _process in self.work_processes)

    @property
    def requirement_count(self) -> int:
        """Places under work processes: a line that stands under two of them counts twice."""
        return sum(len(process.requirements) for process in self.work_processes)


@dataclass(frozen=True, slots=True)
class ImportWarning:
    """Something odd that did no harm: ``where`` it stands and what was made of it, for people."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class ParsedDossier:
    title: str
    code: str
    qualifications: tuple[ParsedQualification, ...]
    warnings: tuple[ImportWarning, ...]


class ImportRefused(NotPossible):
    """The file cannot be read as what it claims to be; nothing of it was used.

    ``message`` (also the exception's text) is a whole sentence for a person, which names file,
    line and element as far as they are known. ``line`` counts from 1.
    """

    def __init__(self, reason: str, *, file: str, element: str = "", line: int | None = None):
        self.file = file
        self.element = element[:80]
        self.line = line
        place = [file]
        if line is not None:
            place.append(_("line %(line)d") % {"line": line})
        if element:
            place.append(_("element “%(element)s”") % {"element": self.element})
        self.message = f"{', '.join(place)}: {reason}"
        super().__init__(self.message)
