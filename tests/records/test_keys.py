"""The keys that prove the record, as the environment names them."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import seal_keys


@pytest.mark.parametrize(
    ("environment", "keys"),
    [
        ({"SEAL_KEY": "one"}, {1: "one"}),
        ({"SEAL_KEYS": "1=one"}, {1: "one"}),
        ({"SEAL_KEYS": "1=one,2=two=="}, {1: "one", 2: "two=="}),
        ({"SEAL_KEY": "one", "SEAL_KEYS": "2=two"}, {1: "one", 2: "two"}),
        ({"SEAL_KEY": "old", "SEAL_KEYS": "1=one,3=three"}, {1: "one", 3: "three"}),
        ({"SEAL_KEYS": "2=two"}, {2: "two"}),
    ],
)
def test_keys_have_numbers(
    environment: dict[str, str], keys: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEAL_KEY")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert seal_keys() == keys


@pytest.mark.parametrize("value", ["one", "1", "a=one", "1=", "0=one", "1=one,two", "99999=one"])
def test_keys_that_cannot_be_read_stop_the_start(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEAL_KEYS", value)

    with pytest.raises(ImproperlyConfigured, match="SEAL_KEYS"):
        seal_keys()


def test_an_installation_without_a_key_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAL_KEY")

    with pytest.raises(ImproperlyConfigured, match="SEAL_KEY is not set"):
        seal_keys()
