"""Every column that can be erased is, live and frozen at once, and verification says so."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import translation

from committees import actions
from committees.models import (
    Announcement,
    Case,
    ContradictionAnswer,
    Decision,
    Deferral,
    Finding,
    Judgement,
    Meeting,
    Recusal,
    SnapshotItem,
    Supersession,
)
from committees.rules import Found
from committees.snapshots import read
from committees.standing import standing_on
from evidence.actions import pieces
from evidence.models import (
    Attachment,
    Feedback,
    FeedbackRequest,
    Remark,
    RequirementLink,
    Revision,
)
from home.actions import erase_content
from people.access import NotAllowed
from people.actions import give_role, register
from people.models import Account, InstitutionRole, Person
from portfolio import actions as portfolio
from portfolio.models import Acknowledgement, Agreement, CheckIn, SetAside
from records.chain import statement_of
from records.models import Erasure, Event, Row, name_of
from records.refusals import NotPossible
from records.verification import verify
from tests.committees.factories import (
    HELD,
    AttendanceFactory,
    ContradictionFactory,
    MeetingFactory,
    Scene,
    answered_piece,
    findings_of,
    scene,
)
from tests.evidence.factories import (
    AttachmentFactory,
    EvidenceFactory,
    FeedbackFactory,
    FeedbackRequestFactory,
    RequirementLinkFactory,
    RevisionFactory,
)
from tests.factories import set_rules
from tests.laid import laid_once
from tests.portfolio.factories import (
    AcknowledgementFactory,
    AgreementFactory,
    CheckInFactory,
    SetAsideFactory,
)
from tests.recorded import faults, record_what_was_made

pytestmark = pytest.mark.django_db

ERASABLE = [
    (model, column)
    for model in apps.get_models()
    if issubclass(model, Row)
    for column in model.erasable
]
# What a set says besides: its words are frozen with it.
FROZEN: tuple[type[Row], ...] = (
    Revision,
    Attachment,
    RequirementLink,
    Feedback,
    Remark,
    SetAside,
    CheckIn,
    Finding,
    Deferral,
    SnapshotItem,
)


def words(model: type[Row], column: str) -> str:
    return f"Words of {model.__name__}, {column}"


def board() -> Account:
    """Somebody of the exam board, who may order an erasure."""
    account = register(email="board@school.example", name="Exam board", by=None)
    give_role(person=account.person, role=InstitutionRole.Role.EXAM_BOARD, by=None)
    return account


@laid_once
def with_words() -> Scene:
    """A frozen case in which each column that can be erased has words of its own, or in one of
    the two before it on the same unit: deferred, and decided, with another decision since."""
    first = scene()
    set_rules(first.programme, committee_sees_check_ins=True)
    MeetingFactory(
        committee=first.committee, state="open", opened_at=HELD,
        early_reason=words(Meeting, "early_reason"),
    )  # fmt: skip
    first.bring_to(Case.State.OPENED)
    noted = AttendanceFactory(
        meeting=first.meeting, person=first.secretary, by=first.chair, ended_at=HELD
    )
    ContradictionAnswer.objects.create(
        contradiction=ContradictionFactory(attendance=noted),
        by=first.chair.person,
        was_there=True,
        reason=words(ContradictionAnswer, "reason"),
    )
    reason = words(Deferral, "reason")
    actions.defer(case=first.case, reason=reason, by=first.chair, at=first.at)
    second = first.again(days=30)
    second.freeze()
    second.judge(second.chair)
    second.judge(second.member, words=words(Judgement, "motivation"))
    second.open_meeting()
    second.open_judgements()
    second.decide()
    second.announce()
    [part] = findings_of(second.case, "")
    second.supersede(
        findings={part: Found("not_yet", words(Finding, "to_show"))},
        motivation=words(Decision, "motivation"),
        reason=words(Supersession, "reason"),
        at=second.at + timedelta(days=2),
    )
    made = first.again(days=60)
    enrolment = made.case.enrolment
    piece = EvidenceFactory(
        owner=made.student,
        **{f"revision__{column}": words(Revision, column) for column in Revision.erasable},
    )
    RequirementLinkFactory(
        evidence=piece, requirement=made.requirement, why=words(RequirementLink, "why")
    )
    aside = answered_piece(enrolment, made.requirement)
    SetAsideFactory(
        enrolment=enrolment, unit=made.unit, evidence=aside, reason=words(SetAside, "reason")
    )
    FeedbackRequestFactory(
        enrolment=enrolment, evidence=aside, message=words(FeedbackRequest, "message")
    )
    AttachmentFactory(revision=piece.current, name=words(Attachment, "name"))
    FeedbackFactory(
        enrolment=enrolment,
        evidence=piece,
        noted=True,
        place=words(Feedback, "place"),
        remarks={made.requirement: words(Remark, "text")},
    )
    check_in = CheckInFactory(enrolment=enrolment, summary=words(CheckIn, "summary"))
    AgreementFactory(check_in=check_in, text=words(Agreement, "text"))
    AcknowledgementFactory(check_in=check_in, note=words(Acknowledgement, "note"), refused=True)
    record_what_was_made()
    made.freeze()
    reason = words(Recusal, "reason")
    actions.recuse(case=made.case, reason=reason, by=made.other_member, at=made.at)
    return made


def frozen_with(text: str) -> list[str]:
    """The names of the items of frozen sets that say this."""
    return [name_of(item) for item in SnapshotItem.objects.all() if text.encode() in item.content]


@pytest.fixture(autouse=True)
def _without_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files here are rows of a factory: nobody misses what they never had."""
    monkeypatch.setattr("files.models.StoredFile.own_faults", lambda file, erased: iter(()))


