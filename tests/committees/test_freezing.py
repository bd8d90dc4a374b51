"""What enters the frozen set, when, and who stands aside from then on."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from itertools import islice
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from committees import actions
from committees.actions import freezing
from committees.models import Case, Committee, Snapshot, SnapshotFile, SnapshotItem
from committees.snapshots import read
from committees.who_sits import panel_of
from evidence.models import (
    Attachment,
    Evidence,
    Feedback,
    GiverRole,
    Remark,
    RemarkRequirement,
    RequirementLink,
    Revision,
)
from files.models import StoredFile
from files.preparing import claimed, prepare_waiting
from people.models import Person
from portfolio.evidence_set import EvidenceSet
from portfolio.models import SetAside
from post.work import WORK
from records.actions import erase
from records.chain import append, canonical
from records.models import Event, Look
from records.refusals import NotPossible
from records.verification import verify_chain
from tests.committees.factories import (
    REFERENCE,
    MembershipFactory,
    Scene,
    answered_piece,
    scene,
)
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackFactory,
    GiverFactory,
    attach,
)
from tests.factories import LONG_AGO, RequirementFactory, set_rules
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db

AFTER = REFERENCE + timedelta(hours=1)


def frozen(made: Scene) -> Snapshot:
    return actions.freeze_case(case=made.case, at=AFTER)


def titles(made: Scene) -> set[str]:
    return {piece.title for piece in read(made.case).evidence_set.pieces}


def test_what_counts_enters_and_nothing_else() -> None:
    made = scene()
    enrolment, line = made.case.enrolment, made.requirement
    answered_piece(enrolment, line, revision__title="Answered")
    EvidenceFactory(owner=made.student, on=[line], revision__title="Unanswered")
    answered_piece(enrolment, RequirementFactory(), revision__title="Of another unit")
    aside = answered_piece(enrolment, line, revision__title="Set aside")
    SetAside.objects.create(
        enrolment=enrolment, unit=made.unit, evidence=aside, reason="Old.", recorded_at=LONG_AGO
    )
    late = answered_piece(enrolment, line, revision__title="Too late", recorded_at=AFTER)
    type(late).objects.filter(pk=late.pk).update(recorded_at=AFTER)

    frozen(made)

    kept = read(made.case).evidence_set
    assert "Answered" in titles(made)
    assert titles(made) & {"Unanswered", "Of another unit", "Set aside", "Too late"} == set()
    assert [(item.title, item.reason) for item in kept.set_aside] == [("Set aside", "Old.")]


def test_the_snapshot_names_every_item() -> None:
    made = scene(pieces=3)

    snapshot = frozen(made)

    kinds = sorted(snapshot.items.values_list("kind", flat=True))
    sits = ["member"] * made.committee.memberships.count()
    named = ["person"] * 4 + ["piece"] * 3 + ["terms"]
    assert kinds == ["feedback"] * 3 + ["frame"] + sits + named
    assert list(snapshot.own_faults(Look())) == []


def test_the_snapshot_holds_what_bound_the_committee_at_the_reference_moment() -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    then = Committee.objects.get(pk=made.committee.pk).mandate

    frozen(made)
    set_rules(made.programme, at=AFTER, givers_may_judge=True)

    terms = read(made.case).terms
    assert terms.reference_at == made.case.meeting.reference_at
    assert (terms.rules["givers_may_judge"], terms.mandate["id"]) == (False, str(then.pk))
    assert terms.mandate["procedure"] == then.procedure
    assert terms.unit["title"] == made.case.unit.title
    assert len(terms.unit["parts"]) == made.case.unit.parts.count()
    assert terms.enrolment["student"] == str(made.case.enrolment.student_id)
    assert terms.adviser == str(made.adviser.pk)
    seats = {seat["person"]: seat["role"] for seat in terms.panel["seats"]}
    rows = made.committee.memberships.values_list("person", "role")
    assert seats == {str(person): role for person, role in rows}


@pytest.mark.parametrize(("shown", "count"), [(False, 0), (True, 1)])
def test_check_ins_are_the_committees_only_by_the_house_rules(shown: bool, count: int) -> None:
    made = scene()
    set_rules(made.programme, committee_sees_check_ins=shown)
    made.case.enrolment.check_ins.create(
        by=made.adviser.person,
        held_on=LONG_AGO.date(),
        light="green",
        summary="Well.",
        recorded_at=LONG_AGO,
    )

    frozen(made)

    assert len(read(made.case).evidence_set.check_ins) == count


def test_it_is_frozen_once_and_not_before_the_slowest_write_is_in() -> None:
    made = scene()

    for early in (timedelta(seconds=-1), timedelta(0), timedelta(seconds=59)):
        with pytest.raises(NotPossible):
            actions.freeze_case(case=made.case, at=REFERENCE + early)
    actions.freeze_case(case=made.case, at=REFERENCE + Case.SETTLES_IN)
    with pytest.raises(NotPossible):
        actions.freeze_case(case=made.case, at=AFTER)

    assert Snapshot.objects.filter(case=made.case).count() == 1


def test_the_sweep_freezes_what_is_due() -> None:
    made, later = scene(students=2), scene()
    later.meeting.held_at = later.meeting.reference_at = timezone.now() + timedelta(days=1)
    later.meeting.save()

    done = (WORK["freezing"](), WORK["freezing"]())

    assert done == (2, 0)
    assert {case.state for case in Case.objects.filter(meeting=made.meeting)} == {Case.State.FROZEN}
    assert later.refreshed().state == Case.State.PLANNED


def test_one_case_that_cannot_be_frozen_does_not_keep_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = scene(students=2)
    first = Case.objects.due_for_freezing(timezone.now()).first()
    assert first is not None
    from committees.actions import freezing

    whole = freezing.set_that_counts

    def fails_once(case: Case, **moment: object) -> object:
        if case.pk == first.pk:
            raise LookupError("a broken row")
        return whole(case, **moment)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(freezing, "set_that_counts", fails_once)

    assert actions.freeze_due_cases() == 1
    assert made.meeting.cases.filter(state=Case.State.FROZEN).count() == 1


# --- Files that are being prepared ----------------------------------------------------------------


def photo() -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 30), "navy").save(file, "JPEG")
    return file.getvalue()


def with_photo(content: bytes) -> tuple[Scene, StoredFile]:
    made = scene()
    return made, attach(made.student.person.evidence.get(), content, "photo.jpg")


def files_in(made: Scene) -> list[tuple[str, str, str]]:
    [piece] = read(made.case).evidence_set.pieces
    return [(file.kind, file.state, file.file) for file in piece.files]


def test_the_set_waits_for_its_files_and_says_for_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, file = with_photo(photo())

    with pytest.raises(NotPossible, match="1"):
        frozen(made)
    waits_for = made.refreshed().waits_for
    with monkeypatch.context() as patch:
        patch.setattr(freezing, "set_that_counts", None)  # not read again, sweep after sweep
        with pytest.raises(NotPossible, match="1"):
            frozen(made)
    prepare_waiting()
    frozen(made)

    shown = StoredFile.objects.get(cleaned_from=file)
    attachment = Attachment.objects.get(file=file)
    assert (waits_for, made.refreshed().waits_for) == ([str(attachment.pk)], [])
    assert files_in(made) == [("image", "ready", str(shown.pk))]
    assert [row.file for row in SnapshotFile.objects.all()] == [shown]


def test_a_file_that_failed_keeps_nobody_waiting() -> None:
    made, _file = with_photo(photo()[:200])
    prepare_waiting()

    frozen(made)

    assert files_in(made) == [("image", "failed", "")]


@pytest.mark.parametrize("state", ["waiting", "in_hand"])
def test_after_two_hours_it_is_frozen_and_says_what_was_missing(state: str) -> None:
    made, file = with_photo(photo())
    if state == "in_hand":
        list(islice(claimed(), 1))
    last = REFERENCE + Case.WAITS_FOR_FILES

    with pytest.raises(NotPossible):
        actions.freeze_case(case=made.case, at=last - timedelta(seconds=1))
    actions.freeze_case(case=made.case, at=last)

    event = Event.objects.get(verb="set.frozen")
    attachment = Attachment.objects.get(file=file)
    assert files_in(made) == [("image", state, "")]
    assert event.statement["facts"]["unprepared"] == [str(attachment.pk)]


def test_nobody_who_waits_for_a_page_prepares_or_freezes(client: Client) -> None:
    made, file = with_photo(photo())
    client.force_login(made.secretary)

    client.post(reverse("committees:freeze", args=[made.meeting.pk]))

    file.refresh_from_db()
    assert (file.preparation, made.refreshed().state) == ("waiting", Case.State.PLANNED)


def test_a_case_that_was_put_first_goes_first() -> None:
    first, hurried = scene(), scene()
    hurried.meeting.reference_at = REFERENCE + timedelta(minutes=1)
    hurried.meeting.save()
    due = Case.objects.due_for_freezing(AFTER)
    before = list(due.values_list("pk", flat=True))

    actions.hurry_freezing(meeting=hurried.meeting, by=hurried.secretary, at=AFTER)

    assert before == [first.case.pk, hurried.case.pk]
    assert list(due.values_list("pk", flat=True)) == [hurried.case.pk, first.case.pk]


# --- Who stands aside -----------------------------------------------------------------------------


@pytest.mark.parametrize(("may_judge", "grounds"), [(True, set()), (False, {"gave_feedback"})])
def test_who_gave_feedback_is_disclosed_or_stands_aside(may_judge: bool, grounds: set[str]) -> None:
    made = scene()
    set_rules(made.programme, givers_may_judge=may_judge)
    answered_piece(made.case.enrolment, made.requirement, person=made.member)

    frozen(made)

    panel = panel_of(made.refreshed(), AFTER)
    assert set(panel.givers) == {made.member.pk}
    assert [seat.person for seat in panel.disclosed] == ([made.member.pk] if may_judge else [])
    assert panel.may_judge(made.member.pk) == may_judge

    # It can turn out otherwise until the judgements are opened: then it is written down.
    assert not made.case.recusals.exists()
    made.judge(made.chair)
    made.judge(made.other_member)
    made.open_meeting()
    made.open_judgements()
    assert {row.ground for row in made.case.recusals.all()} == grounds


@pytest.mark.parametrize(
    ("language", "own", "others"),
    [
        ("en", "You gave feedback yourself", "Member gave feedback in this set"),
        ("nl", "Je gaf zelf feedback", "Member gaf zelf feedback"),
    ],
)
def test_who_gave_feedback_is_told_so_and_the_others_read_their_name(
    client: Client, language: str, own: str, others: str
) -> None:
    made = scene()
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    frozen(made)
    Person.objects.update(language=language)

    said = []
    for reader in (made.member, made.chair):
        client.force_login(reader)
        page = client.get(reverse("committees:case", args=[made.case.pk])).text
        said.append([words in page for words in (own, others)])

    assert said == [[True, False], [False, True]]


@pytest.mark.parametrize("may_judge", [True, False])
def test_who_stands_aside_follows_the_house_rules_of_the_reference_moment(may_judge: bool) -> None:
    """Whoever changes them between that and the decision chooses nobody's judges."""
    made = scene()
    set_rules(made.programme, givers_may_judge=may_judge)
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    frozen(made)
    later = AFTER + timedelta(days=1)
    set_rules(made.programme, at=later, givers_may_judge=not may_judge)

    sides = [panel_of(made.refreshed(), at).aside for at in (AFTER, later + timedelta(days=1))]

    assert sides == [{} if may_judge else {made.member.pk: "gave_feedback"}] * 2


