from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from evidence import (  # noqa: F401 - register its mails, and what rests on others
            mails,
            resting,
        )
        from evidence.actions import erasing  # noqa: F401 - and the names it keeps
