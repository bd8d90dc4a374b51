"""The students of a programme as its page lists them: read by their ids, and written from plain
strings, as a page has many."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from programmes.models import AdviserAssignment, Enrolment, Placement, Track
from records.prepared import PreparedQuery

LISTED_AT_A_TIME = 50


@dataclass(slots=True)
class Listed:
    """An enrolment by its id: whose it is, who advises them now, where they are placed and until
    when, the last first, and what they follow."""

    enrolment: UUID
    name: str
    adviser: str = ""
    placements: list[tuple[str, date]] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)


def listed_as(enrolments: Iterable[UUID]) -> list[Listed]:
    """Read these enrolments, LISTED_AT_A_TIME at most, in their order. Four queries, none where
    there are none."""
    ids = list(enrolments)
    if not ids:
        return []
    names = {row["pk"]: row["name"] for row in NAMES_OF_STUDENTS.rows(ids)}
    found = {pk: Listed(pk, names[pk]) for pk in ids if pk in names}
    for row in ADVISERS_OF.rows(ids):
        found[row["enrolment"]].adviser = row["name"]
    for row in PLACEMENTS_OF.rows(ids):
        found[row["enrolment"]].placements.append((row["workplace"], row["ends_on"]))
    for row in FOLLOWED_IN.rows(ids):
        found[row["enrolment"]].follows.append(f"{row['title']} ({row['code']})")
    return list(found.values())


def _names(enrolments: list[UUID]) -> QuerySet[Any, Any]:
    rows = Enrolment.objects.filter(pk__in=enrolments).order_by()
    return rows.values("pk", name=F("student__name"))


def _advisers(enrolments: list[UUID]) -> QuerySet[Any, Any]:
    rows = AdviserAssignment.objects.current().filter(enrolment__in=enrolments).order_by()
    return rows.values("enrolment", name=F("adviser__name"))


def _placements(enrolments: list[UUID]) -> QuerySet[Any, Any]:
    rows = Placement.objects.filter(enrolment__in=enrolments).order_by("-starts_on", "pk")
    return rows.values("enrolment", "workplace", "ends_on")


def _followed(enrolments: list[UUID]) -> QuerySet[Any, Any]:
    rows = Track.objects.current().filter(enrolment__in=enrolments).order_by("recorded_at", "pk")
    named = {"title": F("qualification__title"), "code": F("qualification__code")}
    return rows.values("enrolment", **named)


NAMES_OF_STUDENTS = PreparedQuery(_names, most=LISTED_AT_A_TIME)
ADVISERS_OF = PreparedQuery(_advisers, most=LISTED_AT_A_TIME)
PLACEMENTS_OF = PreparedQuery(_placements, most=LISTED_AT_A_TIME)
FOLLOWED_IN = PreparedQuery(_followed, most=LISTED_AT_A_TIME)


def enrolments_text(rows: Iterable[Listed], on: date, *, may_manage: bool) -> SafeString:
    """Write students as rows of a table, with a link to what is set up for each for who manages it;
    what is over on this day stands back."""
    advised, placed, follows = gettext("Advised by"), gettext("Placements"), gettext("Follows")
    nobody = f'<span class="tag dashed">{gettext("nobody yet")}</span>'
    none = f'<span class="tag dashed">{gettext("none yet")}</span>'
    until: dict[date, str] = {}
    any_one = UUID(int=0)
    at = reverse("programmes:enrolment", args=[any_one]).removesuffix(f"{any_one}/")
    text = []
    for row in rows:
        name: str = escape(row.name)
        if may_manage:
            name = f'<a href="{at}{row.enrolment}/">{name}</a>'
        places = []
        for workplace, day in row.placements:
            if day not in until:
                until[day] = escape(gettext("until %(day)s") % {"day": date_format(day, "j F Y")})
            past = ' class="soft"' if day < on else ""
            places.append(
                f'<div{past}>{escape(workplace)} <span class="soft small">{until[day]}</span></div>'
            )
        follow = "".join([f"<div>{escape(title)}</div>" for title in row.follows])
        text.append(
            f'<tr><th scope="row">{name}</th>'
            f'<td data-label="{advised}"><div>{escape(row.adviser) or nobody}</div></td>'
            f'<td data-label="{placed}"><div>{"".join(places) or none}</div></td>'
            f'<td data-label="{follows}"><div>{follow}</div></td></tr>\n'
        )
    return mark_safe("".join(text))  # noqa: S308 - our own words; those of others escaped above
