from datetime import date

from django import template
from django.utils.safestring import SafeString

from people.days import day_text

register = template.Library()


@register.simple_tag(name="day")
def written_day(of: date, kind: str = "") -> SafeString:
    """Write a day for machines and for people: `{% day student.last_check_in %}`."""
    return day_text(of, kind)
