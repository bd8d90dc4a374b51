"""Celery's shells around the work; see post/work.py."""

from celery import shared_task

from post import work


@shared_task(name="post.do_work")
def do_work(name: str) -> int:
    return work.WORK[name]()


@shared_task(name="post.sweep")
def sweep() -> int:
    return work.sweep()
