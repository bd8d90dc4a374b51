"""Two taps, two tabs, two people: what is gone when the second one comes is said in words; and a
change that waited for another is from after it."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from committees import actions as committees
from evidence import actions as evidence
from evidence.actions import Words
from evidence.models import Evidence, FeedbackRequest
from files.keeping import erase_file
from people import actions as people
from people.actions import Meant
from people.models import Person
from portfolio import actions as portfolio
from post import errands
from post.models import Errand
from programmes import actions as programmes
from qualifications import actions as qualifications
from qualifications.models import Qualification
from records.actions import erase
from records.locking import under_lock
from records.models import Event
from records.refusals import NotPossible
from tests.committees import factories as rooms
from tests.evidence import scenes
from tests.evidence.factories import (
    EvidenceFactory,
    FeedbackRequestFactory,
    StoredFileFactory,
)
from tests.factories import (
    AccountFactory,
    PersonFactory,
    QualificationFactory,
    UnitFactory,
    WorkProcessFactory,
)
from tests.portfolio import factories as sets
from tests.programmes import factories as setups
from tests.recorded import record_what_was_made

pytestmark = pytest.mark.django_db

WORDS = Words(title="Helped a client", happened_on=date(2026, 9, 30))
Act = Callable[[], object]


# --- Gone meanwhile -------------------------------------------------------------------------------


def bare() -> scenes.Scene:
    """A piece that is laid against nothing, so that its rows go with it."""
    place = scenes.scene()
    place.piece.links.all().delete()
    return place


def a_piece(act: Callable[[scenes.Scene, Evidence], object]) -> tuple[models.Model, Act]:
    place = bare()
    return place.piece, lambda: act(place, place.piece)


def of_piece(action: Callable[..., object], **words: Any) -> Callable[[], tuple[models.Model, Act]]:
    return lambda: a_piece(lambda s, piece: action(evidence=piece, by=s.student, **words))


def framed(action: Callable[..., object], **words: Any) -> Callable[[], tuple[models.Model, Act]]:
    return lambda: a_piece(
        lambda s, piece: action(
            evidence=piece,
            enrolment=s.enrolment,
            requirements=s.lines[:1],
            by=s.student,
            **words,
        )
    )


def a_question(action: Callable[..., object], **words: Any) -> tuple[FeedbackRequest, Act]:
    question = FeedbackRequestFactory()
    return question, lambda: action(question=question, **words)


def by_owner(action: Callable[..., object]) -> tuple[FeedbackRequest, Act]:
    question = FeedbackRequestFactory()
    return question, lambda: action(question=question, by=question.evidence.owner.account)


def set_aside() -> tuple[models.Model, Act]:
    place = sets.scene()
    piece = EvidenceFactory(owner=place.student)
    words = {"enrolment": place.enrolment, "unit": place.unit, "reason": "Not mine."}
    return piece, lambda: portfolio.set_aside(evidence=piece, by=place.student, **words)


def taken_back() -> tuple[models.Model, Act]:
    row = sets.SetAsideFactory()
    return row, lambda: portfolio.take_back(row=row, by=row.enrolment.student.account)


def a_unit(action: Callable[..., object], **words: Any) -> tuple[models.Model, Act]:
    unit = UnitFactory()
    return unit, lambda: action(unit=unit, by=None, **words)


def published() -> tuple[models.Model, Act]:
    draft = QualificationFactory(draft=True)
    return draft, lambda: qualifications.publish(qualification=draft, by=None)


def called_off() -> tuple[models.Model, Act]:
    by = AccountFactory()
    row = Errand.objects.create(what="an/errand", about=by.pk, by=by)
    return row, lambda: errands.call_off(errand=row, by=by)


def a_file() -> tuple[models.Model, Act]:
    file = StoredFileFactory()
    return file, lambda: erase_file(file=file, ground="a request", by=None)


def a_case(act: Callable[[rooms.Scene], object]) -> tuple[models.Model, Act]:
    made = rooms.scene()
    committees.take_off_agenda(case=made.case, by=made.secretary)
    return made.case, lambda: act(made)


def somebody(action: Callable[..., object], **words: Any) -> tuple[models.Model, Act]:
    person = PersonFactory()
    return person, lambda: action(person=person, by=None, **words)


def content() -> tuple[models.Model, Act]:
    question = FeedbackRequestFactory(message="Look at how I listened.")
    return question, lambda: erase(row=question, ground="a request", by=None)


GONE: dict[str, Callable[[], tuple[models.Model, Act]]] = {
    "deleted twice": of_piece(evidence.delete_evidence),
    "withdrawn": of_piece(evidence.withdraw_evidence),
    "revised": of_piece(evidence.revise_evidence, words=WORDS),
    "laid against": lambda: a_piece(
        lambda s, piece: evidence.lay_against(evidence=piece, requirement=s.lines[0], by=s.student)
    ),
    "asked about": framed(evidence.ask, people=[scenes.client()]),
    "noted about": framed(
        evidence.note, speaker=scenes.client(), given_on=date(2026, 9, 1), text="Well done."
    ),
    "question withdrawn": partial(by_owner, evidence.withdraw_request),
    "question reminded": partial(by_owner, evidence.remind),
    "question answered": partial(a_question, evidence.answer, text="Well done."),
    "question declined": partial(a_question, evidence.decline),
    "set aside": set_aside,
    "taken back": taken_back,
    "unit removed": partial(a_unit, programmes.remove_unit),
    "unit changed": partial(a_unit, programmes.change_unit, title="T", purpose="P", parts=[]),
    "qualification published": published,
    "errand called off": called_off,
    "file erased": a_file,
    "content erased": content,
    "called otherwise": partial(somebody, people.rename, name="Noor Visser"),
    "mail sent elsewhere": partial(somebody, people.change_address, address="noor@home.example"),
    "invited": partial(somebody, people.invite_person),
    "person erased": partial(somebody, people.erase_person, ground="a request"),
    "taken off the agenda twice": lambda: a_case(
        lambda made: committees.take_off_agenda(case=made.case, by=made.secretary)
    ),
    "judged": lambda: a_case(
        lambda made: committees.judge(case=made.case, findings={}, motivation="So.", by=made.member)
    ),
    "stood aside from": lambda: a_case(
        lambda made: committees.recuse(case=made.case, reason="So.", by=made.member)
    ),
    "announced": lambda: a_case(lambda made: committees.announce(case=made.case, by=made.chair)),
}


@pytest.mark.parametrize("case", GONE)
def test_what_is_gone_meanwhile_is_said_and_never_a_fault(case: str) -> None:
    row, act = GONE[case]()
    if isinstance(row, Evidence):
        Evidence.objects.filter(pk=row.pk).update(current=None)
        row.revisions.all().delete()
    type(row)._base_manager.filter(pk=row.pk).delete()

    with pytest.raises(NotPossible, match="is er niet meer"):
        act()


# --- The moment of a change -----------------------------------------------------------------------

BEFORE = datetime(2026, 10, 5, 9, tzinfo=UTC)
WAITED = timedelta(hours=1)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still but while an action waits for a lock: then an hour goes by."""
    clock = SimpleNamespace(now=BEFORE)

    def waiting(rows: Any, pk: Any) -> Any:
        row = under_lock(rows, pk)
        clock.now = BEFORE + WAITED
        return row

    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    for module in list(sys.modules.values()):
        if module.__name__ != __name__ and getattr(module, "under_lock", None) is under_lock:
            monkeypatch.setattr(module, "under_lock", waiting)
    return clock


