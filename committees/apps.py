from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommitteesConfig(AppConfig):
    name = "committees"
    verbose_name = _("Committees")

    def ready(self) -> None:
        from committees import errands, mails  # noqa: F401 - register what can be ordered, and mails
        from committees.actions import erasing, freezing  # noqa: F401 - register their work
        from committees.models import Case
        from programmes.models import RESTING_ON_UNITS

        RESTING_ON_UNITS.append(Case.objects.all)
