"""What is sent can be undone while its mail waits and nothing rests on it: one table over all
kinds, each sent and undone by its own pages. With the waits of a school."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings as Settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees.actions import put_on_agenda, take_off_agenda
from committees.models import Case, Meeting, Membership
from evidence.actions import feedback as asking
from evidence.asking import Asked
from evidence.models import Evidence, Feedback, FeedbackRequest, GiverRole
from people.models import Account, Draft, InstitutionRole, Person, SentForm
from portfolio.actions import acknowledge
from portfolio.kept import figures_of
from portfolio.loading import load
from portfolio.models import Agreement, CheckIn
from post.models import OutboxMail
from post.outbox import send_due
from programmes.models import Enrolment, Unit
from records.models import Event
from tests.committees.factories import CommitteeFactory, MeetingFactory, MembershipFactory
from tests.evidence.scenes import Scene, everything, scene
from tests.factories import (
    AccountFactory,
    InstitutionRoleFactory,
    UnitFactory,
    UnitPartFactory,
    set_rules,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("waits")]

WORDS = "Wholly unmistakable words"
ADDRESS = "unmistakable@shop.example"


# --- Where it happens -----------------------------------------------------------------------------


@dataclass
class Place:
    """A student with a piece, their adviser, and a committee that meets in a month."""

    scene: Scene
    unit: Unit
    meeting: Meeting
    secretary: Account
    coordinator: Account

    @property
    def piece(self) -> Evidence:
        return self.scene.piece

    @property
    def enrolment(self) -> Enrolment:
        return self.scene.enrolment

    @property
    def student(self) -> Account:
        return self.scene.student

    @property
    def adviser(self) -> Account:
        assert self.enrolment.adviser is not None
        return self.enrolment.adviser.account

    def counts(self) -> dict[str, Any]:
        """All that is counted of the student, live and as kept."""
        now = timezone.now()
        enrolment = Enrolment.objects.get(pk=self.enrolment.pk)
        return {
            "figures": repr(figures_of(enrolment)),
            "set": repr(load(enrolment)),
            "feedback": list(Feedback.objects.current().values_list("pk", "confirmation")),
            "waiting": list(FeedbackRequest.objects.awaiting_answer(now).values_list("pk")),
            "check_ins": list(CheckIn.objects.current().values_list("pk")),
            "agreements": sorted(Agreement.objects.open().values_list("pk", flat=True)),
            "cases": list(Case.objects.values_list("pk")),
            "people": sorted(Account.objects.values_list("pk", flat=True)),
        }

    def pages(self) -> dict[str, str]:
        """What is listed of the student, for whoever asks."""
        enrolment = self.enrolment
        pages = {
            "coverage": (self.adviser, reverse("portfolio:coverage", args=[enrolment.pk])),
            "students": (self.adviser, reverse("portfolio:students")),
            "pieces": (self.student, reverse("evidence:list")),
            "home": (self.student, reverse("home:home")),
            "cases": (self.student, reverse("committees:mine")),
            "people": (self.coordinator, reverse("home:people")),
        }
        return {f"page of {name}": page(*of) for name, of in pages.items()}


def page(user: Account, url: str) -> str:
    """A page as this person reads it, but for what each drawing has of its own."""
    client = as_user(user)
    return re.sub(r'value="[\w-]{64}"|\d+ (second|minute)s?', "", client.get(url).text)


def as_user(user: Account) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def place() -> Place:
    made = scene()
    programme = made.enrolment.programme
    committee = CommitteeFactory(programme=programme)
    unit = UnitFactory(programme=programme)
    [process] = {each.work_process for each in made.lines[0].places.all()}
    UnitPartFactory(unit=unit, core_task=process.core_task)
    at = timezone.now() + timedelta(days=40)
    meeting = MeetingFactory(committee=committee, held_at=at, reference_at=at - timedelta(days=7))
    seat = MembershipFactory(committee=committee, role=Membership.Role.SECRETARY)
    role = InstitutionRoleFactory(role=InstitutionRole.Role.COORDINATOR)
    Person.objects.update(language="en")
    return Place(made, unit, meeting, seat.person.account, role.person.account)


# --- The kinds ------------------------------------------------------------------------------------


@dataclass
class Sending:
    """What was sent: by whose browser, where it is undone, the page whose form then opens with its
    words, and what has a mail. `other` is a browser of somebody who may not undo it, `again` sends
    the same once more, `rest` lets something rest on it."""

    browser: Client
    undo: str
    form: str
    about: list[Any]
    other: Client
    rest: Callable[[], object]
    words: list[str] = field(default_factory=lambda: [WORDS])


@dataclass(frozen=True)
class Kind:
    name: str
    before: Callable[[Place], Any]
    send: Callable[[Place, Any], Sending]
    has_mail: bool = True

    def __str__(self) -> str:
        return self.name


def fields(response: Any) -> dict[str, Any]:
    """The hidden fields of a page that a browser sends along."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.text)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def sent(response: Any) -> None:
    assert response.status_code == 302, response.text


