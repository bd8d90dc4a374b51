"""Where mail goes: changed, confirmed from the mailbox, and never somebody else's way in."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone, translation

from committees.actions import give_seat
from committees.models import Membership
from people import actions
from people.access import NotAllowed, allowed, check_may_look_after
from people.models import Account, Address, InstitutionRole, Person
from post.models import OutboxMail
from post.outbox import send_due
from programmes.actions import assign_adviser, enrol, give_role
from programmes.models import ProgrammeRole
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import CommitteeFactory, MembershipFactory
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
)
from tests.people.factories import been_here, met, registered

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

OLD, NEW = "noor@school.example", "noor@home.example"


@pytest.fixture
def noor() -> Account:
    account = been_here(registered("Noor", OLD))
    Person.objects.filter(pk=account.pk).update(language="en")
    OutboxMail.objects.all().delete()
    return account


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def waiting(noor: Account, address: str = NEW, by: Account | None = None) -> Address:
    return actions.change_address(person=noor.person, address=address, by=by)


def address_of(person: Person) -> str:
    row = person.address()
    return row.address if row else ""


def sign_in_of(account: Account) -> str:
    return Account.objects.get(pk=account.pk).sign_in


def sent() -> list[tuple[list[str], str]]:
    """To whom, and the text, of each mail that goes now."""
    mail.outbox.clear()
    send_due()
    return [(message.to, str(message.body)) for message in mail.outbox]


# --- Changing -------------------------------------------------------------------------------------


def test_until_it_is_confirmed_nothing_changes(noor: Account) -> None:
    row = waiting(noor)

    assert (row.receives, row.confirmed_at, row.waits) == (False, None, True)
    assert (address_of(noor.person), sign_in_of(noor)) == (OLD, OLD)


def test_of_who_has_no_account_it_is_used_at_once() -> None:
    jan = met("Jan", "jan@old.example")

    actions.change_address(person=jan, address=" Jan@New.example ", by=None)

    assert address_of(jan) == "jan@new.example"
    assert jan.addresses.current().count() == 1
    assert OutboxMail.objects.count() == 0


def test_a_second_new_address_takes_the_place_of_the_first(noor: Account) -> None:
    first = waiting(noor)

    second = waiting(noor, "noor@work.example")

    assert [row.pk for row in noor.person.addresses.current().filter(receives=False)] == [second.pk]
    assert [to for to, _text in sent()] == [["noor@work.example"]]
    with pytest.raises(NotPossible):
        actions.confirm_address(address=first, by=None)


def test_the_address_of_now_is_not_given_again(noor: Account) -> None:
    with pytest.raises(NotPossible):
        waiting(noor, " NOOR@school.example ")

    assert noor.person.addresses.count() == 1


@pytest.mark.parametrize("address", ["els@school.example", "Els+x@School.example"])
def test_the_mailbox_of_another_account_is_not_given(noor: Account, address: str) -> None:
    AccountFactory(sign_in="els@school.example")

    with pytest.raises(NotPossible):
        waiting(noor, address)


def test_ones_own_address_is_changed_a_few_times_a_day(noor: Account) -> None:
    for number in range(actions.MOST_OWN_A_DAY):
        waiting(noor, f"noor{number}@home.example", by=noor)

    with pytest.raises(NotPossible):
        waiting(noor, NEW, by=noor)

    assert waiting(noor, NEW).address == NEW  # the school can
    tomorrow = timezone.now() + timedelta(days=1)
    late = actions.change_address(person=noor.person, address="n@a.example", by=noor, at=tomorrow)
    assert late.waits


@pytest.mark.parametrize(
    ("who", "of", "may"),
    [
        ("themselves", "anybody", True),
        ("coordinator", "anybody", True),
        ("administrator", "anybody", True),
        ("somebody", "anybody", False),
        ("exam_board", "anybody", False),
        ("coordinator", "exam_board", False),
        ("coordinator", "administrator", False),
        ("administrator", "exam_board", True),
        ("administrator", "administrator", True),
        ("themselves", "exam_board", True),
    ],
)
def test_who_may_change_name_address_and_access(who: str, of: str, may: bool) -> None:
    def somebody(kind: str) -> Account:
        account = AccountFactory(is_superuser=kind == "administrator")
        if kind in InstitutionRole.Role.values:
            InstitutionRoleFactory(person=account, role=kind)
        return account

    account = somebody(of)
    by = account if who == "themselves" else somebody(who)
    acts = [
        lambda: actions.rename(person=account.person, name="Another", by=by),
        lambda: actions.change_address(person=account.person, address=NEW, by=by),
        lambda: actions.sign_out_everywhere(account=account, by=by),
    ]
    if by != account:
        acts += [
            lambda: actions.stop_access(account=account, by=by),
            lambda: actions.give_access(account=account, by=by),
        ]

    for act in acts:
        if may:
            act()
        else:
            with pytest.raises(NotAllowed):
                act()

    assert Event.objects.exists() is may


def test_who_sees_what_a_coordinator_does_not_is_no_coordinators_to_change() -> None:
    """Whoever changes an address and reads its mail comes in as that person."""
    coordinator = InstitutionRoleFactory(role="coordinator").person.account
    own, other = (
        ProgrammeRoleFactory(person=coordinator, role="coordinator").programme for _ in range(2)
    )
    there = [
        EnrolmentFactory(adviser_is=(adviser := AccountFactory())) and adviser,
        ProgrammeRoleFactory(role="teacher").person.account,
        *(MembershipFactory(role=role).person.account for role in Membership.Role.values),
        MembershipFactory(committee__programme=own, role="chair").person.account,
        EnrolmentFactory().student.account,
        EnrolmentFactory(ends_on=date(2020, 1, 1), starts_on=date(2019, 1, 1)).student.account,
        EnrolmentFactory(
            programme=own, student=EnrolmentFactory().student
        ).student.account,  # who enrolled them here comes into nothing there
    ]
    here = [
        EnrolmentFactory(programme=own, adviser_is=(adviser := AccountFactory())) and adviser,
        ProgrammeRoleFactory(programme=own, role="teacher").person.account,
        EnrolmentFactory(programme=own).student.account,
        EnrolmentFactory(
            programme=own, student=EnrolmentFactory(programme=other).student
        ).student.account,
        MembershipFactory(role="chair", ended_at=timezone.now()).person.account,
    ]

    may = [allowed(check_may_look_after, coordinator, one.person) for one in [*there, *here]]

    assert may == [False] * len(there) + [True] * len(here)


def _of_another_programme() -> Account:
    return ProgrammeRoleFactory(
        person=InstitutionRoleFactory(role="coordinator").person, role="coordinator"
    ).person.account


@pytest.mark.parametrize("was_here", [True, False])
@pytest.mark.parametrize(
    "who",
    [lambda: InstitutionRoleFactory(role="coordinator").person.account, _of_another_programme],
    ids=["of no programme", "of another programme"],
)
def test_a_student_of_other_programmes_keeps_their_mailbox(
    who: Callable[[], Account], was_here: bool
) -> None:
    student = registered("Noor", OLD)
    if was_here:
        been_here(student)
    EnrolmentFactory(student=student.person)

    with pytest.raises(NotAllowed):
        actions.change_address(person=student.person, address=NEW, by=who())

    assert not Address.objects.filter(address=NEW).exists()


@pytest.mark.parametrize("gives", ["seat", "teacher", "adviser", "enrolment"])
def test_an_address_that_waits_waits_in_vain_once_a_role_was_given(
    noor: Account, gives: str
) -> None:
    row = waiting(noor)

    if gives == "seat":
        committee, role = CommitteeFactory(), Membership.Role.MEMBER
        give_seat(committee=committee, email=OLD, name="Noor", role=role, by=None)
    elif gives == "teacher":
        role = ProgrammeRole.Role.TEACHER
        give_role(programme=ProgrammeFactory(), person=noor.person, role=role, by=None)
    elif gives == "adviser":
        assign_adviser(enrolment=EnrolmentFactory(), adviser=noor.person, by=None)
    else:
        on = timezone.localdate()
        enrol(programme=ProgrammeFactory(), student=noor.person, starts_on=on, by=None)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=row, by=None)
    assert address_of(noor.person) == OLD


def test_another_spelling_of_the_same_mailbox_waits_beside_it(noor: Account) -> None:
    spelt = OLD.replace("@", "+school@")

    row = actions.change_address(person=noor.person, address=spelt, by=noor)

    assert (row.waits, address_of(noor.person)) == (True, OLD)
    actions.confirm_address(address=row, by=noor)
    assert address_of(noor.person) == spelt


# --- Who was invited and did not come yet ---------------------------------------------------------


@pytest.mark.parametrize("sign_in", [OLD, "s12345@school.example"])
def test_who_was_invited_at_a_wrong_address_is_invited_at_the_right_one(
    client: Client, sign_in: str
) -> None:
    noor = registered("Noor", OLD)
    Account.objects.filter(pk=noor.pk).update(sign_in=sign_in)
    [(_to, first)] = sent()

    row = actions.change_address(person=noor.person, address=NEW, by=None)

    assert (row.receives, row.confirmed_at) == (True, None)
    assert sign_in_of(noor) == (NEW if sign_in == OLD else sign_in)
    [(to, again)] = sent()
    assert to == [NEW]
    assert OutboxMail.objects.exclude(template="people/invitation").count() == 0
    for text, opens in ((first, False), (again, True)):
        [path] = re.findall(r"/accounts/password/reset/key/\S+", text)
        page = client.get(path, follow=True)
        assert ("password1" in page.content.decode()) is opens


def test_an_invitation_that_waits_to_be_sent_goes_to_the_right_address_once() -> None:
    noor = registered("Noor", OLD)

    actions.change_address(person=noor.person, address=NEW, by=None)

    assert [to for to, _text in sent()] == [[NEW]]


# --- Once more, or not at all ---------------------------------------------------------------------


def test_the_link_is_sent_once_more_and_works_as_long(noor: Account) -> None:
    row = waiting(noor)
    [(_to, first)] = sent()

    assert actions.ask_to_confirm(person=noor.person, by=noor) == row

    assert sent() == [([NEW], first)]


@pytest.mark.parametrize("what", ["none", "late", "confirmed"])
def test_what_does_not_wait_is_not_asked_again(noor: Account, what: str) -> None:
    at = timezone.now()
    if what != "none":
        row = waiting(noor)
        at = row.confirmable_until if what == "late" else at
        if what == "confirmed":
            actions.confirm_address(address=row, by=None)
    sent()

    with pytest.raises(NotPossible):
        actions.ask_to_confirm(person=noor.person, by=None, at=at)

    assert sent() == []


def test_one_sends_oneself_a_few_of_these_mails_a_day(noor: Account) -> None:
    waiting(noor, by=noor)
    for _each in range(actions.MOST_OWN_A_DAY - 1):
        actions.ask_to_confirm(person=noor.person, by=noor)

    with pytest.raises(NotPossible):
        actions.ask_to_confirm(person=noor.person, by=noor)
    with pytest.raises(NotPossible):
        waiting(noor, "another@home.example", by=noor)


def test_an_address_that_waits_is_called_off(noor: Account) -> None:
    row = waiting(noor)

    actions.call_off_address(person=noor.person, by=noor)
    actions.call_off_address(person=noor.person, by=noor)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=row, by=None)
    assert (address_of(noor.person), sent()) == (OLD, [])
    assert Event.objects.filter(verb="address.refused").count() == 1


# --- Confirming -----------------------------------------------------------------------------------


def test_confirmed_it_is_where_mail_goes_and_what_one_signs_in_with(noor: Account) -> None:
    row = waiting(noor)

    actions.confirm_address(address=row, by=None)

    assert (address_of(noor.person), sign_in_of(noor)) == (NEW, NEW)
    old = noor.person.addresses.get(address=OLD)
    assert old.ended_at is not None
    verbs = [event.verb for event in Event.objects.filter(chain__key=noor.person.chain)]
    assert verbs == [
        "person.added",
        "person.registered",
        "address.confirmed",
        "address.given",
        "address.confirmed",
    ]


def test_what_one_signs_in_with_stays_where_it_was_another_than_the_old_address(
    noor: Account,
) -> None:
    Account.objects.filter(pk=noor.pk).update(sign_in="s12345@school.example")

    actions.confirm_address(address=waiting(noor), by=None)

    assert (address_of(noor.person), sign_in_of(noor)) == (NEW, "s12345@school.example")


def test_it_is_confirmed_once(noor: Account) -> None:
    row, before = waiting(noor), Event.objects.filter(verb="address.confirmed").count()
    actions.confirm_address(address=row, by=None)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=row, by=None)

    assert Event.objects.filter(verb="address.confirmed").count() == before + 1


def test_after_a_week_the_link_has_expired(noor: Account) -> None:
    row = waiting(noor)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=row, by=None, at=row.confirmable_until)

    at = row.confirmable_until - timedelta(seconds=1)
    actions.confirm_address(address=row, by=None, at=at)
    assert address_of(noor.person) == NEW


def test_somebody_else_who_came_to_sign_in_with_it_keeps_it(noor: Account) -> None:
    row = waiting(noor)
    els = registered("Els", NEW)

    with pytest.raises(NotPossible):
        actions.confirm_address(address=row, by=None)

    assert (sign_in_of(noor), sign_in_of(els)) == (OLD, NEW)
    assert els.person != noor.person


def test_who_gave_it_themselves_confirms_it_signed_in(noor: Account) -> None:
    """Who mistypes an address does not give their account to its reader."""
    row = waiting(noor, by=noor)

    for by in (None, AccountFactory(is_superuser=True)):
        with pytest.raises(NotAllowed):
            actions.confirm_address(address=row, by=by)

    assert address_of(noor.person) == OLD
    actions.confirm_address(address=row, by=noor)
    assert address_of(noor.person) == NEW


# --- Mails ----------------------------------------------------------------------------------------


def test_the_new_address_is_asked_and_no_name_stands_in_that_mail(
    noor: Account, settings: "SettingsWrapper"
) -> None:
    row = waiting(noor)

    [(to, text)] = sent()

    assert to == [NEW]
    assert f"{settings.BASE_URL}/address/{row.token}/" in text
    assert "Noor" not in text


@pytest.mark.parametrize(
    ("by_school", "opening"),
    [(True, "The school wants to use this"), (False, "Somebody with an account at")],
)
def test_the_mail_to_a_new_address_says_who_gave_it(
    noor: Account, by_school: bool, opening: str
) -> None:
    waiting(noor, by=None if by_school else noor)

    [(_to, text)] = sent()

    assert opening in text


def test_the_old_address_is_told_and_not_what_the_new_one_is(noor: Account) -> None:
    row = waiting(noor)
    sent()

    actions.confirm_address(address=row, by=None)

    [(to, text)] = sent()
    assert to == [OLD]
    assert "You sign in with that address too" in text
    assert "coordinator of the school" in text
    assert "home.example" not in text


def test_a_mail_that_is_no_longer_needed_does_not_go(noor: Account) -> None:
    actions.confirm_address(address=waiting(noor), by=None)

    assert [to for to, _text in sent()] == [[OLD]]
    asking = OutboxMail.objects.get(template="people/address")
    assert asking.state == OutboxMail.State.CANCELLED


def test_a_mail_goes_to_the_address_in_ascii(noor: Account) -> None:
    waiting(noor, "noor@faß.example")

    assert [to for to, _text in sent()] == [["noor@xn--fa-hia.example"]]


def test_a_password_mail_goes_to_where_mail_goes_and_to_no_address_that_waits(
    noor: Account, client: Client
) -> None:
    waiting(noor)
    sent()

    for typed in (OLD, NEW):
        client.post("/accounts/password/reset/", {"email": typed})

    assert [to for to, _text in sent()] == [[OLD]]


def test_a_password_mail_goes_to_the_new_address_once_it_was_confirmed(
    noor: Account, client: Client
) -> None:
    actions.confirm_address(address=waiting(noor), by=None)
    sent()

    for typed in (OLD, NEW):
        client.post("/accounts/password/reset/", {"email": typed})

    assert [to for to, _text in sent()] == [[NEW]]


# --- The page of the link -------------------------------------------------------------------------


def test_opening_the_link_changes_nothing_and_its_button_does(
    noor: Account, client: Client
) -> None:
    path = f"/address/{waiting(noor).token}/"

    shown = client.get(path).content.decode()
    client.head(path)
    assert (address_of(noor.person), NEW in shown) == (OLD, True)

    answer = client.post(path, follow=True)
    assert address_of(noor.person) == NEW
    assert (answer.status_code, "Mail for you goes here" in answer.content.decode()) == (200, True)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_no_page(noor: Account, client: Client, method: str) -> None:
    row, other = waiting(noor), met("Jan", "jan@a.example").address()
    assert other is not None
    forged = [f"{row.token[:-3]}AAA", row.token[:20], "x", "é", other.token[:22] + row.token[22:]]

    answers = [getattr(client, method)(f"/address/{token}/").status_code for token in forged]

    assert answers == [404] * len(forged)
    assert address_of(noor.person) == OLD


def test_a_link_that_was_used_or_replaced_or_is_too_late_says_so(
    noor: Account, client: Client
) -> None:
    def page(row: Address) -> tuple[int, str]:
        answer = client.get(f"/address/{row.token}/", headers={"accept-language": "en"})
        return answer.status_code, answer.content.decode()

    replaced, late = waiting(noor), waiting(noor, "late@home.example")
    Address.objects.filter(pk=late.pk).update(recorded_at=timezone.now() - timedelta(days=8))
    late_page = page(late)
    used = waiting(noor, "used@home.example")
    actions.confirm_address(address=used, by=None)

    assert [page(replaced)[0], late_page[0], page(used)[0]] == [410, 410, 200]
    assert "Another address was filled in after it" in page(replaced)[1]
    assert "not used in time" in late_page[1]
    assert "Mail for you goes here from now on" in page(used)[1]
    assert client.post(f"/address/{replaced.token}/", follow=True).status_code == 410
    assert address_of(noor.person) == "used@home.example"


def test_the_link_of_ones_own_change_asks_to_sign_in(noor: Account, client: Client) -> None:
    path = f"/address/{waiting(noor, by=noor).token}/"

    assert f"/accounts/login/?next={path.replace('/', '%2F')}" in client.get(path).content.decode()
    assert client.post(path).status_code == 403
    assert address_of(noor.person) == OLD

    client.force_login(noor)
    client.post(path)
    assert address_of(noor.person) == NEW
