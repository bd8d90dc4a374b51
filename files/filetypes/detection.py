"""What a file is: told by its content, never by its name or by what the browser says.

A type is told from the first bytes, an office document from the listing of its package, and what
remains may be plain text. This lets a type in; whoever shows a file to others cleans it first
(files/cleaning.py) and keeps browsers from taking it for anything else (files/serving.py).
"""

import codecs
import os
import re
import zipfile
from functools import partial
from mimetypes import guess_type
from typing import IO, Final

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from files.filetypes import types
from files.filetypes.types import ALLOWED, MEGABYTE, FileRefused, FileType, Kind, size_limit

_HEAD: Final = 4096
_SIGNATURES: Final = (
    (b"\xff\xd8\xff", types.JPEG),
    (b"\x89PNG\r\n\x1a\n", types.PNG),
    (b"GIF87a", types.GIF),
    (b"GIF89a", types.GIF),
    (b"II*\x00", types.TIFF),
    (b"MM\x00*", types.TIFF),
    (b"%PDF-", types.PDF),
    (b"ID3", types.MP3),
)
_HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_VIDEO_BRAND: Final = re.compile(rb"iso|mp4|M4V|3g|avc1|dash|MSNV")
_VIDEO_TRACK: Final = re.compile(rb"hdlr.{8}vide", re.DOTALL)
_VIDEO_CODEC: Final = re.compile(rb"\x86[\x80-\xff]V_")
_LONGEST_INDEX: Final = 16 * MEGABYTE
_MOST_ENTRIES: Final = 10_000
# What the readable end of a PDF begins with, and a page, or packed objects in which pages can be.
_PDF_PARTS: Final[tuple[re.Pattern[bytes], ...]] = (
    re.compile(rb"startxref"),
    re.compile(rb"/Type\s*/(?:Page|ObjStm)\b"),
)
_LONGEST_PART: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def detect(file: IO[bytes], size: int, name: str = "") -> FileType:
    """Find the type of this seekable file of `size` bytes, which is left at its beginning.

    Reads the head and, where that does not decide, the index of a video, the listing of a package
    or the whole of a text; of a PDF as far as its first page and its end. Raises FileRefused when
    the type is not allowed, the file too large, or a PDF unreadable; what it is called serves only
    to say why.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise _refusal(_("This file is empty."), _("Check whether you chose the right file."))
    file_type = _by_signature(head)
    if file_type is types.MP4:
        file_type = types.M4A if _is_mp4_without_picture(file) else types.MP4
    elif file_type is types.WEBM:
        file.seek(0)
        has_picture = _VIDEO_CODEC.search(file.read(MEGABYTE))
        file_type = types.WEBM if has_picture else types.WEBM_AUDIO
    elif head.startswith(b"PK\x03\x04"):
        _check_size(Kind.DOCUMENT, size)
        file_type = _package(file)
    elif file_type is None:
        file_type = _text(file, head, size, name)
    _check_size(file_type.kind, size)
    if file_type is types.PDF:
        _check_pdf(file)
    file.seek(0)
    return file_type


def _refusal(what: str, todo: str) -> FileRefused:
    return FileRefused(f"{what} {_('Nothing of it was kept.')} {todo}")


def _check_size(kind: Kind, size: int) -> None:
    limit = size_limit(kind)
    if size > limit:
        what = _("This file is %(size)s; for its kind the most is %(limit)s.")
        raise _refusal(
            what % {"size": filesizeformat(size), "limit": filesizeformat(limit)},
            _("Make it shorter or smaller, or add it in parts."),
        )


def _by_signature(head: bytes) -> FileType | None:
    for signature, file_type in _SIGNATURES:
        if head.startswith(signature):
            return file_type
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(b"RIFF"):
        return {b"WEBP": types.WEBP, b"WAVE": types.WAV}.get(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return {b"webm": types.WEBM, b"matr": types.MKV}.get(_after(b"\x42\x82", head))
    if head.startswith(b"OggS"):
        return types.OGG if re.search(rb"OpusHead|\x01vorbis", head[:64]) else None
    # A frame of MPEG layer III without a tag before it: sync, layer, no reserved figures.
    if re.match(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff]", head) and head[2] & 0x0C != 0x0C:
        return types.MP3
    return None


def _after(element: bytes, head: bytes) -> bytes:
    """Find the first four bytes of the content of an EBML element with a length of one byte."""
    at = head[:64].find(element) + len(element) + 1
    return head[at : at + 4]


def _by_brand(head: bytes) -> FileType | None:
    """Find the type by the brands with which ISO base media files (MP4, MOV, HEIC) begin: the main
    one at 8, those they are compatible with from 16."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major, *compatible = (head[at : at + 4] for at in (8, *range(16, end, 4)))
    brands = {major, *compatible}
    if major == b"qt  ":
        return types.MOV
    if major in (b"M4A ", b"M4B "):
        return types.M4A
    if brands & {b"avif", b"avis"}:
        return types.AVIF
    if brands & _HEIC_BRANDS:
        return types.HEIC
    return types.MP4 if any(map(_VIDEO_BRAND.match, brands)) else None


