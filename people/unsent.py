"""What somebody sent after their session had ended: kept for them alone, to be sent again.

Nothing is kept in the session of who is not signed in, because the next person at that machine may
be another. A signed cookie says who signed in here last; what is kept is theirs, and whoever else
signs in cannot find it.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from people import drafts
from people.models import Account, Draft
from people.sending import sent

COOKIE = "last_person"
SALT = "people.last_person"
REMEMBERED_FOR = timedelta(days=7)
MOST = 20  # forms of one person; of more the oldest make way, as nobody is signed in who sends them


def remember(response: HttpResponse, user: Account) -> None:
    """Remember who signed in here last, for the forms that stay open when a session ends."""
    response.set_signed_cookie(
        COOKIE,
        str(user.pk),
        salt=SALT,
        max_age=REMEMBERED_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def last_person(request: HttpRequest) -> str | None:
    """Tell the id of who signed in here last; None where that is not known."""
    found: str | None = request.get_signed_cookie(COOKIE, None, salt=SALT, max_age=REMEMBERED_FOR)
    return found


def keep(request: HttpRequest) -> Draft | None:
    """Keep the form that was sent for who signed in here last; None where nobody is known, and
    for more than anybody writes. At most six queries."""
    person = last_person(request)
    key = f"{_of(person)}{request.get_full_path()}"
    if person is None or len(key) > Draft.LONGEST_KEY:
        return None
    try:
        draft = drafts.keep(key, sent(request))
    except BadRequest:
        return None
    ours = Draft.objects.filter(key__startswith=_of(person)).order_by("-changed_at", "-pk")
    Draft.objects.filter(pk__in=list(ours.values_list("pk", flat=True)[MOST:])).delete()
    return draft


def kept_for(user: Account) -> QuerySet[Draft]:
    return Draft.objects.filter(key__startswith=_of(user.pk))


def path_of(draft: Draft) -> str:
    """Tell where the form of this draft was to go."""
    return draft.key.split(":", 2)[2]


def _of(person: uuid.UUID | str | None) -> str:
    return f"unsent:{person}:"
