"""A case outside the system: it proves itself, without a key, and what was altered is named."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from committees import actions
from committees import verifier as verifier_of
from committees.export import ROWS, export
from committees.models import Case, Finding, Judgement, SnapshotItem
from committees.record import AROUND, WORDS
from committees.verifier import CALLED, HOMES, LASTING, Verifier, in_script
from files.models import StoredFile
from people.models import Account, Person
from records.actions import erase
from records.models import AppendOnly, Checkpoint, Event, Part, Row
from records.verification import sealed_models, verify
from tests.committees.exported import (
    ALTERATIONS,
    NOTES,
    TOO_EARLY,
    Early,
    Forger,
    Taken,
    Told,
    altered,
    announced,
    contradicted,
    covered,
    digest,
    download,
    gone_on,
    read,
    root_of_letter,
    taken_out,
    written,
)
from tests.committees.factories import HELD, Scene, scene
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    return taken_out(announced(), tmp_path)


# --- Untouched ------------------------------------------------------------------------------------


def test_it_proves_itself_without_the_system_and_without_a_key(taken: Taken) -> None:
    answer = taken.alone()

    assert "All that was recorded of this case is as it was recorded." in answer.stdout, (
        answer.stdout + answer.stderr
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "checkpoint 1 of" in answer.stdout
    for proven in (
        "the decision of 2026-11-09 12:00 UTC, recorded by Chair",
        "judgements of members: 2",
        f"the frozen set, of {taken.scene.case.snapshot.items.count()} items",
        "files: 1 of 1",
    ):
        assert f"proven: {proven}" in answer.stdout
    assert taken.scene.refreshed().standing.announcement.head in answer.stdout


def test_it_holds_all_and_the_files_and_no_key_nor_address(taken: Taken) -> None:
    with zipfile.ZipFile(taken.path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}

    [file] = [name for name in held if name.startswith("files/")]
    assert {*held} == {"case.json", "case.html", "verifier.py", file}
    assert file.endswith(" notes.txt")
    assert held[file] == NOTES
    told = held["case.json"].decode()
    for words in ("The set shows it.", "Seen often.", "Works with care.", "We are neighbours."):
        assert words in told
    for account in Account.objects.exclude(sign_in=""):
        assert account.sign_in not in told + held["case.html"].decode()


def test_the_verifier_comes_from_elsewhere_too(taken: Taken, tmp_path: Path) -> None:
    """And the page that says so names its digest."""
    stranger = Client()
    page = stranger.get(reverse("letter_check")).text
    url = reverse("verifier")
    script = stranger.get(url).content
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_bytes(script)

    assert (url in page, sha256(script).hexdigest() in page) == (True, True)
    assert taken.alone(script=elsewhere).returncode == 0


def test_it_can_be_unpacked_first(taken: Taken) -> None:
    folder = taken.path.parent / "unpacked"
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(folder)

    taken.path = folder

    assert taken.alone(script=folder / "verifier.py").returncode == 0


def test_under_another_root_it_proves_nothing(taken: Taken) -> None:
    answer = taken.alone(root="0" * 64)

    assert answer.returncode == 3, answer.stdout
    assert "nothing here leads to this root" in answer.stdout
    assert "NOT" not in answer.stdout + answer.stderr
    assert "+ proven:" not in answer.stdout


def test_a_typing_mistake_is_not_called_tampering(taken: Taken) -> None:
    """Nor is a root said that could be pasted instead."""
    head = taken.scene.refreshed().standing.announcement.head
    code = " ".join(head[place : place + 4] for place in range(0, 20, 4))
    for typed, said in [
        (head, "control code"),
        (code.upper(), "control code"),
        (code.replace(" ", "-"), "control code"),
        (taken.root[:-1], "these are 63"),
        (taken.root + "0", "these are 65"),
        ("what is a root", "no root"),
        ("0" * 64, "typing mistake"),
    ]:
        answer = taken.alone(root=typed)

        assert (answer.returncode, answer.stderr) == (3, ""), typed
        assert said in answer.stdout, typed
        assert "under the roots of 1 checkpoints: 2026-11-09 13:00 UTC" in answer.stdout
        assert taken.root not in answer.stdout, typed


def test_white_space_in_a_root_does_not_matter(taken: Taken) -> None:
    spaced = f" {taken.root[:20]} {taken.root[20:40].upper()}\n{taken.root[40:]} "

    assert taken.alone(root=spaced).returncode == 0


def test_an_altered_archive_is_altered_under_any_root(taken: Taken) -> None:
    """A root that is mistyped is no way out."""
    told, _page, files = read(taken.path)
    [forger] = [
        forger for name, forger, _ in altered(told, files) if name == "a_comma_in_the_motivation"
    ]
    taken.rewrite("case.json", json.dumps(forger.told).encode())

    assert taken.alone(root="0" * 64).returncode == 1


def test_what_cannot_be_read_at_all_cannot_be_told(taken: Taken) -> None:
    root = taken.root
    taken.path.write_bytes(taken.path.read_bytes()[:1000])
    cut_off = taken.alone(root=root, script=Path(verifier_of.__file__))
    taken.path.unlink()
    gone = taken.alone(root=root, script=Path(verifier_of.__file__))

    assert [answer.returncode for answer in (cut_off, gone)] == [3, 3]
    assert "Traceback" not in cut_off.stderr + gone.stderr


def test_a_meeting_that_went_on_takes_nothing_from_the_letter(tmp_path: Path) -> None:
    """Members left, it was closed, there is a next mandate: what the root covers stands as it was
    then, and it is said once a chain that it went on."""
    taken = gone_on(tmp_path)

    answer = taken.verified()

    assert (answer.faults, answer.later, answer.unclear) == ([], [], [])
    went_on = [remark for remark in answer.remarks if "went on" in remark]
    assert [re.search(r"the (\w+) went on .*steps: (\d+)", said).groups() for said in went_on] == [
        ("meeting", "3"),
        ("committee", "3"),
    ]
    attendances = [row for name, row in answer.rows.items() if ".attendance:" in name]
    assert [row["ended_at"] for row in attendances] == [None] * 3
    assert taken.alone().returncode == 0


def test_nothing_that_was_covered_can_be_altered_unseen_once_more_followed(tmp_path: Path) -> None:
    taken = gone_on(tmp_path)
    told, _page, files = read(taken.path)
    proven = taken.verified().rows
    unseen, passed = [], []
    for what, other in everything_altered(told):
        verifier = Verifier(other, files, taken.root)
        verifier.verify()
        if not (verifier.faults or verifier.later):
            unseen.append(what)
        passed += [
            (what, name, row)
            for name, row in verifier.rows.items()
            if not verifier.faults and row != proven[name]
        ]

    later = {"seat.given", "seat.ended", "mandate.given", "member.absent", "meeting.closed"}
    assert [what for what in unseen if what.rpartition(" of ")[2] not in later] == []
    assert passed == []


def test_a_word_that_somebody_was_not_there_stays_visible(tmp_path: Path) -> None:
    taken = taken_out(contradicted(), tmp_path)

    answer = taken.alone()

    assert answer.returncode == 2
    assert re.search("member's word that they were not there .* is as event", answer.stdout)
    assert re.search("answered to that .* is as event", answer.stdout)


def test_what_is_later_than_the_letter_needs_a_later_root(tmp_path: Path) -> None:
    made = announced()
    letter = root_of_letter(made)
    made.supersede()
    later = covered(days=5)
    taken = taken_out(made, tmp_path)

    old, new = taken.alone(root=letter), taken.alone(root=later.root)

    assert (old.returncode, new.returncode) == (2, 0), old.stdout + new.stdout
    assert re.search(r"decision.superseded.* is later than this checkpoint", old.stdout)


def test_it_proves_itself_under_any_root_that_the_auditor_brings(tmp_path: Path) -> None:
    made = announced()
    made.supersede()
    between = covered(days=3)
    made.supersede(at=HELD + timedelta(days=4))
    covered(days=5)
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor, between.root.upper()))

    assert Taken(made, path, between.root).alone().returncode == 2


def test_what_was_lawfully_erased_is_no_fault(tmp_path: Path) -> None:
    made = announced()
    letter = root_of_letter(made)
    item = SnapshotItem.objects.get(
        snapshot__case=made.case, kind="piece", number__gt=0, files=None
    )
    actions.erase_item(item=item, ground="Asked by the student.", by=None)
    last = covered(days=2)

    taken = taken_out(made, tmp_path)
    answer = taken.verified(last.root)

    assert answer.faults == []
    assert any("was lawfully erased" in remark for remark in answer.remarks)
    older = taken.verified(letter)
    assert older.faults == []
    assert any("is empty: erased later" in said for said in older.later)


def test_what_was_sealed_when_a_case_was_deferred_stays_so(tmp_path: Path) -> None:
    made = scene()
    made.freeze()
    made.judge(made.chair, words="Not for other eyes.")
    made.open_meeting()
    actions.defer(case=made.case, reason="Show it once more.", by=made.chair, at=made.at)
    record_what_was_made()
    checkpoint = covered(hours=1)
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor))

    answer = Taken(made, path, checkpoint.root).verified()

    assert answer.faults == answer.later == []
    assert any("was never opened" in remark for remark in answer.remarks)
    assert b"Not for other eyes." not in zipfile.ZipFile(path).read("case.json")


# --- Altered --------------------------------------------------------------------------------------


def test_each_alteration_is_named(taken: Taken) -> None:
    told, _page, files = read(taken.path)
    unseen = []
    for name, forger, named in altered(told, files):
        verifier = Verifier(forger.told, forger.files, taken.root)
        verifier.verify()
        found = verifier.faults + verifier.later + verifier.unclear
        if not any(re.search(named, fault) for fault in found):
            unseen.append((name, named, found))

    assert unseen == []
    assert len(ALTERATIONS) > 40


def everything_altered(told: Told) -> Iterator[tuple[str, Told]]:
    """Alter each row, event and item of an archive, one at a time, in each way there is."""
    for place, chain in enumerate(told["chains"]):
        for name, text in chain["rows"].items():
            model = name.partition(":")[0]
            called, salt, content = json.loads(text)
            moved = {**chain["rows"], f"{model}:{uuid4()}": written([called, salt, content])}
            less = {each: row for each, row in chain["rows"].items() if each != name}
            yield f"{name} in another place too", with_rows(told, place, moved)
            yield f"{name} removed", with_rows(told, place, less)
            beside = told["chains"][place - 1]["rows"] | {name: text}
            yield f"{name} on another chain too", with_rows(told, place - 1, beside)
            for field in content:
                other = written([called, salt, content | {field: [content[field]]}])
                yield f"{field} of {name}", with_rows(told, place, chain["rows"] | {name: other})
        for number, text in enumerate(chain["events"]):
            event = json.loads(text)
            before, after = chain["events"][:number], chain["events"][number + 1 :]
            yield f"{event['verb']} removed", with_events(told, place, [*before, *after])
            yield f"{event['verb']} twice", with_events(told, place, [*before, text, text, *after])
            for field in event:
                other = written(event | {field: {"rows": {}} if field == "statement" else "x"})
                others = [*before, other, *after]
                yield f"{field} of {event['verb']}", with_events(told, place, others)
    yield "something put in", told | {"note": "Attained."}
    for name in told:
        yield f"{name} left out", {each: value for each, value in told.items() if each != name}
    for number, item in enumerate(told["items"]):
        before, after = told["items"][:number], told["items"][number + 1 :]
        yield f"item {number} removed", told | {"items": [*before, *after]}
        for field in item:
            other = item | {field: turned(item[field]) if field == "salt" else item[field][1:]}
            yield f"{field} of item {number}", told | {"items": [*before, other, *after]}


def turned(salt: str) -> str:
    """Another salt of the same length."""
    return salt.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))


def with_rows(told: Told, place: int, rows: dict[str, str]) -> Told:
    return with_chain(told, place, {"rows": rows})


def with_events(told: Told, place: int, events: list[str]) -> Told:
    return with_chain(told, place, {"events": events})


def with_chain(told: Told, place: int, values: dict[str, Any]) -> Told:
    chains = [*told["chains"]]
    chains[place] = chains[place] | values
    return told | {"chains": chains}


def test_nothing_in_it_can_be_altered_unseen(taken: Taken) -> None:
    told, _page, files = read(taken.path)
    tried, unseen = 0, []
    for what, other in everything_altered(told):
        verifier = Verifier(other, files, taken.root)
        verifier.verify()
        tried += 1
        if not verifier.faults:
            unseen.append((what, verifier.later))

    assert unseen == []
    assert tried > 300


@pytest.mark.parametrize("name", ["a_comma_in_the_motivation", "a_file_altered"])
def test_the_verifier_itself_says_so(taken: Taken, name: str) -> None:
    told, _page, files = read(taken.path)
    [forger] = [forger for each, forger, _named in altered(told, files) if each == name]
    if name == "a_file_altered":
        taken.rewrite(files[0][0], b"something else")
    else:
        taken.rewrite("case.json", json.dumps(forger.told).encode())

    answer = taken.alone()

    assert answer.returncode == 1
    assert re.search(ALTERATIONS[name][1], answer.stdout)


def test_a_page_that_shows_something_else_is_named(taken: Taken) -> None:
    with zipfile.ZipFile(taken.path) as archive:
        page = archive.read("case.html")
    taken.rewrite("case.html", page.replace(b"The set shows it.", b"The set, shows it."))

    answer = taken.alone()

    assert answer.returncode == 1
    assert "the page case.html shows something else than case.json" in answer.stdout


def test_a_page_that_may_show_anything_is_not_to_be_read(taken: Taken) -> None:
    """It holds the case, and yet shows something else: by its script, by words beside it, by what
    stands before the case."""
    with zipfile.ZipFile(taken.path) as archive:
        held = {name: archive.read(name) for name in ("case.json", "case.html")}
    page = held["case.html"]
    told = b'<script type="application/json" id="told">'
    for other in (
        page.replace(b'document.getElementById("told")', b'document.getElementById("words")'),
        page.replace(b"<h1>", b"<p>Attained</p><h1>"),
        page.replace(b"<main>", told + b"{}</script><main>"),
        page.replace(b"<body>", b"<body><!--" + page[page.index(told) :] + b"-->"),
        b"<!--" + in_script(held["case.json"].decode()).encode() + b"--><p>Attained</p>",
    ):
        assert other != page
        taken.rewrite("case.html", other)

        answer = taken.alone()

        assert answer.returncode == 2, answer.stdout
        assert "Do not read case.html: it may show anything" in answer.stdout


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_of_each_language_is_known(tmp_path: Path, language: str) -> None:
    made = announced()
    with override(language):
        archive = export(made.refreshed(), "", by=made.auditor, at=HELD + timedelta(days=1))
        content = b"".join(archive)
    path = tmp_path / "case.zip"
    path.write_bytes(content)

    answer = Taken(made, path, Checkpoint.objects.get().root).alone()

    assert (answer.returncode, "Do not read" in answer.stdout) == (0, False), answer.stdout


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"case": "x"}', b"\xff", b'{"chains": 1, "items": []}']
)
def test_what_is_no_case_is_said_to_be_none(taken: Taken, content: bytes) -> None:
    taken.rewrite("case.json", content)

    answer = taken.alone()

    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("root", ["", "no root", "0" * 63])
def test_no_root_proves_nothing(taken: Taken, root: str) -> None:
    told, _page, files = read(taken.path)
    for proof in told["proofs"]:
        proof["leaves"] = []  # which lead to no root

    verifier = Verifier(told, files, root)
    verifier.verify()

    assert any(said.startswith("this is no root") for said in verifier.unclear)
    assert verifier.proven == []


def test_a_lawful_erasure_covers_no_other_item(tmp_path: Path) -> None:
    made = announced()
    gone, other = SnapshotItem.objects.filter(snapshot__case=made.case, kind="feedback")
    when = HELD + timedelta(days=1)
    actions.erase_item(item=gone, ground="Asked by the giver.", by=None, at=when)
    root = covered(days=2).root
    told, _page, files = read(taken_out(made, tmp_path).path)
    [item] = [item for item in told["items"] if item["digest"] == other.digest]
    del item["content"], item["salt"]

    verifier = Verifier(told, files, root)
    verifier.verify()

    assert [fault for fault in verifier.faults if "no erasure was recorded" in fault]


def test_what_stands_in_it_twice_is_said(taken: Taken) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(taken.path, "a") as archive,
    ):
        archive.writestr("case.json", b"{}")

    answer = taken.alone()

    assert (answer.returncode, "Traceback" in answer.stderr) == (1, False)
    assert "twice" in answer.stderr


@pytest.mark.tampers
def test_a_file_that_was_lost_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    made = announced()
    for file in StoredFile.objects.all():
        default_storage.delete(file.path)

    answer = taken_out(made, tmp_path).alone()

    assert answer.returncode == 1
    assert "the file notes.txt" in answer.stdout


def test_each_kind_of_row_has_its_chain() -> None:
    homes: dict[str, set[str | None]] = {}
    for model in sealed_models():
        if model._meta.app_label == "committees":
            homes.setdefault(model.home[0], set()).add(model._meta.model_name)

    assert {kind: models - {"erasure"} for kind, models in HOMES.items()} == homes
    assert set(ROWS) == set(CALLED) == set().union(*HOMES.values())


def test_each_step_has_words() -> None:
    """Of what the actions of this room do, by the verbs that stand in them."""
    written_by = "".join(path.read_text() for path in Path(actions.__file__).parent.glob("*.py"))
    verbs = set(
        re.findall(
            r'"((?:case|set|judgements?|decision|member|contradiction|meeting)'
            r'\.[a-z_]+|(?:committee|mandate|seat)\.[a-z]+)"',
            written_by,
        )
    )

    assert len(verbs) > 20
    # With its case.
    assert verbs - {*WORDS, *AROUND} == {"case.taken_off_agenda", "case.taken_back"}


# --- Who takes it out -----------------------------------------------------------------------------


def test_only_who_supervises_takes_it_out_and_that_is_recorded() -> None:
    made = announced()
    address = reverse("committees:case_export", args=[made.case.pk])
    client = Client()
    for user in (made.chair, made.member, made.secretary):
        client.force_login(user)
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
    for user in (made.student, made.adviser, made.coordinator, made.other_member):
        client.force_login(user)
        assert client.post(address).status_code in (403, 404)

    download(made, made.auditor)

    event = Event.objects.get(verb="case.exported")
    assert (event.by, event.chain.key) == (made.auditor, made.auditor.person.chain)
    assert event.statement["facts"] == {"case": str(made.case.pk)}
    assert verify().faults == []


def test_before_there_is_an_outcome_nothing_is_taken_out(client: Client) -> None:
    made = scene(state=Case.State.FROZEN)
    client.force_login(made.auditor)

    answer = client.post(reverse("committees:case_export", args=[made.case.pk]))

    assert answer.status_code == 409
    assert not Event.objects.filter(verb="case.exported").exists()


@pytest.mark.parametrize(("root", "said"), [("12", "64"), ("f" * 64, "geen ijkpunt met dit")])
def test_a_root_that_is_none_of_ours_is_said(client: Client, root: str, said: str) -> None:
    made = announced()
    client.force_login(made.auditor)

    answer = client.post(reverse("committees:case_export", args=[made.case.pk]), {"root": root})

    assert answer.status_code == 422
    assert said in answer.content.decode()


@pytest.mark.tampers
def test_what_people_wrote_is_no_markup_in_its_page(tmp_path: Path) -> None:
    """An auditor opens it from a disk, where no header of ours says what may run."""
    plain = taken_out(announced(), tmp_path)
    made = scene()
    hostile = "</script><script>alert(1)</script><!--<img src=x>"
    Person.objects.filter(pk=made.student.pk).update(name=hostile)
    made.bring_to(Case.State.ANNOUNCED)
    record_what_was_made()
    covered(hours=1)
    hostile_one = taken_out(made, tmp_path)

    (_, page, _), (_, other, _) = read(hostile_one.path), read(plain.path)

    assert "\\u003c/script\\u003e\\u003cscript\\u003ealert(1)" in page
    assert "alert(1)</" not in page
    for mark in ("<script", "</script", "<!--", "<img"):
        assert page.count(mark) == other.count(mark)


# --- Against who verifies -------------------------------------------------------------------------


def forged(taken: Taken, change: Callable[[Told], None]) -> Told:
    """Alter the case in an archive, also on its page, whose frame stays ours."""
    with zipfile.ZipFile(taken.path) as archive:
        held = archive.read("case.json").decode()
        page = archive.read("case.html").decode()
    told: Told = json.loads(held)
    change(told)
    rewritten = json.dumps(told, ensure_ascii=False, indent=1)
    taken.rewrite("case.json", rewritten.encode())
    taken.rewrite("case.html", page.replace(in_script(held), in_script(rewritten)).encode())
    return told


def without_a_judgement(told: Told, later: str) -> None:
    """Remove a judgement, with a step after the checkpoint that would explain that."""
    [chain] = [each for each in told["chains"] if each["key"] == f"case:{told['case']}"]
    judgement = next(name for name in chain["rows"] if name.startswith("committees.judgement:"))
    del chain["rows"][judgement]
    stated: dict[str, str | None] = {judgement: None}
    if later == "never opened":
        name = f"committees.case:{told['case']}"
        called, salt, content = json.loads(chain["rows"][name])
        chain["rows"][name] = written([called, salt, content | {"opened_at": None}])
        stated = {name: digest(chain["rows"][name])}
    last = json.loads(chain["events"][-1])
    event = last | {
        "number": last["number"] + 1,
        "previous": digest(chain["events"][-1]),
        "recorded_at": "2027-01-01T00:00:00.000000+00:00",
        "statement": {"rows": stated},
    }
    chain["events"].append(written(event))


@pytest.mark.parametrize(("later", "code"), [("gone", 1), ("never opened", 3)])
def test_no_later_step_explains_away_what_the_root_covers(
    taken: Taken, later: str, code: int
) -> None:
    forged(taken, lambda told: without_a_judgement(told, later))

    answer = taken.alone()

    assert answer.returncode == code, answer.stdout
    assert "+ proven:" not in answer.stdout


def test_a_page_with_the_case_in_another_place_is_not_ours(taken: Taken) -> None:
    with zipfile.ZipFile(taken.path) as archive:
        held = in_script(archive.read("case.json").decode())
        page = archive.read("case.html").decode()
    for place in ('"use strict', "<main>", "</html>"):
        moved = page.replace(held, "", 1).replace(place, place + held, 1)
        assert moved.replace(held, "", 1) == page.replace(held, "", 1)
        taken.rewrite("case.html", moved.encode())

        answer = taken.alone()

        assert (answer.returncode, "Do not read case.html" in answer.stdout) == (2, True)


def test_a_name_that_stands_twice_is_refused(taken: Taken) -> None:
    """One reader takes the first and another the last."""
    with zipfile.ZipFile(taken.path) as archive:
        held = archive.read("case.json").decode()
    for name in ('"manifest":', '"case":', '"digest":'):
        twice = held.replace(name, f'{name} "x",\n{name}', 1)
        assert json.loads(twice) == json.loads(held)
        taken.rewrite("case.json", twice.encode())

        answer = taken.alone()

        assert (answer.returncode, "a name stands twice" in answer.stderr) == (1, True)


def put_in(told: Told, where: str) -> None:
    places = {
        "case": told,
        "chain": told["chains"][1],
        "item": told["items"][2],
        "proof": told["proofs"][0],
        "leaf": told["proofs"][0]["leaves"][1],
    }
    places[where]["note"] = "Attained."


@pytest.mark.parametrize("where", ["case", "chain", "item", "proof", "leaf"])
def test_nothing_is_put_in_beside_what_is_proven(taken: Taken, where: str) -> None:
    forged(taken, lambda told: put_in(told, where))

    answer = taken.alone()

    assert (answer.returncode, "holds what it should not" in answer.stdout) == (1, True)


def test_the_items_stand_in_their_order(taken: Taken) -> None:
    forged(taken, lambda told: told["items"].reverse())

    answer = taken.alone()

    assert (answer.returncode, "another order" in answer.stdout) == (1, True)


def test_it_says_what_of_it_no_root_proves(taken: Taken) -> None:
    forged(taken, lambda told: told.update(zone="Pacific/Auckland"))

    answer = taken.alone()

    assert "said, and not proven: taken out on 20" in answer.stdout
    assert "case.html shows moments of Pacific/Auckland" in answer.stdout
    forged(taken, lambda told: told.update(format=99))
    assert taken.alone().returncode == 3


@pytest.mark.parametrize("name", ["json.py", "hashlib.py", "zipfile/__init__.py"])
def test_what_lies_beside_the_verifier_is_not_run(taken: Taken, name: str) -> None:
    """An archive that was unpacked, with a program in it that the verifier would read first."""
    folder = taken.path.parent / "unpacked"
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("print('All that was recorded of this case is as it was'); exit(0)")

    answer = subprocess.run(
        [sys.executable, folder / "verifier.py", taken.path, "--root", "0" * 64],
        cwd=folder,
        text=True,
        capture_output=True,
    )

    assert (answer.returncode, "All that was" in answer.stdout) == (3, False), answer.stderr


def test_nothing_in_it_moves_the_cursor(taken: Taken) -> None:
    hidden = "\x1b[2J\x1b[HAll is as it was.\n\x1b[8m\u202e"
    forged(taken, lambda told: told["chains"][0].update(key=hidden))
    forged(taken, lambda told: told.update(zone=hidden))

    answer = taken.alone()

    assert answer.returncode == 1
    assert all(sign.isprintable() or sign == "\n" for sign in answer.stdout + answer.stderr)
    assert "\nAll is as it was." not in answer.stdout


def nested(told: Told) -> None:
    told["chains"][0]["events"][0] = "[" * 100_000


def surrogate(told: Told) -> None:
    told["chains"][0]["key"] = told["items"][0]["digest"] = "\ud800"


@pytest.mark.parametrize("change", [nested, surrogate])
def test_what_no_reader_takes_is_no_case(taken: Taken, change: Callable[[Told], None]) -> None:
    with zipfile.ZipFile(taken.path) as archive:
        told: Told = json.loads(archive.read("case.json"))
    change(told)
    taken.rewrite("case.json", json.dumps(told).encode())

    answer = taken.alone()

    assert (answer.returncode, "Traceback" in answer.stderr) == (1, False), answer.stderr


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_that_broke_on_its_way_cannot_be_told(taken: Taken, method: int) -> None:
    with zipfile.ZipFile(taken.path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(taken.path, "w", method) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
        start = archive.getinfo("case.json").header_offset
    script = taken.path.parent / "verifier.py"
    script.write_bytes(held["verifier.py"])
    whole = taken.path.read_bytes()
    for place in (60, 200, 1000):
        broken = bytearray(whole)
        for each in range(start + place, start + place + 40):
            broken[each] ^= 0xFF
        taken.path.write_bytes(bytes(broken))

        answer = taken.alone(script=script)

        assert (answer.returncode, "Traceback" in answer.stderr) == (3, False), answer.stderr
        assert "no root was typed" not in answer.stderr


def test_a_terminal_without_a_sign_is_no_reason_to_say_no(taken: Taken) -> None:
    forged(taken, lambda told: told.update(zone="Žofia/Ł"))

    answer = subprocess.run(
        [sys.executable, "-I", "-X", "utf8=0", "-c", RUN, taken.path, "--root", taken.root],
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
    )

    assert (answer.returncode, b"Traceback" in answer.stderr) == (0, False), answer.stderr


RUN = f"""
import io, runpy, sys
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "ascii")
sys.argv[0] = {verifier_of.__file__!r}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_source_knows_no_page_and_condemns_none(taken: Taken) -> None:
    answer = taken.alone(script=Path(verifier_of.__file__))

    assert answer.returncode == 0
    assert "This copy knows no page" in answer.stdout
    assert "Do not read" not in answer.stdout


