"""What the mails about a case say, and that none says what was found."""

import pytest
from django.core import mail
from django.urls import reverse

from committees import actions
from committees.models import Case
from people.models import Account
from post.models import OutboxMail
from post.outbox import send_due
from tests.committees.factories import Scene, scene
from tests.factories import LONG_AGO

pytestmark = pytest.mark.django_db


def sent(made: Scene, to: Account) -> mail.EmailMultiAlternatives:
    """The last mail to this person, in English."""
    OutboxMail.objects.update(language="en")
    send_due()
    found = [message for message in mail.outbox if message.to == [to.sign_in]]
    assert isinstance(found[-1], mail.EmailMultiAlternatives)
    return found[-1]


def whole(message: mail.EmailMultiAlternatives) -> str:
    return f"{message.subject}\n{message.body}\n{message.alternatives[0][0]!s}"


CONTENT = ("The set shows it.", "attained", "Seen often.", "Show it once more.", "Unit ")


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        (Case.State.ANNOUNCED, "The committee has decided: read the decision"),
        (Case.State.DEFERRED, "The committee asks you to show more"),
    ],
)
def test_the_student_reads_only_that_there_is_something(state: str, subject: str) -> None:
    made = scene(state=state)

    message = sent(made, made.student)

    assert message.subject == subject
    link = "http://testserver" + reverse("committees:letter", args=[made.case.pk])
    assert message.body.count(link) == 1
    assert [words for words in CONTENT if words in whole(message)] == []


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        (Case.State.ANNOUNCED, "The committee has decided about Student 0: read the decision"),
        (Case.State.DEFERRED, "The committee asks Student 0 to show more"),
    ],
)
def test_so_does_the_adviser(state: str, subject: str) -> None:
    made = scene(state=state)

    message = sent(made, made.adviser)

    assert message.subject == subject
    assert [words for words in CONTENT if words in whole(message)] == []


def test_who_no_longer_advises_gets_no_mail() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    made.case.enrolment.adviser_assignments.update(ended_at=LONG_AGO)
    mail.outbox.clear()

    send_due()

    assert [message.to for message in mail.outbox if message.to == [made.adviser.sign_in]] == []
    row = OutboxMail.objects.get(template="committees/decision_adviser")
    assert row.state == OutboxMail.State.CANCELLED


def test_on_the_agenda_the_student_hears_until_when() -> None:
    made = scene()

    message = sent(made, made.student)

    assert message.subject == "The committee looks at your evidence on 9 November"
    assert "Monday 2 November 2026, 13:00" in message.body
    assert reverse("committees:my_case", args=[made.case.pk]) in message.body


def test_off_the_agenda_again_they_hear_nothing() -> None:
    made = scene()
    student = made.student
    actions.take_off_agenda(case=made.case, by=made.secretary)

    send_due()

    assert [message for message in mail.outbox if message.to == [student.account.sign_in]] == []
