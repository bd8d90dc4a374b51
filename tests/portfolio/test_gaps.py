"""What would add most: thin requirements, in words; on facts made by hand, without a database."""

from portfolio.coverage import draw
from portfolio.evidence_set import NOTED, EvidenceSet, GuidelineFact
from portfolio.gaps import gaps_in
from tests.portfolio.test_coverage import LINES, a_set, frame, piece, said


def gaps(evidence_set: EvidenceSet, most: int = 10) -> list[tuple[str, bool, bool]]:
    found = gaps_in(draw(evidence_set), most)
    return [(gap.row.requirement.id, gap.is_shown, gap.is_heard) for gap in found]


def test_of_an_empty_set_every_requirement_is_a_gap_once() -> None:
    assert gaps(a_set()) == [(line, False, False) for line in LINES]


def test_what_was_shown_and_not_spoken_of_comes_first_then_what_is_short_of_its_guideline() -> None:
    asked = GuidelineFact("c", pieces=1, people=2, roles=0)
    silent, heard = piece("silent", "d"), piece("heard", "both", "c")
    feedback = (said("1", heard, "both", "c"),)

    found = gaps(a_set(silent, heard, feedback=feedback, within=frame(asked)))

    assert found == [("d", True, False), ("c", True, True), ("a", False, False)]


def test_a_remark_that_was_only_noted_was_said() -> None:
    one = piece("one", *LINES)
    feedback = (said("1", one, *LINES, standing=NOTED),)

    assert gaps(a_set(one, feedback=feedback)) == []


def test_a_guideline_that_is_met_leaves_no_gap() -> None:
    one = piece("one", *LINES)
    enough = GuidelineFact("a", pieces=1, people=1, roles=1)

    assert gaps(a_set(one, feedback=(said("1", one, *LINES),), within=frame(enough))) == []


def test_there_are_no_more_gaps_than_asked_for() -> None:
    assert len(gaps(a_set(), most=3)) == 3
