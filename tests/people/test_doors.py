"""What who is not signed in can tell or make up: whom we know, where they are, under which name."""

import re
from unittest.mock import patch

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.http import HttpResponse
from django.test import Client, override_settings

from people.limits import Rate
from people.signing_in import AT_AN_ACCOUNT, AT_AN_ADDRESS
from post.outbox import send_due
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

KNOWN, UNKNOWN = "noor@school.example", "nora@school.example"
PASSWORD = "a good password"
PROXY = "198.51.100.1"


def tried(login: str, password: str = "wrong", browser: Client | None = None) -> HttpResponse:
    words = {"login": login, "password": password}
    return (browser or Client()).post("/accounts/login/", words)


def without_what_differs(page: HttpResponse, login: str) -> str:
    """The page without the token of its form and the address that was typed."""
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", page.text)
    return text.replace(login, "")


# --- Whom we know ---------------------------------------------------------------------------------


def test_a_wrong_password_says_nothing_of_whether_somebody_is_known() -> None:
    """Not by its words, the first time nor when it was too often, nor by how long it takes: a
    password is hashed as often."""
    AccountFactory(sign_in=KNOWN, password=PASSWORD)
    pages: dict[str, list[tuple[int, int, str]]] = {KNOWN: [], UNKNOWN: []}

    for login, found in pages.items():
        for _ in range(AT_AN_ACCOUNT[0].often + 1):
            with patch.object(
                MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
            ) as hashed:
                page = tried(login)
            found.append((page.status_code, hashed.call_count, without_what_differs(page, login)))

    assert pages[KNOWN] == pages[UNKNOWN]
    assert [hashed for _status, hashed, _text in pages[KNOWN]] == [1] * 5 + [0]
    assert pages[KNOWN][0] != pages[KNOWN][-1]


def test_a_closed_account_is_told_of_with_the_right_password_only() -> None:
    AccountFactory(sign_in=KNOWN, password=PASSWORD, is_active=False)

    wrong, unknown, right = tried(KNOWN), tried(UNKNOWN), tried(KNOWN, PASSWORD)

    assert without_what_differs(wrong, KNOWN) == without_what_differs(unknown, UNKNOWN)
    assert right.headers["Location"] == "/accounts/inactive/"


# --- Where they are -------------------------------------------------------------------------------


@pytest.mark.parametrize("proxies", [0, 1])
def test_nobody_makes_up_where_they_are(proxies: int) -> None:
    """What a caller says of their own address is not believed: only what a proxy of ours adds."""
    AccountFactory(sign_in=KNOWN, password=PASSWORD)
    few = [Rate(3, AT_AN_ADDRESS[0].within)]
    small = patch("people.signing_in.AT_AN_ADDRESS", few)

    with small, override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=proxies):
        for number in range(4):
            made_up = f"203.0.113.{number}"
            seen = f"{made_up}, 192.0.2.7" if proxies else made_up
            last = Client(REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=seen)
            answer = tried(f"n{number}@x.example", browser=last)
        elsewhere = Client(REMOTE_ADDR="192.0.2.99", HTTP_X_FORWARDED_FOR="192.0.2.99")
        come_in = tried(KNOWN, PASSWORD, browser=elsewhere)

    assert answer.context["form"].errors.as_data()["__all__"][0].code == "too_many_login_attempts"
    assert come_in.status_code == 302


# --- Under which name they call us ----------------------------------------------------------------


def test_under_a_name_that_is_not_ours_nothing_is_answered() -> None:
    answer = Client().get("/accounts/login/", headers={"host": "far.example"})

    assert (answer.status_code, "far.example" in answer.text) == (400, False)


@override_settings(ALLOWED_HOSTS=["testserver", "other.example"])
@pytest.mark.parametrize(
    "said", [{"HTTP_HOST": "other.example"}, {"HTTP_X_FORWARDED_HOST": "far.example"}]
)
def test_a_mail_leads_to_where_the_settings_say(said: dict[str, str]) -> None:
    """And not to where whoever asked for the mail says that we are."""
    AccountFactory(sign_in=KNOWN, password=PASSWORD)

    Client(**said).post("/accounts/password/reset/", {"email": KNOWN})
    send_due()

    [message] = mail.outbox
    html = str(message.alternatives[0].content)
    links = re.findall(r"https?://[^\s\"<]+", f"{message.body} {html}")
    assert links
    assert [link for link in links if not link.startswith(f"{settings.BASE_URL}/")] == []
