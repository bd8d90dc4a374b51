"""Verifies the archive of a case: python -I verifier.py case.zip --root ROOT

Needs Python 3.8 and nothing else: no network, no key, no other file. ROOT is the 64 figures and
letters after "Checkpoint" on the letter, or of a mail to the auditors: what you have from
elsewhere, not from the archive. White space in it does not matter. Without it you are asked.

Exit code 0: all is as it was when that checkpoint was made; what is proven is listed.
Exit code 1: this is NOT what was recorded; what does not fit is named.
Exit code 2: what the root proves is as it was recorded; what it does not prove is named: what was
written about the case since, which a later root must prove, or a page that may show anything.
Exit code 3: this cannot tell: what was typed is no root, or none that this archive leads to, or one
of before the case was there, or there is no archive that can be read. That proves nothing, and says
nothing against the archive.

Whoever can alter an archive can alter this program in it: take it from the school's page where
letters are checked, or from where the system's source is, if you do not trust from whom you have
the archive.

What it follows: the root is that of a tree of hashes (RFC 6962) whose first leaf says which
installation it is of, and whose other leaves are the heads of chains of events. Each event holds
the hash of the one before it, and hashes of the rows that were written with it. One of these rows
holds the hash of the manifest, which names each item of the frozen set by its hash. The pieces of
evidence among them say the hashes of their files.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[
        0
    ]  # the folder of this program: what lies beside it, out of an archive, is not run

import argparse
import hashlib
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

SNAPSHOT, CASE, MEETING = "committees.snapshot", "committees.case", "committees.meeting"
ANNOUNCEMENT, JUDGEMENT = "committees.announcement", "committees.judgement"
DECISION, MANDATE = "committees.decision", "committees.mandate"
# What is said afterwards of who was present: it bears on the decision, also once it was announced.
CONTRADICTS = ("committees.contradiction:", "committees.contradictionanswer:")
ERASURE = "records.erasure"
FORMAT = 1  # of case.json, and what it holds
HELD = {"format", "case", "exported_at", "zone", "chains", "manifest", "items", "proofs"}
PARTS = {"chains": {"key", "events", "rows"}, "proofs": {"root", "leaves"}}
ITEMS = ({"digest", "salt", "content"}, {"digest"})  # one that is there, and one that was erased
SHORTEST_CODE = 20  # figures of a code, as it is typed from a letter
# SHA-256 of the page around a case (`around`), in each language: filled in where this program is
# handed out.
PAGES: frozenset[str] = frozenset()
# What is raised by what is no case, and by what is no archive.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
NO_ARCHIVE = (
    *(EOFError, NotImplementedError, OSError, RuntimeError),
    *(struct.error, lzma.LZMAError, zipfile.BadZipFile, zlib.error),
)
# On which kind of chain each kind of row is at home; an erasure where the row is that it is of.
HOMES = {
    "case": {
        *("case", "snapshot", "recusal", "ownword", "judgement"),
        *("decision", "supersession", "announcement", "deferral", "erasure"),
    },
    "meeting": {
        *("meeting", "attendance", "contradiction", "contradictionanswer", "leading", "erasure"),
    },
    "committee": {"committee", "mandate", "membership", "erasure"},
}
# What is said once and never changed (the kinds without a column that may change): of these, and of
# what is a part of them, an erasure blanks these columns, and nothing else does anything.
LASTING: dict[str, dict[str, set[str]]] = {
    "announcement": {},
    "contradiction": {},
    "contradictionanswer": {"contradictionanswer": {"reason"}},
    "decision": {"decision": {"motivation"}, "finding": {"to_show"}},
    "deferral": {"deferral": {"reason"}},
    "erasure": {},
    "judgement": {"judgement": {"motivation"}},
    "mandate": {},
    "ownword": {},
    "recusal": {"recusal": {"reason"}},
    "snapshot": {},
    "supersession": {"supersession": {"reason"}},
}
# What operating systems put beside files: in a folder that was opened, and for what their own file
# system keeps of a file (a name that begins with "._").
ADDED = {".ds_store", "desktop.ini", "thumbs.db"}
CALLED = {
    "announcement": "the announcement",
    "attendance": "who is present",
    "case": "the case",
    "committee": "the committee",
    "contradiction": "a member's word that they were not there",
    "contradictionanswer": "what the secretary answered to that",
    "decision": "the decision",
    "deferral": "the deferral",
    "erasure": "an erasure",
    "judgement": "a judgement",
    "leading": "who leads",
    "mandate": "the mandate",
    "meeting": "the meeting",
    "membership": "a seat",
    "ownword": "a word on whose feedback it is",
    "recusal": "who stands aside",
    "snapshot": "the frozen set",
    "supersession": "why a decision was replaced",
}


def hashed(text: str) -> str:
    """Hash a text: SHA-256, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def minute(moment: str) -> str:
    """Write a moment as it is recorded to the minute."""
    return f"{moment[:16].replace('T', ' ')} UTC"