def test_feedback_that_was_denied_or_set_aside_makes_nobody_a_giver() -> None:
    made = scene()
    piece = answered_piece(made.case.enrolment, made.requirement, person=made.member)
    SetAside.objects.create(
        enrolment=made.case.enrolment, unit=made.unit, evidence=piece, reason="Old.",
        recorded_at=LONG_AGO,
    )  # fmt: skip

    frozen(made)

    assert panel_of(made.refreshed(), AFTER).givers == {}


def test_adviser_and_student_who_sit_in_the_committee_stand_aside() -> None:
    made = scene()
    MembershipFactory(committee=made.committee, person=made.adviser)
    MembershipFactory(committee=made.committee, person=made.student)

    frozen(made)

    assert dict(made.case.recusals.values_list("person", "ground")) == {
        made.adviser.pk: "adviser",
        made.student.pk: "own_case",
    }
    assert set(panel_of(made.refreshed(), AFTER).aside) == {made.adviser.pk, made.student.pk}


def test_a_late_set_is_that_of_the_reference_date() -> None:
    made = scene()
    later = answered_piece(made.case.enrolment, made.requirement, revision__title="Later")
    type(later).objects.filter(pk=later.pk).update(recorded_at=AFTER)
    on_time = made.student.person.evidence.exclude(pk=later.pk).get()
    FeedbackFactory(
        enrolment=made.case.enrolment, evidence=on_time, person=GiverFactory(), role=GiverRole.PEER,
        recorded_at=AFTER,
    )  # fmt: skip

    actions.freeze_case(case=made.case, at=AFTER + timedelta(days=3))

    kept = read(made.case).evidence_set
    assert [piece.id for piece in kept.pieces] == [str(on_time.pk)]
    assert len(kept.feedback) == 1


