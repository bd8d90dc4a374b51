"""Makes the data, asks each page in turn with the reference, and prints what it costs; with
arguments, of the pages in whose names one of these stands."""

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

from committees.set_figures import keep_set_figures  # noqa: E402
from demo import school  # noqa: E402
from evidence.actions.feedback import note  # noqa: E402
from evidence.asking import Asked  # noqa: E402
from evidence.models import Evidence, GiverRole  # noqa: E402
from people.models import Account, Person  # noqa: E402
from portfolio.cohort import keep_cohorts  # noqa: E402
from portfolio.kept import keep_figures  # noqa: E402
from portfolio.models import Summary  # noqa: E402
from post.models import OutboxMail  # noqa: E402
from programmes.actions import assign_adviser  # noqa: E402
from programmes.models import (  # noqa: E402
    AdviserAssignment,
    Enrolment,
    Period,
    Programme,
    ProgrammeRole,
)
from tools.bench.row import Row  # noqa: E402
from tools.bench.sitting import fill_sitting, rows_of_sitting  # noqa: E402

SIZES = (10, 200, 1_000, 2_000)  # pieces of one student each
COHORT = 1_000  # students of a second programme
ADVISED = 200  # of these by one adviser
SPOKEN = 50  # feedbacks on one piece
ROUNDS = 15
TOLERATED = 1.25  # beyond what is wanted
REFERENCE = "/reference/"
MOVED = 99_999  # of what is kept of an enrolment, so that it does not hold


def fill() -> None:
    """Make a programme of a generated school with one student of each size, and one with a large
    cohort, of whom one adviser has many. Once."""
    call_command("migrate", verbosity=0)
    if not Enrolment.objects.exists():
        print("Making data ...", flush=True)
        groundwork = school.lay_groundwork(seed=1, programmes=2)
        programme = school.programme_of(groundwork, 0, students=20, pieces=10)
        for enrolment, size in zip(programme.enrolments.order_by("pk"), SIZES, strict=False):
            school.give_pieces(enrolment, size - 10)
        _speak_much(programme)
        cohort = school.programme_of(groundwork, 1, students=COHORT, pieces=10)
        _advise_many(cohort)
        fill_sitting(groundwork)
        school.end_record()
        if connection.vendor == "postgresql":  # nothing may count the tables of this server
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
    while keep_figures() or keep_set_figures():
        pass
    keep_cohorts()


def _speak_much(programme: Programme) -> None:
    """Let many speak of the last piece of one student with few."""
    settings.ASKED_A_DAY = 2 * SPOKEN
    few = programme.enrolments.order_by("pk")[len(SIZES)]
    student = Account.objects.get(pk=few.student_id)
    piece = few.student.evidence.latest("pk")
    lines = [link.requirement for link in piece.current_links()]
    roles = list(GiverRole)
    for number in range(SPOKEN - piece.feedback.count()):
        note(
            evidence=piece,
            enrolment=few,
            speaker=Asked(
                f"Spreker {number}", f"spreker{number}@example.org", roles[number % 5], "nl"
            ),
            given_on=timezone.localdate(),
            text="Je legde rustig uit waarom je het zo deed, en de klant kon het daarna zelf.",
            requirements=lines,
            by=student,
        )
    OutboxMail.objects.all().cancel(timezone.now())


def _advise_many(cohort: Programme) -> None:
    """Let one adviser of this programme have ADVISED students."""
    given = AdviserAssignment.objects.current().filter(enrolment__programme=cohort)
    of_each = given.order_by().values("adviser").annotate(students=Count("pk"))
    most = of_each.order_by("-students", "adviser")[0]
    others = cohort.enrolments.filter(
        pk__in=given.exclude(adviser=most["adviser"]).values("enrolment")
    )
    adviser = Person.objects.get(pk=most["adviser"])
    for enrolment in others.order_by("pk")[: ADVISED - most["students"]]:
        assign_adviser(enrolment=enrolment, adviser=adviser, by=None)


def rows() -> list[Row]:
    """What is measured, with what is wanted of it (docs/performance.md)."""
    first = Programme.objects.annotate(students=Count("enrolments")).get(students=20)
    sizes = first.enrolments.annotate(pieces=Count("student__evidence")).select_related("student")
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
        whole = (6, 110_000, 8) if is_large else (5, 100_000, 8)
        found += [
            Row(f"student home, {size}", student, "/", 6),
            Row(f"evidence, first page, {size}", student, reverse("evidence:list"), 5),
        ]
        if size == SIZES[-1]:  # of which only what grows with lists is asked
            continue
        unit = enrolment.programme.units.order_by("title")[0]
        set_aside = reverse("portfolio:set_aside", args=[enrolment.pk, unit.pk])
        found += [
            Row(f"coverage, student, {size}", student, coverage, *whole),
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
            Row(f"set-aside page, {size}", student, set_aside, 8),
        ]
    large, longest = of_size[SIZES[-2]], of_size[SIZES[-1]]
    adviser = AdviserAssignment.objects.current().get(enrolment=large).adviser
    piece = Evidence.objects.filter(owner=large.student).earliest("pk")
    heard = Evidence.objects.annotate(heard=Count("feedback")).select_related("owner")
    spoken_of = heard.get(heard=SPOKEN)
    last = f"{reverse('evidence:list')}?page=1000"
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
        Row(f"evidence, last page, {SIZES[-1]}", longest.student, last, 5),
        Row("evidence page, 3 feedbacks", large.student, _page_of(piece), 6),
        Row(f"evidence page, {SPOKEN} feedbacks", spoken_of.owner, _page_of(spoken_of), 8),
        Row("adviser's students, 20", adviser, reverse("portfolio:students"), 6),
        *_of_a_cohort(),
        Row(
            "check-in form, 1000",
            adviser,
            reverse("portfolio:check_in_new", args=[large.pk]),
            8,
        ),
    ]
    return found + rows_of_sitting()


def _page_of(piece: Evidence) -> str:
    return reverse("evidence:detail", args=[piece.pk])


def _of_a_cohort() -> list[Row]:
    """What is measured in the programme with many students."""
    cohort = Programme.objects.annotate(students=Count("enrolments")).get(students=COHORT)
    [coordinator] = cohort.current_roles().filter(role=ProgrammeRole.Role.COORDINATOR)
    advised = AdviserAssignment.objects.current().filter(enrolment__programme=cohort)
    of_each = advised.order_by().values("adviser").annotate(students=Count("pk"))
    adviser = Person.objects.get(pk=of_each.get(students=ADVISED)["adviser"])
    programme = reverse("programmes:programme", args=[cohort.pk])
    return [
        Row(f"adviser's students, {ADVISED}", adviser, reverse("portfolio:students"), 8),
        Row(f"adviser's home, {ADVISED}", adviser, "/", 8),
        Row(f"coordinator's home, {COHORT}", coordinator.person, "/", 8),
        Row(f"programme of a cohort, {COHORT}", coordinator.person, programme, 8),
    ]


def _moved(enrolment: Enrolment) -> Callable[[], object]:
    kept = Summary.objects.filter(enrolment=enrolment)

    def move() -> None:
        kept.update(counted_at=timezone.now() - timedelta(days=1), counted_moves=MOVED)

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
        if sys.argv[1:] and not any(part in row.name for part in sys.argv[1:]):
            continue
        ratio, queries, size = measure(row)
        if row.before:
            Summary.objects.filter(counted_moves=MOVED).update(counted_at=None)
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
