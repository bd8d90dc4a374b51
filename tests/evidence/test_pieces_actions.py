"""Keeping, revising, laying against requirements, withdrawing and deleting evidence."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from evidence.actions import (
    Words,
    add_evidence,
    choose_requirements,
    delete_evidence,
    files_of,
    lay_against,
    revise_evidence,
    take_off,
    withdraw_evidence,
)
from evidence.models import Attachment, Evidence, RequirementLink, Revision
from files.keeping import KeptBytes, keep_bytes, prepare_waiting
from files.models import StoredFile
from people.access import NotAllowed
from portfolio.models import SetAside
from programmes.models import Enrolment, Track
from qualifications.models import QualityRequirement
from records.models import Event
from records.refusals import NotPossible
from records.verification import verify
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, FeedbackRequestFactory
from tests.evidence.scenes import everything, scene
from tests.factories import (
    LONG_AGO,
    AccountFactory,
    EnrolmentFactory,
    QualificationFactory,
    RequirementFactory,
    UnitFactory,
    WorkProcessFactory,
)
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


AT = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
WORDS = Words(title="Helped Mrs De Vries", happened_on=date(2026, 9, 30))


def text_file(content: str, name: str = "notes.txt") -> KeptBytes:
    raw = content.encode()
    return keep_bytes(io.BytesIO(raw), name=name, size=len(raw))


def statements() -> list[tuple[str, str, dict[str, Any]]]:
    """Chain, verb and facts of every event on people's chains."""
    events = Event.objects.filter(chain__key__startswith="person:").select_related("chain")
    events = events.order_by("number")
    return [(each.chain.key, each.verb, each.statement.get("facts", {})) for each in events]


# --- Adding ---------------------------------------------------------------------------------------


def test_what_is_added_is_kept_with_its_files_and_the_moment() -> None:
    student = EnrolmentFactory().student
    words = Words(
        title="Made a menu",
        happened_on=date(2026, 9, 30),
        kind=Revision.Kind.PRODUCT,
        place="Kitchen",
        origin=Revision.Origin.ELSEWHERE,
        context="For eight guests",
        reflection="Ask about allergies first",
    )

    piece = add_evidence(words=words, files=[text_file("a"), text_file("b")], by=student, at=AT)

    piece.refresh_from_db()
    revision = Revision.objects.get()
    assert (piece.owner, piece.recorded_at, piece.current) == (student, AT, revision)
    assert (Words.of(revision), revision.number, revision.recorded_at) == (words, 1, AT)
    assert [file.digest for file in files_of(revision)] == [
        text_file("a").digest,
        text_file("b").digest,
    ]


def test_the_event_of_adding_holds_ids_only() -> None:
    student = EnrolmentFactory().student

    piece = add_evidence(words=WORDS, files=[text_file("a")], by=student, at=AT)

    chain = f"person:{student.pk}"
    ids = {"evidence": str(piece.pk), "revision": str(piece.current_id)}
    assert statements() == [(chain, "evidence.added", ids)]
    assert set(Event.objects.values_list("by", "recorded_at")) == {(student.pk, AT)}


def test_the_same_file_twice_is_in_a_piece_once_under_its_first_name() -> None:
    student = EnrolmentFactory().student

    add_evidence(
        words=WORDS, files=[text_file("a", "one.txt"), text_file("a", "two.txt")], by=student
    )

    assert list(Attachment.objects.values_list("name", "order")) == [("one.txt", 0)]


def test_a_piece_holds_at_most_twenty_files() -> None:
    student = EnrolmentFactory().student
    files = [text_file(str(number)) for number in range(21)]
    before = everything()

    with pytest.raises(NotPossible, match="20"):
        add_evidence(words=WORDS, files=files, by=student)

    assert everything() == before
    assert add_evidence(words=WORDS, files=files[:20], by=student).current is not None


def test_only_who_is_enrolled_adds_evidence() -> None:
    until_yesterday = EnrolmentFactory(ends_on=date(2026, 9, 30)).student
    until_today = EnrolmentFactory(ends_on=date(2026, 10, 1)).student

    for outsider in (until_yesterday, AccountFactory()):
        with pytest.raises(NotAllowed):
            add_evidence(words=WORDS, by=outsider, at=AT)

    add_evidence(words=WORDS, by=until_today, at=AT)
    assert [piece.owner for piece in Evidence.objects.all()] == [until_today]


# --- Revising -------------------------------------------------------------------------------------


def test_a_change_is_a_new_revision_beside_the_old_one() -> None:
    student = EnrolmentFactory().student
    piece = add_evidence(words=WORDS, files=[text_file("a")], by=student, at=AT)
    other = Words(title="Helped a lady", happened_on=date(2026, 9, 29))

    second = revise_evidence(
        evidence=piece, words=other, files=[text_file("a"), text_file("b")], by=student, at=LATER
    )

    piece.refresh_from_db()
    first = Revision.objects.get(number=1)
    assert piece.current == second
    assert (Words.of(first), Words.of(second), second.number) == (WORDS, other, 2)
    assert (len(files_of(first)), len(files_of(second))) == (1, 2)
    ids = {"evidence": str(piece.pk), "revision": str(second.pk)}
    assert statements()[-1] == (piece.chain, "evidence.revised", ids)


