"""Variables that a template of ours uses and nobody gave it."""

import sys
from pathlib import Path

from django.conf import settings
from django.template.base import FilterExpression


class UndefinedVariable(AssertionError):
    pass


class Undefined(str):
    """Stands for an undefined variable in a template (see tests/settings.py), and raises where the
    template is ours: those of Django and allauth rely on undefined variables being empty."""

    def __bool__(self) -> bool:
        # Django asks for its truth in FilterExpression.resolve, right after a look-up failed.
        caller = sys._getframe(1)
        if caller.f_code is FilterExpression.resolve.__code__:
            expression = caller.f_locals["self"]
            while caller.f_back and caller.f_code.co_name != "render_annotated":
                caller = caller.f_back
            origin = getattr(caller.f_locals.get("self"), "origin", None)
            if origin and Path(str(origin.name)).is_relative_to(settings.BASE_DIR / "templates"):
                raise UndefinedVariable(f"{expression.token} in {origin.template_name}")
        return False
