"""A form that is sent after the session has ended comes back to its writer, and to nobody else."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from people.drafts import LONGEST
from people.models import Account, Draft
from people.unsent import MOST, kept_for, path_of
from tests.evidence.scenes import scene
from tests.factories import AccountFactory
from tests.people.factories import PASSWORD

pytestmark = pytest.mark.django_db

WORDS = {"title": "Helped a client", "context": "It was very busy.", "password": "not this"}


@pytest.fixture
def student() -> Account:
    person = scene().student
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, person: Account, path: str = "/accounts/login/") -> str:
    return client.post(path, {"login": person.sign_in, "password": PASSWORD}).url


def sent_too_late(client: Client, person: Account, path: str) -> str:
    """Where somebody is sent who sends a form when their session is gone."""
    sign_in(client, person)
    Session.objects.all().delete()
    return client.post(path, WORDS).url


def test_the_words_are_there_after_signing_in_and_go_where_they_were_going(
    client: Client, student: Account
) -> None:
    path = reverse("evidence:add") + "?from=home"
    door = sent_too_late(client, student, path)

    page = sign_in(client, student, door)
    shown = client.get(page)
    again = client.post(page, {"title": "Helped a client"})

    assert 'name="title" value="Helped a client"' in shown.text
    assert ">It was very busy.</textarea>" in shown.text
    assert "not this" not in shown.text
    assert (again.status_code, again["Location"]) == (307, path)
    assert Draft.objects.count() == 0


def test_what_came_too_late_can_be_thrown_away(client: Client, student: Account) -> None:
    page = sign_in(client, student, sent_too_late(client, student, reverse("evidence:add")))

    away = client.post(page, {"start_over": "yes"})

    assert (away.status_code, away.url, Draft.objects.count()) == (302, "/", 0)


def test_somebody_else_at_the_same_machine_finds_nothing(client: Client, student: Account) -> None:
    door = sent_too_late(client, student, reverse("evidence:add"))
    page = sign_in(client, AccountFactory(password=PASSWORD), door)

    answer = client.get(page)

    assert (answer.status_code, "very busy" in answer.text) == (404, False)
    assert "very busy" not in str(dict(client.session))
    assert Draft.objects.count() == 1


def test_of_somebody_unknown_nothing_is_kept(client: Client) -> None:
    path = reverse("evidence:add")

    answer = client.post(path, WORDS)

    assert (answer.url, Draft.objects.count()) == (f"/accounts/login/?next={path}", 0)


def test_a_forged_cookie_is_nobody(client: Client, student: Account) -> None:
    client.cookies["last_person"] = f"{student.pk}:forged"

    client.post(reverse("evidence:add"), WORDS)

    assert Draft.objects.count() == 0


def test_a_place_in_a_page_is_not_filled_with_the_door(client: Client) -> None:
    answer = client.post(reverse("evidence:add_draft"), headers={"HX-Request": "true"})

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_form_that_is_not_trusted_shows_its_words_to_copy_and_sends_nothing(
    student: Account,
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)

    answer = client.post(reverse("evidence:add"), WORDS)

    assert answer.status_code == 403
    assert ">It was very busy.</textarea>" in answer.text
    assert [word in answer.text for word in ("not this", 'name="context"')] == [False, False]


# --- Bounds: nobody is signed in who sends these --------------------------------------------------


def test_of_one_person_so_many_forms_are_kept_and_the_oldest_make_way(
    client: Client, student: Account
) -> None:
    sign_in(client, student)
    Session.objects.all().delete()
    Draft.objects.create(key=f"ask:x:{student.pk}")  # what they type signed in stays

    for number in range(MOST + 10):
        client.post(f"{reverse('evidence:add')}?n={number}", WORDS)

    kept = [path_of(draft) for draft in kept_for(student).order_by("changed_at")]
    assert kept == [f"/evidence/add/?n={number}" for number in range(10, MOST + 10)]
    assert Draft.objects.count() == MOST + 1


@pytest.mark.parametrize(
    "sent",
    [
        {"context": "x" * (LONGEST + 1)},
        {"x" * (LONGEST + 1): ""},
        {f"name{n}" + "x" * 400: "y" * 100 for n in range(500)},
    ],
)
def test_more_than_anybody_writes_is_not_kept(
    client: Client, student: Account, sent: dict[str, str]
) -> None:
    door = sign_in(client, student)
    Session.objects.all().delete()

    answer = client.post(reverse("evidence:add"), sent)

    assert (door, answer.status_code in (302, 400)) == ("/", True)
    assert Draft.objects.count() == 0


def test_no_address_is_longer_than_a_key(client: Client, student: Account) -> None:
    sign_in(client, student)
    Session.objects.all().delete()

    client.post(f"{reverse('evidence:add')}?n={'9' * 2000}", WORDS)

    assert Draft.objects.count() == 0
