"""The support desk: what it changes goes through the actions."""

import pytest
from django.test import Client

from people.models import Account, InstitutionRole
from post.models import OutboxMail
from records.models import Event
from tests.factories import AccountFactory, PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(AccountFactory(is_staff=True, is_superuser=True))
    return client


def verbs() -> list[str]:
    return list(Event.objects.values_list("verb", flat=True))


def test_a_person_is_registered_and_invited(desk: Client) -> None:
    desk.post(
        "/admin/people/account/add/",
        {"name": "Noor", "sign_in": "Noor@School.example", "language": "nl"},
    )

    person = Account.objects.get(person__name="Noor")
    assert (person.sign_in, person.has_usable_password()) == ("noor@school.example", False)
    assert [mail.template for mail in OutboxMail.objects.all()] == ["people/invitation"]
    assert verbs() == ["person.registered"]


def test_a_role_is_given_and_ended(desk: Client) -> None:
    person = AccountFactory()
    desk.post("/admin/people/institutionrole/add/", {"person": person.pk, "role": "auditor"})
    [role] = InstitutionRole.objects.all()
    given = (role.person, role.role, role.ended_at)

    desk.post("/admin/people/institutionrole/", {"action": "end", "_selected_action": [role.pk]})

    role.refresh_from_db()
    assert given == (person.person, "auditor", None)
    assert role.ended_at is not None
    assert verbs() == ["role.given", "role.ended"]


def test_a_role_is_not_changed_or_deleted(desk: Client) -> None:
    role = InstitutionRole.objects.create(person=PersonFactory(), role="auditor")
    path = f"/admin/people/institutionrole/{role.pk}"

    answers = [
        desk.post(f"{path}/change/", {"person": role.person_id, "role": "curriculum"}).status_code,
        desk.post(f"{path}/delete/", {"post": "yes"}).status_code,
    ]

    role.refresh_from_db()
    assert (answers, role.role) == ([403, 403], "auditor")


@pytest.mark.parametrize(("staff", "status"), [(True, 200), (False, 302)])
def test_the_desk_is_for_staff(client: Client, staff: bool, status: int) -> None:
    client.force_login(AccountFactory(is_staff=staff, is_superuser=staff))

    assert client.get("/admin/").status_code == status
