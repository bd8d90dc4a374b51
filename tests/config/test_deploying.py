"""A school's installation stands as Django's own checks for deployment ask."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT: Path = settings.BASE_DIR
SECRETS = ("SECRET_KEY", "SEAL_KEY", "LINK_KEY", "POSTGRES_PASSWORD")


@pytest.fixture
def school(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation: .env.example, filled in, as a shell reads it."""
    written = (ROOT / ".env.example").read_text()
    for name in SECRETS:
        written = written.replace(f"\n{name}=\n", f"\n{name}={secrets.token_urlsafe(48)}\n")
    written = written.replace("\nINSTALLATION=\n", "\nINSTALLATION=school\n")
    (tmp_path / ".env").write_text(f"{written}\nDATA_ROOT={tmp_path}\n")
    path = {"PATH": os.environ["PATH"]}
    command = ["sh", "-ec", "set -a; . ./.env; env -0"]
    told = subprocess.run(
        command, cwd=tmp_path, env=path, capture_output=True, text=True, check=True
    ).stdout
    given = dict(line.split("=", 1) for line in told.split("\0") if line)
    return path | {name: value for name, value in given.items() if f"\n{name}=" in written}


def check(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_all_is_well(school: dict[str, str]) -> None:
    done = check(school | {"HSTS_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"})

    assert done.stdout + done.stderr == "System check identified no issues (0 silenced).\n"


def test_what_only_a_school_can_know_is_all_that_it_is_asked(school: dict[str, str]) -> None:
    """Whether each name under its own speaks https, and whether browsers may build that in."""
    done = check(school)

    assert re.findall(r"security\.W\d+", done.stderr) == ["security.W005", "security.W021"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"LINK_KEY": "short"}, ["E001"]),
        ({"SEAL_KEYS": "2=short"}, ["E001"]),
        ({"SECRET_KEY": "k3y-" * 20, "LINK_KEY": "k3y-" * 20}, ["E002"]),
        ({"SEAL_KEYS": f"2={'k3y-' * 20}", "LINK_KEY": "k3y-" * 20}, ["E002"]),
        ({"DEMO": "1"}, ["E003"]),
    ],
)
def test_a_weak_or_shared_key_and_a_demo_are_named(
    school: dict[str, str], given: dict[str, str], found: list[str]
) -> None:
    done = check(school | given)

    assert re.findall(r"bewijskracht\.(E\d+)", done.stderr) == found
    assert not any(key and key in done.stderr for key in given.values() if key.startswith("k3y"))


def test_how_long_is_a_setting_and_nothing_is_asked_of_http(school: dict[str, str]) -> None:
    code = "from config import settings; print(settings.SECURE_HSTS_SECONDS)"

    def seconds(**given: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, cwd=ROOT, env=school | given, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert seconds() == "31536000"
    assert seconds(HSTS_SECONDS="300") == "300"
    assert seconds(BASE_URL="http://127.0.0.1:8000") == "0"


def test_the_image_has_the_programs_that_back_its_server_up() -> None:
    """`pg_dump` refuses a server that is newer than itself."""
    server = re.findall(r"image: postgres:(\d+)", (ROOT / "docker-compose.yml").read_text())
    clients = re.findall(r"postgresql-client-(\d+)", (ROOT / "Dockerfile").read_text())

    assert server == clients
    assert len(server) == 1


def test_what_is_done_by_night_names_what_there_is() -> None:
    """Each command and each variable in docs/operating.md."""
    told = (ROOT / "docs" / "operating.md").read_text()
    named = re.findall(r"manage\.py ([a-z_]+)|`(sign_heads|verify_records|check)\b", told)
    commands = {first or second for first, second in named}
    variables = set(re.findall(r"`([A-Z]+_[A-Z_]+)", told))
    example = (ROOT / ".env.example").read_text()

    known = get_commands()
    assert commands - known.keys() == set()
    assert {name for name in variables if f"{name}=" not in example} == set()
    assert {"backup", "restore", "sign_heads", "verify_records"} <= commands


def test_nothing_can_be_made_up_in_it(school: dict[str, str]) -> None:
    def run(command: str, **given: str) -> str:
        argv = [sys.executable, "manage.py", command, "--help"]
        done = subprocess.run(argv, cwd=ROOT, env=school | given, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "Unknown command: 'generate_school'" in run("generate_school")
    assert "Unknown command: 'demo'" in run("demo")
    assert "--students" in run("generate_school", DEMO="1")


def test_where_the_database_has_no_folder_that_is_said(
    school: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "manage.py", "migrate"]
    gone = str(tmp_path / "not-mounted")
    here = {name: value for name, value in school.items() if name != "DATABASE_URL"}

    done = subprocess.run(
        command, cwd=ROOT, env=here | {"DATA_ROOT": gone}, capture_output=True, text=True
    )

    assert f"There is no folder {gone} for the database: make it" in done.stderr
    assert done.returncode == 1


def test_what_has_a_space_in_it_arrives_whole(school: dict[str, str]) -> None:
    code = "from config import settings as s; print(s.INSTITUTION, s.DEFAULT_FROM_EMAIL, sep='|')"
    command = [sys.executable, "-c", code]

    told = subprocess.run(command, cwd=ROOT, env=school, capture_output=True, text=True, check=True)

    assert told.stdout == "My school|Bewijskracht <bewijskracht@school.example>\n"
    assert school["POSTGRES_PASSWORD"] in school["DATABASE_URL"]
