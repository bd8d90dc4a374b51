"""A school behind one address signs in; what is wrong is bounded, and locks no neighbour out."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import close_old_connections, connection, connections
from django.test import Client
from django.utils import timezone

from people.limits import LONGEST, Rate, TooOften, attempt, give_back, sweep
from people.models import Account, Attempt
from people.signing_in import AT_AN_ACCOUNT, AT_AN_ADDRESS, MAILS_TO_AN_ACCOUNT
from post.outbox import send_due
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

SCHOOL, HOME = "192.0.2.7", "198.51.100.9"
PASSWORD = "a good password"
TRIES, ALL_WRONG = AT_AN_ACCOUNT[0].often, AT_AN_ADDRESS[0].often


@pytest.fixture
def noor() -> Account:
    return AccountFactory(sign_in="noor@school.example", password=PASSWORD)


@pytest.fixture
def daan() -> Account:
    return AccountFactory(sign_in="daan@school.example", password=PASSWORD)


def comes_in(
    browser: Client, who: str | Account, password: str = PASSWORD, at: str = SCHOOL
) -> bool:
    login = who if isinstance(who, str) else who.sign_in
    words = {"login": login, "password": password}
    browser.post("/accounts/login/", words, REMOTE_ADDR=at)
    return "_auth_user_id" in browser.session


def known_to(account: Account) -> Client:
    """A browser in which this person signed in before, and signed out."""
    browser = Client()
    assert comes_in(browser, account)
    browser.post("/accounts/logout/")
    return browser


def use_up_the_account(account: Account, browser: Client | None = None, at: str = SCHOOL) -> None:
    for _ in range(TRIES):
        assert not comes_in(browser or Client(), account, "wrong", at)


def use_up_the_address(at: str = SCHOOL) -> None:
    """As after so many wrong tries there, each at another account."""
    assert not comes_in(Client(), "nobody@school.example", "wrong", at)
    key = Attempt.objects.order_by("pk").last().key  # of the address: it is counted last
    Attempt.objects.bulk_create(Attempt(key=key) for _ in range(ALL_WRONG - 1))


# --- A school -------------------------------------------------------------------------------------


@pytest.mark.any_database
def test_a_school_signs_in_from_one_address_in_five_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five hundred, each with a browser that nobody used before, and within five minutes."""
    school = [AccountFactory(password=PASSWORD) for _ in range(500)]

    begun = time.monotonic()
    came_in = [comes_in(Client(), each) for each in school]

    assert came_in == [True] * 500
    assert time.monotonic() - begun < 300
    assert Attempt.objects.count() == 0


def test_a_class_that_mistypes_comes_in() -> None:
    """Thirty who each type it wrong three times over, all at once."""
    pupils = [AccountFactory(password=PASSWORD) for _ in range(30)]
    browsers = [Client() for _ in pupils]

    for _ in range(3):
        for browser, pupil in zip(browsers, pupils, strict=True):
            assert not comes_in(browser, pupil, "wrong")

    assert [comes_in(*each) for each in zip(browsers, pupils, strict=True)] == [True] * 30


@pytest.mark.django_db(transaction=True)
def test_who_sign_in_at_the_same_moment_keep_each_other_from_nothing() -> None:
    pupils = [AccountFactory(password=PASSWORD) for _ in range(12)]

    def sign_in(pupil: Account) -> bool:
        close_old_connections()
        try:
            return comes_in(Client(), pupil)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(sign_in, pupils)) == [True] * 12


# --- Neighbours -----------------------------------------------------------------------------------


def test_a_neighbour_who_keeps_typing_wrong_locks_out_nobody_else(
    noor: Account, daan: Account
) -> None:
    use_up_the_account(daan)

    assert not comes_in(Client(), daan)
    assert comes_in(Client(), noor)


def test_who_signed_in_before_in_this_browser_is_not_locked_out_by_strangers(
    noor: Account,
) -> None:
    own = known_to(noor)
    use_up_the_account(noor)

    assert not comes_in(Client(), noor)
    assert comes_in(own, noor)


def test_a_neighbour_who_tries_from_their_own_browser_locks_nobody_out(
    noor: Account, daan: Account
) -> None:
    theirs = known_to(daan)
    use_up_the_account(noor, theirs)

    assert not comes_in(theirs, noor)
    assert comes_in(Client(), noor)


def test_an_address_that_was_used_up_keeps_out_nobody_who_was_here_before(
    noor: Account, daan: Account
) -> None:
    own = known_to(noor)
    use_up_the_address()

    assert not comes_in(Client(), daan)
    assert comes_in(own, noor)
    assert comes_in(Client(), daan, at=HOME)


@pytest.mark.parametrize("use_up", [use_up_the_account, lambda _account: use_up_the_address()])
def test_who_is_locked_out_comes_in_by_a_mail(
    noor: Account, use_up: Callable[[Account], None]
) -> None:
    use_up(noor)
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": noor.sign_in}, REMOTE_ADDR=HOME)
    send_due()
    words = str(mail.outbox[-1].body).split()
    link = next(word for word in words if word.startswith(django_settings.BASE_URL))
    page = browser.get(link.removeprefix(django_settings.BASE_URL), follow=True)
    new = {"password1": "quite another one", "password2": "quite another one"}
    browser.post(page.redirect_chain[-1][0], new)

    assert not comes_in(Client(), noor, "quite another one")
    assert comes_in(browser, noor, "quite another one")


