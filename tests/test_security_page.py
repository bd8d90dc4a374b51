"""docs/security.md: each threat is held by tests, and those are there."""

import ast
import re
from functools import cache

import pytest
from django.conf import settings

TESTS = settings.BASE_DIR / "tests"
PAGE = settings.BASE_DIR / "docs" / "security.md"
THREAT = re.compile(r"^\*\*(\d+)\. .+?(?=^\*\*\d+\. |^## |\Z)", re.MULTILINE | re.DOTALL)
HELD_BY = re.compile(r"`([\w/]+\.py)::(\w+)`")


def threats(page: str) -> dict[int, str]:
    """What stands there of each, by its number."""
    return {int(found[1]): found[0] for found in THREAT.finditer(page)}


@cache
def named_in(path: str) -> frozenset[str]:
    """The tests that always run in this file below tests/, where there is one."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    return frozenset(
        each.name
        for each in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(each, ast.FunctionDef)
        and each.name.startswith("test_")
        and not any(
            re.search(r"mark\.(skip|xfail)\b", ast.unparse(said)) for said in each.decorator_list
        )
    )


def amiss_on(page: str) -> list[str]:
    found = []
    for number, text in threats(page).items():
        held_by = HELD_BY.findall(text)
        if not held_by:
            found.append(f"{number}: no test")
        found += [
            f"{number}: {path}::{name}" for path, name in held_by if name not in named_in(path)
        ]
    return found


def test_each_threat_is_held_by_tests_that_are_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = threats(page)

    assert list(told) == list(range(1, len(told) + 1))
    assert len(told) == page.count("\n**") - page.count("\n**W")  # who could, where
    assert amiss_on(page) == []
    assert len(HELD_BY.findall(page)) == page.count("::")  # none is written otherwise


def test_what_it_leads_to_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page)

    assert found
    assert [path for path in found if not (PAGE.parent / path).is_file()] == []


@pytest.mark.parametrize(
    ("text", "amiss"),
    [
        ("**1. A threat.** Nothing.\n", ["1: no test"]),
        ("**1. A threat.** `test_access.py::test_no_such`\n", ["1: test_access.py::test_no_such"]),
        ("**1. A threat.** `no_such.py::test_x`\n", ["1: no_such.py::test_x"]),
        ("**1. A.** `test_access.py::rules`\n", ["1: test_access.py::rules"]),
        (
            "**1. A.** `test_access.py::test_every_view_has_a_rule`\n\n## B\n\n**2. B.** x\n",
            ["2: no test"],
        ),
    ],
)
def test_a_threat_without_a_test_is_seen(text: str, amiss: list[str]) -> None:
    assert amiss_on(text) == amiss
