from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from people.mailboxes import deliverable
from people.models import Account, Address
from post.models import OutboxMail
from post.outbox import MailContent, address_of, mail
from post.recipients import Recipient, finds_recipients


@finds_recipients
def somebody(person: UUID) -> Recipient | None:
    """Find a person, at the address where mail for them goes now."""
    rows = Address.objects.current().filter(person=person, receives=True).exclude(address="")
    row = rows.select_related("person").first()
    return row and Recipient(row.person.name, deliverable(row.address), row.person.language)


def _password_link(account: Account) -> dict[str, Any]:
    """Make a link by which a password is chosen, that works once, and say until when."""
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
    """Invite somebody who was registered; not needed any more once they have signed in."""
    accounts = Account.objects.filter(is_active=True, last_seen_on=None)
    account = accounts.filter(pk=row.about).first()
    if account is None:
        return None
    return MailContent(
        _("%(institution)s made an account for you: choose a password")
        % {"institution": settings.INSTITUTION},
        {"address": account.sign_in, **_password_link(account)},
    )


@mail("people/address")
def new_address(row: OutboxMail) -> MailContent | None:
    """Write to the new address itself, which nobody has proved to be theirs: the mail names nobody,
    so that no words of somebody's choice go to an address of their choice. Needed while it
    waits."""
    address = Address.objects.filter(pk=row.about).first()
    if address is None or not address.is_confirmable(timezone.now()):
        return None
    return MailContent(
        _("Is this your address? Confirm it for %(institution)s")
        % {"institution": settings.INSTITUTION},
        {
            "link": address_of("address_confirm", address.token),
            "until": address.confirmable_until,
            "by_school": address.source == Address.Source.SCHOOL,
        },
        address=deliverable(address.address),
    )


@mail("people/address_changed")
def address_changed(row: OutboxMail) -> MailContent | None:
    """Tell the address that was used before that mail goes elsewhere. Says nothing of the new one:
    by now another may read the old mailbox."""
    address = Address.objects.filter(pk=row.about).exclude(address="").first()
    account = address and Account.objects.filter(pk=address.person_id).first()
    if address is None or account is None:
        return None
    return MailContent(
        _("Your address at %(institution)s was changed") % {"institution": settings.INSTITUTION},
        {
            "link": address_of("account_login"),
            "address": address.address,
            "changed_at": address.ended_at,
            "signs_in_with_it": account.sign_in == address.address,
        },
        address=deliverable(address.address),
    )
