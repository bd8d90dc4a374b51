"""People: found, shown and looked after, by who administers and who coordinates."""

import html
import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from home.people import roles_now
from people import actions
from people.models import Account, Address, InstitutionRole, Person, SamePerson
from post.models import OutboxMail
from post.outbox import send_due
from records.models import Event
from records.refusals import NotPossible
from tests.committees.factories import MembershipFactory
from tests.factories import (
    AccountFactory,
    EnrolmentFactory,
    InstitutionRoleFactory,
    ProgrammeFactory,
    ProgrammeRoleFactory,
    SupervisorFactory,
)
from tests.people.factories import been_here, met, registered

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db

Role = InstitutionRole.Role
INFO = "info@bakkerij.example"


def with_role(role: str) -> Account:
    return InstitutionRoleFactory(role=role, person=AccountFactory(language="en")).person.account


@pytest.fixture
def coordinator() -> Account:
    return with_role(Role.COORDINATOR)


@pytest.fixture
def desk(client: Client, coordinator: Account) -> Client:
    client.force_login(coordinator)
    return client


@pytest.fixture
def boss(client: Client) -> Client:
    """Signed in as an administrator."""
    client.force_login(AccountFactory(language="en", is_superuser=True))
    return client


def page(client: Client, view: str, /, *args: Any, query: str = "") -> str:
    answer = client.get(reverse(f"home:{view}", args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, view: str, /, *args: Any, query: str = "", **sent: Any) -> Any:
    return client.post(reverse(f"home:{view}", args=args) + query, sent)


# --- Who may --------------------------------------------------------------------------------------

# For each address: how it is asked for, and what who looks after somebody without a role gets.
GET, POST = "get", "post"
PAGES: list[tuple[str, str, str, int]] = [
    ("people", "", GET, 200),
    ("person_new", "", GET, 200),
    ("person", "person", GET, 200),
    ("person_name", "person", GET, 200),
    ("person_address", "person", GET, 200),
    ("person_address_again", "person", POST, 302),
    ("person_address_call_off", "person", POST, 302),
    ("person_invite", "person", POST, 302),
    ("person_same", "person", GET, 200),
    ("same_end", "same", GET, 200),
    ("access_stop", "person", GET, 200),
    ("access_give", "person", POST, 302),
    ("sign_out", "person", GET, 200),
]
ROLE_PAGES = [("role_new", "person", GET, 200), ("role_end", "role", GET, 200)]
# What a coordinator is refused of who has a role in the institution.
OF_THE_PRIVILEGED = {
    "person_name", "person_address", "person_address_again", "person_address_call_off",
    "access_stop", "access_give", "sign_out",
}  # fmt: skip


def _adviser() -> Account:
    EnrolmentFactory(adviser_is=(adviser := AccountFactory()))
    return adviser


ACTORS: dict[str, Callable[[], Account]] = {
    "administrator": lambda: AccountFactory(is_superuser=True),
    "coordinator of the institution": lambda: with_role(Role.COORDINATOR),
    "curriculum": lambda: with_role(Role.CURRICULUM),
    "exam board": lambda: with_role(Role.EXAM_BOARD),
    "auditor": lambda: with_role(Role.AUDITOR),
    "coordinator of a programme": lambda: ProgrammeRoleFactory(role="coordinator").person.account,
    "teacher": lambda: ProgrammeRoleFactory(role="teacher").person.account,
    "adviser": lambda: _adviser(),
    "chair": lambda: MembershipFactory(role="chair").person.account,
    "student": lambda: EnrolmentFactory().student.account,
    "support desk": lambda: AccountFactory(is_staff=True),
    "anybody": AccountFactory,
}
MAY = {"administrator", "coordinator of the institution"}


def args_of(what: str, person: Person) -> list[Any]:
    if what == "same":
        said = actions.say_same(
            one=person, other=met("Another", "other@a.example"), reason="Asked.", by=None
        )
        return [person.pk, said.pk]
    if what == "role":
        role = InstitutionRole.objects.filter(person=person).first()
        return [person.pk, role.pk if role else uuid4()]
    return [person.pk] if what else []


@pytest.mark.parametrize(("name", "what", "method", "status"), PAGES + ROLE_PAGES)
@pytest.mark.parametrize("who", ACTORS)
def test_who_may(client: Client, who: str, name: str, what: str, method: str, status: int) -> None:
    somebody = registered("Somebody", "somebody@school.example").person
    if what == "role":
        InstitutionRoleFactory(person=somebody, role=Role.AUDITOR)
    path = reverse(f"home:{name}", args=args_of(what, somebody))
    client.force_login(ACTORS[who]())

    answer = getattr(client, method)(path)

    is_role = (name, what, method, status) in ROLE_PAGES
    may = who == "administrator" if is_role else who in MAY
    assert answer.status_code == (status if may else 403)


@pytest.mark.parametrize(("name", "what", "method", "status"), PAGES)
def test_a_coordinator_looks_at_who_has_a_role_in_the_institution_and_changes_nothing(
    desk: Client, name: str, what: str, method: str, status: int
) -> None:
    boss = InstitutionRoleFactory(role=Role.EXAM_BOARD).person

    answer = getattr(desk, method)(reverse(f"home:{name}", args=args_of(what, boss)))

    assert answer.status_code == (403 if name in OF_THE_PRIVILEGED else status)
    assert "an administrator looks after" in page(desk, "person", boss.pk)


@pytest.mark.parametrize(("name", "what", "method", "status"), PAGES + ROLE_PAGES)
def test_nobody_comes_in_without_signing_in(
    client: Client, name: str, what: str, method: str, status: int
) -> None:
    path = reverse(f"home:{name}", args=args_of(what, AccountFactory().person))

    answer = getattr(client, method)(path)

    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", ["person", "person_name", "person_same", "access_stop"])
def test_who_is_not_here_or_was_erased_has_no_page(desk: Client, name: str) -> None:
    gone = met("Jan", "jan@a.example")
    actions.erase_person(person=gone, ground="Asked.", by=None)

    answers = [desk.get(reverse(f"home:{name}", args=[pk])) for pk in (gone.pk, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("name", ["access_stop", "sign_out"])
def test_who_has_no_account_has_no_page_about_it(desk: Client, name: str) -> None:
    jan = met("Jan", "jan@a.example")

    assert desk.get(reverse(f"home:{name}", args=[jan.pk])).status_code == 404


@pytest.mark.parametrize(("who", "stands"), [(who, who in MAY) for who in ACTORS])
def test_the_navigation_leads_there_who_may(client: Client, who: str, stands: bool) -> None:
    client.force_login(ACTORS[who]())

    assert (f'href="{reverse("home:people")}"' in client.get("/me/").content.decode()) is stands


# --- The list -------------------------------------------------------------------------------------


def found(client: Client, query: str) -> list[str]:
    lines = client.get(reverse("home:people") + query).context["lines"]
    return [line.person.name for line in lines]


def test_people_are_found_by_name_and_address(desk: Client, coordinator: Account) -> None:
    met("Jan Baas", INFO)
    noor = registered("Noor de Vries", "noor@school.example")
    actions.change_address(person=noor.person, address="noor@home.example", by=None)
    erased = met("Erased", "gone@a.example")
    actions.erase_person(person=erased, ground="Asked.", by=None)

    assert found(desk, "") == ["Jan Baas", "Noor de Vries", coordinator.name]
    assert found(desk, "?q=noor") == ["Noor de Vries"]
    assert found(desk, "?q=VRIES+noor") == ["Noor de Vries"]
    assert found(desk, "?q=bakkerij") == ["Jan Baas"]
    assert found(desk, "?q=jan+noor") == []
    assert found(desk, "?q=home.example") == ["Noor de Vries"]
    assert "Nobody is found for “%zz”" in page(desk, "people", query="?q=%25zz")


def test_the_list_says_who_comes_in_and_in_which_role(desk: Client) -> None:
    met("Jan Baas", INFO)
    invited = registered("Invited", "invited@a.example")
    active, closed = registered("Active", "active@a.example"), registered("Gone", "gone@a.example")
    Account.objects.filter(pk=active.pk).update(last_seen_on=date(2026, 11, 3))
    actions.stop_access(account=closed, by=None)
    EnrolmentFactory(student=active)
    MembershipFactory(person=active, role="member")

    lines = {
        line.person.name: (line.address, str(line.access.label), line.roles)
        for line in desk.get(reverse("home:people")).context["lines"]
    }

    assert lines["Jan Baas"] == (INFO, "no account", [])
    assert lines["Invited"] == (invited.sign_in, "invited", [])
    assert lines["Active"] == (active.sign_in, "active", ["member", "student"])
    assert lines["Gone"] == (closed.sign_in, "closed", [])
    assert "3 November 2026" in page(desk, "people")


@pytest.mark.any_database
@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_everybody(
    desk: Client, count: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    for number in range(count):
        account = registered(f"Somebody {number}", f"somebody{number}@a.example")
        EnrolmentFactory(adviser_is=account)
        ProgrammeRoleFactory(person=account)
        MembershipFactory(person=account, role="member")
        SupervisorFactory(person=account)

    with django_assert_num_queries(13):
        desk.get(reverse("home:people"))


def test_roles_of_before_cost_the_list_nothing(desk: Client) -> None:
    def bytes_and_queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = desk.get(reverse("home:people"))
        return len(re.sub(rb'value="\w{64}"', b"", answer.content)), len(queries)

    noor = registered("Noor", "noor@school.example")
    ended = {"person": noor.person, "ended_at": timezone.now()}
    InstitutionRoleFactory(**ended, role="auditor")
    with_one = bytes_and_queries()
    InstitutionRole.objects.bulk_create(
        InstitutionRole(**ended, role="auditor") for _ in range(300)
    )

    assert bytes_and_queries() == with_one


def test_a_role_that_somebody_has_several_times_stands_once_with_its_programmes() -> None:
    noor = registered("Noor", "noor@school.example")
    InstitutionRoleFactory(person=noor.person, role="coordinator")
    for number in (1, 2):
        programme = ProgrammeFactory(title=f"Programme {number}", cohort="2026-2029")
        EnrolmentFactory(adviser_is=noor)
        ProgrammeRoleFactory(person=noor, programme=programme, role="coordinator")
        SupervisorFactory(person=noor)

    with override("en"):
        roles = roles_now([noor.pk], timezone.localdate())[noor.pk]

    assert roles == [
        "coordinator",
        "coordinator (Programme 1 2026-2029, Programme 2 2026-2029)",
        "adviser",
        "workplace supervisor",
    ]


def test_an_address_that_waits_is_asked_again_or_called_off(desk: Client) -> None:
    noor = been_here(registered("Noor", "noor@school.example"))
    actions.change_address(person=noor.person, address="noor@home.example", by=None)
    again, call_off = "person_address_again", "person_address_call_off"
    ways = [reverse(f"home:{view}", args=[noor.pk]) for view in (again, call_off)]
    assert all(way in page(desk, "person", noor.pk) for way in ways)

    post(desk, again, noor.pk)
    post(desk, call_off, noor.pk)

    assert OutboxMail.objects.filter(template="people/address").count() == 2
    assert not noor.person.addresses.current().filter(receives=False).exists()
    assert not any(way in page(desk, "person", noor.pk) for way in ways)


def test_a_long_list_has_pages_and_keeps_the_search(desk: Client) -> None:
    for number in range(51):
        met(f"Jan {number:02}", f"jan{number}@a.example")

    first, second = found(desk, "?q=jan"), found(desk, "?q=jan&page=2")

    assert (len(first), second) == (50, ["Jan 50"])
    assert 'href="?q=jan&amp;page=2"' in page(desk, "people", query="?q=jan")


# --- One person -----------------------------------------------------------------------------------


def test_a_person_is_shown_with_addresses_roles_and_dates(desk: Client) -> None:
    noor = been_here(registered("Noor", "noor@school.example"))
    actions.confirm_address(
        address=actions.change_address(person=noor.person, address="noor@home.example", by=None),
        by=None,
    )
    actions.change_address(person=noor.person, address="noor@work.example", by=None)
    enrolment = EnrolmentFactory(student=noor, starts_on=date(2025, 9, 1), ends_on=date(2026, 7, 1))
    seat = MembershipFactory(person=noor, role="member")

    shown = page(desk, "person", noor.pk)

    for words in (
        "noor@home.example",
        "given by the school",
        "confirmed on",
        "Waits for confirmation",
        "noor@work.example",
        "noor@school.example",
        "active",
        "1 September 2025 – 1 July 2026",
        str(enrolment.programme),
        seat.committee.name,
    ):
        assert words in shown


def test_who_looks_on_is_led_only_where_they_may_go(desk: Client, coordinator: Account) -> None:
    own = ProgrammeRoleFactory(person=coordinator, role="coordinator").programme
    noor = AccountFactory()
    EnrolmentFactory(student=noor, programme=own)
    other = EnrolmentFactory(student=noor).programme

    shown = page(desk, "person", noor.pk)

    assert f'href="{own.get_absolute_url()}"' in shown
    assert str(other) in shown
    assert f'href="{other.get_absolute_url()}"' not in shown


@pytest.mark.any_database
@pytest.mark.parametrize("count", [1, 30])
def test_a_person_costs_the_same_however_much_there_is(
    desk: Client, count: int, django_assert_num_queries: "DjangoAssertNumQueries"
) -> None:
    noor = registered("Noor", "noor@school.example")
    for number in range(count):
        EnrolmentFactory(adviser_is=noor)
        ProgrammeRoleFactory(person=noor)
        MembershipFactory(person=noor, role="member")
        met(f"Jan {number}", f"jan{number}@a.example")
        SupervisorFactory(person=noor)
        other = met(f"Somebody {number}", f"somebody{number}@a.example")
        actions.say_same(one=noor.person, other=other, reason="Asked.", by=None)

    with django_assert_num_queries(27):
        desk.get(reverse("home:person", args=[noor.pk]))


def test_a_mail_that_did_not_arrive_is_told_where_it_can_be_put_right(desk: Client) -> None:
    noor = registered("Noor", "noor@school.example")
    OutboxMail.objects.update(state=OutboxMail.State.FAILED, trouble=OutboxMail.Trouble.NO_MAILBOX)

    assert "The mail to Noor did not arrive" in page(desk, "person", noor.pk)


# --- What is done ---------------------------------------------------------------------------------


def test_somebody_is_invited(desk: Client, coordinator: Account) -> None:
    answer = post(desk, "person_new", name="Noor", email=" Noor@School.example ", language="en")

    noor = Account.objects.get(sign_in="noor@school.example")
    assert answer.url == reverse("home:person", args=[noor.pk])
    assert (noor.name, noor.language, Event.objects.get(verb="person.added").by) == (
        "Noor",
        "en",
        coordinator,
    )
    assert [mail.template for mail in OutboxMail.objects.all()] == ["people/invitation"]


def test_who_has_an_account_is_not_invited_anew(desk: Client) -> None:
    registered("Noor", "noor@school.example")
    OutboxMail.objects.all().delete()

    answer = post(desk, "person_new", name="N.", email="noor+x@school.example", language="nl")

    assert answer.status_code == 422
    assert "Noor has an account with this address already." in answer.content.decode()
    assert OutboxMail.objects.count() == 0


def test_who_is_known_gets_an_account_of_their_own(desk: Client) -> None:
    jan = met("Jan", INFO)

    post(desk, "person_invite", jan.pk)

    account = Account.objects.get(pk=jan.pk)
    assert (account.sign_in, account.name) == (INFO, "Jan")


def test_the_invitation_is_sent_again_until_somebody_came(desk: Client) -> None:
    noor = registered("Noor", "noor@school.example")
    send_due()

    post(desk, "person_invite", noor.pk)
    assert OutboxMail.objects.filter(state=OutboxMail.State.WAITING).count() == 1

    Account.objects.filter(pk=noor.pk).update(last_seen_on=timezone.localdate())
    answer = desk.post(reverse("home:person_invite", args=[noor.pk]), follow=True)
    assert "An invitation is for who has not been here yet" in answer.content.decode()
    assert OutboxMail.objects.count() == 2


def test_a_name_is_put_right(desk: Client, coordinator: Account) -> None:
    jan = met("jan", INFO)

    empty = post(desk, "person_name", jan.pk, name=" ")
    post(desk, "person_name", jan.pk, name="Jan  Baas")

    jan.refresh_from_db()
    assert (empty.status_code, jan.name) == (422, "Jan Baas")
    assert Event.objects.get(verb="person.named").by == coordinator


def test_an_address_is_put_right(desk: Client) -> None:
    jan, noor = met("Jan", INFO), been_here(registered("Noor", "noor@school.example"))

    post(desk, "person_address", jan.pk, address="jan@bakkerij.example")
    post(desk, "person_address", noor.pk, address="noor@home.example")
    refused = post(desk, "person_address", jan.pk, address="noor@school.example")

    assert [row.address for row in jan.addresses.current()] == ["jan@bakkerij.example"]
    assert str(noor.person.address()) == "noor@school.example"
    assert refused.status_code == 422
    assert "Somebody else signs in with this address." in refused.content.decode()


@pytest.mark.parametrize("way", ["another address", "an invitation"])
def test_who_gives_an_address_is_told_who_else_gets_mail_there(desk: Client, way: str) -> None:
    noor = registered("Noor", "noor@school.example")
    met("Petra Klein", INFO)
    waits = met("Ad Smit", "ad@a.example")
    Address.objects.create(person=waits, address=INFO, receives=False, source=Address.Source.SELF)

    if way == "an invitation":
        answer = post(desk, "person_new", name="Jan", email=INFO, language="nl")
    else:
        answer = post(desk, "person_address", noor.pk, address=INFO)

    shown = desk.get(answer.url).content.decode()
    assert "Mail for Petra Klein goes to this address too." in shown
    elsewhere = post(desk, "person_address", noor.pk, address="noor@home.example")
    assert "goes to this address too" not in desk.get(elsewhere.url).content.decode()


def test_ones_own_address_is_changed_where_the_password_is_asked_for(
    desk: Client, coordinator: Account
) -> None:
    answer = post(desk, "person_address", coordinator.pk, address="new@a.example")

    assert answer.url == reverse("details_address")
    assert not coordinator.person.addresses.filter(address="new@a.example").exists()


def test_two_are_said_to_be_one_and_it_is_taken_back(desk: Client) -> None:
    jan, johan = met("Jan", INFO), met("Johan", "johan@elders.example")
    query = "?q=johan"

    assert "Search by name or address." in page(desk, "person_same", jan.pk)
    assert "Johan, johan@elders.example, no account" in page(
        desk, "person_same", jan.pk, query=query
    )
    empty = post(desk, "person_same", jan.pk, query=query, other=johan.pk, reason="")
    post(desk, "person_same", jan.pk, query=query, other=johan.pk, reason="Asked them.")

    [said] = SamePerson.objects.current()
    assert (empty.status_code, {said.one, said.other}) == (422, {jan, johan})
    assert "Asked them." in page(desk, "person", johan.pk)

    assert desk.get(reverse("home:same_end", args=[johan.pk, said.pk])).status_code == 200
    assert SamePerson.objects.current().exists()
    post(desk, "same_end", johan.pk, said.pk)
    assert not SamePerson.objects.current().exists()


def test_no_page_offers_to_say_who_one_is_oneself(desk: Client, coordinator: Account) -> None:
    own, jan = coordinator.person, met("Jan", INFO)
    known = met(own.name, "own@a.example")
    said = actions.say_same(one=own, other=known, reason="Asked.", by=None)
    offers = [reverse(f"home:{name}", args=args) for name, args in (
        ("person_same", [own.pk]), ("person_same", [known.pk]),
        ("same_end", [own.pk, said.pk]), ("same_end", [known.pk, said.pk]),
    )]  # fmt: skip

    for person in (own, known):
        shown = page(desk, "person", person.pk)
        assert "a colleague who looks after people says it" in shown
        assert [href for href in offers if f'href="{href}"' in shown] == []
    for href in offers:
        assert [desk.get(href).status_code, desk.post(href).status_code] == [403, 403]

    found = reverse("home:person_same", args=[jan.pk])
    assert desk.get(found, {"q": own.name}).context["found"] == []
    assert SamePerson.objects.current().count() == 1
    assert f'href="{found}"' in page(desk, "person", jan.pk)


def test_those_at_the_same_mailbox_are_offered_first(desk: Client) -> None:
    jan, petra = met("Jan", INFO), met("Petra", INFO)
    met("Somebody", "else@a.example")

    offered = desk.get(reverse("home:person_same", args=[jan.pk])).context["found"]

    assert offered == [petra]
    assert "named by others only" in page(desk, "person", jan.pk)
    actions.say_who(person=petra, name="Petra")
    actions.say_who(person=jan, name="Jan")
    assert "counts as another" in page(desk, "person", jan.pk)


def test_a_statement_about_others_is_not_taken_back_here(desk: Client) -> None:
    jan, johan, noor = (met(name, f"{name}@a.example") for name in ("Jan", "Johan", "Noor"))
    said = actions.say_same(one=jan, other=johan, reason="Asked.", by=None)

    post(desk, "same_end", noor.pk, said.pk)

    assert SamePerson.objects.current().exists()


def test_access_is_stopped_after_a_question_and_given_again(desk: Client) -> None:
    noor = registered("Noor", "noor@school.example")

    assert "Stop the access of Noor?" in page(desk, "access_stop", noor.pk)
    assert Account.objects.get(pk=noor.pk).is_active
    post(desk, "access_stop", noor.pk)
    assert not Account.objects.get(pk=noor.pk).is_active
    assert "Give access again" in page(desk, "person", noor.pk)
    post(desk, "access_give", noor.pk)
    assert Account.objects.get(pk=noor.pk).is_active


@pytest.mark.parametrize("has_account", [True, False])
def test_who_has_another_account_as_one_human_is_not_offered_a_second(
    desk: Client, has_account: bool
) -> None:
    noor = met("Noor", "noor@home.example").pk
    if has_account:
        post(desk, "person_invite", noor)
        post(desk, "access_stop", noor)
    offered = "Give access again" if has_account else "Make an account"
    assert offered in page(desk, "person", noor)
    other = registered("Noor de Wit", "noor@school.example").person
    actions.say_same(one=Person.objects.get(pk=noor), other=other, reason="Asked.", by=None)

    shown = page(desk, "person", noor)

    assert "They have another account that is open: one human has one." in shown
    assert [label in shown for label in (offered, "Stop access", "Send the invitation again")] == [
        False
    ] * 3


def test_somebody_is_signed_out_everywhere(desk: Client) -> None:
    noor, phone = AccountFactory(), Client()
    phone.force_login(noor)

    assert desk.get(reverse("home:sign_out", args=[noor.pk])).status_code == 200
    assert phone.get("/me/").status_code == 200
    post(desk, "sign_out", noor.pk)

    assert phone.get("/me/").status_code == 302


def test_roles_in_the_institution_are_given_and_ended_by_an_administrator(boss: Client) -> None:
    noor = registered("Noor", "noor@school.example")

    post(boss, "role_new", noor.pk, role="auditor")
    [role] = InstitutionRole.objects.current().filter(person=noor.pk)
    assert (role.role, "auditor" in page(boss, "person", noor.pk)) == ("auditor", True)
    assert boss.get(reverse("home:role_end", args=[noor.pk, role.pk])).status_code == 200
    assert InstitutionRole.objects.current().filter(person=noor.pk).exists()

    post(boss, "role_end", noor.pk, role.pk)
    assert not InstitutionRole.objects.current().filter(person=noor.pk).exists()


@pytest.mark.parametrize(
    "why",
    [pytest.param("no address", marks=pytest.mark.tampers), "somebody else's", "another account"],
)
def test_no_account_is_offered_that_would_be_refused(desk: Client, why: str) -> None:
    jan = met("Jan", INFO)
    assert "Make an account" in page(desk, "person", jan.pk)
    if why == "no address":
        Address.objects.filter(person=jan).update(ended_at=timezone.now())
    elif why == "somebody else's":
        other = registered("Jan de Baas", "jan@home.example")
        actions.change_address(person=other.person, address=INFO, by=None)
    else:
        other = registered("Jan de Baas", "jan@home.example")
        actions.say_same(one=jan, other=other.person, reason="Asked.", by=None)

    assert "Make an account" not in page(desk, "person", jan.pk)
    with pytest.raises(NotPossible) as refusal, override("en"):
        actions.invite_person(person=jan, by=None)
    assert str(refusal.value) in html.unescape(page(desk, "person", jan.pk))


def test_who_has_no_account_is_given_no_role(boss: Client) -> None:
    jan = met("Jan", INFO)
    path = reverse("home:role_new", args=[jan.pk])

    assert path not in page(boss, "person", jan.pk)
    for answer in (
        boss.get(path, follow=True),
        boss.post(path, {"role": "exam_board"}, follow=True),
    ):
        assert "first make one" in answer.content.decode()
    with pytest.raises(NotPossible):
        actions.give_role(person=jan, role=Role.EXAM_BOARD, by=None)
    assert not InstitutionRole.objects.filter(person=jan).exists()


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        (Address.Source.ASKER, "Petra", "named by others only"),
        (Address.Source.SCHOOL, "Jan", "by the same name"),
        (Address.Source.SCHOOL, "Els", "counts as another"),
    ],
)
def test_what_makes_two_at_one_mailbox_one_is_said(
    desk: Client, source: Address.Source, name: str, reason: str
) -> None:
    jan, petra = met("Jan", INFO, Address.Source.SCHOOL), met("Petra", INFO, source)
    if name != petra.name:
        actions.rename(person=petra, name=name, by=None)

    shown = page(desk, "person", jan.pk)

    reasons = ["named by others only", "by the same name", "counts as another"]
    assert [each for each in reasons if each in shown] == [reason]


def test_who_may_not_give_roles_sees_no_way_to(desk: Client, boss: Client) -> None:
    noor = registered("Noor", "noor@school.example")
    path = reverse("home:role_new", args=[noor.pk])
    assert path in page(boss, "person", noor.pk)

    desk.force_login(with_role(Role.COORDINATOR))

    assert path not in page(desk, "person", noor.pk)
