import uuid

import pytest

from post.links import id_in, is_genuine, token_for

ROW = uuid.UUID("12345678-1234-5678-1234-567812345678")


def test_a_token_names_its_row_and_proves_itself() -> None:
    token = token_for("question", ROW, 1)

    assert id_in(token) == ROW
    assert is_genuine(token, "question", ROW, 1)


def test_a_token_is_fit_for_an_address_and_says_nothing_of_other_tokens() -> None:
    tokens = {token_for("question", uuid.uuid4(), 1) for _ in range(200)}

    assert len(tokens) == 200
    assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)
    assert {len(token) for token in tokens} == {43}


@pytest.mark.parametrize(
    ("purpose", "serial"), [("question", 2), ("confirmation", 1)], ids=["revoked", "other purpose"]
)
def test_a_token_opens_nothing_else(purpose: str, serial: int) -> None:
    assert not is_genuine(token_for("question", ROW, 1), purpose, ROW, serial)


@pytest.mark.parametrize(
    "text", ["", "x", "é" * 43, "a" * 42, "a" * 44, "=" * 43, "../../etc/passwd", "\x00" * 43]
)
def test_what_is_no_token_names_no_row(text: str) -> None:
    assert id_in(text) is None


def test_every_changed_character_is_noticed() -> None:
    token = token_for("question", ROW, 1)

    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        row_id = id_in(changed)
        assert row_id is None or not is_genuine(changed, "question", row_id, 1)


def test_another_key_opens_nothing(settings: object) -> None:
    token = token_for("question", ROW, 1)
    settings.LINK_KEY = "another key"  # type: ignore[attr-defined]  # a setting

    assert not is_genuine(token, "question", ROW, 1)
