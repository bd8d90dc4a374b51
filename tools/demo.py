"""A demo of their own for tools that look at its pages: filled in a temporary folder, served on a
free port of this machine, gone afterwards."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from demo.people import ACCOUNTS, PASSWORD

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 600  # seconds for filling the demo


def chromium() -> str:
    """Where it is; without it the tool ends, and says what to do."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def demo() -> Iterator[str]:
    """The address of a freshly filled demo; it ends with the block, and leaves nothing."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bewijskracht-demo-") as folder:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"DEMO": "1", "DATA_ROOT": folder},
        )
        try:
            site = f"http://127.0.0.1:{port}"
            _wait_for(f"{site}/accounts/login/", server)
            yield site
        finally:
            server.terminate()
            server.wait(timeout=60)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
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


def sign_in(page: Page, who: str) -> None:
    """As the demo account with this key."""
    page.goto("/accounts/login/")
    page.fill("[name=login]", f"{who}@demo.example")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("[name=password]", "Enter")


# --- Ways to pages whose address differs in each demo ---------------------------------------------


def to_answer(page: Page) -> None:
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


def to_meeting(page: Page) -> None:
    page.goto("/")
    page.locator("main a[href*='/committees/meetings/']").first.click()
    page.wait_for_load_state()