def freeze_a_set(place: Place) -> None:
    """A set of the student's is about to be frozen as of a moment ago."""
    [case] = put_on_agenda(
        meeting=place.meeting, unit=place.unit, enrolments=[place.enrolment], by=place.secretary
    )
    Meeting.objects.filter(pk=case.meeting_id).update(reference_at=timezone.now())


def ask(place: Place, _before: None) -> Sending:
    browser, url = as_user(place.student), reverse("evidence:ask", args=[place.piece.pk])
    newcomer = {"name": "Nelly New", "address": ADDRESS, "role": "client", "language": "en"}
    data = {f"person0-{key}": value for key, value in newcomer.items()}
    known = [str(place.adviser.pk)]
    choice = _first_choice(browser.get(url))
    sent(browser.post(url, {**data, "requirements": [choice], "known": known, "message": WORDS}))
    questions = FeedbackRequest.objects.filter(message=WORDS).order_by("pk")
    first = questions[0]

    def decline() -> None:
        asking.decline(question=questions[1])

    return Sending(
        browser,
        reverse("evidence:undo_ask", args=[first.pk]),
        url,
        [question.pk for question in questions],
        as_user(place.adviser),
        decline,
        words=[WORDS, ADDRESS, "Nelly New"],
    )


def _first_choice(response: Any) -> str:
    field = response.context["form"].fields["requirements"]
    return str(next(key for key, _name in flat(field.choices)))


def flat(choices: Any) -> list[tuple[Any, Any]]:
    found = []
    for key, name in choices:
        found += flat(name) if isinstance(name, list | tuple) else [(key, name)]
    return found


def note(place: Place, _before: None) -> Sending:
    browser, url = as_user(place.adviser), reverse("evidence:note", args=[place.piece.pk])
    speaker = {"name": "Nelly New", "address": ADDRESS, "role": "client", "language": "en"}
    response = browser.get(url)
    data = {f"{response.context['form'].newcomer.prefix}-{k}": v for k, v in speaker.items()}
    said = {"text": WORDS, "place": "Shop", "given_on": timezone.localdate().isoformat()}
    choice = _first_choice(response)
    sent(browser.post(url, {**data, **said, "requirements": [choice]}))
    noted = Feedback.objects.current().get(noted_by=place.adviser.person)
    return Sending(
        browser,
        reverse("evidence:undo_noting", args=[noted.pk]),
        url,
        [noted.pk],
        as_user(place.student),
        lambda: asking.confirm(feedback=noted, confirmed=True),
        words=[WORDS, ADDRESS, "Nelly New"],
    )


def a_question(place: Place) -> FeedbackRequest:
    asked = Asked("Cor Client", "client@shop.example", GiverRole.CLIENT, "en")
    [question] = asking.ask(
        evidence=place.piece,
        enrolment=place.enrolment,
        people=[asked],
        requirements=place.scene.lines[:2],
        by=place.student,
        at=timezone.now() - timedelta(days=1),
    )
    send_due()
    return question


