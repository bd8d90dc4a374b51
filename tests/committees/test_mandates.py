"""What the exam board establishes of a committee is replaced and never changed: a meeting is held
under the mandate of its reference moment."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from committees import actions
from committees.models import Case, Mandate, Membership
from committees.who_sits import panel_in, panel_of, panel_sealed
from people.models import Account, Person
from post.models import OutboxMail
from post.outbox import message_of
from post.recipients import recipient
from programmes.models import ProgrammeRole
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    REFERENCE,
    Scene,
    exam_board,
    give_mandate,
    scene,
)
from tests.factories import LONG_AGO, AccountFactory, ProgrammeRoleFactory

pytestmark = pytest.mark.django_db

OLD, NEW = "Decides on all units of this programme.", "Decides on the basic part."


def give(made: Scene, **other: object) -> Mandate:
    return give_mandate(made.committee, **{"text": NEW, **other})


def visit(by: Account, page: str, key: object, data: dict[str, object] | None = None) -> str:
    Person.objects.filter(pk=by.pk).update(language="en")
    client = Client()
    client.force_login(by)
    address = reverse(f"committees:{page}", args=[key])
    with translation.override("en"):
        answer = client.get(address) if data is None else client.post(address, data, follow=True)
    return " ".join(answer.content.decode().split())


def test_a_decision_stays_under_its_mandate() -> None:
    made = scene(state=Case.State.ANNOUNCED)
    actions.close_meeting(meeting=made.meeting, by=made.chair, at=HELD)
    first = made.committee.mandate

    second = give(made, at=HELD + timedelta(days=1))

    decision = made.refreshed().standing
    assert first is not None
    assert (panel_sealed(decision).mandate, made.refreshed().meeting.committee.mandate) == (
        first.pk,
        second,
    )
    for by, page in ((made.student, "letter"), (made.auditor, "case_record")):
        read = visit(by, page, made.case.pk)
        assert ("20 August 2026" in read, OLD in read, NEW in read) == (True, True, False)
    corrected = made.supersede(at=HELD + timedelta(days=2))
    assert panel_sealed(corrected).mandate == first.pk


def test_a_deferral_names_its_mandate_too() -> None:
    made = scene(state=Case.State.DEFERRED)

    assert panel_sealed(made.refreshed().deferral).mandate == made.committee.mandate_id


@pytest.mark.parametrize(
    ("at", "figures"),
    [
        (REFERENCE - timedelta(days=1), (3, 3)),
        (REFERENCE, (3, 3)),
        (REFERENCE + timedelta(seconds=1), (2, 2)),
        (HELD, (2, 2)),
    ],
)
def test_a_meeting_is_held_under_the_mandate_of_its_reference_moment(
    at: datetime, figures: tuple[int, int]
) -> None:
    made = scene(state=Case.State.FROZEN)

    give(made, judgements_asked=3, at=at)

    panels = (panel_of(made.refreshed(), HELD), panel_in(made.refreshed().meeting, HELD))
    for panel in panels:
        assert (panel.quorum, panel.judgements_asked) == figures


def test_the_record_says_who_gave_it() -> None:
    made, board = scene(), exam_board()

    mandate = give(made, text=f" {NEW} ", given_on=date(2026, 11, 8), by=board)

    event = Event.objects.get(chain__key=made.committee.chain)
    assert (mandate.text, mandate.number, event.verb, event.by) == (NEW, 2, "mandate.given", board)
    facts = {
        "mandate": str(mandate.pk), "given_on": "2026-11-08", "quorum": 3, "judgements_asked": 2,
    }  # fmt: skip
    assert event.statement["facts"] == facts
    assert list(made.committee.mandates.values_list("quorum", flat=True)) == [2, 3]


def test_a_day_that_is_still_to_come_is_refused() -> None:
    made = scene()
    on_the_day = give(made, given_on=HELD.date())

    with pytest.raises(NotPossible):
        give(made, given_on=HELD.date() + timedelta(days=1))

    assert Mandate.objects.latest("number") == on_the_day


def test_a_day_of_longer_ago_than_anybody_notes_it_is_refused() -> None:
    made = scene()

    with translation.override("en"), pytest.raises(NotPossible, match="1 January 2024"):
        give(made, given_on=date(2023, 12, 31))

    assert give(made, given_on=date(2024, 1, 1)).number == 2


def test_more_judgements_than_the_quorum_are_refused_by_all_who_are_asked() -> None:
    made, board = scene(), exam_board()
    data = {
        "text": NEW, "procedure": "So.", "given_on": "2026-08-25", "quorum": "2",
        "judgements_asked": "3",
    }  # fmt: skip

    with translation.override("en"), pytest.raises(NotPossible, match="Make the quorum 3"):
        give(made, quorum=2, judgements_asked=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mandate.objects.create(
            committee=made.committee, number=2, text=NEW, procedure="So.", given_on=HELD.date(),
            quorum=2, judgements_asked=3,
        )  # fmt: skip
    page = visit(board, "mandate_give", made.committee.pk, data)

    assert page.count("Make the quorum 3 at least.") == 2  # at the field, and in the summary
    assert "who_must_judge" not in page
    assert Mandate.objects.count() == 1


def test_the_form_lets_nobody_choose_what_is_refused() -> None:
    made, board = scene(), exam_board()

    page = visit(board, "mandate_give", made.committee.pk)

    fields = re.findall(r"<input[^>]+>", page)
    for name in ("quorum", "judgements_asked"):
        [field] = [one for one in fields if f'name="{name}"' in one]
        assert 'min="2"' in field
    [day] = [one for one in fields if 'name="given_on"' in one]
    today = timezone.localdate()
    assert f'min="{today.year - 2}-01-01"' in day
    assert f'max="{today}"' in day


@pytest.mark.parametrize("who", ["chair", "member", "secretary"])
def test_a_member_who_coordinates_is_warned_of_where_the_mandate_is_given(who: str) -> None:
    made, board = scene(), exam_board()
    pages = (("mandate_give", board), ("committee", made.coordinator))
    before = [visit(by, name, made.committee.pk) for name, by in pages]
    ProgrammeRoleFactory(
        programme=made.programme, person=getattr(made, who), role=ProgrammeRole.Role.COORDINATOR
    )

    after = [visit(by, name, made.committee.pk) for name, by in pages]

    warning = "Who coordinates the programme leads none of its cases."
    assert [warning in page for page in before] == [False, False]
    assert [warning in page for page in after] == [who != "secretary"] * 2
    is_chair = "is the chair: at each meeting the secretary notes another voting member"
    assert [is_chair in page for page in after] == [who == "chair"] * 2


def words_of(mail: OutboxMail) -> str:
    """Subject and body in English; empty where it is no longer needed."""
    mail.language = "en"
    person = recipient(mail.to)
    assert person is not None
    message = message_of(mail, person)
    return " ".join(f"{message.subject} {message.body}".split()) if message else ""


def test_who_sits_is_told_that_the_committee_is_established_until_there_is_another() -> None:
    made = scene()

    give(made, by=exam_board())

    mails = OutboxMail.objects.filter(template="committees/established")
    assert set(mails.values_list("to", flat=True)) == {
        made.chair.pk, made.secretary.pk, made.member.pk, made.other_member.pk,
    }  # fmt: skip
    first = mails[0]
    words = words_of(first)
    assert words.startswith(f"The exam board has established the {made.committee}")
    assert "3 voting members take part, and 2 of them have judged" in words
    give(made, by=exam_board())
    assert words_of(first) == ""


def test_the_exam_board_is_told_once_of_a_committee_that_waits_for_it() -> None:
    board, by = exam_board(), AccountFactory()
    former = exam_board()
    former.person.institution_roles.update(ended_at=LONG_AGO)
    programme = ProgrammeRoleFactory(person=by, role=ProgrammeRole.Role.COORDINATOR).programme
    committee = actions.make_committee(programme=programme, name="New", by=by)
    mails = OutboxMail.objects.filter(template="committees/awaits_mandate")

    def seat(name: str, role: str) -> None:
        actions.give_seat(
            committee=committee, email=f"{name}@school.example", name=name, role=role, by=by,
            at=HELD,
        )  # fmt: skip

    seat("S", Membership.Role.SECRETARY)
    of_a_secretary = mails.count()
    seat("A", Membership.Role.CHAIR)
    [mail] = mails
    too_few = words_of(mail)
    seat("B", Membership.Role.MEMBER)
    seat("C", Membership.Role.MEMBER)

    assert (of_a_secretary, too_few, mails.count()) == (0, "", 1)
    assert (mail.to, mail.about, mail.due_at) == (board.pk, committee.pk, HELD + timedelta(hours=1))
    assert "has 3 members who vote, and waits for its mandate" in words_of(mail)
    give_mandate(committee, by=board, at=HELD)
    assert words_of(mail) == ""
    mails.update(state=OutboxMail.State.CANCELLED)
    actions.give_seat(
        committee=committee, email="d@school.example", name="D", role=Membership.Role.MEMBER,
        by=by, at=HELD + timedelta(days=1),
    )  # fmt: skip
    assert "has 4 members who vote" in words_of(mails.get(state=OutboxMail.State.WAITING))


def test_the_exam_board_gives_it_on_its_page() -> None:
    made, board = scene(), exam_board()
    key = made.committee.pk
    data = {
        "text": NEW, "procedure": "So.", "given_on": "2026-08-25", "quorum": "3",
        "judgements_asked": "2",
    }  # fmt: skip

    before = visit(board, "mandate_give", key)
    refused = [
        visit(board, "mandate_give", key, data | {figure: "1"})
        for figure in ("quorum", "judgements_asked")
    ]
    tomorrow = visit(board, "mandate_give", key, data | {"given_on": "2199-01-01"})
    after = visit(board, "mandate_give", key, data)

    assert OLD in before
    assert ["greater than or equal to 2" in page for page in refused] == [True, True]
    assert "still to come" in tomorrow
    assert "The committee is established, with the members that it has now." in after
    assert "25 August 2026" in after
    assert "Given on 20 August 2026, with a quorum of 2 and 2 judgements asked" in after
    assert Mandate.objects.count() == 2


def test_who_may_not_is_not_offered_it() -> None:
    made = scene()

    offered = {
        name: "New mandate" in visit(by, "committee", made.committee.pk)
        for name, by in {
            "coordinator": made.coordinator,
            "exam board": exam_board(),
            "chair": made.chair,
            "auditor": made.auditor,
        }.items()
    }

    assert offered == {"coordinator": False, "exam board": True, "chair": False, "auditor": False}