@pytest.mark.parametrize(
    ("model", "column"), ERASABLE, ids=[f"{model.__name__}-{column}" for model, column in ERASABLE]
)
def test_it_goes_live_and_frozen_and_verification_says_lawfully_so(
    model: type[Row], column: str
) -> None:
    with_words()
    if model is SnapshotItem:
        text = words(Revision, "title")
        [row] = [item for item in SnapshotItem.objects.all() if text.encode() in item.content]
        what, columns = row.digest, []
    else:
        text = words(model, column)
        row = model._default_manager.get(**{column: text})
        what, columns = name_of(row), [column]
    frozen = frozen_with(text)
    assert faults() == []

    erasures = erase_content(what=what, columns=columns, ground=" Asked. ", by=board())

    row.refresh_from_db()
    assert getattr(row, column) in ("", b"", None)
    assert bool(frozen) == (model in FROZEN)
    assert frozen_with(text) == []
    assert {erasure.name for erasure in erasures} == {name_of(row), *frozen}
    assert {erasure.ground for erasure in erasures} == {"Asked."}
    report = verify()
    assert (faults(), sorted(report.erased)) == ([], sorted({name_of(row), *frozen}))


def test_what_was_not_named_stays() -> None:
    with_words()
    revision = Revision.objects.get(title=words(Revision, "title"))

    erase_content(what=name_of(revision), columns=["title"], ground="Asked.", by=board())

    revision.refresh_from_db()
    assert (revision.title, revision.reflection) == ("", words(Revision, "reflection"))


def test_without_columns_all_that_can_be_erased_goes() -> None:
    with_words()
    revision = Revision.objects.get(title=words(Revision, "title"))

    [live, frozen] = erase_content(what=name_of(revision), ground="Asked.", by=board())

    revision.refresh_from_db()
    assert [getattr(revision, column) for column in Revision.erasable] == ["", "", "", ""]
    assert (live.name, sorted(live.columns)) == (name_of(revision), sorted(Revision.erasable))
    assert (live.digest, len(frozen.digest)) == ("", 64)


def test_nobody_can_try_out_what_was_there() -> None:
    """Who guesses the words and knows all that is left finds no statement that fits."""
    with_words()
    row = CheckIn.objects.get()
    erase_content(what=name_of(row), ground="Asked.", by=board())

    guess = CheckIn.for_sealing().get()
    blank = statement_of(guess)
    guess.summary = words(CheckIn, "summary")

    said = str(list(Event.objects.values_list("statement", flat=True)))
    assert (blank in said, statement_of(guess) in said) == (True, False)


