"""The pictures of the README: small, there, and each with words for who cannot see it."""

import os
import re
from io import BytesIO

import pytest
from django.conf import settings
from PIL import Image

from tools.screenshots import ALL, LARGEST, Picture, small


def as_png(image: Image.Image) -> bytes:
    kept = BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()


def test_a_picture_becomes_small_and_stays_what_it_is() -> None:
    page = Image.linear_gradient("L").resize((1280, 960)).convert("RGB")
    taken = as_png(page)

    kept = small(taken)

    with Image.open(BytesIO(kept)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (1280, 960), "P")
    assert len(kept) < len(taken)
    assert kept == small(taken)


def test_a_picture_that_stays_too_large_is_refused() -> None:
    noise = Image.frombytes("RGB", (600, 600), os.urandom(600 * 600 * 3))

    with pytest.raises(ValueError, match="too large for a README"):
        small(as_png(noise))


def test_the_readme_shows_each_picture_with_words_for_it() -> None:
    readme = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
    shown = {
        name: alt for alt, name in re.findall(r"!\[([^\]]+)\]\(docs/pictures/(\w+)\.png", readme)
    }
    shown |= dict(re.findall(r'<img src="docs/pictures/(\w+)\.png"[^>]* alt="([^"]+)"', readme))

    assert set(shown) == {picture.name for picture in ALL}
    assert all(len(alt) > 20 for alt in shown.values())


@pytest.mark.parametrize("picture", ALL, ids=lambda picture: picture.name)
def test_the_pictures_are_there(picture: Picture) -> None:
    file = settings.BASE_DIR / "docs" / "pictures" / f"{picture.name}.png"

    with Image.open(file) as image:
        assert image.size == (picture.size["width"], picture.size["height"])
    assert file.stat().st_size <= LARGEST
