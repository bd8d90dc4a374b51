from collections.abc import Callable
from dataclasses import dataclass

from people.models import Person


@dataclass(frozen=True, slots=True)
class Row:
    """A page as somebody asks for it: at most so many reference pages, bytes and queries. `before`
    is done each time before it is asked; `htmx` where a part of the page asks."""

    name: str
    who: Person
    path: str
    wanted: float
    most_bytes: int = 0
    most_queries: int = 0
    before: Callable[[], object] | None = None
    htmx: bool = False
