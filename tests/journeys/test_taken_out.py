"""The page of a case that was taken out, in a browser without a network."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from committees.verifier import Verifier, read_archive
from tests.committees.exported import Taken, altered, announced, taken_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """An archive that was unpacked in the folder where it lies."""
    taken = taken_out(announced(), tmp_path)
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(tmp_path)
    return taken


def opened(taken: Taken, page: "Page") -> "Page":
    page.context.set_offline(True)
    page.goto((taken.path.parent / "case.html").as_uri())
    return page


def test_the_page_says_the_same_as_the_verifier(
    taken: Taken, new_page: "Callable[..., Page]"
) -> None:
    told, _page, files = read_archive(taken.path)
    page = opened(taken, new_page())

    page.fill("#root", taken.root)
    page.set_input_files("#files", [taken.path.parent / name for name, _digest in files])
    page.click("button")

    page.wait_for_selector("#answer.good")
    assert "The set shows it." in page.inner_text("main")
    unlike = []
    for name, forger, _named in altered(told, files):
        verifier = Verifier(forger.told, forger.files, taken.root)
        verifier.verify()
        said = page.evaluate(
            "async ([told, files, root]) => { const { faults, later } ="
            " await verify(told, files, root); return [faults, later]; }",
            [forger.told, forger.files, taken.root],
        )
        if [len(part) for part in said] != [len(verifier.faults), len(verifier.later)]:
            unlike.append((name, said, verifier.faults, verifier.later))
    assert unlike == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_everybody_can_read_it_and_by_keyboard(
    taken: Taken, new_page: "Callable[..., Page]", width: int, scheme: str
) -> None:
    page = new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened(taken, page)
    page.focus("#root")
    page.keyboard.type("0" * 64)
    page.keyboard.press("Enter")

    page.wait_for_selector("#answer.bad h2:focus")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert [rule["id"] for rule in Axe().run(page).response["violations"]] == []
