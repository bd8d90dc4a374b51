"""The lines of an adviser's list as HTML, from plain strings."""

from collections.abc import Iterable

from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

from people.days import day_text
from people.drawn import drawn
from portfolio.advising import Student


def students_text(students: Iterable[Student], at: str) -> SafeString:
    """Write students as rows of a table; their portfolios stand under this address."""
    none_yet = f'<span class="soft">{gettext("none yet")}</span>'
    outside = f'<span class="soft">{gettext("outside the periods")}</span>'
    last, period = gettext("Last check-in"), gettext("This period")
    activity, check_in = gettext("Last activity"), gettext("Check-in")
    with_whom = gettext("with %(name)s")
    usual = gettext("%(held)s held, %(wanted)s is usual")
    text = []
    for student in students:
        name, url = escape(student.name), f"{at}{student.enrolment}/"
        held = usual % {"held": student.held, "wanted": student.wanted}
        now = ' class="now"' if student.needs_me else ""
        spoken = none_yet
        if student.last_check_in:
            light = f"<br>{drawn('light', light=student.light)}" if student.light else ""
            spoken = f"<div>{day_text(student.last_check_in)}{light}</div>"
        active = day_text(student.last_activity) if student.last_activity else none_yet
        text.append(
            f'<tr{now}><th scope="row"><a href="{url}">{name}</a><br>'
            f'<span class="soft small">{escape(student.programme)}</span></th>'
            f"<td>{_reasons(student)}</td>"
            f'<td data-label="{last}">{spoken}</td>'
            f'<td data-label="{period}">{held if student.wanted else outside}</td>'
            f'<td data-label="{activity}">{active}</td>'
            f'<td><a class="button small" href="{url}check-ins/new/">{check_in}'
            f'<span class="visually-hidden"> {with_whom % {"name": name}}</span></a></td></tr>\n'
        )
    return mark_safe("".join(text))  # noqa: S308 - our own words; those of others escaped above


def _reasons(student: Student) -> str:
    """Write why a student needs their adviser now, as a list; nothing where nothing is."""
    reasons = []
    if student.is_due:
        reasons.append(gettext("A check-in is due"))
    if student.stands_still and student.last_activity:
        since = date_format(localtime(student.last_activity), "j F")
        reasons.append(gettext("Stands still since %(day)s") % {"day": since})
    elif student.stands_still:
        reasons.append(gettext("Has shown nothing yet"))
    if student.overdue:
        agreements = ngettext(
            "%(counter)s agreement past its date",
            "%(counter)s agreements past their date",
            student.overdue,
        )
        reasons.append(agreements % {"counter": student.overdue})
    items = "".join([f"<li>{reason}</li>" for reason in reasons])
    if student.unread:
        items += f'<li class="soft">{gettext("Has not answered the last check-in yet")}</li>'
    return f'<ul class="reasons">{items}</ul>' if items else ""
