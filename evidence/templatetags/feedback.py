from collections.abc import Iterable, Mapping
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from evidence.list_text import list_text
from evidence.models import Evidence, Remark
from evidence.remark_text import remark_text
from post.models import OutboxMail

register = template.Library()


@register.simple_tag
def remark(of: Remark, piece: Evidence, troubles: Mapping[UUID, OutboxMail]) -> SafeString:
    """Write what somebody said on the page of a piece: `{% remark remark piece troubles %}`."""
    return remark_text(of, piece, troubles)


@register.simple_tag
def pieces_listed(pieces: Iterable[Evidence]) -> SafeString:
    """Write pieces as the items of their owner's list: `{% pieces_listed pieces %}`."""
    return list_text(pieces)
