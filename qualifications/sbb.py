"""Dutch qualification dossiers, in the XML in which SBB publishes them.

A dossier holds a basic part and one or more profiles. Each profile is one qualification: the
basic part, what the dossier adds to that for this profile (``aanvullend``), and the profile's own
core tasks. ``hoofdstuk`` numbers them: B1-K1-W2 is the second work process of the first core task
of the basic part; P3-K1-W1 belongs to the third profile.

A quality requirement is a line of ``werkprocesgedrag`` that begins with "-". This is taken to the
letter: a published dossier has a dash before an introduction ("-De medewerker:"), and that line
is part of its count. Such a line is kept and reported, so that a person can judge it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from qualifications.parsed import (
    ImportWarning,
    ParsedCoreTask,
    ParsedDossier,
    ParsedQualification,
    ParsedWorkProcess,
)
from qualifications.plaintext import plain_lines
from qualifications.xmltree import (
    attribute,
    child,
    distinct,
    line_of,
    read_tree,
    refuse,
)

# Far beyond any real dossier: some twenty profiles, of some 150 requirements each.
MAX_PROFILES = 50
MAX_PARTS = 10_000  # work processes and requirements of one qualification
MAX_WARNINGS = 1_000

_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_CREBO = re.compile(r"[0-9]{4,6}")
_LEVELS = frozenset("12345678")

# What refers by "referentie", and the element whose "nr" it names.
_REFERENCES = {
    "profiel": "profiel",
    "competentie": "competentie",
    "vakkennisenvaardigheden": "kennisofvaardigheid",
}


def parse_sbb(content: bytes, *, name: str) -> ParsedDossier:
    """Read the one dossier in a file; ``name`` is what messages call the file.

    Returns the dossier, one qualification per profile in the order of their numbers, and warnings
    about what is odd but harmless. Raises ImportRefused for what cannot be trusted.
    """
    root = read_tree(content, file=name)
    if root.tag != "sbb":
        refuse(root, _("The outermost element of a qualification dossier is “sbb”."))
    dossiers = root.findall("dossiers/dossier")
    if len(dossiers) != 1:
        refuse(root, _("A file must hold one dossier; this one holds %(value)s."), len(dossiers))
    _check_references(root)
    return _Reader().dossier(dossiers[0])


class _Reader:
    """Reads one dossier and keeps its warnings."""

    def __init__(self) -> None:
        # The basic part is read again for each profile: read its texts, and warn of it, once.
        self.text = cache(_text)
        self.behaviour = cache(self._behaviour)
        self.warnings: dict[ImportWarning, None] = {}

    def dossier(self, dossier: Element) -> ParsedDossier:
        title = attribute(dossier, "titel")
        code = dossier.findtext("dossiercrebos/dossiercrebo", "") or dossier.get("nr", "")
        code = code.strip()[:20]
        if (status := dossier.get("status", "")) != "Vastgesteld":
            message = _("The status of this dossier is “%(value)s”, not “Vastgesteld”.")
            self.warn(title, dossier, message, status)
        basis = child(dossier, "basis")
        if basis.find(".//kerntaak") is None:
            self.warn(title, basis, _("The basic part has no core tasks."))
        qualifications = tuple(
            ParsedQualification(
                code=crebo,
                title=attribute(profile, "titel"),
                level=self.level(profile, crebo),
                edition=_edition(profile),
                dossier_code=code,
                dossier_title=title,
                core_tasks=self.core_tasks(basis, profile),
            )
            for crebo, profile in self.profiles(child(dossier, "profielen")).items()
        )
        return ParsedDossier(title, code, qualifications, tuple(self.warnings))

    def profiles(self, parent: Element) -> dict[str, Element]:
        """Find the profiles by crebo code, in the order of their numbers."""
        profiles = _numbered(parent.findall("profiel"))
        if not 0 < len(profiles) <= MAX_PROFILES:
            refuse(parent, _("A dossier cannot have %(value)s profiles."), len(profiles))
        distinct((profile.get("nr", ""), profile) for profile in profiles if profile.get("nr"))
        return distinct((self.crebo(profile), profile) for profile in profiles)

    def crebo(self, profile: Element) -> str:
        crebo = child(profile, "creboinformatie/crebo")
        code = (crebo.text or "").strip()
        if not _CREBO.fullmatch(code):
            refuse(crebo, _("“%(value)s” is not a crebo code."), code)
        if len(profile.findall("creboinformatie/crebo")) > 1:
            self.warn(code, profile, _("This profile has several crebo codes; the first is used."))
        return code

    def level(self, profile: Element, crebo: str) -> int | None:
        value = profile.get("niveau", "").strip()
        if value in _LEVELS:
            return int(value)
        self.warn(crebo, profile, _("The level (niveau) is not known: “%(value)s”."), value)
        return None

    def core_tasks(self, basis: Element, profile: Element) -> tuple[ParsedCoreTask, ...]:
        """Read the core tasks of the basic part, and then the profile's own."""
        parts = {"B1": basis, f"P{profile.get('hoofdstuk')}": profile}
        found = []
        for part_code, part in parts.items():
            for task in _numbered(part.iter("kerntaak")):
                code = f"{part_code}-K{task.get('hoofdstuk')}"
                found.append(
                    ParsedCoreTask(
                        code=code,
                        title=attribute(task, "titel"),
                        complexity=self.prose(task, "complexiteit", profile),
                        responsibility=self.prose(task, "verantwoordelijkheid", profile),
                        work_processes=tuple(self.work_processes(task, code, profile)),
                    )
                )
        processes = [process for task in found for process in task.work_processes]
        if len(processes) + sum(len(process.requirements) for process in processes) > MAX_PARTS:
            refuse(profile, _("This has far more requirements than any real qualification."))
        return tuple(found)

    def work_processes(
        self, task: Element, task_code: str, profile: Element
    ) -> Iterator[ParsedWorkProcess]:
        processes = _numbered(task.iterfind("*/werkproces"))
        if not processes:
            self.warn(task_code, task, _("This core task has no work processes."))
        for process in processes:
            code = f"{task_code}-W{process.get('hoofdstuk')}"
            yield ParsedWorkProcess(
                code=code,
                title=attribute(process, "titel"),
                description=self.prose(process, "werkprocesomschrijving", profile),
                result=self.prose(process, "werkprocesresultaat", profile),
                requirements=self.requirements(process, code, profile),
            )

    def requirements(self, process: Element, code: str, profile: Element) -> tuple[str, ...]:
        sources = _sources(process, "werkprocesgedrag", profile)
        found = tuple(text for source in sources for text in self.behaviour(source, code))
        for text, times in Counter(found).items():
            if times > 1:
                self.warn(code, process, _("“%(value)s” stands here more than once."), text)
        if not found:
            message = _("This work process has no requirements in profile P%(value)s.")
            self.warn(code, process, message, profile.get("hoofdstuk", ""))
        return found

    def _behaviour(self, source: Element, code: str) -> tuple[str, ...]:
        """Read the requirements in one element: its lines that begin with a dash."""
        found = []
        for position, line in enumerate(plain_lines(_markup(source))):
            text = line.lstrip("- ").rstrip(";. ")
            if line.startswith("-") and text:
                found.append(text)
                if text.endswith(":"):
                    message = _("“%(value)s” looks like an introduction, but has a dash: kept.")
                    self.warn(code, source, message, line)
            elif position or not line.endswith(":"):  # else it introduces the list
                message = _("“%(value)s” is not a line with a dash and words: left out.")
                self.warn(code, source, message, line)
        return tuple(found)

    def prose(self, parent: Element, tag: str, profile: Element) -> str:
        """Read a text and what is added to it for a profile, one paragraph per line."""
        texts = (self.text(source) for source in _sources(parent, tag, profile))
        return "\n".join(text for text in texts if text)

    def warn(self, where: str, node: Element, message: str, value: str = "") -> None:
        place = _("%(where)s, line %(line)d") % {"where": where, "line": line_of(node)}
        self.warnings[ImportWarning(place, message % {"value": value[:80]})] = None
        if len(self.warnings) > MAX_WARNINGS:
            refuse(node, _("There is too much amiss in this file to read it as a dossier."))


