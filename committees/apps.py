from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommitteesConfig(AppConfig):
    name = "committees"
    verbose_name = _("Committees")

    def ready(self) -> None:
        from committees import mails  # noqa: F401 - registers its mails
        from committees.actions import (  # noqa: F401 - register their work
            erasing,
            errands,
            freezing,
        )
        from committees.models import Case
        from programmes.models import RESTING_ON_UNITS

        RESTING_ON_UNITS.append(Case.objects.all)
