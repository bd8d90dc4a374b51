"""What no browser sends is refused in one place, and never answered with a fault."""

import io
from functools import cache
from importlib import import_module
from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.models import Evidence
from people.models import Account, Draft
from people.wire import Application
from tests.evidence.scenes import scene

pytestmark = pytest.mark.django_db

ASKED = {
    "SERVER_NAME": "testserver",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "wsgi.version": (1, 0),
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


@cache
def application() -> Application:
    """That of an installation, whose sweeper stays away from the tests."""
    with patch("post.work.start_sweepers"):
        return import_module("config.wsgi").application


def status_of(content_type: str, body: bytes = b"", **more: Any) -> int:
    """What a server that gives the application this request answers."""
    answers: list[str] = []
    environ = {
        **ASKED,
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": reverse("account_login"),
        "QUERY_STRING": "next=/",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        **more,
    }
    request_started.disconnect(close_old_connections)  # it is the test's own
    try:
        b"".join(application()(environ, lambda status, _headers: answers.append(status)))
    finally:
        request_started.connect(close_old_connections)
    return int(answers[0].split()[0])


# --- Content types and encodings ------------------------------------------------------------------

UNKNOWN = ["x-unknown", "unknown-8bit", "ü", "", "utf-8; utf-7", "0"]
NO_TEXT = ["hex", "base64", "rot13", "zlib", "idna", "punycode", "undefined", "raw_unicode_escape"]
OTHERS = ["utf-16", "utf-7", "cp037", "latin-1"]
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
IN_PARTS = b'--b\r\nContent-Disposition: form-data; name="login"\r\n\r\nx\r\n--b--\r\n'


@pytest.mark.parametrize("kind", [FORM, PARTS, "text/plain"])
def test_an_unknown_charset_is_no_fault(kind: str) -> None:
    body = IN_PARTS if kind == PARTS else b"login=x"

    for charset in UNKNOWN + NO_TEXT + OTHERS:
        for said in (f"charset={charset}", f'charset="{charset}"', f"charset*={charset}''x"):
            latin = said.encode().decode("latin-1")  # as a server gives a header
            for sent in (b"", body):
                assert status_of(f"{kind}; {latin}", sent) in (200, 400, 403), said


def test_what_is_not_in_utf8_is_not_read() -> None:
    for kind, charset in product((FORM, PARTS), NO_TEXT + OTHERS):
        body = IN_PARTS if kind == PARTS else b"login=x"
        assert status_of(f"{kind}; charset={charset}", body) == 403  # no token is found in it


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "UTF8"])
def test_what_is_in_utf8_is_read(client: Client, charset: str) -> None:
    answer = client.generic("POST", "/language/", IN_PARTS, f"{PARTS}; charset={charset}")

    assert answer.status_code == 302


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
@example("multipart/form-data; boundary=")
@example("multipart/form-data; boundary=" + "b" * 300)
@example("; charset*=x-unknown''y")
@example("a/b; charset*0*=x-unknown''y; charset*1=z")
def test_no_content_type_is_a_fault(said: str) -> None:
    latin = said.encode("utf-8").decode("latin-1")  # as a server gives a header

    assert status_of(latin, b"login=x") < 500
    assert status_of(f"multipart/form-data; boundary=b; {latin}", IN_PARTS) < 500


@pytest.mark.parametrize("length", ["", "x", "-5", "1e3", "٣", "99999999999999999999"])
@pytest.mark.parametrize("kind", [FORM, PARTS, "text/plain"])
def test_a_length_that_is_none_is_no_fault(kind: str, length: str) -> None:
    assert status_of(kind, b"login=x", CONTENT_LENGTH=length) in (200, 400, 403, 413)


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data",
        'form-data; name=""',
        "form-data; name*=x-unknown''login",
        "form-data; name=\"f\"; filename*=x-unknown''f.txt",
        'form-data; name="f"; filename="."',
        'form-data; name="f"; filename="&#0;"',
        'form-data; name="uploads"; filename=" "',
        "attachment",
        "",
    ],
)
def test_no_part_of_a_form_is_a_fault(disposition: str) -> None:
    for coded in ("", "base64", "quoted-printable", "x-unknown"):
        head = f"Content-Disposition: {disposition}\r\nContent-Transfer-Encoding: {coded}"
        body = f"--b\r\n{head}\r\n\r\n&&&\r\n--b--\r\n".encode()

        assert status_of(PARTS, body) in (200, 400, 403)


