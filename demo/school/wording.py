"""Names and words of a generated school, from told/school.toml. Nobody in it exists."""

import unicodedata
from random import Random
from typing import Any

from demo.telling import told


def of_school() -> dict[str, Any]:
    """What a generated school is put together from."""
    return told("school")


def dice(*of: object) -> Random:
    """Make the dice with which this part of a school is thrown: the same for the same words."""
    return Random(":".join(map(str, of)))  # noqa: S311 - nothing here is secret


def drawn_name(rng: Random) -> str:
    """Draw a first and a last name."""
    words = of_school()
    return f"{rng.choice(words['first_names'].split())} {rng.choice(words['last_names'])}"


def demo_address(name: str, code: str) -> str:
    """Write an address that nobody has: by the name, and by a code that no other person has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"{plain.lower().replace(' ', '.')}.{code}@demo.example"


def drawn_title(rng: Random) -> tuple[str, str]:
    """Draw the kind of a piece of evidence and its title."""
    words = of_school()["evidence"]
    kind = rng.choice(("act", "product"))
    title = rng.choice(words[f"{kind}s"]).format(thing=rng.choice(words["things"]))
    return kind, title[0].upper() + title[1:]
