"""The two import orders: rooms stand in one line, and so do the files in a room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOMS = [
    "records",
    "post",
    "people",
    "files",
    "qualifications",
    "programmes",
    "evidence",
    "portfolio",
    "committees",
    "home",
    "demo",
    "config",
]
# Inside a room; what is not named here is a part of its own subject, between models and access.
FILES = [
    "models",
    "access",
    "actions",
    "forms",
    "views",
    "urls",
    "management",
]
SHELLS = {"views", "tasks", "admin", "management", "urls"}


def sources() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield room, path


def imported(path: Path) -> Iterator[str]:
    """The modules a file imports for use; what stands under TYPE_CHECKING is for readers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def first(room: str, path: Path) -> str:
    """The file, or the folder in its place, directly in the room."""
    return path.relative_to(settings.BASE_DIR / room).parts[0].removesuffix(".py")


def backward(room: str, path: Path) -> list[str]:
    return [
        module
        for module in imported(path)
        if module.split(".")[0] in ROOMS[ROOMS.index(room) + 1 :]
    ]


def upward(room: str, path: Path) -> list[str]:
    own = first(room, path)
    if own not in FILES:
        return []
    later = FILES[FILES.index(own) + 1 :]
    return [
        module
        for module in imported(path)
        if module.split(".")[0] == room and part(module) in later
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_rooms_it_stands_on(room: str) -> None:
    found = {str(path): backward(room, path) for owner, path in sources() if owner == room}

    assert found
    assert {path: modules for path, modules in found.items() if modules} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_a_file_imports_only_those_before_it_in_its_room(room: str) -> None:
    found = {str(path): upward(room, path) for owner, path in sources() if owner == room}

    assert {path: modules for path, modules in found.items() if modules} == {}


def test_nobody_imports_a_shell() -> None:
    """Views, tasks, admin and commands are shells: only the URLconf names views, and an admin
    takes its manner from another."""
    found = {
        str(path): shells
        for room, path in sources()
        if path.name != "urls.py"
        and (
            shells := {
                module
                for module in imported(path)
                if module.split(".")[0] in ROOMS
                and part(module) in SHELLS
                and part(module) != first(room, path)
            }
        )
    }

    assert found == {}


def test_a_backward_import_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "file.py"
    source.write_text("from committees.models import Case\nimport home.views")

    assert list(imported(source)) == ["committees.models", "committees.models.Case", "home.views"]
    assert backward("portfolio", source) == [*imported(source)]
    assert backward("home", source) == []
