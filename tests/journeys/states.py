"""The states of all pages: who looks at what, with which words sent, and what answers.

They stand on the filled demo, and on what `beside_the_demo` makes where that has none. No state
changes anything that another looks at, so that they can be looked at in any order.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from committees import actions as committees
from committees.actions.errands import ANNOUNCING
from committees.letters import LetterInShort
from committees.models import (
    Attendance,
    Case,
    Committee,
    Contradiction,
    ContradictionAnswer,
    Meeting,
    Membership,
    Outcome,
)
from committees.rules import Found
from committees.snapshots import read
from committees.who_sits import panel_of
from demo import mailbox
from demo.people import PASSWORD
from evidence.actions import feedback
from evidence.models import Evidence, Feedback, FeedbackRequest
from home.help import TOPICS
from people import actions as people
from people.drafts import LONGEST, keep
from people.limits import LONGEST as DAY
from people.limits import Rate
from people.models import Account, Address, InstitutionRole, Person, SamePerson
from portfolio.models import CheckIn
from post.errands import call_off, order
from post.models import Errand, OutboxMail
from programmes.models import Enrolment, Placement, Programme, ProgrammeRole, Supervisor, Unit
from qualifications import actions as qualifications
from qualifications.models import (
    CoreTask,
    Dossier,
    Qualification,
    QualityRequirement,
    WorkProcess,
)
from qualifications.sbb import parse_sbb
from tests.committees.factories import (
    AttendanceFactory,
    CommitteeFactory,
    ContradictionFactory,
    MeetingFactory,
    MembershipFactory,
)
from tests.evidence.factories import EvidenceFactory, FeedbackRequestFactory
from tests.factories import AccountFactory
from tests.people.factories import been_here

NOOR, NEW, NOBODY = "Noor de Vries", "Roos Dijkstra", ""
OTHER_CHAIR = "Wilma Kroon"
STRANGER = "Iris Nieuwkomer"
ADVISER, TEACHER, COORDINATOR = "Karim Haddad", "Els Bakker", "Mirjam Postma"
ADMINISTRATOR = "Demo beheer"
CHAIR, SECRETARY, MEMBER, AUDITOR = "Ruud van Dijk", "Anneke Smit", "Fatma Yilmaz", "Joost Meijer"
OTHER_MEMBER, EXAM_BOARD = "Hakan Demir", "Hilde Brandsma"
WORDS = "Een halve zin die nog niet af is, want toen ging de telefoon"


@dataclass(frozen=True, slots=True)
class State:
    """`of` gives what the address names. With `send`, this is posted and what comes after it is
    looked at; `first` does something beforehand as the same person. `within` holds while the page
    is asked for. `press` is what is pressed once it is there."""

    view: str
    who: str = NOBODY
    of: Callable[[], Sequence[object]] = tuple
    query: str | Callable[[], str] = ""
    send: dict[str, Any] | Callable[[], dict[str, Any]] | None = None
    status: int = 200
    first: Callable[[Client], object] | None = None
    within: Callable[[], AbstractContextManager[object]] = nullcontext
    press: str = ""

    def ask(self, client: Client) -> HttpResponse:
        client.raise_request_exception = self.status != 500
        query = self.query if isinstance(self.query, str) else self.query()
        address = reverse(self.view, args=self.of()) + query
        if self.first:
            self.first(client)
        with self.within():
            if self.send is None:
                return client.get(address, follow=True)
            sent = self.send() if callable(self.send) else self.send
            return client.post(address, sent, follow=True)


# --- What a state is about ------------------------------------------------------------------------


def enrolment(name: str = NOOR) -> list[UUID]:
    return [Enrolment.objects.get(student__name=name).pk]


def piece(title: str = "Afsprakenmodule gebouwd en in gebruik genomen") -> list[UUID]:
    return [Evidence.objects.get(current__title=title).pk]


def unit_of(name: str = NOOR) -> list[UUID]:
    enrolment = Enrolment.objects.get(student__name=name)
    return [enrolment.pk, enrolment.programme.units.order_by("title")[0].pk]


def piece_in_unit() -> list[UUID]:
    return [*unit_of(), *piece()]


def a_line() -> str:
    """The requirement against which Noor laid most."""
    counted = QualityRequirement.objects.filter(links__evidence__owner__name=NOOR)
    return str(counted.annotate(laid=Count("links")).order_by("-laid", "pk")[0].pk)


def frozen_piece() -> str:
    """The newest piece of Noor's frozen set."""
    [case_id] = case("frozen", NOOR)()
    return read(Case.objects.get(pk=case_id)).evidence_set.pieces[0].id


def case(state: str, name: str = "") -> Callable[[], list[UUID]]:
    def find() -> list[UUID]:
        cases = Case.objects.filter(state=state, enrolment__student__name__contains=name)
        return [cases.order_by("meeting__held_at", "order")[0].pk]

    return find


def meeting(state: str) -> Callable[[], list[UUID]]:
    return lambda: [Meeting.objects.filter(state=state).exclude(cases=None).earliest("held_at").pk]


def committee(name: str = "Besliscommissie Software") -> list[UUID]:
    return [Committee.objects.get(name=name).pk]


def question(**of: object) -> Callable[[], list[str]]:
    return lambda: [FeedbackRequest.objects.filter(**of).latest("expires_at").token]


def noted(confirmed: bool | None, **of: object) -> Callable[[], list[str]]:
    def find() -> list[str]:
        rows = Feedback.objects.filter(source=Feedback.Source.NOTED, **of)
        rows = rows.select_related("confirmation").order_by("-recorded_at")
        fits = (row for row in rows if row.confirmed == confirmed)
        return [next(fits).confirmation_token]

    return find


def programme() -> Programme:
    """The one whose units are not all before a committee."""
    return Programme.objects.get(cohort__contains="tweede instroom")


def in_programme(find: Callable[[Programme], object] | None = None) -> Callable[[], list[Any]]:
    def named() -> list[Any]:
        found = find(programme()) if find else None
        return [programme().pk, *([found] if found else [])]

    return named


def role(kind: str) -> Callable[[Programme], UUID]:
    return lambda of: ProgrammeRole.objects.current().filter(programme=of, role=kind)[0].pk


PERIOD, UNIT = (lambda of: of.periods.all()[0].pk), (lambda of: of.units.all()[0].pk)


def target(of: Programme) -> UUID:
    return WorkProcess.objects.filter(core_task__qualification=of.qualification)[0].pk


def placement() -> list[UUID]:
    found = Placement.objects.get(enrolment__student__name=NOOR)
    return [found.enrolment_id, found.pk]


def placement_unasked() -> list[UUID]:
    """A placement whose supervisors nobody asked for feedback."""
    asked = FeedbackRequest.objects.filter(
        enrolment=OuterRef("enrolment"), person__supervising__placement=OuterRef("pk")
    )
    found = Placement.objects.filter(
        ~Exists(asked),
        enrolment__programme__in=Programme.objects.filter(roles__person__name=COORDINATOR),
    )
    return [found[0].enrolment_id, found[0].pk]


