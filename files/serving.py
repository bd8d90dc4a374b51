"""Files to a browser, so that they can be looked at and do no harm.

By the application itself, from any Django storage: in chunks, never a whole file in memory. Byte
ranges follow RFC 9110 (sections 13 and 14); without them Safari plays no video. Where the settings
say so, the web server before it or the object store sends the bytes.
"""

import re
from collections.abc import Iterator
from typing import IO, Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header, parse_etags, quote_etag

from files.filetypes import ALLOWED, FileType, Kind, safe_name
from files.models import StoredFile

CHUNK: Final = 64 * 1024
SHOWN: Final = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)
# What a file may do when somebody opens it by its own address: nothing. Chromium then loads a video
# once more, which without the origin has no session and is blocked. Scripts stay off in both.
_ATTACHMENT_POLICY: Final = "sandbox; default-src 'none'"
_INLINE_POLICY: Final = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'"
)
ACCEL: Final = "/stored-files/"  # nginx's internal location of FILES_ROOT (docs/nginx.conf)
PRESIGNED_FOR: Final = 300  # seconds: a browser asks for the parts of a film at the same address
_SIGNED: Final = ("Content-Type", "Content-Disposition", "Cache-Control")
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


def serve(
    request: HttpRequest, file: StoredFile, *, name: str, inline: bool = True
) -> HttpResponseBase:
    """Answer a GET or HEAD with this file, under the name its owner gave it, to who may see it.
    Raises Http404 for one whose bytes were erased."""
    if file.erased_at is not None:
        raise Http404
    file_type = ALLOWED.get(file.media_type)
    headers = _headers(file_type, safe_name(name, file_type) if file_type else "", inline)
    if settings.FILES_SENT_BY == "nginx":
        return HttpResponse(headers=headers | {"X-Accel-Redirect": ACCEL + file.path})
    if settings.FILES_SENT_BY == "storage":
        address = _presigned(file.path, headers)
        return HttpResponseRedirect(address, headers={"Cache-Control": "private, no-store"})
    try:
        content = default_storage.open(file.path)
    except FileNotFoundError as fault:
        raise Http404 from fault
    return _in_part(request, content, file.size, file.digest, headers)


def _headers(file_type: FileType | None, name: str, inline: bool) -> dict[str, str]:
    """Write the headers under which a file is sent: only photos, video and sound of an allowed type
    are ever shown in the browser; all else is an attachment, and what is not of an allowed type has
    no type at all."""
    shown = inline and file_type is not None and file_type.kind in SHOWN
    charset = "; charset=utf-8" if file_type and file_type.kind == Kind.TEXT else ""
    media_type = f"{file_type.media_type}{charset}" if file_type else "application/octet-stream"
    return {
        "Content-Type": media_type,
        "Content-Disposition": content_disposition_header(not shown, name) or "attachment",
        # Set here, so that the middleware does not put the policy of pages in its place; on a 304
        # too, because that renews the headers of the copy the browser has.
        "Content-Security-Policy": _INLINE_POLICY if shown else _ATTACHMENT_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=0, must-revalidate",
    }


def _presigned(path: str, headers: dict[str, str]) -> str:
    """Sign an address at the object store that opens this file, and no other, for a short while;
    the store answers with the type and disposition that are signed into it."""
    said = {f"Response{name.replace('-', '')}": headers[name] for name in _SIGNED}
    return default_storage.url(path, parameters=said, expire=PRESIGNED_FOR)  # type: ignore[call-arg]  # of S3 storages


def _in_part(
    request: HttpRequest, file: File | IO[bytes], size: int, digest: str, headers: dict[str, str]
) -> HttpResponseBase:
    """Answer with the opened, seekable file, which is closed with the answer: 200, 206 for one
    range (several give the whole file), 304 or 416. The digest is its strong validator."""
    etag = quote_etag(digest)
    headers = headers | {"Accept-Ranges": "bytes", "ETag": etag}
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if known == ["*"] or etag in (tag.removeprefix("W/") for tag in known):
        file.close()
        return HttpResponse(status=304, headers=headers)
    start, end, status = 0, size, 200
    if request.method == "GET" and request.headers.get("If-Range", etag) == etag:
        start, end, status = _wanted(request.headers.get("Range", ""), size)
    if status == 416:
        file.close()
        headers["Content-Range"] = f"bytes */{size}"
        return HttpResponse(status=416, headers=headers)
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(_Part(file, start, end), status=status, headers=headers)


def _wanted(header: str, size: int) -> tuple[int, int, int]:
    """Read from a Range header the first byte, the end (not included) and the status of the answer.
    What is no single range of bytes is not understood, and gives the whole."""
    match = _RANGE.fullmatch(header.replace(" ", ""))
    first, last = match.groups() if match else ("", "")
    if not first and not last:
        return 0, size, 200
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return 0, size, 200
    return (start, end, 206) if start < end else (0, 0, 416)


class _Part:
    """The bytes of a file from `start` up to `end`, in chunks; Django closes it."""

    def __init__(self, file: File | IO[bytes], start: int, end: int) -> None:
        self.file, self.start, self.end = file, start, end

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        left = self.end - self.start
        while left > 0 and (chunk := self.file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()
