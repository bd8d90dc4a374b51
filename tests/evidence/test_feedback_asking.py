"""Asking for feedback, reminding and withdrawing: the actions and their pages."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evidence.actions import feedback as actions
from evidence.asking import Asked, frames, suggestions
from evidence.models import Evidence, FeedbackRequest, GiverRole
from people.access import NotAllowed
from people.actions import change_address, confirm_address, register
from people.identity import counted_as
from post.models import OutboxMail
from post.recipients import recipient
from programmes.models import ProgrammeRole, Track
from qualifications.models import QualityRequirement
from records.models import Event
from records.refusals import NotPossible
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackRequestFactory,
    GiverFactory,
    RequirementLinkFactory,
    RevisionFactory,
    withdraw,
)
from tests.evidence.scenes import Scene, people_around, scene, verbs
from tests.evidence.scenes import client as somebody
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    PersonFactory,
    PlacementFactory,
    ProgrammeRoleFactory,
    RequirementFactory,
    SupervisorFactory,
    WorkProcessFactory,
)

pytestmark = pytest.mark.django_db

State = FeedbackRequest.State


def ask(place: Scene, *people: Asked, **kwargs: object) -> list[FeedbackRequest]:
    arguments = {
        "evidence": place.piece,
        "enrolment": place.enrolment,
        "people": people or [somebody()],
        "requirements": place.lines[:2],
        "by": place.student,
        **kwargs,
    }
    return actions.ask(**arguments)  # type: ignore[arg-type]  # of a table


# --- Asking ---------------------------------------------------------------------------------------


def test_a_question_is_about_the_piece_as_it_is_and_works_as_long_as_the_programme_says() -> None:
    place = scene()
    now = timezone.now()

    [question] = ask(place, message=" How was it? ", at=now)

    question.refresh_from_db()
    assert question.revision == place.piece.current
    assert set(question.requirements.all()) == set(place.lines[:2])
    assert question.message == "How was it?"
    assert question.expires_at == now + timedelta(days=place.enrolment.programme.rules.link_days)
    assert (question.state, question.recorded_at) == (State.OPEN, now)


def test_asking_queues_a_mail_and_writes_an_event_with_ids_only() -> None:
    place = scene()

    [question] = ask(place, message="Secret words")

    mail = OutboxMail.objects.get()
    assert (mail.template, mail.language) == ("evidence/request", "en")
    assert (mail.to, mail.about) == (question.person.pk, question.pk)
    person = recipient(mail.to)
    assert person is not None
    assert person.address == "client@shop.example"
    event = Event.objects.get(verb="feedback.asked")
    assert event.chain.key == f"person:{place.student.pk}"
    assert event.by == place.student
    assert event.statement["facts"] == {
        "question": str(question.pk),
        "evidence": str(place.piece.pk),
        "person": str(question.person.pk),
    }


def test_a_giver_is_one_person_however_name_and_address_are_typed() -> None:
    place, other = scene(), scene()

    [first] = ask(place, somebody(" Client@Shop.example", "Cor  Client"))
    [second] = ask(other, somebody("client+work@shop.EXAMPLE ", "cor client"))

    assert first.person == second.person
    assert (first.asked_as, second.asked_as) == ("Cor  Client", "cor client")
    assert str(first.person.address()) == "client@shop.example"


def test_two_names_at_one_mailbox_are_two_people_who_hear_nothing_of_each_other() -> None:
    place, other = scene(), scene()

    [first] = ask(place, somebody("info@shop.example", "Jan Baas"))
    [second] = ask(other, somebody("info@shop.example", "Petra Klein"))
    actions.answer(question=second, text="Well done.")

    assert first.person != second.person
    assert (first.asked_as, second.feedback.spoke_as) == ("Jan Baas", "Petra Klein")
    assert suggested(other)[0][0] == "Petra Klein"


def test_a_domain_in_another_script_stays_as_it_was_typed_and_is_one_mailbox() -> None:
    [question] = ask(scene(), somebody("Jörg@Bücher.example"))
    [again] = ask(scene(), somebody("jörg@xn--bcher-kva.example"))

    assert str(question.person.address()) == "jörg@bücher.example"
    assert question.person == again.person


def test_who_has_an_account_is_who_they_are_whatever_name_is_typed() -> None:
    user = AccountFactory(name="Tess Teacher", sign_in="tess@school.example")

    [question] = ask(scene(), somebody("TESS@school.example", "T."))
    feedback = actions.answer(question=question, text="Well done.")

    assert question.person == user.person
    assert (question.asked_as, feedback.spoke_as) == ("T.", "Tess Teacher")


def test_who_got_an_account_since_is_the_same_person() -> None:
    [question] = ask(scene(), somebody("tess@school.example", "Tess Teacher"))

    account = register(email="tess@school.example", name="Tess Teacher", by=None)

    assert account.person == question.person


def test_who_got_an_account_under_another_name_counts_as_one_with_it() -> None:
    [question] = ask(scene(), somebody("tess@school.example", "T."))

    account = register(email="tess@school.example", name="Tess Teacher", by=None)

    assert account.person != question.person
    now = timezone.now()
    assert counted_as([question.person_id], now) == {question.person_id: account.pk}


def test_who_has_an_account_is_reached_where_mail_for_them_goes_now() -> None:
    user = AccountFactory(sign_in="old@school.example")
    new = change_address(person=user.person, address="new@school.example", by=user)
    [question] = ask(scene(), somebody("old@school.example"))
    mail = OutboxMail.objects.get(template="evidence/request")
    before = recipient(mail.to)

    confirm_address(address=new, by=user)

    after = recipient(mail.to)
    assert before
    assert after
    assert question.person == user.person
    assert (before.address, after.address) == ("old@school.example", "new@school.example")


def test_a_link_opens_nothing_once_mail_goes_elsewhere_and_a_new_one_goes_there(
    client: Client,
) -> None:
    [question] = ask(scene(), somebody("typo@shop.example", "Jan Baas"))
    old = question.token

    change_address(person=question.person, address="jan@shop.example", by=None)

    question.refresh_from_db()
    assert FeedbackRequest.objects.from_token(old) is None
    assert FeedbackRequest.objects.from_token(question.token) == question
    mails = OutboxMail.objects.filter(about=question.pk).order_by("recorded_at")
    assert [mail.state for mail in mails] == ["cancelled", "waiting"]
    page = client.get(reverse("evidence:answer", args=[old]), headers={"accept-language": "en"})
    assert page.status_code == 410
    assert "This link was replaced" in page.text
    assert "took the question back" not in page.text


def test_who_has_an_account_keeps_their_links_until_the_new_address_is_confirmed() -> None:
    user = AccountFactory(sign_in="old@school.example")
    [question] = ask(scene(), somebody("old@school.example"))
    old = question.token
    waits = change_address(person=user.person, address="new@school.example", by=user)
    assert FeedbackRequest.objects.from_token(old) == question

    confirm_address(address=waits, by=user)

    assert FeedbackRequest.objects.from_token(old) is None


def test_nobody_asks_themselves() -> None:
    place = scene()
    mine = somebody(f" {place.student.sign_in.upper()}")

    with pytest.raises(NotPossible):
        ask(place, somebody(), mine)

    assert list(FeedbackRequest.objects.all()) == []


def test_a_giver_has_one_open_question_about_a_piece() -> None:
    place = scene()
    ask(place)

    with pytest.raises(NotPossible, match="Cor Client"):
        ask(place, somebody("other@shop.example", "Other"), somebody())

    assert [each.person.name for each in FeedbackRequest.objects.all()] == ["Cor Client"]


def test_a_question_that_expired_makes_room_for_a_new_one() -> None:
    place = scene()
    [old] = ask(place, at=timezone.now() - timedelta(days=100))

    [new] = ask(place)

    old.refresh_from_db()
    assert (old.state, new.state) == (State.WITHDRAWN, State.OPEN)
    assert verbs() == ["feedback.asked", "feedback.withdrawn", "feedback.asked"]


def test_who_answered_can_be_asked_again() -> None:
    place = scene()
    [first] = ask(place)
    actions.answer(question=first, text="Good.")

    [second] = ask(place)

    assert second.person == first.person


@pytest.mark.parametrize("number", [0, FeedbackRequest.MOST_REQUIREMENTS + 1])
def test_a_question_is_about_one_to_five_requirements(number: int) -> None:
    place = scene(lines=6)

    with pytest.raises(NotPossible):
        ask(place, requirements=place.lines[:number])
    [allowed] = ask(place, requirements=place.lines[: FeedbackRequest.MOST_REQUIREMENTS])

    assert allowed.requirements.count() == FeedbackRequest.MOST_REQUIREMENTS


def test_a_question_needs_somebody_to_ask() -> None:
    with pytest.raises(NotPossible):
        ask(scene(), people=[])


def not_laid(place: Scene) -> QualityRequirement:
    return RequirementFactory(under=place.lines[0].places.get().work_process)


def laid_no_longer(place: Scene) -> QualityRequirement:
    line = not_laid(place)
    RequirementLinkFactory(evidence=place.piece, requirement=line, ended=True)
    return line


def laid_but_not_followed(place: Scene) -> QualityRequirement:
    line = RequirementFactory()
    RequirementLinkFactory(evidence=place.piece, requirement=line)
    return line


@pytest.mark.parametrize("make", [not_laid, laid_no_longer, laid_but_not_followed])
def test_a_requirement_is_one_that_the_piece_shows_in_this_programme(make: object) -> None:
    place = scene()
    line = make(place)  # type: ignore[operator]  # of a table

    with pytest.raises(NotPossible):
        ask(place, requirements=[place.lines[0], line])


def test_a_question_stands_in_the_frame_of_an_enrolment_that_fits() -> None:
    place = scene()
    elsewhere = EnrolmentFactory(student=place.student)
    anothers = EnrolmentFactory(programme=place.enrolment.programme)

    for enrolment in (elsewhere, anothers):
        with pytest.raises(NotPossible):
            ask(place, enrolment=enrolment)


def test_an_enrolment_that_is_over_frames_nothing() -> None:
    place = scene()
    place.enrolment.ends_on = timezone.localdate() - timedelta(days=1)
    place.enrolment.save()

    with pytest.raises(NotPossible):
        ask(place)


def test_a_withdrawn_piece_is_not_asked_about() -> None:
    place = scene()
    withdraw(place.piece)

    with pytest.raises(NotPossible):
        ask(place)


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", True),
        ("adviser", False),
        ("teacher", False),
        ("coordinator", False),
        ("teacher elsewhere", False),
        ("fellow student", False),
        ("asked", False),
    ],
)
def test_who_may_ask(who: str, may: bool) -> None:
    place = scene()
    by = people_around(place)[who]

    if may:
        assert len(ask(place, by=by)) == 1
    else:
        with pytest.raises(NotAllowed):
            ask(place, by=by)


# --- Reminding and withdrawing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", True),
        ("adviser", False),
        ("teacher", False),
        ("coordinator", False),
        ("teacher elsewhere", False),
        ("fellow student", False),
        ("asked", False),
    ],
)
@pytest.mark.parametrize("action", [actions.remind, actions.withdraw_request])
def test_who_may_remind_and_withdraw(action: object, who: str, may: bool) -> None:
    place = scene()
    by = people_around(place)[who]
    question = FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece)

    if may:
        action(question=question, by=by)  # type: ignore[operator]  # of a table
        assert Event.objects.count() == 1
    else:
        with pytest.raises(NotAllowed):
            action(question=question, by=by)  # type: ignore[operator]  # of a table


@pytest.mark.parametrize("state", State)
def test_only_an_open_question_is_withdrawn(state: FeedbackRequest.State) -> None:
    question = FeedbackRequestFactory(state=state)
    by = question.evidence.owner

    if state == State.OPEN:
        actions.withdraw_request(question=question, by=by)
    else:
        with pytest.raises(NotPossible):
            actions.withdraw_request(question=question, by=by)

    assert verbs() == (["feedback.withdrawn"] if state == State.OPEN else [])


@pytest.mark.parametrize(
    ("traits", "may"),
    [
        ({}, True),
        ({"expired": True}, False),
        ({"answered": True}, False),
        ({"declined": True}, False),
        ({"withdrawn": True}, False),
        ({"evidence__withdrawn": True}, False),
    ],
)
def test_only_a_question_that_can_be_answered_is_reminded_of(
    traits: dict[str, bool], may: bool
) -> None:
    question = FeedbackRequestFactory(**traits)
    by = question.evidence.owner

    if may:
        actions.remind(question=question, by=by)
    else:
        with pytest.raises(NotPossible):
            actions.remind(question=question, by=by)

    assert [mail.template for mail in OutboxMail.objects.all()] == (
        ["evidence/reminder"] if may else []
    )


def test_a_reminder_holds_the_same_link_and_comes_at_most_once_a_day() -> None:
    place = scene()
    now = timezone.now()
    [question] = ask(place, at=now)
    token = question.token

    def remind(hours: int) -> None:
        actions.remind(question=question, by=place.student, at=now + timedelta(hours=hours))

    with pytest.raises(NotPossible):
        remind(hours=23)
    remind(hours=24)
    with pytest.raises(NotPossible):
        remind(hours=47)
    remind(hours=48)

    question.refresh_from_db()
    assert (question.token, question.reminded_at) == (token, now + timedelta(hours=48))
    assert verbs() == ["feedback.asked", "feedback.reminded", "feedback.reminded"]


def test_withdrawing_revokes_the_link() -> None:
    question = FeedbackRequestFactory()
    token = question.token
    assert FeedbackRequest.objects.from_token(token) == question

    actions.withdraw_request(question=question, by=question.evidence.owner)

    assert FeedbackRequest.objects.from_token(token) is None
    assert FeedbackRequest.objects.from_revoked(token) == question
    question.refresh_from_db()
    assert FeedbackRequest.objects.from_revoked(question.token) is None


# --- Whom and in which frame ----------------------------------------------------------------------


def test_a_frame_holds_the_requirements_in_the_order_of_the_qualification() -> None:
    place = scene(lines=0)
    task = WorkProcessFactory(core_task__qualification=place.enrolment.programme.qualification)
    second = WorkProcessFactory(core_task=task.core_task, order=task.order + 1)
    last = RequirementFactory(under=second)
    first, middle = RequirementFactory.create_batch(2, under=task)
    for line in (last, middle, first):
        RequirementLinkFactory(evidence=place.piece, requirement=line)

    [frame] = frames(place.piece, seen_by=place.student, on=timezone.localdate())

    assert frame.enrolment == place.enrolment
    assert frame.requirements == (first, middle, last)


def test_a_requirement_of_a_track_that_ended_is_in_no_frame() -> None:
    place = scene()
    Track.objects.update(ended_at=timezone.now())

    assert frames(place.piece, seen_by=place.student, on=timezone.localdate()) == []


def test_a_teacher_sees_only_the_frames_of_their_own_programme() -> None:
    place = scene()
    other = EnrolmentFactory(student=place.student)
    process = WorkProcessFactory(core_task__qualification=other.programme.qualification)
    RequirementLinkFactory(evidence=place.piece, requirement__under=process)
    teacher = ProgrammeRoleFactory(
        programme=other.programme, role=ProgrammeRole.Role.TEACHER
    ).person.account
    today = timezone.localdate()

    assert {f.enrolment for f in frames(place.piece, seen_by=place.student, on=today)} == {
        place.enrolment,
        other,
    }
    assert [f.enrolment for f in frames(place.piece, seen_by=teacher, on=today)] == [other]


def suggested(place: Scene) -> list[tuple[str, str]]:
    found = frames(place.piece, seen_by=place.student, on=timezone.localdate())
    return [
        (each.asked.name, each.asked.role)
        for each in suggestions(place.piece, found, at=timezone.now())
    ]


def test_suggested_are_supervisors_of_now_those_asked_before_teachers_and_adviser() -> None:
    place = scene()
    today = timezone.localdate()
    placement = PlacementFactory(
        enrolment=place.enrolment, starts_on=today, ends_on=today + timedelta(days=9)
    )
    supervisor = PersonFactory(name="Sam", address="Sam@Work.example")
    SupervisorFactory(placement=placement, person=supervisor)
    over = PlacementFactory(
        enrolment=place.enrolment,
        starts_on=today - timedelta(days=90),
        ends_on=today - timedelta(days=9),
    )
    SupervisorFactory(placement=over, person__name="Gone")
    earlier = EvidenceFactory(owner=place.student)
    for person in (supervisor, GiverFactory(name="Pia")):
        FeedbackRequestFactory(
            enrolment=place.enrolment, evidence=earlier, person=person, role=GiverRole.PEER
        )
    FeedbackRequestFactory(
        enrolment=place.enrolment,
        evidence=earlier,
        person__name="Wrong",
        declined=True,
        reason=FeedbackRequest.Reason.NOT_ME,
    )
    ProgrammeRoleFactory(
        programme=place.enrolment.programme, person__name="Tess", role=ProgrammeRole.Role.TEACHER
    )
    adviser = place.enrolment.adviser
    assert adviser is not None

    assert suggested(place) == [
        ("Sam", GiverRole.SUPERVISOR),
        ("Pia", GiverRole.PEER),
        (adviser.name, GiverRole.TEACHER),
        ("Tess", GiverRole.TEACHER),
    ]


def test_who_is_asked_already_and_the_student_are_not_suggested() -> None:
    place = scene()
    ProgrammeRoleFactory(
        programme=place.enrolment.programme, person=place.student, role=ProgrammeRole.Role.TEACHER
    )
    adviser = place.enrolment.adviser
    assert adviser is not None
    assert suggested(place) == [(adviser.name, GiverRole.TEACHER)]

    ask(place, somebody(adviser.account.sign_in))

    assert suggested(place) == []


# --- The page -------------------------------------------------------------------------------------


def choice(place: Scene, line: QualityRequirement) -> str:
    return f"{place.enrolment.pk}/{line.pk}"


def test_the_page_asks_a_known_and_a_new_person_the_same(client: Client) -> None:
    place = scene()
    adviser = place.enrolment.adviser
    assert adviser is not None
    client.force_login(place.student)

    response = client.post(
        reverse("evidence:ask", args=[place.piece.pk]),
        {
            "requirements": [choice(place, line) for line in place.lines[1:]],
            "known": [str(adviser.pk)],
            "person0-name": "Cor Client",
            "person0-address": "Cor@Shop.example",
            "person0-role": "client",
            "person0-language": "en",
            "message": "Please",
        },
    )

    assert response.status_code == 302
    assert response["Location"] == reverse("evidence:detail", args=[place.piece.pk]) + "#feedback"
    questions = FeedbackRequest.objects.order_by("role")
    assert [(str(q.person.address()), q.role, q.language, q.message) for q in questions] == [
        ("cor@shop.example", "client", "en", "Please"),
        (adviser.account.sign_in, "teacher", adviser.language, "Please"),
    ]
    assert [set(q.requirements.all()) for q in questions] == [set(place.lines[1:])] * 2


def test_with_several_programmes_the_choice_of_requirements_says_which(client: Client) -> None:
    place = scene(lines=1)
    other = EnrolmentFactory(student=place.student)
    process = WorkProcessFactory(core_task__qualification=other.programme.qualification)
    line = RequirementLinkFactory(evidence=place.piece, requirement__under=process).requirement
    client.force_login(place.student)
    url = reverse("evidence:ask", args=[place.piece.pk])
    person = {"person0-name": "Cor", "person0-address": "cor@shop.example"}
    person |= {"person0-role": "client", "person0-language": "nl"}
    both = [choice(place, place.lines[0]), f"{other.pk}/{line.pk}"]

    refused = client.post(url, {"requirements": both, **person})
    accepted = client.post(url, {"requirements": both[1:], **person})

    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["requirements"]
    assert accepted.status_code == 302
    assert FeedbackRequest.objects.get().enrolment == other


def test_a_question_about_a_piece_withdrawn_meanwhile_comes_back_with_the_refusal(
    client: Client,
) -> None:
    place = scene()
    adviser = place.enrolment.adviser
    assert adviser is not None
    client.force_login(place.student)
    withdraw(place.piece)

    response = client.post(
        reverse("evidence:ask", args=[place.piece.pk]),
        {
            "requirements": [choice(place, place.lines[0])],
            "known": [str(adviser.pk)],
            "message": "What did you think of the ending?",
        },
    )

    assert response.status_code == 422
    page = response.content.decode()
    assert ("of the ending?" in page, "was withdrawn" in page) == (True, True)


def test_a_bad_form_keeps_what_was_typed(client: Client) -> None:
    place = scene()
    client.force_login(place.student)

    response = client.post(
        reverse("evidence:ask", args=[place.piece.pk]),
        {
            "requirements": [choice(place, place.lines[0])],
            "person1-name": "Cor Client",
            "person1-address": "not an address",
            "message": "What did you think of the ending?",
        },
    )

    assert response.status_code == 422
    page = response.content.decode()
    assert "What did you think of the ending?" in page
    assert 'value="not an address"' in page
    assert set(response.context["form"].newcomers[1].errors) == {"address", "role", "language"}
    assert FeedbackRequest.objects.count() == 0


def test_what_the_state_refuses_is_said_in_the_form(client: Client) -> None:
    place = scene()
    client.force_login(place.student)

    response = client.post(
        reverse("evidence:ask", args=[place.piece.pk]),
        {
            "requirements": [choice(place, place.lines[0])],
            "person0-name": "Me",
            "person0-address": place.student.sign_in,
            "person0-role": "peer",
            "person0-language": "nl",
        },
    )

    assert response.status_code == 422
    assert response.context["form"].non_field_errors() == [
        "Feedback comes from somebody other than the maker of the piece."
    ]


def test_a_requirement_added_by_hand_is_refused(client: Client) -> None:
    place = scene()
    client.force_login(place.student)
    line = not_laid(place)

    response = client.post(
        reverse("evidence:ask", args=[place.piece.pk]),
        {"requirements": [choice(place, line)], "known": [str(AccountFactory().pk)]},
    )

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"requirements", "known"}


def test_a_piece_that_is_laid_against_nothing_says_what_to_do_first(client: Client) -> None:
    place = scene(lines=0)
    client.force_login(place.student)

    response = client.get(reverse("evidence:ask", args=[place.piece.pk]))

    assert response.context["form"] is None
    assert reverse("evidence:detail", args=[place.piece.pk]) in response.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [("owner", 200), ("adviser", 403), ("teacher", 403), ("fellow student", 404)],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_gets_the_page_to_ask(client: Client, method: str, who: str, status: int) -> None:
    place = scene()
    person = people_around(place)[who]
    assert person is not None
    client.force_login(person)

    response = getattr(client, method)(reverse("evidence:ask", args=[place.piece.pk]))

    assert response.status_code == (422 if (method, status) == ("post", 200) else status)


def test_the_page_without_an_account_leads_to_signing_in(client: Client) -> None:
    url = reverse("evidence:ask", args=[scene().piece.pk])

    response = client.get(url)

    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["evidence:remind", "evidence:withdraw_question"])
def test_the_buttons_do_it_and_say_so(client: Client, name: str) -> None:
    question = FeedbackRequestFactory(enrolment__student__language="en", person__name="Cor")
    client.force_login(question.evidence.owner)

    response = client.post(reverse(name, args=[question.pk]))

    url = reverse("evidence:detail", args=[question.evidence.pk])
    assert response["Location"] == f"{url}#feedback"
    [message] = get_messages(response.wsgi_request)
    assert (message.level_tag, "Cor" in str(message)) == ("success", True)
    assert Event.objects.count() == 1


def test_a_button_that_comes_too_late_says_why(client: Client) -> None:
    question = FeedbackRequestFactory(answered=True)
    client.force_login(question.evidence.owner)

    response = client.post(reverse("evidence:withdraw_question", args=[question.pk]))

    assert [message.level_tag for message in get_messages(response.wsgi_request)] == ["error"]
    question.refresh_from_db()
    assert question.state == State.ANSWERED


@pytest.mark.parametrize(
    ("who", "status"),
    [("adviser", 403), ("teacher", 403), ("fellow student", 404), ("teacher elsewhere", 404)],
)
@pytest.mark.parametrize("name", ["evidence:remind", "evidence:withdraw_question"])
def test_others_get_no_button(client: Client, name: str, who: str, status: int) -> None:
    place = scene()
    question = FeedbackRequestFactory(enrolment=place.enrolment, evidence=place.piece)
    person = people_around(place)[who]
    assert person is not None
    client.force_login(person)

    assert client.post(reverse(name, args=[question.pk])).status_code == status
    assert client.get(reverse(name, args=[question.pk])).status_code == 405


def test_giver_and_revision_are_those_of_the_moment() -> None:
    place = scene()
    [question] = ask(place)
    later = RevisionFactory(evidence=place.piece)
    Evidence.objects.filter(pk=place.piece.pk).update(current=later)

    [second] = ask(place, somebody("other@shop.example"))

    assert question.revision != second.revision == later
    assert question.person != second.person