# --- What a root does not prove -------------------------------------------------------------------


@pytest.mark.parametrize("is_followed", [False, True])
@pytest.mark.parametrize(("before", "code"), TOO_EARLY)
def test_a_root_of_before_something_condemns_nothing(
    tmp_path: Path, before: Early, code: int, is_followed: bool
) -> None:
    """Where it is the last there is, and where an auditor brings it."""
    made, checkpoint = before()
    early = checkpoint.root
    last = covered(days=5).root if is_followed else early
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor, early))
    taken = Taken(made, path, early)

    answer = taken.alone()

    assert (answer.returncode, "  !" in answer.stdout) == (code, False), answer.stdout
    assert "the root of a later letter or mail" in answer.stdout
    assert re.search(r"\(decision.made, .*\) is later than this checkpoint", answer.stdout)
    assert re.search(r"the decision \(\w+\) is as event \d+ \(decision.made", answer.stdout)
    assert "proven: the decision" not in answer.stdout
    assert "proven: judgements" not in answer.stdout
    assert ("proven: the frozen set" in answer.stdout) == (before.__name__ == "before_the_judging")
    assert ("proven: the case until event" in answer.stdout) == (code == 2)
    unproven = re.findall(r"(\w+):[\w-]+: nothing under this root .*? (\d+) rows", answer.stdout)
    assert [kind for kind, _rows in unproven] == ([] if code == 2 else ["case", "meeting",
                                                                     "committee"])  # fmt: skip
    if is_followed:
        assert taken.alone(root=last).returncode == 0


