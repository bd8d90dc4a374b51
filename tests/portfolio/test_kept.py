"""Figures that are kept say what a slow count says, after whatever happened, or are not used."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from evidence.actions import feedback as feedback_actions
from evidence.actions import pieces as piece_actions
from evidence.actions.pieces import Words
from evidence.asking import Asked
from evidence.models import Evidence, Feedback, FeedbackRequest, GiverRole, RequirementLink
from people.access import NotAllowed
from people.actions import say_same, take_back_same
from people.models import Person, SamePerson
from portfolio.behind import behind
from portfolio.coverage import EVERYTHING, Entry, Filter, draw, draw_lines
from portfolio.kept import figures_of, figures_of_unit, keep_figures, with_kept
from portfolio.lines import coverage_in_words, live_coverage
from portfolio.loading import load
from portfolio.models import Summary
from programmes import actions as programme_actions
from programmes.models import Enrolment, Period, Unit
from qualifications.actions import word_plainly
from qualifications.models import QualityRequirement
from records.prepared import MOST_IDS
from records.refusals import NotPossible
from tests.evidence.factories import EvidenceFactory, FeedbackFactory
from tests.factories import EnrolmentFactory
from tests.portfolio.factories import Scene, scene
from tests.portfolio.large import hundred_lines, lay
from tests.recorded import record_what_was_made

pytestmark = [pytest.mark.django_db, pytest.mark.database]

FIRST_DAY = date(2026, 9, 1)


def lines_of(place: Scene) -> list[QualityRequirement]:
    return [place.a, place.both, place.c, place.d]


def now_of(enrolment: Enrolment) -> Any:
    """As a page reads it."""
    rows = Enrolment.objects.select_related("student", "programme__qualification")
    return with_kept(rows, of_units=True).get(pk=enrolment.pk)


def agree(enrolment: Enrolment, *, with_words: bool = False) -> bool:
    """See that the figures are those of a slow count, whatever part is asked for, and perhaps that
    the same words stand behind them; returns whether they were kept ones."""
    row = now_of(enrolment)
    figures, slow = figures_of(row), load(row)
    periods = [None, *figures.frame.periods]
    asked = [EVERYTHING, Filter(thin=True), Filter(since=FIRST_DAY + timedelta(days=20))]
    asked += [Filter(role=role) for role in GiverRole]
    asked += [Filter(period=period, role=GiverRole.CLIENT) for period in periods]
    asked += [Filter(thin=True, since=timezone.localdate(), role=GiverRole.CLIENT)]
    for only in asked:
        assert figures.coverage(only) == replace(draw(slow, only), newest=())
    for only in asked[:5] if with_words else ():
        drawn = draw_lines(slow, only)
        for key, line in drawn.items():
            named = figures.counts(only).named
            found = behind(row.student_id, figures.frame, key, only, named)
            assert found is not None
            items = range(0, len(found.remarks) + len(found.bare), MOST_IDS)
            parts = [found.part(start, MOST_IDS) for start in items]
            entries = [entry for part, _bare in parts for entry in part]
            bare = [piece for _entries, part in parts for piece in part]
            assert list(map(shown_of, entries)) == list(map(shown_of, line.entries))
            assert [(piece.id, piece.title) for piece in bare] == [
                (piece.id, piece.title) for piece in line.bare
            ]
    for only in asked if with_words else ():
        newest = live_coverage(figures, only).newest
        assert list(map(shown_of, newest)) == list(map(shown_of, draw(slow, only).newest))
    for unit in row.programme.units.all():
        agree_on(row, unit)
    return figures.kept is not None


def agree_on(row: Enrolment, unit: Unit) -> None:
    """See that what would count for this unit is what a slow count says."""
    of_unit = load(row, unit=unit)
    aside = [UUID(fact.piece) for fact in of_unit.set_aside]
    found, slow = figures_of_unit(row, unit, aside), of_unit.that_counts()
    drawn = draw(slow)
    assert found.counts.coverage(found.frame, EVERYTHING) == replace(drawn, newest=())
    assert {str(pk) for pk in found.counting} == {piece.id for piece in slow.pieces}
    newest = coverage_in_words(found.counts, found.frame).newest
    assert list(map(shown_of, newest)) == list(map(shown_of, drawn.newest))


def shown_of(entry: Entry) -> tuple[object, ...]:
    """What a page says of a remark."""
    piece, given = entry.piece, entry.feedback
    said = (entry.words, entry.giver, given.id, given.given_on, entry.role, entry.is_noted)
    return (*said, entry.is_earlier, entry.is_new, piece.id, piece.title)


class Happening:
    """What can happen to a set, one thing after another."""

    def __init__(self, place: Scene, chance: random.Random) -> None:
        self.place, self.chance, self.number = place, chance, 0

    def any_piece(self) -> Evidence:
        return self.chance.choice(list(Evidence.objects.kept().order_by("recorded_at")))

    def somebody(self) -> Asked:
        number = self.chance.randrange(4)
        box = f"box{number // 2}@shop.example"  # two at each
        role = self.chance.choice(list(GiverRole))
        return Asked(f"Giver {number}", box, role, "nl")

    def add(self) -> None:
        day = FIRST_DAY + timedelta(days=self.chance.randrange(80))
        words = Words(title=f"Piece {self.number}", happened_on=day)
        piece_actions.add_evidence(words=words, by=self.place.student)

    def lay(self) -> None:
        piece_actions.lay_against(
            evidence=self.any_piece(),
            requirement=self.chance.choice(lines_of(self.place)),
            by=self.place.student,
        )

    def take_off(self) -> None:
        links = RequirementLink.objects.current().order_by("recorded_at")
        piece_actions.take_off(link=self.chance.choice(list(links)), by=self.place.student)

    def revise(self) -> None:
        day = FIRST_DAY + timedelta(days=self.chance.randrange(80))
        words = Words(title=f"Revised {self.number}", happened_on=day)
        piece = self.any_piece()
        piece_actions.revise_evidence(evidence=piece, words=words, by=self.place.student)

    def withdraw(self) -> None:
        piece_actions.withdraw_evidence(evidence=self.any_piece(), by=self.place.student)

    def ask(self) -> None:
        laid = RequirementLink.objects.current().order_by("recorded_at")
        piece = self.chance.choice(list(laid)).evidence
        lines = [link.requirement for link in piece.links.current().order_by("recorded_at")][:2]
        feedback_actions.ask(
            evidence=piece,
            enrolment=self.place.enrolment,
            people=[self.somebody()],
            requirements=lines,
            by=self.place.student,
        )

    def answer(self) -> None:
        waiting = FeedbackRequest.objects.awaiting_answer(timezone.now()).order_by("recorded_at")
        question = self.chance.choice(list(waiting))
        feedback_actions.answer(
            question=question,
            text="It went well.",
            about=question.requirements.all()[:1],
            on_whole=self.chance.random() < 0.5,
            role=self.chance.choice(list(GiverRole)),
        )

    def note(self) -> None:
        piece = self.any_piece()
        lines = [link.requirement for link in piece.links.current().order_by("recorded_at")][:1]
        feedback_actions.note(
            evidence=piece,
            enrolment=self.place.enrolment,
            speaker=self.somebody(),
            given_on=FIRST_DAY,
            text="They said so.",
            requirements=lines,
            on_whole=not lines,
            by=self.place.student,
        )

    def confirm(self) -> None:
        waiting = Feedback.objects.awaiting_confirmation(timezone.now()).order_by("recorded_at")
        feedback_actions.confirm(
            feedback=self.chance.choice(list(waiting)), confirmed=self.chance.random() < 0.6
        )

    def say_same(self) -> None:
        people = list(Person.objects.filter(account=None).order_by("recorded_at"))
        one, other = self.chance.sample(people, 2)
        say_same(one=one, other=other, reason="They said so.", by=None)

    def the_giver_is_the_maker(self) -> None:
        people = list(Person.objects.filter(account=None).order_by("recorded_at"))
        maker = self.place.student.person
        say_same(one=maker, other=self.chance.choice(people), reason="They said so.", by=None)

    def not_the_same(self) -> None:
        said = SamePerson.objects.current().order_by("recorded_at")
        take_back_same(statement=self.chance.choice(list(said)), by=None)

    def add_period(self) -> None:
        start = FIRST_DAY + timedelta(days=self.chance.randrange(80))
        programme_actions.add_period(
            programme=self.place.enrolment.programme,
            name=f"Period {self.number}",
            starts_on=start,
            ends_on=start + timedelta(days=10),
            by=None,
        )

    def remove_period(self) -> None:
        period = self.chance.choice(list(Period.objects.current().order_by("recorded_at")))
        programme_actions.remove_period(period=period, by=None)

    def set_guideline(self) -> None:
        programme_actions.set_guideline(
            programme=self.place.enrolment.programme,
            target=self.chance.choice(lines_of(self.place)),
            pieces=self.chance.randrange(3),
            people=self.chance.randrange(3),
            by=None,
        )

    def word(self) -> None:
        line = self.chance.choice(lines_of(self.place))
        process = line.places.first().work_process
        wordings = {line.pk: f"In plain words {self.number}"}
        word_plainly(work_process=process, wordings=wordings, by=None)

    def something(self) -> str:
        """Let something happen, which may be refused; returns what."""
        kinds = {
            self.add: 4, self.lay: 8, self.take_off: 1, self.revise: 1, self.withdraw: 1,
            self.ask: 9, self.answer: 12, self.note: 6, self.confirm: 4, self.say_same: 2,
            self.the_giver_is_the_maker: 1, self.not_the_same: 2, self.add_period: 1,
            self.remove_period: 1, self.set_guideline: 2, self.word: 1,
        }  # fmt: skip
        [happen] = self.chance.choices(list(kinds), weights=list(kinds.values()))
        self.number += 1
        with suppress(NotPossible, NotAllowed, IndexError, ValueError):  # of nothing to choose from
            happen()
        return happen.__name__


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_what_is_kept_is_what_is_counted(seed: int, settings: Settings) -> None:
    settings.ASKED_A_DAY = 1_000
    place = scene()
    record_what_was_made()
    happening = Happening(place, random.Random(seed))
    were_kept = 0

    for start in (happening.add, happening.lay, happening.lay, happening.ask):
        start()
    for step in range(50):
        happening.something()
        were_kept += agree(place.enrolment, with_words=step % 10 == 9)  # kept before
        if happening.chance.random() < 0.5:
            keep_figures()
            assert agree(place.enrolment)

    assert were_kept > 0
    assert Feedback.objects.count() > 3


# --- What holds no longer -------------------------------------------------------------------------


@pytest.fixture
def place() -> Scene:
    place = scene()
    piece = EvidenceFactory(owner=place.enrolment.student, on=[place.a])
    FeedbackFactory(enrolment=place.enrolment, evidence=piece, remarks={place.a: "Well."})
    record_what_was_made()
    keep_figures()
    assert agree(place.enrolment)
    return place


def laid_off(place: Scene) -> None:
    link = RequirementLink.objects.current().earliest("recorded_at")
    piece_actions.take_off(link=link, by=place.student)


def a_period(place: Scene) -> None:
    days = {"starts_on": date(2020, 1, 1), "ends_on": date(2020, 2, 1)}
    programme_actions.add_period(
        programme=place.enrolment.programme, name="Long ago", by=None, **days
    )


def the_giver_is_another(place: Scene) -> None:
    giver = Feedback.objects.get().person
    say_same(one=EnrolmentFactory().student, other=giver, reason="They said so.", by=None)


MOVES = [laid_off, a_period, the_giver_is_another]


@pytest.mark.parametrize("move", MOVES)
def test_what_moved_is_counted_anew_and_kept_again(
    place: Scene, move: Callable[[Scene], None]
) -> None:
    move(place)

    assert agree(place.enrolment) is False
    assert keep_figures() == 1
    assert agree(place.enrolment) is True
    assert keep_figures() == 0


def test_of_others_nothing_moves(place: Scene) -> None:
    others = EnrolmentFactory.create_batch(3, programme=place.enrolment.programme)
    record_what_was_made()
    assert keep_figures() >= 3

    happening = Happening(place, random.Random(0))
    happening.word()
    laid_off(place)
    EnrolmentFactory(programme=place.enrolment.programme)

    assert [now_of(other).summary.holds for other in others] == [True, True, True]
    assert now_of(place.enrolment).summary.holds is False


def test_who_changes_while_it_is_counted_is_counted_again(
    place: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grounds are read before the rows, so that what comes between makes them hold no more."""
    laid_off(place)
    from portfolio import kept

    count = kept.rows_shown_by

    def counted_meanwhile(*args: Any) -> Any:
        counted = count(*args)
        monkeypatch.setattr(kept, "rows_shown_by", count)
        the_giver_is_another(place)
        return counted

    monkeypatch.setattr(kept, "rows_shown_by", counted_meanwhile)
    keep_figures()

    assert now_of(place.enrolment).summary.holds is False
    assert agree(place.enrolment) is False


