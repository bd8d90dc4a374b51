"""What was laid once is put back as it was made."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from records.verification import verify
from tests.committees.factories import Scene, scene
from tests.evidence.factories import attach
from tests.evidence.scenes import everything
from tests.laid import laid_once
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


def contents() -> dict[Path, bytes]:
    root = Path(settings.FILES_ROOT)
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@laid_once
def decided() -> Scene:
    made = scene()
    attach(made.student.person.evidence.get(), b"Notes.\n")
    record_what_was_made()
    return made.bring_to("decided")


def test_rows_files_and_what_it_gave_are_the_same() -> None:
    with transaction.atomic():
        made = decided()
        before, files = everything(), contents()
        transaction.set_rollback(True)
    for path in files:
        path.unlink()

    again = decided()

    assert (everything(), contents()) == (before, files)
    assert (again.case, again.case is made.case) == (made.case, False)
    assert len(files) == 1
    assert verify().faults == []


def test_a_second_time_in_one_test_it_is_another() -> None:
    one, other = decided(), decided()

    assert one.case.pk != other.case.pk


@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_has_its_own() -> None:
    made = decided()

    assert made.refreshed().decision is not None