def supervisor() -> list[UUID]:
    found = Supervisor.objects.filter(placement__enrolment__student__name=NOOR)[0]
    return [found.placement.enrolment_id, found.pk]


def qualification(status: str) -> Callable[[], list[UUID]]:
    return lambda: [Qualification.objects.filter(status=status).latest("recorded_at").pk]


def wording() -> list[UUID]:
    tasks = CoreTask.objects.filter(qualification__in=qualification("draft")())
    return [WorkProcess.objects.filter(core_task__in=tasks, places__isnull=False)[0].pk]


def words_of_wording() -> dict[str, str]:
    line = WorkProcess.objects.get(pk=wording()[0]).places.all()[0].requirement_id
    return {str(line): "lang " * 300}


def mail() -> list[str]:
    return [next(kept.name for kept in mailbox.kept_mails() if "/answer/" in kept.text)]


def password_link() -> list[str]:
    person = Account.objects.get(person__name=TEACHER)
    return [user_pk_to_url_str(person), default_token_generator.make_token(person)]


def unsent() -> list[UUID]:
    """A form that Noor sent after her session had ended."""
    person = Account.objects.get(person__name=NOOR)
    path = reverse("evidence:add")
    fields = {"title": ["Planning"], "context": [WORDS], "kind": ["act"]}
    return [keep(f"unsent:{person.pk}:{path}", fields).pk]


def known(name: str) -> list[UUID]:
    return [Person.objects.get(name=name).pk]


def shared() -> list[UUID]:
    """Somebody who was named at a mailbox where another is known."""
    return known("Petra Klein")


def said() -> list[UUID]:
    """Of whom it was said that two are one, and what was said."""
    [one] = known("Jan Baas")
    return [one, SamePerson.objects.current().get(Q(one=one) | Q(other=one)).pk]


def auditors_role() -> list[UUID]:
    [person] = known(AUDITOR)
    return [person, InstitutionRole.objects.current().get(person=person).pk]


def address_link(**of: object) -> Callable[[], list[str]]:
    return lambda: [Address.objects.filter(**of).latest("recorded_at").token]


# --- What the demo has not ------------------------------------------------------------------------


def beside_the_demo() -> None:
    """A person and two committees that are new, one of them without a mandate; links that came to
    an end, a draft qualification, and the software committee in session, with cases at each point
    of their way."""
    AccountFactory(name=STRANGER, language="nl")
    _links()
    _people()
    _draft()
    new = CommitteeFactory(name="Besliscommissie Techniek", programme=programme())
    coming = timezone.now() + timedelta(days=60)
    MeetingFactory(committee=new, reference_at=coming, held_at=coming + timedelta(days=7))
    MembershipFactory(
        committee=new, person=Account.objects.get(person__name=CHAIR), role=Membership.Role.CHAIR
    )
    by = Account.objects.get(person__name=COORDINATOR)
    bare = committees.make_committee(programme=programme(), name="Besliscommissie Zorg", by=by)
    MembershipFactory(
        committee=bare, person=Account.objects.get(person__name=CHAIR), role=Membership.Role.CHAIR
    )
    _session()
    _contradicted()
    _ordered()


def _links() -> None:
    noor = Enrolment.objects.get(student__name=NOOR)
    ask = {"enrolment": noor, "evidence": Evidence.objects.get(pk=piece()[0])}
    FeedbackRequestFactory(
        expired=True, person__name="Expired", person__address="expired@demo.example", **ask
    )
    FeedbackRequestFactory(
        declined=True, person__name="Declined", person__address="declined@demo.example", **ask
    )
    gone = EvidenceFactory(owner=noor.student, withdrawn=True, revision__title="Ingetrokken")
    FeedbackRequestFactory(
        withdrawn=True,
        person__name="Withdrawn",
        person__address="withdrawn@demo.example",
        enrolment=noor,
        evidence=gone,
    )
    EvidenceFactory(owner=noor.student, revision__title="Nog aan niemand gevraagd")
    confirmed = Feedback.objects.filter(source=Feedback.Source.NOTED, confirmation=None)
    mine = confirmed.filter(enrolment__student__name="Tygo Brands")[0]
    feedback.confirm(feedback=mine, confirmed=False, at=timezone.now())
    asked = FeedbackRequest.objects.filter(evidence=asked_about()[0], state="open")[0]
    OutboxMail.objects.create(
        template="evidence/request",
        to=asked.person_id,
        about=asked.pk,
        state=OutboxMail.State.FAILED,
        trouble=OutboxMail.Trouble.NO_MAILBOX,
    )


def _people() -> None:
    """Two at one mailbox, one of whom is somebody else too; somebody whose access was stopped, and
    somebody invited whose mail did not arrive; and addresses that wait, were confirmed or
    replaced, or not confirmed in time."""
    asker, school = Address.Source.ASKER, Address.Source.SCHOOL
    for name, address, source in (
        ("Jan Baas", "info@bakkerij.example", asker),
        ("Petra Klein", "info@bakkerij.example", asker),
        ("Johan Baas", "johan@bakkerij.example", school),
    ):
        people.person_meant(people.Meant(name, address), source=source, by=None)
    jan, johan = (Person.objects.get(name=f"{name} Baas") for name in ("Jan", "Johan"))
    people.say_same(one=jan, other=johan, reason="Jan zei het aan de telefoon.", by=None)
    stopped, invited = (
        people.register(email=f"{name.lower()}@school.example", name=name, by=None)
        for name in ("Gestopt", "Uitgenodigd")
    )
    people.stop_access(account=stopped, by=None)
    OutboxMail.objects.filter(about=invited.pk).update(
        state=OutboxMail.State.FAILED, trouble=OutboxMail.Trouble.NO_MAILBOX
    )
    moved = been_here(people.register(email="moved@school.example", name="Verhuisd", by=None))
    late = timezone.now() - 2 * Address.CONFIRMABLE_FOR
    for address, at in (("late", late), ("replaced", None), ("used", None), ("waiting", None)):
        row = people.change_address(
            person=moved.person, address=f"{address}@thuis.example", by=None, at=at
        )
        if address == "used":
            people.confirm_address(address=row, by=None)
    own = Account.objects.get(person__name=NEW)
    people.change_address(person=own.person, address="roos@thuis.example", by=own)
    other = been_here(people.register(email="late@school.example", name="Te laat", by=None))
    people.change_address(person=other.person, address="te.laat@thuis.example", by=None, at=late)


def _draft() -> None:
    path = settings.BASE_DIR / "qualifications" / "samples" / "dossier-klein.xml"
    content, by = path.read_bytes(), Account.objects.get(person__name=COORDINATOR)
    parsed = parse_sbb(content, name=path.name)
    dossier = qualifications.keep_dossier(parsed=parsed, content=content, name=path.name, by=by)
    qualifications.import_qualification(dossier=dossier, parsed=parsed.qualifications[0], by=by)


