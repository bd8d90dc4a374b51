"""Writing is never lost: what somebody types in a long form is kept until they send it.

A view that has such a form makes a `Writing` of it, and is named twice in the URLconf: at its page
and, with `is_draft`, at `draft/` below it. So a draft has the very door of its page.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import Q
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.text import Truncator
from django_htmx.http import trigger_client_event

from people.changing import VERSION
from people.identity import plain_name
from people.models import Draft, SentForm
from people.sending import DRAFT, Fields, arrived, forget_sent, once, sent
from post.undoing import wait_of_mail, wait_of_question
from post.work import background, term
from records.locking import hold

SENT = "sent:"  # begins the key of words that were sent and can still be a draft again
LONGEST = 200_000  # characters in all fields together, and in their names
LATEST = datetime.max.replace(tzinfo=UTC).timestamp()
MOST = 5  # drafts of one form by one person, typed on as many pages


# --- What is kept ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """What a page says of its draft when it sends something: the id under which it keeps its own,
    which is that of the draft of which it goes on where it showed one (`shown`), and the moment at
    which it last heard what there is (`known`, a timestamp); nothing of that changed later was seen
    there."""

    own: UUID
    shown: UUID | None = None
    known: float = 0

    def __str__(self) -> str:
        return f"{self.own} {self.shown or ''} {self.known}"

    @classmethod
    def said(cls, text: str) -> "Mark":
        """Read what a page says; a page that says nothing one can read has shown nothing."""
        own, shown, known = [*text.split(" "), "", "", ""][:3]
        try:
            mark = cls(UUID(own), UUID(shown) if shown else None, float(known))
        except ValueError:
            return cls(uuid4())
        return mark if 0 <= mark.known < LATEST else cls(mark.own)


def keep(key: str, fields: Fields, mark: Mark | None = None) -> Draft:
    """Keep these words under the key, in the place of what the same page kept before, and of what
    it showed, where nobody typed more of that elsewhere. Without a mark of a page the same words
    are kept once. Of more than MOST the oldest make way. Raises BadRequest for more than anybody
    writes. At most six queries."""
    typed = sum(len(value) for values in fields.values() for value in values)
    if max(typed, sum(map(len, fields))) > LONGEST:
        raise BadRequest("a draft of more than LONGEST characters")
    # PostgreSQL has no place for this character, and nobody types it.
    clean = {name: [value.replace("\0", "") for value in all_] for name, all_ in fields.items()}
    with transaction.atomic():
        hold(f"draft:{key}")
        there = list(Draft.objects.filter(key=key).order_by("-changed_at"))
        if mark is None:
            same = [draft.pk for draft in there if draft.fields == clean]
            mark = Mark(same[0] if same else uuid4())
        elif Draft.objects.filter(pk=mark.own).exclude(key=key).exists():
            mark = replace(mark, own=uuid4())  # not what a page of ours says
        gone = [draft.pk for draft in there if _is_gone_on_with(draft, mark)]
        gone += [draft.pk for draft in there if draft.pk not in (mark.own, *gone)][MOST - 1 :]
        if gone:
            Draft.objects.filter(pk__in=gone).delete()
        draft, _is_new = Draft.objects.update_or_create(
            pk=mark.own, key=key, defaults={"fields": clean, "changed_at": timezone.now()}
        )
    return draft


def _is_gone_on_with(draft: Draft, mark: Mark) -> bool:
    """Tell whether a page with this mark showed this draft as it is."""
    return draft.pk == mark.shown and draft.changed_at.timestamp() <= mark.known


def find(*keys: str) -> dict[str, list[Draft]]:
    """Find the drafts that there are under these keys, by key, the last one first. One query."""
    found: dict[str, list[Draft]] = defaultdict(list)
    for draft in Draft.objects.filter(key__in=keys).order_by("-changed_at"):
        found[draft.key].append(draft)
    return dict(found)


def forget_draft(key: str, mark: Mark | None = None) -> None:
    """Forget what was typed under this key: all of it, or what a page with this mark kept, or
    heard of. One query."""
    drafts = Draft.objects.filter(key=key)
    if mark is not None:
        known = datetime.fromtimestamp(mark.known, UTC)
        drafts = drafts.filter(Q(pk=mark.own) | Q(changed_at__lte=known))
    drafts.delete()


def move_draft(key: str, to: str) -> None:
    """Let what was typed under this key be found under another. One query."""
    Draft.objects.filter(key=key).update(key=to)


def keep_sent(row: UUID, key: str, fields: Fields) -> None:
    """Keep the words with which this row was sent, until that cannot be undone any more: nobody
    finds them meanwhile. Queries as `keep`."""
    if _longest_wait():
        keep(f"{SENT}{row}:{key}", fields)


def put_by(row: UUID, key: str) -> None:
    """Put by what is being typed under this key, until it cannot be undone any more that the row
    was settled without it. One query."""
    if _longest_wait():
        Draft.objects.filter(key=key).update(key=f"{SENT}{row}:{key}", changed_at=timezone.now())
    else:
        forget_draft(key)


def _longest_wait() -> timedelta:
    """Tell how long at most something that was sent can be undone; in a house without, not."""
    return max(wait_of_mail(), wait_of_question())


def draft_again(row: UUID) -> None:
    """Let the words with which this row was sent be a draft again, beside what is being written
    there, in the transaction that takes it back. At most two queries."""
    before = f"{SENT}{row}:"
    for draft in Draft.objects.filter(key__startswith=before):
        move_draft(draft.key, draft.key.removeprefix(before))


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
    now = timezone.now()
    forget_sent(term(now))
    is_final = Q(key__startswith=SENT, changed_at__lt=now - _longest_wait())
    return Draft.objects.filter(Q(changed_at__lt=term(now)) | is_final).delete()[0]


def words_in(fields: Fields) -> list[str]:
    """Find what somebody wrote, among the ids, dates and choices of a form: those have no
    spaces."""
    texts = [value.strip() for values in fields.values() for value in values]
    return [text for text in texts if any(character.isspace() for character in text)]


def first_words(draft: Draft) -> str:
    """Tell with which words a draft begins; nothing where it holds only choices."""
    return Truncator(next(iter(words_in(draft.fields)), "")).chars(60)


# --- In a view ------------------------------------------------------------------------------------


def place_of(key: str, sign: str = "") -> str:
    """Name the place of this form in a browser; `sign` is that of who is signed in, with whom all
    of it goes at signing out."""
    return f"{sign or 'link'}-{salted_hmac('people.drafts', key).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class OtherDraft:
    """Another draft of the same form, typed elsewhere: when, how it begins, and where it is
    shown."""

    changed_at: datetime
    first_words: str
    address: str


class Writing:
    """The draft of one form, or of a form with its parts. A fresh page shows the words that were
    kept last (one query), or those that were chosen (`?draft=`); `found` is where they were kept,
    `others` are those that were typed on another page or device and are still there."""

    def __init__(
        self, request: HttpRequest, key: str, *forms: BaseForm, path: str = "", found: Any = None
    ) -> None:
        """Look up what is kept under the key, and fill the forms in with it; `path` is where the
        form is sent to, where that is not its own page; `found` is what a page with many forms
        looked up for them all, by key."""
        self.request = request
        self.key = key
        self.forms = forms
        query = request.GET.copy()
        chosen = query.pop(DRAFT, [""])[0]
        base, tail = path or request.path.removesuffix("draft/"), query.urlencode()
        tail = f"?{tail}" if tail and not path else ""
        self.page, self.address = f"{base}{tail}", f"{base}draft/{tail}"
        self.found: Draft | None = None
        self.others: list[OtherDraft] = []
        self.mark = Mark.said(request.POST.get(DRAFT, ""))
        if forms and not forms[0].is_bound:
            drafts = (find(key) if found is None else found).get(key, [])
            self._begin(drafts, chosen, f"{request.path}?{query.urlencode()}".rstrip("?"))

    @property
    def place(self) -> str:
        """Whose words of which form these are, in a name that tells nobody: a browser holds them
        under it until they are known to have arrived."""
        user = self.request.user
        return place_of(self.key, user.sign if user.is_authenticated else "")

    def _begin(self, drafts: list[Draft], chosen: str, page: str) -> None:
        """Show the draft that was chosen, or the last, and name the others, which this page shows
        too."""
        shown = next((draft for draft in drafts if str(draft.pk) == chosen), None)
        self.found = shown or next(iter(drafts), None)
        if self.found:
            self._tell([draft for draft in drafts if draft is not self.found], page)
            known = max(draft.changed_at.timestamp() for draft in drafts)
            self.mark = Mark(uuid4(), self.found.pk, known)
            self._fill_in(self.found.fields)

    def _tell(self, others: list[Draft], page: str) -> None:
        """Name these drafts as the others, with the page that shows each."""
        mark = "&" if "?" in page else "?"
        self.others = [
            OtherDraft(draft.changed_at, first_words(draft), f"{page}{mark}{DRAFT}={draft.pk}")
            for draft in others
        ]

    def answer(self, back_to: str = "") -> HttpResponse:
        """Answer at `draft/`: keep what was typed in the fields that the form offers, and say what
        else there is; or start over."""
        if not self.forms:
            raise Http404
        if self.request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if "start_over" in self.request.POST:
            self._throw_away()
            return redirect(back_to or self.page)
        draft = self._keep()
        there = find(self.key).get(self.key, [])
        self._tell([other for other in there if other.pk != draft.pk], back_to or self.page)
        known = max(each.changed_at.timestamp() for each in [draft, *there])
        self.mark = replace(self.mark, known=known)
        context = {"draft": self, "kept": draft, "files": any(self._files_chosen())}
        said = render_to_string("people/_saved.html", context, self.request).strip()
        response = HttpResponse(said)
        return trigger_client_event(response, "saved", {"mark": str(self.mark)})

    def _throw_away(self) -> None:
        """Forget the draft that the page showed, or went on with, and no other. One query."""
        ours = [pk for pk in (self.mark.own, self.mark.shown) if pk]
        Draft.objects.filter(key=self.key, pk__in=ours).delete()

    def keep_refused(self, **known: list[str]) -> None:
        """Keep what was typed in a form that was refused: who goes elsewhere finds it again; what
        is `known` of some of its fields goes before what was sent. At most six queries."""
        with suppress(BadRequest):  # nobody typed that much
            self._keep(**known)

    def _keep(self, **known: list[str]) -> Draft:
        return keep(self.key, self._typed() | known, self.mark)

    def _typed(self) -> Fields:
        names = {form.add_prefix(name) for form, name, _field in self._offered()} | {VERSION}
        return {n: v for n, v in sent(self.request).items() if n in names}

    @contextmanager
    def sending(self, leads_to: str = "") -> Iterator[SentForm]:
        """Do `once` what the form was sent for, in one transaction with forgetting what was typed.
        One query more."""
        with once(self.request, leads_to) as form:
            yield form
            self.forget()
        arrived(self.request)

    def keep_sent(self, row: UUID) -> None:
        """Keep what was sent, in the transaction of sending it as this row, for as long as that can
        be undone. Queries as `keep`."""
        keep_sent(row, self.key, self._typed())

    def forget(self) -> None:
        """Forget what was typed here, and what of it was typed elsewhere and known here. One
        query."""
        forget_draft(self.key, self.mark if DRAFT in self.request.POST else None)

    def _offered(self) -> Iterator[tuple[Any, str, Any]]:
        for form in self.forms:
            for name, field in form.fields.items():
                if not (field.widget.is_hidden or field.widget.needs_multipart_form):
                    yield form, name, field

    def _files_chosen(self) -> Iterator[bool]:
        """Tell of each field for files whether one was chosen: a draft holds none."""
        for form in self.forms:
            for name, field in form.fields.items():
                if field.widget.needs_multipart_form:
                    yield form.add_prefix(name) in self.request.POST

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