def test_a_file_that_is_left_out_stays_in_the_earlier_revision() -> None:
    student = EnrolmentFactory().student
    piece = add_evidence(words=WORDS, files=[text_file("a"), text_file("b")], by=student)

    revise_evidence(evidence=piece, words=WORDS, files=[text_file("b")], by=student)

    counts = [len(files_of(revision)) for revision in piece.revisions.all()]
    assert counts == [2, 1]


def test_keeping_what_was_there_writes_nothing() -> None:
    student = EnrolmentFactory().student
    piece = add_evidence(words=WORDS, files=[text_file("a")], by=student)
    before = everything()

    same = revise_evidence(evidence=piece, words=WORDS, files=[text_file("a")], by=student)

    assert same == piece.current
    assert everything() == before


# --- Withdrawing ----------------------------------------------------------------------------------


def test_a_withdrawn_piece_stays_on_record_and_moves_no_more() -> None:
    place = scene()
    link = place.piece.links.first()
    assert link is not None

    withdraw_evidence(evidence=place.piece, by=place.student, at=AT)

    place.piece.refresh_from_db()
    facts = {"evidence": str(place.piece.pk)}
    assert place.piece.withdrawn_at == AT
    assert statements() == [(place.piece.chain, "evidence.withdrawn", facts)]
    before = everything()
    for attempt in (
        lambda: withdraw_evidence(evidence=place.piece, by=place.student),
        lambda: revise_evidence(evidence=place.piece, words=WORDS, by=place.student),
        lambda: lay_against(
            evidence=place.piece, requirement=place.lines[0], why="x", by=place.student
        ),
        lambda: take_off(link=link, by=place.student),
    ):
        with pytest.raises(NotPossible, match="withdrawn"):
            attempt()
    assert everything() == before


# --- Deleting -------------------------------------------------------------------------------------