def _share_a_mailbox(case: Case) -> None:
    """Somebody who gave feedback in the set is known at a mailbox of the secretary, who did not."""
    sits = Account.objects.get(person__name=SECRETARY)
    others = case.snapshot.items.filter(kind="person").exclude(source=case.enrolment.student_id)
    giver = others.exclude(source=sits.pk)[0]
    Address.objects.create(
        person_id=giver.source,
        address=sits.sign_in.replace("@", "+thuis@"),
        source=Address.Source.ASKER,
        receives=False,
        confirmed_at=timezone.now(),
    )
    assert sits.pk in panel_of(case, timezone.now()).unsaid


def _session() -> None:
    """Fleur's case is decided, of Zoë's and Jip's the judgements are open, Ayoub's is put off;
    Fatma stands aside from Jip's; Anneke is asked whose words are in Daan's set."""
    meeting = Meeting.objects.get(cases__enrolment__student__name="Fleur van Leeuwen")
    chair, secretary = (
        Account.objects.get(person__name=CHAIR),
        Account.objects.get(person__name=SECRETARY),
    )
    member = Account.objects.get(person__name=MEMBER)
    of = {each.enrolment.student.name: each for each in meeting.cases.for_list()}
    committees.recuse(case=of["Jip Kuipers"], reason="Wij zijn buren.", by=member)
    others = Account.objects.filter(person__name__in=(ADVISER, OTHER_MEMBER))
    committees.open_meeting(meeting=meeting, by=chair, reason="Iedereen kan vandaag.")
    for user in (secretary, *others):
        committees.mark_present(meeting=meeting, person=user.person, by=user)
    committees.mark_present(meeting=meeting, person=member.person, by=secretary)
    for name in ("Fleur van Leeuwen", "Zoë Martens", "Jip Kuipers"):
        committees.open_judgements(case=of[name], by=chair)
    _share_a_mailbox(of["Daan Visser"])
    decided = of["Fleur van Leeuwen"]
    frozen = read(decided)
    committees.decide(
        case=decided,
        findings={part.id: Found(Outcome.ATTAINED) for part in frozen.evidence_set.frame.parts},
        motivation="Rijk en van veel verschillende mensen.",
        cited=list(frozen.digests.values())[:3],
        by=chair,
    )
    committees.defer(case=of["Ayoub Benali"], reason="Laat het testen nog eens zien.", by=chair)


def _contradicted() -> None:
    """Of a meeting that is closed: three were noted by the secretary, of whom two say that they
    were not there, and one of these got an answer."""
    meeting = Meeting.objects.get(pk=closed()[0])
    adviser, other, member = (
        Person.objects.get(name=name) for name in (ADVISER, OTHER_MEMBER, MEMBER)
    )
    secretary = Person.objects.get(name=SECRETARY)
    rows = {
        person: AttendanceFactory(
            meeting=meeting, person=person, by=secretary, ended_at=timezone.now()
        )
        for person in (adviser, other, member)
    }
    for person in (adviser, other):
        said = ContradictionFactory(attendance=rows[person])
    ContradictionAnswer.objects.create(
        contradiction=said, by=secretary, was_there=True, reason="Ik zat naast hem."
    )


def _ordered() -> None:
    """What the chair ordered in three meetings: called off, all refused, and in hand for ever."""
    chair = Account.objects.get(person__name=CHAIR)
    meetings = Meeting.objects.exclude(cases=None).order_by("-held_at")
    made = []
    for meeting in (*meetings[:1], *meetings[:1], *meetings[1:2]):
        rows = [case.decision_id or case.pk for case in meeting.cases.all()]
        made.append(order(ANNOUNCING, about=meeting.pk, rows=rows, by=chair))
        if len(made) == 1:
            call_off(errand=made[0], by=chair)
    tomorrow = timezone.now() + timedelta(days=1)
    Errand.objects.filter(pk=made[-1].pk).update(claimed_until=tomorrow)


def ordered(**of: object) -> Callable[[], list[UUID]]:
    return lambda: [Errand.objects.filter(**of).latest("recorded_at").pk]


# --- Without an account, and by a link ------------------------------------------------------------

LOGIN = {"login": "student@demo.example", "password": "fout"}
SHORT = {"password1": "kort", "password2": "korter"}


def link(view: str, find: Callable[[], Sequence[object]], **more: Any) -> State:
    return State(f"evidence:{view}", of=find, **more)


open_question = question(state="open", enrolment__student__name=NOOR)
DOORS = {
    "sign in": State("account_login"),
    "sign in, refused": State("account_login", send=LOGIN),
    "sign out": State("account_logout", NOOR),
    "account closed": State("account_inactive"),
    "password forgotten": State("account_reset_password"),
    "password forgotten, no address": State("account_reset_password", send={}),
    "password forgotten, mail sent": State("account_reset_password", send={"email": "x@y.example"}),
    "password mail sent": State("account_reset_password_done"),
    "choose a password": State("account_reset_password_from_key", of=password_link),
    "choose a password, too short": State(
        "account_reset_password_from_key",
        of=lambda: [password_link()[0], "set-password"],
        first=lambda client: client.get(
            reverse("account_reset_password_from_key", args=password_link()), follow=True
        ),
        send=SHORT,
    ),
    "choose a password, link used": State(
        "account_reset_password_from_key", of=lambda: [password_link()[0], "abc-def"]
    ),
    "password chosen": State("account_reset_password_from_key_done"),
    "change password": State("account_change_password", NOOR),
    "change password, refused": State("account_change_password", NOOR, send=SHORT),
    "password once more": State("account_reauthenticate", NOOR),
    "password once more, refused": State("account_reauthenticate", NOOR, send={"password": "fout"}),
    "unsent writing": State("unsent", NOOR, of=unsent),
    "help": State("home:help"),
    **{
        f"help for {topic.key}": State("home:help_topic", of=lambda key=topic.key: [key])
        for topic in TOPICS
    },
    "privacy": State("home:privacy"),
    "gallery": State("demo:gallery"),
    "gallery, a dialog open": State("demo:gallery", press="[data-opens='#dialog']"),
    "mailbox": State("demo:mailbox"),
    "mailbox, empty": State(
        "demo:mailbox", within=lambda: patch("demo.mailbox.kept_mails", return_value=[])
    ),
    "mail": State("demo:mail", of=mail),
    # --- Links ---
    "answer": link("answer", open_question),
    "answer, as somebody signed in": link("answer", open_question, who=TEACHER),
    "answer, by who asks": link("answer", open_question, who=NOOR, status=403),
    "answer, by who asks, with words": link(
        "answer", open_question, who=NOOR, send={"text": WORDS}, status=403
    ),
    "answer, refused": link("answer", open_question, send={"text": ""}, status=422),
    "answer, draft found": link(
        "answer",
        open_question,
        first=lambda client: client.post(
            reverse("evidence:answer_draft", args=open_question()), {"text": WORDS}
        ),
    ),
    "answer, receipt": link("answer", question(state="answered", enrolment__student__name=NOOR)),
    "answer, receipt that can be read": link("answer", question(state="answered")),
    "answer, expired": link("answer", question(person__name="Expired"), status=410),
    "answer, expired while typing": link(
        "answer", question(person__name="Expired"), send={"text": WORDS}, status=410
    ),
    "answer, declined": link("answer", question(person__name="Declined")),
    "answer, withdrawn": link("answer", question(person__name="Withdrawn"), status=410),
    "answer, unknown": link("answer", lambda: ["x" * 43], status=404),
    "confirm": link("confirm", noted(None, enrolment__student__name=NOOR)),
    "confirm, by who asks": link(
        "confirm", noted(None, enrolment__student__name=NOOR), who=NOOR, status=403
    ),
    "confirm, said yes": link("confirm", noted(True)),
    "confirm, said no": link("confirm", noted(False)),
    "confirm, too late": link(
        "confirm", noted(None, enrolment__student__name="Eva Hoekstra"), status=410
    ),
    "confirm, unknown": link("confirm", lambda: ["x" * 43], status=404),
    "address": State("address_confirm", of=address_link(address="waiting@thuis.example")),
    "address, of one's own": State(
        "address_confirm", of=address_link(address="roos@thuis.example")
    ),
    "address, confirmed": State("address_confirm", of=address_link(address="used@thuis.example")),
    "address, replaced": State(
        "address_confirm", of=address_link(address="replaced@thuis.example"), status=410
    ),
    "address, too late": State(
        "address_confirm", of=address_link(address="te.laat@thuis.example"), status=410
    ),
}


