"""Ordered work: done row by row, once, with the rights of who ordered it, whatever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import close_old_connections, connection
from django.urls import reverse
from django.utils import timezone

from people.actions import register as register_person
from people.models import Account
from post import errands
from post.errands import KINDS_OF_ERRAND, ErrandKind, call_off, do_ordered, order, progress_of
from post.models import Errand, ErrandItem, OutboxMail
from records.refusals import NotPossible
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

Act = Callable[[UUID, Account], object]


@pytest.fixture
def chair() -> Account:
    return AccountFactory(language="en")


@pytest.fixture
def can_do() -> Iterator[Callable[[Act], str]]:
    """Registers something that can be ordered; returns its name."""
    made: list[str] = []

    def register(act: Act) -> str:
        what = f"tests/{len(made)}"
        KINDS_OF_ERRAND[what] = ErrandKind(
            act,
            "Count",
            lambda count: f"{count} counted.",
            lambda rows, by: {row: f"Row {row.hex[:3]}" for row in rows},
            lambda about: f"Of {about.hex[:3]}",
            lambda about: f"/{about}/",
        )
        made.append(what)
        return what

    yield register
    for what in made:
        del KINDS_OF_ERRAND[what]


def outcomes(errand: Errand) -> list[tuple[str, str]]:
    return list(errand.items.values_list("state", "reason"))


# --- What comes of it -----------------------------------------------------------------------------


def test_each_row_is_done_once_in_order_by_who_ordered(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    seen: list[tuple[UUID, Account]] = []
    rows = [uuid4() for _ in range(3)]
    errand = order(
        can_do(lambda row, by: seen.append((row, by))), about=uuid4(), rows=rows, by=chair
    )

    assert (do_ordered(), do_ordered()) == (3, 0)

    errand.refresh_from_db()
    assert seen == [(row, chair) for row in rows]
    assert outcomes(errand) == [("done", "")] * 3
    assert errand.ended_at is not None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NotPossible("No quorum."), "No quorum."),
        (PermissionDenied("Only the chair."), "Only the chair."),
        (PermissionDenied(), "You may not do this any more."),
        (ObjectDoesNotExist(), "It is no longer there."),
        (
            ValueError("secret"),
            "Something went wrong on our side. Try this one by itself.",
        ),
    ],
)
def test_a_row_that_is_refused_says_why_keeps_nothing_and_does_not_keep_the_others(
    can_do: Callable[[Act], str], chair: Account, fault: Exception, reason: str
) -> None:
    first, second = uuid4(), uuid4()

    def act(row: UUID, by: Account) -> None:
        register_person(email=f"{row.hex}@school.example", name="New", by=by)
        if row == first:
            raise fault

    errand = order(can_do(act), about=uuid4(), rows=[first, second], by=chair)

    assert do_ordered() == 1

    assert outcomes(errand) == [("refused", reason), ("done", "")]
    assert [row.about for row in OutboxMail.objects.all()] == [
        Account.objects.get(sign_in=f"{second.hex}@school.example").pk
    ]
    [progress] = progress_of([errand])
    assert (progress.settled, progress.left, progress.told) == (
        2,
        0,
        "1 counted. 1 is niet gelukt.",
    )
    assert [(name, item.state, item.reason) for name, item in progress.named()] == [
        (f"Row {first.hex[:3]}", "refused", reason),
        (f"Row {second.hex[:3]}", "done", ""),
    ]


def test_who_can_no_longer_sign_in_does_nothing_any_more(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    seen: list[UUID] = []
    errand = order(
        can_do(lambda row, by: seen.append(row)), about=uuid4(), rows=[uuid4()], by=chair
    )
    Account.objects.filter(pk=chair.pk).update(is_active=False)

    do_ordered()

    assert (seen, outcomes(errand)) == ([], [("refused", "Your account is closed.")])


def test_the_same_is_not_ordered_twice_at_a_time(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    what, about, rows = can_do(lambda row, by: None), uuid4(), [uuid4()]

    first = order(what, about=about, rows=rows, by=chair)
    assert order(what, about=about, rows=[uuid4()], by=chair) == first
    do_ordered()

    assert order(what, about=about, rows=rows, by=chair) != first


def test_what_two_people_order_is_done_with_the_rights_of_each(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    """Neither waits for what the other may not do."""
    other, rows = AccountFactory(), [uuid4(), uuid4()]

    def act(row: UUID, by: Account) -> None:
        if (row, by) == (rows[0], other):
            raise PermissionDenied("Not yours.")

    what, about = can_do(act), uuid4()
    theirs = order(what, about=about, rows=rows[:1], by=other)
    own = order(what, about=about, rows=rows, by=chair)
    do_ordered()

    assert outcomes(theirs) == [("refused", "Not yours.")]
    assert outcomes(own) == [("done", "")] * 2


def test_nothing_is_not_ordered(can_do: Callable[[Act], str], chair: Account) -> None:
    with pytest.raises(NotPossible):
        order(can_do(lambda row, by: None), about=uuid4(), rows=[], by=chair)
    with pytest.raises(KeyError):
        order("tests/unknown", about=uuid4(), rows=[uuid4()], by=chair)

    assert Errand.objects.count() == 0


# --- Calling off ----------------------------------------------------------------------------------


def test_what_was_called_off_stops_after_the_row_in_hand(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    made: list[Errand] = []

    def act(row: UUID, by: Account) -> None:
        call_off(errand=made[0], by=chair)

    errand = order(can_do(act), about=uuid4(), rows=[uuid4() for _ in range(3)], by=chair)
    made.append(errand)

    assert (do_ordered(), do_ordered()) == (1, 0)

    assert outcomes(errand) == [("done", ""), ("waiting", ""), ("waiting", "")]
    with pytest.raises(NotPossible):
        call_off(errand=errand, by=chair)


def test_only_who_ordered_it_sees_it_and_calls_it_off(
    can_do: Callable[[Act], str], chair: Account, client: "Client"
) -> None:
    errand = order(can_do(lambda row, by: None), about=uuid4(), rows=[uuid4()], by=chair)
    page, off = (reverse(name, args=[errand.pk]) for name in ("errand", "errand_call_off"))

    client.force_login(AccountFactory())
    assert (client.get(page).status_code, client.post(off).status_code) == (404, 404)
    with pytest.raises(PermissionDenied):
        call_off(errand=errand, by=AccountFactory())

    client.force_login(chair)
    running = client.get(page).text
    assert "0 of 1 dealt with." in running
    assert f"<strong>Row {errand.items.get().row.hex[:3]}</strong> waiting" in running
    assert "What you ordered before" not in client.get("/").text
    assert page in client.get("/").text
    answer = client.post(off, follow=True).content.decode()
    assert "You called off the rest: 1 stays as it was." in answer
    assert "Call off the rest" not in answer
    before = client.get("/").text.partition("What you ordered before")
    assert [page in part for part in before] == [False, False, True]
    assert client.post(off).status_code == 302  # twice is once


def test_the_page_asks_again_while_it_runs_and_no_more_at_the_end(
    can_do: Callable[[Act], str], chair: Account, client: "Client"
) -> None:
    errand = order(can_do(lambda row, by: None), about=uuid4(), rows=[uuid4()], by=chair)
    page = reverse("errand", args=[errand.pk])
    client.force_login(chair)

    running = client.get(page, headers={"HX-Request": "true"})
    do_ordered()
    ended = client.get(page, headers={"HX-Request": "true"})

    for answer in (running, ended):
        assert "<html" not in answer.content.decode()
    assert "data-hx-trigger" in running.content.decode()
    assert "Call off the rest" in running.content.decode()
    assert "data-hx-trigger" not in ended.content.decode()
    assert "Call off the rest" not in ended.content.decode()
    assert "1 of 1 dealt with. 1 counted." in ended.content.decode()


def test_the_page_says_at_the_end_what_was_not_done_and_what_was_left(
    can_do: Callable[[Act], str], chair: Account, client: "Client"
) -> None:
    second, called_off = uuid4(), uuid4()
    made: dict[UUID, Errand] = {}

    def act(row: UUID, by: Account) -> None:
        if row == second:
            raise NotPossible("Not yet.")
        if row == called_off:
            call_off(errand=made[row], by=chair)

    all_tried = order(can_do(act), about=uuid4(), rows=[uuid4(), second], by=chair)
    made[called_off] = order(can_do(act), about=uuid4(), rows=[called_off, uuid4()], by=chair)
    do_ordered()
    client.force_login(chair)
    pages = [
        client.get(reverse("errand", args=[errand.pk])).text
        for errand in (all_tried, made[called_off])
    ]

    assert "2 of 2 dealt with. 1 counted. 1 was not done." in pages[0]
    assert "All has been dealt with. Of what was not done, the list says why." in pages[0]
    assert f"<strong>Row {second.hex[:3]}</strong> not done: Not yet." in pages[0]
    assert "You called off the rest: 1 stays as it was." in pages[1]
    assert ("</strong> left as it was" in pages[1], "waiting" in pages[1]) == (True, False)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_page_takes_the_same_queries_for_any_number_of_rows(
    can_do: Callable[[Act], str],
    chair: Account,
    client: "Client",
    django_assert_num_queries: Any,
    rows: int,
) -> None:
    def act(row: UUID, by: Account) -> None:
        raise NotPossible("No.")

    errand = order(can_do(act), about=uuid4(), rows=[uuid4() for _ in range(rows)], by=chair)
    do_ordered()
    client.force_login(chair)
    client.get("/")

    with django_assert_num_queries(PAGE):
        client.get(reverse("errand", args=[errand.pk]))


PAGE = 3 + 2  # who is signed in, and what they see; the errand and its rows


# --- Workers --------------------------------------------------------------------------------------


def test_an_errand_that_another_holds_is_left_alone_until_its_lease_ends(
    can_do: Callable[[Act], str], chair: Account
) -> None:
    errand = order(can_do(lambda row, by: None), about=uuid4(), rows=[uuid4()], by=chair)
    now = timezone.now()
    Errand.objects.update(claimed_until=now + timedelta(seconds=30))
    assert do_ordered() == 0

    Errand.objects.update(claimed_until=now - timedelta(seconds=1))

    assert (do_ordered(), outcomes(errand)) == (1, [("done", "")])


def test_who_lost_its_lease_does_no_more(can_do: Callable[[Act], str], chair: Account) -> None:
    def act(row: UUID, by: Account) -> None:
        later = timezone.now() + timedelta(minutes=5)  # as if another had taken it meanwhile
        Errand.objects.update(claimed_until=later)

    rows = [uuid4(), uuid4()]
    errand = order(can_do(act), about=uuid4(), rows=rows, by=chair)

    assert do_ordered() == 1

    errand.refresh_from_db()
    assert (outcomes(errand)[1], errand.ended_at) == (("waiting", ""), None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_each_row_once(can_do: Callable[[Act], str], chair: Account) -> None:
    seen: list[UUID] = []

    def act(row: UUID, by: Account) -> None:
        seen.append(row)
        time.sleep(0.01)

    what = can_do(act)
    for _ in range(3):
        order(what, about=uuid4(), rows=[uuid4() for _ in range(5)], by=chair)

    def work() -> None:
        try:
            do_ordered()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    close_old_connections()

    assert len(seen) == len(set(seen)) == 15
    assert not Errand.objects.running().exists()


# A worker whose every row takes long, and which says that it is in one.
SLOW = """
import sys, time, django
django.setup()
from uuid import UUID
from people.actions import register
from post import errands
from post.errands import KINDS_OF_ERRAND, ErrandKind