def test_the_name_of_somebody_goes_everywhere_and_their_words_stay() -> None:
    made = scene()
    question = FeedbackRequestFactory(
        enrolment=made.case.enrolment,
        evidence=made.student.person.evidence.get(),
        person__name="Petra Klein",
        person__address="petra@shop.example",
    )
    said = FeedbackFactory(
        enrolment=made.case.enrolment,
        evidence=question.evidence,
        person=question.person,
        remarks={made.requirement: "Calm and clear."},
    )
    record_what_was_made()
    made.freeze()
    petra = f"people.person:{said.person_id}"

    erase_content(what=petra, ground="Asked.", by=board())

    said.refresh_from_db()
    question.refresh_from_db()
    assert (said.spoke_as, question.asked_as) == ("", "")
    assert Person.objects.get(pk=said.person_id).name == ""
    assert frozen_with("Petra") == frozen_with("petra@") == []
    assert len(frozen_with("Calm and clear.")) == 1
    assert faults() == []
    with pytest.raises(NotPossible):
        erase_content(what=petra, ground="Asked.", by=board())


@pytest.mark.parametrize("who", ["student", "member"])
def test_who_is_before_a_committee_or_in_it_is_not_erased_while_a_case_waits(who: str) -> None:
    made = with_words()
    person = getattr(made, who)

    with pytest.raises(NotPossible):
        erase_content(what=f"people.person:{person.pk}", ground="Asked.", by=board())


def test_it_goes_from_every_set_that_froze_it() -> None:
    made = with_words()
    made.open_meeting()
    actions.defer(case=made.case, reason="Show it once more.", by=made.chair, at=made.at)
    later = made.again(days=90)
    later.freeze()
    record_what_was_made()
    feedback = Feedback.objects.get(place=words(Feedback, "place"))

    erasures = erase_content(what=name_of(feedback), ground="Asked.", by=board())

    assert {erasure.chain for erasure in erasures} == {
        feedback.chain,
        made.case.chain,
        later.case.chain,
    }
    assert frozen_with(words(Feedback, "place")) == []
    assert faults() == []


def deferred() -> Scene:
    """A frozen case that was deferred, with a piece laid against the unit for a reason, and another
    set aside for a reason."""
    made = scene(pieces=2)
    RequirementLink.objects.update(why="The first why.")
    aside = made.student.person.evidence.all()[0]
    SetAsideFactory(
        enrolment=made.case.enrolment, unit=made.unit, evidence=aside, reason="The first reason."
    )
    record_what_was_made()
    made.bring_to(Case.State.DEFERRED)
    return made


def test_another_set_keeps_what_was_laid_and_set_aside_anew() -> None:
    made = deferred()
    aside = SetAside.objects.get()
    link = RequirementLink.objects.exclude(evidence=aside.evidence).get()
    anew = {"by": made.student, "at": made.at + timedelta(days=1)}
    pieces.lay_against(
        evidence=link.evidence, requirement=link.requirement, why="Another why.", **anew
    )
    portfolio.take_back(row=aside, **anew)
    portfolio.set_aside(
        enrolment=aside.enrolment,
        unit=aside.unit,
        evidence=aside.evidence,
        reason="Another reason.",
        **anew,
    )
    later = made.again()
    later.freeze()
    record_what_was_made()
    by = board()

    for row in (link, aside):
        [live, frozen] = erase_content(what=name_of(row), ground="Asked.", by=by)
        assert (live.name, frozen.kept_on) == (name_of(row), made.case.chain)

    said = ("The first why.", "The first reason.", "Another why.", "Another reason.")
    assert [len(frozen_with(text)) for text in said] == [0, 0, 1, 1]
    assert faults() == []


def test_a_finding_stays_where_its_words_go() -> None:
    made = scene(parts=2, state=Case.State.OPENED)
    made.decide("attained", "not_yet")
    made.announce()
    later = made.again()
    later.freeze()
    record_what_was_made()
    [row] = Finding.objects.filter(outcome="not_yet")

    erase_content(what=name_of(row), ground="Asked.", by=board())

    row.refresh_from_db()
    assert (row.outcome, row.to_show) == ("not_yet", None)
    [earlier] = read(later.case).evidence_set.frame.earlier
    assert [(found.outcome, found.to_show) for found in earlier.findings] == [
        ("attained", ""),
        ("not_yet", ""),
    ]
    assert standing_on(made.unit, made.case.enrolment_id).earlier == (earlier,)
    assert faults() == []


