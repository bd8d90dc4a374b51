"""What a coverage says of a set; on facts made by hand, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.models import GiverRole
from portfolio.coverage import (
    EVERYTHING,
    UNANSWERED,
    WHOLE,
    Coverage,
    Filter,
    Line,
    RequirementRow,
    Tally,
    draw,
    draw_line,
    draw_lines,
)
from portfolio.evidence_set import (
    CONFIRMED,
    DENIED,
    NOTED,
    WRITTEN,
    CoreTaskFact,
    EvidenceSet,
    FeedbackFact,
    Frame,
    GuidelineFact,
    LaidFact,
    PeriodFact,
    PersonFact,
    PieceFact,
    RemarkFact,
    RequirementFact,
    WorkProcessFact,
)

AUTUMN = PeriodFact("Autumn", date(2026, 9, 1), date(2026, 11, 30))
WINTER = PeriodFact("Winter", date(2026, 12, 1), date(2027, 2, 28))
LINES = ("a", "both", "c", "d")


def frame(*guidelines: GuidelineFact, periods: tuple[PeriodFact, ...] = (AUTUMN, WINTER)) -> Frame:
    """K1 holds W1 (a, both) and W2 (both, c); K2 holds W3 (d)."""
    w1 = WorkProcessFact("w1", "B1-K1-W1", "Prepares", ("a", "both"))
    w2 = WorkProcessFact("w2", "B1-K1-W2", "Delivers", ("both", "c"))
    w3 = WorkProcessFact("w3", "B1-K2-W1", "Reflects", ("d",))
    return Frame(
        student="student",
        programme="Programme",
        framework="dossier",
        unit="",
        parts=(),
        core_tasks=(
            CoreTaskFact("k1", "B1-K1", "Works", (w1, w2)),
            CoreTaskFact("k2", "B1-K2", "Learns", (w3,)),
        ),
        requirements=tuple(RequirementFact(line, line, line) for line in LINES),
        periods=periods,
        guidelines=guidelines,
    )


def piece(key: str, *on: str, day: date = date(2026, 9, 10)) -> PieceFact:
    return PieceFact(
        id=key,
        revision=1,
        title=key,
        kind="act",
        happened_on=day,
        place="",
        origin="here",
        context="",
        reflection="",
        laid=tuple(LaidFact(line, "") for line in on),
        files=(),
    )


def said(key: str, about: PieceFact, *on: str | None, **given: Any) -> FeedbackFact:
    """By Ann, a client, unless said otherwise; the remarks have no words of their own."""
    return FeedbackFact(
        **{
            "id": key,
            "piece": about.id,
            "revision": 1,
            "giver": "ann",
            "role": "client",
            "standing": WRITTEN,
            "given_on": date(2026, 9, 12),
            "recorded_at": datetime(2026, 9, 12, 8, tzinfo=UTC),
            "place": "",
            "remarks": (_remark(f"words of {key}", *on),) if on else (),
            **given,
        }
    )


def _remark(text: str, *on: str | None) -> RemarkFact:
    """About these requirements, and the whole where None is among them."""
    return RemarkFact(text, tuple(line for line in on if line), None in on)


def a_set(
    *of: PieceFact, feedback: tuple[FeedbackFact, ...] = (), within: Frame | None = None
) -> EvidenceSet:
    people = (PersonFact("ann", "Ann"), PersonFact("bob", "Bob"), PersonFact("cas", "Cas"))
    return EvidenceSet(within or frame(), of, feedback, people)


def row(coverage: Coverage, line: str) -> RequirementRow:
    """At its first place."""
    rows = (row for task in coverage.core_tasks for group in task.groups for row in group.rows)
    return next(row for row in rows if row.requirement.id == line)


def behind(evidence_set: EvidenceSet, key: str, only: Filter = EVERYTHING) -> Line:
    """What stands behind this line."""
    line = draw_line(evidence_set, key, only)
    assert line is not None
    return line


def silent(evidence_set: EvidenceSet, only: Filter) -> list[str]:
    """The pieces without feedback, which are as many as the coverage counts."""
    pieces = [piece.id for piece in behind(evidence_set, UNANSWERED, only).bare]
    assert len(pieces) == draw(evidence_set, only).unanswered
    return pieces


def roles(tally: Tally) -> dict[str, int]:
    return {str(item.role): item.people for item in tally.roles if item.people}


def periods(tally: Tally) -> list[tuple[str, int]]:
    return [(item.period.name if item.period else "", item.pieces) for item in tally.periods]


# --- People ---------------------------------------------------------------------------------------


def test_a_person_who_speaks_twice_is_one_person() -> None:
    one, two = piece("one", "a"), piece("two", "a")
    feedback = (said("1", one, "a"), said("2", two, "a"), said("3", two, "a", giver="bob"))

    tally = row(draw(a_set(one, two, feedback=feedback)), "a").tally

    assert (tally.pieces, tally.remarks, tally.people) == (2, 3, 2)


def test_people_count_in_each_role_in_which_they_spoke() -> None:
    one = piece("one", "a")
    feedback = (
        said("1", one, "a"),
        said("2", one, "a", giver="bob"),
        said("3", one, "a", giver="bob", role="supervisor"),
    )

    tally = row(draw(a_set(one, feedback=feedback)), "a").tally

    assert roles(tally) == {"client": 2, "supervisor": 1}
    assert [item.role for item in tally.roles] == list(GiverRole)
    assert tally.people == 2


def test_what_was_noted_stands_apart_until_it_is_confirmed() -> None:
    one = piece("one", "a")
    noted = said("1", one, "a", giver="bob", role="peer", standing=NOTED)
    written = said("2", one, "a")

    told_of = a_set(one, feedback=(noted, written))
    before = row(draw(told_of), "a")
    confirmed = replace(noted, standing=CONFIRMED)
    after = row(draw(a_set(one, feedback=(confirmed, written))), "a")

    counts = before.tally
    assert (counts.remarks, counts.noted, counts.people, counts.unconfirmed) == (1, 1, 1, 1)
    assert roles(counts) == {"client": 1}
    assert sorted(entry.is_noted for entry in behind(told_of, "a").entries) == [False, True]
    counts = after.tally
    assert (counts.remarks, counts.noted, counts.people, counts.unconfirmed) == (2, 0, 2, 0)
    assert roles(counts) == {"client": 1, "peer": 1}


def test_a_person_who_also_wrote_is_not_unconfirmed() -> None:
    one = piece("one", "a")
    feedback = (said("1", one, "a", standing=NOTED), said("2", one, "a"))

    tally = row(draw(a_set(one, feedback=feedback)), "a").tally

    assert (tally.people, tally.unconfirmed, tally.noted) == (1, 0, 1)


def test_what_the_speaker_denied_is_nowhere() -> None:
    one = piece("one", "a")
    denied = said("1", one, "a", None, standing=DENIED)

    coverage = draw(a_set(one, feedback=(denied,)))

    assert behind(a_set(one, feedback=(denied,)), "a").entries == ()
    assert coverage.whole == 0
    assert (coverage.unanswered, behind(a_set(one, feedback=(denied,)), UNANSWERED).bare) == (
        1,
        (one,),
    )
    assert row(coverage, "a").tally.unanswered == 1


def test_an_erased_name_stays_a_person() -> None:
    one = piece("one", "a")

    told_of = a_set(one, feedback=(said("1", one, "a", giver="erased"),))

    assert row(draw(told_of), "a").tally.people == 1
    assert behind(told_of, "a").entries[0].giver == ""


# --- Remarks --------------------------------------------------------------------------------------


def test_a_remark_stands_at_all_that_it_is_about() -> None:
    one = piece("one", "a", "c")
    remarks = (_remark("Calm and clear", "a", "c", None), _remark("Own words", "a"))

    told_of = a_set(one, feedback=(said("1", one, remarks=remarks),))

    assert [entry.words for entry in behind(told_of, "a").entries] == [
        "Calm and clear",
        "Own words",
    ]
    assert [entry.words for entry in behind(told_of, "c").entries] == ["Calm and clear"]
    assert [entry.words for entry in draw(told_of).newest] == ["Calm and clear"]
    assert behind(told_of, "a").entries[0].giver == "Ann"


@pytest.mark.parametrize(("seen", "is_earlier"), [(1, True), (2, False)])
def test_a_remark_says_when_its_giver_saw_an_earlier_version(seen: int, is_earlier: bool) -> None:
    one = replace(piece("one", "a"), revision=2)

    told_of = a_set(one, feedback=(said("1", one, "a", None, revision=seen),))

    entries = (*behind(told_of, "a").entries, *draw(told_of).newest)
    assert [entry.is_earlier for entry in entries] == [is_earlier] * 2


def test_the_newest_remark_comes_first() -> None:
    one = piece("one", "a")
    late = {"given_on": date(2026, 10, 1)}
    recorded_later = {"recorded_at": datetime(2026, 9, 13, 8, tzinfo=UTC)}
    feedback = (said("1", one, "a"), said("2", one, "a", **late))
    feedback += (said("3", one, "a", **recorded_later),)

    entries = behind(a_set(one, feedback=feedback), "a").entries

    assert [entry.feedback.id for entry in entries] == ["2", "3", "1"]


def test_a_remark_on_the_whole_stands_apart_from_the_requirements() -> None:
    one = piece("one", "a")

    coverage = draw(a_set(one, feedback=(said("1", one, None),)))

    assert [entry.feedback.id for entry in coverage.newest] == ["1"]
    assert row(coverage, "a").tally.remarks == 0
    assert coverage.unanswered == 0


def test_a_remark_counts_while_its_piece_is_laid_against_the_requirement() -> None:
    one = piece("one", "a", "c")
    feedback = (said("1", one, "a", "c"),)

    laid = draw(a_set(one, feedback=feedback))
    taken_off = draw(a_set(piece("one", "c"), feedback=feedback))

    assert row(laid, "a").tally.remarks == 1
    assert row(taken_off, "a").tally.remarks == 0
    assert row(taken_off, "c").tally.remarks == 1


def test_feedback_on_a_piece_that_was_erased_is_passed_over() -> None:
    one, gone = piece("one", "a"), piece("gone", "a")

    told_of = a_set(one, feedback=(said("1", gone, "a", None),))
    coverage = draw(told_of)

    assert behind(told_of, "a").entries == ()
    assert coverage.whole == 0


# --- Pieces ---------------------------------------------------------------------------------------


def test_a_line_names_the_pieces_without_a_remark_on_it_newest_first() -> None:
    one = piece("one", "a", "c", day=date(2026, 9, 1))
    two = piece("two", "a", day=date(2026, 12, 1))

    told_of = a_set(one, two, feedback=(said("1", one, "c"),))
    coverage = draw(told_of)

    assert behind(told_of, "a").bare == (two, one)
    assert behind(told_of, "c").bare == ()
    assert (coverage.unanswered, behind(told_of, UNANSWERED).bare) == (1, (two,))
    assert row(coverage, "a").tally.unanswered == 1
    assert row(coverage, "a").tally.latest == date(2026, 12, 1)


def test_nothing_shown_is_empty() -> None:
    coverage = draw(a_set())

    assert coverage.is_empty
    assert row(coverage, "a").tally.is_empty
    assert row(coverage, "a").tally.latest is None
    assert not draw(a_set(piece("one", "a"))).is_empty


# --- Places ---------------------------------------------------------------------------------------


def test_a_requirement_under_two_work_processes_stands_at_both_and_counts_once_above() -> None:
    one = piece("one", "both")

    told_of = a_set(one, feedback=(said("1", one, "both"),))
    task, other = draw(told_of).core_tasks

    first, second = (group.rows for group in task.groups)
    shown = [(line.requirement.id, line.is_first) for line in (*first, *second)]
    assert shown == [("a", True), ("both", True), ("both", False), ("c", True)]
    assert behind(told_of, "a").places == ("B1-K1-W1",)
    assert behind(told_of, "both").places == ("B1-K1-W1", "B1-K1-W2")
    assert [group.tally.remarks for group in task.groups] == [1, 1]
    assert (task.tally.pieces, task.tally.remarks, task.tally.people) == (1, 1, 1)
    assert other.tally.is_empty


def test_a_piece_on_two_requirements_counts_once_above_and_each_remark_counts() -> None:
    one = piece("one", "a", "c")

    task = draw(a_set(one, feedback=(said("1", one, "a", "c"),))).core_tasks[0]

    assert (task.tally.pieces, task.tally.remarks, task.tally.people) == (1, 2, 1)


# --- Periods --------------------------------------------------------------------------------------


def test_the_strip_goes_by_the_date_of_the_act() -> None:
    first, last = piece("first", "a", day=AUTUMN.starts_on), piece("last", "a", day=AUTUMN.ends_on)
    later = piece("later", "a", day=WINTER.starts_on)
    given_later = said("1", first, "a", given_on=WINTER.ends_on)

    tally = row(draw(a_set(first, last, later, feedback=(given_later,))), "a").tally

    assert periods(tally) == [("Autumn", 2), ("Winter", 1)]


def test_what_was_outside_all_periods_has_a_place_of_its_own_in_every_strip() -> None:
    earlier = piece("earlier", "a", day=AUTUMN.starts_on - timedelta(days=1))

    coverage = draw(a_set(earlier, piece("one", "c")))

    assert periods(row(coverage, "a").tally) == [("", 1), ("Autumn", 0), ("Winter", 0)]
    assert periods(row(coverage, "c").tally) == [("", 0), ("Autumn", 1), ("Winter", 0)]
    assert [item.pieces for item in coverage.periods] == [1, 1, 0]


def test_a_programme_without_periods_has_no_strip() -> None:
    coverage = draw(a_set(piece("one", "a"), within=frame(periods=())))

    assert row(coverage, "a").tally.periods == ()


# --- Guidelines -----------------------------------------------------------------------------------


def test_a_guideline_says_what_it_still_asks() -> None:
    asked = GuidelineFact("a", pieces=2, people=2, roles=2)
    one, two = piece("one", "a"), piece("two", "a")
    some = (said("1", one, "a"),)
    enough = (*some, said("2", two, "a", giver="bob", role="peer"))

    short = row(draw(a_set(one, feedback=some, within=frame(asked))), "a").tally.guideline
    met = row(draw(a_set(one, two, feedback=enough, within=frame(asked))), "a").tally.guideline

    assert short is not None
    assert met is not None
    assert (short.pieces, short.people, short.roles, short.met) == (1, 1, 1, False)
    assert (met.pieces, met.people, met.roles, met.met) == (0, 0, 0, True)
    assert met.asked == asked


def test_what_is_only_noted_does_not_meet_a_guideline() -> None:
    one = piece("one", "a")
    asked = GuidelineFact("a", pieces=1, people=1, roles=0)
    noted = said("1", one, "a", standing=NOTED)

    state = row(draw(a_set(one, feedback=(noted,), within=frame(asked))), "a").tally.guideline

    assert state is not None
    assert (state.people, state.met) == (1, False)


def test_a_guideline_is_held_against_what_it_is_on_and_nothing_else() -> None:
    guidelines = (GuidelineFact("k1", 1, 0, 0), GuidelineFact("w2", 1, 0, 0))

    task, other = draw(a_set(piece("one", "a"), within=frame(*guidelines))).core_tasks

    met = [state and state.met for state in (task.tally.guideline, other.tally.guideline)]
    assert met == [True, None]
    below = [group.tally.guideline for group in task.groups]
    assert [state and state.met for state in below] == [None, False]
    assert {line.tally.guideline for group in task.groups for line in group.rows} == {None}


# --- Whatever the set -----------------------------------------------------------------------------


@st.composite
def sets(draw_from: st.DrawFn) -> EvidenceSet:
    days = st.dates(date(2026, 8, 1), date(2027, 3, 31))
    lines = st.lists(st.sampled_from(LINES), unique=True, min_size=1)
    pieces = [
        piece(f"p{number}", *draw_from(lines), day=draw_from(days))
        for number in range(draw_from(st.integers(0, 5)))
    ]
    about = st.lists(st.sampled_from([*LINES, None]), unique=True)
    feedback = [
        said(
            f"f{number}",
            draw_from(st.sampled_from(pieces)),
            *draw_from(about),
            giver=draw_from(st.sampled_from(["ann", "bob", "cas", "erased"])),
            role=draw_from(st.sampled_from(GiverRole.values)),
            standing=draw_from(st.sampled_from([WRITTEN, NOTED, CONFIRMED, DENIED])),
            given_on=draw_from(days),
        )
        for number in range(draw_from(st.integers(0, 8)) if pieces else 0)
    ]
    return a_set(*pieces, feedback=tuple(feedback))


@given(sets())
def test_what_is_above_holds_what_is_below_once(evidence_set: EvidenceSet) -> None:
    coverage, lines_of = draw(evidence_set), draw_lines(evidence_set)

    for task in coverage.core_tasks:
        keys = {line.requirement.id for group in task.groups for line in group.rows}
        entries = [entry for key in keys for entry in lines_of[key].entries]
        firm = [entry for entry in entries if not entry.is_noted]
        bare = {item.id for key in keys for item in lines_of[key].bare}
        pieces = bare | {entry.piece.id for entry in entries}
        assert task.tally.pieces == len(pieces) == sum(n for _, n in periods(task.tally))
        assert task.tally.remarks == len(firm)
        assert task.tally.noted == len(entries) - len(firm)
        assert task.tally.people == len({entry.feedback.giver for entry in firm})
        everybody = {entry.feedback.giver for entry in entries}
        assert task.tally.people + task.tally.unconfirmed == len(everybody)


@given(sets())
def test_each_requirement_has_one_first_place(evidence_set: EvidenceSet) -> None:
    rows = (
        r for task in draw(evidence_set).core_tasks for group in task.groups for r in group.rows
    )

    assert sorted(line.requirement.id for line in rows if line.is_first) == sorted(LINES)


@given(sets(), st.randoms())
def test_the_order_in_which_facts_come_makes_no_difference(
    evidence_set: EvidenceSet, random: Any
) -> None:
    distinct = {item.happened_on: item for item in evidence_set.pieces}
    pieces = list(distinct.values())  # a day has no order within it but that of the set
    calm = replace(evidence_set, pieces=tuple(pieces))
    feedback = list(evidence_set.feedback)
    random.shuffle(pieces)
    random.shuffle(feedback)

    shuffled = replace(evidence_set, pieces=tuple(pieces), feedback=tuple(feedback))

    assert draw(shuffled).core_tasks == draw(calm).core_tasks


# --- Filters --------------------------------------------------------------------------------------

EARLY, LATE = date(2026, 9, 10), date(2026, 12, 10)


def told() -> EvidenceSet:
    """In autumn Ann, a client, and Bob, a supervisor, spoke of `a`; in winter Bob of `both` and of
    the whole. On `c` is a piece on which nobody spoke."""
    one, two = piece("one", "a", "both", day=EARLY), piece("two", "both", "c", day=LATE)
    silent = piece("silent", "c", day=LATE)
    bob: dict[str, Any] = {"giver": "bob", "role": "supervisor"}
    later = datetime(2026, 12, 12, 8, tzinfo=UTC)
    feedback = (
        said("1", one, "a"),
        said("2", one, "a", **bob),
        said("3", two, None, "both", **bob, recorded_at=later, given_on=later.date()),
    )
    asked = (
        GuidelineFact("a", pieces=2, people=1, roles=1),
        GuidelineFact("k2", pieces=1, people=0, roles=0),
    )
    return a_set(one, two, silent, feedback=feedback, within=frame(*asked))


def lines(coverage: Coverage) -> list[str]:
    """The requirements under each work process that is shown."""
    return [
        f"{group.work_process.id}: {' '.join(row.requirement.id for row in group.rows)}".strip()
        for task in coverage.core_tasks
        for group in task.groups
    ]


def of(tally: Tally) -> tuple[int, int, int]:
    return tally.pieces, tally.remarks, tally.people


ALL_LINES = ["w1: a both", "w2: both c", "w3: d"]


def test_without_a_filter_all_is_shown() -> None:
    coverage = draw(told())

    assert coverage == draw(told(), Filter())
    assert (lines(coverage), coverage.requirements) == (ALL_LINES, 4)
    assert coverage.only.is_on is False


def test_of_a_role_only_what_it_said_counts() -> None:
    coverage = draw(told(), Filter(role=GiverRole.SUPERVISOR))

    found = {line: of(row(coverage, line).tally) for line in LINES}
    assert found == {"a": (1, 1, 1), "both": (1, 1, 1), "c": (0, 0, 0), "d": (0, 0, 0)}
    assert [of(task.tally) for task in coverage.core_tasks] == [(2, 2, 1), (0, 0, 0)]
    assert [entry.feedback.id for entry in coverage.newest] == ["3"]
    assert coverage.unanswered == 0
    assert lines(coverage) == ALL_LINES


def test_of_a_period_only_what_was_done_in_it_counts() -> None:
    coverage = draw(told(), Filter(period=WINTER))

    found = {line: of(row(coverage, line).tally) for line in LINES}
    assert found == {"a": (0, 0, 0), "both": (1, 1, 1), "c": (2, 0, 0), "d": (0, 0, 0)}
    assert periods(coverage.core_tasks[0].tally) == [("Autumn", 0), ("Winter", 2)]
    assert silent(told(), Filter(period=WINTER)) == ["silent"]


def test_a_part_of_the_set_is_held_against_no_guideline() -> None:
    narrowed = [Filter(role=GiverRole.CLIENT), Filter(period=AUTUMN)]

    found = [row(draw(told(), only), "a").tally.guideline for only in narrowed]

    assert found == [None, None]
    assert row(draw(told(), Filter(thin=True)), "a").tally.guideline is not None


def test_thin_is_what_has_no_remark_or_is_short_of_its_own_guideline() -> None:
    coverage = draw(told(), Filter(thin=True))

    assert lines(coverage) == ["w1: a", "w2: c", "w3: d"]
    assert coverage.requirements == 3
    # The heading still counts all that is under it; what is on the whole is no gap.
    assert of(coverage.core_tasks[0].tally) == of(draw(told()).core_tasks[0].tally)
    assert (coverage.whole, silent(told(), Filter(thin=True))) == (0, ["silent"])


def test_what_is_short_of_its_own_guideline_is_shown_without_a_thin_line_in_it() -> None:
    one = piece("one", *LINES)
    everything_said = (said("1", one, *LINES),)
    short = GuidelineFact("k2", pieces=2, people=0, roles=0)
    enough = GuidelineFact("k1", pieces=1, people=0, roles=0)

    coverage = draw(
        a_set(one, feedback=everything_said, within=frame(short, enough)), Filter(thin=True)
    )

    assert [(task.core_task.id, task.groups) for task in coverage.core_tasks] == [("k2", ())]
    assert coverage.requirements == 0


def test_a_line_with_only_a_noted_remark_is_not_thin() -> None:
    one = piece("one", *LINES)
    feedback = (said("1", one, *LINES, standing=NOTED),)

    assert draw(a_set(one, feedback=feedback), Filter(thin=True)).core_tasks == ()


def test_new_is_what_was_recorded_or_done_since_that_day() -> None:
    coverage = draw(told(), Filter(since=date(2026, 12, 10)))

    assert lines(coverage) == ["w1: both", "w2: both c"]
    since = Filter(since=date(2026, 12, 10))
    assert [entry.is_new for entry in behind(told(), "both", since).entries] == [True]
    assert of(row(coverage, "both").tally) == of(row(draw(told()), "both").tally)
    assert [entry.feedback.id for entry in coverage.newest] == ["3"]
    assert silent(told(), Filter(since=date(2026, 12, 10))) == ["silent"]


def test_a_remark_on_older_work_is_new_and_what_stood_there_is_not() -> None:
    one = piece("one", "a", day=EARLY)
    late = datetime(2026, 12, 11, 23, 30, tzinfo=UTC)  # half past midnight in Amsterdam
    feedback = (said("1", one, "a"), said("2", one, "a", recorded_at=late, given_on=LATE))
    told_late = a_set(one, feedback=feedback)

    line = behind(told_late, "a", Filter(since=date(2026, 12, 12)))

    found = [(entry.feedback.id, entry.is_new) for entry in line.entries]
    assert found == [("2", True), ("1", False)]
    assert draw(told_late, Filter(since=date(2026, 12, 13))).core_tasks == ()


def test_older_work_that_was_added_since_is_new_where_it_was_laid_since() -> None:
    long_ago, late = (datetime(2026, month, 11, 12, tzinfo=UTC) for month in (9, 12))
    added = replace(
        piece("one", day=EARLY), laid=(LaidFact("a", "", long_ago), LaidFact("c", "", late))
    )

    coverage = draw(a_set(added), Filter(since=date(2026, 12, 11)))

    assert lines(coverage) == ["w2: c"]
    assert silent(a_set(added), Filter(since=date(2026, 12, 11))) == ["one"]


def test_filters_add_up() -> None:
    silent_in_autumn = draw(told(), Filter(role=GiverRole.CLIENT, period=AUTUMN, thin=True))
    new_of_clients = draw(told(), Filter(role=GiverRole.CLIENT, since=LATE))
    thin_and_new = draw(told(), Filter(thin=True, since=LATE))

    # What a client said in autumn is of `a`; no guideline makes that thin.
    assert lines(silent_in_autumn) == ["w1: both", "w2: both c", "w3: d"]
    assert new_of_clients.core_tasks == ()
    assert lines(thin_and_new) == ["w2: c"]


def test_an_empty_part_is_no_empty_set() -> None:
    assert draw(told(), Filter(role=GiverRole.PEER)).is_empty is False
    assert draw(a_set(), Filter(role=GiverRole.PEER)).is_empty is True


# --- What stands behind a line --------------------------------------------------------------------


def test_a_line_is_narrowed_as_the_coverage_is() -> None:
    only = Filter(role=GiverRole.SUPERVISOR)

    found = {
        key: [entry.feedback.id for entry in behind(told(), key, only).entries] for key in LINES
    }

    assert found == {"a": ["2"], "both": ["3"], "c": [], "d": []}
    assert [entry.feedback.id for entry in behind(told(), WHOLE, only).entries] == ["3"]


def test_all_lines_are_each_of_the_lines() -> None:
    drawn = draw_lines(told())

    assert list(drawn) == [WHOLE, UNANSWERED, *LINES]
    assert drawn == {key: behind(told(), key) for key in drawn}
    assert draw_line(told(), "of another qualification") is None
