from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template

from post.models import OutboxMail

register = template.Library()


@register.inclusion_tag("components/trouble.html")
def trouble(
    troubles: Mapping[UUID, OutboxMail], row: UUID, name: str, then: str = ""
) -> dict[str, Any]:
    """Say that the last mail about this row did not arrive, if that is so: see the component."""
    return {"mail": troubles.get(row), "name": name, "then": then}
