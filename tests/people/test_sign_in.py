import uuid
from typing import TYPE_CHECKING

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from people.actions import register
from people.models import Account, Person
from post import work
from post.models import OutboxMail
from post.outbox import BUILDERS, send_due
from tests.factories import AccountFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries
    from pytest_django.fixtures import SettingsWrapper

    from tests.peers import MailServer

pytestmark = pytest.mark.django_db


def sign_in(client: Client, address: str, password: str) -> bool:
    client.post("/accounts/login/", {"login": address, "password": password})
    return "_auth_user_id" in client.session


def test_a_person_signs_in_with_address_and_password(client: Client) -> None:
    person = AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")

    assert sign_in(client, "Noor@School.example ", "goed wachtwoord")

    assert client.get("/").context["request"].user == person


def test_a_wrong_password_is_refused_and_what_was_typed_is_kept(client: Client) -> None:
    AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")

    answer = client.post("/accounts/login/", {"login": "noor@school.example", "password": "fout"})

    assert "_auth_user_id" not in client.session
    assert 'value="noor@school.example"' in answer.content.decode()


def test_after_five_wrong_tries_the_right_password_waits_too(client: Client) -> None:
    AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")
    for _ in range(5):
        sign_in(client, "noor@school.example", "fout")

    assert not sign_in(client, "noor@school.example", "goed wachtwoord")


@pytest.mark.parametrize(
    "path", ["/accounts/signup/", "/accounts/email/", "/accounts/confirm-email/"]
)
def test_nobody_signs_up_by_themselves(client: Client, path: str) -> None:
    client.force_login(AccountFactory())

    assert client.get(path).status_code == 403


def test_a_forgotten_password_is_chosen_anew_through_a_mail(
    client: Client, smtp_server: "MailServer", settings: "SettingsWrapper"
) -> None:
    person = AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")
    client.post("/accounts/password/reset/", {"email": "noor@school.example"})
    work.sweep()
    [mail] = smtp_server.messages
    body = mail.get_body(("plain",)).get_content()
    link = next(word for word in body.split() if word.startswith(settings.BASE_URL))

    page = client.get(link.removeprefix(settings.BASE_URL), follow=True)
    path = page.redirect_chain[-1][0]
    client.post(path, {"password1": "een nieuw wachtwoord", "password2": "een nieuw wachtwoord"})

    assert Account.objects.get(pk=person.pk).check_password("een nieuw wachtwoord")


def test_the_outbox_keeps_no_link_to_a_new_password(client: Client) -> None:
    person = AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")

    client.post("/accounts/password/reset/", {"email": "noor@school.example"})

    [row] = OutboxMail.objects.all()
    assert (row.template, row.to, row.about) == ("people/password", person.pk, person.pk)


def test_an_address_that_nobody_has_gets_the_same_page_and_no_mail(client: Client) -> None:
    AccountFactory(sign_in="noor@school.example")

    answers = [
        client.post("/accounts/password/reset/", {"email": address})
        for address in ("noor@school.example", "niemand@school.example")
    ]

    assert answers[0].url == answers[1].url
    assert OutboxMail.objects.count() == 1


@pytest.mark.parametrize("was_here", [False, True])
def test_password_mail_goes_to_no_address_that_its_mailbox_never_confirmed(
    client: Client, was_here: bool
) -> None:
    """Who was invited and lost that mail is invited again; nobody else gets anything."""
    person = register(email="noor@school.example", name="Noor", by=None)
    if was_here:
        Account.objects.filter(pk=person.pk).update(last_seen_on=timezone.localdate())
    OutboxMail.objects.all().delete()

    client.post("/accounts/password/reset/", {"email": "noor@school.example"})
    send_due()

    assert len(mail.outbox) == (0 if was_here else 1)
    assert [row.template for row in OutboxMail.objects.all()] == ["people/invitation"]


