"""The fault day's checker says what is wrong. The day itself: `make fault-day`."""

import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings

from tools.fault_day.checker import answers, unexplained
from tools.fault_day.topology import Daemon, wait_for

# What a day's application is made of.
TREE = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "staticfiles", "tests", "var")
# Two ways to break it, each in one line: what was said to be kept is kept an hour later, if nobody
# dies; and a mail goes out twice.
BROKEN = {
    "evidence/views/answers.py": (
        "given = actions.answer(question=question, **form.given(), by=acting(request, question))",
        "given = question; __import__('threading').Timer(3600, actions.answer, [question]).start()",
    ),
    "post/outbox.py": ("message.send()", "message.send(), message.send()"),
}


@pytest.mark.needs_redis_server
def test_a_broken_build_is_found_out(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(settings.BASE_DIR, tree, ignore=TREE)
    for name, (right, wrong) in BROKEN.items():
        source = (tree / name).read_text(encoding="utf-8")
        assert source.count(right) == 1
        (tree / name).write_text(source.replace(right, wrong), encoding="utf-8")

    day = subprocess.run(
        [sys.executable, "-m", "tools.fault_day", "--short", "--seed", "7", "--tree", tree],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    kept = re.search(r"in (/\S+)", day.stdout)
    assert kept is not None, day.stderr
    shutil.rmtree(kept[1])

    assert day.returncode == 1, day.stdout + day.stderr
    assert re.search(r"! lost: answer '.*', answered", day.stdout), day.stdout
    assert re.search(r"! doubled: \d+ mails came twice where nobody was killed", day.stdout)


@pytest.mark.parametrize(
    ("twice", "kills", "left"),
    [
        ([], [], 0),
        ([(10, 310)], [12], 0),  # killed once it was taken, sent again when the lease was over
        ([(10, 310)], [7], 0),  # killed while the server said yes
        ([(10, 310)], [1, 400], 1),
        ([(10, 310), (11, 311)], [12], 1),  # a kill has one mail in hand
        ([(10, 310), (100, 110)], [105, 200], 0),
        ([(10, 10.1), (20, 20.1)], [500], 2),
    ],
)
def test_a_kill_explains_one_mail_that_came_twice(
    twice: list[tuple[float, float]], kills: list[float], left: int
) -> None:
    assert unexplained(twice, kills) == left


@pytest.mark.parametrize(
    ("status", "at", "is_wrong"),
    [
        (200, 50, False),
        (503, 50, False),
        (503, 62, False),  # a connection that broke is made anew
        (503, 70, True),
        (503, 39, True),
        (500, 50, True),
        (502, 50, True),
        (0, 70, False),  # no answer is no answer
    ],
)
def test_only_an_outage_excuses_a_503(status: int, at: float, is_wrong: bool) -> None:
    request = {"status": status, "at": at, "took": 0.5, "method": "GET", "path": "/"}
    outages = [
        {"kind": "database killed", "began": 40.0, "at": 60.0},
        {"kind": "redis away", "began": 65.0, "at": 75.0},  # costs nobody more than a moment
    ]

    assert bool(list(answers([request], outages))) == is_wrong


def test_who_is_started_by_two_runs_once(tmp_path: Path) -> None:
    """What takes Redis away starts it again, at the moment at which it is found to be gone."""
    began = tmp_path / "began"
    began.touch()
    script = f"echo >> {began}; exec sleep 60"
    daemon = Daemon("sleeper", ["sh", "-c", script], tmp_path / "log")
    starters = [threading.Thread(target=daemon.start) for _number in range(8)]
    for thread in starters:
        thread.start()
    for thread in starters:
        thread.join()
    wait_for(lambda: began.read_text(), "the sleeper")
    daemon.away()

    assert began.read_text() == "\n"
    assert not daemon.is_running
    daemon.keep_up()
    assert not daemon.is_running  # nobody wants it
