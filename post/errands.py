"""Errands: work that somebody orders for many rows at once and need not wait for.

Each room registers what can be ordered. Each row is an action of its own, in a transaction of its
own together with the note of what came of it: so a row is done once, whatever dies, and who orders
needs the right to each of them at the moment that it is done.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import OperationalError, connection, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from post.models import Errand, ErrandItem
from post.recipients import recipient
from post.work import background, nudge, term
from records.locking import under_lock
from records.refusals import NotPossible

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)  # for one row; renewed with each
State = ErrandItem.State


# --- What can be ordered --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ErrandKind:
    """Something that can be ordered: `act` does it for one row, as an account; `title` says what
    it is, `told(count)` what was done; `names` are those of the rows that the account may see;
    `about` is the name, and `page` the address to go back to, of the row that the errand is about.
    At most a query each."""

    act: Callable[[UUID, Any], object]
    title: str | Promise
    told: Callable[[int], str]
    names: Callable[[Collection[UUID], Any], dict[UUID, str]]
    about: Callable[[UUID], str]
    page: Callable[[UUID], str]


KINDS_OF_ERRAND: dict[str, ErrandKind] = {}


def can_be_ordered(what: str, kind: ErrandKind) -> None:
    """Register a kind of errand under a name."""
    KINDS_OF_ERRAND[what] = kind


# --- Ordering -------------------------------------------------------------------------------------


@transaction.atomic
def order(
    what: str,
    *,
    about: UUID,
    rows: Collection[UUID],
    by: Any,
    due_at: datetime | None = None,
    at: datetime | None = None,
) -> Errand:
    """Order this for these rows, in this order; returns the errand, or the one of theirs that runs
    already for the same. With `due_at` it is an order of its own for that moment: nothing is done
    before, and it may be late. A row of which somebody else ordered it too is done once. Raises
    NotPossible without rows. Whether somebody may is checked for each row."""
    if what not in KINDS_OF_ERRAND:
        raise KeyError(what)
    if not rows:
        raise NotPossible(_("There is nothing to be done here now."))
    ordered = {"what": what, "about": about, "by": by, "due_at": due_at}
    recorded_at = at or _now()
    if due_at is None:
        errand, is_new = Errand.objects.get_or_create(
            **ordered, ended_at=None, defaults={"recorded_at": recorded_at}
        )
    else:
        errand, is_new = Errand.objects.create(**ordered, recorded_at=recorded_at), True
    if is_new:
        ErrandItem.objects.bulk_create(
            ErrandItem(errand=errand, row=row, number=number)
            for number, row in enumerate(rows, start=1)
        )
        nudge("errands")
    return errand


@transaction.atomic
def call_off(*, errand: Errand, by: Any, at: datetime | None = None) -> None:
    """Do no more of it: what was done stays done. Raises NotPossible once it has ended."""
    if errand.by_id != by.pk:
        raise PermissionDenied
    end_errand(errand=errand, at=at)


@transaction.atomic
def end_errand(*, errand: Errand, at: datetime | None = None) -> None:
    """Do no more of it, as whoever the caller lets. Raises NotPossible once it has ended."""
    errand = under_lock(Errand.objects.all(), errand.pk)
    if errand.ended_at is not None:
        raise NotPossible(_("This has ended already."))
    errand.called_off_at = errand.ended_at = at or _now()
    errand.save(update_fields=["called_off_at", "ended_at"])


# --- Doing ----------------------------------------------------------------------------------------


@background("errands")
def do_ordered() -> int:
    """Do what was ordered, one claimed errand at a time; returns how many rows were done."""
    return sum(_do_next(errand) for errand in _claimed())


def _claimed() -> Iterator[Errand]:
    """Claim an errand, give it again and again until it has ended or another worker took it, then
    claim the next."""
    while True:
        with transaction.atomic():
            free = Errand.objects.unclaimed(_now()).order_by("recorded_at")
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True, no_key=True)
            errand = free.first()
            if errand is None:
                return
            _claim(errand)
        while errand.ended_at is None:
            yield errand


def _claim(errand: Errand) -> None:
    errand.claimed_until = _now() + LEASE
    errand.save(update_fields=["claimed_until"])


@transaction.atomic
def _do_next(held: Errand) -> bool:
    """Do the next row of an errand; returns whether one more was done. `held` learns whether the
    errand has ended for this worker: all is done, it was called off, or its lease ran out and
    another took it."""
    errand = (
        Errand.objects.select_for_update(of=("self",), no_key=True)
        .select_related("by")
        .get(pk=held.pk)
    )
    is_lost = errand.claimed_until != held.claimed_until
    item = errand.items.filter(state=State.WAITING).first()
    if errand.ended_at or is_lost or item is None:
        if not errand.ended_at and not is_lost:
            errand.ended_at = _now()
            errand.save(update_fields=["ended_at"])
        held.ended_at = errand.ended_at or _now()
        return False
    _claim(errand)
    held.claimed_until = errand.claimed_until
    item.state, item.reason = _outcome(errand, item)
    item.save(update_fields=["state", "reason"])
    return item.state == State.DONE


def _outcome(errand: Errand, item: ErrandItem) -> tuple[State, str]:
    """Act on one row of an errand, and say what came of it, in the language of who ordered it."""
    person = recipient(errand.by_id)
    with translation.override(person.language if person else settings.LANGUAGE_CODE):
        try:
            with transaction.atomic():
                if not errand.by.is_active:
                    raise PermissionDenied(_("Your account is closed."))
                KINDS_OF_ERRAND[errand.what].act(item.row, errand.by)
        except (NotPossible, PermissionDenied) as refusal:
            return State.REFUSED, str(refusal) or _("You may not do this any more.")
        except ObjectDoesNotExist:
            return State.REFUSED, _("It is no longer there.")
        except OperationalError:  # a busy database: the whole row is tried again
            raise
        except Exception:
            logger.exception("row %s of errand %s failed", item.row, errand)
            return State.REFUSED, _("Something went wrong on our side. Try this one by itself.")
    return State.DONE, ""


@background("old errands")
def forget_old() -> int:
    """Forget errands that ended long ago; returns how many rows that were."""
    return Errand.objects.filter(ended_at__lt=term(_now())).delete()[0]


# --- Reading --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an errand is, for its page."""

    errand: Errand
    kind: ErrandKind
    items: list[ErrandItem]

    @property
    def done(self) -> int:
        return sum(item.state == State.DONE for item in self.items)

    @property
    def settled(self) -> int:
        """How many rows are done or refused."""
        return sum(item.state != State.WAITING for item in self.items)

    @property
    def left(self) -> int:
        """How many rows wait; of an errand that was called off, for nothing any more."""
        return len(self.items) - self.settled

    @property
    def refused(self) -> int:
        return self.settled - self.done

    @property
    def told(self) -> str:
        """What was done and what was not, in words."""
        done = [self.kind.told(self.done)] if self.done else []
        if self.refused:
            text = ngettext("%(count)d was not done.", "%(count)d were not done.", self.refused)
            done.append(text % {"count": self.refused})
        return " ".join(done)

    @property
    def is_waiting(self) -> bool:
        """Whether the moment for which it was ordered is still to come."""
        return self.errand.is_waiting(_now())

    @property
    def page(self) -> str:
        return self.kind.page(self.errand.about)

    def about(self) -> str:
        """Tell what the errand is about, by name; empty where that is gone. A query at most."""
        return self.kind.about(self.errand.about)

    def named(self) -> list[tuple[str, ErrandItem]]:
        """List each row of the errand by name, with what came of it; without a name what who
        ordered it may see no longer. What the names take in queries."""
        names = self.kind.names([item.row for item in self.items], self.errand.by)
        gone = _("no longer there, or no longer yours to see")
        return [(names.get(item.row, gone), item) for item in self.items]


def progress_of(errands: Iterable[Errand]) -> list[Progress]:
    """Tell how far these errands are. One query for all their items."""
    kept = list(errands)
    prefetch_related_objects(kept, "items")
    return [Progress(row, KINDS_OF_ERRAND[row.what], list(row.items.all())) for row in kept]


def _now() -> datetime:
    return timezone.now()