def _check_references(root: Element) -> None:
    """See that what refers does so to something in the file, and an addition to a profile."""
    known = {(node.tag, node.get("nr")) for node in root.iter() if node.get("nr")}
    for node in root.iter():
        if node.tag == "aanvullend" and node.find("profiel[@referentie]") is None:
            refuse(node, _("This addition does not say for which profile it is."))
        defined_by, reference = _REFERENCES.get(node.tag), node.get("referentie")
        if defined_by and reference is not None and (defined_by, reference) not in known:
            message = _("This refers to number “%(value)s”, which the file does not hold.")
            refuse(node, message, reference)


def _numbered(nodes: Iterable[Element]) -> list[Element]:
    """Put elements in the order of their ``hoofdstuk``, which each must have for itself."""
    numbers = distinct((attribute(node, "hoofdstuk"), node) for node in nodes)
    for number, node in numbers.items():
        if not _NUMBER.fullmatch(number):
            refuse(node, _("hoofdstuk “%(value)s” is not a number."), number)
    return [numbers[number] for number in sorted(numbers, key=int)]


def _edition(profile: Element) -> date:
    crebo = child(profile, "creboinformatie/crebo")
    value = attribute(crebo, "Geldig_vanaf")
    try:
        return datetime.strptime(value, "%d-%m-%Y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        refuse(crebo, _("Geldig_vanaf “%(value)s” is not a date (day-month-year)."), value)


def _sources(parent: Element, tag: str, profile: Element) -> list[Element]:
    """Find the elements that together make the text ``tag`` for a profile: its own, and
    additions."""
    own = parent.find(tag)
    if own is None:
        return []
    additions = own.iterfind("*/aanvullend")
    number = profile.get("nr")
    return [own, *(node for node in additions if number in _referred_profiles(node))]


def _referred_profiles(addition: Element) -> set[str]:
    return {profile.get("referentie", "") for profile in addition.iterfind("profiel")}


def _text(node: Element) -> str:
    return "\n".join(plain_lines(_markup(node)))


def _markup(node: Element) -> str:
    """Write a node's content as text with tags, without what is meant for some profiles only."""
    parts = [node.text or ""]
    for inner in node:
        if inner.tag != "profiel" and not inner.tag.endswith("perprofiel"):
            parts += [f"<{inner.tag}>", _markup(inner), f"</{inner.tag}>"]
        parts.append(inner.tail or "")
    return "".join(parts)
