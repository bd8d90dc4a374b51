"""What is kept of a frozen set says what a slow reading of it says, or is not used."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from committees import actions
from committees.models import Case, SetFigures, SnapshotItem
from committees.set_figures import FrozenPages, count_set, frozen_pages, keep_set_figures
from committees.snapshots import number_of_piece, read
from evidence.models import GiverRole
from portfolio.coverage import EVERYTHING, Filter, draw, draw_lines
from tests.committees.factories import Scene, answered_piece, cited_in, scene
from tests.committees.test_large_sets import large
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, GiverFactory
from tests.portfolio.factories import SetAsideFactory
from tests.portfolio.test_kept import shown_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def varied() -> Scene:
    """A frozen set of pieces in several periods and roles, of which some was noted, some is about
    the whole, and some has no remark."""
    made = scene(pieces=2)
    enrolment, line = made.case.enrolment, made.requirement
    piece = EvidenceFactory(owner=enrolment.student, on=[line])
    somebody = GiverFactory()
    said = {"enrolment": enrolment, "person": somebody}
    FeedbackFactory(evidence=piece, noted=True, role="peer", remarks={line: "Noted."}, **said)
    FeedbackFactory(evidence=piece, role="teacher", remarks={line: "Written."}, **said)
    whole = EvidenceFactory(owner=enrolment.student, on=[line])
    FeedbackFactory(evidence=whole, role="client", remarks={None: "Good."}, **said)
    FeedbackFactory(enrolment=enrolment, evidence=whole, role="other", remarks={})
    aside = answered_piece(enrolment, line)
    SetAsideFactory(enrolment=enrolment, unit=made.unit, evidence=aside, reason="Too early.")
    return made.bring_to(Case.State.FROZEN)


def page_of(made: Scene) -> tuple[FrozenPages, bool]:
    """The set as a page reads it, and whether what is kept of it holds."""
    case = made.refreshed()
    figures = getattr(case.snapshot, "figures", None)
    return frozen_pages(case), figures is not None and figures.holds


def agree(made: Scene) -> bool:
    """See that all that pages show of a set is what a slow reading says, whatever part is asked
    for; returns whether it was kept."""
    slow = read(made.case)
    whole = slow.evidence_set
    periods = [None, *whole.frame.periods]
    asked = [EVERYTHING, Filter(thin=True), Filter(since=timezone.localdate())]
    asked += [Filter(since=timezone.localdate() - timedelta(days=5_000))]
    asked += [Filter(period=period, role=role) for period in periods for role in GiverRole]
    for only in asked:
        pages, is_kept = page_of(made)
        drawn, slowly = pages.coverage(only), draw(whole, only)
        assert replace(drawn, newest=()) == replace(slowly, newest=())
        assert list(map(shown_of, drawn.newest)) == list(map(shown_of, slowly.newest))
        for key, line in draw_lines(whole, only).items():
            found = pages.behind(key, only)
            assert found is not None
            entries, bare = found.part(0, 10_000)
            assert list(map(shown_of, entries)) == list(map(shown_of, line.entries))
            assert [piece.id for piece in bare] == [piece.id for piece in line.bare]
        assert pages.behind("nothing", only) is None
    pages, is_kept = page_of(made)
    assert (pages.frame, pages.terms) == (whole.frame, slow.terms)
    assert pages.around.check_ins == whole.check_ins
    assert [pages.fact(number) for number in pages.first["set_aside"]] == list(whole.set_aside)
    assert [pages.fact(number) for number, *_rest in pages.first["pieces"]] == list(whole.pieces)
    assert pages.titles_of(list(slow.digests.values())) == slow.titles()
    assert pages.first["items"] == len(slow.items)
    assert pages.first["erased"] == slow.erased
    for piece in whole.pieces:
        alone = pages.with_piece(number_of_piece(made.case, piece.id))
        assert alone.pieces == (piece,)
        assert alone.feedback == tuple(row for row in whole.feedback if row.piece == piece.id)
    return is_kept


@pytest.mark.parametrize("make", [varied, lambda: large(12, Case.State.FROZEN)])
def test_kept_or_counted_it_is_what_a_slow_reading_says(make: Callable[[], Scene]) -> None:
    made = make()

    assert not agree(made)
    assert keep_set_figures() == 1
    assert agree(made)
    assert keep_set_figures() == 0


@pytest.mark.parametrize("kind", ["piece", "feedback", "person", "set_aside"])
def test_after_an_erasure_nothing_that_was_kept_is_used(kind: str) -> None:
    made = varied()
    keep_set_figures()
    item = SnapshotItem.objects.filter(kind=kind).order_by("number").last()
    assert item is not None

    actions.erase_item(item=item, ground="Asked to.", by=None)

    kept = SetFigures.objects.get()
    assert (kept.first, kept.shown, kept.holds) == ({}, {}, False)
    assert not agree(made)
    assert keep_set_figures() == 1
    assert agree(made)


def test_what_an_erasure_overtook_does_not_hold() -> None:
    made = varied()
    keep_set_figures()
    kept = SetFigures.objects.get()
    stale = count_set(read(made.case))
    item = SnapshotItem.objects.filter(kind="piece").order_by("number").last()
    assert item is not None
    actions.erase_item(item=item, ground="Asked to.", by=None)

    SetFigures.objects.update(  # stored by who read it before
        first=stale[0], shown=stale[1], counted_erasures=kept.erasures, counted_at=timezone.now()
    )

    assert not agree(made)
    assert keep_set_figures() == 1
    assert agree(made)


def test_what_is_kept_of_another_set_is_not_used() -> None:
    made = varied()
    keep_set_figures()
    SetFigures.objects.update(digest="0" * 64)

    assert not agree(made)


def test_what_is_kept_in_another_layout_is_not_used_and_counted_anew() -> None:
    made = varied()
    keep_set_figures()
    SetFigures.objects.update(layout=1, first={"of": "another version"}, shown={})

    pages, _holds = page_of(made)

    assert pages.coverage() == draw(read(made.case).evidence_set)
    assert keep_set_figures() == 1
    assert agree(made)


def test_a_decision_names_what_it_points_at_by_what_is_kept() -> None:
    made = varied()
    keep_set_figures()
    cited = cited_in(made.case)

    pages, is_kept = page_of(made)

    assert is_kept
    assert read(made.case).titles_of(cited) == pages.titles_of(cited) != {}
