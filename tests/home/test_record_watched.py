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
from records.models import Checkpoint, Verification, name_of
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
