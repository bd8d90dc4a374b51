from collections.abc import Iterable
from datetime import date

from django import template
from django.utils.safestring import SafeString

from programmes.listing import Listed, enrolments_text

register = template.Library()


@register.simple_tag
def enrolments_listed(rows: Iterable[Listed], on: date, may_manage: bool) -> SafeString:
    """Write the students of a programme as rows of a table."""
    return enrolments_text(rows, on, may_manage=may_manage)
