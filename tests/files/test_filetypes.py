"""What is let in, by content; and what it is called."""

import io
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from files.filetypes import ALLOWED, FileRefused, FileType, Kind, detect, safe_name, types

if TYPE_CHECKING:
    from pytest_django import Settings

DOCX, XLSX, PPTX, ODT, ODS, ODP = types.PACKAGES
MARKUP = "web page, a drawing"
ARCHIVE = "archive"
OLD_OFFICE = "older Office document"
MACROS = "macros"
OTHER = "This kind of file"
NO_PDF = "This PDF is damaged, or has no page"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def detected(content: bytes) -> FileType:
    return detect(io.BytesIO(content), len(content))


def detected_file(path: Path) -> FileType:
    with path.open("rb") as file:
        return detect(file, path.stat().st_size)


def package(entries: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def ooxml(main: str, *more: str) -> bytes:
    statement = f'<Types><Override PartName="/main.xml" ContentType="{main}.main+xml"/></Types>'
    return package({"[Content_Types].xml": statement, **dict.fromkeys(more, "x")})


def picture(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "teal").save(file, form)
    return file.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def handler(kind: bytes) -> bytes:
    return box(b"moov", box(b"trak", box(b"hdlr", bytes(8) + kind + bytes(12))))


def iso(major: bytes, *compatible: bytes, rest: bytes = b"") -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(compatible)) + rest


def pdf(content: bytes, end: bytes = b"startxref\n9\n%%EOF\n") -> bytes:
    return b"%PDF-1.7\n" + content + end


MEDIA_DATA = box(b"mdat", bytes(9000))

