"""What a coordinator set up goes while nothing rests on it; then the page says what does, and what
can be done instead: one table for all kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from people.models import Account
from programmes.models import AdviserAssignment, Enrolment, Placement, Supervisor, Track, Unit
from records.models import Event
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackFactory,
    FeedbackRequestFactory,
    RequirementLinkFactory,
)
from tests.factories import ProgrammeRoleFactory
from tests.portfolio.factories import CheckInFactory, SetAsideFactory
from tests.programmes.factories import Scene

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a row is removed, the row, what is there no more then, and what the record says."""

    path: str
    rows: tuple[Model, ...]
    verb: str
    back: str


def of_period(place: Scene) -> Kind:
    base = f"/programmes/{place.programme.pk}/"
    return Kind(f"{base}periods/{place.period.pk}/remove/", (), "period.removed", f"{base}#periods")


def of_unit(place: Scene) -> Kind:
    base = f"/programmes/{place.programme.pk}/"
    rows = (place.unit, *place.unit.parts.all())
    return Kind(f"{base}units/{place.unit.pk}/remove/", rows, "unit.removed", f"{base}#units")


def of_enrolment(place: Scene) -> Kind:
    rows = (
        place.enrolment,
        Track.objects.get(),
        AdviserAssignment.objects.get(),
        place.placement,
        place.supervisor,
    )
    back = f"/programmes/{place.programme.pk}/#students"
    path = f"/programmes/enrolments/{place.enrolment.pk}/remove/"
    return Kind(path, rows, "enrolment.removed", back)


def of_placement(place: Scene) -> Kind:
    base = f"/programmes/enrolments/{place.enrolment.pk}/"
    path = f"{base}placements/{place.placement.pk}/remove/"
    rows = (place.placement, place.supervisor)
    return Kind(path, rows, "placement.removed", f"{base}#placements")


def not_begun(place: Scene) -> None:
    place.period.starts_on = timezone.localdate() + timedelta(days=1)
    place.period.ends_on = place.period.starts_on
    place.period.save()


def as_it_is(place: Scene) -> None:
    pass


def begun(place: Scene) -> None:
    place.period.starts_on, place.period.ends_on = date(2026, 9, 1), timezone.localdate()
    place.period.save()


def laid(place: Scene) -> None:
    piece = EvidenceFactory(owner=place.enrolment.student)
    RequirementLinkFactory(evidence=piece, requirement=place.requirements[0])


def laid_and_taken_off(place: Scene) -> None:
    piece = EvidenceFactory(owner=place.enrolment.student)
    RequirementLinkFactory(
        evidence=piece, requirement=place.requirements[0], ended_at=timezone.now()
    )


def set_aside(place: Scene) -> None:
    SetAsideFactory(
        enrolment=place.enrolment,
        unit=place.unit,
        evidence=EvidenceFactory(owner=place.enrolment.student),
    )


def checked_in(place: Scene) -> None:
    CheckInFactory(enrolment=place.enrolment)


def asked(place: Scene) -> None:
    FeedbackRequestFactory(
        enrolment=place.enrolment, evidence=EvidenceFactory(owner=place.enrolment.student)
    )


def asked_its_supervisor(place: Scene) -> None:
    FeedbackRequestFactory(
        enrolment=place.enrolment,
        evidence=EvidenceFactory(owner=place.enrolment.student),
        person=place.supervisor.person,
    )


def noted(place: Scene) -> None:
    FeedbackFactory(
        enrolment=place.enrolment,
        evidence=EvidenceFactory(owner=place.enrolment.student),
        noted=True,
    )


def on_an_agenda(place: Scene) -> None:
    place.put_on_an_agenda()


FREE = [
    (of_period, not_begun),
    (of_unit, as_it_is),
    (of_enrolment, as_it_is),
    (of_placement, as_it_is),
    (of_placement, asked),  # somebody else than its supervisor
]
USED = [
    (of_period, begun, "It has begun, and 1 student is in this programme in it.", True),
    (of_unit, on_an_agenda, "It is on the agenda of a committee 1 time.", True),
    (of_unit, set_aside, "1 piece was set aside for it.", False),
    (of_enrolment, laid, "The student laid 1 piece of evidence against its requirements.", False),
    (
        of_enrolment,
        laid_and_taken_off,
        "The student laid 1 piece of evidence against its requirements.",
        False,
    ),
    (of_enrolment, asked, "The student asked for feedback 1 time.", False),
    (of_enrolment, noted, "1 conversation was noted as feedback.", False),
    (of_enrolment, checked_in, "1 check-in was held.", False),
    (of_enrolment, on_an_agenda, "The student is on the agenda of a committee 1 time.", True),
    (
        of_placement,
        asked_its_supervisor,
        "The student asked its supervisors for feedback 1 time.",
        False,
    ),
]
Make = Callable[[Scene], Kind]
State = Callable[[Scene], None]


