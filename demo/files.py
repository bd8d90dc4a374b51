"""Files for the demo's evidence, made on the spot: nothing in them is of anybody."""

import subprocess
from datetime import datetime
from functools import cache
from io import BytesIO
from random import Random
from textwrap import wrap

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFilter

from demo.telling import told
from evidence.actions.pieces import FILES_OF_EVIDENCE
from files.keeping import KeptFile, receive
from people.models import Account

INK, PAPER, BLUE = (30, 32, 40), (246, 245, 241), (33, 63, 174)
NOTES = [(250, 227, 120), (168, 216, 185), (244, 172, 160), (158, 197, 234)]
SECONDS, RATE = 4, 10


def make(name: str, *, by: Account, at: datetime) -> KeptFile:
    """A file of this name, taken in; the same name gives the same bytes. Its ending says what it
    is, and for a photo the first word what is seen on it."""
    content = _content(name)
    return receive(
        BytesIO(content), name=name, size=len(content), purpose=FILES_OF_EVIDENCE, by=by, at=at
    )


@cache
def _content(name: str) -> bytes:
    match name.rpartition(".")[2]:
        case "mp4":
            return _film()
        case "mp3":
            return _sound()
        case "jpg" | "png":
            return _picture(name)
        case "pdf":
            return _pdf(name, _text(name))
        case _:
            return _text(name).encode()


def _text(name: str) -> str:
    title = name.rpartition(".")[0].replace("-", " ").capitalize()
    return f"{title}\n\n{told('texts')[name].strip()}\n\n(Verzonnen, voor de demo.)\n"


# --- Pictures -------------------------------------------------------------------------------------


def _picture(name: str) -> bytes:
    """A PNG is a drawing; a JPEG looks taken with a phone: tilted a little, and not quite sharp."""
    chance = Random(name)  # noqa: S311 - the same name, the same picture
    image = Image.new("RGB", (1200, 800), PAPER)
    draw = ImageDraw.Draw(image)
    if name.startswith("notities"):
        _sticky_notes(draw, chance)
    elif name.startswith("klas"):
        _classroom(draw, chance)
    elif name.startswith("scherm"):
        _screen(draw, chance)
    else:
        _sketch(draw, chance)
    out = BytesIO()
    if name.endswith(".png"):
        image.save(out, "PNG")
    else:
        taken = image.rotate(chance.uniform(-3, 3), fillcolor=(196, 190, 178))
        taken.filter(ImageFilter.GaussianBlur(0.8)).save(out, "JPEG", quality=85)
    return out.getvalue()


def _words(draw: ImageDraw.ImageDraw, chance: Random, left: int, top: int, width: int) -> None:
    """Three lines that look written."""
    for line in range(3):
        y = top + 26 * line
        draw.line((left, y, left + width * chance.uniform(0.4, 1), y), fill=BLUE, width=6)


