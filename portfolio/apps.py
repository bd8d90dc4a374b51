from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "portfolio"

    def ready(self) -> None:
        from portfolio import (  # noqa: F401 - register their work, mails and what rests on others
            cohort,
            kept,
            mails,
            resting,
        )
