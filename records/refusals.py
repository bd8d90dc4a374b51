from collections.abc import Callable
from typing import Any


class NotPossible(Exception):
    """The state of things does not let this happen now; the text is fit to show."""


def why_not(check: Callable[..., None], *args: Any, **kwargs: Any) -> str:
    """Say in words why a `check_…` now refuses, and nothing where it lets this pass: for pages that
    show a button, or say why there is none."""
    try:
        check(*args, **kwargs)
    except NotPossible as refusal:
        return str(refusal)
    return ""
