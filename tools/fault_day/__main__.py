"""A day on which everything goes wrong:

    python -m tools.fault_day [--short] [--seed NUMBER] [--tree FOLDER] [--keep]

plays a school's day while it kills what runs, and then lets the checker compare what people were
told with what is there. Ends with 1 where the two differ.
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CalledProcessError

import psycopg

from tools.fault_day import checker
from tools.fault_day.day import Day
from tools.fault_day.faults import Faults
from tools.fault_day.journal import Journal
from tools.fault_day.topology import HERE, Topology, next_change, wait_for

HOME = Path(__file__).resolve().parent.parent.parent
WAITING = """
    SELECT (SELECT count(*) FROM post_outboxmail WHERE state = 'waiting')
         + (SELECT count(*) FROM files_storedfile WHERE preparation IN ('waiting', 'in_hand'))
         + (SELECT count(*) FROM post_errand WHERE ended_at IS NULL)
"""
# Of what waits that which nobody may take yet: a sender holds it, or it was put off.
HELD = """
    SELECT (SELECT count(*) FROM post_outboxmail
            WHERE state = 'waiting' AND (due_at > %(now)s OR claimed_until >= %(now)s))
         + (SELECT count(*) FROM files_storedfile
            WHERE preparation = 'in_hand' AND claimed_until >= %(now)s)
         + (SELECT count(*) FROM post_errand
            WHERE ended_at IS NULL AND (due_at > %(now)s OR claimed_until >= %(now)s))
"""
LEASE = timedelta(minutes=6)  # a little more than a sender holds a mail
SWEEP = timedelta(minutes=1)  # until the sweep comes by, which finds what no worker was told
# For a machine without libfaketime, where nobody waits for hours.
HURRY = """
    UPDATE post_outboxmail SET due_at = recorded_at, claimed_until = NULL WHERE state = 'waiting';
    UPDATE files_storedfile SET claimed_until = recorded_at WHERE preparation = 'in_hand';
    UPDATE post_errand SET due_at = recorded_at, claimed_until = NULL WHERE ended_at IS NULL;
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="at most two minutes")
    parser.add_argument("--seed", type=int, default=0, help="of a day that was, to play it again")
    parser.add_argument("--tree", type=Path, default=HOME, help="where the application's code is")
    parser.add_argument("--keep", action="store_true", help="keep journal, logs and mails")
    asked = parser.parse_args()
    seed = asked.seed or random.randrange(1, 10**6)  # noqa: S311 - no secret
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="bewijskracht-fault-day-"))
    print(f"Fault day {seed}{' (short)' if asked.short else ''}, in {folder}", flush=True)
    keeps = asked.keep
    try:
        wrong = play(folder, asked.tree.resolve(), seed, short=asked.short)
        keeps |= bool(wrong)
    finally:
        if not keeps:
            shutil.rmtree(folder, ignore_errors=True)
    for line in wrong:
        print(f"  ! {line}")
    if wrong:
        print(f"{len(wrong)} wrong; journal, logs and mails are in {folder}. Again: --seed {seed}")
    return bool(wrong)


def play(folder: Path, tree: Path, seed: int, *, short: bool) -> list[str]:
    """Play the day; returns what was found wrong."""
    began = time.monotonic()
    journal = Journal(folder / "journal")
    topology = Topology(folder, tree, journal)
    wrong = ["it did not come to its end"]
    try:
        wrong = _played(topology, journal, seed, short=short, began=began)
    finally:
        topology.end(dumps=bool(wrong))
    return wrong


def _played(
    topology: Topology, journal: Journal, seed: int, *, short: bool, began: float
) -> list[str]:
    clock, now = topology.clock, datetime.now(UTC)
    changes = [next_change(now), next_change(next_change(now))]
    change = random.Random(seed).choice(changes)  # noqa: S311 - no secret
    if clock.can_step:
        clock.pass_to(change - timedelta(hours=5))
    else:
        say(began, "no libfaketime here (apt-get install libfaketime): no clock is stepped")
    if not topology.has_own_disk:
        say(began, "no file system can be mounted here: a limit on the web server's files instead")
    topology.start()
    school = json.loads(topology.python("-m", "tools.fault_day.school", "2" if short else "4"))
    topology.open()
    say(began, "the school stands")

    day = Day(topology, journal, school, seed)
    faults = Faults(topology, journal, seed, short=short)
    reference = clock.now() + (timedelta(hours=12) if clock.can_step else timedelta(minutes=3))
    reference = reference.replace(second=0, microsecond=0)
    secretary, members = day.committee(3 if short else 4)
    there = reference.astimezone(HERE)
    meeting = secretary.plan(held_at=there + timedelta(minutes=2), reference_at=there)
    day.begin(givers=1 if short else 2)
    stepping = threading.Timer(8 if short else 45, _to_the_change, (topology, journal, change))
    if clock.can_step:
        stepping.start()
    faults.half()
    if clock.can_step:
        stepping.join()
    wait_for(lambda: len(day.have_a_set) == len(day.students), "a set of every student")
    left = reference + timedelta(minutes=2) - clock.now()
    clock.pass_to(reference + timedelta(minutes=2))
    if clock.can_step:
        journal.write("clock", by=left.total_seconds())
    say(began, f"the reference moment has passed: it is {clock.here():%d-%m %H:%M} at school")
    may_open = threading.Event()
    sitting = day.in_background(day.meet, meeting, members, may_open)
    opening = threading.Timer(8 if short else 60, may_open.set)
    opening.start()
    faults.half()
    say(began, "the last fault is over")
    day.is_quiet.set()
    opening.join()
    sitting.join()
    say(began, "the committee has decided")
    drained(topology, journal, day)
    day.end()
    drained(topology, journal, day)
    say(began, "everything that waited is done")
    try:
        topology.manage("verify_records", "--files")
    except CalledProcessError as fault:
        journal.write("verification", words=fault.stdout)
    found = checker.check(topology.folder, topology.database_url, topology.files)
    for line in found.summary:
        print(f"  {line}")
    say(began, "checked")
    return found.wrong


def _to_the_change(topology: Topology, journal: Journal, change: datetime) -> None:
    """Let it be a few seconds before the change to or from summer time."""
    left = change - topology.clock.now() - timedelta(seconds=8)
    topology.clock.step(left)
    journal.write("clock", by=left.total_seconds(), change=change.isoformat())


def drained(topology: Topology, journal: Journal, day: Day) -> None:
    """Let all that waits be done, until nothing is left: by steps to the next sweep, and past
    leases and back-offs once nothing else waits."""
    end, stepped = time.monotonic() + 150, 0.0
    while time.monotonic() < end:
        with psycopg.connect(topology.database_url, autocommit=True) as connection:
            waiting = connection.execute(WAITING).fetchone()
            held = connection.execute(HELD, {"now": topology.clock.now()}).fetchone()
            is_answering = day.has_links and not day.is_over.is_set()
            if waiting == (0,) and not is_answering:
                return
            if not topology.clock.can_step:
                connection.execute(HURRY)
        if topology.clock.can_step and time.monotonic() > stepped + 2:
            by = LEASE if waiting == held and not is_answering else SWEEP
            topology.clock.step(by)
            journal.write("clock", by=by.total_seconds())
            stepped = time.monotonic()
        time.sleep(0.5)


def say(began: float, words: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
