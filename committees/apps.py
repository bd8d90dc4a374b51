from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommitteesConfig(AppConfig):
    name = "committees"
    verbose_name = _("Committees")

    def ready(self) -> None:
        from committees import (  # noqa: F401 - register its mails, and what rests on others
            mails,
            resting,
        )
        from committees.actions import (  # noqa: F401 - register their work
            erasing,
            errands,
            freezing,
        )