@pytest.mark.parametrize(("before", "code"), TOO_EARLY)
def test_what_no_root_proves_is_still_compared(tmp_path: Path, before: Early, code: int) -> None:
    """An item that is altered, a decision, a control code, and a set that is not the one."""
    made, checkpoint = before()
    root = checkpoint.root
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor, root))
    told, _page, files = read(path)
    for name in ("a_word_of_a_giver", "a_comma_in_the_motivation", "a_frozen_set_stated_anew"):
        forger = Forger(json.loads(json.dumps(told)), list(files))
        ALTERATIONS[name][0](forger)
        verifier = Verifier(forger.told, forger.files, root)
        verifier.verify()

        assert verifier.faults != [], name


def test_what_is_said_once_is_known_from_the_models() -> None:
    known = {}
    for model in sealed_models():
        kind = model._meta.model_name
        if kind in CALLED and issubclass(model, AppendOnly):
            assert not any((model.changeable, model.released, model.deletable, model.with_person))
            parts = [
                relation.field.model
                for relation in model._meta.related_objects
                if issubclass(relation.field.model, Part)
                and relation.field.model.part_of == relation.field.name
            ]
            assert all(issubclass(part, AppendOnly) and not part.changeable for part in parts)
            said = {row._meta.model_name: set(row.erasable) for row in (model, *parts)}
            known[kind] = {of: columns for of, columns in said.items() if columns}

    assert known == LASTING


