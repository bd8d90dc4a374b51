from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _install_triggers(using: str, **_: Any) -> None:
    from records.triggers import install

    install(using)


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        # Without a sender: after the last app has migrated every table is there.
        post_migrate.connect(_install_triggers, sender=self)