def _is_mp4_without_picture(file: IO[bytes]) -> bool:
    """Tell whether the index (`moov`) lists no video track: recorders in browsers make such
    files. Boxes say their own length, which is no reason to believe it."""
    at, end = 0, file.seek(0, os.SEEK_END)
    for _box in range(1000):
        if at >= end:
            return False
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if header[4:8] == b"moov":
            return length <= _LONGEST_INDEX and not _VIDEO_TRACK.search(file.read(length))
        if length < 8:
            return False
        at += length
    return False


def _package(file: IO[bytes]) -> FileType:
    """Find the type of an office document: nothing is read but the listing and the package's word
    on what it is (ODF in `mimetype`, OOXML by the type of its main part)."""
    archive = _refusal(
        _("This is an archive or a kind of document that cannot be kept here."),
        _("Unpack it and add the files themselves, or save the document as PDF."),
    )
    file.seek(0)
    blocks = iter(partial(file.read, MEGABYTE), b"")
    if sum(block.count(b"PK\x01\x02") for block in blocks) > _MOST_ENTRIES:
        raise archive
    try:
        with zipfile.ZipFile(file) as package:
            names = set(package.namelist())
            with package.open("mimetype" if "mimetype" in names else "[Content_Types].xml") as said:
                word = said.read(MEGABYTE).decode("ascii", "replace").strip()
    except Exception as fault:  # a damaged or hostile archive fails in many ways
        raise archive from fault
    scripts = any(
        n.endswith("vbaProject.bin") or n.startswith(("Basic/", "Scripts/")) for n in names
    )
    if scripts or "macroEnabled" in word:
        raise _refusal(
            _("This document contains macros, which can do harm."),
            _("Save it without macros, or as PDF, and add that."),
        )
    for file_type in types.PACKAGES:
        if word == file_type.media_type or f"{file_type.media_type}.main+xml" in word:
            return file_type
    raise archive


def _check_pdf(file: IO[bytes]) -> None:
    """See that a PDF has a page, and the end from which it is read."""
    file.seek(0)
    missing, before = _PDF_PARTS, b""
    for block in iter(partial(file.read, MEGABYTE), b""):
        content = before + block
        missing = tuple(part for part in missing if not part.search(content))
        if not missing:
            return
        before = content[-_LONGEST_PART:]
    raise _refusal(
        _("This PDF is damaged, or has no page: it cannot be read."),
        _("Open it on your own device, save it again as PDF, and add that."),
    )


def _text(file: IO[bytes], head: bytes, size: int, name: str) -> FileType:
    """See that this is plain UTF-8 text without control characters, and without markup at its
    beginning."""
    if head.startswith((b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        raise _refusal(
            _("This is an older Office document, or one that is locked with a password."),
            _("Save it as PDF or DOCX, without a password, and add that."),
        )
    if _is_text(head, final=False):
        _check_size(Kind.TEXT, size)
        file.seek(0)
        content = file.read(size_limit(Kind.TEXT))
        if content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            raise _refusal(
                _("This is a web page, a drawing (SVG) or other markup, which can do harm."),
                _("Save it as PDF, or a drawing as PNG, and add that."),
            )
        if _is_text(content, final=True):
            return types.TEXT
    if guess_type(name)[0] in ALLOWED:
        text = _("This file cannot be read as %(kind)s. Perhaps it is damaged.")
        raise _refusal(
            text % {"kind": name.rpartition(".")[2].upper()},
            _("Open it on your own device, save it again, and add that."),
        )
    raise _refusal(
        _("This kind of file cannot be kept here."),
        _(
            "You can add photos (JPEG, PNG, HEIC), video (MP4, MOV, WebM), sound (MP3, M4A, WAV), "
            "documents (PDF, DOCX, XLSX, PPTX, ODT, ODS, ODP) and plain text (UTF-8)."
        ),
    )


def _is_text(content: bytes, *, final: bool) -> bool:
    try:
        return not _CONTROL.search(codecs.getincrementaldecoder("utf-8")().decode(content, final))
    except UnicodeDecodeError:
        return False