def the_motivation(made: Scene) -> tuple[Row, str]:
    return made.refreshed().standing, "motivation"


def a_view(made: Scene) -> tuple[Row, str]:
    return Judgement.objects.filter(case=made.case).earliest("recorded_at"), "motivation"


def why_somebody_stood_aside(made: Scene) -> tuple[Row, str]:
    return made.case.recusals.get(), "reason"


def what_is_still_to_be_shown(made: Scene) -> tuple[Row, str]:
    made.supersede("not_yet", at=HELD + timedelta(hours=2))
    covered(hours=5)
    return Finding.objects.filter(decision=made.refreshed().standing).first(), "to_show"


@pytest.mark.parametrize(
    "words",
    [the_motivation, a_view, why_somebody_stood_aside, what_is_still_to_be_shown],
)
def test_words_that_were_erased_later_are_no_forgery(
    tmp_path: Path, words: Callable[[Scene], tuple[Row, str]]
) -> None:
    made = announced()
    row, column = words(made)
    before = Checkpoint.objects.latest("number").root
    erase(row=row, columns=[column], ground="Asked.", by=None, at=HELD + timedelta(hours=6))
    after = covered(days=1).root
    path = tmp_path / "case.zip"
    path.write_bytes(download(made, made.auditor, before))

    taken = Taken(made, path, before)

    assert [taken.alone(root=root).returncode for root in (before, after)] == [2, 0]


