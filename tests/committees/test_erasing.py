"""Content of a frozen set is removed on a lawful ground: hash, date and ground stay."""

import pytest
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.models import Case, SnapshotItem
from committees.snapshots import read
from people.models import Person
from records.models import Erasure
from records.refusals import NotPossible
from records.verification import verify
from tests.committees.factories import Scene, scene
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


def item_of(made: Scene, kind: str) -> SnapshotItem:
    item = made.case.snapshot.items.filter(kind=kind).first()
    assert item is not None
    return item


@pytest.mark.parametrize("kind", ["piece", "feedback", "person"])
def test_it_is_gone_and_verification_says_lawfully_so(kind: str) -> None:
    made = scene(pieces=2, state=Case.State.ANNOUNCED)
    record_what_was_made()
    item = item_of(made, kind)

    actions.erase_item(item=item, ground="Asked by the student.", by=made.coordinator)

    item.refresh_from_db()
    assert (bytes(item.content), bytes(item.salt)) == (b"", b"")
    assert Erasure.objects.get().ground == "Asked by the student."
    assert read(made.case).erased == 1
    report = verify()
    assert (report.faults, report.erased) == ([], {f"committees.snapshotitem:{item.pk}"})


@pytest.mark.parametrize("kind", ["piece", "feedback", "person"])
@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("member", "case"),
        ("chair", "decide"),
        ("student", "my_case"),
        ("student", "letter"),
        ("auditor", "case_record"),
    ],
)
def test_every_page_still_shows_the_rest(kind: str, who: str, page: str) -> None:
    made = scene(state=Case.State.ANNOUNCED)
    actions.erase_item(item=item_of(made, kind), ground="Asked.", by=made.coordinator)
    client = Client()
    client.force_login(getattr(made, who))

    answer = client.get(reverse(f"committees:{page}", args=[made.case.pk]))

    assert answer.status_code == 200
    assert answer.context["case"].pk == made.case.pk


def test_a_cited_piece_that_was_removed_says_so(client: Client) -> None:
    made = scene(state=Case.State.ANNOUNCED)
    title = made.student.person.evidence.get().current.title  # type: ignore[union-attr]  # it has a revision
    Person.objects.filter(pk=made.student.pk).update(language="en")
    client.force_login(made.student)
    page = reverse("committees:letter", args=[made.case.pk])
    before = client.get(page).content.decode()

    actions.erase_item(item=item_of(made, "piece"), ground="Asked.", by=made.coordinator)

    after = client.get(page).content.decode()
    assert (title in before, title in after) == (True, False)
    assert "(removed)" in after


@pytest.mark.parametrize(
    ("kind", "ground", "times"),
    [("frame", "Asked.", 1), ("piece", "  ", 1), ("piece", "Asked.", 2)],
)
def test_it_is_refused_for_the_frame_without_ground_and_twice(
    kind: str, ground: str, times: int
) -> None:
    made = scene(state=Case.State.FROZEN)
    item = item_of(made, kind)
    for _ in range(times - 1):
        actions.erase_item(item=item, ground=ground, by=None)

    with pytest.raises(NotPossible):
        actions.erase_item(item=item, ground=ground, by=None)

    assert Erasure.objects.count() == times - 1
