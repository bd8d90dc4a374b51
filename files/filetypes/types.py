"""The file types that are let in, and how large each kind may be."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FileType:
    media_type: str
    kind: Kind
    extension: str


class FileRefused(Exception):
    """This file is not let in. The message is fit to show."""


JPEG: Final = FileType("image/jpeg", Kind.IMAGE, "jpg")
PNG: Final = FileType("image/png", Kind.IMAGE, "png")
GIF: Final = FileType("image/gif", Kind.IMAGE, "gif")
WEBP: Final = FileType("image/webp", Kind.IMAGE, "webp")
HEIC: Final = FileType("image/heic", Kind.IMAGE, "heic")
AVIF: Final = FileType("image/avif", Kind.IMAGE, "avif")
TIFF: Final = FileType("image/tiff", Kind.IMAGE, "tif")
MP4: Final = FileType("video/mp4", Kind.VIDEO, "mp4")
MOV: Final = FileType("video/quicktime", Kind.VIDEO, "mov")
WEBM: Final = FileType("video/webm", Kind.VIDEO, "webm")
MKV: Final = FileType("video/x-matroska", Kind.VIDEO, "mkv")
M4A: Final = FileType("audio/mp4", Kind.AUDIO, "m4a")
WEBM_AUDIO: Final = FileType("audio/webm", Kind.AUDIO, "weba")
MP3: Final = FileType("audio/mpeg", Kind.AUDIO, "mp3")
OGG: Final = FileType("audio/ogg", Kind.AUDIO, "ogg")
WAV: Final = FileType("audio/wav", Kind.AUDIO, "wav")
PDF: Final = FileType("application/pdf", Kind.DOCUMENT, "pdf")
TEXT: Final = FileType("text/plain", Kind.TEXT, "txt")

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
PACKAGES: Final = tuple(
    FileType(media_type, Kind.DOCUMENT, extension)
    for media_type, extension in (
        (_OOXML + "wordprocessingml.document", "docx"),
        (_OOXML + "spreadsheetml.sheet", "xlsx"),
        (_OOXML + "presentationml.presentation", "pptx"),
        (_ODF + "text", "odt"),
        (_ODF + "spreadsheet", "ods"),
        (_ODF + "presentation", "odp"),
    )
)

_IMAGES = (JPEG, PNG, GIF, WEBP, HEIC, AVIF, TIFF)
_RECORDINGS = (MP4, MOV, WEBM, MKV, M4A, WEBM_AUDIO, MP3, OGG, WAV)
ALLOWED: Final = {t.media_type: t for t in (*_IMAGES, *_RECORDINGS, PDF, *PACKAGES, TEXT)}

MEGABYTE: Final = 1024 * 1024
SIZE_LIMITS: Final = {
    Kind.IMAGE: 40 * MEGABYTE,
    Kind.VIDEO: 500 * MEGABYTE,
    Kind.AUDIO: 100 * MEGABYTE,
    Kind.DOCUMENT: 50 * MEGABYTE,
    Kind.TEXT: 5 * MEGABYTE,
}


def size_limit(kind: Kind) -> int:
    """Tell the most bytes that a file of this kind may have; `FILE_SIZE_LIMITS` in the settings
    (kind to bytes) goes before the defaults above."""
    limits: dict[str, int] = getattr(settings, "FILE_SIZE_LIMITS", {})
    return limits.get(kind, SIZE_LIMITS[kind])