def a_question_to_an_account(place: Place) -> FeedbackRequest:
    someone = AccountFactory(language="en")
    asked = Asked(someone.name, "", GiverRole.TEACHER, "en", someone.person)
    [question] = asking.ask(
        evidence=place.piece,
        enrolment=place.enrolment,
        people=[asked],
        requirements=place.scene.lines[:2],
        by=place.student,
        at=timezone.now() - timedelta(days=1),
    )
    send_due()
    return question


def answer(place: Place, question: FeedbackRequest) -> Sending:
    return _answered(place, question, Client())


def answer_signed_in(place: Place, question: FeedbackRequest) -> Sending:
    return _answered(place, question, as_user(question.person.account))


def _answered(place: Place, question: FeedbackRequest, browser: Client) -> Sending:
    url = reverse("evidence:answer", args=[question.token])
    sent(browser.post(url, {**fields(browser.get(url)), "text": WORDS}))
    given = Feedback.objects.get(request=question)
    return Sending(
        browser,
        reverse("evidence:undo_answer", args=[question.token]),
        url,
        [given.pk],
        as_user(place.student),
        lambda: freeze_a_set(place),
    )


def decline(place: Place, question: FeedbackRequest) -> Sending:
    browser, url = Client(), reverse("evidence:answer", args=[question.token])
    # They were writing, and tapped the wrong button.
    browser.post(f"{url}draft/", {"text": WORDS})
    sent(browser.post(f"{url}decline/", {"reason": "rather_not"}))

    def ask_again() -> None:
        asking.ask(
            evidence=place.piece,
            enrolment=place.enrolment,
            people=[Asked("Cor Client", "", GiverRole.CLIENT, "en", question.person)],
            requirements=place.scene.lines[:2],
            by=place.student,
        )

    return Sending(
        browser,
        reverse("evidence:undo_answer", args=[question.token]),
        url,
        [question.pk],
        as_user(place.student),
        ask_again,
    )


def what_was_noted(place: Place) -> Feedback:
    noted = asking.note(
        evidence=place.piece,
        enrolment=place.enrolment,
        speaker=Asked("Cor Client", "client@shop.example", GiverRole.CLIENT, "en"),
        given_on=timezone.localdate() - timedelta(days=1),
        text="What the adviser heard.",
        on_whole=True,
        by=place.adviser,
        at=timezone.now() - timedelta(days=1),
    )
    send_due()
    return noted


def confirm(place: Place, noted: Feedback) -> Sending:
    return _said(place, noted, {"confirmed": "yes"})


def confirm_as_another(place: Place, noted: Feedback) -> Sending:
    right = {"confirmed": "yes", "name": "Petra Klein", "role": "supervisor"}
    return _said(place, noted, right | {"is_another": "on"})


def deny(place: Place, noted: Feedback) -> Sending:
    return _said(place, noted, {"confirmed": "no"})


def _said(place: Place, noted: Feedback, said: dict[str, str]) -> Sending:
    browser, url = Client(), reverse("evidence:confirm", args=[noted.confirmation_token])
    sent(browser.post(url, said))
    return Sending(
        browser,
        reverse("evidence:undo_word", args=[noted.confirmation_token]),
        url,
        [noted.pk],
        as_user(place.adviser),
        lambda: freeze_a_set(place),
        words=[],
    )


def earlier_check_in(place: Place) -> Agreement:
    held = CheckIn.objects.create(
        enrolment=place.enrolment,
        by=place.adviser.person,
        held_on=timezone.localdate() - timedelta(days=30),
        light="green",
        summary="Earlier.",
        recorded_at=timezone.now() - timedelta(days=30),
    )
    return Agreement.objects.create(
        check_in=held, text="Ask somebody.", due_on=timezone.localdate(), recorded_at=timezone.now()
    )


def check_in(place: Place, before: Agreement) -> Sending:
    browser = as_user(place.adviser)
    url = reverse("portfolio:check_in_new", args=[place.enrolment.pk])
    today = timezone.localdate().isoformat()
    agreed = {
        "agreements-TOTAL_FORMS": "1",
        "agreements-INITIAL_FORMS": "0",
        "agreements-0-text": f"{WORDS} agreed",
        "agreements-0-due_on": today,
    }
    said = {"held_on": today, "light": "amber", "summary": WORDS, "done": [str(before.pk)]}
    sent(browser.post(url, said | agreed))
    held = CheckIn.objects.get(summary=WORDS)
    return Sending(
        browser,
        reverse("portfolio:undo_check_in", args=[held.pk]),
        url,
        [held.pk],
        as_user(place.student),
        lambda: acknowledge(check_in=held, refused=False, note="", by=place.student),
        words=[WORDS, f"{WORDS} agreed"],
    )


