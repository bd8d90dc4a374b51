"""Links that need no account: derived from a row's id and serial under a key, never stored."""

import base64
import hmac
import uuid
from hashlib import sha256

from django.conf import settings


def token_for(purpose: str, row_id: uuid.UUID, serial: int) -> str:
    """Make a link's token: the id of a row and 128 bits of HMAC over purpose, id and serial. A new
    serial revokes every earlier token."""
    return _text(row_id.bytes + _proof(purpose, row_id, serial))


def id_in(token: str) -> uuid.UUID | None:
    """Read the id that a token claims to be for; None when it is no token at all. Claims only: see
    `is_genuine`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return uuid.UUID(bytes=raw[:16]) if len(raw) == 32 else None


def is_genuine(token: str, purpose: str, row_id: uuid.UUID, serial: int) -> bool:
    return hmac.compare_digest(token.encode(), token_for(purpose, row_id, serial).encode())


def folded_token_for(purpose: str, row_id: uuid.UUID) -> str:
    """Make a token that stands in a mail address: as `token_for` with 80 bits of HMAC, in lower
    case letters and figures, since not every server keeps capitals. 42 characters."""
    raw = row_id.bytes + _proof(purpose, row_id, 1)[:10]
    return base64.b32encode(raw).decode().lower().rstrip("=")


def id_in_folded(purpose: str, token: str) -> uuid.UUID | None:
    """Read the id that this token, from a mail address, proves; None when it is none of ours."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        return None
    row_id = uuid.UUID(bytes=raw[:16]) if len(raw) == 26 else None
    genuine = row_id and folded_token_for(purpose, row_id)
    is_genuine = genuine and hmac.compare_digest(token.lower().encode(), genuine.encode())
    return row_id if is_genuine else None


def _proof(purpose: str, row_id: uuid.UUID, serial: int) -> bytes:
    content = f"{purpose}:{row_id}:{serial}".encode()
    return hmac.new(settings.LINK_KEY.encode(), content, sha256).digest()[:16]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
