"""What the forms cannot ask for, doing things twice, and the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from people.access import NotAllowed
from people.actions import Meant
from people.models import InstitutionRole
from programmes import actions
from programmes.models import AdviserAssignment, Guideline, ProgrammeRole, Track, Unit, UnitPart
from qualifications.models import CoreTask, QualityRequirement, WorkProcess
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import EvidenceFactory
from tests.factories import (
    AccountFactory,
    InstitutionRoleFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
)
from tests.programmes.factories import NOW, Scene

pytestmark = pytest.mark.django_db


def foreign() -> tuple[CoreTask, WorkProcess, QualityRequirement]:
    line = RequirementFactory()
    process = line.work_processes.get()
    return process.core_task, process, line


def test_a_contact_is_tidied() -> None:
    assert Meant(" Noor  Bakker ", " Noor@School.Example ") == Meant(
        "Noor Bakker", "noor@school.example"
    )


def test_a_guideline_is_on_the_programmes_own_qualification(place: Scene) -> None:
    for target in foreign():
        with pytest.raises(NotPossible, match="not of the programme's qualification"):
            actions.set_guideline(programme=place.programme, target=target, pieces=1, by=None)

    assert list(Guideline.objects.all()) == [place.guideline]


def test_parts_are_of_the_programmes_own_qualification(place: Scene) -> None:
    core_task, work_process, _ = foreign()

    for part in (core_task, work_process):
        with pytest.raises(NotPossible, match=f"{part.code} is not of this qualification"):
            actions.add_unit(
                programme=place.programme, title="T", purpose="phase", parts=[part], by=None
            )
    with pytest.raises(NotPossible, match="Choose at least one part"):
        actions.add_unit(programme=place.programme, title="T", purpose="phase", parts=[], by=None)

    assert list(Unit.objects.all()) == [place.unit]


def test_what_is_as_it_was_stays(place: Scene) -> None:
    guideline = actions.set_guideline(
        programme=place.programme, target=place.core_tasks[0], pieces=3, by=None
    )
    assignment = actions.assign_adviser(
        enrolment=place.enrolment, adviser=place.teacher.person, by=None
    )

    assert guideline == place.guideline
    assert assignment == AdviserAssignment.objects.get()
    assert place.verbs() + place.verbs(place.enrolment) == []


def test_what_is_ended_is_ended_once(place: Scene) -> None:
    for _ in range(2):
        actions.end_guideline(guideline=place.guideline, by=None)
        actions.end_role(role=place.teacher, by=None)
        actions.end_supervisor(supervisor=place.supervisor, by=None)

    assert place.verbs() == ["guideline.ended", "role.ended"]
    assert place.verbs(place.enrolment) == ["supervisor.ended"]


def test_the_same_programme_is_made_once() -> None:
    maker = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR).person.account
    here = ProgrammeFactory()

    with pytest.raises(NotPossible, match="already a programme with this title and cohort"):
        actions.make_programme(
            title=here.title, cohort=here.cohort, qualification=here.qualification, by=maker
        )

    assert list(ProgrammeRole.objects.all()) == []


def test_coordinators_do_not_end_each_other(place: Scene) -> None:
    one, two = ProgrammeRoleFactory.create_batch(2, programme=place.programme)

    actions.end_role(role=two, by=one.person.account)
    with pytest.raises(NotAllowed):
        actions.end_role(role=one, by=two.person.account)
    with pytest.raises(NotPossible):
        actions.end_role(role=one, by=one.person.account)

    assert place.programme.roles.current().filter(role="coordinator").get() == one


def test_a_coordinator_who_teaches_stops_teaching(place: Scene) -> None:
    person = ProgrammeRoleFactory(programme=place.programme).person.account
    teaches = ProgrammeRoleFactory(programme=place.programme, person=person, role="teacher")

    actions.end_role(role=teaches, by=person)

    assert [one.role for one in place.programme.roles.current().filter(person=person.pk)] == [
        "coordinator"
    ]


def test_parts_of_a_unit_that_a_case_names_stand(place: Scene) -> None:
    place.put_on_an_agenda()
    parts = list(UnitPart.objects.all())

    with pytest.raises(NotPossible, match="on the agenda of a committee 1 time"):
        actions.change_unit(
            unit=place.unit, title="T", purpose="phase", parts=place.core_tasks, by=None
        )
    with pytest.raises(NotPossible, match="on the agenda of a committee 1 time"):
        actions.remove_unit(unit=place.unit, by=None)

    assert list(UnitPart.objects.all()) == parts
    assert place.verbs() == []


def test_house_rules_that_stay_the_same_are_no_new_version(place: Scene) -> None:
    actions.change_programme(
        programme=place.programme, title="T", cohort="C", with_light=True, by=None
    )

    assert place.programme.house_rules.get() == place.programme.rules
    assert place.verbs() == ["programme.changed"]


def test_a_unit_for_which_a_piece_was_set_aside_stays(place: Scene) -> None:
    piece = EvidenceFactory(owner=place.enrolment.student)
    place.enrolment.set_asides.create(unit=place.unit, evidence=piece, reason="Too early")
    parts = list(UnitPart.objects.all())

    with pytest.raises(NotPossible, match="1 piece was set aside for it"):
        actions.remove_unit(unit=place.unit, by=None)

    assert (list(Unit.objects.all()), list(UnitPart.objects.all())) == ([place.unit], parts)
    assert place.verbs() == []


def test_at_any_moment_there_is_one_adviser(place: Scene) -> None:
    changed = NOW + timedelta(days=3)
    earlier, later = place.teacher.person, AccountFactory().person

    actions.assign_adviser(enrolment=place.enrolment, adviser=later, by=None, at=changed)

    def advisers(moment: datetime) -> list[object]:
        return [one.adviser for one in AdviserAssignment.objects.as_of(moment)]

    assert advisers(changed - timedelta(microseconds=1)) == [earlier]
    assert advisers(changed) == [later]


def test_everything_is_recorded_at_the_clock_that_is_given(place: Scene) -> None:
    at = datetime(2026, 9, 14, 8, tzinfo=UTC)
    by = ProgrammeRoleFactory(programme=place.programme).person.account
    enrolment = actions.enrol(
        programme=place.programme,
        student=Meant("Noor", "noor@school.example"),
        starts_on=date(2026, 9, 14),
        adviser=Meant("Ada", "ada@school.example"),
        by=by,
        at=at,
    )
    placement = actions.add_placement(
        enrolment=enrolment,
        workplace="Bakery",
        starts_on=date(2026, 9, 14),
        ends_on=date(2026, 12, 1),
        supervisors=[Meant("Sanne", "sanne@bakery.example")],
        by=by,
        at=at,
    )

    recorded = [
        enrolment.recorded_at,
        Track.objects.get(enrolment=enrolment).recorded_at,
        AdviserAssignment.objects.get(enrolment=enrolment).recorded_at,
        placement.recorded_at,
        placement.supervisors.get().recorded_at,
        *Event.objects.values_list("recorded_at", flat=True),
    ]
    assert recorded == [at] * len(recorded)
    assert place.verbs() == []
    assert place.verbs(enrolment) == [
        "person.registered",
        "student.enrolled",
        "adviser.assigned",
        "placement.added",
        "supervisor.added",
    ]
    assert set(Event.objects.values_list("by", flat=True)) == {by.pk}


def test_an_event_tells_ids_and_figures(place: Scene) -> None:
    guideline = actions.set_guideline(
        programme=place.programme, target=place.requirements[0], people=2, roles=1, by=None
    )

    assert place.facts() == {
        "guideline": str(guideline.pk),
        "on": str(place.requirements[0].pk),
        "pieces": 0,
        "people": 2,
        "roles": 1,
    }
