"""What a requirement is called: the qualification's own word, by its framework."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Names:
    one: Any
    many: Any


NAMES = {
    "dossier": Names(_("requirement"), _("requirements")),
    "outcomes": Names(_("indicator"), _("indicators")),
}


def names_in(frameworks: Iterable[str]) -> Names:
    """Return what requirements of these frameworks are called; of several, or of none, in the usual
    words."""
    found = set(frameworks)
    return NAMES[found.pop() if len(found) == 1 else "dossier"]
