"""A person is erased on a lawful ground, and not while a committee has to do with them."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from committees import actions as committees
from committees.models import Membership
from home.actions import erase_content
from people import actions
from people.access import NotAllowed
from people.drafts import keep
from people.models import Account, Address, Draft, InstitutionRole, Person, SamePerson
from post.models import OutboxMail
from post.outbox import send_due
from records.models import Erasure, name_of
from records.refusals import NotPossible
from records.verification import verify
from tests.committees.factories import MembershipFactory, Scene, scene
from tests.factories import AccountFactory, InstitutionRoleFactory
from tests.people.factories import been_here, met, registered
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def board() -> Account:
    """Somebody of the exam board, who may order an erasure."""
    return InstitutionRoleFactory(role=InstitutionRole.Role.EXAM_BOARD).person.account


def erase(person: Person, by: Account) -> list[Erasure]:
    return erase_content(what=name_of(person), ground="Asked.", by=by)


def test_names_addresses_and_how_it_was_known_are_gone_and_the_account_is_closed(
    board: Account,
) -> None:
    noor = been_here(registered("Noor", "noor@school.example"))
    actions.confirm_address(
        address=actions.change_address(person=noor.person, address="noor@home.example", by=None),
        by=None,
    )
    actions.change_address(person=noor.person, address="noor@work.example", by=None)
    nora = met("Nora", "nora@a.example")
    said = actions.say_same(one=noor.person, other=nora, reason="Noor said so.", by=None)
    record_what_was_made()

    erasures = erase(noor.person, board)

    person, account = Person.objects.get(pk=noor.pk), Account.objects.get(pk=noor.pk)
    assert (person.name, person.former_names, person.erased_at is not None) == ("", [], True)
    addresses = Address.objects.filter(person=person)
    assert [(row.address, row.mailbox) for row in addresses] == [("", "")] * 3
    assert addresses.current().count() == 0
    assert (account.is_active, account.has_usable_password()) == (False, False)
    assert account.sign_in == f"{noor.pk}@erased.invalid"
    assert SamePerson.objects.get(pk=said.pk).reason == ""
    erased = {erasure.name for erasure in erasures}
    assert erased == {name_of(row) for row in (person, *addresses, said)}
    report = verify()
    assert (report.faults, set(report.erased)) == ([], erased)
    assert Person.objects.get(pk=nora.pk).name == "Nora"


def test_no_word_of_somebody_erased_is_left_in_any_table(board: Account) -> None:
    jan = met("J. Bijzonder", "jan@bijzonder.example")
    actions.say_who(person=jan, chosen=jan.pk, name="Jan Bijzonder")
    typed = {"1-name": [" jan BIJZONDER"], "2-name": ["J. Bijzonder"], "1-text": ["Calm."]}
    keep("ask:1:2", typed | {"1-address": ["Jan@bijzonder.example"]})
    record_what_was_made()

    erase(jan, board)

    assert Draft.objects.get().fields["1-text"] == ["Calm."]
    for model in (Draft, Person, Address, Erasure, SamePerson, OutboxMail):
        assert "bijzonder" not in str(list(model.objects.values())).lower()


def test_what_somebody_erased_was_writing_is_forgotten(board: Account) -> None:
    noor, other = registered("Noor", "noor@school.example"), AccountFactory()
    for account in (noor, other):
        keep(f"unsent:{account.pk}:/evidence/new/", {"text": ["Mine."]})
        keep(f"evidence:{account.pk}", {"text": ["Mine."]})
    record_what_was_made()

    erase(noor.person, board)

    assert {draft.key for draft in Draft.objects.all()} == {
        f"unsent:{other.pk}:/evidence/new/",
        f"evidence:{other.pk}",
    }


def test_a_mail_to_somebody_erased_goes_nowhere(board: Account) -> None:
    noor = registered("Noor", "noor@school.example")
    record_what_was_made()
    erase(noor.person, board)

    assert send_due() == 0
    assert OutboxMail.objects.get().trouble == OutboxMail.Trouble.NO_ADDRESS


def test_their_mailbox_is_free_for_somebody_else(board: Account) -> None:
    noor = registered("Noor", "noor@school.example")
    record_what_was_made()
    erase(noor.person, board)

    again = registered("Noor", "noor@school.example")

    assert again.pk != noor.pk


def test_who_was_erased_is_not_erased_again(board: Account) -> None:
    jan = met("Jan", "jan@a.example")
    erase(jan, board)

    with pytest.raises(NotPossible):
        erase(jan, board)


@pytest.mark.parametrize(
    ("who", "may"), [("administrator", True), ("coordinator", False), ("anybody", False)]
)
def test_who_may_order_it(who: str, may: bool) -> None:
    by = AccountFactory(is_superuser=who == "administrator")
    if who == "coordinator":
        InstitutionRoleFactory(person=by, role=who)
    jan = met("Jan", "jan@a.example")

    if may:
        erase(jan, by)
    else:
        with pytest.raises(NotAllowed):
            erase(jan, by)

    jan.refresh_from_db()
    assert (jan.name == "") is may


# --- Not while a case waits -----------------------------------------------------------------------


def somebody_in(made: Scene, who: str) -> Person:
    one = made.student if "student" in who else made.other_member
    if "said" not in who:
        return one.person
    other = met("Somebody", "somebody@a.example")
    actions.say_same(one=one.person, other=other, reason="Asked.", by=None)
    return other


@pytest.mark.parametrize(
    "who", ["the student", "a member", "said to be the student", "said to be a member"]
)
@pytest.mark.parametrize("state", ["planned", "frozen", "opened", "decided"])
def test_who_is_in_a_case_that_waits_stays(board: Account, who: str, state: str) -> None:
    made = scene(state=state)
    person = somebody_in(made, who)

    with pytest.raises(NotPossible, match="A case waits"):
        erase(person, board)

    person.refresh_from_db()
    assert person.erased_at is None


@pytest.mark.parametrize("state", ["deferred", "announced"])
def test_once_the_case_is_over_they_can_be_erased(board: Account, state: str) -> None:
    made = scene(state=state)

    for person in (made.student.person, made.other_member.person):
        erase(person, board)

        person.refresh_from_db()
        assert person.name == ""


def test_a_seat_that_ended_and_a_seat_without_cases_hold_nobody(board: Account) -> None:
    made = scene()
    seat = Membership.objects.get(committee=made.committee, person=made.other_member.person)
    committees.end_seat(seat=seat, by=made.coordinator)

    for person in (made.other_member.person, MembershipFactory(role="member").person):
        erase(person, board)

        person.refresh_from_db()
        assert person.name == ""
