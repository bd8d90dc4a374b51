"""Files to a browser, so that they can be looked at and do no harm.

Written for any Django storage: in chunks, never a whole file in memory. Byte ranges follow
RFC 9110 (sections 13 and 14); without them Safari plays no video.
"""

import re
from collections.abc import Iterator
from typing import IO, Final

from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags, quote_etag

from files.filetypes import ALLOWED, Kind

CHUNK: Final = 64 * 1024
SHOWN: Final = (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO)
# What a file may do when somebody opens it by its own address: nothing. Chromium then loads a video
# once more, which without the origin has no session and is blocked. Scripts stay off in both.
_ATTACHMENT_POLICY: Final = "sandbox; default-src 'none'"
_INLINE_POLICY: Final = (
    "sandbox allow-same-origin; default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'"
)
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


def file_response(
    request: HttpRequest,
    file: File | IO[bytes],
    *,
    media_type: str,
    name: str,
    size: int,
    etag: str,
    inline: bool,
) -> HttpResponseBase:
    """This opened, seekable file of `size` bytes as the answer to a GET or HEAD; it is closed
    with the answer.

    `etag` is a strong validator, such as the hash of the bytes. Only photos, video and sound of
    an allowed type are ever shown in the browser; all else is an attachment, and what is not of
    an allowed type has no type at all. Answers 200, 206 for one range (several give the whole
    file), 304 or 416.
    """
    file_type = ALLOWED.get(media_type)
    shown = inline and file_type is not None and file_type.kind in SHOWN
    charset = "; charset=utf-8" if file_type and file_type.kind == Kind.TEXT else ""
    etag = quote_etag(etag)
    headers = {
        "Content-Type": f"{media_type}{charset}" if file_type else "application/octet-stream",
        "Content-Disposition": content_disposition_header(not shown, name) or "attachment",
        # Set here, so that the middleware does not put the policy of pages in its place; on a 304
        # too, because that renews the headers of the copy the browser has.
        "Content-Security-Policy": _INLINE_POLICY if shown else _ATTACHMENT_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
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
    """First byte, end (not included) and status for a Range header. What is no single range of
    bytes is not understood, and gives the whole."""
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
