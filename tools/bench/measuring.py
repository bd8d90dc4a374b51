"""Makes the data, asks each page in turn with the reference, and prints what it costs."""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django
from django.conf import settings

django.setup()
settings.ROOT_URLCONF = "tools.bench.reference"

from django.core.management import call_command  # noqa: E402 - once the settings are known
from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from demo import school  # noqa: E402
from evidence.models import Evidence  # noqa: E402
from people.models import Account  # noqa: E402
from portfolio.kept import keep_figures  # noqa: E402
from portfolio.models import Summary  # noqa: E402
from programmes.models import AdviserAssignment, Enrolment, Period, ProgrammeRole  # noqa: E402
from tools.bench.row import Row  # noqa: E402
from tools.bench.sitting import fill_sitting, rows_of_sitting  # noqa: E402

SIZES = (10, 200, 1_000)  # pieces of one student each
ROUNDS = 15
TOLERATED = 1.25  # beyond what is wanted
REFERENCE = "/reference/"


def fill() -> None:
    """Make a programme of a generated school, with one student of each size. Once."""
    call_command("migrate", verbosity=0)
    if not Enrolment.objects.exists():
        print("Making data ...", flush=True)
        groundwork = school.lay_groundwork(seed=1, programmes=1)
        programme = school.programme_of(groundwork, 0, students=20, pieces=10)
        for enrolment, size in zip(programme.enrolments.order_by("pk"), SIZES, strict=False):
            school.give_pieces(enrolment, size - 10)
        fill_sitting(groundwork)
        school.end_record()
    while keep_figures():
        pass


def rows() -> list[Row]:
    """What is measured, with what is wanted of it (docs/performance.md)."""
    sizes = Enrolment.objects.annotate(pieces=Count("student__evidence")).select_related("student")
    of_size = {
        size: next(row for row in sizes.order_by("-pieces") if row.pieces == size)
        for size in SIZES[1:]
    }
    small = sizes.filter(pieces=SIZES[0]).order_by("pk")[0]
    found = [Row("frame of any page", small.student, reverse("home:privacy"), 2)]
    for size, enrolment in of_size.items():
        coverage = reverse("portfolio:coverage", args=[enrolment.pk])
        student, is_large = enrolment.student, size > 200
        line = enrolment.student.evidence.earliest("pk").links.earliest("pk").requirement_id
        opened = reverse("portfolio:line", args=[enrolment.pk, line])
        period = (
            Period.objects.current().filter(programme=enrolment.programme).earliest("starts_on")
        )
        moved = _moved(enrolment)
        counted = 25 if is_large else 12
        found += [
            Row(f"coverage, student, {size}", student, coverage, 6 if is_large else 5, 110_000, 8),
            Row(f"coverage, nothing kept, {size}", student, coverage, counted, before=moved),
            Row(f"coverage, of clients, {size}", student, f"{coverage}?role=client", counted),
            Row(
                f"coverage, a period, {size}",
                student,
                f"{coverage}?period={period.starts_on}",
                counted,
            ),
            Row(f"coverage, what is thin, {size}", student, f"{coverage}?thin=on", counted),
            Row(f"coverage, what is new, {size}", student, f"{coverage}?new=on", counted),
            Row(f"one row opened, {size}", student, opened, 4),
            Row(f"student home, {size}", student, "/", 6),
            Row(f"evidence, first page, {size}", student, reverse("evidence:list"), 5),
        ]
    large = of_size[SIZES[-1]]
    adviser = AdviserAssignment.objects.current().get(enrolment=large).adviser
    piece = Evidence.objects.filter(owner=large.student).earliest("pk")
    last = f"{reverse('evidence:list')}?page=1000"
    coordinator = ProgrammeRole.objects.current().filter(
        programme=large.programme, role=ProgrammeRole.Role.COORDINATOR
    )[0]
    found += [
        Row(
            "coverage, adviser, 1000",
            adviser,
            reverse("portfolio:coverage", args=[large.pk]),
            6,
            110_000,
            8,
        ),
        Row("student home, 10", small.student, "/", 6),
        Row("evidence, last page, 1000", large.student, last, 5),
        Row("evidence page", large.student, reverse("evidence:detail", args=[piece.pk]), 6),
        Row("adviser's students, 20", adviser, reverse("portfolio:students"), 6),
        Row("coordinator's home", coordinator.person, "/", 8),
        Row(
            "check-in form, 1000",
            adviser,
            reverse("portfolio:check_in_new", args=[large.pk]),
            8,
        ),
    ]
    return found + rows_of_sitting()


def _moved(enrolment: Enrolment) -> Callable[[], object]:
    kept = Summary.objects.filter(enrolment=enrolment)

    def move() -> None:
        kept.update(counted_at=timezone.now() - timedelta(days=1), counted_moves=99_999)

    return move


def measure(row: Row) -> tuple[float, int, int]:
    """Ask a page in turn with the reference; returns how many of those it costs in processor time
    of the thread (medians), its queries and its bytes."""
    headers = {"host": "127.0.0.1"} | ({"hx-request": "true"} if row.htmx else {})
    client = Client(headers=headers)
    client.force_login(Account.objects.get(pk=row.who.pk))
    times: dict[str, list[float]] = {REFERENCE: [], row.path: []}
    for turn in range(ROUNDS + 2):
        for path in times:
            if path == row.path and row.before:
                row.before()
            begun = time.thread_time()
            answer = client.get(path)
            spent = time.thread_time() - begun
            if answer.status_code not in (200, 204):  # 204: nothing changed
                raise RuntimeError(f"{row.name}: {path} answers {answer.status_code}")
            if turn > 1:  # until then what is at hand is found
                times[path].append(spent)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(row.path)
    ratio = statistics.median(times[row.path]) / statistics.median(times[REFERENCE])
    return ratio, len(queries), len(answer.content)


def main() -> int:
    """Print the table; returns 1 where a row falls short by more than is tolerated."""
    fill()
    short = 0
    print(f"{'page':32} {'wanted':>7} {'found':>7} {'queries':>8} {'bytes':>8}")
    for row in rows():
        ratio, queries, size = measure(row)
        if row.before:
            Summary.objects.update(counted_at=None)
            keep_figures()
        falls = (
            ratio > row.wanted * TOLERATED
            or 0 < row.most_bytes * TOLERATED < size
            or 0 < row.most_queries < queries
        )
        short |= falls
        mark = "  short" if falls else ""
        print(f"{row.name:32} {row.wanted:7} {ratio:7.1f} {queries:8} {size:8}{mark}", flush=True)
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
