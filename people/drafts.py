"""Writing is never lost: what somebody types in a long form is kept until they send it.

A view that has such a form makes a `Writing` of it, and is named twice in the URLconf: at its page
and, with `is_draft`, at `draft/` below it. So a draft has the very door of its page.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from people.changing import VERSION
from people.identity import plain_name
from people.models import Draft, SentForm
from people.sending import Fields, forget_sent, once, sent
from post.work import background, term

LONGEST = 200_000  # characters in all fields together, and in their names


# --- What is kept ---------------------------------------------------------------------------------


def keep(key: str, fields: Fields) -> Draft:
    """Keep these words in the place of what was kept under the key. Raises BadRequest for more
    than anybody writes. At most four queries."""
    typed = sum(len(value) for values in fields.values() for value in values)
    if max(typed, sum(map(len, fields))) > LONGEST:
        raise BadRequest("a draft of more than LONGEST characters")
    # PostgreSQL has no place for this character, and nobody types it.
    clean = {name: [value.replace("\0", "") for value in all_] for name, all_ in fields.items()}
    draft, _is_new = Draft.objects.update_or_create(
        key=key, defaults={"fields": clean, "changed_at": timezone.now()}
    )
    return draft


def find(*keys: str) -> dict[str, Draft]:
    """Find the drafts that there are under these keys, by key. One query."""
    return {draft.key: draft for draft in Draft.objects.filter(key__in=keys)}


def forget_draft(key: str) -> None:
    """Forget what was typed under this key. One query."""
    Draft.objects.filter(key=key).delete()


def move_draft(key: str, to: str) -> None:
    """Let what was typed under this key be found under another, where nothing is yet. One query."""
    Draft.objects.filter(key=key).update(key=to)


def forget_of(person: UUID) -> None:
    """Forget all that this person was writing: their id stands in the key. One query."""
    Draft.objects.filter(key__contains=str(person)).delete()


def blank(words: Collection[str]) -> None:
    """Empty each field in which one of these words, and nothing else, was typed, however it was
    capitalised and spaced. Reads all drafts, in batches."""
    plain = {plain_name(word) for word in words}
    for draft in Draft.objects.select_for_update(no_key=True).iterator(chunk_size=100):
        fields = {
            name: ["" if plain_name(value) in plain else value for value in values]
            for name, values in draft.fields.items()
        }
        if fields != draft.fields:
            draft.fields = fields
            draft.save(update_fields=["fields"])


@background("drafts")
def sweep() -> int:
    """Forget what nobody came back to, and what was sent long ago."""
    forget_sent(term(timezone.now()))
    return Draft.objects.filter(changed_at__lt=term(timezone.now())).delete()[0]


def words_in(fields: Fields) -> list[str]:
    """Find what somebody wrote, among the ids, dates and choices of a form: those have no
    spaces."""
    texts = [value.strip() for values in fields.values() for value in values]
    return [text for text in texts if any(character.isspace() for character in text)]


# --- In a view ------------------------------------------------------------------------------------


class Writing:
    """The draft of one form, or of a form with its parts. A fresh page shows the words that were
    kept before (one query); `found` says since when."""

    found: Draft | None = None

    def __init__(
        self, request: HttpRequest, key: str, *forms: BaseForm, path: str = "", found: Any = None
    ) -> None:
        """Look up what is kept under the key, and fill the forms in with it; `path` is where the
        form is sent to, where that is not its own page; `found` is what a page with many forms
        looked up for them all, by key."""
        self.request = request
        self.key = key
        self.forms = forms
        base, query = path or request.path.removesuffix("draft/"), request.META["QUERY_STRING"]
        tail = f"?{query}" if query and not path else ""
        self.page, self.address = f"{base}{tail}", f"{base}draft/{tail}"
        if forms and not forms[0].is_bound:
            self.found = (find(key) if found is None else found).get(key)
        if self.found:
            self._fill_in(self.found.fields)

    def answer(self, back_to: str = "") -> HttpResponse:
        """Answer at `draft/`: keep what was typed in the fields that the form offers, or start
        over."""
        if not self.forms:
            raise Http404
        if self.request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if "start_over" in self.request.POST:
            self.forget()
            return redirect(back_to or self.page)
        draft = self._keep()
        moment = date_format(timezone.localtime(draft.changed_at), "H:i")
        has_files = any(name in self.request.POST for name in self._files())
        said = _("Text saved, %(time)s; your file not yet") if has_files else _("Saved, %(time)s")
        text = said % {"time": moment}
        return HttpResponse(text, content_type="text/plain", headers={"HX-Trigger": "saved"})

    def keep_refused(self, **known: list[str]) -> None:
        """Keep what was typed in a form that was refused: who goes elsewhere finds it again; what
        is `known` of some of its fields goes before what was sent. At most four queries."""
        with suppress(BadRequest):  # nobody typed that much
            self._keep(**known)

    def _keep(self, **known: list[str]) -> Draft:
        names = {form.add_prefix(name) for form, name, _field in self._offered()} | {VERSION}
        typed = {n: v for n, v in sent(self.request).items() if n in names}
        return keep(self.key, typed | known)

    @contextmanager
    def sending(self, leads_to: str = "") -> Iterator[SentForm]:
        """Do `once` what the form was sent for, in one transaction with forgetting what was typed.
        One query more."""
        with once(self.request, leads_to) as form:
            yield form
            self.forget()

    def forget(self) -> None:
        """Forget what was typed. One query."""
        forget_draft(self.key)

    def _offered(self) -> Iterator[tuple[Any, str, Any]]:
        for form in self.forms:
            for name, field in form.fields.items():
                if not (field.widget.is_hidden or field.widget.needs_multipart_form):
                    yield form, name, field

    def _files(self) -> Iterator[str]:
        """List the names of the fields for files: a draft says which were chosen, and holds
        none."""
        for form in self.forms:
            for name, field in form.fields.items():
                if field.widget.needs_multipart_form:
                    yield form.add_prefix(name)

    def _fill_in(self, fields: Fields) -> None:
        # What was typed over one version is not sent over another that nobody saw.
        if VERSION in fields and hasattr(self.forms[0], VERSION):
            setattr(self.forms[0], VERSION, fields[VERSION][0])
        data = QueryDict(mutable=True)
        for name, values in fields.items():
            data.setlist(name, values)
        for form, name, field in self._offered():
            key = form.add_prefix(name)
            if not field.widget.value_omitted_from_data(data, {}, key):
                form.initial[name] = field.widget.value_from_datadict(data, {}, key)
