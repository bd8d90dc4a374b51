"""What others see of a photo, video or recording: made anew, without place, device or author.

The original stays its owner's. Photos are drawn again; video and sound keep their streams (no
quality is lost) in a new container without a word of metadata. All of it reads bytes from
outside, so it runs in a task, outside any transaction.
"""

import errno
import io
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import pillow_heif
from PIL import Image, ImageCms, ImageOps, ImageSequence

from files.filetypes import FileRefused, FileType, Kind, detect, types
from files.models import StoredFile
from people.faults import is_full

pillow_heif.register_heif_opener()

Fault = StoredFile.Fault

MOST_PIXELS: Final = 65_000_000  # phones take photos of 64 megapixels
LONGEST_SIDE: Final = 4096
MOST_FRAMES: Final = 500
JPEG_QUALITY: Final = 88

# Only the decoder of the detected type is tried.
_PILLOW_FORMATS: Final = {
    types.JPEG.media_type: "JPEG",
    types.PNG.media_type: "PNG",
    types.GIF.media_type: "GIF",
    types.WEBP.media_type: "WEBP",
    types.HEIC.media_type: "HEIF",
    types.AVIF.media_type: "AVIF",
    types.TIFF.media_type: "TIFF",
}
# Demuxer and muxer of ffmpeg: naming the first keeps a playlist or a list of files from being
# opened. MOV and Matroska become MP4, which every browser plays.
_CONTAINERS: Final = {
    types.MP4.media_type: ("mov", "mp4"),
    types.MOV.media_type: ("mov", "mp4"),
    types.M4A.media_type: ("mov", "mp4"),
    types.MKV.media_type: ("matroska", "mp4"),
    types.WEBM.media_type: ("matroska", "webm"),
    types.WEBM_AUDIO.media_type: ("matroska", "webm"),
    types.OGG.media_type: ("ogg", "ogg"),
    types.MP3.media_type: ("mp3", "mp3"),
    types.WAV.media_type: ("wav", "wav"),
}
_SILENT: Final = "-map_metadata -1 -map_chapters -1 -fflags +bitexact"
_SECONDS: Final = 120
_KILOBYTES: Final = 2_000_000
# The shell's own limits: setting them between fork and exec is not safe where threads run.
_LIMITED: Final = f'ulimit -t {_SECONDS}; ulimit -v {_KILOBYTES}; exec "$@"'


class CleaningFailed(Exception):
    """No version for others could be made; says why not."""

    def __init__(self, fault: StoredFile.Fault) -> None:
        super().__init__(fault.label)
        self.fault = fault


def clean_image(source: Path, target: Path, file_type: FileType) -> FileType:
    """Draw the image again at `target`; returns the type of what is there now.

    Upright, in sRGB, at most 4096 pixels on a side, without any metadata. A PNG, and what is
    transparent, becomes PNG; a short animation WebP; all else JPEG. Of a longer animation or a
    file of several pages the first is kept. Raises CleaningFailed, before anything is decoded,
    over 65 megapixels, and when the file is damaged.
    """
    try:
        with Image.open(source, formats=[_PILLOW_FORMATS[file_type.media_type]]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise CleaningFailed(Fault.TOO_MANY_PIXELS)
            if image.format in ("GIF", "WEBP") and _is_short_animation(image):
                return _save_animation(image, target)
            return _save_still(image, target)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise CleaningFailed(Fault.TOO_MANY_PIXELS) from fault
    except CleaningFailed:
        raise
    except Exception as fault:  # a decoder may fail in any way on a damaged file
        if is_full(fault):  # which is no fault of the file
            raise
        raise CleaningFailed(Fault.DAMAGED_IMAGE) from fault


def _save_still(image: Image.Image, target: Path) -> FileType:
    mode = "RGBA" if image.has_transparency_data else "RGB"
    file_type = types.PNG if image.format == "PNG" or mode == "RGBA" else types.JPEG
    # Shrunk before anything is copied: a large photo then costs its own memory once.
    drawn = image.convert(mode) if image.mode in ("1", "P", "PA") else image
    drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    drawn = _in_srgb(ImageOps.exif_transpose(drawn), mode).convert(mode)
    drawn.info.clear()
    if file_type is types.PNG:
        drawn.save(target, "PNG")
    else:
        drawn.save(target, "JPEG", quality=JPEG_QUALITY, progressive=True)
    return file_type


def _in_srgb(image: Image.Image, mode: str) -> Image.Image:
    """Draw the colours as they were meant (phones use a wider space), so that the profile, which
    can name a device, may go. An unusable profile is left out."""
    if not (profile := image.info.get("icc_profile")):
        return image
    srgb = ImageCms.createProfile("sRGB")
    try:
        converted = ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image


def _is_short_animation(image: Image.Image) -> bool:
    if not getattr(image, "is_animated", False) or max(image.size) > LONGEST_SIDE:
        return False
    try:
        image.seek(min(MOST_FRAMES, MOST_PIXELS // (image.width * image.height)))
    except EOFError:  # it ends before that
        return True
    finally:
        image.seek(0)
    return False


def _save_animation(image: Image.Image, target: Path) -> FileType:
    durations = []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        durations.append(frame.info.get("duration") or 100)  # browsers take 0 as 100 ms
    loop = image.info.get("loop", 1)
    image.save(target, "WEBP", save_all=True, duration=durations, loop=loop)
    return types.WEBP


def clean_media(source: Path, target: Path, file_type: FileType) -> FileType:
    """Put sound and picture into a new container at `target`; returns its type.

    Streams are copied, and rotation with them; metadata, chapters, covers, subtitles and data
    tracks (some phones record the way walked) are left out. Raises CleaningFailed when the file
    is damaged, takes too long, or holds what its new container cannot, and OSError when the
    disk is full.
    """
    demuxer, muxer = _CONTAINERS[file_type.media_type]
    streams = "-map 0:V? -map 0:a?" if file_type.kind == Kind.VIDEO else "-map 0:a?"
    faststart = "-movflags +faststart" if muxer == "mp4" else ""
    if _ffmpeg(source, demuxer, f"{streams} -c copy {_SILENT} {faststart} -f {muxer}", target):
        with target.open("rb") as cleaned, suppress(FileRefused):
            return detect(cleaned, size=0)  # its size was judged when it came in
    raise CleaningFailed(Fault.DAMAGED_RECORDING)


def _ffmpeg(source: Path, demuxer: str, output: str, target: Path) -> bool:
    """Tell whether ffmpeg made `target` (not empty) within its limits. It gets the source as an
    open file and may open no other, by path or over a network, whatever the source says."""
    given = f"-nostdin -loglevel error -threads 2 -protocol_whitelist fd -f {demuxer} -i fd:"
    into = ["-y", f"file:{target.absolute()}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *given.split(), *output.split(), *into]
    try:
        with source.open("rb") as file:
            subprocess.run(  # noqa: S603 (no word of this command comes from a user)
                ["/bin/sh", "-c", _LIMITED, "sh", *command],
                stdin=file,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            )
        return target.stat().st_size > 0
    except (OSError, subprocess.SubprocessError) as fault:
        target.unlink(missing_ok=True)
        if os.strerror(errno.ENOSPC).encode() in (getattr(fault, "stderr", None) or b""):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from fault
        return False
