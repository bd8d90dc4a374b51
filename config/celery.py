import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("bewijskracht")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_init.connect
def stand_in(**_: Any) -> None:
    """Let the clock, of which there is one, sweep itself while no broker takes what it sends."""
    from post import work  # once the apps are there

    work.stand_in()


@setup_logging.connect
def keep_our_logs(**_: Any) -> None:
    """Keep Celery from writing lines of its own: the settings say how, and how much."""