# --- Characters -----------------------------------------------------------------------------------


@pytest.fixture
def student(client: Client) -> Account:
    place = scene()
    client.force_login(place.student)
    return place.student


@pytest.mark.parametrize(
    ("query", "cookie"),
    [
        ("?page=%00", ""),
        ("?a%00b=1", ""),
        ("?page=1&q=a%00", ""),
        ("", '"\\000"'),
        ("", '"a\\000b"'),
    ],
)
def test_a_nul_in_an_address_or_a_cookie_is_refused(
    client: Client, student: Account, query: str, cookie: str
) -> None:
    if cookie:
        client.cookies.load(f"sessionid={cookie}; other={cookie}")

    assert client.get(f"{reverse('evidence:list')}{query}").status_code == 400
    assert client.get(f"{reverse('account_login')}{query}").status_code == 400


@pytest.mark.parametrize("path", ["/evidence/answer/%00/", "/help/a%00b/", "/%00"])
def test_a_nul_in_a_path_is_refused(client: Client, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


@pytest.mark.parametrize("name", ["\0", "title\0", "on_\0x"])
def test_a_nul_in_the_name_of_a_field_is_refused(
    client: Client, student: Account, name: str
) -> None:
    for path in (reverse("evidence:add"), reverse("evidence:add_draft"), "/language/"):
        assert client.post(path, {name: "words"}).status_code == 400
    client.cookies.pop("sessionid")  # who comes too late: it is kept for them
    assert client.post(reverse("evidence:add"), {name: "words"}).status_code == 400
    assert Draft.objects.count() == 0


@pytest.mark.parametrize("value", ["\0", "a\0b", "\0" * 50])
def test_a_nul_among_the_words_is_said_and_the_words_are_kept(
    client: Client, student: Account, value: str
) -> None:
    page = client.post(reverse("evidence:add"), {"title": value, "context": "It was busy."})

    assert page.status_code == 422
    assert "It was busy." in page.text
    assert Evidence.objects.filter(owner=student.person).count() == 1  # the one of before


# --- Names of files -------------------------------------------------------------------------------

NAMES = [
    *("", " ", ".", "..", "/", "\\", "a/", "a\\", "../..", "&#46;", "&#0;", "\u202e", "\ufeff"),
    *("x." + "e" * 300, "x." + "é" * 250, "é" * 300, "." + "x" * 300, "a." * 200, "x" * 5_000),
    *("http://[", "data:", "data:,", "c:\\x", "con", "nul.txt", "%00", "\\x00", "\t", "😀" * 200),
]


@pytest.mark.parametrize("size", [20, 3_000_000])  # in memory, and on the disk
def test_a_file_of_any_name_is_kept_or_refused(client: Client, student: Account, size: int) -> None:
    content = b"notes\n" * (size // 6)
    for name in NAMES:
        head = f'Content-Disposition: form-data; name="uploads"; filename="{name}"'
        body = b"--b\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n--b--\r\n"

        page = client.generic("POST", reverse("evidence:add"), body, PARTS)

        # There is no title; or the name is longer than any, or none, and what follows is a text.
        assert page.status_code in (422, 400, 413), name


# --- Where to go next -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["account_login", "account_logout", "account_reauthenticate"])
@pytest.mark.parametrize(
    "there", ["http://[", "//[x", "https://[::1", "http://]/", "//\\", "data:"]
)
def test_what_is_no_address_leads_nowhere(
    client: Client, student: Account, name: str, there: str
) -> None:
    student.set_password("so that it can be asked for once more")
    student.save()
    client.force_login(student)
    for who in (student, None):
        if who is None:
            client.logout()
        for answer in (
            client.get(reverse(name), {"next": there}),
            client.post(reverse(name), {"next": there, "login": "x@y.example", "password": "x"}),
        ):
            assert answer.status_code in (200, 302, 422)
            assert there not in answer.headers.get("Location", "")
