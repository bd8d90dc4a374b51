from typing import Any

from django.utils.translation import gettext as _

from committees.models import Case, Meeting
from records.locking import under_lock
from records.refusals import NotPossible


def check_move(row: Case | Meeting, to: Case.State | Meeting.State) -> None:
    """See that the transition stands in the model's table. Raises NotPossible where it does not."""
    if to not in {str(key): value for key, value in row.TRANSITIONS.items()}[row.state]:
        refusal = (
            _("This cannot be done now: the meeting is “%(state)s”.")
            if isinstance(row, Meeting)
            else _("This cannot be done now: the case is “%(state)s”.")
        )
        raise NotPossible(refusal % {"state": row.get_state_display()})


def move(row: Case | Meeting, to: Case.State | Meeting.State, **with_it: Any) -> None:
    """Put a row that the caller has locked into this state, and write what goes with it (by the
    name of its column). Raises NotPossible as `check_move`."""
    check_move(row, to)
    row.state = to
    for name, value in with_it.items():
        setattr(row, name, value)
    row.save(update_fields=["state", *with_it])


def locked(case: Case) -> Case:
    """Lock the case until the end of the transaction, and return it as it is now. Raises
    NotPossible where it was taken off the agenda meanwhile. One query."""
    return under_lock(Case.objects.for_list(), case.pk)


def locked_meeting(meeting: Meeting) -> Meeting:
    """Lock the meeting until the end of the transaction, and return it as it is now, with what
    `panel_in` reads. One query."""
    rows = Meeting.objects.select_related("committee__programme", "committee__mandate")
    return under_lock(rows, meeting.pk)
