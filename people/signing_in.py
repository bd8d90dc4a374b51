"""How often somebody may try to sign in, where a school sits behind one address.

What is right is never counted. What is wrong counts for the account and for the address, and locks
nobody else out: an account's tries are counted apart for each person who signed in last in the
browser at hand, and who signed in there before, or came by the link of a mail, is not kept by what
others at the address did.
"""

import ipaddress
from datetime import timedelta

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

from people import unsent
from people.limits import Rate, attempt, check_rates
from people.models import Account, Attempt

MINUTES, DAY = timedelta(minutes=5), timedelta(days=1)
AT_AN_ACCOUNT = [Rate(5, MINUTES), Rate(50, DAY)]
# A school of thousands signs in at eight, and one in ten mistypes.
AT_AN_ADDRESS = [Rate(500, MINUTES), Rate(3000, DAY)]
# A wrong link is broken, by a mail program say, or guessed.
WRONG_LINKS = [Rate(30, MINUTES), Rate(300, DAY)]
WRONG_CODES = WRONG_LINKS  # of letters, in one browser
MAILS_TO_AN_ACCOUNT = [Rate(5, MINUTES), Rate(20, DAY)]
CAME_BY_MAIL = "came_by_mail"


def try_to_sign_in(request: HttpRequest, sign_in: str) -> list[Attempt]:
    """Count a try to sign in with this address, until it turns out to be right. Raises TooOften."""
    key = Account.objects.filter(sign_in=sign_in).values_list("pk", flat=True).first()
    last = request.session.get(CAME_BY_MAIL) or unsent.last_person(request)
    bounds = {f"sign in as {sign_in} after {last}": AT_AN_ACCOUNT}
    if key is None or last != str(key):
        bounds[f"sign in from {_place(request)}"] = AT_AN_ADDRESS
    return attempt(bounds)


def ask_for_a_password_mail(request: HttpRequest, sign_in: str) -> None:
    """Count a mail to choose a password by, asked for here. Raises TooOften."""
    attempt(
        {
            f"mail to {sign_in}": MAILS_TO_AN_ACCOUNT,
            f"mail from {_place(request)}": AT_AN_ADDRESS,
        }
    )


def note_wrong_link(request: HttpRequest) -> None:
    """Count a link that opens nothing. Raises TooOften. A right one is
    never counted, and opens whatever others tried at the same address."""
    attempt({f"wrong link from {_place(request)}": WRONG_LINKS})


def check_codes(request: HttpRequest) -> None:
    """Raise TooOften in a browser in which, or at an address from which, so many wrong codes of
    letters were typed, for a right one too: else a wrong one would be told from a right one all the
    same. A browser is known by a cookie that it can throw away; an address is not."""
    check_rates(_codes_bounds(request))


def note_wrong_code(request: HttpRequest) -> None:
    """Count the code of a letter that is wrong: in this browser, and at its address, from which a
    whole school may come. Raises TooOften."""
    attempt(_codes_bounds(request))


def _codes_bounds(request: HttpRequest) -> dict[str, list[Rate]]:
    """Name the address, and the browser by the cookie against forgery that it sends with each form,
    with how often a wrong code may come from each."""
    bounds = {f"wrong code from {_place(request)}": AT_AN_ADDRESS}
    if cookie := request.COOKIES.get(settings.CSRF_COOKIE_NAME):
        bounds[f"wrong code in browser {cookie}"] = WRONG_CODES
    return bounds


def remember_who_came_by_mail(request: HttpRequest, account: Account) -> None:
    """Remember, until they sign in, who chose a password by a link: they read mail there."""
    request.session[CAME_BY_MAIL] = str(account.pk)


def _place(request: HttpRequest) -> str:
    """Tell where a request comes from: its address, and of IPv6, where everybody has many, the
    network."""
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
