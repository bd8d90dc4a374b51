"""The commands that prove the record and that erase from it, with their exit codes."""

from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone, translation
from pytest_django import Settings

from committees.models import Case, Decision, SnapshotItem
from files.models import StoredFile
from people.actions import give_role, register
from people.models import Account, InstitutionRole
from records.models import Chain, Erasure, Event, Look, name_of
from records.verification import sealed_models
from tests.committees.factories import scene
from tests.evidence.factories import EvidenceFactory, attach
from tests.recorded import record_what_was_made
from tests.triggers import lifted

pytestmark = pytest.mark.django_db


def run(*args: str, **options: str) -> str:
    said = StringIO()
    call_command(*args, stdout=said, **options)
    return said.getvalue()


def board() -> Account:
    """Somebody of the exam board, who may order an erasure."""
    account = register(email="board@school.example", name="Exam board", by=None)
    give_role(person=account.person, role=InstitutionRole.Role.EXAM_BOARD, by=None)
    return account


@pytest.mark.django_db(transaction=True)
def test_an_erased_file_is_reported_and_does_not_fail() -> None:
    file = attach(EvidenceFactory(), b"Wat ik deed", "verslag.txt")
    record_what_was_made()

    run("erase_content", name_of(file), ground="Asked by the student.", by=board().sign_in)

    assert f"lawfully removed: files.storedfile:{file.pk}" in run("verify_records")
    assert not default_storage.exists(file.path)


def test_all_is_well_says_how_much_there_is() -> None:
    scene(state=Case.State.ANNOUNCED)
    record_what_was_made()

    said = run("verify_records")

    rows = sum(model.for_sealing().count() for model in sealed_models())
    counts = f"{Event.objects.count()} events, {rows} sealed rows, 0 files; 0 lawfully removed"
    assert said == f"All is as it was recorded: {counts}.\n"
    assert rows >= 10


def test_it_says_of_how_many_files_it_was_the_turn() -> None:
    for _each in range(3):
        attach(EvidenceFactory(), b"Wat ik deed", "verslag.txt")
    record_what_was_made()
    today = Look(day=timezone.localdate().toordinal())
    looked = sum(file.is_looked_at(today) for file in StoredFile.objects.all())

    some, all_of_them = run("verify_records"), run("verify_records", "--files")

    words = f"{looked} of 3 files were looked at today; --files reads all."
    assert (words in some) == (looked < 3)
    assert "looked at" not in all_of_them


def test_signing_the_heads_says_how_many_and_with_which_key(settings: Settings) -> None:
    scene(state=Case.State.ANNOUNCED)
    record_what_was_made()
    settings.SEAL_KEYS = {**settings.SEAL_KEYS, 2: "a second key"}
    chains = Chain.objects.count()

    assert f"Signed anew with key 2: {chains} chains." in run("sign_heads")
    assert "Signed anew with key 2: 0 chains." in run("sign_heads")


def test_without_a_key_it_says_what_was_not_checked() -> None:
    scene(state=Case.State.ANNOUNCED)
    record_what_was_made()

    said = run("verify_records", "--without-key")

    assert said.startswith("Without a key: who wrote the events was not checked.\nAll is as")


@pytest.mark.tampers
def test_a_fault_is_named_and_ends_with_1() -> None:
    scene(state=Case.State.ANNOUNCED)
    record_what_was_made()
    decision = Decision.objects.get()
    with lifted():
        Decision.objects.update(motivation="Rewritten.")
    said = StringIO()

    with pytest.raises(CommandError) as failure:
        call_command("verify_records", stdout=said)

    assert failure.value.returncode == 1
    assert said.getvalue() == f"FAULT: committees.decision:{decision.pk}: altered\n"


def test_erased_content_is_reported_and_does_not_fail() -> None:
    scene(state=Case.State.ANNOUNCED)
    record_what_was_made()
    item = SnapshotItem.objects.filter(kind="piece").get()

    said = run("erase_content", item.digest, ground="Asked by the student.", by=board().sign_in)

    assert said == f"Erased: committees.snapshotitem:{item.pk}\n"
    assert Erasure.objects.get().ground == "Asked by the student."
    assert f"lawfully removed: committees.snapshotitem:{item.pk}" in run("verify_records")


@pytest.mark.parametrize(
    ("digest", "ground", "by", "said"),
    [
        ("piece", "Asked.", "nobody@school.example", "Nobody here has the address"),
        ("piece", "Asked.", "coordinator", "ordered by the exam board or an administrator"),
        ("f" * 64, "Asked.", "", "Nothing that can be erased is kept under"),
        ("piece", " ", "", "on which lawful ground"),
        ("frame", "Asked.", "", "hold no personal data"),
    ],
)
def test_what_cannot_be_erased_ends_with_1(digest: str, ground: str, by: str, said: str) -> None:
    made = scene(state=Case.State.FROZEN)
    item = SnapshotItem.objects.filter(kind=digest).first()
    people = {"": board().sign_in, "coordinator": made.coordinator.sign_in}

    with translation.override("en"), pytest.raises(CommandError, match=said) as failure:
        run(
            "erase_content",
            item.digest if item else digest,
            ground=ground,
            by=people.get(by, by),
        )

    assert failure.value.returncode == 1
    assert Erasure.objects.count() == 0
