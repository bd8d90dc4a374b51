from django.utils.translation import gettext as _

from portfolio.models import CheckIn
from post.outbox import MailContent, address_of, mail


@mail("portfolio/check_in")
def check_in(ids: dict[str, str]) -> MailContent | None:
    """Tells the student that there is a check-in to read; says nothing of what is in it."""
    row = (
        CheckIn.objects.current()
        .select_related("by", "enrolment__student", "acknowledgement")
        .filter(pk=ids["check_in"])
        .first()
    )
    if row is None or hasattr(row, "acknowledgement"):
        return None
    return MailContent(
        _("%(name)s noted your check-in: read it") % {"name": row.by.name},
        {
            "name": row.enrolment.student.name,
            "adviser": row.by.name,
            "held_on": row.held_on,
            "link": address_of("portfolio:check_ins", row.enrolment_id),
        },
    )
