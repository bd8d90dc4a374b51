from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_reset
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people import unsent
from people.actions import note_mailbox
from people.limits import TooOften, give_back
from people.models import Account
from people.signing_in import remember_who_came_by_mail, try_to_sign_in
from post.outbox import queue


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves, and mails go through the outbox, which keeps no link."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "That was not right too often. Wait a few minutes, or choose a new password by mail: "
            "then you can come in at once."
        )
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Tell whether to go on to this address; what is none leads nowhere."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue the password mail, and no other: only that is wanted here. For an address that
        nobody has, nothing is sent: the page answers the same either way."""
        if template_prefix != "account/email/password_reset_key":
            return
        account = Account.objects.get(sign_in=email.lower())
        address = account.person.address()
        is_confirmed = address is not None and address.confirmed_at is not None
        # To an address that nobody confirmed yet goes what the school sent there before.
        template = "people/password" if is_confirmed else "people/invitation"
        queue(template, to=account.pk, about=account.pk, cause=None)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Account | None:
        """Find whose address and password these are, unless that was tried too often."""
        try:
            tried = try_to_sign_in(request, credentials.get("email", "").lower())
        except TooOften:
            raise self.validation_error("too_many_login_attempts") from None
        account: Account | None = super().authenticate(request, **credentials)
        if account:
            give_back(tried)
        return account

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        unsent.remember(response, user)
        return response


@receiver(password_reset)
def note_the_mailbox(request: HttpRequest, user: Account, **kwargs: Any) -> None:
    """Note that who came by the link of a mail reads mail there."""
    note_mailbox(account=user)
    remember_who_came_by_mail(request, user)


@receiver(user_logged_in)
def note_the_day(user: Account, **kwargs: Any) -> None:
    """Keep on which day somebody last came in; a session ends within a day. One query, none where
    it is known."""
    today = timezone.localdate()
    if user.last_seen_on != today:
        Account.objects.filter(pk=user.pk).update(last_seen_on=today)
