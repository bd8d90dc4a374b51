"""Celery's shells around the work; see records/work.py."""

from celery import shared_task

from records import work


@shared_task(name="records.do_work")
def do_work(name: str) -> int:
    return work.WORK[name]()


@shared_task(name="records.sweep")
def sweep() -> int:
    return work.sweep()