# --- What is wrong is bounded ---------------------------------------------------------------------


def test_wrong_tries_at_an_account_are_bounded_from_wherever_they_come(noor: Account) -> None:
    for number in range(TRIES):
        assert not comes_in(Client(), noor, "wrong", f"198.51.100.{number}")

    assert not comes_in(Client(), noor, at="203.0.113.1")


def test_wrong_tries_from_an_address_are_bounded_at_whichever_accounts(noor: Account) -> None:
    """Of those who try each account once, also of those that nobody has."""
    use_up_the_address()

    assert not comes_in(Client(), noor)


def test_who_comes_in_between_tries_no_oftener(noor: Account, daan: Account) -> None:
    """Signing in rightly oneself gives no new tries at another's account."""
    browser = known_to(daan)
    for _ in range(TRIES):
        assert not comes_in(browser, noor, "wrong")
        assert comes_in(browser, daan)
        browser.post("/accounts/logout/")

    assert not comes_in(browser, noor)


def test_a_cookie_that_somebody_made_up_is_nobodys(noor: Account) -> None:
    forged = Client()
    forged.cookies["last_person"] = f"{noor.pk}:1abc:made-up"
    use_up_the_account(noor)

    assert not comes_in(forged, noor)


def test_a_network_of_ipv6_is_one_address(noor: Account) -> None:
    use_up_the_address("2001:db8:1:2::5")

    assert not comes_in(Client(), noor, at="2001:db8:1:2:ffff::6")
    assert comes_in(Client(), noor, at="2001:db8:1:3::5")


def test_who_tried_too_often_reads_what_to_do_and_keeps_what_they_typed(noor: Account) -> None:
    use_up_the_account(noor)

    answer = Client().post(
        "/accounts/login/",
        {"login": noor.sign_in, "password": PASSWORD},
        headers={"accept-language": "en"},
    )

    assert answer.status_code == 200
    assert "choose a new password by mail" in answer.text
    assert f'value="{noor.sign_in}"' in answer.text


def test_after_five_minutes_one_may_try_again(noor: Account) -> None:
    use_up_the_account(noor)
    Attempt.objects.update(recorded_at=timezone.now() - timedelta(minutes=5, seconds=1))

    assert comes_in(Client(), noor)


def test_a_password_mail_is_asked_for_a_few_times_only(noor: Account) -> None:
    asked = [
        Client().post("/accounts/password/reset/", {"email": noor.sign_in}).status_code
        for _ in range(MAILS_TO_AN_ACCOUNT[0].often + 1)
    ]

    assert asked == [302] * MAILS_TO_AN_ACCOUNT[0].often + [429]


def test_the_password_of_now_is_guessed_a_few_times_only(noor: Account) -> None:
    browser = Client()
    assert comes_in(browser, noor)
    new = {"password1": "quite another one", "password2": "quite another one"}

    for _ in range(TRIES):
        browser.post("/accounts/password/change/", {"oldpassword": "wrong", **new})
    answer = browser.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})

    assert answer.status_code == 429
    assert Account.objects.get(pk=noor.pk).check_password(PASSWORD)


# --- Counting -------------------------------------------------------------------------------------


def test_each_name_is_bounded_by_each_of_its_rates() -> None:
    rates = [Rate(2, timedelta(minutes=5)), Rate(3, timedelta(hours=1))]
    attempt({"one": rates})
    attempt({"one": rates})
    with pytest.raises(TooOften):
        attempt({"one": rates, "other": rates})
    Attempt.objects.update(recorded_at=timezone.now() - timedelta(minutes=6))

    attempt({"one": rates, "other": rates})

    with pytest.raises(TooOften):
        attempt({"one": rates})
    assert Attempt.objects.count() == 4


def test_what_was_right_is_counted_no_more() -> None:
    rates = [Rate(1, LONGEST)]
    give_back(attempt({"one": rates}))

    assert len(attempt({"one": rates})) == 1


def test_what_is_counted_names_nobody_and_goes_after_a_day(noor: Account) -> None:
    comes_in(Client(), noor, "wrong")
    kept = " ".join(Attempt.objects.values_list("key", flat=True))
    first, second = Attempt.objects.all()
    Attempt.objects.filter(pk=first.pk).update(recorded_at=timezone.now() - LONGEST)

    assert "noor" not in kept
    assert SCHOOL not in kept
    assert sweep() == 1
    assert Attempt.objects.get() == second


@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_the_same_moment_only_so_many_are_let_through() -> None:
    def tried(_number: int) -> bool:
        close_old_connections()
        try:
            attempt({"one": [Rate(3, LONGEST)]})
        except TooOften:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(tried, range(12))) == 3
    assert connection.in_atomic_block is False