# --- Errors ---------------------------------------------------------------------------------------


def failing(error: Exception) -> Callable[[], AbstractContextManager[object]]:
    return lambda: patch("home.views.hall.today_for", side_effect=error)


def busy() -> OperationalError:
    error = OperationalError()
    error.__cause__ = sqlite3.OperationalError()
    error.__cause__.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def locked() -> AbstractContextManager[object]:
    return patch("evidence.actions.add_evidence", side_effect=busy())


def checks_tokens(client: Client) -> None:
    client.handler.enforce_csrf_checks = True


PIECE = {
    "title": "Planning",
    "kind": "act",
    "happened_on": "2026-09-01",
    "origin": "here",
    "context": WORDS,
}
ERRORS = {
    "400": State("evidence:add_draft", NOOR, send={"context": "a" * (LONGEST + 1)}, status=400),
    "403": State("programmes:programme_new", NOOR, status=403),
    "403 with a reason": State("committees:case", ADVISER, case("frozen", "Noor"), status=403),
    "404": State("evidence:detail", NOOR, of=lambda: [UUID(int=0)], status=404),
    "409": State("evidence:delete", NOOR, piece, status=409),
    "413": State(
        "account_login",
        send=LOGIN,
        status=413,
        within=lambda: override_settings(LARGEST_BODY=1),
    ),
    "429": State(
        "account_reset_password",
        send={"email": "x@y.example"},
        status=429,
        within=lambda: patch("people.signing_in.MAILS_TO_AN_ACCOUNT", [Rate(0, DAY)]),
    ),
    "500": State("home:home", NOOR, status=500, within=failing(RuntimeError("meant"))),
    "503": State("evidence:add", NOOR, send=PIECE, status=503, within=locked),
    "503, nothing sent": State("home:home", NOOR, status=503, within=failing(busy())),
    "from elsewhere": State("evidence:add", NOOR, send=PIECE, status=403, first=checks_tokens),
}


# --- Students, their advisers and teachers --------------------------------------------------------


def typed_code() -> dict[str, str]:
    """What somebody types from the letter of Lina."""
    lina = {"enrolment__student__name": "Lina Öztürk"}
    decided = Case.objects.filter(state="announced", **lina).latest("meeting__held_at")
    return {"code": decided.standing.announcement.typed_code}


def as_if_replaced() -> AbstractContextManager[object]:
    """The demo replaced no decision."""
    letter = LetterInShort.with_code(typed_code()["code"].replace(" ", ""))
    assert letter is not None
    replaced = replace(letter, replaced_on=letter.decided_on + timedelta(days=9))
    return patch.object(LetterInShort, "with_code", return_value=replaced)


@contextmanager
def as_if_in_state(state: Programme.State) -> Iterator[None]:
    """The demo has neither a draft nor an archived programme."""
    rows, before = Programme.objects.filter(pk=programme().pk), programme().state
    rows.update(state=state)
    yield
    rows.update(state=before)


as_if_draft = partial(as_if_in_state, Programme.State.DRAFT)
as_if_archived = partial(as_if_in_state, Programme.State.ARCHIVED)


def drafted(view: str, of: Callable[[], Sequence[object]], **fields: str) -> dict[str, Any]:
    """Beforehand something was written there and not sent."""
    return {"first": lambda client: client.post(reverse(view, args=of()), fields)}


asked_about = partial(piece, "Code van de betaalmodule laten nakijken")
unasked = partial(piece, "Nog aan niemand gevraagd")
of_noor, of_new = enrolment, lambda: enrolment(NEW)


def unread_check_in() -> list[UUID]:
    return [CheckIn.objects.get(enrolment__student__name=NOOR, acknowledgement=None).pk]


