"""Files to a browser: in parts when asked, and never as a page."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import IO, Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from csp.middleware import CSPMiddleware
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation
from pytest_django import Settings

from files import serving
from files.filetypes import ALLOWED, Kind
from files.models import StoredFile
from files.serving import ACCEL, CHUNK, serve

CONTENT = bytes(range(256)) * 1000  # several chunks, each byte known by its place
SIZE = len(CONTENT)
ASK = RequestFactory()


@pytest.fixture(autouse=True)
def _no_database() -> Iterator[None]:
    """Closing an answer tidies the database's connections, which these tests have none of; one
    that an earlier test left open may not be asked."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.fixture
def stored() -> Iterator[File]:
    name = default_storage.save("ab/cd/abcd", ContentFile(CONTENT))
    with default_storage.open(name) as file:
        yield file


class Given(Storage):
    """Opens the one file that a test gave it."""

    def __init__(self, file: File | IO[bytes]) -> None:
        self.file = file

    def _open(self, name: str, mode: str = "rb") -> Any:
        return self.file


def answer(
    request: WSGIRequest,
    file: File | IO[bytes],
    *,
    media_type: str = "video/mp4",
    name: str = "les.mp4",
    size: int = SIZE,
    inline: bool = True,
) -> HttpResponseBase:
    row = StoredFile(digest="abcd", size=size, media_type=media_type)
    with patch.object(serving, "default_storage", Given(file)):
        return serve(request, row, name=name, inline=inline)


def body(response: HttpResponseBase) -> bytes:
    if isinstance(response, StreamingHttpResponse):
        content = b"".join(response)
        response.close()
        return content
    return response.content  # type: ignore[attr-defined]  # of the test client


PARTS = {
    "": (0, SIZE, 200),
    "bytes=0-": (0, SIZE, 206),
    "bytes=0-1": (0, 2, 206),  # what Safari asks first
    "bytes=100-70000": (100, 70_001, 206),
    "bytes=255999-": (SIZE - 1, SIZE, 206),
    "bytes=-10": (SIZE - 10, SIZE, 206),
    "bytes=-999999": (0, SIZE, 206),
    "bytes=10-999999": (10, SIZE, 206),
    "Bytes = 5 - 7": (5, 8, 206),
    "bytes=256000-": (0, 0, 416),
    "bytes=256000-256005": (0, 0, 416),
    "bytes=-0": (0, 0, 416),
    "bytes=0-1,5-6": (0, SIZE, 200),  # several parts
    "bytes=7-5": (0, SIZE, 200),
    "bytes=-": (0, SIZE, 200),
    "bytes=x-5": (0, SIZE, 200),
    "bytes=\u0665-": (0, SIZE, 200),
    "bytes=" + "9" * 5000 + "-": (0, SIZE, 200),
    "lines=1-2": (0, SIZE, 200),
}


@pytest.mark.parametrize(("wanted", "given"), PARTS.items(), ids=[w[:20] or "none" for w in PARTS])
def test_gives_the_part_that_is_asked(
    wanted: str, given: tuple[int, int, int], stored: File
) -> None:
    start, end, status = given
    asked = {"Range": wanted} if wanted else {}

    response = answer(ASK.get("/", headers=asked), stored)

    assert response.status_code == status
    assert body(response) == CONTENT[start:end]
    assert (
        response.headers.get("Content-Range")
        == {
            200: None,
            206: f"bytes {start}-{end - 1}/{SIZE}",
            416: f"bytes */{SIZE}",
        }[status]
    )
    assert response.headers.get("Content-Length") == (None if status == 416 else str(end - start))
    assert response["Accept-Ranges"] == "bytes"
    assert stored.closed


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=-5"])
def test_nothing_has_no_part(wanted: str) -> None:
    response = answer(ASK.get("/", headers={"Range": wanted}), io.BytesIO(), size=0)

    assert response.status_code == 416
    assert response["Content-Range"] == "bytes */0"


@pytest.mark.parametrize(
    ("validator", "status"),
    [('"abcd"', 206), ('"other"', 200), ('W/"abcd"', 200), ("Wed, 21 Oct 2026 07:28:00 GMT", 200)],
)
def test_a_part_only_of_the_same_file(validator: str, status: int, stored: File) -> None:
    asked = {"Range": "bytes=5-9", "If-Range": validator}

    response = answer(ASK.get("/", headers=asked), stored)

    assert response.status_code == status
    assert body(response) == (CONTENT[5:10] if status == 206 else CONTENT)


