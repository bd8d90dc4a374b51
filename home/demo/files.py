"""Files for the demo's evidence, drawn on the spot."""

from io import BytesIO

from PIL import Image, ImageDraw

from records.files import KeptBytes, keep_bytes

INK, PAPER, BLUE = (30, 32, 40), (246, 245, 241), (33, 63, 174)


def make(name: str) -> KeptBytes:
    """A kept file of this name: a sketch of boxes and arrows for a picture, else a short text."""
    content = _sketch(name) if name.endswith(".png") else _text(name)
    return keep_bytes(BytesIO(content), name=name, size=len(content))


def _sketch(name: str) -> bytes:
    image = Image.new("RGB", (960, 600), PAPER)
    draw = ImageDraw.Draw(image)
    boxes = [(80, 80), (400, 80), (720, 80), (240, 340), (560, 340)]
    shift = sum(name.encode()) % 40
    for x, y in boxes:
        draw.rounded_rectangle((x, y + shift, x + 180, y + 130 + shift), 12, outline=INK, width=4)
        for line in range(3):
            top = y + 30 + 28 * line + shift
            draw.line((x + 20, top, x + 160 - 30 * line, top), fill=BLUE, width=6)
    for start, end in ((0, 3), (1, 3), (1, 4), (2, 4)):
        (x1, y1), (x2, y2) = boxes[start], boxes[end]
        draw.line((x1 + 90, y1 + 130 + shift, x2 + 90, y2 + shift), fill=INK, width=3)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _text(name: str) -> bytes:
    title = name.removesuffix(".txt").capitalize()
    lines = [
        title,
        "=" * len(title),
        "",
        "Dit bestand hoort bij de demo van Bewijskracht en is verzonnen.",
        "",
        "1. Wat was de vraag?",
        "2. Wat heb ik gedaan?",
        "3. Wat kwam eruit, en wat betekent dat?",
    ]
    return "\n".join(lines).encode()
