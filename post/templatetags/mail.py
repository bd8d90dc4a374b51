from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template
from django.utils.html import format_html

from post.models import OutboxMail

register = template.Library()


@register.filter
def mail_address(address: str) -> str:
    """Let a mail address break before its domain, where a line is too short for it."""
    name, at, domain = address.partition("@")
    return format_html("{}{}<wbr>{}", name, at, domain)


@register.inclusion_tag("components/trouble.html")
def trouble(
    troubles: Mapping[UUID, OutboxMail], row: UUID, name: str, then: str = ""
) -> dict[str, Any]:
    """Say that the last mail about this row did not arrive, if that is so: see the component."""
    return {"mail": troubles.get(row), "name": name, "then": then}