def is_added(name: str) -> bool:
    """Tell whether an operating system puts such a file beside what was unpacked."""
    own = name.rpartition("/")[2]
    return own.lower() in ADDED or own.startswith("._")


def kind_of(name: str) -> str:
    """Read of which kind a row is from its name, "app.kind:id"."""
    return name.partition(":")[0].partition(".")[2]


def begun_in(installation: str) -> str:
    """Compute what a chain of this installation begins upon."""
    told = json.dumps(["chains of", installation], separators=(",", ":"), ensure_ascii=False)
    return hashed(told)


class Verifier:
    """Looks for what does not fit in a case: `faults` names it; `later` names what was written
    about the case after the checkpoint, which its root does not prove; `unclear` says why it cannot
    tell; `proven` is what holds by the root, and `remarks` are none of these."""

    def __init__(self, told: dict[str, Any], files: list[tuple[str, str]], root: str) -> None:
        """`files` are the files of the archive, by name and hash."""
        self.told, self.files, self.root = told, files, "".join(root.split()).lower()
        self.faults: list[str] = []
        self.later: list[str] = []
        self.unclear: list[str] = []
        self.proven: list[str] = []
        self.remarks: list[str] = []
        self.moment = ""  # of the checkpoint, once it is known
        self.own = f"case:{told.get('case')}"  # the key of its own chain
        self.until = ""  # the last step of the case that the root covers, where more followed
        self.counted: list[str] = []  # what was found of the set, for `proven`
        self.people: dict[str, str] = {}  # the name of each, by id
        self.digests: dict[str, list[str]] = {}  # of the events of each chain, by its key
        self.rows: dict[str, Any] = {}  # what each row that is proven says, by its name
        self.unproven: dict[str, Any] = {}  # and each that was stated, or stated anew, later
        self.erased: set[str] = set()  # the digests of what was lawfully erased from the set
        self.erased_later: set[str] = set()  # and of what was erased after the checkpoint

    def verify(self) -> None:
        """Look through all. What cannot be read as a case is a fault too. Where no root is known
        it is still seen whether the archive contradicts itself."""
        try:
            self.what_it_is()
            self.read_names()
            installation, heads = self.proof()
            for chain in self.told["chains"]:
                self.chain(chain, installation, heads)
            self.chains_are_there()
            self.snapshot()
            self.letters()
            self.say_what_is_proven()
        except UNREADABLE as fault:
            self.faults.append(f"this cannot be read as the archive of a case: {fault!r}")

    def what_it_is(self) -> None:
        """See that this is what this version writes, and say what of it no root proves."""
        for name in sorted(self.told.keys() ^ HELD):
            self.faults.append(
                f"case.json holds what it should not, or misses what it should: {name}"
            )
        for part, keys in PARTS.items():
            if any(each.keys() != keys for each in self.told[part]):
                self.faults.append(f"case.json holds what it should not in its {part}")
        leaves = [leaf for proof in self.told["proofs"] for leaf in proof["leaves"]]
        if any(leaf.keys() != {"leaf", "path"} for leaf in leaves):
            self.faults.append("case.json holds what it should not in its proofs")
        if any(item.keys() not in ITEMS for item in self.told["items"]):
            self.faults.append("case.json holds what it should not in its items")
        form = self.told.get("format")
        if form != FORMAT:
            self.unclear.append(f"case.json is of format {form}, which this does not read")
        at, zone = self.told.get("exported_at") or "", self.told.get("zone")
        self.remarks.append(
            f"said, and not proven: taken out on {minute(at)}; case.html shows moments of {zone}"
        )

    # --- The root ---------------------------------------------------------------------------------

    def proof(self) -> tuple[str, dict[str, tuple[int, str]]]:
        """Find the installation, and the heads of chains, that lead to the root."""
        led = [self.root_of(proof) for proof in self.told["proofs"]]
        if self.root not in filter(None, led):
            self.unclear += self.why_not(led)
            return "", {}
        leaves = self.told["proofs"][led.index(self.root)]["leaves"]
        first, *heads = [json.loads(each["leaf"]) for each in leaves]
        if first[0] != "checkpoint" or any(side == "left" for side, _ in leaves[0]["path"]):
            self.faults.append("the first leaf under this root is not that of a checkpoint")
            return "", {}
        _kind, installation, number, self.moment, chains, _before = first
        self.remarks.append(
            f"checkpoint {number} of {installation}, {minute(self.moment)}, over {chains} chains"
        )
        return installation, {key: (length, head) for key, length, head in heads}

    def why_not(self, led: list[str]) -> Iterator[str]:
        """Say why what was typed is no root under which this archive proves itself. The roots that
        it leads to are not said: who took one from here would let the archive prove itself."""
        typed = self.root.replace("-", "")
        codes = [
            json.loads(text)[2]["head"]
            for chain in self.told["chains"]
            for name, text in chain["rows"].items()
            if name.startswith(ANNOUNCEMENT + ":")
        ]
        if len(typed) >= SHORTEST_CODE and any(code.startswith(typed) for code in codes):
            yield (
                "this is the code of the letter, or its control code, and not the root: that "
                'stands on the letter after "Checkpoint"'
            )
        elif not re.fullmatch("[0-9a-f]{64}", self.root):
            yield (
                "this is no root: a root has 64 characters, figures and the letters a to f; these "
                f"are {len(self.root)}"
            )
        else:
            yield (
                "nothing here leads to this root: there is a typing mistake in it, or it is of "
                "another checkpoint, of another case, or of an archive that was altered since. "
                "Type it again; with a root from another mail an auditor takes the case out anew, "
                "and fills it in there"
            )
        days = ", ".join(sorted(map(self.day_of, self.told["proofs"])))
        yield f"this archive proves itself under the roots of {len(led)} checkpoints: {days}"

    def day_of(self, proof: dict[str, Any]) -> str:
        """Read of which moment the checkpoint of a proof is, as the archive says."""
        first = json.loads(proof["leaves"][0]["leaf"]) if proof["leaves"] else []
        return minute(first[3]) if first and first[0] == "checkpoint" else "no moment"

    def root_of(self, proof: dict[str, Any]) -> str:
        """Compute the root to which a proof leads; none where its leaves lead to several."""
        roots = set()
        for each in proof["leaves"]:
            node = hashlib.sha256(b"\x00" + each["leaf"].encode()).digest()
            for side, hexed in each["path"]:
                beside = bytes.fromhex(hexed)
                pair = beside + node if side == "left" else node + beside
                node = hashlib.sha256(b"\x01" + pair).digest()
            roots.add(node.hex())
        return roots.pop() if len(roots) == 1 else ""

    # --- Chains -----------------------------------------------------------------------------------

    def chain(
        self, chain: dict[str, Any], installation: str, heads: dict[str, tuple[int, str]]
    ) -> None:
        """Follow a chain to its head under the root, and compare its rows with what is stated of
        them until there."""
        key, events = chain["key"], [json.loads(text) for text in chain["events"]]
        if key in self.digests:
            self.faults.append(f"{key}: this chain stands here twice")
            return
        self.digests[key] = digests = [hashed(text) for text in chain["events"]]
        self.faults += [
            f"{key}: {fault}" for fault in self.broken(key, events, digests, installation)
        ]
        length = len(events)
        if installation:
            length, head = heads.get(key, (0, ""))
            self.faults += [f"{key}: {fault}" for fault in self.beheaded(key, events, length, head)]
            if not length:
                self.unclear.append(
                    f"{key}: nothing under this root says how it was; it is of a checkpoint before "
                    f"that was there, or its head was left out. None of its {len(events)} events "
                    f"and {len(chain['rows'])} rows is proven: ask for the root of a later letter "
                    "or mail"
                )
        if key == self.own and 0 < length < len(events):
            self.until = self.told_by(events[length - 1])
        self.rows_of(chain, events[:length], events[length:])

    def beheaded(self, key: str, events: list[Any], length: int, head: str) -> Iterator[str]:
        """Name what of a chain is not as its head, of so many events, under the root."""
        if length > len(events):
            yield f"the last {length - len(events)} of {length} events are missing"
        elif length and self.digests[key][length - 1] != head:
            yield f"{self.told_by(events[length - 1])} was altered"

    def broken(
        self, key: str, events: list[Any], digests: list[str], installation: str
    ) -> Iterator[str]:
        """Name where an event does not stand upon the one before it."""
        for place, event in enumerate(events):
            if (event["chain"], event["number"]) != (key, place + 1):
                yield f"event {place + 1} is missing, or another stands in its place"
                return
            if place and event["previous"] != digests[place - 1]:
                yield f"{self.told_by(events[place - 1])} was altered"
            elif not place and installation and event["previous"] != begun_in(installation):
                yield "its first event was altered, or is of another installation"
                return

    def rows_of(self, chain: dict[str, Any], events: list[Any], after: list[Any]) -> None:
        """Compare each row with the last event that states it under the root, or before it was
        ended; what is stated `after` it is not proven."""
        stated, later = self.stated(events), self.stated(after)
        anew = self.stated_anew(chain["rows"], [*events, *after])
        kind = chain["key"].partition(":")[0]
        is_own = chain["key"] == self.own
        changed = set()  # what stood otherwise at the checkpoint, or bears on this case
        for name, text in chain["rows"].items():
            called, _salt, content = json.loads(text)
            statement, event = later.get(name) or stated.get(name) or (None, None)
            model, _colon, pk = name.partition(".")[2].partition(":")
            if model not in HOMES[kind] or (model == kind and chain["key"] != f"{kind}:{pk}"):
                self.faults.append(f"{self.call(name)} has no place on {chain['key']}")
            elif statement is None:
                self.faults.append(f"{self.call(name)} was put in: no event states it")
            elif called != name or statement != hashed(text):
                self.faults.append(f"{self.call(name)} is not as {self.told_by(event)} states it")
            elif name in anew:
                self.faults.append(
                    f"{self.call(name)} was stated otherwise by {self.told_by(anew[name])}, and "
                    "nothing but an erasure changes it"
                )
            elif name not in later:
                self.rows[name] = content
            elif not is_own and name in stated and (before := self.before(chain, name, stated)):
                self.rows[name] = before
            else:
                self.unproven[name] = content
                if is_own or name in stated or name.startswith(CONTRADICTS):
                    changed.add(name)
                    self.later.append(f"{self.call(name)} is as {self.told_by(event)} states it")
            if is_own and model == "erasure" and (name in self.rows or name in self.unproven):
                erased = self.erased if name in stated else self.erased_later
                erased.add(content["digest"])
        for name, (statement, event) in {**stated, **later}.items():
            if name in chain["rows"]:
                continue
            if statement is None:  # nothing that a settled case holds is ever taken away
                statement, event = stated.get(name, (None, event))
            if statement is not None and not self.is_sealed(name):
                self.faults.append(
                    f"{self.call(name)} was removed; {self.told_by(event)} states it"
                )
        self.went_on(chain["key"], is_own, changed, after)

    def stated_anew(self, texts: dict[str, str], events: list[Any]) -> dict[str, Any]:
        """Find which of the rows that never change were stated otherwise than before, by the event
        that does; not where an erasure, which the same event states, blanked what it names."""
        said: dict[str, Any] = {}
        anew: dict[str, Any] = {}
        for event in events:
            rows = event["statement"]["rows"]
            for name, statement in rows.items():
                if kind_of(name) not in LASTING or statement is None:
                    continue
                if said.setdefault(name, statement) != statement and not any(
                    self.is_blanked(name, other, texts)
                    for other in rows
                    if other.startswith(ERASURE + ":")
                ):
                    anew[name] = event
                said[name] = statement
        return anew

    def is_blanked(self, name: str, erasure: str, texts: dict[str, str]) -> bool:
        """Tell whether this erasure is of this row, or of a part of it, and what it names is blank
        there."""
        if not (name in texts and erasure in texts):
            return False
        row, told = json.loads(texts[name])[2], json.loads(texts[erasure])[2]
        kind, pk = kind_of(told["name"]), told["name"].partition(":")[2]
        parts = [part[pk] for part in row.values() if isinstance(part, dict) and pk in part]
        columns = told["columns"]
        return (
            bool(columns)
            and set(columns) <= LASTING[kind_of(name)].get(kind, set())
            and any(
                all(one.get(column, "?") in (None, "") for column in columns)
                for one in ([row] if told["name"] == name else parts)
            )
        )

    def before(
        self, chain: dict[str, Any], name: str, stated: dict[str, tuple[Any, Any]]
    ) -> dict[str, Any] | None:
        """Read how a row was that only ended after the checkpoint, if that is what the root proves:
        a member left, a meeting was closed, a committee has another mandate."""
        text = chain["rows"][name]
        ended = re.compile(r'"(ended_at|closed_at)":"([^"]*)"')
        if any(moment < self.moment for _key, moment in ended.findall(text)):
            return None
        texts = [ended.sub(r'"\1":null', text)]
        texts.append(texts[0].replace('"state":"closed"', '"state":"open"'))
        mandates = [row.partition(":")[2] for row in chain["rows"] if row.startswith(MANDATE + ":")]
        for value in ("null", *map(json.dumps, mandates)):
            texts.append(f'"mandate":{value}'.join(re.split('"mandate":"[^"]*"', text)))
        for each in texts:
            if hashed(each) == stated[name][0]:
                return json.loads(each)[2]
        return None

    def went_on(self, key: str, is_own: bool, changed: set[str], after: list[Any]) -> None:
        """Say what was done after the checkpoint: of each step of the case, of what changed
        something that bears on it, and of what is dated before the checkpoint; of the rest of a
        meeting or a committee, how many steps it is."""
        count = 0
        for event in after:
            names = event["statement"]["rows"].keys()
            if is_own or changed & names or event["recorded_at"] < self.moment:
                self.later.append(f"{self.told_by(event)} is later than this checkpoint")
            else:
                count += 1
        if count:
            kind = key.partition(":")[0]
            self.remarks.append(
                f"the record of the {kind} went on after this checkpoint, which proves nothing of "
                f"that; steps: {count}"
            )

    def stated(self, events: list[Any]) -> dict[str, tuple[Any, Any]]:
        """Find what is stated last of each row, and by which event."""
        return {
            name: (statement, event)
            for event in events
            for name, statement in event["statement"]["rows"].items()
        }

    def is_sealed(self, name: str) -> bool:
        """Tell whether this is a judgement that was never opened, which nobody reads."""
        own = f"{CASE}:{self.told['case']}"
        case = self.rows.get(own)
        later = self.unproven.get(own, {"opened_at": True})
        if not name.startswith(JUDGEMENT + ":") or (case or later)["opened_at"]:
            return False
        if case:
            self.remarks.append(f"{self.call(name)} was never opened, and stays sealed")
        else:
            self.unclear.append(
                f"{self.call(name)} is not here: whether it was never opened, a later root proves"
            )
        return True

    def chains_are_there(self) -> None:
        """See that the case is the one that is said, with its meeting and its committee, and that
        no other chain stands beside theirs."""
        rows = {**self.unproven, **self.rows}
        case = rows.get(f"{CASE}:{self.told['case']}", {})
        meeting = rows.get(f"{MEETING}:{case.get('meeting')}", {})
        keys = [
            self.own,
            f"meeting:{case.get('meeting')}",
            f"committee:{meeting.get('committee')}",
        ]
        missing = [key for key in keys if key not in self.digests]
        self.faults += [f"the chain {key} is missing" for key in missing]
        put_in = [key for key in self.digests if key not in keys]
        self.faults += [f"the chain {key} is of another case" for key in put_in]

    # --- The frozen set ---------------------------------------------------------------------------

    def read_names(self) -> None:
        """Read who is who from the items, for naming what is found."""
        for item in self.told["items"]:
            if "content" in item:
                content = json.loads(item["content"])
                if set(content) == {"id", "name"}:
                    self.people[content["id"]] = content["name"]

    def snapshot(self) -> None:
        """Compare the manifest with what was recorded of it, and each item with the manifest; also
        where the set was frozen after the checkpoint, whose root then proves nothing of it."""
        proven, later = (
            [row["digest"] for name, row in rows.items() if name.startswith(SNAPSHOT + ":")]
            for rows in (self.rows, self.unproven)
        )
        manifest = self.told["manifest"]
        if proven + later != [hashed(manifest)]:
            self.faults.append("the manifest is not the one that was recorded as the frozen set")
        items = {item["digest"]: item for item in self.told["items"]}
        named = {entry["digest"]: entry["kind"] for entry in json.loads(manifest)["items"]}
        for number, (digest, kind) in enumerate(named.items(), start=1):
            what = f"item {number} of the set ({kind})"
            if digest not in items:
                self.faults.append(f"{what} was removed")
            elif "content" in items[digest]:
                if self.digest_of(items[digest]) != digest:
                    self.faults.append(f"{what} was altered")
            elif digest in self.erased:
                self.remarks.append(f"{what} was lawfully erased")
            elif digest in self.erased_later:
                self.later.append(f"{what} is empty: erased later, as a later root proves")
            else:
                self.faults.append(f"{what} is empty, and no erasure was recorded")
        for digest in items.keys() - named.keys():
            self.faults.append(f"an item was put into the set: {digest[:12]}")
        if len(items) < len(self.told["items"]):
            self.faults.append("an item stands in the set twice")
        elif items.keys() == named.keys() and list(items) != list(named):
            self.faults.append("the items of the set stand in another order")
        self.counted.append(f"the frozen set, of {len(named)} items")
        pieces = [item for digest, item in items.items() if named.get(digest) == "piece"]
        self.compare_files(pieces)
        if not proven:
            self.counted.clear()

    def digest_of(self, item: dict[str, str]) -> str:
        salted = bytes.fromhex(item["salt"]) + item["content"].encode()
        return hashlib.sha256(salted).hexdigest()

    def compare_files(self, pieces: list[dict[str, str]]) -> None:
        """Compare the files, and how they are called, with what the pieces say of them."""
        named: dict[str, set[str]] = {}
        for piece in pieces:
            if "content" in piece:
                for file in json.loads(piece["content"])["files"]:
                    if file["digest"]:
                        named.setdefault(file["digest"], set()).add(file["name"])
        there = {digest for _name, digest in self.files}
        if named:
            self.counted.append(f"files: {len(there & named.keys())} of {len(named)}")
        for digest, names in named.items():
            if digest not in there:
                called = " or ".join(sorted(names))
                self.faults.append(f"the file {called} ({digest[:12]}) is missing, or was altered")
        for name, digest in self.files:
            if is_added(name):
                self.remarks.append(f"passed over, as operating systems put such there: {name}")
            elif not any(name == f"files/{digest[:12]} {each}" for each in named.get(digest, ())):
                self.faults.append(f"no piece of the set shows what is in {name}, under that name")

    # --- The letters ------------------------------------------------------------------------------

    def letters(self) -> None:
        """Compare the control codes of the letters with the chain of the case."""
        digests = self.digests.get(self.own, [])
        for name, row in {**self.unproven, **self.rows}.items():
            if name.startswith(ANNOUNCEMENT + ":"):
                if row["head"] not in digests:
                    self.faults.append("the control code on a letter is of no event of this case")
                elif name in self.rows:
                    self.remarks.append(f"control code on the letter: {row['head']}")

    # --- What is proven ---------------------------------------------------------------------------

    def say_what_is_proven(self) -> None:
        """Say what holds by the root, where nothing speaks against it."""
        if self.faults or self.unclear:
            return
        if self.until:
            self.proven.append(f"the case until {self.until}")
        rows = self.rows.items()
        decisions = [row for name, row in rows if name.startswith(DECISION + ":")]
        for row in sorted(decisions, key=lambda row: row["number"]):
            moment, who = minute(row["recorded_at"]), self.people.get(row["by"], "somebody")
            self.proven.append(
                f"the decision of {moment}, recorded by {who}, with who was present then"
            )
        judged = {row["person"] for name, row in rows if name.startswith(JUDGEMENT + ":")}
        if judged:
            self.proven.append(f"judgements of members: {len(judged)}")
        self.proven += self.counted

    # --- Words ------------------------------------------------------------------------------------

    def told_by(self, event: Any) -> str:
        """Name an event by its place, what it says, its moment and who did it."""
        who = self.people.get(event["by"] or "", "")
        by = f", {who}" if who else ""
        return f"event {event['number']} ({event['verb']}, {event['recorded_at'][:16]}{by})"

    def call(self, name: str) -> str:
        """Name a row by its kind and the beginning of its id."""
        label, _colon, pk = name.partition(":")
        model = label.partition(".")[2]
        return f"{CALLED.get(model, model)} ({pk[:8]})"


