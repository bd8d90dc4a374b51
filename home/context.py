from typing import Any

from django.conf import settings
from django.http import HttpRequest

from home.demo.people import ACCOUNTS


def frame(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs."""
    return {
        "demo_mode": settings.DEMO,
        "demo_accounts": ACCOUNTS if settings.DEMO else [],
        "navigation": [],
    }