def another_coordinator(place: Scene) -> Account:
    """Who has the role now, and set up nothing."""
    return ProgrammeRoleFactory(programme=place.programme, person__language="en").person.account


@pytest.mark.parametrize(("make", "state"), FREE)
def test_what_nothing_rests_on_goes_once(
    client: Client, place: Scene, make: Make, state: State
) -> None:
    state(place)
    kind = make(place)
    client.force_login(another_coordinator(place))

    asked_page = client.get(kind.path)
    removed = client.post(kind.path)

    assert (asked_page.status_code, "<button" in asked_page.content.decode()) == (200, True)
    assert (removed.status_code, removed.headers["Location"]) == (302, kind.back)
    assert [row for row in kind.rows if type(row)._base_manager.filter(pk=row.pk)] == []
    assert list(place.programme.periods.current()) == (
        [] if kind.verb == "period.removed" else [place.period]
    )
    assert Event.objects.filter(verb=kind.verb).count() == 1
    again = client.post(kind.path)
    assert again.status_code == (302 if kind.verb == "period.removed" else 404)
    assert Event.objects.filter(verb=kind.verb).count() == 1


@pytest.mark.parametrize(("make", "state", "words", "links"), USED)
def test_of_what_something_rests_on_the_page_says_what(
    client: Client, place: Scene, make: Make, state: State, words: str, links: bool
) -> None:
    state(place)
    kind = make(place)
    client.force_login(another_coordinator(place))
    events = Event.objects.count()

    shown, refused = client.get(kind.path), client.post(kind.path)

    assert (shown.status_code, refused.status_code) == (200, 409)
    for page in (shown, refused):
        in_use = page.context["in_use"]
        use = next(use for use in in_use.uses if use.words == words)
        assert bool(use.url) is links
        text = page.content.decode()
        assert words in text
        assert str(in_use.instead) in text
        assert '<form class="form" method="post"' not in text
        if links:
            assert f'href="{use.url}"' in text
            assert client.get(use.url).status_code == 200
    assert [row for row in kind.rows if not type(row)._base_manager.filter(pk=row.pk)] == []
    assert list(place.programme.periods.current()) == [place.period]
    assert Event.objects.count() == events


@pytest.mark.parametrize("make", [of_period, of_unit, of_enrolment, of_placement])
@pytest.mark.parametrize("ended", [True, False])
def test_who_has_the_role_no_more_or_elsewhere_removes_nothing(
    client: Client, place: Scene, make: Make, ended: bool
) -> None:
    not_begun(place)
    kind = make(place)
    before = ProgrammeRoleFactory(programme=place.programme, ended_at=timezone.now())
    elsewhere = ProgrammeRoleFactory()
    client.force_login((before if ended else elsewhere).person.account)
    events = Event.objects.count()

    assert (client.get(kind.path).status_code, client.post(kind.path).status_code) == (404, 404)

    assert [row for row in kind.rows if not type(row)._base_manager.filter(pk=row.pk)] == []
    assert Event.objects.count() == events


def test_a_unit_that_a_piece_was_set_aside_for_still_changes(client: Client, place: Scene) -> None:
    set_aside(place)
    client.force_login(another_coordinator(place))
    path = f"/programmes/{place.programme.pk}/units/{place.unit.pk}/"
    version = client.get(path).context["form"].version

    form = {"title": "Year 2", "purpose": "phase", "parts": [str(place.core_tasks[1].pk)]}
    changed = client.post(path, {**form, "version": version})

    assert changed.status_code == 302
    assert Unit.objects.get().title == "Year 2"


def test_who_was_enrolled_by_mistake_can_be_enrolled_again(client: Client, place: Scene) -> None:
    student = place.enrolment.student
    client.force_login(another_coordinator(place))
    client.post(of_enrolment(place).path)
    assert not Enrolment.objects.exists()
    assert not Placement.objects.exists()
    assert not Supervisor.objects.exists()

    page = f"/programmes/{place.programme.pk}/students/new/"
    address = student.account.sign_in
    back = client.post(
        page, {"name": student.name, "email": address, "starts_on": "2026-09-01"}, follow=True
    )

    assert back.status_code == 200
    assert Enrolment.objects.get().student == student


def test_an_adviser_who_was_chosen_by_mistake_advises_no_more(client: Client, place: Scene) -> None:
    client.force_login(another_coordinator(place))
    path = f"/programmes/enrolments/{place.enrolment.pk}/adviser/end/"
    assert Enrolment.objects.portfolio_visible_to(place.teacher.person.account).exists()

    answers = [client.post(path).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert AdviserAssignment.objects.get().ended_at is not None
    assert place.verbs(place.enrolment).count("adviser.ended") == 1
