"""Sessions that have ended are swept: those that expired, and no others."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from people import actions
from people.models import Account
from post import work
from tests.factories import AccountFactory
from tests.people.factories import PASSWORD, device

pytestmark = pytest.mark.django_db


def row_of(client: Client) -> Session:
    return Session.objects.get(pk=client.session.session_key)


def sweep_after(row: Session, passed: timedelta) -> int:
    """Sweep when so much time has passed since this session expired."""
    row.expire_date = timezone.now() - passed
    row.save()
    return work.sweep(["sessions"])


@pytest.fixture
def noor() -> Account:
    return AccountFactory(password=PASSWORD)


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
