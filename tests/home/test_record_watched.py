"""The record is verified each day, put under a checkpoint, and its auditors read what was found."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from committees.models import Announcement, Decision
from home.watch import cover_what_was_announced, watch_over_the_record
from people.models import InstitutionRole
from post.outbox import send_due
from records.actions import erase
from records.chain import append
from records.checkpoints import make_checkpoint
from records.kept import faults_since_kept, keep_in_files
from records.models import Chain, Checkpoint, Event, Verification, name_of
from records.verification import NOT_HERE, verify
from tests.committees.factories import Scene, scene
from tests.evidence.factories import EvidenceFactory
from tests.factories import InstitutionRoleFactory
from tests.recorded import record_what_was_made
from tests.triggers import lifted

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced() -> Scene:
    made = scene(state="announced")
    record_what_was_made()
    InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD)
    return made


def mails() -> list[str]:
    mail.outbox.clear()
    send_due()
    return [f"{each.subject}\n{each.body}" for each in mail.outbox if "IJkpunt" in each.body]


def test_each_day_it_is_verified_covered_and_told(announced: Scene, settings: Settings) -> None:
    record_what_was_made()
    assert watch_over_the_record() == 1

    found, checkpoint = Verification.objects.get(), Checkpoint.objects.get()
    assert (found.faults, found.ended_at is not None, found.events > 5) == ([], True, True)
    assert [path.name for path in Path(settings.CHECKPOINT_ROOT).iterdir()] == [
        "checkpoint-000001.json"
    ]
    [said] = [each for each in mails() if checkpoint.root in each]
    assert said.startswith("De vastlegging klopt\n")
    assert watch_over_the_record() == 0


@pytest.mark.tampers
def test_what_is_amiss_is_told_by_name(announced: Scene) -> None:
    make_checkpoint()
    record_what_was_made()
    with lifted():
        Decision.objects.update(motivation="Rewritten.")

    watch_over_the_record()

    name = f"committees.decision:{Decision.objects.get().pk}: altered"
    assert Verification.objects.get().faults == [name]
    [said] = mails()
    assert "klopt niet: 1 fout" in said
    assert name in said


@pytest.mark.tampers
def test_a_database_that_was_put_back_is_told_by_the_files_that_were_kept(
    announced: Scene, settings: Settings
) -> None:
    """It is whole in itself; the file of the second checkpoint stays, and the new one has a file
    of its own."""
    record_what_was_made()
    watch_over_the_record()
    append("case:1", "thing.done", by=None)
    lost = make_checkpoint()
    assert lost is not None
    keep_in_files()
    with lifted():
        lost.leaves.all().delete()
        Checkpoint.objects.filter(pk=lost.pk).delete()
        Event.objects.filter(chain__key="case:1").delete()
        Chain.objects.filter(key="case:1").delete()
        Verification.objects.update(recorded_at=F("recorded_at") - timedelta(days=2))
    append("case:2", "thing.done", by=None)
    assert verify().faults == []

    watch_over_the_record()

    new = Checkpoint.objects.get(number=2)
    found = Verification.objects.first()
    assert found is not None
    assert found.faults == [
        "case:1: not there as checkpoint 2 covers it",
        NOT_HERE % lost.root[:12],
        "checkpoint-000002.json: not of the checkpoint 2 that is here",
    ]
    assert any("klopt niet: 3 fout" in said for said in mails())
    folder = Path(settings.CHECKPOINT_ROOT)
    roots = {path.name: json.loads(path.read_bytes())["root"] for path in folder.iterdir()}
    assert roots["checkpoint-000002.json"] == lost.root
    assert roots[f"checkpoint-000002-{new.root[:12]}.json"] == new.root

    append("case:2", "thing.done", by=None)
    third = make_checkpoint()
    assert third is not None
    keep_in_files()
    assert NOT_HERE % lost.root[:12] in list(faults_since_kept())


@pytest.mark.tampers
def test_a_file_that_cannot_be_read_is_told(announced: Scene, settings: Settings) -> None:
    record_what_was_made()
    make_checkpoint()
    keep_in_files()
    (Path(settings.CHECKPOINT_ROOT) / "checkpoint-000001.json").write_text("[]")

    watch_over_the_record()

    assert Verification.objects.get().faults == [
        "checkpoint-000001.json: cannot be read (ValueError)",
        "checkpoint-000001.json: not of the checkpoint 1 that is here",
    ]


def test_a_verification_that_does_not_end_is_told_and_the_record_covered(
    announced: Scene, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def falls_over(**_: object) -> None:
        raise KeyError("?")

    monkeypatch.setattr("home.watch.verify", falls_over)

    assert watch_over_the_record() == 1

    found, checkpoint = Verification.objects.get(), Checkpoint.objects.get()
    assert found.faults == ["verification did not end (KeyError)"]
    assert found.ended_at is not None
    [said] = mails()
    assert "verification did not end (KeyError)" in said
    assert checkpoint.root in said
    assert (Path(settings.CHECKPOINT_ROOT) / "checkpoint-000001.json").exists()


def test_a_checkpoint_that_cannot_be_made_is_told(
    announced: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls_over() -> None:
        raise RuntimeError("?")

    record_what_was_made()
    make_checkpoint()
    monkeypatch.setattr("home.watch.make_checkpoint", falls_over)

    watch_over_the_record()

    assert Verification.objects.get().faults == ["no checkpoint was made (RuntimeError)"]
    [said] = mails()
    assert "no checkpoint was made (RuntimeError)" in said


@pytest.mark.parametrize(("ago", "again"), [(59, 0), (61, 1)])
def test_one_that_was_broken_off_is_done_again_within_the_hour(
    ago: int, again: int, announced: Scene
) -> None:
    Verification.objects.create(recorded_at=timezone.now() - timedelta(minutes=ago))

    assert watch_over_the_record() == again


def test_it_is_verified_again_a_day_later(announced: Scene) -> None:
    watch_over_the_record()
    with lifted():
        Verification.objects.update(recorded_at=F("recorded_at") - timedelta(days=1, minutes=1))

    assert watch_over_the_record() == 1


@pytest.mark.tampers
def test_what_was_announced_is_covered_soon_and_at_most_once_a_minute(announced: Scene) -> None:
    assert cover_what_was_announced() == 0  # the first is the day's
    make_checkpoint(timezone.now() - timedelta(seconds=30))
    with lifted():
        Announcement.objects.update(recorded_at=timezone.now())
    assert cover_what_was_announced() == 0

    with lifted():
        Checkpoint.objects.update(recorded_at=timezone.now() - timedelta(minutes=2))
    record_what_was_made()
    append(announced.case.chain, "thing.done", by=None)
    assert cover_what_was_announced() == 1
    assert cover_what_was_announced() == 0


def test_what_was_erased_is_known_outside_the_database_soon(settings: Settings) -> None:
    revision = EvidenceFactory(revision__title="Naar huis").current
    record_what_was_made()
    make_checkpoint(timezone.now() - timedelta(minutes=2))
    erase(row=revision, columns=["title"], ground="Asked.", by=None)

    assert cover_what_was_announced() == 1

    kept = json.loads((Path(settings.CHECKPOINT_ROOT) / "checkpoint-000002.json").read_bytes())
    assert kept["erased"] == [[name_of(revision), ["title"]]]
    assert "Naar huis" not in json.dumps(kept)


def test_what_was_under_way_when_a_checkpoint_was_made_is_covered_soon(settings: Settings) -> None:
    """It is dated before that checkpoint, and not under it."""
    revision = EvidenceFactory(revision__title="Naar huis").current
    record_what_was_made()
    make_checkpoint(timezone.now() - timedelta(minutes=2))
    assert cover_what_was_announced() == 0
    erase(
        row=revision,
        columns=["title"],
        ground="Asked.",
        by=None,
        at=timezone.now() - timedelta(minutes=2, seconds=1),
    )

    assert cover_what_was_announced() == 1
    assert cover_what_was_announced() == 0


@pytest.mark.tampers
def test_a_chain_that_is_not_as_it_was_covered_is_told_at_once_and_then_each_day(
    announced: Scene,
) -> None:
    record_what_was_made()
    make_checkpoint(timezone.now() - timedelta(minutes=2))
    append(announced.case.chain, "thing.done", by=None)
    with lifted():
        Announcement.objects.update(recorded_at=timezone.now())
        Chain.objects.filter(key=announced.meeting.chain).update(head="0" * 64)

    assert [cover_what_was_announced() for _time in range(3)] == [1, 0, 0]
    assert [watch_over_the_record(), Checkpoint.objects.count()] == [0, 1]
    [said] = mails()
    assert f"{announced.meeting.chain}: events were removed from its end" in said


def test_the_letter_names_the_first_checkpoint_over_the_decision(
    announced: Scene, client: Client
) -> None:
    client.force_login(announced.student)
    address = reverse("committees:letter", args=[announced.case.pk])
    assert "Het ijkpunt over deze beslissing volgt binnen een dag" in client.get(address).text

    first = make_checkpoint()
    append(announced.case.chain, "thing.done", by=None)
    second = make_checkpoint()

    page = client.get(address).text
    assert first is not None
    assert second is not None
    assert first.root in page
    assert second.root not in page
    assert announced.refreshed().standing.announcement.head in page


def test_an_auditor_sees_it_with_the_record(announced: Scene, client: Client) -> None:
    client.force_login(announced.auditor)
    checkpoint = make_checkpoint()
    assert checkpoint is not None

    page = client.get(reverse("committees:record_integrity", args=[announced.case.pk])).text

    assert checkpoint.root in page
