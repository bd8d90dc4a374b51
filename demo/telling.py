"""Reads what happens in the demo from the files under told/: who the students are, what they made,
and what others said of it. Days are counted back from the day the demo is filled.

Requirements go by the short keys that the qualification's file gives them, several in one string.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

from evidence.models import GiverRole

TOLD = Path(__file__).parent / "told"


@dataclass(frozen=True, slots=True)
class Voice:
    """One giver on one piece. Without `says`: asked, and not answered. `how` is "written",
    "noted", "confirmed" (noted, and the speaker said yes) or "declined". `on` names requirements;
    none means the whole. `asked` is the day it was asked, where that was later."""

    who: str
    role: GiverRole
    says: str = ""
    on: str = ""
    how: str = "written"
    language: str = "nl"
    message: str = ""
    asked: int | None = None

    @classmethod
    def told(cls, table: dict[str, Any]) -> Self:
        [role] = [role for role in GiverRole if role in table]
        rest = {key: value for key, value in table.items() if key != role}
        return cls(who=table[role], role=role, **rest)


@dataclass(frozen=True, slots=True)
class Piece:
    ago: int
    title: str
    on: str
    voices: tuple[Voice, ...] = ()
    kind: str = "act"
    origin: str = "here"
    place: str = ""
    context: str = ""
    reflection: str = ""
    files: tuple[str, ...] = ()
    why: str = ""

    @classmethod
    def told(cls, table: dict[str, Any]) -> Self:
        voices = tuple(map(Voice.told, table.get("voices", [])))
        return cls(**table | {"voices": voices, "files": tuple(table.get("files", []))})


@dataclass(frozen=True, slots=True)
class Agreed:
    text: str
    within: int  # days until it is due
    kept: bool = True  # whether it was done in time, where its day has come


@dataclass(frozen=True, slots=True)
class Talk:
    """A check-in."""

    ago: int
    summary: str
    light: str = ""
    agreements: tuple[Agreed, ...] = ()
    read: bool = True

    @classmethod
    def told(cls, table: dict[str, Any]) -> Self:
        agreements = tuple(Agreed(**agreed) for agreed in table.get("agreements", []))
        return cls(**table | {"agreements": agreements})


@dataclass(frozen=True, slots=True)
class Story:
    """A student. `account` is the key of a demo account, where one is theirs; without an adviser
    or a workplace they still wait for one."""

    name: str
    account: str = ""
    adviser: str = "Karim Haddad"
    workplace: str = ""
    supervisors: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    talks: tuple[Talk, ...] = ()
    set_aside: Mapping[str, str] = field(default_factory=dict)  # title of a piece: reason

    @classmethod
    def told(cls, table: dict[str, Any]) -> Self:
        rest = dict(table)
        pieces = sorted(map(Piece.told, rest.pop("piece", [])), key=lambda piece: -piece.ago)
        talks = sorted(map(Talk.told, rest.pop("check_in", [])), key=lambda talk: -talk.ago)
        supervisors = tuple(rest.pop("supervisors", []))
        return cls(supervisors=supervisors, pieces=tuple(pieces), talks=tuple(talks), **rest)


@cache
def told(name: str) -> dict[str, Any]:
    """The file of this name, as it stands there."""
    return tomllib.loads((TOLD / f"{name}.toml").read_text(encoding="utf-8"))


def stories(programme: str) -> list[Story]:
    return [Story.told(table) for table in told(programme)["student"]]
