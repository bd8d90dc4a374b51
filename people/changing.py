"""Changing what stands: nobody puts their words over what they did not see.

A form that changes what stands carries the version of what it showed. Where something else stands
there once it is sent, nothing is changed: the form comes back as it was filled in, and beside each
field that differs is what stands there now. Sent again, it puts its own in that place."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.forms import BaseForm, BoundField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from records.locking import hold
from records.models import Event, Sealed, name_of
from records.refusals import NotPossible

VERSION = "version"  # the name under which a form sends it


class ChangedMeanwhile(NotPossible):
    """Something else stands there than the form showed."""


class Change:
    """A form that changes what stands, of one request. `form` is what `draw` makes: from what was
    sent, or from what stands. Where a form shows what stands in another way than as the initial
    values of its fields, it says so itself (`ShowsOtherwise`)."""

    def __init__(
        self,
        request: HttpRequest,
        draw: Callable[..., Any],
        *,
        about: UUID,
        last: Callable[[], Sealed | None] = lambda: None,
        leaves_out: Collection[str] = (),
    ) -> None:
        """Draw the form. `draw` takes what was sent, or nothing, and reads what stands anew each
        time; `about` is the id of what is changed; `last` finds the row that stands, whose chain
        says by whom; `leaves_out` names fields that begin with what stands nowhere, as the day of
        today."""
        self.request = request
        self.draw = draw
        self.about = about
        self.last = last
        self.leaves_out = leaves_out
        self.form: Any = draw(request.POST) if request.method == "POST" else draw()
        self.form.version = version_sent(request) or self._version_of(self.form)

    @contextmanager
    def over_nothing_unseen(self) -> Iterator[None]:
        """Change what stands, in one transaction with finding that it is what the form showed. Of
        two at the same moment the second waits here, before anything is locked. Raises
        ChangedMeanwhile where something else stands, and the form tells what; but not where what
        was sent is what stands. The queries of drawing the form once more, and on PostgreSQL one;
        one more where it raises."""
        with transaction.atomic():
            hold(f"changes:{self.about}")
            self._check()
            yield

    def _check(self) -> None:
        now = self.draw()
        version = self._version_of(now)
        if version_sent(self.request) == version:
            return
        if isinstance(self.form, ShowsOtherwise):
            differs = self.form.tell_what_stands(now)
        else:
            differs = tell_fields(self.form, now, self._names(now))
        if differs:
            self.form.version = version
            self.form.is_stale = True
            raise ChangedMeanwhile(self._by_whom())

    def _names(self, form: BaseForm) -> list[str]:
        return [name for name in form.fields if name not in self.leaves_out]

    def _version_of(self, form: Any) -> str:
        if isinstance(form, ShowsOtherwise):
            return _digest_of(form.shown())
        return _digest_of(initial_values(form, self._names(form)))

    def _by_whom(self) -> str:
        """Say when what stands was written, and by whom, as far as it is known. One query."""
        row = self.last()
        event = last_said(row) if row is not None else None
        if event is None:
            when = _("This was changed after you had opened the page.")
        else:
            text = _("%(name)s changed this on %(moment)s, after you had opened the page.")
            if event.by_id == self.request.user.pk:
                text = _("You changed this on %(moment)s, in another tab or on another device.")
            elif event.by is None:
                text = _("This was changed on %(moment)s, after you had opened the page.")
            moment = date_format(timezone.localtime(event.recorded_at), "j F, H:i")
            when = text % {"name": event.by.name if event.by else "", "moment": moment}
        then = _("Nothing was changed now. Send this again to put yours in its place.")
        return f"{when} {then}"


class ShowsOtherwise:
    """Of a form that shows what stands in another way than as the initial values of its fields."""

    def shown(self) -> Mapping[str, Any]:
        """Return what stands, by the name of what shows it."""
        raise NotImplementedError

    def tell_what_stands(self, now: Any) -> bool:
        """Say beside all that differs what stands there now, as the form `now` shows it; tells
        whether anything does."""
        raise NotImplementedError


def version_sent(request: HttpRequest) -> str:
    """Tell which version the form showed that was sent; empty, as no version is, where it does not
    say."""
    return request.POST.get(VERSION, "")


def _digest_of(shown: Mapping[str, Any]) -> str:
    """Compute the version of what a form shows: 32 hexadecimal digits."""
    plain = {name: _plain_value(value) for name, value in shown.items()}
    words = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _plain_value(value: Any) -> Any:
    """Write several values in one order, and nothing in one way."""
    if isinstance(value, list | tuple | set):
        return sorted(map(str, value))
    return "" if value is None else value


def last_said(row: Sealed) -> Event | None:
    """Find the last event that states this row. One query."""
    events = Event.objects.filter(chain__key=row.chain, statement__rows__has_key=name_of(row))
    return events.select_related("by__person").order_by("-number").first()


def initial_values(form: BaseForm, names: Iterable[str]) -> dict[str, Any]:
    """Return what these fields begin with. A bound field would remember it, also once a draft puts
    other words in."""
    return {name: form.get_initial_for_field(form.fields[name], name) for name in names}


def tell_fields(form: BaseForm, now: BaseForm, names: Iterable[str]) -> bool:
    """Say beside each of these fields that differs what stands there now, as the form `now` shows
    it; tells whether one does."""
    differs = [
        name for name in names if now.fields[name].has_changed(now[name].initial, form[name].data)
    ]
    for name in differs:
        tell(form, name, in_words(now[name]))
    return bool(differs)


def tell(form: Any, name: str, words: str) -> None:
    """Say at a field of a form what stands there now."""
    form.add_error(name, _("Something else stands here now."))
    form[name].stands = words


def in_words(field: BoundField) -> str:
    """Write what a field begins with, as somebody reads it."""
    value = field.initial
    values = value if isinstance(value, list | tuple | set) else [value]
    if choices := getattr(field.field, "choices", None):
        names = {str(key): str(name) for key, name in _flat(choices)}
        words = "\n".join(names.get(str(each), str(each)) for each in values if each is not None)
    elif isinstance(value, bool):
        words = _("Yes") if value else _("No")
    elif isinstance(value, date) and not isinstance(value, datetime):
        words = date_format(value, "j F Y")
    else:
        prepared = field.field.prepare_value(value)
        words = "" if prepared is None else str(prepared)
    return words.strip() or _("Nothing.")


def _flat(choices: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """List the choices of a field, in groups or not."""
    for key, name in choices:
        if isinstance(name, list | tuple):
            yield from _flat(name)
        else:
            yield key, name