def agenda(place: Place, _before: None) -> Sending:
    browser = as_user(place.secretary)
    url = f"{reverse('committees:agenda', args=[place.meeting.pk])}?unit={place.unit.pk}"
    chosen = str(place.enrolment.pk)
    sent(browser.post(url, {"enrolments": [chosen]}))
    case = Case.objects.get()
    return Sending(
        browser,
        reverse("committees:undo_agenda", args=[case.pk]),
        url,
        [case.pk],
        as_user(place.adviser),
        lambda: Meeting.objects.filter(pk=place.meeting.pk).update(reference_at=timezone.now()),
        words=[],
    )


def invite(place: Place, _before: None) -> Sending:
    browser, url = as_user(place.coordinator), reverse("home:person_new")
    sent(browser.post(url, {"name": WORDS, "email": ADDRESS, "language": "en"}))
    person = Person.objects.get(name=WORDS)
    return Sending(
        browser,
        reverse("home:invitation_undo", args=[person.pk]),
        url,
        [person.pk],
        as_user(place.student),
        lambda: InstitutionRoleFactory(person=person, recorded_at=timezone.now()),
        words=[WORDS, ADDRESS],
    )


def nothing(_place: Place) -> None:
    return None


KINDS = [
    Kind("a question", nothing, ask),
    Kind("what was noted", nothing, note),
    Kind("an answer by link", a_question, answer),
    Kind("an answer of who is signed in", a_question_to_an_account, answer_signed_in),
    Kind("a no", a_question, decline),
    Kind("yes, I said this", what_was_noted, confirm, has_mail=False),
    Kind("yes, but I am somebody else", what_was_noted, confirm_as_another, has_mail=False),
    Kind("no, I did not", what_was_noted, deny, has_mail=False),
    Kind("a check-in", earlier_check_in, check_in),
    Kind("on the agenda", nothing, agenda),
    Kind("an invitation", nothing, invite),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
each_mail = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.has_mail], ids=str)


def where_words_stand(words: list[str]) -> set[str]:
    """The tables in which one of these words stands, but for what forgets them by itself."""
    left_out = {Draft._meta.label, SentForm._meta.label, "sessions.Session", "people.Session"}
    return {
        table
        for table, rows in everything().items()
        if table not in left_out and any(word in repr(row) for row in rows for word in words)
    }