STUDYING = {
    "home of a student": State("home:home", NOOR),
    "home, the account menu open": State("home:home", NOOR, press=".masthead details.menu summary"),
    "home of a new student": State("home:home", NEW),
    "home of somebody without a role": State("home:home", STRANGER),
    "tour closed": State("home:tour_close", NOOR, of=lambda: ["student"], send={}),
    "evidence": State("evidence:list", NOOR),
    "evidence, none": State("evidence:list", NEW),
    "evidence of somebody without a role": State("evidence:list", STRANGER),
    "evidence, add": State("evidence:add", NEW),
    "evidence, add, refused": State("evidence:add", NEW, send={}, status=422),
    "evidence, add, draft found": State(
        "evidence:add", NOOR, **drafted("evidence:add_draft", tuple, context=WORDS)
    ),
    "piece with a photo": State("evidence:detail", NOOR, piece),
    "piece with sound": State(
        "evidence:detail", NOOR, lambda: piece("Toegankelijkheid van de afsprakenmodule nagekeken")
    ),
    "piece with a film": State(
        "evidence:detail", NOOR, lambda: piece("Eindpresentatie voor klant en klas")
    ),
    "piece with a text": State(
        "evidence:detail", NOOR, lambda: piece("Testplan en testverslag van de afsprakenmodule")
    ),
    "piece with open questions": State("evidence:detail", NOOR, asked_about),
    "piece laid against nothing": State("evidence:detail", NOOR, unasked),
    "piece, asks before deleting": State(
        "evidence:detail", NOOR, unasked, press="[data-opens='#removal']"
    ),
    "piece withdrawn": State("evidence:detail", NOOR, lambda: piece("Ingetrokken")),
    "piece, to its adviser": State("evidence:detail", ADVISER, piece),
    "piece, to a teacher": State("evidence:detail", TEACHER, piece),
    "piece, edit": State("evidence:edit", NOOR, piece),
    "piece, edit, refused": State("evidence:edit", NOOR, piece, send={"title": ""}, status=422),
    "piece, edit, draft found": State(
        "evidence:edit",
        NOOR,
        asked_about,
        **drafted("evidence:edit_draft", asked_about, context=WORDS),
    ),
    "requirements": State("evidence:requirements", NOOR, piece),
    "requirements, searched": State("evidence:requirements", NOOR, piece, query="?q=test"),
    "requirements, nothing found": State("evidence:requirements", NOOR, piece, query="?q=xyzzy"),
    "requirements, refused": State(
        "evidence:requirements", NOOR, unasked, send={"chosen": "x"}, status=422
    ),
    "withdraw": State("evidence:withdraw", NOOR, piece),
    "delete": State("evidence:delete", NOOR, unasked),
    "ask": State("evidence:ask", NOOR, piece),
    "ask, laid against nothing": State("evidence:ask", NOOR, unasked),
    "ask, refused": State("evidence:ask", NOOR, piece, send={}, status=422),
    "ask, draft found": State(
        "evidence:ask",
        NOOR,
        asked_about,
        **drafted("evidence:ask_draft", asked_about, message=WORDS),
    ),
    "note": State("evidence:note", NOOR, piece),
    "note, of a teacher": State("evidence:note", TEACHER, piece),
    "note, refused": State("evidence:note", NOOR, piece, send={}, status=422),
    "note, draft found": State(
        "evidence:note",
        NOOR,
        asked_about,
        **drafted("evidence:note_draft", asked_about, text=WORDS),
    ),
    "question withdrawn": State(
        "evidence:remind",
        NOOR,
        lambda: [FeedbackRequest.objects.filter(person__name="Withdrawn")[0].pk],
        send={},
    ),
    "portfolio, none": State("portfolio:mine", STRANGER),
    "portfolio, to choose from": State("portfolio:mine", "Bram de Wit"),
    "coverage": State("portfolio:coverage", NOOR, of_noor),
    "coverage of a new student": State("portfolio:coverage", NEW, of_new),
    "coverage, filtered": State(
        "portfolio:coverage", NOOR, of_noor, query="?role=client&thin=on&new=on"
    ),
    "coverage, to an adviser": State("portfolio:coverage", ADVISER, of_noor, query="?thin=on"),
    "coverage, to a teacher": State("portfolio:coverage", TEACHER, of_noor),
    "line": State("portfolio:line", NOOR, lambda: [*of_noor(), a_line()]),
    "line, filtered, to an adviser": State(
        "portfolio:line", ADVISER, lambda: [*of_noor(), a_line()], query="?role=client&new=on"
    ),
    "line without feedback yet": State("portfolio:line", NOOR, lambda: [*of_noor(), "unanswered"]),
    "line of a new student": State("portfolio:line", NEW, lambda: [*of_new(), "whole"]),
    "coverage, in full": State("portfolio:in_full", NOOR, of_noor),
    "students": State("portfolio:students", ADVISER),
    "students, of a teacher": State("portfolio:students", TEACHER),
    "students, none": State("portfolio:students", STRANGER),
    "check-ins": State("portfolio:check_ins", NOOR, of_noor),
    "check-ins, none": State("portfolio:check_ins", NEW, of_new),
    "check-ins, to an adviser": State("portfolio:check_ins", ADVISER, of_noor),
    "check-ins, a word refused": State(
        "portfolio:acknowledge", NOOR, unread_check_in, send={"word": "refused"}, status=422
    ),
    "check-ins, draft found": State(
        "portfolio:check_ins",
        NOOR,
        of_noor,
        **drafted("portfolio:acknowledge_draft", unread_check_in, word="refused", note=WORDS),
    ),
    "check-in": State("portfolio:check_in_new", ADVISER, of_noor),
    "check-in, refused": State(
        "portfolio:check_in_new",
        ADVISER,
        of_noor,
        send={"agreements-TOTAL_FORMS": 1, "agreements-INITIAL_FORMS": 0, "agreements-0-text": "x"},
        status=422,
    ),
    "check-in, draft found": State(
        "portfolio:check_in_new",
        ADVISER,
        lambda: enrolment("Daan Visser"),
        **drafted("portfolio:check_in_draft", lambda: enrolment("Daan Visser"), summary=WORDS),
    ),
    "set aside": State("portfolio:set_aside", NOOR, unit_of),
    "set aside, a new student": State("portfolio:set_aside", NEW, lambda: unit_of(NEW)),
    "set aside, a line": State("portfolio:set_aside_line", NOOR, lambda: [*unit_of(), a_line()]),
    "set a piece aside": State("portfolio:set_aside_piece", NOOR, piece_in_unit),
    "set a piece aside, refused": State(
        "portfolio:set_aside_piece", NOOR, piece_in_unit, send={"reason": ""}, status=422
    ),
    "set a piece aside, draft found": State(
        "portfolio:set_aside_piece",
        NOOR,
        lambda: [*unit_of(), *asked_about()],
        **drafted("portfolio:set_aside_draft", lambda: [*unit_of(), *asked_about()], reason=WORDS),
    ),
    "my decisions": State("committees:mine", "Daan Visser"),
    "my decisions, none": State("committees:mine", NEW),
    "my case, planned": State(
        "committees:my_case", "Nynke Wiersma", case("planned", "Nynke Wiersma")
    ),
    "my case, frozen": State("committees:my_case", NOOR, case("frozen", NOOR)),
    "my case, planned, a line": State(
        "committees:line",
        "Nynke Wiersma",
        lambda: [*case("planned", "Nynke Wiersma")(), "whole"],
    ),
    "my case, frozen, a piece": State(
        "committees:piece", NOOR, lambda: [*case("frozen", NOOR)(), frozen_piece()]
    ),
    "my case, decided upon": State(
        "committees:my_case", "Lina Öztürk", case("announced", "Lina Öztürk")
    ),
    "letter": State("committees:letter", "Lina Öztürk", case("announced", "Lina Öztürk")),
    "letter, not yet": State("committees:letter", "Daan Visser", case("announced", "Daan Visser")),
    "letter, put off": State("committees:letter", "Zoë Martens", case("deferred", "Zoë Martens")),
    "letter, to an adviser": State("committees:letter", ADVISER, case("announced", "Daan Visser")),
    "check a letter": State("letter_check"),
    "check a letter, right": State("letter_check", send=typed_code),
    "check a letter, replaced": State("letter_check", send=typed_code, within=as_if_replaced),
    "check a letter, wrong": State("letter_check", send={"code": "3f2a 9c01"}, status=422),
}


