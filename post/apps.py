from django.apps import AppConfig


class PostConfig(AppConfig):
    name = "post"

    def ready(self) -> None:
        from post import outbox  # noqa: F401 - registers its work
