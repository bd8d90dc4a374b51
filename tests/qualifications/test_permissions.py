"""Who may do what, and who may see what: one table an action, one for the pages."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from people.access import NotAllowed
from people.models import Account, InstitutionRole
from qualifications import actions
from qualifications.doubles import doubles_of
from qualifications.models import Dossier, Qualification, WorkProcess
from records.refusals import NotPossible
from tests.qualifications.factories import (
    SMALL,
    imported_draft,
    kept_dossier,
    parsed_with,
    person_with,
)

pytestmark = pytest.mark.django_db

Role = InstitutionRole.Role


class Scene(NamedTuple):
    dossier: Dossier
    qualification: Qualification
    work_process: WorkProcess


def scene(state: str) -> Scene:
    dossier, qualification = kept_dossier(), imported_draft()
    if state == "published":
        actions.publish(qualification=qualification, by=None)
    return Scene(
        dossier, qualification, WorkProcess.objects.filter(core_task__order=1).earliest("order")
    )


def actors() -> dict[str, Account | None]:
    was = person_with(Role.CURRICULUM)
    was.person.institution_roles.update(ended_at=timezone.now())
    administrator = Account.objects.create_superuser("admin@school.example", "Administrator")
    return {
        "system": None,
        "curriculum": person_with(Role.CURRICULUM),
        "coordinator": person_with(Role.COORDINATOR),
        "exam board": person_with(Role.EXAM_BOARD),
        "auditor": person_with(Role.AUDITOR),
        "was curriculum": was,
        "nobody": person_with(None),
        "administrator": administrator,
    }


def keep(set_up: Scene, by: Account | None) -> object:
    content = SMALL + b" "
    return actions.keep_dossier(
        parsed=set_up.dossier.parsed(), content=content, name="x.xml", by=by
    )


def import_one(set_up: Scene, by: Account | None) -> object:
    return actions.import_qualification(dossier=set_up.dossier, parsed=parsed_with(3), by=by)


def merge(set_up: Scene, by: Account | None) -> object:
    lines = [double.first.pk for double in doubles_of(set_up.qualification)]
    return actions.merge_lines(qualification=set_up.qualification, lines=lines, by=by)


def word(set_up: Scene, by: Account | None) -> object:
    wordings = {one.pk: "Anders." for one in set_up.work_process.requirements.all()}
    return actions.word_plainly(work_process=set_up.work_process, wordings=wordings, by=by)


def publish(set_up: Scene, by: Account | None) -> object:
    return actions.publish(qualification=set_up.qualification, by=by)


def withdraw(set_up: Scene, by: Account | None) -> object:
    return actions.withdraw(qualification=set_up.qualification, by=by)


def remove(set_up: Scene, by: Account | None) -> object:
    return actions.remove_draft(qualification=set_up.qualification, by=by)


def outcome(
    act: Callable[[Scene, Account | None], object], set_up: Scene, by: Account | None
) -> str:
    """What comes of it; taken back, so that the next one starts from the same."""
    try:
        with transaction.atomic():
            act(set_up, by)
            transaction.set_rollback(True)
    except NotAllowed:
        return "not allowed"
    except NotPossible:
        return "not possible"
    return "done"


@pytest.mark.parametrize(
    ("act", "state", "expected"),
    [
        (keep, "draft", "done"),
        (keep, "published", "done"),
        (import_one, "draft", "done"),
        (import_one, "published", "done"),
        (merge, "draft", "done"),
        (merge, "published", "not possible"),
        (word, "draft", "done"),
        (word, "published", "done"),
        (publish, "draft", "done"),
        (publish, "published", "not possible"),
        (withdraw, "draft", "not possible"),
        (withdraw, "published", "done"),
        (remove, "draft", "done"),
        (remove, "published", "not possible"),
    ],
)
def test_changing_is_for_the_curriculum_role_and_the_system(
    act: Callable[[Scene, Account | None], object], state: str, expected: str
) -> None:
    set_up = scene(state)

    assert {who: outcome(act, set_up, by) for who, by in actors().items()} == {
        "system": expected,
        "curriculum": expected,
        "coordinator": "not allowed",
        "exam board": "not allowed",
        "auditor": "not allowed",
        "was curriculum": "not allowed",
        "nobody": "not allowed",
        "administrator": "not allowed",
    }


# Of each page: the method, and what the curriculum role, other roles and others are answered.
PAGES = {
    "/qualifications/": ("GET", 200, 200, 403),
    "/qualifications/import/": ("GET", 200, 403, 403),
    "/qualifications/dossiers/{dossier}/": ("GET", 200, 200, 404),
    "/qualifications/{qualification}/": ("GET", 200, 200, 404),
    "/qualifications/work-processes/{work_process}/wording/": ("GET", 200, 403, 403),
    "/qualifications/dossiers/{dossier}/import/": ("POST", 302, 403, 403),
    "/qualifications/{qualification}/publish/": ("POST", 302, 403, 403),
}


@pytest.mark.parametrize("state", ["draft", "published"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_answer_by_role(client: Client, page: str, state: str) -> None:
    set_up = scene(state)
    address = page.format(
        dossier=set_up.dossier.pk,
        qualification=set_up.qualification.pk,
        work_process=set_up.work_process.pk,
    )
    method, curriculum, reader, other = PAGES[page]
    people = actors()
    del people["system"]

    def status(person: Account | None) -> int:
        client.logout()
        if person:
            client.force_login(person)
        return client.generic(method, address).status_code

    assert {who: status(person) for who, person in people.items()} == {
        "curriculum": curriculum,
        "coordinator": reader,
        "exam board": reader,
        "auditor": reader,
        "was curriculum": other,
        "nobody": other,
        "administrator": other,
    }
    assert status(None) == 302
    assert client.generic(method, address).headers["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize(
    ("state", "curriculum", "reader"), [("draft", 422, 403), ("published", 409, 403)]
)
def test_merging_answers_by_role(client: Client, state: str, curriculum: int, reader: int) -> None:
    set_up = scene(state)
    address = f"/qualifications/{set_up.qualification.pk}/merge/"
    people = actors()
    del people["system"]

    def status(person: Account | None) -> int:
        assert person
        client.force_login(person)
        return client.post(address).status_code

    assert {who: status(person) for who, person in people.items()} == {
        "curriculum": curriculum,
        "coordinator": reader,
        "exam board": reader,
        "auditor": reader,
        "was curriculum": 403,
        "nobody": 403,
        "administrator": 403,
    }


@pytest.mark.parametrize(
    "page",
    [
        "/qualifications/dossiers/{pk}/import/",
        "/qualifications/{pk}/merge/",
        "/qualifications/{pk}/publish/",
    ],
)
def test_changes_are_posts(curating: Client, page: str) -> None:
    set_up = scene("draft")

    for pk in (set_up.dossier.pk, set_up.qualification.pk):
        assert curating.get(page.format(pk=pk)).status_code == 405
