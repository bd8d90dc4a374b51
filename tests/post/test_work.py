"""Work of the embedded installation: what takes long keeps nothing else."""

import threading

import pytest
from django.db import connection, transaction

from post import work
from post.models import OutboxMail
from post.outbox import queue
from tests.factories import AccountFactory

PATIENCE = 20  # seconds


@pytest.mark.django_db(transaction=True)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # how they end
def test_a_mail_does_not_wait_for_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    noor, mailing = AccountFactory(), work.WORK["outbox"]
    begun, ready, mailed, is_over = (threading.Event() for _number in range(4))

    def end_once_over() -> None:
        if is_over.is_set():
            connection.close()
            raise SystemExit  # of this thread

    def prepare() -> int:
        begun.set()
        assert ready.wait(PATIENCE)
        end_once_over()
        return 1

    def mail() -> int:
        done = mailing()
        if done:
            mailed.set()
        end_once_over()
        return done

    monkeypatch.setattr(work, "WORK", {"preparation": prepare, "outbox": mail})
    monkeypatch.setattr(work, "_wakes", [])
    threads = work.start_sweepers()
    work.nudge("preparation")
    assert begun.wait(PATIENCE)

    with transaction.atomic():
        row = queue("people/password", to=noor.pk, about=noor.pk, cause=None)
    is_mailed = mailed.wait(PATIENCE)

    is_over.set()
    ready.set()
    work.nudge("outbox")
    for thread in threads:
        thread.join(PATIENCE)
    row.refresh_from_db()
    assert (is_mailed, row.state) == (True, OutboxMail.State.SENT)
    assert [thread.is_alive() for thread in threads] == [False, False]


def test_what_fails_keeps_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> int:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(work, "WORK", {"one": failing, "other": lambda: 3})

    assert work.sweep() == 3
    assert [record.message for record in caplog.records] == [
        "work one failed; the next sweep tries again"
    ]