def _evidence(name: str, s: scenes.Scene) -> object:
    piece, by = s.piece, s.student
    frame = {"evidence": piece, "enrolment": s.enrolment, "requirements": s.lines[:1], "by": by}
    link = piece.links.first()
    acts: dict[str, Act] = {
        "revised": lambda: evidence.revise_evidence(evidence=piece, words=WORDS, by=by),
        "withdrawn": lambda: evidence.withdraw_evidence(evidence=piece, by=by),
        "deleted": lambda: evidence.delete_evidence(evidence=piece, by=by),
        "laid against": lambda: evidence.lay_against(
            evidence=piece, requirement=s.lines[0], why="So.", by=by
        ),
        "taken off": lambda: evidence.take_off(link=link, by=by),
        "asked": lambda: evidence.ask(people=[scenes.client()], **frame),
        "noted": lambda: evidence.note(
            speaker=scenes.client(), given_on=date(2026, 9, 1), text="Well.", **frame
        ),
    }
    return acts[name]()


def _portfolio(name: str, s: sets.Scene) -> object:
    check_in = sets.CheckInFactory(enrolment=s.enrolment)
    agreement = sets.AgreementFactory(check_in=check_in)
    aside = sets.SetAsideFactory(enrolment=s.enrolment, unit=s.unit)
    piece = EvidenceFactory(owner=s.student, on=[s.a])
    record_what_was_made()
    acts: dict[str, Act] = {
        "held": lambda: portfolio.hold_check_in(
            enrolment=s.enrolment,
            held_on=date(2026, 10, 1),
            light="green",
            summary="Good.",
            agreements=[],
            by=s.adviser,
        ),
        "read": lambda: portfolio.acknowledge(
            check_in=check_in, refused=False, note="", by=s.student
        ),
        "finished": lambda: portfolio.finish(agreement=agreement, by=s.adviser),
        "set aside": lambda: portfolio.set_aside(
            enrolment=s.enrolment, unit=s.unit, evidence=piece, reason="So.", by=s.student
        ),
        "taken back": lambda: portfolio.take_back(row=aside, by=s.student),
    }
    return acts[name]()


