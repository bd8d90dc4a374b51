from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Account
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail
from post.recipients import Recipient, finds_recipients


@finds_recipients
def holder(person: UUID) -> Recipient | None:
    """Somebody with an account, at the address with which they sign in."""
    found = Account.objects.filter(pk=person).first()
    return Recipient(found.name, found.sign_in, found.language) if found else None


def _password_link(account: Account) -> dict[str, Any]:
    """A link that works once, and until when."""
    token = default_token_generator.make_token(account)
    return {
        "link": address_of("account_reset_password_from_key", user_pk_to_url_str(account), token),
        "until": timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    }


@mail("people/password")
def password(row: OutboxMail) -> MailContent | None:
    account = Account.objects.filter(pk=row.about, is_active=True).first()
    if account is None:
        return None
    return MailContent(_("Choose a new password"), _password_link(account))


@mail("people/invitation")
def invitation(row: OutboxMail) -> MailContent | None:
    """For somebody who was registered; not needed any more once they have signed in."""
    accounts = Account.objects.filter(is_active=True, last_seen_on=None)
    account = accounts.filter(pk=row.about).first()
    if account is None:
        return None
    return MailContent(
        _("%(institution)s made an account for you: choose a password")
        % {"institution": settings.INSTITUTION},
        {"address": account.sign_in, **_password_link(account)},
    )