# --- The archive ----------------------------------------------------------------------------------


def read_archive(place: Path) -> tuple[str, str, list[tuple[str, str]]]:
    """Read the case, its page, and all else by name and hash, from an archive or from where it was
    unpacked. Raises ValueError where something stands in it twice."""
    if place.is_dir():
        paths = sorted(path for path in place.rglob("*") if path.is_file())
        names = [path.relative_to(place).as_posix() for path in paths]
        opened: Any = lambda name: (place / name).open("rb")  # noqa: E731
    else:
        archive = zipfile.ZipFile(place)
        names = [name for name in archive.namelist() if not name.endswith("/")]
        opened = archive.open
    if len(set(names)) < len(names):
        raise ValueError("something stands in it twice")
    with opened("case.json") as file:
        written = file.read().decode("utf-8")
    with opened("case.html") as file:
        page = file.read().decode("utf-8")
    files = [name for name in names if name not in ("case.json", "case.html", "verifier.py")]
    return written, page, [(name, _hash(opened, name)) for name in files]


def _hash(opened: Any, name: str) -> str:
    digest = hashlib.sha256()
    with opened(name) as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def in_script(written: str) -> str:
    """Write JSON as it stands in a script element of a page, which nothing in it can end."""
    return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def around(page: str, written: str) -> str:
    """Hash the two parts of a page between which a case stands, each as what it is."""
    before, _told, after = page.partition(in_script(written))
    return hashed(json.dumps([before, after]))


