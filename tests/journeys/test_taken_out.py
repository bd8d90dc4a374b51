"""The page of a case that was taken out, in a browser without a network."""

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from committees.verifier import Verifier
from records.actions import erase
from tests.committees.exported import (
    TOO_EARLY,
    Early,
    Taken,
    altered,
    announced,
    contradicted,
    covered,
    download,
    gone_on,
    read,
    taken_out,
)
from tests.committees.factories import HELD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


# What verify in the page finds, in the order of `found_by`.
FOUND = """async ([told, files, root]) => {
    const found = await verify(told, files, root, true);
    return [found.faults, found.later, found.unclear, found.proven, found.remarks];
}"""


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    return unpacked(taken_out(announced(), tmp_path))


def unpacked(taken: Taken) -> Taken:
    """Unpack an archive in the folder where it lies."""
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(taken.path.parent)
    return taken


def opened(taken: Taken, page: "Page") -> "Page":
    page.context.set_offline(True)
    page.goto((taken.path.parent / "case.html").as_uri())
    return page


def test_the_page_says_the_same_as_the_verifier(
    taken: Taken, new_page: "Callable[..., Page]"
) -> None:
    told, _page, files = read(taken.path)
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
            FOUND,
            [forger.told, forger.files, taken.root],
        )
        if [len(part) for part in said] != [len(part) for part in found_by(verifier)]:
            unlike.append((name, said, found_by(verifier)))
    assert unlike == []


def found_by(verifier: Verifier) -> list[list[str]]:
    return [
        verifier.faults,
        verifier.later,
        verifier.unclear,
        verifier.proven,
        verifier.remarks,
    ]


def test_after_the_meeting_went_on_it_says_the_same(
    tmp_path: Path, new_page: "Callable[..., Page]"
) -> None:
    taken = unpacked(gone_on(tmp_path))
    told, _page, files = read(taken.path)
    page = opened(taken, new_page())

    page.fill("#root", f" {taken.root[:32]}\n{taken.root[32:].upper()} ")
    page.set_input_files("#files", [taken.path.parent / name for name, _digest in files])
    page.click("button")

    page.wait_for_selector("#answer.good")
    assert "bestanden: 1 van 1" in page.inner_text("#answer").lower()
    unlike = []
    for name, forger, _named in altered(told, files):
        verifier = Verifier(forger.told, forger.files, taken.root)
        verifier.verify()
        said = page.evaluate(FOUND, [forger.told, forger.files, taken.root])
        if [len(part) for part in said] != [len(part) for part in found_by(verifier)]:
            unlike.append((name, said, found_by(verifier)))
    assert unlike == []


@pytest.mark.parametrize(("before", "code"), TOO_EARLY)
def test_under_a_root_of_before_something_it_says_the_same(
    tmp_path: Path, new_page: "Callable[..., Page]", before: Early, code: int
) -> None:
    made, checkpoint = before()
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor, checkpoint.root))
    taken = unpacked(Taken(made, path, checkpoint.root))
    told, _page, files = read(path)
    page = opened(taken, new_page())

    page.fill("#root", taken.root)
    page.click("button")

    page.wait_for_selector("#answer.unclear" if code == 3 else "#answer.partly")
    said = page.evaluate(FOUND, [told, files, taken.root])
    assert [len(part) for part in said] == [len(part) for part in found_by(taken.verified())]
    assert "vraag het controlegetal van een latere brief of mail" in page.inner_text("#answer")


def test_words_that_were_erased_later_and_what_is_passed_over_are_no_forgery_there_either(
    tmp_path: Path, new_page: "Callable[..., Page]"
) -> None:
    made = announced()
    standing = made.refreshed().standing
    erase(row=standing, ground="Asked.", by=None, at=HELD + timedelta(hours=6))
    covered(days=1)
    taken = unpacked(taken_out(made, tmp_path))
    page = opened(taken, new_page())
    (tmp_path / "Thumbs.db").write_bytes(b"\0")

    page.fill("#root", taken.root)
    page.set_input_files("#files", [tmp_path / "Thumbs.db"])
    page.click("button")

    page.wait_for_selector("#answer.partly")
    assert "files/Thumbs.db" in page.inner_text("#answer")


def test_a_typing_mistake_is_not_called_tampering(
    taken: Taken, new_page: "Callable[..., Page]"
) -> None:
    code = taken.scene.refreshed().standing.announcement.head
    page = opened(taken, new_page())

    for typed, said in [
        (code, "controlecode"),
        (code[:20], "controlecode"),
        (taken.root[:-1], "63"),
        ("0" * 64, "typfout"),
    ]:
        page.fill("#root", typed)
        page.click("button")
        page.locator("#answer", has_text=said).wait_for()
        assert page.get_attribute("#answer", "class") == "unclear", typed
        assert taken.root[:12] not in page.inner_text("main")


def test_a_file_that_nobody_chose_is_not_compared_and_one_with_other_bytes_is_altered(
    taken: Taken, new_page: "Callable[..., Page]"
) -> None:
    _told, _page, [(name, _digest)] = read(taken.path)
    page = opened(taken, new_page())
    page.fill("#root", taken.root)

    page.click("button")
    page.wait_for_selector("#answer.good")
    assert "notes.txt" in page.inner_text("#answer")

    file = taken.path.parent / name
    file.write_bytes(b"something else")
    page.set_input_files("#files", [file])
    page.click("button")
    page.wait_for_selector("#answer.bad")


def test_who_said_that_they_were_not_there_is_shown_by_the_committee(
    tmp_path: Path, new_page: "Callable[..., Page]"
) -> None:
    made = contradicted()
    page = opened(unpacked(taken_out(made, tmp_path)), new_page())

    shown = page.inner_text("main")

    for words in ("Zegt: ik was er niet", "Other_Member", "I saw them sign.", "was er wel"):
        assert words in shown


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

    page.wait_for_selector("#answer.unclear h2:focus")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert [rule["id"] for rule in Axe().run(page).response["violations"]] == []
