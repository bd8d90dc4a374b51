"""What a machine without the project needs to make it run, and is told when it lacks something."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tools import lock

ROOT: Path = settings.BASE_DIR


def names(pattern: str, path: str) -> set[str]:
    return set(re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE))


def test_the_example_names_each_variable_that_the_settings_read() -> None:
    read = names(r'(?:env\.\w+|secret)\(\s*"([A-Z_]+)"', "config/settings.py")

    assert "SEAL_KEY" in read
    assert names(r"^#?([A-Z_]+)=", ".env.example") == read | {"POSTGRES_PASSWORD"}


def test_the_tests_keep_out_every_variable_of_the_machine() -> None:
    read = names(r'(?:env\.\w+|secret)\(\s*"([A-Z_]+)"', "config/settings.py")

    assert read - names(r'"([A-Z_]+)"', "tests/settings.py") == set()


def test_the_lock_files_belong_to_the_project() -> None:
    assert lock.check() == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "django @ https://packages.example/django.whl",
        "django==5.2.0",
        "    # from https://packages.example/simple",
    ],
)
def test_a_lock_file_that_names_a_host_or_lacks_hashes_is_refused(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text(f"{line}\n")

    assert lock.unfit_lines("requirements.txt") == [f"requirements.txt:1: {line}"]


def make_environment(tmp_path: Path, lacking: str) -> subprocess.CompletedProcess[str]:
    """What the set-up says on a machine like this one, made to lack something."""
    (tmp_path / "tools").mkdir()
    for name in ("requirements.txt", "tools/uv.txt", "tools/environment.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    code = (
        f"import runpy, sys; {lacking}; runpy.run_module('tools.environment', run_name='__main__')"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)


def test_a_python_without_venv_is_told_which_package_to_install(tmp_path: Path) -> None:
    done = make_environment(tmp_path, "sys.modules['ensurepip'] = None")

    assert done.returncode == 1
    assert done.stderr.startswith(
        "This Python has no ensurepip. On Debian: apt-get install python3-venv"
    )
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_told_which_one_is_needed(tmp_path: Path) -> None:
    done = make_environment(tmp_path, "sys.version_info = (3, 9, 2)")

    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed")
    assert not (tmp_path / ".venv").exists()


def test_a_machine_without_python_is_told_so() -> None:
    done = subprocess.run(
        ["make", "setup", "PYTHON=python-that-is-not-there"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert done.stderr.startswith(
        "There is no python-that-is-not-there. On Debian: apt-get install"
    )