def act(row, by):
    register(email=f"{row.hex}@school.example", name="New", by=by)
    print(row, flush=True)
    time.sleep(float(sys.argv[1]))

KINDS_OF_ERRAND["tests/slow"] = ErrandKind(act, "", str, lambda *_: {}, str, str)
errands.do_ordered()
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_leaves_no_row_half_done_and_none_is_done_twice(
    can_do: Callable[[Act], str], chair: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(
        KINDS_OF_ERRAND, "tests/slow", ErrandKind(lambda *_: None, "", str, lambda *_: {}, str, str)
    )
    rows = [uuid4() for _ in range(4)]
    errand = order("tests/slow", about=uuid4(), rows=rows, by=chair)

    with slow_worker(tmp_path, seconds=1) as worker:
        assert worker.stdout is not None
        in_hand = [worker.stdout.readline().decode().strip() for _ in range(2)]
        os.kill(worker.pid, signal.SIGKILL)

    assert in_hand == [str(rows[0]), str(rows[1])]
    assert made(rows) == [1, 0, 0, 0]  # the second was in hand
    assert [state for state, _reason in outcomes(errand)] == ["done", *["waiting"] * 3]

    Errand.objects.update(claimed_until=timezone.now() - errands.LEASE)
    with slow_worker(tmp_path, seconds=0) as again:
        assert again.wait(60) == 0

    assert made(rows) == [1, 1, 1, 1]
    assert outcomes(errand) == [("done", "")] * 4


def slow_worker(folder: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A process of its own on the same database."""
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}"
    if connection.vendor == "postgresql":
        url = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "FILES_ROOT": str(folder),
    }
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, str(seconds)],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
    )


def made(rows: list[UUID]) -> list[int]:
    return [Account.objects.filter(sign_in=f"{row.hex}@school.example").count() for row in rows]


# --- Forgetting -----------------------------------------------------------------------------------


def test_what_ended_long_ago_is_forgotten(can_do: Callable[[Act], str], chair: Account) -> None:
    what, now = can_do(lambda row, by: None), timezone.now()
    ages = {
        "old": timedelta(days=django_settings.KEPT_DAYS, hours=1),
        "young": timedelta(days=1),
    }
    made = {name: order(what, about=uuid4(), rows=[uuid4()], by=chair) for name in ages}
    do_ordered()
    running = order(what, about=uuid4(), rows=[uuid4()], by=chair)
    for name, age in ages.items():
        Errand.objects.filter(pk=made[name].pk).update(ended_at=now - age)
    Errand.objects.filter(pk=running.pk).update(recorded_at=now - ages["old"])

    errands.forget_old()

    assert set(Errand.objects.all()) == {made["young"], running}
    assert ErrandItem.objects.count() == 2
