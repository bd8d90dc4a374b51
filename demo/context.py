from typing import Any

from django.conf import settings
from django.http import HttpRequest

from demo.people import ACCOUNTS


def accounts(request: HttpRequest) -> dict[str, Any]:
    """The accounts that the sign-in page of a demo offers. No query."""
    return {"demo_accounts": ACCOUNTS} if settings.DEMO else {}
