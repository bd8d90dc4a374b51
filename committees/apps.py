from django.apps import AppConfig


class CommitteesConfig(AppConfig):
    name = "committees"

    def ready(self) -> None:
        from committees import mails  # noqa: F401 - registers its mails
        from committees.actions import freezing  # noqa: F401 - registers its work
