"""What was attained stands: the next case opens with what was decided and asked, and asks the
rest."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from committees import actions
from committees.models import Case
from committees.snapshots import preview, read
from committees.standing import standing_on
from people.models import Account, Person
from programmes.models import UnitPart
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    MeetingFactory,
    Scene,
    findings_of,
    found_in,
    scene,
)

pytestmark = pytest.mark.django_db


def decided(*outcomes: str) -> Scene:
    made = scene(parts=len(outcomes), state=Case.State.OPENED)
    made.decide(*outcomes)
    made.announce()
    return made


def asked(made: Scene) -> list[str]:
    frame = read(made.case).evidence_set.frame
    return [part.id for part in frame.parts]


def ids(made: Scene) -> list[str]:
    return [str(part.pk) for part in made.unit.parts.all()]


def test_the_next_case_asks_only_what_was_not_attained() -> None:
    made = decided("attained", "not_yet", "attained")
    later = made.again()

    seen = preview(later.case, HELD).evidence_set.frame
    later.freeze()

    frame = read(later.case).evidence_set.frame
    assert [part.id for part in frame.parts] == [ids(made)[1]]
    assert frame == seen
    (earlier,) = frame.earlier
    assert earlier.case == str(made.case.pk)
    assert [(row.outcome, row.to_show) for row in earlier.findings] == [
        ("attained", ""),
        ("not_yet", "Show it to a client."),
        ("attained", ""),
    ]
    first, second, third = ids(made)
    with pytest.raises(NotPossible):  # what stands is not judged again
        actions.judge(
            case=later.case, findings=dict.fromkeys([first, second, third], "not_yet"),
            motivation="No.", by=later.member, at=later.meeting.reference_at,
        )  # fmt: skip
    later.judge(later.chair)
    later.judge(later.member)
    later.open_meeting()
    later.open_judgements()
    decision = later.decide()
    assert [str(row.part_id) for row in decision.findings.all()] == [second]


def test_a_third_case_asks_what_neither_attained() -> None:
    made = decided("attained", "not_yet", "not_yet")
    second = made.again().bring_to(Case.State.OPENED)
    second.decide("attained", "not_yet")
    second.announce()

    third = second.again(days=120)
    third.freeze()

    assert asked(third) == ids(made)[2:]
    frame = read(third.case).evidence_set.frame
    assert [row.case for row in frame.earlier] == [str(second.case.pk), str(made.case.pk)]


def test_a_deferred_case_attains_nothing_and_its_question_is_read() -> None:
    made = scene(parts=2, state=Case.State.DEFERRED)
    later = made.again()
    later.freeze()

    frame = read(later.case).evidence_set.frame
    assert [part.id for part in frame.parts] == ids(made)
    assert [row.asked for row in frame.earlier] == ["Show it once more."]


def test_what_is_decided_and_not_announced_is_not_known() -> None:
    made = scene(state=Case.State.DECIDED)

    assert standing_on(made.unit, made.case.enrolment_id).earlier == ()


def test_the_one_that_stands_counts_and_not_the_one_it_replaced() -> None:
    made = decided("attained", "attained")
    made.supersede("attained", "not_yet")

    later = made.again()
    later.freeze()

    assert asked(later) == ids(made)[1:]


def test_parts_are_matched_by_what_they_point_at() -> None:
    made = decided("attained", "not_yet")
    old, left = made.unit.parts.current()
    UnitPart.objects.filter(pk=old.pk).update(ended_at=HELD)  # another row takes its place
    UnitPart.objects.create(unit=made.unit, work_process=old.work_process, recorded_at=HELD)

    later = made.again()
    later.freeze()

    assert asked(later) == [str(left.pk)]


def test_another_student_and_another_unit_are_asked_everything() -> None:
    made = scene(students=2, parts=2, state=Case.State.OPENED)
    first, other = made.cases
    made.cases = [first]
    made.decide("attained", "not_yet")
    made.announce()
    actions.defer(case=other, reason="More.", by=made.chair, at=HELD)

    made.cases = [other]
    later = made.again()
    later.freeze()

    assert asked(later) == ids(made)


@pytest.mark.parametrize("outcomes", [("attained",), ("attained", "attained")])
def test_where_nothing_is_left_nobody_is_put_on_an_agenda(outcomes: tuple[str, ...]) -> None:
    made = decided(*outcomes)

    with translation.override("en"), pytest.raises(NotPossible, match="nothing is left to ask"):
        made.again()


def test_where_the_rest_was_attained_meanwhile_the_set_is_not_frozen() -> None:
    made = decided("attained", "not_yet")
    later = made.again()
    made.supersede("attained", "attained")

    with pytest.raises(NotPossible):
        later.freeze()
    actions.take_off_agenda(case=later.case, by=later.secretary, at=HELD)


def page(by: Account, name: str, pk: object, query: str = "") -> str:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    answer = client.get(reverse(f"committees:{name}", args=[pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_is_read_by_all_who_read_the_case() -> None:
    made = decided("attained", "not_yet")
    later = made.again()
    letter = reverse("committees:letter", args=[made.case.pk])
    record = reverse("committees:case_record", args=[made.case.pk])

    with translation.override("en"):
        before = page(made.student, "my_case", later.case.pk)
        later.freeze()
        after = page(made.student, "my_case", later.case.pk)
        dossier = page(made.member, "case", later.case.pk)
        room = page(made.chair, "decide", later.case.pk)
        agenda = page(made.chair, "meeting", later.meeting.pk)

    for body in (before, after):
        assert "Show it to a client." in body
        assert letter in body
        assert record not in body
    for body in (dossier, room):
        assert "Show it to a client." in body
        assert record in body
        assert letter not in body
    first = str(made.unit.parts.all()[0])
    assert f"Attained before, and not asked again: {first}" in " ".join(agenda.split())


def test_who_stands_aside_does_not_read_it_on_the_agenda() -> None:
    made = decided("attained", "not_yet")
    later = made.again()
    later.freeze()
    actions.recuse(
        case=later.case, reason="A neighbour.", by=made.member, at=later.meeting.reference_at
    )

    with translation.override("en"):
        agenda = page(made.member, "meeting", later.meeting.pk)

    assert str(made.unit.parts.all()[0]) not in agenda


def test_who_attained_everything_is_named_and_not_offered() -> None:
    made = decided("attained")
    soon = timezone.now() + timedelta(days=30)
    later = MeetingFactory(committee=made.committee, reference_at=soon, held_at=soon)

    with translation.override("en"):
        body = page(made.secretary, "agenda", later.pk, f"?unit={made.unit.pk}")

    words = " ".join(body.split())
    assert f"so nothing is left to ask: {made.student.name}." in words
    assert f'value="{made.case.enrolment_id}"' not in body


def test_the_letter_says_what_is_still_to_be_shown_and_by_when() -> None:
    made = scene(parts=2, state=Case.State.OPENED)
    _, second = findings_of(made.case, "")
    findings = found_in(made.case, "attained", "not_yet")
    findings[second] = type(findings[second])("not_yet", "A talk with a client.", HELD.date())
    actions.decide(
        case=made.case, findings=findings, motivation="Half of it is there.",
        cited=list(read(made.case).digests.values())[:1], by=made.chair, at=HELD,
    )  # fmt: skip
    made.announce()

    with translation.override("en"):
        body = " ".join(page(made.student, "letter", made.case.pk).split())

    assert "A talk with a client." in body
    assert "by 9 November 2026" in body
