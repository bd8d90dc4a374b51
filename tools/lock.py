"""The lock files: what exactly is installed, with hashes, and from no named host.

python -m tools.lock            make them from pyproject.toml (asks the package index)
python -m tools.lock --upgrade  the same, with the newest versions that pyproject.toml admits
python -m tools.lock --check    whether they belong to pyproject.toml (asks nobody)
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
RUNTIME, DEV, UV = "requirements.txt", "requirements-dev.txt", "tools/uv.txt"
REPORTS = "requirements-reports.txt"  # what the application needs, and what tells of faults
COMPILE = [
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
    *("--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header"),
]


def main() -> None:
    if "--check" in sys.argv[1:]:
        faults = check()
        sys.exit("\n".join(faults) or None)
    upgrade = [option for option in sys.argv[1:] if option == "--upgrade"]
    compile_lock("pyproject.toml", "-o", RUNTIME, *upgrade)
    extra = ["--extra", "reports", "-c", RUNTIME]
    compile_lock("pyproject.toml", *extra, "-o", REPORTS, *upgrade)
    compile_lock("pyproject.toml", "--group", "dev", "-c", RUNTIME, "-o", DEV, *upgrade)
    compile_lock("-", "-o", UV, text=f"uv=={UV_VERSION}\n")


def compile_lock(*arguments: str, text: str | None = None) -> None:
    subprocess.run([*COMPILE, *arguments], cwd=ROOT, check=True, text=True, input=text)


def check() -> list[str]:
    """What is wrong with the lock files, a line each."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    runtime = project["project"]["dependencies"]
    asked = {
        RUNTIME: runtime,
        REPORTS: runtime + project["project"]["optional-dependencies"]["reports"],
        DEV: runtime + project["dependency-groups"]["dev"],
        UV: [f"uv=={UV_VERSION}"],
    }
    faults = [fault for name in asked for fault in unfit_lines(name)]
    for name, requirements in asked.items():
        for requirement in map(Requirement, requirements):
            version = pins(name).get(canonicalize_name(requirement.name))
            if version is None or version not in requirement.specifier:
                faults.append(f"{name}: {requirement} has {version}; run `make lock`")
    faults += [
        f"{larger}: {name} is not {version} as in {RUNTIME}; run `make lock`"
        for larger in (DEV, REPORTS)
        for name, version in pins(RUNTIME).items()
        if pins(larger).get(name) != version
    ]
    return faults


def pins(lock: str) -> dict[str, str]:
    """Package to version."""
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", text, re.MULTILINE))


def unfit_lines(lock: str) -> list[str]:
    """Lines that are no pin with hashes, nor a comment: a host, an index, a path."""
    fit = re.compile(
        r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+)? \\"
        r"|    --hash=sha256:[0-9a-f]{64}( \\)?"
        r"|    #[^/]*"
    )
    lines = (ROOT / lock).read_text().splitlines()
    return [
        f"{lock}:{number}: {line}"
        for number, line in enumerate(lines, start=1)
        if not fit.fullmatch(line)
    ]


if __name__ == "__main__":
    main()
