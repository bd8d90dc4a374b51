"""Whatever is sent, to whichever address, by whomever: it is answered, and never with a fault.

Every address of the URLconf is asked as each of the people of the demo. What it reads, of the query
and of the form, is found by looking on; all of that is then filled with what nobody types. What is
sent is the same in every run.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.http.request import QueryDict
from django.test import Client
from django.utils import timezone

from tests.everywhere import PEOPLE, Place, browser, our_routes, undone

DAYS = ("0001-01-01", "9999-12-31", "1899-12-31", "2026-02-30", "0000-00-00", "12-31-9999")
MOMENTS = ("0001-01-01T00:00", "9999-12-31T23:59", "2026-03-29T02:30", "2026-10-25T02:30")
NUMBERS = ("-1", "0", "1.5", "9" * 10, "9" * 20, "1" * 5_000, "1e400", "NaN", "Infinity", "٣")
HOSTILE = (
    *("", " ", "\0", "a\0b", "x" * 20_001, "é" * 300, "😀", "\u202e", "\ufffe", "None", "on"),
    *("00000000-0000-0000-0000-000000000000", "not-a-uuid", "[]", '{"a": 1}', "whole", "other"),
    *("../../etc/passwd", "<script>", "%00", "%", "'\"", "a\r\nX: y", "x@y", "x@y.example"),
    *("//far.example/", "http://[", "javascript:0", "/\\far.example", "nl"),
    *("2026-01-01 – 9999-12-31", *DAYS, *MOMENTS, *NUMBERS),
)
# Names that nobody offers, beside those that are read.
UNKNOWN = ("on_x", "page", "next", "large", "mark", "x\u202ey", "form-TOTAL_FORMS")
A_LARGE_BOX = (
    b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(32)
)
Answered = tuple[str, HttpResponse]


class Onlooker:
    """Notes which names are read of what is sent."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def look_on(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("get", "getlist", "__getitem__", "__contains__"):
            patch.setattr(QueryDict, name, self._noting(getattr(QueryDict, name)))

    def _noting(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def noted(sent: QueryDict, key: Any, *args: Any) -> Any:
            if isinstance(key, str):
                self.read.add(key)
            return read(sent, key, *args)

        return noted


@pytest.fixture
def onlooker() -> Iterator[Onlooker]:
    looks = Onlooker()
    with pytest.MonkeyPatch.context() as patch:
        looks.look_on(patch)
        yield looks


# --- Asking ---------------------------------------------------------------------------------------


def faults_in(answers: Iterable[Answered]) -> list[str]:
    found = []
    for what, answer in answers:
        content = b"".join(answer) if answer.streaming else answer.content
        if answer.status_code >= 500 or b"Traceback (most recent call last)" in content:
            fault = getattr(answer, "exc_info", None)
            found.append(f"{what}: {answer.status_code} {fault and repr(fault[1])[:300]}")
    return found


def likely(field: forms.Field) -> Any:
    """What somebody would fill in here."""
    if isinstance(field, forms.ModelChoiceField):
        row = field.queryset.first()
        return str(row.pk) if row else ""
    if isinstance(field, forms.ChoiceField):
        flat = [
            value
            for value, label in field.choices
            for value in ([v for v, _l in label] if isinstance(label, (list, tuple)) else [value])
        ]
        return next((str(value) for value in flat if value), "")
    if isinstance(field, forms.DateTimeField):
        return (timezone.localtime() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    if isinstance(field, forms.DateField):
        return timezone.localdate().isoformat()
    if isinstance(field, forms.EmailField):
        return "somebody@far.example"
    if isinstance(field, forms.IntegerField):
        return "2"
    return "on" if isinstance(field, forms.BooleanField) else "Woorden"


def forms_of(answer: HttpResponse) -> Iterator[forms.BaseForm]:
    for context in answer.context or ():
        for value in chain.from_iterable(layer.values() for layer in context.dicts):
            rows = value if isinstance(value, (list, tuple)) else [value]
            yield from (row for row in rows if isinstance(row, forms.BaseForm))


def offered(answer: HttpResponse) -> dict[str, forms.Field]:
    """Find what can be filled in on this page."""
    return {
        form.add_prefix(name): field
        for form in forms_of(answer)
        for name, field in form.fields.items()
    }


def hostile_to(field: forms.Field | None, chance: random.Random) -> list[str]:
    """Choose what nobody types, half the time of what this kind of field could fall over."""
    kinds = ((forms.DateTimeField, MOMENTS), (forms.DateField, DAYS), (forms.IntegerField, NUMBERS))
    own = next((values for kind, values in kinds if isinstance(field, kind)), HOSTILE)
    return chance.sample(chance.choice((own, HOSTILE)), chance.choice((1, 1, 1, 2)))


def sent(
    names: Iterable[str], fields: dict[str, forms.Field], hostile: float, by: str
) -> dict[str, Any]:
    """Fill in all these names, so much of it with what nobody types."""
    chance = random.Random(by)
    return {
        name: hostile_to(fields.get(name), chance)
        if name not in fields or chance.random() < hostile
        else likely(fields[name])
        for name in sorted(names)
    }


def tried(place: Place, onlooker: Onlooker, clients: dict[str, Client]) -> Iterator[Answered]:
    """Ask plainly, and send an empty form: then it is known what is read here. Then ask with what
    nobody types in all of that, and in a third; and so as everybody else."""
    client = clients[place.who]
    onlooker.read = set()
    page = undone(lambda: client.get(place.path))
    yield f"GET {place}", page
    yield f"POST {place}", undone(lambda: client.post(place.path, {}))
    fields = offered(page)
    names = onlooker.read | set(fields) | set(UNKNOWN)
    uploads = [name for name, field in fields.items() if field.widget.needs_multipart_form]
    for share in (1.0, 0.3):
        what = f"{place} {share}"
        data = sent(names, fields, share, f"{place.name} {place.who} {share}")
        query = urlencode({name: shorter(values) for name, values in data.items()}, doseq=True)
        yield f"GET {what}", undone(lambda q=query: client.get(f"{place.path}?{q}"))
        film = {name: SimpleUploadedFile("f\u202e.mp4", A_LARGE_BOX) for name in uploads}
        yield f"POST {what}", undone(lambda d=data | film: client.post(place.path, d))
    for who, other in clients.items():
        what = f"{place} as {who}"
        data = sent(names, fields, 0.5, f"{place.name} {place.who} as {who}")
        yield f"POST {what}", undone(lambda d=data, c=other: c.post(place.path, d))


def shorter(values: Any) -> Any:
    """A server takes an address of so many characters."""
    return [each[:300] for each in values] if isinstance(values, list) else values


@pytest.mark.usefixtures("the_demo", "db")
def test_every_address_is_known(somewhere: list[Place]) -> None:
    assert set(our_routes()) - {place.name for place in somewhere} == set()


@pytest.mark.usefixtures("the_demo", "db")
@pytest.mark.parametrize("half", [0, 1])
def test_no_address_answers_with_a_fault(
    half: int, somewhere: list[Place], onlooker: Onlooker
) -> None:
    clients = {who: browser(who) for who in {*PEOPLE, *(place.who for place in somewhere)}}
    answers = (tried(place, onlooker, clients) for place in somewhere[half::2])

    assert faults_in(chain.from_iterable(answers)) == []