LET_IN = {
    "jpeg": (picture("JPEG"), types.JPEG),
    "png": (picture("PNG"), types.PNG),
    "gif": (picture("GIF"), types.GIF),
    "webp": (picture("WEBP"), types.WEBP),
    "avif": (picture("AVIF"), types.AVIF),
    "tiff": (picture("TIFF"), types.TIFF),
    "heic": (iso(b"heic", b"mif1", b"heic"), types.HEIC),
    "ten-bit heic": (iso(b"mif1", b"mif1", b"heix"), types.HEIC),
    "mp4": (iso(b"isom", b"mp42", rest=MEDIA_DATA + handler(b"vide")), types.MP4),
    "mp4 by compatible brand": (iso(b"XXXX", b"avc1", rest=handler(b"vide")), types.MP4),
    "3gp": (iso(b"3gp4", rest=handler(b"vide")), types.MP4),
    "mp4 of sound alone": (iso(b"iso5", rest=MEDIA_DATA + handler(b"soun")), types.M4A),
    "mp4 without an index": (iso(b"isom", rest=MEDIA_DATA), types.MP4),
    "mp4 of an index too long to read": (
        iso(b"isom", rest=(17 * types.MEGABYTE).to_bytes(4, "big") + handler(b"soun")[4:]),
        types.MP4,
    ),
    "m4a": (iso(b"M4A ", b"isom"), types.M4A),
    "mov": (iso(b"qt  "), types.MOV),
    "webm": (b"\x1a\x45\xdf\xa3\x86\x42\x82\x84webm" + b"\x86\x85V_VP8", types.WEBM),
    "webm of sound alone": (
        b"\x1a\x45\xdf\xa3\x86\x42\x82\x84webm\x86\x86A_OPUS",
        types.WEBM_AUDIO,
    ),
    "matroska": (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska", types.MKV),
    "mp3": (b"ID3\x04" + bytes(20), types.MP3),
    "mp3 without a tag": (b"\xff\xfb\x90\x64" + bytes(20), types.MP3),
    "opus": (b"OggS" + bytes(24) + b"OpusHead", types.OGG),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt ", types.WAV),
    "pdf": (pdf(b"<</Type/Page/Parent 2 0 R>>"), types.PDF),
    "pdf of packed objects": (pdf(b"<< /Type /ObjStm /N 3 >>"), types.PDF),
    "pdf longer than is read at once": (
        pdf(bytes(types.MEGABYTE - 14) + b"/Type /Page "),
        types.PDF,
    ),
    "docx": (ooxml(DOCX.media_type, "word/document2.xml"), DOCX),
    "xlsx": (ooxml(XLSX.media_type), XLSX),
    "pptx": (ooxml(PPTX.media_type), PPTX),
    "odt": (package({"mimetype": ODT.media_type}), ODT),
    "ods": (package({"mimetype": ODS.media_type}), ODS),
    "odp": (package({"mimetype": ODP.media_type}), ODP),
    "text": ("Réflectie: 3 < 4\n\tgoed".encode(), types.TEXT),
    "text with a byte order mark": ("\ufeffhallo".encode(), types.TEXT),
    "text cut in a letter at 4096": ("é".encode() * 2048 + b"x" + "é".encode() * 9, types.TEXT),
    "a letter across the border": (b"x" + "é".encode() * 2100, types.TEXT),
}

REFUSED = {
    "nothing": (b"", "This file is empty"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', MARKUP),
    "html after white space": (b"\xef\xbb\xbf \r\n\t<!doctype html>", MARKUP),
    "html after much white space": (b" " * 9000 + b"<script>x()</script>", MARKUP),
    "xml": (b'<?xml version="1.0"?><x/>', MARKUP),
    "zip": (package({"x.txt": "x"}), ARCHIVE),
    "empty zip": (package({}), OTHER),
    "damaged zip": (package({"x.txt": "x"})[:40], ARCHIVE),
    "package of far too many entries": (
        package({"mimetype": ODT.media_type, **dict.fromkeys(map(str, range(10_001)), "")}),
        ARCHIVE,
    ),
    "package of an unknown kind": (package({"mimetype": "application/epub+zip"}), ARCHIVE),
    "word template": (ooxml(DOCX.media_type.replace("document", "template", 2)), ARCHIVE),
    "rar": (b"Rar!\x1a\x07\x00" + bytes(30), OTHER),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(30), OTHER),
    "word with macros": (ooxml("application/vnd.ms-word.document.macroEnabled"), MACROS),
    "macros that hide": (ooxml(DOCX.media_type, "word/vbaProject.bin"), MACROS),
    "odt with macros": (package({"mimetype": ODT.media_type, "Basic/Standard/x.xml": ""}), MACROS),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), OLD_OFFICE),
    "rtf": (b"{\\rtf1\\ansi hoi}", OLD_OFFICE),
    "exe": (b"MZ\x90\x00" + bytes(60), OTHER),
    "utf-16": ("hoi".encode("utf-16"), OTHER),
    "latin-1": ("reflectie met é".encode("latin-1"), OTHER),
    "text with an escape": (b"hoi \x1b[2J", OTHER),
    "text that turns binary late": (b"x" * 9000 + b"\x00", OTHER),
    "avi": (b"RIFF\x24\x00\x00\x00AVI LIST", OTHER),
    "ogg video": (b"OggS" + bytes(24) + b"\x80theora", OTHER),
    "camera raw": (iso(b"crx "), OTHER),
    "aac without a container": (b"\xff\xf1\x50\x80" + bytes(20), OTHER),
    "ftyp and no more": (b"\x00\x00\x00\x08ftyp", OTHER),
    "pdf of 16 bytes": (b"%PDF-1.7\n%%EOF\n\n", NO_PDF),
    "pdf without a page": (pdf(b"<< /Type /Pages /Kids [] >>"), NO_PDF),
    "pdf that stops halfway": (pdf(b"<< /Type /Page >>", end=b""), NO_PDF),
}


@pytest.mark.parametrize(("content", "file_type"), LET_IN.values(), ids=LET_IN)
def test_is_let_in_by_its_content(content: bytes, file_type: FileType) -> None:
    file = io.BytesIO(content)

    assert detect(file, len(content)) == file_type
    assert file.tell() == 0
    assert ALLOWED[file_type.media_type] == file_type


