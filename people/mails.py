from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.utils.translation import gettext as _

from people.models import User
from records.outbox import MailContent, address_of, mail


def _password_link(person: User) -> str:
    """Works once, for as long as PASSWORD_RESET_TIMEOUT says."""
    token = default_token_generator.make_token(person)
    return address_of("account_reset_password_from_key", user_pk_to_url_str(person), token)


@mail("people/password")
def password(ids: dict[str, str]) -> MailContent | None:
    person = User.objects.filter(pk=ids["user"], is_active=True).first()
    if person is None:
        return None
    return MailContent(
        _("Choose a new password"), {"name": person.name, "link": _password_link(person)}
    )


@mail("people/invitation")
def invitation(ids: dict[str, str]) -> MailContent | None:
    """For somebody who was registered; not needed any more once they have signed in."""
    person = User.objects.filter(pk=ids["user"], is_active=True, last_login=None).first()
    if person is None:
        return None
    return MailContent(
        _("Your account for your portfolio"),
        {"name": person.name, "address": person.email, "link": _password_link(person)},
    )
