from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from evidence.actions.feedback import withdraw_open
from evidence.models import FeedbackRequest
from people.models import Person
from records.actions import Blanked, keeps_copies
from records.models import new_salt


@keeps_copies
def blank_names(row: Model) -> list[Blanked]:
    """Blank the names under which this person was asked and spoke. Open questions are withdrawn:
    their links open nothing. Four queries, and those of each open question."""
    if not isinstance(row, Person):
        return []
    opened = row.questions.filter(state=FeedbackRequest.State.OPEN).select_related("evidence")
    for question in opened.select_for_update(of=("self",), no_key=True).order_by("pk"):
        withdraw_open(question, None, timezone.now())
    return [
        *_without_name(row.questions.all(), "asked_as"),
        *_without_name(row.given_feedback.all(), "spoke_as"),
    ]


def _without_name(rows: QuerySet[Any], name: str) -> list[Blanked]:
    named = list(rows.exclude(**{name: ""}).select_related("evidence"))
    for row in named:
        setattr(row, name, "")
        row.salt = new_salt()
    rows.model._default_manager.bulk_update(named, [name, "salt"], batch_size=500)
    return [Blanked(row, row.chain, (name,), stated=row) for row in named]
