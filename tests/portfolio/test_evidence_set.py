"""The set as facts: loaded from live rows, now and as of a past moment; plain data and back."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from evidence.actions import feedback as feedback_actions
from evidence.actions import pieces as piece_actions
from evidence.asking import Asked
from evidence.models import Evidence, Feedback, GiverRole
from people.actions import say_same
from portfolio import actions
from portfolio.evidence_set import (
    CONFIRMED,
    DENIED,
    NOTED,
    WRITTEN,
    EvidenceSet,
    GuidelineFact,
    LaidFact,
    PersonFact,
    RemarkFact,
    SetAsideFact,
    from_plain,
    to_plain,
)
from portfolio.loading import load, load_many
from programmes.models import Enrolment, Track
from qualifications.models import QualityRequirement
from records.chain import canonical
from tests.evidence.factories import (
    AttachmentFactory,
    EvidenceFactory,
    FeedbackFactory,
    RequirementLinkFactory,
    RevisionFactory,
    StoredFileFactory,
    confirm,
)
from tests.factories import (
    LONG_AGO,
    EnrolmentFactory,
    QualificationFactory,
    RequirementFactory,
    UnitFactory,
    UnitPartFactory,
    WorkProcessFactory,
)
from tests.portfolio.factories import (
    CheckInFactory,
    GuidelineFactory,
    Scene,
    SetAsideFactory,
    scene,
)

LATER = LONG_AGO + timedelta(days=1)
EVEN_LATER = LONG_AGO + timedelta(days=2)


def answered(
    enrolment: Enrolment, on: list[QualityRequirement], **words: Any
) -> tuple[Evidence, Feedback]:
    """A piece of the student with feedback on all it is laid against."""
    piece = EvidenceFactory(owner=enrolment.student, on=on, **words)
    return piece, FeedbackFactory(
        enrolment=enrolment, evidence=piece, remarks=dict.fromkeys(on, "")
    )


def titles(evidence_set: EvidenceSet) -> list[str]:
    return [piece.title for piece in evidence_set.pieces]


# --- What is in it --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_piece_comes_with_its_words_files_requirements_and_feedback() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, revision__title="Sprint 1")
    RequirementLinkFactory(evidence=piece, requirement=place.c, why="I delivered it.")
    RequirementLinkFactory(evidence=piece, requirement=place.a)
    shown = AttachmentFactory(revision=piece.current, order=1)
    waiting = AttachmentFactory(
        revision=piece.current, file=StoredFileFactory(waiting_photo=True), name="photo.jpg"
    )
    said = FeedbackFactory(
        enrolment=place.enrolment, evidence=piece, remarks={None: "Good", place.a: ""}
    )

    found = load(place.enrolment)

    fact = found.pieces[0]
    assert (fact.id, fact.revision, fact.title) == (str(piece.pk), 1, "Sprint 1")
    assert fact.laid == (
        LaidFact(str(place.a.pk), "", LONG_AGO),
        LaidFact(str(place.c.pk), "I delivered it.", LONG_AGO),
    )
    assert [(file.id, file.digest) for file in fact.files] == [
        (str(waiting.pk), ""),
        (str(shown.pk), shown.file.digest),
    ]
    feedback = found.feedback[0]
    assert (feedback.id, feedback.piece, feedback.standing) == (
        str(said.pk),
        fact.id,
        WRITTEN,
    )
    assert feedback.remarks == (
        RemarkFact("Friendly and clear.", (str(place.a.pk),), False),
        RemarkFact("Good", (), True),
    )
    assert [(person.id, person.name) for person in found.people] == [
        (str(place.student.pk), place.student.name),
        (str(said.person_id), said.spoke_as),
    ]
    assert found.name(str(said.person_id)) == said.person.name
    assert found.name("nobody") == ""


@pytest.mark.django_db
def test_givers_said_to_be_one_count_as_one_from_then_on() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a])
    one, other = (
        FeedbackFactory(enrolment=place.enrolment, evidence=piece).person for _ in range(2)
    )
    before = timezone.now()

    say_same(one=one, other=other, reason="I know them both.", by=None)

    def distinct(moment: datetime | None) -> int:
        return len({item.counted for item in load(place.enrolment, as_of=moment).feedback})

    assert (distinct(before), distinct(None)) == (2, 1)


@pytest.mark.django_db
def test_what_the_student_turns_out_to_have_said_counts_no_more() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a])
    said = FeedbackFactory(enrolment=place.enrolment, evidence=piece)
    before = timezone.now()
    student = place.enrolment.student

    say_same(one=said.person, other=student, reason="They told me.", by=None)

    assert len(load(place.enrolment, as_of=before).feedback) == 1
    assert load(place.enrolment).feedback == ()
    assert load(place.enrolment).people == (PersonFact(str(student.pk), student.name),)


@pytest.mark.django_db
def test_what_is_withdrawn_taken_off_elsewhere_or_of_somebody_else_is_not_in_it() -> None:
    place = scene()
    EvidenceFactory(owner=place.student, on=[place.a], revision__title="in it")
    EvidenceFactory(owner=place.student, on=[place.a], withdrawn=True)
    EvidenceFactory(owner=place.student, on=[RequirementFactory()])
    EvidenceFactory(owner=place.another().student, on=[place.a])
    RequirementLinkFactory(
        evidence=EvidenceFactory(owner=place.student), requirement=place.a, ended=True
    )

    assert titles(load(place.enrolment)) == ["in it"]


@pytest.mark.django_db
def test_pieces_come_newest_act_first() -> None:
    place = scene()
    for day in (2, 3, 1):
        EvidenceFactory(
            owner=place.student,
            on=[place.a, place.c],
            revision__title=f"day {day}",
            revision__happened_on=date(2026, 10, day),
        )

    assert titles(load(place.enrolment)) == ["day 3", "day 2", "day 1"]


@pytest.mark.django_db
def test_the_frame_names_what_must_be_shown_in_its_order() -> None:
    place = scene()

    frame = load(place.enrolment).frame

    assert [task.code for task in frame.core_tasks] == ["B1-K1", "B1-K2"]
    under = [process.requirements for task in frame.core_tasks for process in task.work_processes]
    a, both, c, d = (str(line.pk) for line in (place.a, place.both, place.c, place.d))
    assert under == [(a, both), (both, c), (d,)]
    assert [fact.id for fact in frame.requirements] == [a, both, c, d]
    assert (frame.requirements[0].words, frame.requirements[0].text) == (
        "You make a plan.",
        "plans the work",
    )
    assert [period.name for period in frame.periods] == ["Autumn", "Winter"]
    assert (frame.unit, frame.parts) == ("", ())
    assert {task.qualification for task in frame.core_tasks} == {""}


@pytest.mark.django_db
def test_an_elective_comes_after_the_programmes_own_qualification() -> None:
    place = scene()
    for title in ("Elective one", "Elective two"):
        elective = QualificationFactory(title=title, kind="elective")
        RequirementFactory(under=WorkProcessFactory(core_task__qualification=elective))
        Track.objects.create(enrolment=place.enrolment, qualification=elective)

    tasks = load(place.enrolment).frame.core_tasks

    own = place.enrolment.programme.qualification.title
    assert [task.qualification for task in tasks][:2] == [own, own]
    assert sorted(task.qualification for task in tasks[2:]) == ["Elective one", "Elective two"]


@pytest.mark.django_db
def test_somebody_who_follows_nothing_has_an_empty_set() -> None:
    place = scene()
    Track.objects.filter(enrolment=place.enrolment).update(ended_at=LATER)
    EvidenceFactory(owner=place.student, on=[place.a])

    found = load(place.enrolment)

    assert (found.frame.core_tasks, found.pieces) == ((), ())


@pytest.mark.django_db
def test_the_same_set_gives_the_same_bytes() -> None:
    place = scene()
    for _ in range(5):
        answered(place.enrolment, [place.d, place.c, place.both, place.a])
        GuidelineFactory(programme=place.enrolment.programme, requirement=RequirementFactory())

    first, second = (canonical(to_plain(load(place.enrolment))) for _ in range(2))

    assert first == second


# --- For a unit -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_unit_narrows_frame_pieces_and_remarks() -> None:
    place = scene()
    piece, _ = answered(place.enrolment, [place.a, place.d])
    answered(place.enrolment, [place.d])

    found = load(place.enrolment, unit=place.unit)

    assert found.frame.unit == "Doing the work"
    assert [part.id for part in found.frame.parts] == [str(place.unit.parts.get().pk)]
    assert [task.code for task in found.frame.core_tasks] == ["B1-K1"]
    assert [fact.id for fact in found.pieces] == [str(piece.pk)]
    assert found.pieces[0].laid == (LaidFact(str(place.a.pk), "", LONG_AGO),)
    assert [item.remarks for item in found.feedback] == [
        (RemarkFact("Friendly and clear.", (str(place.a.pk),), False),)
    ]


@pytest.mark.django_db
def test_words_about_something_outside_a_frame_are_not_in_it() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a, place.d])
    said = {place.d: "OUTSIDE", place.a: "inside", None: "whole"}
    FeedbackFactory(enrolment=place.enrolment, evidence=piece, remarks=said)
    FeedbackFactory(enrolment=place.enrolment, evidence=piece, remarks={place.d: "OUTSIDE"})

    whole, unit = load(place.enrolment), load(place.enrolment, unit=place.unit)

    assert json.dumps(to_plain(whole)).count("OUTSIDE") == 2
    assert "OUTSIDE" not in json.dumps(to_plain(unit))
    assert sorted(remark.text for item in unit.feedback for remark in item.remarks) == [
        "inside",
        "whole",
    ]
    assert len(unit.feedback) == 2  # that somebody spoke is no secret


@pytest.mark.django_db
def test_a_unit_can_be_about_one_work_process() -> None:
    place = scene()
    unit = UnitFactory(programme=place.enrolment.programme)
    UnitPartFactory(unit=unit, work_process=place.work_processes[1])

    frame = load(place.enrolment, unit=unit).frame

    assert [fact.id for fact in frame.requirements] == [str(place.both.pk), str(place.c.pk)]


@pytest.mark.django_db
def test_a_guideline_on_a_core_task_says_nothing_of_a_part_of_it() -> None:
    place = scene()
    programme = place.enrolment.programme
    GuidelineFactory(programme=programme, core_task=place.core_tasks[0])
    GuidelineFactory(programme=programme, work_process=place.work_processes[1])
    GuidelineFactory(programme=programme, requirement=place.d, ended_at=LATER)
    part = UnitFactory(programme=programme)
    UnitPartFactory(unit=part, work_process=place.work_processes[1])

    whole = load(place.enrolment, unit=place.unit).frame.guidelines
    some = load(place.enrolment, unit=part).frame.guidelines

    on_task = GuidelineFact(str(place.core_tasks[0].pk), 3, 2, 0)
    on_process = GuidelineFact(str(place.work_processes[1].pk), 3, 2, 0)
    assert set(whole) == {on_task, on_process}
    assert some == (on_process,)


# --- What counts ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_answered_evidence_counts_less_what_is_set_aside() -> None:
    place = scene()
    _, said = answered(place.enrolment, [place.a], revision__title="counts")
    aside, _ = answered(place.enrolment, [place.a], revision__title="aside")
    EvidenceFactory(owner=place.student, on=[place.a], revision__title="unanswered")
    denied, words = answered(place.enrolment, [place.a], revision__title="denied")
    noted = FeedbackFactory(enrolment=place.enrolment, evidence=denied, noted=True)
    confirm(noted, said=False)
    only_denied = EvidenceFactory(owner=place.student, on=[place.a])
    no = FeedbackFactory(enrolment=place.enrolment, evidence=only_denied, noted=True)
    confirm(no, said=False)
    SetAsideFactory(enrolment=place.enrolment, unit=place.unit, evidence=aside, reason="Not mine")

    whole = load(place.enrolment, unit=place.unit)
    counts = whole.that_counts()

    assert len(whole.pieces) == 5
    assert sorted(titles(counts)) == ["counts", "denied"]
    assert {item.id for item in counts.feedback} == {str(said.pk), str(words.pk)}
    assert {person.id for person in counts.people} == {
        str(place.student.pk),
        str(said.person_id),
        str(words.person_id),
    }
    assert counts.set_aside == (SetAsideFact(str(aside.pk), "aside", "Not mine", 1),)


@pytest.mark.django_db
def test_what_is_set_aside_is_so_for_its_unit_only_and_while_it_is_in_the_set() -> None:
    place = scene()
    piece, _ = answered(place.enrolment, [place.a])
    elsewhere = UnitFactory(programme=place.enrolment.programme)
    withdrawn = EvidenceFactory(owner=place.student, on=[place.a], withdrawn=True)
    mine = {"enrolment": place.enrolment, "unit": place.unit}
    SetAsideFactory(enrolment=place.enrolment, unit=elsewhere, evidence=piece)
    SetAsideFactory(**mine, evidence=piece, ended_at=LATER)
    SetAsideFactory(**mine, evidence=withdrawn)

    found = load(place.enrolment, unit=place.unit)

    assert found.set_aside == ()
    assert len(found.that_counts().pieces) == 1


# --- As of a past moment --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_moment_itself_is_in_it_and_what_ended_then_is_not() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student)
    RequirementLinkFactory(
        evidence=piece, requirement=place.a, recorded_at=LATER, ended_at=EVEN_LATER
    )
    moments = [LATER - timedelta(microseconds=1), LATER, EVEN_LATER]

    found = [len(load(place.enrolment, as_of=moment).pieces) for moment in moments]

    assert found == [0, 1, 0]


@pytest.mark.django_db
def test_a_past_set_shows_the_revision_of_then() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a], revision__title="first")
    AttachmentFactory(revision=piece.current)
    RevisionFactory(evidence=piece, number=2, title="second", recorded_at=EVEN_LATER)

    then, now = load(place.enrolment, as_of=LATER), load(place.enrolment)

    assert [(p.title, p.revision, len(p.files)) for p in then.pieces] == [("first", 1, 1)]
    assert [(p.title, p.revision, len(p.files)) for p in now.pieces] == [("second", 2, 0)]


@pytest.mark.django_db
def test_a_past_set_shows_noted_feedback_as_it_stood() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student, on=[place.a])
    for confirmed in (True, False):
        noted = FeedbackFactory(enrolment=place.enrolment, evidence=piece, noted=True)
        confirm(noted, said=confirmed, at=EVEN_LATER)

    then, now = load(place.enrolment, as_of=LATER), load(place.enrolment)

    assert [item.standing for item in then.feedback] == [NOTED, NOTED]
    assert sorted(item.standing for item in now.feedback) == [CONFIRMED, DENIED]


@pytest.mark.django_db
def test_looking_back_gives_what_was_seen_then() -> None:
    """Whatever happened since, through the real actions: the set as of each moment is the set
    that was loaded at that moment."""
    place = scene()
    student, enrolment = place.student, place.enrolment
    clock = datetime.now(UTC) - timedelta(days=20)
    day = clock.date()
    seen: list[tuple[datetime, EvidenceSet]] = []

    def look() -> datetime:
        """Look at the set, and go on an hour later."""
        nonlocal clock
        seen.append((clock, load(enrolment, unit=place.unit)))
        clock += timedelta(hours=1)
        return clock

    one = piece_actions.add_evidence(words=words("One", day), by=student, at=clock)
    look()
    link = piece_actions.lay_against(evidence=one, requirement=place.a, by=student, at=clock)
    at = look()
    two = piece_actions.add_evidence(words=words("Two", day), by=student, at=at)
    piece_actions.lay_against(evidence=two, requirement=place.c, by=student, at=at)
    at = look()
    speaker = Asked("Ann", "ann@shop.example", GiverRole.CLIENT, "en")
    noted = feedback_actions.note(
        evidence=one,
        enrolment=enrolment,
        speaker=speaker,
        given_on=day,
        text="Well planned",
        requirements=[place.a],
        by=student,
        at=at,
    )
    at = look()
    piece_actions.revise_evidence(evidence=one, words=words("One, better", day), by=student, at=at)
    at = look()
    feedback_actions.confirm(feedback=noted, confirmed=True, at=at)
    at = look()
    piece_actions.lay_against(
        evidence=two, requirement=place.c, why="It was delivered", by=student, at=at
    )
    at = look()
    row = actions.set_aside(
        enrolment=enrolment, unit=place.unit, evidence=two, reason="Old", by=student, at=at
    )
    at = look()
    actions.take_back(row=row, by=student, at=at)
    at = look()
    GuidelineFactory(programme=enrolment.programme, requirement=place.a, recorded_at=at)
    at = look()
    actions.hold_check_in(
        enrolment=enrolment,
        held_on=day,
        light="green",
        summary="Fine",
        agreements=[],
        by=place.adviser,
        at=at,
    )
    at = look()
    piece_actions.take_off(link=link, by=student, at=at)
    at = look()
    piece_actions.withdraw_evidence(evidence=two, by=student, at=at)
    look()

    assert [before != after for (_, before), (_, after) in pairwise(seen)] == [True] * 12
    for moment, shown in seen:
        assert load(enrolment, unit=place.unit, as_of=moment) == shown


def words(title: str, day: date) -> piece_actions.Words:
    return piece_actions.Words(title=title, happened_on=day)


# --- Many at once ---------------------------------------------------------------------------------


def some_sets(place: Scene, enrolments: int, pieces: int) -> list[Enrolment]:
    """Students of the programme and of another, each with answered pieces, a file, a check-in and
    something set aside."""
    found = [place.enrolment, *(place.another() for _ in range(enrolments - 1))]
    for enrolment in found:
        for _ in range(pieces):
            piece, _said = answered(enrolment, [place.a, place.both, place.c])
            AttachmentFactory(revision=piece.current)
            FeedbackFactory(enrolment=enrolment, evidence=piece, noted=True, remarks={None: ""})
        SetAsideFactory(enrolment=enrolment, unit=place.unit, evidence=piece)
        CheckInFactory(enrolment=enrolment)
    keys = [enrolment.pk for enrolment in found]
    return list(Enrolment.objects.filter(pk__in=keys).select_related("student"))


@pytest.mark.django_db
@pytest.mark.parametrize("with_unit", [False, True])
def test_loading_many_gives_what_loading_each_gives(with_unit: bool) -> None:
    place = scene()
    enrolments = some_sets(place, enrolments=3, pieces=2)
    elsewhere = EnrolmentFactory()
    unit = place.unit if with_unit else None

    together = load_many([*enrolments, elsewhere], unit=unit)

    assert together == {
        enrolment.pk: load(enrolment, unit=unit) for enrolment in (*enrolments, elsewhere)
    }
    assert [len(together[enrolment.pk].pieces) for enrolment in enrolments] == [2, 2, 2]


@pytest.mark.django_db
@pytest.mark.parametrize(("enrolments", "pieces"), [(1, 1), (1, 30), (5, 1)])
def test_the_number_of_queries_is_fixed(
    enrolments: int, pieces: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    place = scene()
    found = some_sets(place, enrolments, pieces)

    with django_assert_num_queries(13):
        load_many(found)
    with django_assert_num_queries(15):
        load_many(found, unit=place.unit, as_of=LATER)


# --- Plain data and back --------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.from_type(EvidenceSet))
def test_plain_data_gives_the_same_facts_back(evidence_set: EvidenceSet) -> None:
    written = json.loads(canonical(to_plain(evidence_set)))

    assert from_plain(EvidenceSet, written) == evidence_set


def test_what_an_older_format_did_not_know_takes_its_default() -> None:
    fact = from_plain(SetAsideFact, {"piece": "p", "title": "t", "reason": "r", "gone": 1})

    assert fact == SetAsideFact("p", "t", "r")
