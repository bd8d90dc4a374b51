"""A member who shares a mailbox with somebody who gave feedback says on record whose it is."""

import pytest
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.models import OwnWord
from committees.rules import Disclosure, Ground, Panel
from committees.who_sits import panel_of
from people.access import NotAllowed
from people.models import Address, Person
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    Scene,
    answered_piece,
    findings_of,
    known_at_mailbox_of,
    scene,
)
from tests.evidence.factories import FeedbackFactory, GiverFactory
from tests.factories import set_rules

pytestmark = pytest.mark.django_db


def frozen(*, givers_may_judge: bool = True, names: tuple[str, ...] = ("Jan Baas",)) -> Scene:
    """A set in which people spoke from the member's mailbox."""
    made = scene()
    set_rules(made.programme, givers_may_judge=givers_may_judge)
    piece = answered_piece(made.case.enrolment, made.requirement)
    for name in names:
        FeedbackFactory(
            enrolment=made.case.enrolment,
            evidence=piece,
            person=known_at_mailbox_of(made.member, name),
            remarks={made.requirement: "Calm."},
        )
    made.freeze()
    return made


def panel(made: Scene) -> Panel:
    return panel_of(made.refreshed(), HELD)


def judge(made: Scene) -> None:
    findings = findings_of(made.case, "attained")
    actions.judge(case=made.case, findings=findings, motivation="Seen.", by=made.member, at=HELD)


def test_who_did_not_say_yet_is_disclosed_and_does_not_judge() -> None:
    made = frozen()

    with pytest.raises(NotAllowed):
        judge(made)

    assert panel(made).givers == {made.member.pk: Disclosure.MAILBOX}
    assert set(panel(made).unsaid) == {made.member.pk}


def test_who_says_that_it_is_not_theirs_judges_and_stays_disclosed() -> None:
    made = frozen()

    actions.say_whose(case=made.case, is_theirs=False, by=made.member, at=HELD)
    judge(made)

    assert panel(made).givers == {made.member.pk: Disclosure.MAILBOX}
    assert panel(made).aside == {}


@pytest.mark.parametrize("first", [True, False])
def test_it_can_be_said_otherwise_and_the_last_word_counts(first: bool) -> None:
    made = frozen(givers_may_judge=False)

    actions.say_whose(case=made.case, is_theirs=first, by=made.member, at=HELD)
    actions.say_whose(case=made.case, is_theirs=not first, by=made.member, at=HELD)

    assert panel(made).aside == ({} if first else {made.member.pk: Ground.GAVE_FEEDBACK})
    assert list(OwnWord.objects.order_by("number").values_list("is_theirs", flat=True)) == [
        first,
        not first,
    ]


def test_a_word_on_somebody_new_leaves_that_on_others_as_it_was() -> None:
    made = frozen(names=("Jan Baas", "Petra Klein"))
    jan, petra = sorted(panel(made).unsaid[made.member.pk])
    OwnWord.objects.create(
        case=made.case, person_id=made.member.pk, giver_id=jan, number=1, is_theirs=False,
        recorded_at=HELD,
    )  # fmt: skip

    actions.say_whose(case=made.case, is_theirs=True, by=made.member, at=HELD)

    said = OwnWord.objects.values_list("giver", "is_theirs")
    assert dict(said) == {jan: False, petra: True}


@pytest.mark.parametrize("givers_may_judge", [True, False])
def test_who_says_that_it_is_theirs_is_treated_as_who_gave_it(givers_may_judge: bool) -> None:
    made = frozen(givers_may_judge=givers_may_judge)

    actions.say_whose(case=made.case, is_theirs=True, by=made.member, at=HELD)

    assert panel(made).givers == {made.member.pk: Disclosure.PERSON}
    ground = {} if givers_may_judge else {made.member.pk: Ground.GAVE_FEEDBACK}
    assert panel(made).aside == ground


def test_what_was_said_of_one_says_nothing_of_another_who_turns_up_later() -> None:
    made = scene()
    piece = answered_piece(made.case.enrolment, made.requirement)
    first, second = known_at_mailbox_of(made.member), GiverFactory(name="Petra Klein")
    for giver in (first, second):
        FeedbackFactory(
            enrolment=made.case.enrolment,
            evidence=piece,
            person=giver,
            remarks={made.requirement: "Calm."},
        )
    made.freeze()
    actions.say_whose(case=made.case, is_theirs=False, by=made.member, at=HELD)
    assert panel(made).unsaid == {}

    Address.objects.create(
        person=second,
        address=made.member.sign_in,
        source=Address.Source.SCHOOL,
        receives=False,
        confirmed_at=HELD,
    )

    assert panel(made).unsaid == {made.member.pk: frozenset({second.pk})}
    with pytest.raises(NotAllowed):
        judge(made)


def test_the_page_names_who_it_is_about_and_takes_the_answer(client: Client) -> None:
    made = frozen(names=("Jan Baas", "Petra Klein"))
    client.force_login(made.member)
    path = reverse("committees:case", args=[made.case.pk])

    asked = client.get(path).content.decode()
    client.post(reverse("committees:say_whose", args=[made.case.pk]), {"whose": "others"})
    after = client.get(path).content.decode()

    assert "Jan Baas, Petra Klein" in asked
    assert 'name="motivation"' not in asked
    assert 'name="motivation"' in after
    words = OwnWord.objects.filter(case=made.case, person=made.member.pk)
    assert [word.is_theirs for word in words] == [False, False]


def test_nobody_says_it_once_the_committee_has_spoken() -> None:
    made = frozen()
    made.open_meeting()
    actions.defer(case=made.case, reason="Show more.", by=made.chair, at=HELD)

    with pytest.raises(NotPossible):
        actions.say_whose(case=made.case, is_theirs=False, by=made.member, at=HELD)


def test_nobody_else_is_asked(client: Client) -> None:
    made = frozen()
    client.force_login(made.chair)
    path = reverse("committees:say_whose", args=[made.case.pk])

    with pytest.raises(NotAllowed):
        actions.say_whose(case=made.case, is_theirs=False, by=made.chair, at=HELD)

    assert client.get(path).status_code == client.post(path, {"whose": "mine"}).status_code == 403


def test_who_stands_aside_on_another_ground_is_not_asked(client: Client) -> None:
    made = frozen()
    actions.recuse(case=made.case, reason="A neighbour.", by=made.member, at=HELD)
    client.force_login(made.member)

    assert client.get(reverse("committees:say_whose", args=[made.case.pk])).status_code == 403
    with pytest.raises(NotAllowed):
        actions.say_whose(case=made.case, is_theirs=False, by=made.member, at=HELD)


def test_who_stands_aside_by_their_word_takes_it_back_from_the_agenda(client: Client) -> None:
    made = frozen(givers_may_judge=False)
    Person.objects.filter(pk=made.member.pk).update(language="en")
    client.force_login(made.member)
    path = reverse("committees:say_whose", args=[made.case.pk])
    case = reverse("committees:case", args=[made.case.pk])

    said = client.post(path, {"whose": "mine"}, follow=True)
    assert said.request["PATH_INFO"] == reverse("committees:meeting", args=[made.meeting.pk])
    assert path in said.text
    assert client.get(case).status_code == 403
    again = client.get(path).text
    back = client.post(path, {"whose": "others"}, follow=True)

    assert "You said that it is yours." in again
    assert "Jan Baas" in again
    assert (back.request["PATH_INFO"], back.status_code) == (case, 200)
    assert path in back.text
    nothing = client.post(path, {})
    assert nothing.status_code == 422
