"""A remark on the page of its piece as HTML: from plain strings, as a page has many, and each
stands at every requirement that it is about."""

from collections.abc import Mapping
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from evidence.models import Evidence, Feedback, Remark
from people.days import day_text
from people.drawn import drawn
from post.models import OutboxMail


def remark_text(remark: Remark, piece: Evidence, troubles: Mapping[UUID, OutboxMail]) -> SafeString:
    """Write what somebody said: their words, who, in which role, when, and how it came here; and
    where the last mail about it did not arrive, that."""
    feedback: Feedback = remark.feedback
    by = [
        f"<span>{escape(feedback.spoke_as)}</span>",
        drawn("role", role=feedback.role),
        day_text(feedback.given_on),
    ]
    noted = ""
    if feedback.source == Feedback.Source.NOTED:
        noted = " noted"
        name = feedback.noted_by.name if feedback.noted_by else ""
        by.append(f"<span>{escape(gettext('noted by %(name)s') % {'name': name})}</span>")
        by.append(_word(feedback))
    if feedback.revision_id != piece.current_id:
        by.append(_tag(gettext("about an earlier version"), "dashed"))
    trouble = troubles.get(feedback.pk)
    text = (
        f'<article class="remark{noted}"><p class="remark-text">{escape(remark.text)}</p>'
        f'<div class="remark-by">{" ".join(by)}</div>'
        f"{_trouble(trouble, feedback.spoke_as) if trouble else ''}</article>"
    )
    return mark_safe(text)  # noqa: S308 - our own words, and those of others escaped above


def _word(feedback: Feedback) -> str:
    if feedback.confirmed:
        return _tag(gettext("confirmed"), "accent", "check")
    if feedback.confirmed is None and feedback.unsaid_at:
        return _tag(gettext("confirmed or denied, and taken back"), "dashed")
    if feedback.confirmed is None:
        return _tag(gettext("not confirmed yet"), "dashed")
    return _tag(gettext("denied: does not count"))


def _tag(text: str, kind: str = "", icon: str = "") -> str:
    return drawn("tag", text=text, kind=kind, icon=icon)


def _trouble(mail: OutboxMail, name: str) -> str:
    return render_to_string("components/trouble.html", {"mail": mail, "name": name, "then": ""})
