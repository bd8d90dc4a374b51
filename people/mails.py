from datetime import timedelta
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from people.models import Account
from post.outbox import MailContent, address_of, mail


def _password_link(account: Account) -> dict[str, Any]:
    """A link that works once, and until when."""
    token = default_token_generator.make_token(account)
    return {
        "link": address_of("account_reset_password_from_key", user_pk_to_url_str(account), token),
        "until": timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    }


@mail("people/password")
def password(ids: dict[str, str]) -> MailContent | None:
    account = Account.objects.filter(pk=ids["account"], is_active=True).first()
    if account is None:
        return None
    return MailContent(
        _("Choose a new password"), {"name": account.name, **_password_link(account)}
    )


@mail("people/invitation")
def invitation(ids: dict[str, str]) -> MailContent | None:
    """For somebody who was registered; not needed any more once they have signed in."""
    accounts = Account.objects.filter(is_active=True, last_seen_on=None)
    account = accounts.filter(pk=ids["account"]).first()
    if account is None:
        return None
    return MailContent(
        _("%(institution)s made an account for you: choose a password")
        % {"institution": settings.INSTITUTION},
        {"name": account.name, "address": account.sign_in, **_password_link(account)},
    )