def _programme(name: str, s: setups.Scene) -> object:
    days = {"starts_on": date(2027, 9, 1), "ends_on": date(2027, 10, 1)}
    role, somebody = s.teacher.Role.TEACHER, AccountFactory().person
    meant = Meant("Petra", "petra@shop.example", "nl")
    acts: dict[str, Act] = {
        "period": lambda: programmes.add_period(
            programme=s.programme, name="Later", by=None, **days
        ),
        "unit": lambda: programmes.add_unit(
            programme=s.programme, title="T", purpose="P", parts=[s.core_tasks[1]], by=None
        ),
        "guideline": lambda: programmes.set_guideline(
            programme=s.programme, target=s.core_tasks[1], pieces=1, by=None
        ),
        "guideline ended": lambda: programmes.end_guideline(guideline=s.guideline, by=None),
        "role": lambda: programmes.give_role(
            programme=s.programme, person=somebody, role=role, by=None
        ),
        "role ended": lambda: programmes.end_role(role=s.teacher, by=None),
        "enrolled": lambda: programmes.enrol(
            programme=s.programme, student=somebody, starts_on=date(2026, 9, 1), by=None
        ),
        "adviser": lambda: programmes.assign_adviser(
            enrolment=s.enrolment, adviser=somebody, by=None
        ),
        "placement": lambda: programmes.add_placement(
            enrolment=s.enrolment, workplace="Shop", by=None, **days
        ),
        "supervisor": lambda: programmes.add_supervisor(
            placement=s.placement, contact=meant, by=None
        ),
        "supervisor ended": lambda: programmes.end_supervisor(supervisor=s.supervisor, by=None),
    }
    return acts[name]()


def _qualification(name: str, draft: Qualification) -> object:
    process = WorkProcessFactory(core_task__qualification=draft)
    line = scenes.RequirementFactory(under=process)
    record_what_was_made()
    acts: dict[str, Act] = {
        "worded": lambda: qualifications.word_plainly(
            work_process=process, wordings={line.pk: "In plain words."}, by=None
        ),
        "published": lambda: qualifications.publish(qualification=draft, by=None),
    }
    return acts[name]()


def _committee(name: str, s: rooms.Scene) -> object:
    noted = rooms.AttendanceFactory(meeting=s.meeting, person=s.member, by=s.secretary)
    said = rooms.ContradictionFactory(attendance__meeting=s.meeting, attendance__by=s.secretary)
    today = rooms.MeetingFactory(
        committee=s.committee, held_at=BEFORE, reference_at=BEFORE - timedelta(days=7)
    )
    record_what_was_made()
    acts: dict[str, Act] = {
        "present": lambda: committees.mark_present(
            meeting=today, person=s.chair.person, by=s.secretary
        ),
        "contradicted": lambda: committees.contradict(attendance=noted, by=s.member),
        "answered": lambda: committees.answer_contradiction(
            contradiction=said, was_there=False, reason="", by=s.secretary
        ),
        "taken off": lambda: committees.take_off_agenda(case=s.case, by=s.secretary),
        "mandate": lambda: rooms.give_mandate(s.committee, at=None),
        "seat": lambda: committees.give_seat(
            committee=s.committee, email="new@school.example", name="New", role="member", by=None
        ),
    }
    return acts[name]()


def _somebody(name: str, person: Person) -> object:
    words = {"person": person, "by": None}
    acts: dict[str, Act] = {
        "called otherwise": lambda: people.rename(name="Noor Visser", **words),
        "mail sent elsewhere": lambda: people.change_address(address="noor@home.example", **words),
        "person erased": lambda: people.erase_person(ground="a request", **words),
    }
    return acts[name]()


def _draft() -> Qualification:
    return QualificationFactory(draft=True)


AFTER: list[tuple[Callable[[], Any], Callable[[str, Any], object], list[str]]] = [
    (
        scenes.scene,
        _evidence,
        ["revised", "withdrawn", "deleted", "laid against", "taken off", "asked", "noted"],
    ),
    (sets.scene, _portfolio, ["held", "read", "finished", "set aside", "taken back"]),
    (
        setups.scene,
        _programme,
        [
            *("period", "unit", "guideline", "guideline ended", "role", "role ended"),
            *("enrolled", "adviser", "placement", "supervisor", "supervisor ended"),
        ],
    ),
    (_draft, _qualification, ["worded", "published"]),
    (PersonFactory, _somebody, ["called otherwise", "mail sent elsewhere", "person erased"]),
    (
        rooms.scene,
        _committee,
        ["present", "contradicted", "answered", "taken off", "mandate", "seat"],
    ),
]


@pytest.mark.parametrize(
    ("make", "act", "name"), [(make, act, name) for make, act, names in AFTER for name in names]
)
def test_a_change_is_from_after_what_it_waited_for(
    make: Callable[[], Any],
    act: Callable[[str, Any], object],
    name: str,
    waits: SimpleNamespace,
) -> None:
    place = make()
    record_what_was_made()
    before = set(Event.objects.values_list("pk", flat=True))

    act(name, place)

    made = Event.objects.exclude(pk__in=before).exclude(verb="made.by_a_factory")
    moments = {*made.values_list("verb", "recorded_at")}
    assert {moment for _verb, moment in moments} == {BEFORE + WAITED}, moments
