"""When two texts say the same: for search, and for finding lines that stand in a dossier twice."""

import re
import unicodedata

MAX_WORD = 60  # characters; no word in a dossier is longer


def _letter(character: str) -> str:
    """Return a character without its accents and case: "Ë" is "e"."""
    return unicodedata.normalize("NFD", character)[0].casefold()


def _spellings() -> dict[str, str]:
    """Find for each letter of the Latin, Greek and Cyrillic alphabets all that differ from it in
    case or accents only."""
    spellings: dict[str, str] = {}
    for character in filter(str.isalpha, map(chr, range(ord("A"), 0x530))):
        letter = _letter(character)
        spellings[letter] = spellings.get(letter, "") + character
    return spellings


_SPELLINGS = _spellings()


def any_spelling(word: str) -> str:
    """Write a regular expression that finds the word in any case, with or without accents; it means
    the same to Python and to PostgreSQL, in every locale."""
    pattern = ""
    for character in unicodedata.normalize("NFC", word)[:MAX_WORD]:
        spellings = _SPELLINGS.get(_letter(character), "")
        if character not in spellings:
            spellings += re.escape(character)
        pattern += f"[{spellings}]"
    return pattern


def same_line(text: str) -> str:
    """Return what two lines have in common that differ in case, white space or closing mark
    only."""
    return " ".join(text.casefold().split()).rstrip(" .;:,")
