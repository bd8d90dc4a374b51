"""A case outside the system: all that was recorded of it, as one file that proves itself.

The archive holds the case (`case.json`), a page that shows and verifies it in a browser without a
network, a verifier for who trusts no page, and the files of the frozen set. What is hashed stands
in it as the very text that was hashed. It needs no key: what proves it is a root, which whoever
verifies has from the letter or a mail, and not from the archive.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override
from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from committees.models import (
    Announcement,
    Case,
    Judgement,
    Membership,
    Outcome,
    SnapshotFile,
    SnapshotItem,
)
from committees.record import AROUND, KINDS, WORDS
from committees.verifier import FORMAT, HELD, HOMES, LASTING, around, in_script
from committees.workflow import locked_meeting
from files.models import StoredFile
from files.serving import CHUNK
from people.models import Account
from portfolio.evidence_set import CONFIRMED, DENIED, NOTED, WRITTEN, PieceFact, from_plain
from portfolio.models import Light
from records.chain import append, event_in_full, row_in_full
from records.checkpoints import first_after, proof_for
from records.models import Chain, Checkpoint, Event, Sealed, name_of
from records.verification import sealed_models

ROWS: dict[str, Promise] = {
    "announcement": gettext_lazy("the announcement"),
    "attendance": gettext_lazy("who is present"),
    "case": gettext_lazy("the case"),
    "committee": gettext_lazy("the committee"),
    "contradiction": gettext_lazy("a member's word that they were not there"),
    "contradictionanswer": gettext_lazy("what the secretary answered to that"),
    "decision": gettext_lazy("the decision"),
    "deferral": gettext_lazy("the deferral"),
    "erasure": gettext_lazy("an erasure"),
    "judgement": gettext_lazy("a judgement"),
    "leading": gettext_lazy("who leads"),
    "mandate": gettext_lazy("the mandate"),
    "meeting": gettext_lazy("the meeting"),
    "membership": gettext_lazy("a seat"),
    "ownword": gettext_lazy("a word on whose feedback it is"),
    "recusal": gettext_lazy("who stands aside"),
    "snapshot": gettext_lazy("the frozen set"),
    "supersession": gettext_lazy("why a decision was replaced"),
}

STANDINGS: dict[str, Promise] = {
    WRITTEN: gettext_lazy("written by themselves"),
    NOTED: gettext_lazy("noted by the student, not confirmed"),
    CONFIRMED: gettext_lazy("noted by the student, confirmed"),
    DENIED: gettext_lazy("denied"),
}

# What the page of the archive says (templates/committees/export.js).
SAID: dict[str, Promise] = {
    "verdict_good": gettext_lazy("All is as it was recorded."),
    "verdict_partly": gettext_lazy(
        "What this root proves is as it was recorded. What is later is not proven by it: ask for "
        "the root of a later letter or mail."
    ),
    "verdict_bad": gettext_lazy("This is not what was recorded."),
    "verdict_unclear": gettext_lazy("This cannot tell whether it is as it was recorded."),
    "proven": gettext_lazy("This is proven"),
    "besides": gettext_lazy("Besides"),
    "proven_until": gettext_lazy("The case until %(event)s."),
    "proven_decision": gettext_lazy(
        "The decision of %(moment)s, recorded by %(who)s, with who was present then."
    ),
    "proven_judgements": gettext_lazy("Judgements of members: %(count)s."),
    "proven_set": gettext_lazy("The frozen set, of %(count)s items."),
    "proven_files": gettext_lazy("Files: %(count)s of %(all)s."),
    "file_not_compared": gettext_lazy("Not compared, as it was not chosen: the file %(name)s."),
    "went_on_meeting": gettext_lazy(
        "The record of the meeting went on after this checkpoint, which proves nothing of that. "
        "Steps: %(count)s."
    ),
    "went_on_committee": gettext_lazy(
        "The record of the committee went on after this checkpoint, which proves nothing of that. "
        "Steps: %(count)s."
    ),
    "event": gettext_lazy("step %(number)s (%(who)s %(what)s, %(moment)s)"),
    "checkpoint": gettext_lazy(
        "Checkpoint %(number)s of %(installation)s, %(moment)s, over %(chains)s chains."
    ),
    "code": gettext_lazy("Control code on the letter: %(code)s"),
    "not_proven": gettext_lazy(
        "Said, and not proven: taken out on %(moment)s; this page shows moments of %(zone)s."
    ),
    "foreign": gettext_lazy(
        "case.json holds what it should not, or misses what it should: %(name)s."
    ),
    "other_format": gettext_lazy(
        "case.json is of format %(format)s, which this page does not read."
    ),
    "erased": gettext_lazy("Lawfully erased: %(what)s."),
    "sealed": gettext_lazy("Never opened, and sealed for ever: %(what)s."),
    "later": gettext_lazy("Later than this checkpoint, and not proven by it: %(what)s."),
    "erased_later": gettext_lazy("Empty: erased later, as a later root proves: %(what)s."),
    "sealed_later": gettext_lazy(
        "Not here: %(what)s. Whether it was never opened, a later root proves."
    ),
    "other_order": gettext_lazy("The items of the set stand in another order."),
    "later_row": gettext_lazy("Not as this checkpoint proves it, but as %(event)s: %(what)s."),
    "misplaced": gettext_lazy("%(what)s has no place on the chain %(key)s."),
    "twice": gettext_lazy("The chain %(key)s stands here twice."),
    "no_root_at_all": gettext_lazy(
        "This is no root: a root has 64 characters, figures and the letters a to f. These are "
        "%(count)s."
    ),
    "code_for_root": gettext_lazy(
        "This is the code of the letter, or its control code, and not the root: that stands on the "
        "letter after “Checkpoint”."
    ),
    "its_checkpoints": gettext_lazy(
        "This archive proves itself under the roots of so many checkpoints: %(count)s. Of %(days)s."
    ),
    "unreadable": gettext_lazy("This cannot be read as the archive of a case: %(why)s"),
    "no_root": gettext_lazy(
        "Nothing here leads to this root: there is a typing mistake in it, or it is of another "
        "checkpoint, of another case, or of an archive that was altered since. Type it again; with "
        "a root from another mail an auditor takes the case out anew, and fills it in there."
    ),
    "no_checkpoint": gettext_lazy("The first leaf under this root is not that of a checkpoint."),
    "chain_missing": gettext_lazy("The chain %(key)s is missing."),
    "chain_put_in": gettext_lazy("The chain %(key)s is of another case."),
    "not_covered": gettext_lazy(
        "%(key)s: nothing under this root says how it was; it is of a checkpoint before that was "
        "there, or its head was left out. Not proven are its steps (%(steps)s) and its rows "
        "(%(rows)s): ask for the root of a later letter or mail."
    ),
    "other_installation": gettext_lazy(
        "%(key)s: its first step was altered, or is of another installation."
    ),
    "missing_event": gettext_lazy(
        "%(key)s: step %(number)s is missing, or another stands in its place."
    ),
    "cut_off": gettext_lazy("%(key)s: at its end %(count)s steps are missing."),
    "altered": gettext_lazy("Altered: %(what)s."),
    "put_in": gettext_lazy("Put in, and stated by no step: %(what)s."),
    "removed": gettext_lazy("Removed: %(what)s, which is stated by %(event)s."),
    "not_as_stated": gettext_lazy("Altered: %(what)s, which is not as stated by %(event)s."),
    "stated_anew": gettext_lazy(
        "Stated otherwise by %(event)s, where nothing but an erasure changes it: %(what)s."
    ),
    "other_manifest": gettext_lazy(
        "The list of what is in the set is not the one that was recorded when it was frozen."
    ),
    "item": gettext_lazy("item %(number)s of the set (%(kind)s)"),
    "item_removed": gettext_lazy("Removed: %(what)s."),
    "item_put_in": gettext_lazy("An item was put into the set: %(what)s."),
    "item_twice": gettext_lazy("An item stands in the set twice."),
    "empty": gettext_lazy("Empty, and no erasure was recorded: %(what)s."),
    "file_missing": gettext_lazy("The file %(name)s is missing, or was altered."),
    "file_put_in": gettext_lazy("No piece of the set shows what is in %(name)s, under that name."),
    "passed_over": gettext_lazy("Passed over, as operating systems put such there: %(name)s"),
    "other_code": gettext_lazy("The control code on a letter is of no step of this case."),
    "somebody": gettext_lazy("somebody"),
    "system": gettext_lazy("the system"),
    "decision": gettext_lazy("The decision"),
    "decision_replaced": gettext_lazy("A decision that another replaced"),
    "decision_set_back": gettext_lazy(
        "A decision that was set back, as somebody who was noted as present was not there"
    ),
    "deferred": gettext_lazy("Deferred: the committee asks the student to show"),
    "recorded": gettext_lazy("Recorded"),
    "committee": gettext_lazy("The committee"),
    "present": gettext_lazy("present"),
    "aside": gettext_lazy("stood aside"),
    "disclosed": gettext_lazy("has a part in the set"),
    "not_there": gettext_lazy("Says: I was not there"),
    "unanswered": gettext_lazy("not answered yet"),
    "secretary_there": gettext_lazy("the secretary: was there"),
    "secretary_not_there": gettext_lazy("the secretary: was not there"),
    "reference": gettext_lazy("Reference date"),
    "quorum": gettext_lazy("Quorum"),
    "judgements_asked": gettext_lazy("Judgements asked"),
    "mandate": gettext_lazy("Mandate"),
    "procedure": gettext_lazy("Procedure"),
    "judgements": gettext_lazy("Judgements"),
    "earlier_version": gettext_lazy("An earlier version, of %(moment)s"),
    "set": gettext_lazy("The frozen set"),
    "set_aside": gettext_lazy("Set aside by the student"),
    "check_ins": gettext_lazy("Check-ins"),
    "because": gettext_lazy("Why"),
    "steps": gettext_lazy("Who did what when"),
    "moments": gettext_lazy("All moments are those of %(zone)s."),
}


def export(case: Case, root: str, *, by: Account, at: datetime) -> ZipStream:
    """Make the archive of a settled case, which is read now but for its files, which are read while
    it is sent. It proves itself under the roots of the letters, the last one, and this one, where
    the auditor brings it; that it was taken out is recorded with who did. Raises
    Checkpoint.DoesNotExist for a root that none has here. Reads every head for each root."""
    checkpoints = _checkpoints(case, root)
    keys = [case.chain, case.meeting.chain, case.meeting.committee.chain]
    with transaction.atomic():
        # First as each does who writes on several of these chains, one after another.
        locked_meeting(case.meeting)
        # Who writes on one of these chains waits, so that the rows are those that the events state.
        locked = Chain.objects.select_for_update(no_key=True).filter(key__in=keys)
        list(locked.order_by("key"))
        items = SnapshotItem.objects.filter(snapshot__case=case).order_by("number")
        told = {
            "format": FORMAT,
            "case": str(case.pk),
            "exported_at": at.isoformat(),
            "zone": settings.TIME_ZONE,
            "chains": [_chain(key, case) for key in keys],
            "manifest": bytes(case.snapshot.manifest).decode(),
            "items": [_item(item) for item in items],
        }
        files = list(_files(case))
        # Its key comes after those of the others, as each who writes on several locks them.
        append(by.person.chain, "case.exported", by=by, at=at, facts={"case": case.pk})
    told["proofs"] = [proof_for(checkpoint, keys) for checkpoint in checkpoints]
    written = json.dumps(told, ensure_ascii=False, indent=1)
    archive = ZipStream(compress_type=ZIP_DEFLATED)
    archive.add(written, "case.json")
    archive.add(_page(written), "case.html")
    archive.add(verifier_alone(), "verifier.py")
    for name, file in files:
        archive.add(_content(file), f"files/{name}", compress_type=ZIP_STORED)
    return archive


def _checkpoints(case: Case, root: str) -> Iterable[Checkpoint]:
    """Find the checkpoints under which the archive proves itself, in their order."""
    announced = Announcement.objects.filter(decision__case=case)
    found = [first_after(case.chain, announcement.head) for announcement in announced]
    found.append(Checkpoint.objects.order_by("number").last())
    if root:
        found.append(Checkpoint.objects.get(root=root))
    once = {checkpoint.number: checkpoint for checkpoint in found if checkpoint}
    return [once[number] for number in sorted(once)]


def _chain(key: str, case: Case) -> dict[str, Any]:
    """Write a chain: its events, and the rows of which it is the home."""
    events = Event.objects.select_related("chain").filter(chain__key=key).order_by("number")
    rows = (row for model in sealed_models() for row in model.at_home_on([key]).order_by("pk"))
    return {
        "key": key,
        "events": [event_in_full(event).decode() for event in events],
        "rows": {name_of(row): row_in_full(row).decode() for row in rows if _is_open(row, case)},
    }


def _is_open(row: Sealed, case: Case) -> bool:
    """Tell whether a row may be read: what was still sealed when a case was deferred stays so."""
    return case.is_opened or not isinstance(row, Judgement)


def _item(item: SnapshotItem) -> dict[str, str]:
    """Write an item of the frozen set; of what was erased, the hash alone."""
    told = {"digest": item.digest}
    if content := bytes(item.content):
        told |= {"salt": bytes(item.salt).hex(), "content": content.decode()}
    return told


def _files(case: Case) -> Iterator[tuple[str, StoredFile]]:
    """Find the files that the frozen set shows, each once, under the beginning of its digest and
    the name that it was given; less what the storage lost, which the verifier names."""
    rows = SnapshotFile.objects.filter(item__snapshot__case=case).exclude(item__content=b"")
    found: dict[str, tuple[str, StoredFile]] = {}
    for row in rows.select_related("item", "file").order_by("item__number", "pk"):
        for shown in from_plain(PieceFact, json.loads(bytes(row.item.content))).files:
            if shown.file == str(row.file_id):
                found.setdefault(shown.digest, (f"{shown.digest[:12]} {shown.name}", row.file))
    for name, file in found.values():
        if default_storage.exists(file.path):
            yield name, file


def _content(file: StoredFile) -> Iterator[bytes]:
    with default_storage.open(file.path) as content:
        yield from content.chunks(CHUNK)


def verifier_alone() -> str:
    """Write the program that verifies an archive, which knows the page of this version in each
    language: one that was altered shows what somebody likes."""
    pages = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            here = f'"{token_hex()}"'
            pages.append(around(_page(here), here))
    program = Path(__file__).with_name("verifier.py").read_text("utf-8")
    return program.replace("frozenset()", f"frozenset({pages})", 1)


def _page(written: str) -> str:
    """Draw the page that shows and verifies the case in a browser; all that it shows of the case
    it reads from `written`, which it verifies first."""
    words: dict[str, Any] = {
        "said": SAID,
        "verbs": WORDS | AROUND,
        "kinds": KINDS,
        "rows": ROWS,
        "homes": {kind: sorted(models) for kind, models in HOMES.items()},
        "lasting": {
            kind: {of: sorted(columns) for of, columns in erased.items()}
            for kind, erased in LASTING.items()
        },
        "roles": dict(Membership.Role.choices),
        "outcomes": dict(Outcome.choices),
        "standings": STANDINGS,
        "lights": dict(Light.choices),
        "format": FORMAT,
        "held": sorted(HELD),
    }
    context = {
        "told": mark_safe(in_script(written)),  # noqa: S308 - nothing in it can end the element
        "words": mark_safe(in_script(json.dumps(words, ensure_ascii=False, default=str))),  # noqa: S308
    }
    return render_to_string("committees/export.html", context)
