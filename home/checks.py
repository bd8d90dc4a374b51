"""What `check --deploy` asks of a school besides what Django asks."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SHORTEST = 32  # characters of a key


@register(Tags.security, deploy=True)
def check_keys(**_: Any) -> list[CheckMessage]:
    """Ask for keys that nobody guesses, each of its own: who gets one then has one."""
    keys = {
        "SECRET_KEY": settings.SECRET_KEY,
        "LINK_KEY": settings.LINK_KEY,
        **{f"SEAL_KEYS {number}": key for number, key in settings.SEAL_KEYS.items()},
    }
    found: list[CheckMessage] = [
        Error(f"{name} is shorter than {SHORTEST} characters.", id="bewijskracht.E001")
        for name, key in keys.items()
        if len(key) < SHORTEST
    ]
    if len(set(keys.values())) < len(keys):
        found.append(Error("Two keys are the same: each has its own.", id="bewijskracht.E002"))
    return found


@register(Tags.security, deploy=True)
def check_no_demo(**_: Any) -> list[CheckMessage]:
    """Ask that this is no demo, which offers accounts and shows everybody all mail."""
    if not settings.DEMO:
        return []
    return [Error("DEMO is set: everybody signs in and reads all mail.", id="bewijskracht.E003")]
