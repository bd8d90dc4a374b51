"""Where a cohort stands thin: for its coordinator, who sees nobody's portfolio.

Counted from the figures of each student, and kept for a while: a page names the moment of which its
figures are. (docs/decisions/0023-figures-that-are-kept.md)
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from portfolio.kept import figures_of, with_kept
from portfolio.models import Cohort
from post.work import background
from programmes.models import Enrolment, Programme
from qualifications.models import Place, QualityRequirement

FEWEST = 5  # students; with fewer it would say something about one of them
MOST_THIN = 8  # requirements kept; the first are the thinnest
OLDEST = timedelta(minutes=15)  # figures that a page shows
COUNTED_AFTER = timedelta(minutes=10)  # by work, so that a page finds them
AT_ONCE = 100  # students whose figures are in memory


@dataclass(frozen=True, slots=True)
class ThinLine:
    """A requirement, on which so many of the students have a remark."""

    words: str
    heard: int
    students: int


@dataclass(frozen=True, slots=True)
class Thin:
    """Where a cohort stands thin, as it was at this moment."""

    lines: list[ThinLine]
    at: datetime


def thin_in(programmes: Sequence[Programme], now: datetime, most: int) -> dict[UUID, Thin]:
    """Find by programme at most so many requirements (MOST_THIN at the outside) on which the fewest
    current students have a remark (noted ones too, denied ones not) at a piece that is laid against
    it; those of all of whom there is one are not thin. Nothing of a programme with fewer than
    FEWEST students, or in which nobody has a remark yet. Two queries, however many programmes,
    where they were counted lately; for each that was not, as `count_cohort` says."""
    fresh = Cohort.objects.filter(programme__in=programmes, counted_at__gt=now - OLDEST)
    found = {row.programme_id: row for row in fresh}
    for programme in programmes:
        if programme.pk not in found:
            found[programme.pk] = count_cohort(programme, now)
    keys = {key for row in found.values() for key, _heard in row.thin[:most]}
    rows = QualityRequirement.objects.filter(pk__in=keys).select_related("wording") if keys else []
    words = {str(line.pk): line.words for line in rows}
    return {
        key: Thin(
            [ThinLine(words[line], heard, row.students) for line, heard in row.thin[:most]],
            row.counted_at,
        )
        for key, row in found.items()
    }


@background("cohorts")
def keep_cohorts() -> int:
    """Count anew where cohorts stand thin that were counted COUNTED_AFTER ago; returns how many.
    One query where there is none."""
    now = timezone.now()
    lately = Cohort.objects.filter(counted_at__gt=now - COUNTED_AFTER)
    current = Enrolment.objects.current(timezone.localdate(now))
    programmes = Programme.objects.filter(pk__in=current.values("programme"))
    found = list(programmes.exclude(pk__in=lately.values("programme")))
    for programme in found:
        row = count_cohort(programme, now)
        figures = {"students": row.students, "thin": row.thin, "counted_at": row.counted_at}
        Cohort.objects.update_or_create(programme=programme, defaults=figures)
    return len(found)


def count_cohort(programme: Programme, now: datetime) -> Cohort:
    """Count where this cohort stands thin, and keep nothing. Two queries, where the figures of
    its students are kept; for each of whom they are not, as `Figures.counts` says."""
    students = 0
    heard: Counter[str] = Counter()
    for of_one in _heard(programme, timezone.localdate(now)):
        students += 1
        heard.update(of_one)
    places = Place.objects.filter(work_process__core_task__qualification=programme.qualification_id)
    lines = list(dict.fromkeys(map(str, places.values_list("requirement", flat=True))))
    thin = [(line, heard[line]) for line in lines if heard[line] < students]
    thin.sort(key=lambda line: line[1])
    tells = students >= FEWEST and any(heard[line] for line in lines)
    return Cohort(
        programme=programme,
        students=students,
        thin=thin[:MOST_THIN] if tells else [],
        counted_at=now,
    )


def _heard(programme: Programme, on: date) -> Iterator[list[str]]:
    """Give of each current student the keys of the requirements on which they have a remark."""
    rows = with_kept(Enrolment.objects.current(on).filter(programme=programme)).order_by("pk")
    for row in rows.iterator(chunk_size=AT_ONCE):
        figures = figures_of(row)
        tallies = figures.counts().tallies
        yield [fact.id for fact in figures.frame.requirements if tallies[fact.id].is_heard]
