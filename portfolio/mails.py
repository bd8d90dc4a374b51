from django.utils.translation import gettext as _

from portfolio.models import CheckIn
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail


@mail("portfolio/check_in")
def check_in(mail: OutboxMail) -> MailContent | None:
    """Tell the student that there is a check-in to read; say nothing of what is in it."""
    row = (
        CheckIn.objects.current()
        .select_related("by", "acknowledgement")
        .filter(pk=mail.about)
        .first()
    )
    if row is None or hasattr(row, "acknowledgement"):
        return None
    return MailContent(
        _("%(name)s noted your check-in: read it") % {"name": row.by.name},
        {
            "adviser": row.by.name,
            "held_on": row.held_on,
            "link": address_of("portfolio:check_ins", row.enrolment_id),
        },
    )
