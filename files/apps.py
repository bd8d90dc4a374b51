from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "files"

    def ready(self) -> None:
        from files import preparing, sweeping  # noqa: F401 - register their work