def test_what_nobody_was_asked_about_can_go_for_good(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    place = scene()
    piece = add_evidence(words=WORDS, files=[text_file("a")], by=place.student)
    revise_evidence(evidence=piece, words=WORDS, files=[text_file("b")], by=place.student)
    lay_against(evidence=piece, requirement=place.lines[0], by=place.student)
    gone, paths = piece.pk, [file.path for file in StoredFile.objects.all()]
    assert [default_storage.exists(path) for path in paths] == [True, True]

    with django_capture_on_commit_callbacks(execute=True):
        delete_evidence(evidence=piece, by=place.student, at=AT)

    assert list(Evidence.objects.all()) == [place.piece]
    assert list(Revision.objects.all()) == [place.piece.current]
    assert RequirementLink.objects.filter(evidence=gone).count() == 0
    assert StoredFile.objects.count() == 0
    assert [default_storage.exists(path) for path in paths] == [False, False]
    assert statements()[-1] == (place.piece.chain, "evidence.deleted", {"evidence": str(gone)})


def a_photo() -> KeptBytes:
    raw = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(raw, "JPEG")
    return keep_bytes(io.BytesIO(raw.getvalue()), name="photo.jpg", size=len(raw.getvalue()))


@pytest.mark.parametrize("kind", ["a file", "a prepared photo", "a shared file", "no file"])
def test_what_is_deleted_is_not_missed(
    kind: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    """A lawful act never looks like tampering, now or later."""
    place = scene()
    record_what_was_made()

    def files() -> list[KeptBytes]:
        return [] if kind == "no file" else [a_photo() if "photo" in kind else text_file("a")]

    piece = add_evidence(words=WORDS, files=files(), by=place.student)
    lay_against(evidence=piece, requirement=place.lines[0], by=place.student)
    if "photo" in kind:
        prepare_waiting()
    if "shared" in kind:
        add_evidence(words=WORDS, files=files(), by=place.student)

    with django_capture_on_commit_callbacks(execute=True):
        delete_evidence(evidence=piece, by=place.student)
    with django_capture_on_commit_callbacks(execute=True):
        add_evidence(words=WORDS, files=files(), by=place.student)

    assert verify().faults == []


def test_a_file_that_somebody_else_uses_stays() -> None:
    mine, theirs = (
        add_evidence(words=WORDS, files=[text_file("a")], by=EnrolmentFactory().student)
        for _ in range(2)
    )

    delete_evidence(evidence=mine, by=mine.owner)

    assert files_of(theirs.revisions.get()) == [text_file("a")]
    assert default_storage.exists(StoredFile.objects.get().path)


def test_what_somebody_was_asked_about_is_not_deleted() -> None:
    asked = FeedbackRequestFactory().evidence
    declined = FeedbackRequestFactory(declined=True).evidence
    withdrawn = FeedbackRequestFactory(withdrawn=True).evidence
    noted = FeedbackFactory(noted=True).evidence
    before = everything()

    for piece in (asked, declined, withdrawn, noted):
        with pytest.raises(NotPossible, match="withdraw it"):
            delete_evidence(evidence=piece, by=piece.owner)

    assert everything() == before


def test_what_was_set_aside_once_is_not_deleted() -> None:
    place = scene()
    unit = UnitFactory(programme=place.enrolment.programme)
    SetAside.objects.create(
        enrolment=place.enrolment, unit=unit, evidence=place.piece, reason="old", ended_at=LONG_AGO
    )
    before = everything()

    with pytest.raises(NotPossible, match="set aside"):
        delete_evidence(evidence=place.piece, by=place.student)

    assert everything() == before


# --- Requirements ---------------------------------------------------------------------------------


def test_a_piece_is_laid_against_a_requirement_with_a_why() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student)

    link = lay_against(
        evidence=piece, requirement=place.lines[0], why="She smiled", by=place.student, at=AT
    )

    assert list(piece.links.values_list("requirement", "why", "recorded_at", "ended_at")) == [
        (place.lines[0].pk, "She smiled", AT, None)
    ]
    ids = {"evidence": piece.pk, "requirement": place.lines[0].pk, "link": link.pk}
    facts = {name: str(value) for name, value in ids.items()}
    assert statements() == [(piece.chain, "evidence.laid_against", facts)]


def test_another_why_ends_the_link_and_makes_a_new_one() -> None:
    place = scene()
    piece = EvidenceFactory(owner=place.student)
    requirement = place.lines[0]
    first = lay_against(evidence=piece, requirement=requirement, why="a", by=place.student, at=AT)

    second = lay_against(
        evidence=piece, requirement=requirement, why="b", by=place.student, at=LATER
    )

    assert [link.why for link in piece.links.as_of(AT)] == ["a"]
    assert [link.why for link in piece.links.as_of(LATER)] == ["b"]
    assert [link.pk for link in piece.links.current()] == [second.pk]
    assert RequirementLink.objects.get(pk=first.pk).ended_at == LATER


def test_the_same_why_changes_nothing() -> None:
    place = scene()
    before = everything()

    lay_against(evidence=place.piece, requirement=place.lines[0], by=place.student)

    assert everything() == before


def test_taking_off_ends_the_link_once() -> None:
    place = scene(lines=1)
    link = place.piece.links.get()

    take_off(link=link, by=place.student, at=AT)
    take_off(link=link, by=place.student, at=LATER)

    assert RequirementLink.objects.get().ended_at == AT
    ids = {"evidence": place.piece.pk, "requirement": place.lines[0].pk, "link": link.pk}
    facts = {name: str(value) for name, value in ids.items()}
    assert statements() == [(place.piece.chain, "evidence.taken_off", facts)]


def requirement_of(enrolment: Enrolment) -> QualityRequirement:
    qualification = enrolment.programme.qualification
    return RequirementFactory(under=WorkProcessFactory(core_task__qualification=qualification))


def test_requirements_of_all_current_tracks_can_be_shown() -> None:
    enrolment = EnrolmentFactory()
    elsewhere = EnrolmentFactory(student=enrolment.student)
    elective = QualificationFactory(kind="elective")
    Track.objects.create(enrolment=enrolment, qualification=elective)
    chosen = [
        requirement_of(enrolment),
        requirement_of(elsewhere),
        RequirementFactory(under=WorkProcessFactory(core_task__qualification=elective)),
    ]
    piece = EvidenceFactory(owner=enrolment.student)

    choose_requirements(evidence=piece, chosen=dict.fromkeys(chosen, ""), by=enrolment.student)

    assert {link.requirement for link in piece.current_links()} == set(chosen)


def test_other_requirements_cannot_be_shown() -> None:
    student = AccountFactory()
    switched = EnrolmentFactory(student=student)
    switched.tracks.update(ended_at=AT)
    over = EnrolmentFactory(student=student, ends_on=date(2026, 9, 30))
    draft = EnrolmentFactory(
        student=student, programme__qualification=QualificationFactory(draft=True)
    )
    of_another = EnrolmentFactory()
    piece = EvidenceFactory(owner=student)
    others = [requirement_of(each) for each in (switched, over, draft, of_another)]

    for requirement in others:
        with pytest.raises(NotPossible, match="does not belong"):
            lay_against(evidence=piece, requirement=requirement, by=student, at=LATER)

    assert piece.links.count() == 0
    good = requirement_of(EnrolmentFactory(student=student))
    assert lay_against(evidence=piece, requirement=good, by=student, at=LATER).requirement == good


def test_choosing_is_all_or_nothing() -> None:
    place = scene()
    foreign = RequirementFactory()
    links = list(place.piece.links.all())
    before = everything()

    with pytest.raises(NotPossible):
        choose_requirements(
            evidence=place.piece,
            chosen={place.lines[0]: "new why", foreign: ""},
            dropped=links[1:],
            by=place.student,
        )

    assert everything() == before
