"""A programme from draft to archive, and its copy for the next cohort."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from people.access import NotAllowed
from people.models import Account, InstitutionRole
from programmes import actions
from programmes.cohorts import a_year_on, in_words_a_year_on
from programmes.models import (
    Enrolment,
    Guideline,
    HouseRules,
    Period,
    Programme,
    ProgrammeRole,
    Unit,
    UnitPart,
)
from records.models import Event
from records.refusals import NotPossible
from records.resting import InUse
from tests.factories import (
    InstitutionRoleFactory,
    PeriodFactory,
    ProgrammeRoleFactory,
)
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(coordinator: Account) -> Account:
    """Coordinates the programme, and may make others."""
    InstitutionRoleFactory(person=coordinator.person, role=InstitutionRole.Role.COORDINATOR)
    return coordinator


def copied(place: Scene, maker: Account) -> Programme:
    return actions.copy_programme(
        programme=place.programme, title="Next", cohort="2027-2030", by=maker
    )


def over(place: Scene) -> None:
    """Nobody studies in the programme any more."""
    yesterday = timezone.localdate() - timedelta(days=1)
    Enrolment.objects.update(starts_on=date(2020, 9, 1), ends_on=yesterday)


def reader(role: InstitutionRole.Role = InstitutionRole.Role.EXAM_BOARD) -> Account:
    return InstitutionRoleFactory(role=role, person__language="en").person.account


# --- The copy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "then"),
    [
        (date(2026, 9, 1), date(2027, 9, 1)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
    ],
)
def test_a_day_a_year_on(day: date, then: date) -> None:
    assert a_year_on(day) == then


@pytest.mark.parametrize(
    ("words", "then"),
    [
        ("2026-2029", "2027-2030"),
        ("Period 1 (2026)", "Period 1 (2027)"),
        ("Cohort 26", "Cohort 26"),
        ("Crebo 25498 of 120260", "Crebo 25498 of 120260"),
    ],
)
def test_names_a_year_on(words: str, then: str) -> None:
    assert in_words_a_year_on(words) == then


def test_the_copy_has_what_is_set_up_and_no_student(place: Scene, maker: Account) -> None:
    PeriodFactory(programme=place.programme, name="Before", ended_at=timezone.now())
    closed = ProgrammeRoleFactory(programme=place.programme)
    Account.objects.filter(person=closed.person).update(is_active=False)
    actions.change_programme(
        programme=place.programme,
        title=place.programme.title,
        cohort=place.programme.cohort,
        notice_working_days=7,
        by=maker,
    )
    before = (place.programme.periods.count(), place.programme.units.count())

    copy = copied(place, maker)

    copy.refresh_from_db()
    assert (copy.state, copy.qualification) == ("draft", place.programme.qualification)
    assert [(row.name, row.starts_on, row.ends_on) for row in copy.periods.all()] == [
        ("Period 1", a_year_on(place.period.starts_on), a_year_on(place.period.ends_on))
    ]
    assert [(row.title, [str(part) for part in row.parts.all()]) for row in copy.units.all()] == [
        ("Basics", [str(place.work_processes[0])])
    ]
    assert [(row.target, row.pieces) for row in copy.current_guidelines()] == [
        (place.core_tasks[0], 3)
    ]
    assert (copy.rules.notice_working_days, copy.rules.number) == (7, 1)
    assert {(row.person, row.role) for row in copy.current_roles()} == {
        (maker.person, "coordinator"),
        (place.teacher.person, "teacher"),
    }
    assert closed.person not in {row.person for row in copy.current_roles()}
    assert (copy.enrolments.count(), copy.committees.count()) == (0, 0)
    assert (place.programme.periods.count(), place.programme.units.count()) == before
    [event] = Event.objects.filter(verb="programme.copied")
    assert event.statement["facts"]["copied_from"] == str(place.programme.pk)


def test_the_form_begins_a_year_on_and_a_second_tap_makes_one_copy(
    client: Client, place: Scene, maker: Account
) -> None:
    Programme.objects.update(title="Software", cohort="2026-2029")
    client.force_login(maker)
    path = f"/programmes/{place.programme.pk}/copy/"
    form = client.get(path).context["form"]
    assert (form["title"].value(), form["cohort"].value()) == ("Software", "2027-2030")

    sent = {"title": "Software", "cohort": "2027-2030"}
    first, second = client.post(path, sent), client.post(path, sent)

    copy = Programme.objects.get(cohort="2027-2030")
    assert first.headers["Location"] == copy.get_absolute_url()
    assert second.status_code == 422
    assert "There is already a programme with this title and cohort." in second.content.decode()
    assert Programme.objects.count() == 2


def test_copying_asks_for_both_roles(place: Scene, coordinator: Account) -> None:
    makes = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR).person.account
    for by in (coordinator, makes):
        with pytest.raises(NotAllowed):
            copied(place, by)

    assert Programme.objects.count() == 1


# --- A draft --------------------------------------------------------------------------------------


def test_a_draft_is_seen_by_its_coordinators_until_one_opens_it(
    client: Client, place: Scene, maker: Account
) -> None:
    copy = copied(place, maker)
    other = ProgrammeRoleFactory(programme=copy).person.account
    watching = [reader(), reader(InstitutionRole.Role.AUDITOR), place.teacher.person.account]

    def seen_by(user: Account) -> list[bool]:
        client.force_login(user)
        path = copy.get_absolute_url()
        listed = str(copy) in client.get("/programmes/").content.decode().replace(
            '<span class="visually-hidden"> ', " "
        )
        return [listed, client.get(path).status_code == 200]

    assert [seen_by(user) for user in (maker, other)] == [[True, True], [True, True]]
    assert [seen_by(user) for user in watching] == [[False, False]] * 3

    client.force_login(other)
    answers = [client.post(f"{copy.get_absolute_url()}open/").status_code for _ in range(2)]

    assert answers == [302, 302]
    assert Event.objects.filter(verb="programme.opened").count() == 1
    assert [seen_by(user) for user in watching] == [[True, True], [True, True], [False, False]]


def test_the_roles_in_a_draft_stand_on_no_page_about_people(
    client: Client, place: Scene, maker: Account
) -> None:
    copied(place, maker)
    client.force_login(Account.objects.create_superuser("admin@school.example", "Administrator"))
    pages = ("/people/", f"/people/{place.teacher.person_id}/", "/admin/programmes/programme/")

    texts = [client.get(path, follow=True).content.decode() for path in pages]

    assert [place.programme.title in text for text in texts] == [True, True, True]
    assert ["2027-2030" in text for text in texts] == [False, False, False]


def test_nobody_is_enrolled_in_a_draft(client: Client, place: Scene, maker: Account) -> None:
    copy = copied(place, maker)
    client.force_login(maker)
    path = f"{copy.get_absolute_url()}students/new/"
    form = {"name": "Sam", "email": "sam@school.example", "starts_on": "2027-09-01"}

    asked, sent = client.get(path), client.post(path, form)

    assert (asked.status_code, sent.status_code) == (409, 422)
    for page in (asked, sent):
        assert "This programme is a draft: open it first." in page.content.decode()
    assert not copy.enrolments.exists()
    assert not Account.objects.filter(sign_in="sam@school.example").exists()


def test_a_draft_goes_with_all_that_is_in_it(client: Client, place: Scene, maker: Account) -> None:
    kinds = (Period, Unit, UnitPart, Guideline, HouseRules, ProgrammeRole, Programme)
    before = [list(kind.objects.order_by("pk")) for kind in kinds]
    copy = copied(place, maker)
    client.force_login(maker)
    path = f"{copy.get_absolute_url()}remove/"
    assert client.get(path).status_code == 200

    answers = [client.post(path).status_code for _ in range(2)]

    assert answers == [302, 404]
    assert [list(kind.objects.order_by("pk")) for kind in kinds] == before


def test_what_was_opened_is_not_removed(client: Client, place: Scene, maker: Account) -> None:
    client.force_login(maker)
    path = f"/programmes/{place.programme.pk}/remove/"

    asked, sent = client.get(path), client.post(path, follow=True)

    assert (asked.status_code, sent.status_code) == (409, 200)
    assert "This programme was opened: archive it instead." in asked.content.decode()
    assert Programme.objects.get() == place.programme


# --- The archive ----------------------------------------------------------------------------------


def test_a_programme_with_students_is_not_archived(
    client: Client, place: Scene, coordinating: Client
) -> None:
    path = f"/programmes/{place.programme.pk}/archive/"

    shown, refused = coordinating.get(path), coordinating.post(path)

    assert (shown.status_code, refused.status_code) == (200, 409)
    for page in (shown, refused):
        text = page.content.decode()
        assert f'<a href="/programmes/{place.programme.pk}/#students">1 student is in' in text
        assert "Give each enrolment a last day." in text
    place.programme.refresh_from_db()
    assert place.programme.state == "open"


def test_a_programme_whose_committee_still_meets_is_not_archived(place: Scene) -> None:
    place.put_on_an_agenda()
    over(place)

    with pytest.raises(InUse) as refused:
        actions.archive_programme(programme=place.programme, by=None)

    assert [(use.words, use.url) for use in refused.value.uses] == [
        ("1 meeting of a committee is to come.", "/committees/")
    ]


def test_of_an_archived_programme_nothing_is_set_up_until_it_is_back(
    client: Client, place: Scene, coordinating: Client, coordinator: Account
) -> None:
    over(place)
    base = f"/programmes/{place.programme.pk}/"
    archive = [coordinating.post(f"{base}archive/").status_code for _ in range(2)]
    assert (archive, Event.objects.filter(verb="programme.archived").count()) == ([302, 302], 1)

    day = date(2027, 1, 1)
    at = {"by": coordinator}
    rules = {"title": "T", "cohort": "C"}
    days = {"starts_on": day, "ends_on": day}
    unit = {"title": "U", "purpose": "phase", "parts": place.core_tasks}
    tries: list[Callable[[], object]] = [
        lambda: actions.change_programme(programme=place.programme, **rules, **at),
        lambda: actions.add_period(programme=place.programme, name="P", **days, **at),
        lambda: actions.change_period(period=place.period, name="P", **days, **at),
        lambda: actions.remove_period(period=place.period, **at),
        lambda: actions.add_unit(programme=place.programme, **unit, **at),
        lambda: actions.change_unit(unit=place.unit, **unit, **at),
        lambda: actions.remove_unit(unit=place.unit, **at),
        lambda: actions.end_guideline(guideline=place.guideline, **at),
        lambda: actions.change_enrolment(enrolment=place.enrolment, **days, **at),
        lambda: actions.end_supervisor(supervisor=place.supervisor, **at),
    ]
    events = Event.objects.count()
    for attempt in tries:
        with pytest.raises(NotPossible, match="This programme is archived"):
            attempt()
    assert Event.objects.count() == events
    page = coordinating.get(base).content.decode()
    assert f'href="{base}periods/new/"' not in page
    assert f'href="/programmes/enrolments/{place.enrolment.pk}/"' not in page
    assert coordinating.get(f"{base}periods/new/").status_code == 409

    back = [coordinating.post(f"{base}bring-back/").status_code for _ in range(2)]

    assert (back, Event.objects.filter(verb="programme.brought_back").count()) == ([302, 302], 1)
    tries[1]()


def test_the_name_of_an_archived_programme_can_be_given_again(place: Scene, maker: Account) -> None:
    over(place)
    names = {"title": place.programme.title, "cohort": place.programme.cohort}
    actions.archive_programme(programme=place.programme, by=maker)
    actions.copy_programme(programme=place.programme, **names, by=maker)

    with pytest.raises(NotPossible, match="There is already a programme with this title"):
        actions.bring_back_programme(programme=place.programme, by=maker)


def test_readers_find_what_was_archived_and_cannot_bring_it_back(
    client: Client, place: Scene
) -> None:
    over(place)
    actions.archive_programme(programme=place.programme, by=None)
    client.force_login(reader())
    base = f"/programmes/{place.programme.pk}/"

    listed, shown = client.get("/programmes/"), client.get(base)

    assert list(listed.context["archived"]) == [place.programme]
    assert list(listed.context["programmes"]) == []
    assert "bring-back" not in shown.content.decode()
    assert client.post(f"{base}bring-back/").status_code == 403