@pytest.mark.parametrize("known", ['"abcd"', 'W/"abcd"', '"x", "abcd"', "*"])
def test_what_the_browser_has_is_not_sent_again(known: str, stored: File) -> None:
    asked = {"If-None-Match": known, "Range": "bytes=5-9"}

    response = answer(ASK.get("/", headers=asked), stored)

    assert (response.status_code, body(response)) == (304, b"")
    assert response["ETag"] == '"abcd"'
    assert stored.closed


def test_what_the_browser_has_of_another_file_is_sent(stored: File) -> None:
    response = answer(ASK.get("/", headers={"If-None-Match": '"other"'}), stored)

    assert (response.status_code, body(response)) == (200, CONTENT)


def test_head_tells_and_sends_nothing(stored: File) -> None:
    response = answer(ASK.head("/", headers={"Range": "bytes=0-1"}), stored)

    assert (response.status_code, body(response)) == (200, b"")
    assert response["Content-Length"] == str(SIZE)
    assert response["Content-Type"] == "video/mp4"
    assert stored.closed


def test_never_reads_more_than_a_chunk_at_once() -> None:
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= CHUNK
            self.largest = max(self.largest, size)
            return super().read(size)

    file = Watched(CONTENT)
    response = answer(ASK.get("/"), file)
    assert file.largest == 0
    assert not file.closed

    assert body(response) == CONTENT
    assert file.largest == CHUNK
    assert file.closed


def test_answer_that_nobody_reads_closes_the_file(stored: File) -> None:
    answer(ASK.get("/"), stored).close()

    assert stored.closed


def test_file_that_became_shorter_ends(stored: File) -> None:
    response = answer(ASK.get("/"), io.BytesIO(b"short"))

    assert body(response) == b"short"


# --- No harm --------------------------------------------------------------------------------------

SHOWN = [t.media_type for t in ALLOWED.values() if t.kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)]
KEPT_APART = [t.media_type for t in ALLOWED.values() if t.media_type not in SHOWN]
ATTACHED = "sandbox; default-src 'none'"
INLINE = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'"
)


@pytest.mark.parametrize("media_type", SHOWN)
def test_photo_video_and_sound_are_shown_where_asked(media_type: str) -> None:
    shown = answer(ASK.get("/"), io.BytesIO(), media_type=media_type)
    attached = answer(ASK.get("/"), io.BytesIO(), media_type=media_type, inline=False)

    for response, disposition, policy in (
        (shown, "inline", INLINE),
        (attached, "attachment", ATTACHED),
    ):
        assert response["Content-Type"] == media_type
        name = f"les.{ALLOWED[media_type].extension}"
        assert response["Content-Disposition"] == f'{disposition}; filename="{name}"'
        assert response["Content-Security-Policy"] == policy


@pytest.mark.parametrize("media_type", KEPT_APART)
def test_documents_and_text_are_attachments(media_type: str) -> None:
    response = answer(ASK.get("/"), io.BytesIO(), media_type=media_type, inline=True)

    charset = "; charset=utf-8" if media_type == "text/plain" else ""
    name = f"les.{ALLOWED[media_type].extension}"
    assert response["Content-Type"] == media_type + charset
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response["Content-Security-Policy"] == ATTACHED


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "text/javascript",
        "",
        "image/jpeg\r\nX-Evil: 1",
        "IMAGE/SVG+XML",
        "image/png; charset=text/html",
    ],
)
def test_other_types_have_no_type(media_type: str) -> None:
    response = answer(ASK.get("/"), io.BytesIO(), media_type=media_type, inline=True)

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"
    assert response["Content-Security-Policy"] == ATTACHED


NAMES = {
    "les.mp4": 'inline; filename="les.mp4"',
    "réflectie les.mp4": "inline; filename*=utf-8''r%C3%A9flectie%20les.mp4",
    'x"; filename="y.html': 'inline; filename="x_; filename=_y.mp4"',
    "x\r\nSet-Cookie: a=b": 'inline; filename="x Set-Cookie_ a=b.mp4"',
    "": 'inline; filename="bestand.mp4"',
}


@pytest.mark.parametrize(("name", "disposition"), NAMES.items())
def test_name_is_one_value_of_one_header(name: str, disposition: str) -> None:
    with translation.override("nl"):
        response = answer(ASK.get("/"), io.BytesIO(), name=name)

    assert response["Content-Disposition"] == disposition


ASKED: dict[int, dict[str, str]] = {
    200: {},
    206: {"Range": "bytes=0-1"},
    304: {"If-None-Match": '"abcd"'},
    416: {"Range": "bytes=999999-"},
}


