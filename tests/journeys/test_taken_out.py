"""The page of a case that was taken out, in a browser without a network."""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from committees.verifier import Verifier, read_archive
from tests.committees.exported import altered, announced, taken_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_the_page_says_the_same_without_a_network(
    new_page: "Callable[..., Page]", tmp_path: Path
) -> None:
    taken = taken_out(announced(), tmp_path)
    told, _page, files = read_archive(taken.path)
    folder = taken.path.parent / "unpacked"
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(folder)
    page = new_page()
    page.context.set_offline(True)
    page.goto((folder / "case.html").as_uri())

    page.fill("#root", taken.root)
    page.set_input_files("#files", [folder / name for name, _digest in files])
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
