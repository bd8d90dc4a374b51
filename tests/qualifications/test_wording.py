import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qualifications.wording import any_spelling, same_line


@given(st.text(min_size=1))
def test_any_text_is_found_in_itself(word: str) -> None:
    assert re.search(any_spelling(word), unicodedata.normalize("NFC", word))


@given(st.text(st.characters(max_codepoint=0x52F, categories=["Ll"]), min_size=1, max_size=20))
def test_a_word_is_found_without_its_accents(word: str) -> None:
    bare = "".join(unicodedata.normalize("NFD", character)[0] for character in word)

    assert re.search(any_spelling(bare), word)
    assert re.search(any_spelling(word), bare)


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("client", "vraagt de cliënt", True),
        ("CLIËNT", "vraagt de client", True),
        ("ÉÉN", "kiest één taak", True),
        ("clie", "Cliënten", True),
        ("w.rkt", "werkt", False),
        ("C++", "leert C++", True),
    ],
)
def test_spellings(word: str, text: str, found: bool) -> None:
    assert bool(re.search(any_spelling(word), text)) is found


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("werkt  netjes;", "Werkt netjes.", True),
        ("werkt netjes", "werkt heel netjes", False),
        ("zegt het voor", "zegt het vóór", False),
    ],
)
def test_same_line(one: str, other: str, same: bool) -> None:
    assert (same_line(one) == same_line(other)) is same
