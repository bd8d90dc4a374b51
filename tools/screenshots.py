"""The pictures in docs/pictures/ that README.md shows, taken from a demo of their own.

    python -m tools.screenshots

Fills a demo in a temporary folder, serves it on a free port of this machine, and looks at three
pages with Chromium (apt-get install chromium). The demo's dates count from today; all else in the
pictures is the same each time.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from home.demo.people import ACCOUNTS, PASSWORD

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
PATIENCE = 600  # seconds for filling the demo
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
    page.locator("section[aria-labelledby=shown]").evaluate("part => part.scrollIntoView()")
    page.mouse.move(0, 0)


def answer(page: Page) -> None:
    """By the link in the newest mail that asks for feedback for the student who can be signed in
    as."""
    page.goto("/mailbox/")
    student = next(account.name for account in ACCOUNTS if account.key == "student")
    mails = page.locator("main .rows a", has_text=student)
    for mail in mails.evaluate_all("all => all.map(link => link.href)"):
        page.goto(mail)
        link = page.locator("main a[href*='/evidence/answer/']")
        if link.count():
            page.goto(link.first.get_attribute("href") or "")
            if page.locator("main form[data-guard]").count():
                return
    raise LookupError("no mail of the demo asks for feedback")


def meeting(page: Page) -> None:
    page.goto("/")
    page.locator("main a[href*='/committees/meetings/']").first.click()
    page.wait_for_load_state()


ALL = [
    Picture("coverage", {"width": 1280, "height": 960}, coverage, "student"),
    Picture("answering", {"width": 390, "height": 844}, answer),
    Picture("meeting", {"width": 1280, "height": 960}, meeting, "chair"),
]


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    with demo() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for picture in ALL:
            path = PICTURES / f"{picture.name}.png"
            path.write_bytes(small(take(picture, browser, site)))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


@contextmanager
def demo() -> Iterator[str]:
    """The address of a freshly filled demo; it ends with the block, and leaves nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="bewijskracht-pictures-") as folder:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"DEMO": "1", "DATA_ROOT": folder},
        )
        try:
            site = f"http://127.0.0.1:{port}"
            wait_for(f"{site}/accounts/login/", server)
            yield site
        finally:
            server.terminate()
            server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server.poll() is not None:
            sys.exit("The demo did not start.")
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - on this machine
            return
        except OSError:
            time.sleep(1)
    sys.exit("The demo did not answer.")


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
        page.goto("/accounts/login/")
        page.fill("[name=login]", f"{picture.who}@demo.example")
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.press("[name=password]", "Enter")
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
