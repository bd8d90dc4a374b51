"""Checkpoints: a chain over the chains.

A chain shows what was changed in it, not that it is missing with all that it spoke of. So a
checkpoint is one root (the hash of a tree as in RFC 6962) over the heads of all chains at one
moment. Its first leaf says which installation this is, when and which number it was, and the root
before it; the others are a head each, which tell nothing of what was written. Whoever holds a root
can show later that something was removed, put back to an older state, or written anew before it; so
it is kept in a file too, mailed, and printed on letters.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from records.chain import canonical, sign
from records.locking import hold
from records.models import Chain, Checkpoint, Event, Leaf

AT_ONCE = 1000  # leaves written
# How long an act may take between its event and its commit: a checkpoint made meanwhile covers
# neither, and the event is dated before it.
UNDER_WAY = timedelta(hours=2)
Heads = dict[str, tuple[int, str]]  # of each chain by its key, its length and its head


class Contradicted(Exception):
    """A chain is not there as the last checkpoint covers it: no root is put over that."""


# --- The tree (RFC 6962, 2.1) ---------------------------------------------------------------------


def leaf_hash(said: Any) -> bytes:
    """Hash what a leaf says."""
    return sha256(b"\x00" + canonical(said)).digest()


def levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Build the tree over these hashes: from the leaves up to the root, which is alone."""
    tree = [leaves]
    while len(below := tree[-1]) > 1:
        pairs = zip(below[::2], below[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        tree.append(above + below[len(above) * 2 :])
    return tree


def path_of(place: int, tree: list[list[bytes]]) -> list[list[str]]:
    """List what is put beside the leaf at this place, from below to the root: "left" or "right" and
    the hash (hex). Whoever has it and the leaf computes the root."""
    path = []
    for level in tree[:-1]:
        beside = place ^ 1
        if beside < len(level):
            path.append(["left" if beside < place else "right", level[beside].hex()])
        place //= 2
    return path


def _first(checkpoint: Checkpoint) -> list[Any]:
    """Tell what the first leaf says."""
    return [
        "checkpoint",
        checkpoint.installation,
        checkpoint.number,
        checkpoint.recorded_at,
        checkpoint.chains,
        checkpoint.previous,
    ]


def _leaf_of(key: str, head: tuple[int, str]) -> list[Any]:
    """Tell what the leaf of a chain says."""
    return [key, *head]


def tree_of(checkpoint: Checkpoint, heads: Heads) -> list[list[bytes]]:
    """Build the tree of a checkpoint over these heads, in the order of their keys."""
    said = (leaf_hash(_leaf_of(key, heads[key])) for key in sorted(heads))
    return levels([leaf_hash(_first(checkpoint)), *said])


def digest_of_leaves(leaves: Iterable[tuple[str, int, str]]) -> str:
    """Compute a SHA-256 (hex) of leaves, each the key of a chain with its length and its head, in
    the order of their keys: what a checkpoint proves that it covers anew."""
    digest = sha256()
    for leaf in leaves:
        digest.update(canonical(leaf))
    return digest.hexdigest()


# --- Making ---------------------------------------------------------------------------------------


@transaction.atomic
def make_checkpoint(at: datetime | None = None) -> Checkpoint | None:
    """Put a root over the heads of all chains, where one moved since the last; whoever calls lets
    `keep_in_files` follow. Raises Contradicted where a chain is not there as it was covered: that
    is for `verify_records` to look into, and no root is put over it. One is made at a time. Reads
    each head, and each that was covered last: a second of work for 120,000."""
    hold("checkpoint")
    at = at or timezone.now()  # before the heads are read: what comes in meanwhile is not covered
    last = Checkpoint.objects.order_by("number").last()
    chains = Chain.objects.filter(length__gt=0)
    now: Heads = {key: (length, head) for key, length, head in _heads(chains)}
    before = _covered_last()
    lost = sorted(
        key
        for key, covered in before.items()
        if now.get(key) != covered and now.get(key, (0,))[0] <= covered[0]
    )
    if lost:
        raise Contradicted(f"{len(lost)} chains are not there as covered: {', '.join(lost[:5])}")
    moved = sorted(key for key in now if now[key] != before.get(key))
    if not moved:
        return None
    checkpoint = Checkpoint(
        number=last.number + 1 if last else 1,
        installation=settings.INSTALLATION,
        chains=len(now),
        previous=last.root if last else "",
        recorded_at=at,
    )
    checkpoint.root = tree_of(checkpoint, now)[-1][0].hex()
    checkpoint.moved = digest_of_leaves((key, *now[key]) for key in moved)
    sign(checkpoint, last)
    checkpoint.save()
    for start in range(0, len(moved), AT_ONCE):
        keys = moved[start : start + AT_ONCE]
        Leaf.objects.filter(key__in=keys, is_last=True).update(is_last=False)
        Leaf.objects.bulk_create(
            Leaf(checkpoint=checkpoint, key=key, length=now[key][0], head=now[key][1])
            for key in keys
        )
    return checkpoint


def _covered_last() -> Heads:
    """Find of each chain the longest head that is covered. Which one is marked as the last is a
    help to find it, and nothing to rely on. Two queries."""
    newer = Leaf.objects.filter(key=OuterRef("key"), length__gt=OuterRef("length"))
    unmarked = Leaf.objects.filter(is_last=False).filter(~Exists(newer))
    marked = Leaf.objects.filter(is_last=True)
    found: Heads = {}
    for key, length, head in chain(_heads(marked), _heads(unmarked)):
        if key not in found or length > found[key][0]:
            found[key] = length, head
    return found


def _heads(rows: QuerySet) -> Iterator[tuple[str, int, str]]:
    return rows.values_list("key", "length", "head").iterator()


# --- Reading --------------------------------------------------------------------------------------


def heads_at(checkpoint: Checkpoint) -> Heads:
    """Find the heads that a checkpoint covers. One query; reads every leaf until then."""
    leaves = Leaf.objects.filter(checkpoint__number__lte=checkpoint.number)
    return {key: (length, head) for key, length, head in _heads(leaves.order_by("length"))}


def proof_for(checkpoint: Checkpoint, keys: Collection[str]) -> dict[str, Any]:
    """Prove which heads of these chains this checkpoint covers: what its first leaf says and that
    of each chain, in the very text that is hashed, each with its path to the root. A chain that it
    does not cover has none. One query; reads every leaf until then."""
    heads = heads_at(checkpoint)
    tree = tree_of(checkpoint, heads)
    places = {key: place for place, key in enumerate(sorted(heads), start=1) if key in keys}
    said = {0: _first(checkpoint)}
    said |= {place: _leaf_of(key, heads[key]) for key, place in places.items()}
    return {
        "root": checkpoint.root,
        "leaves": [
            {"leaf": canonical(leaf).decode(), "path": path_of(place, tree)}
            for place, leaf in said.items()
        ],
    }


def first_after(key: str, head: str) -> Checkpoint | None:
    """Find the first checkpoint that covers what was written on this chain upon the event with this
    digest (`head`), if there is one yet. One query."""
    number = Event.objects.filter(chain__key=key, digest=head).values("number")[:1]
    leaves = Leaf.objects.filter(key=key, length__gt=Subquery(number)).order_by("length")
    leaf = leaves.select_related("checkpoint").first()
    return leaf.checkpoint if leaf else None
