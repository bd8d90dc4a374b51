"""Checkpoints outside the database: a file of each in CHECKPOINT_ROOT. Whoever puts an older
database back does not have what these name; so they show what is lost, and what was erased and is
here again.
"""

import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Self

from django.conf import settings
from django.utils import timezone

from records.chain import canonical, fault_of_proof, proof_over
from records.checkpoints import UNDER_WAY, Heads
from records.models import Checkpoint, Erasure, Event
from records.verification import (
    EVENTS_AT_ONCE,
    NOT_HERE,
    faults_since,
    guarded,
    in_parts,
    unread_as,
)

A_CHECKPOINT = re.compile(r"checkpoint-([0-9]{6,})(?:-[0-9a-f]{12})?\.json")
SET_ASIDE = "lost-"  # before that name, of one that a backup which was put back does not know
UNFINISHED = ".part"  # after the name of a file while it is written
WRITTEN_WITHIN = timedelta(
    hours=1
)  # a file follows its checkpoint at once, unless the disk is full
LEFT = timedelta(hours=1)  # after which nobody is writing it any more

PROVEN = "checkpoint"  # what the proof of such a file is of
Erased = tuple[str, tuple[str, ...]]  # the name of a row, and its columns

# --- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """What the file of a checkpoint says: the `heads` that moved since the one before, and what was
    `erased` since. `fault` says why it is not proven that we wrote it, if it is not."""

    installation: str
    number: int
    recorded_at: datetime
    root: str
    heads: Heads
    erased: tuple[Erased, ...]
    fault: str

    @classmethod
    def parse(cls, name: str, content: bytes) -> Self:
        """Read a file with this name. Raises ValueError where it is of no checkpoint, or of one
        with another number."""
        numbered = A_CHECKPOINT.fullmatch(name)
        match said := json.loads(content):
            case {
                "installation": str(installation),
                "number": int(number),
                "recorded_at": str(recorded_at),
                "root": str(root),
                "heads": dict(heads),
                "erased": list(erased),
                "proof": proof,
            } if numbered is None or int(numbered[1]) == number:
                return cls(
                    installation=installation,
                    number=number,
                    recorded_at=_moment(recorded_at),
                    root=root,
                    heads={key: _head(said) for key, said in heads.items()},
                    erased=tuple(map(_erased, erased)),
                    fault=fault_of_proof(PROVEN, _without_proof(said), proof),
                )
        raise ValueError(f"{name} is no checkpoint")


def _without_proof(said: dict[str, Any]) -> bytes:
    return canonical({name: value for name, value in said.items() if name != "proof"})


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment


def _head(said: object) -> tuple[int, str]:
    match said:
        case [int(length), str(head)]:
            return length, head
    raise ValueError("this is no head")


def _erased(said: object) -> Erased:
    match said:
        case [str(name), list(columns)] if all(isinstance(column, str) for column in columns):
            return name, tuple(columns)
    raise ValueError("nothing that is erased")


def kept_checkpoints(folder: Path | None = None, *, is_lost: bool = False) -> list[Path]:
    """List the files of checkpoints in a folder (CHECKPOINT_ROOT), by their numbers; or of those
    that were set aside when a backup of before was put back."""
    folder = folder or Path(settings.CHECKPOINT_ROOT)
    found = folder.iterdir() if folder.exists() else ()
    before = SET_ASIDE if is_lost else ""
    return sorted(
        path
        for path in found
        if path.name.startswith(before) and A_CHECKPOINT.fullmatch(path.name[len(before) :])
    )


def read_kept(paths: Iterable[Path], faults: list[str]) -> Iterator[KeptCheckpoint]:
    """Read these files one after another; puts in `faults` which cannot be read, or are not as we
    wrote them: those are not believed."""
    for path in paths:
        try:
            said = KeptCheckpoint.parse(path.name, path.read_bytes())
        except (OSError, ValueError) as fault:
            faults.append(unread_as(path.name, fault))
        else:
            if said.fault:
                faults.append(f"{path.name}: {said.fault}")
            else:
                yield said


# --- Writing --------------------------------------------------------------------------------------


def keep_in_files() -> list[str]:
    """Write a file for each checkpoint that has none yet, in CHECKPOINT_ROOT, the oldest first:
    what it says, the heads that moved since the one before, and which rows were erased since, so
    that who puts an older database back knows what to erase again. A file that is there stays:
    where it is of another checkpoint with this number, that is a fault, which is returned, and the
    file gets its root in its name. One query where none is missing, and a file is read."""
    place = Path(settings.CHECKPOINT_ROOT)
    place.mkdir(parents=True, exist_ok=True)
    for part in place.glob(f"*{UNFINISHED}"):  # of who was killed while writing it
        if part.stat().st_mtime < time.time() - LEFT.total_seconds():
            part.unlink(missing_ok=True)
    there = {path.name for path in kept_checkpoints(place)}
    faults: list[str] = []
    missing: list[tuple[Path, Checkpoint]] = []
    is_ours = False  # the newest file that is of ours: those before it were looked at then
    for checkpoint in Checkpoint.objects.order_by("-number").iterator():
        path = place / f"checkpoint-{checkpoint.number:06}.json"
        if path.name in there and not is_ours and not (is_ours := _is_of(path, checkpoint)):
            faults.append(f"{path.name}: not of the checkpoint {checkpoint.number} that is here")
            path = path.with_stem(f"{path.stem}-{checkpoint.root[:12]}")
            is_ours = path.name in there and _is_of(path, checkpoint)
        if path.name not in there:
            missing.append((path, checkpoint))
    for path, checkpoint in reversed(missing):
        said = _said(checkpoint)
        proof = proof_over(PROVEN, canonical(said))
        write_whole(path, canonical(said | {"proof": proof}))
    return faults


def _said(checkpoint: Checkpoint) -> dict[str, Any]:
    moved = checkpoint.leaves.order_by("key").values_list("key", "length", "head")
    return {
        "installation": checkpoint.installation,
        "number": checkpoint.number,
        "recorded_at": checkpoint.recorded_at,
        "chains": checkpoint.chains,
        "previous": checkpoint.previous,
        "root": checkpoint.root,
        "heads": {key: [length, head] for key, length, head in moved.iterator()},
        "erased": list(_erased_for(checkpoint)),
    }


def _is_of(path: Path, checkpoint: Checkpoint) -> bool:
    """Tell whether this file is of this checkpoint; one that cannot be read is not."""
    return any(said.root == checkpoint.root for said in read_kept([path], []))


def _erased_for(checkpoint: Checkpoint) -> Iterator[list[Any]]:
    """Find what was erased since the checkpoint before: the name of each row and its columns. What
    was under way when that one was made is in both; so is what was erased while the clock was
    wrong."""
    rows = Erasure.objects.filter(recorded_at__lte=checkpoint.recorded_at)
    before = Checkpoint.objects.filter(number=checkpoint.number - 1).first()
    if before is not None:
        since = min(before.recorded_at, checkpoint.recorded_at) - UNDER_WAY
        rows = rows.filter(recorded_at__gt=since)
    return (list(row) for row in rows.order_by("recorded_at", "pk").values_list("name", "columns"))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    with NamedTemporaryFile(
        dir=path.parent, prefix=path.name, suffix=UNFINISHED, delete=False
    ) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink()
            raise
    Path(file.name).replace(path)
    place = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


# --- Comparing with what is here ------------------------------------------------------------------


def faults_since_files(kept: Iterable[KeptCheckpoint]) -> Iterator[str]:
    """Report what is wrong since checkpoints of which somebody kept the files: each that is not
    here, and each chain that moved for one of them and is not there as it was. Reads them one after
    another; two queries for each few thousand chains; the root is computed of the last only."""
    last: KeptCheckpoint | None = None
    roots: set[str] = set()
    heads: dict[tuple[str, int], tuple[str, int]] = {}
    for said in kept:
        if last is None or said.number >= last.number:
            last = said
        roots.add(said.root)
        for key, (length, head) in said.heads.items():
            if heads.setdefault((key, length), (head, said.number))[0] != head:
                yield f"{key}: what was kept of checkpoint {said.number} contradicts itself"
        if len(heads) > EVENTS_AT_ONCE:
            yield from _since(roots - {last.root}, heads)
            roots, heads = {last.root}, {}
    if last is not None:
        yield from _since(roots - {last.root}, heads)
        yield from faults_since(last.root)


def _since(
    roots: Collection[str], heads: Mapping[tuple[str, int], tuple[str, int]]
) -> Iterator[str]:
    """Report those of these roots and heads of chains that are not here."""
    here = set(Checkpoint.objects.filter(root__in=roots).values_list("root", flat=True))
    for root in sorted(set(roots) - here):
        yield NOT_HERE % root[:12]
    for part in in_parts(sorted(heads)):
        events = Event.objects.filter(
            chain__key__in={key for key, _length in part},
            number__in={length for _key, length in part},
        )
        said = {
            (key, number): digest
            for key, number, digest in events.values_list("chain__key", "number", "digest")
        }
        for place in part:
            head, number = heads[place]
            if said.get(place) != head:
                yield f"{place[0]}: not there as checkpoint {number} covers it"


def faults_since_kept(folder: Path | None = None) -> Iterator[str]:
    """Report what is wrong since the checkpoints in a folder (CHECKPOINT_ROOT): a database that was
    put back is whole in itself, and not the one that they cover; and which files cannot be read,
    are not as we wrote them, or are gone: where the folder was emptied, all that are here. Queries
    as `faults_since_files`, and one."""
    paths = kept_checkpoints(folder)
    unread: list[str] = []
    name = "the files of checkpoints"
    yield from guarded(name, faults_since_files(read_kept(paths, unread)))
    yield from unread
    there = sorted({int(path.stem.split("-")[1]) for path in paths})
    here = Checkpoint.objects.filter(recorded_at__lt=timezone.now() - WRITTEN_WITHIN)
    written = list(here.values_list("number", flat=True))
    gone = sorted(set(written).difference(there))
    for first, last in _runs(number for number in gone if number >= min(there, default=0)):
        until = f" to {last:06}.json" if last > first else ""
        yield f"checkpoint-{first:06}.json{until}: not there"
    known = max(written, default=0)
    for before, after in pairwise(there):
        if after > before + 1 and after > known + 1:  # of a database that was put back since
            yield f"checkpoint-{max(before, known) + 1:06}.json: not there"


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Divide numbers into runs without a gap: the first and the last of each."""
    run: list[int] = []
    for number in numbers:
        if run and number > run[-1] + 1:
            yield run[0], run[-1]
            run = []
        run.append(number)
    if run:
        yield run[0], run[-1]


