"""What is done with a piece of evidence: kept, revised, laid against requirements, withdrawn,
deleted. Everything is written on the chain of its owner, ids only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from evidence.access.pieces import (
    check_kept,
    check_may_add,
    check_may_change,
    check_requirement,
    check_unasked,
)
from evidence.models import Attachment, Evidence, RequirementLink, Revision, Withdrawal
from files.keeping import KeptFile, forget, lock, take, uploads_of
from people.models import Account
from qualifications.models import QualityRequirement
from records.chain import append
from records.locking import under_lock
from records.refusals import NotPossible

FILES_OF_EVIDENCE = "evidence"  # of the uploads that a piece can name


@dataclass(frozen=True, slots=True)
class Words:
    """What a revision says, beside its files."""

    title: str
    happened_on: date
    kind: str = Revision.Kind.ACT
    place: str = ""
    origin: str = Revision.Origin.HERE
    context: str = ""
    reflection: str = ""

    @classmethod
    def of(cls, revision: Revision) -> "Words":
        return cls(**{name: getattr(revision, name) for name in cls.__slots__})


def files_of(revision: Revision) -> list[KeptFile]:
    """Return the files of a revision, less those that were erased, as they can be given to the
    next one. One query."""
    rows = revision.attachments.filter(file__erased_at=None).select_related("file")
    return [KeptFile(row.file_id, row.name, row.file.size) for row in rows]


def own_files(ids: Collection[UUID], by: Account) -> dict[UUID, KeptFile]:
    """Return those of these files that a piece of `by` can name: taken in and not yet named, or
    attached to one of their pieces before. Two queries."""
    taken_in = {kept.id: kept for kept in uploads_of(by, FILES_OF_EVIDENCE, ids)}
    attached = Attachment.objects.filter(
        file__in=ids, file__owner=by.pk, file__erased_at=None, revision__evidence__owner=by.pk
    )
    rows = attached.select_related("file").order_by("recorded_at")
    return taken_in | {row.file_id: KeptFile(row.file_id, row.name, row.file.size) for row in rows}


@transaction.atomic
def add_evidence(
    *, words: Words, files: Sequence[KeptFile] = (), by: Account, at: datetime | None = None
) -> Evidence:
    """Keep a new piece of evidence of `by`, with its first revision. Its files were taken in before
    (`files.keeping.receive`). Raises NotAllowed, and NotPossible for more than Revision.MOST_FILES
    files, and for one that is gone. About ten queries, and nine with files."""
    at = at or timezone.now()
    check_may_add(by, at)
    piece = Evidence.objects.create(owner_id=by.pk, recorded_at=at)
    revision = _revise(piece, words, files, by, at)
    facts = {"evidence": piece.pk, "revision": revision.pk}
    append(piece.chain, "evidence.added", by=by, at=at, rows=[piece, revision], facts=facts)
    return piece


@transaction.atomic
def revise_evidence(
    *,
    evidence: Evidence,
    words: Words,
    files: Sequence[KeptFile] = (),
    by: Account,
    at: datetime | None = None,
) -> Revision:
    """Write the next revision of a piece, with exactly these files: those that stay are given
    again (see `files_of`). The earlier revisions stay, for feedback is tied to them. Returns the
    current revision where nothing would change. Raises NotAllowed, NotPossible."""
    check_may_change(by, evidence)
    piece = under_lock(Evidence.objects.all(), evidence.pk)
    at = at or timezone.now()
    check_kept(piece)
    current = piece.revisions.latest("number")
    present = {kept.id for kept in files_of(current)}
    if words == Words.of(current) and present == {kept.id for kept in files}:
        return current
    revision = _revise(piece, words, files, by, at)
    facts = {"evidence": piece.pk, "revision": revision.pk}
    append(piece.chain, "evidence.revised", by=by, at=at, rows=[piece, revision], facts=facts)
    return revision


@transaction.atomic
def withdraw_evidence(*, evidence: Evidence, by: Account, at: datetime | None = None) -> None:
    """Let a piece count no longer; it stays on record, and open questions about it can no longer
    be answered. Raises NotAllowed, NotPossible."""
    check_may_change(by, evidence)
    piece = under_lock(Evidence.objects.all(), evidence.pk)
    at = at or timezone.now()
    check_kept(piece)
    withdrawal = Withdrawal.objects.create(evidence=piece, recorded_at=at)
    facts = {"evidence": piece.pk, "withdrawal": withdrawal.pk}
    append(piece.chain, "evidence.withdrawn", by=by, at=at, rows=[withdrawal], facts=facts)


@transaction.atomic
def delete_evidence(*, evidence: Evidence, by: Account, at: datetime | None = None) -> None:
    """Delete a piece about which nobody was asked and to which nobody answered, with all its
    revisions, and forget the files that nothing else uses. Raises NotAllowed, NotPossible."""
    check_may_change(by, evidence)
    piece = under_lock(Evidence.objects.all(), evidence.pk)
    at = at or timezone.now()
    check_unasked(piece)
    attached = Attachment.objects.filter(revision__evidence=piece)
    files = lock(attached.values_list("file", flat=True)).values()
    parts = (piece.revisions, piece.links, piece.withdrawals)
    removed = [piece, *(row for rows in parts for row in rows.all())]
    facts = {"evidence": piece.pk}
    append(piece.chain, "evidence.deleted", by=by, at=at, removed=removed, facts=facts)
    piece.current = None
    piece.save(update_fields=["current"])
    try:
        piece.delete()
    except ProtectedError as fault:
        text = _("This was set aside for a decision once, so it cannot be deleted.")
        raise NotPossible(text) from fault
    forget(files, by=by, at=at)


@transaction.atomic
def lay_against(
    *,
    evidence: Evidence,
    requirement: QualityRequirement,
    why: str = "",
    by: Account,
    at: datetime | None = None,
) -> RequirementLink:
    """Lay a piece against a requirement of one of the owner's current tracks, perhaps with a why.
    Another why ends the link that was and makes a new one; the same changes nothing. Raises
    NotAllowed, NotPossible."""
    check_may_change(by, evidence)
    piece = under_lock(Evidence.objects.all(), evidence.pk)
    at = at or timezone.now()
    check_kept(piece)
    present = piece.links.current().filter(requirement=requirement).first()
    if present is not None and present.why == why:
        return present
    check_requirement(requirement, by.pk, at)
    ended = [present] if present is not None and _end(present, at) else []
    link = RequirementLink.objects.create(
        evidence=piece, requirement=requirement, why=why, recorded_at=at
    )
    facts = {"evidence": piece.pk, "requirement": requirement.pk, "link": link.pk}
    append(piece.chain, "evidence.laid_against", by=by, at=at, rows=[*ended, link], facts=facts)
    return link


@transaction.atomic
def take_off(*, link: RequirementLink, by: Account, at: datetime | None = None) -> None:
    """Lay a piece no longer against a requirement; remarks about it stay. A link that ended
    before is left as it is. Raises NotAllowed, NotPossible."""
    check_may_change(by, link.evidence)
    piece = under_lock(Evidence.objects.all(), link.evidence_id)
    at = at or timezone.now()
    check_kept(piece)
    if _end(link, at):
        facts = {"evidence": piece.pk, "requirement": link.requirement_id, "link": link.pk}
        append(piece.chain, "evidence.taken_off", by=by, at=at, rows=[link], facts=facts)


@transaction.atomic
def choose_requirements(
    *,
    evidence: Evidence,
    chosen: Mapping[QualityRequirement, str],
    dropped: Collection[RequirementLink] = (),
    by: Account,
    at: datetime | None = None,
) -> None:
    """Lay a piece against each of the `chosen` requirements with its why, and take it off the
    `dropped` links, all or nothing. Raises NotAllowed, NotPossible."""
    for link in dropped:
        take_off(link=link, by=by, at=at)
    for requirement, why in chosen.items():
        lay_against(evidence=evidence, requirement=requirement, why=why, by=by, at=at)


def _end(link: RequirementLink, at: datetime) -> bool:
    return bool(RequirementLink.objects.current().filter(pk=link.pk).update(ended_at=at))


def _revise(
    piece: Evidence, words: Words, files: Sequence[KeptFile], by: Account, at: datetime
) -> Revision:
    """Write the next revision of a piece, which becomes the current one. A file is in it once,
    under the name it had first."""
    number = piece.current.number + 1 if piece.current else 1
    revision = Revision.objects.create(
        evidence=piece, number=number, recorded_at=at, **asdict(words)
    )
    names: dict[UUID, str] = {}
    for kept in files:
        names.setdefault(kept.id, kept.name)
    if len(names) > Revision.MOST_FILES:
        text = _("A piece of evidence holds at most %(most)d files.")
        raise NotPossible(text % {"most": Revision.MOST_FILES})
    if names:
        take(names, purpose=FILES_OF_EVIDENCE, by=by, at=at)
    Attachment.objects.bulk_create(
        Attachment(revision=revision, file_id=key, name=name, order=order, recorded_at=at)
        for order, (key, name) in enumerate(names.items())
    )
    piece.current = revision
    piece.save(update_fields=["current"])
    return revision
