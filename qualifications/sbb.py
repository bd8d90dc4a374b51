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
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache
from typing import NoReturn
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from qualifications.parsed import (
    ImportRefused,
    ImportWarning,
    ParsedCoreTask,
    ParsedDossier,
    ParsedQualification,
    ParsedWorkProcess,
)
from qualifications.plaintext import plain_lines
from qualifications.xmltree import line_of, outermost, read_tree

# Each profile is read together with the basic part; real dossiers have some twenty at most.
MAX_PROFILES = 50
MAX_TITLE = 200

_NUMBER = re.compile(r"[1-9][0-9]{0,2}")
_CREBO = re.compile(r"[0-9]{4,6}")

# What refers by "referentie", and the element whose "nr" it names.
_REFERENCES = {
    "profiel": "profiel",
    "competentie": "competentie",
    "vakkennisenvaardigheden": "kennisofvaardigheid",
}


def looks_like_sbb(content: bytes) -> bool:
    """Whether the outermost element is ``sbb``, also where the rest is damaged or unacceptable."""
    return outermost(content) == "sbb"


def parse_sbb(content: bytes, *, name: str) -> ParsedDossier:
    """Read the one dossier in a file; ``name`` is what messages call the file.

    Returns the dossier, one qualification per profile in the order of their numbers, and warnings
    about what is odd but harmless. Raises ImportRefused for what cannot be trusted.
    """
    return _Reader(name).dossier(read_tree(content, file=name))