@pytest.mark.parametrize("what", ["decision", "finding", "supersession"])
@pytest.mark.parametrize(("who", "page"), [("student", "letter"), ("auditor", "case_record")])
def test_every_page_says_that_words_of_a_decision_were_removed(
    what: str, who: str, page: str, client: Client
) -> None:
    made = scene(state=Case.State.OPENED)
    made.decide("not_yet")
    made.announce()
    [part] = findings_of(made.case, "")
    made.supersede(findings={part: Found("not_yet", "A talk with a client.")})
    record_what_was_made()
    decision = made.refreshed().decision
    row, text = {
        "decision": (decision, "The set shows it after all."),
        "finding": (decision.findings.get(), "A talk with a client."),
        "supersession": (decision.supersession, "The wrong box was ticked."),
    }[what]
    Person.objects.update(language="en")
    client.force_login(getattr(made, who))
    address = reverse(f"committees:{page}", args=[made.case.pk])
    before = client.get(address).content.decode()

    erase_content(what=name_of(row), ground="Asked.", by=board())

    after = client.get(address).content.decode()
    assert (text in before, text in after) == (True, False)
    assert ("(removed)" in before, "(removed)" in after) == (False, True)


def test_an_earlier_revision_goes_and_what_was_frozen_of_the_next_stays() -> None:
    made = scene()
    piece = made.student.person.evidence.get()
    earlier = piece.current
    piece.current = RevisionFactory(evidence=piece, title="The next one")
    piece.save()
    record_what_was_made()
    made.freeze()

    [erasure] = erase_content(what=name_of(earlier), ground="Asked.", by=board())

    assert erasure.name == name_of(earlier)
    assert len(frozen_with("The next one")) == 1
    assert faults() == []


def test_who_may_not_order_it_is_refused() -> None:
    made = with_words()
    what = name_of(CheckIn.objects.get())

    for person in (made.coordinator, made.chair, made.adviser, made.student, made.auditor):
        with pytest.raises(NotAllowed):
            erase_content(what=what, ground="Asked.", by=person)

    assert not Erasure.objects.exists()


def test_an_administrator_may() -> None:
    with_words()
    boss = Account.objects.create_superuser("boss@school.example", "Boss", "secret")

    assert erase_content(what=name_of(CheckIn.objects.get()), ground="Asked.", by=boss)


@pytest.mark.parametrize(
    ("what", "columns", "ground", "said"),
    [
        ("check-in", ["summary"], "  ", "on which lawful ground"),
        ("check-in", ["light"], "Asked.", "cannot be erased"),
        ("check-in", ["no_column"], "Asked.", "cannot be erased"),
        ("case", [], "Asked.", "cannot be erased"),
        ("announcement", [], "Asked.", "cannot be erased"),
        ("finding", ["outcome"], "Asked.", "cannot be erased"),
        ("event", [], "Asked.", "cannot be erased"),
        ("evidence.revision:1", [], "Asked.", "Nothing that can be erased is kept under"),
        ("no.model:1", [], "Asked.", "Nothing that can be erased is kept under"),
        ("f" * 64, [], "Asked.", "Nothing that can be erased is kept under"),
    ],
)
def test_what_cannot_be_erased_says_why(
    what: str, columns: list[str], ground: str, said: str
) -> None:
    made = with_words()
    named = {
        "check-in": name_of(CheckIn.objects.get()),
        "case": name_of(made.case),
        "announcement": name_of(Announcement.objects.all()[0]),
        "finding": name_of(Finding.objects.all()[0]),
        "event": name_of(Event.objects.all()[0]),
    }

    with translation.override("en"), pytest.raises(NotPossible, match=said):
        erase_content(what=named.get(what, what), columns=columns, ground=ground, by=board())

    assert (Erasure.objects.count(), faults()) == (0, [])


@pytest.mark.parametrize("model", [Feedback, CheckIn, Remark, Finding, SetAside])
def test_what_is_gone_is_not_erased_twice(model: type[Row]) -> None:
    with_words()
    column = model.erasable[0]
    what = name_of(model._default_manager.get(**{column: words(model, column)}))
    erase_content(what=what, ground="Asked.", by=board())
    count = Erasure.objects.count()

    with translation.override("en"), pytest.raises(NotPossible, match="Nothing is left"):
        erase_content(what=what, ground="Asked.", by=board())

    assert Erasure.objects.count() == count


def test_a_case_whose_set_lost_an_item_can_still_be_decided() -> None:
    made = scene(pieces=2)
    record_what_was_made()
    made.freeze()
    revision = made.student.person.evidence.all()[1].current
    erase_content(what=name_of(revision), ground="Asked.", by=board())
    made.judge(made.chair)
    made.judge(made.member)
    made.open_meeting()
    made.open_judgements()

    made.decide()

    assert made.refreshed().state == Case.State.DECIDED
