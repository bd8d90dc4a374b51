"""Make the environment in .venv from the hashed lock; where it is up to date, do nothing.

    python3 -m tools.environment          what the application needs
    python3 -m tools.environment --dev    what its tests and checks need as well

Runs on the machine's own Python with nothing but the standard library, so that it can name what
is missing. Nothing is installed outside .venv.
"""

from __future__ import annotations  # so that an older Python gets as far as saying so

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = ROOT / "tools" / "uv.txt"  # the installer, itself pinned and hashed
# The second holds all of the first; tools/lock.py checks that.
LOCKS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]


def main() -> None:
    wanted = LOCKS if "--dev" in sys.argv[1:] else LOCKS[:1]
    if all(_stamp(lock).exists() and _stamp(lock).read_text() == _state(lock) for lock in wanted):
        return
    missing = _missing()
    if missing:
        sys.exit(missing)
    print(f"Making the environment in {VENV.name} from {wanted[-1].name} ...", flush=True)
    if not _works():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(UV)], check=True)
    uv = [str(PYTHON), "-m", "uv", "pip", "install", "--quiet", "--python", str(PYTHON)]
    subprocess.run([*uv, "--require-hashes", "-r", str(wanted[-1])], check=True)
    for lock in wanted:
        _stamp(lock).write_text(_state(lock))


def _missing() -> str | None:
    """What the machine lacks, with the Debian package that brings it."""
    if sys.version_info < (3, 11):
        return (
            f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.\n"
            "On Debian 12 or newer: apt-get install python3 python3-venv. Where a newer Python "
            "has another name: make PYTHON=python3.12 ..."
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            return (
                f"This Python has no {module}. On Debian: apt-get install python3-venv "
                f"(or python{sys.version_info[0]}.{sys.version_info[1]}-venv)."
            )
    return None


def _works() -> bool:
    """Whether .venv has a Python of this version, with pip: not after an upgrade of the system."""
    if not PYTHON.exists():
        return False
    question = "import pip, sys; print(sys.version_info[:2])"
    answer = subprocess.run([str(PYTHON), "-c", question], capture_output=True, text=True)
    return answer.stdout.strip() == str(sys.version_info[:2])


def _stamp(lock: Path) -> Path:
    return VENV / f"{lock.stem}.stamp"


def _state(lock: Path) -> str:
    """Changes whenever the environment must be made anew."""
    parts = [str(PYTHON.resolve()).encode(), UV.read_bytes(), lock.read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    main()