class _Reader:
    """Reads one dossier, keeping the warnings. Its methods refuse what they cannot trust."""

    def __init__(self, file: str) -> None:
        self.file = file
        # The basic part is read again for each profile: clean its texts and warn of them once.
        self.lines = cache(plain_lines)
        self.warnings: dict[ImportWarning, None] = {}

    def dossier(self, root: Element) -> ParsedDossier:
        if root.tag != "sbb":
            self.refuse(root, _("The outermost element of a qualification dossier is “sbb”."))
        dossiers = root.findall("dossiers/dossier")
        if len(dossiers) != 1:
            message = _("A file must hold one dossier; this one holds %(value)s.")
            self.refuse(root, message, len(dossiers))
        self.check_references(root)
        dossier = dossiers[0]
        title = self.attribute(dossier, "titel")
        code = dossier.findtext("dossiercrebos/dossiercrebo", "") or dossier.get("nr", "")
        code = code.strip()[:20]
        if (status := dossier.get("status")) != "Vastgesteld":
            message = _("The status of this dossier is “%(value)s”, not “Vastgesteld”.")
            self.warn(title, dossier, message, status or "")
        basis = self.child(dossier, "basis")
        if basis.find(".//kerntaak") is None:
            self.warn(title, basis, _("The basic part has no core tasks."))
        qualifications = tuple(
            ParsedQualification(
                code=crebo,
                title=self.attribute(profile, "titel"),
                level=self.level(profile, crebo),
                edition=self.edition(profile),
                dossier_code=code,
                dossier_title=title,
                core_tasks=(
                    *self.core_tasks(basis, "B1", profile),
                    *self.core_tasks(profile, f"P{profile.get('hoofdstuk')}", profile),
                ),
            )
            for crebo, profile in self.profiles(self.child(dossier, "profielen")).items()
        )
        return ParsedDossier(title, code, qualifications, tuple(self.warnings))

    def check_references(self, root: Element) -> None:
        """What refers must refer to something in the file, and an addition to a profile."""
        known = {(node.tag, node.get("nr")) for node in root.iter() if node.get("nr")}
        for node in root.iter():
            if node.tag == "aanvullend" and node.find("profiel[@referentie]") is None:
                self.refuse(node, _("This addition does not say for which profile it is."))
            defined_by, reference = _REFERENCES.get(node.tag), node.get("referentie")
            if defined_by and reference is not None and (defined_by, reference) not in known:
                message = _("This refers to number “%(value)s”, which the file does not hold.")
                self.refuse(node, message, reference)

    def profiles(self, parent: Element) -> dict[str, Element]:
        """The profiles by crebo code, in the order of their numbers."""
        profiles = self.numbered(parent.findall("profiel"))
        if not 0 < len(profiles) <= MAX_PROFILES:
            message = _("A dossier cannot have %(value)s profiles.")
            self.refuse(parent, message, len(profiles))
        self.distinct((profile.get("nr", ""), profile) for profile in profiles if profile.get("nr"))
        return self.distinct((self.crebo(profile), profile) for profile in profiles)

    def crebo(self, profile: Element) -> str:
        crebo = self.child(profile, "creboinformatie/crebo")
        code = " ".join(self.lines(_markup(crebo)))
        if not _CREBO.fullmatch(code):
            self.refuse(crebo, _("“%(value)s” is not a crebo code."), code)
        if len(profile.findall("creboinformatie/crebo")) > 1:
            self.warn(code, profile, _("This profile has several crebo codes; the first is used."))
        return code

    def edition(self, profile: Element) -> date:
        crebo = self.child(profile, "creboinformatie/crebo")
        value = self.attribute(crebo, "Geldig_vanaf")
        try:
            return datetime.strptime(value, "%d-%m-%Y").date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            self.refuse(crebo, _("Geldig_vanaf “%(value)s” is not a date (day-month-year)."), value)

    def level(self, profile: Element, crebo: str) -> int | None:
        value = profile.get("niveau", "").strip()
        if value in list("12345678"):
            return int(value)
        self.warn(crebo, profile, _("The level (niveau) is not known: “%(value)s”."), value)
        return None

    def core_tasks(self, part: Element, code: str, profile: Element) -> Iterator[ParsedCoreTask]:
        for task in self.numbered(part.iter("kerntaak")):
            task_code = f"{code}-K{task.get('hoofdstuk')}"
            yield ParsedCoreTask(
                code=task_code,
                title=self.attribute(task, "titel"),
                complexity=self.prose(task, "complexiteit", profile),
                responsibility=self.prose(task, "verantwoordelijkheid", profile),
                work_processes=tuple(self.work_processes(task, task_code, profile)),
            )

    def work_processes(
        self, task: Element, code: str, profile: Element
    ) -> Iterator[ParsedWorkProcess]:
        processes = self.numbered(task.iterfind("*/werkproces"))
        if not processes:
            self.warn(code, task, _("This core task has no work processes."))
        for process in processes:
            process_code = f"{code}-W{process.get('hoofdstuk')}"
            yield ParsedWorkProcess(
                code=process_code,
                title=self.attribute(process, "titel"),
                description=self.prose(process, "werkprocesomschrijving", profile),
                result=self.prose(process, "werkprocesresultaat", profile),
                requirements=self.requirements(process, process_code, profile),
            )

    def requirements(self, process: Element, code: str, profile: Element) -> tuple[str, ...]:
        found: list[str] = []
        for source in _sources(process, "werkprocesgedrag", profile):
            for position, line in enumerate(self.lines(_markup(source))):
                text = line.lstrip("- ").rstrip(";. ")
                if line.startswith("-") and text:
                    if text.endswith(":"):
                        message = _("“%(value)s” looks like an introduction, but has a dash: kept.")
                        self.warn(code, source, message, line)
                    if text in found:
                        message = _("“%(value)s” stands here twice: both kept.")
                        self.warn(code, source, message, line)
                    found.append(text)
                elif position or not line.endswith(":"):  # else it introduces the list
                    message = _("“%(value)s” does not begin with a dash: left out.")
                    self.warn(code, source, message, line)
        if not found:
            message = _("This work process has no requirements in profile P%(value)s.")
            self.warn(code, process, message, profile.get("hoofdstuk", ""))
        return tuple(found)

    def prose(self, parent: Element, tag: str, profile: Element) -> str:
        """A text and what is added to it for a profile, one paragraph per line."""
        sources = _sources(parent, tag, profile)
        return "\n".join(line for source in sources for line in self.lines(_markup(source)))

    def numbered(self, nodes: Iterable[Element]) -> list[Element]:
        """Nodes in the order of their ``hoofdstuk``, each of which must be there and differ."""
        numbers = self.distinct((self.attribute(node, "hoofdstuk"), node) for node in nodes)
        for number, node in numbers.items():
            if not _NUMBER.fullmatch(number):
                self.refuse(node, _("hoofdstuk “%(value)s” is not a number."), number)
        return [numbers[number] for number in sorted(numbers, key=int)]

    def distinct(self, nodes: Iterable[tuple[str, Element]]) -> dict[str, Element]:
        found: dict[str, Element] = {}
        for key, node in nodes:
            if key in found:
                self.refuse(node, _("The code “%(value)s” stands here for the second time."), key)
            found[key] = node
        return found

    def child(self, parent: Element, path: str) -> Element:
        child = parent.find(path)
        if child is None:
            self.refuse(parent, _("The element “%(value)s” is missing here."), path)
        return child

    def attribute(self, node: Element, name: str) -> str:
        value = " ".join(self.lines(node.get(name, "")))
        if not value:
            self.refuse(node, _("The attribute “%(value)s” is missing or empty here."), name)
        if len(value) > MAX_TITLE:
            self.refuse(node, _("The attribute “%(value)s” is far too long here."), name)
        return value

    def refuse(self, node: Element, message: str, value: object = "") -> NoReturn:
        reason = message % {"value": str(value)[:80]}
        raise ImportRefused(reason, file=self.file, element=node.tag, line=line_of(node))

    def warn(self, where: str, node: Element, message: str, value: str = "") -> None:
        place = _("%(where)s, line %(line)d") % {"where": where, "line": line_of(node)}
        self.warnings[ImportWarning(place, message % {"value": value[:80]})] = None


def _sources(parent: Element, tag: str, profile: Element) -> list[Element]:
    """The elements that together make the text ``tag`` for a profile: its own, and additions."""
    own = parent.find(tag)
    if own is None:
        return []
    number = profile.get("nr")
    additions = (
        addition
        for addition in own.iterfind("*/aanvullend")
        if any(other.get("referentie", "") == number for other in addition.iterfind("profiel"))
    )
    return [own, *additions]


def _markup(node: Element) -> str:
    """A node's content as text with tags, without what is meant for some profiles only."""
    parts = [node.text or ""]
    for child in node:
        if child.tag != "profiel" and not child.tag.endswith("perprofiel"):
            parts += [f"<{child.tag}>", _markup(child), f"</{child.tag}>"]
        parts.append(child.tail or "")
    return "".join(parts)
