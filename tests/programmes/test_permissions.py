"""Who may do what, and who may see what: one table for the actions, one for the pages."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from people.access import NotAllowed
from people.actions import Meant
from people.models import Account, InstitutionRole
from programmes import actions
from programmes.models import Period, Programme, ProgrammeRole
from records.models import Event
from records.refusals import NotPossible
from tests.factories import InstitutionRoleFactory, ProgrammeRoleFactory, QualificationFactory
from tests.programmes.factories import NOW, Scene, scene

pytestmark = pytest.mark.django_db

Act = Callable[[Scene, Account | None], object]
DATES = {"starts_on": date(2027, 1, 4), "ends_on": date(2027, 3, 31)}
SOMEBODY = Meant("Sam Jansen", "sam@school.example")


def actors(place: Scene) -> dict[str, Account | None]:
    """Everybody who could want to change a programme, by what they are to it."""

    def with_role(role: InstitutionRole.Role) -> Account:
        return InstitutionRoleFactory(role=role).person.account

    coordinates = ProgrammeRoleFactory(programme=place.programme).person.account
    coordinated = ProgrammeRoleFactory(
        programme=place.programme, ended_at=timezone.now()
    ).person.account
    return {
        "system": None,
        "coordinator": coordinates,
        "coordinator before": coordinated,
        "coordinator elsewhere": ProgrammeRoleFactory().person.account,
        "institution's coordinator": with_role(InstitutionRole.Role.COORDINATOR),
        "teacher and adviser": place.teacher.person.account,
        "student": place.enrolment.student,
        "exam board": with_role(InstitutionRole.Role.EXAM_BOARD),
        "auditor": with_role(InstitutionRole.Role.AUDITOR),
        "administrator": Account.objects.create_superuser("admin@school.example", "Administrator"),
    }


def outcome(act: Act, place: Scene, by: Account | None) -> str:
    """What comes of it; taken back, so that the next one starts from the same."""
    events = Event.objects.count()
    try:
        with transaction.atomic():
            act(place, by)
            assert Event.objects.count() > events
            transaction.set_rollback(True)
    except NotAllowed:
        return "not allowed"
    except NotPossible:
        return "not possible"
    return "done"


def change_programme(place: Scene, by: Account | None) -> object:
    return actions.change_programme(programme=place.programme, title="T", cohort="C", by=by)


def add_period(place: Scene, by: Account | None) -> object:
    return actions.add_period(programme=place.programme, name="Period 2", **DATES, by=by)


def change_period(place: Scene, by: Account | None) -> object:
    return actions.change_period(period=place.period, name="Autumn", **DATES, by=by)


def remove_period(place: Scene, by: Account | None) -> object:
    return actions.remove_period(period=Period.objects.get(), by=by, at=NOW)


def add_unit(place: Scene, by: Account | None) -> object:
    return actions.add_unit(
        programme=place.programme, title="All", purpose="phase", parts=place.core_tasks, by=by
    )


def change_unit(place: Scene, by: Account | None) -> object:
    return actions.change_unit(
        unit=place.unit, title="All", purpose="phase", parts=place.core_tasks, by=by
    )


def remove_unit(place: Scene, by: Account | None) -> object:
    return actions.remove_unit(unit=place.unit, by=by)


def set_guideline(place: Scene, by: Account | None) -> object:
    target = place.requirements[0]
    return actions.set_guideline(programme=place.programme, target=target, people=2, by=by)


def end_guideline(place: Scene, by: Account | None) -> object:
    return actions.end_guideline(guideline=place.guideline, by=by)


def give_role(place: Scene, by: Account | None) -> object:
    role = ProgrammeRole.Role.TEACHER
    return actions.give_role(programme=place.programme, person=SOMEBODY, role=role, by=by)


def end_role(place: Scene, by: Account | None) -> object:
    return actions.end_role(role=place.teacher, by=by)


def enrol(place: Scene, by: Account | None) -> object:
    day = date(2026, 9, 1)
    return actions.enrol(programme=place.programme, student=SOMEBODY, starts_on=day, by=by)


def change_enrolment(place: Scene, by: Account | None) -> object:
    return actions.change_enrolment(enrolment=place.enrolment, **DATES, by=by)


def remove_enrolment(place: Scene, by: Account | None) -> object:
    return actions.remove_enrolment(enrolment=place.enrolment, by=by)


def end_adviser(place: Scene, by: Account | None) -> object:
    return actions.end_adviser(enrolment=place.enrolment, by=by)


def remove_placement(place: Scene, by: Account | None) -> object:
    return actions.remove_placement(placement=place.placement, by=by)


def assign_adviser(place: Scene, by: Account | None) -> object:
    return actions.assign_adviser(enrolment=place.enrolment, adviser=SOMEBODY, by=by)


def add_placement(place: Scene, by: Account | None) -> object:
    return actions.add_placement(
        enrolment=place.enrolment, workplace="Bakery", **DATES, supervisors=[SOMEBODY], by=by
    )


def change_placement(place: Scene, by: Account | None) -> object:
    return actions.change_placement(placement=place.placement, workplace="Bakery", **DATES, by=by)


def add_supervisor(place: Scene, by: Account | None) -> object:
    return actions.add_supervisor(placement=place.placement, contact=SOMEBODY, by=by)


def end_supervisor(place: Scene, by: Account | None) -> object:
    return actions.end_supervisor(supervisor=place.supervisor, by=by)


def on_an_agenda(place: Scene) -> None:
    place.put_on_an_agenda()


def not_begun(place: Scene) -> None:
    Period.objects.update(starts_on=date(2026, 10, 6))


def as_it_is(place: Scene) -> None:
    pass


@pytest.mark.parametrize(
    ("act", "state", "expected"),
    [
        (change_programme, as_it_is, "done"),
        (add_period, as_it_is, "done"),
        (change_period, as_it_is, "done"),
        (remove_period, not_begun, "done"),
        (remove_period, as_it_is, "not possible"),
        (add_unit, as_it_is, "done"),
        (change_unit, as_it_is, "done"),
        (change_unit, on_an_agenda, "not possible"),
        (remove_unit, as_it_is, "done"),
        (remove_unit, on_an_agenda, "not possible"),
        (set_guideline, as_it_is, "done"),
        (end_guideline, as_it_is, "done"),
        (give_role, as_it_is, "done"),
        (end_role, as_it_is, "done"),
        (enrol, as_it_is, "done"),
        (change_enrolment, as_it_is, "done"),
        (remove_enrolment, as_it_is, "done"),
        (remove_enrolment, on_an_agenda, "not possible"),
        (end_adviser, as_it_is, "done"),
        (assign_adviser, as_it_is, "done"),
        (add_placement, as_it_is, "done"),
        (change_placement, as_it_is, "done"),
        (remove_placement, as_it_is, "done"),
        (add_supervisor, as_it_is, "done"),
        (end_supervisor, as_it_is, "done"),
    ],
)
def test_changing_is_for_the_coordinators_of_the_programme_and_the_system(
    act: Act, state: Callable[[Scene], None], expected: str
) -> None:
    place = scene()
    state(place)
    people = actors(place)

    assert {who: outcome(act, place, by) for who, by in people.items()} == dict.fromkeys(
        people, "not allowed"
    ) | {"system": expected, "coordinator": expected}


@pytest.mark.parametrize(("status", "expected"), [("published", "done"), ("draft", "not possible")])
def test_making_a_programme_is_for_the_institutions_coordinators(
    status: str, expected: str
) -> None:
    place = scene()
    qualification = QualificationFactory(draft=status == "draft")
    people = actors(place)
    del people["system"]  # a programme is coordinated by who makes it

    def make(place: Scene, by: Account | None) -> object:
        assert by
        return actions.make_programme(
            title="New", cohort="2026", qualification=qualification, by=by
        )

    assert {who: outcome(make, place, by) for who, by in people.items()} == dict.fromkeys(
        people, "not allowed"
    ) | {"institution's coordinator": expected}


# --- Pages ----------------------------------------------------------------------------------------

# Of each page: what coordinators, supervising roles and others are answered.
PROGRAMME_PAGES = {
    "/programmes/{programme}/": (200, 200, 404),
    "/programmes/{programme}/edit/": (200, 403, 404),
    "/programmes/{programme}/archive/": (200, 403, 404),
    "/programmes/{programme}/periods/new/": (200, 403, 404),
    "/programmes/{programme}/periods/{period}/": (200, 403, 404),
    "/programmes/{programme}/periods/{period}/remove/": (200, 403, 404),
    "/programmes/{programme}/units/new/": (200, 403, 404),
    "/programmes/{programme}/units/{unit}/": (200, 403, 404),
    "/programmes/{programme}/units/{unit}/remove/": (200, 403, 404),
    "/programmes/{programme}/guidelines/": (200, 403, 404),
    "/programmes/{programme}/guidelines/{core_task}/": (200, 403, 404),
    "/programmes/{programme}/guidelines/{work_process}/": (200, 403, 404),
    "/programmes/{programme}/guidelines/{requirement}/": (200, 403, 404),
    "/programmes/{programme}/roles/new/": (200, 403, 404),
    "/programmes/{programme}/roles/{role}/end/": (200, 403, 404),
    "/programmes/{programme}/students/new/": (200, 403, 404),
    "/programmes/enrolments/{enrolment}/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/adviser/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/adviser/end/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/edit/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/remove/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/placements/new/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/placements/{placement}/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/placements/{placement}/remove/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/placements/{placement}/supervisors/new/": (200, 404, 404),
    "/programmes/enrolments/{enrolment}/supervisors/{supervisor}/end/": (200, 404, 404),
}
# Posting nothing: what a form without an answer says, and that a bare button acts.
POSTED = dict.fromkeys(PROGRAMME_PAGES, 422) | {
    "/programmes/{programme}/": 405,
    "/programmes/{programme}/archive/": 409,
    "/programmes/{programme}/periods/{period}/remove/": 409,
    "/programmes/{programme}/units/{unit}/remove/": 302,
    "/programmes/{programme}/guidelines/": 405,
    "/programmes/{programme}/roles/{role}/end/": 302,
    "/programmes/enrolments/{enrolment}/": 405,
    "/programmes/enrolments/{enrolment}/adviser/end/": 302,
    "/programmes/enrolments/{enrolment}/remove/": 302,
    "/programmes/enrolments/{enrolment}/placements/{placement}/remove/": 302,
    "/programmes/enrolments/{enrolment}/supervisors/{supervisor}/end/": 302,
}


def address_of(page: str, place: Scene) -> str:
    return page.format(
        programme=place.programme.pk,
        period=place.period.pk,
        unit=place.unit.pk,
        core_task=place.core_tasks[0].pk,
        work_process=place.work_processes[0].pk,
        requirement=place.requirements[0].pk,
        role=place.teacher.pk,
        enrolment=place.enrolment.pk,
        placement=place.placement.pk,
        supervisor=place.supervisor.pk,
    )


def statuses(client: Client, method: str, address: str, place: Scene) -> dict[str, int]:
    found = {}
    for who, person in actors(place).items():
        client.logout()
        if person:
            client.force_login(person)
            found[who] = client.generic(method, address).status_code
    return found


def expected_statuses(coordinator: int, supervising: int, other: int) -> dict[str, int]:
    return {
        "coordinator": coordinator,
        "coordinator before": other,
        "coordinator elsewhere": other,
        "institution's coordinator": other,
        "teacher and adviser": other,
        "student": other,
        "exam board": supervising,
        "auditor": supervising,
        "administrator": other,
    }


@pytest.mark.parametrize("page", PROGRAMME_PAGES)
def test_pages_answer_by_role(client: Client, page: str) -> None:
    place = scene()
    address = address_of(page, place)
    expected = expected_statuses(*PROGRAMME_PAGES[page])

    assert statuses(client, "GET", address, place) == expected
    client.logout()
    assert client.get(address).headers["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("page", PROGRAMME_PAGES)
def test_posts_answer_by_role(client: Client, page: str) -> None:
    place = scene()
    _, supervising, other = PROGRAMME_PAGES[page]
    if POSTED[page] == 405:
        supervising = other = 405

    assert statuses(client, "POST", address_of(page, place), place) == expected_statuses(
        POSTED[page], supervising, other
    )


@pytest.mark.parametrize(("state", "step"), [("draft", "open"), ("archived", "bring-back")])
def test_opening_and_bringing_back_is_for_coordinators_and_only_a_post(
    client: Client, state: str, step: str
) -> None:
    place = scene()
    Programme.objects.filter(pk=place.programme.pk).update(state=state)
    address = address_of(f"/programmes/{{programme}}/{step}/", place)

    # A coordinator comes first, so that those who supervise find an open programme.
    assert statuses(client, "POST", address, place) == expected_statuses(302, 403, 404)
    assert client.get(address).status_code == 405


def test_ending_a_guideline_is_for_coordinators_and_only_a_post(client: Client) -> None:
    place = scene()
    address = address_of("/programmes/{programme}/guidelines/{core_task}/end/", place)

    assert statuses(client, "POST", address, place) == expected_statuses(302, 403, 404)
    assert client.get(address).status_code == 405


def test_the_page_of_a_new_programme_is_for_the_institutions_coordinators(client: Client) -> None:
    place = scene()

    assert statuses(client, "GET", "/programmes/new/", place) == expected_statuses(
        403, 403, 403
    ) | {"institution's coordinator": 200}


def test_the_list_shows_what_somebody_coordinates_and_supervisors_all(client: Client) -> None:
    place = scene()
    people = actors(place)
    del people["system"]

    def listed(person: Account | None) -> list[str]:
        assert person
        client.force_login(person)
        return sorted(str(one.pk) for one in client.get("/programmes/").context["programmes"])

    here = str(place.programme.pk)
    elsewhere = str(ProgrammeRole.objects.exclude(programme=place.programme).get().programme_id)
    assert {who: listed(person) for who, person in people.items()} == {
        key: [] for key in people
    } | {
        "coordinator": [here],
        "coordinator elsewhere": [elsewhere],
        "exam board": sorted([here, elsewhere]),
        "auditor": sorted([here, elsewhere]),
    }


def test_parts_of_another_programme_are_not_found_under_ones_own(
    coordinating: Client, place: Scene
) -> None:
    other = scene()
    own = place.programme.pk
    mixed = [
        f"/programmes/{own}/periods/{other.period.pk}/",
        f"/programmes/{own}/units/{other.unit.pk}/",
        f"/programmes/{own}/guidelines/{other.core_tasks[0].pk}/",
        f"/programmes/{own}/guidelines/{other.work_processes[0].pk}/",
        f"/programmes/{own}/guidelines/{other.requirements[0].pk}/",
        f"/programmes/{own}/roles/{other.teacher.pk}/end/",
        f"/programmes/enrolments/{place.enrolment.pk}/placements/{other.placement.pk}/",
        f"/programmes/enrolments/{place.enrolment.pk}/supervisors/{other.supervisor.pk}/end/",
    ]

    assert {path: coordinating.get(path).status_code for path in mixed} == dict.fromkeys(mixed, 404)


def test_readers_are_offered_nothing_to_change(client: Client, place: Scene) -> None:
    auditor = InstitutionRoleFactory(role=InstitutionRole.Role.AUDITOR).person.account
    manager = ProgrammeRoleFactory(programme=place.programme).person.account
    base = f"/programmes/{place.programme.pk}/"

    def offers(person: Account) -> bool:
        client.force_login(person)
        page = client.get(base).content.decode()
        assert place.enrolment.student.name in page
        return f'href="{base}' in page or 'href="/programmes/enrolments/' in page

    assert (offers(manager), offers(auditor)) == (True, False)
