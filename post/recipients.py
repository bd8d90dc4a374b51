"""Who a mail is for. Rooms further right know people; here stands what is asked of them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as a mail reaches them now."""

    name: str
    address: str
    language: str


Finder = Callable[[UUID], Recipient | None]
FINDERS: list[Finder] = []


def finds_recipients(function: Finder) -> Finder:
    """Register a function that finds the person with this id, None for who is not of its kind or
    has no address."""
    FINDERS.append(function)
    return function


def recipient(person: UUID) -> Recipient | None:
    """Find the person with this id; None when nobody knows them, or an address of theirs."""
    return next((found for find in FINDERS if (found := find(person))), None)
