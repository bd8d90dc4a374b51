"""Sessions, of which the database holds nothing that opens one.

A browser's cookie is the key of its session. The row bears a digest of it, and what stands in the
row is signed for that cookie: who reads the database or a backup signs in as nobody by it, and what
is copied from one row into another is not believed.
"""

from hashlib import sha256
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from people.faults import outage_in
from post.work import background


def row_of(session_key: str) -> str:
    """Tell under which key the row of this session stands: 160 bits in hexadecimal digits, as many
    as the column has."""
    return sha256(session_key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    """Keeps a session under a digest of its key."""

    @property
    def key_salt(self) -> str:
        """What the content is signed with besides SECRET_KEY."""
        return f"people.sessions.{self.session_key}"

    def _get_session_from_db(self) -> Session | None:
        live = Session.objects.filter(expire_date__gt=timezone.now())
        found = live.filter(pk=row_of(self.session_key)).first() if self.session_key else None
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(row_of(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        made = super().create_model_instance(data)
        made.session_key = row_of(made.session_key)
        return made

    def save(self, must_create: bool = False) -> None:
        """Keep the session. Raises UpdateError where it was ended meanwhile (400): a database that
        is not there now would be taken for that, and stays what it is (503)."""
        try:
            super().save(must_create)
        except UpdateError as ended:
            if isinstance(fault := ended.__context__, DatabaseError) and outage_in(fault):
                raise fault from fault.__cause__
            raise

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(row_of(key))


@background("sessions")
def sweep() -> int:
    """Forget the sessions that have expired; returns how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
