from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "portfolio"

    def ready(self) -> None:
        from portfolio import cohort, kept, mails  # noqa: F401 - register their work and mails
