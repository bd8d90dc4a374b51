"""Who judges, whether the quorum is met, whether members agree: pure functions."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from committees.models import Membership, Recusal
from committees.rules import (
    Accord,
    Disclosure,
    Panel,
    Seat,
    accord,
    is_attainable,
    judgements_sentence,
    obstacles,
    quorum_sentence,
)

Role, Ground = Membership.Role, Recusal.Ground
CHAIR, SECRETARY, ANNA, BEN, CARO, MANDATE = (uuid4() for _ in range(6))
SEATS = (
    Seat(CHAIR, "Chair", Role.CHAIR),
    Seat(ANNA, "Anna", Role.MEMBER),
    Seat(BEN, "Ben", Role.MEMBER),
    Seat(CARO, "Caro", Role.MEMBER),
    Seat(SECRETARY, "Secretary", Role.SECRETARY),
)
EVERYBODY = frozenset(seat.person for seat in SEATS)


def panel(
    quorum: int = 2,
    aside: dict[UUID, str] | None = None,
    givers: set[UUID] = frozenset(),  # type: ignore[assignment]  # a default nobody changes
    present: set[UUID] | frozenset[UUID] = EVERYBODY,
    judged: set[UUID] | frozenset[UUID] = EVERYBODY,
    judgements_asked: int = 2,
) -> Panel:
    return Panel(
        MANDATE,
        quorum,
        judgements_asked,
        SEATS,
        aside or {},
        dict.fromkeys(givers, Disclosure.PERSON),
        frozenset(present),
        frozenset(judged),
    )


@pytest.fixture(autouse=True)
def _in_english() -> object:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(("judged", "counts"), [({ANNA}, ANNA), ({BEN}, BEN), ({CHAIR}, ANNA)])
def test_one_human_in_two_seats_counts_once(judged: set[UUID], counts: UUID) -> None:
    seats = tuple(
        replace(seat, human=ANNA) if seat.person in (ANNA, BEN) else seat for seat in SEATS
    )
    sitting = replace(panel(judged=judged, present={CHAIR, ANNA, BEN}, quorum=3), seats=seats)

    assert [seat.person for seat in sitting.counted] == [CHAIR, counts]
    assert not sitting.has_quorum
    assert replace(sitting, quorum=2).has_quorum


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (panel(3), "4 members take part: the quorum of 3 is met. (4 of 4 present.)"),
        (
            panel(3, present=set()),
            "0 members take part, 3 are needed. (0 of 4 present.) Nobody leads.",
        ),
        (
            panel(3, present={CHAIR, ANNA, SECRETARY}),
            "2 members take part, 3 are needed. (2 of 4 present.)",
        ),
        (
            panel(3, aside={ANNA: Ground.ADVISER}),
            "3 members take part: the quorum of 3 is met. (4 of 4 present, 1 does not take part.)",
        ),
        (
            panel(3, aside={ANNA: Ground.ADVISER, BEN: Ground.OWN_REQUEST}),
            "2 members take part, 3 are needed. (4 of 4 present, 2 do not take part.)",
        ),
        (  # who stands aside and is not there makes no difference
            panel(3, aside={ANNA: Ground.ADVISER}, present={CHAIR, BEN, CARO}),
            "3 members take part: the quorum of 3 is met. (3 of 4 present.)",
        ),
        (
            Panel(MANDATE, 1, 1, (Seat(CHAIR, "Chair", Role.CHAIR),), present=frozenset({CHAIR})),
            "1 member takes part: the quorum of 1 is met. (1 of 1 present.)",
        ),
        (
            replace(panel(1, present={ANNA}), deputy=ANNA),
            "1 member takes part: the quorum of 1 is met. (1 of 4 present.) Anna leads.",
        ),
    ],
)
def test_the_quorum_in_a_sentence(made: Panel, sentence: str) -> None:
    assert quorum_sentence(made) == sentence


@pytest.mark.parametrize(
    ("judged", "sentence"),
    [
        ({ANNA}, "1 of the 2 judgements asked is in, by members who are present"),
        ({ANNA, BEN}, "2 of the 2 judgements asked are in, by members who are present"),
        ({ANNA, BEN, CARO}, "3 judgements are in; 2 were asked"),
    ],
)
def test_the_judgements_in_a_sentence(judged: set[UUID], sentence: str) -> None:
    assert judgements_sentence(panel(3, judged=judged)) == sentence


people = st.sets(st.sampled_from(sorted(EVERYBODY)))


@given(quorum=st.integers(1, 6), aside=people, present=people)
def test_the_quorum_counts_who_votes_is_present_and_does_not_stand_aside(
    quorum: int, aside: set[UUID], present: set[UUID]
) -> None:
    made = panel(quorum, dict.fromkeys(aside, Ground.OWN_REQUEST), present=present)

    assert made.has_quorum == (len((present - aside) - {SECRETARY}) >= quorum)


@given(asked=st.integers(1, 4), aside=people, givers=people, present=people, judged=people)
def test_a_decision_needs_as_many_judges_and_one_without_another_part(
    asked: int, aside: set[UUID], givers: set[UUID], present: set[UUID], judged: set[UUID]
) -> None:
    made = panel(1, dict.fromkeys(aside, Ground.ADVISER), givers, present, judged, asked)
    judges = (present & judged) - aside - {SECRETARY}
    independent = judges - givers

    assert {seat.person for seat in made.judges_there} == judges
    assert made.is_independent == bool(independent)
    assert (obstacles(made) == []) == (len(judges) >= asked and bool(independent))


@given(aside=people, givers=people)
def test_who_judges_is_told_apart_from_who_stands_aside(
    aside: set[UUID], givers: set[UUID]
) -> None:
    made = panel(1, dict.fromkeys(aside, Ground.ADVISER), givers)

    assert {seat.person for seat in made.judging} == EVERYBODY - aside - {SECRETARY}
    assert {seat.person for seat in made.disclosed} == givers - aside - {SECRETARY}
    assert {seat.person for seat in made.standing_aside} == aside
    assert all(made.may_judge(user) == (user not in aside | {SECRETARY}) for user in EVERYBODY)


@pytest.mark.parametrize(
    ("aside", "present", "deputy", "leads"),
    [
        (set(), EVERYBODY, None, CHAIR),
        ({ANNA}, EVERYBODY, ANNA, CHAIR),
        (set(), {CHAIR, ANNA}, ANNA, CHAIR),  # the chair is there: nobody in their place
        (set(), {ANNA, BEN}, None, None),
        (set(), {ANNA, BEN}, ANNA, ANNA),
        (set(), {ANNA, BEN}, CARO, None),  # who is noted is not there
        ({CHAIR}, EVERYBODY, None, None),
        ({CHAIR}, EVERYBODY, BEN, BEN),
        ({CHAIR, BEN}, EVERYBODY, BEN, None),
        ({CHAIR}, EVERYBODY, SECRETARY, None),  # has no vote
    ],
)
def test_who_leads_is_present(
    aside: set[UUID], present: set[UUID], deputy: UUID | None, leads: UUID | None
) -> None:
    made = replace(
        panel(aside=dict.fromkeys(aside, Ground.OWN_REQUEST), present=present), deputy=deputy
    )

    assert {user for user in EVERYBODY if made.leads(user)} == ({leads} if leads else set())


@pytest.mark.parametrize(
    ("aside", "deputy", "announcing"),
    [(set(), None, {CHAIR}), ({CHAIR}, ANNA, {ANNA}), (set(), SECRETARY, {CHAIR})],
)
def test_announcing_does_not_ask_presence(
    aside: set[UUID], deputy: UUID | None, announcing: set[UUID]
) -> None:
    made = panel(aside=dict.fromkeys(aside, Ground.OWN_REQUEST), present=set())

    found = {user for user in EVERYBODY if replace(made, deputy=deputy).announces(user)}
    assert found == announcing


def test_somebody_without_a_seat_is_nobody_here() -> None:
    made, stranger = panel(), uuid4()

    assert made.seat_of(stranger) is None
    assert not made.may_judge(stranger)
    assert not made.leads(stranger)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (panel(), []),
        (
            panel(present={CHAIR}),
            [
                "1 member takes part, 2 are needed. (1 of 4 present.)",
                "1 of the 2 judgements asked is in, by members who are present.",
            ],
        ),
        (
            panel(judged=set()),
            ["0 of the 2 judgements asked are in, by members who are present."],
        ),
        (  # one of them is not there
            panel(present={CHAIR, ANNA, CARO}, judged={ANNA, BEN}),
            ["1 of the 2 judgements asked is in, by members who are present."],
        ),
        (
            panel(judged={ANNA, BEN}, givers={ANNA, BEN}),
            [
                "Of those present who wrote a judgement, everybody has a part in this set: at "
                "least one judging member must have none."
            ],
        ),
    ],
)
def test_what_keeps_a_committee_from_deciding(made: Panel, said: list[str]) -> None:
    assert obstacles(made) == said


A, B = {"1": "attained", "2": "attained"}, {"1": "attained", "2": "not_yet"}


@pytest.mark.parametrize(
    ("judgements", "found"),
    [
        ([], None),
        ([A], None),
        ([A, A], Accord.UNANIMOUS),
        ([B, B, B], Accord.UNANIMOUS),
        ([A, B], Accord.SPLIT),
        ([A, A, B], Accord.SPLIT),
    ],
)
def test_judgements_agree_when_every_part_does(
    judgements: list[dict[str, str]], found: Accord | None
) -> None:
    assert accord(judgements) == found


@pytest.mark.parametrize(
    ("quorum", "judgements_asked", "members", "can"),
    [(2, 2, 2, True), (3, 2, 2, False), (2, 3, 2, False), (1, 0, 0, False)],
)
def test_the_figures_need_as_many_voting_members(
    quorum: int, judgements_asked: int, members: int, can: bool
) -> None:
    assert is_attainable(quorum, judgements_asked, members) == can


def test_one_human_in_two_seats_judges_once() -> None:
    seats = tuple(
        replace(seat, human=ANNA) if seat.person in (ANNA, BEN) else seat for seat in SEATS
    )

    sitting = replace(panel(judged={ANNA, BEN}), seats=seats)

    assert [seat.person for seat in sitting.judges_there] == [ANNA]


@pytest.mark.parametrize(
    ("coordinating", "deputy", "leads", "announcing"),
    [
        (set(), None, CHAIR, {CHAIR}),
        ({CHAIR}, None, None, set()),
        ({CHAIR}, ANNA, ANNA, {ANNA}),
        ({CHAIR, ANNA}, ANNA, None, set()),
        ({ANNA}, None, CHAIR, {CHAIR}),
    ],
)
def test_nobody_coordinates_and_leads(
    coordinating: set[UUID], deputy: UUID | None, leads: UUID | None, announcing: set[UUID]
) -> None:
    made = replace(panel(), coordinating=frozenset(coordinating), deputy=deputy)

    assert {user for user in EVERYBODY if made.leads(user)} == ({leads} if leads else set())
    assert {user for user in EVERYBODY if made.announces(user)} == announcing
    assert coordinating & {seat.person for seat in made.may_be_noted} == set()
    assert Panel.from_plain(made.to_plain(), {}).coordinating == coordinating


@given(aside=people, givers=people, present=people, judged=people)
def test_a_panel_is_sealed_and_read_back_as_it_was(
    aside: set[UUID], givers: set[UUID], present: set[UUID], judged: set[UUID]
) -> None:
    made = panel(3, dict.fromkeys(aside, Ground.OWN_REQUEST), givers, present, judged)
    names = {seat.person: seat.name for seat in SEATS}

    plain = json.loads(json.dumps(made.to_plain()))

    assert Panel.from_plain(plain, names) == made
    assert {seat.name for seat in Panel.from_plain(plain, {}).seats} == {""}
