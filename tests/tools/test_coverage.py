"""The floor of the coverage, which `.ci/run` holds the suite to."""

import re
import subprocess

import pytest
from django.conf import settings


def floors(text: str) -> list[float]:
    return [float(floor) for floor in re.findall(r"^[+-]?fail_under = ([\d.]+)", text, re.M)]


def test_the_floor_only_rises() -> None:
    if not (settings.BASE_DIR / ".git").exists():
        pytest.skip("no repository, so no history of the floor")
    ask = ["git", "log", "--patch", "--format=", "-G^fail_under", "--", "pyproject.toml"]
    history = subprocess.run(ask, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    [now] = floors((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))

    assert now == max([now, *floors(history.stdout)])


def test_each_floor_of_the_history_is_seen() -> None:
    assert floors("-fail_under = 90\n+fail_under = 91.5\n context") == [90, 91.5]