def test_who_chose_a_password_by_the_link_of_a_mail_confirmed_their_address(
    client: Client, settings: "SettingsWrapper"
) -> None:
    person = register(email="noor@school.example", name="Noor", by=None)
    send_due()
    body = str(mail.outbox[0].body)
    link = next(word for word in body.split() if word.startswith(settings.BASE_URL))

    page = client.get(link.removeprefix(settings.BASE_URL), follow=True)
    assert person.person.address().confirmed_at is None
    path = page.redirect_chain[-1][0]
    client.post(path, {"password1": "een nieuw wachtwoord", "password2": "een nieuw wachtwoord"})

    assert person.person.address().confirmed_at is not None
    client.post("/accounts/password/reset/", {"email": "noor@school.example"})
    assert OutboxMail.objects.latest("recorded_at").template == "people/password"


def test_a_language_is_kept_with_the_account(client: Client) -> None:
    person = AccountFactory(password="goed wachtwoord")
    client.force_login(person)

    client.post("/language/", {"language": "en", "next": "/"})

    assert Account.objects.get(pk=person.pk).language == "en"
    assert '<html lang="en">' in client.get("/").content.decode()
    client.post("/accounts/logout/")
    client.post("/accounts/password/reset/", {"email": person.sign_in})
    send_due()
    assert [message.extra_headers["Content-Language"] for message in mail.outbox] == ["en"]


def test_a_wrong_password_is_asked_for_again_and_no_more_is_promised(client: Client) -> None:
    answer = client.post(
        "/accounts/login/",
        {"login": "noor@school.example", "password": "fout"},
        headers={"accept-language": "en"},
    )

    page = answer.content.decode()
    assert "Something is not right yet. Type your password once more." in page
    assert "still here" not in page


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_page_to_choose_a_password_speaks_the_language_of_its_mail(
    client: Client, language: str
) -> None:
    person = AccountFactory(language=language)
    content = BUILDERS["people/invitation"](OutboxMail(about=person.pk))
    assert content is not None
    path = content.context["link"].removeprefix(settings.BASE_URL)

    page = client.get(path, headers={"accept-language": "de"}, follow=True)
    other = client.get(path.replace("/key/", "/key/x"), headers={"accept-language": "en"})

    assert f'<html lang="{language}">' in page.content.decode()
    assert '<html lang="en">' in other.content.decode()  # nobody's: in the browser's


def test_addresses_stand_with_the_person_and_never_in_the_table_of_the_sign_in(
    client: Client, smtp_server: "MailServer", settings: "SettingsWrapper"
) -> None:
    """Signing in, a new password by mail, and a page of that table, which is closed."""
    AccountFactory(sign_in="noor@school.example", password="goed wachtwoord")
    sign_in(client, "noor@school.example", "goed wachtwoord")
    client.get("/accounts/email/")
    client.post("/accounts/logout/")
    client.post("/accounts/password/reset/", {"email": "noor@school.example"})
    work.sweep()
    body = smtp_server.messages[0].get_body(("plain",)).get_content()
    link = next(word for word in body.split() if word.startswith(settings.BASE_URL))
    path = client.get(link.removeprefix(settings.BASE_URL), follow=True).redirect_chain[-1][0]
    client.post(path, {"password1": "een nieuw wachtwoord", "password2": "een nieuw wachtwoord"})

    assert sign_in(Client(), "noor@school.example", "een nieuw wachtwoord")
    assert EmailAddress.objects.count() == 0


def test_the_day_somebody_was_here_is_kept_and_no_more(client: Client) -> None:
    account = AccountFactory(password="goed wachtwoord")

    sign_in(client, account.sign_in, "goed wachtwoord")

    account.refresh_from_db()
    assert account.last_seen_on == timezone.localdate()
    assert account.last_login is None


def test_who_is_signed_in_costs_one_query_with_their_name(
    django_assert_num_queries: "DjangoAssertNumQueries",
) -> None:
    made = AccountFactory()

    with django_assert_num_queries(1):
        account = Account.objects.get(pk=made.pk)
        assert (account.name, account.language) == (made.person.name, "nl")


def test_an_account_bears_the_id_of_its_person_or_is_refused() -> None:
    somebody = Person.objects.create(name="Noor")

    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(id=uuid.uuid4(), person=somebody, sign_in="noor@school.example")

    made = Account.objects.create(id=somebody.pk, person=somebody, sign_in="noor@school.example")
    assert made.pk == somebody.pk