def differs(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What counts otherwise, of pages only the lines that are not in both."""
    found = {}
    for name, value in now.items():
        if value != before[name]:
            lines = [str(each).splitlines() for each in (value, before[name])]
            found[name] = sorted(set(lines[0]) ^ set(lines[1]))
    return found


def mails_about(sending: Sending, *states: str) -> int:
    return OutboxMail.objects.filter(about__in=sending.about, state__in=states).count()


# --- In time --------------------------------------------------------------------------------------


@each_kind
def test_undone_in_time_it_counts_for_nothing_and_its_words_are_a_draft_again(
    place: Place, kind: Kind
) -> None:
    before = kind.before(place)
    for user in Account.objects.all():
        as_user(user).get(reverse("home:home"))  # so that each was seen today
    counted = place.counts() | place.pages()
    mails = OutboxMail.objects.count()
    sending = kind.send(place, before)
    assert differs(place.counts(), counted) != {}  # it took effect at once
    if sending.words and kind.name != "a no":
        assert where_words_stand(sending.words) != set()
    assert OutboxMail.objects.count() - mails == (len(sending.about) if kind.has_mail else 0)
    assert len(mail.outbox) == send_due() == 0 or before is not None
    told = len(mail.outbox)

    response = sending.browser.post(sending.undo)

    assert response.status_code == 302
    assert differs(place.counts() | place.pages(), counted) == {}
    assert where_words_stand(sending.words) == set()
    OutboxMail.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert send_due() == 0
    assert len(mail.outbox) == told
    form = sending.browser.get(response.url).text
    assert response.url.split("?")[0] == sending.form.split("?")[0]
    assert [word for word in sending.words if word not in form] == []
    assert Draft.objects.filter(key__startswith="sent:").count() == 0
    assert Event.objects.filter(verb__contains="taken_back").exists()


@each_kind
def test_sent_again_after_that_it_counts_once(place: Place, kind: Kind) -> None:
    before = kind.before(place)
    sending = kind.send(place, before)
    once = {name: repr(value).count(",") for name, value in place.counts().items()}
    sending.browser.post(sending.undo)

    again = kind.send(place, before)

    counted = {name: repr(value).count(",") for name, value in place.counts().items()}
    assert counted["feedback"] == once["feedback"]
    assert counted["check_ins"] == once["check_ins"]
    assert counted["cases"] == once["cases"]
    assert mails_about(again, "waiting") == (len(again.about) if kind.has_mail else 0)


@each_kind
def test_undone_twice_is_undone_once(place: Place, kind: Kind) -> None:
    sending = kind.send(place, kind.before(place))
    sending.browser.post(sending.undo)
    counted, events = place.counts(), Event.objects.count()

    response = sending.browser.post(sending.undo)

    assert response.status_code in (302, 404)
    assert (place.counts(), Event.objects.count()) == (counted, events)


# --- Not ------------------------------------------------------------------------------------------


def refused(place: Place, sending: Sending, browser: Client | None = None) -> None:
    """Undoing changes nothing: no count, no event, no mail."""
    counted, events = place.counts(), Event.objects.count()
    mails = list(OutboxMail.objects.order_by("pk").values_list("pk", "state"))

    response = (browser or sending.browser).post(sending.undo)

    assert response.status_code in ((403, 404) if browser else (302,))
    assert (place.counts(), Event.objects.count()) == (counted, events)
    assert list(OutboxMail.objects.order_by("pk").values_list("pk", "state")) == mails


@each_kind
def test_it_cannot_be_undone_once_the_time_has_passed(
    place: Place, kind: Kind, settings: Settings
) -> None:
    sending = kind.send(place, kind.before(place))
    settings.UNDO_SECONDS = settings.QUESTION_UNDO_SECONDS = 0

    refused(place, sending)


@each_mail
@pytest.mark.parametrize("gone", ["sent", "due", "held by a sender"])
def test_it_cannot_be_undone_once_its_mail_is_on_its_way(
    place: Place, kind: Kind, gone: str
) -> None:
    sending = kind.send(place, kind.before(place))
    mails = OutboxMail.objects.filter(about__in=sending.about, state="waiting")
    now = timezone.now()
    if gone == "held by a sender":
        mails.update(claimed_until=now + timedelta(minutes=5))
    else:
        mails.update(due_at=now - timedelta(seconds=1))
    if gone == "sent":
        assert send_due() == len(sending.about)

    refused(place, sending)


@each_kind
def test_it_cannot_be_undone_once_something_rests_on_it(place: Place, kind: Kind) -> None:
    sending = kind.send(place, kind.before(place))
    sending.rest()

    refused(place, sending)


@each_kind
def test_somebody_else_cannot_undo_it(place: Place, kind: Kind) -> None:
    sending = kind.send(place, kind.before(place))

    refused(place, sending, sending.other)


# --- Who saw it -----------------------------------------------------------------------------------


def test_who_saw_an_answer_reads_that_it_was_taken_back(place: Place) -> None:
    sending = answer(place, a_question(place))
    url = reverse("evidence:detail", args=[place.piece.pk])
    assert WORDS in as_user(place.student).get(url).text
    sending.browser.post(sending.undo)

    seen = as_user(place.student).get(url).text

    assert WORDS not in seen
    assert "An answer was taken back on" in seen


def test_who_saw_what_was_noted_a_question_or_a_word_reads_that_it_was_taken_back(
    place: Place,
) -> None:
    url = reverse("evidence:detail", args=[place.piece.pk])
    asked = ask(place, None)
    by_link = reverse("evidence:answer", args=[FeedbackRequest.objects.all()[0].token])
    asked.browser.post(asked.undo)
    noted = note(place, None)
    noted.browser.post(noted.undo)
    said = confirm(place, what_was_noted(place))
    said.browser.post(said.undo)

    seen = as_user(place.student).get(url).text

    assert "What was noted as feedback was taken back on" in seen
    assert "This question was taken back on" in seen
    assert "confirmed or denied, and taken back" in seen
    assert "took the question back" in Client().get(by_link).text


def test_who_saw_a_check_in_or_a_case_reads_that_it_was_taken_back(place: Place) -> None:
    held = check_in(place, earlier_check_in(place))
    held.browser.post(held.undo)
    on = agenda(place, None)
    url = reverse("committees:my_case", args=on.about)
    assert as_user(place.student).get(url).status_code == 200
    on.browser.post(on.undo)

    check_ins = as_user(place.student).get(
        reverse("portfolio:check_ins", args=[place.enrolment.pk])
    )
    case = as_user(place.student).get(url)

    assert f"{place.adviser.name} took the check-in of" in check_ins.text
    assert (case.status_code, "This was taken back" in case.text) == (410, True)
    assert as_user(place.adviser).get(url).status_code == 404


# --- Sending now, and what never waits ------------------------------------------------------------


def test_a_question_can_be_sent_now_and_then_no_more_undone(place: Place) -> None:
    sending = ask(place, None)
    assert send_due() == 0
    page = sending.browser.get(reverse("evidence:detail", args=[place.piece.pk])).text
    now_url = sending.undo.replace("undo", "send")
    assert (page.count("/undo/"), page.count("Send now")) == (1, 1)

    sending.browser.post(now_url)

    assert send_due() == len(sending.about) == len(mail.outbox) == 2
    refused(place, sending)


def test_a_question_waits_a_minute_and_all_else_ten(place: Place) -> None:
    asked, held = ask(place, None), check_in(place, earlier_check_in(place))

    waits = {
        row.template: row.due_at - row.recorded_at
        for row in OutboxMail.objects.filter(about__in=[*asked.about, *held.about])
    }

    assert waits == {
        "evidence/request": timedelta(minutes=1),
        "portfolio/check_in": timedelta(minutes=10),
    }


def test_what_concerns_a_meeting_within_two_hours_goes_at_once(place: Place) -> None:
    set_rules(place.enrolment.programme, notice_working_days=0)
    at = timezone.now()
    waits = []
    for hours in (1, 3):
        meeting = MeetingFactory(
            committee=place.meeting.committee,
            held_at=at + timedelta(hours=hours),
            reference_at=at + timedelta(minutes=50),
        )
        [case] = put_on_agenda(
            meeting=meeting,
            unit=place.unit,
            enrolments=[place.enrolment],
            by=place.secretary,
            at=at,
        )
        waits.append(OutboxMail.objects.get(about=case.pk).due_at - at)
        take_off_agenda(case=case, by=place.secretary, at=at)

    assert waits == [timedelta(0), timedelta(minutes=10)]


def test_words_that_were_sent_are_forgotten_once_it_cannot_be_undone(place: Place) -> None:
    from people.drafts import sweep

    ask(place, None)
    sweep()
    assert Draft.objects.filter(key__startswith="sent:").count() == 1
    Draft.objects.update(changed_at=timezone.now() - timedelta(minutes=11))

    sweep()

    assert Draft.objects.count() == 0


def test_the_words_are_a_draft_beside_another(place: Place) -> None:
    sending = check_in(place, earlier_check_in(place))
    sending.browser.post(
        reverse("portfolio:check_in_draft", args=[place.enrolment.pk]), {"summary": "Another."}
    )
    sent_as = Draft.objects.get(key__startswith="sent:").fields["summary"]

    sending.browser.post(sending.undo)

    assert not CheckIn.objects.current().filter(pk__in=sending.about).exists()
    drafts = Draft.objects.filter(key__startswith="check_in:")
    assert sorted(draft.fields["summary"] for draft in drafts) == sorted([["Another."], sent_as])
