"""What is changed, removed or inserted behind the application's back is found, by name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models

from committees import actions
from committees.models import (
    Announcement,
    Case,
    Decision,
    Deferral,
    Finding,
    Judgement,
    Recusal,
    Snapshot,
    SnapshotFile,
    SnapshotItem,
    Supersession,
)
from committees.snapshots import read
from files.models import StoredFile
from post.models import OutboxMail
from records.actions import Blanked, record_erasures
from records.chain import canonical, name_of
from records.models import Chain, Event, Sealed
from records.verification import verify, verify_chain
from tests.committees.factories import HELD, Scene, scene
from tests.evidence.factories import attach
from tests.factories import PersonFactory, UnitPartFactory, WorkProcessFactory
from tests.laid import laid_once
from tests.recorded import faults, record_what_was_made
from tests.triggers import lifted

pytestmark = [pytest.mark.django_db, pytest.mark.tampers]

ELSEWHERE = "it is of another kind, has another place, or froze something else"
BYTES = b"What I noted at the desk.\n"


@laid_once
def made_with_all() -> tuple[Scene, Scene]:
    """A case that was announced, with a decision that took the place of another, and one that was
    deferred; with a recusal, and a file in the set."""
    announced, deferred = scene(), scene()
    attach(announced.student.person.evidence.get(), BYTES)
    announced.bring_to(Case.State.OPENED)
    actions.recuse(case=announced.case, reason="A neighbour.", by=announced.other_member, at=HELD)
    announced.decide("not_yet")
    announced.announce()
    announced.supersede()
    deferred.bring_to(Case.State.DEFERRED)
    record_what_was_made()
    return announced, deferred


@contextmanager
def behind_its_back() -> Iterator[None]:
    """Without triggers; what waits to be checked at the commit is checked first, because
    PostgreSQL changes no triggers of a table before that."""
    connection.check_constraints()
    with lifted():
        yield
        connection.check_constraints()


def changed(row: models.Model, **fields: object) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**fields)


def gone(row: models.Model) -> None:
    if isinstance(row, Event):  # who cuts it off takes care of what names it
        OutboxMail.objects.filter(cause=row).update(cause=None)
    rows = type(row)._default_manager.filter(pk=row.pk)
    rows._raw_delete(rows.db)  # type: ignore[attr-defined]  # no public one


def test_untouched_all_is_well() -> None:
    announced, deferred = made_with_all()

    report = verify()

    assert report.faults == []
    assert (report.files, report.erased) == (1, set())
    assert verify_chain(announced.case.chain).faults == []
    assert verify_chain(deferred.case.chain).faults == []


# --- Altered --------------------------------------------------------------------------------------

ALTERED: dict[str, tuple[Callable[[], models.Model], dict[str, object], str]] = {
    "decision: motivation": (Decision.objects.first, {"motivation": "Rewritten."}, "altered"),
    "decision: who sat": (Decision.objects.first, {"panel": {}}, "altered"),
    "supersession": (Supersession.objects.get, {"reason": "Rewritten."}, "altered"),
    "case: the decision that stands": (
        lambda: Case.objects.get(deferral=None),
        {"decision": None, "state": "opened"},
        "altered",
    ),
    "deferral: who sat": (Deferral.objects.get, {"panel": {}}, "altered"),
    "decision: what it rests on": (Decision.objects.first, {"cited": []}, "altered"),
    "judgement": (Judgement.objects.first, {"motivation": "Rewritten."}, "altered"),
    "recusal": (Recusal.objects.get, {"ground": "adviser"}, "altered"),
    "announcement": (Announcement.objects.first, {"head": "0" * 64, "code": "0" * 20}, "altered"),
    "announcement: the last day": (
        Announcement.objects.first,
        {"last_day": HELD.date()},
        "altered",
    ),
    "deferral": (Deferral.objects.get, {"reason": "Rewritten."}, "altered"),
    "case": (Case.objects.first, {"recorded_at": HELD}, "altered"),
    "snapshot: its digest": (
        Snapshot.objects.first,
        {"digest": "0" * 64},
        "altered|the manifest is not the one that was frozen",
    ),
    "snapshot: its manifest": (
        Snapshot.objects.first,
        {"manifest": b"{}"},
        "the manifest is not the one that was frozen",
    ),
    "stored file: its row": (StoredFile.objects.get, {"media_type": "text/html"}, "altered"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_was_altered_is_found(what: str) -> None:
    made_with_all()
    find, fields, faults = ALTERED[what]
    row = find()

    with behind_its_back():
        changed(row, **fields)

    assert verify().faults == [f"{name_of(row)}: {fault}" for fault in faults.split("|")]


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"{}", "the content is not the one that was frozen"), (b"", "the content is gone")],
)
def test_an_altered_item_is_found_by_its_snapshot(content: bytes, fault: str) -> None:
    made_with_all()
    item = SnapshotItem.objects.filter(kind="feedback")[0]

    with behind_its_back():
        changed(item, content=content)

    assert verify().faults == [f"{name_of(item.snapshot)}: item {item.digest[:12]}: {fault}"]


def test_content_that_was_erased_and_is_back_is_found() -> None:
    made_with_all()
    item = SnapshotItem.objects.filter(kind="feedback")[0]
    actions.erase_item(item=item, ground="Asked.", by=None)

    with behind_its_back():
        changed(item, content=item.content, salt=item.salt)

    assert verify().faults == [
        f"{name_of(item.snapshot)}: item {item.digest[:12]}: the content was erased, and is here"
    ]


def test_an_erasure_that_was_put_on_another_item_is_found() -> None:
    """The ids of two items are exchanged, so that the one that was erased is here again and another
    seems lawfully gone."""
    made_with_all()
    erased = SnapshotItem.objects.filter(kind="feedback")[0]
    other = erased.snapshot.items.filter(kind="person")[0]
    actions.erase_item(item=erased, ground="Asked.", by=None)

    with behind_its_back():
        SnapshotItem.objects.filter(pk__in=[erased.pk, other.pk]).delete()
        back, gone_now = erased, other
        back.pk, gone_now.pk = other.pk, erased.pk
        gone_now.content = gone_now.salt = b""
        SnapshotItem.objects.bulk_create([back, gone_now])

    assert sorted(verify().faults) == sorted(
        f"{name_of(erased.snapshot)}: item {item.digest[:12]}: {fault}"
        for item, fault in [
            (back, "the content was erased, and is here"),
            (gone_now, "another item was erased under its name"),
            (gone_now, "the content is gone"),
        ]
    )


# --- Removed --------------------------------------------------------------------------------------


def removed_decision() -> list[models.Model]:
    """The earlier one, with all that hangs on it."""
    decision = Decision.objects.get(number=1)
    return [decision.superseded_by, decision.announcement, *decision.findings.all(), decision]


def removed_snapshot() -> list[models.Model]:
    snapshot = Snapshot.objects.get(case__deferral__isnull=False)
    return [*snapshot.items.all(), snapshot]


# Whole rows go, with those that point at them, first what points.
REMOVED: dict[str, Callable[[], list[models.Model]]] = {
    "decision": removed_decision,
    "announcement": lambda: [Announcement.objects.all()[0]],
    "supersession": lambda: [Supersession.objects.get()],
    "judgement": lambda: [Judgement.objects.first()],  # type: ignore[list-item]  # there is one
    "recusal": lambda: [Recusal.objects.get()],
    "deferral": lambda: [Deferral.objects.get()],
    "snapshot": removed_snapshot,
}


@pytest.mark.parametrize("what", REMOVED)
def test_what_was_removed_is_found(what: str) -> None:
    made_with_all()
    rows = REMOVED[what]()

    with behind_its_back():
        for row in rows:
            gone(row)

    stated = [row for row in rows if isinstance(row, Sealed)]
    assert sorted(verify().faults) == sorted(f"{name_of(row)}: removed" for row in stated)


@pytest.mark.parametrize("what", ["outcome", "to_show", "due_on", "removed", "inserted"])
def test_a_decision_is_stated_with_its_findings(what: str) -> None:
    made_with_all()
    finding = Finding.objects.get(outcome="not_yet")
    other = UnitPartFactory(work_process=WorkProcessFactory())
    record_what_was_made()
    wrong: dict[str, dict[str, object]] = {
        "outcome": {"outcome": "attained", "to_show": ""},
        "to_show": {"to_show": "Rewritten."},
        "due_on": {"due_on": HELD.date()},
    }

    with behind_its_back():
        if what == "removed":
            gone(finding)
        elif what == "inserted":
            Finding.objects.create(
                decision=finding.decision, part=other, order=2, outcome="attained"
            )
        else:
            changed(finding, **wrong[what])

    assert verify().faults == [f"{name_of(finding.decision)}: altered"]


def test_a_removed_item_is_missed_by_its_snapshot() -> None:
    made_with_all()
    item = SnapshotItem.objects.filter(kind="feedback").first()
    assert item is not None

    with behind_its_back():
        gone(item)

    assert verify().faults == [f"{name_of(item.snapshot)}: item {item.digest[:12]} was removed"]


def test_an_item_in_the_place_of_another_is_told() -> None:
    made_with_all()
    item = SnapshotItem.objects.filter(kind="feedback").first()
    assert item is not None

    with behind_its_back():
        changed(item, number=99)

    assert verify().faults == [f"{name_of(item.snapshot)}: item {item.digest[:12]}: {ELSEWHERE}"]


@pytest.mark.parametrize("fields", [{"kind": "note"}, {"source": None}, {"kind": "check_in"}])
def test_an_item_of_another_kind_or_source_is_told(fields: dict[str, object]) -> None:
    """Its digest says nothing of either; the manifest does."""
    made_with_all()
    item = SnapshotItem.objects.filter(kind="feedback")[0]

    with behind_its_back():
        changed(item, **fields)

    said = f"{name_of(item.snapshot)}: item {item.digest[:12]}: {ELSEWHERE}"
    assert verify().faults == [said]


def test_all_items_of_another_kind_are_told() -> None:
    made_with_all()
    with behind_its_back():
        SnapshotItem.objects.update(kind="note", source=None)

    faults = verify().faults
    for item in SnapshotItem.objects.select_related("snapshot"):
        assert f"{name_of(item.snapshot)}: item {item.digest[:12]}: {ELSEWHERE}" in faults


def test_a_set_with_an_item_of_no_kind_is_still_read() -> None:
    announced, _ = made_with_all()
    before = len(read(announced.case).items)
    item = announced.case.snapshot.items.filter(kind="feedback")[0]

    with behind_its_back():
        changed(item, kind="note")

    frozen = read(announced.case)
    assert (len(frozen.items), frozen.evidence_set.feedback) == (before, ())


def test_a_file_that_is_shown_with_another_item_is_told() -> None:
    made_with_all()
    row = SnapshotFile.objects.get()
    other = row.item.snapshot.items.filter(kind="feedback")[0]

    with behind_its_back():
        changed(row, item=other)

    fault = "the files that are shown with it are not those that it names"
    assert sorted(verify().faults) == sorted(
        f"{name_of(other.snapshot)}: item {item.digest[:12]}: {fault}" for item in (row.item, other)
    )


def test_a_file_that_the_set_shows_no_more_is_missed() -> None:
    made_with_all()
    row = SnapshotFile.objects.get()

    with behind_its_back():
        gone(row)

    assert verify().faults == [
        f"{name_of(row.item.snapshot)}: file {row.file_id} was removed",
        f"{name_of(row.item.snapshot)}: item {row.item.digest[:12]}: the files that are shown with "
        "it are not those that it names",
    ]


# --- Inserted -------------------------------------------------------------------------------------


def inserted_decision() -> Sealed:
    decision = Decision.objects.all()[0]
    other = Case.objects.get(deferral__isnull=False)
    return Decision(
        case=other, number=1, snapshot=other.snapshot, by_id=decision.by_id,
        motivation="Slipped in.", cited=[], panel=decision.panel,
    )  # fmt: skip


def inserted_announcement() -> Sealed:
    announcement = Announcement.objects.get(decision__number=2)
    gone(announcement)
    announcement.pk = uuid4()
    return announcement


def inserted_judgement() -> Sealed:
    judgement = Judgement.objects.first()
    assert judgement is not None
    judgement.pk, judgement.number = uuid4(), 2
    return judgement


def inserted_recusal() -> Sealed:
    judgement = Judgement.objects.first()
    assert judgement is not None
    return Recusal(case=judgement.case, person=judgement.person, ground="own_request")


def inserted_deferral() -> Sealed:
    decision = Decision.objects.all()[0]
    return Deferral(
        case=decision.case, by_id=decision.by_id, reason="Slipped in.", panel=decision.panel
    )


def inserted_snapshot() -> Sealed:
    manifest = canonical({"items": []})
    digest = sha256(manifest).hexdigest()
    planned = scene().case
    record_what_was_made()
    return Snapshot(case=planned, manifest=manifest, digest=digest)


INSERTED: dict[str, Callable[[], Sealed]] = {
    "decision": inserted_decision,
    "judgement": inserted_judgement,
    "recusal": inserted_recusal,
    "deferral": inserted_deferral,
    "snapshot": inserted_snapshot,
}


@pytest.mark.parametrize("what", INSERTED)
def test_what_was_inserted_is_found(what: str) -> None:
    made_with_all()
    row = INSERTED[what]()

    with behind_its_back():
        row.save(force_insert=True)

    assert verify().faults == [f"{name_of(row)}: inserted"]


def test_an_exchanged_announcement_is_found() -> None:
    made_with_all()
    with behind_its_back():
        old = Announcement.objects.get(decision__number=2)
        new = inserted_announcement()
        new.save(force_insert=True)

    assert sorted(verify().faults) == sorted(
        [f"{name_of(new)}: inserted", f"{name_of(old)}: removed"]
    )


def test_an_inserted_item_is_found_by_its_snapshot() -> None:
    made_with_all()
    snapshot = Snapshot.objects.all()[0]
    content = b'{"title":"Slipped in"}'
    digest = sha256(b"salt" + content).hexdigest()
    item = SnapshotItem(
        snapshot=snapshot,
        number=99,
        kind="piece",
        digest=digest,
        salt=b"salt",
        content=content,
    )

    with behind_its_back():
        item.save(force_insert=True)

    assert verify().faults == [f"{name_of(snapshot)}: item {digest[:12]} was inserted"]


# --- Events ---------------------------------------------------------------------------------------


def events_of(made: Scene) -> list[Event]:
    return list(Event.objects.filter(chain__key=made.case.chain).order_by("number"))


def test_an_altered_event_is_found() -> None:
    announced, _ = made_with_all()
    event = next(event for event in events_of(announced) if event.verb == "judgement.written")

    with behind_its_back():
        changed(event, by=announced.secretary)

    assert verify().faults == [
        f"event {event.number} of {announced.case.chain}: altered or inserted"
    ]


def test_a_removed_event_in_the_middle_is_found() -> None:
    announced, _ = made_with_all()
    event = next(event for event in events_of(announced) if event.verb == "judgements.opened")

    with behind_its_back():
        gone(event)

    assert verify().faults == [
        f"event {event.number + 1} of {announced.case.chain}: events before it were removed"
    ]


def test_the_last_event_cannot_be_cut_off() -> None:
    announced, _ = made_with_all()
    *_, last = events_of(announced)

    with behind_its_back():
        gone(last)

    assert f"{announced.case.chain}: events were removed from its end" in verify().faults


def test_nor_can_it_with_the_head_put_back() -> None:
    announced, _ = made_with_all()
    *_, before, last = events_of(announced)
    with behind_its_back():
        gone(last)
        Chain.objects.filter(key=announced.case.chain).update(
            length=before.number, head=before.digest
        )

    assert f"{announced.case.chain}: its head was altered" in verify().faults


def test_an_inserted_event_is_found() -> None:
    announced, _ = made_with_all()
    *_, last = events_of(announced)
    chain = announced.case.chain
    forged = Event(
        chain=last.chain, number=last.number + 1, verb="decision.announced", by=announced.chair,
        recorded_at=HELD + timedelta(days=1), statement={}, previous=last.digest, digest="0" * 64,
        key_number=1, proof="0" * 64,
    )  # fmt: skip

    with behind_its_back():
        forged.save(force_insert=True)

    assert verify().faults == [
        f"event {forged.number} of {chain}: altered or inserted",
        f"{chain}: events were removed from its end",
    ]


# --- Stored files ---------------------------------------------------------------------------------


def replaced(file: StoredFile) -> None:
    default_storage.delete(file.path)
    default_storage.save(file.path, ContentFile(b"?" * file.size))


def cut_short(file: StoredFile) -> None:
    default_storage.delete(file.path)
    default_storage.save(file.path, ContentFile(b"?"))


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (replaced, "the file's bytes are not those it was stored with"),
        (cut_short, "the file is not as long as it was"),
        (lambda file: default_storage.delete(file.path), "the file is gone"),
    ],
    ids=["altered", "cut short", "removed"],
)
def test_a_stored_file_is_as_it_was(tamper: Callable[[StoredFile], None], fault: str) -> None:
    made_with_all()
    file = StoredFile.objects.get()

    tamper(file)

    assert verify().faults == [f"{name_of(file)}: {fault}"]


def test_a_file_that_was_erased_and_is_back_is_found() -> None:
    made_with_all()
    file = StoredFile.objects.get()
    record_erasures([Blanked(file, file.chain)], ground="Asked.", by=None)
    record_what_was_made()

    assert verify().faults == [f"{name_of(file)}: the file was erased, and is said to be here"]


def test_files_are_looked_at_in_turn() -> None:
    """Each is missed within a week, and read within ninety days."""
    made_with_all()
    file = StoredFile.objects.get()

    replaced(file)
    assert sum(bool(verify(day=day).faults) for day in range(90)) == 1
    cut_short(file)
    assert any(verify(day=day).faults for day in range(7))


def test_an_inserted_file_is_found() -> None:
    made_with_all()
    digest = sha256(b"Slipped in.\n").hexdigest()
    file = StoredFile(
        owner=PersonFactory(),
        digest=digest,
        size=12,
        media_type="text/plain",
        kind="text",
        preparation="ready",
    )
    default_storage.save(file.path, ContentFile(b"Slipped in.\n"))

    file.save(force_insert=True)

    assert faults() == [f"{name_of(file)}: inserted"]
