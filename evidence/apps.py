from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from evidence import mails  # noqa: F401 - registers its mails
        from evidence.actions import erasing  # noqa: F401 - and the names it keeps
