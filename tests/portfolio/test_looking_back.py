"""Whatever is changed or ended later, what was seen at a moment is what is seen of it for ever."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.actions import feedback, pieces
from evidence.asking import Asked
from evidence.models import GiverRole
from portfolio import actions as portfolio
from portfolio.evidence_set import EvidenceSet
from portfolio.loading import load
from programmes import actions as programmes
from programmes.actions import RuleValues
from programmes.models import Period
from qualifications import actions as qualifications
from records.refusals import NotPossible
from tests.evidence.factories import EvidenceFactory, FeedbackFactory, confirm
from tests.portfolio.factories import CheckInFactory, scene

Seen = tuple[EvidenceSet, dict[str, Any]]


class Year:
    """A portfolio in which something is changed every hour, through the real actions where there
    are. Each change takes a number, which chooses among what it can be."""

    def __init__(self) -> None:
        self.place = scene()
        self.programme = self.place.enrolment.programme
        self.piece = EvidenceFactory(
            owner=self.place.student, on=[self.place.a, self.place.c, self.place.d]
        )
        self.said = FeedbackFactory(
            enrolment=self.place.enrolment,
            evidence=self.piece,
            noted=True,
            remarks={self.place.a: "", self.place.d: "Elsewhere"},
        )
        self.talk = CheckInFactory(enrolment=self.place.enrolment)
        self.clock = datetime.now(UTC) - timedelta(days=20)
        self.seen: list[tuple[datetime, Seen]] = []

    def change(self, kind: str, number: int) -> None:
        self.clock += timedelta(hours=1)
        with suppress(NotPossible):
            getattr(self, kind)(number)
        self.seen.append((self.clock, self.look()))

    def look(self) -> Seen:
        self.programme.refresh_from_db()
        return load(self.place.enrolment, unit=self.place.unit), values(self.programme.rules)

    def look_back(self, moment: datetime) -> Seen:
        rules = self.programme.house_rules.as_of(moment).get()
        return load(self.place.enrolment, unit=self.place.unit, as_of=moment), values(rules)

    def wording(self, number: int) -> None:
        qualifications.word_plainly(
            work_process=self.place.a.work_processes.get(),
            wordings={self.place.a.pk: ["", "You plan.", "You plan your work."][number]},
            by=None,
            at=self.clock,
        )

    def rules(self, number: int) -> None:
        programmes.change_programme(
            programme=self.programme,
            title=self.programme.title,
            cohort=self.programme.cohort,
            closed_days=[self.clock.date() + timedelta(days=day) for day in range(number)],
            committee_sees_check_ins=bool(number),
            by=None,
            at=self.clock,
        )

    def period(self, number: int) -> None:
        period = Period.objects.current().order_by("starts_on").first()
        if period and number:
            programmes.change_period(
                period=period,
                name=f"{period.name}!",
                starts_on=period.starts_on,
                ends_on=period.ends_on - timedelta(days=number),
                by=None,
                at=self.clock,
            )
        else:
            last = Period.objects.current().order_by("-starts_on")[0]
            programmes.remove_period(period=last, by=None, at=self.clock)

    def parts(self, number: int) -> None:
        (one, other), (first, second, third) = self.place.core_tasks, self.place.work_processes
        parts = [[one], [first, third], [second, other]][number]
        programmes.change_unit(
            unit=self.place.unit,
            title="Unit",
            purpose="phase",
            parts=parts,
            by=None,
            at=self.clock,
        )

    def guideline(self, number: int) -> None:
        target = self.place.a
        if number:
            programmes.set_guideline(
                programme=self.programme, target=target, pieces=number, by=None, at=self.clock
            )
        elif present := self.programme.guidelines.current().filter(requirement=target).first():
            programmes.end_guideline(guideline=present, by=None, at=self.clock)

    def revision(self, number: int) -> None:
        words = pieces.Words(title=f"Version {number}", happened_on=self.clock.date())
        pieces.revise_evidence(
            evidence=self.piece, words=words, by=self.place.student, at=self.clock
        )

    def link(self, number: int) -> None:
        by = self.place.student
        if link := self.piece.links.current().filter(requirement=self.place.a).first():
            pieces.take_off(link=link, by=by, at=self.clock)
        else:
            pieces.lay_against(
                evidence=self.piece,
                requirement=self.place.a,
                why="!" * number,
                by=by,
                at=self.clock,
            )

    def withdrawal(self, number: int) -> None:
        present = self.piece.withdrawals.current()
        if not present.update(ended_at=self.clock):
            pieces.withdraw_evidence(evidence=self.piece, by=self.place.student, at=self.clock)

    def note(self, number: int) -> None:
        feedback.note(
            evidence=self.piece,
            enrolment=self.place.enrolment,
            speaker=Asked("Ann", "ann@shop.example", GiverRole.CLIENT, "en"),
            given_on=self.clock.date(),
            text="Well planned",
            requirements=[[], [self.place.c], [self.place.d]][number],
            by=self.place.student,
            at=self.clock,
        )

    def confirmation(self, number: int) -> None:
        """The word on the last feedback, which is given once."""
        if self.said.confirmed is None:
            confirm(self.said, said=bool(number), at=self.clock)

    def other_words(self, number: int) -> None:
        """Feedback that replaces the last."""
        self.said = FeedbackFactory(
            enrolment=self.place.enrolment,
            evidence=self.piece,
            person=self.said.person,
            replaces=self.said,
            text="Better put",
            remarks={[self.place.a, self.place.d, None][number]: ""},
            recorded_at=self.clock,
        )

    def check_in(self, number: int) -> None:
        """One more, or another in the place of the last."""
        self.talk = CheckInFactory(
            enrolment=self.place.enrolment,
            replaces=self.talk if number else None,
            recorded_at=self.clock,
        )

    def aside(self, number: int) -> None:
        case = {"enrolment": self.place.enrolment, "unit": self.place.unit}
        if row := self.piece.set_asides.current().first():
            portfolio.take_back(row=row, by=self.place.student, at=self.clock)
        else:
            portfolio.set_aside(
                **case, evidence=self.piece, reason="Old", by=self.place.student, at=self.clock
            )


KINDS = (
    "wording",
    "rules",
    "period",
    "parts",
    "guideline",
    "revision",
    "link",
    "withdrawal",
    "note",
    "confirmation",
    "other_words",
    "check_in",
    "aside",
)


def values(rules: Any) -> dict[str, Any]:
    return {name: getattr(rules, name) for name in RuleValues.__annotations__}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_seen_from_its_moment_on(kind: str) -> None:
    year = Year()
    before = year.look()

    year.change(kind, 1)

    moment, after = year.seen[0]
    assert after != before
    assert year.look_back(moment) == after
    assert year.look_back(moment - timedelta(microseconds=1)) == before


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2)), min_size=5, max_size=15))
@pytest.mark.django_db
def test_what_was_seen_is_never_changed(changes: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        year = Year()
        for kind, number in changes:
            year.change(kind, number)

        for moment, seen in year.seen:
            assert year.look_back(moment) == seen
        transaction.set_rollback(True)