# --- Coordinators and curriculum ------------------------------------------------------------------


def set_up(view: str, of: Callable[[], Sequence[object]] = tuple, **more: Any) -> State:
    return State(f"programmes:{view}", COORDINATOR, of, **more)


def curated(view: str, of: Callable[[], Sequence[object]] = tuple, **more: Any) -> State:
    return State(f"qualifications:{view}", COORDINATOR, of, **more)


refused: dict[str, Any] = {"send": {}, "status": 422}
a_period, a_unit = in_programme(PERIOD), in_programme(UNIT)
a_target, a_teacher = in_programme(target), in_programme(role(ProgrammeRole.Role.TEACHER))
SETTING_UP = {
    "home of a coordinator": State("home:home", COORDINATOR),
    "programmes": set_up("list"),
    "programmes, of an auditor": State("programmes:list", AUDITOR),
    "programmes, none": State("programmes:list", STRANGER),
    "programme, new": set_up("programme_new"),
    "programme, new, refused": set_up("programme_new", **refused),
    "programme": set_up("programme", in_programme()),
    "programme, to an auditor": State("programmes:programme", AUDITOR, in_programme()),
    "programme, draft": set_up("programme", in_programme(), within=as_if_draft),
    "programme, draft, remove": set_up("programme_remove", in_programme(), within=as_if_draft),
    "programme, archived": set_up("programme", in_programme(), within=as_if_archived),
    "programmes, archived": set_up("list", within=as_if_archived),
    "programme, copy": set_up("programme_copy", in_programme()),
    "programme, copy, refused": set_up("programme_copy", in_programme(), **refused),
    "programme, cannot be archived": set_up("programme_archive", in_programme()),
    "programme, edit": set_up("programme_edit", in_programme()),
    "programme, edit, refused": set_up("programme_edit", in_programme(), **refused),
    "period, new": set_up("period_new", in_programme()),
    "period, new, refused": set_up("period_new", in_programme(), **refused),
    "period": set_up("period_edit", a_period),
    "period, refused": set_up("period_edit", a_period, **refused),
    "period, remove": set_up("period_remove", a_period),
    "period, cannot be removed": set_up("period_remove", a_period, send={}, status=409),
    "unit, new": set_up("unit_new", in_programme()),
    "unit, new, refused": set_up("unit_new", in_programme(), **refused),
    "unit": set_up("unit_edit", a_unit),
    "unit, refused": set_up("unit_edit", a_unit, **refused),
    "unit, remove": set_up("unit_remove", a_unit),
    "guidelines": set_up("guidelines", in_programme()),
    "guideline": set_up("guideline_edit", a_target),
    "guideline, refused": set_up("guideline_edit", a_target, send={"pieces": "-1"}, status=422),
    "role, new": set_up("role_new", in_programme()),
    "role, new, refused": set_up("role_new", in_programme(), **refused),
    "role, end": set_up("role_end", a_teacher),
    "student, new": set_up("student_new", in_programme()),
    "student, new, refused": set_up("student_new", in_programme(), **refused),
    "enrolment": set_up("enrolment", enrolment),
    "enrolment of a new student": set_up("enrolment", lambda: enrolment(NEW)),
    "adviser": set_up("adviser_edit", enrolment),
    "adviser, refused": set_up("adviser_edit", enrolment, **refused),
    "enrolment, edit": set_up("enrolment_edit", enrolment),
    "enrolment, edit, refused": set_up(
        "enrolment_edit", enrolment, send={"ends_on": "2020-01-01"}, status=422
    ),
    "enrolment, remove": set_up("enrolment_remove", lambda: enrolment(NEW)),
    "enrolment, cannot be removed": set_up("enrolment_remove", enrolment),
    "adviser, end": set_up("adviser_end", enrolment),
    "placement, remove": set_up("placement_remove", placement_unasked),
    "placement, cannot be removed": set_up("placement_remove", placement),
    "placement, new": set_up("placement_new", enrolment),
    "placement, new, refused": set_up("placement_new", enrolment, **refused),
    "placement": set_up("placement_edit", placement),
    "placement, refused": set_up("placement_edit", placement, **refused),
    "supervisor, new": set_up("supervisor_new", placement),
    "supervisor, new, refused": set_up("supervisor_new", placement, **refused),
    "supervisor, end": set_up("supervisor_end", supervisor),
    "qualifications": curated("qualifications"),
    "dossier, load": curated("dossier_load"),
    "dossier, load, refused": curated("dossier_load", **refused),
    "dossier": curated("dossier", lambda: [Dossier.objects.latest("recorded_at").pk]),
    "qualification": curated("qualification", qualification("published")),
    "qualification, draft": curated("qualification", qualification("draft")),
    "qualification, remove": curated("qualification_remove", qualification("draft")),
    "qualification, cannot be withdrawn": curated(
        "qualification_withdraw", qualification("published")
    ),
    "qualification, to an auditor": State(
        "qualifications:qualification", AUDITOR, qualification("published")
    ),
    "qualification, merge, refused": curated(
        "qualification_merge", qualification("draft"), **refused
    ),
    "wording": curated("wording", wording),
    "wording, refused": curated("wording", wording, send=words_of_wording, status=422),
}


# --- People ---------------------------------------------------------------------------------------


def looking_after(view: str, of: Callable[[], Sequence[object]] = tuple, **more: Any) -> State:
    return State(f"home:{view}", **{"who": COORDINATOR, "of": of} | more)


def password_once_more(client: Client) -> None:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


