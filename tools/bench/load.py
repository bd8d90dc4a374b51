"""A school at work: many people at once, who ask what people ask, beside the reference page.

    python -m tools.bench.load [students]     on PostgreSQL; exits 1 where it falls short

Makes a generated school once, in a database `bewijskracht_school`, serves it with two gunicorn
workers, and lets 32 browsers ask at once: first the reference page, then the mix of a school.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from itertools import cycle
from pathlib import Path
from random import Random
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from tools.postgres import server

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "bewijskracht_school"
PORT = 8765
WORKERS, AT_ONCE = 2, 32
PEOPLE = 60  # students, each with their adviser
ASKED = 3_000  # requests of each run
LEAST_THROUGHPUT, MOST_P95 = 0.25, 8  # of the reference's
TOLERATED = 1.25
TOKEN = "a" * 32  # against forgery: in the cookie and in the form
# Of twenty requests; each is made of a person's addresses.
MIX = ["home"] * 6 + ["piece"] * 4 + ["list"] * 3 + ["coverage"] * 3 + ["adviser"] * 2
MIX += ["check_in", "add"]

Asks = tuple[str, str, str, str]  # method, path, cookie, body


def main() -> int:
    """Print throughput and waiting times; returns 1 where one falls short."""
    students = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with server() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            there = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(there, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"{url.rpartition('/')[0]}/{DATABASE}",
            "DATA_ROOT": str(ROOT / "var" / "bench" / "school"),
            "DEMO": "1",
            "ALLOWED_HOSTS": "127.0.0.1",
        }
        asks = _filled(students)
        with _served():
            list(_run([asks["reference"]] * 200))  # until then what is at hand is found
            list(_run(_mixed(asks, 400)))
            reference = _measured("reference", [asks["reference"]] * ASKED)
            mixed = _measured("a school's mix", list(_mixed(asks, ASKED)))
    through, waited = mixed[0] / reference[0], mixed[1] / reference[1]
    print(f"throughput {through:.2f} of the reference's ({LEAST_THROUGHPUT} or more is wanted)")
    print(f"p95 {waited:.1f} times the reference's ({MOST_P95} or less is wanted)")
    return int(through * TOLERATED < LEAST_THROUGHPUT or waited > MOST_P95 * TOLERATED)


def _filled(students: int) -> dict[str, list[Asks]]:
    """Make the school, once, and list what its people ask."""
    import django  # once the environment names the database

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from people.models import Account
    from portfolio.kept import keep_figures
    from programmes.models import AdviserAssignment, Enrolment

    call_command("migrate", verbosity=0)
    if Enrolment.objects.count() < students:
        print("Making data ...", flush=True)
        call_command("generate_school", students=students, pieces=60, seed=1)
    while keep_figures():
        pass

    def cookie(person: UUID) -> str:
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(Account.objects.get(pk=person))
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={TOKEN}"

    asks: dict[str, list[Asks]] = {name: [] for name in ("reference", *MIX)}
    advisers: dict[UUID, str] = {}
    rows = list(AdviserAssignment.objects.current().select_related("enrolment").order_by("pk"))
    words = {"title": "A piece", "kind": "act", "happened_on": timezone.localdate().isoformat()}
    words |= {"origin": "here", "csrfmiddlewaretoken": TOKEN}
    for row in Random(1).sample(rows, min(PEOPLE, len(rows))):  # noqa: S311 - the same each time
        student, enrolment = cookie(row.enrolment.student_id), row.enrolment_id
        adviser = advisers.setdefault(row.adviser_id, "") or cookie(row.adviser_id)
        advisers[row.adviser_id] = adviser
        piece = row.enrolment.student.evidence.latest("recorded_at").pk
        coverage = reverse("portfolio:coverage", args=[enrolment])
        check_in = reverse("portfolio:check_in_new", args=[enrolment])
        asks["reference"].append(("GET", "/reference/", student, ""))
        asks["home"].append(("GET", "/", student, ""))
        asks["piece"].append(("GET", reverse("evidence:detail", args=[piece]), student, ""))
        asks["list"].append(("GET", reverse("evidence:list"), student, ""))
        asks["coverage"].append(("GET", coverage, student, ""))
        asks["adviser"].append(("GET", reverse("portfolio:students"), adviser, ""))
        asks["check_in"].append(("GET", check_in, adviser, ""))
        asks["add"].append(("POST", reverse("evidence:add"), student, urlencode(words)))
    return asks


def _mixed(asks: dict[str, list[Asks]], many: int) -> Iterator[list[Asks]]:
    """Put together so many requests of the mix, in an order drawn by lot."""
    rng = Random(2)  # noqa: S311 - the same each time
    kinds = (MIX * (many // len(MIX) + 1))[:many]
    rng.shuffle(kinds)
    return (asks[kind] for kind in kinds)


@contextmanager
def _served() -> Iterator[None]:
    """Serve the school, as a container does, with so many workers."""
    command = [sys.executable, "-m", "gunicorn", "tools.bench.served", "--workers", str(WORKERS)]
    command += ["--worker-class", "gthread", "--threads", "4", "--bind", f"127.0.0.1:{PORT}"]
    process = subprocess.Popen(
        [*command, "--timeout", "120", "--log-level", "error", "--keep-alive", "60"], cwd=ROOT
    )
    try:
        for _ in range(100):
            try:
                HTTPConnection("127.0.0.1", PORT, timeout=5).connect()
                break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait()


def _measured(name: str, of: list[list[Asks]]) -> tuple[float, float]:
    """Let the browsers ask; returns how many are answered a second, and the time in seconds within
    which 19 of 20 are."""
    begun = time.perf_counter()
    waited = list(_run(of))
    through = len(waited) / (time.perf_counter() - begun)
    p95 = statistics.quantiles(waited, n=20)[-1]
    print(f"{name:16} {through:8.1f} a second, p95 {p95 * 1000:7.0f} ms", flush=True)
    return through, p95


def _run(of: "Iterator[list[Asks]] | list[list[Asks]]") -> Iterator[float]:
    """Ask each, of one person after the other, so many at once; yields how long each waited."""
    shares: list[list[Asks]] = [[] for _ in range(AT_ONCE)]
    turn: dict[int, Callable[[], Asks]] = {}
    for number, people in enumerate(of):
        following = turn.setdefault(id(people), cycle(people).__next__)
        shares[number % AT_ONCE].append(following())
    with ThreadPoolExecutor(AT_ONCE) as browsers:
        for times in browsers.map(_browse, shares):
            yield from times


def _browse(asks: list[Asks]) -> list[float]:
    connection = HTTPConnection("127.0.0.1", PORT, timeout=120)
    times = []
    for method, path, cookie, body in asks:
        headers = {"Cookie": cookie, "Host": "127.0.0.1"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
        except (RemoteDisconnected, BrokenPipeError):  # it was kept open too long
            connection.close()
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - begun)
        if answer.status != (302 if method == "POST" else 200):
            raise RuntimeError(f"{method} {path} answers {answer.status}")
    return times


if __name__ == "__main__":
    sys.exit(main())