@pytest.mark.parametrize(("content", "what"), REFUSED.values(), ids=REFUSED)
def test_is_refused_in_words(content: bytes, what: str) -> None:
    with pytest.raises(FileRefused, match=what) as refusal:
        detected(content)

    assert "Nothing of it was kept." in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("photo.jpg", "This file cannot be read as JPG. Perhaps it is damaged."),
        ("photo.xyz", OTHER),
    ],
)
def test_what_has_a_name_that_is_let_in_is_refused_as_damaged(name: str, what: str) -> None:
    content = bytes(60)

    with pytest.raises(FileRefused, match=what):
        detect(io.BytesIO(content), len(content), name)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_own_limit(kind: Kind, settings: "Settings") -> None:
    content = {
        Kind.IMAGE: picture("PNG"),
        Kind.VIDEO: iso(b"isom", rest=handler(b"vide")),
        Kind.AUDIO: b"ID3\x04" + bytes(20),
        Kind.DOCUMENT: package({"mimetype": ODT.media_type}),
        Kind.TEXT: b"hoi",
    }[kind]
    settings.FILE_SIZE_LIMITS = {kind: len(content)}
    assert detected(content).kind == kind

    settings.FILE_SIZE_LIMITS = {kind: len(content) - 1}
    with pytest.raises(FileRefused, match="for its kind the most is"):
        detected(content)


def test_limit_counts_the_size_that_is_told() -> None:
    with pytest.raises(FileRefused, match=r"501\.0.MB; .* 500\.0.MB"):
        detect(io.BytesIO(iso(b"qt  ")), 501 * types.MEGABYTE)


def test_archive_of_more_than_a_document_is_not_looked_into(settings: "Settings") -> None:
    content = package({"x.txt": "x"})
    settings.FILE_SIZE_LIMITS = {Kind.DOCUMENT: len(content) - 1}

    with pytest.raises(FileRefused, match="for its kind the most is"):
        detected(content)


# What cleaning and serving make of these is in their own tests.
HOSTILE_BUT_LET_IN = {
    "gif-js-polyglot.gif": types.GIF,  # drawn again
    "png-zip-polyglot.png": types.PNG,  # drawn again
}


def test_hostile_files_are_refused_or_known_harmless(samples: Path) -> None:
    let_in = {}
    for path in sorted((samples / "hostile").iterdir()):
        try:
            let_in[path.name] = detected_file(path)
        except FileRefused:
            continue

    plain = {name: t for name, t in let_in.items() if t != types.TEXT}
    assert plain == HOSTILE_BUT_LET_IN
    assert {name.rpartition(".")[2] for name in let_in.keys() - plain.keys()} == {"json", "csv"}


def test_evidence_of_many_programs_is_told_right(samples: Path) -> None:
    refused = {"doc", "ppt", "zip", "7z", "exe", "mpg", "rar", "svg", "wmv"}
    same = {"tif": "tif", "3g2": "mp4", "sh": "txt", "webm": "webm"}
    told, expected = {}, {}
    for path in sorted(samples.glob("evidence/*/*")):
        extension = path.suffix[1:]
        name = str(path.relative_to(samples))
        expected[name] = "refused" if extension in refused else same.get(extension, extension)
        try:
            told[name] = detected_file(path).extension
        except FileRefused:
            told[name] = "refused"
    expected["evidence/generated/audio-only-opus.webm"] = "weba"

    assert len(told) > 70
    assert told == expected


