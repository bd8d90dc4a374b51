from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    name = "people"
    verbose_name = _("People")

    def ready(self) -> None:
        # They register signals, work and mails.
        from people import adapter, drafts, limits, mails, sessions  # noqa: F401 - register
