"""Ways round independent judging, and round what is sealed, that were tried: all are closed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from committees import actions
from committees.access import check_erase_person
from committees.models import Case, SnapshotItem
from committees.who_sits import panel_of
from evidence.actions import answer, ask
from evidence.asking import Asked
from evidence.models import Attachment, Feedback, GiverRole
from files.keeping import erase_file
from people.access import NotAllowed
from people.actions import say_same
from people.models import InstitutionRole
from records.refusals import NotPossible
from tests.committees.factories import (
    HELD,
    REFERENCE,
    MembershipFactory,
    Scene,
    answered_piece,
    known_at_mailbox_of,
    scene,
)
from tests.evidence.factories import (
    AttachmentFactory,
    EvidenceFactory,
    FeedbackFactory,
    StoredFileFactory,
)
from tests.evidence.scenes import page_of
from tests.factories import InstitutionRoleFactory, set_rules
from tests.people.factories import been_here, met, registered
from tests.recorded import faults
from tests.triggers import lifted

pytestmark = pytest.mark.django_db

DURING = REFERENCE - timedelta(days=10)


def spoken_from_mailbox_of(who: str) -> Scene:
    """A set in which somebody spoke from the mailbox of one who sits, who did not say whose it
    is; who gave feedback stands aside."""
    made = scene()
    set_rules(made.programme, givers_may_judge=False)
    FeedbackFactory(
        enrolment=made.case.enrolment,
        evidence=answered_piece(made.case.enrolment, made.requirement),
        person=known_at_mailbox_of(getattr(made, who)),
        remarks={made.requirement: "Calm."},
    )
    made.freeze()
    return made


def test_who_does_not_say_whose_it_is_does_not_lead() -> None:
    made = spoken_from_mailbox_of("chair")
    made.judge(made.member)
    made.judge(made.other_member)
    made.open_meeting(made.chair, made.member, made.other_member)

    with pytest.raises(NotAllowed):
        made.open_judgements()


def test_who_does_not_say_whose_it_is_counts_for_no_quorum() -> None:
    made = spoken_from_mailbox_of("member")
    made.judge(made.chair)
    made.open_meeting(made.chair, made.member)

    assert [seat.person for seat in panel_of(made.refreshed(), HELD).counted] == [made.chair.pk]
    with pytest.raises(NotPossible):
        made.open_judgements()


def test_what_was_said_is_not_said_otherwise_once_the_judgements_are_open() -> None:
    made = spoken_from_mailbox_of("member")
    made.say_whose(made.member, is_theirs=True)
    made.judge(made.chair)
    made.judge(made.other_member)
    made.open_meeting(made.chair, made.other_member)
    made.open_judgements()

    with pytest.raises(NotPossible, match=r"opengingen|opened"):
        made.say_whose(made.member, is_theirs=False)


def test_whose_words_are_asked_of_a_member_is_not_erased_meanwhile() -> None:
    made = spoken_from_mailbox_of("member")
    giver = SnapshotItem.objects.get(kind="person", source__in=unsaid(made)).source
    speaker = Feedback.objects.get(person=giver).person

    with pytest.raises(NotPossible):
        check_erase_person(speaker)

    made.open_meeting(made.chair, made.other_member)
    actions.defer(case=made.case, reason="More.", by=made.chair, at=HELD)
    check_erase_person(speaker)


def unsaid(made: Scene) -> set[object]:
    return set().union(*panel_of(made.refreshed(), HELD).unsaid.values())


@pytest.mark.parametrize("who", ["student", "member"])
def test_a_quoted_spelling_is_the_same_mailbox(who: str) -> None:
    made = scene(pieces=0)
    piece = EvidenceFactory(owner=made.case.enrolment.student, on=[made.requirement])
    local, _at, domain = getattr(made, who).sign_in.partition("@")
    petra = Asked("Petra Klein", f'"{local}"@{domain}', GiverRole.CLIENT, "nl")

    def asks() -> None:
        [question] = ask(
            evidence=piece, enrolment=made.case.enrolment, people=[petra],
            requirements=[made.requirement], by=made.student, at=DURING,
        )  # fmt: skip
        answer(question=question, text="Great.", by=None, at=DURING + timedelta(hours=1))

    if who == "student":
        with pytest.raises(NotPossible):
            asks()
    else:
        asks()
        made.freeze()
        assert made.member.pk in panel_of(made.refreshed(), HELD).givers


@pytest.mark.parametrize("name", ["Rotzak", "Baas"])
def test_a_link_does_not_speak_as_an_account_of_somebody_else(client: Client, name: str) -> None:
    made = scene()
    piece = EvidenceFactory(owner=made.case.enrolment.student, on=[made.requirement])
    petra = Asked("Petra Klein", "info@shop.example", GiverRole.CLIENT, "nl")
    [question] = ask(
        evidence=piece, enrolment=made.case.enrolment, people=[petra],
        requirements=[made.requirement], by=made.student,
    )  # fmt: skip
    account = been_here(registered("Baas", "info@shop.example"))
    words = {"text": "Well done.", "who": "1", "name": name, "role": "client"}
    sent = {**page_of(question), **words}

    said = client.post(reverse("evidence:answer", args=[question.token]), sent)

    account.person.refresh_from_db()
    assert account.person.name == "Baas"
    assert said.status_code == 422
    assert not Feedback.objects.filter(person=account.pk).exists()


@pytest.mark.tampers
@pytest.mark.parametrize("source", [None, "other"])
def test_whom_an_item_froze_is_proven(source: str | None) -> None:
    made = scene()
    answered_piece(made.case.enrolment, made.requirement, person=made.member)
    made.freeze()
    before = faults()

    with lifted():
        SnapshotItem.objects.filter(kind="person", source=made.member.pk).update(
            source=source and made.chair.pk
        )

    assert "froze something else" in " ".join(set(faults()) - set(before))


def test_two_open_accounts_are_not_one_through_a_third() -> None:
    one, other = (
        been_here(registered("A", "a@x.example")),
        been_here(registered("B", "b@x.example")),
    )
    third = met("X", "x@x.example")
    say_same(one=one.person, other=third, reason="They told me.", by=None)

    with pytest.raises(NotPossible):
        say_same(one=third, other=other.person, reason="They told me.", by=None)


def test_a_student_who_supervises_reads_no_record_of_their_own(client: Client) -> None:
    made = scene(state=Case.State.DECIDED)
    InstitutionRoleFactory(person=made.student.person, role=InstitutionRole.Role.EXAM_BOARD)
    client.force_login(made.student)

    for page in ("case_record", "record_steps"):
        address = reverse(f"committees:{page}", args=[made.case.pk])
        assert client.get(address).status_code == 403


def test_a_student_who_gets_a_seat_stands_aside_from_their_own_decision(client: Client) -> None:
    made = scene(state=Case.State.DECIDED)
    MembershipFactory(committee=made.committee, person=made.student.person)
    client.force_login(made.student)

    answered = client.get(reverse("committees:decide", args=[made.case.pk]))

    assert answered.status_code == 403


def test_a_file_that_was_erased_is_not_waited_for() -> None:
    made = scene()
    piece = made.student.person.evidence.get()
    file = StoredFileFactory(owner=made.student.person, waiting_photo=True)
    AttachmentFactory(revision=piece.current, file=file)
    erase_file(file=file, ground="Asked for.", by=None, at=DURING)

    made.freeze()

    assert made.refreshed().state == Case.State.FROZEN
    assert Attachment.objects.count() == 1
