"""What can be done in the browser: each form, right and wrong, and what it changes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from committees import actions
from committees.models import Case, Committee, Meeting, Membership
from people.models import Account, Person
from post.errands import do_ordered
from post.work import WORK
from tests.committees.factories import (
    HELD,
    MembershipFactory,
    Scene,
    answered_piece,
    cited_in,
    findings_of,
    scene,
)
from tests.factories import EnrolmentFactory, UnitFactory, UnitPartFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def post(by: Account, page: str, *args: object, query: str = "", **data: Any) -> HttpResponse:
    return browser(by).post(reverse(f"committees:{page}", args=args) + query, data)  # type: ignore[return-value]  # the client's own kind


def get(by: Account, page: str, *args: object, **query: object) -> str:
    tail = f"?{urlencode(query)}" if query else ""
    answer = browser(by).get(reverse(f"committees:{page}", args=args) + tail)
    assert answer.status_code == 200
    return answer.content.decode()


def browser(by: Account) -> Client:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    return client


def went_to(answer: HttpResponse, page: str, *args: object) -> bool:
    return (answer.status_code, answer.headers.get("Location")) == (
        302,
        reverse(f"committees:{page}", args=args),
    )


# --- Committee and seats --------------------------------------------------------------------------


def test_a_coordinator_makes_a_committee() -> None:
    made = scene()
    query = f"?programme={made.programme.pk}"

    wrong = post(made.coordinator, "new", query=query, name="")
    taken = post(made.coordinator, "new", query=query, name=made.committee.name)
    right = post(made.coordinator, "new", query=query, name="Second")

    assert (wrong.status_code, taken.status_code) == (422, 422)
    committee = Committee.objects.get(name="Second")
    assert went_to(right, "committee", committee.pk)
    assert "This committee cannot meet yet." in get(made.coordinator, "committee", committee.pk)


def test_a_committee_says_who_has_a_seat_since_its_mandate() -> None:
    made = scene()
    before = get(made.coordinator, "committee", made.committee.pk)

    MembershipFactory(committee=made.committee, person__name="Late", recorded_at=HELD)

    after = get(made.coordinator, "committee", made.committee.pk)
    said = "Somebody who votes has a seat since the mandate was given."
    assert (said in before, said in after) == (False, True)


def test_a_committee_says_that_its_figures_cannot_be_met() -> None:
    made = scene()
    seats = made.committee.memberships.filter(role=Membership.Role.MEMBER)

    for seat in seats:
        actions.end_seat(seat=seat, by=made.coordinator)

    assert "The quorum cannot be met yet." in get(made.coordinator, "committee", made.committee.pk)


def test_a_coordinator_gives_and_ends_a_seat() -> None:
    made = scene()
    key = made.committee.pk
    data = {"name": "New", "email": "new@school.example", "role": "member"}

    wrong = post(made.coordinator, "seat_give", key, **data | {"email": "nobody"})
    second_chair = post(made.coordinator, "seat_give", key, **data | {"role": "chair"})
    right = post(made.coordinator, "seat_give", key, **data)

    assert (wrong.status_code, second_chair.status_code) == (422, 422)
    assert "first end that seat" in second_chair.content.decode()
    assert went_to(right, "committee", key)
    seat = made.committee.memberships.get(person__account__sign_in="new@school.example")
    assert went_to(post(made.coordinator, "seat_end", seat.pk), "committee", key)
    seat.refresh_from_db()
    assert seat.ended_at is not None
    assert "Earlier members" in get(made.coordinator, "committee", key)


def test_a_coordinator_sees_seats_and_no_meetings() -> None:
    made = scene(state=Case.State.FROZEN)

    body = get(made.coordinator, "committee", made.committee.pk)

    assert made.member.name in body
    assert "/committees/meetings/" not in body
    assert made.student.name not in body


@pytest.mark.parametrize("page", ["seat_give", "meeting_plan"])
def test_a_member_does_not_do_a_coordinators_or_chairs_work(page: str) -> None:
    made = scene()

    assert post(made.member, page, made.committee.pk).status_code == 403


# --- Meeting and agenda ---------------------------------------------------------------------------


def test_a_meeting_is_planned_in_the_time_of_amsterdam() -> None:
    made = scene()
    data = {"held_at": "2126-12-10T14:00", "reference_at": "2126-12-03T12:00", "place": "2.14"}

    wrong = post(
        made.secretary,
        "meeting_plan",
        made.committee.pk,
        **data | {"reference_at": "2126-12-11T12:00"},
    )
    right = post(made.secretary, "meeting_plan", made.committee.pk, **data)

    assert wrong.status_code == 422
    meeting = Meeting.objects.get(place="2.14")
    assert went_to(right, "agenda", meeting.pk)
    assert meeting.held_at.isoformat() == "2126-12-10T13:00:00+00:00"


def coming(made: Scene) -> Scene:
    """With a meeting of which the reference date leaves time."""
    now = timezone.now()
    made.meeting.reference_at, made.meeting.held_at = now + timedelta(30), now + timedelta(40)
    made.meeting.save()
    return made


def test_students_are_put_on_the_agenda_together() -> None:
    made = coming(scene())
    free = [EnrolmentFactory(programme=made.programme) for _ in range(2)]
    stranger = EnrolmentFactory()
    page = ("agenda", made.meeting.pk)

    body = get(made.secretary, *page)  # one unit: nothing to choose
    nobody = post(made.secretary, *page)
    other = post(made.secretary, *page, enrolments=[stranger.pk])
    right = post(made.secretary, *page, enrolments=[enrolment.pk for enrolment in free])

    assert all(enrolment.student.name in body for enrolment in free)
    assert made.student.name not in body  # waits for a decision already
    assert (nobody.status_code, other.status_code) == (422, 422)
    assert went_to(right, "meeting", made.meeting.pk)
    assert made.meeting.cases.count() == 3


def test_with_several_units_one_is_chosen_first() -> None:
    made = coming(scene())
    second = UnitFactory(programme=made.programme, title="Second unit")
    UnitPartFactory(unit=second, work_process=made.unit.parts.get().work_process)
    query = f"?unit={second.pk}"

    before = get(made.secretary, "agenda", made.meeting.pk)
    after = get(made.secretary, "agenda", made.meeting.pk, unit=second.pk)
    answer = post(
        made.secretary, "agenda", made.meeting.pk, query=query, enrolments=[made.case.enrolment.pk]
    )

    assert ('name="enrolments"' in before, 'name="enrolments"' in after) == (False, True)
    assert went_to(answer, "meeting", made.meeting.pk)
    assert set(made.meeting.cases.values_list("unit", flat=True)) == {made.unit.pk, second.pk}


def test_once_the_meeting_has_begun_the_agenda_stands() -> None:
    made = scene()
    made.open_meeting()
    enrolment = EnrolmentFactory(programme=made.programme)

    answer = post(made.secretary, "agenda", made.meeting.pk, enrolments=[enrolment.pk])

    assert answer.status_code == 422
    assert "its agenda stands" in answer.content.decode()


def test_a_case_is_taken_off_until_it_is_frozen() -> None:
    made = scene(students=2)
    first, second = made.cases

    taken = post(made.secretary, "take_off", first.pk)
    actions.freeze_case(case=second)
    kept = post(made.secretary, "take_off", second.pk)

    assert went_to(taken, "meeting", made.meeting.pk)
    assert went_to(kept, "meeting", made.meeting.pk)
    assert "the case stays on record" in get_after(made.secretary, kept)
    assert list(made.meeting.cases.all()) == [second]


def get_after(by: Account, answer: HttpResponse) -> str:
    """Where the answer sends to, with the message that waits in its cookie."""
    client = browser(by)
    client.cookies.update(answer.cookies)
    return client.get(answer["Location"]).content.decode()


def test_the_button_puts_the_sets_of_a_meeting_first() -> None:
    made = scene(students=2)
    other = scene()
    Case.objects.filter(pk=made.case.pk).update(waits_for=["1", "2"])
    page = get(made.secretary, "meeting", made.meeting.pk)
    assert page.count("Freeze these sets first") == 1
    assert page.count("The set is being frozen") == 2
    assert page.count("It waits for 2 files that are being prepared") == 1

    answer = post(made.secretary, "freeze", made.meeting.pk)

    assert went_to(answer, "meeting", made.meeting.pk)
    assert "These sets go first" in get_after(made.secretary, answer)
    assert {case.hurried_at is None for case in made.meeting.cases.all()} == {False}
    assert other.refreshed().hurried_at is None
    assert WORK["freezing"]() == 3
    assert "Freeze these sets first" not in get(made.secretary, "meeting", made.meeting.pk)


def test_before_the_reference_date_there_is_no_button() -> None:
    made = scene()
    Meeting.objects.update(
        reference_at=timezone.now() + timedelta(days=1), held_at=timezone.now() + timedelta(days=2)
    )

    answer = post(made.secretary, "freeze", made.meeting.pk)

    assert "Freeze these sets first" not in get(made.secretary, "meeting", made.meeting.pk)
    assert "at the reference date, not before" in get_after(made.secretary, answer)
    assert made.refreshed().state == Case.State.PLANNED


def test_attendance_is_what_was_ticked() -> None:
    made = scene()
    page = ("attendance", made.meeting.pk)

    post(made.secretary, *page, present=[made.chair.pk, made.member.pk])
    post(made.secretary, *page, present=[made.member.pk, made.adviser.pk])  # no seat: refused
    after_wrong = set(made.meeting.attendances.current().values_list("person", flat=True))
    drawn = [made.chair.pk, made.member.pk]
    answer = post(made.secretary, *page, before=drawn, present=[made.member.pk])

    assert after_wrong == {made.chair.pk, made.member.pk}
    assert went_to(answer, "meeting", made.meeting.pk)
    present = made.meeting.attendances.current().values_list("person", flat=True)
    assert list(present) == [made.member.pk]


def test_the_agenda_says_the_quorum_and_how_the_judgements_lie() -> None:
    made = scene(students=2, state=Case.State.FROZEN)
    first, second = made.cases
    made.judge(made.chair)
    made.cases = [first]
    made.judge(made.member)
    made.cases = [second]
    made.judge(made.member, "not_yet")
    made.open_meeting()
    sentence = "3 members take part: the quorum of 2 is met. (3 of 3 present.)"
    before = get(made.secretary, "meeting", made.meeting.pk)

    for case in (first, second):
        actions.open_judgements(case=case, by=made.chair, at=HELD)
    body = get(made.member, "meeting", made.meeting.pk)

    assert before.count(sentence) == 2
    assert ("unanimous" in before, "split" in before) == (False, False)
    assert ("unanimous" in body, "split" in body) == (True, True)


@pytest.mark.parametrize(("who", "sees"), [("chair", True), ("secretary", True), ("member", False)])
def test_who_judged_is_seen_by_chair_and_secretary(who: str, sees: bool) -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.other_member)

    agenda = get(getattr(made, who), "meeting", made.meeting.pk)
    deciding = get(getattr(made, who), "decide", made.case.pk)

    assert ("Other_Member" in agenda, "Other_Member" in deciding) == (sees, sees)


def test_a_member_is_led_to_the_first_set_that_waits_for_them() -> None:
    made = scene(students=3)
    made.freeze()
    cases, made.cases = made.cases, made.cases[:1]
    made.judge(made.member)

    body = get(made.member, "meeting", made.meeting.pk)

    assert "2 sets wait for your judgement" in body
    assert f"Read the set of {cases[1].enrolment.student.name}" in body
    assert "2 sets wait for your judgement." in get(made.member, "list")


def test_the_page_warns_when_nobody_could_judge_without_another_part() -> None:
    made = scene()
    for member in (made.chair, made.member, made.other_member):
        answered_piece(made.case.enrolment, made.requirement, person=member)
    made.freeze()

    assert "this committee cannot decide it" in get(made.chair, "meeting", made.meeting.pk)
    assert "This committee cannot decide this case." in get(made.chair, "case", made.case.pk)


# --- A case ---------------------------------------------------------------------------------------


def judgement(made: Scene, finding: str = "attained", **words: object) -> dict[str, object]:
    found = findings_of(made.case, finding).items()
    return {f"part_{part}": value for part, value in found} | {"motivation": "Seen."} | words


def test_a_member_keeps_their_judgement_and_writes_it_again() -> None:
    made = scene(parts=2, state=Case.State.FROZEN)
    page = ("case", made.case.pk)

    wrong = post(made.member, *page, **judgement(made, motivation=""))
    right = post(made.member, *page, **judgement(made))
    again = post(made.member, *page, **judgement(made, "not_yet", motivation="On reflection."))

    assert wrong.status_code == 422
    assert went_to(right, *page)
    assert went_to(again, *page)
    assert [row.number for row in made.case.judgements.order_by("number")] == [1, 2]
    assert "On reflection." in get(made.member, *page)


@pytest.mark.parametrize(
    ("who", "state", "status"),
    [
        ("secretary", Case.State.FROZEN, 403),
        ("adviser", Case.State.FROZEN, 404),
        ("member", Case.State.OPENED, 422),
    ],
)
def test_a_judgement_that_may_not_be_is_not_kept(who: str, state: str, status: int) -> None:
    made = scene(state=state)
    before = made.case.judgements.count()

    answer = post(getattr(made, who), "case", made.case.pk, **judgement(made))

    assert (answer.status_code, made.case.judgements.count()) == (status, before)


def test_a_part_that_is_not_on_the_form_is_ignored() -> None:
    made = scene(state=Case.State.FROZEN)

    post(made.member, "case", made.case.pk, **judgement(made, part_another="attained", user="x"))

    assert made.case.judgements.get().findings == findings_of(made.case, "attained")


def test_a_member_stands_aside_with_a_reason() -> None:
    made = scene(state=Case.State.FROZEN)

    wrong = post(made.member, "recuse", made.case.pk, reason="")
    right = post(made.member, "recuse", made.case.pk, reason="A neighbour.")
    twice = post(made.member, "recuse", made.case.pk, reason="A neighbour.")

    assert wrong.status_code == 422
    assert went_to(right, "meeting", made.meeting.pk)
    assert twice.status_code == 422
    assert made.case.recusals.count() == 1
    agenda = get(made.member, "meeting", made.meeting.pk)
    assert "You stand aside." in agenda
    assert reverse("committees:case", args=[made.case.pk]) not in agenda


def test_the_dossier_leads_to_the_cases_before_and_after() -> None:
    made = scene(students=3)
    made.freeze()
    first, second, third = made.cases

    body = get(made.member, "case", second.pk)

    for case in (first, third):
        assert reverse("committees:case", args=[case.pk]) in body


def test_the_dossier_shows_the_part_that_is_asked() -> None:
    made = scene()
    made.freeze()
    page = reverse("committees:case", args=[made.case.pk])
    reader = browser(made.member)

    whole = reader.get(page).text
    some = reader.get(f"{page}?role=peer&new=on").text
    part = reader.get(f"{page}?role=peer&new=on", headers={"hx-request": "true"}).text.strip()

    assert ("You see a part:" in whole, "You see a part:" in some) == (False, True)
    assert "said by: fellow student" in part
    assert some.count(part) == 1
    assert "My judgement" not in part
    # Without check-ins in the set there is none to look back to; the pieces stay whole.
    assert 'name="new"' not in whole
    assert some.count("shown-piece") == whole.count("shown-piece") > 0


def test_the_student_and_the_auditor_read_the_whole_set() -> None:
    made = scene(state=Case.State.ANNOUNCED)

    read = [get(made.student, "my_case", made.case.pk, role="peer")]
    read.append(get(made.auditor, "case_record", made.case.pk, role="peer"))

    assert ["You see a part:" in body or "filters" in body for body in read] == [False, False]


def test_the_meeting_from_opening_to_closing() -> None:
    made = scene(state=Case.State.FROZEN)
    made.judge(made.member, words="Seen by members.")
    made.judge(made.chair)
    key, case = made.meeting.pk, made.case.pk

    refused = post(made.chair, "judgements_open", case)
    post(made.secretary, "attendance", key, present=[made.chair.pk, made.member.pk])
    opened = post(made.chair, "meeting_open", key)
    assert "Seen by members." not in get(made.chair, "decide", case)
    post(made.chair, "judgements_open", case)
    side_by_side = get(made.chair, "decide", case)
    too_early = post(made.chair, "meeting_close", key)
    data = judgement(made, motivation="Decided together.") | {"cited": cited_in(made.case)}
    uncited = post(made.chair, "decide", case, **data | {"cited": []})
    decided = post(made.chair, "decide", case, **data)
    again = post(made.chair, "decide", case, **data)
    confirmed = [str(made.refreshed().decision_id)]
    announced = post(made.chair, "announce", key, decision=confirmed, when="soon")
    do_ordered()
    closed = post(made.chair, "meeting_close", key)

    assert "First open the meeting." in get_after(made.chair, refused)
    assert went_to(opened, "meeting", key)
    assert "Seen by members." in side_by_side
    assert "has no outcome yet" in get_after(made.chair, too_early)
    assert uncited.status_code == 422
    assert went_to(decided, "decide", case)
    assert again.status_code == 409
    assert went_to(announced, "meeting", key)
    assert went_to(closed, "meeting", key)
    made.meeting.refresh_from_db()
    assert (made.refreshed().state, made.meeting.state) == ("announced", "closed")
    assert "Decided together." in get(made.member, "decide", case)


def test_who_stands_aside_does_not_see_how_the_judgements_lie() -> None:
    made = scene(state=Case.State.OPENED)
    before = get(made.other_member, "meeting", made.meeting.pk)

    actions.recuse(case=made.case, reason="A neighbour.", by=made.other_member, at=HELD)

    after = get(made.other_member, "meeting", made.meeting.pk)
    assert ("unanimous" in before, "unanimous" in after) == (True, False)


def test_a_closed_meeting_is_shown_as_it_closed() -> None:
    made = scene(state=Case.State.DECIDED)
    late = HELD + timedelta(minutes=20)
    actions.mark_absent(meeting=made.meeting, person=made.member.person, by=made.member, at=late)
    actions.mark_present(
        meeting=made.meeting, person=made.secretary.person, by=made.secretary, at=late
    )
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD + timedelta(hours=1))
    seat = made.committee.memberships.get(person=made.other_member.pk)
    actions.end_seat(seat=seat, by=made.coordinator)

    answer = browser(made.chair).get(reverse("committees:meeting", args=[made.meeting.pk]))

    assert {one.person for one in answer.context["panel"].attending} == {
        made.chair.pk,
        made.secretary.pk,
        made.other_member.pk,
    }


def test_where_all_agree_the_findings_are_filled_in() -> None:
    made = scene(parts=2, state=Case.State.OPENED)

    answer = browser(made.chair).get(reverse("committees:decide", args=[made.case.pk]))

    form = answer.context["form"]
    shown = {form.names[name]: form[name].initial for name in form.names}
    assert shown == findings_of(made.case, "attained")


def test_only_who_leads_gets_the_form() -> None:
    made = scene(state=Case.State.OPENED)

    assert 'name="cited"' in get(made.chair, "decide", made.case.pk)
    assert 'name="cited"' not in get(made.member, "decide", made.case.pk)
    assert post(made.member, "decide", made.case.pk).status_code == 403


def test_a_case_is_deferred_with_what_is_asked() -> None:
    made = scene(state=Case.State.OPENED)

    address = reverse("committees:defer", args=[made.case.pk])
    wrong = [browser(made.chair).post(address, {"reason": reason}) for reason in ("", "x" * 20_001)]
    right = post(made.chair, "defer", made.case.pk, reason="Show it to a client.")

    assert [answer.status_code for answer in wrong] == [422, 422]
    assert "x" * 20_001 in wrong[1].text  # what was typed is there still
    assert went_to(right, "decide", made.case.pk)
    assert "Show it to a client." in get(made.member, "decide", made.case.pk)


def test_a_case_that_is_not_frozen_has_nothing_to_decide() -> None:
    made = scene()

    answer = browser(made.chair).get(reverse("committees:decide", args=[made.case.pk]))

    assert went_to(answer, "case", made.case.pk)  # type: ignore[arg-type]  # the client's own kind
    assert "The set is not frozen yet" in get(made.chair, "case", made.case.pk)


def test_next_and_previous_pass_over_cases_of_which_one_stands_aside() -> None:
    made = scene(students=4)
    made.freeze()
    actions.recuse(case=made.cases[1], reason="A neighbour.", by=made.member)

    first, last = (get(made.member, "case", made.cases[n].pk) for n in (0, 3))
    third = get(made.member, "case", made.cases[2].pk)
    of_other = get(made.other_member, "case", made.cases[0].pk)

    addresses = [reverse("committees:case", args=[case.pk]) for case in made.cases]

    def leads_to(page: str) -> list[int]:
        return [n for n, address in enumerate(addresses) if f'href="{address}"' in page]

    assert [leads_to(page) for page in (first, third, last)] == [[2], [0, 3], [2]]
    assert leads_to(of_other) == [1]


def test_the_decision_form_asks_what_is_still_to_be_shown() -> None:
    made = scene(parts=2, state=Case.State.OPENED)
    first, second = findings_of(made.case, "")
    page = ("decide", made.case.pk)
    words = {
        f"part_{first}": "attained",
        f"part_{second}": "not_yet",
        "motivation": "Half of it is there.",
        "cited": cited_in(made.case),
    }

    wrong = post(made.chair, *page, **words)
    right = post(
        made.chair,
        *page,
        **words,
        **{f"part_{second}_show": "A talk with a client.", f"part_{second}_due": "2127-01-15"},
    )

    assert wrong.status_code == 422
    assert "Say what is still to be shown of this part." in wrong.content.decode()
    assert went_to(right, *page)
    assert [
        (str(row.part_id), row.outcome, row.to_show, str(row.due_on))
        for row in made.refreshed().decision.findings.all()
    ] == [
        (first, "attained", "", "None"),
        (second, "not_yet", "A talk with a client.", "2127-01-15"),
    ]
    assert "A talk with a client." in get(made.chair, *page)
