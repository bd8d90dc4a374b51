"""What goes wrong in a day, in an order drawn by its seed."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from tools.fault_day.journal import Journal
from tools.fault_day.topology import Daemon, SchoolMail, Topology, wait_for

# How often in a whole day, and in a short one.
KILLS = {
    "web worker": (14, 4),
    "web": (6, 2),
    "worker": (9, 2),
    "worker child": (8, 2),
    "beat": (7, 2),
}
OUTAGES = {
    "redis away": (2, 1),
    "redis hangs": (2, 1),
    "database killed": (3, 1),
    "database restarted": (2, 0),
    "disk full": (2, 1),
    "mail refused": (2, 1),
    "mail slow": (1, 0),
    "mail dropped": (2, 1),
    "clock back": (2, 1),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two kills, and how long what is away stays away."""

    between: tuple[float, float]
    away: tuple[float, float]


class Faults:
    def __init__(self, topology: Topology, journal: Journal, seed: int, *, short: bool) -> None:
        self.topology, self.journal = topology, journal
        self.random = random.Random(f"{seed} faults")  # noqa: S311 - no secret
        self.pace = Pace((1.2, 2.4), (3, 4)) if short else Pace((2.5, 5), (5, 10))
        self._kills = self._drawn(KILLS, short)
        self._outages = self._drawn(OUTAGES, short)
        self._halves = 0

    def _drawn(self, counts: dict[str, tuple[int, int]], short: bool) -> list[str]:
        deck = [kind for kind, count in counts.items() for _ in range(count[short])]
        self.random.shuffle(deck)
        return deck

    def half(self) -> None:
        """Let half of it happen; returns once it has."""
        self._halves += 1
        threads = [
            threading.Thread(target=self._play, args=(self._half_of(deck), happen), daemon=True)
            for deck, happen in ((self._kills, self._kill), (self._outages, self._outage))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _half_of(self, deck: list[str]) -> list[str]:
        middle = len(deck) // 2
        return deck[:middle] if self._halves == 1 else deck[middle:]

    def _play(self, deck: list[str], happen: Callable[[str], None]) -> None:
        for kind in deck:
            time.sleep(self.random.uniform(*self.pace.between))
            happen(kind)

    # --- Kills ---

    def _kill(self, kind: str) -> None:
        name, _space, child = kind.partition(" ")
        daemon: Daemon = getattr(self.topology, name)
        wait_for(lambda: daemon.children() or name == "beat", name)
        if child:
            pid = self.random.choice(daemon.children() or [0])
            with suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, signal.SIGKILL)
        else:
            daemon.kill()
        self.journal.write("kill", kind=kind)

    # --- Outages ---

    def _outage(self, kind: str) -> None:
        stays = self.random.uniform(*self.pace.away)
        if kind == "clock back":
            if self.topology.clock.can_step:
                self.topology.clock.step(timedelta(seconds=-3))
                self.journal.write("clock", by=-3)
            return
        with self.told(kind):
            self._during(kind, stays)

    @contextmanager
    def told(self, kind: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.journal.write("outage", kind=kind, began=began)

    def _during(self, kind: str, stays: float) -> None:
        there = self.topology
        if kind == "redis away":
            there.redis.away()
            time.sleep(stays)
            there.redis.start()
        elif kind == "redis hangs":
            there.redis.send(signal.SIGSTOP)
            time.sleep(stays)
            there.redis.send(signal.SIGCONT)
        elif kind.startswith("database"):
            there.postgres.is_wanted = False
            there.postgres.send(signal.SIGQUIT if kind == "database killed" else signal.SIGINT)
            wait_for(lambda: not there.postgres.is_running, "PostgreSQL's end")
            time.sleep(stays / 4)
            there.postgres.start()
            wait_for(there.database_answers, "PostgreSQL")
        elif kind == "disk full":
            with there.full_disk():
                time.sleep(stays)
            wait_for(there.database_answers, "PostgreSQL")
        else:
            moods = {
                "mail refused": SchoolMail.REFUSES,
                "mail slow": SchoolMail.SLOW,
                "mail dropped": SchoolMail.DROPS,
            }
            there.mail.mood = moods[kind]
            time.sleep(stays)
            there.mail.mood = SchoolMail.WELL
