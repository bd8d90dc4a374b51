from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse

from people import unsent
from people.models import Account
from post.outbox import queue


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves, and mails go through the outbox, which keeps no link."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Only the password mail is wanted here. For an address that nobody has, nothing is
        sent: the page answers the same either way."""
        if template_prefix != "account/email/password_reset_key":
            return
        person = Account.objects.get(email=email.lower())
        queue("people/password", to=person.pk, about=person.pk, cause=None)

    def post_login(self, request: HttpRequest, user: Account, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        unsent.remember(response, user)
        return response
