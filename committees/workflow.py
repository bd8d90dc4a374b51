from django.utils.translation import gettext as _

from committees.models import Case, Meeting
from records.refusals import NotPossible


def move(row: Case | Meeting, to: Case.State | Meeting.State) -> None:
    """Put a row that the caller has locked into this state. Raises NotPossible unless the
    transition stands in its model's table."""
    if to not in {str(key): value for key, value in row.TRANSITIONS.items()}[row.state]:
        refusal = (
            _("This cannot be done now: the meeting is “%(state)s”.")
            if isinstance(row, Meeting)
            else _("This cannot be done now: the case is “%(state)s”.")
        )
        raise NotPossible(refusal % {"state": row.get_state_display()})
    row.state = to
    row.save(update_fields=["state"])