jan, noor, stranger = (partial(known, name) for name in ("Jan Baas", NOOR, STRANGER))
PEOPLE = {
    "my details": State("details", NOOR),
    "my details, an address waits": State("details", NEW),
    "my name": State("details_name", NOOR),
    "my name, refused": State("details_name", NOOR, send={}, status=422),
    "my address, asks for the password": State("details_address", NOOR),
    "my address": State("details_address", NOOR, first=password_once_more),
    "my address, refused": State(
        "details_address", NOOR, first=password_once_more, send={}, status=422
    ),
    "sign me out everywhere": State("details_sign_out", NOOR),
    "home of an administrator": State("home:home", ADMINISTRATOR),
    "people": looking_after("people"),
    "people, to an administrator": looking_after("people", who=ADMINISTRATOR),
    "people, a later page": looking_after("people", query="?page=2"),
    "people, searched": looking_after("people", query="?q=baas"),
    "people, nobody found": looking_after("people", query="?q=12345"),
    "person, invite": looking_after("person_new"),
    "person, invite, refused": looking_after("person_new", **refused),
    "person without an account": looking_after("person", jan),
    "person at a mailbox in common": looking_after("person", shared),
    "person, a student": looking_after("person", noor),
    "person, a student, to an administrator": looking_after("person", noor, who=ADMINISTRATOR),
    "person, an adviser": looking_after("person", lambda: known(ADVISER)),
    "person whose mail did not arrive": looking_after("person", lambda: known("Uitgenodigd")),
    "person whose access was stopped": looking_after("person", lambda: known("Gestopt")),
    "person with addresses of before": looking_after("person", lambda: known("Verhuisd")),
    "person with a role in the school": looking_after("person", lambda: known(AUDITOR)),
    "person with a role, to an administrator": looking_after(
        "person", lambda: known(AUDITOR), who=ADMINISTRATOR
    ),
    "person, oneself": looking_after("person", lambda: known(COORDINATOR)),
    "person, name": looking_after("person_name", jan),
    "person, name, refused": looking_after("person_name", jan, **refused),
    "person, address": looking_after("person_address", jan),
    "person, address, of an account": looking_after("person_address", stranger),
    "person, address, of who was invited": looking_after(
        "person_address", lambda: known("Uitgenodigd")
    ),
    "person, address, refused": looking_after("person_address", stranger, **refused),
    "person, same": looking_after("person_same", shared),
    "person, same, nobody near": looking_after("person_same", stranger),
    "person, same, searched": looking_after("person_same", shared, query="?q=baas"),
    "person, same, nobody found": looking_after("person_same", shared, query="?q=12345"),
    "person, same, refused": looking_after("person_same", shared, **refused),
    "person, two after all": looking_after("same_end", said),
    "person, stop access": looking_after("access_stop", stranger),
    "person, sign out everywhere": looking_after("sign_out", stranger),
    "person, role, new": looking_after("role_new", stranger, who=ADMINISTRATOR),
    "person, role, new, refused": looking_after("role_new", stranger, who=ADMINISTRATOR, **refused),
    "person, role, end": looking_after("role_end", auditors_role, who=ADMINISTRATOR),
}


# --- Committees -----------------------------------------------------------------------------------


def sitting(view: str, of: Callable[[], Sequence[object]] = tuple, **more: Any) -> State:
    return State(f"committees:{view}", **{"who": CHAIR, "of": of} | more)


def not_the_secretarys() -> dict[str, Any]:
    """What she says of who shares her mailbox."""
    case = Case.objects.for_list().get(pk=daan_frozen()[0])
    sits = Account.objects.get(person__name=SECRETARY)
    panel = panel_of(case, timezone.now())
    [giver] = panel.unsaid.get(sits.pk) or panel.said[sits.pk]
    return {"giver": giver, "whose": "others"}


def for_programme() -> str:
    return f"?programme={programme().pk}"


def of_first_unit() -> str:
    second = Unit.objects.get(
        programme__committees__name="Besliscommissie Software", title__startswith="Kerntaak 2"
    )
    return f"?unit={second.pk}"


def a_seat() -> list[UUID]:
    return [Membership.objects.current().get(person__name=ADVISER).pk]


def empty_meeting() -> list[UUID]:
    return [Meeting.objects.get(cases=None).pk]


def bare_committee() -> list[UUID]:
    return committee("Besliscommissie Zorg")


def new_committee() -> list[UUID]:
    return committee("Besliscommissie Techniek")


def chair_is_there(_client: Client) -> None:
    """Who would lead the meeting that is planned."""
    [meeting], [chair] = planned(), known(OTHER_CHAIR)
    Attendance.objects.get_or_create(
        meeting_id=meeting, person_id=chair, ended_at=None, defaults={"by_id": chair}
    )


def attendance_of(name: str) -> Callable[[], list[UUID]]:
    """What the secretary noted of somebody in the meeting that is closed."""
    return lambda: [
        Attendance.objects.exclude(by=F("person")).get(meeting=closed()[0], person__name=name).pk
    ]


def contradiction_of(name: str) -> Callable[[], list[UUID]]:
    return lambda: [Contradiction.objects.get(attendance__person__name=name).pk]


@contextmanager
def held() -> Iterator[None]:
    """Until the page was asked for, somebody says that they are not in the meeting in session."""
    with transaction.atomic():
        noted = Attendance.objects.get(meeting=in_session()[0], person__name=MEMBER)
        ContradictionFactory(attendance=noted)
        yield
        transaction.set_rollback(True)


LARGE: dict[str, Any] = {"query": "?large=1"}
planned, in_session, closed = meeting("planned"), meeting("open"), meeting("closed")
zoe_opened, daan_frozen = case("opened", "Zoë"), case("frozen", "Daan")
zoe_deferred, ayoub_deferred = case("deferred", "Zoë"), case("deferred", "Ayoub")


def meeting_of_fleur() -> list[UUID]:
    """The meeting in which there is a decision to be announced."""
    [case] = Case.objects.filter(state="decided", enrolment__student__name__startswith="Fleur")
    return [case.meeting_id]


