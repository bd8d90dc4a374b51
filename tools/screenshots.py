"""The pictures in docs/pictures/ that README.md shows, taken from a demo of their own.

    python -m tools.screenshots

Fills a demo in a temporary folder, serves it on a free port of this machine, and looks at three
pages with Chromium (apt-get install chromium). The demo's dates count from today; all else in the
pictures is the same each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tools.demo import ROOT, chromium, demo, sign_in, to_answer, to_meeting

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 200_000  # bytes of a picture


@dataclass(frozen=True, slots=True)
class Picture:
    """`who` signs in (the key of a demo account), or nobody; `find` leads to the page."""

    name: str
    size: ViewportSize
    find: Callable[[Page], None]
    who: str = ""


def coverage(page: Page) -> None:
    """With the first requirement open on what was said."""
    page.goto("/portfolio/")
    page.locator(".coverage-row:not(.thin) > summary").first.click()
    page.locator(".coverage-row[open] .coverage-body").wait_for()
    page.locator("section[aria-labelledby=shown]").evaluate("part => part.scrollIntoView()")
    page.mouse.move(0, 0)


ALL = [
    Picture("coverage", {"width": 1280, "height": 960}, coverage, "student"),
    Picture("answering", {"width": 390, "height": 844}, to_answer),
    Picture("meeting", {"width": 1280, "height": 960}, to_meeting, "chair"),
]


def main() -> None:
    found = chromium()
    PICTURES.mkdir(exist_ok=True)
    with demo() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        for picture in ALL:
            path = PICTURES / f"{picture.name}.png"
            path.write_bytes(small(take(picture, browser, site)))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


def take(picture: Picture, browser: Browser, site: str) -> bytes:
    page = browser.new_page(
        base_url=site,
        viewport=picture.size,
        locale="nl-NL",
        timezone_id="Europe/Amsterdam",
        color_scheme="light",
        reduced_motion="reduce",
    )
    if picture.who:
        sign_in(page, picture.who)
    picture.find(page)
    taken = page.screenshot(animations="disabled", caret="hide")
    page.close()
    return taken


def small(taken: bytes) -> bytes:
    """The same picture in at most 256 colours, which is all that these pages have."""
    kept = BytesIO()
    with Image.open(BytesIO(taken)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
            kept, "PNG", optimize=True
        )
    if kept.tell() > LARGEST:
        raise ValueError(f"a picture of {kept.tell()} bytes is too large for a README")
    return kept.getvalue()


if __name__ == "__main__":
    main()