NAMES = {
    "bewijs.pdf.exe": "bewijs.pdf",
    "foto\u202egpj.exe": "fotogpj.pdf",
    "../../etc/passwd": "passwd.pdf",
    "..\\..\\web.config": "web.config.pdf",
    "C:\\fakepath\\video.mp4": "video.pdf",
    "CON.jpg": "_CON.pdf",
    "nul": "_nul.pdf",
    ".htaccess": "htaccess.pdf",
    "-rf.pdf": "rf.pdf",
    "naam met spatie .pdf ": "naam met spatie.pdf",
    "re\u0301flectie.pdf": "r\u00e9flectie.pdf",
    "👩\u200d🏫 les.mp4": "👩\u200d🏫 les.pdf",
    'x"; filename="y.html': "x_; filename=_y.pdf",
    "x\r\nSet-Cookie: a=b.pdf": "x Set-Cookie_ a=b.pdf",
    "x\x00.jpg": "x.pdf",
    "x.jpg/": "x.pdf",
    "<img src=x onerror=alert(1)>.jpg": "_img src=x onerror=alert(1)_.pdf",
    "ZONDEREXTENSIE": "ZONDEREXTENSIE.pdf",
    "x.PDF": "x.pdf",
    "x.jpeg.": "x.pdf",
    "verslag 1.2": "verslag 1.2.pdf",
    "": "file.pdf",
    "..": "file.pdf",
    "ملف.pdf": "ملف.pdf",
    "文件.docx": "文件.pdf",
    "x.docm": "x.pdf",
    "a" * 300 + ".pdf": "a" * 116 + ".pdf",
}


@pytest.mark.parametrize(("name", "shown"), NAMES.items())
def test_name_is_made_fit_to_show(name: str, shown: str) -> None:
    assert safe_name(name, types.PDF) == shown


def assert_is_fit_to_show(name: str) -> None:
    assert name.endswith(".jpg")
    assert 5 <= len(name) <= 120
    assert unicodedata.is_normalized("NFC", name)
    assert not set(name) & set('/\\<>:"|?*\r\n\t')
    harmful = {c for c in name if unicodedata.category(c)[0] == "C"}
    assert harmful <= {"\u200c", "\u200d"}
    assert not name.startswith((".", "-", " "))
    assert name.partition(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1", "lpt9"}


@given(st.text())
@example("nul .txt")
@example("con.jpg.jpg")
@example("\u0301" * 200)
def test_any_name_is_made_fit_to_show(name: str) -> None:
    assert_is_fit_to_show(safe_name(name, types.JPEG))


def test_hostile_names_are_made_fit_to_show(samples: Path) -> None:
    names = json.loads((samples / "hostile" / "filenames.json").read_text())

    assert len(names) > 30
    for name in names:
        assert_is_fit_to_show(safe_name(name, types.JPEG))


# --- Boxes that say more than there is ------------------------------------------------------------

FTYP = iso(b"isom", b"mp42")


@pytest.mark.parametrize(
    "box_of_any_size",
    [
        b"\0\0\0\x01free" + b"\xff" * 8,
        b"\0\0\0\x01moov" + b"\xff" * 8,
        b"\0\0\0\x01mdat" + b"\x7f" + b"\xff" * 7,
        b"\0\0\0\x01mdat" + b"\x80" + b"\0" * 7,
        b"\0\0\0\x01mdat" + b"\0" * 8,
        b"\0\0\0\x01mdat",
        b"\xff\xff\xff\xffmdat",
        b"\0\0\0\0mdat",
        b"\0\0\0\x07mdat",
        b"\0\0\0\x01",
    ],
)
def test_a_film_is_a_film_whatever_its_boxes_say_of_their_size(box_of_any_size: bytes) -> None:
    for rest in (b"", handler(b"soun"), handler(b"vide")):
        assert detected(FTYP + box_of_any_size + rest) in (types.MP4, types.M4A)
    assert detected(FTYP + handler(b"vide") + box_of_any_size) is types.MP4


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.sampled_from([b"moov", b"mdat"]))))
@example([(2**63, b"mdat"), (8, b"moov")])
def test_no_size_of_a_box_is_a_fault(boxes: list[tuple[int, bytes]]) -> None:
    said = b"".join(b"\0\0\0\1" + kind + size.to_bytes(8, "big") for size, kind in boxes)

    assert detected(FTYP + said) in (types.MP4, types.M4A)


@given(st.sampled_from(sorted(LET_IN)), st.integers(0, 60), st.binary(max_size=12))
def test_no_bytes_are_a_fault(name: str, at: int, other: bytes) -> None:
    content = LET_IN[name][0]

    try:
        found = detected(content[:at] + other + content[at + len(other) :])
    except FileRefused:
        return
    assert found in ALLOWED.values()