def test_reading_writes_nothing(place: Scene, client: Client) -> None:
    laid_off(place)
    before = Summary.objects.values().get()
    client.force_login(place.student)

    client.get(reverse("portfolio:coverage", args=[place.enrolment.pk]))

    assert Summary.objects.values().get() == before


def test_what_is_kept_in_an_earlier_way_is_counted_anew(place: Scene) -> None:
    laid_off(place)
    keep_figures()
    Summary.objects.update(layout=1)

    before = agree(place.enrolment)
    counted = keep_figures()

    assert (before, counted, agree(place.enrolment)) == (False, 1, True)


def test_no_words_are_kept(place: Scene) -> None:
    kept = str(Summary.objects.get().counts)

    assert "Well." not in kept
    assert Feedback.objects.get().spoke_as not in kept
    assert all(line.text not in kept for line in lines_of(place))


# --- What it costs --------------------------------------------------------------------------------


@pytest.fixture(params=[1, 30, 300])
def large(request: pytest.FixtureRequest) -> Enrolment:
    """With so many pieces, laid against a hundred lines."""
    enrolment: Enrolment = EnrolmentFactory(student__language="en")
    lay(enrolment, hundred_lines(enrolment.programme), request.param)
    record_what_was_made()
    return enrolment


# What is asked under the page of the coverage, and the queries where figures are kept, and where
# they are not.
PARTS = [("", 6, 10), ("?role=client", 9, 10), ("?thin=on", 6, 10)]


@pytest.mark.parametrize(("path", "kept", "counted"), PARTS)
def test_a_coverage_costs_the_same_for_1_30_and_300_pieces(
    large: Enrolment,
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    path: str,
    kept: int,
    counted: int,
) -> None:
    client.force_login(large.student.account)
    url = reverse("portfolio:coverage", args=[large.pk]) + path
    keep_figures()
    client.get(url)

    with django_assert_num_queries(kept):
        page = client.get(url)
    Summary.objects.update(moves=1)
    with django_assert_num_queries(counted):
        client.get(url)

    assert page.status_code == 200
    assert len(page.content) < 110_000


def test_a_line_and_the_start_page_cost_the_same_for_1_30_and_300_pieces(
    large: Enrolment, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(large.student.account)
    line = RequirementLink.objects.values_list("requirement", flat=True)[0]
    opened = reverse("portfolio:line", args=[large.pk, line])
    keep_figures()
    client.get(opened)

    with django_assert_num_queries(8):
        page = client.get(opened)
    with django_assert_num_queries(10):
        start = client.get("/")

    assert len(page.content) < 35_000
    assert len(start.content) < 15_000