def test_no_event_is_large_at_a_thousand_pieces() -> None:
    """A set is stated by its manifest, not item by item."""
    made = scene()
    student = made.case.enrolment.student
    giver = student.evidence.get().feedback.get().person
    pieces = Evidence.objects.bulk_create(
        Evidence(owner=student, recorded_at=LONG_AGO) for _ in range(1_000)
    )
    revisions = Revision.objects.bulk_create(
        Revision(evidence=piece, number=1, title="Helped", happened_on=AFTER, recorded_at=LONG_AGO)
        for piece in pieces
    )
    RequirementLink.objects.bulk_create(
        RequirementLink(evidence=piece, requirement=made.requirement, recorded_at=LONG_AGO)
        for piece in pieces
    )
    given = Feedback.objects.bulk_create(
        Feedback(
            evidence=revision.evidence, revision=revision, enrolment=made.case.enrolment,
            person=giver, role=GiverRole.CLIENT,
            source=Feedback.Source.WRITTEN, given_on=AFTER, recorded_at=LONG_AGO,
        )
        for revision in revisions
    )  # fmt: skip
    remarks = Remark.objects.bulk_create(
        Remark(feedback=feedback, text="Friendly.", recorded_at=LONG_AGO) for feedback in given
    )
    RemarkRequirement.objects.bulk_create(
        RemarkRequirement(remark=remark, requirement=made.requirement, recorded_at=LONG_AGO)
        for remark in remarks
    )

    snapshot = frozen(made)

    assert snapshot.items.count() > 2_000
    sizes = [len(canonical(told)) for told in Event.objects.values_list("statement", flat=True)]
    assert max(sizes) < 1_000
    assert verify_chain(made.case.chain).faults == []


def written_while_it_is_read(act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time that a set is read; after that nobody writes before it is frozen."""
    read, waiting = freezing.set_that_counts, [act]

    def meanwhile(*args: Any, **kwargs: Any) -> EvidenceSet:
        found = read(*args, **kwargs)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(freezing, "set_that_counts", meanwhile)


@pytest.mark.parametrize("verb", ["evidence.revised", "feedback.asked"])
def test_who_goes_on_writing_keeps_no_set_from_being_frozen(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene()

    def writes() -> None:
        with transaction.atomic():
            append(made.student.person.chain, verb, by=None)

    written_while_it_is_read(writes, monkeypatch)
    frozen(made)

    assert made.refreshed().state == Case.State.FROZEN


def test_what_is_erased_while_a_set_is_read_is_not_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading the set and writing it somebody orders that its words are erased."""
    made = scene()
    revision = made.student.person.evidence.get().current
    record_what_was_made()

    def erased() -> None:
        erase(row=revision, columns=["title"], ground="Asked.", by=None)

    written_while_it_is_read(erased, monkeypatch)
    made.freeze()

    contents = [bytes(item.content).decode() for item in SnapshotItem.objects.all()]
    assert contents
    assert not [text for text in contents if revision.title in text]
