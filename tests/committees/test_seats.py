"""Making a committee and giving its seats."""

import pytest

from committees import actions
from committees.models import Membership
from committees.who_sits import panel_of
from people.actions import say_same, stop_access
from people.models import Account
from post.models import OutboxMail
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import HELD, scene

pytestmark = pytest.mark.django_db

Role = Membership.Role


def test_a_name_is_taken_once_in_a_programme() -> None:
    made = scene()

    with pytest.raises(NotPossible):
        actions.make_committee(
            programme=made.programme, name=made.committee.name, by=made.coordinator
        )


def test_somebody_unknown_gets_an_account_and_an_invitation() -> None:
    made = scene()

    seat = actions.give_seat(
        committee=made.committee, email="New@School.example", name="Nieuw", role=Role.MEMBER,
        by=made.coordinator,
    )  # fmt: skip

    assert (seat.person.account.sign_in, seat.person.name) == ("new@school.example", "Nieuw")
    assert OutboxMail.objects.filter(template="people/invitation").count() == 1


def test_somebody_known_keeps_their_name_and_another_is_not_seated_for_them() -> None:
    made = scene()
    committee, email = made.committee, made.adviser.sign_in

    with pytest.raises(NotPossible, match="Adviser"):
        actions.give_seat(
            committee=committee, email=email, name="Typo", role=Role.MEMBER, by=made.coordinator
        )
    seat = actions.give_seat(
        committee=committee, email=email, name="adviser", role=Role.MEMBER, by=made.coordinator
    )

    assert (seat.person.account, seat.person.account.name) == (made.adviser, "Adviser")


@pytest.mark.parametrize("role", [Role.CHAIR, Role.MEMBER])
def test_one_chair_and_one_seat_a_person(role: Membership.Role) -> None:
    made = scene()
    name, email = "New", "new@school.example"
    if role == Role.MEMBER:
        name, email = made.member.name, made.member.sign_in

    with pytest.raises(NotPossible):
        actions.give_seat(
            committee=made.committee, email=email, name=name, role=role, by=made.coordinator
        )

    assert not Account.objects.filter(sign_in="new@school.example").exists()


def test_an_ended_seat_stays_on_record_and_can_be_given_again() -> None:
    made = scene()
    seat = made.committee.memberships.get(person=made.chair.pk)

    actions.end_seat(seat=seat, by=made.coordinator, at=HELD)
    actions.end_seat(seat=seat, by=made.coordinator, at=HELD)  # nothing more happens
    actions.give_seat(
        committee=made.committee, email=made.chair.sign_in, name="Chair", role=Role.CHAIR,
        by=made.coordinator, at=HELD,
    )  # fmt: skip

    seats = made.committee.memberships.filter(person=made.chair.pk).order_by("recorded_at")
    assert [row.ended_at for row in seats] == [HELD, None]
    verbs = Event.objects.filter(chain__key=made.committee.chain).values_list("verb", flat=True)
    assert list(verbs) == ["seat.ended", "seat.given"]


@pytest.mark.parametrize("present", [{"member", "other_member"}, {"member"}])
def test_who_sits_twice_and_is_said_to_be_one_counts_once(present: set[str]) -> None:
    made = scene()
    made.freeze()
    made.open_meeting(made.chair, *(getattr(made, name) for name in present))
    before = len(panel_of(made.refreshed(), HELD).counted)
    stop_access(account=made.other_member, by=None)

    say_same(one=made.member.person, other=made.other_member.person, reason="I know them.", by=None)

    assert before == 1 + len(present)
    assert len(panel_of(made.refreshed(), HELD).counted) == 2