def _sketch(draw: ImageDraw.ImageDraw, chance: Random) -> None:
    boxes = [(100 + 370 * (n % 3), 90 + 380 * (n // 3) + chance.randint(-30, 30)) for n in range(6)]
    for start, end in ((0, 1), (1, 2), (0, 3), (1, 4), (4, 5)):
        (x1, y1), (x2, y2) = boxes[start], boxes[end]
        draw.line((x1 + 130, y1 + 80, x2 + 130, y2 + 80), fill=INK, width=4)
    for x, y in boxes:
        draw.rounded_rectangle((x, y, x + 260, y + 160), 14, fill=PAPER, outline=INK, width=5)
        _words(draw, chance, x + 30, y + 50, 190)


def _sticky_notes(draw: ImageDraw.ImageDraw, chance: Random) -> None:
    for column in range(4):
        left = 40 + 290 * column
        draw.line((left - 15, 40, left - 15, 760), fill=INK, width=3)
        for row in range(chance.randint(1, 4)):
            x, y = left + chance.randint(0, 30), 60 + 175 * row + chance.randint(-12, 12)
            draw.rectangle((x, y, x + 200, y + 150), fill=chance.choice(NOTES))
            _words(draw, chance, x + 20, y + 40, 150)


def _classroom(draw: ImageDraw.ImageDraw, chance: Random) -> None:
    draw.rectangle((0, 520, 1200, 800), fill=(205, 187, 160))
    draw.rectangle((180, 60, 1020, 400), fill=(43, 80, 62), outline=(120, 84, 50), width=14)
    for row in range(4):
        y = 120 + 64 * row
        draw.line((240, y, 240 + chance.randint(250, 700), y), fill=(225, 232, 226), width=5)
    for table in range(5):
        x = 60 + 230 * table + chance.randint(-20, 20)
        draw.rectangle((x, 600, x + 170, 625), fill=(150, 105, 65))
        draw.line((x + 15, 625, x + 15, 730), fill=INK, width=6)
        draw.line((x + 155, 625, x + 155, 730), fill=INK, width=6)


def _screen(draw: ImageDraw.ImageDraw, chance: Random) -> None:
    draw.rounded_rectangle((60, 40, 1140, 760), 18, fill="white", outline=INK, width=4)
    draw.rectangle((60, 90, 1140, 96), fill=INK)
    for row in range(6):
        y = 150 + 95 * row
        draw.rounded_rectangle((110, y, 170, y + 60), 8, fill=chance.choice(NOTES))
        _words(draw, chance, 210, y + 4, 560)
        draw.rounded_rectangle((920, y + 8, 1080, y + 52), 10, outline=BLUE, width=4)


# --- Film and sound: made once, whatever their names ----------------------------------------------


@cache
def _film() -> bytes:
    """A few seconds of an app in use: rows appear, one after the other."""
    frames = bytearray()
    for number in range(SECONDS * RATE):
        image = Image.new("RGB", (480, 320), PAPER)
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 0, 480, 40), fill=BLUE)
        for row in range(1 + number // 8):
            y = 60 + 48 * row
            draw.rounded_rectangle((30, y, 450, y + 36), 6, fill="white", outline=INK, width=2)
            draw.ellipse((42, y + 9, 60, y + 27), fill=NOTES[row % 4])
            draw.line((76, y + 18, 200 + 40 * (row % 4), y + 18), fill=INK, width=5)
        frames += image.tobytes()
    given = f"-f rawvideo -pix_fmt rgb24 -s 480x320 -r {RATE} -i pipe:0"
    made = "-c:v libx264 -pix_fmt yuv420p -f mp4 -movflags frag_keyframe+empty_moov pipe:1"
    return _ffmpeg(f"{given} {made}", bytes(frames))


@cache
def _sound() -> bytes:
    """Two soft tones, a stand-in for somebody who speaks."""
    tones = "sin(2*PI*t*(180+40*floor(mod(t*3\\,2))))*0.2"
    return _ffmpeg(f"-f lavfi -i aevalsrc={tones}:d={SECONDS} -c:a libmp3lame -f mp3 pipe:1")


def _ffmpeg(arguments: str, given: bytes = b"") -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *arguments.split()]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout  # noqa: S603 - of our own words


# --- A document -----------------------------------------------------------------------------------


def _pdf(name: str, text: str) -> bytes:
    """A page of plain text, by hand: its objects and the table that says where they begin."""
    lines = [line for part in text.splitlines() for line in wrap(part, 84) or [""]]
    shown = " ".join(f"({_escaped(line)}) Tj T*" for line in lines)
    page = f"BT /F1 11 Tf 15 TL 56 780 Td {shown} ET".encode("cp1252")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(page), page),
        font,
        f"<< /Title ({_escaped(name)}) >>".encode("cp1252"),
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    root = b"<< /Size %d /Root 1 0 R /Info 6 0 R >>" % (len(objects) + 1)
    return bytes(out + b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (root, table))


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