def test_a_forged_decision_is_no_matter_of_a_later_root(taken: Taken) -> None:
    """Whichever root is asked: also under none, and also once it was covered."""
    told, _page, files = read(taken.path)
    forger = Forger(told, files)
    ALTERATIONS["a_panel_stated_anew"][0](forger)
    forged(taken, lambda case: case.update(forger.told))

    assert [taken.alone(root=root).returncode for root in (taken.root, "0" * 64)] == [1, 1]


# --- What an operating system adds ----------------------------------------------------------------

ADDED_FILES = (".DS_Store", "files/Thumbs.db", "desktop.ini", "__MACOSX/files/._notes.txt")


@pytest.mark.parametrize("name", [*ADDED_FILES, "files/.DS_Store", "files/Desktop.ini", "._a.txt"])
def test_what_an_operating_system_adds_is_passed_over(taken: Taken, name: str) -> None:
    folder = taken.path.parent / "unpacked"
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\0\5\26\7")
    taken.path = folder

    answer = taken.alone(script=folder / "verifier.py")

    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout
    assert f"passed over, as operating systems put such there: {name}" in answer.stdout


@pytest.mark.parametrize("name", ["__MACOSX/decision.pdf", "decision.pdf", ".DS_Store/plan.txt",
                                  "files/my Thumbs.db"])  # fmt: skip
def test_any_other_file_beside_it_is_named(taken: Taken, name: str) -> None:
    folder = taken.path.parent / "unpacked"
    with zipfile.ZipFile(taken.path) as archive:
        archive.extractall(folder)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"something else")
    taken.path = folder

    answer = taken.alone(script=folder / "verifier.py")

    assert (answer.returncode, f"shows what is in {name}" in answer.stdout) == (1, True)