@pytest.mark.parametrize("status", ASKED)
def test_every_answer_keeps_its_own_policy_under_the_middleware(status: int, stored: File) -> None:
    request = ASK.get("/", headers=ASKED[status])
    own = answer(request, stored)

    response: HttpResponseBase = CSPMiddleware(lambda _: own).process_response(request, own)

    assert response.status_code == status
    assert response["Content-Security-Policy"] == INLINE
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cache-Control"] == "private, max-age=0, must-revalidate"
    assert response["ETag"] == '"abcd"'
    response.close()


# --- Over a real connection -----------------------------------------------------------------------


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def connection() -> Iterator[HTTPConnection]:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response = answer(WSGIRequest(environ), io.BytesIO(CONTENT))
        start_response(f"{response.status_code} x", list(response.items()))
        return response

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield client
        client.close()
        server.shutdown()
        thread.join()


def test_a_player_gathers_a_video_part_by_part(connection: HTTPConnection) -> None:
    gathered = b""
    while len(gathered) < SIZE:
        wanted = f"bytes={len(gathered)}-{len(gathered) + 99_999}"
        connection.request("GET", "/", headers={"Range": wanted})
        response = connection.getresponse()
        assert response.status == 206
        gathered += response.read()

    assert gathered == CONTENT


# --- By others, once the application has said who may see it --------------------------------------


@pytest.mark.parametrize("inline", [True, False])
def test_nginx_sends_what_the_application_allows(inline: bool, settings: Settings) -> None:
    settings.FILES_SENT_BY = "nginx"
    row = StoredFile(digest="abcd", size=SIZE, media_type="video/mp4")

    response = serve(ASK.get("/", headers={"Range": "bytes=0-1"}), row, name="les", inline=inline)

    assert (response.status_code, body(response)) == (200, b"")  # nginx answers the range
    assert response["X-Accel-Redirect"] == f"/stored-files/{row.path}"
    assert response["Content-Type"] == "video/mp4"
    disposition = "inline" if inline else "attachment"
    assert response["Content-Disposition"] == f'{disposition}; filename="les.mp4"'
    assert response["Content-Security-Policy"] == (INLINE if inline else ATTACHED)
    assert "Content-Length" not in response


def test_the_example_for_nginx_sends_what_the_application_says(settings: Settings) -> None:
    settings.FILES_SENT_BY = "nginx"
    row = StoredFile(digest="abcd", size=SIZE, media_type="video/mp4")
    said = serve(ASK.get("/"), row, name="les").headers
    kept = {"Content-Type", "Content-Disposition", "Cache-Control", "X-Accel-Redirect"}
    of_every_answer = {"Referrer-Policy", "Strict-Transport-Security", "X-Frame-Options"}

    example = (settings.BASE_DIR / "docs/nginx.conf").read_text()

    assert f"location {ACCEL} {{\n        internal;" in example
    put_on_again = dict(re.findall(r"add_header (\S+) \$upstream_http_(\w+);", example))
    assert put_on_again.keys() == said.keys() - kept | of_every_answer
    assert all(name.lower().replace("-", "_") == of for name, of in put_on_again.items())
    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", example)
    assert int(megabytes) * 1024 * 1024 > settings.LARGEST_BODY


def test_an_object_store_sends_by_an_address_for_a_while(
    settings: Settings, object_store: None
) -> None:
    settings.FILES_SENT_BY = "storage"
    row = StoredFile(digest="abcd", size=SIZE, media_type="text/plain")

    response = serve(ASK.get("/"), row, name="les")

    address = urlsplit(response["Location"])
    assert (response.status_code, response["Cache-Control"]) == (302, "private, no-store")
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        f"https://store.example/{row.path}"
    )
    assert dict(parse_qsl(address.query)) == {
        "ResponseContentType": "text/plain; charset=utf-8",
        "ResponseContentDisposition": 'attachment; filename="les.txt"',
        "ResponseCacheControl": "private, max-age=0, must-revalidate",
        "expire": "300",
    }


@pytest.mark.parametrize("sent_by", ["application", "nginx", "storage"])
def test_what_was_erased_nobody_sends(sent_by: str, settings: Settings) -> None:
    settings.FILES_SENT_BY = sent_by
    row = StoredFile(digest="abcd", media_type="text/plain", erased_at=timezone.now())

    with pytest.raises(Http404):
        serve(ASK.get("/"), row, name="les")


def test_a_storage_without_paths_is_served_in_parts(object_store: None) -> None:
    row = StoredFile(digest="abcd", size=SIZE, media_type="video/mp4")
    default_storage.save(row.path, ContentFile(CONTENT))

    response = serve(ASK.get("/", headers={"Range": "bytes=10-19"}), row, name="les")

    assert (response.status_code, body(response)) == (206, CONTENT[10:20])
