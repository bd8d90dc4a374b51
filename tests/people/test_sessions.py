"""Sessions: what the database holds opens none, signing in begins another, and those that have
ended are swept, and no others."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from people import actions, sessions
from people.models import Account
from post import work
from post.outbox import send_due
from tests.factories import AccountFactory
from tests.people.factories import PASSWORD, device

pytestmark = pytest.mark.django_db


def row_of(client: Client) -> Session:
    return Session.objects.get(pk=sessions.row_of(client.session.session_key))


def sweep_after(row: Session, passed: timedelta) -> int:
    """Sweep when so much time has passed since this session expired."""
    row.expire_date = timezone.now() - passed
    row.save()
    return work.sweep(["sessions"])


@pytest.fixture
def noor() -> Account:
    return AccountFactory(password=PASSWORD)


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def with_cookie(key: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


NEW = "a quite new password"


def change(laptop: Client, account: Account) -> None:
    words = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert laptop.post("/accounts/password/change/", words).status_code == 302


def choose_by_mail(laptop: Client, account: Account) -> None:
    laptop.post("/accounts/password/reset/", {"email": account.sign_in})
    send_due()
    [link] = [word for word in str(mail.outbox[-1].body).split() if "/password/reset/" in word]
    page = laptop.get(link.removeprefix(settings.BASE_URL), follow=True)
    words = {"password1": NEW, "password2": NEW}
    assert laptop.post(page.redirect_chain[-1][0], words).status_code == 302


# --- What the database holds ----------------------------------------------------------------------


def test_what_the_database_holds_of_a_session_opens_none(noor: Account) -> None:
    """Who reads the database, a copy of it or a backup, comes in by nothing that stands there."""
    phone = device(noor)
    row = row_of(phone)
    assert is_in(phone)

    assert phone.session.session_key not in f"{row.pk} {row.session_data} {row.get_decoded()}"
    assert not is_in(with_cookie(row.pk))


@pytest.mark.parametrize("field", ["session_key", "session_data"])
def test_a_session_that_was_copied_into_ones_own_is_nobodys(noor: Account, field: str) -> None:
    """Nor does who may write there, from the row of a colleague into their own."""
    mine, theirs = device(AccountFactory(password=PASSWORD)), device(noor)
    own, other = row_of(mine), row_of(theirs)
    assert is_in(mine)

    if field == "session_data":
        own.session_data = other.session_data
    else:
        Session.objects.filter(pk=own.pk).delete()
        own = Session(pk=own.pk, session_data=other.session_data, expire_date=other.expire_date)
    own.save()

    assert not is_in(mine)
    assert is_in(theirs)


# --- Beginning and ending -------------------------------------------------------------------------


def test_signing_in_begins_another_session_than_the_one_that_was_there(noor: Account) -> None:
    """So that nobody comes in by a cookie that they put into somebody else's browser before."""
    planted = Client()
    choose_by_mail(planted, noor)  # a session of who is not signed in
    before = planted.session.session_key
    assert row_of(planted).pk

    planted.post("/accounts/login/", {"login": noor.sign_in, "password": NEW})

    assert is_in(planted)
    assert planted.session.session_key != before
    assert not is_in(with_cookie(before))
    assert not is_in(with_cookie("made-up-by-somebody"))


@pytest.mark.parametrize("new_password", [change, choose_by_mail])
def test_a_new_password_ends_every_other_session(
    noor: Account, new_password: Callable[[Client, Account], None]
) -> None:
    """Of whoever had the old one."""
    thief, laptop = device(noor), device(noor)
    assert is_in(thief)

    new_password(laptop, noor)

    assert not is_in(thief)
    assert not is_in(device(noor))  # by the old one


def test_a_link_to_choose_a_password_works_once(noor: Account) -> None:
    choose_by_mail(Client(), noor)
    [link] = [word for word in str(mail.outbox[-1].body).split() if "/password/reset/" in word]
    path = link.removeprefix(settings.BASE_URL)

    again = Client().get(path, follow=True)

    assert again.redirect_chain == []
    assert 'name="password1"' not in again.text


def test_a_session_lasts_twelve_hours_however_much_it_is_used(noor: Account) -> None:
    laptop = device(noor)
    begun = row_of(laptop).expire_date

    assert begun - timezone.now() <= timedelta(hours=12)
    assert is_in(laptop)
    assert row_of(laptop).expire_date == begun


def test_no_script_and_no_other_site_is_given_a_cookie(noor: Account) -> None:
    """Over https alone, as `check --deploy` asks, is held where a school's settings are checked."""
    laptop = device(noor)
    said = {name: (each["httponly"], each["samesite"]) for name, each in laptop.cookies.items()}

    assert said[settings.SESSION_COOKIE_NAME] == (True, "Lax")
    assert said["last_person"] == (True, "Lax")
    assert {samesite for _httponly, samesite in said.values()} == {"Lax"}


# --- Sweeping -------------------------------------------------------------------------------------


def test_what_expired_goes_and_what_lives_stays(noor: Account) -> None:
    phone, laptop = device(noor), device(noor)
    expired, live = row_of(phone), row_of(laptop)

    assert sweep_after(expired, timedelta(seconds=1)) == 1

    assert list(Session.objects.all()) == [live]
    assert laptop.get("/me/").status_code == 200
    assert phone.get("/me/").status_code == 302


def test_what_expires_in_a_minute_is_not_swept_yet(noor: Account) -> None:
    live = row_of(device(noor))

    assert sweep_after(live, -timedelta(minutes=1)) == 0

    assert list(Session.objects.all()) == [live]


def test_who_signs_out_leaves_no_row_for_the_sweep(noor: Account) -> None:
    phone, laptop = device(noor), device(noor)
    stays = row_of(laptop)

    phone.post("/accounts/logout/")

    assert list(Session.objects.all()) == [stays]
    assert work.sweep(["sessions"]) == 0


@pytest.mark.parametrize("how", ["closed", "signed out everywhere"])
def test_a_session_that_opens_nothing_any_more_is_not_kept_alive(noor: Account, how: str) -> None:
    """Of an account that was closed, and of a device that was signed out from another: trying it
    does not put off when it goes."""
    phone = device(noor)
    row = row_of(phone)
    end = actions.stop_access if how == "closed" else actions.sign_out_everywhere

    end(account=noor, by=None)
    tried = phone.get("/me/")

    assert tried.status_code == 302
    left = Session.objects.filter(pk=row.pk)
    assert set(left.values_list("expire_date", flat=True)) <= {row.expire_date}
    sweep_after(row, timedelta(seconds=1))
    assert not Session.objects.exists()