jip_opened, noor_frozen, fleur_decided = (
    case("opened", "Jip"),
    case("frozen", NOOR),
    case("decided", "Fleur"),
)
lina_announced, nynke_planned = case("announced", "Lina"), case("planned", "Nynke")
DECIDING = {
    "home of a chair": State("home:home", CHAIR),
    "home of a secretary": State("home:home", SECRETARY),
    "home of a member": State("home:home", MEMBER),
    "home of an adviser": State("home:home", ADVISER),
    "home of a teacher": State("home:home", TEACHER),
    "home of an auditor": State("home:home", AUDITOR),
    "home of the exam board": State("home:home", EXAM_BOARD),
    "committees": sitting("list"),
    "committees, to a coordinator": sitting("list", who=COORDINATOR),
    "committees, none": sitting("list", who=STRANGER),
    "committee": sitting("committee", committee),
    "committee without meetings": sitting("committee", new_committee),
    "committee, to its coordinator": sitting("committee", committee, who=COORDINATOR),
    "committee, new": sitting("new", who=COORDINATOR, query=for_programme),
    "committee, new, refused": sitting("new", who=COORDINATOR, query=for_programme, **refused),
    "committee without a mandate": sitting("committee", bare_committee),
    "committee without a mandate, to the exam board": sitting(
        "committee", bare_committee, who=EXAM_BOARD
    ),
    "mandate": sitting("mandate_give", new_committee, who=EXAM_BOARD),
    "mandate, the first": sitting("mandate_give", bare_committee, who=EXAM_BOARD),
    "mandate, refused": sitting("mandate_give", new_committee, who=EXAM_BOARD, **refused),
    "mandate, draft found": sitting(
        "mandate_give",
        committee,
        who=EXAM_BOARD,
        **drafted("committees:mandate_give_draft", committee, text=WORDS),
    ),
    "seat, refused": sitting("seat_give", committee, who=COORDINATOR, **refused),
    "seat, end": sitting("seat_end", a_seat, who=COORDINATOR),
    "meeting, plan": sitting("meeting_plan", committee),
    "meeting, plan, before the mandate": sitting("meeting_plan", bare_committee, status=409),
    "meeting, plan, refused": sitting("meeting_plan", committee, **refused),
    "ordered, in hand": State("errand", CHAIR, ordered(ended_at=None)),
    "ordered, refused": State("errand", CHAIR, ordered(called_off_at=None, ended_at__isnull=False)),
    "ordered, called off": State("errand", CHAIR, ordered(called_off_at__isnull=False)),
    "meeting, empty": sitting("meeting", empty_meeting),
    "meeting, planned": sitting("meeting", planned, who=OTHER_CHAIR),
    "meeting, that can be opened early": sitting(
        "meeting", planned, who=OTHER_CHAIR, first=chair_is_there
    ),
    "meeting, opened early without a reason": sitting(
        "meeting_open", planned, who=OTHER_CHAIR, first=chair_is_there, **refused
    ),
    "meeting, in session": sitting("meeting", in_session),
    "meeting, in session, to its secretary": sitting("meeting", in_session, who=SECRETARY),
    "meeting, in session, to a member": sitting("meeting", in_session, who=MEMBER),
    "meeting, in session, held": sitting("meeting", in_session, within=held),
    "meeting, in session, held, to its secretary": sitting(
        "meeting", in_session, who=SECRETARY, within=held
    ),
    "presence, not there": sitting("contradict", attendance_of(MEMBER), who=MEMBER),
    "presence, said before": sitting("contradict", attendance_of(ADVISER), who=ADVISER, status=409),
    "not there, to the secretary": sitting(
        "contradiction", contradiction_of(ADVISER), who=SECRETARY
    ),
    "not there, refused": sitting(
        "contradiction", contradiction_of(ADVISER), who=SECRETARY, **refused
    ),
    "not there, not answered": sitting("contradiction", contradiction_of(ADVISER), who=ADVISER),
    "not there, answered": sitting("contradiction", contradiction_of(OTHER_MEMBER), who=AUDITOR),
    "meeting, in session, large": sitting("meeting", in_session, **LARGE),
    "meeting, closed": sitting("meeting", closed, who=AUDITOR),
    "meeting, closed, large": sitting("meeting", closed, who=AUDITOR, **LARGE),
    "agenda, of a meeting in session": sitting("agenda", in_session),
    "agenda, of a unit": sitting("agenda", empty_meeting, query=of_first_unit),
    "agenda, refused": sitting("agenda", empty_meeting, query=of_first_unit, **refused),
    "agenda, of an empty meeting": sitting("agenda", empty_meeting),
    "case, planned": sitting("case", nynke_planned, who=OTHER_CHAIR),
    "case": sitting("case", noor_frozen),
    "case, filtered": sitting("case", noor_frozen, query="?thin=on"),
    "case, judged": sitting("case", daan_frozen),
    "case, refused": sitting("case", noor_frozen, who=MEMBER, **refused),
    "case, draft found": sitting(
        "case",
        daan_frozen,
        who=MEMBER,
        **drafted("committees:judgement_draft", daan_frozen, motivation=WORDS),
    ),
    "case, to the secretary": sitting("case", noor_frozen, who=SECRETARY),
    "case, judgements open": sitting("case", zoe_opened),
    "case, whose is it": sitting("case", daan_frozen, who=SECRETARY),
    "case, whose it was said to be": sitting("say_whose", daan_frozen, who=SECRETARY),
    "case, whose it is": sitting("say_whose", daan_frozen, who=SECRETARY, send=not_the_secretarys),
    "case, a line": sitting("line", lambda: [*noor_frozen(), a_line()]),
    "case, pieces": sitting("pieces", noor_frozen),
    "case, what was set aside": sitting("set_aside", noor_frozen),
    "case, a piece": sitting("piece", lambda: [*noor_frozen(), frozen_piece()]),
    "case, in full": sitting("in_full", noor_frozen),
    "stand aside": sitting("recuse", noor_frozen, who=MEMBER),
    "stand aside, refused": sitting("recuse", noor_frozen, who=MEMBER, **refused),
    "decide, sealed": sitting("decide", noor_frozen),
    "decide, sealed, large": sitting("decide", noor_frozen, **LARGE),
    "decide": sitting("decide", zoe_opened),
    "decide, refused": sitting("decide", zoe_opened, **refused),
    "decide, found": sitting(
        "decide_find", zoe_opened, send={"q": "e", "motivation": WORDS}, status=200
    ),
    "decide, nothing found": sitting("decide_find", zoe_opened, send={"q": "xyzzy"}, status=200),
    "decide, large": sitting("decide", zoe_opened, **LARGE),
    "decide, to a member": sitting("decide", zoe_opened, who=MEMBER),
    "decide, draft found": sitting(
        "decide",
        jip_opened,
        **drafted("committees:decide_draft", jip_opened, motivation=WORDS),
    ),
    "decide, deferring, draft found": sitting(
        "decide", daan_frozen, **drafted("committees:defer_draft", daan_frozen, reason=WORDS)
    ),
    "decide, put off without a reason": sitting("defer", zoe_opened, **refused),
    "decide, put off": sitting("decide", ayoub_deferred),
    "decide, recorded": sitting("decide", fleur_decided),
    "decide, recorded, held": sitting("decide", fleur_decided, within=held),
    "decide, recorded, large": sitting("decide", fleur_decided, **LARGE),
    "decide, announced": sitting("decide", lina_announced),
    "letter, to be announced": sitting("letter_preview", fleur_decided),
    "announcing": sitting("announce", meeting_of_fleur),
    "announcing, refused": sitting("announce", meeting_of_fleur, **refused),
    "record": sitting("record", who=AUDITOR),
    "record, nothing found": sitting("record", who=AUDITOR, query="?q=xyzzy"),
    "record of a case": sitting("case_record", lina_announced, who=AUDITOR),
    "record of a case, checked": sitting("record_integrity", lina_announced, who=AUDITOR),
    "record of a case, its items": sitting("record_items", lina_announced, who=AUDITOR),
    "record of a case, its steps": sitting("record_steps", lina_announced, who=AUDITOR),
    "record of a case, to be downloaded": sitting("case_export", lina_announced, who=AUDITOR),
    "record of a case, sealed": sitting("case_record", noor_frozen, who=AUDITOR),
    "record of a case, put off": sitting("case_record", zoe_deferred, who=AUDITOR),
    "record of a case, planned": sitting("case_record", nynke_planned, who=AUDITOR),
    "record of a case, to a member": sitting("case_record", lina_announced, who=MEMBER),
}
# What one worker of the tests looks at in one go.
PARTS = {
    "doors": DOORS | ERRORS,
    "studying": STUDYING,
    "setting up": SETTING_UP,
    "people": PEOPLE,
    "deciding": DECIDING,
}