# --- What is lost since ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lost:
    """What checkpoints cover of a chain and is not here, as a backup of before was put back: so
    many steps, from after the last one that is (None where nothing of the chain is), until the
    last checkpoint over them."""

    key: str
    steps: int
    after: datetime | None
    until: datetime

    def __str__(self) -> str:
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        begun = f"after {to_the_minute(self.after)}, " if self.after else "all that there was, "
        return f"{self.key}: {steps}, {begun}until {to_the_minute(self.until)}"


def to_the_minute(moment: datetime) -> str:
    """Write a moment in the installation's time, for who reads the output of a command."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def set_lost_checkpoints_aside() -> list[str]:
    """Give the files in CHECKPOINT_ROOT of checkpoints that were made after what stands here
    another name, as the next ones made here get their numbers; returns those names. What cannot be
    read stays, for verifying to name."""
    last = Checkpoint.objects.order_by("number").last()
    place, aside = Path(settings.CHECKPOINT_ROOT), []
    for path in kept_checkpoints(place):
        for said in read_kept([path], []):
            if last is None or said.number > last.number:
                moved = place / f"{SET_ASIDE}{path.stem}-{said.root[:12]}.json"
                path.rename(moved)
                aside.append(moved.name)
    return aside


def erased_since() -> list[Erased]:
    """List what the checkpoints that were set aside, now or before, say was erased: it may be here
    again."""
    erased = (
        each for said in read_kept(kept_checkpoints(is_lost=True), []) for each in said.erased
    )
    return list(dict.fromkeys(erased))


def lost_since(kept: Iterable[KeptCheckpoint]) -> list[Lost]:
    """Find what these checkpoints cover and is not here, by the keys of its chains; for those that
    were set aside when a backup was put back. What is here and dated until they were made is taken
    for what they cover. A query for each few thousand chains."""
    covered: dict[str, list[tuple[int, str, datetime]]] = defaultdict(list)
    for said in kept:
        for key, (length, head) in said.heads.items():
            covered[key].append((length, head, said.recorded_at))
    found = []
    for part in in_parts(sorted(covered)):
        here: dict[str, dict[int, tuple[str, datetime]]] = defaultdict(dict)
        events = Event.objects.filter(chain__key__in=part)
        said_of = events.values_list("chain__key", "number", "digest", "recorded_at")
        for key, number, digest, at in said_of.iterator():
            here[key][number] = digest, at
        for key in part:
            length, head, until = max(covered[key])
            if here[key].get(length, ("",))[0] == head:
                continue
            shared = [at for number, (_digest, at) in here[key].items() if at <= until]
            steps = max(length - len(shared), 1)
            found.append(Lost(key, steps, max(shared, default=None), until))
    return found