def once_only(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Read an object of JSON in which no name stands twice: one reader takes the first, another
    the last."""
    if len(read := dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice in it")
    return read


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Stop with the exit code of what cannot be told: 2 has another meaning here."""
        self.print_usage(sys.stderr)
        cannot_tell(message)


def cannot_tell(why: str) -> NoReturn:
    print(f"This cannot tell: {printable(why)}", file=sys.stderr)
    sys.exit(3)


def printable(text: str) -> str:
    """Write what an archive holds so that it moves no cursor, hides nothing and turns nothing
    round."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def main() -> None:
    streams: list[Any] = [sys.stdout, sys.stderr]
    for stream in streams:  # where a terminal has no place for a sign
        stream.reconfigure(errors="backslashreplace")
    parser = _Parser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path, help="case.zip, or the folder where it was unpacked")
    parser.add_argument("--root", help="the root after Checkpoint on the letter, or in the mail")
    chosen, rest = parser.parse_known_args()  # what is left: a root in several parts
    try:
        typed = chosen.root or input("The root on the letter or in the mail: ")
    except EOFError:
        cannot_tell("no root was typed.")
    try:
        written, page, files = read_archive(chosen.archive)
        told = json.loads(written, object_pairs_hook=once_only)
        verifier = Verifier(told, files, " ".join([typed, *rest]))
    except RecursionError:
        sys.exit("This cannot be read as the archive of a case: one thing in another without end")
    except NO_ARCHIVE as fault:
        cannot_tell(f"this cannot be read as an archive: {fault}")
    except UNREADABLE as fault:
        sys.exit(f"This cannot be read as the archive of a case: {printable(str(fault))}")
    verifier.verify()
    if in_script(written) not in page:
        verifier.faults.append("the page case.html shows something else than case.json")
        verifier.proven.clear()
    code = say(verifier)
    if not PAGES:
        print("This copy knows no page, and says nothing of case.html: the school's copy does.")
    elif around(page, written) not in PAGES:
        code = code or 2
        print(
            "Do not read case.html: it may show anything, since it is not the page that this "
            "version draws. The verifier of the version that made the archive knows its page."
        )
    sys.exit(code)


def say(verifier: Verifier) -> int:
    """Print what was found, and give the exit code that says it."""
    for sign, found in (
        ("   ", verifier.remarks),
        ("  !", verifier.faults),
        ("  ?", [*verifier.unclear, *verifier.later]),
        ("  + proven:", verifier.proven),
    ):
        for each in found:
            print(sign, printable(each))
    if verifier.faults:
        print("This is NOT what was recorded.", file=sys.stderr)
        return 1
    if verifier.unclear:
        print("This cannot tell. It proves nothing, and nothing here contradicts itself.")
        return 3
    if verifier.later:
        print(
            "What is proven by this root is as it was recorded. What is later is not proven by it: "
            "ask for the root of a later letter or mail."
        )
        return 2
    print("All that was recorded of this case is as it was recorded.")
    return 0


if __name__ == "__main__":
    main()
