"""What others see of a photo, video or recording: upright, and silent about where and who."""

import io
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pillow_heif
import pytest
from django.utils import translation
from PIL import Image, ImageCms, ImageSequence
from PIL.PngImagePlugin import PngInfo

from files.cleaning import CleaningFailed, clean_image, clean_media
from files.filetypes import FileRefused, FileType, Kind, detect, types

pillow_heif.register_heif_opener()

RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)
SECRET = "Domplein-52.0907"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def corners_picture() -> Image.Image:
    """60 by 40: red above left, blue above right, green below left, white below right."""
    image = Image.new("RGB", (60, 40), WHITE)
    image.paste(RED, (0, 0, 30, 20))
    image.paste(BLUE, (30, 0, 60, 20))
    image.paste(GREEN, (0, 20, 30, 40))
    return image


def nearest_colours(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours of the four quarters, as round as they were meant."""
    width, height = image.size
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    pixels = image.convert("RGB")
    return [
        tuple(round(v / 255) * 255 for v in pixels.crop((x, y, x + 1, y + 1)).tobytes())
        for x, y in places
    ]


def exif(orientation: int = 1) -> Image.Exif:
    data = Image.Exif()
    data[0x0112], data[0x010F] = orientation, SECRET
    data.get_ifd(0x8825).update({1: "N", 2: (52.0, 5.0, 26.52), 3: "E", 4: (5.0, 7.0, 17.04)})
    return data


HOW_IT_LIES = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
    9: None,  # not in the standard, and met in the wild
}


@pytest.mark.parametrize("orientation", HOW_IT_LIES)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_photo_comes_out_upright_without_exif(
    form: str, orientation: int, source: Path, target: Path
) -> None:
    lies = HOW_IT_LIES[orientation]
    picture = corners_picture() if lies is None else corners_picture().transpose(lies)
    picture.save(source, form, exif=exif(orientation))
    with Image.open(source) as before:
        assert before.getexif()[0x0112] == orientation
        assert (0x8825 in before.getexif()) == (form != "TIFF")  # Pillow writes it in no TIFF

    file_type = clean_image(source, target, types.ALLOWED[f"image/{form.lower()}"])

    assert file_type == (types.PNG if form == "PNG" else types.JPEG)
    with Image.open(target) as after:
        assert after.size == (60, 40)
        assert nearest_colours(after) == [RED, BLUE, GREEN, WHITE]
        assert dict(after.getexif()) == {}


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def talkative(form: str) -> dict[str, Any]:
    """Every place in which this format can hold words about its maker."""
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    words = PngInfo()
    words.add_text("Author", SECRET)
    words.add_itxt("XML:com.adobe.xmp", SECRET)
    own: dict[str, dict[str, Any]] = {
        "JPEG": {"xmp": xmp, "comment": SECRET.encode()},
        "WEBP": {"xmp": xmp},
        "PNG": {"pnginfo": words},
        "TIFF": {"description": SECRET},
        "AVIF": {"xmp": xmp},
        "HEIF": {"xmp": xmp},
    }
    return {"exif": exif(), "icc_profile": profile() + SECRET.encode()} | own[form]


@pytest.mark.parametrize(
    ("form", "file_type", "made"),
    [
        ("JPEG", types.JPEG, types.JPEG),
        ("PNG", types.PNG, types.PNG),
        ("WEBP", types.WEBP, types.JPEG),
        ("TIFF", types.TIFF, types.JPEG),
        ("AVIF", types.AVIF, types.JPEG),
        ("HEIF", types.HEIC, types.JPEG),
    ],
)
def test_nothing_is_told_of_maker_or_place(
    form: str, file_type: FileType, made: FileType, source: Path, target: Path
) -> None:
    corners_picture().save(source, form, **talkative(form))
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr("x.html", SECRET)
    with source.open("ab") as file:
        file.write(hidden.getvalue())  # what stands behind the picture goes too
    assert source.read_bytes().count(SECRET.encode()) >= 3
    with source.open("rb") as file:
        assert detect(file, source.stat().st_size) == file_type

    assert clean_image(source, target, file_type) == made

    content = target.read_bytes()
    assert SECRET.encode() not in content
    assert b"PK\x03\x04" not in content
    with Image.open(target) as after:
        assert nearest_colours(after) == [RED, BLUE, GREEN, WHITE]
        assert not after.info.keys() & {"exif", "xmp", "icc_profile", "comment", "photoshop"}
        assert dict(after.getexif()) == {}


def test_colours_keep_their_meaning_without_their_profile(source: Path, target: Path) -> None:
    swapped = (
        profile().replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    )
    Image.new("RGB", (8, 8), RED).save(source, "PNG", icc_profile=swapped)

    clean_image(source, target, types.PNG)

    with Image.open(target) as after:
        assert nearest_colours(after) == [GREEN] * 4


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA"])
def test_png_stays_png_in_every_mode(mode: str, source: Path, target: Path) -> None:
    grey = Image.new("L", (8, 8), 255)
    grey.paste(0, (0, 0, 4, 8))
    if mode == "I;16":
        grey = grey.convert("I").point(lambda level: level * 257)
    grey.convert(mode).save(source, "PNG")

    assert clean_image(source, target, types.PNG) == types.PNG

    with Image.open(target) as after:
        black = (0, 0, 0)
        assert nearest_colours(after) == [black, WHITE, black, WHITE]


@pytest.mark.parametrize(("form", "file_type"), [("PNG", types.PNG), ("WEBP", types.WEBP)])
def test_what_is_transparent_stays_so(
    form: str, file_type: FileType, source: Path, target: Path
) -> None:
    image = corners_picture().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(source, form)

    assert clean_image(source, target, file_type) == types.PNG

    with Image.open(target) as after:
        assert after.mode == "RGBA"
        assert after.getchannel("A").getextrema() == image.getchannel("A").getextrema()


def test_ink_colours_become_screen_colours(source: Path, target: Path) -> None:
    corners_picture().convert("CMYK").save(source, "JPEG", quality=95)

    assert clean_image(source, target, types.JPEG) == types.JPEG

    with Image.open(target) as after:
        assert after.mode == "RGB"
        assert nearest_colours(after) == [RED, BLUE, GREEN, WHITE]


def test_of_a_photo_with_a_second_picture_in_it_the_first_is_kept(
    source: Path, target: Path
) -> None:
    behind = Image.new("RGB", (60, 40), BLUE)
    corners_picture().save(source, "MPO", save_all=True, append_images=[behind])
    assert type_of(source) == types.JPEG

    assert clean_image(source, target, types.JPEG) == types.JPEG

    with Image.open(target) as after:
        assert after.format == "JPEG"
        assert nearest_colours(after) == [RED, BLUE, GREEN, WHITE]


def test_a_large_photo_is_made_smaller(source: Path, target: Path) -> None:
    Image.new("RGB", (1000, 5000)).save(source, "JPEG")

    clean_image(source, target, types.JPEG)

    with Image.open(target) as after:
        assert after.size == (819, 4096)


def animation(path: Path, form: str, frames: int, size: tuple[int, int] = (8, 8)) -> None:
    first, *rest = [Image.new("RGB", size, BLUE if n % 2 else RED) for n in range(frames)]
    durations = [100 + 20 * (n % 2) for n in range(frames)]
    first.save(path, form, save_all=True, append_images=rest, duration=durations, loop=3)


@pytest.mark.parametrize(("form", "file_type"), [("GIF", types.GIF), ("WEBP", types.WEBP)])
def test_a_short_animation_keeps_moving(
    form: str, file_type: FileType, source: Path, target: Path
) -> None:
    animation(source, form, frames=4)

    assert clean_image(source, target, file_type) == types.WEBP

    with Image.open(target) as after:
        shown = []
        for frame in ImageSequence.Iterator(after):
            colours = nearest_colours(frame)
            shown.append((colours[0], frame.info["duration"]))
        assert shown == [(RED, 100), (BLUE, 120), (RED, 100), (BLUE, 120)]
        assert after.info["loop"] == 3


@pytest.mark.parametrize(
    ("frames", "size"), [(501, (1, 1)), (2, (4097, 1))], ids=["too long", "too wide"]
)
def test_of_another_animation_the_first_picture_is_kept(
    frames: int, size: tuple[int, int], source: Path, target: Path
) -> None:
    animation(source, "GIF", frames, size)

    assert clean_image(source, target, types.GIF) == types.JPEG

    with Image.open(target) as after:
        assert nearest_colours(after)[0] == RED


def png_of(width: int, height: int) -> bytes:
    """The head of a PNG, and no picture behind it."""
    chunk = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    end = b"IDAT" + zlib.compress(b"")
    chunks = [(part, len(part) - 4) for part in (chunk, end, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        n.to_bytes(4, "big") + part + zlib.crc32(part).to_bytes(4, "big") for part, n in chunks
    )


@pytest.mark.parametrize("size", [(65_000, 1001), (10_000, 10_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_before_decoding(
    size: tuple[int, int], source: Path, target: Path
) -> None:
    source.write_bytes(png_of(*size))

    # Decoding would have found that there is no picture.
    with pytest.raises(CleaningFailed, match="more than 65 megapixels"):
        clean_image(source, target, types.PNG)
    assert not target.exists()


def test_as_many_pixels_as_a_phone_makes_are_looked_at(source: Path, target: Path) -> None:
    source.write_bytes(png_of(9248, 6936))

    with pytest.raises(CleaningFailed, match="damaged or incomplete"):
        clean_image(source, target, types.PNG)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_a_damaged_image_fails_in_words(form: str, source: Path, target: Path) -> None:
    Image.effect_noise((200, 200), 60).convert("RGB").save(source, form)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])

    with pytest.raises(CleaningFailed) as failure:
        clean_image(source, target, types.ALLOWED[f"image/{form.lower().replace('heif', 'heic')}"])

    assert str(failure.value) == (
        "This image is damaged or incomplete. The original is kept, for you alone. "
        "Open it on your own device, save it again as JPEG, and add that."
    )
    assert not target.exists()


def test_only_the_decoder_of_the_detected_type_is_tried(source: Path, target: Path) -> None:
    corners_picture().save(source, "PNG")

    with pytest.raises(CleaningFailed):
        clean_image(source, target, types.JPEG)


# --- Video and sound ------------------------------------------------------------------------------

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PICTURE = "-f lavfi -t 0.6 -i testsrc2=size=64x48:rate=10"
SOUND = "-f lavfi -t 0.6 -i sine=frequency=440:sample_rate=48000"
TITLE = f"-metadata title={SECRET} -metadata comment={SECRET} -metadata:s:0 handler_name={SECRET}"
PLACE = "+52.0907+005.1214/"


def ffmpeg(arguments: str, target: Path) -> None:
    command = [FFMPEG, "-nostdin", "-loglevel", "error", *arguments.split(), "-y", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def told(path: Path) -> str:
    """What ffmpeg says about a file."""
    command = [FFMPEG, "-nostdin", "-hide_banner", "-i", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr


def type_of(path: Path) -> FileType:
    with path.open("rb") as file:
        return detect(file, path.stat().st_size)


RECORDINGS = {
    "mp4": (f"{PICTURE} -c:v libx264 {TITLE} -f mp4", types.MP4, types.MP4, "h264"),
    "mov": (f"{PICTURE} -c:v libx264 {TITLE} -f mov", types.MOV, types.MP4, "h264"),
    "iphone": (f"{PICTURE} -c:v libx265 -tag:v hvc1 {TITLE} -f mov", types.MOV, types.MP4, "hvc1"),
    "mkv": (f"{PICTURE} -c:v libx264 {TITLE} -f matroska", types.MKV, types.MP4, "h264"),
    "webm": (f"{PICTURE} -c:v libvpx {TITLE} -f webm", types.WEBM, types.WEBM, "vp8"),
    "in parts": (
        f"{PICTURE} -c:v libx264 -movflags frag_keyframe+empty_moov {TITLE} -f mp4",
        types.MP4,
        types.MP4,
        "h264",
    ),
    "m4a": (f"{SOUND} -c:a aac {TITLE} -f ipod", types.M4A, types.M4A, "aac"),
    "sound in mp4": (f"{SOUND} -c:a aac {TITLE} -f mp4", types.M4A, types.M4A, "aac"),
    "sound in webm": (f"{SOUND} -c:a libopus {TITLE} -f webm", *[types.WEBM_AUDIO] * 2, "opus"),
    "mp3": (f"{SOUND} -c:a libmp3lame {TITLE} -f mp3", types.MP3, types.MP3, "mp3"),
    "ogg": (f"{SOUND} -c:a libopus {TITLE} -f ogg", types.OGG, types.OGG, "opus"),
    "wav": (f"{SOUND} {TITLE} -f wav", types.WAV, types.WAV, "pcm_s16le"),
}


@pytest.mark.parametrize(
    ("recipe", "before", "after", "codec"), RECORDINGS.values(), ids=RECORDINGS
)
def test_recording_keeps_its_streams_and_no_words(
    recipe: str, before: FileType, after: FileType, codec: str, source: Path, target: Path
) -> None:
    ffmpeg(recipe, source)
    assert type_of(source) == before
    assert SECRET.encode() in source.read_bytes()
    assert codec in told(source)

    assert clean_media(source, target, before) == after

    assert type_of(target) == after
    assert SECRET.encode() not in target.read_bytes()
    assert codec in told(target)
    assert "Duration: 00:00:00.6" in told(target)


@pytest.mark.parametrize(("form", "place"), [("mp4", b"loci"), ("mov", b"\xa9xyz")])
def test_place_is_gone_and_a_portrait_video_stays_portrait(
    form: str, place: bytes, tmp_path: Path, source: Path, target: Path
) -> None:
    flat = tmp_path / "flat.mp4"
    ffmpeg(f"{PICTURE} {SOUND} -c:v libx264 -c:a aac", flat)
    words = f"-metadata location={PLACE} -metadata creation_time=2026-03-02T09:15:00Z"
    ffmpeg(f"-display_rotation:v:0 90 -i {flat} -c copy {words} -f {form}", source)
    # Some phones write the place of a MOV in an MP4.
    source.write_bytes(source.read_bytes().replace(b"ftypqt  ", b"ftypmp42"))
    assert place in source.read_bytes()
    assert "+52.0907+005.1214" in told(source)
    assert "2026-03-02T09:15:00" in told(source)
    assert "rotation of 90.00 degrees" in told(source)

    assert clean_media(source, target, types.MP4) == types.MP4

    content = target.read_bytes()
    assert place not in content
    assert b"+52.0907" not in content
    assert content.index(b"moov") < content.index(b"mdat")  # plays before it is all there
    after = told(target)
    assert "creation_time" not in after
    assert "location" not in after
    assert "rotation of 90.00 degrees" in after
    assert after.count("Stream #") == 2


def test_place_of_an_iphone_is_gone(source: Path, target: Path) -> None:
    place = f"-metadata com.apple.quicktime.location.ISO6709={PLACE}"
    ffmpeg(f"{PICTURE} -c:v libx264 -movflags use_metadata_tags {place} -f mov", source)
    assert b"com.apple.quicktime.location" in source.read_bytes()

    clean_media(source, target, types.MOV)

    assert b"com.apple.quicktime" not in target.read_bytes()
    assert b"+52.0907" not in target.read_bytes()


def test_subtitles_chapters_and_covers_are_left_out(
    tmp_path: Path, source: Path, target: Path
) -> None:
    words, chapters, cover = (tmp_path / name for name in ("w.srt", "c.txt", "cover.png"))
    words.write_text(f"1\n00:00:00,000 --> 00:00:00,400\n{SECRET}\n")
    chapters.write_text(f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/10\nSTART=0\nEND=4\ntitle={SECRET}\n")
    corners_picture().save(cover)
    ffmpeg(
        f"{PICTURE} {SOUND} -i {words} -i {chapters} -i {cover} -map 0 -map 1 -map 2 -map 4 "
        "-map_chapters 3 -c:v:0 libx264 -c:a aac -c:s mov_text -c:v:1 copy "
        "-disposition:v:1 attached_pic -f mp4",
        source,
    )
    assert "Chapter #" in told(source)
    assert "(attached pic)" in told(source)
    assert source.read_bytes().count(SECRET.encode()) >= 2

    clean_media(source, target, types.MP4)

    assert SECRET.encode() not in target.read_bytes()
    assert "Chapter #" not in told(target)
    assert told(target).count("Stream #") == 2


def test_same_recording_gives_the_same_bytes(tmp_path: Path, source: Path, target: Path) -> None:
    ffmpeg(f"{PICTURE} {SOUND} -c:v libvpx -c:a libopus -f webm", source)

    clean_media(source, target, types.WEBM)
    clean_media(source, tmp_path / "again", types.WEBM)

    assert target.read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize("file_type", [types.MP4, types.WEBM, types.MP3, types.OGG, types.WAV])
def test_a_list_of_files_opens_none(
    file_type: FileType, tmp_path: Path, source: Path, target: Path
) -> None:
    ffmpeg(f"{SOUND} {TITLE} -f wav", tmp_path / "secret.wav")
    source.write_text("ffconcat version 1.0\nfile secret.wav\n")
    assert "pcm_s16le" in told(source)  # left alone, ffmpeg follows it

    with pytest.raises(CleaningFailed):
        clean_media(source, target, file_type)
    assert not target.exists()


@pytest.mark.parametrize("file_type", [types.MP4, types.WEBM, types.MP3, types.OGG])
def test_only_the_reader_of_the_detected_type_is_tried(
    file_type: FileType, source: Path, target: Path
) -> None:
    ffmpeg(f"{SOUND} -f wav", source)

    with pytest.raises(CleaningFailed):
        clean_media(source, target, file_type)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x18ftypisom", b"x" * 9000])
def test_a_damaged_recording_fails_in_words(content: bytes, source: Path, target: Path) -> None:
    source.write_bytes(content)

    with pytest.raises(CleaningFailed) as failure:
        clean_media(source, target, types.MP4)

    assert str(failure.value) == (
        "This recording is damaged, or in a form that browsers cannot play. The original is kept, "
        "for you alone. Save it again as MP4 (video) or MP3 (sound), and add that."
    )
    assert not target.exists()


def test_ffmpeg_works_within_limits(
    tmp_path: Path, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(
        '#!/bin/sh\nfor last; do :; done\n(ulimit -t; ulimit -v) > "${last#file:}"\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    source.write_bytes(b"")

    clean_media(source, target, types.MP4)

    assert target.read_text().split() == ["120", "2000000"]


def test_what_would_not_be_let_in_is_not_shown(source: Path, target: Path) -> None:
    first, second = "-c:a:0 flac", "-c:a:1 libopus"
    ffmpeg(f"{SOUND} -map 0 -map 0 {first} {second} -f ogg", source)
    with pytest.raises(FileRefused):
        type_of(source)

    with pytest.raises(CleaningFailed):
        clean_media(source, target, types.OGG)


def test_what_takes_too_long_fails(
    tmp_path: Path, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho x > "${last#file:}"\nexec sleep 20\n')
    program.chmod(0o700)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    monkeypatch.setattr("files.cleaning._SECONDS", 0.5)
    source.write_bytes(b"")

    with pytest.raises(CleaningFailed):
        clean_media(source, target, types.MP4)
    assert not target.exists()


# --- The samples ----------------------------------------------------------------------------------


def test_evidence_of_many_programs_comes_out_clean(samples: Path, tmp_path: Path) -> None:
    failed, tells_place = set(), set()
    words = (b"testcamera", b"loci", b"com.apple", b"Exif\x00", b"alert(1)", b"PK\x03\x04")
    for path in sorted([*samples.glob("evidence/*/*"), *samples.glob("hostile/*")]):
        try:
            file_type = type_of(path)
        except FileRefused:
            continue
        if file_type.kind not in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO):
            continue
        target = tmp_path / path.name
        clean = clean_image if file_type.kind == Kind.IMAGE else clean_media
        if any(word in path.read_bytes() for word in words):
            tells_place.add(path.name)
        try:
            made = clean(path, target, file_type)
        except CleaningFailed:
            failed.add(path.name)
            continue
        assert type_of(target) == made
        assert not [word for word in words if word in target.read_bytes()]

    assert len(list(tmp_path.iterdir())) > 40
    assert tells_place >= {f"exif-orientation-{n}-gps.jpg" for n in range(1, 9)}
    assert tells_place >= {"phone-portrait-rot90-moovend-gps.mp4", "iphone-hevc.mov"}
    assert tells_place >= {"gif-js-polyglot.gif", "png-zip-polyglot.png"}
    assert failed == {"test.3g2"}  # H.263, which no browser plays
